// The resource types that berth implements, one maker per file of this folder.
#pragma once

#include <memory>

#include "cloudformation/resource_type.h"

namespace berth::cfn::types {

using Made = std::unique_ptr<ResourceType>;

// Adds all of them to what find_type() finds.
void add_all();

Made autoscaling_scalable_target();
Made autoscaling_scaling_policy();
Made cloudwatch_alarm();
Made cloudwatch_composite_alarm();
Made ec2_eip();
Made ec2_internet_gateway();
Made ec2_nat_gateway();
Made ec2_network_acl();
Made ec2_network_acl_entry();
Made ec2_subnet_network_acl_association();
Made ec2_route();
Made ec2_route_table();
Made ec2_security_group();
Made ec2_security_group_ingress();
Made ec2_security_group_egress();
Made ec2_subnet();
Made ec2_subnet_route_table_association();
Made ec2_vpc();
Made ec2_vpc_endpoint();
Made ec2_vpc_gateway_attachment();
Made cloudformation_stack();
Made codebuild_project();
Made ecr_repository();
Made ecs_cluster();
Made ecs_service();
Made ecs_task_definition();
Made elbv2_listener();
Made elbv2_listener_rule();
Made elbv2_load_balancer();
Made elbv2_target_group();
Made events_rule();
Made iam_instance_profile();
Made iam_managed_policy();
Made iam_policy();
Made iam_role();
Made logs_log_group();
Made s3_bucket();
Made s3_bucket_policy();
Made servicediscovery_private_dns_namespace();
Made servicediscovery_service();
Made sns_subscription();
Made sns_topic();
Made sns_topic_policy();
Made ssm_parameter();

}  // namespace berth::cfn::types
