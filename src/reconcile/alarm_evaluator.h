// AlarmEvaluator: judges every alarm on its own minute tick, changes its state and runs what follows. Missed
// ticks (a suspended machine, a daemon that was down) are not made up for: there is one evaluation, of the
// points there are.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "control/alarm.h"
#include "reconcile/scaling_trigger.h"
#include "reconcile/table_watch.h"
#include "services/cloudwatch/metric_store.h"
#include "services/cloudwatch/rows.h"
#include "services/context.h"

namespace berth::reconcile {

class AlarmEvaluator {
 public:
  AlarmEvaluator(Store& store, Loop& loop, const Settings& settings, const cloudwatch::MetricStore& metrics,
                 ScalingTrigger& scaling);
  ~AlarmEvaluator();

  void start();

 private:
  using Due = std::pair<Time, std::string>;  // when, which alarm
  // An alarm's configuration, read once: it is judged every minute and changed hardly ever.
  struct Followed {
    Time next{};  // its entry in due_
    std::optional<Time> configured_at;
    control::AlarmRule rule;
    cloudwatch::MetricId metric;
    std::optional<control::Statistic> statistic;
    std::string unit;
  };

  bool notice(const Changes& changes);
  void follow_alarms();
  void arm();
  void run_due();
  void evaluate(const std::string& name, Followed& followed);
  static void read_configuration(const cloudwatch::MetricAlarm& alarm, Followed& followed);
  void measure(const cloudwatch::MetricAlarm& alarm, const Followed& followed,
               const control::EvaluationRange& range);
  void evaluate_composites();
  void trigger_scaling(const std::string& name, std::span<const double> recent, bool transition);

  Store& store_;
  Loop& loop_;
  const Settings& settings_;
  const cloudwatch::MetricStore& metrics_;
  ScalingTrigger& scaling_;
  std::set<std::string> changed_;  // names of alarms
  std::set<std::string> composites_;
  std::set<Due> due_;
  std::map<std::string, Followed, std::less<>> followed_;
  std::vector<control::AlarmDatapoint> points_;  // of the alarm under evaluation, newest first
  std::vector<std::string> actions_;             // likewise: what it asks for in its state
  TimerId timer_ = no_timer;
  TableWatch watch_;
};

// The rule that an alarm's configuration states.
control::AlarmRule rule_of(const cloudwatch::MetricAlarm& alarm);

}  // namespace berth::reconcile
