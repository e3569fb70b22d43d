// Recorder: watches one service of a simulated region and keeps what a Timeline shows of it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "services/ecs/rows.h"
#include "study/simulated_region.h"
#include "study/timeline.h"

namespace berth::study {

class Recorder {
 public:
  Recorder(SimulatedRegion& region, const ecs::ServiceRow& service, Time origin);
  ~Recorder();

  // Once a minute, when it ends. `offered_vcpu`: what its requests ask for on average.
  void close_minute(const sim::TrafficMinute& traffic, double offered_vcpu);
  // So many minutes more were as the last one.
  void repeat_minute(std::int64_t times);
  Timeline finish(const sim::TrafficLedger& ledger);

 private:
  struct Bill {
    Time from{};
    std::optional<Time> to;
  };

  double seconds(Time time) const { return (time - origin_).in_seconds(); }
  void look_at_tasks();
  void look_at_history();
  void fill_cpu();
  void describe_policies();
  void add_activities();
  void add_mails();
  double billed_seconds() const;

  SimulatedRegion& region_;
  std::string service_key_;
  std::string target_group_;
  cloudwatch::MetricId cpu_;
  Time origin_;
  Timeline timeline_;
  int watch_ = 0;
  bool tasks_changed_ = true;
  bool history_changed_ = true;
  bool targets_changed_ = true;
  MinuteSeen counts_;  // as of the last change
  std::string last_history_key_;
  std::map<std::string, Bill> bills_;
  std::size_t next_without_cpu_ = 0;
};

}  // namespace berth::study
