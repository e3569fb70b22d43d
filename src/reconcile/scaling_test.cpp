#include "reconcile/scaling.h"

#include "reconcile/scaling_fixture.h"
#include "services/autoscaling/names.h"

namespace berth::reconcile {
namespace {

using autoscaling::ScalingActivity;
using cloudwatch::AlarmHistoryRow;
using cloudwatch::AlarmRow;

constexpr double busy = 1000;  // more than five tasks can serve
constexpr double idle = 1;

class ScalingTest : public ScalingFixture {
 protected:
  const std::string& high_alarm() const { return *policy().alarms.at(0).alarm_name; }

  void put_queue_alarm(const std::string& name, const char* comparison, double threshold,
                       const std::string& policy_arn) {
    cloudwatch::PutMetricAlarmInput request;
    request.alarm_name = name;
    request.metric_name = "Depth";
    request.namespace_ = "Queue";
    request.statistic = "Average";
    request.period = 60;
    request.evaluation_periods = 1;
    request.threshold = threshold;
    request.comparison_operator = comparison;
    request.alarm_actions = {policy_arn};
    ASSERT_TRUE(call(cloudwatch::put_metric_alarm, request));
  }
  void put_queue_depth(int minutes, double depth) {
    for (int i = 0; i < minutes; ++i) {
      metrics.put({"Queue", "Depth", {}}, "None", loop.now(), {control::statistic_set_of(depth)});
      run_minutes(1);
    }
  }
  void force_alarm(const std::string& name, const std::string& data) {
    cloudwatch::SetAlarmStateInput request;
    request.alarm_name = name;
    request.state_value = "ALARM";
    request.state_reason = "by hand";
    if (!data.empty()) request.state_reason_data = data;
    ASSERT_TRUE(call(cloudwatch::set_alarm_state, request));
    loop.run_ready();
  }
  std::vector<std::string> action_history() const {
    std::vector<std::string> summaries;
    for (const auto& [key, row] : store.all<AlarmHistoryRow>()) {
      if (row.type == "Action") summaries.push_back(row.summary);
    }
    return summaries;
  }
};

TEST_F(ScalingTest, TheArticlesPolicyGoesUpInTwoStepsAndDownByOne) {
  article(1);
  set_load(busy);
  run_minutes(20);
  EXPECT_EQ(counts(), (std::vector<int>{3, 5}));
  EXPECT_GE(at_s(0), 3 * 60);
  EXPECT_LE(at_s(0), 4 * 60 + 10);
  EXPECT_EQ(at_s(1) - at_s(0), 180);  // 30 s to start, 120 s of cooldown, the alarm's next tick
  set_load(idle);
  run_minutes(60);
  ASSERT_EQ(counts(), (std::vector<int>{3, 5, 4, 3, 2, 1}));
  for (std::size_t i = 3; i < 6; ++i) EXPECT_EQ(at_s(i) - at_s(i - 1), 360);

  const auto all = activities();
  ASSERT_EQ(all.size(), 6u);
  const ScalingActivity& first = all.back();
  EXPECT_EQ(first.description, "Setting desired count to 3.");
  EXPECT_EQ(first.cause, "monitor alarm " + high_alarm() + " in state ALARM triggered policy cpu");
  EXPECT_EQ(first.status_message,
            "Successfully set desired count to 3. Change successfully fulfilled by ecs.");
  for (const auto& activity : all) {
    EXPECT_EQ(activity.status_code, "Successful");
    const double took_s = (*activity.end_time - *activity.start_time).in_seconds();
    EXPECT_GE(took_s, 30);
    EXPECT_LE(took_s, 40);
  }
  EXPECT_NE(explanation_of(3).find("at most 1 at a time from the desired 4"), std::string::npos);
}

TEST_F(ScalingTest, BeingAtTheLimitIsRecordedOnceAndOnlyShownWhenAskedFor) {
  article(5);
  set_load(busy);
  run_minutes(30);
  EXPECT_TRUE(counts().empty());
  EXPECT_TRUE(activities().empty());
  ASSERT_EQ(not_scaled_codes(), std::vector<std::string>{"AlreadyAtMaxCapacity"});
  const auto record = activities(true).at(0);
  EXPECT_EQ(record.description, "Attempting to scale due to alarm triggered");
  EXPECT_EQ(record.status_code, "Failed");
  EXPECT_EQ(record.not_scaled_reasons->at(0).max_capacity, 5);
  EXPECT_FALSE(record.end_time);
  set_load(idle);
  run_minutes(80);
  run_minutes(30);
  EXPECT_EQ(counts(), (std::vector<int>{4, 3, 2, 1}));
  EXPECT_EQ(not_scaled_codes(), (std::vector<std::string>{"AlreadyAtMinCapacity", "AlreadyAtMaxCapacity"}));
}

TEST_F(ScalingTest, WithoutDatapointsNothingHappens) {
  article(3);
  set_load({});
  run_minutes(60);
  EXPECT_TRUE(counts().empty());
  EXPECT_TRUE(activities(true).empty());
  EXPECT_EQ(alarm(high_alarm()).state_value, "INSUFFICIENT_DATA");
}

TEST_F(ScalingTest, NoScaleInDuringADeployment) {
  article(3);
  set_rollout("IN_PROGRESS");
  set_load(idle);
  run_minutes(30);
  EXPECT_TRUE(counts().empty());
  EXPECT_EQ(not_scaled_codes(), std::vector<std::string>{"TargetServicePutResourceAsUnscalable"});
  set_rollout("COMPLETED");
  run_minutes(2);
  EXPECT_EQ(counts(), std::vector<int>{2});
}

TEST_F(ScalingTest, ADeploymentDoesNotKeepItFromScalingOut) {
  article(1);
  set_rollout("IN_PROGRESS");
  set_load(busy);
  run_minutes(5);
  EXPECT_EQ(counts(), std::vector<int>{3});
}

TEST_F(ScalingTest, AManualRaiseIsUndoneWithinMinutes) {
  article(1);
  set_load(idle);
  run_minutes(20);
  set_desired(4);
  run_minutes(2);
  EXPECT_EQ(counts(), (std::vector<int>{4, 3}));
  run_minutes(15);
  EXPECT_EQ(counts(), (std::vector<int>{4, 3, 2, 1}));
}

TEST_F(ScalingTest, AManualChangeOverridesTheActivityUnderWay) {
  article(1);
  set_load(busy);
  while (desired() == 1) run_minutes(0.25);
  set_desired(2);
  loop.run_ready();
  EXPECT_EQ(activities().at(0).status_code, "Overridden");
  EXPECT_EQ(activities().at(0).status_message,
            "Successfully set desired count to 3. Found it was later changed to 2.");
  EXPECT_FALSE(policy().cooldown.scale_out_in_progress);
  EXPECT_FALSE(policy().cooldown.scale_out_until);
}

TEST_F(ScalingTest, PendingTasksDoNotMultiply) {
  article(1);
  hold_tasks();
  set_load(busy);
  run_minutes(30);
  EXPECT_EQ(counts(), std::vector<int>{3});
  EXPECT_EQ(activities().at(0).status_code, "InProgress");
}

TEST_F(ScalingTest, AnActivityThatIsForgottenIsFollowedNoMore) {
  article(1);
  hold_tasks();
  set_load(busy);
  run_minutes(10);
  const std::string key = store.all<autoscaling::ScalingActivityRow>().begin()->first;
  EXPECT_TRUE(scaling_->follows(key));
  write([&] { store.erase<autoscaling::ScalingActivityRow>(key); });
  loop.run_ready();
  EXPECT_FALSE(scaling_->follows(key));
}

TEST_F(ScalingTest, SuspendedScalingOutResumesAtTheNextTick) {
  article(1);
  auto request = target_request({}, {});
  request.suspended_state.emplace().dynamic_scaling_out_suspended = true;
  ASSERT_TRUE(call(autoscaling::register_scalable_target, request));
  set_load(busy);
  run_minutes(15);
  EXPECT_TRUE(counts().empty());
  EXPECT_TRUE(activities(true).empty());
  request.suspended_state->dynamic_scaling_out_suspended = false;
  ASSERT_TRUE(call(autoscaling::register_scalable_target, request));
  run_minutes(1);
  EXPECT_EQ(counts(), std::vector<int>{3});
}

TEST_F(ScalingTest, RestartsInBetweenChangeNothing) {
  article(1);
  set_load(busy);
  for (int i = 0; i < 40; ++i) {
    run_minutes(0.5);
    start_daemon();
  }
  set_load(idle);
  for (int i = 0; i < 100; ++i) {
    run_minutes(37.0 / 60);
    start_daemon();
  }
  EXPECT_EQ(counts(), (std::vector<int>{3, 5, 4, 3, 2, 1}));
  EXPECT_EQ(activities().size(), 6u);
  for (const auto& activity : activities()) EXPECT_EQ(activity.status_code, "Successful");
}

TEST_F(ScalingTest, AScaleInWaitsForEveryTrackingPolicy) {
  article(3);
  put_policy(tracking_request("memory", "ECSServiceAverageMemoryUtilization"));
  set_load(idle);
  run_minutes(30);
  EXPECT_TRUE(counts().empty());  // nothing is known of memory
  const cloudwatch::MetricId memory{
      "AWS/ECS", "MemoryUtilization", {{"ClusterName", "learner-cluster"}, {"ServiceName", "learner"}}};
  for (int i = 0; i < 18; ++i) {
    metrics.put(memory, "Percent", loop.now(), {control::statistic_set_of(5)});
    run_minutes(1);
  }
  EXPECT_EQ(counts(), std::vector<int>{2});  // one task, though two policies call
}

TEST_F(ScalingTest, AStepPolicyAddsAndAnotherRemoves) {
  register_target(1, 5);
  desired_changes_.clear();
  const auto out = put_policy(step_request("out", 2));
  const auto in = put_policy(step_request("in", -1));
  put_queue_alarm("long", "GreaterThanThreshold", 100, *out.policy_arn);
  put_queue_alarm("short", "LessThanThreshold", 10, *in.policy_arn);
  put_queue_depth(2, 500);
  ASSERT_EQ(counts(), std::vector<int>{3});
  EXPECT_EQ(activities().at(0).cause, "monitor alarm long in state ALARM triggered policy out");
  put_queue_depth(4, 1);
  ASSERT_GE(counts().size(), 2u);
  EXPECT_EQ(counts()[1], 2);
}

TEST_F(ScalingTest, AForcedAlarmNeedsItsDatapoints) {
  article(1);
  run_minutes(1);
  force_alarm(high_alarm(), "");
  EXPECT_TRUE(counts().empty());
  ASSERT_EQ(action_history().size(), 1u);
  EXPECT_TRUE(action_history()[0].starts_with("Failed to execute action " + policy().arn));
  EXPECT_NE(action_history()[0].find("StateReasonData must include"), std::string::npos);
}

TEST_F(ScalingTest, AForcedAlarmWithDatapointsScales) {
  article(1);
  run_minutes(1);
  force_alarm(high_alarm(),
              fmt::format(R"({{"version":"1.0","queryDate":"{}","recentDatapoints":[90,95,100],)"
                          R"("threshold":40}})",
                          control::alarm_date(loop.now())));
  EXPECT_EQ(counts(), std::vector<int>{3});
  ASSERT_EQ(action_history().size(), 1u);
  EXPECT_TRUE(action_history()[0].starts_with("Successfully executed action"));
}

TEST_F(ScalingTest, DeletingTheServiceRemovesItsTarget) {
  article(1);
  set_load(busy);
  while (desired() == 1) run_minutes(0.25);
  write([&] { store.erase<ecs::ServiceRow>(autoscaling::learner_key); });
  loop.run_ready();
  EXPECT_TRUE(store.all<autoscaling::ScalableTargetRow>().empty());
  EXPECT_TRUE(store.all<autoscaling::ScalingPolicyRow>().empty());
  EXPECT_TRUE(store.all<AlarmRow>().empty());
  ASSERT_EQ(activities().size(), 1u);
  EXPECT_EQ(activities().at(0).status_code, "Overridden");
}

}  // namespace
}  // namespace berth::reconcile
