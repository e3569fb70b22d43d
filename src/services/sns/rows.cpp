#include "services/sns/rows.h"

#include <fmt/format.h>

namespace berth::sns {

std::string DeliveryRow::key_of(std::int64_t sequence) {
  return fmt::format("{:012}", sequence);
}

void add_tables(Store& store) {
  store.add<TopicRow>();
  store.add<SubscriptionRow>();
  store.add<EndedSubscriptionRow>();
  store.add<DeliveryRow>();
}

std::int64_t next_delivery_sequence(const Store& store) {
  const auto& rows = store.all<DeliveryRow>();
  return rows.empty() ? 1 : rows.rbegin()->second.sequence + 1;
}

}  // namespace berth::sns
