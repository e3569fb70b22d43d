// NAT gateways, VPC endpoints and network ACLs.
#include <gtest/gtest.h>

#include "handlers/ec2.h"
#include "services/all_tables.h"
#include "services/ec2/networking.h"
#include "services/ec2/rows.h"
#include "services/testing.h"

namespace berth::ec2 {
namespace {

struct WaysOutTest : testing::Test, protected services::HandlerTest {
  WaysOutTest() {
    services::add_tables(store);
    CreateVpcRequest vpc_request;
    vpc_request.cidr_block = "10.0.0.0/16";
    vpc = *call(create_vpc, vpc_request)->vpc->vpc_id;
    public_subnet = make_subnet("10.0.1.0/24");
    private_subnet = make_subnet("10.0.2.0/24");
    gateway = *call(create_internet_gateway, {})->internet_gateway->internet_gateway_id;
    AttachInternetGatewayRequest attach;
    attach.vpc_id = vpc;
    attach.internet_gateway_id = gateway;
    EXPECT_TRUE(call(attach_internet_gateway, attach));
    route_to(public_subnet, gateway, "");
  }

  std::string make_subnet(const std::string& cidr) {
    CreateSubnetRequest request;
    request.vpc_id = vpc;
    request.cidr_block = cidr;
    return *call(create_subnet, request)->subnet->subnet_id;
  }
  // A table of its own with a default route.
  void route_to(const std::string& subnet, const std::string& internet_gateway,
                const std::string& nat_gateway) {
    CreateRouteTableRequest table_request;
    table_request.vpc_id = vpc;
    const std::string table = *call(create_route_table, table_request)->route_table->route_table_id;
    CreateRouteRequest route;
    route.route_table_id = table;
    route.destination_cidr_block = "0.0.0.0/0";
    if (!internet_gateway.empty()) route.gateway_id = internet_gateway;
    if (!nat_gateway.empty()) route.nat_gateway_id = nat_gateway;
    EXPECT_TRUE(call(create_route, route));
    AssociateRouteTableRequest associate;
    associate.route_table_id = table;
    associate.subnet_id = subnet;
    EXPECT_TRUE(call(associate_route_table, associate));
  }
  CreateNatGatewayRequest nat_request(const std::string& subnet) {
    CreateNatGatewayRequest request;
    request.subnet_id = subnet;
    request.allocation_id = call(allocate_address, {})->allocation_id;
    return request;
  }

  std::string vpc, public_subnet, private_subnet, gateway;
};

TEST_F(WaysOutTest, APrivateSubnetReachesOutThroughItsNatGateway) {
  EXPECT_FALSE(reaches_service(store, *find_subnet(store, private_subnet), true, "ecs"));
  const auto request = nat_request(public_subnet);
  const auto made = call(create_nat_gateway, request);
  ASSERT_TRUE(made) << made.error().message;
  const auto& address = made->nat_gateway->nat_gateway_addresses->front();
  EXPECT_EQ(made->nat_gateway->state, "available");
  EXPECT_EQ(address.private_ip, "10.0.1.4");
  route_to(private_subnet, "", *made->nat_gateway->nat_gateway_id);
  EXPECT_EQ(find_subnet(store, private_subnet)->nat_address, *address.public_ip);
  EXPECT_TRUE(reaches_service(store, *find_subnet(store, private_subnet), false, "ecs"));

  EXPECT_EQ(code_of(create_nat_gateway, request), "Resource.AlreadyAssociated");
  ReleaseAddressRequest release;
  release.allocation_id = request.allocation_id;
  EXPECT_EQ(code_of(release_address, release), "InvalidIPAddress.InUse");
  DeleteNatGatewayRequest remove;
  remove.nat_gateway_id = made->nat_gateway->nat_gateway_id;
  EXPECT_EQ(code_of(delete_nat_gateway, remove), "");
  EXPECT_EQ(code_of(delete_nat_gateway, remove), "NatGatewayNotFound");
  EXPECT_EQ(find_subnet(store, private_subnet)->nat_address, "");
  EXPECT_EQ(code_of(release_address, release), "");
  EXPECT_FALSE(has_claims(store, public_subnet));
}

TEST_F(WaysOutTest, ANatGatewayInAPrivateSubnetLeadsNowhere) {
  const auto made = call(create_nat_gateway, nat_request(private_subnet));
  ASSERT_TRUE(made);
  const std::string third = make_subnet("10.0.3.0/24");
  route_to(third, "", *made->nat_gateway->nat_gateway_id);
  EXPECT_EQ(find_subnet(store, third)->nat_address, "");
}

TEST_F(WaysOutTest, NatGatewaysNeedAnInternetGatewayAndAreListed) {
  EXPECT_EQ(code_of(create_nat_gateway, CreateNatGatewayRequest{.subnet_id = public_subnet}),
            "MissingParameter");
  const auto made = call(create_nat_gateway, nat_request(public_subnet));
  DescribeNatGatewaysRequest describe;
  describe.filter = std::vector<Filter>{{"subnet-id", std::vector<std::string>{public_subnet}}};
  EXPECT_EQ(call(describe_nat_gateways, describe)->nat_gateways->size(), 1u);
  describe.filter = std::vector<Filter>{{"subnet-id", std::vector<std::string>{private_subnet}}};
  EXPECT_TRUE(call(describe_nat_gateways, describe)->nat_gateways->empty());
  DescribeNatGatewaysRequest unknown;
  unknown.nat_gateway_ids = std::vector<std::string>{"nat-0123456789abcdef0"};
  EXPECT_EQ(code_of(describe_nat_gateways, unknown), "NatGatewayNotFound");
  CreateVpcRequest other;
  other.cidr_block = "10.1.0.0/16";
  vpc = *call(create_vpc, other)->vpc->vpc_id;
  EXPECT_EQ(code_of(create_nat_gateway, nat_request(make_subnet("10.1.1.0/24"))), "Gateway.NotAttached");
}

TEST_F(WaysOutTest, AnInterfaceEndpointOpensTheWayToItsService) {
  CreateVpcEndpointRequest request;
  request.vpc_id = vpc;
  request.vpc_endpoint_type = "Interface";
  request.service_name = "com.amazonaws.us-east-1.ecs";
  request.subnet_ids = std::vector<std::string>{private_subnet};
  const auto made = call(create_vpc_endpoint, request);
  ASSERT_TRUE(made) << made.error().message;
  const auto subnet = *find_subnet(store, private_subnet);
  EXPECT_TRUE(reaches_service(store, subnet, false, "ecs"));
  EXPECT_FALSE(reaches_service(store, subnet, false, "sns"));
  EXPECT_TRUE(has_endpoint(store, vpc, ""));
  ModifyVpcEndpointRequest modify;
  modify.vpc_endpoint_id = made->vpc_endpoint->vpc_endpoint_id;
  modify.private_dns_enabled = false;
  EXPECT_EQ(code_of(modify_vpc_endpoint, modify), "");
  EXPECT_FALSE(reaches_service(store, subnet, false, "ecs"));
  DeleteVpcEndpointsRequest remove;
  remove.vpc_endpoint_ids = std::vector<std::string>{*modify.vpc_endpoint_id};
  EXPECT_TRUE(call(delete_vpc_endpoints, remove)->unsuccessful->empty());
  EXPECT_EQ(call(delete_vpc_endpoints, remove)->unsuccessful->size(), 1u);
  request.service_name = "org.example";
  EXPECT_EQ(code_of(create_vpc_endpoint, request), "InvalidServiceName");
}

TEST_F(WaysOutTest, NetworkAclsAreKeptWithTheirEntriesAndSubnets) {
  CreateNetworkAclRequest request;
  request.vpc_id = vpc;
  const std::string acl = *call(create_network_acl, request)->network_acl->network_acl_id;
  CreateNetworkAclEntryRequest entry;
  entry.network_acl_id = acl;
  entry.rule_number = 100;
  entry.protocol = "6";
  entry.rule_action = "allow";
  entry.egress = false;
  entry.cidr_block = "10.0.0.0/16";
  EXPECT_EQ(code_of(create_network_acl_entry, entry), "");
  EXPECT_EQ(code_of(create_network_acl_entry, entry), "NetworkAclEntryAlreadyExists");

  const auto association = [&] {
    const auto all = call(describe_network_acls, {});
    for (const auto& one : *all->network_acls) {
      for (const auto& found : *one.associations) {
        if (found.subnet_id == private_subnet) return found;
      }
    }
    return NetworkAclAssociation{};
  };
  const auto before = association();
  EXPECT_NE(before.network_acl_id, acl);
  ReplaceNetworkAclAssociationRequest replace;
  replace.association_id = before.network_acl_association_id;
  replace.network_acl_id = acl;
  EXPECT_EQ(code_of(replace_network_acl_association, replace), "");
  EXPECT_EQ(association().network_acl_id, acl);
  DeleteNetworkAclRequest remove;
  remove.network_acl_id = acl;
  EXPECT_EQ(code_of(delete_network_acl, remove), "DependencyViolation");
  replace.association_id = association().network_acl_association_id;
  replace.network_acl_id = before.network_acl_id;
  EXPECT_EQ(code_of(replace_network_acl_association, replace), "");
  EXPECT_EQ(association().network_acl_association_id, before.network_acl_association_id);
  EXPECT_EQ(code_of(delete_network_acl, remove), "");
}

}  // namespace
}  // namespace berth::ec2
