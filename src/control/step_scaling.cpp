#include "control/step_scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace berth::control {

namespace {

Error refused(std::string_view what) {
  return {"ValidationException", std::string(what)};
}

double aggregate(MetricAggregation aggregation, std::span<const double> values) {
  switch (aggregation) {
    case MetricAggregation::Average:
      return average(values.data(), values.size());
    case MetricAggregation::Minimum:
      return *std::min_element(values.begin(), values.end());
    case MetricAggregation::Maximum:
      return *std::max_element(values.begin(), values.end());
  }
  return 0;
}

// On the threshold itself the alarm's direction decides which of its sides it belongs to.
bool lies_above(double difference, Comparison comparison) {
  if (difference != 0) return difference > 0;
  return comparison == Comparison::GreaterThan || comparison == Comparison::GreaterThanOrEqual;
}

// Above the threshold the lower bound is inclusive, below it the upper one.
bool contains(const StepAdjustment& step, double difference, bool above) {
  if (step.lower_bound && (above ? difference < *step.lower_bound : difference <= *step.lower_bound))
    return false;
  return !step.upper_bound || (above ? difference < *step.upper_bound : difference <= *step.upper_bound);
}

ScalingDecision scale_in(const ScalableCapacity& capacity, const StepPolicy& policy, int wanted,
                         std::span<const Wish> others, Time now, detail::Reasons why) {
  if (auto no = detail::refuse_scale_in(capacity, policy.cooldown, now, why)) return *std::move(no);
  for (const auto& wish : others) {
    if (wish.capacity < capacity.desired) {
      wanted = std::max(wanted, wish.capacity);
      continue;
    }
    return detail::nothing(std::move(why.add(": policy {} wants {}", wish.policy, wish.capacity)));
  }
  return detail::set_desired(std::clamp(wanted, capacity.minimum, capacity.maximum), std::move(why));
}

}  // namespace

std::optional<AdjustmentType> parse_adjustment_type(std::string_view name) {
  if (name == "ChangeInCapacity") return AdjustmentType::ChangeInCapacity;
  if (name == "ExactCapacity") return AdjustmentType::ExactCapacity;
  if (name == "PercentChangeInCapacity") return AdjustmentType::PercentChangeInCapacity;
  return std::nullopt;
}

std::optional<MetricAggregation> parse_metric_aggregation(std::string_view name) {
  if (name.empty() || name == "Average") return MetricAggregation::Average;
  if (name == "Minimum") return MetricAggregation::Minimum;
  if (name == "Maximum") return MetricAggregation::Maximum;
  return std::nullopt;
}

Result<> validate_steps(const StepPolicy& policy) {
  if (policy.steps.empty()) return refused("StepAdjustments must be specified for step scaling policies");
  if (policy.steps.size() > step_adjustments_max)
    return refused("A policy can have at most 20 step adjustments");
  if (policy.minimum_magnitude != 0 && policy.type != AdjustmentType::PercentChangeInCapacity) {
    return refused("MinAdjustmentMagnitude is only valid for the adjustment type PercentChangeInCapacity");
  }
  auto steps = policy.steps;
  // An open lower bound comes first; whatever is then not contiguous overlaps or leaves a gap.
  std::sort(steps.begin(), steps.end(), [](const StepAdjustment& a, const StepAdjustment& b) {
    return a.lower_bound.value_or(-HUGE_VAL) < b.lower_bound.value_or(-HUGE_VAL);
  });
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& step = steps[i];
    if (!step.lower_bound && !step.upper_bound) {
      return refused(
          "At least one of MetricIntervalLowerBound and MetricIntervalUpperBound must be specified");
    }
    if (step.lower_bound && step.upper_bound && *step.lower_bound >= *step.upper_bound) {
      return refused("MetricIntervalUpperBound must be greater than MetricIntervalLowerBound");
    }
    if (policy.type == AdjustmentType::ExactCapacity && step.adjustment < 0) {
      return refused("ScalingAdjustment must not be negative for the adjustment type ExactCapacity");
    }
    if (i == 0) continue;
    const auto& before = steps[i - 1];
    if (!step.lower_bound) return refused("At most one step adjustment can have no lower bound");
    if (!before.upper_bound) return refused("At most one step adjustment can have no upper bound");
    if (*step.lower_bound < *before.upper_bound) return refused("Step adjustment intervals can't overlap");
    if (*step.lower_bound > *before.upper_bound) return refused("Step adjustment intervals can't have a gap");
  }
  if (steps.front().lower_bound && *steps.front().lower_bound < 0) {
    return refused("With a negative lower bound, one step adjustment must have no lower bound");
  }
  if (steps.back().upper_bound && *steps.back().upper_bound > 0) {
    return refused("With a positive upper bound, one step adjustment must have no upper bound");
  }
  return {};
}

const StepAdjustment* step_for(const StepPolicy& policy, double metric, double threshold,
                               Comparison comparison) {
  const double difference = metric - threshold;
  const bool above = lies_above(difference, comparison);
  for (const auto& step : policy.steps) {
    if (contains(step, difference, above)) return &step;
  }
  return nullptr;
}

int percent_change(int running, int percent) {
  const std::int64_t hundredths = std::int64_t{running} * percent;
  if (hundredths == 0) return 0;
  if (std::abs(hundredths) < 100) return hundredths > 0 ? 1 : -1;
  return static_cast<int>(hundredths / 100);
}

int adjusted_capacity(const StepPolicy& policy, int adjustment, int running) {
  int change = adjustment;
  switch (policy.type) {
    case AdjustmentType::ExactCapacity:
      return adjustment;
    case AdjustmentType::ChangeInCapacity:
      break;
    case AdjustmentType::PercentChangeInCapacity:
      change = percent_change(running, adjustment);
      if (adjustment != 0 && std::abs(change) < policy.minimum_magnitude) {
        change = adjustment > 0 ? policy.minimum_magnitude : -policy.minimum_magnitude;
      }
      break;
  }
  return std::max(0, running + change);
}

std::optional<int> step_wish(const ScalableCapacity& capacity, const StepPolicy& policy,
                             const StepAlarm& alarm) {
  if (alarm.state != AlarmState::Alarm || alarm.recent_datapoints.empty()) return std::nullopt;
  const double metric = aggregate(policy.aggregation, alarm.recent_datapoints);
  const StepAdjustment* step = step_for(policy, metric, alarm.threshold, alarm.comparison);
  if (!step) return std::nullopt;
  const int wanted = adjusted_capacity(policy, step->adjustment, capacity.running);
  return std::clamp(wanted, capacity.minimum, capacity.maximum);
}

ScalingDecision decide_step_scaling(const ScalableCapacity& capacity, const StepPolicy& policy,
                                    const StepAlarm& alarm, std::span<const Wish> others, Time now, Words words) {
  detail::Reasons why(words);
  why.add("{}", alarm.name);
  if (alarm.state != AlarmState::Alarm) {
    return detail::nothing(std::move(why.add(" is {}: nothing to do", name_of(alarm.state))));
  }
  if (alarm.recent_datapoints.empty()) return detail::nothing(std::move(why.add(": no datapoints")));
  const double metric = aggregate(policy.aggregation, alarm.recent_datapoints);
  if (why.wanted()) {
    why.add(": metric {} is {} from the threshold {}", shortest(metric), shortest(metric - alarm.threshold),
            shortest(alarm.threshold));
  }
  const StepAdjustment* step = step_for(policy, metric, alarm.threshold, alarm.comparison);
  if (!step) return detail::nothing(std::move(why.add(": in no step")));
  const int wanted = adjusted_capacity(policy, step->adjustment, capacity.running);
  why.add(", step {:+} on {} running = {}", step->adjustment, capacity.running, wanted);
  ScalingDecision decision;
  if (wanted > capacity.desired) {
    decision = detail::settle_scale_out(capacity, policy.cooldown, wanted, now, std::move(why));
  } else if (wanted < capacity.desired) {
    decision =
        wanted < capacity.running || step->adjustment < 0
            ? scale_in(capacity, policy, wanted, others, now, std::move(why))
            // Less than what is desired only because tasks are still pending: a scale-out done already.
            : detail::not_scaled(already_at_desired(capacity.desired), std::move(why));
  } else {
    decision = detail::not_scaled(already_at_desired(capacity.desired), std::move(why));
  }
  detail::add_cause(decision, words, alarm.name, policy.name);
  return decision;
}

}  // namespace berth::control
