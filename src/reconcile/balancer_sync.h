// BalancerSync: hands the load balancer what the rows want of it at every change, and lets a new load
// balancer become active once the world has it. What comes back from the balancer goes through
// BalancerEvents.
#pragma once

#include <optional>

#include "reconcile/table_watch.h"
#include "world/balancer.h"

namespace berth::reconcile {

class TargetHealth;
class TrafficMetrics;

class BalancerSync {
 public:
  BalancerSync(Store& store, Loop& loop, world::Balancer& balancer);
  ~BalancerSync();

  void start() { watch_.start(); }

 private:
  void step();
  void follow_provisioning();
  Result<> write_state(const world::BalancerInfo& info);

  Store& store_;
  Loop& loop_;
  world::Balancer& balancer_;
  std::optional<world::BalancerSpec> applied_;
  RealDuration poll_delay_ = RealDuration::ms(50);  // doubles while a load balancer is not ready
  TimerId poll_ = no_timer;
  TableWatch watch_;
};

// The one listener that the balancer is made with: health and ends of drains go one way, traffic the other.
class BalancerEvents final : public world::BalancerListener {
 public:
  BalancerEvents(TargetHealth& health, TrafficMetrics& traffic) : health_(health), traffic_(traffic) {}

  void on_target_health(const world::TargetHealthEvent& event) override;
  void on_traffic(const std::vector<world::TrafficReport>& reports) override;
  void on_target_idle(const std::string& target_group_arn, const std::string& target_id) override;

 private:
  TargetHealth& health_;
  TrafficMetrics& traffic_;
};

}  // namespace berth::reconcile
