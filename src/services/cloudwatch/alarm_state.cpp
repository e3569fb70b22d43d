#include "services/cloudwatch/alarm_state.h"

#include <fmt/format.h>

#include "services/cloudwatch/alarm_notification.h"
#include "services/sns/publish.h"

namespace berth::cloudwatch {
namespace {

json::object state_object(const std::string& value, const std::string& reason, const std::string& data) {
  json::object out{{"stateValue", value}, {"stateReason", reason}};
  json::value parsed;
  JsonError error;
  if (!data.empty() && parse_json(data, parsed, error)) out["stateReasonData"] = parsed;
  return out;
}

template <class Alarm>
void set_state(Alarm& alarm, const std::string& state, const std::string& reason, const std::string& reason_data,
               Time now) {
  if (alarm.state_value != state) alarm.state_transitioned_timestamp = now;
  alarm.state_value = state;
  alarm.state_reason = reason;
  alarm.state_reason_data.reset();
  if (!reason_data.empty()) alarm.state_reason_data = reason_data;
  alarm.state_updated_timestamp = now;
}

void run_sns_actions(Store& store, Loop& loop, const Settings& settings, const AlarmRow& alarm,
                     const std::string& old_state) {
  if (!alarm.actions_enabled()) return;
  for (const auto& action : actions_of(alarm, alarm.state())) {
    if (!action.starts_with("arn:aws:sns:")) continue;
    auto published = sns::publish(store, loop.rng("ids"), settings,
                                  alarm_publication(settings, alarm, old_state, action), loop.now());
    record_action(store, alarm, action, published ? Result<>{} : Result<>{published.error()}, loop.now());
  }
}

}  // namespace

void record_action(Store& store, const AlarmRow& alarm, const std::string& action_arn, const Result<>& outcome,
                   Time now) {
  const std::string summary =
      outcome ? fmt::format("Successfully executed action {}", action_arn)
              : fmt::format("Failed to execute action {}. Received error: \"{}\"", action_arn, outcome.error().message);
  const json::object data{{"actionState", outcome ? "Succeeded" : "Failed"},
                          {"notificationResource", action_arn},
                          {"stateUpdateTimestamp", unix_ms(now)},
                          {"error", outcome ? json::value(nullptr) : json::value(json::string(outcome.error().message))}};
  add_history(store, alarm, "Action", summary, json::serialize(data), now);
}

void change_state(Store& store, Loop& loop, const Settings& settings, const std::string& name,
                  const std::string& state, const std::string& reason, const std::string& reason_data) {
  auto* row = store.edit<AlarmRow>(name);
  if (!row) return;
  const AlarmRow before = *row;
  if (row->metric) set_state(*row->metric, state, reason, reason_data, loop.now());
  if (row->composite) set_state(*row->composite, state, reason, reason_data, loop.now());
  if (before.state() == state) return;
  const auto old_state = before.metric
                             ? state_object(before.state(), before.metric->state_reason.value_or(""),
                                            before.metric->state_reason_data.value_or(""))
                             : state_object(before.state(), before.composite->state_reason.value_or(""),
                                            before.composite->state_reason_data.value_or(""));
  const json::object data{{"version", "1.0"},
                          {"oldState", old_state},
                          {"newState", state_object(state, reason, reason_data)}};
  add_history(store, *row, "StateUpdate", fmt::format("Alarm updated from {} to {}", before.state(), state),
              json::serialize(data), loop.now());
  const AlarmRow after = *row;
  run_sns_actions(store, loop, settings, after, before.state());
}

}  // namespace berth::cloudwatch
