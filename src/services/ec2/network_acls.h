// Network ACLs: the default one that every VPC has, and others. Recorded only: everything passes, as AWS's
// default lets it.
#pragma once

#include "services/ec2/resources.h"

namespace berth::ec2 {

void make_default_acl(Context& context, const std::string& vpc_id);
// Of a subnet that goes.
void forget_acl_association(Store& store, const std::string& subnet_id);
// Whether the VPC has others than its default one.
bool has_own_acls(const Store& store, const std::string& vpc_id);

}  // namespace berth::ec2
