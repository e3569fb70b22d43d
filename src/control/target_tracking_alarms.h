// The alarms that a target tracking policy makes for itself, and the metrics it can name by a predefined
// type. It defines them; creating and deleting them is the service's work.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/alarm.h"

namespace berth::control {

struct MetricDimension {
  std::string name;
  std::string value;

  bool operator==(const MetricDimension&) const = default;
};

struct ScalingMetric {
  std::string name_space{};
  std::string metric_name{};
  std::vector<MetricDimension> dimensions{};
  std::string statistic = "Average";
  std::string unit{};  // "" when the policy names none
  int period_s = 60;   // 20 for the high-resolution ECS metrics
};

// `resource_id` is `service/<cluster>/<service>`; `resource_label` only for ALBRequestCountPerTarget.
Result<ScalingMetric> predefined_metric(std::string_view type, std::string_view resource_id,
                                        std::string_view resource_label);
// A target can have one target tracking policy per metric; unit and target value do not tell metrics apart.
bool same_metric(const ScalingMetric& a, const ScalingMetric& b);
inline constexpr std::string_view same_metric_message =
    "Only one TargetTrackingScaling policy for a given metric specification is allowed.";

struct TrackingAlarmDefinition {
  std::string name{};
  std::string description{};
  std::string action_arn{};  // the only alarm action; there are no OK or insufficient-data actions
  ScalingMetric metric{};
  AlarmRule rule{};
};

struct TrackingAlarmIds {
  std::string high_uuid;
  std::string low_uuid;
  std::string created_by_uuid;
};

// [AlarmHigh, AlarmLow], or AlarmHigh alone when scale-in is disabled.
std::vector<TrackingAlarmDefinition> tracking_alarms(std::string_view resource_id,
                                                     std::string_view policy_arn, const ScalingMetric& metric,
                                                     double target_value, bool scale_in_disabled,
                                                     const TrackingAlarmIds& ids);

}  // namespace berth::control
