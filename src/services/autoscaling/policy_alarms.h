// The alarms of policies: the two that a target tracking policy makes for itself, and the user's own alarms
// that name a step scaling policy as an action.
#pragma once

#include "base/result.h"
#include "services/autoscaling/rows.h"
#include "services/context.h"

namespace berth::autoscaling {

// Makes the alarms of `policy` anew, under new names, and deletes those it had.
Result<> make_alarms(Context& context, ScalingPolicyRow& policy);
// Whether every alarm of the policy still exists.
bool has_its_alarms(const Store& store, const ScalingPolicyRow& policy);

// Deletes the policy's own alarms; from the user's alarms it takes the action. Inside a transaction.
void remove_alarms(Store& store, const ScalingPolicyRow& policy, Time now);

// What DescribeScalingPolicies lists: for a step scaling policy the alarms that call it.
std::vector<Alarm> alarms_of(const Store& store, const ScalingPolicyRow& policy);

}  // namespace berth::autoscaling
