#include "cloudformation/restore_walk.h"

#include <algorithm>

#include "cloudformation/operation_failure.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"

namespace berth::cloudformation {
namespace {

// The update has replaced it, or changed it, or tried to.
bool needs_restoring(const StackResourceRow& row) {
  if (row.retired == Retired::replaced) return !row.added;
  return row.retired == Retired::no && !row.added && (row.previous || row.status == "UPDATE_FAILED");
}

const std::vector<std::string>& earlier_dependencies(const StackResourceRow& row) {
  return row.previous ? row.previous->dependencies : row.version.dependencies;
}

}  // namespace

Progress RestoreWalk::advance() {
  const auto rows = resources_of(context_.store, stack_.id);
  const bool failed = std::any_of(rows.begin(), rows.end(), [&](const StackResourceRow* row) {
    return visited(*row) && row->status == "UPDATE_FAILED";
  });
  if (!failed) {
    if (auto started = start_next(pending()); started.stepped || started.look_again_at) return started;
  }
  if (auto settled = settle_next(); settled.stepped || settled.look_again_at) return settled;
  return finish(failed);
}

std::vector<const StackResourceRow*> RestoreWalk::pending() const {
  std::vector<const StackResourceRow*> out;
  for (const auto* row : resources_of(context_.store, stack_.id)) {
    if (!visited(*row) && needs_restoring(*row)) out.push_back(row);
  }
  return out;
}

Progress RestoreWalk::start_next(const std::vector<const StackResourceRow*>& pending) {
  cfn::LogicalIds unfinished;
  for (const auto* row : pending) unfinished.insert(row->logical_id);
  for (const auto* row : resources_of(context_.store, stack_.id)) {
    if (visited(*row) && is_in_progress(row->status)) unfinished.insert(row->logical_id);
  }
  for (const auto* row : pending) {
    const auto& dependencies = earlier_dependencies(*row);
    const bool waits =
        std::any_of(dependencies.begin(), dependencies.end(), [&](const std::string& logical_id) {
          return logical_id != row->logical_id && unfinished.contains(logical_id);
        });
    if (!waits) return steps_.restore(*row);
  }
  return {};
}

Progress RestoreWalk::settle_next() {
  Progress waiting;
  for (const auto* row : resources_of(context_.store, stack_.id)) {
    if (!visited(*row) || row->retired != Retired::no || !is_in_progress(row->status)) continue;
    const auto settled = steps_.settle(*row, ResourceSteps::IfFailed::fail_resource);
    if (settled.stepped) return settled;
    if (settled.look_again_at) waiting.wait_until(*settled.look_again_at);
  }
  return waiting;
}

Progress RestoreWalk::finish(bool failed) {
  const auto outcome = attempt(context_.store, [&]() -> Result<> {
    auto& stack = *context_.store.edit<StackRow>(stack_.id);
    if (failed) {
      set_stack_status(context_, stack, "UPDATE_ROLLBACK_FAILED",
                       failed_resources(context_, stack, "UPDATE_FAILED", "update"));
      return {};
    }
    for (const auto* row : resources_of(context_.store, stack.id)) {
      if (row->retired != Retired::no || !row->added) continue;
      context_.store.edit<StackResourceRow>(row->key())->retired = Retired::undone;
    }
    set_stack_status(context_, stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
    return {};
  });
  return {.stepped = outcome.done()};
}

}  // namespace berth::cloudformation
