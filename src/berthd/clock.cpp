#include "berthd/clock.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace berth {

Result<ClockStart> start_clock(Store& store, const Options& options, Time real_now) {
  const auto* known = store.find<ClockRow>("clock");
  ClockRow row = known ? *known : ClockRow{options.time_scale, real_now, real_now, real_now};
  ClockStart start{real_now, row.time_scale};
  if (known) {
    const auto elapsed_us = static_cast<double>((real_now - row.real_origin).us) * row.time_scale;
    start.now = std::max(row.berth_origin + Duration{static_cast<std::int64_t>(elapsed_us)}, row.last_seen);
    if (options.time_scale_given && options.time_scale != row.time_scale) {
      if (!options.rebase) {
        return Error{
            "TimeScaleChanged",
            fmt::format(
                "This store runs at --time-scale {}; give --rebase to go on at {}, or another --data-dir",
                shortest(row.time_scale), shortest(options.time_scale))};
      }
      start.time_scale = options.time_scale;
    }
  }
  row = {start.time_scale, start.now, real_now, start.now};
  auto kept = store.transact([&]() -> Result<> {
    store.put(row);
    return {};
  });
  if (!kept) return kept.error();
  return start;
}

Result<> remember_clock(Store& store, Time now) {
  return store.transact([&]() -> Result<> {
    if (auto* row = store.edit<ClockRow>("clock")) row->last_seen = now;
    return {};
  });
}

}  // namespace berth
