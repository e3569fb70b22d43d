#include "reconcile/scaling_inputs.h"

#include <algorithm>

#include "reconcile/alarm_evaluator.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/policy_alarms.h"
#include "services/autoscaling/policy_rules.h"
#include "services/ecs/service_view.h"

namespace berth::reconcile {

using autoscaling::ScalingPolicyRow;
using cloudwatch::AlarmRow;
using control::ScalableCapacity;

namespace {

// A reading counts until the alarm should have called again, with some patience for the tick itself.
constexpr Duration reading_age_max = Duration::seconds(90);

control::AlarmState state_of(const AlarmRow& alarm) {
  return control::parse_alarm_state(alarm.state()).value_or(control::AlarmState::InsufficientData);
}

control::TrackingAlarm tracking_alarm(const Store& store, const ScalingPolicyRow& policy, std::size_t index,
                                      const AlarmReadings& readings, Time now) {
  control::TrackingAlarm alarm;
  if (index >= policy.alarms.size()) return alarm;
  const auto* row = store.find<AlarmRow>(*policy.alarms[index].alarm_name);
  if (!row) return alarm;
  alarm.name = row->name;
  alarm.state = state_of(*row);
  alarm.recent_datapoints = readings.of(row->name, now);
  return alarm;
}

double average_of(std::span<const double> values) {
  return control::average(values.data(), values.size());
}

}  // namespace

void AlarmReadings::note(const std::string& alarm, std::span<const double> datapoints, Time now) {
  Reading& reading = readings_[alarm];
  reading.datapoints.assign(datapoints.begin(), datapoints.end());
  reading.at = now;
}

void AlarmReadings::pass_over(Duration span) {
  for (auto& [alarm, reading] : readings_) reading.at = reading.at + span;
}

const std::vector<double>& AlarmReadings::of(const std::string& alarm, Time now) const {
  static const std::vector<double> none;
  const auto found = readings_.find(alarm);
  return found == readings_.end() || now - found->second.at > reading_age_max ? none
                                                                              : found->second.datapoints;
}

std::optional<ScalableCapacity> capacity_of(const Store& store,
                                            const autoscaling::ScalableTargetRow& target) {
  const auto service_key = autoscaling::service_key(target.resource_id);
  const auto* service = store.find<ecs::ServiceRow>(service_key);
  if (!service || service->status != "ACTIVE") return std::nullopt;
  ScalableCapacity capacity;
  capacity.minimum = target.min_capacity;
  capacity.maximum = target.max_capacity;
  capacity.running = ecs::service_counts(store, service_key).running;
  capacity.desired = service->desired_count;
  capacity.scale_in_suspended = target.scale_in_suspended;
  capacity.scale_out_suspended = target.scale_out_suspended;
  capacity.deployment_in_progress =
      service->deployment_controller.type != "EXTERNAL" && ecs::deployment_in_progress(*service);
  return capacity;
}

TrackingPolicies tracking_policies(const Store& store, const Policies& policies,
                                   const AlarmReadings& readings, Time now) {
  TrackingPolicies out;
  for (const auto* entry : policies) {
    const auto& row = entry->second;
    if (!row.tracking) continue;
    control::TrackingPolicy policy;
    policy.name = row.name;
    policy.target_value = row.tracking->target_value.value_or(0);
    policy.scale_in_disabled = row.tracking->disable_scale_in.value_or(false);
    policy.cooldown = row.cooldown;
    policy.high = tracking_alarm(store, row, 0, readings, now);
    policy.low = tracking_alarm(store, row, 1, readings, now);
    out.push_back(std::move(policy));
  }
  return out;
}

control::StepAlarm step_alarm(const AlarmRow& alarm, const AlarmReadings& readings, Time now) {
  const auto rule = rule_of(*alarm.metric);
  control::StepAlarm out;
  out.name = alarm.name;
  out.state = state_of(alarm);
  out.comparison = rule.comparison;
  out.threshold = rule.threshold;
  out.recent_datapoints = readings.of(alarm.name, now);
  return out;
}

std::vector<control::Wish> step_wishes(const Store& store, const ScalableCapacity& capacity,
                                       const Policies& policies,
                                       const ScalingPolicyRow* except, const AlarmReadings& readings,
                                       Time now) {
  std::vector<control::Wish> wishes;
  for (const auto* entry : policies) {
    const auto& row = entry->second;
    if (!row.step || &row == except) continue;
    const auto policy = autoscaling::step_policy_of(row);
    for (const auto& alarm : autoscaling::alarms_of(store, row)) {
      const auto* alarm_row = store.find<AlarmRow>(*alarm.alarm_name);
      const auto wish = control::step_wish(capacity, policy, step_alarm(*alarm_row, readings, now));
      if (wish) wishes.push_back({row.name, *wish});
    }
  }
  return wishes;
}

std::vector<control::Wish> tracking_wishes(const ScalableCapacity& capacity,
                                           std::span<const control::TrackingPolicy> policies) {
  std::vector<control::Wish> wishes;
  for (const auto& policy : policies) {
    if (policy.high.state != control::AlarmState::Alarm || policy.high.recent_datapoints.empty()) continue;
    const int wanted = control::tracked_capacity(capacity.running, average_of(policy.high.recent_datapoints),
                                                 policy.target_value);
    wishes.push_back({policy.name, std::clamp(wanted, capacity.minimum, capacity.maximum)});
  }
  return wishes;
}

}  // namespace berth::reconcile
