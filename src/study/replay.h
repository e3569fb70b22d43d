// Replay: the record of a live service (`berth record`) given to the same control code in virtual time: its
// points, its tasks and its configuration at the moments when they came. The alarms and the scaling have to
// come to the decisions that the record tells of. It makes nothing up and has no traffic.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "loop/time.h"

namespace berth::study {

// A change of an alarm's state or a scaling activity.
struct Decision {
  Time time{};
  std::string what;  // `alarm NAME OK -> ALARM`, `desired count 3`, `not scaled AlreadyAtMaxCapacity`
};

struct ReplayResult {
  std::string service;
  Time begins{};
  double time_scale = 1;
  std::vector<Decision> recorded, replayed;
  // The place in both lists where they part; nullopt: they are identical.
  std::optional<std::size_t> first_difference;
};

Result<ReplayResult> replay(std::string_view record);

}  // namespace berth::study
