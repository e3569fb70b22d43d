#include "control/target_tracking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/json.h"
#include "base/text.h"
#include "control/choices.h"

namespace berth::control {

namespace {

double average_of(std::span<const double> values) {
  return average(values.data(), values.size());
}

std::string points_text(std::span<const double> values) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(shortest(value));
  return fmt::format("[{}]", join(texts, ", "));
}

// ": average of [100, 100, 100] = 100 against target 40, ceil(1 running x 100 / 40) = 3"
void add_formula(detail::Reasons& why, const ScalableCapacity& capacity, const TrackingPolicy& policy,
                 const TrackingAlarm& alarm, int wanted) {
  if (!why.wanted()) return;
  const std::string metric = shortest(average_of(alarm.recent_datapoints));
  const std::string target = shortest(policy.target_value);
  why.add(": average of {} = {} against target {}, ceil({} running x {} / {}) = {}",
          points_text(alarm.recent_datapoints), metric, target, capacity.running, metric, target, wanted);
}

int wanted_by(const ScalableCapacity& capacity, const TrackingPolicy& policy, const TrackingAlarm& alarm) {
  return tracked_capacity(capacity.running, average_of(alarm.recent_datapoints), policy.target_value);
}

ScalingDecision scale_out(const ScalableCapacity& capacity, const TrackingPolicy& policy, Time now,
                          detail::Reasons why) {
  // Without a running task there is nothing to multiply: scale out by the least amount.
  const int wanted = std::max(1, wanted_by(capacity, policy, policy.high));
  add_formula(why, capacity, policy, policy.high, wanted);
  return detail::settle_scale_out(capacity, policy.cooldown, wanted, now, std::move(why));
}

// Whether a policy forbids the scale-in: one that may scale in but is not in breach low, or whose own last
// scale-in still holds it back. Otherwise two policies in breach would take two tasks within a minute.
bool vetoed(std::span<const TrackingPolicy> policies, Time now, detail::Reasons& why) {
  for (const auto& policy : policies) {
    if (policy.scale_in_disabled) continue;
    if (policy.low.state != AlarmState::Alarm || policy.low.recent_datapoints.empty()) {
      why.add(": policy {} is not in breach low", policy.name);
      return true;
    }
    if (policy.cooldown.holds_scale_in(now)) {
      why.add(": policy {} is in scale-in cooldown", policy.name);
      return true;
    }
  }
  return false;
}

// A policy with scale-in disabled has no say in scaling in, but while it is in breach high its wish counts.
int largest_wish(const ScalableCapacity& capacity, std::span<const TrackingPolicy> policies,
                 std::span<const Wish> others) {
  int largest = 0;
  for (const auto& policy : policies) {
    if (!policy.scale_in_disabled) {
      largest = std::max(largest, wanted_by(capacity, policy, policy.low));
    } else if (policy.high.state == AlarmState::Alarm && !policy.high.recent_datapoints.empty()) {
      largest = std::max(largest, wanted_by(capacity, policy, policy.high));
    }
  }
  for (const auto& wish : others) largest = std::max(largest, wish.capacity);
  return largest;
}

ScalingDecision scale_in(const ScalableCapacity& capacity, std::span<const TrackingPolicy> policies,
                         const TrackingPolicy& policy, std::span<const Wish> others, Time now,
                         detail::Reasons why) {
  add_formula(why, capacity, policy, policy.low, wanted_by(capacity, policy, policy.low));
  if (policy.scale_in_disabled)
    return detail::nothing(std::move(why.add(": scale-in is disabled for the policy")));
  if (auto refused = detail::refuse_scale_in(capacity, policy.cooldown, now, why)) return *std::move(refused);
  if (vetoed(policies, now, why)) return detail::nothing(std::move(why));
  const int wanted = largest_wish(capacity, policies, others);
  if (wanted >= capacity.desired) {
    return detail::not_scaled(already_at_desired(capacity.desired),
                              std::move(why.add(", fewer tasks would lift it above the target again")));
  }
  // Above the maximum the first scale-in comes down to it; otherwise it goes step by step.
  const int next = capacity.desired > capacity.maximum ? capacity.maximum
                                                       : capacity.desired - scale_in_step(capacity.desired);
  const int bounded = std::clamp(std::max(next, wanted), capacity.minimum, capacity.maximum);
  why.add(", at most {} at a time from the desired {}", scale_in_step(capacity.desired), capacity.desired);
  return detail::set_desired(bounded, std::move(why));
}

}  // namespace

int tracked_capacity(int running, double metric, double target) {
  BERTH_CHECK(target > 0);
  const double exact = running * metric / target;
  const double needed = std::ceil(exact - exact * choice::capacity_rounding_tolerance);
  constexpr double most = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp(needed, 0.0, most));
}

int scale_in_step(int desired) {
  if (desired <= choice::scale_in_by_one_tasks_max) return 1;
  return std::max(1, static_cast<int>(std::floor(desired * choice::scale_in_fraction)));
}

ScalingDecision decide_target_tracking(const ScalableCapacity& capacity,
                                       std::span<const TrackingPolicy> policies, std::size_t acting,
                                       AlarmSide side, std::span<const Wish> others, Time now, Words words) {
  BERTH_CHECK(acting < policies.size());
  const TrackingPolicy& policy = policies[acting];
  const TrackingAlarm& alarm = side == AlarmSide::High ? policy.high : policy.low;
  detail::Reasons why(words);
  why.add("{}", alarm.name);
  if (alarm.state != AlarmState::Alarm) {
    return detail::nothing(std::move(why.add(" is {}: nothing to do", name_of(alarm.state))));
  }
  // No data is never read as low load.
  if (alarm.recent_datapoints.empty()) return detail::nothing(std::move(why.add(": no datapoints")));
  ScalingDecision decision = side == AlarmSide::High
                                 ? scale_out(capacity, policy, now, std::move(why))
                                 : scale_in(capacity, policies, policy, others, now, std::move(why));
  detail::add_cause(decision, words, alarm.name, policy.name);
  return decision;
}

Result<std::vector<double>> datapoints_of(std::string_view state_reason_data, Time now) {
  const auto refused = [](std::string_view what) {
    return Error{"ValidationException", fmt::format("The alarm's StateReasonData {}.", what)};
  };
  json::value data;
  JsonError problem;
  if (!parse_json(state_reason_data, data, problem))
    return refused("must include information: it is no JSON");
  const json::value* points = find(data, "recentDatapoints");
  const auto queried = parse_iso(string_or(data, "queryDate"));
  if (!points || !points->is_array() || points->get_array().empty() || !queried) {
    return refused("must include recentDatapoints and queryDate");
  }
  if (now - *queried > choice::reason_data_age_max) return refused("is outdated");
  std::vector<double> values;
  for (const auto& point : points->get_array()) {
    if (!point.is_number()) return refused("must list numbers in recentDatapoints");
    values.push_back(point.to_number<double>());
  }
  return values;
}

}  // namespace berth::control
