// Services: create, update and delete. What is wanted is written here; the scheduler makes it true.
#include <algorithm>

#include "base/log.h"
#include "handlers/ecs.h"
#include "model/json_codec.h"
#include "services/autoscaling/rows.h"
#include "services/ecs/container_checks.h"
#include "services/ecs/deployments.h"
#include "services/ecs/errors.h"
#include "services/ecs/monitoring.h"
#include "services/ecs/names.h"
#include "services/ecs/rows.h"
#include "services/ecs/service_checks.h"
#include "services/ecs/service_events.h"
#include "services/ecs/service_view.h"
#include "services/ecs/tagging.h"
#include "services/iam/service_linked_roles.h"

namespace berth::ecs {

namespace {

constexpr std::int64_t desired_count_max = 5000;  // AWS's quota of tasks per service

Result<> check_desired_count(const std::optional<std::int64_t>& count) {
  if (!count) return invalid_parameter("DesiredCount is required for the REPLICA scheduling strategy.");
  if (*count < 0) return invalid_parameter("desiredCount must not be negative.");
  if (*count > desired_count_max) {
    return invalid_parameter("desiredCount must be at most " + std::to_string(desired_count_max) + ".");
  }
  return {};
}

Result<> check_grace_period(const std::optional<std::int64_t>& seconds, bool has_load_balancer) {
  if (!seconds || *seconds == 0) return {};
  if (*seconds < 0 || *seconds > 2'147'483'647) {
    return invalid_parameter("healthCheckGracePeriodSeconds must be between 0 and 2147483647.");
  }
  if (!has_load_balancer) {
    return invalid_parameter(
        "Health check grace period is only valid for services configured to use load balancers");
  }
  return {};
}

Result<> check_propagation(const std::optional<std::string>& propagate) {
  const std::string value = propagate.value_or("NONE");
  if (value == "NONE" || value == "SERVICE" || value == "TASK_DEFINITION") return {};
  return invalid_parameter("propagateTags must be one of [NONE, SERVICE, TASK_DEFINITION].");
}

Result<> check_name_and_strategy(const CreateServiceRequest& input) {
  const std::string name = input.service_name.value_or("");
  if (name.empty() || name.size() > 255 || !is_ecs_name(name)) {
    return invalid_parameter(
        "The service name is invalid: up to 255 letters, numbers, underscores and hyphens are allowed.");
  }
  if (input.scheduling_strategy.value_or("REPLICA") != "REPLICA") {
    return unsupported("the scheduling strategy " + *input.scheduling_strategy);
  }
  if (input.role && !input.role->empty()) {
    return invalid_parameter(
        "You cannot specify an IAM role for services that require a service linked role.");
  }
  if (input.client_token && input.client_token->size() > 36) {
    return invalid_parameter("clientToken can have at most 36 characters.");
  }
  return {};
}

std::string service_linked_role(const Settings& settings) {
  return settings.global_arn("iam", "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
}

// An equal request with the same token answers what there is; another service of that name is an error.
Result<const ServiceRow*> existing_service(const Context& context, const std::string& key,
                                           const CreateServiceRequest& input) {
  const auto* service = context.store.find<ServiceRow>(key);
  if (!service || service->status == "INACTIVE") return nullptr;
  if (service->status == "DRAINING") {
    return invalid_parameter("Unable to Start a service that is still Draining.");
  }
  if (input.client_token && !input.client_token->empty() && service->client_token == *input.client_token) {
    return service;
  }
  return invalid_parameter("Creation of service was not idempotent.");
}

std::string default_rebalancing(const DeploymentConfiguration& configuration) {
  return *configuration.maximum_percent > 100 ? "ENABLED" : "DISABLED";
}

Result<std::string> rebalancing_of(const std::optional<std::string>& wanted, std::string otherwise,
                                   const DeploymentConfiguration& configuration) {
  if (!wanted) return otherwise;
  if (*wanted != "ENABLED" && *wanted != "DISABLED") {
    return invalid_parameter("availabilityZoneRebalancing must be one of [ENABLED, DISABLED].");
  }
  if (*wanted == "ENABLED" && *configuration.maximum_percent <= 100) {
    return invalid_parameter("Availability Zone rebalancing needs a maximumPercent greater than 100.");
  }
  return *wanted;
}

Result<ServiceRow> make_service(Context& context, const CreateServiceRequest& input,
                                const ClusterRow& cluster) {
  const auto definition = usable_task_definition(context, input.task_definition);
  if (!definition) return definition.error();
  const auto launch = launch_of(cluster, input.launch_type, input.capacity_provider_strategy);
  if (!launch) return launch.error();
  const auto balancers = input.load_balancers.value_or(std::vector<LoadBalancer>{});
  if (auto checked = check_platform_version(input.platform_version); !checked) return checked.error();
  if (auto checked = check_network(context.store, input.network_configuration); !checked)
    return checked.error();
  if (auto checked = check_load_balancers(context.store, balancers, (*definition)->definition); !checked) {
    return checked.error();
  }
  const auto registries = input.service_registries.value_or(std::vector<ServiceRegistry>{});
  if (auto checked = check_service_registries(context.store, registries, (*definition)->definition); !checked) {
    return checked.error();
  }
  if (auto checked = check_grace_period(input.health_check_grace_period_seconds, !balancers.empty());
      !checked) {
    return checked.error();
  }
  if (auto checked = check_monitoring(input.monitoring); !checked) return checked.error();
  auto configuration = completed_configuration(input.deployment_configuration, default_configuration());
  if (!configuration) return configuration.error();
  const auto rebalancing = rebalancing_of(input.availability_zone_rebalancing,
                                          default_rebalancing(*configuration), *configuration);
  if (!rebalancing) return rebalancing.error();

  ServiceRow row;
  row.cluster = cluster.name;
  row.name = *input.service_name;
  row.arn = service_arn(context.settings, row.cluster, row.name);
  row.desired_count = static_cast<int>(*input.desired_count);
  row.task_definition = (*definition)->arn;
  row.launch_type = launch->launch_type;
  row.capacity_provider_strategy = launch->strategy;
  row.platform_version = input.platform_version.value_or("LATEST");
  row.propagate_tags = input.propagate_tags.value_or("NONE");
  row.enable_ecs_managed_tags = input.enable_ecs_managed_tags.value_or(false);
  row.availability_zone_rebalancing = *rebalancing;
  row.health_check_grace_period_s = static_cast<int>(input.health_check_grace_period_seconds.value_or(0));
  row.load_balancers = balancers;
  row.service_registries = registries;
  row.network_configuration = *input.network_configuration;
  if (!row.network_configuration.awsvpc_configuration->assign_public_ip) {
    row.network_configuration.awsvpc_configuration->assign_public_ip = "DISABLED";
  }
  if (input.monitoring) row.monitoring = *input.monitoring;
  row.deployment_configuration = std::move(*configuration);
  row.deployment_controller.type = "ECS";
  if (input.tags) row.tags = *input.tags;
  if (!balancers.empty()) row.role_arn = service_linked_role(context.settings);
  row.created_by = context.principal.arn;
  row.client_token = input.client_token.value_or("");
  row.created_at = context.now();
  return row;
}

// Says it in the log and among the service's events, where people look when tasks do not come.
void warn_of_host_limits(Context& context, ServiceRow& service) {
  const auto* definition = context.store.find<TaskDefinitionRow>(service.task_definition);
  if (!definition) return;
  const auto* target = context.store.find<autoscaling::ScalableTargetRow>("service/" + service.key());
  const int tasks = std::max(service.desired_count, target ? target->max_capacity : 0);
  const auto warning = host_warning(context.settings, definition->definition, tasks);
  if (!warning) return;
  log::warn("service {}: {}", service.key(), *warning);
  if (!context.settings.strict_aws) {
    add_event_once(service, context.ids(), context.now(), "(service " + service.name + ") " + *warning);
  }
}

Result<ServiceRow*> editable_service(Context& context, const std::optional<std::string>& cluster,
                                     const std::optional<std::string>& reference) {
  const auto found = find_cluster(context.store, cluster);
  if (!found) return found.error();
  const auto key = service_key((*found)->name, reference.value_or(""));
  if (!key) return key.error();
  const auto* service = context.store.find<ServiceRow>(*key);
  if (!service) return service_not_found();
  if (service->status != "ACTIVE") return service_not_active();
  return context.store.edit<ServiceRow>(*key);
}

template <class T>
std::string text_of(const std::vector<T>& list) {
  std::string text;
  for (const T& item : list) text += model::to_json_text(item) + "\n";
  return text;
}

// What a deployment is made of, as text: a new deployment follows from its change.
std::string deployed_shape(const ServiceRow& service) {
  return service.task_definition + "\n" + service.platform_version + "\n" + service.launch_type + "\n" +
         model::to_json_text(service.network_configuration) + "\n" + model::to_json_text(service.monitoring) +
         "\n" + text_of(service.load_balancers) + text_of(service.service_registries) +
         text_of(service.capacity_provider_strategy);
}

Result<> update_deployed_shape(Context& context, const UpdateServiceRequest& input, ServiceRow& service) {
  if (input.task_definition && !input.task_definition->empty()) {
    const auto definition = usable_task_definition(context, input.task_definition);
    if (!definition) return definition.error();
    service.task_definition = (*definition)->arn;
  }
  if (input.network_configuration) {
    if (auto checked = check_network(context.store, input.network_configuration); !checked) return checked;
    service.network_configuration = *input.network_configuration;
    auto& assign = service.network_configuration.awsvpc_configuration->assign_public_ip;
    if (!assign) assign = "DISABLED";
  }
  if (input.load_balancers) service.load_balancers = *input.load_balancers;
  if (input.service_registries) service.service_registries = *input.service_registries;
  if (input.service_registries || input.task_definition) {
    const auto* definition = context.store.find<TaskDefinitionRow>(service.task_definition);
    if (definition) {
      auto checked = check_service_registries(context.store, service.service_registries, definition->definition);
      if (!checked) return checked;
    }
  }
  if (input.load_balancers || input.task_definition) {
    const auto* definition = context.store.find<TaskDefinitionRow>(service.task_definition);
    if (definition) {
      auto checked = check_load_balancers(context.store, service.load_balancers, definition->definition);
      if (!checked) return checked;
    }
  }
  if (auto checked = check_platform_version(input.platform_version); !checked) return checked;
  if (input.platform_version) service.platform_version = *input.platform_version;
  if (auto checked = check_monitoring(input.monitoring); !checked) return checked;
  if (input.monitoring) service.monitoring = *input.monitoring;
  if (input.capacity_provider_strategy) {
    const auto* cluster = context.store.find<ClusterRow>(service.cluster);
    const auto launch = launch_of(*cluster, std::nullopt, input.capacity_provider_strategy);
    if (!launch) return launch.error();
    service.launch_type = launch->launch_type;
    service.capacity_provider_strategy = launch->strategy;
  }
  return {};
}

Result<> update_the_rest(const UpdateServiceRequest& input, ServiceRow& service) {
  const auto& seconds = input.health_check_grace_period_seconds;
  if (auto checked = check_grace_period(seconds, !service.load_balancers.empty()); !checked) return checked;
  if (seconds) service.health_check_grace_period_s = static_cast<int>(*seconds);
  auto configuration =
      completed_configuration(input.deployment_configuration, service.deployment_configuration);
  if (!configuration) return configuration.error();
  service.deployment_configuration = std::move(*configuration);
  const auto rebalancing =
      rebalancing_of(input.availability_zone_rebalancing, service.availability_zone_rebalancing,
                     service.deployment_configuration);
  if (!rebalancing) return rebalancing.error();
  service.availability_zone_rebalancing = *rebalancing;
  if (auto checked = check_propagation(input.propagate_tags); !checked) return checked;
  if (input.propagate_tags) service.propagate_tags = *input.propagate_tags;
  if (input.enable_ecs_managed_tags) service.enable_ecs_managed_tags = *input.enable_ecs_managed_tags;
  return {};
}

}  // namespace

Result<CreateServiceResponse> create_service(Context& context, const CreateServiceRequest& input) {
  const auto cluster = find_cluster(context.store, input.cluster);
  if (!cluster) return cluster.error();
  if (auto checked = check_name_and_strategy(input); !checked) return checked.error();
  if (auto checked = check_unsupported_members(input); !checked) return checked.error();
  if (auto checked = check_desired_count(input.desired_count); !checked) return checked.error();
  if (auto checked = check_propagation(input.propagate_tags); !checked) return checked.error();
  if (input.tags) {
    if (auto checked = check_tags(*input.tags); !checked) return checked.error();
  }
  const std::string key = (*cluster)->name + "/" + *input.service_name;
  const auto existing = existing_service(context, key, input);
  if (!existing) return existing.error();
  if (!*existing) {
    if (auto role = iam::service_linked_role(context, "ecs.amazonaws.com"); !role) return role.error();
    auto service = make_service(context, input, **cluster);
    if (!service) return service.error();
    begin_deployment(context.store, context.loop, context.settings, *service);
    warn_of_host_limits(context, *service);
    context.store.put(std::move(*service));
  }
  const auto* row = context.store.find<ServiceRow>(key);
  return CreateServiceResponse{.service = describe_service(context.store, context.settings, *row, true)};
}

Result<UpdateServiceResponse> update_service(Context& context, const UpdateServiceRequest& input) {
  if (auto checked = check_unsupported_members(input); !checked) return checked.error();
  const auto found = editable_service(context, input.cluster, input.service);
  if (!found) return found.error();
  ServiceRow& service = **found;
  const std::string before = deployed_shape(service);
  if (auto updated = update_deployed_shape(context, input, service); !updated) return updated.error();
  if (auto updated = update_the_rest(input, service); !updated) return updated.error();
  if (input.desired_count) {
    if (auto checked = check_desired_count(input.desired_count); !checked) return checked.error();
    set_desired_count(context.store, service.key(), static_cast<int>(*input.desired_count), context.now());
  }
  if (deployed_shape(service) != before || input.force_new_deployment.value_or(false)) {
    begin_deployment(context.store, context.loop, context.settings, service);
  } else if (!service.deployments.empty()) {
    // Any update ends the wait of a start back-off.
    service.deployments.front().failed_rounds = 0;
    service.deployments.front().retry_at.reset();
  }
  if (!service.load_balancers.empty()) service.role_arn = service_linked_role(context.settings);
  warn_of_host_limits(context, service);
  return UpdateServiceResponse{.service = describe_service(context.store, context.settings, service, true)};
}

Result<DeleteServiceResponse> delete_service(Context& context, const DeleteServiceRequest& input) {
  const auto cluster = find_cluster(context.store, input.cluster);
  if (!cluster) return cluster.error();
  const auto key = service_key((*cluster)->name, input.service.value_or(""));
  if (!key) return key.error();
  const auto* found = context.store.find<ServiceRow>(*key);
  if (!found) return service_not_found();
  if (found->status == "INACTIVE") return service_not_active();
  if (found->status == "ACTIVE") {
    if (found->desired_count > 0 && !input.force.value_or(false)) {
      return invalid_parameter("The service cannot be stopped while it is scaled above 0.");
    }
    auto* service = context.store.edit<ServiceRow>(*key);
    service->status = "DRAINING";
    service->desired_count = 0;
    stop_deployments(context.store, *service, context.now());
  }
  return DeleteServiceResponse{.service = describe_service(context.store, context.settings, *found, true)};
}

}  // namespace berth::ecs
