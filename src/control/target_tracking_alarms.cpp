#include "control/target_tracking_alarms.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "control/choices.h"

namespace berth::control {

namespace {

// 3 minutes up and 15 minutes down, or 1 and 10 with 20-second points.
constexpr int high_periods = 3;
constexpr int low_periods = 15;
constexpr int low_periods_high_resolution = 30;
constexpr int high_resolution_s = 20;

Error validation(std::string message) {
  return {"ValidationException", std::move(message)};
}

Result<ScalingMetric> service_metric(std::string_view resource_id, std::string_view name, int period_s) {
  const auto parts = split(resource_id, '/');
  if (parts.size() != 3 || parts[0] != "service") {
    return validation(fmt::format("Unsupported resource ID for an ECS metric: {}", resource_id));
  }
  return ScalingMetric{"AWS/ECS", std::string(name), {{"ClusterName", parts[1]}, {"ServiceName", parts[2]}},
                       "Average", "Percent",         period_s};
}

// app/<load balancer>/<id>/targetgroup/<target group>/<id>
Result<ScalingMetric> requests_per_target(std::string_view label) {
  if (label.empty()) {
    return validation(
        "Resource label should be specified for predefined metric type ALBRequestCountPerTarget");
  }
  const std::size_t group = label.find("/targetgroup/");
  if (!label.starts_with("app/") || group == std::string_view::npos) {
    return validation(fmt::format("Invalid resource label: {}", label));
  }
  return ScalingMetric{"AWS/ApplicationELB",
                       "RequestCountPerTarget",
                       {{"LoadBalancer", std::string(label.substr(0, group))},
                        {"TargetGroup", std::string(label.substr(group + 1))}},
                       "Sum",
                       "None"};
}

std::vector<MetricDimension> sorted(std::vector<MetricDimension> dimensions) {
  std::sort(dimensions.begin(), dimensions.end(),
            [](const MetricDimension& a, const MetricDimension& b) { return a.name < b.name; });
  return dimensions;
}

}  // namespace

Result<ScalingMetric> predefined_metric(std::string_view type, std::string_view resource_id,
                                        std::string_view resource_label) {
  if (type == "ALBRequestCountPerTarget") return requests_per_target(resource_label);
  if (type == "ECSServiceAverageCPUUtilization") return service_metric(resource_id, "CPUUtilization", 60);
  if (type == "ECSServiceAverageMemoryUtilization")
    return service_metric(resource_id, "MemoryUtilization", 60);
  if (type == "ECSServiceAverageCPUUtilizationHighResolution") {
    return service_metric(resource_id, "CPUUtilization", high_resolution_s);
  }
  if (type == "ECSServiceAverageMemoryUtilizationHighResolution") {
    return service_metric(resource_id, "MemoryUtilization", high_resolution_s);
  }
  return validation(fmt::format("Unsupported predefined metric type for the resource: {}", type));
}

bool same_metric(const ScalingMetric& a, const ScalingMetric& b) {
  return a.name_space == b.name_space && a.metric_name == b.metric_name && a.statistic == b.statistic &&
         a.period_s == b.period_s && sorted(a.dimensions) == sorted(b.dimensions);
}

std::vector<TrackingAlarmDefinition> tracking_alarms(std::string_view resource_id,
                                                     std::string_view policy_arn, const ScalingMetric& metric,
                                                     double target_value, bool scale_in_disabled,
                                                     const TrackingAlarmIds& ids) {
  TrackingAlarmDefinition high;
  high.name = fmt::format("TargetTracking-{}-AlarmHigh-{}", resource_id, ids.high_uuid);
  high.action_arn = fmt::format("{}:createdBy/{}", policy_arn, ids.created_by_uuid);
  high.description =
      fmt::format("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {}.", high.action_arn);
  high.metric = metric;
  high.rule.comparison = Comparison::GreaterThan;
  high.rule.threshold = target_value;
  high.rule.period_s = metric.period_s;
  high.rule.evaluation_periods = high_periods;
  high.rule.statistic = metric.statistic;
  high.rule.unit = metric.unit;
  if (scale_in_disabled) return {high};
  TrackingAlarmDefinition low = high;
  low.name = fmt::format("TargetTracking-{}-AlarmLow-{}", resource_id, ids.low_uuid);
  low.rule.comparison = Comparison::LessThan;
  low.rule.threshold = target_value * choice::low_threshold_factor;
  low.rule.evaluation_periods = metric.period_s < 60 ? low_periods_high_resolution : low_periods;
  return {high, low};
}

}  // namespace berth::control
