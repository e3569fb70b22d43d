#include "services/ecs/service_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "services/ecs/names.h"

namespace berth::ecs {

namespace {

constexpr const char* fargate_platform_version = "1.4.0";  // what LATEST means

std::string resolved_platform(const std::string& version) {
  return version == "LATEST" ? fargate_platform_version : version;
}

Deployment describe_deployment(const ServiceRow& service, const DeploymentState& state, TaskCounts counts) {
  Deployment deployment;
  deployment.id = state.id;
  deployment.status = state.status;
  deployment.task_definition = state.task_definition;
  deployment.desired_count = state.desired_count;
  deployment.pending_count = counts.pending;
  deployment.running_count = counts.running;
  deployment.failed_tasks = state.failed_tasks;
  deployment.created_at = state.created_at;
  deployment.updated_at = state.updated_at;
  if (service.capacity_provider_strategy.empty()) {
    deployment.launch_type = service.launch_type;
  } else {
    deployment.capacity_provider_strategy = service.capacity_provider_strategy;
  }
  deployment.platform_version = resolved_platform(state.platform_version);
  deployment.platform_family = "Linux";
  deployment.network_configuration = state.network_configuration;
  deployment.rollout_state = state.rollout_state;
  deployment.rollout_state_reason = state.rollout_state_reason;
  return deployment;
}

void describe_deployments(const Store& store, const ServiceRow& row, Service& out) {
  const auto counts = counts_by_deployment(store, row);
  TaskCounts total;
  for (const auto& [id, of_one] : counts) {
    total.running += of_one.running;
    total.pending += of_one.pending;
  }
  out.running_count = total.running;
  out.pending_count = total.pending;
  out.deployments.emplace();
  out.current_service_revisions.emplace();
  for (const auto& state : row.deployments) {
    const auto found = counts.find(state.id);
    const TaskCounts of_one = found == counts.end() ? TaskCounts{} : found->second;
    out.deployments->push_back(describe_deployment(row, state, of_one));
    ServiceCurrentRevisionSummary revision;
    revision.arn = state.revision_arn;
    revision.requested_task_count = state.desired_count;
    revision.running_task_count = of_one.running;
    revision.pending_task_count = of_one.pending;
    out.current_service_revisions->push_back(std::move(revision));
    if (state.status == "PRIMARY" && state.rollout_state == "IN_PROGRESS") {
      out.current_service_deployment = state.service_deployment_arn;
    }
  }
}

}  // namespace

void count_task(const TaskRow& task, TaskCounts& counts) {
  if (task.last_status == "RUNNING") {
    ++counts.running;
  } else if (task.desired_status == "RUNNING" &&
             (task.last_status == "PROVISIONING" || task.last_status == "PENDING" ||
              task.last_status == "ACTIVATING")) {
    ++counts.pending;
  }
}

std::vector<const TaskRow*> live_tasks(const Store& store, const ServiceRow& service) {
  std::vector<const TaskRow*> tasks;
  for (const auto* entry : store.rows_of<TaskRow>(service.key())) {
    if (entry->second.last_status != "STOPPED") tasks.push_back(&entry->second);
  }
  return tasks;
}

std::map<std::string, TaskCounts> counts_by_deployment(const Store& store, const ServiceRow& service) {
  std::map<std::string, TaskCounts> counts;
  for (const TaskRow* task : live_tasks(store, service)) count_task(*task, counts[task->deployment]);
  return counts;
}

TaskCounts service_counts(const Store& store, const ServiceRow& service) {
  return service_counts(store, service.key());
}

TaskCounts service_counts(const Store& store, std::string_view service_key) {
  TaskCounts counts;
  for (const auto* entry : store.rows_of<TaskRow>(service_key)) count_task(entry->second, counts);
  return counts;
}

std::map<std::string, TaskCounts> counts_by_service(const Store& store) {
  std::map<std::string, TaskCounts> counts;
  for (const auto& [id, task] : store.all<TaskRow>()) {
    if (!task.service.empty()) count_task(task, counts[task.cluster + "/" + task.service]);
  }
  return counts;
}

bool deployment_in_progress(const ServiceRow& service) {
  return !service.deployments.empty() && service.deployments.front().rollout_state != "COMPLETED";
}

bool set_desired_count(Store& store, const std::string& key, int desired_count, Time now) {
  const auto* current = store.find<ServiceRow>(key);
  if (!current || current->status != "ACTIVE") return false;
  if (current->desired_count == desired_count) return true;
  auto* service = store.edit<ServiceRow>(key);
  service->desired_count = desired_count;
  if (!service->deployments.empty()) {
    service->deployments.front().desired_count = desired_count;
    service->deployments.front().updated_at = now;
  }
  return true;
}

bool task_definition_in_use(const Store& store, const std::string& arn) {
  const auto& services = store.all<ServiceRow>();
  const auto& tasks = store.all<TaskRow>();
  return std::any_of(services.begin(), services.end(),
                     [&](const auto& entry) {
                       const ServiceRow& service = entry.second;
                       return service.status != "INACTIVE" &&
                              (service.task_definition == arn ||
                               std::any_of(service.deployments.begin(), service.deployments.end(),
                                           [&](const auto& deployment) {
                                             return deployment.task_definition == arn;
                                           }));
                     }) ||
         std::any_of(tasks.begin(), tasks.end(), [&](const auto& entry) {
           return entry.second.last_status != "STOPPED" && entry.second.task_definition == arn;
         });
}

std::optional<std::string> host_warning(const Settings& settings, const TaskDefinition& definition,
                                        int tasks) {
  const double vcpu = parse_number(definition.cpu.value_or("0")).value_or(0) / 1024.0 * tasks;
  const double memory_mib = parse_number(definition.memory.value_or("0")).value_or(0) * tasks;
  const double host_mib = static_cast<double>(settings.host_memory_bytes) / (1024.0 * 1024.0);
  if (settings.host_memory_bytes > 0 && memory_mib > host_mib) {
    return fmt::format("{} tasks need {:.0f} MiB of memory, this machine has {:.0f} MiB.", tasks, memory_mib,
                       host_mib);
  }
  if (settings.host_vcpu > 0 && vcpu > settings.host_vcpu) {
    return fmt::format(
        "{} tasks need {:.2f} vCPU, this machine has {:.2f}: they cannot all use their CPU at once.", tasks,
        vcpu, settings.host_vcpu);
  }
  return std::nullopt;
}

Service describe_service(const Store& store, const Settings& settings, const ServiceRow& row,
                         bool with_tags) {
  Service service;
  service.service_arn = row.arn;
  service.service_name = row.name;
  service.cluster_arn = cluster_arn(settings, row.cluster);
  service.load_balancers = row.load_balancers;
  service.service_registries = row.service_registries;
  service.status = row.status;
  service.desired_count = row.desired_count;
  if (row.capacity_provider_strategy.empty()) {
    service.launch_type = row.launch_type;
  } else {
    service.capacity_provider_strategy = row.capacity_provider_strategy;
  }
  service.platform_version = row.platform_version;
  service.platform_family = "Linux";
  service.task_definition = row.task_definition;
  service.deployment_configuration = row.deployment_configuration;
  describe_deployments(store, row, service);
  if (!row.role_arn.empty()) service.role_arn = row.role_arn;
  service.events = row.events;
  service.created_at = row.created_at;
  service.placement_constraints.emplace();
  service.placement_strategy.emplace();
  service.network_configuration = row.network_configuration;
  if (!row.load_balancers.empty())
    service.health_check_grace_period_seconds = row.health_check_grace_period_s;
  service.scheduling_strategy = row.scheduling_strategy;
  service.deployment_controller = row.deployment_controller;
  service.created_by = row.created_by;
  service.enable_ecs_managed_tags = row.enable_ecs_managed_tags;
  service.propagate_tags = row.propagate_tags;
  service.enable_execute_command = row.enable_execute_command;
  service.availability_zone_rebalancing = row.availability_zone_rebalancing;
  service.resource_management_type = "CUSTOMER";
  if (with_tags) service.tags = row.tags;
  return service;
}

}  // namespace berth::ecs
