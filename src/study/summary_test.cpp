#include "study/summary.h"

#include <gtest/gtest.h>

namespace berth::study {
namespace {

constexpr double task_vcpu = 0.25;

// One minute per pair: tasks that served, and tasks that the load asks for at a target of 50 %.
Timeline played(const std::vector<std::pair<int, int>>& supply_and_demand) {
  Timeline timeline;
  timeline.task_vcpu = task_vcpu;
  timeline.task_memory_mib = 512;
  timeline.minimum = 1;
  timeline.maximum = 5;
  PolicySetting policy;
  policy.metric = "ECSServiceAverageCPUUtilization";
  policy.target = 50;
  timeline.policies = {policy};
  for (const auto& [supply, demand] : supply_and_demand) {
    MinuteSeen minute;
    minute.desired = minute.running = minute.healthy = supply;
    minute.offered_vcpu = demand * task_vcpu * 0.5;
    timeline.minutes.push_back(minute);
  }
  return timeline;
}

Summary summary_of(const Timeline& timeline) {
  return summarize(timeline, {}, {}, 0.5);
}

ActivitySeen set_to(double at_s, int count) {
  ActivitySeen activity;
  activity.at_s = at_s;
  activity.ordered = count;
  return activity;
}

TEST(Summary, TasksForALoad) {
  EXPECT_EQ(tasks_for(0, 0.25, 0.5), 1);
  EXPECT_EQ(tasks_for(0.25, 0.25, 0.5), 2);
  EXPECT_EQ(tasks_for(0.2500001, 0.25, 0.5), 3);
  EXPECT_EQ(tasks_for(1, 0, 0.5), 1);
}

TEST(Summary, APerfectSupplyHasNoFault) {
  const auto summary = summary_of(played({{1, 1}, {2, 2}, {3, 3}, {1, 1}}));
  EXPECT_EQ(summary.by_target.deviation, 0);
  EXPECT_EQ(summary.by_target.jitter, 0);
  EXPECT_TRUE(summary.reactions.empty());
}

// By hand: d = 1 4 4 2, s = 1 2 4 4.
TEST(Summary, ElasticityOfALateSupply) {
  const auto of = summary_of(played({{1, 1}, {2, 4}, {4, 4}, {4, 2}})).by_target;
  EXPECT_DOUBLE_EQ(of.under_accuracy, 100 * 0.5 / 4);
  EXPECT_DOUBLE_EQ(of.over_accuracy, 100 * 1.0 / 4);
  EXPECT_DOUBLE_EQ(of.under_time, 25);
  EXPECT_DOUBLE_EQ(of.over_time, 25);
  EXPECT_NEAR(of.instability, 100 * 2.0 / 3, 1e-9);  // up while the demand stood, and stood while it fell
  EXPECT_NEAR(of.jitter, 0, 1e-9);
}

TEST(Summary, ReactionsCountFromTheMinuteThatAskedForMore) {
  const auto summary =
      summary_of(played({{1, 1}, {1, 3}, {1, 3}, {2, 3}, {3, 3}, {3, 1}, {1, 1}, {1, 2}, {1, 1}, {1, 9}}));
  ASSERT_EQ(summary.reactions.size(), 2u);  // the rise at 7 went away by itself
  EXPECT_EQ(summary.reactions[0].at_s, 60);
  EXPECT_EQ(summary.reactions[0].from, 1);
  EXPECT_EQ(summary.reactions[0].wanted, 3);
  EXPECT_EQ(summary.reactions[0].first_s, 180);
  EXPECT_EQ(summary.reactions[0].full_s, 240);
  EXPECT_EQ(summary.reactions[1].wanted, 5);  // never more than the maximum
  EXPECT_EQ(summary.reactions[1].full_s, -1);
}

TEST(Summary, CountsActionsAndReversals) {
  Timeline timeline = played({{1, 1}, {5, 1}});
  timeline.activities = {set_to(-100, 2), set_to(10, 4), set_to(20, 5), set_to(30, 3), set_to(40, 4)};
  ActivitySeen refused;
  refused.at_s = 50;
  refused.not_scaled = "AlreadyAtMaxCapacity";
  timeline.activities.push_back(refused);
  const auto summary = summary_of(timeline);
  EXPECT_EQ(summary.actions, 4);
  EXPECT_EQ(summary.scale_outs, 3);
  EXPECT_EQ(summary.scale_ins, 1);
  EXPECT_EQ(summary.reversals, 2);
  EXPECT_EQ(summary.not_scaled, 1);
  EXPECT_EQ(summary.at_maximum_percent, 50);
  EXPECT_EQ(summary.mean_tasks, 3);
}

TEST(Summary, CostAndShares) {
  Timeline timeline = played({{1, 1}});
  timeline.task_seconds = 7200;
  timeline.total = {.requests = 200, .failed_503 = 4, .late = 10, .time_ms_sum = 1960};
  timeline.minutes[0].cpu = 42;
  const auto summary = summarize(timeline, {}, {.vcpu_hour = 0.04, .gib_hour = 0.004}, 0.5);
  EXPECT_DOUBLE_EQ(summary.cost, 2 * (0.25 * 0.04 + 0.5 * 0.004));
  EXPECT_DOUBLE_EQ(summary.failed_percent, 2);
  EXPECT_DOUBLE_EQ(summary.late_percent, 5);
  EXPECT_DOUBLE_EQ(summary.mean_ms, 10);
  EXPECT_EQ(summary.mean_cpu, 42);
  EXPECT_EQ(summary.verdict.rfind("Not good enough", 0), 0u) << summary.verdict;
}

TEST(Prices, AreNumbersByName) {
  const auto prices = parse_prices("vcpu_hour = 1\n", "p.toml");
  ASSERT_TRUE(prices);
  EXPECT_EQ(prices->vcpu_hour, 1);
  EXPECT_EQ(prices->gib_hour, Prices{}.gib_hour);
  EXPECT_EQ(parse_prices("vcpu = 1", "p.toml").error().message,
            "p.toml: vcpu is not vcpu_hour or gib_hour with a number");
  EXPECT_FALSE(parse_prices("gib_hour = -1", "p.toml"));
  EXPECT_EQ(parse_prices("\n=", "p.toml").error().message.rfind("p.toml: line 2: ", 0), 0u);
}

}  // namespace
}  // namespace berth::study
