#include "services/cloudwatch/rows.h"

#include <fmt/format.h>

namespace berth::cloudwatch {
namespace {

// AWS keeps 30 days of history; the count bounds an alarm that flaps at an accelerated clock.
constexpr Duration history_kept = Duration::minutes(30 * 24 * 60);
constexpr std::size_t history_rows_max = 20000;

}  // namespace

// Fixed width, so that keys sort as the sequence does.
std::string AlarmHistoryRow::key() const {
  return fmt::format("{:016}", sequence);
}

void add_tables(Store& store) {
  store.add<AlarmRow>();
  store.add<AlarmHistoryRow>();
}

void add_history(Store& store, const AlarmRow& alarm, const char* type, std::string summary, std::string data,
                 Time now) {
  const auto& rows = store.all<AlarmHistoryRow>();
  AlarmHistoryRow row;
  row.sequence = rows.empty() ? 1 : rows.rbegin()->second.sequence + 1;
  row.alarm = alarm.name;
  row.alarm_type = alarm.metric ? "MetricAlarm" : "CompositeAlarm";
  row.type = type;
  row.summary = std::move(summary);
  row.data = std::move(data);
  row.time = now;
  if (!rows.empty()) {
    const auto& oldest = rows.begin()->second;
    if (now - oldest.time > history_kept || rows.size() >= history_rows_max) {
      store.erase<AlarmHistoryRow>(std::string(rows.begin()->first));
    }
  }
  store.put(std::move(row));
}

void erase_alarm(Store& store, const std::string& name, Time now) {
  const auto* row = store.find<AlarmRow>(name);
  if (!row) return;
  add_history(store, *row, "ConfigurationUpdate", fmt::format("Alarm \"{}\" deleted", name),
              R"({"version":"1.0","type":"Delete"})", now);
  store.erase<AlarmRow>(name);
}

namespace {

template <class Description>
const std::optional<std::vector<std::string>>& pick_actions(const Description& alarm,
                                                            std::string_view state) {
  if (state == "ALARM") return alarm.alarm_actions;
  return state == "OK" ? alarm.ok_actions : alarm.insufficient_data_actions;
}

}  // namespace

const std::optional<std::vector<std::string>>& actions_in_state(const MetricAlarm& alarm,
                                                                std::string_view state) {
  return pick_actions(alarm, state);
}

std::vector<std::string> actions_of(const AlarmRow& alarm, std::string_view state) {
  return (alarm.metric ? pick_actions(*alarm.metric, state) : pick_actions(*alarm.composite, state))
      .value_or(std::vector<std::string>{});
}

}  // namespace berth::cloudwatch
