#include "services/autoscaling/policy_alarms.h"

#include <algorithm>

#include "handlers/cloudwatch.h"
#include "loop/rng.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/policy_rules.h"
#include "services/cloudwatch/rows.h"

namespace berth::autoscaling {

namespace {

cloudwatch::PutMetricAlarmInput alarm_input(const control::TrackingAlarmDefinition& definition,
                                            const TrackedMetric& tracked) {
  cloudwatch::PutMetricAlarmInput input;
  input.alarm_name = definition.name;
  input.alarm_description = definition.description;
  input.actions_enabled = true;
  input.alarm_actions = {definition.action_arn};
  input.comparison_operator = std::string(name_of(definition.rule.comparison));
  input.threshold = definition.rule.threshold;
  input.evaluation_periods = definition.rule.evaluation_periods;
  if (!tracked.queries.empty()) {
    input.metrics = tracked.queries;
    return input;
  }
  const auto& metric = definition.metric;
  input.namespace_ = metric.name_space;
  input.metric_name = metric.metric_name;
  input.statistic = metric.statistic;
  if (!metric.unit.empty()) input.unit = metric.unit;
  input.period = metric.period_s;
  input.dimensions.emplace();
  for (const auto& dimension : metric.dimensions) {
    input.dimensions->push_back({dimension.name, dimension.value});
  }
  return input;
}

// Whether an alarm's action calls the policy.
bool calls(const std::string& action, const ScalingPolicyRow& policy) {
  return action == policy.arn || action.starts_with(policy.arn + ":createdBy/");
}

bool calls(const cloudwatch::AlarmRow& alarm, const ScalingPolicyRow& policy) {
  for (const char* state : {"ALARM", "OK", "INSUFFICIENT_DATA"}) {
    const auto actions = cloudwatch::actions_of(alarm, state);
    if (std::any_of(actions.begin(), actions.end(),
                    [&](const std::string& action) { return calls(action, policy); })) {
      return true;
    }
  }
  return false;
}

std::vector<const cloudwatch::AlarmRow*> alarms_calling(const Store& store, const ScalingPolicyRow& policy) {
  std::vector<const cloudwatch::AlarmRow*> found;
  for (const auto& [name, alarm] : store.all<cloudwatch::AlarmRow>()) {
    if (alarm.metric && calls(alarm, policy)) found.push_back(&alarm);
  }
  return found;
}

void take_action_away(Store& store, const std::string& alarm, const ScalingPolicyRow& policy) {
  auto& metric = *store.edit<cloudwatch::AlarmRow>(alarm)->metric;
  for (auto* actions : {&metric.alarm_actions, &metric.ok_actions, &metric.insufficient_data_actions}) {
    if (*actions) std::erase_if(**actions, [&](const std::string& action) { return calls(action, policy); });
  }
}

}  // namespace

Result<> make_alarms(Context& context, ScalingPolicyRow& policy) {
  // Nobody knows the ARN of a policy that is new.
  if (context.store.find<ScalingPolicyRow>(policy.key())) remove_alarms(context.store, policy, context.now());
  policy.alarms.clear();
  const auto tracked = tracked_metric(*policy.tracking, policy.resource_id);
  if (!tracked) return tracked.error();
  const control::TrackingAlarmIds ids{random_uuid(context.ids()), random_uuid(context.ids()),
                                      random_uuid(context.ids())};
  const auto definitions = control::tracking_alarms(policy.resource_id, policy.arn, tracked->metric,
                                                    *policy.tracking->target_value,
                                                    policy.tracking->disable_scale_in.value_or(false), ids);
  for (const auto& definition : definitions) {
    const auto put = cloudwatch::put_metric_alarm(context, alarm_input(definition, *tracked));
    if (!put) return Error{"FailedResourceAccessException", put.error().message};
    policy.alarms.push_back(
        {definition.name, context.settings.arn("cloudwatch", "alarm:" + definition.name)});
  }
  return {};
}

bool has_its_alarms(const Store& store, const ScalingPolicyRow& policy) {
  return !policy.alarms.empty() &&
         std::all_of(policy.alarms.begin(), policy.alarms.end(), [&](const Alarm& alarm) {
           return store.find<cloudwatch::AlarmRow>(*alarm.alarm_name) != nullptr;
         });
}

void remove_alarms(Store& store, const ScalingPolicyRow& policy, Time now) {
  for (const auto& alarm : policy.alarms) cloudwatch::erase_alarm(store, *alarm.alarm_name, now);
  for (const auto* alarm : alarms_calling(store, policy)) take_action_away(store, alarm->name, policy);
}

std::vector<Alarm> alarms_of(const Store& store, const ScalingPolicyRow& policy) {
  if (policy.tracking) return policy.alarms;
  std::vector<Alarm> alarms;
  for (const auto* alarm : alarms_calling(store, policy)) alarms.push_back({alarm->name, alarm->arn()});
  return alarms;
}

}  // namespace berth::autoscaling
