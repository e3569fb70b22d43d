"""The article's stack through the stock CLI with real containers: deployed, looked at, killed, taken down.

Usage: article_e2e.py BIN_DIR SOURCE_DIR. Needs root, Podman, HAProxy and the image localhost/learner:latest.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

BIN, SOURCE = sys.argv[1], sys.argv[2]
GROUP, SERVICE, CLUSTER = "/ecs/learner-svc-logs", "learner-svc-service", "learner-cluster"
PODMAN = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, look, limit_s=60):
    """Waits for the event itself; the limit only ends a test that would never pass."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {limit_s} s")


def namespaces():
    return set(subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout.split())


class Traffic:
    """Requests one after the other until stopped; counts what was not answered with 200."""

    def __init__(self, url):
        self.url, self.good, self.bad, self.stopping = url, 0, [], False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping:
            try:
                with urllib.request.urlopen(self.url, timeout=10) as answer:
                    answer.read()
                    self.good += 1
            except OSError as error:
                self.bad.append(str(error))

    def stop(self):
        self.stopping = True
        self.thread.join()


class ArticleStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.mkdtemp(prefix="berth-e2e-")
        cls.endpoint = f"http://127.0.0.1:{free_port()}"
        cls.env = dict(os.environ, BERTH_DATA_DIR=cls.data, BERTH_ENDPOINT=cls.endpoint)
        cls.namespaces_before = namespaces()
        cls.start()
        text = subprocess.run([f"{BIN}/berth", "env"], env=cls.env, check=True, capture_output=True, text=True).stdout
        cls.env.update(re.findall(r"^export (\w+)='(.*)'$", text, re.M))

    @classmethod
    def start(cls):
        command = [f"{BIN}/berthd", "--data-dir", cls.data, "--listen", cls.endpoint[7:], "--time-scale", "20"]
        with open(f"{cls.data}/berthd.log", "a") as log:
            cls.berthd = subprocess.Popen(command, start_new_session=True, stderr=log, stdout=log)
        wait_for("berthd's first answer", cls.answers)

    @classmethod
    def answers(cls):
        try:
            return urllib.request.urlopen(cls.endpoint + "/_berth/health", timeout=2).status == 200
        except OSError:
            return False

    @classmethod
    def tearDownClass(cls):
        subprocess.run([f"{BIN}/berth", "down"], env=cls.env, capture_output=True, timeout=120)
        cls.berthd.wait(timeout=30)
        shutil.rmtree(cls.data, ignore_errors=True)

    def aws(self, *arguments, program="aws", check=True):
        done = subprocess.run([program, "--endpoint-url", self.endpoint, *arguments], env=self.env, capture_output=True,
                              text=True, timeout=180)
        if check and done.returncode != 0:
            self.fail(f"aws {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout if check else done.stdout + done.stderr

    def aws_json(self, *arguments, **options):
        return json.loads(self.aws(*arguments, "--output", "json", **options))

    def status(self):
        return json.loads(subprocess.run([f"{BIN}/berth", "status", "--json"], env=self.env, check=True,
                                         capture_output=True, text=True).stdout)

    def url(self):
        return self.status()["load_balancers"][0]["url"]

    def service(self):
        return self.aws_json("ecs", "describe-services", "--cluster", CLUSTER, "--services", SERVICE)["services"][0]

    def test_1_deploys_unchanged(self):
        self.aws("cloudformation", "deploy", "--template-file", f"{SOURCE}/examples/learner/prerequisites.yaml",
                 "--stack-name", "learner-prerequisites", "--capabilities", "CAPABILITY_NAMED_IAM")
        self.aws("cloudformation", "deploy", "--template-file", f"{SOURCE}/examples/learner/ecs_service.yaml",
                 "--stack-name", "AWSLearner-ECS-Stack", "--capabilities", "CAPABILITY_NAMED_IAM",
                 "--parameter-overrides", "AlertEmail=you@example.com")
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

    def test_7_kill_and_restart_lose_nothing_and_no_request(self):
        before = subprocess.run([*PODMAN, "ps", "-q", "--filter", "name=berth-"], capture_output=True, text=True).stdout
        traffic = Traffic(self.url() + "/api/health")
        for _ in range(3):
            served = traffic.good
            wait_for("traffic", lambda: traffic.good > served + 20)
            self.berthd.send_signal(signal.SIGKILL)
            self.berthd.wait()
            self.start()
        self.aws("ecs", "update-service", "--cluster", CLUSTER, "--service", SERVICE, "--desired-count", "2")
        self.berthd.send_signal(signal.SIGKILL)
        self.berthd.wait()
        self.start()
        wait_for("two running tasks", lambda: self.service()["runningCount"] == 2)
        traffic.stop()
        self.assertEqual(traffic.bad, [])
        after = subprocess.run([*PODMAN, "ps", "-q", "--filter", "name=berth-"], capture_output=True, text=True).stdout
        self.assertTrue(set(before.split()) <= set(after.split()), "the first task was adopted, not replaced")

    def test_8_down_leaves_nothing(self):
        done = subprocess.run([f"{BIN}/berth", "down"], env=self.env, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.berthd.wait(timeout=30)
        self.assertEqual(namespaces() - self.namespaces_before, set())
        self.assertFalse(os.path.exists(f"{self.data}/haproxy"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True)
