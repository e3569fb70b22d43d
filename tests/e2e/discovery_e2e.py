"""Cloud Map with real containers: an ECS service's tasks are registered under a name of their VPC, another task asks for
it; what runs no more is not found.

Usage: discovery_e2e.py BIN_DIR SOURCE_DIR. Needs root, Podman, and the images localhost/learner:latest and
localhost/berth-build:latest (made when it is missing).
"""

import os
import subprocess
import sys
import unittest

from daemon import Daemon, wait_for

BIN, SOURCE = sys.argv[1], sys.argv[2]
STACK = "discovery"
TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "discovery.yaml")


class Discovery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([f"{SOURCE}/scripts/build-image", "--if-missing"], check=True)
        cls.berth = Daemon(BIN)
        cls.berth.start()
        cls.berth.deploy(TEMPLATE, STACK)
        stack = cls.berth.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        cls.outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
        cls.web = cls.outputs["Discovery"]

    @classmethod
    def tearDownClass(cls):
        cls.berth.clean_up()

    def service(self):
        ecs = self.berth.client("ecs")
        arn, = ecs.list_services(cluster=self.outputs["Cluster"])["serviceArns"]
        return arn

    def web_addresses(self):
        ecs, cluster = self.berth.client("ecs"), self.outputs["Cluster"]
        arns = ecs.list_tasks(cluster=cluster, serviceName=self.service().split("/")[-1])["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        details = [{d["name"]: d["value"] for d in t["attachments"][0]["details"]} for t in tasks]
        return {d["privateIPv4Address"] for d in details if "privateIPv4Address" in d}

    def discovered(self):
        found = self.berth.client("servicediscovery").discover_instances(NamespaceName="internal.example", ServiceName="web")
        return {i["Attributes"]["AWS_INSTANCE_IPV4"] for i in found["Instances"]}

    def ask(self):
        """Exit code and output of a task that asks for the service by its name."""
        ecs, cluster = self.berth.client("ecs"), self.outputs["Cluster"]
        task = ecs.run_task(cluster=cluster, taskDefinition="asker", launchType="FARGATE", networkConfiguration={
            "awsvpcConfiguration": {"subnets": [self.outputs["Subnet"]],
                                    "securityGroups": [self.outputs["Group"]]}})["tasks"][0]["taskArn"]

        def ended():
            found = ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]
            return found if found["lastStatus"] == "STOPPED" else None
        code = wait_for("the asker's end", ended, 60)["containers"][0].get("exitCode")
        stream = f"ecs/asker/{task.split('/')[-1]}"

        def lines():
            logs = self.berth.client("logs")
            streams = logs.describe_log_streams(logGroupName=f"/ecs/{STACK}", logStreamNamePrefix=stream)["logStreams"]
            events = logs.get_log_events(logGroupName=f"/ecs/{STACK}", logStreamName=stream)["events"] if streams else []
            return "\n".join(e["message"] for e in events)
        return code, wait_for("what it wrote", lines, 20)

    def test_1_a_task_finds_another_by_its_name(self):
        self.assertEqual(self.discovered(), self.web_addresses())
        self.assertEqual(len(self.discovered()), 2)
        code, text = self.ask()
        self.assertEqual(code, 0, text)
        self.assertEqual(text, '{"status":"healthy"}')

    def test_2_what_runs_no_more_is_not_found(self):
        self.berth.client("ecs").update_service(cluster=self.outputs["Cluster"], service=self.service(), desiredCount=0)
        wait_for("no instances", lambda: not self.discovered(), 60)
        code, text = self.ask()
        self.assertEqual(code, 6, text)  # curl: could not resolve host
        self.assertIn("Could not resolve host", text)
        self.berth.client("ecs").update_service(cluster=self.outputs["Cluster"], service=self.service(), desiredCount=1)
        wait_for("one instance", lambda: len(self.discovered()) == 1, 60)
        self.assertEqual(self.ask()[0], 0)

    def test_3_berthd_may_die_and_come_back(self):
        self.berth.kill()
        self.berth.start()
        code, text = self.ask()
        self.assertEqual(code, 0, text)

    def test_4_records_change_in_place_and_the_stack_goes(self):
        self.berth.deploy(TEMPLATE, STACK, "Ttl=30", "DesiredCount=1")
        client = self.berth.client("servicediscovery")
        service = client.get_service(Id=self.web)["Service"]
        self.assertEqual(service["DnsConfig"]["DnsRecords"], [{"Type": "A", "TTL": 30}])
        self.berth.aws("cloudformation", "delete-stack", "--stack-name", STACK)
        self.berth.aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", STACK)
        self.assertEqual(client.list_namespaces()["Namespaces"], [])
        self.assertEqual(client.list_services()["Services"], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True)
