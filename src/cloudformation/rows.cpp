#include "cloudformation/rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::cloudformation {

// Fixed width, so that keys sort as events happened.
std::string StackEventRow::key() const {
  return fmt::format("{}|{:08}", stack_id, sequence);
}

bool same_tags(const std::vector<Tag>& a, const std::vector<Tag>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Tag& x, const Tag& y) { return x.key == y.key && x.value == y.value; });
}

void add_tables(Store& store) {
  store.add<StackRow>();
  store.add<DeploymentRow>();
  store.add<StackResourceRow>();
  store.add<StackEventRow>();
  store.add<ChangeSetRow>();
}

}  // namespace berth::cloudformation
