// TargetHealth: writes what the balancer sees of the targets, and ends their draining. A drain lasts for the
// group's delay on berth's clock, but not shorter than that delay in real seconds while a request is still in
// flight.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconcile/table_watch.h"
#include "services/elbv2/rows.h"
#include "world/balancer.h"

namespace berth::reconcile {

class TargetHealth {
 public:
  TargetHealth(Store& store, Loop& loop);
  ~TargetHealth();

  void start() { watch_.start(); }

  // From the balancer, at any moment: they are kept and written in the next step.
  void on_health(const world::TargetHealthEvent& event);
  void on_idle(const std::string& target_group_arn, const std::string& target_id);

 private:
  struct Drain {
    Time since{};             // of the row: a target that came back and left again drains anew
    SteadyTime seen_since{};  // by this process
    bool idle = false;
  };

  void step();
  void follow_drains();
  Result<> write();
  void write_health(const world::TargetHealthEvent& event);
  void reset_unused(const std::string& key, const elbv2::TargetRow& row);
  bool finished(const elbv2::TargetRow& row, const Drain& drain) const;
  void arm();

  Store& store_;
  Loop& loop_;
  std::vector<world::TargetHealthEvent> events_;
  std::map<std::string, Drain, std::less<>> drains_;  // by the row's key
  TimerId timer_ = no_timer;
  TableWatch watch_;
};

}  // namespace berth::reconcile
