"""The stock command lines: Debian's awscli 2.9 (query protocol to CloudWatch) and, where there is one, a current awscli
(JSON to CloudWatch). Their waiters poll every 15 or 30 s, so an answer within a few seconds was held until it was ready."""

import concurrent.futures
import os
import shutil
import subprocess
import time

from clients.ecs import FARGATE
from clients.harness import ClientTest, wait_for
from clients.network import Network

DEBIAN = "/usr/bin/aws"
PROMPTLY_S = 9


def current():
    """The first `aws` on PATH if it is another one than Debian's."""
    found = shutil.which("aws")
    return found if found and os.path.realpath(found) != os.path.realpath(DEBIAN) else None


class CommandLine(ClientTest):
    def promptly(self, program, *arguments):
        begun = time.monotonic()
        self.command(program, *arguments)
        self.assertLess(time.monotonic() - begun, PROMPTLY_S, arguments)

    def metrics_and_alarms(self, program, name):
        self.command(program, "cloudwatch", "put-metric-data", "--namespace", name, "--metric-name", "Load", "--value", "42.5",
                     "--dimensions", "Host=a")
        now = time.time()
        window = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + ahead)) for ahead in (-3600, 86400)]
        points = self.command_json(program, "cloudwatch", "get-metric-statistics", "--namespace", name, "--metric-name", "Load",
                                   "--dimensions", "Name=Host,Value=a", "--start-time", window[0], "--end-time", window[1],
                                   "--period", "3600", "--statistics", "Maximum")["Datapoints"]
        self.assertEqual([p["Maximum"] for p in points], [42.5])
        self.command(program, "cloudwatch", "put-metric-alarm", "--alarm-name", name, "--namespace", name, "--metric-name",
                     "Load", "--statistic", "Average", "--period", "60", "--evaluation-periods", "2", "--threshold", "70",
                     "--comparison-operator", "GreaterThanThreshold")
        alarm = self.command_json(program, "cloudwatch", "describe-alarms", "--alarm-names", name)["MetricAlarms"][0]
        self.assertEqual((alarm["Threshold"], alarm["EvaluationPeriods"]), (70.0, 2))
        failed = self.command(program, "cloudwatch", "set-alarm-state", "--alarm-name", "no-such-alarm", "--state-value", "OK",
                              "--state-reason", "x", ok=False)
        self.assertIn("(ResourceNotFound) when calling the SetAlarmState operation", failed)
        self.client("cloudwatch").delete_alarms(AlarmNames=[name])

    def waiters(self, program, name):
        template = f"{self.daemon.data}/{name}.yaml"
        with open(template, "w") as out:
            out.write("Resources: {C: {Type: 'AWS::ECS::Cluster', Properties: {ClusterName: %s}}}" % name)
        self.promptly(program, "cloudformation", "deploy", "--stack-name", name, "--template-file", template)
        self.promptly(program, "cloudformation", "wait", "stack-create-complete", "--stack-name", name)
        self.assertIn("No changes to deploy", self.command(program, "cloudformation", "deploy", "--stack-name", name,
                                                           "--template-file", template, "--no-fail-on-empty-changeset"))
        failed = self.command(program, "ecs", "wait", "services-stable", "--cluster", name, "--services", "none", ok=False)
        self.assertIn("Waiter ServicesStable failed", failed)
        self.client("cloudformation").delete_stack(StackName=name)
        self.promptly(program, "cloudformation", "wait", "stack-delete-complete", "--stack-name", name)

    def story(self, program, name):
        with concurrent.futures.ThreadPoolExecutor() as pool:  # side by side, because starting the program is what takes long
            parts = [pool.submit(self.metrics_and_alarms, program, name), pool.submit(self.waiters, program, name + "-waits")]
            for part in parts:
                part.result()

    def test_debians_speaks_query(self):
        self.story(DEBIAN, "debian")

    def test_a_current_one_speaks_json(self):
        if not current():
            self.skipTest("there is no awscli beside Debian's")
        self.story(current(), "current")

    def test_services_stable_is_told_when_it_is_so(self):
        """The service cannot start its task until nobody wants one: the waiter's first question is held meanwhile."""
        self.ecs, self.network = self.client("ecs"), Network(self.client("ec2"), "10.70")
        self.ecs.create_cluster(clusterName="held")
        self.ecs.register_task_definition(**dict(FARGATE, family="held"))
        self.stable_service("held", current() or DEBIAN)
        self.ecs.delete_cluster(cluster="held")
        wait_for("the tasks' interfaces to be gone", lambda: not self.network.ec2.describe_network_interfaces(
            Filters=[{"Name": "vpc-id", "Values": [self.network.vpc]}])["NetworkInterfaces"])
        self.network.remove()

    def stable_service(self, name, program):
        ecs, which = self.ecs, {"cluster": "held", "service": name}
        ecs.create_service(cluster="held", serviceName=name, taskDefinition="held", launchType="FARGATE", desiredCount=1,
                           networkConfiguration={"awsvpcConfiguration": {"subnets": self.network.subnets}})
        waiter = subprocess.Popen([program, "--endpoint-url", self.daemon.endpoint, "ecs", "wait", "services-stable",
                                   "--cluster", "held", "--services", name], env=self.daemon.env)
        try:
            wait_for("a task that could not start", lambda: ecs.list_tasks(
                cluster="held", serviceName=name, desiredStatus="STOPPED")["taskArns"])
            self.assertIsNone(waiter.poll(), "the service is not stable")
            ecs.update_service(**which, desiredCount=0)
            self.assertEqual(waiter.wait(timeout=PROMPTLY_S), 0)
        finally:
            waiter.kill()
            ecs.delete_service(**which, force=True)

    def test_logs_tail_follows(self):
        logs = self.client("logs")
        where = {"logGroupName": "/tailed", "logStreamName": "one"}
        logs.create_log_group(logGroupName="/tailed")
        logs.create_log_stream(**where)
        logs.put_log_events(**where, logEvents=[{"timestamp": int(time.time() * 1000), "message": "before"}])
        tail = subprocess.Popen([DEBIAN, "--endpoint-url", self.daemon.endpoint, "logs", "tail", "/tailed", "--follow",
                                 "--since", "1h", "--format", "short"], env=self.daemon.env, stdout=subprocess.PIPE, text=True)
        try:
            self.assertIn("before", tail.stdout.readline())
            logs.put_log_events(**where, logEvents=[{"timestamp": int(time.time() * 1000), "message": "after"}])
            self.assertIn("after", tail.stdout.readline())
        finally:
            tail.terminate()
            tail.communicate()
        logs.delete_log_group(logGroupName="/tailed")
