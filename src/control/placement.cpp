#include "control/placement.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace berth::control {

namespace {

int tasks_in_zone(std::span<const ServiceSubnet> subnets, std::span<const int> tasks_per_subnet,
                  std::string_view zone) {
  int tasks = 0;
  for (std::size_t i = 0; i < subnets.size(); ++i) {
    if (subnets[i].availability_zone == zone) tasks += tasks_per_subnet[i];
  }
  return tasks;
}

int tasks_beside(const StopCandidate& candidate, std::span<const ServiceSubnet> subnets,
                 std::span<const int> tasks_per_subnet) {
  if (candidate.subnet < 0) return 0;
  return tasks_in_zone(subnets, tasks_per_subnet,
                       subnets[static_cast<std::size_t>(candidate.subnet)].availability_zone);
}

}  // namespace

int next_subnet(std::span<const ServiceSubnet> subnets, std::span<const int> tasks_per_subnet) {
  BERTH_CHECK(!subnets.empty() && subnets.size() == tasks_per_subnet.size());
  const auto load = [&](int i) {
    const auto at = static_cast<std::size_t>(i);
    return std::tuple(tasks_in_zone(subnets, tasks_per_subnet, subnets[at].availability_zone),
                      tasks_per_subnet[at]);
  };
  int best = 0;
  for (int i = 1; i < static_cast<int>(subnets.size()); ++i) {
    if (load(i) < load(best)) best = i;
  }
  return best;
}

std::vector<int> victims(std::vector<StopCandidate> candidates, std::span<const ServiceSubnet> subnets,
                         int count) {
  std::vector<int> tasks_per_subnet(subnets.size(), 0);
  for (const auto& each : candidates) {
    if (each.subnet >= 0) ++tasks_per_subnet[static_cast<std::size_t>(each.subnet)];
  }
  std::erase_if(candidates, [](const StopCandidate& each) { return each.is_protected; });
  std::vector<int> chosen;
  while (static_cast<int>(chosen.size()) < count && !candidates.empty()) {
    // Chosen one by one, since each takes its zone's lead away.
    const auto rank = [&](const StopCandidate& each) {
      return std::tuple(each.pending, each.subnet < 0, tasks_beside(each, subnets, tasks_per_subnet),
                        each.created_at, each.index);
    };
    const auto first = std::max_element(candidates.begin(), candidates.end(),
                                        [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    chosen.push_back(first->index);
    if (first->subnet >= 0) --tasks_per_subnet[static_cast<std::size_t>(first->subnet)];
    candidates.erase(first);
  }
  return chosen;
}

}  // namespace berth::control
