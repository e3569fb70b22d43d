"""Security groups, routes and policies as tasks meet them, through the stock clients with real containers.

Usage: vpc_e2e.py BIN_DIR SOURCE_DIR. Needs root, Podman, HAProxy and the image localhost/learner:latest.
"""

import json
import sys
import unittest
import urllib.error
import urllib.request

import boto3
from botocore.exceptions import ClientError

from daemon import CLUSTER, Daemon, wait_for

BIN, SOURCE = sys.argv[1], sys.argv[2]
ROLE = "learner-ecs-task-exc-role"


class Vpc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.berth = Daemon(BIN)
        cls.berth.start()
        for day in (1, 2, 3, 4):
            cls.berth.deploy(f"{SOURCE}/examples/learner/day{day}.yaml", f"learner-day{day}",
                             *(["ImageName=localhost/learner:latest"] if day == 3 else []))
        cls.berth.deploy(f"{SOURCE}/examples/learner/ecs_service.yaml", "AWSLearner-ECS-Stack",
                         "AlertEmail=you@example.com")

    @classmethod
    def tearDownClass(cls):
        cls.berth.clean_up()

    def ask(self, path):
        try:
            with urllib.request.urlopen(self.berth.url() + path, timeout=15) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def target_health(self):
        elb = self.berth.client("elbv2")
        group = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
        found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {(t["TargetHealth"]["State"], t["TargetHealth"].get("Reason")) for t in found}

    def refusal(self):
        """What ECS tells who has the task role's credentials and no policy."""
        role = self.berth.client("iam").get_role(RoleName=ROLE)["Role"]["Arn"]
        keys = self.berth.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        session = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
        with self.assertRaises(ClientError) as caught:
            session.client("ecs", endpoint_url=self.berth.endpoint).describe_services(cluster=CLUSTER, services=["x"])
        self.assertEqual(caught.exception.response["Error"]["Code"], "AccessDeniedException")
        return str(caught.exception)

    def test_1_a_security_group_without_the_rule_fails_the_health_check(self):
        ec2 = self.berth.client("ec2")
        group = ec2.describe_security_groups(
            Filters=[{"Name": "group-name", "Values": ["learner-tasks"]}])["SecurityGroups"][0]
        self.assertEqual(self.target_health(), {("healthy", None)})
        rule = group["IpPermissions"]
        self.assertEqual(len(rule[0]["UserIdGroupPairs"]), 1)  # the load balancer's group
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rule)
        wait_for("a timeout of the health check", lambda: ("unhealthy", "Target.Timeout") in self.target_health(), 60)
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=rule)
        wait_for("a healthy target", lambda: ("healthy", None) in self.target_health(), 60)
        self.assertEqual(self.ask("/api/health"), (200, {"status": "healthy"}))

    def test_2_a_task_may_what_its_roles_policies_say(self):
        iam = self.berth.client("iam")
        self.assertEqual(self.ask("/api/scalinginfo")[1].get("running_count"), 1)
        policy = iam.list_role_policies(RoleName=ROLE)["PolicyNames"][0]
        document = iam.get_role_policy(RoleName=ROLE, PolicyName=policy)["PolicyDocument"]
        iam.delete_role_policy(RoleName=ROLE, PolicyName=policy)
        self.assertEqual(self.ask("/api/scalinginfo")[1], {"error": "Unable to fetch scaling information"})
        self.assertRegex(self.refusal(), "assumed-role/" + ROLE + "/test is not authorized to perform: "
                         "ecs:DescribeServices on resource: arn:aws:ecs:us-east-1:123456789012:service/learner-cluster/x "
                         "because no identity-based policy allows the ecs:DescribeServices action")
        iam.put_role_policy(RoleName=ROLE, PolicyName=policy, PolicyDocument=json.dumps(document))
        self.assertEqual(self.ask("/api/scalinginfo")[1].get("running_count"), 1)

    def exports(self):
        return {e["Name"]: e["Value"] for e in self.berth.client("cloudformation").list_exports()["Exports"]}

    def test_3_a_private_subnet_reaches_out_through_its_nat_gateway_only(self):
        ecs, ec2 = self.berth.client("ecs"), self.berth.client("ec2")
        subnets = self.exports()["learner-private-subnets"].split(",")
        ecs.update_service(cluster=CLUSTER, service="learner-svc-service", networkConfiguration={"awsvpcConfiguration": {
            "subnets": subnets, "securityGroups": [self.exports()["learner-task-group"]], "assignPublicIp": "DISABLED"}})
        wait_for("a task in a private subnet alone", lambda: {
            t["attachments"][0]["details"][0]["value"] for t in self.berth.tasks()} <= set(subnets), 60)
        scaling = lambda: self.ask("/api/scalinginfo")[1].get("running_count")
        wait_for("an answer of AWS's API", scaling, 30)
        table = ec2.describe_route_tables(Filters=[{"Name": "tag:Name", "Values": ["learner-private"]}])["RouteTables"][0]
        ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
        wait_for("no answer without a route", lambda: scaling() is None, 30)
        self.assertEqual(self.ask("/api/health")[0], 200)
        endpoint = ec2.create_vpc_endpoint(VpcId=table["VpcId"], VpcEndpointType="Interface", SubnetIds=subnets,
                                           ServiceName="com.amazonaws.us-east-1.ecs")["VpcEndpoint"]["VpcEndpointId"]
        wait_for("an answer by the VPC endpoint", scaling, 30)
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
        wait_for("no answer without it", lambda: scaling() is None, 30)

    def test_4_nothing_is_left(self):
        self.assertEqual(self.berth.down().returncode, 0)
        self.assertEqual(self.berth.left_outside(), {})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True)
