// The default network ACL that every VPC has. Recorded only: it lets everything through, as AWS's default
// does.
#pragma once

#include "services/ec2/resources.h"

namespace berth::ec2 {

void make_default_acl(Context& context, const std::string& vpc_id);

}  // namespace berth::ec2
