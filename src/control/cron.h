// Cron expressions as scheduled actions write them: `min hour day-of-month month day-of-week year`,
// optionally with leading seconds. Matching is in local readings; zones and the other kinds of schedule are
// other files.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "loop/time.h"

namespace berth::control {

inline constexpr int cron_year_min = 1970;
inline constexpr int cron_year_max = 2199;

struct Cron {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;     // of the month, from 1
  std::bitset<13> months;   // from 1
  std::bitset<8> weekdays;  // 1 is Sunday
  std::bitset<cron_year_max - cron_year_min + 1> years;
  bool by_weekday = false;  // the day of the month is `?`
  bool last_day = false;    // L: the month's last day
  int last_weekday = 0;     // 6L: the month's last Friday
  int nth_weekday = 0;      // 6#3: its third Friday
  int nth = 0;

  // The first matching reading later than `local`, at a full minute; nullopt when there is none.
  std::optional<Time> next(Time local) const;
};

// `text` is what stands inside cron(...). Seconds are accepted and count as zero: a minute is the finest
// grain.
Result<Cron> parse_cron(std::string_view text);

}  // namespace berth::control
