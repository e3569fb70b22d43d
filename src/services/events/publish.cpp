#include "services/events/publish.h"

#include <algorithm>

#include "control/event_pattern.h"

namespace berth::events {

json::value event_document(const Settings& settings, const NewEvent& event) {
  json::array resources;
  for (const auto& resource : event.resources) resources.push_back(json::string(resource));
  return json::object{{"version", "0"},
                      {"id", event.id},
                      {"detail-type", event.detail_type},
                      {"source", event.source},
                      {"account", settings.account},
                      {"time", iso_s(event.time)},
                      {"region", settings.region},
                      {"resources", std::move(resources)},
                      {"detail", event.detail}};
}

bool any_pattern(const Store& store) {
  const auto& rules = store.all<RuleRow>();
  return std::any_of(rules.begin(), rules.end(), [](const auto& entry) {
    return entry.second.enabled && !entry.second.event_pattern.empty();
  });
}

void publish(Store& store, const json::value& event, Time now) {
  std::vector<std::string> matching;
  for (const auto& [name, rule] : store.all<RuleRow>()) {
    if (!rule.enabled || rule.event_pattern.empty()) continue;
    const auto pattern = control::parse_event_pattern(rule.event_pattern);
    if (pattern && control::matches_event(*pattern, event)) matching.push_back(name);
  }
  for (const auto& name : matching) set_off(store, name, event, now);
}

void set_off(Store& store, const std::string& rule, json::value event, Time now) {
  TriggerRow row;
  row.sequence = next_sequence<TriggerRow>(store);
  row.rule = rule;
  row.event = std::move(event);
  row.ingested_at = now;
  store.put(std::move(row));
}

}  // namespace berth::events
