// ScheduledScaling: runs scheduled actions when they are due: new limits for the target and, when its desired
// count lies outside them, the order that moves it. What was due while suspended or while the daemon was down
// is not made up for.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "reconcile/table_watch.h"
#include "services/autoscaling/rows.h"
#include "services/context.h"

namespace berth::reconcile {

// When the action fires next after this moment; nullopt: never again.
std::optional<Time> next_firing(const autoscaling::ScheduledActionRow& action, Time after);

class ScheduledScaling {
 public:
  ScheduledScaling(Store& store, Loop& loop);
  ~ScheduledScaling();
  ScheduledScaling(const ScheduledScaling&) = delete;
  ScheduledScaling& operator=(const ScheduledScaling&) = delete;

  void start();

 private:
  // The next firing of an action as it was when that was computed.
  struct Firing {
    std::string arn;
    int version = 0;
    std::optional<Time> at;  // nullopt: it fires no more
  };

  void follow_actions();
  void arm();
  void run_due();
  void run(const autoscaling::ScheduledActionRow& action);

  Store& store_;
  Loop& loop_;
  std::map<std::string, Firing> next_;  // by ScheduledActionRow::key()
  TimerId timer_ = no_timer;
  TableWatch watch_;
};

}  // namespace berth::reconcile
