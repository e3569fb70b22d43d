// Operations that set a stack going or hold it: create, update, delete, cancel, roll back, protect.
#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/change_set_changes.h"
#include "cloudformation/exports.h"
#include "cloudformation/operation_failure.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/stack_start.h"
#include "handlers/cloudformation.h"
#include "services/lists.h"

namespace berth::cloudformation {
namespace {

Error not_in_state(const char* operation, const StackRow& stack) {
  return validation_error(
      fmt::format("{} cannot be called from current stack status: {}", operation, stack.status));
}

// A repeated request with the same token answers as the first one did.
Result<bool> is_repeated(const StackRow& stack, const std::optional<std::string>& token,
                         const char* operation) {
  if (!token || token->empty() || stack.client_request_token != *token) return false;
  const auto& operations = stack.last_operations;
  if (!operations.empty() && operations.front().operation_type == operation) return true;
  return Error{"TokenAlreadyExistsException",
               fmt::format("Token {} was used for another operation on stack {}", *token, stack.name)};
}

// A nested stack is protected with its root.
Result<> check_deletable(const Store& store, const StackRow& stack, const DeleteStackInput& input) {
  const auto* root = store.find<StackRow>(stack.root_id);
  const StackRow& protects = root ? *root : stack;
  if (protects.termination_protection) {
    return validation_error(
        fmt::format("Stack [{}] cannot be deleted while TerminationProtection is enabled", protects.name));
  }
  const bool busy = is_in_progress(stack.status) && stack.status != "CREATE_IN_PROGRESS" &&
                    stack.status != "ROLLBACK_IN_PROGRESS";
  if (busy) {
    return validation_error(
        fmt::format("Stack [{}] cannot be deleted while in status {}", stack.id, stack.status));
  }
  const bool chooses =
      !services::list_of(input.retain_resources).empty() || input.deletion_mode == "FORCE_DELETE_STACK";
  if (chooses && stack.status != "DELETE_FAILED") {
    return validation_error(
        fmt::format("Invalid operation on stack [{}]. When you delete a stack, specify which resources to "
                    "retain only when the "
                    "stack is in the DELETE_FAILED state.",
                    stack.id));
  }
  return {};
}

Result<> check_retained(const Context& context, const StackRow& stack,
                        const std::vector<std::string>& retained) {
  for (const auto& logical_id : retained) {
    const auto* row = active_resource(context.store, stack.id, logical_id);
    if (!row || row->status != "DELETE_FAILED") {
      return validation_error(fmt::format(
          "The specified resources to retain must be in a valid state [DELETE_FAILED]: [{}]", logical_id));
    }
  }
  return {};
}

std::vector<std::string> resources_to_retain(const Context& context, const StackRow& stack,
                                             const DeleteStackInput& input) {
  if (input.deletion_mode != "FORCE_DELETE_STACK") return services::list_of(input.retain_resources);
  std::vector<std::string> failed;
  for (const auto* row : resources_of(context.store, stack.id)) {
    if (row->status == "DELETE_FAILED") failed.push_back(row->logical_id);
  }
  return failed;
}

// A stack that nothing was ever deployed in is simply gone.
void forget(Context& context, StackRow& stack) {
  for (const auto* set : change_sets_of(context.store, stack.id)) context.store.erase<ChangeSetRow>(set->id);
  stack.deleted_at = context.now();
  set_stack_status(context, stack, "DELETE_COMPLETE");
}

Result<> set_failure_option(StackRow& stack, const CreateStackInput& input) {
  if (input.on_failure && input.disable_rollback) {
    return validation_error("Either DisableRollback or OnFailure can be specified, not both.");
  }
  stack.on_failure =
      input.on_failure.value_or(input.disable_rollback.value_or(false) ? "DO_NOTHING" : "ROLLBACK");
  stack.disable_rollback = stack.on_failure == "DO_NOTHING";
  return {};
}

}  // namespace

Result<CreateStackOutput> create_stack(Context& context, const CreateStackInput& input) {
  if (auto checked = refuse_unsupported(input); !checked) return checked.error();
  const std::string name = *input.stack_name;
  if (auto checked = check_stack_name(name); !checked) return checked.error();
  CreateStackOutput output;
  if (const auto* existing = find_stack(context, name)) {
    const auto repeated = is_repeated(*existing, input.client_request_token, "CREATE_STACK");
    if (!repeated) return repeated.error();
    if (*repeated) {
      output.stack_id = existing->id;
      output.operation_id = existing->operation_id;
      return output;
    }
  }
  if (auto checked = check_new_stack(context, name); !checked) return checked.error();
  StackRow row;
  row.name = name;
  row.id = new_id(context, "stack", name);
  row.created_at = context.now();
  row.termination_protection = input.enable_termination_protection.value_or(false);
  row.timeout_minutes = input.timeout_in_minutes.value_or(0);
  row.client_request_token = input.client_request_token.value_or("");
  if (auto set = set_failure_option(row, input); !set) return set.error();
  DeploymentPreparation preparation(context, identity_of(row), deployment_request(input), nullptr);
  if (auto checked = preparation.check(Acceptance::directly); !checked) return checked.error();
  auto prepared = preparation.finish();
  if (!prepared) return prepared.error();
  row.description = prepared->plan.of.description;
  begin_creation(context, row, std::move(prepared->deployment));
  output.stack_id = row.id;
  output.operation_id = row.operation_id;
  context.store.put(std::move(row));
  return output;
}

Result<UpdateStackOutput> update_stack(Context& context, const UpdateStackInput& input) {
  if (auto checked = refuse_unsupported(input); !checked) return checked.error();
  const auto found = named_stack(context, input.stack_name);
  if (!found) return found.error();
  UpdateStackOutput output;
  output.stack_id = (*found)->id;
  const auto repeated = is_repeated(**found, input.client_request_token, "UPDATE_STACK");
  if (!repeated) return repeated.error();
  if (*repeated) {
    output.operation_id = (*found)->operation_id;
    return output;
  }
  if (auto checked = check_updatable(**found); !checked) return checked.error();
  StackRow& stack = *context.store.edit<StackRow>((*found)->id);
  const auto* current = find_deployment(context.store, stack.id, DeploymentRow::current);
  DeploymentPreparation preparation(context, identity_of(stack), deployment_request(input), current);
  if (auto checked = preparation.check(Acceptance::directly); !checked) return checked.error();
  auto prepared = preparation.finish();
  if (!prepared) return prepared.error();
  if (auto checked = check_same_types(context, stack, prepared->plan); !checked) return checked.error();
  const auto changes = changes_of(context, stack, current, prepared->plan, prepared->deployment);
  if (!changes) return changes.error();
  if (!changes->any() && stack.status != "UPDATE_FAILED")
    return validation_error("No updates are to be performed.");
  for (const auto* set : change_sets_of(context.store, stack.id)) {
    context.store.edit<ChangeSetRow>(set->id)->execution_status = "OBSOLETE";
  }
  stack.change_set_id.clear();
  stack.client_request_token = input.client_request_token.value_or("");
  stack.disable_rollback = input.disable_rollback.value_or(false);
  begin_update(context, stack, std::move(prepared->deployment));
  output.operation_id = stack.operation_id;
  return output;
}

Result<DeleteStackOutput> delete_stack(Context& context, const DeleteStackInput& input) {
  const auto* found = find_stack(context, *input.stack_name);
  if (!found || found->status == "DELETE_COMPLETE" || found->status == "DELETE_IN_PROGRESS") {
    return DeleteStackOutput{};
  }
  if (auto checked = check_deletable(context.store, *found, input); !checked) return checked.error();
  if (auto checked = check_retained(context, *found, services::list_of(input.retain_resources)); !checked) {
    return checked.error();
  }
  StackRow& stack = *context.store.edit<StackRow>(found->id);
  stack.client_request_token = input.client_request_token.value_or("");
  if (stack.status == "REVIEW_IN_PROGRESS") {
    forget(context, stack);
    return DeleteStackOutput{};
  }
  // AWS accepts the request and tells by an event that the stack stays as it is.
  if (const auto reason = reason_against_deletion(context.store, stack); !reason.empty()) {
    set_stack_status(context, stack, stack.status, reason);
    return DeleteStackOutput{};
  }
  stack.retain_resources = resources_to_retain(context, stack, input);
  cancel_resources(context, stack);
  begin_operation(context, stack, "DELETE_STACK");
  set_stack_status(context, stack, "DELETE_IN_PROGRESS", user_initiated);
  return DeleteStackOutput{};
}

Result<CancelUpdateStackOutput> cancel_update_stack(Context& context, const CancelUpdateStackInput& input) {
  const auto found = named_stack(context, input.stack_name);
  if (!found) return found.error();
  if ((*found)->status != "UPDATE_IN_PROGRESS") return not_in_state("CancelUpdateStack", **found);
  StackRow& stack = *context.store.edit<StackRow>((*found)->id);
  stack.client_request_token = input.client_request_token.value_or("");
  begin_update_rollback(context, stack, user_initiated);
  return CancelUpdateStackOutput{};
}

Result<ContinueUpdateRollbackOutput> continue_update_rollback(Context& context,
                                                              const ContinueUpdateRollbackInput& input) {
  const auto found = named_stack(context, input.stack_name);
  if (!found) return found.error();
  if ((*found)->status != "UPDATE_ROLLBACK_FAILED") return not_in_state("ContinueUpdateRollback", **found);
  StackRow& stack = *context.store.edit<StackRow>((*found)->id);
  for (const auto& logical_id : services::list_of(input.resources_to_skip)) {
    const auto* row = active_resource(context.store, stack.id, logical_id);
    if (!row || row->status != "UPDATE_FAILED") {
      return validation_error(fmt::format(
          "The specified resources to skip must be in the UPDATE_FAILED state: [{}]", logical_id));
    }
    // As if it had been put back.
    auto& resource = *context.store.edit<StackResourceRow>(row->key());
    if (resource.previous) resource.version = *std::exchange(resource.previous, std::nullopt);
    set_resource_status(context, stack, resource, "UPDATE_COMPLETE");
  }
  stack.client_request_token = input.client_request_token.value_or("");
  begin_operation(context, stack, "CONTINUE_ROLLBACK");
  set_stack_status(context, stack, "UPDATE_ROLLBACK_IN_PROGRESS", user_initiated);
  return ContinueUpdateRollbackOutput{};
}

Result<RollbackStackOutput> rollback_stack(Context& context, const RollbackStackInput& input) {
  const auto found = named_stack(context, input.stack_name);
  if (!found) return found.error();
  const bool created = (*found)->status == "CREATE_FAILED";
  if (!created && (*found)->status != "UPDATE_FAILED") return not_in_state("RollbackStack", **found);
  StackRow& stack = *context.store.edit<StackRow>((*found)->id);
  stack.client_request_token = input.client_request_token.value_or("");
  if (created) {
    begin_operation(context, stack, "ROLLBACK");
    set_stack_status(context, stack, "ROLLBACK_IN_PROGRESS", user_initiated);
  } else {
    begin_update_rollback(context, stack, user_initiated);
  }
  RollbackStackOutput output;
  output.stack_id = stack.id;
  output.operation_id = stack.operation_id;
  return output;
}

Result<UpdateTerminationProtectionOutput> update_termination_protection(
    Context& context, const UpdateTerminationProtectionInput& input) {
  const auto found = named_stack(context, input.stack_name);
  if (!found) return found.error();
  if (!(*found)->parent_id.empty()) {
    return validation_error(fmt::format(
        "TerminationProtection cannot be set on the nested stack [{}], only on its root", (*found)->name));
  }
  StackRow& stack = *context.store.edit<StackRow>((*found)->id);
  stack.termination_protection = input.enable_termination_protection.value_or(false);
  UpdateTerminationProtectionOutput output;
  output.stack_id = stack.id;
  return output;
}

}  // namespace berth::cloudformation
