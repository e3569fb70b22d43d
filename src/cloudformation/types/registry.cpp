#include "cloudformation/types/types.h"

namespace berth::cfn {
namespace {

bool add_every_type() {
  for (const auto make : {types::autoscaling_scalable_target,
                          types::autoscaling_scaling_policy,
                          types::cloudwatch_alarm,
                          types::cloudwatch_composite_alarm,
                          types::ec2_eip,
                          types::ec2_internet_gateway,
                          types::ec2_nat_gateway,
                          types::ec2_network_acl,
                          types::ec2_network_acl_entry,
                          types::ec2_subnet_network_acl_association,
                          types::ec2_route,
                          types::ec2_route_table,
                          types::ec2_security_group,
                          types::ec2_security_group_ingress,
                          types::ec2_security_group_egress,
                          types::ec2_subnet,
                          types::ec2_subnet_route_table_association,
                          types::ec2_vpc,
                          types::ec2_vpc_endpoint,
                          types::ec2_vpc_gateway_attachment,
                          types::cloudformation_stack,
                          types::codebuild_project,
                          types::ecr_repository,
                          types::ecs_cluster,
                          types::ecs_service,
                          types::ecs_task_definition,
                          types::elbv2_listener,
                          types::elbv2_listener_rule,
                          types::elbv2_load_balancer,
                          types::elbv2_target_group,
                          types::events_rule,
                          types::iam_instance_profile,
                          types::iam_managed_policy,
                          types::iam_policy,
                          types::iam_role,
                          types::logs_log_group,
                          types::s3_bucket,
                          types::s3_bucket_policy,
                          types::servicediscovery_private_dns_namespace,
                          types::servicediscovery_service,
                          types::sns_subscription,
                          types::sns_topic,
                          types::sns_topic_policy,
                          types::ssm_parameter}) {
    add_type(make());
  }
  return true;
}

}  // namespace

// Once per process: several regions may start at a time, each on its own thread.
void types::add_all() {
  [[maybe_unused]] static const bool added = add_every_type();
}

}  // namespace berth::cfn
