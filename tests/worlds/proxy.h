// Proxy: the load balancer of a world. It checks every target as its group says, tells what it finds, and may
// be killed, which makes it check everything anew. It outlives the daemon and carries no request.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "machine.h"
#include "world/balancer.h"

namespace berth::worlds {

class Proxy final : public world::Balancer {
 public:
  Proxy(Machine& machine, std::function<bool(const std::string& address)> answers)
      : machine_(machine), answers_(std::move(answers)) {}

  // Null: the daemon is down. The next one is told how everything stands.
  void attach(world::BalancerListener* listener);

  void apply(world::BalancerSpec spec) override;
  world::BalancerInfo info() override;

  void restart(RealDuration down);
  std::size_t target_count() const { return targets_.size(); }
  const world::BalancerSpec& spec() const { return spec_; }

  bool checks_fail = false;
  // A breakage: nothing is ever called healthy.
  bool never_healthy = false;

 private:
  using Place = std::pair<std::string, std::string>;  // group, target
  struct Target {
    world::TargetSpec spec;
    world::TargetHealth health = world::TargetHealth::initial;
    int passed = 0;
    int failed = 0;
    SteadyTime idle_at{};  // of a draining one
    std::uint64_t serial = 0;
  };

  const world::TargetGroupSpec* group(const std::string& arn) const;
  void check_later(const Place& place, const Target& target, RealDuration delay);
  void check(const Place& place);
  void change(const Place& place, Target& target, world::TargetHealth health);
  void tell_health(const Place& place, const Target& target);
  void tell_idle(const Place& place, const Target& target);

  Machine& machine_;
  std::function<bool(const std::string&)> answers_;
  world::BalancerListener* listener_ = nullptr;
  bool tell_everything_ = false;
  world::BalancerSpec spec_;
  std::map<Place, Target> targets_;
  SteadyTime up_at_{};
  std::uint64_t last_serial_ = 0;
};

}  // namespace berth::worlds
