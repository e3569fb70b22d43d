// An event on the default bus: the rules whose patterns it matches are set off, in the caller's transaction;
// the event delivery reconciler tells their targets.
#pragma once

#include <string>
#include <vector>

#include "services/context.h"
#include "services/events/rows.h"

namespace berth::events {

struct NewEvent {
  std::string id;
  std::string source;  // "aws.ecs"
  std::string detail_type;
  std::vector<std::string> resources;
  json::value detail;
  Time time{};
};

json::value event_document(const Settings& settings, const NewEvent& event);

// Whether any event could match a rule at all.
bool any_pattern(const Store& store);
void publish(Store& store, const json::value& event, Time now);
// What a schedule does: it sets off one rule.
void set_off(Store& store, const std::string& rule, json::value event, Time now);

}  // namespace berth::events
