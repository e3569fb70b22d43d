// What the rest of berth asks of the network: which subnet lies where, free addresses, security groups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace berth::ec2 {

struct RouteTableRow;
struct VpcRow;

struct SubnetView {
  std::string id;
  std::string vpc_id;
  std::string cidr;
  std::string availability_zone;
  bool public_ = false;     // its route table has a default route to an internet gateway
  std::string nat_address;  // its default route leads to a NAT gateway with this public address; else empty
};

// The pool that tasks' public addresses are claimed from, by the name of a subnet for claim_address().
inline constexpr const char* public_pool = "amazon";

std::optional<SubnetView> find_subnet(const Store& store, const std::string& subnet_id);
// The zone of the VPC's subnet that the address lies in; empty when it lies in none.
std::string zone_of_address(const Store& store, const std::string& vpc_id, const std::string& address);
bool security_group_exists(const Store& store, const std::string& group_id);

// The lowest free address of the subnet (AWS keeps the first four and the last), claimed by `owner` until
// released. Inside a transaction. nullopt: the subnet is full.
std::optional<std::string> claim_address(Store& store, const std::string& subnet_id,
                                         const std::string& owner);
void release_address(Store& store, const std::string& subnet_id, const std::string& address);
// Who has claimed the address, in any VPC.
std::vector<std::string> owners_of_address(const Store& store, const std::string& address);
bool has_claims(const Store& store, const std::string& subnet_id);
std::int64_t available_addresses(const Store& store, const std::string& subnet_id);

// Whether an interface of the subnet gets out of its VPC to AWS's `service` ("ecs", "ecr.api").
bool reaches_service(const Store& store, const SubnetView& subnet, bool has_public_address,
                     std::string_view service);
// Whether the VPC has an interface endpoint for the service; an empty name: for any.
bool has_endpoint(const Store& store, const std::string& vpc_id, std::string_view service);

// Of the VPC's resolver: its network's base plus two. Empty without DNS support.
std::string resolver_address(const VpcRow& vpc);
std::string resolver_address(const Store& store, const std::string& vpc_id);

// The table that the subnet is associated with, else the VPC's main one. Null: neither is there.
const RouteTableRow* route_table_of(const Store& store, const std::string& vpc_id,
                                    const std::string& subnet_id);

}  // namespace berth::ec2
