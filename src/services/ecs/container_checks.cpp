#include "services/ecs/container_checks.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/arn.h"
#include "base/text.h"
#include "services/ecs/errors.h"

namespace berth::ecs {

namespace {

// Members that are refused when they are present with any content.
Result<> check_unsupported(const ContainerDefinition& container) {
  const auto any = [](const auto& list) { return list && !list->empty(); };
  const std::pair<bool, const char*> refused[] = {
      {container.repository_credentials.has_value(), "repositoryCredentials"},
      {any(container.environment_files), "environmentFiles"},
      {any(container.mount_points), "mountPoints"},
      {any(container.volumes_from), "volumesFrom"},
      {container.linux_parameters.has_value(), "linuxParameters"},
      {container.restart_policy && container.restart_policy->enabled.value_or(false), "restartPolicy"},
      {container.disable_networking.value_or(false), "disableNetworking"},
      {any(container.docker_security_options), "dockerSecurityOptions"},
      {container.interactive.value_or(false), "interactive"},
      {container.pseudo_terminal.value_or(false), "pseudoTerminal"},
      {any(container.system_controls), "systemControls"},
      {any(container.resource_requirements), "resourceRequirements"},
      {container.firelens_configuration.has_value(), "firelensConfiguration"},
      {any(container.credential_specs), "credentialSpecs"},
  };
  for (const auto& [present, name] : refused) {
    if (present) return unsupported(std::string("containerDefinitions.") + name);
  }
  return {};
}

// Members that AWS itself refuses on Fargate with awsvpc.
Result<> check_not_on_fargate(const ContainerDefinition& container) {
  const auto any = [](const auto& list) { return list && !list->empty(); };
  if (container.privileged.value_or(false)) {
    return client_error("Fargate compatible task definitions do not support privileged containers.");
  }
  if (any(container.links)) return client_error("Links are not supported when networkMode=awsvpc.");
  if (container.hostname && !container.hostname->empty()) {
    return client_error("Hostname is not supported on container when networkMode=awsvpc.");
  }
  if (any(container.extra_hosts)) {
    return client_error("Extra hosts are not supported when networkMode=awsvpc.");
  }
  if (any(container.dns_servers)) {
    return client_error("DNS servers are not supported on container when networkMode=awsvpc.");
  }
  if (any(container.dns_search_domains)) {
    return client_error("DNS search domains are not supported on container when networkMode=awsvpc.");
  }
  return {};
}

Result<> check_identity(const ContainerDefinition& container) {
  const std::string name = container.name.value_or("");
  if (name.empty()) return client_error("Container.name should not be null or empty.");
  if (name.size() > 255) return client_error("Container.name must not be longer than 255 characters.");
  if (!is_ecs_name(name)) return client_error("Container.name contains invalid characters.");
  const std::string image = container.image.value_or("");
  if (image.empty()) return client_error("Container.image should not be null or empty.");
  if (image.find_first_of(" \t\r\n'\"`$;|&<>\\") != std::string::npos || image.starts_with('-')) {
    return client_error("Container.image contains invalid characters.");
  }
  return {};
}

Result<> check_ports(const ContainerDefinition& container) {
  if (!container.port_mappings) return {};
  for (const auto& mapping : *container.port_mappings) {
    if (mapping.container_port_range) return unsupported("portMappings.containerPortRange");
    const auto port = mapping.container_port.value_or(0);
    if (port < 1 || port > 65535) {
      return client_error("Container.portMappings[].containerPort must be between 1 and 65535.");
    }
    if (mapping.host_port.value_or(0) != 0 && mapping.host_port != port) {
      return client_error(
          "When networkMode=awsvpc, the host ports and container ports in port mappings must match.");
    }
    const std::string protocol = mapping.protocol.value_or("tcp");
    if (protocol != "tcp" && protocol != "udp") {
      return client_error("Container.portMappings[].protocol must be one of [tcp, udp]");
    }
  }
  return {};
}

Result<> check_timeouts(const ContainerDefinition& container) {
  if (const auto& seconds = container.stop_timeout; seconds && (*seconds < 0 || *seconds > 120)) {
    return client_error("The stopTimeout of container '" + *container.name +
                        "' must be between 0 and 120 seconds on Fargate.");
  }
  if (const auto& seconds = container.start_timeout; seconds && (*seconds < 2 || *seconds > 120)) {
    return client_error("The startTimeout of container '" + *container.name +
                        "' must be between 2 and 120 seconds on Fargate.");
  }
  return {};
}

bool outside(const std::optional<std::int64_t>& value, std::int64_t low, std::int64_t high) {
  return value && (*value < low || *value > high);
}

Result<> check_health_check(const ContainerDefinition& container) {
  const auto& check = container.health_check;
  if (!check) return {};
  const std::string named = "Invalid setting for container '" + *container.name + "'. ";
  if (!check->command || check->command->empty()) {
    return client_error(named + "The health check command must not be empty.");
  }
  const std::string& first = check->command->front();
  if (first != "CMD" && first != "CMD-SHELL" && first != "NONE") {
    return client_error(named + "The health check command must start with CMD, CMD-SHELL or NONE.");
  }
  if (outside(check->interval, 5, 300)) {
    return client_error(named + "The health check interval must be between 5 and 300 seconds.");
  }
  if (outside(check->timeout, 2, 60)) {
    return client_error(named + "The health check timeout must be between 2 and 60 seconds.");
  }
  if (outside(check->retries, 1, 10)) {
    return client_error(named + "The number of health check retries must be between 1 and 10.");
  }
  if (outside(check->start_period, 0, 300)) {
    return client_error(named + "The health check start period must be between 0 and 300 seconds.");
  }
  return {};
}

Result<> check_secrets(const ContainerDefinition& container,
                       const std::optional<std::string>& execution_role) {
  if (!container.secrets || container.secrets->empty()) return {};
  if (!execution_role) {
    return client_error(
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.");
  }
  std::set<std::string> names;
  for (const auto& variable : container.environment.value_or(std::vector<KeyValuePair>{})) {
    names.insert(variable.name.value_or(""));
  }
  for (const auto& secret : *container.secrets) {
    if (!secret.name || secret.name->empty() || !secret.value_from || secret.value_from->empty()) {
      return client_error("The Secrets of container '" + *container.name + "' need a name and a valueFrom.");
    }
    if (!names.insert(*secret.name).second) {
      return client_error(
          "The secret name must be unique and not shared with any new or existing environment "
          "variables set on the container, such as '" +
          *secret.name + "'.");
    }
    const auto arn = parse_arn(*secret.value_from);
    if (arn && arn->service != "ssm") return unsupported("secrets from " + arn->service);
  }
  return {};
}

Result<> check_logging(const ContainerDefinition& container,
                       const std::optional<std::string>& execution_role) {
  const auto& log = container.log_configuration;
  if (!log) return {};
  const std::string driver = log->log_driver.value_or("");
  if (driver != "awslogs" && driver != "splunk" && driver != "awsfirelens") {
    return client_error(driver + " is not a valid log driver. Must be one of [awslogs,splunk,awsfirelens]");
  }
  if (driver != "awslogs") return unsupported("the log driver " + driver);
  if (log->secret_options && !log->secret_options->empty())
    return unsupported("logConfiguration.secretOptions");
  const auto options = log->options.value_or(std::map<std::string, std::string>{});
  std::vector<std::string> missing;
  for (const char* name : {"awslogs-region", "awslogs-group"}) {
    const auto found = options.find(name);
    if (found == options.end() || found->second.empty()) missing.push_back(name);
  }
  if (!missing.empty()) return client_error("Log driver awslogs requires options: " + join(missing, ", "));
  if (!options.contains("awslogs-stream-prefix")) {
    return client_error("Log driver awslogs requires option awslogs-stream-prefix on Fargate.");
  }
  static const std::set<std::string> known{"awslogs-region",       "awslogs-group", "awslogs-stream-prefix",
                                           "awslogs-create-group", "mode",          "max-buffer-size"};
  for (const auto& [name, value] : options) {
    if (!known.contains(name)) return unsupported("the awslogs option " + name);
  }
  if (!execution_role) {
    return client_error(
        "Fargate requires task definition to have execution role ARN to support log driver awslogs.");
  }
  return {};
}

Result<> check_dependencies(const std::vector<ContainerDefinition>& containers) {
  std::map<std::string, const ContainerDefinition*> by_name;
  for (const auto& container : containers) by_name[*container.name] = &container;
  static const std::set<std::string> conditions{"START", "COMPLETE", "SUCCESS", "HEALTHY"};
  for (const auto& container : containers) {
    for (const auto& dependency : container.depends_on.value_or(std::vector<ContainerDependency>{})) {
      const auto found = by_name.find(dependency.container_name.value_or(""));
      if (found == by_name.end() || found->second == &container) {
        return client_error("Invalid dependsOn setting for container '" + *container.name +
                            "': it names no other container of the task.");
      }
      const std::string condition = dependency.condition.value_or("");
      if (!conditions.contains(condition)) {
        return client_error("Invalid dependsOn condition for container '" + *container.name + "'.");
      }
      const ContainerDefinition& other = *found->second;
      if (condition == "HEALTHY" && !other.health_check) {
        return client_error("The dependsOn condition HEALTHY needs a healthCheck of container '" +
                            *other.name + "'.");
      }
      if ((condition == "COMPLETE" || condition == "SUCCESS") && other.essential.value_or(true)) {
        return client_error("The dependsOn condition " + condition + " can't name the essential container '" +
                            *other.name + "'.");
      }
    }
  }
  return {};
}

// Removes containers whose dependencies are all removed until none is left; what stays is in a circle.
Result<> check_no_circle(const std::vector<ContainerDefinition>& containers) {
  std::set<std::string> done;
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& container : containers) {
      const auto dependencies = container.depends_on.value_or(std::vector<ContainerDependency>{});
      const bool free = std::all_of(dependencies.begin(), dependencies.end(), [&](const auto& dependency) {
        return done.contains(dependency.container_name.value_or(""));
      });
      if (free && done.insert(*container.name).second) moved = true;
    }
  }
  if (done.size() == containers.size()) return {};
  return client_error("The dependsOn settings of the containers form a circle.");
}

}  // namespace

bool is_ecs_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<> check_container(const ContainerDefinition& container,
                         const std::optional<std::string>& execution_role, TaskSize size) {
  if (auto checked = check_identity(container); !checked) return checked;
  if (auto checked = check_not_on_fargate(container); !checked) return checked;
  if (auto checked = check_unsupported(container); !checked) return checked;
  if (auto checked = check_ports(container); !checked) return checked;
  if (auto checked = check_sizes(container, size); !checked) return checked;
  if (auto checked = check_timeouts(container); !checked) return checked;
  if (auto checked = check_health_check(container); !checked) return checked;
  if (auto checked = check_secrets(container, execution_role); !checked) return checked;
  if (auto checked = check_logging(container, execution_role); !checked) return checked;
  const std::string image = *container.image;
  const bool in_ecr = image.find(".dkr.ecr.") != std::string::npos;
  if (in_ecr && !execution_role) {
    return client_error("Fargate requires task definition to have execution role ARN to support ECR images.");
  }
  return {};
}

Result<> check_sizes(const ContainerDefinition& container, TaskSize size) {
  const std::string named = "Invalid setting for container '" + *container.name + "'. ";
  const auto memory = container.memory.value_or(0);
  const auto reservation = container.memory_reservation.value_or(0);
  if (container.cpu.value_or(0) < 0 || memory < 0 || reservation < 0) {
    return client_error(named + "'cpu', 'memory' and 'memoryReservation' must not be negative.");
  }
  if (container.memory && memory < 6) {
    return client_error(named + "'memory' must be at least 6 MiB.");
  }
  if (memory > 0 && reservation > memory) {
    return client_error(named + "'memory' must be greater than or equal to 'memoryReservation'.");
  }
  if (memory > size.memory_mib) {
    return client_error("The 'memory' setting for container '" + *container.name +
                        "' is greater than for the task.");
  }
  return {};
}

Result<> check_containers_together(const std::vector<ContainerDefinition>& containers, TaskSize size) {
  std::set<std::string> names;
  std::set<std::pair<std::int64_t, std::string>> ports;
  std::int64_t cpu_units = 0, memory_mib = 0;
  bool essential = false;
  for (const auto& container : containers) {
    if (!names.insert(*container.name).second) {
      return client_error("Container.name must be unique: '" + *container.name + "' is used twice.");
    }
    for (const auto& mapping : container.port_mappings.value_or(std::vector<PortMapping>{})) {
      if (!ports.emplace(mapping.container_port.value_or(0), mapping.protocol.value_or("tcp")).second) {
        return client_error("Host port " + std::to_string(mapping.container_port.value_or(0)) +
                            " is used by more than one container.");
      }
    }
    cpu_units += container.cpu.value_or(0);
    memory_mib += container.memory_reservation.value_or(container.memory.value_or(0));
    essential = essential || container.essential.value_or(true);
  }
  if (!essential) return client_error("A task definition must have at least one essential container.");
  if (cpu_units > size.cpu_units) {
    return client_error("Total cpu of containers (" + std::to_string(cpu_units) +
                        ") should not exceed cpu of the task (" + std::to_string(size.cpu_units) + ").");
  }
  if (memory_mib > size.memory_mib) {
    return client_error("Total memory of containers (" + std::to_string(memory_mib) +
                        ") should not exceed memory of the task (" + std::to_string(size.memory_mib) + ").");
  }
  if (auto checked = check_dependencies(containers); !checked) return checked;
  return check_no_circle(containers);
}

}  // namespace berth::ecs
