#include "cloudformation/stack_lookup.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::cloudformation {
namespace {

constexpr std::size_t stack_name_characters_max = 128;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

Error constraint_error(std::string_view value, std::string_view constraint) {
  return validation_error(fmt::format(
      "1 validation error detected: Value '{}' at 'stackName' failed to satisfy constraint: Member must {}",
      value, constraint));
}

}  // namespace

Error validation_error(std::string message) {
  return Error{"ValidationError", std::move(message)};
}

const StackRow* find_stack(const Context& context, std::string_view name_or_id) {
  if (name_or_id.starts_with("arn:")) return context.store.find<StackRow>(name_or_id);
  const std::string prefix = context.settings.arn("cloudformation", fmt::format("stack/{}/", name_or_id));
  const auto& stacks = context.store.all<StackRow>();
  for (auto at = stacks.lower_bound(prefix); at != stacks.end() && at->first.starts_with(prefix); ++at) {
    if (at->second.status != "DELETE_COMPLETE") return &at->second;
  }
  return nullptr;
}

Result<const StackRow*> described_stack(const Context& context,
                                        const std::optional<std::string>& name_or_id) {
  const auto* stack = find_stack(context, name_or_id.value_or(""));
  if (!stack)
    return validation_error(fmt::format("Stack with id {} does not exist", name_or_id.value_or("")));
  return stack;
}

Result<const StackRow*> named_stack(const Context& context, const std::optional<std::string>& name_or_id) {
  const auto* stack = find_stack(context, name_or_id.value_or(""));
  if (!stack) return validation_error(fmt::format("Stack [{}] does not exist", name_or_id.value_or("")));
  return stack;
}

Result<> check_stack_name(const std::string& name) {
  const bool fits =
      !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), is_name_character);
  if (!fits) {
    return constraint_error(
        name, "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*");
  }
  if (name.size() > stack_name_characters_max) {
    return constraint_error(name,
                            fmt::format("have length less than or equal to {}", stack_name_characters_max));
  }
  return {};
}

Result<const ChangeSetRow*> named_change_set(const Context& context,
                                             const std::optional<std::string>& name_or_id,
                                             const std::optional<std::string>& stack) {
  const std::string wanted = name_or_id.value_or("");
  const ChangeSetRow* found = nullptr;
  if (wanted.starts_with("arn:")) {
    found = context.store.find<ChangeSetRow>(wanted);
  } else {
    if (!stack) {
      return validation_error("StackName must be specified if ChangeSetName is not specified as an ARN.");
    }
    const auto of = named_stack(context, stack);
    if (!of) return of.error();
    for (const auto* set : change_sets_of(context.store, (*of)->id)) {
      if (set->name == wanted) found = set;
    }
  }
  if (!found)
    return Error{"ChangeSetNotFoundException", fmt::format("ChangeSet [{}] does not exist", wanted)};
  return found;
}

std::vector<const ChangeSetRow*> change_sets_of(const Store& store, std::string_view stack_id) {
  std::vector<const ChangeSetRow*> out;
  for (const auto& [id, set] : store.all<ChangeSetRow>()) {
    if (set.stack_id == stack_id) out.push_back(&set);
  }
  return out;
}

const Deployment* find_deployment(const Store& store, std::string_view stack_id, std::string_view slot) {
  const auto* row = store.find<DeploymentRow>(DeploymentRow::key_of(stack_id, slot));
  return row ? &row->deployment : nullptr;
}

std::vector<const StackResourceRow*> resources_of(const Store& store, std::string_view stack_id) {
  return rows_of_stack<StackResourceRow>(store, stack_id);
}

const StackResourceRow* active_resource(const Store& store, std::string_view stack_id,
                                        std::string_view logical_id) {
  const std::string prefix = std::string(stack_id) + "|" + std::string(logical_id) + "|";
  const auto& all = store.all<StackResourceRow>();
  for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at) {
    if (at->second.retired == Retired::no && !is_gone(at->second)) return &at->second;
  }
  return nullptr;
}

bool is_in_progress(std::string_view status) {
  return status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS";
}

bool is_gone(const StackResourceRow& row) {
  return row.status == "DELETE_COMPLETE" || row.status == "DELETE_SKIPPED";
}

}  // namespace berth::cloudformation
