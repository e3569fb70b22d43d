#include "services/events/rows.h"

#include <fmt/format.h>

namespace berth::events {

std::string TriggerRow::key_of(std::int64_t sequence) {
  return fmt::format("{:012}", sequence);
}

void add_tables(Store& store) {
  store.add<RuleRow>();
  store.add<TriggerRow>();
  store.add<InvocationRow>();
}

std::string bus_arn(const Settings& settings) {
  return settings.arn("events", std::string("event-bus/") + default_bus);
}

std::string rule_arn(const Settings& settings, const std::string& name) {
  return settings.arn("events", "rule/" + name);
}

}  // namespace berth::events
