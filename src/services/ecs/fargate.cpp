#include "services/ecs/fargate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/arn.h"
#include "base/text.h"
#include "services/ecs/container_checks.h"
#include "services/ecs/errors.h"

namespace berth::ecs {

namespace {

struct FargateSize {
  int cpu_units;
  int memory_min_mib;
  int memory_max_mib;
  int memory_step_mib;
};

constexpr FargateSize fargate_sizes[] = {
    {512, 1024, 4096, 1024},   {1024, 2048, 8192, 1024},   {2048, 4096, 16384, 1024},
    {4096, 8192, 30720, 1024}, {8192, 16384, 61440, 4096}, {16384, 32768, 122880, 8192},
};

bool is_fargate_size(TaskSize size) {
  if (size.cpu_units == 256) {
    return size.memory_mib == 512 || size.memory_mib == 1024 || size.memory_mib == 2048;
  }
  return std::any_of(std::begin(fargate_sizes), std::end(fargate_sizes), [&](const FargateSize& row) {
    return row.cpu_units == size.cpu_units && size.memory_mib >= row.memory_min_mib &&
           size.memory_mib <= row.memory_max_mib &&
           (size.memory_mib - row.memory_min_mib) % row.memory_step_mib == 0;
  });
}

// A number with a unit, as a multiple of 1024; a bare number as it is.
std::optional<int> parse_size(const std::string& text, std::string_view unit) {
  std::string_view rest = trim(text);
  double factor = 1;
  if (rest.size() > unit.size() && equal_ignoring_case(rest.substr(rest.size() - unit.size()), unit)) {
    rest = trim(rest.substr(0, rest.size() - unit.size()));
    factor = 1024;
  }
  const auto number = parse_number(rest.starts_with('.') ? "0" + std::string(rest) : std::string(rest));
  if (!number || *number <= 0 || *number * factor > 1e9) return std::nullopt;
  const double value = *number * factor;
  if (value != std::floor(value)) return std::nullopt;
  return static_cast<int>(value);
}

Result<> check_family(const std::string& family) {
  if (family.empty()) return client_error("Family should not be null or empty.");
  if (family.size() > 255) return client_error("Family must not be longer than 255 characters.");
  if (!is_ecs_name(family)) return client_error("Family contains invalid characters.");
  return {};
}

Result<> check_role_arn(const std::optional<std::string>& role) {
  if (!role || role->empty()) return {};
  const auto arn = parse_arn(*role);
  if (!arn || arn->service != "iam" || !arn->resource.starts_with("role/")) {
    return client_error("Role is not valid");
  }
  return {};
}

Result<> check_unsupported(const RegisterTaskDefinitionRequest& request) {
  const auto any = [](const auto& list) { return list && !list->empty(); };
  if (any(request.volumes)) return unsupported("volumes");
  if (any(request.placement_constraints)) {
    return client_error("Placement constraints are not supported for Fargate compatible task definitions.");
  }
  if (any(request.inference_accelerators)) return unsupported("inferenceAccelerators");
  if (request.proxy_configuration) return unsupported("proxyConfiguration");
  if (request.ephemeral_storage) return unsupported("ephemeralStorage");
  if (request.pid_mode) return unsupported("pidMode");
  if (request.ipc_mode) return unsupported("ipcMode");
  if (request.enable_fault_injection.value_or(false)) return unsupported("enableFaultInjection");
  if (const auto& platform = request.runtime_platform) {
    if (platform->operating_system_family.value_or("LINUX") != "LINUX") {
      return unsupported("runtimePlatform.operatingSystemFamily " + *platform->operating_system_family);
    }
    if (platform->cpu_architecture.value_or("X86_64") != "X86_64") {
      return unsupported("runtimePlatform.cpuArchitecture " + *platform->cpu_architecture);
    }
  }
  return {};
}

Result<> check_compatibilities(const RegisterTaskDefinitionRequest& request) {
  const auto& compatibilities = request.requires_compatibilities;
  if (!compatibilities || compatibilities->empty()) return {};
  static const std::set<std::string> known{"EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"};
  for (const auto& name : *compatibilities) {
    if (!known.contains(name)) return client_error("requiresCompatibilities: " + name + " is not valid");
  }
  if (std::find(compatibilities->begin(), compatibilities->end(), "FARGATE") == compatibilities->end()) {
    return unsupported("task definitions without FARGATE in requiresCompatibilities");
  }
  return {};
}

Result<> check_containers(const RegisterTaskDefinitionRequest& request, TaskSize size) {
  const auto& containers = request.container_definitions;
  if (!containers || containers->empty()) {
    return client_error("Container list cannot be empty.");
  }
  if (containers->size() > 10) {
    return client_error("Too many containers specified: the limit is 10 containers per task definition.");
  }
  for (const auto& container : *containers) {
    if (auto checked = check_container(container, request.execution_role_arn, size); !checked) return checked;
  }
  return check_containers_together(*containers, size);
}

}  // namespace

std::optional<int> parse_cpu_units(const std::string& text) {
  return parse_size(text, "vcpu");
}
std::optional<int> parse_memory_mib(const std::string& text) {
  return parse_size(text, "gb");
}

Result<TaskSize> check_task_size(const std::optional<std::string>& cpu,
                                 const std::optional<std::string>& memory) {
  if (!cpu || cpu->empty()) return client_error("Fargate requires that 'cpu' be defined at the task level.");
  if (!memory || memory->empty()) {
    return client_error("Fargate requires that 'memory' be defined at the task level.");
  }
  const auto units = parse_cpu_units(*cpu);
  if (!units) return client_error("Invalid 'cpu' setting for task.");
  const auto mib = parse_memory_mib(*memory);
  if (!mib) return client_error("Invalid 'memory' setting for task.");
  const TaskSize size{*units, *mib};
  if (!is_fargate_size(size)) return client_error("No Fargate configuration exists for given values.");
  return size;
}

Result<> check_task_definition(const RegisterTaskDefinitionRequest& request, TaskSize size) {
  if (auto checked = check_family(request.family.value_or("")); !checked) return checked;
  if (auto checked = check_compatibilities(request); !checked) return checked;
  if (request.network_mode.value_or("") != "awsvpc") {
    return client_error("Fargate only supports network mode ‘awsvpc’.");
  }
  if (auto checked = check_role_arn(request.task_role_arn); !checked) return checked;
  if (auto checked = check_role_arn(request.execution_role_arn); !checked) return checked;
  if (auto checked = check_unsupported(request); !checked) return checked;
  return check_containers(request, size);
}

ContainerDefinition completed(ContainerDefinition container) {
  const auto fill = [](auto& member) {
    if (!member) member.emplace();
  };
  if (!container.cpu) container.cpu = 0;
  if (!container.essential) container.essential = true;
  fill(container.port_mappings);
  fill(container.environment);
  fill(container.mount_points);
  fill(container.volumes_from);
  fill(container.system_controls);
  for (auto& port : *container.port_mappings) {
    if (!port.host_port || *port.host_port == 0) port.host_port = port.container_port;
    if (!port.protocol) port.protocol = "tcp";
  }
  if (auto& check = container.health_check) {
    if (!check->interval) check->interval = 30;
    if (!check->timeout) check->timeout = 5;
    if (!check->retries) check->retries = 3;
  }
  return container;
}

std::vector<Attribute> required_attributes(const RegisterTaskDefinitionRequest& request) {
  std::set<std::string> names{"com.amazonaws.ecs.capability.docker-remote-api.1.18",
                              "ecs.capability.task-eni"};
  if (request.task_role_arn) names.insert("com.amazonaws.ecs.capability.task-iam-role");
  for (const auto& container : *request.container_definitions) {
    if (container.log_configuration) {
      names.insert("com.amazonaws.ecs.capability.logging-driver.awslogs");
      names.insert("com.amazonaws.ecs.capability.docker-remote-api.1.19");
      names.insert("ecs.capability.execution-role-awslogs");
    }
    if (container.secrets && !container.secrets->empty())
      names.insert("ecs.capability.secrets.ssm.environment-variables");
    if (container.health_check) names.insert("ecs.capability.container-health-check");
    if (container.depends_on && !container.depends_on->empty())
      names.insert("ecs.capability.container-ordering");
  }
  std::vector<Attribute> attributes;
  for (const auto& name : names) attributes.emplace_back().name = name;
  return attributes;
}

}  // namespace berth::ecs
