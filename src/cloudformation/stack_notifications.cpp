#include "cloudformation/stack_notifications.h"

#include <fmt/format.h>

#include "cloudformation/stack_lookup.h"
#include "services/sns/publish.h"

namespace berth::cloudformation {
namespace {

// One `Name='value'` a line, as AWS writes it.
std::string text_of(const Context& context, const StackRow& stack, const StackEvent& event,
                    const Deployment& deployment) {
  std::string text;
  const auto add = [&](const char* name, const std::string& value) {
    text += fmt::format("{}='{}'\n", name, value);
  };
  add("StackId", stack.id);
  add("Timestamp", iso_ms(*event.timestamp));
  add("EventId", event.event_id.value_or(""));
  add("LogicalResourceId", event.logical_resource_id.value_or(""));
  add("Namespace", context.settings.account);
  add("PhysicalResourceId", event.physical_resource_id.value_or(""));
  add("PrincipalId", deployment.principal_id);
  add("ResourceProperties", event.resource_properties.value_or("null"));
  add("ResourceStatus", event.resource_status.value_or(""));
  add("ResourceStatusReason", event.resource_status_reason.value_or(""));
  add("ResourceType", event.resource_type.value_or(""));
  add("StackName", stack.name);
  add("ClientRequestToken", event.client_request_token.value_or("null"));
  return text;
}

}  // namespace

void notify_topics(Context& context, const StackRow& stack, const StackEvent& event) {
  const auto* deployment = find_deployment(context.store, stack.id, DeploymentRow::target);
  if (!deployment) deployment = find_deployment(context.store, stack.id, DeploymentRow::current);
  if (!deployment) return;
  for (const auto& topic : deployment->notification_arns) {
    const sns::Publication publication{
        topic, "AWS CloudFormation Notification", text_of(context, stack, event, *deployment), {}, {}};
    static_cast<void>(
        sns::publish(context.store, context.ids(), context.settings, publication, context.now()));
  }
}

}  // namespace berth::cloudformation
