#include "control/cron.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "base/text.h"

namespace berth::control {

namespace {

constexpr std::array<std::string_view, 12> month_names{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> weekday_names{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

// One field: its range, and the names for its numbers if it has any.
struct Field {
  int first = 0;
  int last = 0;
  const std::string_view* names = nullptr;
  int names_size = 0;

  std::optional<int> number(std::string_view text) const {
    for (int i = 0; i < names_size; ++i) {
      if (equal_ignoring_case(text, names[i])) return first + i;
    }
    const auto value = parse_integer(text);
    if (!value || *value < first || *value > last) return std::nullopt;
    return static_cast<int>(*value);
  }
};

constexpr Field seconds_field{0, 59}, minutes_field{0, 59}, hours_field{0, 23}, days_field{1, 31},
    years_field{cron_year_min, cron_year_max};
constexpr Field months_field{1, 12, month_names.data(), 12}, weekdays_field{1, 7, weekday_names.data(), 7};

// "*", "5", "1-5", "*/10", "5/10", "1-30/5": sets its numbers in `bits`, which begin at `base`.
template <std::size_t N>
bool set_part(const Field& field, std::string_view part, std::bitset<N>& bits, int base) {
  int step = 1;
  const std::size_t slash = part.find('/');
  if (slash != std::string_view::npos) {
    const auto value = parse_integer(part.substr(slash + 1));
    if (!value || *value < 1 || *value > field.last) return false;
    step = static_cast<int>(*value);
    part = part.substr(0, slash);
  }
  int from = field.first, to = field.last;
  const std::size_t dash = part.find('-');
  if (dash != std::string_view::npos) {
    const auto low = field.number(part.substr(0, dash)), high = field.number(part.substr(dash + 1));
    if (!low || !high) return false;
    from = *low;
    to = *high;
  } else if (part != "*") {
    const auto value = field.number(part);
    if (!value) return false;
    from = *value;
    if (slash == std::string_view::npos) to = from;
  }
  // FRI-MON and the like go round.
  const int span = field.last - field.first + 1;
  const int length = to >= from ? to - from : to - from + span;
  for (int i = 0; i <= length; i += step) {
    bits.set(static_cast<std::size_t>(field.first + (from - field.first + i) % span - base));
  }
  return true;
}

template <std::size_t N>
bool set_field(const Field& field, std::string_view text, std::bitset<N>& bits, int base = 0) {
  for (const auto& part : split(text, ',')) {
    if (part.empty() || !set_part(field, part, bits, base)) return false;
  }
  return true;
}

bool set_days(Cron& cron, std::string_view text) {
  if (text == "L") return cron.last_day = true;
  return set_field(days_field, text, cron.days);
}

bool set_weekdays(Cron& cron, std::string_view text) {
  cron.by_weekday = true;
  if (text == "L") return set_field(weekdays_field, "7", cron.weekdays);
  const std::size_t hash = text.find('#');
  if (hash != std::string_view::npos) {
    const auto day = weekdays_field.number(text.substr(0, hash));
    const auto nth = parse_integer(text.substr(hash + 1));
    if (!day || !nth || *nth < 1 || *nth > 5) return false;
    cron.nth_weekday = *day;
    cron.nth = static_cast<int>(*nth);
    return true;
  }
  if (text.size() > 1 && text.back() == 'L') {
    const auto day = weekdays_field.number(text.substr(0, text.size() - 1));
    cron.last_weekday = day.value_or(0);
    return day.has_value();
  }
  return set_field(weekdays_field, text, cron.weekdays);
}

bool day_matches(const Cron& cron, std::chrono::sys_days date) {
  using namespace std::chrono;
  const year_month_day ymd(date);
  const auto day = static_cast<unsigned>(ymd.day());
  const auto last = static_cast<unsigned>((ymd.year() / ymd.month() / std::chrono::last).day());
  if (!cron.by_weekday) return cron.last_day ? day == last : cron.days.test(day);
  const int weekday_number = static_cast<int>(weekday(date).c_encoding()) + 1;
  if (cron.last_weekday != 0) return weekday_number == cron.last_weekday && day + 7 > last;
  if (cron.nth != 0) return weekday_number == cron.nth_weekday && static_cast<int>(day + 6) / 7 == cron.nth;
  return cron.weekdays.test(static_cast<std::size_t>(weekday_number));
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
  const auto refused = [&] {
    return Error{"ValidationException", fmt::format("Invalid schedule expression: cron({})", text)};
  };
  std::vector<std::string> fields;
  for (auto& field : split(text, ' ')) {
    if (!field.empty()) fields.push_back(std::move(field));
  }
  std::bitset<60> ignored_seconds;
  if (fields.size() == 7) {
    if (!set_field(seconds_field, fields[0], ignored_seconds)) return refused();
    fields.erase(fields.begin());
  }
  // One of the two kinds of day must be left open.
  if (fields.size() != 6 || (fields[2] == "?") == (fields[4] == "?")) return refused();
  Cron cron;
  const bool good =
      set_field(minutes_field, fields[0], cron.minutes) && set_field(hours_field, fields[1], cron.hours) &&
      (fields[2] == "?" || set_days(cron, fields[2])) && set_field(months_field, fields[3], cron.months) &&
      (fields[4] == "?" || set_weekdays(cron, fields[4])) &&
      set_field(years_field, fields[5], cron.years, cron_year_min);
  if (!good) return refused();
  return cron;
}

std::optional<Time> Cron::next(Time local) const {
  using namespace std::chrono;
  const std::int64_t first_minute = floor_to_minute(local).us / us_per_minute + 1;
  constexpr std::int64_t minutes_per_day = 24 * 60;
  std::int64_t minute_of_day = first_minute % minutes_per_day;
  sys_days date{std::chrono::days(first_minute / minutes_per_day)};
  while (true) {
    const year_month_day ymd(date);
    const int year = static_cast<int>(ymd.year());
    if (year > cron_year_max) return std::nullopt;
    if (!years.test(static_cast<std::size_t>(year - cron_year_min))) {
      date = std::chrono::year(year + 1) / January / 1;
      minute_of_day = 0;
      continue;
    }
    const bool day_fits = months.test(static_cast<unsigned>(ymd.month())) && day_matches(*this, date);
    for (; day_fits && minute_of_day < minutes_per_day; ++minute_of_day) {
      if (!hours.test(static_cast<std::size_t>(minute_of_day / 60))) {
        minute_of_day += 59 - minute_of_day % 60;
      } else if (minutes.test(static_cast<std::size_t>(minute_of_day % 60))) {
        return Time{(date.time_since_epoch().count() * minutes_per_day + minute_of_day) * us_per_minute};
      }
    }
    date += std::chrono::days(1);
    minute_of_day = 0;
  }
}

}  // namespace berth::control
