// Changes of status with the event that tells of each: nothing else writes a stack's or a resource's status.
// It does not decide what follows from a status.
#pragma once

#include <string>
#include <string_view>

#include "cloudformation/rows.h"
#include "services/context.h"

namespace berth::cloudformation {

inline constexpr std::string_view stack_type = "AWS::CloudFormation::Stack";
inline constexpr const char* user_initiated = "User Initiated";

// The rows must be in an open transaction's hands (Store::edit, or about to be put).
void set_stack_status(Context& context, StackRow& stack, std::string status, std::string reason = {});
void set_resource_status(Context& context, StackRow& stack, StackResourceRow& resource, std::string status,
                         std::string reason = {});

// A new operation id and start; `type` as DescribeEvents spells it.
void begin_operation(Context& context, StackRow& stack, std::string type);

}  // namespace berth::cloudformation
