#include "sim/fake_balancer.h"

namespace berth::sim {

void FakeBalancer::apply(world::BalancerSpec spec) {
  spec_ = std::move(spec);
  ++apply_count_;
  state.urls.clear();
  for (const auto& balancer : spec_.load_balancers) {
    if (!balancer.listeners.empty()) state.urls[balancer.arn] = {"http://" + balancer.address};
  }
  std::map<Place, world::TargetUse> now;
  for (const auto& group : spec_.target_groups) {
    for (const auto& target : group.targets) now[{group.arn, target.id()}] = target.use;
  }
  for (const auto& [place, use] : now) {
    const auto before = known_.find(place);
    if (before != known_.end() && before->second == use) continue;
    if (use == world::TargetUse::draining) {
      if (!busy.contains(place)) listener_.on_target_idle(place.first, place.second);
      continue;
    }
    report_health(place.first, place.second, world::TargetHealth::initial);
    if (!checks_pass) continue;
    loop_.after(healthy_after, [this, place = place] {
      const auto still = known_.find(place);
      if (still == known_.end() || still->second != world::TargetUse::active) return;
      report_health(place.first, place.second, world::TargetHealth::healthy);
    });
  }
  known_ = std::move(now);
}

void FakeBalancer::report_health(const std::string& group, const std::string& target,
                                 world::TargetHealth health, const std::string& reason,
                                 const std::string& description) {
  listener_.on_target_health({group, target, health, reason, description});
}

void FakeBalancer::finish_requests(const std::string& group, const std::string& target) {
  const auto place = std::pair(group, target);
  if (busy.erase(place) == 0) return;
  const auto known = known_.find(place);
  if (known != known_.end() && known->second == world::TargetUse::draining) {
    listener_.on_target_idle(group, target);
  }
}

}  // namespace berth::sim
