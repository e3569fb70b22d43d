// WorldTimes: how slow a world is. The simulator's answers depend on it, so every run says which world it
// played.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "loop/time.h"

namespace berth::sim {

struct SecondsRange {
  double least = 0;
  double most = 0;
};

struct WorldTimes {
  std::string name;
  double metric_lag_s = 0;     // from a minute's end to its points being there
  SecondsRange pull_s;         // image pull, network interface and placement included
  SecondsRange start_s;        // from the pulled image to RUNNING
  SecondsRange stop_s;         // from SIGTERM to STOPPED
  SecondsRange first_probe_s;  // from registration to the first health check
};

// `aws`: what is published of Fargate, see docs/simulation.md. `local`: berth's own daemon on a machine of
// two cores.
std::optional<WorldTimes> world_times(std::string_view name);

}  // namespace berth::sim
