#include "cloudformation/types/ec2_permissions.h"

#include "base/text.h"

namespace berth::cfn {

Result<ec2::IpPermission> ip_permission_of(const json::object& rule) {
  ec2::IpPermission permission;
  permission.ip_protocol = text_property(rule, "IpProtocol");
  if (has_property(rule, "FromPort")) permission.from_port = parse_integer(text_property(rule, "FromPort"));
  if (has_property(rule, "ToPort")) permission.to_port = parse_integer(text_property(rule, "ToPort"));
  const std::string description = text_property(rule, "Description");
  if (has_property(rule, "CidrIp")) {
    ec2::IpRange range;
    range.cidr_ip = text_property(rule, "CidrIp");
    if (!description.empty()) range.description = description;
    permission.ip_ranges = {range};
  }
  if (has_property(rule, "CidrIpv6")) {
    ec2::Ipv6Range range;
    range.cidr_ipv6 = text_property(rule, "CidrIpv6");
    if (!description.empty()) range.description = description;
    permission.ipv6_ranges = {range};
  }
  for (const char* name : {"SourceSecurityGroupId", "DestinationSecurityGroupId"}) {
    if (!has_property(rule, name)) continue;
    ec2::UserIdGroupPair pair;
    pair.group_id = text_property(rule, name);
    if (!description.empty()) pair.description = description;
    permission.user_id_group_pairs = {pair};
  }
  return permission;
}

Result<> authorize(TypeContext& context, RuleDirection direction, const std::string& group_id,
                   const json::object& rule) {
  auto permission = ip_permission_of(rule);
  if (!permission) return permission.error();
  if (direction == RuleDirection::ingress) {
    ec2::AuthorizeSecurityGroupIngressRequest request;
    request.group_id = group_id;
    request.ip_permissions = {*permission};
    return done(ec2::authorize_security_group_ingress(context.context, request));
  }
  ec2::AuthorizeSecurityGroupEgressRequest request;
  request.group_id = group_id;
  request.ip_permissions = {*permission};
  return done(ec2::authorize_security_group_egress(context.context, request));
}

Result<> revoke(TypeContext& context, RuleDirection direction, const std::string& group_id,
                const json::object& rule) {
  auto permission = ip_permission_of(rule);
  if (!permission) return permission.error();
  if (direction == RuleDirection::ingress) {
    ec2::RevokeSecurityGroupIngressRequest request;
    request.group_id = group_id;
    request.ip_permissions = {*permission};
    return ignoring(ec2::revoke_security_group_ingress(context.context, request),
                    {"InvalidPermission.NotFound", "InvalidGroup.NotFound"});
  }
  ec2::RevokeSecurityGroupEgressRequest request;
  request.group_id = group_id;
  request.ip_permissions = {*permission};
  return ignoring(ec2::revoke_security_group_egress(context.context, request),
                  {"InvalidPermission.NotFound", "InvalidGroup.NotFound"});
}

}  // namespace berth::cfn
