// Traffic counters: HAProxy's log lines and statistics, added up into what the port reports. The log tells
// who answered each request, a target or the load balancer itself, and how long the target took; the
// statistics tell connections, and mend the counts where HAProxy had to drop a log line.
#pragma once

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

class Traffic {
 public:
  // Names that are gone are still known: their last requests may end later.
  void add_names(TrafficNames names);

  // False: the line is no request but a notice, such as a change of a server's health.
  bool take_line(std::string_view line);
  // What opened connections since the last call, and how many are open. `is_new_process`: HAProxy's counters
  // began at zero again; `was_just_adopted`: they began before we looked.
  void take_statistics(const Statistics& rows);
  void start_over() { seen_.clear(), logged_.clear(); }
  void adopt(const Statistics& rows);
  // Counts answers that the statistics know and the log does not. Call it with every line read that HAProxy
  // wrote before `rows`.
  void mend(const Statistics& rows);

  // Everything since the last call.
  std::vector<world::TrafficReport> take();

 private:
  using Key = std::pair<std::string, std::string>;  // load balancer ARN, target group ARN or empty
  struct Seen {
    std::int64_t connections = 0;
    std::array<std::int64_t, 5> responses{};
  };

  world::TrafficReport& report(const std::string& load_balancer, const std::string& target_group);

  TrafficNames names_;
  std::map<Key, world::TrafficReport> reports_;
  std::map<std::string, Seen, std::less<>> seen_;                           // by proxy: already reported
  std::map<std::string, std::array<std::int64_t, 5>, std::less<>> logged_;  // by backend, since `seen_`
};

int latency_bucket(double ms);

}  // namespace berth::host::haproxy
