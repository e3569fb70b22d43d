#include "region/scaling_settings.h"

#include "reconcile/alarm_evaluator.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/orders.h"
#include "services/autoscaling/policy_alarms.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"

namespace berth {
namespace {

AlarmSetting setting_of(const cloudwatch::MetricAlarm& alarm) {
  const auto rule = reconcile::rule_of(alarm);
  return {.name = alarm.alarm_name.value_or(""),
          .metric = alarm.metric_name.value_or(""),
          .statistic = rule.statistic,
          .comparison = std::string(control::words_for(rule.comparison)),
          .threshold = rule.threshold,
          .period_s = rule.period_s,
          .evaluation_periods = rule.evaluation_periods,
          .datapoints = rule.needed()};
}

PolicySetting setting_of(const Store& store, const autoscaling::ScalingPolicyRow& row) {
  PolicySetting policy{.name = row.name, .type = row.type};
  const auto cooldowns = autoscaling::cooldowns_of(row);
  policy.scale_out_cooldown_s = static_cast<int>(cooldowns.scale_out.in_seconds());
  policy.scale_in_cooldown_s = static_cast<int>(cooldowns.scale_in.in_seconds());
  if (row.tracking) {
    policy.target = row.tracking->target_value.value_or(0);
    policy.scale_in_disabled = row.tracking->disable_scale_in.value_or(false);
    if (const auto& metric = row.tracking->predefined_metric_specification)
      policy.metric = metric->predefined_metric_type.value_or("");
  }
  for (const auto& alarm : autoscaling::alarms_of(store, row)) {
    const auto* alarm_row = store.find<cloudwatch::AlarmRow>(alarm.alarm_name.value_or(""));
    if (alarm_row && alarm_row->metric) policy.alarms.push_back(setting_of(*alarm_row->metric));
  }
  return policy;
}

json::object alarm_json(const AlarmSetting& alarm) {
  return {{"name", alarm.name},
          {"metric", alarm.metric},
          {"statistic", alarm.statistic},
          {"comparison", alarm.comparison},
          {"threshold", alarm.threshold},
          {"period_s", alarm.period_s},
          {"evaluation_periods", alarm.evaluation_periods},
          {"datapoints", alarm.datapoints}};
}

}  // namespace

ScalingSettings scaling_settings(const Store& store, const std::string& service_key) {
  ScalingSettings settings;
  for (const auto& [id, target] : store.all<autoscaling::ScalableTargetRow>()) {
    if (autoscaling::service_key(id) != service_key) continue;
    settings.minimum = target.min_capacity;
    settings.maximum = target.max_capacity;
    for (const auto* entry : store.rows_of<autoscaling::ScalingPolicyRow>(id))
      settings.policies.push_back(setting_of(store, entry->second));
  }
  return settings;
}

json::object policy_json(const PolicySetting& policy) {
  json::array alarms;
  for (const auto& alarm : policy.alarms) alarms.push_back(alarm_json(alarm));
  return {{"name", policy.name},
          {"type", policy.type},
          {"metric", policy.metric},
          {"target", policy.target},
          {"scale_out_cooldown_s", policy.scale_out_cooldown_s},
          {"scale_in_cooldown_s", policy.scale_in_cooldown_s},
          {"scale_in_disabled", policy.scale_in_disabled},
          {"alarms", std::move(alarms)}};
}

}  // namespace berth
