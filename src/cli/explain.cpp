#include "study/explain.h"

#include <iostream>

#include "cli/commands.h"
#include "cli/simulate_input.h"
#include "sim/world_times.h"
#include "study/timeline_reader.h"

namespace berth::cli {
namespace {

int tell(const json::value& run, const std::string& at, const study::PlayedWorld& world) {
  const auto* document = find(run, "timeline");
  const auto timeline = study::read_timeline(document ? *document : json::value(nullptr));
  if (!timeline) return refuse(timeline.error());
  if (timeline->minutes.empty()) return refuse({"UsageError", "the timeline has no minutes"});
  int minute = static_cast<int>(timeline->minutes.size()) - 1;
  if (!at.empty()) {
    const auto named = study::minute_at(*timeline, at);
    if (!named) return refuse(named.error());
    minute = *named;
  }
  std::cout << study::explain(*timeline, minute, world);
  return 0;
}

}  // namespace

int explain_run(const std::string& file, const std::string& at) {
  const auto text = read_input(file);
  if (!text) return refuse(text.error());
  json::value run;
  JsonError problem;
  if (!parse_json(*text, run, problem))
    return refuse({"UsageError", file + ": line " + std::to_string(problem.line) + ": " + problem.message});
  const auto times = sim::world_times(string_or(run, "world"));
  if (!times) return refuse({"UsageError", file + ": it is not what berth simulate --json writes"});
  return tell(run, at, {times->name, times->metric_lag_s});
}

}  // namespace berth::cli
