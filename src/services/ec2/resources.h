// What all of EC2's resources have in common: ids in AWS's form, lookups that fail with AWS's codes, tags,
// and the last line of every handler.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/context.h"
#include "services/ec2/rows.h"
#include "services/lists.h"

namespace berth::ec2 {

using services::list_of;

struct Kind {
  const char* type;       // as in TagSpecification.ResourceType and in DescribeTags
  const char* prefix;     // "vpc-"
  const char* called;     // "vpc ID": what the text of a failed lookup calls it
  const char* not_found;  // the code of a failed lookup
  const char* malformed;
};

namespace kinds {
inline constexpr Kind vpc{"vpc", "vpc-", "vpc ID", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed"};
inline constexpr Kind subnet{"subnet", "subnet-", "subnet ID", "InvalidSubnetID.NotFound",
                             "InvalidSubnetID.Malformed"};
inline constexpr Kind internet_gateway{"internet-gateway", "igw-", "internetGateway ID",
                                       "InvalidInternetGatewayID.NotFound",
                                       "InvalidInternetGatewayId.Malformed"};
inline constexpr Kind route_table{"route-table", "rtb-", "routeTable ID", "InvalidRouteTableID.NotFound",
                                  "InvalidRouteTableId.Malformed"};
inline constexpr Kind network_acl{"network-acl", "acl-", "networkAcl ID", "InvalidNetworkAclID.NotFound",
                                  "InvalidNetworkAclId.Malformed"};
inline constexpr Kind security_group{"security-group", "sg-", "security group", "InvalidGroup.NotFound",
                                     "InvalidGroupId.Malformed"};
inline constexpr Kind security_group_rule{"security-group-rule", "sgr-", "security group rule ID",
                                          "InvalidSecurityGroupRuleId.NotFound",
                                          "InvalidSecurityGroupRuleId.Malformed"};
inline constexpr Kind elastic_ip{"elastic-ip", "eipalloc-", "allocation ID", "InvalidAllocationID.NotFound",
                                 "InvalidAllocationID.Malformed"};
inline constexpr Kind network_interface{"network-interface", "eni-", "networkInterface ID",
                                        "InvalidNetworkInterfaceID.NotFound",
                                        "InvalidNetworkInterfaceId.Malformed"};
inline constexpr Kind nat_gateway{"natgateway", "nat-", "NAT gateway ID", "NatGatewayNotFound",
                                  "NatGatewayMalformed"};
inline constexpr Kind vpc_endpoint{"vpc-endpoint", "vpce-", "Vpc Endpoint Id",
                                   "InvalidVpcEndpointId.NotFound", "InvalidVpcEndpointId.Malformed"};
}  // namespace kinds

std::string new_id(const Context& context, const Kind& kind);
std::string new_id(const Context& context, std::string_view prefix);

Error not_found(const Kind& kind, const std::string& id);
// Whether the id could be one of this kind; else `malformed`.
Result<> check_id(const Kind& kind, const std::string& id);
Error missing_parameter(std::string_view name);
Error invalid_parameter(std::string message);
Error dependency_violation(std::string message);
Error not_supported(std::string_view what);

template <class Row>
Result<const Row*> require(const Store& store, const Kind& kind, const std::optional<std::string>& id,
                           std::string_view parameter) {
  if (!id || id->empty()) return missing_parameter(parameter);
  if (const auto* row = store.find<Row>(*id)) return row;
  if (auto checked = check_id(kind, *id); !checked) return checked.error();
  return not_found(kind, *id);
}

// The tags that the request gives to the resource it makes.
Result<std::vector<Tag>> tags_from(const std::optional<std::vector<TagSpecification>>& specifications,
                                   const Kind& kind);
Result<> check_tags(const std::vector<Tag>& tags);

// A handler that ends with an error leaves no trace, so a dry run does everything and then fails.
template <class Input, class Output>
Result<Output> answer(const Input& input, Output output) {
  if (input.dry_run.value_or(false)) {
    return Error{"DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412};
  }
  return output;
}

}  // namespace berth::ec2
