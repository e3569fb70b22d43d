// Rules of security groups: one flat object in a template, IpPermission in EC2's requests.
#pragma once

#include "cloudformation/types/table_type.h"
#include "handlers/ec2.h"

namespace berth::cfn {

// {IpProtocol, FromPort, ToPort, CidrIp | SourceSecurityGroupId | DestinationSecurityGroupId, Description}
Result<ec2::IpPermission> ip_permission_of(const json::object& rule);

enum class RuleDirection { ingress, egress };

Result<> authorize(TypeContext& context, RuleDirection direction, const std::string& group_id,
                   const json::object& rule);
// A rule that is gone already is no error.
Result<> revoke(TypeContext& context, RuleDirection direction, const std::string& group_id,
                const json::object& rule);

}  // namespace berth::cfn
