// Security groups inside a transaction, for the handlers of VPCs.
#pragma once

#include "services/ec2/resources.h"

namespace berth::ec2 {

inline constexpr const char* default_group_name = "default";

// The group that every VPC is made with: its members may talk to each other, and out.
void make_default_group(Context& context, const std::string& vpc_id);
// Gives the rule an id and keeps it.
SecurityGroupRule put_rule(Context& context, const std::string& group_id, bool egress, SecurityGroupRule rule,
                           std::vector<Tag> tags = {});
void erase_group(Store& store, const std::string& group_id);

}  // namespace berth::ec2
