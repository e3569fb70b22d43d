"""The article's stack through the stock CLI with real containers: deployed, looked at, killed, taken down.

Usage: article_e2e.py BIN_DIR SOURCE_DIR. Needs root, Podman, HAProxy and the image localhost/learner:latest.
"""

import json
import os
import sys
import unittest
import urllib.request

from daemon import CLUSTER, Daemon, Traffic, wait_for

BIN, SOURCE = sys.argv[1], sys.argv[2]
GROUP, SERVICE = "/ecs/learner-svc-logs", "learner-svc-service"


class ArticleStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.berth = Daemon(BIN)
        cls.berth.start()

    @classmethod
    def tearDownClass(cls):
        cls.berth.clean_up()

    def aws(self, *arguments, **options):
        return self.berth.aws(*arguments, **options)

    def aws_json(self, *arguments, **options):
        return self.berth.aws_json(*arguments, **options)

    def url(self):
        return self.berth.url()

    def service(self):
        return self.aws_json("ecs", "describe-services", "--cluster", CLUSTER, "--services", SERVICE)["services"][0]

    def test_1_deploys_unchanged(self):
        self.berth.deploy(f"{SOURCE}/examples/learner/prerequisites.yaml", "learner-prerequisites")
        self.berth.deploy(f"{SOURCE}/examples/learner/ecs_service.yaml", "AWSLearner-ECS-Stack",
                          "AlertEmail=you@example.com")
        resources = self.aws_json("cloudformation", "describe-stack-resources", "--stack-name",
                                  "AWSLearner-ECS-Stack")["StackResources"]
        self.assertEqual({r["ResourceStatus"] for r in resources}, {"CREATE_COMPLETE"})
        self.assertEqual(len(resources), 9)
        with urllib.request.urlopen(self.url() + "/api/health", timeout=10) as answer:
            self.assertEqual(json.load(answer), {"status": "healthy"})

    def test_2_every_resource_is_what_its_own_service_describes(self):
        service = self.service()
        self.assertEqual((service["status"], service["desiredCount"], service["runningCount"]), ("ACTIVE", 1, 1))
        policies = self.aws_json("application-autoscaling", "describe-scaling-policies", "--service-namespace",
                                 "ecs")["ScalingPolicies"]
        self.assertEqual([len(p["Alarms"]) for p in policies], [2])
        alarms = self.aws_json("cloudwatch", "describe-alarms")["MetricAlarms"]
        self.assertEqual(len(alarms), 4)
        self.assertEqual({a["Threshold"] for a in alarms if "TargetTracking" in a["AlarmName"]}, {40.0, 36.0})
        groups = self.aws_json("logs", "describe-log-groups")["logGroups"]
        self.assertEqual([(g["logGroupName"], g["retentionInDays"]) for g in groups], [(GROUP, 14)])
        topics = self.aws_json("sns", "list-subscriptions")["Subscriptions"]
        self.assertEqual([t["SubscriptionArn"] for t in topics], ["PendingConfirmation"])
        self.aws("ecs", "wait", "services-stable", "--cluster", CLUSTER, "--services", SERVICE)

    def test_3_a_task_calls_the_api_with_its_roles_credentials(self):
        with urllib.request.urlopen(self.url() + "/api/scalinginfo", timeout=10) as answer:
            info = json.load(answer)
        self.assertEqual((info["desired_count"], info["running_count"], info["status"]), (1, 1, "ACTIVE"))

    def test_4_metrics_and_logs_come_from_the_containers(self):
        def cpu_points():
            metrics = self.aws_json("cloudwatch", "list-metrics", "--namespace", "AWS/ECS")["Metrics"]
            return {m["MetricName"] for m in metrics} >= {"CPUUtilization", "MemoryUtilization", "RunningTaskCount"}

        wait_for("the first published minute", cpu_points, 30)
        lines = self.aws("logs", "filter-log-events", "--log-group-name", GROUP, "--query", "events[].message")
        self.assertIn("GET /api/health", lines)

    def test_5_the_default_address_rolls_back_with_awss_message(self):
        self.aws("cloudformation", "deploy", "--template-file", f"{SOURCE}/examples/learner/ecs_service.yaml",
                 "--stack-name", "Bad", "--parameter-overrides", "ServiceName=bad", check=False)
        events = self.aws("cloudformation", "describe-stack-events", "--stack-name", "Bad")
        self.assertIn("Invalid parameter: Email address", events)
        stack = self.aws_json("cloudformation", "describe-stacks", "--stack-name", "Bad")["Stacks"][0]
        self.assertEqual(stack["StackStatus"], "ROLLBACK_COMPLETE")

    def test_6_old_clients_speak_query(self):
        if not os.path.exists("/usr/bin/aws"):
            self.skipTest("no Debian awscli")
        alarms = self.aws_json("cloudwatch", "describe-alarms", program="/usr/bin/aws")["MetricAlarms"]
        self.assertEqual(len(alarms), 4)

    def test_7_a_new_listener_costs_no_request(self):
        """HAProxy is reloaded for it: what the process before has accepted still has to reach its target."""
        elbv2 = self.berth.client("elbv2")
        balancer = elbv2.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        traffic = Traffic(self.url(), threads=3)
        for _ in range(3):
            before = self.berth.haproxies()
            listener = elbv2.create_listener(LoadBalancerArn=balancer, Port=8098, Protocol="HTTP", DefaultActions=[
                {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}])["Listeners"][0]
            wait_for("the new process alone", lambda: len(self.berth.haproxies()) == 1
                     and self.berth.haproxies() != before, 20)
            elbv2.delete_listener(ListenerArn=listener["ListenerArn"])
        traffic.stop()
        self.assertEqual(traffic.bad, [])

    def test_7_kill_and_restart_lose_nothing_and_no_request(self):
        before = self.berth.containers()
        traffic = Traffic(self.url())
        for _ in range(3):
            served = traffic.good
            wait_for("traffic", lambda: traffic.good > served + 20)
            self.berth.kill()
            self.berth.start()
        self.aws("ecs", "update-service", "--cluster", CLUSTER, "--service", SERVICE, "--desired-count", "2")
        self.berth.kill()
        self.berth.start()
        wait_for("two running tasks", lambda: self.service()["runningCount"] == 2)
        traffic.stop()
        self.assertEqual(traffic.bad, [])
        self.assertTrue(set(before) <= set(self.berth.containers()), "the first task was adopted, not replaced")

    def test_8_down_leaves_nothing(self):
        done = self.berth.down()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.berth.left_outside(), {})
        self.assertFalse(os.path.exists(f"{self.berth.data}/haproxy"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True)
