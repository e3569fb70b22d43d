// What leads out of a VPC: a network namespace of the daemon's own stands for the internet. A VPC's internet
// gateway is a veth between the two; public addresses, of tasks and of NAT gateways, are translated there by
// nftables in the VPC's namespace and routed to it in the internet's. Beyond AWS's API and other public
// addresses of berth, there is nothing in this internet. Blocking; meant for Loop::offload.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/result.h"
#include "host/names.h"
#include "world/network.h"

namespace berth::host {

// Where tasks find AWS's API: outside of every VPC, so that a task without a way out does not. Its port is
// that of the real endpoints, so that rules about it mean the same; what is spoken there is HTTP.
inline constexpr const char* api_address = "198.51.100.1";
inline constexpr int api_port = 443;
// Where a VPC's endpoints end, in its own namespace.
inline constexpr const char* vpc_endpoint_address = "169.254.170.3";

// A task's address in its VPC -> its public address.
using PublicAddresses = std::map<std::string, std::string>;

bool contains_address(const std::string& cidr, const std::string& address);

// The input of `nft -f -` inside the VPC's namespace. Public addresses in subnets without a route to an
// internet gateway lead nowhere.
std::string routing_script(const world::VpcSpec& vpc, const PublicAddresses& addresses);

// The public addresses that lead into the VPC.
std::set<std::string> outside_addresses(const world::VpcSpec& vpc, const PublicAddresses& addresses);

Result<> ensure_internet(const Names& names);
Result<> remove_internet(const Names& names);
// The veth between the internet and a VPC.
Result<> ensure_gateway(const Names& names, const std::string& vpc_id);
// Translation and routes of a VPC; `routed` are the addresses that the internet has routes for, and is kept
// true.
Result<> set_routes(const Names& names, const world::VpcSpec& vpc, const PublicAddresses& addresses,
                    std::set<std::string>& routed);

}  // namespace berth::host
