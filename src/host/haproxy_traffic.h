// Traffic counters: HAProxy's log lines and statistics, added up into what the port reports. The log tells
// who answered each request, a target or the load balancer itself, and how long the target took; the
// statistics tell connections, and mend the counts where HAProxy had to drop a log line.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/haproxy_runtime.h"
#include "world/balancer.h"

namespace berth::host::haproxy {

// How names of the configuration lead back to ARNs. A frontend that serves several load balancers is not in
// it.
struct TrafficNames {
  std::map<std::string, std::string, std::less<>> load_balancer_of_key;
  std::map<std::string, std::string, std::less<>> load_balancer_of_frontend;
  std::map<std::string, std::string, std::less<>> target_group_of_backend;
  std::map<std::string, std::string, std::less<>> load_balancer_of_backend;
};

TrafficNames traffic_names(const world::BalancerSpec& spec);

class Traffic {
 public:
  // Names that are gone are still known: their last requests may end later.
  void add_names(TrafficNames names);

  // False: the line is no request but a notice, such as a change of a server's health.
  bool take_line(std::string_view line);
  // Statistics of the process `pid`: connections opened since its last, and how many are open.
  void take_statistics(pid_t pid, const Statistics& rows);
  // Counts answers that each process's last statistics know and the log does not: HAProxy drops a line when
  // two of its threads want to write at once. To be called well after the statistics were taken and with the
  // log read, as a line is written a moment after its answer was counted.
  void mend();
  // What this process has counted before we looked is not ours to report.
  void adopt(pid_t pid, const Statistics& rows);
  void forget(pid_t pid) { mend(), processes_.erase(pid); }

  // Everything since the last call.
  std::vector<world::TrafficReport> take();

 private:
  using Answers = std::array<std::int64_t, 5>;  // 1xx to 5xx
  struct Counted {
    std::map<std::string, std::int64_t> connections;       // by proxy: already reported
    std::map<std::string, Answers, std::less<>> answered;  // by backend: as the statistics taken last had it
    std::map<std::string, Answers, std::less<>> logged;    // by backend, or mended
  };

  world::TrafficReport& report(const std::string& load_balancer, const std::string& target_group);

  TrafficNames names_;
  // by load balancer's ARN, then by target group's or empty
  std::map<std::string, std::map<std::string, world::TrafficReport>> reports_;
  std::map<pid_t, Counted> processes_;
};

int latency_bucket(double ms);

}  // namespace berth::host::haproxy
