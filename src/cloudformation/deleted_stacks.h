// Deleted stacks are kept for as long as AWS shows them, then forgotten with all their rows.
#pragma once

#include "cloudformation/rows.h"

namespace berth::cloudformation {

// AWS: "deleted stacks are displayed for 90 days".
inline constexpr Duration deleted_stack_kept = Duration::minutes(90 * 24 * 60);

// Opens a transaction of its own.
Result<> forget_deleted_stacks(Store& store, Time now);

}  // namespace berth::cloudformation
