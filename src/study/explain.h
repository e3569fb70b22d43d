// Explain: why a service's count changed in a minute, or why it did not, in words: what each alarm saw, what
// the policy's formula gives, and what held it. It reads a Timeline and decides nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "study/timeline.h"

namespace berth::study {

// A minute of the timeline from "14:32", "d3 14:32" (the third day), "minute 812" or an ISO time. Without a
// day, the first minute of the run that shows this time.
Result<int> minute_at(const Timeline& timeline, std::string_view text);

struct PlayedWorld {
  std::string name;
  double metric_lag_s = 0;  // from a minute's end to its points being there
};
std::string explain(const Timeline& timeline, int minute, const PlayedWorld& world);

}  // namespace berth::study
