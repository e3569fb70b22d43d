#include "cloudformation/nested_stacks.h"

#include <algorithm>

#include "cloudformation/operation_failure.h"
#include "cloudformation/stack_lookup.h"

namespace berth::cloudformation {

bool awaits_parent(const Store& store, const StackRow& stack) {
  return stack.status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" &&
         find_deployment(store, stack.id, DeploymentRow::target) != nullptr;
}

bool is_parent_under_way(const Store& store, const StackRow& stack) {
  if (stack.parent_id.empty()) return false;
  const auto* parent = store.find<StackRow>(stack.parent_id);
  if (!parent) return false;
  const auto& status = parent->status;
  return status == "UPDATE_IN_PROGRESS" || status == "UPDATE_FAILED" ||
         status == "UPDATE_ROLLBACK_IN_PROGRESS" || status == "UPDATE_ROLLBACK_FAILED" ||
         awaits_parent(store, *parent);
}

bool has_busy_children(const Store& store, const StackRow& stack) {
  const auto& all = store.all<StackRow>();
  return std::any_of(all.begin(), all.end(), [&](const auto& entry) {
    return entry.second.parent_id == stack.id && is_in_progress(entry.second.status);
  });
}

void settle_update(Context& context, StackRow& stack) {
  for (const auto* row : resources_of(context.store, stack.id)) {
    auto& resource = *context.store.edit<StackResourceRow>(row->key());
    resource.previous.reset();
    resource.added = false;
  }
  DeploymentRow current;
  current.stack_id = stack.id;
  current.slot = DeploymentRow::current;
  current.deployment = *find_deployment(context.store, stack.id, DeploymentRow::target);
  context.store.erase<DeploymentRow>(DeploymentRow::key_of(stack.id, DeploymentRow::target));
  context.store.put(std::move(current));
  stack.former.reset();
}

void take_back_update(Context& context, StackRow& stack) {
  const bool waits = awaits_parent(context.store, stack);
  if (!waits && stack.status != "UPDATE_IN_PROGRESS" && stack.status != "UPDATE_FAILED") return;
  for (const auto* row : resources_of(context.store, stack.id)) {
    if (row->retired != Retired::removed) continue;
    context.store.edit<StackResourceRow>(row->key())->retired = Retired::no;
  }
  if (stack.former) {
    stack.outputs = stack.former->outputs;
    stack.exports = stack.former->exports;
    stack.description = stack.former->description;
    stack.former.reset();
  }
  begin_update_rollback(context, stack, "");
}

}  // namespace berth::cloudformation
