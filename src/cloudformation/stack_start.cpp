#include "cloudformation/stack_start.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"

namespace berth::cloudformation {
namespace {

constexpr std::size_t stacks_max = 2000;  // AWS's default quota

constexpr std::array updatable = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE",
                                  "UPDATE_FAILED"};

void put_deployment(Context& context, const StackRow& stack, const char* slot, Deployment deployment) {
  DeploymentRow row;
  row.stack_id = stack.id;
  row.slot = slot;
  row.deployment = std::move(deployment);
  context.store.put(std::move(row));
}

}  // namespace

std::string new_id(Context& context, std::string_view kind, const std::string& name) {
  return context.settings.arn("cloudformation",
                              fmt::format("{}/{}/{}", kind, name, random_uuid(context.ids())));
}

Result<> check_new_stack(const Context& context, const std::string& name) {
  if (find_stack(context, name)) {
    return Error{"AlreadyExistsException", fmt::format("Stack [{}] already exists", name)};
  }
  std::size_t stacks = 0;
  for (const auto& [id, stack] : context.store.all<StackRow>()) stacks += stack.status != "DELETE_COMPLETE";
  if (stacks >= stacks_max) {
    return Error{"LimitExceededException", fmt::format("Limit for stack has been exceeded: {}", stacks_max)};
  }
  return {};
}

Result<> check_updatable(const StackRow& stack) {
  for (const auto* status : updatable) {
    if (stack.status == status) return {};
  }
  return validation_error(
      fmt::format("Stack:{} is in {} state and can not be updated.", stack.id, stack.status));
}

Result<> check_same_types(const Context& context, const StackRow& stack, const Plan& plan) {
  std::vector<std::string> changed;
  for (const auto& logical_id : plan.order.in_order()) {
    const auto* row = active_resource(context.store, stack.id, logical_id);
    if (row && row->type != plan.of.resource(logical_id)->type) changed.push_back(logical_id);
  }
  if (changed.empty()) return {};
  return validation_error(fmt::format(
      "Update of resource type is not permitted. The new template modifies resource type of the following "
      "resources: [{}]",
      join(changed, ", ")));
}

void begin_creation(Context& context, StackRow& stack, Deployment deployment) {
  put_deployment(context, stack, DeploymentRow::current, std::move(deployment));
  begin_operation(context, stack, "CREATE_STACK");
  set_stack_status(context, stack, "CREATE_IN_PROGRESS", user_initiated);
}

void begin_update(Context& context, StackRow& stack, Deployment deployment) {
  put_deployment(context, stack, DeploymentRow::target, std::move(deployment));
  begin_operation(context, stack, "UPDATE_STACK");
  stack.updated_at = context.now();
  set_stack_status(context, stack, "UPDATE_IN_PROGRESS", user_initiated);
}

}  // namespace berth::cloudformation
