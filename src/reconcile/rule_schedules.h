// RuleSchedules: sets rules off when their schedules say so, at most once per time. What was due while the
// daemon was down is not made up for.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "reconcile/table_watch.h"
#include "services/context.h"
#include "services/events/rows.h"

namespace berth::reconcile {

// When the rule fires by itself after this moment; nullopt: never again.
std::optional<Time> next_firing(const events::RuleRow& rule, Time after);

class RuleSchedules {
 public:
  RuleSchedules(Store& store, Loop& loop, const Settings& settings);
  ~RuleSchedules();
  RuleSchedules(const RuleSchedules&) = delete;
  RuleSchedules& operator=(const RuleSchedules&) = delete;

  void start();

 private:
  // The next firing of a rule by the schedule that it had when that was computed.
  struct Firing {
    int version = 0;
    Time since{};
    bool enabled = false;
    std::optional<Time> at;
  };

  void follow_rules();
  void arm();
  void run_due();
  void fire(const std::string& name, Time due);

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  std::map<std::string, Firing> next_;  // by RuleRow::key()
  TimerId timer_ = no_timer;
  TableWatch watch_;
};

}  // namespace berth::reconcile
