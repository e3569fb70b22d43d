// A task's row, made whole at once from its task definition and who wants it; and whether the machine has
// room for it. From the row on, the task lifecycle reconciler does the rest.
#pragma once

#include <optional>
#include <string>

#include "services/context.h"
#include "services/ecs/rows.h"

namespace berth::ecs {

struct NewTask {
  const TaskDefinitionRow* definition = nullptr;
  std::string cluster;
  std::string service;     // empty for run-task
  std::string deployment;  // likewise
  std::string group;
  std::string started_by;
  std::string client_token;
  std::string launch_type = "FARGATE";
  std::string capacity_provider;
  AwsVpcConfiguration network;
  std::string subnet_id;  // one of network.subnets
  TaskOverride overrides;
  std::vector<Tag> tags;
};

// Whether ECS may give a task this role: it exists and trusts ecs-tasks.amazonaws.com. Empty: none is asked for.
Result<> check_task_role(const Store& store, const std::string& arn);

// Fails when the task's roles do not exist or its subnet is gone. Puts nothing.
Result<TaskRow> make_task(const Store& store, Loop& loop, const Settings& settings, const NewTask& wanted);

// AWS's words for why there is no room for one more task of this size; nullopt when there is. Memory is never
// given twice, CPU up to Settings::cpu_overcommit times.
std::optional<std::string> admission_problem(const Store& store, const Settings& settings, double cpu_vcpu,
                                             int memory_mib);

// One task more by AWS's rule: bases first, then by weight. `counts`: live tasks per provider.
std::string next_capacity_provider(const std::vector<CapacityProviderStrategyItem>& strategy,
                                   const std::map<std::string, int>& counts);

// The tags that the task gets by propagateTags and enableECSManagedTags.
std::vector<Tag> propagated_tags(const std::string& propagate, const std::vector<Tag>& service_tags,
                                 const std::vector<Tag>& definition_tags);
void add_managed_tags(std::vector<Tag>& tags, const std::string& cluster, const std::string& service);

}  // namespace berth::ecs
