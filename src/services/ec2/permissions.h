// The two forms of a security group's rules: IpPermission (a protocol and ports with lists of peers) and
// SecurityGroupRule (one peer each, with an id). berth keeps the second and derives the first.
#pragma once

#include <string>
#include <vector>

#include "services/ec2/resources.h"

namespace berth::ec2 {

// One rule per peer, checked and in canonical form, without id and group. Peers that are groups must be
// there, in the VPC `vpc_id`.
Result<std::vector<SecurityGroupRule>> rules_from(const Context& context, const std::string& vpc_id,
                                                  const std::vector<IpPermission>& permissions);

// Rules with the same protocol and ports become one permission.
std::vector<IpPermission> permissions_from(const std::vector<SecurityGroupRule>& rules);

// The same traffic, whatever the description.
bool same_traffic(const SecurityGroupRule& a, const SecurityGroupRule& b);
// `peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW`
std::string rule_text(const SecurityGroupRule& rule);

}  // namespace berth::ec2
