// What berth keeps of CloudWatch Logs: groups and streams. Events are too many for memory and lie behind
// LogEvents.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/context.h"
#include "store/store.h"

namespace berth::logs {

struct LogGroupRow {
  static constexpr const char* table = "logs.groups";
  std::string name;
  Time created_at{};
  std::optional<int> retention_days;  // none: kept for ever
  std::string log_group_class = "STANDARD";
  bool deletion_protection = false;
  std::map<std::string, std::string> tags;
  // Events before it are expired: no longer counted, shown or accepted, whether or not they are erased
  // already.
  Time expired_before{};

  std::string key() const { return name; }
};
BOOST_DESCRIBE_STRUCT(LogGroupRow, (),
                      (name, created_at, retention_days, log_group_class, deletion_protection, tags,
                       expired_before))

struct LogStreamRow {
  static constexpr const char* table = "logs.streams";
  std::string group;
  std::string name;
  Time created_at{};
  std::optional<Time> first_event, last_event, last_ingestion;
  std::int64_t stored_bytes = 0;

  // Neither name has a colon.
  static std::string key_of(std::string_view group, std::string_view stream);
  std::string key() const { return key_of(group, name); }
};
BOOST_DESCRIBE_STRUCT(LogStreamRow, (),
                      (group, name, created_at, first_event, last_event, last_ingestion, stored_bytes))

// How far a container's output has been stored; committed together with the events.
struct LogOffsetRow {
  static constexpr const char* table = "logs.offsets";
  std::string task_id;
  std::string container;
  std::int64_t offset = 0;
  std::int64_t dropped = 0;   // lines that were lost before they could be stored
  std::int64_t reported = 0;  // of them, those that a line in the stream tells of

  static std::string key_of(std::string_view task_id, std::string_view container);
  std::string key() const { return key_of(task_id, container); }
  const std::string& belongs_to() const { return task_id; }
};
BOOST_DESCRIBE_STRUCT(LogOffsetRow, (), (task_id, container, offset, dropped, reported))

void add_tables(Store& store);

struct NewEvent {
  Time timestamp{};
  std::string message;
};

// What an event counts for, by AWS's rule.
std::int64_t event_bytes(std::string_view message);

// Appends to the stream, which is made if it is not there (its group must be), in the caller's transaction.
void append_events(Store& store, LogEvents& log_events, const std::string& group, const std::string& stream,
                   std::vector<NewEvent> events, Time now);

std::vector<const LogStreamRow*> streams_of(const Store& store, std::string_view group);

Error group_missing();
Error stream_missing();
inline Error invalid_parameter(const std::string& message) {
  return {"InvalidParameterException", message};
}

// The group that a name, or an ARN with or without `:*`, means; the name wins when both are given.
Result<const LogGroupRow*> find_group(const Store& store, const std::optional<std::string>& name,
                                      const std::optional<std::string>& identifier = {});

std::string group_arn(const Settings& settings, std::string_view group);  // without `:*`

}  // namespace berth::logs
