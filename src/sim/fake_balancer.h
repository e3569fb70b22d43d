// FakeBalancer: a Balancer without a network. It keeps what it was given, calls a target healthy a while
// after it came, lets requests be in flight as a test says, and reports what a test tells it to. No queueing,
// no traffic.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "loop/loop.h"
#include "world/balancer.h"

namespace berth::sim {

class FakeBalancer final : public world::Balancer {
 public:
  FakeBalancer(Loop& loop, world::BalancerListener& listener) : loop_(loop), listener_(listener) {}

  void apply(world::BalancerSpec spec) override;
  world::BalancerInfo info() override { return state; }

  const world::BalancerSpec& spec() const { return spec_; }
  int apply_count() const { return apply_count_; }

  void report_health(const std::string& group, const std::string& target, world::TargetHealth health,
                     const std::string& reason = {}, const std::string& description = {});
  // Ends the requests in flight to the target.
  void finish_requests(const std::string& group, const std::string& target);

  // Changed by tests at will.
  world::BalancerInfo state{"fake", true, "", {}};
  bool checks_pass = true;
  Duration healthy_after = Duration::seconds(1);
  std::set<std::pair<std::string, std::string>> busy;  // (group, target) with requests in flight

 private:
  using Place = std::pair<std::string, std::string>;  // group, target

  Loop& loop_;
  world::BalancerListener& listener_;
  world::BalancerSpec spec_;
  int apply_count_ = 0;
  std::map<Place, world::TargetUse> known_;
};

}  // namespace berth::sim
