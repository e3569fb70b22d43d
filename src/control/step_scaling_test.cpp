#include "control/step_scaling.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

using Outcome = ScalingDecision::Outcome;

const Time noon = from_unix_seconds(1'750'000'020);

StepPolicy policy_of(std::vector<StepAdjustment> steps,
                     AdjustmentType type = AdjustmentType::ChangeInCapacity) {
  StepPolicy policy;
  policy.name = "step";
  policy.type = type;
  policy.steps = std::move(steps);
  return policy;
}

// +10 % from the threshold of 50, +30 % from 60; -10 % down to 30, -30 % below.
const StepPolicy percent_policy =
    policy_of({{0, 10, 10}, {10, std::nullopt, 30}}, AdjustmentType::PercentChangeInCapacity);
const StepPolicy percent_in_policy =
    policy_of({{-10, 0, -10}, {std::nullopt, -10, -30}}, AdjustmentType::PercentChangeInCapacity);

ScalingDecision decide(const StepPolicy& policy, ScalableCapacity capacity, double metric,
                       std::span<const Wish> others = {}, Time now = noon) {
  const double points[] = {metric, metric};
  const bool up = metric >= 50;
  const StepAlarm alarm{"alarm", AlarmState::Alarm,
                        up ? Comparison::GreaterThanOrEqual : Comparison::LessThanOrEqual, up ? 50.0 : 40.0,
                        points};
  return decide_step_scaling(capacity, policy, alarm, others, now);
}

ScalableCapacity steady(int tasks, int maximum = 100) {
  return {1, maximum, tasks, tasks};
}

TEST(StepScaling, PercentRoundsAsDocumented) {
  EXPECT_EQ(percent_change(100, 12), 12);
  EXPECT_EQ(percent_change(127, 10), 12);  // 12.7
  EXPECT_EQ(percent_change(667, -1), -6);  // -6.67
  EXPECT_EQ(percent_change(67, 1), 1);     // 0.67
  EXPECT_EQ(percent_change(58, -1), -1);   // -0.58
  EXPECT_EQ(percent_change(10, 0), 0);
}

TEST(StepScaling, DocumentedChainOfTenTasks) {
  EXPECT_EQ(decide(percent_policy, steady(10), 55).desired, 11);
  EXPECT_EQ(decide(percent_policy, steady(11), 60).desired, 14);
  EXPECT_EQ(decide(percent_in_policy, steady(14), 35).desired, 13);
  EXPECT_EQ(decide(percent_in_policy, steady(13), 30).desired, 10);
}

TEST(StepScaling, BoundsAreInclusiveTowardsTheThreshold) {
  const auto chosen = [](const StepPolicy& policy, double metric, double threshold, Comparison comparison) {
    const auto* step = step_for(policy, metric, threshold, comparison);
    return step ? step->adjustment : 0;
  };
  EXPECT_EQ(chosen(percent_policy, 50, 50, Comparison::GreaterThanOrEqual), 10);
  EXPECT_EQ(chosen(percent_policy, 59.9, 50, Comparison::GreaterThanOrEqual), 10);
  EXPECT_EQ(chosen(percent_policy, 60, 50, Comparison::GreaterThanOrEqual), 30);
  EXPECT_EQ(chosen(percent_policy, 49, 50, Comparison::GreaterThanOrEqual), 0);
  EXPECT_EQ(chosen(percent_in_policy, 40, 40, Comparison::LessThanOrEqual), -10);
  EXPECT_EQ(chosen(percent_in_policy, 30.1, 40, Comparison::LessThanOrEqual), -10);
  EXPECT_EQ(chosen(percent_in_policy, 30, 40, Comparison::LessThanOrEqual), -30);
}

TEST(StepScaling, Validation) {
  const auto ok = [](std::vector<StepAdjustment> steps) {
    return validate_steps(policy_of(std::move(steps))).has_value();
  };
  EXPECT_TRUE(ok({{0, std::nullopt, 1}}));
  EXPECT_TRUE(ok({{std::nullopt, 0, -1}}));
  EXPECT_TRUE(ok({{10, std::nullopt, 2}, {0, 10, 1}}));
  EXPECT_TRUE(ok({{std::nullopt, -10, -2}, {-10, 0, -1}, {0, 10, 1}, {10, std::nullopt, 2}}));
  EXPECT_FALSE(ok({}));
  EXPECT_FALSE(ok({{std::nullopt, std::nullopt, 1}}));
  EXPECT_FALSE(ok({{0, 10, 1}}));                                   // positive upper bound, none open
  EXPECT_FALSE(ok({{-10, 0, -1}}));                                 // negative lower bound, none open
  EXPECT_FALSE(ok({{0, 10, 1}, {11, std::nullopt, 2}}));            // gap
  EXPECT_FALSE(ok({{0, 10, 1}, {9, std::nullopt, 2}}));             // overlap
  EXPECT_FALSE(ok({{0, std::nullopt, 1}, {10, std::nullopt, 2}}));  // two open upper bounds
  EXPECT_FALSE(ok({{std::nullopt, 0, 1}, {std::nullopt, 5, 2}}));   // two open lower bounds
  EXPECT_FALSE(ok({{5, 5, 1}}));
  EXPECT_FALSE(ok(std::vector<StepAdjustment>(21, {0, std::nullopt, 1})));
  StepPolicy magnitude = policy_of({{0, std::nullopt, 1}});
  magnitude.minimum_magnitude = 2;
  EXPECT_FALSE(validate_steps(magnitude));
  magnitude.type = AdjustmentType::PercentChangeInCapacity;
  EXPECT_TRUE(validate_steps(magnitude));
}

TEST(StepScaling, AdjustmentTypes) {
  EXPECT_EQ(decide(policy_of({{0, std::nullopt, 3}}), steady(2), 60).desired, 5);
  EXPECT_EQ(decide(policy_of({{0, std::nullopt, 7}}, AdjustmentType::ExactCapacity), steady(2), 60).desired,
            7);
  StepPolicy magnitude = percent_policy;
  magnitude.minimum_magnitude = 4;
  EXPECT_EQ(decide(magnitude, steady(10), 55).desired, 14);
}

TEST(StepScaling, LimitsAndNotScaledReasons) {
  const StepPolicy out = policy_of({{0, std::nullopt, 3}}), in = policy_of({{std::nullopt, 0, -3}});
  EXPECT_EQ(decide(out, steady(4, 5), 60).desired, 5);
  EXPECT_EQ(decide(out, steady(5, 5), 60).not_scaled, already_at_max(5));
  EXPECT_EQ(decide(in, steady(2, 5), 10).desired, 1);
  EXPECT_EQ(decide(in, steady(1, 5), 10).not_scaled, already_at_min(1));
  EXPECT_EQ(decide(out, {1, 10, 2, 5}, 60).not_scaled, already_at_desired(5));  // three still pending
}

TEST(StepScaling, DocumentedCooldownExample) {
  // Two tasks were added; a breach that asks for three within the cooldown adds one.
  StepPolicy policy = policy_of({{0, 10, 2}, {10, std::nullopt, 3}});
  policy.cooldown.ordered(10, 12, noon);
  policy.cooldown.fulfilled(Duration::seconds(300), Duration::seconds(300), noon);
  EXPECT_EQ(decide(policy, steady(12), 55, {}, noon + Duration::seconds(60)).outcome, Outcome::Nothing);
  EXPECT_EQ(decide(policy, steady(12), 65, {}, noon + Duration::seconds(60)).desired, 13);
  EXPECT_EQ(decide(policy, steady(12), 65, {}, noon + Duration::seconds(301)).desired, 15);
}

TEST(StepScaling, ScaleInCooldownHolds) {
  StepPolicy policy = policy_of({{std::nullopt, 0, -1}});
  policy.cooldown.ordered(5, 4, noon);
  policy.cooldown.fulfilled(Duration::seconds(300), Duration::seconds(300), noon);
  EXPECT_EQ(decide(policy, steady(4), 10, {}, noon + Duration::seconds(299)).outcome, Outcome::Nothing);
  EXPECT_EQ(decide(policy, steady(4), 10, {}, noon + Duration::seconds(301)).desired, 3);
}

TEST(StepScaling, LargestCapacityOfSeveralPoliciesWins) {
  const Wish other{"other", 30};
  EXPECT_EQ(decide(policy_of({{std::nullopt, 0, -3}}), steady(10), 10, {&other, 1}).outcome,
            Outcome::Nothing);
  const Wish smaller{"other", 8};
  EXPECT_EQ(decide(policy_of({{std::nullopt, 0, -3}}), steady(10), 10, {&smaller, 1}).desired, 8);
  const double points[] = {60.0};
  const StepAlarm alarm{"a", AlarmState::Alarm, Comparison::GreaterThan, 50, points};
  EXPECT_EQ(step_wish(steady(10),
                      policy_of({{0, std::nullopt, 200}}, AdjustmentType::PercentChangeInCapacity), alarm),
            30);
  EXPECT_EQ(step_wish(steady(10), policy_of({{0, std::nullopt, 3}}), alarm), 13);
}

TEST(StepScaling, NothingWithoutAlarmOrData) {
  const StepPolicy policy = policy_of({{0, std::nullopt, 1}});
  EXPECT_EQ(decide_step_scaling(steady(2), policy, {"a", AlarmState::InsufficientData}, {}, noon).outcome,
            Outcome::Nothing);
  EXPECT_EQ(decide_step_scaling(steady(2), policy, {"a", AlarmState::Alarm}, {}, noon).outcome,
            Outcome::Nothing);
}

TEST(StepScaling, AggregatesAsThePolicySays) {
  StepPolicy policy = policy_of({{0, 10, 1}, {10, std::nullopt, 5}});
  const double points[] = {52, 58, 70};
  const StepAlarm alarm{"a", AlarmState::Alarm, Comparison::GreaterThan, 50, points};
  policy.aggregation = MetricAggregation::Minimum;
  EXPECT_EQ(step_wish(steady(2), policy, alarm), 3);
  policy.aggregation = MetricAggregation::Maximum;
  EXPECT_EQ(step_wish(steady(2), policy, alarm), 7);
  policy.aggregation = MetricAggregation::Average;  // 60
  EXPECT_EQ(step_wish(steady(2), policy, alarm), 7);
}

}  // namespace
}  // namespace berth::control
