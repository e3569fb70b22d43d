#include "services/events/sources.h"

#include <algorithm>

#include "services/cloudwatch/rows.h"
#include "services/codebuild/rows.h"
#include "services/ecs/names.h"
#include "services/ecs/rows.h"
#include "services/ecs/task_view.h"
#include "services/lists.h"

namespace berth::events {
namespace {

using Events = std::vector<NewEvent>;

NewEvent& add(Events& events, const char* source, const char* detail_type, const std::string& resource) {
  NewEvent& event = events.emplace_back();
  event.source = source;
  event.detail_type = detail_type;
  event.resources = {resource};
  return event;
}

// --- ECS

bool same_containers(const ecs::TaskRow& a, const ecs::TaskRow& b) {
  return std::equal(a.containers.begin(), a.containers.end(), b.containers.begin(), b.containers.end(),
                    [](const ecs::ContainerRow& x, const ecs::ContainerRow& y) {
                      return x.last_status == y.last_status && x.exit_code == y.exit_code &&
                             x.health == y.health;
                    });
}

// The API gives times as numbers, events as text.
void times_as_text(json::value& value) {
  if (auto* list = value.if_array()) {
    for (auto& each : *list) times_as_text(each);
  }
  auto* object = value.if_object();
  if (!object) return;
  for (auto& member : *object) {
    const bool is_time = std::string_view(member.key()).ends_with("At") && member.value().is_number();
    if (is_time) {
      member.value() = json::string(iso_ms(Time{static_cast<std::int64_t>(
          member.value().to_number<double>() * static_cast<double>(us_per_second) + 0.5)}));
    } else {
      times_as_text(member.value());
    }
  }
}

json::value task_detail(const Store& store, const Settings& settings, const ecs::TaskRow& task) {
  json::value detail = model::to_json(ecs::describe_task(store, settings, task, false));
  detail.get_object().erase("tags");
  times_as_text(detail);
  return detail;
}

void add_task_events(const Store& store, const Settings& settings, const Changes& changes, Events& events) {
  for (const auto& [id, before] : changes.rows<ecs::TaskRow>()) {
    const auto* task = store.find<ecs::TaskRow>(id);
    if (!task) continue;
    if (before && before->version == task->version && same_containers(*before, *task)) continue;
    add(events, "aws.ecs", "ECS Task State Change", task->arn).detail = task_detail(store, settings, *task);
  }
}

struct ServiceAction {
  const char* words;  // of the service's event
  const char* type;
  const char* name;
};

constexpr ServiceAction service_actions[] = {
    {" has reached a steady state.", "INFO", "SERVICE_STEADY_STATE"},
    {" is unable to consistently start tasks successfully.", "WARN", "SERVICE_TASK_START_IMPAIRED"},
    {" operations are being throttled.", "ERROR", "ECS_OPERATION_THROTTLED"},
    {" was unable to place a task.", "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE"},
    {" failed to launch a task with (error ", "ERROR", "SERVICE_TASK_CONFIGURATION_FAILURE"},
};

// What the service has said since; its newest event stands first.
void add_service_actions(const Settings& settings, const ecs::ServiceRow* before,
                         const ecs::ServiceRow& service, Events& events) {
  const std::string last = before && !before->events.empty() ? before->events.front().id.value_or("") : "";
  const auto end = std::find_if(service.events.begin(), service.events.end(),
                                [&](const auto& event) { return event.id == last; });
  for (auto said = std::make_reverse_iterator(end); said != service.events.rend(); ++said) {
    const std::string& message = *said->message;
    for (const auto& action : service_actions) {
      if (message.find(action.words) == std::string::npos) continue;
      json::object detail{{"eventType", action.type},
                          {"eventName", action.name},
                          {"clusterArn", ecs::cluster_arn(settings, service.cluster)},
                          {"createdAt", iso_ms(*said->created_at)}};
      if (action.type != std::string_view("INFO")) detail["reason"] = message;
      add(events, "aws.ecs", "ECS Service Action", service.arn).detail = std::move(detail);
    }
  }
}

const ecs::DeploymentState* same_deployment(const ecs::ServiceRow* service, const std::string& id) {
  if (!service) return nullptr;
  const auto found = std::find_if(service->deployments.begin(), service->deployments.end(),
                                  [&](const auto& deployment) { return deployment.id == id; });
  return found == service->deployments.end() ? nullptr : &*found;
}

void add_deployment_changes(const ecs::ServiceRow* before, const ecs::ServiceRow& service, Events& events) {
  for (const auto& deployment : service.deployments) {
    const auto* former = same_deployment(before, deployment.id);
    if (former && former->rollout_state == deployment.rollout_state) continue;
    const bool failed = deployment.rollout_state == "FAILED";
    add(events, "aws.ecs", "ECS Deployment State Change", service.arn).detail =
        json::object{{"eventType", failed ? "ERROR" : "INFO"},
                     {"eventName", "SERVICE_DEPLOYMENT_" + deployment.rollout_state},
                     {"deploymentId", deployment.id},
                     {"updatedAt", iso_ms(deployment.updated_at)},
                     {"reason", deployment.rollout_state_reason}};
  }
}

void add_service_events(const Store& store, const Settings& settings, const Changes& changes,
                        Events& events) {
  for (const auto& [key, before] : changes.rows<ecs::ServiceRow>()) {
    const auto* service = store.find<ecs::ServiceRow>(key);
    if (!service) continue;
    // A service that is made anew under an old name has nothing of the former one's.
    const auto* former = before && before->created_at == service->created_at ? before.get() : nullptr;
    add_deployment_changes(former, *service, events);
    add_service_actions(settings, former, *service, events);
  }
}

// --- CloudWatch

std::string alarm_time(const std::optional<Time>& time) {
  std::string text = iso_ms(time.value_or(Time{}));
  text.pop_back();
  return text + "+0000";
}

template <class Alarm>
json::object alarm_state(const Alarm& alarm) {
  json::object state{{"value", alarm.state_value.value_or("")},
                     {"reason", alarm.state_reason.value_or("")},
                     {"timestamp", alarm_time(alarm.state_updated_timestamp)}};
  if (alarm.state_reason_data) state["reasonData"] = *alarm.state_reason_data;
  return state;
}

json::object alarm_state(const cloudwatch::AlarmRow& row) {
  return row.metric ? alarm_state(*row.metric) : alarm_state(*row.composite);
}

json::object metric_stat(const cloudwatch::MetricAlarm& alarm) {
  json::object dimensions;
  for (const auto& dimension : services::list_of(alarm.dimensions))
    dimensions[dimension.name.value_or("")] = dimension.value.value_or("");
  json::object stat{{"metric", json::object{{"namespace", alarm.namespace_.value_or("")},
                                            {"name", alarm.metric_name.value_or("")},
                                            {"dimensions", std::move(dimensions)}}},
                    {"period", alarm.period.value_or(0)},
                    {"stat", alarm.statistic ? *alarm.statistic : alarm.extended_statistic.value_or("")}};
  return stat;
}

json::object configuration_of(const cloudwatch::AlarmRow& row) {
  json::object configuration;
  if (row.composite) {
    configuration["alarmRule"] = row.composite->alarm_rule.value_or("");
    if (row.composite->alarm_description) configuration["description"] = *row.composite->alarm_description;
    return configuration;
  }
  if (row.metric->alarm_description) configuration["description"] = *row.metric->alarm_description;
  if (row.metric->metric_name) {
    configuration["metrics"] = json::array{
        json::object{{"id", row.name}, {"metricStat", metric_stat(*row.metric)}, {"returnData", true}}};
  }
  return configuration;
}

void add_alarm_events(const Store& store, const Changes& changes, Events& events) {
  for (const auto& [name, before] : changes.rows<cloudwatch::AlarmRow>()) {
    const auto* alarm = store.find<cloudwatch::AlarmRow>(name);
    if (!alarm || !before || before->state() == alarm->state()) continue;
    add(events, "aws.cloudwatch", "CloudWatch Alarm State Change", alarm->arn()).detail =
        json::object{{"alarmName", name},
                     {"state", alarm_state(*alarm)},
                     {"previousState", alarm_state(*before)},
                     {"configuration", configuration_of(*alarm)}};
  }
}

// --- CodeBuild

void add_build_events(const Store& store, const Changes& changes, Events& events) {
  for (const auto& [id, before] : changes.rows<codebuild::BuildRow>()) {
    const auto* row = store.find<codebuild::BuildRow>(id);
    if (!row || (before && before->build.build_status == row->build.build_status)) continue;
    const auto& build = row->build;
    add(events, "aws.codebuild", "CodeBuild Build State Change", build.arn.value_or("")).detail =
        json::object{{"build-status", build.build_status.value_or("")},
                     {"project-name", row->project()},
                     {"build-id", build.arn.value_or("")},
                     {"current-phase", build.current_phase.value_or("")},
                     {"version", "1"},
                     {"additional-information",
                      json::object{{"build-complete", row->is_complete()},
                                   {"build-number", build.build_number.value_or(0)},
                                   {"initiator", build.initiator.value_or("")},
                                   {"build-start-time", format_utc(build.start_time.value_or(Time{}),
                                                                   "%b %e, %Y %I:%M:%S %p")}}}};
  }
}

}  // namespace

std::vector<NewEvent> events_of(const Store& store, const Settings& settings, const Changes& changes) {
  Events events;
  add_task_events(store, settings, changes, events);
  add_service_events(store, settings, changes, events);
  add_alarm_events(store, changes, events);
  add_build_events(store, changes, events);
  return events;
}

}  // namespace berth::events
