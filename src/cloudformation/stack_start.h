// How operations on a stack begin, whichever request asks for them: the rows are written, the engine does the
// rest.
#pragma once

#include <string>

#include "cloudformation/deployment_request.h"

namespace berth::cloudformation {

// The ARN of a new stack or change set.
std::string new_id(Context& context, std::string_view kind, const std::string& name);

// `LimitExceeded`, `AlreadyExistsException`; the name is free when it succeeds.
Result<> check_new_stack(const Context& context, const std::string& name);
// `Stack:<id> is in <STATE> state and can not be updated.`
Result<> check_updatable(const StackRow& stack);
// AWS never makes a resource of another type out of one.
Result<> check_same_types(const Context& context, const StackRow& stack, const Plan& plan);

// `stack` is in the open transaction's hands.
void begin_creation(Context& context, StackRow& stack, Deployment deployment);
void begin_update(Context& context, StackRow& stack, Deployment deployment);

}  // namespace berth::cloudformation
