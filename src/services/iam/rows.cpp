#include "services/iam/rows.h"

#include "base/arn.h"

namespace berth::iam {

void add_tables(Store& store) {
  store.add<RoleRow>();
  store.add<PolicyRow>();
  store.add<InstanceProfileRow>();
}

const RoleRow* find_role(const Store& store, std::string_view arn_or_name) {
  return store.find<RoleRow>(last_part(arn_or_name));
}

}  // namespace berth::iam
