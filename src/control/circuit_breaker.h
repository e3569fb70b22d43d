// Counting a deployment's failed tasks: the circuit breaker's threshold, and how long the next start has to
// wait. What follows from a tripped breaker is deployment.h.
#pragma once

#include <optional>
#include <string_view>

#include "loop/time.h"

namespace berth::control {

enum class ThresholdType { BoundedPercent, UnboundedPercent, Count };
std::string_view name_of(ThresholdType type);
std::optional<ThresholdType> parse_threshold_type(std::string_view name);

struct CircuitBreaker {
  bool enable = false;
  bool rollback = false;
  bool reset_on_healthy_task = true;
  ThresholdType threshold_type = ThresholdType::BoundedPercent;
  int threshold_value = 50;
};

// Failed tasks that trip the breaker: half the desired count, rounded up, between 3 and 200 by default.
int failure_threshold(const CircuitBreaker& breaker, int desired);

// Kept with the deployment's row.
struct FailureCount {
  int failed_tasks = 0;            // consecutive, as DescribeServices shows it
  int failed_rounds = 0;           // consecutive rounds of starts in which no task reached RUNNING
  std::optional<Time> retry_at{};  // no task is started before
};

bool tripped(const CircuitBreaker& breaker, const FailureCount& failures, int desired);
bool cannot_start_consistently(const FailureCount& failures);  // time for that event

// A task never reached RUNNING. Those that fail before `retry_at` belong to the same round.
void count_failed_start(FailureCount& failures, Time now);
// A task was RUNNING, but stopped by itself (`crashed`) or failed its health checks before it was ever
// healthy.
void count_failed_run(FailureCount& failures, bool crashed, Time now);
void count_running(FailureCount& failures);
void count_healthy(FailureCount& failures, const CircuitBreaker& breaker);

// After this many rounds: 10 s, doubled each time, 15 minutes at most.
Duration start_backoff(int failed_rounds);

}  // namespace berth::control
