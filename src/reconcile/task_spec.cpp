#include "reconcile/task_spec.h"

#include <algorithm>

#include "base/arn.h"
#include "base/text.h"
#include "reconcile/image_pins.h"
#include "services/ec2/networking.h"
#include "services/ecs/new_task.h"
#include "services/iam/authorization.h"
#include "services/logs/rows.h"
#include "services/ssm/rows.h"

namespace berth::reconcile {

using ecs::ContainerDefinition;
using ecs::ContainerOverride;
using ecs::ContainerRow;
using ecs::KeyValuePair;
using ecs::TaskRow;

namespace {

using Environment = std::map<std::string, std::string>;

void add(Environment& environment, const std::optional<std::vector<KeyValuePair>>& variables) {
  if (!variables) return;
  for (const auto& variable : *variables)
    environment[variable.name.value_or("")] = variable.value.value_or("");
}

Error no_secrets(const std::string& why) {
  return {"ResourceInitializationError",
          "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve "
          "secrets from ssm: service call has been retried 1 time(s): " +
              why};
}

// ECS reads them with the execution role.
Result<> check_may_read(const Store& store, const Settings& settings, const TaskRow& task,
                        const std::string& parameter) {
  std::string resource = parameter;
  if (!parameter.starts_with("arn:")) {
    resource = settings.arn("ssm", (parameter.starts_with('/') ? "parameter" : "parameter/") + parameter);
  }
  const std::string caller =
      Arn{"aws", "sts", "", settings.account,
          "assumed-role/" + std::string(last_part(task.execution_role_arn)) + "/" + task.id}
          .text();
  return iam::check_allowed(
      store, task.execution_role_arn, caller,
      {"ssm:GetParameters",
       resource,
       {{"aws:principalarn", {task.execution_role_arn}}, {"aws:requestedregion", {settings.region}}}});
}

std::optional<Error> add_secrets(const Store& store, const Settings& settings, const TaskRow& task,
                                 const ContainerDefinition& definition, Environment& environment) {
  std::vector<std::string> missing;
  for (const auto& secret : definition.secrets.value_or(std::vector<ecs::Secret>{})) {
    const auto allowed = check_may_read(store, settings, task, secret.value_from.value_or(""));
    if (!allowed) return no_secrets("AccessDeniedException: " + allowed.error().message);
    const auto reference = ssm::find_parameter(store, secret.value_from.value_or(""));
    if (reference.version) {
      environment[secret.name.value_or("")] = reference.version->value;
    } else {
      missing.push_back(secret.value_from.value_or(""));
    }
  }
  if (missing.empty()) return std::nullopt;
  return no_secrets("invalid ssm parameters: " + join(missing, ", "));
}

// What the task definition may replace ...
Environment default_environment(const Settings& settings, double time_scale) {
  return {{"AWS_REGION", settings.region},
          {"AWS_DEFAULT_REGION", settings.region},
          {"AWS_EXECUTION_ENV", "AWS_ECS_FARGATE"},
          {"AWS_ENDPOINT_URL", tasks_api_endpoint},
          {"LOAD_TIME_SCALE", shortest(time_scale)}};
}

// ... and what it may not.
void add_agent_variables(const TaskRow& task, const ContainerRow& container, Environment& environment) {
  const std::string endpoint = container_endpoint;
  environment["ECS_CONTAINER_METADATA_URI"] = endpoint + "/v3/" + container.id;
  environment["ECS_CONTAINER_METADATA_URI_V4"] = endpoint + "/v4/" + container.id;
  environment["ECS_AGENT_URI"] = endpoint + "/api/" + container.id;
  if (!task.role_arn.empty()) {
    environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/" + task.credentials_id;
  }
}

void add_health_check(const ContainerDefinition& definition, world::ContainerSpec& spec) {
  const auto& check = definition.health_check;
  if (!check || !check->command || check->command->empty() || check->command->front() == "NONE") return;
  auto& out = spec.health_check.emplace();
  out.command = *check->command;
  out.interval = Duration::seconds(static_cast<double>(check->interval.value_or(30)));
  out.timeout = RealDuration::seconds(static_cast<double>(check->timeout.value_or(5)));
  out.retries = static_cast<int>(check->retries.value_or(3));
  out.start_period = Duration::seconds(static_cast<double>(check->start_period.value_or(0)));
}

void add_limits(const ContainerDefinition& definition, const ContainerOverride& override,
                world::ContainerSpec& spec) {
  const auto memory = override.memory ? override.memory : definition.memory;
  if (memory && *memory > 0) spec.memory_mib = static_cast<int>(*memory);
  const auto cpu = override.cpu ? override.cpu : definition.cpu;
  if (cpu && *cpu > 0) spec.cpu_units = static_cast<int>(*cpu);
  spec.stop_timeout = RealDuration::seconds(static_cast<double>(definition.stop_timeout.value_or(30)));
  if (definition.start_timeout) {
    spec.start_timeout = RealDuration::seconds(static_cast<double>(*definition.start_timeout));
  }
  for (const auto& ulimit : definition.ulimits.value_or(std::vector<ecs::Ulimit>{})) {
    spec.ulimits.push_back(
        {ulimit.name.value_or(""), ulimit.soft_limit.value_or(0), ulimit.hard_limit.value_or(0)});
  }
}

ContainerOverride override_of(const TaskRow& task, const std::string& container) {
  for (const auto& one : task.overrides.container_overrides.value_or(std::vector<ContainerOverride>{})) {
    if (one.name == container) return one;
  }
  return {};
}

world::ContainerSpec container_spec(const TaskRow& task, const ContainerRow& row,
                                    const ContainerDefinition& definition) {
  const ContainerOverride override = override_of(task, row.name);
  const std::vector<std::string> none;
  world::ContainerSpec spec;
  spec.name = row.name;
  spec.image = row.image;
  spec.entry_point = definition.entry_point.value_or(none);
  spec.command = override.command ? *override.command : definition.command.value_or(none);
  spec.working_directory = definition.working_directory.value_or("");
  spec.user = definition.user.value_or("");
  spec.essential = row.essential;
  spec.readonly_root = definition.readonly_root_filesystem.value_or(false);
  add_limits(definition, override, spec);
  add_health_check(definition, spec);
  for (const auto& dependency : definition.depends_on.value_or(std::vector<ecs::ContainerDependency>{})) {
    spec.depends_on.push_back(
        {dependency.container_name.value_or(""), dependency.condition.value_or("START")});
  }
  spec.labels = definition.docker_labels.value_or(std::map<std::string, std::string>{});
  return spec;
}

std::map<std::string, std::string> task_labels(const TaskRow& task,
                                               const ecs::TaskDefinitionRow* definition) {
  std::map<std::string, std::string> labels{{"com.amazonaws.ecs.cluster", task.cluster},
                                            {"com.amazonaws.ecs.task-arn", task.arn}};
  if (definition) {
    labels["com.amazonaws.ecs.task-definition-family"] = definition->family;
    labels["com.amazonaws.ecs.task-definition-version"] = std::to_string(definition->revision);
  }
  return labels;
}

bool may_create_log_group(const ContainerDefinition& definition) {
  if (!definition.log_configuration || !definition.log_configuration->options) return false;
  const auto& options = *definition.log_configuration->options;
  const auto found = options.find("awslogs-create-group");
  return found != options.end() && found->second == "true";
}

bool misses_log_group(const Store& store, const ContainerRow& container) {
  return !container.log_group.empty() && !store.find<logs::LogGroupRow>(container.log_group);
}

Error log_group_problem() {
  return {"ResourceInitializationError",
          "failed to validate logger args: create stream has been retried 1 times: failed to create "
          "Cloudwatch log "
          "stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"};
}

const ContainerDefinition* find_container(const ecs::TaskDefinitionRow& definition, const std::string& name) {
  for (const auto& container : *definition.definition.container_definitions) {
    if (container.name == name) return &container;
  }
  return nullptr;
}

}  // namespace

PreparedTask prepare_task(const Store& store, const Settings& settings, const TaskRow& task,
                          double time_scale) {
  PreparedTask prepared;
  world::TaskSpec& spec = prepared.spec;
  spec.id = task.id;
  spec.cpu_vcpu = task.cpu_vcpu;
  spec.memory_mib = task.memory_mib;
  const auto subnet = ec2::find_subnet(store, task.subnet_id);
  spec.interface = {task.vpc_id, task.subnet_id, subnet ? subnet->cidr : "", task.address, task.mac_address,
                    ec2::resolver_address(store, task.vpc_id)};
  if (!subnet) {
    prepared.problem =
        Error{"ResourceInitializationError", "the subnet " + task.subnet_id + " does not exist"};
  }
  // RunTask has seen the roles, but they may have gone since.
  for (const auto& role : {task.role_arn, task.execution_role_arn}) {
    if (auto checked = ecs::check_task_role(store, role); !checked)
      prepared.problem = Error{"", checked.error().message};
  }
  const auto* definition = store.find<ecs::TaskDefinitionRow>(task.task_definition);
  spec.labels = task_labels(task, definition);
  if (!definition) {
    prepared.problem = Error{"ResourceInitializationError", "the task definition was deleted"};
    return prepared;
  }
  for (const auto& row : task.containers) {
    const auto* container = find_container(*definition, row.name);
    if (!container) continue;
    auto& out = spec.containers.emplace_back(container_spec(task, row, *container));
    out.image_digest = settled_digest(store, task, row.name);
    out.environment = default_environment(settings, time_scale);
    add(out.environment, container->environment);
    if (misses_log_group(store, row) && !may_create_log_group(*container))
      prepared.problem = log_group_problem();
    if (auto problem = add_secrets(store, settings, task, *container, out.environment))
      prepared.problem = std::move(problem);
    add(out.environment, override_of(task, row.name).environment);
    add_agent_variables(task, row, out.environment);
    out.labels.insert(spec.labels.begin(), spec.labels.end());
    out.labels["com.amazonaws.ecs.container-name"] = row.name;
  }
  return prepared;
}

std::vector<std::string> log_groups_to_create(const Store& store, const TaskRow& task) {
  std::vector<std::string> groups;
  const auto* definition = store.find<ecs::TaskDefinitionRow>(task.task_definition);
  for (const auto& row : task.containers) {
    const auto* container = definition ? find_container(*definition, row.name) : nullptr;
    if (container && may_create_log_group(*container) && misses_log_group(store, row)) {
      groups.push_back(row.log_group);
    }
  }
  return groups;
}

}  // namespace berth::reconcile
