// Parameters whose type names a resource of EC2: whether it exists. CloudFormation takes a request with any
// value and looks when it starts on the stack; constraints are checked in template/parameters.h.
#pragma once

#include "cloudformation/plan.h"

namespace berth::cloudformation {

// The error tells of the first value that names nothing.
Result<> check_named_resources(const Store& store, const Settings& settings, const Plan& plan);

}  // namespace berth::cloudformation
