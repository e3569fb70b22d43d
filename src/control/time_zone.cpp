#include "control/time_zone.h"

#include <algorithm>
#include <cctype>
#include <chrono>

namespace berth::control {

namespace {

constexpr std::int64_t hour_s = 3600;
constexpr std::int64_t default_change_s = 2 * hour_s;
constexpr std::size_t header_size = 44;

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = static_cast<signed char>(bytes.front()) < 0 ? ~0ull : 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

struct Header {
  std::size_t utc_flags, standard_flags, leap_seconds, transitions, types, characters;

  // Behind the header, with times of `time_size` bytes.
  std::size_t body_size(std::size_t time_size) const {
    return transitions * (time_size + 1) + types * 6 + characters + leap_seconds * (time_size + 4) +
           standard_flags + utc_flags;
  }
};

std::optional<Header> read_header(std::string_view bytes) {
  if (bytes.size() < header_size || !bytes.starts_with("TZif")) return std::nullopt;
  const auto number = [&](std::size_t i) {
    return static_cast<std::size_t>(big_endian(bytes.substr(20 + 4 * i, 4)) & 0x7fffffff);
  };
  return Header{number(0), number(1), number(2), number(3), number(4), number(5)};
}

int year_of(std::int64_t unix_s) {
  using namespace std::chrono;
  const auto days = floor<std::chrono::days>(sys_seconds(seconds(unix_s)));
  return static_cast<int>(year_month_day(days).year());
}

}  // namespace

// The footer's rule in the form of the TZ variable: "CET-1CEST,M3.5.0,M10.5.0/3".
class PosixRule {
 public:
  explicit PosixRule(std::string_view text) : text_(text) {}

  std::optional<TimeZone::Rule> parse() {
    TimeZone::Rule rule;
    if (!skip_name()) return std::nullopt;
    const auto standard = signed_time();
    if (!standard) return std::nullopt;
    rule.standard_s = -*standard;  // the text counts west
    if (done()) return rule;
    if (!skip_name()) return std::nullopt;
    rule.summer_s = rule.standard_s + hour_s;
    if (!done() && peek() != ',') {
      const auto summer = signed_time();
      if (!summer) return std::nullopt;
      rule.summer_s = -*summer;
    }
    if (!change(rule.begins) || !change(rule.ends) || !done()) return std::nullopt;
    return rule;
  }

 private:
  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool skip_name() {
    const std::size_t from = at_;
    if (take('<')) {
      while (!done() && peek() != '>') ++at_;
      return take('>');
    }
    while (std::isalpha(static_cast<unsigned char>(peek()))) ++at_;
    return at_ - from >= 3;
  }

  std::optional<int> number() {
    if (!std::isdigit(static_cast<unsigned char>(peek()))) return std::nullopt;
    int value = 0;
    for (int digits = 0; std::isdigit(static_cast<unsigned char>(peek())) && digits < 4; ++digits) {
      value = value * 10 + (text_[at_++] - '0');
    }
    return value;
  }

  std::optional<std::int64_t> signed_time() {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int64_t total = 0;
    for (const std::int64_t unit : {hour_s, std::int64_t{60}, std::int64_t{1}}) {
      const auto value = number();
      if (!value) return std::nullopt;
      total += *value * unit;
      if (!take(':')) break;
    }
    return negative ? -total : total;
  }

  bool change(TimeZone::Change& out) {
    using Kind = TimeZone::Change::Kind;
    if (!take(',')) return false;
    out.second_of_day = default_change_s;
    if (take('M')) {
      const auto month = number();
      const bool dot = take('.');
      const auto week = number();
      const bool second_dot = take('.');
      const auto day = number();
      if (!month || !dot || !week || !second_dot || !day) return false;
      if (*month < 1 || *month > 12 || *week < 1 || *week > 5 || *day > 6) return false;
      out = {Kind::WeekdayOfMonth, *month, *week, *day, out.second_of_day};
    } else {
      const bool julian = take('J');
      const auto day = number();
      if (!day || *day > 366) return false;
      out = {julian ? Kind::JulianWithoutLeapDay : Kind::DayOfYear, 0, 0, *day, out.second_of_day};
    }
    if (!take('/')) return true;
    const auto time = signed_time();
    if (time) out.second_of_day = *time;
    return time.has_value();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<TimeZone> TimeZone::parse(std::string_view tzif) {
  const auto refused = [] { return Error{"ValidationException", "The time zone's data is malformed"}; };
  auto header = read_header(tzif);
  if (!header) return refused();
  std::size_t time_size = 4;
  if (tzif[4] >= '2') {  // the same again with times of 8 bytes
    const std::size_t skip = header_size + header->body_size(4);
    if (skip > tzif.size()) return refused();
    tzif.remove_prefix(skip);
    header = read_header(tzif);
    time_size = 8;
  }
  if (!header || header->types == 0 || header_size + header->body_size(time_size) > tzif.size())
    return refused();
  std::string_view body = tzif.substr(header_size);
  const std::string_view types = body.substr(header->transitions * (time_size + 1));
  const auto offset_of_type = [&](std::size_t type) { return big_endian(types.substr(type * 6, 4)); };
  TimeZone zone;
  zone.first_offset_s_ = offset_of_type(0);
  for (std::size_t i = 0; i < header->transitions; ++i) {
    const auto type = static_cast<unsigned char>(body[header->transitions * time_size + i]);
    if (type >= header->types) return refused();
    zone.transitions_s_.push_back(big_endian(body.substr(i * time_size, time_size)));
    zone.offsets_s_.push_back(offset_of_type(type));
  }
  if (time_size == 8) {
    std::string_view footer = body.substr(header->body_size(8));
    if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') return refused();
    footer = footer.substr(1, footer.size() - 2);
    if (!footer.empty()) {
      zone.rule_ = PosixRule(footer).parse();
      if (!zone.rule_) return refused();
    }
  }
  return zone;
}

std::int64_t TimeZone::change_at(const Change& change, int year, std::int64_t offset_before_s) {
  using namespace std::chrono;
  const sys_days new_year = std::chrono::year(year) / January / 1;
  sys_days date = new_year;
  switch (change.kind) {
    case Change::Kind::DayOfYear:
      date = new_year + days(change.day);
      break;
    case Change::Kind::JulianWithoutLeapDay:
      date = new_year + days(change.day - 1);
      if (std::chrono::year(year).is_leap() && change.day >= 60) date += days(1);
      break;
    case Change::Kind::WeekdayOfMonth: {
      const auto month = std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(change.month));
      const weekday day(static_cast<unsigned>(change.day));
      date = change.week == 5 ? sys_days(month / day[last])
                              : sys_days(month / day[static_cast<unsigned>(change.week)]);
      break;
    }
  }
  return date.time_since_epoch().count() * seconds_per_day + change.second_of_day - offset_before_s;
}

std::int64_t TimeZone::rule_offset_s(const Rule& rule, std::int64_t unix_s) {
  if (!rule.summer_s) return rule.standard_s;
  const int year = year_of(unix_s + rule.standard_s);
  const std::int64_t begins = change_at(rule.begins, year, rule.standard_s);
  const std::int64_t ends = change_at(rule.ends, year, *rule.summer_s);
  const bool summer = begins < ends ? begins <= unix_s && unix_s < ends : unix_s < ends || begins <= unix_s;
  return summer ? *rule.summer_s : rule.standard_s;
}

std::int64_t TimeZone::offset_s(std::int64_t unix_s) const {
  const auto next = std::upper_bound(transitions_s_.begin(), transitions_s_.end(), unix_s);
  if (next == transitions_s_.end() && rule_) return rule_offset_s(*rule_, unix_s);
  if (next == transitions_s_.begin()) return first_offset_s_;
  return offsets_s_[static_cast<std::size_t>(next - transitions_s_.begin()) - 1];
}

Duration TimeZone::offset_at(Time time) const {
  return Duration{us_per_second} * offset_s(floor_to(time, {us_per_second}).us / us_per_second);
}

Time TimeZone::from_local(Time local) const {
  // Of the two offsets around that day, the one that reads back; the earlier one first.
  const Duration day = Duration{us_per_second} * seconds_per_day;
  const Duration before = offset_at(local - day), after = offset_at(local + day);
  for (const Duration offset : {before, after}) {
    if (to_local(local - offset) == local) return local - offset;
  }
  return local - before;
}

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.back() == '/') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '+' || c == '-' || c == '/';
  });
}

}  // namespace berth::control
