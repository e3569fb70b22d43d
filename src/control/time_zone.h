// A time zone read from the bytes of a TZif file (RFC 8536), for schedules in local time. It opens no file:
// the caller brings the bytes, so that a schedule gives the same answers wherever it is computed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loop/time.h"

namespace berth::control {

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  static Result<TimeZone> parse(std::string_view tzif);

  Duration offset_at(Time time) const;  // east of UTC

  // `local` is the wall clock's reading, counted as if it were UTC. A reading that the clocks skip in spring
  // counts by the offset before the change; one that occurs twice in autumn means the first.
  Time from_local(Time local) const;
  Time to_local(Time time) const { return time + offset_at(time); }

 private:
  friend class PosixRule;
  // The days on which summer time begins and ends for all years behind the table.
  struct Change {
    enum class Kind { JulianWithoutLeapDay, DayOfYear, WeekdayOfMonth };
    Kind kind{};
    int month = 0, week = 0, day = 0;
    std::int64_t second_of_day = 0;
  };
  struct Rule {
    std::int64_t standard_s = 0;
    std::optional<std::int64_t> summer_s{};
    Change begins{}, ends{};
  };
  static std::int64_t change_at(const Change& change, int year, std::int64_t offset_before_s);
  static std::int64_t rule_offset_s(const Rule& rule, std::int64_t unix_s);
  std::int64_t offset_s(std::int64_t unix_s) const;

  std::vector<std::int64_t> transitions_s_;
  std::vector<std::int64_t> offsets_s_;  // from the transition of the same index on
  std::int64_t first_offset_s_ = 0;
  std::optional<Rule> rule_;
};

// Whether `name` can be an IANA zone's name, and so a path below zoneinfo: letters, digits, `_+-/`, no dots.
bool is_zone_name(std::string_view name);

}  // namespace berth::control
