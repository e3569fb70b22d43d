"""The templates of examples/, side by side in one berthd: deployed with the stock CLI, shown to work, updated in place,
broken on purpose so that they roll back to the exact state before, and deleted until nothing of them is left.

Usage: examples_e2e.py BIN_DIR SOURCE_DIR. Needs root, Podman, HAProxy and the image localhost/learner:latest.
"""

import glob
import json
import os
import re
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from daemon import Daemon, Traffic, output_of, wait_for

BIN, SOURCE = sys.argv[1], sys.argv[2]
NO_IMAGE = "ImageName=localhost/no-such-image:latest"


def without(description, *words):
    """The description's members but those whose names begin with one of the words."""
    return {name: value for name, value in description.items() if not name.startswith(words)}


class Example(unittest.TestCase):
    """One template, deployed as a stack of its own name. A test case for its assertions; it runs by live()."""

    template = ""

    def __init__(self, berth):
        super().__init__("live")
        self.berth, self.stack = berth, self.template.replace("_", "-")

    # the stack

    def template_file(self):
        return f"{SOURCE}/examples/{self.template}.yaml"

    def deploy(self, *overrides, check=True):
        more = ["--parameter-overrides", *overrides] if overrides else []
        return self.berth.aws("cloudformation", "deploy", "--template-file", self.template_file(),
                              "--stack-name", self.stack, "--capabilities", "CAPABILITY_IAM", *more, check=check)

    def described(self, stack=None):
        return self.berth.client("cloudformation").describe_stacks(StackName=stack or self.stack)["Stacks"][0]

    def output(self, name):
        return next(o["OutputValue"] for o in self.described()["Outputs"] if o["OutputKey"] == name)

    def resources(self, stack=None):
        """Logical name -> (type, physical id)."""
        pages = self.berth.client("cloudformation").get_paginator("list_stack_resources").paginate(
            StackName=stack or self.stack)
        return {r["LogicalResourceId"]: (r["ResourceType"], r["PhysicalResourceId"])
                for page in pages for r in page["StackResourceSummaries"]}

    def state(self, stack=None):
        """Everything that an update of this stack may change, as each resource's own service describes it."""
        stack, found = self.described(stack), self.resources(stack)
        return {"parameters": sorted((p["ParameterKey"], p["ParameterValue"]) for p in stack["Parameters"]),
                "outputs": sorted((o["OutputKey"], o["OutputValue"]) for o in stack["Outputs"]),
                "resources": {name: (what, self.resource(*what)) for name, what in found.items()}}

    def resource(self, kind, physical_id):
        client = self.berth.client
        if kind == "AWS::ECS::Service":
            return without(self.service(physical_id), "events", "deployments", "currentService", "running", "pending")
        if kind == "AWS::ECS::TaskDefinition":
            return client("ecs").describe_task_definition(taskDefinition=physical_id)["taskDefinition"]
        if kind == "AWS::ElasticLoadBalancingV2::TargetGroup":
            return client("elbv2").describe_target_groups(TargetGroupArns=[physical_id])["TargetGroups"]
        if kind == "AWS::ElasticLoadBalancingV2::Listener":
            return client("elbv2").describe_listeners(ListenerArns=[physical_id])["Listeners"]
        if kind == "AWS::ElasticLoadBalancingV2::ListenerRule":
            return client("elbv2").describe_rules(RuleArns=[physical_id])["Rules"]
        if kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            found = client("cloudwatch").describe_alarms(AlarmNames=[physical_id],
                                                         AlarmTypes=["MetricAlarm", "CompositeAlarm"])
            return [without(alarm, "State", "AlarmConfigurationUpdated")
                    for alarm in found["MetricAlarms"] + found["CompositeAlarms"]]
        if kind == "AWS::ApplicationAutoScaling::ScalableTarget":
            return client("application-autoscaling").describe_scalable_targets(
                ServiceNamespace="ecs", ResourceIds=[physical_id.split("|")[0]])["ScalableTargets"]
        if kind == "AWS::Logs::LogGroup":
            found = client("logs").describe_log_groups(logGroupNamePrefix=physical_id)["logGroups"]
            return [without(group, "storedBytes") for group in found if group["logGroupName"] == physical_id]
        if kind == "AWS::Events::Rule":
            events = client("events")
            return [without(events.describe_rule(Name=physical_id), "ResponseMetadata"),
                    events.list_targets_by_rule(Rule=physical_id)["Targets"]]
        if kind == "AWS::SNS::Topic":
            return without(client("sns").get_topic_attributes(TopicArn=physical_id)["Attributes"], "Subscriptions")
        if kind == "AWS::CloudFormation::Stack":
            return self.state(physical_id)
        if kind == "AWS::EC2::VPC":
            return client("ec2").describe_vpcs(VpcIds=[physical_id])["Vpcs"]
        if kind == "AWS::EC2::SecurityGroup":
            return client("ec2").describe_security_groups(GroupIds=[physical_id])["SecurityGroups"]
        if kind == "AWS::EC2::RouteTable":
            return client("ec2").describe_route_tables(RouteTableIds=[physical_id])["RouteTables"]
        return None

    def break_it(self, reason, *overrides):
        """An update that fails for the reason given; afterwards all is as it was."""
        before = self.state()
        self.assertIn("Failed to create/update the stack", self.deploy(*overrides, check=False))
        wait_for(f"the rollback of {self.stack}",
                 lambda: self.described()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", 60)
        events = self.berth.client("cloudformation").describe_stack_events(StackName=self.stack)["StackEvents"]
        for name, (kind, id) in self.resources().items():
            if kind == "AWS::CloudFormation::Stack":  # it says why itself
                events += self.berth.client("cloudformation").describe_stack_events(StackName=id)["StackEvents"]
        failed = [e.get("ResourceStatusReason", "") for e in events if e["ResourceStatus"] == "UPDATE_FAILED"
                  or e["ResourceStatus"] == "CREATE_FAILED"]
        self.assertTrue(any(reason in text for text in failed), failed)
        self.maxDiff = None
        self.assertEqual(self.state(), before)

    def delete(self):
        stack_id = self.described()["StackId"]
        self.berth.aws("cloudformation", "delete-stack", "--stack-name", self.stack)

        def gone():
            found = self.berth.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]
            self.assertNotEqual(found["StackStatus"], "DELETE_FAILED", found.get("StackStatusReason"))
            return found["StackStatus"] == "DELETE_COMPLETE"
        wait_for(f"the end of {self.stack}", gone, 60)

    # what it runs

    def service(self, arn):
        cluster = arn.split("/")[-2]
        return self.berth.client("ecs").describe_services(cluster=cluster, services=[arn])["services"][0]

    def tasks(self, logical_name="Service"):
        arn = self.resources()[logical_name][1]
        cluster, ecs = arn.split("/")[-2], self.berth.client("ecs")
        arns = ecs.list_tasks(cluster=cluster, serviceName=arn.split("/")[-1])["taskArns"]
        return ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []

    def url(self):
        balancer = self.output("LoadBalancer")
        return next(b["url"] for b in self.berth.status()["load_balancers"] if b["arn"] == balancer)

    def ask(self, path, timeout=15):
        try:
            with urllib.request.urlopen(self.url() + path, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def lines(self, group, text=""):
        """(time, stream, message) of the group's events that have the text, by time."""
        pages = self.berth.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return sorted((e["timestamp"], e["logStreamName"], e["message"])
                      for page in pages for e in page["events"] if text in e["message"])


class PathRules(Example):
    template = "path_rules"

    def answered_by(self, mark):
        """Which services' logs have a request with the mark."""
        return {name for name in ("api", "web") if self.lines(f"/ecs/{self.stack}/{name}", mark)}

    def live(self):
        self.deploy()
        self.assertEqual(self.ask("/?first")[0], 200)
        self.assertEqual(self.ask("/api/notfound?second"), (404, '{"detail":"Resource not found"}'))
        self.assertEqual(self.ask("/other?third"), (404, "No service answers this path"))
        wait_for("both requests in the logs", lambda: self.answered_by("?first") and self.answered_by("?second"), 20)
        self.assertEqual([self.answered_by(mark) for mark in ("?first", "?second", "?third")],
                         [{"web"}, {"api"}, set()])

        rule = self.resources()["ApiRule"]
        self.deploy("ApiPath=/api/health")
        self.assertEqual(self.resources()["ApiRule"], rule, "changed in place")
        wait_for("the new rule", lambda: self.ask("/api/notfound") == (404, "No service answers this path"), 20)
        self.assertEqual(self.ask("/api/health")[0], 200)

        traffic = [Traffic(self.url(), path, pause_s=0.05) for path in ("/", "/api/health")]
        self.break_it("Circuit Breaker", NO_IMAGE)
        for one in traffic:
            one.stop()
            self.assertGreater(one.good, 0)
            self.assertEqual(one.bad, [])
        self.delete()


class PrivateSubnets(Example):
    template = "private_subnets"

    def running_count(self):
        """What ECS, asked by the task itself, says of the service; None where it gets no answer."""
        return json.loads(self.ask("/api/scalinginfo", 30)[1]).get("running_count")

    def live(self):
        self.deploy()
        private = self.output("PrivateSubnets").split(",")
        details = [{d["name"]: d["value"] for d in t["attachments"][0]["details"]} for t in self.tasks()]
        self.assertTrue({d["subnetId"] for d in details} <= set(private), details)
        self.assertEqual(self.ask("/api/health")[0], 200)
        self.assertEqual(self.running_count(), 1)

        ec2, route = self.berth.client("ec2"), {"RouteTableId": self.output("PrivateRouteTable"),
                                                "DestinationCidrBlock": "0.0.0.0/0"}
        ec2.delete_route(**route)
        wait_for("no answer without the route", lambda: self.running_count() is None, 30)
        self.assertEqual(self.ask("/api/health")[0], 200)
        ec2.create_route(NatGatewayId=self.output("NatGateway"), **route)
        wait_for("an answer through the NAT gateway", lambda: self.running_count() == 1, 30)

        service = self.resources()["Service"]
        self.deploy("TaskMemory=1024", "LogRetentionDays=30")
        self.assertEqual(self.resources()["Service"], service, "changed in place")
        wait_for("the larger task alone", lambda: [t["memory"] for t in self.tasks()] == ["1024"], 30)
        self.break_it("No Fargate configuration exists for given values", "TaskMemory=600", "LogRetentionDays=7")
        self.assertEqual(self.running_count(), 1)
        self.delete()


class Sidecar(Example):
    template = "sidecar"

    def starts(self, port):
        """(time, stream) at which something began to listen on the port."""
        return [(time, stream) for time, stream, _ in self.lines(f"/ecs/{self.stack}", f"http://0.0.0.0:{port} ")]

    def live(self):
        self.deploy()
        task, = self.tasks()
        containers = {c["name"]: (c["lastStatus"], c["healthStatus"], c.get("exitCode")) for c in task["containers"]}
        self.assertEqual(containers, {"prepare": ("STOPPED", "UNKNOWN", 0), "sidecar": ("RUNNING", "HEALTHY", None),
                                      "app": ("RUNNING", "UNKNOWN", None)})
        self.assertEqual(self.ask("/api/health")[0], 200)
        wait_for("all that they say as they start", lambda: self.starts(80) and self.starts(8080), 20)
        prepared = [time for time, stream, _ in self.lines(f"/ecs/{self.stack}") if "/prepare/" in stream]
        (sidecar_at, sidecar), (app_at, app) = self.starts(8080)[0], self.starts(80)[0]
        self.assertIn("/sidecar/", sidecar)
        self.assertIn("/app/", app)
        self.assertLessEqual(max(prepared), sidecar_at)
        self.assertLess(sidecar_at, app_at)

        service = self.resources()["Service"]
        self.deploy("SidecarPort=8081")
        self.assertEqual(self.resources()["Service"], service, "changed in place")
        wait_for("the sidecar on its new port", lambda: self.starts(8081), 20)
        wait_for("the new task alone", lambda: len(self.tasks()) == 1, 30)

        self.break_it("Circuit Breaker", "PrepareArgument=--wrong")
        self.assertEqual(self.ask("/api/health")[0], 200)
        self.delete()


class StepScaling(Example):
    template = "step_scaling"

    def count(self):
        return self.service(self.resources()["Service"][1])["desiredCount"]

    def alarm(self, name):
        found = self.berth.client("cloudwatch").describe_alarms(
            AlarmNames=[f"{self.stack}-{name}"], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return (found["MetricAlarms"] + found["CompositeAlarms"])[0]["StateValue"]

    def keep_busy(self, url, stopping):
        while not stopping.is_set():
            urllib.request.urlopen(url + "/api/quickload", timeout=60).read()

    def scale(self):
        """Real load: the CPU is at its limit, two tasks are added at once; without it they go one by one."""
        self.assertEqual(self.count(), 1)
        url, stopping, counts = self.url(), threading.Event(), [1]

        def note_count():
            if (now := self.count()) != counts[-1]:
                counts.append(now)
            return now
        visitors = Traffic(url, pause_s=0.02)
        wait_for("many requests", lambda: self.alarm("many-requests") == "ALARM", 30)
        self.assertNotEqual(self.alarm("overload"), "ALARM", "visitors alone are no reason")
        busy = threading.Thread(target=self.keep_busy, args=(url, stopping), daemon=True)
        busy.start()
        wait_for("the step of two tasks", lambda: note_count() == 3, 40)
        wait_for("the composite alarm", lambda: self.alarm("overload") == "ALARM", 20)
        stopping.set()
        visitors.stop()
        self.assertEqual(visitors.bad, [])
        wait_for("the steps back", lambda: note_count() == 1, 60)
        self.assertEqual(counts, [1, 3, 2, 1])
        told = self.berth.client("cloudwatch").describe_alarm_history(
            AlarmName=f"{self.stack}-overload", AlarmTypes=["CompositeAlarm"], HistoryItemType="Action")
        self.assertTrue(told["AlarmHistoryItems"], "the topic was told")
        wait_for("quiet", lambda: self.alarm("overload") == "OK", 20)

    def live(self):
        self.deploy("RequestsPerMinute=5", "MaximumCount=3")
        self.scale()
        alarm = self.resources()["CpuHigh"]
        self.deploy("CpuHighPercent=70")
        self.assertEqual(self.resources()["CpuHigh"], alarm, "changed in place")
        self.assertEqual(self.resource(*alarm)[0]["Threshold"], 70)
        self.break_it("Minimum capacity cannot be greater than maximum", "MaximumCount=0", "LogRetentionDays=7")
        self.delete()


class ScheduledTask(Example):
    template = "scheduled_task"
    address = "on-call@example.com"

    def ended(self):
        """Exit codes of the tasks that the schedule has run, as they came."""
        ecs, cluster = self.berth.client("ecs"), self.output("Cluster")
        arns = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        rule = self.resources()["ScheduleRule"][1]
        self.assertTrue(all(t["startedBy"] == f"events-rule/{rule}" for t in tasks), tasks)
        return [t["containers"][0].get("exitCode") for t in sorted(tasks, key=lambda t: t["createdAt"])
                if t["lastStatus"] == "STOPPED"]

    def running(self):
        return self.berth.client("ecs").list_tasks(cluster=self.output("Cluster"))["taskArns"]

    def mails(self, text):
        """Those to the stack's address that have the text."""
        listed = json.loads(self.berth.berth("mail", "--json").stdout)["mails"]
        bodies = [self.berth.berth("mail", str(m["number"])).stdout for m in listed if self.address in m["to"]]
        return [body for body in bodies if text in body]

    def confirm(self):
        letter = wait_for("the confirmation mail", lambda: self.mails("Token="), 20)[0]
        token = re.search(r"Token=([0-9a-f]+)", letter).group(1)
        self.berth.client("sns").confirm_subscription(TopicArn=self.output("AlertTopic"), Token=token)

    def live(self):
        self.deploy("Schedule=rate(1 minute)", f"AlertEmail={self.address}")
        self.confirm()
        wait_for("two runs", lambda: len(self.ended()) >= 2, 60)
        self.assertEqual(set(self.ended()), {0})
        wait_for("what they write", lambda: self.lines(f"/ecs/{self.stack}"), 20)
        self.assertEqual(self.mails("has ended with"), [], "all went well")

        rules = [self.resources()[name] for name in ("ScheduleRule", "FailureRule")]
        self.deploy("ReportArgument=--wrong")
        self.assertEqual([self.resources()[name] for name in ("ScheduleRule", "FailureRule")], rules, "changed in place")
        told = wait_for("the mail of a failed run", lambda: self.mails("has ended with"), 60)[0]
        self.assertRegex(told, r'"The task arn:aws:ecs:\S+ has ended with [1-9]\d*: Essential container in task exited"')
        self.assertNotIn(0, self.ended()[-1:])

        self.deploy("ReportArgument=--help")
        self.break_it("Parameter ScheduleExpression is not valid.", "Schedule=rate(1 minutes)", "LogRetentionDays=7")
        runs = len(self.ended())
        wait_for("a run after the rollback", lambda: len(self.ended()) > runs, 60)
        # A cluster with tasks in it cannot be deleted.
        self.berth.client("events").disable_rule(Name=self.resources()["ScheduleRule"][1])
        wait_for("the last run's end", lambda: not self.running(), 30)
        self.delete()


class NestedStacks(Example):
    template = "nested_stacks"
    bucket = "templates-of-nested-stacks"

    def template_file(self):
        return f"{self.folder}/packaged.yaml"

    def package(self):
        """As the CLI does it; one that knows no AWS_ENDPOINT_URL cannot be told where this S3 is."""
        self.berth.aws("s3", "mb", f"s3://{self.bucket}")
        version = tuple(int(part) for part in re.search(r"aws-cli/(\d+)\.(\d+)", self.berth.aws("--version")).groups())
        if version >= (2, 13) or (1, 29) <= version < (2, 0):
            self.berth.aws("cloudformation", "package", "--template-file", f"{SOURCE}/examples/{self.template}.yaml",
                           "--s3-bucket", self.bucket, "--output-template-file", self.template_file())
            return
        self.berth.aws("s3", "cp", "--recursive", f"{SOURCE}/examples/nested_stacks", f"s3://{self.bucket}/nested_stacks")
        with open(f"{SOURCE}/examples/{self.template}.yaml") as source, open(self.template_file(), "w") as out:
            out.write(source.read().replace("TemplateURL: ", f"TemplateURL: https://{self.bucket}.s3.amazonaws.com/"))

    def url(self):
        balancer = self.output("LoadBalancer")
        return next(b["url"] for b in self.berth.status()["load_balancers"] if b["arn"] == balancer)

    def children(self):
        """Logical name -> description, of the nested stacks."""
        return {name: self.described(id) for name, (kind, id) in self.resources().items()
                if kind == "AWS::CloudFormation::Stack"}

    def live(self):
        with tempfile.TemporaryDirectory(prefix="berth-nested-") as self.folder:
            self.package()
            self.deploy()
            self.live_on()

    def live_on(self):
        root, children = self.described()["StackId"], self.children()
        self.assertEqual({name: (c["StackStatus"], c["ParentId"], c["RootId"]) for name, c in children.items()},
                         dict.fromkeys(("Network", "Service"), ("CREATE_COMPLETE", root, root)))
        exports = self.berth.client("cloudformation").list_exports()["Exports"]
        self.assertIn((f"{self.stack}-vpc", self.output("Vpc")), [(e["Name"], e["Value"]) for e in exports])
        imports = self.berth.client("cloudformation").list_imports(ExportName=f"{self.stack}-vpc")["Imports"]
        self.assertEqual(imports, [children["Service"]["StackName"]])
        self.assertEqual(self.ask("/api/health")[0], 200)

        before = {name: id for name, (_, id) in self.resources().items()}
        self.deploy("LogRetentionDays=30", "NetworkName=renamed")
        self.assertEqual({name: id for name, (_, id) in self.resources().items()}, before, "changed in place")
        groups = self.berth.client("logs").describe_log_groups(
            logGroupNamePrefix="/ecs/" + children["Service"]["StackName"])["logGroups"]
        self.assertEqual([group["retentionInDays"] for group in groups], [30])

        # The network has been changed when the service fails, and goes back with it.
        traffic = Traffic(self.url(), pause_s=0.05)
        self.break_it("Circuit Breaker", NO_IMAGE, "NetworkName=other", "LogRetentionDays=7")
        traffic.stop()
        self.assertGreater(traffic.good, 0)
        self.assertEqual(traffic.bad, [])
        self.assertEqual({c["StackStatus"] for c in self.children().values()}, {"UPDATE_ROLLBACK_COMPLETE"})

        self.delete()
        for child in children.values():
            self.assertEqual(self.described(child["StackId"])["StackStatus"], "DELETE_COMPLETE")
        self.berth.aws("s3", "rb", "--force", f"s3://{self.bucket}")


def links(*namespace):
    return sorted(line.split(": ")[1].split("@")[0]
                  for line in output_of(["ip", *namespace, "-o", "link"]).splitlines())


def left(berth):
    """What a stack may leave behind: outside berthd's data folder, and files in it."""
    mine = [os.path.basename(path) for path in sorted(glob.glob(f"/run/netns/{berth.name}*"))]
    with open("/proc/self/mounts") as mounts:
        mounted = sorted(line for line in mounts if berth.name in line or berth.data in line)
    files = {os.path.relpath(os.path.join(folder, name), berth.data)
             for folder, _, names in os.walk(berth.data) for name in names}
    return {"namespaces": mine, "links": {name: links("-n", name) for name in mine}, "links of the host": links(),
            "nftables": {name: output_of(["ip", "netns", "exec", name, "nft", "-s", "list", "ruleset"])
                         for name in mine},
            "nftables of the host": output_of(["nft", "-s", "list", "ruleset"]), "mounts": mounted,
            "containers": berth.containers(), "cgroups": berth.cgroups(), "targets": berth.haproxy_servers(),
            # HAProxy and the engine's service stay for the next stack, mails for their reader.
            "files": sorted(name for name in files
                            if not name.startswith(("haproxy/", "podman", "containers.conf", "mail/")))}


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.berth = Daemon(BIN)
        cls.berth.start()
        cls.before = left(cls.berth)
        for service in ("cloudformation", "ecs", "elbv2", "cloudwatch", "application-autoscaling", "logs", "ec2", "events",
                        "sns"):
            cls.berth.client(service)  # boto3 makes none in two threads at once
        cls.pool = ThreadPoolExecutor(6)
        cls.lives = {kind: cls.pool.submit(kind(cls.berth).live)
                     for kind in (StepScaling, PathRules, PrivateSubnets, Sidecar, ScheduledTask,
                                  NestedStacks)}

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown()
        cls.berth.clean_up()

    def test_1_two_services_behind_path_rules(self):
        self.lives[PathRules].result()

    def test_2_private_subnets_behind_a_nat_gateway(self):
        self.lives[PrivateSubnets].result()

    def test_3_a_sidecar_starts_in_order(self):
        self.lives[Sidecar].result()

    def test_4_step_scaling_and_a_composite_alarm(self):
        self.lives[StepScaling].result()

    def test_5_a_scheduled_task_and_a_mail_when_it_fails(self):
        self.lives[ScheduledTask].result()

    def test_6_nested_stacks_with_exports(self):
        self.lives[NestedStacks].result()

    def test_7_nothing_is_left(self):
        self.maxDiff = None
        try:
            wait_for("nothing left", lambda: left(self.berth) == self.before, 20)
        except AssertionError:
            self.assertEqual(left(self.berth), self.before)  # says what differs


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, defaultTest="Examples")
