// SharedCores: tasks whose threads share the few cores of one machine, as containers on a person's own do; on
// Fargate they have cores to themselves. A thread that wakes up stays on its core until its request is done;
// where it meets another there, both answer later by the work of the one that had less.
#pragma once

#include <cstdint>
#include <vector>

#include "loop/rng.h"
#include "sim/app_model.h"
#include "sim/quota_server.h"

namespace berth::sim {

class SharedCores {
 public:
  SharedCores(const AppModel& app, std::uint64_t seed) : app_(app), rng_(seed) {}

  bool shared() const { return app_.cores > 0; }
  void add(QuotaServer& server) { servers_.push_back(&server); }
  void remove(QuotaServer& server) { std::erase(servers_, &server); }
  // A request of so much CPU time comes to a server at `at_us`, not before the last one: plays all servers
  // until then, and returns by how much it is answered later than its work ends. Those that it meets are
  // told.
  std::int64_t begin(const QuotaServer& server, std::int64_t at_us, std::int64_t cpu_us,
                     std::vector<QuotaServer::Completion>& ended);

 private:
  const AppModel& app_;
  Rng rng_;
  std::vector<QuotaServer*> servers_;
};

}  // namespace berth::sim
