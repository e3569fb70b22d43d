"""kill -9 of berthd at random moments while the article's stack serves: no request fails, the next start finishes what
was under way, and what is there outside is exactly what the API says: nothing orphaned, nothing twice.

Usage: kill_e2e.py BIN_DIR SOURCE_DIR [--kills N] [--seed S]. Needs root, Podman, HAProxy and localhost/learner:latest.
"""

import argparse
import random
import re
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

from daemon import CLUSTER, PODMAN, Daemon, Traffic, kill_if_there, wait_for

# How long after its beginning a piece of work may be struck: as long as it takes and a little more.
SPANS_S = {"scale out": 2.0, "deploy anew": 4.0, "add a listener": 0.4, "idle": 1.0, "scale in": 3.0,
           "remove a listener": 0.4, "create a stack": 2.5, "delete a stack": 5.0}
LISTENER_PORT = 8099
SECOND_STACK, SECOND_SERVICE = "Second", "second-service"
SERVICE, GROUP = "learner-svc-service", "/ecs/learner-svc-logs"


class Beginnings(unittest.TestCase):
    """Kills where there is nothing yet, or soon nothing more: berthd's first start, the stack of networks, roles and
    load balancer, and `berth down`."""

    def setUp(self):
        self.berth = Daemon(arguments.bin)
        self.random = random.Random(arguments.seed)

    def tearDown(self):
        self.berth.clean_up()

    def kill_after(self, begun, span_s, what):
        moment = self.random.uniform(0, span_s)
        time.sleep(max(0, begun + moment - time.monotonic()))
        self.berth.kill()
        print(f"{what}, killed after {moment:.2f} s", flush=True)

    def test_first_start(self):
        for _ in range(4):
            begun = time.monotonic()
            self.berth.start(wait=False)
            self.kill_after(begun, 0.4, "first start")
        self.berth.start()
        wait_for("the engine", lambda: self.berth.status()["engine"]["reachable"], 20)
        self.assertEqual(len(self.berth.engine_services()), 1)
        self.assertEqual(self.berth.down().returncode, 0)
        self.assertEqual(self.berth.left_outside(), {})

    def test_prerequisites(self):
        self.berth.start()
        cloudformation = self.berth.client("cloudformation")
        with open(f"{arguments.source}/examples/learner/prerequisites.yaml") as file:
            template = file.read()

        def status():
            stacks = [s for s in cloudformation.describe_stacks()["Stacks"] if s["StackName"] == "p"]
            return stacks[0]["StackStatus"] if stacks else "gone"

        for _ in range(3):
            begun = time.monotonic()
            cloudformation.create_stack(StackName="p", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
            self.kill_after(begun, 1.2, "create prerequisites")
            self.berth.start()
            wait_for("the stack", lambda: status() == "CREATE_COMPLETE", 40)
            self.look(1)
            begun = time.monotonic()
            cloudformation.delete_stack(StackName="p")
            self.kill_after(begun, 0.8, "delete prerequisites")
            self.berth.start()
            wait_for("the stack's end", lambda: status() == "gone", 40)
            self.look(0)

    def look(self, count):
        client = self.berth.client
        vpcs = [v["VpcId"][4:] for v in client("ec2").describe_vpcs()["Vpcs"]]
        found = {
            "VPCs": len(vpcs), "load balancers": len(client("elbv2").describe_load_balancers()["LoadBalancers"]),
            "target groups": len(client("elbv2").describe_target_groups()["TargetGroups"]),
            "clusters": len(client("ecs").list_clusters()["clusterArns"]),
            "subnets": len(client("ec2").describe_subnets()["Subnets"]) / 2,
            "parameters": len(client("ssm").describe_parameters()["Parameters"]) / 4,
            "roles": len([r for r in client("iam").list_roles()["Roles"] if "learner" in r["RoleName"]]) / 2,
        }
        self.assertEqual(set(found.values()), {count}, found)
        wait_for("the VPCs' namespaces", lambda: self.berth.namespaces("vpc") == sorted(vpcs), 10)
        wait_for("HAProxy as wanted", lambda: len(self.berth.haproxies()) == count, 10)

    def test_down(self):
        self.berth.start()
        examples = f"{arguments.source}/examples/learner"
        self.berth.deploy(f"{examples}/prerequisites.yaml", "learner-prerequisites")
        self.berth.deploy(f"{examples}/ecs_service.yaml", "AWSLearner-ECS-Stack", "AlertEmail=you@example.com")
        for _ in range(3):
            begun = time.monotonic()
            down = threading.Thread(target=self.berth.berth, args=("down",))
            down.start()
            self.kill_after(begun, 0.8, "down")
            down.join()
            self.berth.start()
        self.assertEqual(self.berth.down().returncode, 0)
        self.assertEqual(self.berth.left_outside(), {})


class Kills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.berth = Daemon(arguments.bin)
        cls.berth.start()
        examples = f"{arguments.source}/examples/learner"
        cls.berth.deploy(f"{examples}/prerequisites.yaml", "learner-prerequisites")
        cls.berth.deploy(f"{examples}/ecs_service.yaml", "AWSLearner-ECS-Stack", "AlertEmail=you@example.com")
        # Fifteen quiet minutes pass within the test: nobody but the test may change the count.
        cls.berth.client("application-autoscaling").register_scalable_target(
            ServiceNamespace="ecs", ResourceId=f"service/{CLUSTER}/{SERVICE}",
            ScalableDimension="ecs:service:DesiredCount", SuspendedState={"DynamicScalingInSuspended": True})
        with open(f"{examples}/ecs_service.yaml") as file:
            cls.template = file.read()
        cls.random = random.Random(arguments.seed)

    @classmethod
    def tearDownClass(cls):
        cls.berth.clean_up()

    # the pieces of work: begin, and whether it is finished

    def begin(self, work):
        cloudformation = self.berth.client("cloudformation")
        if work == "create a stack":
            cloudformation.create_stack(
                StackName=SECOND_STACK, TemplateBody=self.template,
                Parameters=[{"ParameterKey": "ServiceName", "ParameterValue": "second"},
                            {"ParameterKey": "AlertEmail", "ParameterValue": "you@example.com"}])
        elif work == "delete a stack":
            cloudformation.delete_stack(StackName=SECOND_STACK)
        elif work == "scale out":
            self.update(desiredCount=3)
        elif work == "scale in":
            self.update(desiredCount=1)
        elif work == "deploy anew":
            self.update(forceNewDeployment=True)
        elif work == "add a listener":  # a change that HAProxy is reloaded for
            elbv2 = self.berth.client("elbv2")
            elbv2.create_listener(
                LoadBalancerArn=elbv2.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"],
                Port=LISTENER_PORT, Protocol="HTTP", DefaultActions=[
                    {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "here"}}])
        elif work == "remove a listener":
            self.berth.client("elbv2").delete_listener(ListenerArn=self.listeners()[LISTENER_PORT])

    def listeners(self):
        elbv2 = self.berth.client("elbv2")
        balancer = elbv2.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        return {one["Port"]: one["ListenerArn"] for one in
                elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]}

    def listener_answers(self):
        try:
            balancer = self.traffic.url.rsplit("/api", 1)[0]
            with urllib.request.urlopen(f"{balancer}:{LISTENER_PORT}/", timeout=5) as answer:
                return answer.read() == b"here"
        except OSError:
            return False

    def update(self, **changes):
        self.berth.client("ecs").update_service(cluster=CLUSTER, service=SERVICE, **changes)

    def finished(self, work):
        if work in ("create a stack", "delete a stack"):
            status = self.stack_status()
            if "FAILED" in status or "ROLLBACK" in status:
                self.fail(f"{SECOND_STACK}: {status}: {self.stack_events()}")
            if status != ("CREATE_COMPLETE" if work == "create a stack" else "gone"):
                return False
        if self.listener_answers() != (LISTENER_PORT in self.listeners()):
            return False
        names = [SERVICE] + ([SECOND_SERVICE] if self.stack_status() == "CREATE_COMPLETE" else [])
        return all(self.is_settled(name) for name in names) and self.targets() == self.addresses()

    def stack_status(self):
        for stack in self.berth.client("cloudformation").describe_stacks()["Stacks"]:
            if stack["StackName"] == SECOND_STACK:
                return stack["StackStatus"]
        return "gone"

    def stack_events(self):
        events = self.berth.client("cloudformation").describe_stack_events(StackName=SECOND_STACK)["StackEvents"]
        return [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason")) for e in events][:8]

    def is_settled(self, name):
        service = self.berth.service(name)
        deployments = service["deployments"]
        return (service["runningCount"] == service["desiredCount"] and service["pendingCount"] == 0
                and [d["rolloutState"] for d in deployments] == ["COMPLETED"])

    # the look around

    def tasks(self):
        return {t["taskArn"].rsplit("/", 1)[-1]: t for t in self.berth.tasks()}

    def addresses(self):
        return sorted(c["privateIpv4Address"] for t in self.tasks().values() for x in t["containers"]
                      for c in x["networkInterfaces"])

    def targets(self):
        """Addresses of healthy targets; draining and unhealthy ones come with their state, so that they differ."""
        elbv2, found = self.berth.client("elbv2"), []
        for group in elbv2.describe_target_groups()["TargetGroups"]:
            for target in elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
                    "TargetHealthDescriptions"]:
                state = target["TargetHealth"]["State"]
                found.append(target["Target"]["Id"] + ("" if state == "healthy" else " " + state))
        return sorted(found)

    def look_around(self, when):
        berth = self.berth

        def differences():
            tasks = self.tasks()
            ids = sorted(tasks)
            vpcs = sorted(v["VpcId"][4:] for v in berth.client("ec2").describe_vpcs()["Vpcs"])
            expected = {
                "containers": sorted(f"{berth.name}-{t}-{c['name']}" for t in ids for c in tasks[t]["containers"]),
                "task namespaces": ids, "VPC namespaces": vpcs, "cgroups": ids, "interfaces": len(ids),
                "HAProxy": 1, "engine services": 1, "targets": self.addresses(), "HAProxy's servers": self.addresses(),
                "problems": [],
            }
            found = {
                "containers": berth.containers(), "task namespaces": berth.namespaces("task"),
                "VPC namespaces": berth.namespaces("vpc"), "cgroups": berth.cgroups(),
                "interfaces": len(berth.task_ports()), "HAProxy": len(berth.haproxies()),
                "engine services": len(berth.engine_services()), "targets": self.targets(),
                "HAProxy's servers": berth.haproxy_servers(), "problems": berth.problems(),
            }
            return {what: (found[what], expected[what]) for what in found if found[what] != expected[what]}

        try:
            wait_for("", lambda: not differences(), 20)
        except AssertionError:
            self.fail(f"{when}: found, expected: {differences()}")
        addresses = self.addresses()
        self.assertEqual(len(addresses), len(set(addresses)), "an address was given twice")
        self.look_at_names(when)

    def look_at_names(self, when):
        """What the stacks made is there once, and what a deleted one made is gone."""
        second = self.stack_status() == "CREATE_COMPLETE"
        berth, stacks = self.berth, 2 if second else 1
        groups = [g["logGroupName"] for g in berth.client("logs").describe_log_groups()["logGroups"]]
        self.assertEqual(groups, [GROUP] + (["/ecs/second-logs"] if second else []), when)
        self.assertEqual(len(berth.client("cloudwatch").describe_alarms()["MetricAlarms"]), 4 * stacks, when)
        self.assertEqual(len(berth.client("sns").list_topics()["Topics"]), stacks, when)
        self.assertEqual(len(berth.client("sns").list_subscriptions()["Subscriptions"]), stacks, when)
        scaling = berth.client("application-autoscaling")
        self.assertEqual(len(scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]), stacks)
        self.assertEqual(len(scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]), stacks)

    # the test

    def strike(self, work, kept):
        begun = time.monotonic()
        self.begin(work)
        moments = [self.random.uniform(0, SPANS_S[work])]
        if self.random.random() < 0.25:  # and once more while the next start is at it
            moments.append(self.random.uniform(0, 1.5))
        for moment in moments[:self.left]:
            time.sleep(max(0, begun + moment - time.monotonic()))
            self.berth.kill()
            killed_at = time.strftime("%H:%M:%S")
            self.left -= 1
            begun = time.monotonic()
            self.berth.start()
            self.told.append(f"{work}, killed after {moment:.2f} s at {killed_at}")
            print(f"kill {arguments.kills - self.left:>2}: {self.told[-1]}, answers again in "
                  f"{(time.monotonic() - begun) * 1000:.0f} ms", flush=True)
        wait_for(f"the end of '{work}' ({self.told[-1]})", lambda: self.finished(work), 90)
        self.look_around(self.told[-1])
        if work in ("scale out", "add a listener", "remove a listener", "create a stack", "delete a stack", "idle"):
            gone = [t for t in kept if t not in self.tasks()]
            self.assertEqual(gone, [], f"{self.told[-1]}: tasks were replaced instead of adopted")
        self.assertEqual(self.traffic.bad, [], self.told[-1])

    def tasks_kept_by(self, work):
        return [i for i, t in self.tasks().items() if work != "delete a stack" or t["group"] == f"service:{SERVICE}"]

    def test_kills_at_random_moments(self):
        self.left, self.told = arguments.kills, []
        self.served_alone = [[1, 0]]  # requests, by number, that only the first stack's tasks can have answered
        self.traffic = Traffic(self.berth.url(), threads=2, pause_s=0.01)
        try:
            while self.left > 0:
                for work in arguments.work or SPANS_S:
                    if self.left > 0 or work == "delete a stack" and self.stack_status() != "gone":
                        if work == "create a stack":
                            self.served_alone[-1][1] = self.traffic.last
                        self.strike(work, self.tasks_kept_by(work))
                        if work == "delete a stack":
                            self.served_alone.append([self.traffic.last + 3, 0])
        except AssertionError:
            self.tell_evidence()
            raise
        finally:
            self.traffic.stop()
        self.assertEqual(self.traffic.bad, [])
        print(f"{arguments.kills} kills, {self.traffic.good} requests, none failed", flush=True)
        self.look_at_stopped_tasks()
        self.look_at_logs()

    def tell_evidence(self):
        print("\nberthd's log:\n" + "\n".join(self.berth.log().splitlines()[-30:]))
        tasks = self.berth.tasks() + self.berth.tasks(stopped=True)[-10:]
        for task in tasks:
            times = {name: f"{task[name]:%H:%M:%S.%f}" for name in ("createdAt", "startedAt", "stoppingAt", "stoppedAt")
                     if name in task}
            details = [d for a in task["attachments"] for d in a["details"]]
            address = [d["value"] for d in details if d["name"].startswith("privateIPv")]
            print(task["taskArn"][-6:], task["group"], task["lastStatus"], address, times, task.get("stoppedReason"))
        print("berth's clock, real clock:", self.berth.status()["clock"])

    def test_y_anything_may_die(self):
        """berthd, HAProxy, the engine's service and a container, in any combination: requests may fail for a moment,
        but all comes to be as the API says."""
        berth, self.told = self.berth, []
        self.traffic = Traffic(berth.url(), pause_s=0.01)
        for _ in range(arguments.kills // 2):
            work = self.random.choice([w for w in SPANS_S if "stack" not in w and
                                       (w != "add a listener" or LISTENER_PORT not in self.listeners()) and
                                       (w != "remove a listener" or LISTENER_PORT in self.listeners())])
            victims = [v for v in ("berthd", "HAProxy", "engine", "container") if self.random.random() < 0.4]
            victims = victims or ["berthd"]
            self.told.append(f"{work}, {', '.join(victims)} killed")
            print(self.told[-1], flush=True)
            self.begin(work)
            time.sleep(self.random.uniform(0, SPANS_S[work]))
            containers = berth.containers()
            pids = {"berthd": [], "HAProxy": berth.haproxies(), "engine": berth.engine_services()}
            for victim in victims:
                if victim == "container" and containers:
                    subprocess.run([*PODMAN, "kill", self.random.choice(containers)], capture_output=True)
                elif victim == "berthd":
                    berth.kill()
                for pid in pids.get(victim, []):
                    kill_if_there(pid)
            if "berthd" in victims:
                berth.start()
            try:
                wait_for(f"the end of '{self.told[-1]}'", lambda: self.finished(work), 90)
                self.look_around(self.told[-1])
            except AssertionError:
                self.tell_evidence()
                raise
        self.traffic.stop()
        print(f"{self.traffic.good} requests, {len(self.traffic.bad)} failed while something was dead", flush=True)

    def look_at_stopped_tasks(self):
        causes = {(t.get("stopCode"), t["stoppedReason"].split(" (")[0]) for t in self.berth.tasks(stopped=True)}
        self.assertTrue({code for code, _ in causes} <= {"ServiceSchedulerInitiated"}, causes)

    def look_at_logs(self):
        """Every request that was answered stands in a log once. The second stack's log went with it: of its time
        only repeats can be seen."""
        self.served_alone[-1][1] = self.served_alone[-1][1] or self.traffic.last
        wanted = {n for first, last in self.served_alone for n in range(first, last + 1)}

        def counts():
            found = {}
            for page in self.berth.client("logs").get_paginator("filter_log_events").paginate(
                    logGroupName=GROUP, filterPattern='"?n="'):
                for event in page["events"]:
                    number = int(re.search(r"\?n=(\d+)", event["message"]).group(1))
                    found[number] = found.get(number, 0) + 1
            return found

        found = counts()
        for _ in range(10):
            if wanted <= set(found):
                break
            time.sleep(1)
            found = counts()
        self.assertEqual(sorted(wanted - set(found)), [], "requests without a line in the logs")
        self.assertEqual([n for n, count in found.items() if count > 1], [], "lines stored twice")

    def test_z_down_leaves_nothing(self):
        done = self.berth.down()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.berth.left_outside(), {})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("source")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--work", action="append", choices=SPANS_S, help="only this; may be given several times")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True)
