#include <algorithm>
#include <map>

#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

using Registry = std::map<std::string_view, types::Made>;

Registry make_registry() {
  Registry registry;
  for (const auto make : {types::autoscaling_scalable_target,
                          types::autoscaling_scaling_policy,
                          types::cloudwatch_alarm,
                          types::cloudwatch_composite_alarm,
                          types::ec2_internet_gateway,
                          types::ec2_route,
                          types::ec2_route_table,
                          types::ec2_security_group,
                          types::ec2_security_group_ingress,
                          types::ec2_security_group_egress,
                          types::ec2_subnet,
                          types::ec2_subnet_route_table_association,
                          types::ec2_vpc,
                          types::ec2_vpc_gateway_attachment,
                          types::ecs_cluster,
                          types::ecs_service,
                          types::ecs_task_definition,
                          types::elbv2_listener,
                          types::elbv2_listener_rule,
                          types::elbv2_load_balancer,
                          types::elbv2_target_group,
                          types::iam_managed_policy,
                          types::iam_policy,
                          types::iam_role,
                          types::logs_log_group,
                          types::sns_subscription,
                          types::sns_topic,
                          types::ssm_parameter}) {
    types::Made type = make();
    const std::string_view name = type->name();
    registry.emplace(name, std::move(type));
  }
  return registry;
}

Registry& registry() {
  static Registry types = make_registry();
  return types;
}

}  // namespace

ResourceType* find_type(std::string_view name) {
  const auto found = registry().find(name);
  return found == registry().end() ? nullptr : found->second.get();
}

std::vector<std::string_view> type_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, type] : registry()) names.push_back(name);
  return names;
}

}  // namespace berth::cfn
