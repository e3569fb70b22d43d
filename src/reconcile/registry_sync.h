// RegistrySync: the registry runs as soon as somebody may want it, has the manifests that came through ECR's
// API rather than by a push, and keeps nothing of what was deleted.
#pragma once

#include <set>
#include <string>

#include "reconcile/table_watch.h"
#include "services/ecr/rows.h"
#include "world/registry.h"

namespace berth::reconcile {

class RegistrySync {
 public:
  RegistrySync(Store& store, Loop& loop, world::Registry& registry);

  void start();

 private:
  bool concerns(const Changes& changes);
  void step();
  void put_missing();
  void was_put(const std::string& image, const Result<>& put);
  void collect();
  void collect_later();

  Store& store_;
  Loop& loop_;
  world::Registry& registry_;
  TableWatch watch_;
  std::set<std::string> being_put_;
  bool collecting_ = false;
  bool collect_due_ = true;  // also what a berthd before this one did not get to
  TimerId collect_timer_ = no_timer;
};

}  // namespace berth::reconcile
