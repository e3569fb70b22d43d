// Every choice that AWS's documents leave open, one named constant each, with the evidence behind it. What
// AWS does document stands beside the rule that uses it, not here.
#pragma once

#include "loop/time.h"

namespace berth::control::choice {

// --- CloudWatch alarms ---

// Points fetched beyond the evaluation periods. AWS fetches "more"; its tables show 5 for 3.
inline constexpr int evaluation_range_extra = 2;
// Evaluations keep a second of their own within the minute (seen: actions exactly 360.0 s apart). None falls
// into the first seconds, where the minute's points are still on their way.
inline constexpr int alarm_phase_first_s = 10;
// Up to this many points stand inside the sentence of a state reason (3 seen inside, 5 seen behind it).
inline constexpr int reason_inline_datapoints_max = 4;
// Behind the sentence stand the newest few (24 and 30 crossing points were seen shortened to 5).
inline constexpr int reason_recent_datapoints_max = 5;

// --- Application Auto Scaling ---

// Threshold of AlarmLow as a share of the target (seen: 63 for 70, 72 for 80; documented as "usually more
// than 10 %").
inline constexpr double low_threshold_factor = 0.9;
// Scale-in takes one task per action up to this many tasks (seen in seven of seven records, 3 to 8 tasks).
inline constexpr int scale_in_by_one_tasks_max = 20;
// Beyond that it takes this share of them, rounded down; unproven.
inline constexpr double scale_in_fraction = 0.05;
// The needed capacity is rounded up unless only the arithmetic's own error lifts it above a whole number.
inline constexpr double capacity_rounding_tolerance = 1e-9;
// Datapoints that came with SetAlarmState are used up to this age (seen: 5.7 s accepted, 15.6 s refused).
inline constexpr Duration reason_data_age_max = Duration::seconds(10);

// --- ECS service scheduler ---

// Start back-off: AWS documents only that the delay grows up to 15 minutes.
inline constexpr Duration start_backoff_first = Duration::seconds(10);
inline constexpr Duration start_backoff_max = Duration::minutes(15);
// A task that ran, but stopped by itself before it was healthy, is replaced after this time. AWS does not
// throttle such tasks; its own start-up spaces them (seen: 50 s). Here a start takes a second, and a crash
// loop would spin.
inline constexpr Duration crash_replacement_gap = Duration::seconds(10);
// Rounds of failed starts before the "unable to consistently start tasks" event.
inline constexpr int failed_rounds_until_event = 3;
// A repeated event, and "has reached a steady state", is said again after this time (documented for repeats;
// seen for the steady state).
inline constexpr Duration event_repeat = Duration::minutes(6 * 60);
// A deployment is complete when its tasks are healthy and every older task was told to stop; draining may go
// on (seen: steady state announced before the old task was STOPPED).
inline constexpr bool complete_while_draining = true;

// --- EventBridge ---

// Waits between attempts at a target: AWS documents an exponential back-off with jitter within 24 hours and 185
// attempts, which needs some eight minutes on the average.
inline constexpr Duration event_retry_first = Duration::seconds(10);
inline constexpr Duration event_retry_max = Duration::minutes(10);

}  // namespace berth::control::choice
