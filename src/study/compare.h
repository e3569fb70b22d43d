// Compare: many runs that share nothing, played on every core, and what they came to: cost against lateness.
// The order and the figures of the results do not depend on the number of threads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "study/run.h"
#include "study/summary.h"

namespace berth::study {

// What is played: one policy under one traffic.
struct Contest {
  std::string policy;
  std::string trace;
  RunOptions options;
};

struct Outcome {
  std::string policy;
  std::string trace;
  Summary summary;
  Timeline timeline;
  double best_utilization = 0;
  double virtual_s = 0;
};

struct Judges {
  Prices prices;
  unsigned threads = 0;  // 0: one per core
  // Called from the playing threads with the number of runs that have ended.
  std::function<void(std::size_t)> progress;
};

// In the order of `contests`. The first run that cannot be played is the error, with its policy's name.
Result<std::vector<Outcome>> play_all(const std::vector<Contest>& contests, const Judges& judges);

struct Variant {
  std::string name;
  std::vector<std::string> sets;
};
// "name: Resource.Path=value; Resource.Path=value"
Result<Variant> parse_variant(const std::string& text);

// Requests that failed or came later than the objective, in percent.
double missed_percent(const Summary& summary);

}  // namespace berth::study
