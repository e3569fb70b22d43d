// Scheduled actions: when one fires, and what its limits do to a target's capacity. Cooldowns do not matter
// to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "control/cron.h"
#include "control/time_zone.h"
#include "loop/time.h"

namespace berth::control {

struct AtSchedule {
  Time local{};  // the wall clock's reading in the action's time zone, counted as if it were UTC
};
struct RateSchedule {
  Duration interval{};
};
using Schedule = std::variant<AtSchedule, RateSchedule, Cron>;

// at(yyyy-mm-ddThh:mm:ss), rate(<n> minute|minutes|hour|hours|day|days) or cron(...).
Result<Schedule> parse_schedule(std::string_view text);

struct ScheduleBounds {
  Time created{};               // a rate without a start counts from here
  std::optional<Time> start{};  // StartTime: fires once then, and by the recurrence afterwards
  std::optional<Time> end{};    // EndTime: nothing fires later
};

// The first firing later than `after`. Times missed while suspended or not running are not made up for: ask
// with `after` = now.
std::optional<Time> next_firing(const Schedule& schedule, const ScheduleBounds& bounds, const TimeZone& zone,
                                Time after);

// New limits of a target, by a scheduled action or a registration, and where the desired count must move with
// them.
struct LimitsChange {
  int minimum = 0;
  int maximum = 0;
  std::optional<int> desired{};  // set when the count lies outside; a separate activity with these texts
  std::string description{};
  std::string cause{};
};
Result<LimitsChange> change_limits(int minimum, int maximum, std::optional<int> new_minimum,
                                   std::optional<int> new_maximum, int desired);

}  // namespace berth::control
