#include "sim/loaded_balancer.h"

#include <algorithm>
#include <cmath>

namespace berth::sim {
namespace {

using world::TargetHealth;
using world::TargetUse;

RealDuration drawn(Rng& rng, RealDuration least, RealDuration most) {
  if (most <= least) return least;
  return {least.us + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>((most - least).us) + 1))};
}

std::int64_t whole(double count) {
  return static_cast<std::int64_t>(std::llround(count));
}

}  // namespace

LoadedBalancer::~LoadedBalancer() {
  loop_.cancel(timer_);
}

world::BalancerInfo LoadedBalancer::info() {
  world::BalancerInfo info{"simulated", true, "", {}};
  for (const auto& balancer : spec_.load_balancers) {
    if (!balancer.listeners.empty()) info.urls[balancer.arn] = {"http://" + balancer.address};
  }
  return info;
}

const world::TargetGroupSpec* LoadedBalancer::group_of(const Place& place) const {
  const auto& groups = spec_.target_groups;
  const auto found =
      std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.arn == place.first; });
  return found == groups.end() ? nullptr : &*found;
}

// Intervals shrink with the time scale, as they do in front of real containers.
RealDuration LoadedBalancer::interval_of(const world::TargetGroupSpec& group) const {
  return {static_cast<std::int64_t>(static_cast<double>(group.check_interval.us) / loop_.time_scale())};
}

bool LoadedBalancer::is_loaded(const std::string& address) const {
  return std::any_of(targets_.begin(), targets_.end(), [&](const auto& entry) {
    return has_traffic(entry.first) && entry.second.address == address;
  });
}

void LoadedBalancer::apply(world::BalancerSpec spec) {
  catch_up();
  spec_ = std::move(spec);
  std::set<Place> wanted;
  std::vector<std::pair<Place, world::TargetSpec>> fresh;
  for (const auto& group : spec_.target_groups) {
    for (const auto& target : group.targets) {
      const Place place{group.arn, target.id()};
      wanted.insert(place);
      const auto known = targets_.find(place);
      if (known == targets_.end() || known->second.use != target.use) fresh.emplace_back(place, target);
    }
  }
  std::vector<std::string> gone;
  std::erase_if(targets_, [&](const auto& entry) {
    if (wanted.contains(entry.first)) return false;
    if (has_traffic(entry.first)) gone.push_back(entry.second.address);
    return true;
  });
  for (const auto& address : gone) {
    if (!is_loaded(address)) load_->remove(address);
  }
  for (const auto& [place, target] : fresh) welcome(place, target);
  choose_servers();
  tell_idle();
  arm();
}

void LoadedBalancer::welcome(const Place& place, const world::TargetSpec& spec) {
  auto& target = targets_[place];
  target.address = spec.address;
  target.use = spec.use;
  target.idle_told = false;
  if (spec.use == TargetUse::draining) return;
  target.health = TargetHealth::initial;
  target.passed = target.failed = 0;
  target.next_probe = loop_.steady() + drawn(loop_.rng("probe"), probes_.first_least, probes_.first_most);
  if (has_traffic(place)) load_->add(spec.address, vcpu_[spec.address]);
  report(place, target, "", "");
}

void LoadedBalancer::send_traffic(const std::string& target_group_arn, LoadModel& load,
                                  TrafficLedger& ledger) {
  traffic_group_ = target_group_arn;
  load_ = &load;
  ledger_ = &ledger;
  for (const auto& [place, target] : targets_) {
    if (has_traffic(place)) load_->add(target.address, vcpu_[target.address]);
  }
  catch_up();
  choose_servers();
  arm();
}

void LoadedBalancer::catch_up() {
  if (load_) load_->advance(loop_.steady());
}

// AWS: with no healthy target all unhealthy ones are tried (fail open); those that were never probed are not.
void LoadedBalancer::choose_servers() {
  if (!load_) return;
  std::vector<std::string> healthy, unhealthy;
  for (const auto& [place, target] : targets_) {
    if (!has_traffic(place) || target.use != TargetUse::active) continue;
    if (target.health == TargetHealth::healthy) healthy.push_back(target.address);
    if (target.health == TargetHealth::unhealthy) unhealthy.push_back(target.address);
  }
  load_->serve_from(healthy.empty() ? unhealthy : healthy);
}

void LoadedBalancer::look() {
  timer_ = no_timer;
  catch_up();
  std::vector<Place> due;
  for (const auto& [place, target] : targets_) {
    if (target.use == TargetUse::active && target.next_probe <= loop_.steady()) due.push_back(place);
  }
  for (const auto& place : due) {
    if (const auto found = targets_.find(place); found != targets_.end()) probe(place, found->second);
  }
  choose_servers();
  tell_idle();
  arm();
}

void LoadedBalancer::probe(const Place& place, Target& target) {
  const auto* group = group_of(place);
  if (!group) return;
  const RealDuration wait = has_traffic(place) ? load_->wait(target.address) : RealDuration{};
  if (wait <= group->check_timeout) {
    target.failed = 0;
    ++target.passed;
    const int needed = target.health == TargetHealth::initial ? 1 : group->healthy_threshold;
    if (target.health != TargetHealth::healthy && target.passed >= needed) {
      target.health = TargetHealth::healthy;
      report(place, target, "", "");
    }
  } else {
    target.passed = 0;
    ++target.failed;
    if (target.health != TargetHealth::unhealthy && target.failed >= group->unhealthy_threshold) {
      target.health = TargetHealth::unhealthy;
      report(place, target, "Target.Timeout", "Request timed out");
    }
  }
  skip_probes(*group, target);
}

// The next probe that lies ahead. Those of healthy targets that nothing delays would pass and are not played.
void LoadedBalancer::skip_probes(const world::TargetGroupSpec& group, Target& target) {
  const RealDuration interval = interval_of(group);
  const std::int64_t late_us = (loop_.steady() - target.next_probe).us;
  if (late_us < 0) return;
  target.next_probe = target.next_probe + interval * (late_us / interval.us + 1);
}

void LoadedBalancer::report(const Place& place, const Target& target, const char* reason,
                            const char* description) {
  listener_.on_target_health({place.first, place.second, target.health, reason, description});
}

void LoadedBalancer::tell_idle() {
  std::vector<Place> idle;
  for (auto& [place, target] : targets_) {
    if (target.use != TargetUse::draining || target.idle_told) continue;
    if (has_traffic(place) && !load_->idle(target.address)) continue;
    target.idle_told = true;
    idle.push_back(place);
  }
  for (const auto& place : idle) listener_.on_target_idle(place.first, place.second);
}

void LoadedBalancer::arm() {
  loop_.cancel(timer_);
  timer_ = no_timer;
  std::optional<SteadyTime> next;
  const auto at = [&](SteadyTime when) { next = next ? std::min(*next, when) : when; };
  const SteadyTime calm_until = load_ ? load_->calm_until() : SteadyTime{};
  const bool calm = load_ && calm_until > loop_.steady() + RealDuration::seconds(1);
  if (load_) at(calm_until);
  for (auto& [place, target] : targets_) {
    const auto* group = group_of(place);
    if (!group || target.use != TargetUse::active) continue;
    if (target.health == TargetHealth::healthy && (calm || !has_traffic(place))) {
      if (target.failed == 0) skip_probes(*group, target);
      if (target.failed == 0) continue;
    }
    at(target.next_probe);
  }
  if (next) timer_ = loop_.after_real(*next - loop_.steady(), [this] { look(); });
}

TrafficMinute LoadedBalancer::close_minute() {
  catch_up();
  const TrafficMinute minute = ledger_->close_minute();
  const auto& counts = minute.counts;
  const auto listening = std::find_if(spec_.load_balancers.begin(), spec_.load_balancers.end(),
                                      [](const auto& balancer) { return !balancer.listeners.empty(); });
  if (listening == spec_.load_balancers.end() || counts.requests <= 0) return minute;
  auto &targets = reports_[0], &own = reports_[1];
  targets.load_balancer_arn = own.load_balancer_arn = listening->arn;
  targets.target_group_arn = traffic_group_;
  targets.requests = whole(counts.requests - counts.failed_503);
  targets.by_status[200] = whole(counts.answered());
  targets.target_response_ms.buckets.clear();
  for (const auto& point : ledger_->last_times()) {
    const int bucket = static_cast<int>(
        std::floor(std::log(std::max(point.ms, 0.01)) / std::log(world::LatencyHistogram::base)));
    targets.target_response_ms.buckets[bucket] += whole(point.weight);
  }
  own.elb_by_status.clear();
  const std::pair<int, double> failures[] = {
      {502, counts.failed_502}, {503, counts.failed_503}, {504, counts.failed_504}};
  for (const auto& [status, count] : failures) {
    if (whole(count) > 0) own.elb_by_status[status] = whole(count);
  }
  listener_.on_traffic(reports_);
  return minute;
}

}  // namespace berth::sim
