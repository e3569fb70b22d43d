// Tasks: run, stop, describe and list.
#include <algorithm>

#include "control/placement.h"
#include "handlers/ecs.h"
#include "model/json_codec.h"
#include "services/ec2/networking.h"
#include "services/ecs/container_checks.h"
#include "services/ecs/errors.h"
#include "services/ecs/fargate.h"
#include "services/ecs/names.h"
#include "services/ecs/new_task.h"
#include "services/ecs/paging.h"
#include "services/ecs/rows.h"
#include "services/ecs/service_checks.h"
#include "services/ecs/stop_task.h"
#include "services/ecs/tagging.h"
#include "services/ecs/task_view.h"
#include "services/lists.h"

namespace berth::ecs {

namespace {

constexpr std::int64_t run_task_count_max = 10;
constexpr std::size_t described_tasks_max = 100;
constexpr std::size_t stop_reason_characters_max = 255;

Result<> check_run_members(const RunTaskRequest& input) {
  const auto any = [](const auto& list) { return list && !list->empty(); };
  const auto count = input.count.value_or(1);
  if (count < 1 || count > run_task_count_max) return invalid_parameter("count must be between 1 and 10.");
  if (any(input.placement_constraints)) {
    return invalid_parameter("Placement constraints are not supported with FARGATE launch type.");
  }
  if (any(input.placement_strategy)) {
    return invalid_parameter("Placement strategies are not supported with FARGATE launch type.");
  }
  if (any(input.volume_configurations)) return unsupported("volumeConfigurations");
  if (input.enable_execute_command.value_or(false)) return unsupported("enableExecuteCommand");
  if (input.propagate_tags.value_or("TASK_DEFINITION") != "TASK_DEFINITION" &&
      *input.propagate_tags != "NONE") {
    return invalid_parameter("propagateTags must be TASK_DEFINITION or NONE for RunTask.");
  }
  if (input.group && input.group->starts_with("service:")) {
    return invalid_parameter("The group name can not start with service:");
  }
  if (input.started_by && input.started_by->size() > 128) {
    return invalid_parameter("startedBy can have at most 128 characters.");
  }
  if (auto checked = check_platform_version(input.platform_version); !checked) return checked;
  if (input.tags) return check_tags(*input.tags);
  return {};
}

// The containers as overridden have to fit as if the task definition were registered so.
Result<> check_override_sizes(const TaskOverride& overrides, const TaskDefinition& definition) {
  const auto size = check_task_size(overrides.cpu ? overrides.cpu : definition.cpu,
                                    overrides.memory ? overrides.memory : definition.memory);
  if (!size) return size.error();
  auto containers = *definition.container_definitions;
  for (auto& container : containers) {
    for (const auto& override : services::list_of(overrides.container_overrides)) {
      if (override.name != container.name) continue;
      if (override.cpu) container.cpu = override.cpu;
      if (override.memory) container.memory = override.memory;
      if (override.memory_reservation) container.memory_reservation = override.memory_reservation;
    }
    if (auto checked = check_sizes(container, *size); !checked) {
      return invalid_parameter(checked.error().message);
    }
  }
  const auto together = check_containers_together(containers, *size);
  return together ? Result<>{} : invalid_parameter(together.error().message);
}

Result<> check_overrides(const TaskOverride& overrides, const TaskDefinition& definition) {
  if (overrides.inference_accelerator_overrides && !overrides.inference_accelerator_overrides->empty()) {
    return unsupported("inferenceAcceleratorOverrides");
  }
  if (overrides.ephemeral_storage) return unsupported("overrides.ephemeralStorage");
  for (const auto& container : overrides.container_overrides.value_or(std::vector<ContainerOverride>{})) {
    const auto& known = *definition.container_definitions;
    const bool exists = std::any_of(known.begin(), known.end(),
                                    [&](const auto& other) { return other.name == container.name; });
    if (!exists) {
      return invalid_parameter("Override for container named " + container.name.value_or("") +
                               " is not a container in the TaskDefinition.");
    }
    if (container.environment_files && !container.environment_files->empty()) {
      return unsupported("containerOverrides.environmentFiles");
    }
    if (container.resource_requirements && !container.resource_requirements->empty()) {
      return unsupported("containerOverrides.resourceRequirements");
    }
  }
  return check_override_sizes(overrides, definition);
}

struct SubnetChoice {
  std::vector<control::ServiceSubnet> subnets;
  std::vector<std::string> zones;  // what the views above point into
  std::vector<int> tasks;
};

// The n-th of a RunTask's tasks goes where the fewest of them are.
std::vector<std::string> spread(const Store& store, const std::vector<std::string>& subnet_ids,
                                std::int64_t count) {
  SubnetChoice choice;
  for (const auto& id : subnet_ids) {
    const auto subnet = ec2::find_subnet(store, id);
    choice.zones.push_back(subnet ? subnet->availability_zone : "");
  }
  for (std::size_t i = 0; i < subnet_ids.size(); ++i) {
    choice.subnets.push_back({.id = subnet_ids[i], .availability_zone = choice.zones[i]});
  }
  choice.tasks.resize(subnet_ids.size());
  std::vector<std::string> chosen;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(control::next_subnet(choice.subnets, choice.tasks));
    ++choice.tasks[index];
    chosen.push_back(subnet_ids[index]);
  }
  return chosen;
}

// The tasks that an earlier RunTask with this token made.
std::vector<const TaskRow*> tasks_of_token(const Store& store, const std::string& cluster,
                                           const std::optional<std::string>& token) {
  std::vector<const TaskRow*> tasks;
  if (!token || token->empty()) return tasks;
  for (const auto& [id, task] : store.all<TaskRow>()) {
    if (task.cluster == cluster && task.client_token == *token) tasks.push_back(&task);
  }
  return tasks;
}

Result<NewTask> plan(const Context& context, const RunTaskRequest& input, const ClusterRow& cluster) {
  const auto definition = usable_task_definition(context, input.task_definition);
  if (!definition) return definition.error();
  const auto launch = launch_of(cluster, input.launch_type, input.capacity_provider_strategy);
  if (!launch) return launch.error();
  if (auto checked = check_network(context.store, input.network_configuration); !checked)
    return checked.error();
  NewTask wanted;
  wanted.definition = *definition;
  wanted.overrides = input.overrides.value_or(TaskOverride{});
  if (auto checked = check_overrides(wanted.overrides, (*definition)->definition); !checked) {
    return checked.error();
  }
  wanted.cluster = cluster.name;
  wanted.group = input.group.value_or("family:" + (*definition)->family);
  wanted.started_by = input.started_by.value_or("");
  wanted.client_token = input.client_token.value_or("");
  wanted.launch_type = launch->launch_type;
  wanted.network = *input.network_configuration->awsvpc_configuration;
  wanted.tags = propagated_tags(input.propagate_tags.value_or("NONE"), {}, (*definition)->tags);
  if (input.tags) merge_tags(wanted.tags, *input.tags);
  if (input.enable_ecs_managed_tags.value_or(false)) add_managed_tags(wanted.tags, cluster.name, "");
  if (!launch->strategy.empty()) wanted.capacity_provider = next_capacity_provider(launch->strategy, {});
  return wanted;
}

bool selected(const ListTasksRequest& input, const TaskRow& task, const std::string& cluster,
              const std::string& service) {
  if (task.cluster != cluster) return false;
  if (!service.empty() && task.service != service) return false;
  if (input.started_by && task.started_by != *input.started_by) return false;
  if (input.launch_type && (task.launch_type.empty() ? "FARGATE" : task.launch_type) != *input.launch_type) {
    return false;
  }
  if (input.family) {
    const auto name = task_definition_name(task.task_definition);
    if (!name || name->family != *input.family) return false;
  }
  return task.desired_status == input.desired_status.value_or("RUNNING");
}

}  // namespace

Result<RunTaskResponse> run_task(Context& context, const RunTaskRequest& input) {
  const auto cluster = find_cluster(context.store, input.cluster);
  if (!cluster) return cluster.error();
  RunTaskResponse response;
  response.tasks.emplace();
  response.failures.emplace();
  for (const TaskRow* task : tasks_of_token(context.store, (*cluster)->name, input.client_token)) {
    response.tasks->push_back(describe_task(context.store, context.settings, *task, true));
  }
  if (!response.tasks->empty()) return response;

  if (auto checked = check_run_members(input); !checked) return checked.error();
  auto wanted = plan(context, input, **cluster);
  if (!wanted) return wanted.error();
  for (const auto& subnet : spread(context.store, *wanted->network.subnets, input.count.value_or(1))) {
    wanted->subnet_id = subnet;
    auto task = make_task(context.store, context.loop, context.settings, *wanted);
    if (!task) return task.error();
    const auto problem = admission_problem(context.store, context.settings, task->cpu_vcpu, task->memory_mib);
    if (problem) {
      response.failures->push_back({.reason = *problem});
      continue;
    }
    response.tasks->push_back(describe_task(context.store, context.settings, *task, true));
    context.store.put(std::move(*task));
  }
  return response;
}

Result<StopTaskResponse> stop_task(Context& context, const StopTaskRequest& input) {
  const auto cluster = find_cluster(context.store, input.cluster);
  if (!cluster) return cluster.error();
  const auto id = task_id((*cluster)->name, input.task.value_or(""));
  if (!id) return id.error();
  const auto* found = context.store.find<TaskRow>(*id);
  if (!found || found->cluster != (*cluster)->name)
    return invalid_parameter("The referenced task was not found.");
  const std::string reason = input.reason.value_or("");
  if (reason.size() > stop_reason_characters_max) {
    return invalid_parameter("reason can have at most 255 characters.");
  }
  auto* task = context.store.edit<TaskRow>(*id);
  order_stop(*task, "UserInitiated", reason.empty() ? "Task stopped by user" : reason);
  return StopTaskResponse{.task = describe_task(context.store, context.settings, *task, true)};
}

Result<DescribeTasksResponse> describe_tasks(Context& context, const DescribeTasksRequest& input) {
  const auto cluster = find_cluster(context.store, input.cluster);
  if (!cluster) return cluster.error();
  const auto references = input.tasks.value_or(std::vector<std::string>{});
  if (references.empty()) return invalid_parameter("Tasks cannot be empty.");
  if (references.size() > described_tasks_max)
    return invalid_parameter("Tasks cannot have more than 100 elements.");
  const auto include = input.include.value_or(std::vector<std::string>{});
  const bool with_tags = std::find(include.begin(), include.end(), "TAGS") != include.end();
  DescribeTasksResponse response;
  response.tasks.emplace();
  response.failures.emplace();
  for (const auto& reference : references) {
    const auto id = task_id((*cluster)->name, reference);
    if (!id) return id.error();
    const auto* task = context.store.find<TaskRow>(*id);
    if (task && task->cluster == (*cluster)->name) {
      response.tasks->push_back(describe_task(context.store, context.settings, *task, with_tags));
    } else {
      response.failures->push_back(
          {.arn = task_arn(context.settings, (*cluster)->name, *id), .reason = "MISSING"});
    }
  }
  return response;
}

Result<ListTasksResponse> list_tasks(Context& context, const ListTasksRequest& input) {
  const auto cluster = find_cluster(context.store, input.cluster);
  if (!cluster) return cluster.error();
  if (input.container_instance) return unsupported("container instances");
  if (input.daemon_name) return unsupported("daemons");
  // AWS counts no desired status: clients that look for the tasks they started give both.
  if (input.started_by && (input.service_name || input.family || input.launch_type)) {
    return invalid_parameter("startedBy must be the only filter that is used.");
  }
  std::string service;
  if (input.service_name) {
    const auto key = service_key((*cluster)->name, *input.service_name);
    if (!key) return key.error();
    const auto* row = context.store.find<ServiceRow>(*key);
    if (!row) return service_not_found();
    service = row->name;
  }
  std::vector<std::string> arns;
  for (const auto& [id, task] : context.store.all<TaskRow>()) {
    if (selected(input, task, (*cluster)->name, service)) arns.push_back(task.arn);
  }
  auto page = page_of(arns, input.max_results, input.next_token);
  if (!page) return page.error();
  return ListTasksResponse{.task_arns = page->names, .next_token = page->next_token};
}

}  // namespace berth::ecs
