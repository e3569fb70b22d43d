#include "control/statistics.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

double stat(std::string_view name, std::vector<WeightedValue> values) {
  return value_of(parse_statistic(name).value(), std::move(values)).value();
}

std::vector<WeightedValue> one_to(int n) {
  std::vector<WeightedValue> values;
  for (int i = 1; i <= n; ++i) values.push_back({static_cast<double>(i), 1});
  return values;
}

TEST(Statistics, MergesSets) {
  StatisticSet set;
  merge(set, statistic_set_of(10));
  merge(set, statistic_set_of(30, 3));
  merge(set, StatisticSet{});
  EXPECT_EQ(set, (StatisticSet{4, 100, 10, 30}));
  EXPECT_EQ(value_of(Statistic{Statistic::Kind::Average}, set), 25);
}

TEST(Statistics, BasicOnesComeFromASet) {
  const StatisticSet set{4, 100, 10, 40};
  for (const auto& [name, expected] : {std::pair{"SampleCount", 4.0},
                                       {"Sum", 100.0},
                                       {"Average", 25.0},
                                       {"Minimum", 10.0},
                                       {"Maximum", 40.0}}) {
    EXPECT_EQ(value_of(parse_statistic(name).value(), set), expected) << name;
  }
  EXPECT_FALSE(value_of(parse_statistic("p50").value(), set));
  EXPECT_FALSE(value_of(parse_statistic("Average").value(), StatisticSet{}));
}

TEST(Statistics, PercentilesCountWeights) {
  EXPECT_EQ(stat("p50", one_to(100)), 50);
  EXPECT_EQ(stat("p99", one_to(100)), 99);
  EXPECT_EQ(stat("p99.9", one_to(100)), 100);
  EXPECT_EQ(stat("p100", one_to(100)), 100);
  EXPECT_EQ(stat("p0", one_to(100)), 1);
  EXPECT_EQ(stat("p90", {{200, 1}, {10, 9}}), 10);
  EXPECT_FALSE(value_of(parse_statistic("p50").value(), std::vector<WeightedValue>{{-1, 1}, {5, 1}}));
}

TEST(Statistics, TrimmedOnesByPercentAndByValue) {
  EXPECT_EQ(stat("tm90", one_to(10)), 5);           // without the largest
  EXPECT_EQ(stat("TM(10%:90%)", one_to(10)), 5.5);  // 2..9
  EXPECT_EQ(stat("TC(10%:90%)", one_to(10)), 8);
  EXPECT_EQ(stat("TS(2:4)", one_to(10)), 7);  // 3 + 4: lower bound exclusive, upper inclusive
  EXPECT_EQ(stat("TC(:4)", one_to(10)), 4);
  EXPECT_EQ(stat("PR(:3)", one_to(10)), 30);
  EXPECT_EQ(stat("PR(3:5)", one_to(10)), 20);
  EXPECT_EQ(stat("wm90", one_to(10)), 5.4);  // 10 counts as 9
  EXPECT_EQ(stat("IQM", one_to(8)), 4.5);    // 3..6
}

TEST(Statistics, RefusesWhatIsNoStatistic) {
  for (const char* name :
       {"", "p", "p101", "average", "tm", "TM(10%:90)", "TM(90%:10%)", "PR(10%:90%)", "PR90", "xy9"}) {
    EXPECT_FALSE(parse_statistic(name)) << name;
  }
}

TEST(Statistics, SetsOfEqualValuesCountAsValues) {
  EXPECT_TRUE(as_weighted_value({1, 7, 7, 7}));
  EXPECT_EQ(as_weighted_value({3, 21, 7, 7})->count, 3);
  EXPECT_FALSE(as_weighted_value({2, 10, 4, 6}));
  EXPECT_FALSE(as_weighted_value({}));
}

}  // namespace
}  // namespace berth::control
