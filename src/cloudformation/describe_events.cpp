// Events of a stack, newest first, in both of AWS's forms.
#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/listing.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"
#include "handlers/cloudformation.h"

namespace berth::cloudformation {
namespace {

std::vector<const StackEventRow*> newest_first(const Store& store, const std::string& stack_id) {
  auto events = rows_of_stack<StackEventRow>(store, stack_id);
  std::reverse(events.begin(), events.end());
  return events;
}

std::string key_of(const StackEventRow* row) {
  return row->key();
}

const char* kind_of(const StackEvent& event) {
  if (event.resource_type == stack_type) return "STACK_EVENT";
  return event.resource_status->ends_with("_FAILED") ? "PROVISIONING_ERROR" : "PROGRESS_EVENT";
}

OperationEvent operation_event(const StackEvent& event, const StackRow& stack) {
  OperationEvent out;
  out.event_id = event.event_id;
  out.stack_id = event.stack_id;
  out.operation_id = event.operation_id;
  for (const auto& operation : stack.last_operations) {
    if (operation.operation_id == event.operation_id) out.operation_type = operation.operation_type;
  }
  out.event_type = kind_of(event);
  out.logical_resource_id = event.logical_resource_id;
  out.physical_resource_id = event.physical_resource_id;
  out.resource_type = event.resource_type;
  out.timestamp = event.timestamp;
  out.resource_status = event.resource_status;
  out.resource_status_reason = event.resource_status_reason;
  out.resource_properties = event.resource_properties;
  out.client_request_token = event.client_request_token;
  return out;
}

// By stack, by change set or by the id of an operation.
Result<const StackRow*> stack_of(const Context& context, const DescribeEventsInput& input) {
  if (input.change_set_name) {
    const auto set = named_change_set(context, input.change_set_name, input.stack_name);
    if (!set) return set.error();
    return named_stack(context, (*set)->stack_id);
  }
  if (input.stack_name || !input.operation_id) return named_stack(context, input.stack_name);
  for (const auto& [id, stack] : context.store.all<StackRow>()) {
    const auto& operations = stack.last_operations;
    if (std::any_of(operations.begin(), operations.end(),
                    [&](const OperationEntry& entry) { return entry.operation_id == input.operation_id; })) {
      return &stack;
    }
  }
  return validation_error(fmt::format("Operation [{}] does not exist", *input.operation_id));
}

}  // namespace

Result<DescribeStackEventsOutput> describe_stack_events(Context& context,
                                                        const DescribeStackEventsInput& input) {
  const auto stack = named_stack(context, input.stack_name);
  if (!stack) return stack.error();
  auto page = services::page_of(newest_first(context.store, (*stack)->id), input.next_token, page_items_max,
                                key_of, bad_token);
  if (!page) return page.error();
  DescribeStackEventsOutput output;
  output.stack_events.emplace();
  for (const auto* row : page->items) output.stack_events->push_back(row->event);
  output.next_token = std::move(page->next_token);
  return output;
}

Result<DescribeEventsOutput> describe_events(Context& context, const DescribeEventsInput& input) {
  const auto stack = stack_of(context, input);
  if (!stack) return stack.error();
  const bool failed_only = input.filters && input.filters->failed_events.value_or(false);
  auto events = newest_first(context.store, (*stack)->id);
  std::erase_if(events, [&](const StackEventRow* row) {
    if (input.operation_id && row->event.operation_id != input.operation_id) return true;
    return failed_only && !row->event.resource_status->ends_with("_FAILED");
  });
  auto page = services::page_of(std::move(events), input.next_token, page_items_max, key_of, bad_token);
  if (!page) return page.error();
  DescribeEventsOutput output;
  output.operation_events.emplace();
  for (const auto* row : page->items)
    output.operation_events->push_back(operation_event(row->event, **stack));
  output.next_token = std::move(page->next_token);
  return output;
}

}  // namespace berth::cloudformation
