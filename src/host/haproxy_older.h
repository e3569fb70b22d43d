// Older: HAProxy processes that a newer one has taken over from. They accept nothing more, finish what they
// have begun and are ended when no client is left. Which one is the newest is not known here.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <vector>

#include "host/haproxy_runtime.h"

namespace berth::host::haproxy {

class Older {
 public:
  using Clock = std::chrono::steady_clock;

  // `runtime` is absent of a process that does not answer. At the latest after `limit` it is ended.
  void add(pid_t pid, std::optional<Runtime> runtime, std::chrono::milliseconds limit);
  bool empty() const { return processes_.empty(); }
  // Ends those that have no client left or whose time is up. Returns those that are gone since the last look.
  std::vector<pid_t> look();
  void forget() { processes_.clear(); }

 private:
  struct Process {
    pid_t pid;
    std::optional<Runtime> runtime;
    Clock::time_point end_at;
  };
  std::vector<Process> processes_;
};

}  // namespace berth::host::haproxy
