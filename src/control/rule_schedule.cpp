#include "control/rule_schedule.h"

#include <algorithm>

#include "base/text.h"
#include "control/choices.h"

namespace berth::control {
namespace {

// EventBridge wants "1 minute" and "2 minutes".
bool counts_properly(std::string_view rate) {
  const auto space = rate.find(' ');
  if (space == rate.npos) return false;
  const bool plural = rate.ends_with('s');
  return (rate.substr(0, space) == "1") != plural;
}

}  // namespace

Result<Schedule> parse_rule_schedule(std::string_view text) {
  const Error refused{"ValidationException", "Parameter ScheduleExpression is not valid."};
  const bool rate = text.starts_with("rate("), cron = text.starts_with("cron(");
  if ((!rate && !cron) || !text.ends_with(')')) return refused;
  const auto inside = text.substr(5, text.size() - 6);
  if (rate && !counts_properly(inside)) return refused;
  const auto fields = split(inside, ' ');
  if (cron &&
      std::count_if(fields.begin(), fields.end(), [](const auto& field) { return !field.empty(); }) != 6)
    return refused;
  auto schedule = parse_schedule(text);
  if (!schedule) return refused;
  return schedule;
}

std::optional<Time> next_rule_firing(const Schedule& schedule, Time since, Time after) {
  return next_firing(schedule, {.created = since}, {}, after);
}

std::optional<Time> next_event_attempt(const EventRetry& retry, int attempts, Time first, Time now,
                                       double spread) {
  if (attempts > retry.attempts_max) return std::nullopt;
  Duration wait = choice::event_retry_first;
  for (int i = 1; i < attempts && wait < choice::event_retry_max; ++i) wait = wait * 2;
  wait = std::min(wait, choice::event_retry_max);
  const auto half = wait.us / 2;
  const Time next = now + Duration{half + static_cast<std::int64_t>(spread * static_cast<double>(half))};
  if (next - first > retry.age_max) return std::nullopt;
  return next;
}

}  // namespace berth::control
