#include "study/explain.h"

#include <iostream>

#include "cli/commands.h"
#include "cli/simulate_input.h"
#include "sim/world_times.h"
#include "study/timeline_reader.h"

namespace berth::cli {
namespace {

int tell(const json::value* document, const std::string& at, const study::PlayedWorld& world) {
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
  return tell(find(run, "timeline"), at, {times->name, times->metric_lag_s});
}

int explain_service(const Where& where, const std::string& service, const std::string& at) {
  const auto status = get_json(where, "/_berth/status");
  if (!status) return explain(where, status.error());
  const auto* services = find(*status, "services");
  if (services && services->is_array()) {
    for (const auto& entry : services->get_array()) {
      const std::string name = string_or(entry, "name");
      if (name != service && string_or(entry, "cluster") + "/" + name != service) continue;
      const auto* scaling = find(entry, "scaling");
      const auto* lag = scaling ? find(*scaling, "metric_lag_s") : nullptr;
      return tell(scaling, at, {"real", lag && lag->is_number() ? lag->to_number<double>() : 0});
    }
  }
  return refuse({"UsageError", service + " is neither a file nor a service that berthd runs"});
}

}  // namespace berth::cli
