// NetworkSync: makes the VPCs and subnets of the rows exist as networks. It hands over the whole at every
// change and tries again with back-off when the world refuses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconcile/table_watch.h"
#include "world/network.h"

namespace berth::reconcile {

class NetworkSync {
 public:
  NetworkSync(Store& store, Loop& loop, world::Network& network);
  ~NetworkSync();

  void start() { watch_.start(); }
  // Why the networks are not as they should be; empty when they are.
  const std::string& problem() const { return problem_; }

 private:
  void step();
  void finish(const Result<>& result);

  Store& store_;
  Loop& loop_;
  world::Network& network_;
  std::optional<std::vector<world::VpcSpec>> applied_;  // the last that the world took
  std::vector<world::VpcSpec> under_way_;
  bool busy_ = false;
  RealDuration retry_delay_;
  TimerId retry_ = no_timer;
  std::string problem_;
  TableWatch watch_;
};

}  // namespace berth::reconcile
