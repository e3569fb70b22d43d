// A metric alarm's rule: datapoints of the evaluation range in, state and its reason out, as CloudWatch words
// them. It neither fetches points nor runs actions, and composite alarms are another file.
#pragma once

#include <boost/container/small_vector.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loop/time.h"

namespace berth::control {

enum class AlarmState { Ok, Alarm, InsufficientData };
enum class Comparison { GreaterThanOrEqual, GreaterThan, LessThan, LessThanOrEqual };
enum class MissingData { Missing, Ignore, Breaching, NotBreaching };

std::string_view name_of(AlarmState state);  // "OK", "ALARM", "INSUFFICIENT_DATA"
std::optional<AlarmState> parse_alarm_state(std::string_view name);
std::string_view name_of(Comparison comparison);  // "GreaterThanThreshold", ...
std::optional<Comparison> parse_comparison(std::string_view name);
std::string_view words_for(Comparison comparison);                     // "greater than or equal to", ...
std::optional<MissingData> parse_missing_data(std::string_view name);  // "" is missing, the default

bool breaches(double value, Comparison comparison, double threshold);

struct AlarmRule {
  Comparison comparison = Comparison::GreaterThan;
  double threshold = 0;
  int period_s = 60;
  int evaluation_periods = 1;                // N
  std::optional<int> datapoints_to_alarm{};  // M; N when not set, and then the reason is worded without it
  MissingData treat_missing_data = MissingData::Missing;
  std::string statistic{};  // as in the alarm; only shown
  std::string unit{};       // only shown
  // EvaluateLowSampleCountPercentile=ignore: points with fewer samples than 10/(1-p) leave the state as it
  // is.
  std::optional<double> ignore_low_samples_percentile{};

  int needed() const { return datapoints_to_alarm.value_or(evaluation_periods); }
};

// One period of the evaluation range; without a value it is missing.
struct AlarmDatapoint {
  Time timestamp{};  // start of the period
  std::optional<double> value{};
  double sample_count = 0;
};

// The periods to fetch: `count` of them, the newest starting at `newest`, each `period` apart. The window
// slides by the minute even when the period is longer, and never contains the period still open.
struct EvaluationRange {
  Time newest{};
  Duration period{};
  int count = 0;

  Time start_of(int index) const { return newest - period * index; }  // 0 is the newest
  Time from() const { return start_of(count - 1); }
  Time until() const { return newest + period; }
};
EvaluationRange evaluation_range(const AlarmRule& rule, Time now);

// How long between two evaluations: 10 s for periods below a minute, an hour for ranges beyond a day, else a
// minute.
Duration evaluation_interval(const AlarmRule& rule);
// The alarm's own offset within its interval, from its name.
Duration evaluation_phase(std::string_view alarm_name, const AlarmRule& rule);
// The first evaluation later than `after`.
Time next_evaluation(std::string_view alarm_name, const AlarmRule& rule, Time after);

struct AlarmVerdict {
  AlarmState state = AlarmState::InsufficientData;
  bool kept = false;   // the points gave no answer: `state` is the one before, and nothing is to be written
  int considered = 0;  // newest existing points that were looked at, at most N
  int breaching = 0;   // of those
  int filled = 0;      // missing points that took part, N - considered
};

// `points`: the evaluation range, newest first. Allocates nothing: it runs every minute for every alarm.
AlarmVerdict judge(const AlarmRule& rule, std::span<const AlarmDatapoint> points, AlarmState current);

// StateReason and StateReasonData for a verdict that was not kept; the caller stores them on a transition
// only.
std::string state_reason(const AlarmRule& rule, std::span<const AlarmDatapoint> points,
                         const AlarmVerdict& verdict);
std::string state_reason_data(const AlarmRule& rule, std::span<const AlarmDatapoint> points,
                              const AlarmVerdict& verdict, Time now);
using Datapoints = boost::container::small_vector<double, 16>;
// The points that were considered, oldest first: `recentDatapoints`, which a scaling policy computes from.
Datapoints recent_datapoints(std::span<const AlarmDatapoint> points, const AlarmVerdict& verdict);

inline constexpr std::string_view initial_state_reason = "Unchecked: Initial alarm creation";

// "2025-07-03T08:34:06.300+0000", the form of dates in StateReasonData and in notifications.
std::string alarm_date(Time time);

}  // namespace berth::control
