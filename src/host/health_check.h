// HealthCheck: a container's health by its task definition: runs the command on the check's interval and
// counts its results. It knows neither engine nor container, only how to run the command once.
#pragma once

#include <functional>
#include <optional>

#include "base/result.h"
#include "host/alive.h"
#include "loop/loop.h"
#include "world/runtime.h"

namespace berth::host {

class HealthCheck {
 public:
  // Runs the command; its exit code, or an error when it could not run or took too long.
  using Probe = std::function<void(std::function<void(Result<int>)> done)>;

  // `changed` is told the first state and every other one.
  HealthCheck(Loop& loop, world::HealthCheckSpec spec, Probe probe,
              std::function<void(bool healthy)> changed);
  ~HealthCheck();

  std::optional<bool> healthy() const { return healthy_; }

 private:
  void wait();
  void judge(bool passed);

  Loop& loop_;
  world::HealthCheckSpec spec_;
  Probe probe_;
  std::function<void(bool)> changed_;
  Time started_;
  TimerId timer_ = no_timer;
  int failures_ = 0;
  std::optional<bool> healthy_;
  Alive alive_;
};

// The command line of ["CMD", ...] or ["CMD-SHELL", "..."].
std::vector<std::string> health_command(const std::vector<std::string>& command);

}  // namespace berth::host
