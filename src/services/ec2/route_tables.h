// Route tables inside a transaction, for the handlers of VPCs, subnets and gateways.
#pragma once

#include "services/ec2/resources.h"

namespace berth::ec2 {

// The table that every VPC is made with.
void make_main_route_table(Context& context, const std::string& vpc_id, const std::string& cidr);
// Routes to the gateway lead nowhere from now on, until it is attached again.
void mark_routes(Store& store, const std::string& vpc_id, const std::string& gateway_id, const char* state);
void forget_subnet_association(Store& store, const std::string& subnet_id);

}  // namespace berth::ec2
