"""Elastic Load Balancing v2 through boto3: load balancers, target groups, listeners, rules."""

from clients.harness import ClientTest
from clients.network import Network

SORRY = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain",
                                                            "MessageBody": "sorry"}}]


def forward(group):
    return [{"Type": "forward", "TargetGroupArn": group}]


class Elbv2(ClientTest):
    @classmethod
    def setUpClass(cls):
        cls.elb = cls.daemon.client("elbv2")
        cls.network = Network(cls.daemon.client("ec2"), "10.20")
        cls.balancer = cls.elb.create_load_balancer(Name="clients", Subnets=cls.network.subnets[:2],
                                                    SecurityGroups=[cls.network.group])["LoadBalancers"][0]
        cls.arn = cls.balancer["LoadBalancerArn"]

    @classmethod
    def tearDownClass(cls):
        cls.elb.delete_load_balancer(LoadBalancerArn=cls.arn)
        cls.network.remove()

    def group(self, name, **options):
        arn = self.elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.network.vpc, TargetType="ip",
                                           **options)["TargetGroups"][0]["TargetGroupArn"]
        self.addCleanup(self.elb.delete_target_group, TargetGroupArn=arn)
        return arn

    def listener(self, port, actions):
        arn = self.elb.create_listener(LoadBalancerArn=self.arn, Protocol="HTTP", Port=port,
                                       DefaultActions=actions)["Listeners"][0]["ListenerArn"]
        self.addCleanup(self.elb.delete_listener, ListenerArn=arn)
        return arn

    def test_life_of_a_load_balancer(self):
        elb, network = self.elb, self.network
        made = elb.create_load_balancer(Name="life", Subnets=network.subnets[:2])["LoadBalancers"][0]
        arn = made["LoadBalancerArn"]
        self.until(elb, "load_balancer_available", LoadBalancerArns=[arn])
        balancer = elb.describe_load_balancers(Names=["life"])["LoadBalancers"][0]
        self.assertRegex(balancer["DNSName"], r"^life-\d+\.us-east-1\.elb\.localhost$")
        self.assertEqual((balancer["Scheme"], balancer["Type"], balancer["State"]["Code"]),
                         ("internet-facing", "application", "active"))
        self.assertEqual(elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")["IpAddressType"], "ipv4")
        self.refused("ValidationError", "IP address type 'dualstack' is not supported by berth", elb.set_ip_address_type,
                     LoadBalancerArn=arn, IpAddressType="dualstack")
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[network.group])
        elb.set_subnets(LoadBalancerArn=arn, Subnets=network.subnets)
        balancer = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
        self.assertEqual(balancer["SecurityGroups"], [network.group])
        self.assertEqual({z["SubnetId"] for z in balancer["AvailabilityZones"]}, set(network.subnets))
        timeout = [{"Key": "idle_timeout.timeout_seconds", "Value": "30"}]
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=timeout)
        attributes = self.by_key(elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])
        self.assertEqual(attributes["idle_timeout.timeout_seconds"], "30")
        self.assertEqual(attributes["deletion_protection.enabled"], "false")
        self.refused("DuplicateLoadBalancerName", "exists, but with different settings", elb.create_load_balancer,
                     Name="life", Subnets=network.subnets[:2], Scheme="internal")
        found = self.pages(elb, "describe_load_balancers", "LoadBalancers", 1)
        self.assertEqual({b["LoadBalancerName"] for b in found}, {"clients", "life"})
        elb.delete_load_balancer(LoadBalancerArn=arn)
        self.until(elb, "load_balancers_deleted", LoadBalancerArns=[arn])
        self.refused("LoadBalancerNotFound", "not found", elb.describe_load_balancers, LoadBalancerArns=[arn])
        self.refused("LoadBalancerNotFound", "Load balancers '[life]' not found", elb.describe_load_balancers, Names=["life"])

    def test_life_of_a_target_group(self):
        elb = self.elb
        arn = elb.create_target_group(Name="life", Protocol="HTTP", Port=80, VpcId=self.network.vpc, TargetType="ip",
                                      HealthCheckPath="/health")["TargetGroups"][0]["TargetGroupArn"]
        group = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
        self.assertEqual((group["HealthCheckPath"], group["HealthCheckIntervalSeconds"], group["HealthyThresholdCount"],
                          group["UnhealthyThresholdCount"], group["Matcher"]), ("/health", 30, 5, 2, {"HttpCode": "200"}))
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/api/health", Matcher={"HttpCode": "200-299"})
        group = elb.describe_target_groups(Names=["life"])["TargetGroups"][0]
        self.assertEqual((group["HealthCheckPath"], group["Matcher"]), ("/api/health", {"HttpCode": "200-299"}))
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
        elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
        attributes = self.by_key(elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
        self.assertEqual(attributes["deregistration_delay.timeout_seconds"], "30")
        self.assertEqual(attributes["load_balancing.algorithm.type"], "round_robin")
        elb.delete_target_group(TargetGroupArn=arn)
        self.refused("TargetGroupNotFound", "One or more target groups not found", elb.describe_target_groups,
                     TargetGroupArns=[arn])

    def test_targets(self):
        elb, arn = self.elb, self.group("targets")
        target = {"Id": "10.20.0.77", "Port": 80}
        elb.register_targets(TargetGroupArn=arn, Targets=[target])
        health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        self.assertEqual([(h["Target"]["Id"], h["TargetHealth"]["State"], h["TargetHealth"]["Reason"]) for h in health],
                         [("10.20.0.77", "unused", "Target.NotInUse")])
        elb.deregister_targets(TargetGroupArn=arn, Targets=[target])
        self.until(elb, "target_deregistered", TargetGroupArn=arn, Targets=[target])
        health = elb.describe_target_health(TargetGroupArn=arn, Targets=[target])["TargetHealthDescriptions"][0]
        self.assertEqual(health["TargetHealth"]["Reason"], "Target.NotRegistered")
        self.refused("ValidationError", "is not a valid IPv4 address", elb.register_targets, TargetGroupArn=arn,
                     Targets=[{"Id": "nowhere"}])

    def test_life_of_a_listener(self):
        elb, group = self.elb, self.group("listened")
        arn = elb.create_listener(LoadBalancerArn=self.arn, Protocol="HTTP", Port=8081,
                                  DefaultActions=forward(group))["Listeners"][0]["ListenerArn"]
        self.refused("DuplicateListener", "A listener already exists on this port", elb.create_listener,
                     LoadBalancerArn=self.arn, Protocol="HTTP", Port=8081, DefaultActions=SORRY)
        self.refused("ResourceInUse", "is currently in use by a listener or a rule", elb.delete_target_group,
                     TargetGroupArn=group)
        elb.modify_listener(ListenerArn=arn, Port=8082, DefaultActions=SORRY)
        listener = elb.describe_listeners(ListenerArns=[arn])["Listeners"][0]
        self.assertEqual((listener["Port"], listener["DefaultActions"][0]["Type"]), (8082, "fixed-response"))
        self.listener(8083, SORRY)
        found = self.pages(elb, "describe_listeners", "Listeners", 1, LoadBalancerArn=self.arn)
        self.assertEqual(sorted(item["Port"] for item in found), [8082, 8083])
        elb.delete_listener(ListenerArn=arn)
        self.refused("ListenerNotFound", "One or more listeners not found", elb.describe_listeners, ListenerArns=[arn])

    def test_rules(self):
        elb, listener = self.elb, self.listener(8084, SORRY)
        made = [elb.create_rule(ListenerArn=listener, Priority=10 * n, Actions=SORRY, Conditions=[
            {"Field": "path-pattern", "Values": [f"/{n}/*"]}])["Rules"][0]["RuleArn"] for n in (1, 2)]
        self.refused("PriorityInUse", "Priority '10' is currently in use", elb.create_rule, ListenerArn=listener, Priority=10,
                     Actions=SORRY, Conditions=[{"Field": "path-pattern", "Values": ["/x"]}])
        elb.modify_rule(RuleArn=made[0], Conditions=[{"Field": "host-header", "Values": ["a.example.com"]}])
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": made[0], "Priority": 30}])
        rules = self.pages(elb, "describe_rules", "Rules", 2, ListenerArn=listener)
        self.assertEqual([(r["Priority"], r["IsDefault"]) for r in rules], [("20", False), ("30", False), ("default", True)])
        self.assertEqual(rules[1]["Conditions"][0]["Field"], "host-header")
        self.refused("OperationNotPermitted", "Default rule", elb.delete_rule, RuleArn=rules[2]["RuleArn"])
        elb.delete_rule(RuleArn=made[0])
        self.refused("RuleNotFound", "One or more rules not found", elb.describe_rules, RuleArns=[made[0]])

    def test_tags(self):
        elb, arn = self.elb, self.group("tagged", Tags=[{"Key": "team", "Value": "a"}])
        elb.add_tags(ResourceArns=[arn, self.arn], Tags=[{"Key": "stage", "Value": "dev"}])
        elb.remove_tags(ResourceArns=[arn], TagKeys=["team"])
        tags = elb.describe_tags(ResourceArns=[arn, self.arn])["TagDescriptions"]
        self.assertEqual({t["ResourceArn"]: self.by_key(t["Tags"]) for t in tags},
                         {arn: {"stage": "dev"}, self.arn: {"stage": "dev"}})
        self.refused("TargetGroupNotFound", "", elb.describe_tags, ResourceArns=[arn[:-4] + "0000"])

    def test_wrong_input(self):
        elb, network = self.elb, self.network
        self.refused("ValidationError", "At least two subnets in two different Availability Zones must be specified",
                     elb.create_load_balancer, Name="one", Subnets=network.subnets[:1])
        self.refused("SubnetNotFound", "The subnet ID 'subnet-00000000' does not exist", elb.create_load_balancer,
                     Name="none", Subnets=["subnet-00000000", network.subnets[0]])
        self.refused("ValidationError", "cannot begin or end with '-'", elb.create_load_balancer, Name="-x",
                     Subnets=network.subnets)
        self.refused("ValidationError", "Health check interval must be greater than the timeout.", elb.create_target_group,
                     Name="x", Protocol="HTTP", Port=80, VpcId=network.vpc, TargetType="ip", HealthCheckIntervalSeconds=5,
                     HealthCheckTimeoutSeconds=5)
        self.refused("UnsupportedProtocol", "", elb.create_listener, LoadBalancerArn=self.arn, Protocol="HTTPS", Port=443,
                     DefaultActions=SORRY)
        self.refused("TargetGroupNotFound", "", elb.create_listener, LoadBalancerArn=self.arn, Protocol="HTTP", Port=8090,
                     DefaultActions=forward(self.arn.replace("loadbalancer/app", "targetgroup")))
