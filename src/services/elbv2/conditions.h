// The conditions of rules: checked against AWS's limits, in the form in which the describe calls answer.
#pragma once

#include <vector>

#include "services/elbv2/resources.h"

namespace berth::elbv2 {

Result<std::vector<RuleCondition>> canonical_conditions(
    const std::optional<std::vector<RuleCondition>>& conditions);

}  // namespace berth::elbv2
