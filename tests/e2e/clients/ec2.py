"""EC2's network through boto3: what a VPC with public subnets is made of."""

from clients.harness import ClientTest

WEB = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}]


def named(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


class Ec2(ClientTest):
    def setUp(self):
        self.ec2 = self.client("ec2")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.7.0.0/16", TagSpecifications=named("vpc", "seven"))["Vpc"]["VpcId"]
        self.addCleanup(self.ec2.delete_vpc, VpcId=self.vpc)

    def subnet(self, cidr):
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone="us-east-1a",
                                      TagSpecifications=named("subnet", cidr))["Subnet"]
        self.addCleanup(self.remove_subnet, made["SubnetId"])
        return made

    def remove_subnet(self, subnet):
        if self.ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": [subnet]}])["Subnets"]:
            self.ec2.delete_subnet(SubnetId=subnet)

    def test_life_of_a_vpc(self):
        ec2 = self.ec2
        self.until(self.ec2, "vpc_available", VpcIds=[self.vpc])
        vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["seven"]}])["Vpcs"][0]
        self.assertEqual((vpc["VpcId"], vpc["CidrBlock"], vpc["State"], vpc["OwnerId"]),
                         (self.vpc, "10.7.0.0/16", "available", "123456789012"))
        ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        attribute = ec2.describe_vpc_attribute(VpcId=self.vpc, Attribute="enableDnsHostnames")
        self.assertEqual(attribute["EnableDnsHostnames"], {"Value": True})
        acls = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["NetworkAcls"]
        self.assertEqual([acl["IsDefault"] for acl in acls], [True])
        other = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]  # CIDRs may repeat
        found = {v["VpcId"] for v in ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.7.0.0/16"]}])["Vpcs"]}
        self.assertEqual(found, {self.vpc, other})
        ec2.delete_vpc(VpcId=other)
        self.refused("InvalidVpcID.NotFound", f"The vpc ID '{other}' does not exist", ec2.describe_vpcs, VpcIds=[other])
        self.refused("InvalidVpcID.NotFound", f"The vpc ID '{other}' does not exist", ec2.delete_vpc, VpcId=other)

    def test_subnets(self):
        ec2 = self.ec2
        made = [self.subnet(f"10.7.{n}.0/24") for n in range(6)]
        first = made[0]["SubnetId"]
        self.until(ec2, "subnet_available", SubnetIds=[first])
        self.assertEqual((made[0]["AvailableIpAddressCount"], made[0]["AvailabilityZone"]), (251, "us-east-1a"))
        ec2.modify_subnet_attribute(SubnetId=first, MapPublicIpOnLaunch={"Value": True})
        self.assertTrue(ec2.describe_subnets(SubnetIds=[first])["Subnets"][0]["MapPublicIpOnLaunch"])
        found = self.pages(ec2, "describe_subnets", "Subnets", 5, Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])
        self.assertEqual(sorted(s["CidrBlock"] for s in found), [f"10.7.{n}.0/24" for n in range(6)])
        self.assertEqual(ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [first]}])
                         ["NetworkInterfaces"], [])
        self.refused("InvalidSubnet.Conflict", "The CIDR '10.7.0.0/25' conflicts with another subnet", ec2.create_subnet,
                     VpcId=self.vpc, CidrBlock="10.7.0.0/25")
        self.refused("InvalidSubnet.Range", "The CIDR '10.9.0.0/24' is invalid.", ec2.create_subnet, VpcId=self.vpc,
                     CidrBlock="10.9.0.0/24")
        self.refused("DependencyViolation", f"The vpc '{self.vpc}' has dependencies and cannot be deleted.",
                     ec2.delete_vpc, VpcId=self.vpc)
        gone = made[5]["SubnetId"]
        ec2.delete_subnet(SubnetId=gone)
        self.refused("InvalidSubnetID.NotFound", f"The subnet ID '{gone}' does not exist", ec2.describe_subnets,
                     SubnetIds=[gone])

    def test_a_way_out(self):
        ec2 = self.ec2
        subnet = self.subnet("10.7.0.0/24")["SubnetId"]
        gateway = ec2.create_internet_gateway(TagSpecifications=named("internet-gateway", "out"))["InternetGateway"]
        gateway = gateway["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        attached = ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]["Attachments"]
        self.assertEqual(attached, [{"State": "available", "VpcId": self.vpc}])
        self.refused("Resource.AlreadyAssociated", "is already attached", ec2.attach_internet_gateway,
                     InternetGatewayId=gateway, VpcId=self.vpc)
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        everywhere = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
        ec2.create_route(**everywhere, GatewayId=gateway)
        self.refused("RouteAlreadyExists", "0.0.0.0/0", ec2.create_route, **everywhere, GatewayId=gateway)
        ec2.replace_route(**everywhere, GatewayId=gateway)
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        self.assertEqual({r["DestinationCidrBlock"]: (r["GatewayId"], r["State"]) for r in routes},
                         {"10.7.0.0/16": ("local", "active"), "0.0.0.0/0": (gateway, "active")})
        self.associations(subnet, table)
        ec2.delete_route(**everywhere)
        self.refused("InvalidRoute.NotFound", "0.0.0.0/0", ec2.delete_route, **everywhere)
        ec2.delete_route_table(RouteTableId=table)
        self.refused("InvalidRouteTableID.NotFound", f"The routeTable ID '{table}' does not exist",
                     ec2.describe_route_tables, RouteTableIds=[table])
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
        self.refused("InvalidInternetGatewayID.NotFound", f"The internetGateway ID '{gateway}' does not exist",
                     ec2.describe_internet_gateways, InternetGatewayIds=[gateway])

    def associations(self, subnet, table):
        ec2 = self.ec2
        association = ec2.associate_route_table(SubnetId=subnet, RouteTableId=table)["AssociationId"]
        self.refused("DependencyViolation", f"The routeTable '{table}' has dependencies and cannot be deleted.",
                     ec2.delete_route_table, RouteTableId=table)
        other = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        moved = ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)["NewAssociationId"]
        found = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
        self.assertEqual([t["RouteTableId"] for t in found], [other])
        ec2.disassociate_route_table(AssociationId=moved)
        self.refused("InvalidAssociationID.NotFound", f"The association ID '{moved}' does not exist",
                     ec2.disassociate_route_table, AssociationId=moved)
        ec2.delete_route_table(RouteTableId=other)

    def test_security_groups(self):
        ec2 = self.ec2
        group = ec2.create_security_group(GroupName="web", Description="HTTP", VpcId=self.vpc)["GroupId"]
        self.refused("InvalidGroup.Duplicate", f"The security group 'web' already exists for VPC '{self.vpc}'",
                     ec2.create_security_group, GroupName="web", Description="again", VpcId=self.vpc)
        made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=WEB)["SecurityGroupRules"]
        self.assertEqual([(r["FromPort"], r["CidrIpv4"], r["Description"]) for r in made], [(80, "0.0.0.0/0", "all")])
        self.refused("InvalidPermission.Duplicate", "already exists", ec2.authorize_security_group_ingress, GroupId=group,
                     IpPermissions=WEB)
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=WEB)
        described = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        self.assertEqual([p["FromPort"] for p in described["IpPermissions"]], [80])
        self.assertEqual({p["IpProtocol"] for p in described["IpPermissionsEgress"]}, {"-1", "tcp"})
        rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
        self.assertEqual(sorted((r["IsEgress"], r["IpProtocol"]) for r in rules),
                         [(False, "tcp"), (True, "-1"), (True, "tcp")])
        self.rules_are_changed(group, made[0]["SecurityGroupRuleId"])
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=WEB)
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=WEB)
        self.assertEqual(ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"], [])
        self.refused("InvalidPermission.NotFound", "The specified rule does not exist in this security group.",
                     ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=WEB)
        ec2.delete_security_group(GroupId=group)
        self.refused("InvalidGroup.NotFound", f"The security group '{group}' does not exist",
                     ec2.describe_security_groups, GroupIds=[group])

    def rules_are_changed(self, group, rule):
        ec2 = self.ec2
        describe = lambda: ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"][0]
        web = dict(WEB[0], IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "anybody"}])
        ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[web])
        self.assertEqual(describe()["Description"], "anybody")
        ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[web])
        to_8080 = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "CidrIpv4": "10.0.0.0/8"}
        ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[
            {"SecurityGroupRuleId": rule, "SecurityGroupRule": to_8080}])
        self.assertEqual((describe()["FromPort"], describe()["CidrIpv4"], describe()["IsEgress"]), (8080, "10.0.0.0/8", False))
        self.refused("InvalidPermission.NotFound", "The specified rule does not exist in this security group.",
                     ec2.update_security_group_rule_descriptions_ingress, GroupId=group, IpPermissions=[web])
        ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[
            {"SecurityGroupRuleId": rule, "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                                                                "CidrIpv4": "0.0.0.0/0"}}])

    def test_tags(self):
        ec2 = self.ec2
        group = ec2.create_security_group(GroupName="tagged", Description="x", VpcId=self.vpc,
                                          TagSpecifications=named("security-group", "old"))["GroupId"]
        ec2.create_tags(Resources=[self.vpc, group], Tags=[{"Key": "Name", "Value": "new"}, {"Key": "team", "Value": "a"}])
        of_group = [{"Name": "resource-id", "Values": [group]}]
        self.assertEqual(self.by_key(ec2.describe_tags(Filters=of_group)["Tags"]), {"Name": "new", "team": "a"})
        ec2.delete_tags(Resources=[group], Tags=[{"Key": "team"}])
        tags = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["Tags"]
        self.assertEqual(self.by_key(tags), {"Name": "new"})
        self.refused("InvalidParameterValue", "Value ( aws:x ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved "
                     "for internal use",
                     ec2.create_tags, Resources=[group], Tags=[{"Key": "aws:x", "Value": "y"}])
        ec2.delete_security_group(GroupId=group)

    def test_addresses(self):
        ec2 = self.ec2
        made = ec2.allocate_address(Domain="vpc")
        found = ec2.describe_addresses(AllocationIds=[made["AllocationId"]])["Addresses"]
        self.assertEqual([a["PublicIp"] for a in found], [made["PublicIp"]])
        ec2.release_address(AllocationId=made["AllocationId"])
        self.refused("InvalidAllocationID.NotFound", made["AllocationId"], ec2.describe_addresses,
                     AllocationIds=[made["AllocationId"]])

    def test_a_way_out_for_private_subnets(self):
        ec2 = self.ec2
        subnet = self.subnet("10.7.0.0/24")["SubnetId"]
        address = ec2.allocate_address(Domain="vpc")
        wanted = {"SubnetId": subnet, "AllocationId": address["AllocationId"]}
        self.refused("Gateway.NotAttached", f"Network {self.vpc} has no Internet gateway attached",
                     ec2.create_nat_gateway, **wanted)
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        nat = ec2.create_nat_gateway(**wanted, TagSpecifications=named("natgateway", "nat"))["NatGateway"]["NatGatewayId"]
        self.until(ec2, "nat_gateway_available", NatGatewayIds=[nat])
        found = ec2.describe_nat_gateways(Filter=[{"Name": "tag:Name", "Values": ["nat"]}])["NatGateways"]
        self.assertEqual([n["NatGatewayAddresses"][0]["PublicIp"] for n in found], [address["PublicIp"]])
        self.refused("InvalidIPAddress.InUse", address["PublicIp"], ec2.release_address,
                     AllocationId=address["AllocationId"])
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        ec2.delete_nat_gateway(NatGatewayId=nat)
        self.until(ec2, "nat_gateway_deleted", NatGatewayIds=[nat])
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        self.assertIn((nat, "blackhole"), [(r.get("NatGatewayId"), r["State"]) for r in routes])
        ec2.delete_route_table(RouteTableId=table)
        ec2.release_address(AllocationId=address["AllocationId"])
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway)

    def test_vpc_endpoints(self):
        ec2 = self.ec2
        subnet = self.subnet("10.7.0.0/24")["SubnetId"]
        made = ec2.create_vpc_endpoint(VpcId=self.vpc, ServiceName="com.amazonaws.us-east-1.ecs",
                                       VpcEndpointType="Interface")["VpcEndpoint"]
        endpoint = made["VpcEndpointId"]
        self.assertEqual((made["State"], made["PrivateDnsEnabled"], made["Groups"][0]["GroupName"]),
                         ("available", True, "default"))
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[subnet])
        found = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["VpcEndpoints"]
        self.assertEqual([(e["VpcEndpointId"], e["SubnetIds"]) for e in found], [(endpoint, [subnet])])
        self.refused("InvalidServiceName", "The Vpc Endpoint Service 'x' does not exist", ec2.create_vpc_endpoint,
                     VpcId=self.vpc, ServiceName="x")
        self.assertEqual(ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"], [])
        failed = ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"]
        self.assertEqual([f["Error"]["Code"] for f in failed], ["InvalidVpcEndpointId.NotFound"])

    def test_network_acls(self):
        ec2 = self.ec2
        subnet = self.subnet("10.7.0.0/24")["SubnetId"]
        of_subnet = lambda: ec2.describe_network_acls(
            Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"][0]
        default = of_subnet()
        acl = ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        rule = {"NetworkAclId": acl, "RuleNumber": 100, "Protocol": "6", "Egress": False, "CidrBlock": "0.0.0.0/0",
                "PortRange": {"From": 80, "To": 80}}
        ec2.create_network_acl_entry(**rule, RuleAction="allow")
        ec2.replace_network_acl_entry(**rule, RuleAction="deny")
        association = [a for a in default["Associations"] if a["SubnetId"] == subnet][0]["NetworkAclAssociationId"]
        moved = ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)["NewAssociationId"]
        self.assertEqual((of_subnet()["NetworkAclId"], of_subnet()["Entries"][-1]["RuleAction"]), (acl, "deny"))
        self.refused("DependencyViolation", acl, ec2.delete_network_acl, NetworkAclId=acl)
        ec2.replace_network_acl_association(AssociationId=moved, NetworkAclId=default["NetworkAclId"])
        ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False)
        self.refused("InvalidNetworkAclEntry.NotFound", acl, ec2.delete_network_acl_entry, NetworkAclId=acl,
                     RuleNumber=100, Egress=False)
        ec2.delete_network_acl(NetworkAclId=acl)

    def test_what_a_region_has(self):
        ec2 = self.ec2
        zones = ec2.describe_availability_zones()["AvailabilityZones"]
        self.assertEqual([z["ZoneName"] for z in zones][:2], ["us-east-1a", "us-east-1b"])
        self.assertEqual({z["State"] for z in zones}, {"available"})
        self.assertIn("us-east-1", [r["RegionName"] for r in ec2.describe_regions()["Regions"]])
        attributes = ec2.describe_account_attributes(AttributeNames=["supported-platforms"])["AccountAttributes"]
        self.assertEqual(attributes[0]["AttributeValues"], [{"AttributeValue": "VPC"}])

    def test_wrong_input(self):
        ec2 = self.ec2
        self.refused("InvalidParameterValue", "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid "
                     "CIDR block.", ec2.create_vpc, CidrBlock="10.0.0.0")
        self.refused("InvalidVpc.Range", "The CIDR '10.0.0.0/8' is invalid.", ec2.create_vpc, CidrBlock="10.0.0.0/8")
        self.refused("InvalidVpcID.Malformed", 'Invalid id: "nothing" (expecting "vpc-...")', ec2.describe_vpcs,
                     VpcIds=["nothing"])
        self.refused("InvalidSubnetID.NotFound", "The subnet ID 'subnet-00000000' does not exist", ec2.delete_subnet,
                     SubnetId="subnet-00000000")
        self.refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", ec2.create_vpc,
                     CidrBlock="10.1.0.0/16", DryRun=True)
        self.refused("InvalidParameterValue", "The filter 'nonsense' is invalid", ec2.describe_vpcs,
                     Filters=[{"Name": "nonsense", "Values": ["x"]}])
