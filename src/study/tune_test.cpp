#include "study/tune.h"

#include <gtest/gtest.h>

#include <set>

#include "study/clairvoyant.h"

namespace berth::study {
namespace {

Score score(double cost, double missed) {
  return {.usd_a_day = cost, .missed_percent = missed, .actions = 0};
}

TEST(Pareto, OnlyThoseThatNobodyBeats) {
  const std::vector<Score> scores{score(3, 1), score(1, 9), score(2, 9),
                                  score(2, 4), score(2, 4), score(4, 1)};
  EXPECT_EQ(pareto_front(scores), (std::vector<std::size_t>{1, 3, 0}));
  const auto order = by_worth(scores);
  EXPECT_EQ(order.size(), scores.size());
  EXPECT_EQ(std::set<std::size_t>(order.begin(), order.begin() + 3), (std::set<std::size_t>{0, 1, 3}));
  EXPECT_TRUE(pareto_front({}).empty());
}

TEST(Tune, AHypercubeUsesEverySliceOnce) {
  const KnobRanges ranges{.target = {20, 29, 1},
                          .scale_out_cooldown_s = {0, 90, 10},
                          .scale_in_cooldown_s = {0, 270, 30},
                          .minimum = {1, 1, 1},
                          .maximum = {1, 10, 1}};
  const auto candidates = latin_hypercube(ranges, 10, 7);
  std::set<int> targets, outs, ins;
  for (const auto& knobs : candidates) {
    targets.insert(knobs.target);
    outs.insert(knobs.scale_out_cooldown_s);
    ins.insert(knobs.scale_in_cooldown_s);
    EXPECT_EQ(knobs.minimum, 1);
  }
  EXPECT_EQ(targets.size(), 10u);
  EXPECT_EQ(outs.size(), 10u);
  EXPECT_EQ(ins.size(), 10u);
  EXPECT_EQ(candidates, latin_hypercube(ranges, 10, 7));
  EXPECT_NE(candidates, latin_hypercube(ranges, 10, 8));
}

TEST(Tune, TheClairvoyantBridgesAGapThatIsShorterThanAStart) {
  EXPECT_EQ(least_task_seconds({1, 1, 1}, 20), 20 + 180);
  EXPECT_EQ(least_task_seconds({1, 2, 1}, 20), 40 + 240);
  EXPECT_EQ(least_task_seconds({2, 1, 2}, 20), 60 + 300);
  EXPECT_EQ(least_task_seconds({2, 1, 2}, 100), 200 + 60 + 300);
  EXPECT_EQ(least_task_seconds({}, 20), 0);
}

TEST(Tune, WhatIsMuchWorseOnTheRestIsOverfit) {
  EXPECT_TRUE(is_overfit({{}, score(1, 0.1), score(1, 0.5)}));
  EXPECT_FALSE(is_overfit({{}, score(1, 0.001), score(1, 0.05)}));
  EXPECT_FALSE(is_overfit({{}, score(1, 2), score(1, 3)}));
}

TEST(Tune, OnlyWhatDiffersIsSet) {
  Tuning tuning;
  tuning.policy_resource = "Policy";
  tuning.target_resource = "Target";
  tuning.current.knobs = {40, 120, 300, 1, 5};
  EXPECT_TRUE(sets_of(tuning, tuning.current.knobs).empty());
  EXPECT_EQ(sets_of(tuning, {55, 120, 300, 1, 8}),
            (std::vector<std::string>{"Policy.TargetTrackingScalingPolicyConfiguration.TargetValue=55",
                                      "Target.MaxCapacity=8"}));
}

TEST(Tune, ACoarserOrFinerMetricIsSetInPolicyAndService) {
  Tuning tuning;
  tuning.policy_resource = "Policy";
  tuning.target_resource = "Target";
  tuning.service_resource = "Service";
  tuning.current.knobs = {40, 120, 300, 1, 5};
  EXPECT_TRUE(sets_of(tuning, tuning.current.knobs).empty());
  EXPECT_EQ(sets_of(tuning, {40, 120, 300, 1, 5, 20}),
            (std::vector<std::string>{
                "Policy.TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification."
                "PredefinedMetricType=ECSServiceAverageCPUUtilizationHighResolution",
                "Service.Monitoring.MetricConfigurations.0.MetricNames.0=CPUUtilization",
                "Service.Monitoring.MetricConfigurations.0.ResolutionSeconds=20"}));
}

}  // namespace
}  // namespace berth::study
