// Two clocks that do not convert by themselves. Berth time is what the API shows: `Time` points and
// `Duration`s, which run `--time-scale` times as fast as real time. Real time is what the machine measures:
// `SteadyTime` points and `RealDuration`s, for whatever waits for real work. All are integer microseconds.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

template <class Tag>
struct Span {
  std::int64_t us = 0;

  static constexpr Span seconds(double s) { return {static_cast<std::int64_t>(s * 1e6)}; }
  static constexpr Span minutes(double m) { return seconds(m * 60); }
  static constexpr Span ms(std::int64_t value) { return {value * 1000}; }
  constexpr double in_seconds() const { return static_cast<double>(us) / 1e6; }

  friend constexpr auto operator<=>(Span, Span) = default;
  friend constexpr Span operator+(Span a, Span b) { return {a.us + b.us}; }
  friend constexpr Span operator-(Span a, Span b) { return {a.us - b.us}; }
  friend constexpr Span operator*(Span a, std::int64_t n) { return {a.us * n}; }
};

template <class SpanType>
struct Point {
  std::int64_t us = 0;  // since the clock's epoch

  friend constexpr auto operator<=>(Point, Point) = default;
  friend constexpr Point operator+(Point a, SpanType b) { return {a.us + b.us}; }
  friend constexpr Point operator-(Point a, SpanType b) { return {a.us - b.us}; }
  friend constexpr SpanType operator-(Point a, Point b) { return {a.us - b.us}; }
};

using Duration = Span<struct BerthTag>;
using Time = Point<Duration>;  // epoch: 1970-01-01T00:00:00Z

using RealDuration = Span<struct RealTag>;
using SteadyTime = Point<RealDuration>;  // epoch: arbitrary, of this process

inline constexpr std::int64_t us_per_second = 1'000'000;
inline constexpr std::int64_t us_per_minute = 60 * us_per_second;
inline constexpr std::int64_t seconds_per_day = 86'400;

constexpr std::int64_t unix_seconds(Time time) {
  return time.us / us_per_second;
}
constexpr std::int64_t unix_ms(Time time) {
  return time.us / 1000;
}
constexpr Time from_unix_seconds(std::int64_t s) {
  return {s * us_per_second};
}
constexpr Time from_unix_ms(std::int64_t ms) {
  return {ms * 1000};
}

// Start of the minute (or of the `period`, aligned to the epoch) that `time` lies in.
constexpr Time floor_to(Time time, Duration period) {
  return {time.us - time.us % period.us};
}
constexpr Time floor_to_minute(Time time) {
  return floor_to(time, {us_per_minute});
}

// "2025-07-03T08:34:06.300Z"
std::string iso_ms(Time time);
// "2025-07-03T08:34:06Z"
std::string iso_s(Time time);
// By strftime's conversions, UTC: format_utc(t, "%d/%m/%y %H:%M:%S").
std::string format_utc(Time time, const char* format);
// ISO 8601 with optional fraction and `Z` or +hh:mm offset, or a bare date.
std::optional<Time> parse_iso(std::string_view text);

// As HTTP's headers have it: "Thu, 03 Jul 2025 08:34:06 GMT".
std::string http_date(Time time);
std::optional<Time> parse_http_date(const std::string& text);

}  // namespace berth
