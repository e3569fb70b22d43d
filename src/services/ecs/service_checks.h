// What CreateService, UpdateService and RunTask refuse, in AWS's own words where it has some.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "services/context.h"
#include "services/ecs/rows.h"

namespace berth::ecs {

// An ACTIVE task definition.
Result<const TaskDefinitionRow*> usable_task_definition(const Context& context,
                                                        const std::optional<std::string>& reference);

Result<> check_network(const Store& store, const std::optional<NetworkConfiguration>& network);
Result<> check_service_registries(const Store& store, const std::vector<ServiceRegistry>& registries,
                                  const TaskDefinition& definition);
Result<> check_load_balancers(const Store& store, const std::vector<LoadBalancer>& load_balancers,
                              const TaskDefinition& definition);
// Fills in the defaults.
Result<DeploymentConfiguration> completed_configuration(const std::optional<DeploymentConfiguration>& wanted,
                                                        DeploymentConfiguration current);
DeploymentConfiguration default_configuration();

// FARGATE, or a strategy of FARGATE and FARGATE_SPOT; `cluster` has the default one.
struct Launch {
  std::string launch_type;
  std::vector<CapacityProviderStrategyItem> strategy;
};
Result<Launch> launch_of(const ClusterRow& cluster, const std::optional<std::string>& launch_type,
                         const std::optional<std::vector<CapacityProviderStrategyItem>>& strategy);
Result<> check_platform_version(const std::optional<std::string>& version);

// Members that berth knows and refuses, the same in CreateService and UpdateService.
template <class Request>
Result<> check_unsupported_members(const Request& request);

}  // namespace berth::ecs
