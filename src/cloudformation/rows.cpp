#include "cloudformation/rows.h"

#include <fmt/format.h>

namespace berth::cloudformation {

// Fixed width, so that keys sort as events happened.
std::string StackEventRow::key() const {
  return fmt::format("{}|{:08}", stack_id, sequence);
}

void add_tables(Store& store) {
  store.add<StackRow>();
  store.add<DeploymentRow>();
  store.add<StackResourceRow>();
  store.add<StackEventRow>();
  store.add<ChangeSetRow>();
}

}  // namespace berth::cloudformation
