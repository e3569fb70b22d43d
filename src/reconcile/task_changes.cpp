#include "reconcile/task_changes.h"

#include <algorithm>

#include "base/check.h"
#include "control/task_health.h"
#include "services/ecs/stop_task.h"

namespace berth::reconcile {

using control::TaskStatus;
using ecs::ContainerRow;
using ecs::TaskRow;
using world::TaskEvent;
using world::TaskEventKind;

namespace {

ContainerRow* find_container(TaskRow& task, const std::string& name) {
  const auto found = std::find_if(task.containers.begin(), task.containers.end(),
                                  [&](const ContainerRow& container) { return container.name == name; });
  return found == task.containers.end() ? nullptr : &*found;
}

control::Health health_of(const ContainerRow& container) {
  if (container.health == "HEALTHY") return control::Health::Healthy;
  return container.health == "UNHEALTHY" ? control::Health::Unhealthy : control::Health::Unknown;
}

void set_health(TaskRow& task, ContainerRow& container, bool healthy) {
  container.health = healthy ? "HEALTHY" : "UNHEALTHY";
  std::vector<control::Health> essential;
  for (const auto& one : task.containers) {
    if (one.essential) essential.push_back(health_of(one));
  }
  task.health = std::string(control::name_of(control::worst(essential)));
}

void close_container(ContainerRow& container, const std::string& reason) {
  if (container.last_status == "STOPPED") return;
  container.last_status = "STOPPED";
  container.reason = reason;
}

bool container_exited(TaskRow& task, ContainerRow& container, int exit_code, bool out_of_memory) {
  if (container.last_status == "STOPPED" && container.exit_code) return false;
  container.last_status = "STOPPED";
  container.exit_code = exit_code;
  if (out_of_memory) container.reason = std::string(control::out_of_memory_reason);
  if (container.essential) order_stop(task, control::essential_container_exited());
  return true;
}

// A container that is adopted is known by its image's id: the digest that was found for it stays.
bool container_created(ContainerRow& container, const std::string& runtime_id, const std::string& digest) {
  if (container.runtime_id == runtime_id && !container.image_digest.empty()) return false;
  container.runtime_id = runtime_id;
  container.image_digest = digest;
  return true;
}

bool container_started(ContainerRow& container) {
  if (container.last_status != "PENDING") return false;
  container.last_status = "RUNNING";
  return true;
}

bool task_started(TaskRow& task, Time now) {
  if (task.reached_running) return false;
  task.reached_running = true;
  task.started_at = now;
  if (task.desired_status == "RUNNING" && status_of(task) == TaskStatus::Pending) {
    move_to(task, TaskStatus::Activating, now);
  }
  return true;
}

bool apply_to_container(TaskRow& task, const TaskEvent& event) {
  ContainerRow* container = find_container(task, event.container);
  if (!container) return false;
  switch (event.kind) {
    case TaskEventKind::container_created:
      return container_created(*container, event.runtime_id, event.image_digest);
    case TaskEventKind::container_started:
      return container_started(*container);
    case TaskEventKind::container_exited:
      return container_exited(task, *container, event.exit_code, event.out_of_memory);
    case TaskEventKind::container_health:
      if (container->health == (event.healthy ? "HEALTHY" : "UNHEALTHY")) return false;
      set_health(task, *container, event.healthy);
      return true;
    default:
      return false;
  }
}

bool set_once(std::optional<Time>& time, Time now) {
  if (time) return false;
  time = now;
  return true;
}

}  // namespace

TaskStatus status_of(const TaskRow& task) {
  const auto status = control::parse_task_status(task.last_status);
  BERTH_CHECK(status.has_value());
  return *status;
}

void move_to(TaskRow& task, TaskStatus status, Time now) {
  BERTH_CHECK(control::may_follow(status_of(task), status));
  task.last_status = std::string(control::name_of(status));
  ++task.version;
  if (status == TaskStatus::Pending) set_once(task.connectivity_at, now);
  if (status == TaskStatus::Stopping) set_once(task.stopping_at, now);
  if (status == TaskStatus::Stopped) set_once(task.stopped_at, now);
}

void order_stop(TaskRow& task, const control::StopReason& reason) {
  ecs::order_stop(task, std::string(control::name_of(reason.code)), reason.text);
}

void fail_to_start(TaskRow& task, const Error& error, Time now) {
  const auto reason = control::failed_to_start(error.code, error.message);
  order_stop(task, reason);
  for (auto& container : task.containers) close_container(container, reason.text);
  if (status_of(task) < TaskStatus::Deprovisioning) move_to(task, TaskStatus::Deprovisioning, now);
}

void end_execution(TaskRow& task, const control::StopReason& reason, Time now) {
  order_stop(task, reason);
  for (auto& container : task.containers) close_container(container, "");
  set_once(task.execution_stopped_at, now);
  if (status_of(task) < TaskStatus::Deprovisioning) move_to(task, TaskStatus::Deprovisioning, now);
}

bool apply_event(TaskRow& task, const TaskEvent& event, Time now) {
  if (status_of(task) >= TaskStatus::Deprovisioning) return false;
  switch (event.kind) {
    case TaskEventKind::pull_started:
      return set_once(task.pull_started_at, now);
    case TaskEventKind::pull_stopped:
      return set_once(task.pull_stopped_at, now);
    case TaskEventKind::started:
      return task_started(task, now);
    case TaskEventKind::start_failed:
      fail_to_start(task, event.error, now);
      return true;
    case TaskEventKind::stopped:
      end_execution(task, control::essential_container_exited(), now);
      return true;
    default:
      return apply_to_container(task, event);
  }
}

bool apply_state(TaskRow& task, const world::TaskState& state, Time now) {
  if (status_of(task) >= TaskStatus::Deprovisioning) return false;
  bool changed = false;
  for (const auto& listed : state.containers) {
    ContainerRow* container = find_container(task, listed.name);
    if (!container) continue;
    changed |= container_created(*container, listed.runtime_id, listed.image_digest);
    if (listed.running || listed.exited) changed |= container_started(*container);
    if (listed.healthy && container->health != (*listed.healthy ? "HEALTHY" : "UNHEALTHY")) {
      set_health(task, *container, *listed.healthy);
      changed = true;
    }
    if (listed.exited) changed |= container_exited(task, *container, listed.exit_code, listed.out_of_memory);
  }
  if (state.started) changed |= task_started(task, now);
  return changed;
}

bool essential_container_exited(const TaskRow& task) {
  return std::any_of(task.containers.begin(), task.containers.end(), [](const ContainerRow& container) {
    return container.essential && container.last_status == "STOPPED";
  });
}

}  // namespace berth::reconcile
