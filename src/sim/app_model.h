// AppModel: what a simulated application costs and how it is judged. `berth calibrate` measures one; app.toml
// states it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "loop/time.h"

namespace berth::sim {

struct AppModel {
  double cpu_ms = 10;             // CPU time per request, mean
  double cpu_variation = 0;       // coefficient of variation of it; 0: every request costs the same
  int threads = 4;                // requests worked on at a time in one task
  double overhead_ms = 0;         // what an answer takes beyond the task's work: network, load balancer
  double base_cpu_vcpu = 0.0005;  // used by an idle task
  double memory_mib = 60;
  double timeout_s = 60;      // the load balancer's idle timeout: a request that waits longer ends in 504
  double objective_ms = 500;  // a request that takes longer is late
};

// The keys of app.toml are the members' names; unknown keys are errors. `name` goes into the messages.
Result<AppModel> parse_app_model(const std::string& toml_text, const std::string& name);
std::string write_app_model(const AppModel& app);

}  // namespace berth::sim
