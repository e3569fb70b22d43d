// What berth keeps of EC2's networking: VPCs, subnets, gateways, route tables, security groups, addresses.
#pragma once

#include <string>
#include <vector>

#include "model/ec2.h"
#include "store/row_codec.h"
#include "store/store.h"

namespace berth::ec2 {

struct VpcRow {
  static constexpr const char* table = "ec2.vpcs";
  std::string id;
  Vpc description;  // as DescribeVpcs answers
  bool dns_support = true;
  bool dns_hostnames = false;
  bool usage_metrics = false;

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(VpcRow, (), (id, description, dns_support, dns_hostnames, usage_metrics))

struct SubnetRow {
  static constexpr const char* table = "ec2.subnets";
  std::string id;
  std::string vpc_id;
  Subnet description;  // without available_ip_address_count, which follows from the claims

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(SubnetRow, (), (id, vpc_id, description))

// One address of a subnet in use, by a task's network interface for instance.
struct AddressClaimRow {
  static constexpr const char* table = "ec2.address_claims";
  std::string subnet_id;
  std::string address;
  std::string owner;

  std::string key() const { return subnet_id + "|" + address; }
  // The same address may be claimed in several VPCs.
  const std::string& belongs_to() const { return address; }
};
BOOST_DESCRIBE_STRUCT(AddressClaimRow, (), (subnet_id, address, owner))

// Where the search for a free address of a subnet begins: all below it are claimed, as far as is known.
struct FreeAddressRow {
  static constexpr const char* table = "ec2.free_addresses";
  std::string subnet_id;
  std::int64_t from = 0;  // as a number

  std::string key() const { return subnet_id; }
};
BOOST_DESCRIBE_STRUCT(FreeAddressRow, (), (subnet_id, from))

struct InternetGatewayRow {
  static constexpr const char* table = "ec2.internet_gateways";
  std::string id;
  InternetGateway description;

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(InternetGatewayRow, (), (id, description))

struct RouteTableRow {
  static constexpr const char* table = "ec2.route_tables";
  std::string id;
  std::string vpc_id;
  RouteTable description;

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(RouteTableRow, (), (id, vpc_id, description))

struct NetworkAclRow {
  static constexpr const char* table = "ec2.network_acls";
  std::string id;
  std::string vpc_id;
  NetworkAcl
      description;  // with the associations of an ACL that is not the default; the default has the rest

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(NetworkAclRow, (), (id, vpc_id, description))

struct SecurityGroupRow {
  static constexpr const char* table = "ec2.security_groups";
  std::string id;
  std::string vpc_id;
  SecurityGroup description;  // without permissions, which follow from the rules

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(SecurityGroupRow, (), (id, vpc_id, description))

struct SecurityGroupRuleRow {
  static constexpr const char* table = "ec2.security_group_rules";
  std::string id;
  std::string group_id;
  SecurityGroupRule description;

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(SecurityGroupRuleRow, (), (id, group_id, description))

struct ElasticAddressRow {
  static constexpr const char* table = "ec2.elastic_addresses";
  std::string allocation_id;
  Address description;

  std::string key() const { return allocation_id; }
};
BOOST_DESCRIBE_STRUCT(ElasticAddressRow, (), (allocation_id, description))

struct NatGatewayRow {
  static constexpr const char* table = "ec2.nat_gateways";
  std::string id;
  std::string allocation_id;  // of its Elastic IP address
  NatGateway description;

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(NatGatewayRow, (), (id, allocation_id, description))

struct VpcEndpointRow {
  static constexpr const char* table = "ec2.vpc_endpoints";
  std::string id;
  std::string vpc_id;
  VpcEndpoint description;

  std::string key() const { return id; }
};
BOOST_DESCRIBE_STRUCT(VpcEndpointRow, (), (id, vpc_id, description))

void add_tables(Store& store);

}  // namespace berth::ec2
