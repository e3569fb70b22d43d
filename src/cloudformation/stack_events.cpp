#include "cloudformation/stack_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/stack_notifications.h"

namespace berth::cloudformation {
namespace {

// DescribeStacks tells of the last ones.
constexpr std::size_t last_operations_max = 5;

// Clients order events by their time and tell them apart by an id made of it, so no two of a stack share a
// millisecond.
Time next_event_time(Context& context, StackRow& stack) {
  const Time now = from_unix_ms(unix_ms(context.now()));
  stack.last_event_at = std::max(now, stack.last_event_at + Duration::ms(1));
  return stack.last_event_at;
}

void append_event(Context& context, StackRow& stack, StackEvent event) {
  event.stack_id = stack.id;
  event.stack_name = stack.name;
  if (!stack.operation_id.empty()) event.operation_id = stack.operation_id;
  if (!stack.client_request_token.empty()) event.client_request_token = stack.client_request_token;
  notify_topics(context, stack, event);
  StackEventRow row;
  row.stack_id = stack.id;
  row.sequence = ++stack.event_count;
  row.event = std::move(event);
  context.store.put(std::move(row));
}

}  // namespace

void set_stack_status(Context& context, StackRow& stack, std::string status, std::string reason) {
  stack.status = status;
  stack.status_reason = reason;
  StackEvent event;
  event.event_id = random_uuid(context.ids());
  event.timestamp = next_event_time(context, stack);
  event.logical_resource_id = stack.name;
  event.physical_resource_id = stack.id;
  event.resource_type = std::string(stack_type);
  event.resource_status = std::move(status);
  if (!reason.empty()) event.resource_status_reason = std::move(reason);
  append_event(context, stack, std::move(event));
}

void set_resource_status(Context& context, StackRow& stack, StackResourceRow& resource, std::string status,
                         std::string reason) {
  resource.status = status;
  resource.status_reason = reason;
  StackEvent event;
  event.timestamp = next_event_time(context, stack);
  resource.updated_at = *event.timestamp;
  event.event_id = fmt::format("{}-{}-{}", resource.logical_id, status, iso_ms(*event.timestamp));
  event.logical_resource_id = resource.logical_id;
  event.physical_resource_id = resource.physical_id;
  event.resource_type = resource.type;
  event.resource_status = std::move(status);
  if (!reason.empty()) event.resource_status_reason = std::move(reason);
  if (!resource.version.shown_properties.empty()) {
    event.resource_properties = resource.version.shown_properties;
  }
  append_event(context, stack, std::move(event));
}

void begin_operation(Context& context, StackRow& stack, std::string type) {
  stack.operation_id = random_uuid(context.ids());
  stack.operation_type = type;
  stack.operation_started_at = context.now();
  OperationEntry entry;
  entry.operation_type = std::move(type);
  entry.operation_id = stack.operation_id;
  stack.last_operations.insert(stack.last_operations.begin(), std::move(entry));
  if (stack.last_operations.size() > last_operations_max) stack.last_operations.resize(last_operations_max);
}

}  // namespace berth::cloudformation
