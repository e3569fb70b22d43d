// AppModel: what a simulated application costs and how it is judged. `berth calibrate` measures one; app.toml
// states it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "loop/time.h"

namespace berth::sim {

struct AppModel {
  double cpu_ms = 10;             // CPU time per request, mean
  double cpu_variation = 0;       // coefficient of variation of it; 0: every request costs the same
  int threads = 4;                // requests worked on at a time in one task
  int cores = 0;                  // of the machine that all tasks share; 0: each has its own, as on Fargate
  double core_misses = 0;         // how often a thread wakes up on any core instead of an idle one
  double overhead_ms = 0;         // what an answer takes beyond the task's work: network, load balancer
  double base_cpu_vcpu = 0.0005;  // used by an idle task
  double memory_mib = 60;
  double timeout_s = 60;      // the load balancer's idle timeout: a request that waits longer ends in 504
  double objective_ms = 500;  // a request that takes longer is late

  // More threads than cores take turns that are longer than most requests: who comes first is done first.
  int threads_at_once() const { return cores > 0 ? std::min(threads, cores) : threads; }
};

// The keys of app.toml are the members' names; unknown keys are errors. `name` goes into the messages.
Result<AppModel> parse_app_model(const std::string& toml_text, const std::string& name);
std::string write_app_model(const AppModel& app);

}  // namespace berth::sim
