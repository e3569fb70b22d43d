#include "study/explain.h"

#include <gtest/gtest.h>

#include "study/result_json.h"
#include "study/timeline_reader.h"

namespace berth::study {
namespace {

const std::string high_name = "TargetTracking-service/c/shop-AlarmHigh-1";
const std::string low_name = "TargetTracking-service/c/shop-AlarmLow-2";

// A Monday, from midnight: 90 minutes in the dead band, two tasks, target 40.
Timeline quiet_run() {
  Timeline run{
      .start_unix_s = 1'767'571'200, .service = "shop", .task_vcpu = 0.25, .minimum = 1, .maximum = 5};
  PolicySetting policy{.name = "keep-40",
                       .type = "TargetTrackingScaling",
                       .metric = "ECSServiceAverageCPUUtilization",
                       .target = 40,
                       .scale_out_cooldown_s = 300,
                       .scale_in_cooldown_s = 600};
  policy.alarms.push_back({high_name, "CPUUtilization", "Average", "greater than", 40, 60, 3, 3});
  policy.alarms.push_back({low_name, "CPUUtilization", "Average", "less than", 36, 60, 15, 15});
  run.policies.push_back(policy);
  run.minutes.assign(90, MinuteSeen{.desired = 2, .running = 2, .healthy = 2, .cpu = 38});
  run.alarm_changes = {{-100, high_name, "INSUFFICIENT_DATA", "OK", ""},
                       {-90, low_name, "INSUFFICIENT_DATA", "OK", ""}};
  return run;
}

void set_cpu(Timeline& run, std::size_t from, std::size_t to, std::optional<double> cpu) {
  for (std::size_t m = from; m < to; ++m) run.minutes[m].cpu = cpu;
}

void set_tasks(Timeline& run, std::size_t from, int count) {
  for (std::size_t m = from; m < run.minutes.size(); ++m)
    run.minutes[m].desired = run.minutes[m].running = run.minutes[m].healthy = count;
}

ActivitySeen ordered(double at_s, double end_s, int count) {
  return {.at_s = at_s,
          .end_s = end_s,
          .description = "Setting desired count to " + std::to_string(count) + ".",
          .cause = "monitor alarm " + high_name + " in state ALARM triggered policy keep-40",
          .status = "Successful",
          .ordered = count,
          .explanation = high_name + ": average of [91.29451333333333, 100] = 95.64 against target 40"};
}

std::string at(const Timeline& run, int minute, double lag_s = 2) {
  return explain(run, minute, {lag_s > 60 ? "aws" : "local", lag_s});
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(Explain, BetweenTheThresholdsNothingIsDone) {
  const auto text = at(quiet_run(), 40);
  EXPECT_SAYS(text, "The count stayed at 2.");
  EXPECT_SAYS(text, "38 % lies between the thresholds 36 and 40");
}

TEST(Explain, AChangeIsToldWithItsFormula) {
  auto run = quiet_run();
  set_cpu(run, 30, 34, 95);
  set_tasks(run, 34, 5);
  run.alarm_changes.push_back({34 * 60 + 10, high_name, "OK", "ALARM", ""});
  run.activities.push_back(ordered(34 * 60 + 10, 34 * 60 + 12, 5));
  const auto text = at(run, 34);
  EXPECT_SAYS(text, "The count changed from 2 to 5.");
  EXPECT_SAYS(text, "00:34:10 Setting desired count to 5.");
  EXPECT_SAYS(text, "AlarmHigh: average of [91.29, 100]");
  EXPECT_SAYS(text, "3 of 3 greater than 40 (3 needed)");
}

TEST(Explain, OfARunningServiceTheFormerStateIsNotKnown) {
  auto run = quiet_run();
  run.alarm_changes.push_back({34 * 60 + 10, high_name, "", "OK", ""});
  EXPECT_SAYS(at(run, 34), "00:34:10 AlarmHigh went to OK.");
}

TEST(Explain, TwoOfThreePointsAreNotEnough) {
  auto run = quiet_run();
  set_cpu(run, 38, 40, 60);
  EXPECT_SAYS(at(run, 40), "not yet: 2 of 3 points are above 40, and 3 are needed to scale out");
}

TEST(Explain, TheWorldsLagHidesTheNewestMinutes) {
  auto run = quiet_run();
  set_cpu(run, 38, 40, 60);
  const auto text = at(run, 40, 120);
  EXPECT_SAYS(text, "0 of 3 greater than 40");
  EXPECT_SAYS(text, "comes 120 s after its end");
}

TEST(Explain, AtTheMaximumNothingCanBeAdded) {
  auto run = quiet_run();
  set_tasks(run, 0, 5);
  set_cpu(run, 20, 90, 80);
  run.alarm_changes.push_back({23 * 60 + 10, high_name, "OK", "ALARM", ""});
  const auto text = at(run, 40);
  EXPECT_SAYS(text, "ceil(5 running x 80 / 40) = 10, within [1, 5] 5");
  EXPECT_SAYS(text, "at the maximum of 5 already");
}

TEST(Explain, ACooldownHoldsTheScaleIn) {
  auto run = quiet_run();
  set_tasks(run, 30, 4);
  set_cpu(run, 20, 90, 10);
  run.activities.push_back(ordered(20 * 60, 20 * 60 + 30, 5));
  run.activities.push_back(ordered(36 * 60, 36 * 60 + 30, 4));
  run.alarm_changes.push_back({36 * 60, low_name, "OK", "ALARM", ""});
  EXPECT_SAYS(at(run, 40), "the scale-in cooldown of 600 s runs until 00:46:30");
  EXPECT_EQ(at(run, 50).find("cooldown"), std::string::npos);
}

TEST(Explain, ACooldownCountsWhatItAdded) {
  auto run = quiet_run();
  set_tasks(run, 20, 3);
  set_cpu(run, 17, 90, 50);
  run.alarm_changes.push_back({20 * 60, high_name, "OK", "ALARM", ""});
  run.activities.push_back(ordered(20 * 60, 20 * 60 + 30, 3));
  EXPECT_SAYS(at(run, 23),
              "ceil(3 running x 50 / 40) = 4; the scale-out cooldown of 300 s runs until 00:25:30");
  EXPECT_SAYS(at(run, 19), "not yet: 2 of 3");
}

TEST(Explain, MissingDataIsNamed) {
  auto run = quiet_run();
  set_cpu(run, 38, 40, std::nullopt);
  EXPECT_SAYS(at(run, 40), "No datapoint came for 00:38, 00:39");
  set_cpu(run, 0, 90, std::nullopt);
  EXPECT_SAYS(at(run, 40), "there are no datapoints to judge by");
}

TEST(Explain, ANotScaledReasonInWords) {
  auto run = quiet_run();
  run.activities.push_back({.at_s = 40 * 60 + 5, .status = "Failed", .not_scaled = "AlreadyAtMinCapacity"});
  EXPECT_SAYS(at(run, 40), "Not scaled (AlreadyAtMinCapacity): the count is at the minimum of 1 already.");
}

TEST(Explain, MinutesByName) {
  auto run = quiet_run();
  run.minutes.resize(3 * 1440);
  EXPECT_EQ(minute_at(run, "14:32").value(), 14 * 60 + 32);
  EXPECT_EQ(minute_at(run, "d3 14:32").value(), 2 * 1440 + 14 * 60 + 32);
  EXPECT_EQ(minute_at(run, "minute 812").value(), 812);
  EXPECT_EQ(minute_at(run, "2026-01-05T01:02:30Z").value(), 62);
  EXPECT_FALSE(minute_at(run, "d4 00:00"));
  EXPECT_FALSE(minute_at(run, "half past two"));
  EXPECT_FALSE(minute_at(run, "25:00"));
}

TEST(Explain, ReadsWhatSimulateWrites) {
  auto run = quiet_run();
  run.minutes[5].cpu = std::nullopt;
  run.activities.push_back(ordered(34 * 60 + 10, 34 * 60 + 12, 5));
  const auto read = read_timeline(timeline_json(run));
  ASSERT_TRUE(read);
  EXPECT_EQ(json::serialize(timeline_json(*read)), json::serialize(timeline_json(run)));
  EXPECT_FALSE(read_timeline(json::object{}));
}

}  // namespace
}  // namespace berth::study
