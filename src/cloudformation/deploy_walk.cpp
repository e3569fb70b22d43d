#include "cloudformation/deploy_walk.h"

#include <algorithm>

#include "cloudformation/exports.h"
#include "cloudformation/named_resources.h"
#include "cloudformation/nested_stacks.h"
#include "cloudformation/operation_failure.h"
#include "cloudformation/resource_access.h"
#include "cloudformation/stack_events.h"
#include "cloudformation/stack_lookup.h"

namespace berth::cloudformation {
namespace {

constexpr const char* timeout_reason = "Stack creation time exceeded the specified timeout";

bool is_done(const StackResourceRow& row) {
  return row.status.ends_with("_COMPLETE");
}

}  // namespace

Progress DeployWalk::advance() {
  if (timed_out()) return fail(timeout_reason);
  const auto rows = resources_of(context_.store, stack_.id);
  const bool begun = std::any_of(rows.begin(), rows.end(), [&](const StackResourceRow* row) {
    return row->operation_id == stack_.operation_id;
  });
  if (!begun) {
    const auto named = check_named_resources(context_.store, context_.settings, plan_);
    if (!named) return fail(named.error().message);
  }
  if (!begun && steps_.refuse_bad_properties(plan_, deployment_)) return {.stepped = true};
  if (auto started = start_next(); started.stepped || started.look_again_at) return started;
  auto settled = settle_next();
  if (settled.stepped || settled.look_again_at) return settled;
  const bool failed = std::any_of(plan_.order.in_order().begin(), plan_.order.in_order().end(),
                                  [&](const std::string& logical_id) {
                                    const auto* row = visited(logical_id);
                                    return row && is_failed(*row);
                                  });
  return failed ? fail({}) : finish();
}

// The resource's row, once this operation has looked at it.
const StackResourceRow* DeployWalk::visited(std::string_view logical_id) const {
  const auto* row = active_resource(context_.store, stack_.id, logical_id);
  return row && row->operation_id == stack_.operation_id ? row : nullptr;
}

bool DeployWalk::timed_out() const {
  return stack_.status == "CREATE_IN_PROGRESS" && stack_.timeout_minutes > 0 &&
         context_.now() >=
             stack_.operation_started_at + Duration::minutes(static_cast<double>(stack_.timeout_minutes));
}

Progress DeployWalk::start_next() {
  cfn::LogicalIds done;
  for (const auto& logical_id : plan_.order.in_order()) {
    const auto* row = visited(logical_id);
    if (row && is_done(*row)) done.insert(logical_id);
  }
  for (const auto& logical_id : plan_.order.creatable(done)) {
    if (!visited(logical_id)) return steps_.start(plan_, deployment_, *plan_.of.resource(logical_id));
  }
  return {};
}

Progress DeployWalk::settle_next() {
  Progress waiting;
  for (const auto& logical_id : plan_.order.in_order()) {
    const auto* row = visited(logical_id);
    if (!row || !is_in_progress(row->status)) continue;
    const auto settled = steps_.settle(*row, ResourceSteps::IfFailed::fail_operation);
    if (settled.stepped) return settled;
    if (settled.look_again_at) waiting.wait_until(*settled.look_again_at);
  }
  if (waiting.look_again_at && stack_.status == "CREATE_IN_PROGRESS" && stack_.timeout_minutes > 0) {
    waiting.wait_until(stack_.operation_started_at +
                       Duration::minutes(static_cast<double>(stack_.timeout_minutes)));
  }
  return waiting;
}

Progress DeployWalk::finish() {
  const auto outcome = attempt(context_.store, [&] { return complete(); });
  if (outcome.refused) return fail(outcome.refused->message);
  return {.stepped = outcome.done()};
}

Progress DeployWalk::fail(const std::string& cause) {
  const auto outcome = attempt(context_.store, [&]() -> Result<> {
    fail_operation(context_, *context_.store.edit<StackRow>(stack_.id), cause);
    return {};
  });
  return {.stepped = outcome.done()};
}

Result<> DeployWalk::complete() {
  auto environment = environment_of(context_, identity_of(stack_), deployment_.notification_arns);
  add_resources(environment, context_, identity_of(stack_));
  const auto outputs = cfn::resolve_outputs(plan_.scope(environment));
  if (!outputs) return outputs.error();
  std::map<std::string, std::string> exports;
  for (const auto& output : *outputs) {
    if (!output.export_name.empty()) exports[output.export_name] = output.value;
  }
  if (auto checked = check_exports(context_.store, stack_, exports); !checked) return checked;
  auto& stack = *context_.store.edit<StackRow>(stack_.id);
  if (is_parent_under_way(context_.store, stack) && stack.status == "UPDATE_IN_PROGRESS") {
    stack.former = StackResults{stack.outputs, stack.exports, stack.description};
  }
  stack.exports = std::move(exports);
  stack.description = plan_.of.description;
  stack.outputs.clear();
  for (const auto& output : *outputs) {
    Output& shown = stack.outputs.emplace_back();
    shown.output_key = output.name;
    shown.output_value = output.value;
    if (!output.description.empty()) shown.description = output.description;
    if (!output.export_name.empty()) shown.export_name = output.export_name;
  }
  if (stack.status == "CREATE_IN_PROGRESS") {
    end_change_set(context_, stack, "EXECUTE_COMPLETE");
    set_stack_status(context_, stack, "CREATE_COMPLETE");
  } else {
    complete_update(stack);
  }
  return {};
}

void DeployWalk::complete_update(StackRow& stack) {
  for (const auto* row : resources_of(context_.store, stack.id)) {
    auto& resource = *context_.store.edit<StackResourceRow>(row->key());
    if (resource.retired == Retired::no && !plan_.wanted(resource.logical_id))
      resource.retired = Retired::removed;
  }
  if (!is_parent_under_way(context_.store, stack)) settle_update(context_, stack);
  end_change_set(context_, stack, nullptr);
  set_stack_status(context_, stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
}

}  // namespace berth::cloudformation
