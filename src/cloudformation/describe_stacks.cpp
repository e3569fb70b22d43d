// Stacks as DescribeStacks and ListStacks tell of them.
#include <algorithm>

#include "cloudformation/listing.h"
#include "cloudformation/plan.h"
#include "cloudformation/stack_lookup.h"
#include "handlers/cloudformation.h"
#include "services/lists.h"

namespace berth::cloudformation {
namespace {

// While an update goes forward its values are shown, as on AWS.
const Deployment* shown_deployment(const Context& context, const StackRow& stack) {
  const bool forward = stack.status == "UPDATE_IN_PROGRESS" || stack.status == "UPDATE_FAILED";
  const auto* target = forward ? find_deployment(context.store, stack.id, DeploymentRow::target) : nullptr;
  return target ? target : find_deployment(context.store, stack.id, DeploymentRow::current);
}

void describe_deployment(Stack& out, const Deployment& deployment) {
  if (!deployment.parameters.empty()) out.parameters = shown_parameters(deployment.parameters);
  if (!deployment.capabilities.empty()) out.capabilities = deployment.capabilities;
  out.notification_ar_ns = deployment.notification_arns;
  out.tags = deployment.tags;
  if (!deployment.role_arn.empty()) out.role_arn = deployment.role_arn;
}

// What both operations tell of a stack.
template <class Told>
Told told_of(const StackRow& stack) {
  Told out;
  out.stack_name = stack.name;
  out.stack_id = stack.id;
  out.creation_time = stack.created_at;
  out.last_updated_time = stack.updated_at;
  out.deletion_time = stack.deleted_at;
  out.stack_status = stack.status;
  if (!stack.parent_id.empty()) out.parent_id = stack.parent_id;
  if (!stack.root_id.empty()) out.root_id = stack.root_id;
  if (!stack.status_reason.empty()) out.stack_status_reason = stack.status_reason;
  out.drift_information.emplace().stack_drift_status = "NOT_CHECKED";
  if (!stack.last_operations.empty()) out.last_operations = stack.last_operations;
  return out;
}

Stack describe(const Context& context, const StackRow& stack) {
  Stack out = told_of<Stack>(stack);
  if (!stack.description.empty()) out.description = stack.description;
  if (!stack.change_set_id.empty()) out.change_set_id = stack.change_set_id;
  out.disable_rollback = stack.disable_rollback;
  out.enable_termination_protection = stack.termination_protection;
  if (stack.timeout_minutes > 0) out.timeout_in_minutes = stack.timeout_minutes;
  out.rollback_configuration.emplace();
  out.notification_ar_ns.emplace();
  out.tags.emplace();
  if (const auto* deployment = shown_deployment(context, stack)) describe_deployment(out, *deployment);
  if (!stack.outputs.empty()) out.outputs = stack.outputs;
  return out;
}

StackSummary summarize(const StackRow& stack) {
  StackSummary out = told_of<StackSummary>(stack);
  if (!stack.description.empty()) out.template_description = stack.description;
  return out;
}

// Newest first.
template <class Wanted>
std::vector<const StackRow*> stacks_where(const Store& store, Wanted wanted) {
  std::vector<const StackRow*> out;
  for (const auto& [id, stack] : store.all<StackRow>()) {
    if (wanted(stack)) out.push_back(&stack);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const StackRow* a, const StackRow* b) { return a->created_at > b->created_at; });
  return out;
}

std::string id_of(const StackRow* stack) {
  return stack->id;
}

}  // namespace

Result<DescribeStacksOutput> describe_stacks(Context& context, const DescribeStacksInput& input) {
  DescribeStacksOutput output;
  output.stacks.emplace();
  if (input.stack_name && !input.stack_name->empty()) {
    const auto stack = described_stack(context, input.stack_name);
    if (!stack) return stack.error();
    output.stacks->push_back(describe(context, **stack));
    return output;
  }
  auto page = services::page_of(
      stacks_where(context.store, [](const StackRow& stack) { return stack.status != "DELETE_COMPLETE"; }),
      input.next_token, page_items_max, id_of, bad_token);
  if (!page) return page.error();
  for (const auto* stack : page->items) output.stacks->push_back(describe(context, *stack));
  output.next_token = std::move(page->next_token);
  return output;
}

Result<ListStacksOutput> list_stacks(Context& context, const ListStacksInput& input) {
  const auto& statuses = services::list_of(input.stack_status_filter);
  auto page =
      services::page_of(stacks_where(context.store,
                                     [&](const StackRow& stack) {
                                       return statuses.empty() || std::find(statuses.begin(), statuses.end(),
                                                                            stack.status) != statuses.end();
                                     }),
                        input.next_token, page_items_max, id_of, bad_token);
  if (!page) return page.error();
  ListStacksOutput output;
  output.stack_summaries.emplace();
  for (const auto* stack : page->items) output.stack_summaries->push_back(summarize(*stack));
  output.next_token = std::move(page->next_token);
  return output;
}

}  // namespace berth::cloudformation
