// DiscoverySync: registers the running tasks of ECS services in the Cloud Map services that theirs name, with
// their containers' health, and takes those away that run no more.
#pragma once

#include "reconcile/table_watch.h"
#include "services/context.h"

namespace berth::reconcile {

class DiscoverySync {
 public:
  DiscoverySync(Store& store, Loop& loop, const Settings& settings);
  ~DiscoverySync();
  DiscoverySync(const DiscoverySync&) = delete;
  DiscoverySync& operator=(const DiscoverySync&) = delete;

  void start();

 private:
  void step();

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  TimerId retry_ = no_timer;
  TableWatch watch_;
};

}  // namespace berth::reconcile
