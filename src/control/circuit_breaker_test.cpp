#include "control/circuit_breaker.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

const Time noon = from_unix_seconds(1'000'000);

TEST(CircuitBreaker, Thresholds) {
  CircuitBreaker breaker{true};
  for (const auto& [desired, expected] :
       {std::pair{1, 3}, {6, 3}, {7, 4}, {25, 13}, {400, 200}, {1000, 200}}) {
    EXPECT_EQ(failure_threshold(breaker, desired), expected) << desired;
  }
  breaker.threshold_type = ThresholdType::UnboundedPercent;
  EXPECT_EQ(failure_threshold(breaker, 1), 1);
  EXPECT_EQ(failure_threshold(breaker, 1000), 500);
  breaker.threshold_type = ThresholdType::Count;
  breaker.threshold_value = 7;
  EXPECT_EQ(failure_threshold(breaker, 1000), 7);
  EXPECT_EQ(name_of(ThresholdType::UnboundedPercent), "UNBOUNDED_PERCENT");
  EXPECT_EQ(parse_threshold_type("COUNT"), ThresholdType::Count);
}

TEST(CircuitBreaker, TripsOnConsecutiveFailuresOnly) {
  const CircuitBreaker breaker{true, true};
  FailureCount failures;
  count_failed_start(failures, noon);
  count_failed_start(failures, noon);
  EXPECT_FALSE(tripped(breaker, failures, 1));
  count_healthy(failures, breaker);
  EXPECT_EQ(failures.failed_tasks, 0);
  for (int i = 0; i < 3; ++i) count_failed_run(failures, false, noon);
  EXPECT_TRUE(tripped(breaker, failures, 1));
  EXPECT_FALSE(tripped(CircuitBreaker{}, failures, 1));
  CircuitBreaker keeping{true};
  keeping.reset_on_healthy_task = false;
  count_healthy(failures, keeping);
  EXPECT_EQ(failures.failed_tasks, 3);
}

TEST(CircuitBreaker, BackOffGrowsTo15Minutes) {
  const double seconds[] = {0, 10, 20, 40, 80, 160, 320, 640, 900, 900};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(start_backoff(i), Duration::seconds(seconds[i])) << i;
  EXPECT_EQ(start_backoff(1000), Duration::minutes(15));
}

TEST(CircuitBreaker, TasksThatFailTogetherAreOneRound) {
  FailureCount failures;
  for (int i = 0; i < 10; ++i) count_failed_start(failures, noon + Duration::seconds(i * 0.1));
  EXPECT_EQ(failures.failed_tasks, 10);
  EXPECT_EQ(failures.failed_rounds, 1);
  EXPECT_EQ(failures.retry_at, noon + Duration::seconds(10));
  count_failed_start(failures, noon + Duration::seconds(12));
  EXPECT_EQ(failures.retry_at, noon + Duration::seconds(32));
  EXPECT_FALSE(cannot_start_consistently(failures));
  count_failed_start(failures, noon + Duration::seconds(33));
  EXPECT_TRUE(cannot_start_consistently(failures));
  count_running(failures);
  EXPECT_FALSE(failures.retry_at);
  EXPECT_EQ(failures.failed_rounds, 0);
}

TEST(CircuitBreaker, CrashesAreSpacedButNotThrottled) {
  FailureCount failures;
  for (int i = 0; i < 20; ++i) {
    const Time now = noon + Duration::minutes(i);
    count_running(failures);
    count_failed_run(failures, true, now);
    EXPECT_EQ(failures.retry_at, now + Duration::seconds(10));
  }
}

}  // namespace
}  // namespace berth::control
