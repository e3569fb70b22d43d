#include <fmt/format.h>

#include <charconv>

#include "loop/time.h"
#include "study/explain.h"

namespace berth::study {
namespace {

constexpr int minutes_per_day = 24 * 60;

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// "14:32" in minutes of the day.
std::optional<int> minute_of_day(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto hour = whole_number(text.substr(0, colon));
  const auto minute = whole_number(text.substr(colon + 1));
  if (!hour || !minute || *hour < 0 || *hour > 23 || *minute < 0 || *minute > 59) return std::nullopt;
  return *hour * 60 + *minute;
}

std::optional<int> minute_named(const Timeline& timeline, std::string_view text) {
  if (text.starts_with("minute ")) return whole_number(text.substr(7));
  const auto start_minute = static_cast<std::int64_t>(timeline.start_unix_s) / 60;
  const int start_of_day = static_cast<int>(start_minute % minutes_per_day);
  if (text.starts_with("d")) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto day = whole_number(text.substr(1, space - 1));
    const auto minute = minute_of_day(text.substr(space + 1));
    if (!day || !minute || *day < 1 || *day > 10'000) return std::nullopt;
    const int since_start = (*minute - start_of_day + minutes_per_day) % minutes_per_day;
    return (*day - 1) * minutes_per_day + since_start;
  }
  if (const auto minute = minute_of_day(text))
    return (*minute - start_of_day + minutes_per_day) % minutes_per_day;
  if (const auto time = parse_iso(text)) return static_cast<int>(unix_seconds(*time) / 60 - start_minute);
  return std::nullopt;
}

}  // namespace

Result<int> minute_at(const Timeline& timeline, std::string_view text) {
  const auto minute = minute_named(timeline, text);
  if (!minute) {
    return Error{"UsageError", fmt::format("--at {}: write it as 14:32, \"d3 14:32\" (the third day), "
                                           "\"minute 812\" or an ISO time",
                                           text)};
  }
  if (*minute < 0 || *minute >= static_cast<int>(timeline.minutes.size())) {
    return Error{"UsageError",
                 fmt::format("--at {}: the run has {} minutes from {}", text, timeline.minutes.size(),
                             iso_s(from_unix_seconds(static_cast<std::int64_t>(timeline.start_unix_s))))};
  }
  return *minute;
}

}  // namespace berth::study
