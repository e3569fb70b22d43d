#include "berthd/scaling_status.h"

#include "region/scaling_settings.h"
#include "services/autoscaling/names.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"
#include "services/ecs/service_view.h"

namespace berth {
namespace {

constexpr int minutes_told = 30;
constexpr std::size_t activities_told = 50;  // what explains a cooldown lies behind it

double seconds_since(Time start, Time time) {
  return (time - start).in_seconds();
}

json::array minutes_of(const StatusSources& from, const ecs::ServiceRow& service, Time start) {
  const cloudwatch::MetricId id{
      "AWS/ECS", "CPUUtilization", {{"ClusterName", service.cluster}, {"ServiceName", service.name}}};
  const auto buckets =
      from.metrics.query(id, start, start + Duration::minutes(minutes_told), Duration::minutes(1));
  const auto counts = ecs::service_counts(from.store, service);
  json::array minutes;
  for (int m = 0; m < minutes_told; ++m) {
    json::value cpu = nullptr;
    for (const auto& bucket : buckets) {
      if (bucket.start == start + Duration::minutes(m))
        cpu = bucket.values.set.sum / bucket.values.set.sample_count;
    }
    // What the counts were is not kept: each minute has the present ones.
    minutes.push_back(json::object{{"desired", service.desired_count},
                                   {"running", counts.running},
                                   {"pending", counts.pending},
                                   {"cpu", std::move(cpu)}});
  }
  return minutes;
}

// Of the alarms of its policies, by their present state.
json::array transitions_of(const Store& store, const ScalingSettings& settings, Time start) {
  json::array transitions;
  for (const auto& policy : settings.policies) {
    for (const auto& alarm : policy.alarms) {
      const auto* row = store.find<cloudwatch::AlarmRow>(alarm.name);
      if (!row || !row->metric) continue;
      transitions.push_back(json::object{
          {"at_s", seconds_since(start, row->metric->state_transitioned_timestamp.value_or(start))},
          {"alarm", alarm.name},
          {"from", ""},
          {"to", row->state()},
          {"reason", row->metric->state_reason.value_or("")}});
    }
  }
  return transitions;
}

json::object activity_of(const autoscaling::ScalingActivityRow& row, Time start) {
  const auto& activity = row.description;
  json::object out{{"at_s", seconds_since(start, activity.start_time.value_or(start))},
                   {"status", activity.status_code.value_or("")},
                   {"description", activity.description.value_or("")},
                   {"cause", activity.cause.value_or("")},
                   {"message", activity.status_message.value_or("")},
                   {"explanation", row.explanation},
                   {"ordered", row.ordered ? json::value(*row.ordered) : json::value(nullptr)}};
  if (activity.end_time) out["end_s"] = seconds_since(start, *activity.end_time);
  if (activity.not_scaled_reasons && !activity.not_scaled_reasons->empty())
    out["not_scaled"] = activity.not_scaled_reasons->front().code.value_or("");
  return out;
}

json::array activities_of_service(const Store& store, const std::string& service_key, Time start) {
  json::array newest_first;
  const auto& rows = store.all<autoscaling::ScalingActivityRow>();
  for (auto row = rows.rbegin(); row != rows.rend() && newest_first.size() < activities_told; ++row) {
    if (autoscaling::service_key(row->second.description.resource_id.value_or("")) == service_key)
      newest_first.push_back(activity_of(row->second, start));
  }
  return json::array(newest_first.rbegin(), newest_first.rend());
}

}  // namespace

json::object scaling_of(const StatusSources& from, const ecs::ServiceRow& service) {
  // The minute under way is not among them: its evaluation may be still to come.
  const Time start = floor_to_minute(from.loop.now()) - Duration::minutes(minutes_told);
  const auto settings = scaling_settings(from.store, service.key());
  json::array policies;
  for (const auto& policy : settings.policies) policies.push_back(policy_json(policy));
  return {{"start_unix_s", unix_seconds(start)},
          {"service", service.name},
          {"minimum", settings.minimum},
          {"maximum", settings.maximum},
          {"metric_lag_s", from.metric_lag_s},
          {"policies", std::move(policies)},
          {"minutes", minutes_of(from, service, start)},
          {"alarm_transitions", transitions_of(from.store, settings, start)},
          {"activities", activities_of_service(from.store, service.key(), start)}};
}

}  // namespace berth
