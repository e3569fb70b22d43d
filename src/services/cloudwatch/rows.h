// What berth keeps of CloudWatch: alarms and their history. Datapoints are in MetricStore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/cloudwatch.h"
#include "store/store.h"

namespace berth::cloudwatch {

// A metric alarm or a composite one, as DescribeAlarms answers.
struct AlarmRow {
  static constexpr const char* table = "cloudwatch.alarms";
  std::string name;
  std::optional<MetricAlarm> metric;
  std::optional<CompositeAlarm> composite;
  std::vector<Tag> tags;

  std::string key() const { return name; }
  const std::string& state() const { return metric ? *metric->state_value : *composite->state_value; }
  const std::string& arn() const { return metric ? *metric->alarm_arn : *composite->alarm_arn; }
  bool actions_enabled() const { return metric ? *metric->actions_enabled : *composite->actions_enabled; }
};
BOOST_DESCRIBE_STRUCT(AlarmRow, (), (name, metric, composite, tags))

struct AlarmHistoryRow {
  static constexpr const char* table = "cloudwatch.alarm_history";
  std::int64_t sequence = 0;
  std::string alarm;
  std::string alarm_type;  // MetricAlarm | CompositeAlarm
  std::string type;        // ConfigurationUpdate | StateUpdate | Action
  std::string summary;
  std::string data;  // JSON
  Time time{};

  std::string key() const;
};
BOOST_DESCRIBE_STRUCT(AlarmHistoryRow, (), (sequence, alarm, alarm_type, type, summary, data, time))

void add_tables(Store& store);

// Appends to the alarm's history, which is kept for 30 days. Inside a transaction.
void add_history(Store& store, const AlarmRow& alarm, const char* type, std::string summary, std::string data,
                 Time now);

// Deletes the alarm, if it exists, with the entry that tells of it. Inside a transaction.
void erase_alarm(Store& store, const std::string& name, Time now);

// What a metric alarm's actions in a state are, where they stand.
const std::optional<std::vector<std::string>>& actions_in_state(const MetricAlarm& alarm,
                                                                std::string_view state);
// What a state's actions are.
std::vector<std::string> actions_of(const AlarmRow& alarm, std::string_view state);

}  // namespace berth::cloudwatch
