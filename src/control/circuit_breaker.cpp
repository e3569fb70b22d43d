#include "control/circuit_breaker.h"

#include <algorithm>
#include <array>
#include <utility>

#include "control/choices.h"

namespace berth::control {

namespace {

constexpr int bounded_threshold_min = 3;
constexpr int bounded_threshold_max = 200;

constexpr std::array<std::pair<ThresholdType, std::string_view>, 3> type_names{
    {{ThresholdType::BoundedPercent, "BOUNDED_PERCENT"},
     {ThresholdType::UnboundedPercent, "UNBOUNDED_PERCENT"},
     {ThresholdType::Count, "COUNT"}}};

}  // namespace

std::string_view name_of(ThresholdType type) {
  return type_names[static_cast<std::size_t>(type)].second;
}

std::optional<ThresholdType> parse_threshold_type(std::string_view name) {
  for (const auto& [type, text] : type_names) {
    if (text == name) return type;
  }
  return std::nullopt;
}

int failure_threshold(const CircuitBreaker& breaker, int desired) {
  if (breaker.threshold_type == ThresholdType::Count) return breaker.threshold_value;
  const int share = (desired * breaker.threshold_value + 99) / 100;
  if (breaker.threshold_type == ThresholdType::UnboundedPercent) return std::max(1, share);
  return std::clamp(share, bounded_threshold_min, bounded_threshold_max);
}

bool tripped(const CircuitBreaker& breaker, const FailureCount& failures, int desired) {
  return breaker.enable && failures.failed_tasks >= failure_threshold(breaker, desired);
}

bool cannot_start_consistently(const FailureCount& failures) {
  return failures.failed_rounds >= choice::failed_rounds_until_event;
}

void count_failed_start(FailureCount& failures, Time now) {
  ++failures.failed_tasks;
  if (failures.retry_at && now < *failures.retry_at) return;
  ++failures.failed_rounds;
  failures.retry_at = now + start_backoff(failures.failed_rounds);
}

void count_failed_run(FailureCount& failures, bool crashed, Time now) {
  ++failures.failed_tasks;
  if (crashed) failures.retry_at = now + choice::crash_replacement_gap;
}

void count_running(FailureCount& failures) {
  failures.failed_rounds = 0;
  failures.retry_at.reset();
}

void count_healthy(FailureCount& failures, const CircuitBreaker& breaker) {
  count_running(failures);
  if (breaker.reset_on_healthy_task) failures.failed_tasks = 0;
}

Duration start_backoff(int failed_rounds) {
  Duration delay{};
  for (int i = 0; i < failed_rounds && delay < choice::start_backoff_max; ++i) {
    delay = i == 0 ? choice::start_backoff_first : delay * 2;
  }
  return std::min(delay, choice::start_backoff_max);
}

}  // namespace berth::control
