#include "sim/shared_cores.h"

namespace berth::sim {

std::int64_t SharedCores::begin(const QuotaServer& to, std::int64_t at_us, std::int64_t cpu_us,
                                std::vector<QuotaServer::Completion>& ended) {
  if (!shared() || !to.has_free_thread()) return 0;  // who waits begins where the one before ends
  std::size_t running = 0;
  for (auto* server : servers_) {
    server->advance(at_us, ended);
    running += server->on_core();
  }
  if (running == 0) return 0;
  const auto cores = static_cast<std::size_t>(app_.cores);
  // The kernel takes the core with the fewest threads; where it misses, any.
  const bool missed = app_.core_misses > 0 && rng_.uniform() < app_.core_misses;
  std::size_t to_meet = running / cores, left = running;
  std::int64_t later_us = 0;
  for (auto* server : servers_) {
    for (std::size_t i = 0, count = server->on_core(); i < count; ++i, --left) {
      const std::uint64_t draw = rng_.below(missed ? cores : left);
      if (missed ? draw != 0 : draw >= to_meet) continue;
      later_us += server->share_core(i, cpu_us);
      if (!missed) --to_meet;
    }
  }
  return later_us;
}

}  // namespace berth::sim
