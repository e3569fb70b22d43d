// The addresses of a load balancer inside its VPC: one in each of its subnets, as its network interfaces have
// them on AWS. It reaches its targets from there, and its security groups mean these addresses.
#pragma once

#include <string>
#include <vector>

#include "services/elbv2/rows.h"

namespace berth::elbv2 {

// Claims what the row's subnets lack and gives back what other subnets had. Inside a transaction.
void claim_nodes(Store& store, LoadBalancerRow& row);
void release_nodes(Store& store, LoadBalancerRow& row);
// For load balancers that an older berth made without. Inside a transaction.
void claim_missing_nodes(Store& store);

// In order of the subnets; the first is where connections to targets come from.
std::vector<std::string> node_addresses(const LoadBalancerRow& row);

}  // namespace berth::elbv2
