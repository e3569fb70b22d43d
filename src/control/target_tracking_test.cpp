#include "control/target_tracking.h"

#include <gtest/gtest.h>

#include "control/scaling_activity.h"

namespace berth::control {
namespace {

using Outcome = ScalingDecision::Outcome;

const Time noon = from_unix_seconds(1'750'000'020);

// One policy with target 40 on a service of `running` tasks between 1 and 5, as in the article.
struct Case {
  ScalableCapacity capacity{1, 5, 1, 1};
  double target = 40;
  std::vector<double> points{};
  Cooldown cooldown{};
  bool scale_in_disabled = false;

  static Case of(int running, double metric) {
    Case c;
    c.capacity.running = c.capacity.desired = running;
    c.points.assign(3, metric);
    return c;
  }

  TrackingPolicy policy(AlarmState high, AlarmState low) const {
    return {
        "cpu", target, scale_in_disabled, cooldown, {"AlarmHigh", high, points}, {"AlarmLow", low, points}};
  }
  ScalingDecision high(Time now = noon) const {
    const TrackingPolicy only[] = {policy(AlarmState::Alarm, AlarmState::Ok)};
    return decide_target_tracking(capacity, only, 0, AlarmSide::High, {}, now);
  }
  ScalingDecision low(Time now = noon) const {
    const TrackingPolicy only[] = {policy(AlarmState::Ok, AlarmState::Alarm)};
    return decide_target_tracking(capacity, only, 0, AlarmSide::Low, {}, now);
  }
};

void expect_set(const ScalingDecision& decision, int desired) {
  EXPECT_EQ(decision.outcome, Outcome::SetDesired) << decision.explanation;
  EXPECT_EQ(decision.desired, desired) << decision.explanation;
}

void expect_not_scaled(const ScalingDecision& decision, const NotScaledReason& reason) {
  EXPECT_EQ(decision.outcome, Outcome::NotScaled) << decision.explanation;
  ASSERT_TRUE(decision.not_scaled);
  EXPECT_EQ(*decision.not_scaled, reason) << decision.explanation;
  EXPECT_EQ(decision.description, "Attempting to scale due to alarm triggered");
}

TEST(TargetTracking, NumericVectors) {
  expect_set(Case::of(1, 100).high(), 3);
  expect_set(Case::of(1, 41).high(), 2);
  expect_set(Case::of(3, 45).high(), 4);
  expect_set(Case::of(3, 90).high(), 5);  // 7, clamped
  expect_not_scaled(Case::of(5, 80).high(), already_at_max(5));
  expect_set(Case::of(5, 30).low(), 4);
  expect_not_scaled(Case::of(2, 35).low(), already_at_desired(2));  // one task less would exceed the target
  expect_set(Case::of(2, 20).low(), 1);
  expect_not_scaled(Case::of(1, 2).low(), already_at_min(1));
}

TEST(TargetTracking, DeadBandDoesNothing) {
  AlarmRule high, low;
  high.threshold = 40;
  low.comparison = Comparison::LessThan;
  low.threshold = 0.9 * 40;
  for (const double metric : {36.0, 38.0, 40.0}) {
    const AlarmDatapoint point{noon, metric, 2};
    EXPECT_EQ(judge(high, {&point, 1}, AlarmState::Ok).state, AlarmState::Ok) << metric;
    EXPECT_EQ(judge(low, {&point, 1}, AlarmState::Ok).state, AlarmState::Ok) << metric;
  }
  const Case c = Case::of(2, 38);
  const TrackingPolicy only[] = {c.policy(AlarmState::Ok, AlarmState::Ok)};
  for (const AlarmSide side : {AlarmSide::High, AlarmSide::Low}) {
    EXPECT_EQ(decide_target_tracking(c.capacity, only, 0, side, {}, noon).outcome, Outcome::Nothing);
  }
}

TEST(TargetTracking, SaysWhatItDidInAwsWordsAndShowsTheFormula) {
  const auto decision = Case::of(1, 100).high();
  EXPECT_EQ(decision.description, "Setting desired count to 3.");
  EXPECT_EQ(decision.cause, "monitor alarm AlarmHigh in state ALARM triggered policy cpu");
  EXPECT_EQ(decision.explanation,
            "AlarmHigh: average of [100, 100, 100] = 100 against target 40, ceil(1 running x 100 / 40) = 3: "
            "set desired count to 3");
}

TEST(TargetTracking, FullLoadGoesOneThreeFive) {
  Case c = Case::of(1, 100);
  expect_set(c.high(), 3);
  c.cooldown.ordered(1, 3, noon);
  c.cooldown.fulfilled(Duration::seconds(120), Duration::seconds(300), noon + Duration::seconds(20));
  c.capacity.running = c.capacity.desired = 3;
  // 8 clamped to 5, of which the cooldown already added 2: no larger scale-out.
  EXPECT_EQ(c.high(noon + Duration::seconds(60)).outcome, Outcome::Nothing);
  EXPECT_EQ(c.high(noon + Duration::seconds(120)).outcome, Outcome::Nothing);
  expect_set(c.high(noon + Duration::seconds(180)), 5);
}

TEST(TargetTracking, AveragesThePointsInsteadOfTakingTheLargest) {
  Case c = Case::of(2, 0);
  c.capacity.maximum = 10;
  c.target = 50;
  c.points = {63, 75.6, 74};
  expect_set(c.high(), 3);  // the largest would give 4
}

TEST(TargetTracking, StartsFromRunningNotFromDesired) {
  Case c = Case::of(1, 100);
  c.capacity.desired = 3;  // ordered, two still pending
  expect_not_scaled(c.high(), already_at_desired(3));
  c.capacity.running = 2;  // one has come: 5 wanted, but 2 of them were ordered already
  c.cooldown.ordered(1, 3, noon);
  EXPECT_EQ(c.high().outcome, Outcome::Nothing);
}

TEST(TargetTracking, NoTaskRunningScalesOutByOne) {
  Case c = Case::of(0, 100);
  c.capacity.minimum = 0;
  expect_set(c.high(), 1);
}

TEST(TargetTracking, ScaleInTakesOneTaskHoweverLowTheLoad) {
  expect_set(Case::of(5, 1).low(), 4);
  Case large = Case::of(100, 1);
  large.capacity.maximum = 200;
  expect_set(large.low(), 95);
  EXPECT_EQ(scale_in_step(20), 1);
  EXPECT_EQ(scale_in_step(21), 1);
  EXPECT_EQ(scale_in_step(40), 2);
}

TEST(TargetTracking, ZeroMetricOnlyReachesZeroTasksWhenTheMinimumAllows) {
  expect_not_scaled(Case::of(1, 0).low(), already_at_min(1));
  Case c = Case::of(1, 0);
  c.capacity.minimum = 0;
  expect_set(c.low(), 0);
}

TEST(TargetTracking, DesiredOutsideTheLimits) {
  Case below = Case::of(1, 41);
  below.capacity.minimum = 3;
  expect_set(below.high(), 3);                        // lifted to the minimum first
  expect_not_scaled(below.low(), already_at_min(3));  // a scale-in does not touch it
  Case above = Case::of(8, 90);
  expect_not_scaled(above.high(), already_at_max(5));
  above.points.assign(15, 5);
  expect_set(above.low(), 5);  // down to the maximum first
}

TEST(TargetTracking, FromFiveToOneEvery360Seconds) {
  Case c = Case::of(5, 2);
  std::vector<Time> actions;
  std::vector<int> counts;
  // The alarm ticks at its own second of each minute; the task is gone 12 s after the order.
  for (int minute = 0; minute < 40; ++minute) {
    const Time now = noon + Duration::minutes(minute);
    const auto decision = c.low(now);
    if (decision.outcome != Outcome::SetDesired) continue;
    actions.push_back(now);
    counts.push_back(decision.desired);
    c.cooldown.ordered(c.capacity.desired, decision.desired, now);
    c.capacity.running = c.capacity.desired = decision.desired;
    c.cooldown.fulfilled(Duration::seconds(120), Duration::seconds(300), now + Duration::seconds(12));
  }
  EXPECT_EQ(counts, (std::vector<int>{4, 3, 2, 1}));
  for (std::size_t i = 1; i < actions.size(); ++i)
    EXPECT_EQ(actions[i] - actions[i - 1], Duration::seconds(360));
}

TEST(TargetTracking, UnfulfilledScaleInHoldsTheNext) {
  Case c = Case::of(4, 2);
  c.cooldown.ordered(5, 4, noon);
  EXPECT_EQ(c.low(noon + Duration::minutes(60)).outcome, Outcome::Nothing);
  c.cooldown.abandoned();
  expect_set(c.low(noon + Duration::minutes(60)), 3);
}

TEST(TargetTracking, CreditLetsOnlyALargerScaleOutAct) {
  Case c = Case::of(3, 100);
  c.capacity.maximum = 20;
  c.cooldown.ordered(1, 3, noon);
  c.cooldown.fulfilled(Duration::seconds(300), Duration::seconds(300), noon);
  expect_set(c.high(noon + Duration::seconds(60)), 6);  // 8 wanted, 2 of them count as added
  c.cooldown.ordered(3, 6, noon + Duration::seconds(60));
  EXPECT_EQ(c.cooldown.scale_out_credit, 5);
  c.cooldown.fulfilled(Duration::seconds(300), Duration::seconds(300), noon + Duration::seconds(70));
  c.capacity.running = c.capacity.desired = 6;
  c.points.assign(3, 70.0);  // 11 wanted, 5 added already
  EXPECT_EQ(c.high(noon + Duration::seconds(120)).outcome, Outcome::Nothing);
  expect_set(c.high(noon + Duration::seconds(371)), 11);
  c.cooldown.ordered(6, 11, noon + Duration::seconds(371));
  EXPECT_EQ(c.cooldown.scale_out_credit, 5);  // of the new cooldown alone
}

TEST(TargetTracking, ScaleOutCancelsTheScaleInCooldown) {
  Cooldown cooldown;
  cooldown.ordered(5, 4, noon);
  cooldown.fulfilled(Duration::seconds(120), Duration::seconds(300), noon);
  EXPECT_TRUE(cooldown.holds_scale_in(noon + Duration::seconds(299)));
  EXPECT_TRUE(cooldown.holds_scale_in(noon + Duration::seconds(300)));
  EXPECT_FALSE(cooldown.holds_scale_in(noon + Duration::seconds(300) + Duration{1}));
  cooldown.ordered(4, 5, noon + Duration::seconds(60));
  EXPECT_FALSE(cooldown.holds_scale_in(noon + Duration::seconds(61)));
}

TEST(TargetTracking, ScaleOutCooldownDoesNotDelayScaleIn) {
  Case c = Case::of(3, 5);
  c.cooldown.ordered(1, 3, noon);
  c.cooldown.fulfilled(Duration::seconds(300), Duration::seconds(300), noon);
  expect_set(c.low(noon + Duration::seconds(60)), 2);
}

TEST(TargetTracking, DeploymentStopsScaleInOnly) {
  Case c = Case::of(3, 5);
  c.capacity.deployment_in_progress = true;
  expect_not_scaled(c.low(), {NotScaledCode::TargetServicePutResourceAsUnscalable});
  c.points.assign(3, 60.0);
  expect_set(c.high(), 5);
}

TEST(TargetTracking, SuspensionIsPerDirection) {
  Case c = Case::of(2, 100);
  c.capacity.scale_out_suspended = true;
  EXPECT_EQ(c.high().outcome, Outcome::Nothing);
  c.points.assign(15, 5.0);
  expect_set(c.low(), 1);
  c.capacity.scale_in_suspended = true;
  EXPECT_EQ(c.low().outcome, Outcome::Nothing);
}

TEST(TargetTracking, InsufficientDataIsNeverLowLoad) {
  const Case c = Case::of(3, 5);
  TrackingPolicy only[] = {c.policy(AlarmState::InsufficientData, AlarmState::InsufficientData)};
  EXPECT_EQ(decide_target_tracking(c.capacity, only, 0, AlarmSide::Low, {}, noon).outcome, Outcome::Nothing);
  only[0] = c.policy(AlarmState::Alarm, AlarmState::Alarm);
  only[0].low.recent_datapoints = {};
  EXPECT_EQ(decide_target_tracking(c.capacity, only, 0, AlarmSide::Low, {}, noon).outcome, Outcome::Nothing);
}

TEST(TargetTracking, ScaleInDisabled) {
  Case c = Case::of(3, 5);
  c.scale_in_disabled = true;
  EXPECT_EQ(c.low().outcome, Outcome::Nothing);
}

TEST(TargetTracking, ScaleInNeedsEveryPolicyAndTakesTheLargestWish) {
  const std::vector<double> idle(15, 5.0), busy(15, 35.0);
  const ScalableCapacity capacity{1, 10, 4, 4};
  TrackingPolicy both[] = {
      {"cpu", 40, false, {}, {"cpu-high", AlarmState::Ok, idle}, {"cpu-low", AlarmState::Alarm, idle}},
      {"memory", 40, false, {}, {"memory-high", AlarmState::Ok, busy}, {"memory-low", AlarmState::Ok, busy}}};
  EXPECT_EQ(decide_target_tracking(capacity, both, 0, AlarmSide::Low, {}, noon).outcome, Outcome::Nothing);
  both[1].low.state = AlarmState::InsufficientData;
  EXPECT_EQ(decide_target_tracking(capacity, both, 0, AlarmSide::Low, {}, noon).outcome, Outcome::Nothing);
  both[1].low.state = AlarmState::Alarm;  // in breach, but it needs all four: ceil(4 x 35 / 40)
  expect_not_scaled(decide_target_tracking(capacity, both, 0, AlarmSide::Low, {}, noon),
                    already_at_desired(4));
  both[1].low.recent_datapoints = idle;
  expect_set(decide_target_tracking(capacity, both, 0, AlarmSide::Low, {}, noon), 3);
  both[1].cooldown.scale_in_until = noon + Duration::seconds(60);  // it took a task a moment ago
  EXPECT_EQ(decide_target_tracking(capacity, both, 0, AlarmSide::Low, {}, noon).outcome, Outcome::Nothing);
  both[1].scale_in_disabled = true;  // takes no part in scaling in
  both[1].low.state = AlarmState::Ok;
  expect_set(decide_target_tracking(capacity, both, 0, AlarmSide::Low, {}, noon), 3);
  const Wish step{"step", 4};
  expect_not_scaled(decide_target_tracking(capacity, both, 0, AlarmSide::Low, {&step, 1}, noon),
                    already_at_desired(4));
}

TEST(TargetTracking, ScaleOutNeedsOnlyOnePolicy) {
  const std::vector<double> idle(15, 5.0), busy(3, 80.0);
  const TrackingPolicy both[] = {
      {"cpu", 40, false, {}, {"cpu-high", AlarmState::Ok, idle}, {"cpu-low", AlarmState::Alarm, idle}},
      {"memory",
       40,
       false,
       {},
       {"memory-high", AlarmState::Alarm, busy},
       {"memory-low", AlarmState::Ok, busy}}};
  expect_set(decide_target_tracking({1, 10, 4, 4}, both, 1, AlarmSide::High, {}, noon), 8);
}

TEST(TargetTracking, RoundingErrorOrdersNoExtraTask) {
  EXPECT_EQ(tracked_capacity(3, 0.1 * 3, 0.3), 3);
  EXPECT_EQ(tracked_capacity(7, 70, 70), 7);
  EXPECT_EQ(tracked_capacity(3, 40.0001, 40), 4);
}

TEST(TargetTracking, DatapointsFromSetAlarmState) {
  const std::string data =
      R"({"version":"1.0","queryDate":"2025-07-03T08:34:06.300+0000","recentDatapoints":[63.0,75.6],"threshold":50.0})";
  const Time queried = *parse_iso("2025-07-03T08:34:06.300Z");
  EXPECT_EQ(datapoints_of(data, queried + Duration::seconds(5.7)).value(), (std::vector<double>{63, 75.6}));
  EXPECT_EQ(datapoints_of(data, queried + Duration::seconds(15.6)).error().code, "ValidationException");
  EXPECT_FALSE(datapoints_of("", queried));
  EXPECT_FALSE(
      datapoints_of(R"({"recentDatapoints":[],"queryDate":"2025-07-03T08:34:06.300+0000"})", queried));
}

}  // namespace
}  // namespace berth::control
