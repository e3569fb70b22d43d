// Step scaling: what a step policy may look like, and what an alarm's metric makes of it. The alarm belongs
// to the user; this file knows only its threshold and comparison.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/alarm.h"
#include "control/scaling.h"

namespace berth::control {

enum class AdjustmentType { ChangeInCapacity, ExactCapacity, PercentChangeInCapacity };
std::optional<AdjustmentType> parse_adjustment_type(std::string_view name);

enum class MetricAggregation { Average, Minimum, Maximum };
std::optional<MetricAggregation> parse_metric_aggregation(std::string_view name);  // "" is Average

// Bounds are relative to the alarm's threshold; an absent one is infinite.
struct StepAdjustment {
  std::optional<double> lower_bound{};
  std::optional<double> upper_bound{};
  int adjustment = 0;
};

struct StepPolicy {
  std::string_view name{};
  AdjustmentType type = AdjustmentType::ChangeInCapacity;
  std::vector<StepAdjustment> steps{};
  int minimum_magnitude = 0;  // MinAdjustmentMagnitude, for percent only
  MetricAggregation aggregation = MetricAggregation::Average;
  Cooldown cooldown{};
};

inline constexpr int step_adjustments_max = 20;
Result<> validate_steps(const StepPolicy& policy);

// The step that `metric` falls into; null when it lies in none.
const StepAdjustment* step_for(const StepPolicy& policy, double metric, double threshold,
                               Comparison comparison);
// The capacity that a step makes of `running` tasks, before limits.
int adjusted_capacity(const StepPolicy& policy, int adjustment, int running);
// A percentage as a number of tasks: beyond 1 towards zero, below 1 always one.
int percent_change(int running, int percent);

struct StepAlarm {
  std::string_view name{};
  AlarmState state = AlarmState::InsufficientData;
  Comparison comparison = Comparison::GreaterThan;
  double threshold = 0;
  std::span<const double> recent_datapoints{};
};

// Called when the policy's alarm enters ALARM and every minute while it stays there.
// `others`: what other policies in breach compute; the largest capacity wins, so a scale-in never goes below
// it.
ScalingDecision decide_step_scaling(const ScalableCapacity& capacity, const StepPolicy& policy,
                                    const StepAlarm& alarm, std::span<const Wish> others, Time now,
                                    Words words = Words::Wanted);
// What the policy computes now, within the target's limits; nullopt when it is not in breach.
std::optional<int> step_wish(const ScalableCapacity& capacity, const StepPolicy& policy,
                             const StepAlarm& alarm);

}  // namespace berth::control
