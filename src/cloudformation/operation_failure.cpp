#include "cloudformation/operation_failure.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"

namespace berth::cloudformation {
namespace {

std::string failures_of(const Context& context, const StackRow& stack) {
  return failed_resources(context, stack, "CREATE_FAILED", "create") +
         failed_resources(context, stack, "UPDATE_FAILED", "update");
}

void fail_creation(Context& context, StackRow& stack, const std::string& cause) {
  if (stack.disable_rollback || stack.on_failure == "DO_NOTHING") {
    end_change_set(context, stack, "EXECUTE_FAILED");
    return set_stack_status(context, stack, "CREATE_FAILED", cause);
  }
  begin_operation(context, stack, stack.on_failure == "DELETE" ? "DELETE_STACK" : "ROLLBACK");
  if (stack.on_failure == "DELETE") {
    return set_stack_status(context, stack, "DELETE_IN_PROGRESS", cause + "Delete requested by user.");
  }
  set_stack_status(context, stack, "ROLLBACK_IN_PROGRESS", cause + "Rollback requested by user.");
}

}  // namespace

void cancel_resources(Context& context, StackRow& stack) {
  for (const auto* row : resources_of(context.store, stack.id)) {
    const bool creating = row->status == "CREATE_IN_PROGRESS";
    if (!creating && row->status != "UPDATE_IN_PROGRESS") continue;
    auto& resource = *context.store.edit<StackResourceRow>(row->key());
    set_resource_status(context, stack, resource, creating ? "CREATE_FAILED" : "UPDATE_FAILED",
                        creating ? "Resource creation cancelled" : "Resource update cancelled");
  }
}

void fail_operation(Context& context, StackRow& stack, const std::string& cause) {
  cancel_resources(context, stack);
  const bool creating = stack.status == "CREATE_IN_PROGRESS";
  if (creating) {
    return fail_creation(context, stack, cause.empty() ? failures_of(context, stack) : cause + ". ");
  }
  const std::string reason = cause.empty() ? failures_of(context, stack) : cause;
  if (!stack.disable_rollback) return begin_update_rollback(context, stack, reason);
  end_change_set(context, stack, "EXECUTE_FAILED");
  set_stack_status(context, stack, "UPDATE_FAILED", reason);
}

void begin_update_rollback(Context& context, StackRow& stack, std::string reason) {
  cancel_resources(context, stack);
  begin_operation(context, stack, "ROLLBACK");
  set_stack_status(context, stack, "UPDATE_ROLLBACK_IN_PROGRESS", std::move(reason));
}

std::string failed_resources(const Context& context, const StackRow& stack, const std::string& status,
                             const std::string& verb) {
  std::vector<std::string> names;
  for (const auto* row : resources_of(context.store, stack.id)) {
    if (row->status == status && row->operation_id == stack.operation_id) names.push_back(row->logical_id);
  }
  if (names.empty()) return {};
  return fmt::format("The following resource(s) failed to {}: [{}]. ", verb, join(names, ", "));
}

void end_change_set(Context& context, StackRow& stack, const char* execution_status) {
  if (!context.store.find<ChangeSetRow>(stack.change_set_id)) return;
  if (execution_status) {
    context.store.edit<ChangeSetRow>(stack.change_set_id)->execution_status = execution_status;
  } else {
    context.store.erase<ChangeSetRow>(stack.change_set_id);
  }
}

}  // namespace berth::cloudformation
