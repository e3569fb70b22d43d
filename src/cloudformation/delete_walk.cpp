#include "cloudformation/delete_walk.h"

#include <algorithm>

#include "cloudformation/handler_error.h"
#include "cloudformation/nested_stacks.h"
#include "cloudformation/operation_failure.h"
#include "cloudformation/resource_access.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"

namespace berth::cloudformation {
namespace {

// What uses a resource may be going too: AWS tries again for a while.
constexpr Duration in_use_patience = Duration::minutes(3);
constexpr Duration retry_after = Duration::seconds(5);

}  // namespace

Progress DeleteWalk::advance() {
  const Rows rows = present();
  for (const auto* row : rows) {
    if (failed(*row) || row->removal_begun) continue;
    const bool needed = std::any_of(rows.begin(), rows.end(), [&](const StackResourceRow* other) {
      const auto& dependencies = other->version.dependencies;
      return other != row &&
             std::find(dependencies.begin(), dependencies.end(), row->logical_id) != dependencies.end();
    });
    if (needed || (row->status == "DELETE_IN_PROGRESS" && row->operation_id == stack_.operation_id)) continue;
    if (auto begun = begin(*row); begun.stepped || begun.look_again_at) return begun;
  }
  Progress waiting;
  for (const auto* row : rows) {
    if (failed(*row) || row->status != "DELETE_IN_PROGRESS") continue;
    const auto looked = row->removal_begun ? check_removed(*row) : remove(*row);
    if (looked.stepped) return looked;
    if (looked.look_again_at) waiting.wait_until(*looked.look_again_at);
  }
  if (waiting.look_again_at) return waiting;
  if (cleaning_up() && has_busy_children(context_.store, stack_)) {
    return {.look_again_at = context_.now() + retry_after};
  }
  return finish(
      std::any_of(rows.begin(), rows.end(), [&](const StackResourceRow* row) { return failed(*row); }));
}

DeleteWalk::Rows DeleteWalk::present() const {
  Rows rows = resources_of(context_.store, stack_.id);
  std::erase_if(rows, [&](const StackResourceRow* row) {
    return is_gone(*row) || (cleaning_up() && row->retired == Retired::no);
  });
  return rows;
}

bool DeleteWalk::failed(const StackResourceRow& row) const {
  return row.status == "DELETE_FAILED" && row.operation_id == stack_.operation_id;
}

bool DeleteWalk::keeps(const StackResourceRow& row) const {
  const auto& version = row.version;
  const bool creation_undone = stack_.status == "ROLLBACK_IN_PROGRESS" || row.retired == Retired::undone;
  if (row.retired == Retired::replaced) return version.update_replace_policy.starts_with("Retain");
  if (row.retired == Retired::undone_replacement) return false;
  if (creation_undone) return version.deletion_policy == "Retain";
  const auto& retained = stack_.retain_resources;
  return version.deletion_policy.starts_with("Retain") ||
         std::find(retained.begin(), retained.end(), row.logical_id) != retained.end();
}

Progress DeleteWalk::begin(const StackResourceRow& row) {
  if (keeps(row)) return record(row, "DELETE_SKIPPED");
  if (row.physical_id.empty()) return record(row, "DELETE_COMPLETE");
  const auto begun = attempt(context_.store, [&]() -> Result<> {
    auto& resource = *context_.store.edit<StackResourceRow>(row.key());
    resource.operation_id = stack_.operation_id;
    resource.operation_started_at = context_.now();
    set_resource_status(context_, *context_.store.edit<StackRow>(stack_.id), resource, "DELETE_IN_PROGRESS");
    return {};
  });
  if (begun.stalled) return {.look_again_at = context_.now() + retry_after};
  return {.stepped = true};
}

Progress DeleteWalk::remove(const StackResourceRow& row) {
  const std::string key = row.key();
  const auto outcome = attempt(context_.store, [&]() -> Result<> {
    const auto type = known_type(row.type);
    if (!type) return type.error();
    auto around = type_context(context_, row.version.stack_tags);
    auto removed = (*type)->remove(around, view_of(identity_of(stack_), row));
    if (!removed) return removed.error();
    context_.store.edit<StackResourceRow>(key)->removal_begun = true;
    return {};
  });
  if (outcome.done()) return {.stepped = true};
  if (outcome.stalled) return {.look_again_at = context_.now() + retry_after};
  if (is_still_in_use(*outcome.refused) && context_.now() < row.operation_started_at + in_use_patience) {
    return {.look_again_at = context_.now() + retry_after};
  }
  return record(row, "DELETE_FAILED", handler_error(context_.ids(), *outcome.refused).message);
}

Progress DeleteWalk::check_removed(const StackResourceRow& row) {
  const std::string key = row.key();
  bool gone = false;
  Time deadline{};
  const auto outcome = attempt(context_.store, [&]() -> Result<> {
    const auto type = known_type(row.type);
    if (!type) return type.error();
    deadline = row.operation_started_at + (*type)->stabilize_timeout();
    auto around = type_context(context_, row.version.stack_tags);
    const auto removed = (*type)->removed(around, view_of(identity_of(stack_), row));
    if (!removed) return removed.error();
    gone = *removed;
    if (!gone) return {};
    auto& resource = *context_.store.edit<StackResourceRow>(key);
    set_resource_status(context_, *context_.store.edit<StackRow>(stack_.id), resource, "DELETE_COMPLETE");
    return {};
  });
  if (outcome.stalled) return {.look_again_at = context_.now() + retry_after};
  if (outcome.refused) {
    return record(row, "DELETE_FAILED", handler_error(context_.ids(), *outcome.refused).message);
  }
  if (gone) return {.stepped = true};
  if (context_.now() < deadline) return {.look_again_at = deadline};
  const Error exceeded{"NotStabilized", "Exceeded attempts to wait"};
  return record(row, "DELETE_FAILED", handler_error(context_.ids(), exceeded).message);
}

Progress DeleteWalk::record(const StackResourceRow& row, const std::string& status,
                            const std::string& reason) {
  const auto outcome = attempt(context_.store, [&]() -> Result<> {
    auto& resource = *context_.store.edit<StackResourceRow>(row.key());
    resource.operation_id = stack_.operation_id;
    resource.removal_begun = false;
    set_resource_status(context_, *context_.store.edit<StackRow>(stack_.id), resource, status, reason);
    return {};
  });
  if (outcome.stalled) return {.look_again_at = context_.now() + retry_after};
  return {.stepped = true};
}

Progress DeleteWalk::finish(bool any_failed) {
  const auto outcome = attempt(context_.store, [&]() -> Result<> {
    auto& stack = *context_.store.edit<StackRow>(stack_.id);
    const std::string reason = failed_resources(context_, stack, "DELETE_FAILED", "delete");
    if (cleaning_up()) {
      finish_cleanup(stack, any_failed);
    } else if (stack.status == "ROLLBACK_IN_PROGRESS") {
      end_change_set(context_, stack, "EXECUTE_FAILED");
      set_stack_status(context_, stack, any_failed ? "ROLLBACK_FAILED" : "ROLLBACK_COMPLETE", reason);
    } else if (any_failed) {
      set_stack_status(context_, stack, "DELETE_FAILED", reason);
    } else {
      finish_deletion(stack);
    }
    return {};
  });
  return {.stepped = outcome.done()};
}

// What could not be deleted is left alone, as on AWS.
void DeleteWalk::finish_cleanup(StackRow& stack, bool any_failed) {
  for (const auto* row : resources_of(context_.store, stack.id)) {
    if (row->retired != Retired::no || is_gone(*row)) context_.store.erase<StackResourceRow>(row->key());
  }
  if (stack.status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") {
    return set_stack_status(
        context_, stack, "UPDATE_COMPLETE",
        any_failed ? "Update successful. One or more resources could not be deleted." : "");
  }
  context_.store.erase<DeploymentRow>(DeploymentRow::key_of(stack.id, DeploymentRow::target));
  end_change_set(context_, stack, "EXECUTE_FAILED");
  set_stack_status(context_, stack, "UPDATE_ROLLBACK_COMPLETE");
}

void DeleteWalk::finish_deletion(StackRow& stack) {
  stack.deleted_at = context_.now();
  stack.exports.clear();
  stack.retain_resources.clear();
  context_.store.erase<DeploymentRow>(DeploymentRow::key_of(stack.id, DeploymentRow::target));
  for (const auto* set : change_sets_of(context_.store, stack.id))
    context_.store.erase<ChangeSetRow>(set->id);
  set_stack_status(context_, stack, "DELETE_COMPLETE");
}

}  // namespace berth::cloudformation
