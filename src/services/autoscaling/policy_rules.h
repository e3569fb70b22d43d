// Policies as the rules in src/control know them, and what a request may ask for in one.
#pragma once

#include <vector>

#include "base/result.h"
#include "control/step_scaling.h"
#include "control/target_tracking_alarms.h"
#include "model/cloudwatch.h"
#include "services/autoscaling/rows.h"

namespace berth::autoscaling {

control::StepPolicy step_policy_of(const ScalingPolicyRow& policy);
Result<> check_step(const StepScalingPolicyConfiguration& config);

// What a target tracking policy watches: one metric, or (then `queries` is not empty) metric math.
struct TrackedMetric {
  control::ScalingMetric metric;
  std::vector<cloudwatch::MetricDataQuery> queries;
};
Result<TrackedMetric> tracked_metric(const TargetTrackingScalingPolicyConfiguration& config,
                                     const std::string& resource_id);
bool same_tracked_metric(const TrackedMetric& a, const TrackedMetric& b);

// The whole configuration, against the store: the metric's own conditions and the target's other policies.
Result<> check_tracking(const Store& store, const TargetTrackingScalingPolicyConfiguration& config,
                        const std::string& resource_id, const std::string& policy_name);

}  // namespace berth::autoscaling
