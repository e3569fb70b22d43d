#include "reconcile/failure_account.h"

#include "reconcile/service_look.h"

namespace berth::reconcile {

using ecs::TaskRow;

namespace {

// The step that the counters do not know of yet; "" when there is none.
std::string unaccounted(const TaskRow& task, control::Health health) {
  if (task.accounted == "STOPPED") return "";
  if (task.accounted.empty() && task.reached_running) return "RUNNING";
  if (task.accounted == "RUNNING" && health == control::Health::Healthy) return "HEALTHY";
  return task.desired_status == "STOPPED" ? "STOPPED" : "";
}

void count_stop(const TaskRow& task, bool was_healthy, control::FailureCount& failures, Time now,
                Accounted& out) {
  const bool by_itself =
      task.stop_code == "EssentialContainerExited" || task.stop_code == "TaskFailedToStart";
  const bool failed_checks =
      task.stop_code == "ServiceSchedulerInitiated" && task.stopped_reason.starts_with("Task failed");
  if (by_itself && !task.reached_running) {
    control::count_failed_start(failures, now);
    out.failed_starts.push_back(task.stopped_reason);
  } else if ((by_itself || failed_checks) && !was_healthy) {
    control::count_failed_run(failures, by_itself, now);
  }
}

ecs::DeploymentState* deployment_of(Store& store, const ecs::ServiceRow& service, const TaskRow& task) {
  for (std::size_t i = 0; i < service.deployments.size(); ++i) {
    if (service.deployments[i].id == task.deployment) {
      return &store.edit<ecs::ServiceRow>(service.key())->deployments[i];
    }
  }
  return nullptr;
}

}  // namespace

void account_task(Store& store, const ecs::ServiceRow& service, const TaskRow& task, control::Health health,
                  Time now, Accounted& out) {
  for (std::string next = unaccounted(task, health); !next.empty(); next = unaccounted(task, health)) {
    out.anything = true;
    const bool was_healthy = task.accounted == "HEALTHY";
    store.edit<TaskRow>(task.id)->accounted = next;
    ecs::DeploymentState* deployment = deployment_of(store, service, task);
    if (!deployment) continue;
    control::FailureCount failures = failures_of(*deployment);
    if (next == "RUNNING") {
      deployment->was_running = true;
      out.reached_running = true;
      control::count_running(failures);
    } else if (next == "HEALTHY") {
      control::count_healthy(failures, breaker_of(service));
    } else {
      count_stop(task, was_healthy, failures, now, out);
    }
    set_failures(*deployment, failures);
  }
}

}  // namespace berth::reconcile
