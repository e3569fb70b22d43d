// Run: one template and one traffic, played through from the deployment to the last minute.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/traffic.h"
#include "study/simulated_region.h"
#include "study/timeline.h"

namespace berth::study {

struct RunOptions {
  std::string template_text;
  std::vector<std::string> before;  // templates that are deployed first, in this order
  Values parameters;
  std::vector<std::string> sets;  // "Resource.Property.Path=value"
  std::string service;            // which one has the traffic; empty: the only one behind a load balancer
  sim::Traffic traffic;
  sim::AppModel app;
  sim::WorldTimes times;
  std::string tier = "fluid";  // or "events": every request by itself
  std::uint64_t seed = 1;
  double time_scale = 1;
  bool every_minute = false;  // else those that would be as the one before are not played
  // Called now and then with the share that is done; false ends the run.
  std::function<bool(double)> progress;
};

struct RunResult {
  Timeline timeline;
  std::vector<std::string> made_up;  // what the template refers to and does not create
  double deployed_in_s = 0;          // virtual
  std::int64_t quiet_minutes = 0;    // which were as the one before, and were not played
  double best_utilization = 0;       // the highest at which the p95 still meets the objective
};

Result<RunResult> play(const RunOptions& options);

}  // namespace berth::study
