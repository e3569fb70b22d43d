#include "handlers/ec2.h"

#include <gtest/gtest.h>

#include "services/all_tables.h"
#include "services/ec2/networking.h"
#include "services/ec2/rows.h"
#include "services/ecs/rows.h"
#include "services/elbv2/rows.h"
#include "services/testing.h"

namespace berth::ec2 {
namespace {

struct Ec2 : testing::Test, services::HandlerTest {
  Ec2() {
    services::add_tables(store);
    store.add<ecs::TaskRow>();
    CreateVpcRequest request;
    request.cidr_block = "10.0.0.0/16";
    request.tag_specifications = {TagSpecification{"vpc", std::vector{Tag{"Name", "main"}}}};
    vpc = *call(create_vpc, request)->vpc->vpc_id;
  }

  std::string make_subnet(const std::string& cidr, const std::string& zone = "us-east-1a") {
    CreateSubnetRequest request;
    request.vpc_id = vpc;
    request.cidr_block = cidr;
    request.availability_zone = zone;
    auto made = call(create_subnet, request);
    return made ? *made->subnet->subnet_id : made.error().code;
  }

  std::string make_group(const std::string& name) {
    CreateSecurityGroupRequest request;
    request.vpc_id = vpc;
    request.group_name = name;
    request.description = "for tests";
    return *call(create_security_group, request)->group_id;
  }

  std::string make_attached_gateway() {
    const std::string id = *call(create_internet_gateway, {})->internet_gateway->internet_gateway_id;
    AttachInternetGatewayRequest attach;
    attach.internet_gateway_id = id;
    attach.vpc_id = vpc;
    EXPECT_EQ(code_of(attach_internet_gateway, attach), "");
    return id;
  }

  std::string main_table() {
    for (const auto& [id, row] : store.all<RouteTableRow>()) return id;
    return "";
  }

  CreateRouteRequest default_route(const std::string& table, const std::string& gateway) {
    CreateRouteRequest route;
    route.route_table_id = table;
    route.destination_cidr_block = "0.0.0.0/0";
    route.gateway_id = gateway;
    return route;
  }

  AuthorizeSecurityGroupIngressRequest tcp_from(const std::string& group, std::int64_t port,
                                                const std::string& cidr) {
    IpPermission permission;
    permission.ip_protocol = "tcp";
    permission.from_port = port;
    permission.to_port = port;
    permission.ip_ranges = {IpRange{.cidr_ip = cidr}};
    AuthorizeSecurityGroupIngressRequest request;
    request.group_id = group;
    request.ip_permissions = {permission};
    return request;
  }

  std::string vpc;
};

TEST_F(Ec2, VpcIsMadeWithItsDefaults) {
  auto groups = call(describe_security_groups, {});
  ASSERT_EQ(groups->security_groups->size(), 1u);
  const SecurityGroup& group = groups->security_groups->front();
  EXPECT_EQ(group.group_name, "default");
  EXPECT_EQ(group.ip_permissions->at(0).user_id_group_pairs->at(0).group_id, group.group_id);
  EXPECT_EQ(group.ip_permissions_egress->at(0).ip_ranges->at(0).cidr_ip, "0.0.0.0/0");
  auto tables = call(describe_route_tables, {});
  ASSERT_EQ(tables->route_tables->size(), 1u);
  EXPECT_EQ(tables->route_tables->at(0).associations->at(0).main, true);
  EXPECT_EQ(tables->route_tables->at(0).routes->at(0).gateway_id, "local");
  EXPECT_EQ(call(describe_network_acls, {})->network_acls->at(0).entries->size(), 4u);
}

TEST_F(Ec2, VpcRangesAreChecked) {
  CreateVpcRequest request;
  EXPECT_EQ(code_of(create_vpc, request), "MissingParameter");
  request.cidr_block = "10.0.0.0/8";
  EXPECT_EQ(message_of(create_vpc, request), "The CIDR '10.0.0.0/8' is invalid.");
  EXPECT_EQ(code_of(create_vpc, request), "InvalidVpc.Range");
  request.cidr_block = "ten";
  EXPECT_EQ(code_of(create_vpc, request), "InvalidParameterValue");
  request.cidr_block = "10.9.0.0/16";
  request.amazon_provided_ipv6_cidr_block = true;
  EXPECT_EQ(code_of(create_vpc, request), "UnsupportedOperation");
  EXPECT_EQ(store.all<VpcRow>().size(), 1u);
}

TEST_F(Ec2, DryRunLeavesNothing) {
  CreateVpcRequest request;
  request.cidr_block = "10.1.0.0/16";
  request.dry_run = true;
  auto result = call(create_vpc, request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "DryRunOperation");
  EXPECT_EQ(result.error().status, 412);
  EXPECT_EQ(store.all<VpcRow>().size(), 1u);
}

TEST_F(Ec2, FiltersChooseAndUnknownOnesAreRefused) {
  CreateVpcRequest other;
  other.cidr_block = "10.1.0.0/16";
  ASSERT_TRUE(call(create_vpc, other));
  DescribeVpcsRequest request;
  EXPECT_EQ(call(describe_vpcs, request)->vpcs->size(), 2u);
  request.filters = {Filter{"tag:Name", std::vector<std::string>{"ma*"}}};
  EXPECT_EQ(call(describe_vpcs, request)->vpcs->at(0).vpc_id, vpc);
  request.filters = {Filter{"cidr", std::vector<std::string>{"10.2.0.0/16", "10.1.0.0/16"}}};
  EXPECT_EQ(call(describe_vpcs, request)->vpcs->at(0).cidr_block, "10.1.0.0/16");
  request.filters = {Filter{"colour", std::vector<std::string>{"red"}}};
  EXPECT_EQ(message_of(describe_vpcs, request), "The filter 'colour' is invalid");
}

TEST_F(Ec2, IdsThatAreNotThere) {
  DescribeVpcsRequest request;
  request.vpc_ids = {"vpc-0123456789abcdef0"};
  EXPECT_EQ(code_of(describe_vpcs, request), "InvalidVpcID.NotFound");
  EXPECT_EQ(message_of(describe_vpcs, request), "The vpc ID 'vpc-0123456789abcdef0' does not exist");
  request.vpc_ids = {"banana"};
  EXPECT_EQ(code_of(describe_vpcs, request), "InvalidVpcID.Malformed");
  DescribeSubnetsRequest subnets;
  subnets.subnet_ids = {"subnet-0123456789abcdef0"};
  EXPECT_EQ(code_of(describe_subnets, subnets), "InvalidSubnetID.NotFound");
}

TEST_F(Ec2, PagesJoinToTheWhole) {
  for (int i = 0; i < 12; ++i) make_subnet("10.0." + std::to_string(i) + ".0/24");
  DescribeSubnetsRequest request;
  request.max_results = 4;
  EXPECT_EQ(code_of(describe_subnets, request), "InvalidParameterValue");
  request.max_results = 5;
  std::set<std::string> seen;
  for (int page = 0; page < 3; ++page) {
    auto result = call(describe_subnets, request);
    for (const auto& subnet : *result->subnets) seen.insert(*subnet.subnet_id);
    request.next_token = result->next_token;
    EXPECT_EQ(result->next_token.has_value(), page < 2);
  }
  EXPECT_EQ(seen.size(), 12u);
  request.next_token = "nonsense";
  EXPECT_EQ(code_of(describe_subnets, request), "InvalidNextToken");
}

TEST_F(Ec2, SubnetsLieInTheVpcAndApart) {
  const std::string id = make_subnet("10.0.1.0/24");
  DescribeSubnetsRequest request;
  request.subnet_ids = {id};
  const Subnet subnet = call(describe_subnets, request)->subnets->at(0);
  EXPECT_EQ(subnet.available_ip_address_count, 251);
  EXPECT_EQ(subnet.availability_zone_id, "use1-az1");
  EXPECT_EQ(make_subnet("10.0.1.128/25"), "InvalidSubnet.Conflict");
  EXPECT_EQ(make_subnet("10.1.0.0/24"), "InvalidSubnet.Range");
  EXPECT_EQ(make_subnet("10.0.2.0/30"), "InvalidSubnet.Range");
  EXPECT_EQ(make_subnet("10.0.2.0/24", "us-east-1z"), "InvalidParameterValue");
}

TEST_F(Ec2, WithoutAWishSubnetsSpreadOverZones) {
  CreateSubnetRequest request;
  request.vpc_id = vpc;
  request.cidr_block = "10.0.1.0/24";
  EXPECT_EQ(call(create_subnet, request)->subnet->availability_zone, "us-east-1a");
  request.cidr_block = "10.0.2.0/24";
  EXPECT_EQ(call(create_subnet, request)->subnet->availability_zone, "us-east-1b");
}

TEST_F(Ec2, GatewayMakesSubnetsPublic) {
  const std::string subnet = make_subnet("10.0.1.0/24");
  const std::string gateway = make_attached_gateway();
  EXPECT_FALSE(find_subnet(store, subnet)->public_);
  EXPECT_EQ(code_of(create_route, default_route(main_table(), gateway)), "");
  EXPECT_EQ(code_of(create_route, default_route(main_table(), gateway)), "RouteAlreadyExists");
  EXPECT_TRUE(find_subnet(store, subnet)->public_);
  DetachInternetGatewayRequest detach;
  detach.internet_gateway_id = gateway;
  detach.vpc_id = vpc;
  EXPECT_EQ(code_of(detach_internet_gateway, detach), "");
  EXPECT_EQ(code_of(detach_internet_gateway, detach), "Gateway.NotAttached");
  EXPECT_FALSE(find_subnet(store, subnet)->public_);
  DeleteRouteRequest remove;
  remove.route_table_id = main_table();
  remove.destination_cidr_block = "0.0.0.0/0";
  EXPECT_EQ(code_of(delete_route, remove), "");
  EXPECT_EQ(code_of(delete_route, remove), "InvalidRoute.NotFound");
  remove.destination_cidr_block = "10.0.0.0/16";
  EXPECT_EQ(code_of(delete_route, remove), "InvalidParameterValue");
}

TEST_F(Ec2, RoutesNeedAnAttachedGateway) {
  const std::string loose = *call(create_internet_gateway, {})->internet_gateway->internet_gateway_id;
  EXPECT_EQ(code_of(create_route, default_route(main_table(), loose)), "InvalidParameterValue");
  EXPECT_EQ(code_of(create_route, default_route(main_table(), "igw-0123456789abcdef0")),
            "InvalidGatewayID.NotFound");
  CreateRouteRequest nat = default_route(main_table(), loose);
  nat.nat_gateway_id = "nat-1";
  EXPECT_EQ(message_of(create_route, nat), "A route has one target: a gateway or a NAT gateway.");
}

TEST_F(Ec2, RouteTableAssociations) {
  const std::string subnet = make_subnet("10.0.1.0/24");
  CreateRouteTableRequest create;
  create.vpc_id = vpc;
  const std::string table = *call(create_route_table, create)->route_table->route_table_id;
  AssociateRouteTableRequest associate;
  associate.route_table_id = table;
  associate.subnet_id = subnet;
  const std::string association = *call(associate_route_table, associate)->association_id;
  EXPECT_EQ(code_of(associate_route_table, associate), "Resource.AlreadyAssociated");
  EXPECT_EQ(route_table_of(store, vpc, subnet)->id, table);
  DeleteRouteTableRequest remove;
  remove.route_table_id = table;
  EXPECT_EQ(code_of(delete_route_table, remove), "DependencyViolation");
  DisassociateRouteTableRequest disassociate;
  disassociate.association_id = association;
  EXPECT_EQ(code_of(disassociate_route_table, disassociate), "");
  EXPECT_EQ(code_of(disassociate_route_table, disassociate), "InvalidAssociationID.NotFound");
  EXPECT_EQ(code_of(delete_route_table, remove), "");
}

TEST_F(Ec2, RulesInBothForms) {
  const std::string group = make_group("web");
  auto made = call(authorize_security_group_ingress, tcp_from(group, 80, "10.1.2.3/8"));
  ASSERT_TRUE(made);
  const std::string rule_id = *made->security_group_rules->at(0).security_group_rule_id;
  EXPECT_EQ(made->security_group_rules->at(0).cidr_ipv4, "10.0.0.0/8");
  EXPECT_EQ(message_of(authorize_security_group_ingress, tcp_from(group, 80, "10.0.0.0/8")),
            "the specified rule \"peer: 10.0.0.0/8, TCP, from port: 80, to port: 80, ALLOW\" already exists");
  AuthorizeSecurityGroupIngressRequest old_form;
  old_form.group_id = group;
  old_form.ip_protocol = "tcp";
  old_form.from_port = 80;
  old_form.to_port = 80;
  old_form.cidr_ip = "0.0.0.0/0";
  EXPECT_EQ(code_of(authorize_security_group_ingress, old_form), "");
  DescribeSecurityGroupsRequest describe;
  describe.group_ids = {group};
  const auto described = call(describe_security_groups, describe);
  const auto& permissions = *described->security_groups->at(0).ip_permissions;
  ASSERT_EQ(permissions.size(), 1u);
  EXPECT_EQ(permissions.at(0).ip_ranges->size(), 2u);
  RevokeSecurityGroupIngressRequest revoke;
  revoke.group_id = group;
  revoke.security_group_rule_ids = {rule_id};
  EXPECT_EQ(code_of(revoke_security_group_ingress, revoke), "");
  EXPECT_EQ(code_of(revoke_security_group_ingress, revoke), "InvalidSecurityGroupRuleId.NotFound");
  revoke = {};
  revoke.group_id = group;
  revoke.ip_permissions = tcp_from(group, 81, "0.0.0.0/0").ip_permissions;
  EXPECT_EQ(code_of(revoke_security_group_ingress, revoke), "InvalidPermission.NotFound");
}

TEST_F(Ec2, BadRules) {
  const std::string group = make_group("web");
  auto request = tcp_from(group, 80, "10.0.0.0");
  EXPECT_EQ(message_of(authorize_security_group_ingress, request), "CIDR block 10.0.0.0 is malformed");
  request = tcp_from(group, 70000, "10.0.0.0/8");
  EXPECT_EQ(code_of(authorize_security_group_ingress, request), "InvalidParameterValue");
  request = tcp_from(group, 80, "10.0.0.0/8");
  request.ip_permissions->at(0).ip_protocol = "sctpx";
  EXPECT_EQ(code_of(authorize_security_group_ingress, request), "InvalidPermission.Malformed");
  request.ip_permissions->at(0).ip_protocol = "tcp";
  request.ip_permissions->at(0).ip_ranges.reset();
  request.ip_permissions->at(0).user_id_group_pairs = {UserIdGroupPair{.group_id = "sg-0123456789abcdef0"}};
  EXPECT_EQ(code_of(authorize_security_group_ingress, request), "InvalidGroup.NotFound");
  CreateSecurityGroupRequest twice;
  twice.vpc_id = vpc;
  twice.group_name = "web";
  twice.description = "again";
  EXPECT_EQ(code_of(create_security_group, twice), "InvalidGroup.Duplicate");
}

TEST_F(Ec2, TheLowestFreeAddressIsClaimed) {
  const std::string subnet = make_subnet("10.0.1.0/28");
  const auto claim = [&](const char* owner) {
    std::optional<std::string> address;
    write([&] { address = claim_address(store, subnet, owner); });
    return address.value_or("none");
  };
  const auto release = [&](const char* address) { write([&] { release_address(store, subnet, address); }); };
  for (int i = 4; i < 10; ++i) EXPECT_EQ(claim("a"), "10.0.1." + std::to_string(i));
  release("10.0.1.8");
  release("10.0.1.5");
  EXPECT_EQ(claim("b"), "10.0.1.5");
  EXPECT_EQ(owners_of_address(store, "10.0.1.5"), std::vector<std::string>{"b"});
  EXPECT_EQ(claim("b"), "10.0.1.8");
  for (int i = 10; i < 15; ++i) EXPECT_EQ(claim("c"), "10.0.1." + std::to_string(i));
  EXPECT_EQ(claim("d"), "none") << "the broadcast address is AWS's";
  EXPECT_EQ(available_addresses(store, subnet), 0);
  release("10.0.1.200");
  EXPECT_EQ(claim("d"), "none");
  release("10.0.1.14");
  EXPECT_EQ(claim("d"), "10.0.1.14");
}

TEST_F(Ec2, DeletesRefuseWhatIsStillNeeded) {
  const std::string subnet = make_subnet("10.0.1.0/24");
  const std::string group = make_group("web");
  write([&] { claim_address(store, subnet, "task"); });
  DeleteSubnetRequest remove_subnet;
  remove_subnet.subnet_id = subnet;
  EXPECT_EQ(message_of(delete_subnet, remove_subnet),
            "The subnet '" + subnet + "' has dependencies and cannot be deleted.");
  write([&] {
    release_address(store, subnet, "10.0.1.4");
    ecs::TaskRow task;
    task.id = "t";
    task.vpc_id = vpc;
    task.subnet_id = subnet;
    task.security_groups = {group};
    task.address = "10.0.1.4";
    task.eni_id = "eni-0123456789abcdef0";
    task.last_status = "RUNNING";
    store.put(task);
  });
  DeleteSecurityGroupRequest remove_group;
  remove_group.group_id = group;
  EXPECT_EQ(message_of(delete_security_group, remove_group), "resource " + group + " has a dependent object");
  DescribeNetworkInterfacesRequest interfaces;
  interfaces.filters = {Filter{"group-id", std::vector{group}}};
  EXPECT_EQ(call(describe_network_interfaces, interfaces)->network_interfaces->at(0).private_ip_address,
            "10.0.1.4");
  write([&] { store.erase<ecs::TaskRow>("t"); });
  DeleteVpcRequest remove_vpc;
  remove_vpc.vpc_id = vpc;
  EXPECT_EQ(code_of(delete_vpc, remove_vpc), "DependencyViolation");
  EXPECT_EQ(code_of(delete_security_group, remove_group), "");
  EXPECT_EQ(code_of(delete_subnet, remove_subnet), "");
  EXPECT_EQ(code_of(delete_vpc, remove_vpc), "");
  EXPECT_TRUE(store.all<SecurityGroupRow>().empty());
  EXPECT_TRUE(store.all<SecurityGroupRuleRow>().empty());
  EXPECT_TRUE(store.all<RouteTableRow>().empty());
  EXPECT_TRUE(store.all<NetworkAclRow>().empty());
}

TEST_F(Ec2, DefaultGroupStays) {
  DeleteSecurityGroupRequest request;
  request.group_id = store.all<SecurityGroupRow>().begin()->first;
  EXPECT_EQ(code_of(delete_security_group, request), "CannotDelete");
}

TEST_F(Ec2, TagsOfAnything) {
  CreateTagsRequest create;
  create.resources = {vpc, main_table()};
  create.tags = {Tag{"team", "learner"}};
  EXPECT_EQ(code_of(create_tags, create), "");
  DescribeTagsRequest describe;
  describe.filters = {Filter{"key", std::vector<std::string>{"team"}}};
  EXPECT_EQ(call(describe_tags, describe)->tags->size(), 2u);
  DeleteTagsRequest remove;
  remove.resources = {vpc};
  remove.tags = {Tag{"team", "someone else"}};
  EXPECT_EQ(code_of(delete_tags, remove), "");
  EXPECT_EQ(call(describe_tags, describe)->tags->size(), 2u);
  remove.tags = {Tag{"team", std::nullopt}};
  EXPECT_EQ(code_of(delete_tags, remove), "");
  EXPECT_EQ(call(describe_tags, describe)->tags->size(), 1u);
  create.resources = {"thing-1"};
  EXPECT_EQ(code_of(create_tags, create), "InvalidID");
  create.resources = {vpc};
  create.tags = {Tag{"aws:x", "y"}};
  EXPECT_EQ(code_of(create_tags, create), "InvalidParameterValue");
}

TEST_F(Ec2, ZonesAndRegions) {
  auto zones = call(describe_availability_zones, {});
  EXPECT_EQ(zones->availability_zones->size(), 6u);
  settings.region = "ap-southeast-2";
  EXPECT_EQ(call(describe_availability_zones, {})->availability_zones->at(1).zone_id, "apse2-az2");
  EXPECT_EQ(call(describe_regions, {})->regions->at(0).region_name, "ap-southeast-2");
  DescribeRegionsRequest request;
  request.region_names = {"mars-1"};
  EXPECT_EQ(code_of(describe_regions, request), "InvalidParameterValue");
}

TEST_F(Ec2, AddressesAreRecorded) {
  auto first = call(allocate_address, {});
  auto second = call(allocate_address, {});
  EXPECT_NE(first->public_ip, second->public_ip);
  ReleaseAddressRequest release;
  release.allocation_id = first->allocation_id;
  EXPECT_EQ(code_of(release_address, release), "");
  EXPECT_EQ(code_of(release_address, release), "InvalidAllocationID.NotFound");
  EXPECT_EQ(call(describe_addresses, {})->addresses->size(), 1u);
}

}  // namespace
}  // namespace berth::ec2
