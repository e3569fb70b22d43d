#include "berthd/service_history.h"

#include "services/autoscaling/names.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/dimensions.h"
#include "store/row_codec.h"

namespace berth {
namespace {

using autoscaling::ScalableTargetRow;
using autoscaling::ScalingActivityRow;
using autoscaling::ScalingPolicyRow;
using cloudwatch::AlarmHistoryRow;
using cloudwatch::AlarmRow;
using ecs::ServiceRow;
using ecs::TaskRow;

// The services that an alarm speaks of: by a scaling policy that it calls, or by its metric.
std::set<std::string> services_of_alarm(const AlarmRow& alarm) {
  std::set<std::string> services;
  if (!alarm.metric) return services;
  for (const auto& action : alarm.metric->alarm_actions.value_or(std::vector<std::string>{})) {
    constexpr std::string_view before = ":resource/ecs/service/";
    const auto at = action.find(before);
    if (at == std::string::npos) continue;
    const auto from = at + before.size();
    services.insert(action.substr(from, action.find(':', from) - from));
  }
  const auto id =
      cloudwatch::metric_id(alarm.metric->namespace_, alarm.metric->metric_name, alarm.metric->dimensions);
  const auto cluster = id.dimensions.find("ClusterName"), name = id.dimensions.find("ServiceName");
  if (cluster != id.dimensions.end() && name != id.dimensions.end())
    services.insert(cluster->second + "/" + name->second);
  return services;
}

std::vector<cloudwatch::MetricId> metrics_of_alarm(const AlarmRow& alarm) {
  std::vector<cloudwatch::MetricId> ids;
  const auto& description = *alarm.metric;
  if (description.metric_name)
    ids.push_back(
        cloudwatch::metric_id(description.namespace_, description.metric_name, description.dimensions));
  for (const auto& query : description.metrics.value_or(std::vector<cloudwatch::MetricDataQuery>{})) {
    if (!query.metric_stat || !query.metric_stat->metric) continue;
    const auto& metric = *query.metric_stat->metric;
    ids.push_back(cloudwatch::metric_id(metric.namespace_, metric.metric_name, metric.dimensions));
  }
  return ids;
}

// What of a row is configuration: the rest changes by itself, and the replay has to come to it by itself.
json::value configuration(const AlarmRow& alarm) {
  AlarmRow copy = alarm;
  copy.metric->state_value = copy.metric->state_reason = copy.metric->state_reason_data = {};
  copy.metric->state_updated_timestamp = copy.metric->state_transitioned_timestamp = {};
  copy.tags.clear();
  return row_codec::write(copy);
}

json::value configuration(const ScalingPolicyRow& policy) {
  ScalingPolicyRow copy = policy;
  copy.cooldown = {};
  copy.last_order.clear();
  copy.last_not_scaled = {};
  return row_codec::write(copy);
}

ServiceRow without_events(const ServiceRow& service) {
  ServiceRow copy = service;
  copy.events.clear();
  copy.muted_events.clear();
  copy.last_steady_event = {};
  return copy;
}

json::value states_that_count(const ServiceRow& service) {
  json::array states{json::string(service.status), service.desired_count};
  for (const auto& deployment : service.deployments) states.push_back(json::string(deployment.rollout_state));
  return states;
}

json::value states_of_history(const std::string& data) {
  json::value value;
  JsonError error;
  if (!parse_json(data, value, error)) return nullptr;
  json::object out;
  for (const char* which : {"oldState", "newState"}) {
    const auto* state = find(value, which);
    out[which] = state ? string_or(*state, "stateValue") : "";
  }
  return out;
}

}  // namespace

ServiceHistory::ServiceHistory(Context context) : context_(std::move(context)) {
  context_.metrics.observe([this](const auto& id, const auto& unit, Time time, const auto& values,
                                  bool fine) { note_point(id, unit, time, values, fine); });
  watch_ = context_.store.watch([this](const Changes& changes) { look(changes); });
  begin();
}

ServiceHistory::~ServiceHistory() {
  context_.store.stop_watching(watch_);
  context_.metrics.observe({});
}

void ServiceHistory::begin() {
  entries_.clear();
  known_.clear();
  tasks_.clear();
  alarm_metrics_.clear();
  begins_ = context_.loop.now();
  const auto& activities = context_.store.all<ScalingActivityRow>();
  newest_activity_ = activities.empty() ? "" : activities.rbegin()->first;
  look_at_services(false);
  look_at_tasks();
  look_at_targets();
  look_at_policies();
  look_at_alarms();
}

void ServiceHistory::look(const Changes& changes) {
  if (changes.touched<ServiceRow>()) look_at_services(changes.touched<ScalingActivityRow>());
  if (changes.touched<TaskRow>()) look_at_tasks();
  if (changes.touched<ScalableTargetRow>()) look_at_targets();
  if (changes.touched<ScalingPolicyRow>()) look_at_policies();
  if (changes.touched<AlarmRow>()) look_at_alarms();
}

void ServiceHistory::add(const std::string& service, json::object entry) {
  entry["time_us"] = context_.loop.now().us;
  entries_.push_back({service, json::serialize(entry)});
  if (entries_.size() > entries_max)
    context_.loop.post([this] {
      if (entries_.size() > entries_max) begin();
    });
}

void ServiceHistory::note_row(const std::string& service, const std::string& table, const std::string& key,
                              json::value row, const json::value& compared) {
  auto& known = known_[{table, key}];
  std::string text = json::serialize(compared);
  if (known.service == service && known.compared == text) return;
  known = {service, std::move(text)};
  add(service, {{"kind", "row"}, {"table", table}, {"key", key}, {"row", std::move(row)}});
}

template <class Row>
void ServiceHistory::note_deleted(const char* table) {
  for (auto known = known_.lower_bound({table, ""}); known != known_.end() && known->first.first == table;) {
    if (context_.store.find<Row>(known->first.second)) {
      ++known;
      continue;
    }
    add(known->second.service,
        {{"kind", "row"}, {"table", table}, {"key", known->first.second}, {"row", nullptr}});
    known = known_.erase(known);
  }
}

// A desired count that a policy has ordered is the replay's own to find; every other is given to it.
void ServiceHistory::look_at_services(bool activities_changed) {
  std::string scaled;
  if (activities_changed) {
    const auto& activities = context_.store.all<ScalingActivityRow>();
    for (auto row = activities.upper_bound(newest_activity_); row != activities.end(); ++row) {
      newest_activity_ = row->first;
      if (row->second.ordered && !row->second.policy.empty())
        scaled = autoscaling::service_key(*row->second.description.resource_id);
    }
  }
  for (const auto& [key, service] : context_.store.all<ServiceRow>()) {
    const auto states = json::serialize(states_that_count(service));
    auto& known = known_[{ServiceRow::table, key}];
    if (known.compared == states) continue;
    known = {key, states};
    add(key, {{"kind", "service"},
              {"by_policy", key == scaled},
              {"row", row_codec::write(without_events(service))}});
  }
  std::erase_if(known_, [&](const auto& entry) {
    return entry.first.first == ServiceRow::table && !context_.store.find<ServiceRow>(entry.first.second);
  });
}

void ServiceHistory::look_at_tasks() {
  const auto& rows = context_.store.all<TaskRow>();
  for (const auto& [id, task] : rows) {
    if (task.service.empty()) continue;
    auto& known = tasks_[id];
    std::string states = task.last_status + " " + task.desired_status;
    if (known == states) continue;
    known = std::move(states);
    add(task.cluster + "/" + task.service, {{"kind", "task"},
                                            {"id", id},
                                            {"deployment", task.deployment},
                                            {"last_status", task.last_status},
                                            {"desired_status", task.desired_status}});
  }
  std::erase_if(tasks_, [&](const auto& entry) { return !rows.contains(entry.first); });
}

void ServiceHistory::look_at_targets() {
  for (const auto& [key, row] : context_.store.all<ScalableTargetRow>()) {
    const auto written = row_codec::write(row);
    note_row(std::string(autoscaling::service_key(key)), ScalableTargetRow::table, key, written, written);
  }
  note_deleted<ScalableTargetRow>(ScalableTargetRow::table);
}

void ServiceHistory::look_at_policies() {
  for (const auto& [key, row] : context_.store.all<ScalingPolicyRow>()) {
    note_row(std::string(autoscaling::service_key(row.resource_id)), ScalingPolicyRow::table, key, row_codec::write(row),
             configuration(row));
  }
  note_deleted<ScalingPolicyRow>(ScalingPolicyRow::table);
}

void ServiceHistory::look_at_alarms() {
  for (const auto& [key, row] : context_.store.all<AlarmRow>()) {
    for (const auto& service : services_of_alarm(row)) {
      for (const auto& id : metrics_of_alarm(row)) alarm_metrics_[id].insert(service);
      note_row(service, AlarmRow::table, key, row_codec::write(row), configuration(row));
    }
  }
  note_deleted<AlarmRow>(AlarmRow::table);
}

void ServiceHistory::note_point(const cloudwatch::MetricId& id, const std::string& unit, Time time,
                                const cloudwatch::MetricValues& values, bool high_resolution) {
  std::set<std::string> services;
  if (const auto watched = alarm_metrics_.find(id); watched != alarm_metrics_.end())
    services = watched->second;
  const auto cluster = id.dimensions.find("ClusterName"), name = id.dimensions.find("ServiceName");
  if (id.namespace_ == "AWS/ECS" && cluster != id.dimensions.end() && name != id.dimensions.end())
    services.insert(cluster->second + "/" + name->second);
  for (const auto& service : services) {
    json::array raw;
    for (const auto& one : values.values) raw.push_back(json::array{one.value, one.count});
    const auto& set = values.set;
    add(service, {{"kind", "point"},
                  {"namespace", id.namespace_},
                  {"name", id.name},
                  {"dimensions", row_codec::write(id.dimensions)},
                  {"unit", unit},
                  {"at_us", time.us},
                  {"set", json::array{set.sample_count, set.sum, set.minimum, set.maximum}},
                  {"values", std::move(raw)},
                  {"high_resolution", high_resolution}});
  }
}

std::string ServiceHistory::record_of(const std::string& service_key) const {
  const auto& store = context_.store;
  std::string text;
  const auto line = [&](const json::object& entry) { text += json::serialize(entry) + "\n"; };
  line({{"kind", "record"},
        {"service", service_key},
        {"account", context_.settings.account},
        {"region", context_.settings.region},
        {"time_scale", context_.loop.time_scale()},
        {"time_us", begins_.us},
        {"ends_us", context_.loop.now().us}});
  for (const auto& entry : entries_) {
    if (entry.service == service_key) text += entry.line + "\n";
  }
  std::set<std::string> alarms;
  for (const auto& [name, known] : known_) {
    if (name.first == AlarmRow::table && known.service == service_key) alarms.insert(name.second);
  }
  for (const auto& [key, row] : store.all<AlarmHistoryRow>()) {
    if (row.type != "StateUpdate" || row.time < begins_ || !alarms.contains(row.alarm)) continue;
    line({{"kind", "alarm_change"},
          {"time_us", row.time.us},
          {"alarm", row.alarm},
          {"states", states_of_history(row.data)}});
  }
  for (const auto& [key, row] : store.all<ScalingActivityRow>()) {
    if (*row.description.start_time < begins_) continue;
    if (autoscaling::service_key(*row.description.resource_id) != service_key || row.policy.empty()) continue;
    line({{"kind", "activity"}, {"time_us", row.description.start_time->us}, {"row", row_codec::write(row)}});
  }
  return text;
}

}  // namespace berth
