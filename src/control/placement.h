// Where a service's next task goes and which task goes first when there are too many: both keep the
// availability zones level.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "loop/time.h"

namespace berth::control {

// A subnet of the service's network configuration, in the order given there.
struct ServiceSubnet {
  std::string_view id{};
  std::string_view availability_zone{};
};

// Index of the subnet for one more task. `tasks_per_subnet`: live tasks of the service, by the same index.
int next_subnet(std::span<const ServiceSubnet> subnets, std::span<const int> tasks_per_subnet);

struct StopCandidate {
  int index = 0;    // the caller's own
  int subnet = -1;  // -1: none of the service's subnets (any more)
  bool pending = false;
  bool is_protected = false;  // task scale-in protection
  Time created_at{};
};

// Up to `count` candidates to stop, by `index`: pending ones first, then from the fullest zone, newest first.
// Never a protected one, so it may return fewer.
std::vector<int> victims(std::vector<StopCandidate> candidates, std::span<const ServiceSubnet> subnets,
                         int count);

}  // namespace berth::control
