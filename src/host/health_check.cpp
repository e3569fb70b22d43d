#include "host/health_check.h"

namespace berth::host {

HealthCheck::HealthCheck(Loop& loop, world::HealthCheckSpec spec, Probe probe,
                         std::function<void(bool)> changed)
    : loop_(loop),
      spec_(std::move(spec)),
      probe_(std::move(probe)),
      changed_(std::move(changed)),
      started_(loop.now()) {
  wait();
}

HealthCheck::~HealthCheck() {
  loop_.cancel(timer_);
}

// The interval counts from one result to the next run, as in Docker.
void HealthCheck::wait() {
  timer_ = loop_.after(spec_.interval, [this] {
    timer_ = no_timer;
    probe_(alive_.guard([this](Result<int> exit_code) { judge(exit_code && *exit_code == 0); }));
  });
}

void HealthCheck::judge(bool passed) {
  wait();
  // Failures during the start period do not count; a success ends it.
  const bool in_start_period = !healthy_ && loop_.now() - started_ < spec_.start_period;
  if (passed) {
    failures_ = 0;
  } else if (!in_start_period) {
    ++failures_;
  }
  const bool healthy = passed || (healthy_ == true && failures_ < spec_.retries);
  if (!passed && !healthy && failures_ < spec_.retries) return;  // still unknown, or unhealthy already
  if (healthy_ == healthy) return;
  healthy_ = healthy;
  const auto changed = changed_;  // who is told may end this check
  changed(healthy);
}

std::vector<std::string> health_command(const std::vector<std::string>& command) {
  if (command.empty()) return {};
  if (command.front() == "CMD-SHELL") {
    return {"/bin/sh", "-c", command.size() > 1 ? command[1] : std::string()};
  }
  return {command.begin() + (command.front() == "CMD" ? 1 : 0), command.end()};
}

}  // namespace berth::host
