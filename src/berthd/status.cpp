#include "berthd/status.h"

#include <algorithm>

#include "berthd/scaling_status.h"
#include "cloudformation/rows.h"
#include "services/autoscaling/rows.h"
#include "services/cloudwatch/rows.h"
#include "services/ecr/rows.h"
#include "services/ecs/service_view.h"
#include "services/elbv2/rows.h"
#include "services/logs/rows.h"

namespace berth {
namespace {

constexpr std::size_t activities_shown = 10;

json::object clock_of(const StatusSources& from) {
  return {{"berth", iso_ms(from.loop.now())},
          {"real", iso_ms(from.loop.real_now())},
          {"time_scale", from.loop.time_scale()}};
}

json::array stacks_of(const Store& store) {
  json::array stacks;
  for (const auto& [id, stack] : store.all<cloudformation::StackRow>()) {
    if (stack.deleted_at) continue;
    stacks.push_back(
        json::object{{"name", stack.name}, {"status", stack.status}, {"reason", stack.status_reason}});
  }
  return stacks;
}

// The newest published minute's average, or null.
json::value last_average(const StatusSources& from, const ecs::ServiceRow& service, const char* metric) {
  const cloudwatch::MetricId id{
      "AWS/ECS", metric, {{"ClusterName", service.cluster}, {"ServiceName", service.name}}};
  const Time now = from.loop.now();
  const auto buckets =
      from.metrics.query(id, floor_to_minute(now) - Duration::minutes(3), now, Duration::minutes(1));
  if (buckets.empty()) return nullptr;
  const auto& set = buckets.back().values.set;
  return set.sum / set.sample_count;
}

// Lines of the service's tasks, for as long as berth knows the tasks, that the engine lost or no log group
// took.
std::int64_t dropped_log_lines(const Store& store, const ecs::ServiceRow& service) {
  std::int64_t lines = 0;
  for (const auto& [key, progress] : store.all<logs::LogOffsetRow>()) {
    const auto* task = progress.dropped > 0 ? store.find<ecs::TaskRow>(progress.task_id) : nullptr;
    if (task && task->cluster == service.cluster && task->service == service.name) lines += progress.dropped;
  }
  return lines;
}

json::array services_of(const StatusSources& from) {
  json::array services;
  for (const auto& [key, service] : from.store.all<ecs::ServiceRow>()) {
    if (service.status == "INACTIVE") continue;
    const auto counts = ecs::service_counts(from.store, service);
    json::object entry{
        {"cluster", service.cluster},
        {"name", service.name},
        {"status", service.status},
        {"desired", service.desired_count},
        {"running", counts.running},
        {"pending", counts.pending},
        {"cpu_percent", last_average(from, service, "CPUUtilization")},
        {"memory_percent", last_average(from, service, "MemoryUtilization")},
        {"deployments", service.deployments.size()},
        {"rollout_state", service.deployments.empty() ? "" : service.deployments.front().rollout_state},
        {"task_definition", service.task_definition},
        {"dropped_log_lines", dropped_log_lines(from.store, service)}};
    if (!service.events.empty()) entry["last_event"] = service.events.front().message.value_or("");
    const std::string resource_id = "service/" + key;
    if (const auto* target = from.store.find<autoscaling::ScalableTargetRow>(resource_id)) {
      entry["min"] = target->min_capacity;
      entry["max"] = target->max_capacity;
    }
    for (const auto* policy : from.store.rows_of<autoscaling::ScalingPolicyRow>(resource_id)) {
      const auto& tracking = policy->second.tracking;
      if (tracking && tracking->target_value) entry["target"] = *tracking->target_value;
    }
    entry["scaling"] = scaling_of(from, service);
    services.push_back(std::move(entry));
  }
  return services;
}

json::array alarms_of(const Store& store) {
  json::array alarms;
  for (const auto& [name, alarm] : store.all<cloudwatch::AlarmRow>()) {
    const auto since = alarm.metric ? alarm.metric->state_transitioned_timestamp
                                    : alarm.composite->state_transitioned_timestamp;
    const auto reason = alarm.metric ? alarm.metric->state_reason : alarm.composite->state_reason;
    alarms.push_back(json::object{{"name", name},
                                  {"state", alarm.state()},
                                  {"since", iso_s(since.value_or(Time{}))},
                                  {"reason", reason.value_or("")}});
  }
  return alarms;
}

json::array load_balancers_of(const StatusSources& from) {
  json::array balancers;
  for (const auto& [arn, row] : from.store.all<elbv2::LoadBalancerRow>()) {
    json::array urls;
    if (const auto found = from.balancer.urls.find(arn); found != from.balancer.urls.end()) {
      for (const auto& url : found->second) urls.push_back(json::string(url));
    }
    json::object entry{{"name", row.name},
                       {"arn", arn},
                       {"dns_name", row.description.dns_name.value_or("")},
                       {"url", urls.empty() ? json::value(nullptr) : urls.front()}};
    entry["urls"] = std::move(urls);
    balancers.push_back(std::move(entry));
  }
  return balancers;
}

json::array target_groups_of(const Store& store) {
  json::array groups;
  for (const auto& [arn, group] : store.all<elbv2::TargetGroupRow>()) {
    json::array targets;
    for (const auto& [key, target] : store.all<elbv2::TargetRow>()) {
      if (target.target_group_arn != arn) continue;
      targets.push_back(json::object{{"address", target.address},
                                     {"port", target.port},
                                     {"state", target.state},
                                     {"reason", target.reason},
                                     {"description", target.description}});
    }
    groups.push_back(json::object{{"name", group.name}, {"targets", std::move(targets)}});
  }
  return groups;
}

json::array repositories_of(const Store& store) {
  json::array repositories;
  for (const auto& [name, row] : store.all<ecr::RepositoryRow>()) {
    repositories.push_back(
        json::object{{"name", name}, {"images", store.rows_of<ecr::ImageRow>(name).size()}});
  }
  return repositories;
}

json::array activities_of(const Store& store) {
  json::array activities;
  const auto& rows = store.all<autoscaling::ScalingActivityRow>();
  for (auto row = rows.rbegin(); row != rows.rend() && activities.size() < activities_shown; ++row) {
    const auto& activity = row->second.description;
    activities.push_back(json::object{{"resource", activity.resource_id.value_or("")},
                                      {"description", activity.description.value_or("")},
                                      {"cause", activity.cause.value_or("")},
                                      {"status", activity.status_code.value_or("")},
                                      {"start", iso_s(activity.start_time.value_or(Time{}))},
                                      {"explanation", row->second.explanation}});
  }
  return activities;
}

// What keeps berth from doing its work, or will: each with what to do.
json::array problems_of(const StatusSources& from) {
  json::array problems;
  for (const auto& problem : {from.store_problem, from.runtime.problem, from.balancer.problem,
                              from.registry.problem, from.network_problem}) {
    if (!problem.empty()) problems.push_back(json::string(problem));
  }
  for (const auto& [key, service] : from.store.all<ecs::ServiceRow>()) {
    const auto* definition = from.store.find<ecs::TaskDefinitionRow>(service.task_definition);
    if (!definition || service.status != "ACTIVE") continue;
    const auto* target = from.store.find<autoscaling::ScalableTargetRow>("service/" + key);
    const int tasks_max = std::max(service.desired_count, target ? target->max_capacity : 0);
    if (auto warning = ecs::host_warning(from.settings, definition->definition, tasks_max)) {
      problems.push_back(json::string(service.name + ": " + *warning));
    }
  }
  return problems;
}

}  // namespace

json::object status_of(const StatusSources& from) {
  return {{"clock", clock_of(from)},
          {"region", from.settings.region},
          {"account", from.settings.account},
          {"engine", json::object{{"name", from.runtime.engine}, {"reachable", from.runtime.reachable}}},
          {"balancer", json::object{{"name", from.balancer.program}, {"running", from.balancer.running}}},
          {"registry",
           json::object{{"address", from.settings.registry_address}, {"running", from.registry.running}}},
          {"repositories", repositories_of(from.store)},
          {"stacks", stacks_of(from.store)},
          {"services", services_of(from)},
          {"alarms", alarms_of(from.store)},
          {"load_balancers", load_balancers_of(from)},
          {"target_groups", target_groups_of(from.store)},
          {"activities", activities_of(from.store)},
          {"problems", problems_of(from)}};
}

}  // namespace berth
