// Names and addresses that a new load balancer gets.
#pragma once

#include <string>

#include "services/elbv2/resources.h"

namespace berth::elbv2 {

// `learner-alb-1234567890.us-east-1.elb.localhost`
std::string new_dns_name(const Context& context, const std::string& name, bool internal);
// A loopback address that no other load balancer has, so that each can listen on its listeners' real ports.
// It follows from the ARN, which keeps the load balancers of two daemons apart too.
std::string new_loopback_address(const Store& store, const std::string& arn);
std::string hosted_zone_of(const std::string& region);

}  // namespace berth::elbv2
