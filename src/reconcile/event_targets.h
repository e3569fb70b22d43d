// Invoking one target of a rule, inside a transaction: an ECS cluster runs a task as the target's role, an
// SNS topic gets a message as its policy allows.
#pragma once

#include "services/context.h"
#include "services/events/rows.h"

namespace berth::reconcile {

// The code of an error that another attempt may not meet; all others stay as they are.
inline constexpr const char* target_busy = "TargetBusy";

Result<> invoke_target(const Context& context, const events::InvocationRow& invocation);

}  // namespace berth::reconcile
