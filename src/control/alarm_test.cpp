#include "control/alarm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"

namespace berth::control {
namespace {

constexpr auto ok = AlarmState::Ok;
constexpr auto alarm = AlarmState::Alarm;
constexpr auto insufficient = AlarmState::InsufficientData;

const Time at_0834 = *parse_iso("2025-07-03T08:34:06.300Z");

// "0-X": newest right, as in AWS's tables. X breaches the threshold of 50, 0 does not, - is missing.
std::vector<AlarmDatapoint> points_of(std::string_view picture) {
  std::vector<AlarmDatapoint> points;
  Time start = floor_to_minute(at_0834) - Duration::minutes(1);
  for (auto c = picture.rbegin(); c != picture.rend(); ++c, start = start - Duration::minutes(1)) {
    AlarmDatapoint point{start};
    if (*c != '-') point = {start, *c == 'X' ? 60.0 : 40.0, 1};
    points.push_back(point);
  }
  return points;
}

AlarmRule rule_of(int m, int n, MissingData treatment = MissingData::Missing) {
  AlarmRule rule;
  rule.threshold = 50;
  rule.evaluation_periods = n;
  if (m != n) rule.datapoints_to_alarm = m;
  rule.treat_missing_data = treatment;
  rule.statistic = "Average";
  return rule;
}

struct Row {
  const char* picture;
  std::optional<AlarmState> missing, ignore, breaching, not_breaching;  // nullopt: the state is kept
};

void expect_row(int m, const Row& row) {
  const auto points = points_of(row.picture);
  const std::pair<MissingData, std::optional<AlarmState>> columns[] = {
      {MissingData::Missing, row.missing},
      {MissingData::Ignore, row.ignore},
      {MissingData::Breaching, row.breaching},
      {MissingData::NotBreaching, row.not_breaching}};
  for (const auto& [treatment, expected] : columns) {
    for (const AlarmState current : {ok, alarm, insufficient}) {
      const auto verdict = judge(rule_of(m, 3, treatment), points, current);
      EXPECT_EQ(verdict.kept, !expected)
          << row.picture << " M=" << m << " column " << static_cast<int>(treatment);
      EXPECT_EQ(verdict.state, expected.value_or(current)) << row.picture << " M=" << m;
    }
  }
}

TEST(Alarm, TableA) {
  for (const Row& row :
       {Row{"0-X-X", ok, ok, ok, ok}, Row{"0----", ok, ok, ok, ok},
        Row{"-----", insufficient, std::nullopt, alarm, ok}, Row{"0XX-X", alarm, alarm, alarm, alarm},
        Row{"--X--", alarm, std::nullopt, alarm, ok}}) {
    expect_row(3, row);
  }
}

TEST(Alarm, TableB) {
  for (const Row& row : {Row{"0-X-X", alarm, alarm, alarm, alarm}, Row{"00X0X", alarm, alarm, alarm, alarm},
                         Row{"0-X--", ok, ok, alarm, ok}, Row{"----0", ok, ok, alarm, ok},
                         Row{"---X-", alarm, std::nullopt, alarm, ok}}) {
    expect_row(2, row);
  }
}

TEST(Alarm, DoesNotAlarmPrematurely) {
  for (const char* picture : {"----X", "---X-"}) {
    const auto verdict = judge(rule_of(3, 3), points_of(picture), insufficient);
    EXPECT_TRUE(verdict.kept);
    EXPECT_EQ(verdict.state, insufficient) << picture;
  }
}

TEST(Alarm, ComparesAsItsNameSays) {
  EXPECT_FALSE(breaches(40, Comparison::GreaterThan, 40));
  EXPECT_TRUE(breaches(40, Comparison::GreaterThanOrEqual, 40));
  EXPECT_FALSE(breaches(36, Comparison::LessThan, 36));
  EXPECT_TRUE(breaches(36, Comparison::LessThanOrEqual, 36));
}

TEST(Alarm, LowSampleCountOfAPercentileKeepsTheState) {
  AlarmRule rule = rule_of(1, 1);
  rule.ignore_low_samples_percentile = 99;  // needs 1000 samples
  auto points = points_of("--X");
  points[0].sample_count = 999;
  EXPECT_TRUE(judge(rule, points, ok).kept);
  points[0].sample_count = 1000;
  EXPECT_EQ(judge(rule, points, ok).state, alarm);
}

TEST(Alarm, RangeIsTwoLongerThanThePeriodsAndEndsAtTheLastFullOne) {
  const auto range = evaluation_range(rule_of(3, 3), at_0834);
  EXPECT_EQ(range.count, 5);
  EXPECT_EQ(iso_s(range.newest), "2025-07-03T08:33:00Z");
  EXPECT_EQ(iso_s(range.from()), "2025-07-03T08:29:00Z");
  AlarmRule slow = rule_of(1, 1);
  slow.period_s = 300;  // slides by the minute, not by its period
  EXPECT_EQ(iso_s(evaluation_range(slow, at_0834).newest), "2025-07-03T08:29:00Z");
  AlarmRule fast = rule_of(3, 3);
  fast.period_s = 20;
  EXPECT_EQ(iso_s(evaluation_range(fast, at_0834).newest), "2025-07-03T08:33:40Z");
}

TEST(Alarm, KeepsItsOwnSecondOfTheMinute) {
  const AlarmRule rule = rule_of(3, 3);
  std::set<std::int64_t> phases;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "alarm-" + std::to_string(i);
    const Time first = next_evaluation(name, rule, at_0834);
    EXPECT_GT(first, at_0834);
    EXPECT_EQ(next_evaluation(name, rule, first) - first, Duration::minutes(1));
    const auto phase = first - floor_to_minute(first);
    EXPECT_GE(phase, Duration::seconds(10));
    phases.insert(phase.us);
  }
  EXPECT_GT(phases.size(), 30u);
  AlarmRule fast = rule;
  fast.period_s = 20;
  EXPECT_EQ(evaluation_interval(fast), Duration::seconds(10));
  AlarmRule days = rule;
  days.period_s = 86'400;
  EXPECT_EQ(iso_s(next_evaluation("x", days, at_0834)), "2025-07-03T09:00:00Z");
}

std::string reason(const AlarmRule& rule, std::string_view picture) {
  const auto points = points_of(picture);
  return state_reason(rule, points, judge(rule, points, insufficient));
}

TEST(AlarmText, WithoutDatapointsToAlarm) {
  EXPECT_EQ(
      reason(rule_of(1, 1), "00X"),
      "Threshold Crossed: 1 datapoint [60.0 (03/07/25 08:33:00)] was greater than the threshold (50.0).");
  EXPECT_EQ(reason(rule_of(3, 3), "00XXX"),
            "Threshold Crossed: 3 datapoints [60.0 (03/07/25 08:33:00), 60.0 (03/07/25 08:32:00), "
            "60.0 (03/07/25 08:31:00)] were greater than the threshold (50.0).");
  EXPECT_EQ(
      reason(rule_of(2, 2), "XX00"),
      "Threshold Crossed: 2 datapoints [40.0 (03/07/25 08:33:00), 40.0 (03/07/25 08:32:00)] were not greater "
      "than the threshold (50.0).");
  EXPECT_EQ(
      reason(rule_of(3, 3), "000X0X"),
      "Threshold Crossed: 1 datapoint [40.0 (03/07/25 08:32:00)] was not greater than the threshold (50.0).");
}

TEST(AlarmText, WithDatapointsToAlarmNamesTheMinimum) {
  AlarmRule rule = rule_of(2, 3);
  EXPECT_EQ(reason(rule, "00X0X"),
            "Threshold Crossed: 2 out of the last 3 datapoints [60.0 (03/07/25 08:33:00), 60.0 (03/07/25 "
            "08:31:00)] "
            "were greater than the threshold (50.0) (minimum 2 datapoints for OK -> ALARM transition).");
  EXPECT_EQ(reason(rule, "0000X"),
            "Threshold Crossed: 2 out of the last 3 datapoints [40.0 (03/07/25 08:32:00), 40.0 (03/07/25 "
            "08:31:00)] "
            "were not greater than the threshold (50.0) (minimum 2 datapoints for ALARM -> OK transition).");
  AlarmRule one = rule_of(1, 1);
  one.datapoints_to_alarm = 1;
  EXPECT_EQ(
      reason(one, "00X"),
      "Threshold Crossed: 1 out of the last 1 datapoints [60.0 (03/07/25 08:33:00)] was greater than the "
      "threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition).");
}

TEST(AlarmText, LongListsShowTheNewestFive) {
  EXPECT_EQ(
      reason(rule_of(15, 15), "00XXXXXXXXXXXXXXX"),
      "Threshold Crossed: 15 datapoints were greater than the threshold (50.0). The most recent datapoints "
      "which "
      "crossed the threshold: [60.0 (03/07/25 08:33:00), 60.0 (03/07/25 08:32:00), 60.0 (03/07/25 08:31:00), "
      "60.0 (03/07/25 08:30:00), 60.0 (03/07/25 08:29:00)].");
  AlarmRule named = rule_of(5, 5);
  named.datapoints_to_alarm = 5;
  EXPECT_TRUE(reason(named, "00XXXXX")
                  .ends_with("60.0 (03/07/25 08:29:00)] (minimum 5 datapoints for OK -> ALARM transition)."));
}

TEST(AlarmText, MissingData) {
  EXPECT_EQ(
      reason(rule_of(2, 2, MissingData::Breaching), "----"),
      "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
      "[Breaching].");
  EXPECT_EQ(
      reason(rule_of(1, 1, MissingData::NotBreaching), "---"),
      "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
      "[NonBreaching].");
  EXPECT_EQ(
      reason(rule_of(2, 2, MissingData::Breaching), "---X"),
      "Threshold Crossed: 1 datapoint [60.0 (03/07/25 08:33:00)] was greater than the threshold (50.0) and 1 "
      "missing datapoint was treated as [Breaching].");
  EXPECT_EQ(
      reason(rule_of(2, 3, MissingData::Breaching), "----0"),
      "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as "
      "[Breaching].");
  EXPECT_EQ(
      reason(rule_of(1, 20, MissingData::NotBreaching), "----------------------X"),
      "Threshold Crossed: 1 out of the last 20 datapoints [60.0 (03/07/25 08:33:00)] was greater than the "
      "threshold (50.0) and 19 missing datapoints were treated as [NonBreaching] (minimum 1 datapoint for OK "
      "-> "
      "ALARM transition).");
  EXPECT_EQ(reason(rule_of(1, 1), "---"), "Insufficient Data: 1 datapoint was unknown.");
  EXPECT_EQ(reason(rule_of(5, 5), "-------"), "Insufficient Data: 5 datapoints were unknown.");
}

TEST(AlarmText, WordsOfEveryComparison) {
  AlarmRule rule = rule_of(1, 1);
  rule.comparison = Comparison::LessThanOrEqual;
  rule.threshold = 60;
  EXPECT_NE(reason(rule, "X").find("was less than or equal to the threshold (60.0)."), std::string::npos);
  rule.comparison = Comparison::LessThan;
  EXPECT_NE(reason(rule, "X").find("was not less than the threshold (60.0)."), std::string::npos);
  rule.comparison = Comparison::GreaterThanOrEqual;
  EXPECT_NE(reason(rule, "X").find("was greater than or equal to the threshold (60.0)."), std::string::npos);
}

TEST(AlarmText, ReasonData) {
  AlarmRule rule = rule_of(2, 3);
  rule.unit = "Percent";
  const auto points = points_of("00X-X");
  const auto verdict = judge(rule, points, ok);
  EXPECT_EQ(
      state_reason_data(rule, points, verdict, at_0834),
      R"({"version":"1.0","queryDate":"2025-07-03T08:34:06.300+0000","startDate":"2025-07-03T08:30:00.000+0000",)"
      R"("unit":"Percent","statistic":"Average","period":60,"recentDatapoints":[40.0,60.0,60.0],"threshold":50.0,)"
      R"("evaluatedDatapoints":[{"timestamp":"2025-07-03T08:33:00.000+0000","sampleCount":1.0,"value":60.0},)"
      R"({"timestamp":"2025-07-03T08:31:00.000+0000","sampleCount":1.0,"value":60.0},)"
      R"({"timestamp":"2025-07-03T08:30:00.000+0000","sampleCount":1.0,"value":40.0}]})");
  EXPECT_EQ(recent_datapoints(points, verdict), (Datapoints{40, 60, 60}));
}

TEST(AlarmText, ReasonDataWithoutPointsHasBareTimestamps) {
  const AlarmRule rule = rule_of(2, 2);
  const auto points = points_of("----");
  const auto verdict = judge(rule, points, ok);
  EXPECT_EQ(
      state_reason_data(rule, points, verdict, at_0834),
      R"({"version":"1.0","queryDate":"2025-07-03T08:34:06.300+0000","statistic":"Average","period":60,)"
      R"("recentDatapoints":[],"threshold":50.0,"evaluatedDatapoints":[{"timestamp":)"
      R"("2025-07-03T08:33:00.000+0000"},{"timestamp":"2025-07-03T08:32:00.000+0000"}]})");
  json::value parsed;
  JsonError error;
  EXPECT_TRUE(parse_json(state_reason_data(rule, points, verdict, at_0834), parsed, error));
}

}  // namespace
}  // namespace berth::control
