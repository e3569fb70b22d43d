// How CloudWatch words an alarm's state: StateReason and StateReasonData.
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "control/alarm.h"
#include "control/choices.h"

namespace berth::control {

namespace {

std::string counted(int count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string_view was(int count) {
  return count == 1 ? "was" : "were";
}

// The considered points that speak for the verdict's state, newest first.
std::vector<AlarmDatapoint> supporting(const AlarmRule& rule, std::span<const AlarmDatapoint> points,
                                       const AlarmVerdict& verdict) {
  std::vector<AlarmDatapoint> found;
  int considered = 0;
  for (const auto& point : points) {
    if (considered == verdict.considered) break;
    if (!point.value) continue;
    ++considered;
    const bool breaching = breaches(*point.value, rule.comparison, rule.threshold);
    if (breaching == (verdict.state == AlarmState::Alarm)) found.push_back(point);
  }
  return found;
}

std::string listed(const std::vector<AlarmDatapoint>& points, std::size_t count_max) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < points.size() && i < count_max; ++i) {
    texts.push_back(fmt::format("{} ({})", java_double(*points[i].value),
                                format_utc(points[i].timestamp, "%d/%m/%y %H:%M:%S")));
  }
  return fmt::format("[{}]", join(texts, ", "));
}

// Only `breaching` and `notBreaching` turn a missing point into something that the reason mentions.
std::string missing_clause(const AlarmRule& rule, const AlarmVerdict& verdict) {
  const bool named = rule.treat_missing_data == MissingData::Breaching ||
                     rule.treat_missing_data == MissingData::NotBreaching;
  if (verdict.filled == 0 || !named) return {};
  return fmt::format(" and {} {} treated as [{}]", counted(verdict.filled, "missing datapoint"),
                     was(verdict.filled),
                     rule.treat_missing_data == MissingData::Breaching ? "Breaching" : "NonBreaching");
}

std::string minimum_clause(const AlarmRule& rule, AlarmState state) {
  if (!rule.datapoints_to_alarm) return {};
  const bool alarm = state == AlarmState::Alarm;
  const int needed = alarm ? rule.needed() : rule.evaluation_periods - rule.needed() + 1;
  return fmt::format(" (minimum {} for {} transition)", counted(needed, "datapoint"),
                     alarm ? "OK -> ALARM" : "ALARM -> OK");
}

// The points that exist would not have led to the state: the missing ones decided.
std::string decided_by_missing(const AlarmRule& rule, const AlarmVerdict& verdict) {
  const std::string received =
      verdict.considered == 0 ? "no datapoints" : counted(verdict.considered, "datapoint");
  return fmt::format("Threshold Crossed: {} {} received for {}{}.", received,
                     verdict.considered == 1 ? "was" : "were", counted(rule.evaluation_periods, "period"),
                     missing_clause(rule, verdict));
}

std::string json_text(std::string_view text) {
  return json::serialize(json::value(text));
}

// Newest first: the considered points, and the missing periods that took part as bare timestamps.
std::string evaluated_datapoints(std::span<const AlarmDatapoint> points, const AlarmVerdict& verdict) {
  std::vector<std::string> texts;
  int considered = 0, filled = 0;
  for (const auto& point : points) {
    if (point.value) {
      if (considered == verdict.considered) continue;
      ++considered;
      texts.push_back(fmt::format(R"({{"timestamp":"{}","sampleCount":{},"value":{}}})",
                                  alarm_date(point.timestamp), java_double(point.sample_count),
                                  java_double(*point.value)));
    } else if (filled < verdict.filled) {
      ++filled;
      texts.push_back(fmt::format(R"({{"timestamp":"{}"}})", alarm_date(point.timestamp)));
    }
  }
  return join(texts, ",");
}

std::optional<Time> oldest_considered(std::span<const AlarmDatapoint> points, const AlarmVerdict& verdict) {
  std::optional<Time> oldest;
  int considered = 0;
  for (const auto& point : points) {
    if (considered == verdict.considered) break;
    if (!point.value) continue;
    ++considered;
    oldest = point.timestamp;
  }
  return oldest;
}

}  // namespace

std::string alarm_date(Time time) {
  std::string text = iso_ms(time);
  text.replace(text.size() - 1, 1, "+0000");
  return text;
}

std::string state_reason(const AlarmRule& rule, std::span<const AlarmDatapoint> points,
                         const AlarmVerdict& verdict) {
  if (verdict.state == AlarmState::InsufficientData) {
    return fmt::format("Insufficient Data: {} {} unknown.", counted(rule.evaluation_periods, "datapoint"),
                       was(rule.evaluation_periods));
  }
  const auto found = supporting(rule, points, verdict);
  if (found.empty()) return decided_by_missing(rule, verdict);
  const int count = static_cast<int>(found.size());
  const std::string subject = rule.datapoints_to_alarm ? fmt::format("{} out of the last {} datapoints",
                                                                     count, rule.evaluation_periods)
                                                       : counted(count, "datapoint");
  const bool inline_list = count <= choice::reason_inline_datapoints_max;
  std::string text = fmt::format("Threshold Crossed: {}", subject);
  if (inline_list) text += ' ' + listed(found, found.size());
  text +=
      fmt::format(" {} {}{} the threshold ({}){}", was(count), verdict.state == AlarmState::Ok ? "not " : "",
                  words_for(rule.comparison), java_double(rule.threshold), missing_clause(rule, verdict));
  if (!inline_list) {
    text += ". The most recent datapoints which crossed the threshold: " +
            listed(found, choice::reason_recent_datapoints_max);
  }
  return text + minimum_clause(rule, verdict.state) + '.';
}

std::string state_reason_data(const AlarmRule& rule, std::span<const AlarmDatapoint> points,
                              const AlarmVerdict& verdict, Time now) {
  std::string text = fmt::format(R"({{"version":"1.0","queryDate":"{}")", alarm_date(now));
  if (const auto oldest = oldest_considered(points, verdict)) {
    text += fmt::format(R"(,"startDate":"{}")", alarm_date(*oldest));
  }
  if (!rule.unit.empty()) text += fmt::format(R"(,"unit":{})", json_text(rule.unit));
  if (!rule.statistic.empty()) text += fmt::format(R"(,"statistic":{})", json_text(rule.statistic));
  std::vector<std::string> recent;
  for (const double value : recent_datapoints(points, verdict)) recent.push_back(java_double(value));
  text += fmt::format(R"(,"period":{},"recentDatapoints":[{}],"threshold":{},"evaluatedDatapoints":[{}]}})",
                      rule.period_s, join(recent, ","), java_double(rule.threshold),
                      evaluated_datapoints(points, verdict));
  return text;
}

}  // namespace berth::control
