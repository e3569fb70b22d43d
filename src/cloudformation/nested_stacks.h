// A nested stack's update is complete for good only when its parent's is: until then it waits in
// UPDATE_COMPLETE_CLEANUP_IN_PROGRESS with everything at hand that leads back.
#pragma once

#include "cloudformation/rows.h"
#include "services/context.h"

namespace berth::cloudformation {

// Whether the stack belongs to one whose own update has not ended well yet.
bool is_parent_under_way(const Store& store, const StackRow& stack);
// Whether it has updated itself and waits.
bool awaits_parent(const Store& store, const StackRow& stack);
// Whether something that belongs to the stack has not come to its end.
bool has_busy_children(const Store& store, const StackRow& stack);

// In a transaction. There is no way back from here: what is left is to be cleaned up.
void settle_update(Context& context, StackRow& stack);
// In a transaction: the parent goes back. A stack that the parent's update has not changed stays as it is.
void take_back_update(Context& context, StackRow& stack);

}  // namespace berth::cloudformation
