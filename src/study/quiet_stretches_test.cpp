// Minutes that are not played must be as if they had been.
#include "study/quiet_stretches.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "base/read_file.h"
#include "study/run.h"

namespace berth::study {
namespace {

RunOptions quiet_article(const std::string& trace, const std::string& duration) {
  spdlog::set_level(spdlog::level::warn);
  RunOptions options;
  options.template_text = read_file(BERTH_SOURCE_DIR "/examples/learner/ecs_service.yaml");
  options.traffic = sim::generate(trace, {.duration_us = sim::parse_span_us(duration)}).value();
  options.times = *sim::world_times("aws");
  return options;
}

void add_after(const std::string& line, const std::string& added, std::string& text) {
  const auto at = text.find(line);
  ASSERT_NE(at, std::string::npos);
  text.insert(at + line.size(), added);
}

void expect_same_decisions(const Timeline& played, const Timeline& skipped) {
  ASSERT_EQ(played.alarm_changes.size(), skipped.alarm_changes.size());
  for (std::size_t i = 0; i < played.alarm_changes.size(); ++i) {
    EXPECT_EQ(played.alarm_changes[i].at_s, skipped.alarm_changes[i].at_s);
    EXPECT_EQ(played.alarm_changes[i].alarm, skipped.alarm_changes[i].alarm);
    EXPECT_EQ(played.alarm_changes[i].to, skipped.alarm_changes[i].to);
  }
  ASSERT_EQ(played.activities.size(), skipped.activities.size());
  for (std::size_t i = 0; i < played.activities.size(); ++i) {
    EXPECT_EQ(played.activities[i].at_s, skipped.activities[i].at_s);
    EXPECT_EQ(played.activities[i].end_s, skipped.activities[i].end_s);
    EXPECT_EQ(played.activities[i].description, skipped.activities[i].description);
    EXPECT_EQ(played.activities[i].not_scaled, skipped.activities[i].not_scaled);
  }
  ASSERT_EQ(played.mails.size(), skipped.mails.size());
  for (std::size_t i = 0; i < played.mails.size(); ++i) {
    EXPECT_EQ(played.mails[i].at_s, skipped.mails[i].at_s);
    EXPECT_EQ(played.mails[i].subject, skipped.mails[i].subject);
  }
}

void expect_same_minutes(const Timeline& played, const Timeline& skipped) {
  ASSERT_EQ(played.minutes.size(), skipped.minutes.size());
  for (std::size_t i = 0; i < played.minutes.size(); ++i) {
    const auto& one = played.minutes[i];
    const auto& other = skipped.minutes[i];
    ASSERT_EQ(one.desired, other.desired) << i;
    ASSERT_EQ(one.running, other.running) << i;
    ASSERT_EQ(one.healthy, other.healthy) << i;
    ASSERT_EQ(one.cpu.has_value(), other.cpu.has_value()) << i;
    ASSERT_NEAR(one.cpu.value_or(0), other.cpu.value_or(0), 0.01) << i;
    ASSERT_NEAR(one.traffic.counts.requests, other.traffic.counts.requests, 1e-3) << i;
    ASSERT_NEAR(one.traffic.counts.failed(), other.traffic.counts.failed(), 1e-3) << i;
    ASSERT_NEAR(one.traffic.p99_ms, other.traffic.p99_ms, 0.01) << i;
  }
  EXPECT_NEAR(played.total.requests, skipped.total.requests, 1e-6 * played.total.requests);
  EXPECT_NEAR(played.total.time_ms_sum, skipped.total.time_ms_sum, 1e-6 * played.total.time_ms_sum);
  EXPECT_NEAR(played.times.count(), skipped.times.count(), 1e-6 * played.times.count());
  EXPECT_NEAR(played.times.quantile_ms(0.99), skipped.times.quantile_ms(0.99), 1e-6);
  EXPECT_EQ(played.task_seconds, skipped.task_seconds);
}

// Plays both ways; returns the minutes that the second way left out.
std::int64_t expect_same_both_ways(RunOptions options) {
  const auto skipped = play(options);
  options.every_minute = true;
  const auto played = play(options);
  if (!played || !skipped) {
    ADD_FAILURE() << (played ? skipped.error().message : played.error().message);
    return 0;
  }
  EXPECT_EQ(played->quiet_minutes, 0);
  expect_same_decisions(played->timeline, skipped->timeline);
  expect_same_minutes(played->timeline, skipped->timeline);
  return skipped->quiet_minutes;
}

TEST(QuietStretches, NothingIsMissedInThem) {
  // Most of the time nothing happens; what happens lies hours apart.
  const std::pair<const char*, const char*> traffics[] = {{"step:8->30@7h", "20h"},
                                                          {"onoff:3h,5..50", "1d"},
                                                          {"flash:5->60@9h", "1d"},
                                                          {"step:60->0@5h", "12h"},
                                                          {"load:/api/load*3@6h-7h", "18h"}};
  for (const auto& [traffic, duration] : traffics) {
    SCOPED_TRACE(traffic);
    for (const std::uint64_t seed : {1, 2}) {
      auto options = quiet_article(traffic, duration);
      options.seed = seed;
      EXPECT_GT(expect_same_both_ways(options), 4 * 60);
    }
  }
}

TEST(QuietStretches, LastNoLongerThanARuleLooksBack) {
  // A cooldown of two hours, and an alarm that looks back six: what they wait for lies within quiet traffic.
  auto options = quiet_article("step:40->3@3h", "3d");
  options.sets = {"AutoScalingPolicy.TargetTrackingScalingPolicyConfiguration.ScaleInCooldown=7200",
                  "CriticalCPUAlarm.EvaluationPeriods=6", "CriticalCPUAlarm.Period=3600",
                  "CriticalCPUAlarm.Threshold=20"};
  EXPECT_GT(expect_same_both_ways(options), 60);
}

// The article's target with a minimum of 3 from the first schedule on, and of 1 from the second on.
void add_scheduled_actions(RunOptions& options, const std::string& up, const std::string& down) {
  add_after("      MaxCapacity: 5\n", R"(
      ScheduledActions:
        - ScheduledActionName: up
          Schedule: )" + up + R"(
          ScalableTargetAction: {MinCapacity: 3}
        - ScheduledActionName: down
          Schedule: )" + down + R"(
          ScalableTargetAction: {MinCapacity: 1}
)",
            options.template_text);
}

TEST(QuietStretches, EndAtScheduledActions) {
  auto options = quiet_article("step:5->5@1h", "2d");
  add_scheduled_actions(options, "cron(30 7 * * ? *)", "cron(0 19 * * ? *)");
  EXPECT_GT(expect_same_both_ways(options), 24 * 60);
}

TEST(QuietStretches, EndAtScheduledActionsOfAFastClock) {
  // An hour of berth's clock is three real minutes.
  auto options = quiet_article("step:5->5@1h", "3h");
  options.time_scale = 20;
  add_scheduled_actions(options, "cron(0 0/2 * * ? *)", "cron(0 1/2 * * ? *)");
  EXPECT_GT(expect_same_both_ways(options), 4 * 60);
}

TEST(QuietStretches, EndAtAScheduledActionBehindOneThatIsSuspended) {
  // One timer serves both, and it is always set for the next of the actions that do nothing.
  auto options = quiet_article("step:5->5@1h", "2d");
  add_scheduled_actions(options, "cron(31 7 * * ? *)", "cron(1 19 * * ? *)");
  add_after("Resources:\n", R"(
  Aside:
    Type: AWS::ECS::Service
    Properties:
      Cluster: !Ref ECSCluster
      ServiceName: aside
      TaskDefinition: !Ref TaskDefinition
      LaunchType: FARGATE
      DesiredCount: 1
      NetworkConfiguration:
        AwsvpcConfiguration:
          AssignPublicIp: ENABLED
          Subnets: !Split [",", !Ref PublicSubnetIds]
          SecurityGroups: [!Ref SecurityGroup]
  AsideTarget:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    DependsOn: Aside
    Properties:
      ServiceNamespace: ecs
      ResourceId: !Sub "service/${ECSCluster}/aside"
      ScalableDimension: ecs:service:DesiredCount
      MinCapacity: 1
      MaxCapacity: 2
      SuspendedState: {ScheduledScalingSuspended: true}
      ScheduledActions:
        - ScheduledActionName: often
          Schedule: rate(2 minutes)
          ScalableTargetAction: {MinCapacity: 1}
)",
            options.template_text);
  EXPECT_GT(expect_same_both_ways(options), 24 * 60);
}

TEST(QuietStretches, LeaveThePoliciesAgreement) {
  // Memory holds the service at its maximum, CPU would scale it in: neither may forget what the other said.
  auto options = quiet_article("onoff:3h,2..4", "1d");
  add_after("Resources:\n", R"(
  MemorySteps:
    Type: AWS::ApplicationAutoScaling::ScalingPolicy
    Properties:
      PolicyName: memory
      PolicyType: StepScaling
      ScalingTargetId: !Ref AutoScalingTarget
      StepScalingPolicyConfiguration:
        AdjustmentType: ChangeInCapacity
        Cooldown: 60
        StepAdjustments: [{MetricIntervalLowerBound: 0, ScalingAdjustment: 4}]
  MemoryAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: MemoryUtilization
      Namespace: AWS/ECS
      Statistic: Average
      Period: 60
      EvaluationPeriods: 1
      Threshold: 10
      ComparisonOperator: GreaterThanThreshold
      AlarmActions: [!Ref MemorySteps]
      Dimensions:
        - {Name: ServiceName, Value: !Sub "${ServiceName}-service"}
        - {Name: ClusterName, Value: !Ref ECSCluster}
)",
            options.template_text);
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    SCOPED_TRACE(seed);
    options.seed = seed;
    EXPECT_GT(expect_same_both_ways(options), 12 * 60);
  }
}

TEST(QuietStretches, AreNoneWhenEveryMinuteDiffers) {
  auto options = quiet_article("diurnal:10..60", "1d");
  const auto played = play(options);
  ASSERT_TRUE(played);
  EXPECT_EQ(played->quiet_minutes, 0);
}

}  // namespace
}  // namespace berth::study
