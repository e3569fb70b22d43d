#include "loop/time.h"

#include <cstdio>
#include <ctime>

#include <fmt/format.h>

namespace berth {

std::string format_utc(Time time, const char* format) {
  const std::time_t seconds = static_cast<std::time_t>(unix_seconds(time));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char buffer[128];
  const std::size_t size = std::strftime(buffer, sizeof buffer, format, &parts);
  return {buffer, size};
}

std::string iso_ms(Time time) {
  return fmt::format("{}.{:03}Z", format_utc(time, "%Y-%m-%dT%H:%M:%S"), unix_ms(time) % 1000);
}

std::string http_date(Time time) { return format_utc(time, "%a, %d %b %Y %H:%M:%S GMT"); }

std::optional<Time> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != '\0') return std::nullopt;
  return Time{static_cast<std::int64_t>(timegm(&parts)) * us_per_second};
}

std::string iso_s(Time time) { return format_utc(time, "%Y-%m-%dT%H:%M:%SZ"); }

namespace {

// Reads exactly `digits` decimal digits at `at`, which it moves behind them.
std::optional<int> read_digits(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool read_char(std::string_view text, std::size_t& at, char expected) {
  if (at >= text.size() || text[at] != expected) return false;
  ++at;
  return true;
}

std::int64_t read_fraction_us(std::string_view text, std::size_t& at) {
  std::int64_t us = 0;
  std::int64_t unit = us_per_second / 10;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) us += (text[at] - '0') * unit;
  return us;
}

// Behind the clock time: `Z`, `+hh:mm`, `+hhmm` or nothing. In seconds east of UTC.
std::optional<int> read_offset_s(std::string_view text, std::size_t& at) {
  if (at == text.size() || read_char(text, at, 'Z') || read_char(text, at, 'z')) return 0;
  const int sign = text[at] == '+' ? 1 : text[at] == '-' ? -1 : 0;
  if (sign == 0) return std::nullopt;
  ++at;
  const auto hours = read_digits(text, at, 2);
  read_char(text, at, ':');
  const auto minutes = read_digits(text, at, 2);
  if (!hours || !minutes) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::optional<Time> parse_iso(std::string_view text) {
  std::size_t at = 0;
  std::tm parts{};
  const auto year = read_digits(text, at, 4);
  if (!year || !read_char(text, at, '-')) return std::nullopt;
  const auto month = read_digits(text, at, 2);
  if (!month || !read_char(text, at, '-')) return std::nullopt;
  const auto day = read_digits(text, at, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  std::int64_t fraction_us = 0;
  int offset_s = 0;
  if (at < text.size()) {
    if (!read_char(text, at, 'T') && !read_char(text, at, ' ')) return std::nullopt;
    const auto hour = read_digits(text, at, 2);
    if (!hour || *hour > 24 || !read_char(text, at, ':')) return std::nullopt;
    const auto minute = read_digits(text, at, 2);
    if (!minute || *minute > 59) return std::nullopt;
    parts.tm_hour = *hour;
    parts.tm_min = *minute;
    if (read_char(text, at, ':')) {
      const auto second = read_digits(text, at, 2);
      if (!second || *second > 60) return std::nullopt;
      parts.tm_sec = *second;
      if (read_char(text, at, '.')) fraction_us = read_fraction_us(text, at);
    }
    const auto offset = read_offset_s(text, at);
    if (!offset || at != text.size()) return std::nullopt;
    offset_s = *offset;
  }
  const std::int64_t seconds = static_cast<std::int64_t>(timegm(&parts)) - offset_s;
  return Time{seconds * us_per_second + fraction_us};
}

}  // namespace berth
