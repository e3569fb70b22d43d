#include "services/ecs/service_checks.h"

#include <algorithm>
#include <set>

#include "services/ec2/networking.h"
#include "services/ecs/errors.h"
#include "services/ecs/names.h"
#include "services/elbv2/targets.h"
#include "services/lists.h"
#include "services/servicediscovery/rows.h"

namespace berth::ecs {

namespace {

constexpr std::size_t subnets_max = 16;
constexpr std::size_t security_groups_max = 5;
constexpr std::size_t load_balancers_max = 5;
constexpr std::int64_t maximum_percent_max = 10'000;

Result<> check_container_port(const LoadBalancer& balancer, const TaskDefinition& definition) {
  const std::string name = balancer.container_name.value_or("");
  const auto port = balancer.container_port.value_or(0);
  const auto& containers = *definition.container_definitions;
  const auto container =
      std::find_if(containers.begin(), containers.end(), [&](const auto& c) { return c.name == name; });
  if (container == containers.end()) {
    return invalid_parameter("The container " + name + " does not exist in the task definition.");
  }
  const auto mappings = container->port_mappings.value_or(std::vector<PortMapping>{});
  const bool mapped = std::any_of(mappings.begin(), mappings.end(), [&](const PortMapping& mapping) {
    return mapping.container_port == port && mapping.protocol.value_or("tcp") == "tcp";
  });
  if (!mapped) {
    return invalid_parameter("The container " + name + " did not have a container port " +
                             std::to_string(port) + " defined.");
  }
  return {};
}

Result<> check_target_group(const Store& store, const std::string& arn) {
  const auto* group = store.find<elbv2::TargetGroupRow>(arn);
  if (!group) {
    return invalid_parameter(
        "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service "
        "role "
        "being passed has the proper permissions.");
  }
  const std::string type = group->description.target_type.value_or("instance");
  if (type != "ip") {
    return invalid_parameter("The provided target group " + arn + " has target type " + type +
                             ", which is incompatible with the awsvpc network mode specified in the task "
                             "definition.");
  }
  if (!elbv2::has_load_balancer(store, arn)) {
    return invalid_parameter("The target group with targetGroupArn " + arn +
                             " does not have an associated load balancer.");
  }
  return {};
}

Result<> check_circuit_breaker(const DeploymentCircuitBreaker& breaker) {
  const auto& threshold = breaker.threshold_configuration;
  if (!threshold) return {};
  const std::string type = threshold->type.value_or("BOUNDED_PERCENT");
  if (type != "BOUNDED_PERCENT" && type != "UNBOUNDED_PERCENT" && type != "COUNT") {
    return invalid_parameter("The thresholdConfiguration type " + type + " is not valid.");
  }
  const auto value = threshold->value.value_or(50);
  if (value < 1 || (type != "COUNT" && value > 100)) {
    return invalid_parameter("The thresholdConfiguration value " + std::to_string(value) + " is not valid.");
  }
  return {};
}

Result<> check_strategy_members(const DeploymentConfiguration& wanted) {
  if (wanted.strategy.value_or("ROLLING") != "ROLLING") {
    return unsupported("the deployment strategy " + *wanted.strategy);
  }
  if (wanted.bake_time_in_minutes.value_or(0) != 0) return unsupported("bakeTimeInMinutes");
  if (wanted.lifecycle_hooks && !wanted.lifecycle_hooks->empty()) return unsupported("lifecycleHooks");
  if (wanted.linear_configuration) return unsupported("linearConfiguration");
  if (wanted.canary_configuration) return unsupported("canaryConfiguration");
  if (wanted.early_success_criteria && wanted.early_success_criteria->enable.value_or(false)) {
    return unsupported("earlySuccessCriteria");
  }
  if (wanted.alarms && (wanted.alarms->enable.value_or(false) ||
                        !wanted.alarms->alarm_names.value_or(std::vector<std::string>{}).empty())) {
    return unsupported("deployment alarms");
  }
  return {};
}

}  // namespace

Result<const TaskDefinitionRow*> usable_task_definition(const Context& context,
                                                        const std::optional<std::string>& reference) {
  if (!reference || reference->empty()) return invalid_parameter("TaskDefinition can not be blank.");
  const auto* row = find_task_definition(context.store, context.settings, *reference);
  if (!row) return client_error("TaskDefinition not found.");
  if (row->definition.status != "ACTIVE") return client_error("TaskDefinition is inactive");
  return row;
}

Result<> check_network(const Store& store, const std::optional<NetworkConfiguration>& network) {
  if (!network || !network->awsvpc_configuration) {
    return invalid_parameter(
        "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  const AwsVpcConfiguration& vpc = *network->awsvpc_configuration;
  const auto subnets = vpc.subnets.value_or(std::vector<std::string>{});
  if (subnets.empty()) return invalid_parameter("subnets can not be empty.");
  if (subnets.size() > subnets_max) return invalid_parameter("subnets can have at most 16 items.");
  std::set<std::string> vpcs;
  for (const auto& id : subnets) {
    const auto subnet = ec2::find_subnet(store, id);
    if (!subnet) {
      return invalid_parameter("Error retrieving subnet information for [" + id + "]: The subnet ID '" + id +
                               "' does not exist (ErrorCode: InvalidSubnetID.NotFound)");
    }
    vpcs.insert(subnet->vpc_id);
  }
  if (vpcs.size() > 1) return invalid_parameter("All subnets must belong to the same VPC.");
  const auto groups = vpc.security_groups.value_or(std::vector<std::string>{});
  if (groups.size() > security_groups_max)
    return invalid_parameter("securityGroups can have at most 5 items.");
  for (const auto& id : groups) {
    if (!ec2::security_group_exists(store, id)) {
      return invalid_parameter("Error retrieving security group information for [" + id +
                               "]: The security group '" + id +
                               "' does not exist (ErrorCode: "
                               "InvalidGroup.NotFound)");
    }
  }
  const std::string assign = vpc.assign_public_ip.value_or("DISABLED");
  if (assign != "ENABLED" && assign != "DISABLED") {
    return invalid_parameter("assignPublicIp must be one of [ENABLED, DISABLED].");
  }
  return {};
}

Result<> check_service_registries(const Store& store, const std::vector<ServiceRegistry>& registries,
                                  const TaskDefinition& definition) {
  if (registries.size() > 1) return invalid_parameter("service registries can have at most 1 items.");
  for (const auto& registry : registries) {
    const std::string arn = registry.registry_arn.value_or("");
    const auto* service = servicediscovery::find_service(store, arn);
    if (!service || service->arn != arn) return invalid_parameter("Service registry not found: " + arn);
    if (registry.container_name.has_value() != registry.container_port.has_value()) {
      return invalid_parameter("A service registry needs both containerName and containerPort, or neither.");
    }
    if (registry.port && registry.container_port) {
      return invalid_parameter("A service registry can have a port or a containerPort, but not both.");
    }
    const auto& containers = *definition.container_definitions;
    const bool known = !registry.container_name ||
                       std::any_of(containers.begin(), containers.end(), [&](const auto& container) {
                         return container.name == registry.container_name;
                       });
    if (!known) {
      return invalid_parameter("The container " + *registry.container_name +
                               " does not exist in the task definition.");
    }
    const auto& records = services::list_of(service->dns_config.dns_records);
    const bool needs_port = std::any_of(records.begin(), records.end(),
                                        [](const auto& record) { return record.type == "SRV"; });
    if (needs_port && !registry.port && !registry.container_port) {
      return invalid_parameter(
          "When the service registry has an SRV record, either a containerName and containerPort combination or a "
          "port value must be specified.");
    }
  }
  return {};
}

Result<> check_load_balancers(const Store& store, const std::vector<LoadBalancer>& load_balancers,
                              const TaskDefinition& definition) {
  if (load_balancers.size() > load_balancers_max) {
    return invalid_parameter("load balancers can have at most 5 items.");
  }
  for (const auto& balancer : load_balancers) {
    if (balancer.load_balancer_name && !balancer.load_balancer_name->empty()) {
      return unsupported("loadBalancerName: classic load balancers; name a targetGroupArn");
    }
    if (balancer.advanced_configuration) return unsupported("loadBalancers.advancedConfiguration");
    if (!balancer.target_group_arn || balancer.target_group_arn->empty()) {
      return invalid_parameter("loadBalancerName and targetGroupArn cannot both be empty.");
    }
    if (auto checked = check_container_port(balancer, definition); !checked) return checked;
    if (auto checked = check_target_group(store, *balancer.target_group_arn); !checked) return checked;
  }
  return {};
}

DeploymentConfiguration default_configuration() {
  DeploymentConfiguration configuration;
  DeploymentCircuitBreaker& breaker = configuration.deployment_circuit_breaker.emplace();
  breaker.enable = false;
  breaker.rollback = false;
  breaker.reset_on_healthy_task = true;
  breaker.threshold_configuration = ThresholdConfiguration{.type = "BOUNDED_PERCENT", .value = 50};
  configuration.maximum_percent = 200;
  configuration.minimum_healthy_percent = 100;
  configuration.strategy = "ROLLING";
  configuration.bake_time_in_minutes = 0;
  return configuration;
}

Result<DeploymentConfiguration> completed_configuration(const std::optional<DeploymentConfiguration>& wanted,
                                                        DeploymentConfiguration current) {
  if (!wanted) return current;
  if (auto checked = check_strategy_members(*wanted); !checked) return checked.error();
  if (const auto& breaker = wanted->deployment_circuit_breaker) {
    if (auto checked = check_circuit_breaker(*breaker); !checked) return checked.error();
    auto& kept = *current.deployment_circuit_breaker;
    if (breaker->enable) kept.enable = breaker->enable;
    if (breaker->rollback) kept.rollback = breaker->rollback;
    if (breaker->reset_on_healthy_task) kept.reset_on_healthy_task = breaker->reset_on_healthy_task;
    if (const auto& threshold = breaker->threshold_configuration) {
      if (threshold->type) kept.threshold_configuration->type = threshold->type;
      if (threshold->value) kept.threshold_configuration->value = threshold->value;
    }
  }
  if (wanted->maximum_percent) current.maximum_percent = wanted->maximum_percent;
  if (wanted->minimum_healthy_percent) current.minimum_healthy_percent = wanted->minimum_healthy_percent;
  const auto minimum = *current.minimum_healthy_percent, maximum = *current.maximum_percent;
  if (minimum < 0 || minimum > 100) {
    return invalid_parameter("minimumHealthyPercent must be between 0 and 100.");
  }
  if (maximum < 100 || maximum > maximum_percent_max) {
    return invalid_parameter("maximumPercent must be between 100 and " + std::to_string(maximum_percent_max) +
                             ".");
  }
  if (minimum == 100 && maximum == 100) {
    return invalid_parameter(
        "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.");
  }
  return current;
}

Result<Launch> launch_of(const ClusterRow& cluster, const std::optional<std::string>& launch_type,
                         const std::optional<std::vector<CapacityProviderStrategyItem>>& strategy) {
  const bool has_strategy = strategy && !strategy->empty();
  if (launch_type && has_strategy) {
    return invalid_parameter(
        "Specifying both a launch type and capacity provider strategy is not supported. "
        "Remove one and try again.");
  }
  if (launch_type) {
    if (*launch_type != "FARGATE") return unsupported("the launch type " + *launch_type);
    return Launch{"FARGATE", {}};
  }
  const auto& items = has_strategy ? *strategy : cluster.default_capacity_provider_strategy;
  if (items.empty())
    return unsupported("the launch type EC2, which AWS takes when none is named; name FARGATE");
  int with_base = 0;
  std::int64_t weights = 0;
  for (const auto& item : items) {
    const std::string provider = item.capacity_provider.value_or("");
    if (provider != "FARGATE" && provider != "FARGATE_SPOT") {
      return invalid_parameter("The specified capacity provider '" + provider + "' was not found.");
    }
    if (item.base.value_or(0) > 0) ++with_base;
    weights += item.weight.value_or(0);
  }
  if (with_base > 1) {
    return invalid_parameter(
        "Only one capacity provider in a capacity provider strategy can have a base defined.");
  }
  if (weights == 0 && with_base == 0 && items.size() > 1) {
    return invalid_parameter("At least one capacity provider must have a weight greater than 0.");
  }
  return Launch{"", items};
}

Result<> check_platform_version(const std::optional<std::string>& version) {
  if (!version || *version == "LATEST" || *version == "1.4.0") return {};
  return Error{"PlatformUnknownException", "The specified platform version does not exist."};
}

template <class Request>
Result<> check_unsupported_members(const Request& request) {
  const auto any = [](const auto& list) { return list && !list->empty(); };
  if (any(request.placement_constraints)) {
    return invalid_parameter("Placement constraints are not supported with FARGATE launch type.");
  }
  if (any(request.placement_strategy)) {
    return invalid_parameter("Placement strategies are not supported with FARGATE launch type.");
  }
  if (request.service_connect_configuration &&
      request.service_connect_configuration->enabled.value_or(false)) {
    return unsupported("serviceConnectConfiguration");
  }
  if (any(request.volume_configurations)) return unsupported("volumeConfigurations");
  if (any(request.vpc_lattice_configurations)) return unsupported("vpcLatticeConfigurations");
  if (any(request.gateway_connectors)) return unsupported("gatewayConnectors");
  if (request.enable_execute_command.value_or(false)) return unsupported("enableExecuteCommand");
  if (request.deployment_controller && request.deployment_controller->type.value_or("ECS") != "ECS") {
    return unsupported("the deployment controller " + *request.deployment_controller->type);
  }
  return {};
}

template Result<> check_unsupported_members(const CreateServiceRequest& request);
template Result<> check_unsupported_members(const UpdateServiceRequest& request);

}  // namespace berth::ecs
