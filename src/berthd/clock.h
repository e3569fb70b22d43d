// The daemon's clock across starts: berth time goes on where it would stand had the daemon never stopped, and
// never backwards.
#pragma once

#include "base/result.h"
#include "berthd/options.h"
#include "loop/time.h"
#include "store/store.h"

namespace berth {

struct ClockRow {
  static constexpr const char* table = "berthd.clock";
  double time_scale = 1;
  Time berth_origin{};  // what berth's clock showed ...
  Time real_origin{};   // ... at this moment of the machine's
  Time last_seen{};     // berth's clock has stood here: it never goes behind it

  std::string key() const { return "clock"; }
};
BOOST_DESCRIBE_STRUCT(ClockRow, (), (time_scale, berth_origin, real_origin, last_seen))

struct ClockStart {
  Time now{};
  double time_scale = 1;
};

// Refuses another scale than the store's unless --rebase was given.
Result<ClockStart> start_clock(Store& store, const Options& options, Time real_now);
Result<> remember_clock(Store& store, Time now);

}  // namespace berth
