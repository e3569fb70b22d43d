// How an operation on a stack goes wrong: what is under way is cancelled and the stack turns to its rollback,
// its deletion or a failed state. The rollback itself is done by deletion.h and restoration.h.
#pragma once

#include <string>

#include "cloudformation/rows.h"
#include "services/context.h"

namespace berth::cloudformation {

// All of these run in an open transaction; `stack` is in its hands.

// `Resource creation cancelled`, `Resource update cancelled`
void cancel_resources(Context& context, StackRow& stack);
// For a creation or an update. An empty cause: the resources that failed.
void fail_operation(Context& context, StackRow& stack, const std::string& cause = {});
void begin_update_rollback(Context& context, StackRow& stack, std::string reason);

// `The following resource(s) failed to <verb>: [A, B]. ` of those in `status`; empty when there are none.
std::string failed_resources(const Context& context, const StackRow& stack, const std::string& status,
                             const std::string& verb);

// The change set that is being executed has led to this; nullptr: forget it.
void end_change_set(Context& context, StackRow& stack, const char* execution_status);

}  // namespace berth::cloudformation
