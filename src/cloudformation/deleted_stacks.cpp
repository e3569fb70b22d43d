#include "cloudformation/deleted_stacks.h"

#include "cloudformation/stack_lookup.h"

namespace berth::cloudformation {
namespace {

template <class Row>
void erase_rows(Store& store, const std::string& stack_id) {
  for (const auto* row : rows_of_stack<Row>(store, stack_id)) store.erase<Row>(row->key());
}

}  // namespace

Result<> forget_deleted_stacks(Store& store, Time now) {
  std::vector<std::string> old;
  for (const auto& [id, stack] : store.all<StackRow>()) {
    if (stack.status == "DELETE_COMPLETE" && stack.deleted_at &&
        *stack.deleted_at + deleted_stack_kept < now) {
      old.push_back(id);
    }
  }
  if (old.empty()) return {};
  return store.transact([&]() -> Result<> {
    for (const auto& id : old) {
      erase_rows<StackEventRow>(store, id);
      erase_rows<StackResourceRow>(store, id);
      erase_rows<DeploymentRow>(store, id);
      store.erase<StackRow>(id);
    }
    return {};
  });
}

}  // namespace berth::cloudformation
