#include "control/alarm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "control/choices.h"

namespace berth::control {

namespace {

constexpr std::array<std::pair<AlarmState, std::string_view>, 3> state_names{
    {{AlarmState::Ok, "OK"},
     {AlarmState::Alarm, "ALARM"},
     {AlarmState::InsufficientData, "INSUFFICIENT_DATA"}}};

struct ComparisonName {
  Comparison comparison;
  std::string_view name;
  std::string_view words;
};
constexpr std::array<ComparisonName, 4> comparison_names{
    {{Comparison::GreaterThanOrEqual, "GreaterThanOrEqualToThreshold", "greater than or equal to"},
     {Comparison::GreaterThan, "GreaterThanThreshold", "greater than"},
     {Comparison::LessThan, "LessThanThreshold", "less than"},
     {Comparison::LessThanOrEqual, "LessThanOrEqualToThreshold", "less than or equal to"}}};

constexpr Duration minute{us_per_minute};

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

// What the newest existing points say, and where the oldest breaching one lies.
struct Tally {
  AlarmVerdict verdict{};
  int oldest_breaching_position = 0;  // 1 is the newest period of the range
  bool too_few_samples = false;
};

Tally count(const AlarmRule& rule, std::span<const AlarmDatapoint> points) {
  Tally tally;
  AlarmVerdict& verdict = tally.verdict;
  for (std::size_t i = 0; i < points.size() && verdict.considered < rule.evaluation_periods; ++i) {
    if (!points[i].value) continue;
    ++verdict.considered;
    if (rule.ignore_low_samples_percentile) {
      const double needed = 10 / (1 - *rule.ignore_low_samples_percentile / 100);
      tally.too_few_samples |= points[i].sample_count < needed;
    }
    if (!breaches(*points[i].value, rule.comparison, rule.threshold)) continue;
    ++verdict.breaching;
    tally.oldest_breaching_position = static_cast<int>(i) + 1;
  }
  verdict.filled = rule.evaluation_periods - verdict.considered;
  return tally;
}

std::optional<AlarmState> without_points(MissingData treatment) {
  switch (treatment) {
    case MissingData::Missing:
      return AlarmState::InsufficientData;
    case MissingData::Breaching:
      return AlarmState::Alarm;
    case MissingData::NotBreaching:
      return AlarmState::Ok;
    case MissingData::Ignore:
      return std::nullopt;
  }
  return std::nullopt;
}

// Fewer points than evaluation periods: AWS's two tables of "how missing data is treated", as one rule.
std::optional<AlarmState> with_missing_points(const AlarmRule& rule, const Tally& tally) {
  const int breaching = tally.verdict.breaching;
  if (breaching >= rule.needed()) return AlarmState::Alarm;
  switch (rule.treat_missing_data) {
    case MissingData::Breaching:
      return breaching + tally.verdict.filled >= rule.needed() ? AlarmState::Alarm : AlarmState::Ok;
    case MissingData::NotBreaching:
      return AlarmState::Ok;
    case MissingData::Missing:
    case MissingData::Ignore:
      break;
  }
  if (breaching < tally.verdict.considered) return AlarmState::Ok;
  // All that exists breaches but there is too little of it. "Premature" alarms are avoided until the oldest
  // such point is as old as the points that would have been needed.
  if (rule.treat_missing_data == MissingData::Missing && tally.oldest_breaching_position >= rule.needed()) {
    return AlarmState::Alarm;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(AlarmState state) {
  return state_names[static_cast<std::size_t>(state)].second;
}

std::optional<AlarmState> parse_alarm_state(std::string_view name) {
  for (const auto& [state, text] : state_names) {
    if (text == name) return state;
  }
  return std::nullopt;
}

std::string_view name_of(Comparison comparison) {
  return comparison_names[static_cast<std::size_t>(comparison)].name;
}

std::string_view words_for(Comparison comparison) {
  return comparison_names[static_cast<std::size_t>(comparison)].words;
}

std::optional<Comparison> parse_comparison(std::string_view name) {
  for (const auto& each : comparison_names) {
    if (each.name == name) return each.comparison;
  }
  return std::nullopt;
}

std::optional<MissingData> parse_missing_data(std::string_view name) {
  if (name.empty() || name == "missing") return MissingData::Missing;
  if (name == "ignore") return MissingData::Ignore;
  if (name == "breaching") return MissingData::Breaching;
  if (name == "notBreaching") return MissingData::NotBreaching;
  return std::nullopt;
}

bool breaches(double value, Comparison comparison, double threshold) {
  switch (comparison) {
    case Comparison::GreaterThanOrEqual:
      return value >= threshold;
    case Comparison::GreaterThan:
      return value > threshold;
    case Comparison::LessThan:
      return value < threshold;
    case Comparison::LessThanOrEqual:
      return value <= threshold;
  }
  return false;
}

EvaluationRange evaluation_range(const AlarmRule& rule, Time now) {
  BERTH_CHECK(rule.period_s > 0);
  const Duration period = Duration{us_per_second} * rule.period_s;
  const Duration grid = rule.period_s < 60 ? period : minute;
  return {floor_to(now, grid) - period, period, rule.evaluation_periods + choice::evaluation_range_extra};
}

Duration evaluation_interval(const AlarmRule& rule) {
  if (rule.period_s < 60) return Duration::seconds(10);
  const bool over_a_day = std::int64_t{rule.period_s} * rule.evaluation_periods > seconds_per_day;
  return over_a_day ? minute * 60 : minute;
}

Duration evaluation_phase(std::string_view alarm_name, const AlarmRule& rule) {
  const Duration interval = evaluation_interval(rule);
  if (interval > minute) return {};  // on full hours
  const int first = interval < minute ? 0 : choice::alarm_phase_first_s;
  const std::uint64_t seconds = static_cast<std::uint64_t>(interval.us / us_per_second - first);
  return Duration{us_per_second} * (first + static_cast<std::int64_t>(fnv1a(alarm_name) % seconds));
}

Time next_evaluation(std::string_view alarm_name, const AlarmRule& rule, Time after) {
  const Duration interval = evaluation_interval(rule);
  const Time tick = floor_to(after, interval) + evaluation_phase(alarm_name, rule);
  return tick > after ? tick : tick + interval;
}

AlarmVerdict judge(const AlarmRule& rule, std::span<const AlarmDatapoint> points, AlarmState current) {
  Tally tally = count(rule, points);
  AlarmVerdict& verdict = tally.verdict;
  std::optional<AlarmState> state;
  if (tally.too_few_samples) {
    state = std::nullopt;
  } else if (verdict.considered == 0) {
    state = without_points(rule.treat_missing_data);
  } else if (verdict.filled == 0) {
    state = verdict.breaching >= rule.needed() ? AlarmState::Alarm : AlarmState::Ok;
  } else {
    state = with_missing_points(rule, tally);
  }
  verdict.kept = !state;
  verdict.state = state.value_or(current);
  return verdict;
}

Datapoints recent_datapoints(std::span<const AlarmDatapoint> points, const AlarmVerdict& verdict) {
  Datapoints values;
  values.reserve(static_cast<std::size_t>(verdict.considered));
  for (const auto& point : points) {
    if (static_cast<int>(values.size()) == verdict.considered) break;
    if (point.value) values.push_back(*point.value);
  }
  std::reverse(values.begin(), values.end());
  return values;
}

}  // namespace berth::control
