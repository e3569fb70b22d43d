#include "services/autoscaling/rows.h"

#include <fmt/format.h>

namespace berth::autoscaling {

// Fixed width, so that keys sort as the sequence does.
std::string ScalingActivityRow::key() const {
  return fmt::format("{:016}", sequence);
}

void add_tables(Store& store) {
  store.add<ScalableTargetRow>();
  store.add<ScalingPolicyRow>();
  store.add<ScheduledActionRow>();
  store.add<ScalingActivityRow>();
}

}  // namespace berth::autoscaling
