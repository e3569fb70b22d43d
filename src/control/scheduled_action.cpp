#include "control/scheduled_action.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "control/scaling_activity.h"

namespace berth::control {

namespace {

// "at(...)" -> "..." when `text` is of that kind.
std::optional<std::string_view> inside(std::string_view text, std::string_view kind) {
  if (!text.starts_with(kind) || text.size() < kind.size() + 2) return std::nullopt;
  if (text[kind.size()] != '(' || text.back() != ')') return std::nullopt;
  return text.substr(kind.size() + 1, text.size() - kind.size() - 2);
}

std::optional<Duration> parse_rate(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto count = parse_integer(text.substr(0, space));
  std::string unit(trim(text.substr(space + 1)));
  if (unit.ends_with('s')) unit.pop_back();
  const std::int64_t minutes = unit == "minute" ? 1 : unit == "hour" ? 60 : unit == "day" ? 24 * 60 : 0;
  constexpr long long count_max = 1'000'000;
  if (!count || *count < 1 || *count > count_max || minutes == 0) return std::nullopt;
  return Duration{us_per_minute} * minutes * *count;
}

std::optional<AtSchedule> parse_at(std::string_view text) {
  constexpr std::string_view form = "yyyy-mm-ddThh:mm:ss";
  const auto local = parse_iso(text);
  if (!local || text.size() != form.size()) return std::nullopt;
  return AtSchedule{*local};
}

struct NextFiring {
  const ScheduleBounds& bounds;
  const TimeZone& zone;
  Time after;

  std::optional<Time> operator()(const AtSchedule& at) const {
    const Time time = zone.from_local(at.local);
    return time > after ? std::optional(time) : std::nullopt;
  }

  std::optional<Time> operator()(const RateSchedule& rate) const {
    const Time anchor = bounds.start.value_or(bounds.created);
    if (bounds.start && anchor > after) return anchor;
    const std::int64_t passed = std::max<std::int64_t>(0, (after - anchor).us) / rate.interval.us;
    return anchor + rate.interval * (passed + 1);
  }

  std::optional<Time> operator()(const Cron& cron) const {
    if (bounds.start && *bounds.start > after) return bounds.start;
    // A reading that occurs twice fires once, so the next one may still convert to a time that has passed.
    std::optional<Time> local = cron.next(zone.to_local(after));
    while (local && zone.from_local(*local) <= after) local = cron.next(*local);
    return local ? std::optional(zone.from_local(*local)) : std::nullopt;
  }
};

}  // namespace

Result<Schedule> parse_schedule(std::string_view text) {
  if (const auto cron = inside(text, "cron")) {
    auto parsed = parse_cron(*cron);
    if (!parsed) return parsed.error();
    return Schedule(*std::move(parsed));
  }
  if (const auto rate = inside(text, "rate")) {
    if (const auto interval = parse_rate(*rate)) return Schedule(RateSchedule{*interval});
  }
  if (const auto at = inside(text, "at")) {
    if (const auto parsed = parse_at(*at)) return Schedule(*parsed);
  }
  return Error{"ValidationException", fmt::format("Invalid schedule expression: {}", text)};
}

std::optional<Time> next_firing(const Schedule& schedule, const ScheduleBounds& bounds, const TimeZone& zone,
                                Time after) {
  const auto time = std::visit(NextFiring{bounds, zone, after}, schedule);
  if (time && bounds.end && *time > *bounds.end) return std::nullopt;
  return time;
}

Result<LimitsChange> change_limits(int minimum, int maximum, std::optional<int> new_minimum,
                                   std::optional<int> new_maximum, int desired) {
  LimitsChange change{new_minimum.value_or(minimum), new_maximum.value_or(maximum)};
  if (change.minimum > change.maximum) {
    return Error{"ValidationException", "Minimum capacity cannot be greater than maximum capacity"};
  }
  if (desired < change.minimum) {
    change.desired = change.minimum;
    change.cause = activity::minimum_cause(change.minimum);
  } else if (desired > change.maximum) {
    change.desired = change.maximum;
    change.cause = activity::maximum_cause(change.maximum);
  }
  if (change.desired) change.description = activity::setting_desired_count(*change.desired);
  return change;
}

}  // namespace berth::control
