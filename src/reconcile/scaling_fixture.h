// For tests only: the closed loop in virtual time. A load becomes CPU datapoints, the real alarm evaluator
// and scaling reconcilers act on them, and a stand-in for the service scheduler starts and stops tasks thirty
// seconds later.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "reconcile/alarm_evaluator.h"
#include "reconcile/scaling.h"
#include "reconcile/scheduled_scaling.h"
#include "services/autoscaling/autoscaling_fixture.h"

namespace berth::reconcile {

class ScalingFixture : public autoscaling::AutoscalingFixture {
 protected:
  ScalingFixture() {
    changes_watch_ = store.watch([this](const auto&) { note_desired(); });
    start_daemon();
    tick();
  }
  ~ScalingFixture() override { store.stop_watching(changes_watch_); }

  // Ends the reconcilers that run, as a killed daemon does, and starts new ones on the same store.
  void start_daemon() {
    schedules_.reset();
    evaluator_.reset();
    scaling_ = std::make_unique<Scaling>(store, loop);
    evaluator_ = std::make_unique<AlarmEvaluator>(store, loop, settings, metrics, *scaling_);
    schedules_ = std::make_unique<ScheduledScaling>(store, loop);
    scaling_->start();
    evaluator_->start();
    schedules_->start();
  }

  // Percent of one task's CPU that all requests together would use; nullopt: no datapoints.
  void set_load(std::optional<double> percent) { load_ = percent; }
  // Tasks neither start nor stop while held.
  void hold_tasks() { tasks_held_ = true; }
  void run_minutes(double minutes) { loop.run_for(Duration::minutes(minutes)); }

  // The article's target and policy on a service that runs `tasks`.
  void article(int tasks, std::int64_t minimum = 1, std::int64_t maximum = 5) {
    set_desired(tasks);
    set_running(tasks);
    register_target(minimum, maximum);
    put_policy(tracking_request());
    desired_changes_.clear();
  }

  // Every desired count that was set, and when, in seconds since the test began.
  std::vector<int> counts() const {
    std::vector<int> out;
    for (const auto& change : desired_changes_) out.push_back(change.second);
    return out;
  }
  double at_s(std::size_t index) const { return (desired_changes_.at(index).first - began_).in_seconds(); }

  // Of the last activity that ordered `count` tasks.
  std::string explanation_of(int count) const {
    std::string explanation;
    for (const auto& [key, row] : store.all<autoscaling::ScalingActivityRow>()) {
      if (row.ordered == count) explanation = row.explanation;
    }
    return explanation;
  }
  std::vector<std::string> not_scaled_codes() {
    std::vector<std::string> codes;
    for (const auto& activity : activities(true)) {
      if (activity.not_scaled_reasons) codes.push_back(*activity.not_scaled_reasons->at(0).code);
    }
    return codes;
  }

  std::vector<std::pair<Time, int>> desired_changes_;
  const Time began_ = loop.now();
  std::unique_ptr<Scaling> scaling_;
  std::unique_ptr<AlarmEvaluator> evaluator_;
  std::unique_ptr<ScheduledScaling> schedules_;

 private:
  static constexpr Duration tick_interval = Duration::seconds(5);
  static constexpr Duration sample_interval = Duration::seconds(20);
  static constexpr Duration task_change = Duration::seconds(30);
  static constexpr Duration publish_lag = Duration::seconds(5);

  void note_desired() {
    const auto* row = store.find<ecs::ServiceRow>(autoscaling::learner_key);
    if (row && row->desired_count != std::exchange(last_desired_, row->desired_count)) {
      desired_changes_.emplace_back(loop.now(), row->desired_count);
    }
  }

  void tick() {
    if (store.find<ecs::ServiceRow>(autoscaling::learner_key)) {
      follow_desired();
      if ((loop.now() - began_).us % sample_interval.us == 0) sample();
    }
    loop.after(tick_interval, [this] { tick(); });
  }

  void follow_desired() {
    if (running() == desired() || desired() != wanted_) {
      wanted_ = desired();
      wanted_since_ = loop.now();
    } else if (loop.now() - wanted_since_ >= task_change && !tasks_held_) {
      set_running(desired());
    }
  }

  void sample() {
    const Time minute = floor_to_minute(loop.now());
    if (minute != minute_ && minute_set_.sample_count > 0) {
      loop.after(publish_lag, [this, minute = minute_, set = minute_set_] {
        const cloudwatch::MetricId id{
            "AWS/ECS", "CPUUtilization", {{"ClusterName", "learner-cluster"}, {"ServiceName", "learner"}}};
        metrics.put(id, "Percent", minute, {set});
      });
      minute_set_ = {};
    }
    minute_ = minute;
    if (!load_ || running() == 0) return;
    control::merge(minute_set_, control::statistic_set_of(std::min(100.0, *load_ / running())));
  }

  int changes_watch_ = 0;
  bool tasks_held_ = false;
  int last_desired_ = 1;
  int wanted_ = 1;
  Time wanted_since_{};
  std::optional<double> load_;
  Time minute_ = floor_to_minute(began_);
  control::StatisticSet minute_set_;
};

}  // namespace berth::reconcile
