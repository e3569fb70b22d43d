#include "sim/latency_table.h"

#include <gtest/gtest.h>

namespace berth::sim {
namespace {

TEST(LatencyTable, RowsAreUtilizationsPerNumberOfTasks) {
  EXPECT_EQ(LatencyTable::row_of(0, 1), 0);
  EXPECT_EQ(LatencyTable::row_of(0.02, 1), 0);
  EXPECT_EQ(LatencyTable::row_of(0.51, 1), 25);
  EXPECT_EQ(LatencyTable::row_of(2, 1), LatencyTable::steps - 1);
  EXPECT_EQ(LatencyTable::row_of(0.02, 2), LatencyTable::steps);
  EXPECT_EQ(LatencyTable::row_of(0.02, 7), LatencyTable::row_of(0.02, 6));
  EXPECT_EQ(LatencyTable::row_of(2, 500), LatencyTable::rows - 1);
}

// The measured container of the quota model: 0.25 vCPU, 10 ms, four threads.
TEST(LatencyTable, ATaskAloneAnswersAsMeasured) {
  const LatencyTable table({.cpu_ms = 10, .threads = 4}, 0.25, 1);
  const int low = LatencyTable::row_of(0.4, 1), high = LatencyTable::row_of(0.7, 1);
  EXPECT_NEAR(table.mean_ms(low), 15.7, 1.6);
  EXPECT_NEAR(table.mean_ms(high), 46, 5);
  EXPECT_NEAR(table.quantile_ms(high, 380), 180, 27);
  EXPECT_NEAR(table.later_than(high, table.quantile_ms(high, 380)), 0.05, 0.005);
  EXPECT_EQ(table.later_than(high, 0), 1);
}

TEST(LatencyTable, TheWayThereAndBackComesOnTop) {
  const LatencyTable near({.cpu_ms = 10}, 0.25, 1), far({.cpu_ms = 10, .overhead_ms = 3}, 0.25, 1);
  const int row = LatencyTable::row_of(0.5, 1);
  EXPECT_NEAR(far.mean_ms(row), near.mean_ms(row) + 3, 1e-9);
  EXPECT_NEAR(far.quantile_ms(row, 390), near.quantile_ms(row, 390) + 3, 1e-9);
}

TEST(LatencyTable, TasksThatTakeTurnsAnswerSooner) {
  const LatencyTable table({.cpu_ms = 10, .threads = 1}, 0.25, 1);
  double last_ms = 1e9;
  for (const std::size_t tasks : {1u, 2u, 4u, 8u, 16u}) {
    const double mean_ms = table.mean_ms(LatencyTable::row_of(0.8, tasks));
    EXPECT_LT(mean_ms, last_ms) << tasks;
    last_ms = mean_ms;
  }
  EXPECT_GE(last_ms, 10);
}

TEST(LatencyTable, FindsTheHighestUtilizationInTime) {
  const LatencyTable table({.cpu_ms = 10, .threads = 4}, 0.25, 1);
  const double utilization = table.utilization_within(180, 0.05);
  EXPECT_NEAR(utilization, 0.7, 0.05);
  EXPECT_LT(table.utilization_within(50, 0.05), utilization);
  EXPECT_EQ(table.utilization_within(1e9, 0.05), LatencyTable::step_width * LatencyTable::steps);
}

TEST(LatencyTable, SameSeedSameTimes) {
  const AppModel app{.cpu_ms = 3, .cpu_variation = 1};
  const LatencyTable one(app, 0.5, 4), other(app, 0.5, 4), third(app, 0.5, 5);
  (void)one.mean_ms(3);  // the order of the questions does not matter
  const int row = LatencyTable::row_of(0.8, 1);
  EXPECT_EQ(one.mean_ms(row), other.mean_ms(row));
  EXPECT_NE(one.mean_ms(row), third.mean_ms(row));
}

}  // namespace
}  // namespace berth::sim
