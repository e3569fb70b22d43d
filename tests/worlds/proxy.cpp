#include "proxy.h"

#include <algorithm>

namespace berth::worlds {

using world::TargetHealth;
using world::TargetUse;

namespace {

constexpr RealDuration first_check_after = RealDuration::seconds(1);
constexpr double longest_request_s = 40;

}  // namespace

void Proxy::attach(world::BalancerListener* listener) {
  listener_ = listener;
  tell_everything_ = listener != nullptr;
}

void Proxy::apply(world::BalancerSpec spec) {
  if (!machine_.step()) return;
  spec_ = std::move(spec);
  std::map<Place, Target> wanted;
  for (const auto& one : spec_.target_groups) {
    for (const auto& target : one.targets) wanted[{one.arn, target.id()}].spec = target;
  }
  for (auto& [place, target] : wanted) {
    const auto known = targets_.find(place);
    const bool fresh = known == targets_.end() || (known->second.spec.use == TargetUse::draining &&
                                                   target.spec.use == TargetUse::active);
    if (fresh) {
      target.serial = ++last_serial_;
      if (target.spec.use == TargetUse::active) check_later(place, target, first_check_after);
    } else {
      const TargetUse use = target.spec.use;
      target = known->second;
      target.spec.use = use;
    }
    const bool drains = target.spec.use == TargetUse::draining;
    const bool began_to_drain = drains && (fresh || known->second.spec.use != TargetUse::draining);
    if (began_to_drain) {
      target.idle_at = machine_.loop.steady() + RealDuration::seconds(machine_.draw() * longest_request_s);
    }
    if (drains && (began_to_drain || tell_everything_)) tell_idle(place, target);
    if (!drains && (fresh || tell_everything_)) tell_health(place, target);
  }
  targets_ = std::move(wanted);
  tell_everything_ = false;
}

world::BalancerInfo Proxy::info() {
  world::BalancerInfo info{"simulated", machine_.loop.steady() >= up_at_, "", {}};
  for (const auto& balancer : spec_.load_balancers) {
    if (!balancer.listeners.empty()) info.urls[balancer.arn] = {"http://" + balancer.address};
  }
  return info;
}

void Proxy::restart(RealDuration down) {
  machine_.trace("load balancer: killed");
  up_at_ = machine_.loop.steady() + down;
  for (auto& [place, target] : targets_) {
    target.serial = ++last_serial_;
    target.passed = target.failed = 0;
    if (target.spec.use == TargetUse::draining) {
      target.idle_at = machine_.loop.steady();
      tell_idle(place, target);
      continue;
    }
    change(place, target, TargetHealth::initial);
    check_later(place, target, down + first_check_after);
  }
}

const world::TargetGroupSpec* Proxy::group(const std::string& arn) const {
  const auto found = std::find_if(spec_.target_groups.begin(), spec_.target_groups.end(),
                                  [&](const auto& one) { return one.arn == arn; });
  return found == spec_.target_groups.end() ? nullptr : &*found;
}

void Proxy::check_later(const Place& place, const Target& target, RealDuration delay) {
  machine_.loop.after_real(delay, [this, place, serial = target.serial] {
    const auto found = targets_.find(place);
    if (found != targets_.end() && found->second.serial == serial) check(place);
  });
}

void Proxy::check(const Place& place) {
  Target& target = targets_.at(place);
  const auto* rules = group(place.first);
  if (!rules || target.spec.use == TargetUse::draining) return;
  if (!checks_fail && !never_healthy && answers_(target.spec.address)) {
    ++target.passed;
    target.failed = 0;
    const int needed = target.health == TargetHealth::unhealthy ? rules->healthy_threshold : 1;
    if (target.passed >= needed) change(place, target, TargetHealth::healthy);
  } else {
    ++target.failed;
    target.passed = 0;
    if (target.failed >= rules->unhealthy_threshold) change(place, target, TargetHealth::unhealthy);
  }
  check_later(place, target, RealDuration{rules->check_interval.us});
}

void Proxy::change(const Place& place, Target& target, TargetHealth health) {
  if (target.health == health) return;
  target.health = health;
  const char* names[] = {"initial", "healthy", "unhealthy"};
  machine_.trace("target " + place.second + ": " + names[static_cast<int>(health)]);
  tell_health(place, target);
}

void Proxy::tell_health(const Place& place, const Target& target) {
  machine_.loop.post(machine_.for_process([this, place, health = target.health] {
    if (listener_) listener_->on_target_health({place.first, place.second, health, {}, {}});
  }));
}

void Proxy::tell_idle(const Place& place, const Target& target) {
  const RealDuration left = std::max(RealDuration{}, target.idle_at - machine_.loop.steady());
  machine_.loop.after_real(left, machine_.for_process([this, place, serial = target.serial] {
    const auto found = targets_.find(place);
    if (found == targets_.end() || found->second.serial != serial) return;
    if (listener_) listener_->on_target_idle(place.first, place.second);
  }));
}

}  // namespace berth::worlds
