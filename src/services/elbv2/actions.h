// The actions of listeners and rules: checked, with AWS's defaults filled in.
#pragma once

#include <vector>

#include "services/elbv2/resources.h"

namespace berth::elbv2 {

// As the describe calls answer. `balancer` is the one that the listener belongs to; the target groups must be
// there, in its VPC, and belong to no other.
Result<std::vector<Action>> canonical_actions(const Store& store, const LoadBalancerRow& balancer,
                                              const std::optional<std::vector<Action>>& actions);

}  // namespace berth::elbv2
