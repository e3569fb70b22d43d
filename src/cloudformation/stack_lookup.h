// Finding what requests name: stacks by name or ARN, change sets, a stack's resources. It reads the store and
// words what is not there; it changes nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cloudformation/rows.h"
#include "services/context.h"

namespace berth::cloudformation {

Error validation_error(std::string message);

// A deleted stack is found by its ARN alone.
const StackRow* find_stack(const Context& context, std::string_view name_or_id);
// `Stack with id X does not exist`
Result<const StackRow*> described_stack(const Context& context, const std::optional<std::string>& name_or_id);
// `Stack [X] does not exist`
Result<const StackRow*> named_stack(const Context& context, const std::optional<std::string>& name_or_id);

// A name that a new stack may have.
Result<> check_stack_name(const std::string& name);

// By ARN, or by name within a stack: `ChangeSet [C] does not exist` (ChangeSetNotFound).
Result<const ChangeSetRow*> named_change_set(const Context& context,
                                             const std::optional<std::string>& name_or_id,
                                             const std::optional<std::string>& stack);
std::vector<const ChangeSetRow*> change_sets_of(const Store& store, std::string_view stack_id);

const Deployment* find_deployment(const Store& store, std::string_view stack_id, std::string_view slot);

// Rows of a table whose key begins with the stack's id, in the order of their keys.
template <class Row>
std::vector<const Row*> rows_of_stack(const Store& store, std::string_view stack_id) {
  const std::string prefix = std::string(stack_id) + "|";
  std::vector<const Row*> rows;
  const auto& all = store.all<Row>();
  for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at) {
    rows.push_back(&at->second);
  }
  return rows;
}

// Every row, those that are to go and (of a deleted stack) those that are gone included.
std::vector<const StackResourceRow*> resources_of(const Store& store, std::string_view stack_id);
// The one that the template means now, or null.
const StackResourceRow* active_resource(const Store& store, std::string_view stack_id,
                                        std::string_view logical_id);

bool is_in_progress(std::string_view status);
bool is_gone(const StackResourceRow& row);  // deleted, or left alone by policy

}  // namespace berth::cloudformation
