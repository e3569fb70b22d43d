// Change sets: made, shown, executed, deleted.
#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/change_set_changes.h"
#include "cloudformation/listing.h"
#include "cloudformation/named_resources.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"
#include "cloudformation/stack_start.h"
#include "handlers/cloudformation.h"

namespace berth::cloudformation {
namespace {

constexpr const char* no_changes =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

// Makes the stack that waits for its first deployment, or takes the one that waits already.
Result<StackRow*> stack_in_review(Context& context, const std::string& name, const std::string& change_set) {
  if (auto checked = check_stack_name(name); !checked) return checked.error();
  if (const auto* existing = find_stack(context, name)) {
    if (existing->status == "REVIEW_IN_PROGRESS") return context.store.edit<StackRow>(existing->id);
    return validation_error(fmt::format(
        "Stack [{}] already exists and cannot be created again with the changeSet [{}].", name, change_set));
  }
  if (auto checked = check_new_stack(context, name); !checked) return checked.error();
  StackRow row;
  row.name = name;
  row.id = new_id(context, "stack", name);
  row.created_at = context.now();
  begin_operation(context, row, "CREATE_CHANGESET");
  const std::string id = row.id;
  context.store.put(std::move(row));
  StackRow* stack = context.store.edit<StackRow>(id);
  set_stack_status(context, *stack, "REVIEW_IN_PROGRESS", user_initiated);
  return stack;
}

Result<StackRow*> stack_to_update(Context& context, const std::string& name) {
  const auto stack = named_stack(context, name);
  if (!stack) return stack.error();
  if (auto checked = check_updatable(**stack); !checked) return checked.error();
  return context.store.edit<StackRow>((*stack)->id);
}

// The name of a change set that has been executed may be used again.
Result<> free_name(Context& context, const StackRow& stack, const std::string& name) {
  for (const auto* set : change_sets_of(context.store, stack.id)) {
    if (set->name != name) continue;
    const auto& execution = set->execution_status;
    if (execution != "EXECUTE_COMPLETE" && execution != "EXECUTE_FAILED") {
      return Error{"AlreadyExistsException", fmt::format("ChangeSet [{}] already exists", name)};
    }
    context.store.erase<ChangeSetRow>(set->id);
  }
  return {};
}

void set_outcome(ChangeSetRow& set, const Result<StackChanges>& changes) {
  const bool good = changes && (changes->any() || set.type == "CREATE");
  set.status = good ? "CREATE_COMPLETE" : "FAILED";
  set.execution_status = good ? "AVAILABLE" : "UNAVAILABLE";
  if (good) {
    set.changes = changes->resources;
  } else {
    set.status_reason = changes ? no_changes : changes.error().message;
  }
}

ChangeSetSummary summary_of(const ChangeSetRow& set) {
  ChangeSetSummary summary;
  summary.stack_id = set.stack_id;
  summary.stack_name = set.stack_name;
  summary.change_set_id = set.id;
  summary.change_set_name = set.name;
  summary.execution_status = set.execution_status;
  summary.status = set.status;
  if (!set.status_reason.empty()) summary.status_reason = set.status_reason;
  summary.creation_time = set.created_at;
  if (!set.description.empty()) summary.description = set.description;
  summary.include_nested_stacks = false;
  summary.import_existing_resources = false;
  return summary;
}

// Property values are shown to those who ask for them.
void hide_values(std::vector<Change>& changes) {
  for (auto& change : changes) {
    if (!change.resource_change || !change.resource_change->details) continue;
    for (auto& detail : *change.resource_change->details) {
      if (!detail.target) continue;
      detail.target->path.reset();
      detail.target->before_value.reset();
      detail.target->after_value.reset();
      detail.target->attribute_change_type.reset();
    }
  }
}

Result<> check_executable(const ChangeSetRow& set, const StackRow& stack) {
  const auto refuse = [&](const char* kind, const std::string& status) {
    return Error{
        "InvalidChangeSetStatusException",
        fmt::format("ChangeSet [{}] cannot be executed in its current {} of [{}]", set.id, kind, status)};
  };
  if (set.status != "CREATE_COMPLETE") return refuse("status", set.status);
  if (set.execution_status != "AVAILABLE") return refuse("execution status", set.execution_status);
  if (set.type == "UPDATE") return check_updatable(stack);
  if (stack.status == "REVIEW_IN_PROGRESS") return {};
  return validation_error(
      fmt::format("Stack:{} is in {} state and can not be updated.", stack.id, stack.status));
}

}  // namespace

Result<CreateChangeSetOutput> create_change_set(Context& context, const CreateChangeSetInput& input) {
  if (auto checked = refuse_unsupported(input); !checked) return checked.error();
  const std::string name = *input.change_set_name;
  const std::string type = input.change_set_type.value_or("UPDATE");
  if (type == "IMPORT") return unsupported_option("ChangeSetType IMPORT");
  const auto found = type == "CREATE" ? stack_in_review(context, *input.stack_name, name)
                                      : stack_to_update(context, *input.stack_name);
  if (!found) return found.error();
  StackRow& stack = **found;
  if (auto freed = free_name(context, stack, name); !freed) return freed.error();
  const auto* current =
      type == "UPDATE" ? find_deployment(context.store, stack.id, DeploymentRow::current) : nullptr;
  DeploymentPreparation preparation(context, identity_of(stack), deployment_request(input), current);
  if (auto checked = preparation.check(Acceptance::change_set); !checked) return checked.error();

  ChangeSetRow set;
  set.id = new_id(context, "changeSet", name);
  set.name = name;
  set.stack_id = stack.id;
  set.stack_name = stack.name;
  set.type = type;
  set.description = input.description.value_or("");
  set.on_stack_failure = input.on_stack_failure.value_or("");
  set.created_at = context.now();
  auto prepared = preparation.finish();
  if (prepared) {
    if (auto checked = check_same_types(context, stack, prepared->plan); !checked) return checked.error();
    const auto named = check_named_resources(context.store, context.settings, prepared->plan);
    set_outcome(set, named ? changes_of(context, stack, current, prepared->plan, prepared->deployment)
                           : Result<StackChanges>(named.error()));
    set.deployment = std::move(prepared->deployment);
  } else {
    const auto draft = preparation.draft();
    if (!draft) return draft.error();
    set.deployment = *draft;
    set_outcome(set, prepared.error());
  }
  CreateChangeSetOutput output;
  output.id = set.id;
  output.stack_id = set.stack_id;
  context.store.put(std::move(set));
  return output;
}

Result<DescribeChangeSetOutput> describe_change_set(Context& context, const DescribeChangeSetInput& input) {
  const auto found = named_change_set(context, input.change_set_name, input.stack_name);
  if (!found) return found.error();
  const ChangeSetRow& set = **found;
  auto changes = set.changes;
  if (!input.include_property_values.value_or(false)) hide_values(changes);
  auto page = services::page_of(
      std::move(changes), input.next_token, page_items_max,
      [](const Change& change) { return *change.resource_change->logical_resource_id; }, bad_token);
  if (!page) return page.error();
  DescribeChangeSetOutput output;
  output.change_set_name = set.name;
  output.change_set_id = set.id;
  output.stack_id = set.stack_id;
  output.stack_name = set.stack_name;
  if (!set.description.empty()) output.description = set.description;
  if (auto parameters = shown_parameters(set.deployment.parameters); !parameters.empty()) {
    output.parameters = std::move(parameters);
  }
  output.creation_time = set.created_at;
  output.execution_status = set.execution_status;
  output.status = set.status;
  if (!set.status_reason.empty()) output.status_reason = set.status_reason;
  output.notification_ar_ns = set.deployment.notification_arns;
  output.rollback_configuration.emplace();
  output.capabilities = set.deployment.capabilities;
  if (!set.deployment.tags.empty()) output.tags = set.deployment.tags;
  output.changes = std::move(page->items);
  output.next_token = std::move(page->next_token);
  output.include_nested_stacks = false;
  output.import_existing_resources = false;
  if (!set.on_stack_failure.empty()) output.on_stack_failure = set.on_stack_failure;
  return output;
}

Result<ExecuteChangeSetOutput> execute_change_set(Context& context, const ExecuteChangeSetInput& input) {
  if (input.retain_except_on_create.value_or(false)) return unsupported_option("RetainExceptOnCreate");
  const auto found = named_change_set(context, input.change_set_name, input.stack_name);
  if (!found) return found.error();
  StackRow* stack = context.store.edit<StackRow>((*found)->stack_id);
  if (!stack) return validation_error(fmt::format("Stack [{}] does not exist", (*found)->stack_name));
  if (auto checked = check_executable(**found, *stack); !checked) return checked.error();

  ChangeSetRow& set = *context.store.edit<ChangeSetRow>((*found)->id);
  set.execution_status = "EXECUTE_IN_PROGRESS";
  // AWS deletes the others: they were made for another state of the stack.
  for (const auto* other : change_sets_of(context.store, stack->id)) {
    if (other->id != set.id) context.store.erase<ChangeSetRow>(other->id);
  }
  stack->change_set_id = set.id;
  stack->client_request_token = input.client_request_token.value_or("");
  stack->on_failure = set.on_stack_failure.empty() ? "ROLLBACK" : set.on_stack_failure;
  stack->disable_rollback = input.disable_rollback.value_or(false) || stack->on_failure == "DO_NOTHING";
  Deployment deployment = set.deployment;
  deployment.principal_arn = context.principal.arn;
  deployment.principal_id = context.principal.user_id;
  if (set.type == "CREATE") {
    stack->updated_at = context.now();
    begin_creation(context, *stack, std::move(deployment));
  } else {
    begin_update(context, *stack, std::move(deployment));
  }
  return ExecuteChangeSetOutput{};
}

Result<DeleteChangeSetOutput> delete_change_set(Context& context, const DeleteChangeSetInput& input) {
  const auto found = named_change_set(context, input.change_set_name, input.stack_name);
  if (!found) {
    // Deleting what is not there is no error, a stack that is not there is one.
    if (found.error().code == "ChangeSetNotFoundException") return DeleteChangeSetOutput{};
    return found.error();
  }
  if ((*found)->execution_status == "EXECUTE_IN_PROGRESS") {
    return Error{"InvalidChangeSetStatusException",
                 fmt::format("The change set [{}] is being executed and cannot be deleted", (*found)->id)};
  }
  const std::string id = (*found)->id;
  context.store.erase<ChangeSetRow>(id);
  return DeleteChangeSetOutput{};
}

Result<ListChangeSetsOutput> list_change_sets(Context& context, const ListChangeSetsInput& input) {
  const auto stack = named_stack(context, input.stack_name);
  if (!stack) return stack.error();
  std::vector<ChangeSetSummary> summaries;
  for (const auto* set : change_sets_of(context.store, (*stack)->id)) {
    if (set->execution_status != "EXECUTE_COMPLETE") summaries.push_back(summary_of(*set));
  }
  auto page = services::page_of(
      std::move(summaries), input.next_token, page_items_max,
      [](const ChangeSetSummary& summary) { return *summary.change_set_id; }, bad_token);
  if (!page) return page.error();
  ListChangeSetsOutput output;
  output.summaries = std::move(page->items);
  output.next_token = std::move(page->next_token);
  return output;
}

}  // namespace berth::cloudformation
