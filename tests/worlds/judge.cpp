#include "judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "cloudformation/rows.h"
#include "cloudformation/stack_lookup.h"
#include "control/deployment.h"
#include "plan.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/dimensions.h"
#include "services/ecs/rows.h"
#include "services/sns/rows.h"

namespace berth::worlds {
namespace {

// CloudWatch looks at two periods more than it needs (docs: "evaluation range").
constexpr std::int64_t extra_periods = 2;

bool beyond(double value, const std::string& comparison, double threshold) {
  if (comparison == "GreaterThanThreshold") return value > threshold;
  if (comparison == "GreaterThanOrEqualToThreshold") return value >= threshold;
  if (comparison == "LessThanThreshold") return value < threshold;
  return value <= threshold;
}

double value_of(const control::StatisticSet& set, const std::string& statistic) {
  if (statistic == "Maximum") return set.maximum;
  if (statistic == "Minimum") return set.minimum;
  return statistic == "Average" ? set.sum / set.sample_count : set.sum;
}

bool stack_under_way(const Store& store) {
  const auto& stacks = store.all<cloudformation::StackRow>();
  return std::any_of(stacks.begin(), stacks.end(),
                     [](const auto& entry) { return cloudformation::is_in_progress(entry.second.status); });
}

}  // namespace

std::optional<std::string> state_by_datapoints(const cloudwatch::MetricStore& metrics,
                                               const cloudwatch::MetricAlarm& alarm, Time now) {
  const Duration period = Duration::seconds(static_cast<double>(alarm.period.value_or(60)));
  const std::int64_t needed = alarm.evaluation_periods.value_or(1);
  const Time end = floor_to_minute(now);
  auto points = metrics.query(cloudwatch::metric_id(alarm.namespace_, alarm.metric_name, alarm.dimensions),
                              end - period * (needed + extra_periods), end, period);
  if (points.empty()) return "INSUFFICIENT_DATA";
  std::reverse(points.begin(), points.end());
  const auto considered = std::min(static_cast<std::size_t>(needed), points.size());
  std::size_t crossing = 0;
  for (std::size_t i = 0; i < considered; ++i) {
    const double value = value_of(points[i].values.set, alarm.statistic.value_or("Average"));
    if (beyond(value, alarm.comparison_operator.value_or(""), alarm.threshold.value_or(0))) ++crossing;
  }
  if (crossing < considered) return "OK";
  // Too few points, all of them beyond: it depends on how old they are.
  if (considered < static_cast<std::size_t>(needed)) return std::nullopt;
  return "ALARM";
}

void Judge::fail(const char* invariant, std::string text) {
  machine_.trace(fmt::format("BROKEN {}: {}", invariant, text));
  if (!problem_) problem_ = Problem{invariant, std::move(text)};
}

void Judge::on_commit(Daemon& daemon, const Changes& changes) {
  const Store& store = daemon.store();
  ordered_.reset();
  if (changes.touched<autoscaling::ScalingActivityRow>()) look_at_activities(store);
  if (changes.touched<ecs::ServiceRow>()) look_at_count(store);
  if (changes.touched<ecs::TaskRow>()) {
    look_at_tasks(store);
    look_for_second_starts(store);
  }
  if (changes.touched<cloudwatch::AlarmRow>()) look_at_alarms(daemon);
  if (changes.touched<cloudformation::StackRow>()) {
    trace_stacks(store);
    trace_failed_resources(store);
  }
}

void Judge::look_at_tasks(const Store& store) {
  const auto* service = store.find<ecs::ServiceRow>(service_key);
  int live = 0;
  for (const auto& [id, task] : store.all<ecs::TaskRow>()) {
    if (!task.service.empty() && task.desired_status == "RUNNING" && task.last_status != "STOPPED") ++live;
  }
  // A lower desired count leaves more tasks than are allowed; none may be added to them.
  if (service && live > live_tasks_) {
    const auto percent = service->deployment_configuration.maximum_percent.value_or(200);
    const int most = control::maximum_tasks(service->desired_count, static_cast<int>(percent));
    if (live > most) fail(invariant::maximum, fmt::format("{} tasks where {} are allowed", live, most));
  }
  live_tasks_ = live;
}

// What has run is never started again, not even by the next process.
void Judge::look_for_second_starts(const Store& store) {
  for (const auto& [id, task] : store.all<ecs::TaskRow>()) {
    if (!task.reached_running || task.last_status == "STOPPED") continue;
    const int starts = engine_.tasks.runs_of(id);
    const int known = starts_.try_emplace(id, starts).first->second;
    if (known != starts) fail(invariant::orphan, "task " + id.substr(0, 8) + " ran and was started again");
  }
}

void Judge::look_at_count(const Store& store) {
  const auto* service = store.find<ecs::ServiceRow>(service_key);
  const auto now =
      service && service->status == "ACTIVE" ? std::optional(service->desired_count) : std::nullopt;
  if (now == desired_) return;
  if (now) machine_.trace(fmt::format("desired count: {}", *now));
  const bool reason = by_hand || !desired_ || !now || ordered_ == now || stack_under_way(store);
  if (!reason) {
    fail(invariant::count,
         fmt::format("the desired count went from {} to {}, and no activity tells why", *desired_, *now));
  }
  desired_ = now;
}

void Judge::look_at_activities(const Store& store) {
  const auto& activities = store.all<autoscaling::ScalingActivityRow>();
  for (auto& [key, open] : open_scale_ins_) {
    const auto* row = store.find<autoscaling::ScalingActivityRow>(key);
    if (!open || !row || row->open()) continue;
    open = false;
    if (row->description.status_code == "Successful") scaled_in_at_[row->policy] = machine_.loop.now();
  }
  std::erase_if(scaled_in_at_,
                [&](const auto& entry) { return !store.find<autoscaling::ScalingPolicyRow>(entry.first); });
  for (auto at = activities.upper_bound(newest_activity_); at != activities.end(); ++at) {
    const auto& row = at->second;
    newest_activity_ = at->first;
    machine_.trace("scaling: " + row.description.description.value_or("") + " " +
                   row.description.status_code.value_or(""));
    if (!row.ordered) continue;
    ordered_ = row.ordered;
    const auto* target = store.find<autoscaling::ScalableTargetRow>(row.description.resource_id.value_or(""));
    if (target && (*ordered_ < target->min_capacity || *ordered_ > target->max_capacity)) {
      fail(invariant::limits, fmt::format("{} tasks ordered, between {} and {} are allowed", *ordered_,
                                          target->min_capacity, target->max_capacity));
    }
    if (desired_ && *ordered_ > *desired_)
      scaled_in_at_.clear();  // a scale-out ends the cooldown of a scale-in
    const auto* policy = store.find<autoscaling::ScalingPolicyRow>(row.policy);
    if (!policy || !policy->tracking || !desired_ || *ordered_ >= *desired_) continue;
    open_scale_ins_[at->first] = row.open();
    const auto cooldown =
        Duration::seconds(static_cast<double>(policy->tracking->scale_in_cooldown.value_or(300)));
    const auto last = scaled_in_at_.find(row.policy);
    if (last != scaled_in_at_.end() && machine_.loop.now() < last->second + cooldown) {
      fail(invariant::cooldown,
           fmt::format("scaled in {} s after the last time, the cooldown is {} s",
                       (machine_.loop.now() - last->second).in_seconds(), cooldown.in_seconds()));
    }
  }
}

void Judge::look_at_alarms(Daemon& daemon) {
  const auto& alarms = daemon.store().all<cloudwatch::AlarmRow>();
  std::erase_if(alarm_states_, [&](const auto& entry) { return !alarms.contains(entry.first); });
  for (const auto& [name, alarm] : alarms) {
    const auto [known, added] = alarm_states_.try_emplace(name, alarm.state());
    if (added || known->second == alarm.state()) continue;
    const std::string before = std::exchange(known->second, alarm.state());
    on_transition(daemon, alarm, before);
  }
}

void Judge::on_transition(Daemon& daemon, const cloudwatch::AlarmRow& alarm, const std::string& before) {
  machine_.trace(fmt::format("alarm {}: {} -> {}", alarm.name, before, alarm.state()));
  ++transitions_[alarm.name];
  if (alarm.actions_enabled()) {
    for (const auto& action : cloudwatch::actions_of(alarm, alarm.state())) {
      for (const auto& [arn, subscription] : daemon.store().all<sns::SubscriptionRow>()) {
        if (subscription.topic_arn != action || !subscription.confirmed) continue;
        ++expected_mails_[fmt::format("{}: \"{}\"", alarm.state(), alarm.name)];
      }
    }
  }
  if (by_hand || !alarm.metric || alarm.metric->metrics) return;
  const auto said = state_by_datapoints(daemon.metrics(), *alarm.metric, machine_.loop.now());
  if (said && *said != alarm.state()) {
    fail(invariant::alarm, fmt::format("{} went from {} to {}, its datapoints say {}", alarm.name, before,
                                       alarm.state(), *said));
  }
}

void Judge::trace_stacks(const Store& store) {
  for (const auto& [id, stack] : store.all<cloudformation::StackRow>()) {
    std::string& known = stack_states_[id];
    if (known == stack.status) continue;
    known = stack.status;
    machine_.trace("stack " + stack.name + ": " + stack.status +
                   (stack.status_reason.empty() ? "" : " (" + stack.status_reason + ")"));
  }
}

void Judge::trace_failed_resources(const Store& store) {
  for (const auto& [id, stack] : store.all<cloudformation::StackRow>()) {
    int& seen = stack_events_[id];
    if (seen == stack.event_count) continue;
    for (const auto* row : cloudformation::rows_of_stack<cloudformation::StackEventRow>(store, id)) {
      if (row->sequence <= seen) continue;
      seen = row->sequence;
      const std::string status = row->event.resource_status.value_or("");
      if (!status.ends_with("_FAILED")) continue;
      machine_.trace(fmt::format("  {} {}: {}", row->event.logical_resource_id.value_or(""), status,
                                 row->event.resource_status_reason.value_or("")));
    }
  }
}

}  // namespace berth::worlds
