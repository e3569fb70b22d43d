#include "reconcile/service_look.h"

#include <algorithm>

#include "reconcile/task_changes.h"
#include "services/ec2/networking.h"
#include "services/elbv2/targets.h"

namespace berth::reconcile {

using control::Health;
using control::TargetState;
using ecs::ServiceRow;
using ecs::TaskRow;

namespace {

control::RolloutState rollout_of(const ecs::DeploymentState& deployment) {
  if (deployment.rollout_state == "COMPLETED") return control::RolloutState::Completed;
  if (deployment.rollout_state == "FAILED") return control::RolloutState::Failed;
  return control::RolloutState::InProgress;
}

control::TaskPhase phase_of(const TaskRow& task) {
  if (task.desired_status == "STOPPED") return control::TaskPhase::Stopping;
  const auto status = status_of(task);
  if (control::counts_as_running(status)) return control::TaskPhase::Running;
  return control::counts_as_pending(status) ? control::TaskPhase::Pending : control::TaskPhase::Stopping;
}

TargetState target_state(const elbv2::TargetRow* target) {
  if (!target) return TargetState::Unused;
  if (target->state == "healthy") return TargetState::Healthy;
  if (target->state == "unhealthy") return TargetState::Unhealthy;
  if (target->state == "draining") return TargetState::Draining;
  return target->state == "unavailable" ? TargetState::Unavailable : TargetState::Initial;
}

// nullopt: no container of the task has a health check.
std::optional<Health> container_health(const Store& store, const TaskRow& task) {
  const auto* definition = store.find<ecs::TaskDefinitionRow>(task.task_definition);
  if (!definition) return std::nullopt;
  std::vector<Health> checked;
  for (const auto& container : *definition->definition.container_definitions) {
    if (!container.health_check || !container.essential.value_or(true)) continue;
    for (const auto& row : task.containers) {
      if (row.name != container.name) continue;
      checked.push_back(row.health == "HEALTHY"     ? Health::Healthy
                        : row.health == "UNHEALTHY" ? Health::Unhealthy
                                                    : Health::Unknown);
    }
  }
  if (checked.empty()) return std::nullopt;
  return control::worst(checked);
}

}  // namespace

control::CircuitBreaker breaker_of(const ServiceRow& service) {
  control::CircuitBreaker breaker;
  const auto& wanted = service.deployment_configuration.deployment_circuit_breaker;
  if (!wanted) return breaker;
  breaker.enable = wanted->enable.value_or(false);
  breaker.rollback = wanted->rollback.value_or(false);
  breaker.reset_on_healthy_task = wanted->reset_on_healthy_task.value_or(true);
  if (const auto& threshold = wanted->threshold_configuration) {
    const auto type = control::parse_threshold_type(threshold->type.value_or(""));
    breaker.threshold_type = type.value_or(control::ThresholdType::BoundedPercent);
    breaker.threshold_value = static_cast<int>(threshold->value.value_or(50));
  }
  return breaker;
}

control::FailureCount failures_of(const ecs::DeploymentState& deployment) {
  return {deployment.failed_tasks, deployment.failed_rounds, deployment.retry_at};
}

void set_failures(ecs::DeploymentState& deployment, const control::FailureCount& failures) {
  deployment.failed_tasks = failures.failed_tasks;
  deployment.failed_rounds = failures.failed_rounds;
  deployment.retry_at = failures.retry_at;
}

std::vector<std::string> subnets_of(const ServiceRow& service) {
  const auto& vpc = service.network_configuration.awsvpc_configuration;
  return vpc ? vpc->subnets.value_or(std::vector<std::string>{}) : std::vector<std::string>{};
}

ServiceLook::ServiceLook(const Store& store, const ServiceRow& service,
                         std::vector<const TaskRow*> live_tasks, Time now)
    : tasks(std::move(live_tasks)), service_(service) {
  const auto& configuration = service.deployment_configuration;
  situation.desired = service.desired_count;
  situation.minimum_healthy_percent = static_cast<int>(configuration.minimum_healthy_percent.value_or(100));
  situation.maximum_percent = static_cast<int>(configuration.maximum_percent.value_or(200));
  situation.breaker = breaker_of(service);
  look_at_subnets(store);
  look_at_deployments();
  look_at_tasks(store, now);
  situation.deployments = deployments_;
  situation.subnets = subnets_;
  situation.tasks = service_tasks_;
}

control::HealthVerdict ServiceLook::verdict(const TaskRow& task) const {
  const auto found = std::find(tasks.begin(), tasks.end(), &task);
  return found == tasks.end() ? control::HealthVerdict{}
                              : verdicts[static_cast<std::size_t>(found - tasks.begin())];
}

std::optional<Time> ServiceLook::changes_at() const {
  std::optional<Time> earliest;
  for (const auto& verdict : verdicts) {
    if (verdict.changes_at && (!earliest || *verdict.changes_at < *earliest)) earliest = verdict.changes_at;
  }
  return earliest;
}

void ServiceLook::look_at_subnets(const Store& store) {
  const auto& vpc = service_.network_configuration.awsvpc_configuration;
  if (!vpc || !vpc->subnets) return;
  for (const auto& id : *vpc->subnets) {
    const auto subnet = ec2::find_subnet(store, id);
    zones_.push_back(subnet ? subnet->availability_zone : "");
  }
  for (std::size_t i = 0; i < zones_.size(); ++i) subnets_.push_back({(*vpc->subnets)[i], zones_[i]});
}

void ServiceLook::look_at_deployments() {
  for (const auto& deployment : service_.deployments) {
    deployments_.push_back({deployment.id, rollout_of(deployment), failures_of(deployment),
                            deployment.is_rollback});
  }
  situation.has_completed_deployment =
      std::any_of(service_.deployments.begin(), service_.deployments.end(), [](const auto& deployment) {
        return deployment.status != "PRIMARY" &&
               (deployment.rollout_state == "COMPLETED" || deployment.is_rollback);
      });
}

void ServiceLook::look_at_tasks(const Store& store, Time now) {
  for (const TaskRow* task : tasks) {
    std::vector<TargetState> targets;
    for (const auto& [group, port] : task->targets) {
      targets.push_back(target_state(elbv2::find_target(store, group, task->address, port)));
    }
    control::HealthObservation observation;
    if (task->last_status == "RUNNING") observation.running_since = task->started_at;
    observation.container_health = container_health(store, *task);
    observation.targets = targets;
    observation.grace_period = Duration::seconds(service_.health_check_grace_period_s);
    verdicts.push_back(control::judge_health(observation, now));

    control::ServiceTask seen;
    seen.id = task->id;
    const auto deployment = std::find_if(service_.deployments.begin(), service_.deployments.end(),
                                         [&](const auto& one) { return one.id == task->deployment; });
    seen.deployment = static_cast<int>(deployment - service_.deployments.begin());
    seen.phase = phase_of(*task);
    seen.health = verdicts.back().health;
    const auto subnet = std::find_if(subnets_.begin(), subnets_.end(),
                                     [&](const auto& one) { return one.id == task->subnet_id; });
    if (subnet != subnets_.end()) seen.subnet = static_cast<int>(subnet - subnets_.begin());
    seen.is_protected = task->scale_in_protected;
    seen.created_at = task->created_at;
    service_tasks_.push_back(seen);
  }
}

}  // namespace berth::reconcile
