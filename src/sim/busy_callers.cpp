#include "sim/busy_callers.h"

#include <algorithm>
#include <limits>

#include "loop/time.h"

namespace berth::sim {

int BusyCallers::follow(std::int64_t at_us, Targets& targets) {
  std::erase_if(calls_, [&](const Call& call) {
    if (call.ends_us > at_us) return false;
    --calls_of_group_[call.group];
    if (!call.address.empty()) targets.end_call(call.address);
    return true;
  });
  int begun = 0;
  for (std::size_t group = 0; group < traffic_.clients.size(); ++group) {
    const auto& clients = traffic_.clients[group];
    if (at_us < clients.start_us || at_us >= clients.end_us) continue;
    for (; calls_of_group_[group] < clients.count; ++begun) begin(at_us, group, targets);
  }
  return begun;
}

void BusyCallers::begin(std::int64_t at_us, std::size_t group, Targets& targets) {
  Call call{.address = targets.begin_call(), .group = group};
  const double lasts_s = call.address.empty() ? 1 : traffic_.clients[group].seconds;  // 503: it tries again
  call.ends_us = at_us + static_cast<std::int64_t>(lasts_s * us_per_second);
  calls_.push_back(std::move(call));
  ++calls_of_group_[group];
}

void BusyCallers::forget(const std::string& address) {
  std::erase_if(calls_, [&](const Call& call) {
    if (call.address != address) return false;
    --calls_of_group_[call.group];
    return true;
  });
}

std::int64_t BusyCallers::next_change(std::int64_t at_us) const {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  for (const auto& call : calls_) next = std::min(next, call.ends_us);
  for (const auto& clients : traffic_.clients) {
    if (at_us < clients.start_us) next = std::min(next, clients.start_us);
  }
  return next;
}

}  // namespace berth::sim
