#include "services/logs/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/arn.h"
#include "store/log_events.h"

namespace berth::logs {
namespace {

constexpr std::int64_t event_overhead_bytes = 26;
constexpr std::string_view group_resource = "log-group:";

}  // namespace

std::string LogStreamRow::key_of(std::string_view group, std::string_view stream) {
  return fmt::format("{}:{}", group, stream);
}

std::string LogOffsetRow::key_of(std::string_view task_id, std::string_view container) {
  return fmt::format("{}/{}", task_id, container);
}

void add_tables(Store& store) {
  store.add<LogGroupRow>();
  store.add<LogStreamRow>();
  store.add<LogOffsetRow>();
}

std::int64_t event_bytes(std::string_view message) {
  return static_cast<std::int64_t>(message.size()) + event_overhead_bytes;
}

void append_events(Store& store, LogEvents& log_events, const std::string& group, const std::string& stream,
                   std::vector<NewEvent> events, Time now) {
  const std::string key = LogStreamRow::key_of(group, stream);
  if (!store.find<LogStreamRow>(key)) {
    LogStreamRow row;
    row.group = group;
    row.name = stream;
    row.created_at = now;
    store.put(std::move(row));
  }
  if (events.empty()) return;
  auto* row = store.edit<LogStreamRow>(key);
  row->last_ingestion = now;
  for (auto& event : events) {
    // The API counts in milliseconds; events of the same one keep their order by sequence.
    const Time timestamp = from_unix_ms(unix_ms(event.timestamp));
    row->first_event = std::min(row->first_event.value_or(timestamp), timestamp);
    row->last_event = std::max(row->last_event.value_or(timestamp), timestamp);
    row->stored_bytes += event_bytes(event.message);
    store.append({group, stream, log_events.next_sequence(), timestamp, now, std::move(event.message)});
  }
}

std::vector<const LogStreamRow*> streams_of(const Store& store, std::string_view group) {
  std::vector<const LogStreamRow*> found;
  const std::string prefix = LogStreamRow::key_of(group, "");
  const auto& rows = store.all<LogStreamRow>();
  for (auto next = rows.lower_bound(prefix); next != rows.end() && next->first.starts_with(prefix); ++next) {
    found.push_back(&next->second);
  }
  return found;
}

Error group_missing() {
  return {"ResourceNotFoundException", "The specified log group does not exist."};
}
Error stream_missing() {
  return {"ResourceNotFoundException", "The specified log stream does not exist."};
}

Result<const LogGroupRow*> find_group(const Store& store, const std::optional<std::string>& name,
                                      const std::optional<std::string>& identifier) {
  std::string wanted = name ? *name : identifier.value_or("");
  if (const auto arn = parse_arn(wanted); arn && arn->resource.starts_with(group_resource)) {
    wanted = arn->resource.substr(group_resource.size());
    if (wanted.ends_with(":*")) wanted.resize(wanted.size() - 2);
  }
  if (wanted.empty()) return invalid_parameter("Either logGroupName or logGroupIdentifier is required.");
  const auto* row = store.find<LogGroupRow>(wanted);
  if (!row) return group_missing();
  return row;
}

std::string group_arn(const Settings& settings, std::string_view group) {
  return settings.arn("logs", fmt::format("{}{}", group_resource, group));
}

}  // namespace berth::logs
