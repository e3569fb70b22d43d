#include "services/autoscaling/policy_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "services/autoscaling/names.h"
#include "services/ecs/monitoring.h"
#include "services/lists.h"

namespace berth::autoscaling {

namespace {

using services::list_of;

constexpr int metric_math_period_s = 60;
constexpr std::int64_t adjustment_max = 1'000'000;

Result<> check_not_negative(const std::optional<std::int64_t>& value, std::string_view member) {
  if (value.value_or(0) >= 0) return {};
  return validation(
      fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: "
                  "Member must have value greater than or equal to 0",
                  *value, member));
}

control::StepPolicy convert(const StepScalingPolicyConfiguration& config) {
  control::StepPolicy policy;
  policy.type = control::parse_adjustment_type(config.adjustment_type.value_or(""))
                    .value_or(control::AdjustmentType::ChangeInCapacity);
  policy.minimum_magnitude = static_cast<int>(config.min_adjustment_magnitude.value_or(0));
  policy.aggregation = control::parse_metric_aggregation(config.metric_aggregation_type.value_or(""))
                           .value_or(control::MetricAggregation::Average);
  for (const auto& step : list_of(config.step_adjustments)) {
    policy.steps.push_back({step.metric_interval_lower_bound, step.metric_interval_upper_bound,
                            static_cast<int>(step.scaling_adjustment.value_or(0))});
  }
  return policy;
}

Result<TrackedMetric> metric_math(const std::vector<TargetTrackingMetricDataQuery>& queries) {
  TrackedMetric tracked;
  for (const auto& query : queries) {
    cloudwatch::MetricDataQuery out;
    out.id = query.id;
    out.expression = query.expression;
    out.label = query.label;
    out.return_data = query.return_data.value_or(true);
    if (query.metric_stat && query.metric_stat->metric) {
      const auto& metric = *query.metric_stat->metric;
      auto& stat = out.metric_stat.emplace();
      stat.period = metric_math_period_s;
      stat.stat = query.metric_stat->stat;
      stat.unit = query.metric_stat->unit;
      stat.metric.emplace();
      stat.metric->namespace_ = metric.namespace_;
      stat.metric->metric_name = metric.metric_name;
      stat.metric->dimensions.emplace();
      for (const auto& dimension : list_of(metric.dimensions)) {
        stat.metric->dimensions->push_back({dimension.name, dimension.value});
      }
    } else if (!query.expression) {
      return validation("Each metric data query must have either an Expression or a MetricStat");
    }
    tracked.queries.push_back(std::move(out));
  }
  const auto returning = std::count_if(tracked.queries.begin(), tracked.queries.end(),
                                       [](const auto& query) { return *query.return_data; });
  if (returning != 1) return validation("Exactly one element of the metrics list should return data");
  return tracked;
}

Result<TrackedMetric> customized(const CustomizedMetricSpecification& specification) {
  if (!list_of(specification.metrics).empty()) {
    if (specification.metric_name || specification.namespace_ || specification.statistic) {
      return validation(
          "Metrics and MetricName, Namespace or Statistic cannot be specified at the same time");
    }
    return metric_math(*specification.metrics);
  }
  if (!specification.metric_name || !specification.namespace_ || !specification.statistic) {
    return validation("MetricName, Namespace and Statistic must be specified for a customized metric");
  }
  TrackedMetric tracked;
  tracked.metric.name_space = *specification.namespace_;
  tracked.metric.metric_name = *specification.metric_name;
  tracked.metric.statistic = *specification.statistic;
  tracked.metric.unit = specification.unit.value_or("");
  for (const auto& dimension : list_of(specification.dimensions)) {
    tracked.metric.dimensions.push_back({dimension.name.value_or(""), dimension.value.value_or("")});
  }
  return tracked;
}

// The target group of a resource label must be one that the service registers its tasks in.
Result<> check_target_group(const Store& store, const control::ScalingMetric& metric,
                            const std::string& resource_id) {
  const auto group = std::find_if(metric.dimensions.begin(), metric.dimensions.end(),
                                  [](const auto& dimension) { return dimension.name == "TargetGroup"; });
  if (metric.name_space != "AWS/ApplicationELB" || group == metric.dimensions.end()) return {};
  const auto* service = store.find<ecs::ServiceRow>(service_key(resource_id));
  if (service && std::any_of(service->load_balancers.begin(), service->load_balancers.end(),
                             [&](const ecs::LoadBalancer& balancer) {
                               return balancer.target_group_arn.value_or("").ends_with(":" + group->value);
                             })) {
    return {};
  }
  return validation(fmt::format("Target group {} is not attached to resource {}", group->value, resource_id));
}

Result<> check_metric(const Store& store, const TargetTrackingScalingPolicyConfiguration& config,
                      const TrackedMetric& tracked, const std::string& resource_id) {
  if (!config.predefined_metric_specification) return {};
  if (tracked.metric.period_s < 60) {
    const auto* service = store.find<ecs::ServiceRow>(service_key(resource_id));
    if (!service || !ecs::publishes_every(*service, tracked.metric.metric_name, tracked.metric.period_s))
      return validation("High-resolution metrics are not fully enabled on the ECS service.");
  }
  return check_target_group(store, tracked.metric, resource_id);
}

}  // namespace

control::StepPolicy step_policy_of(const ScalingPolicyRow& policy) {
  control::StepPolicy out = convert(*policy.step);
  out.name = policy.name;
  out.cooldown = policy.cooldown;
  return out;
}

Result<> check_step(const StepScalingPolicyConfiguration& config) {
  if (!config.adjustment_type)
    return validation("AdjustmentType must be specified for step scaling policies");
  if (auto checked = check_not_negative(config.cooldown, "stepScalingPolicyConfiguration.cooldown");
      !checked) {
    return checked;
  }
  for (const auto& step : list_of(config.step_adjustments)) {
    if (std::abs(step.scaling_adjustment.value_or(0)) > adjustment_max) {
      return validation("ScalingAdjustment is out of range");
    }
  }
  return control::validate_steps(convert(config));
}

Result<TrackedMetric> tracked_metric(const TargetTrackingScalingPolicyConfiguration& config,
                                     const std::string& resource_id) {
  const auto& predefined = config.predefined_metric_specification;
  if (predefined.has_value() == config.customized_metric_specification.has_value()) {
    return validation(
        "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified");
  }
  if (!predefined) return customized(*config.customized_metric_specification);
  auto metric = control::predefined_metric(predefined->predefined_metric_type.value_or(""), resource_id,
                                           predefined->resource_label.value_or(""));
  if (!metric) return metric.error();
  return TrackedMetric{*std::move(metric), {}};
}

bool same_tracked_metric(const TrackedMetric& a, const TrackedMetric& b) {
  if (a.queries.empty() && b.queries.empty()) return control::same_metric(a.metric, b.metric);
  return row_codec::write(a.queries) == row_codec::write(b.queries);
}

Result<> check_tracking(const Store& store, const TargetTrackingScalingPolicyConfiguration& config,
                        const std::string& resource_id, const std::string& policy_name) {
  const double target = config.target_value.value_or(0);
  if (!(target > 0) || !std::isfinite(target)) return validation("TargetValue must be greater than 0");
  for (const auto* cooldown : {&config.scale_out_cooldown, &config.scale_in_cooldown}) {
    const auto checked = check_not_negative(
        *cooldown, cooldown == &config.scale_out_cooldown ? "scaleOutCooldown" : "scaleInCooldown");
    if (!checked) return checked;
  }
  const auto tracked = tracked_metric(config, resource_id);
  if (!tracked) return tracked.error();
  if (auto checked = check_metric(store, config, *tracked, resource_id); !checked) return checked;
  for (const auto* entry : store.rows_of<ScalingPolicyRow>(resource_id)) {
    const auto& other = entry->second;
    if (other.name == policy_name || !other.tracking) continue;
    const auto theirs = tracked_metric(*other.tracking, resource_id);
    if (theirs && same_tracked_metric(*tracked, *theirs)) {
      return validation(std::string(control::same_metric_message));
    }
  }
  return {};
}

}  // namespace berth::autoscaling
