#include "study/timeline_reader.h"

#include <algorithm>

namespace berth::study {
namespace {

std::optional<double> number(const json::value& of, std::string_view member) {
  const auto* found = find(of, member);
  if (!found || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

double number_or(const json::value& of, std::string_view member, double fallback) {
  return number(of, member).value_or(fallback);
}

int count(const json::value& of, std::string_view member, int fallback = 0) {
  return static_cast<int>(number_or(of, member, fallback));
}

const json::array& list(const json::value& of, std::string_view member) {
  static const json::array none;
  const auto* found = find(of, member);
  return found && found->is_array() ? found->get_array() : none;
}

MinuteSeen read_minute(const json::value& from, double time_scale) {
  MinuteSeen minute{.desired = count(from, "desired"),
                    .pending = count(from, "pending"),
                    .running = count(from, "running"),
                    .healthy = count(from, "healthy"),
                    .cpu = number(from, "cpu"),
                    .offered_vcpu = number_or(from, "offered_vcpu", 0)};
  minute.traffic.counts.requests = 60 / time_scale * number_or(from, "rps", 0);
  minute.traffic.p95_ms = number_or(from, "p95_ms", 0);
  return minute;
}

AlarmSetting read_alarm(const json::value& from) {
  return {.name = string_or(from, "name"),
          .metric = string_or(from, "metric"),
          .statistic = string_or(from, "statistic"),
          .comparison = string_or(from, "comparison"),
          .threshold = number_or(from, "threshold", 0),
          .period_s = count(from, "period_s", 60),
          .evaluation_periods = count(from, "evaluation_periods", 1),
          .datapoints = count(from, "datapoints", 1)};
}

PolicySetting read_policy(const json::value& from) {
  PolicySetting policy{.name = string_or(from, "name"),
                       .type = string_or(from, "type"),
                       .metric = string_or(from, "metric"),
                       .target = number_or(from, "target", 0),
                       .scale_out_cooldown_s = count(from, "scale_out_cooldown_s", 300),
                       .scale_in_cooldown_s = count(from, "scale_in_cooldown_s", 300)};
  const auto* disabled = find(from, "scale_in_disabled");
  policy.scale_in_disabled = disabled && disabled->is_bool() && disabled->get_bool();
  for (const auto& alarm : list(from, "alarms")) policy.alarms.push_back(read_alarm(alarm));
  return policy;
}

ActivitySeen read_activity(const json::value& from) {
  ActivitySeen activity{.at_s = number_or(from, "at_s", 0),
                        .end_s = number(from, "end_s"),
                        .description = string_or(from, "description"),
                        .cause = string_or(from, "cause"),
                        .status = string_or(from, "status"),
                        .message = string_or(from, "message"),
                        .explanation = string_or(from, "explanation"),
                        .not_scaled = string_or(from, "not_scaled")};
  if (const auto ordered = number(from, "ordered")) activity.ordered = static_cast<int>(*ordered);
  return activity;
}

}  // namespace

Result<Timeline> read_timeline(const json::value& timeline) {
  const auto start = number(timeline, "start_unix_s");
  if (!start) return Error{"UsageError", "there is no timeline in it, as berth simulate --json writes one"};
  Timeline out{.start_unix_s = *start,
               .time_scale = std::max(1.0, number_or(timeline, "time_scale", 1)),
               .service = string_or(timeline, "service"),
               .task_vcpu = number_or(timeline, "task_vcpu", 0),
               .task_memory_mib = count(timeline, "task_memory_mib"),
               .minimum = count(timeline, "minimum"),
               .maximum = count(timeline, "maximum")};
  for (const auto& policy : list(timeline, "policies")) out.policies.push_back(read_policy(policy));
  for (const auto& minute : list(timeline, "minutes"))
    out.minutes.push_back(read_minute(minute, out.time_scale));
  for (const auto& change : list(timeline, "alarm_transitions")) {
    out.alarm_changes.push_back({number_or(change, "at_s", 0), string_or(change, "alarm"),
                                 string_or(change, "from"), string_or(change, "to"),
                                 string_or(change, "reason")});
  }
  for (const auto& activity : list(timeline, "activities")) out.activities.push_back(read_activity(activity));
  return out;
}

}  // namespace berth::study
