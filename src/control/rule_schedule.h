// When a rule of EventBridge fires by itself, and when what it could not deliver is tried again. Pure; UTC.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "control/scheduled_action.h"

namespace berth::control {

// rate(1 minute), rate(<n> minutes|hours|days) or cron(...) of six fields.
Result<Schedule> parse_rule_schedule(std::string_view text);

// The first firing later than `after`. A rate counts from `since`, when the rule got it or was enabled.
std::optional<Time> next_rule_firing(const Schedule& schedule, Time since, Time after);

struct EventRetry {
  int attempts_max = 185;
  Duration age_max = Duration::minutes(24 * 60);
};

// After `attempts` failed ones; `spread` in [0, 1) draws from the wait's range. Nullopt: the event is
// dropped.
std::optional<Time> next_event_attempt(const EventRetry& retry, int attempts, Time first, Time now,
                                       double spread);

}  // namespace berth::control
