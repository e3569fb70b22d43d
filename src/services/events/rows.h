// What berth keeps of EventBridge: the default bus's rules with their targets, and what they have set off
// that has not reached its targets yet.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/events.h"
#include "services/context.h"
#include "store/store.h"

namespace berth::events {

inline constexpr const char* default_bus = "default";

struct RuleRow {
  static constexpr const char* table = "events.rules";
  std::string name;
  std::string arn;
  std::string description;
  std::string event_pattern;  // JSON; empty: none
  std::string schedule_expression;
  std::string role_arn;
  std::string created_by;
  bool enabled = true;
  Time scheduled_since{};       // its schedule counts from here
  int schedule_version = 0;     // another one with every new schedule and every time it is enabled
  std::vector<Target> targets;  // in order of their addition
  std::vector<Tag> tags;

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(RuleRow, (),
                      (name, arn, description, event_pattern, schedule_expression, role_arn, created_by,
                       enabled, scheduled_since, schedule_version, targets, tags))

// A rule that an event has set off; its targets are still to be told.
struct TriggerRow {
  static constexpr const char* table = "events.triggers";
  std::int64_t sequence = 0;
  std::string rule;  // its name
  json::value event;
  Time ingested_at{};

  static std::string key_of(std::int64_t sequence);
  std::string key() const { return key_of(sequence); }
};
BOOST_DESCRIBE_STRUCT(TriggerRow, (), (sequence, rule, event, ingested_at))

// One target that is to be told of one event.
struct InvocationRow {
  static constexpr const char* table = "events.invocations";
  std::int64_t sequence = 0;
  std::string rule;
  std::string rule_arn;
  Target target;  // as it was when the rule was set off
  json::value event;
  Time ingested_at{};
  int attempts = 0;
  Time next_attempt{};
  std::string last_error;

  std::string key() const { return TriggerRow::key_of(sequence); }
};
BOOST_DESCRIBE_STRUCT(InvocationRow, (),
                      (sequence, rule, rule_arn, target, event, ingested_at, attempts, next_attempt,
                       last_error))

void add_tables(Store& store);

// The next one's number; needs a transaction around it and the put().
template <class Row>
std::int64_t next_sequence(const Store& store) {
  const auto& rows = store.all<Row>();
  return rows.empty() ? 1 : rows.rbegin()->second.sequence + 1;
}

std::string bus_arn(const Settings& settings);
std::string rule_arn(const Settings& settings, const std::string& name);

}  // namespace berth::events
