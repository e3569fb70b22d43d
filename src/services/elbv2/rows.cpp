#include "services/elbv2/rows.h"

namespace berth::elbv2 {

void add_tables(Store& store) {
  store.add<LoadBalancerRow>();
  store.add<ListenerRow>();
  store.add<RuleRow>();
  store.add<TargetGroupRow>();
  store.add<TargetRow>();
}

}  // namespace berth::elbv2
