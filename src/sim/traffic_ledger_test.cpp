#include "sim/traffic_ledger.h"

#include <gtest/gtest.h>

namespace berth::sim {
namespace {

struct Books {
  AppModel app;
  LatencyTable table{app, 0.25, 1};
  TrafficLedger ledger{app, table};
};

TEST(ResponseTimes, QuantilesAreWithinABucket) {
  ResponseTimes times;
  EXPECT_EQ(times.quantile_ms(0.5), 0);
  for (int ms = 1; ms <= 1000; ++ms) times.add(ms, 1);
  EXPECT_EQ(times.count(), 1000);
  EXPECT_NEAR(times.quantile_ms(0.5), 500, 10);
  EXPECT_NEAR(times.quantile_ms(0.99), 990, 20);
  ResponseTimes more;
  more.add(100'000'000, 1000);  // beyond the last bucket
  times.add(more);
  EXPECT_NEAR(times.quantile_ms(0.25), 500, 10);
  EXPECT_GT(times.quantile_ms(0.9), 100'000);
  times.clear();
  EXPECT_EQ(times.quantile_ms(0.9), 0);
}

TEST(TrafficLedger, CountsExactTimes) {
  Books books;
  for (const double ms : {10.0, 20.0, 600.0}) {
    books.ledger.now().requests += 1;
    books.ledger.answer(ms);
  }
  books.ledger.now().requests += 1;
  books.ledger.now().failed_503 += 1;
  const auto minute = books.ledger.close_minute();
  EXPECT_EQ(minute.counts.requests, 4);
  EXPECT_EQ(minute.counts.answered(), 3);
  EXPECT_EQ(minute.counts.late, 1);
  EXPECT_EQ(minute.counts.time_ms_sum, 630);
  EXPECT_NEAR(minute.p50_ms, 20, 0.4);
  EXPECT_NEAR(minute.p99_ms, 600, 12);
  EXPECT_EQ(books.ledger.close_minute().counts.requests, 0);
  EXPECT_EQ(books.ledger.total().requests, 4);
  EXPECT_EQ(books.ledger.all_times().count(), 3);
}

TEST(TrafficLedger, RowsOfTheTableAndWaits) {
  Books books;
  const int row = LatencyTable::row_of(0.5, 1);
  books.ledger.now().requests += 30;
  books.ledger.answer(row, 0, 20);
  books.ledger.answer(row, 1000, 10);
  const auto minute = books.ledger.close_minute();
  EXPECT_NEAR(minute.counts.time_ms_sum, 30 * books.table.mean_ms(row) + 10'000, 1e-6);
  EXPECT_NEAR(minute.counts.late, 10 + 20 * books.table.later_than(row, books.app.objective_ms), 1e-9);
  EXPECT_GT(minute.p95_ms, 1000);
  EXPECT_LT(minute.p50_ms, 200);
  EXPECT_NEAR(books.ledger.all_times().count(), 30, 1e-9);
}

TEST(TrafficLedger, AQuietMinuteHasTheRowsOwnQuantiles) {
  Books books;
  const int row = LatencyTable::row_of(0.7, 1);
  books.ledger.now().requests += 100;
  books.ledger.answer(row, 0, 60);
  books.ledger.answer(row, 0, 40);
  const auto minute = books.ledger.close_minute();
  EXPECT_EQ(minute.p95_ms, books.table.quantile_ms(row, 380));
  EXPECT_NEAR(books.ledger.all_times().quantile_ms(0.95), minute.p95_ms, 0.05 * minute.p95_ms);
  double described = 0;
  for (const auto& point : books.ledger.last_times()) described += point.weight;
  EXPECT_NEAR(described, 100, 1e-9);
  (void)books.ledger.close_minute();
  EXPECT_TRUE(books.ledger.last_times().empty());
}

}  // namespace
}  // namespace berth::sim
