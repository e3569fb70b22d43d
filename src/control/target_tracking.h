// Target tracking: from an alarm of the policy and its datapoints to a desired count. The policy's alarms are
// defined in target_tracking_alarms.h; ordering the count and writing the record is the reconciler's work.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/alarm.h"
#include "control/scaling.h"

namespace berth::control {

enum class AlarmSide { High, Low };

struct TrackingAlarm {
  std::string_view name{};
  AlarmState state = AlarmState::InsufficientData;
  // Freshly evaluated, oldest first (control::recent_datapoints). Empty when the metric is missing.
  std::span<const double> recent_datapoints{};
};

struct TrackingPolicy {
  std::string_view name{};
  double target_value = 0;
  bool scale_in_disabled = false;  // then there is no AlarmLow
  Cooldown cooldown{};
  TrackingAlarm high{};
  TrackingAlarm low{};
};

// Called when an alarm of `policies[acting]` enters ALARM and every minute while it stays there.
// `policies`: all target tracking policies of the target; scaling in needs every one that may scale in to
// want it. `others`: what step scaling policies in breach compute; a scale-in never goes below the largest.
ScalingDecision decide_target_tracking(const ScalableCapacity& capacity,
                                       std::span<const TrackingPolicy> policies, std::size_t acting,
                                       AlarmSide side, std::span<const Wish> others, Time now,
                                       Words words = Words::Wanted);

// ceil(running x metric / target): what would bring the metric to the target.
int tracked_capacity(int running, double metric, double target);
// How many tasks one scale-in takes from `desired`.
int scale_in_step(int desired);

// The datapoints of a StateReasonData that came with SetAlarmState: refused when absent, malformed or
// outdated.
Result<std::vector<double>> datapoints_of(std::string_view state_reason_data, Time now);

}  // namespace berth::control
