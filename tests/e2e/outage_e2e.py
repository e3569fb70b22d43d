"""What may go wrong around berthd, with real containers: HAProxy and the engine die, the machine starts anew, the disk
is full, ports are taken, tasks want too much. It is said plainly and once, and mends itself.

Usage: outage_e2e.py BIN_DIR SOURCE_DIR [--long]. Needs root, Podman, HAProxy and the image localhost/learner:latest;
--long runs only what takes minutes.
"""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from daemon import CLUSTER, PODMAN, Daemon, Traffic, free_port, wait_for

BIN, SOURCE, LONG = sys.argv[1], sys.argv[2], "--long" in sys.argv
SERVICE, GROUP = "learner-svc-service", "/ecs/learner-svc-logs"
PROBE = "localhost/berth-outage-probe:latest"
# What `berth down` leaves of a data folder: who this berth is, and its empty store.
KEPT = ["berth.db", "blobs", "credentials", "endpoint", "lock", "mail", "registry.json"]
EXAMPLES = f"{SOURCE}/examples/learner"


def deploy_article(berth):
    berth.deploy(f"{EXAMPLES}/prerequisites.yaml", "learner-prerequisites")
    berth.deploy(f"{EXAMPLES}/ecs_service.yaml", "AWSLearner-ECS-Stack", "AlertEmail=you@example.com")


def answers(url):
    try:
        with urllib.request.urlopen(url + "/api/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def doctor(berth):
    """Its exit code and its findings that are not good, by subject."""
    done = berth.berth("doctor", "--json")
    return done.returncode, [f["subject"] + ": " + f["text"] for f in json.loads(done.stdout) if not f["ok"]]


def build_probe(label="first"):
    folder = tempfile.mkdtemp(prefix="berth-probe-")
    shutil.copy(f"{BIN}/e2e_probe", f"{folder}/probe")
    with open(f"{folder}/Dockerfile", "w") as file:
        file.write(f'FROM scratch\nCOPY probe /probe\nENTRYPOINT ["/probe"]\nLABEL build={label}\n')
    subprocess.run(["podman", "--cgroup-manager", "cgroupfs", "build", "-q", "-t", PROBE, folder], check=True,
                   capture_output=True)
    shutil.rmtree(folder)


class Outages(unittest.TestCase):
    """One berthd with the article's stack; its engine can be broken by a file."""

    @classmethod
    def setUpClass(cls):
        build_probe()
        cls.tools = tempfile.mkdtemp(prefix="berth-tools-")
        cls.broken = f"{cls.tools}/broken"
        with open(f"{cls.tools}/podman", "w") as file:
            file.write(f'#!/bin/sh\nif [ -e {cls.broken} ]; then echo "broken" >&2; exit 125; fi\n'
                       f'exec {shutil.which("podman")} "$@"\n')
        os.chmod(f"{cls.tools}/podman", 0o755)
        cls.berth = Daemon(BIN, environment={"PATH": f"{cls.tools}:{os.environ['PATH']}"})
        cls.berth.start()
        deploy_article(cls.berth)
        cls.url = cls.berth.url()

    @classmethod
    def tearDownClass(cls):
        cls.berth.clean_up()
        shutil.rmtree(cls.tools)
        subprocess.run([*PODMAN, "rmi", "-f", PROBE], capture_output=True)

    def setUp(self):
        if self.berth.process.poll() is not None:
            self.berth.start()
        wait_for("one task", lambda: self.settled(1), 60)
        self.logged = len(self.berth.log())

    def new_log(self):
        return self.berth.log()[self.logged:]

    def settled(self, count):
        service = self.berth.service(SERVICE)
        return (service["runningCount"], service["pendingCount"], service["desiredCount"]) == (count, 0, count)

    def run_probe(self, *command, memory="512", **container):
        """Runs a task of the probe to its end and returns it."""
        ecs = self.berth.client("ecs")
        name = self.id().rsplit(".", 1)[-1].replace("_", "-")[:40]
        ecs.register_task_definition(
            family=name, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory=memory,
            executionRoleArn="arn:aws:iam::123456789012:role/learner-ecs-role",
            containerDefinitions=[{"name": "probe", "image": PROBE, "command": list(command), **container}])
        subnet = self.berth.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        task = ecs.run_task(cluster=CLUSTER, taskDefinition=name, launchType="FARGATE", networkConfiguration={
            "awsvpcConfiguration": {"subnets": [subnet]}})["tasks"][0]["taskArn"]

        def stopped():
            found = ecs.describe_tasks(cluster=CLUSTER, tasks=[task])["tasks"][0]
            return found if found["lastStatus"] == "STOPPED" else None

        return wait_for("the task's end", stopped, 30)

    def test_haproxy_killed_comes_back_with_its_addresses(self):
        def addresses():  # the name on 127.0.0.1 may go to another program that waits for the port
            return [u for u in self.berth.status()["load_balancers"][0]["urls"] if "localhost" not in u]

        before = addresses()
        for pid in self.berth.haproxies():
            os.kill(pid, signal.SIGKILL)
        wait_for("an answer", lambda: answers(self.url), 15)
        wait_for("the same addresses", lambda: addresses() == before, 10)
        wait_for("no problem", lambda: self.berth.problems() == [], 10)
        self.assertEqual(self.new_log().count("HAProxy ended by itself"), 1)
        self.assertEqual(len(self.berth.haproxies()), 1)

    def test_haproxy_that_hangs_is_replaced(self):
        # A young one may still be starting.
        hung = wait_for("one HAProxy", lambda: len(self.berth.haproxies()) == 1 and
                        self.age_s(self.berth.haproxies()[0]) > 11 and self.berth.haproxies(), 60)
        os.kill(hung[0], signal.SIGSTOP)
        wait_for("the problem", lambda: any("HAProxy does not answer" in p for p in self.berth.problems()), 15)
        wait_for("another", lambda: self.berth.haproxies() and self.berth.haproxies() != hung, 25)
        wait_for("an answer", lambda: answers(self.url), 10)
        wait_for("no problem", lambda: self.berth.problems() == [], 10)
        self.assertEqual(self.new_log().count("HAProxy hung, was killed and is started again"), 1)
        self.assertEqual(len(self.berth.haproxies()), 1)

    def age_s(self, pid):
        with open(f"/proc/{pid}/stat") as file:
            started_s = int(file.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started_s

    def test_engine_down_is_said_once_and_work_goes_on_when_it_is_back(self):
        traffic = Traffic(self.url, pause_s=0.01)
        open(self.broken, "w").close()
        for pid in self.berth.engine_services():
            os.kill(pid, signal.SIGKILL)
        self.berth.client("ecs").update_service(cluster=CLUSTER, service=SERVICE, desiredCount=2)
        problem = wait_for("the problem in status", lambda: self.berth.problems(), 20)
        self.assertIn("container engine", problem[0].lower().replace("podman's service", "container engine"))
        code, bad = doctor(self.berth)
        self.assertEqual(code, 1)
        self.assertTrue(any("container engine" in finding for finding in bad), bad)
        # Long enough for several more tries, none of which may say the same again.
        tries = wait_for("the second problem", lambda: "does not come up" in self.new_log(), 30)
        self.assertTrue(tries)
        self.assertFalse(self.settled(2))
        os.unlink(self.broken)
        wait_for("two tasks", lambda: self.settled(2), 40)
        wait_for("no problem", lambda: self.berth.problems() == [], 10)
        errors = [line.split(" ", 1)[1] for line in self.new_log().splitlines() if "container engine: " in line]
        self.assertEqual(len(errors), len(set(errors)), errors)
        self.berth.client("ecs").update_service(cluster=CLUSTER, service=SERVICE, desiredCount=1)
        wait_for("one task", lambda: self.settled(1), 40)
        traffic.stop()
        self.assertEqual(traffic.bad, [])

    def test_interrupt_and_terminate_leave_what_runs_and_the_next_start_takes_it_over(self):
        before = (self.berth.containers(), self.berth.haproxies())
        traffic = Traffic(self.url, pause_s=0.01)
        for sent in (signal.SIGINT, signal.SIGTERM):
            self.logged = len(self.berth.log())
            self.assertEqual(self.berth.kill(sent), 0)
            self.assertIn("tasks and load balancers go on", self.new_log())
            self.assertEqual((self.berth.containers(), self.berth.haproxies()), before)
            self.assertEqual(self.berth.engine_services(), [])  # only berthd needs it
            self.assertTrue(answers(self.url))
            self.berth.start()
            wait_for("the service", lambda: self.settled(1), 20)
        traffic.stop()
        self.assertEqual(traffic.bad, [])
        self.assertEqual((self.berth.containers(), self.berth.haproxies()), before)

    def test_a_second_berthd_on_the_same_data_folder_or_port_is_refused(self):
        def refused(*arguments):
            done = subprocess.run([f"{BIN}/berthd", *arguments], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            return done.stderr

        self.assertIn("Another berthd uses the data folder " + self.berth.data,
                      refused("--data-dir", self.berth.data, "--listen", f"127.0.0.1:{free_port()}"))
        with tempfile.TemporaryDirectory() as other:
            said = refused("--data-dir", other, "--listen", self.berth.endpoint[7:])
        self.assertIn(self.berth.endpoint[7:], said)
        self.assertIn("in use", said)
        self.assertIn(f"berthd (process {self.berth.process.pid})", said)
        self.assertTrue(answers(self.url))

    def test_reboot_rebuilds_everything_from_the_data_folder(self):
        tasks = [t["taskArn"] for t in self.berth.tasks()]
        self.berth.kill()
        self.berth.remove_all_outside()
        self.assertFalse(answers(self.url))
        self.berth.start()
        wait_for("an answer at the old address", lambda: answers(self.url), 60)
        wait_for("the service", lambda: self.settled(1), 60)
        wait_for("the old tasks' end", lambda: not set(tasks) & {t["taskArn"] for t in self.berth.tasks()}, 20)
        wait_for("one container", lambda: len(self.berth.containers()) == 1, 20)
        wait_for("one cgroup and namespace", lambda: [len(self.berth.cgroups()), len(self.berth.namespaces("task"))] ==
                 [1, 1], 20)
        wait_for("no problem", lambda: self.berth.problems() == [], 10)
        with urllib.request.urlopen(self.url + "/api/scalinginfo", timeout=10) as answer:
            self.assertEqual(json.load(answer)["running_count"], 1)

    def test_tasks_of_a_deployment_run_one_image_whatever_its_name_means_by_now(self):
        ecs = self.berth.client("ecs")
        self.addCleanup(build_probe)
        ecs.register_task_definition(
            family="pinned", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            executionRoleArn="arn:aws:iam::123456789012:role/learner-ecs-role",
            containerDefinitions=[{"name": "probe", "image": PROBE, "command": ["serve", "80"]}])
        subnet = self.berth.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        service = {"cluster": CLUSTER, "service": "pinned"}
        ecs.create_service(cluster=CLUSTER, serviceName="pinned", taskDefinition="pinned", desiredCount=1,
                           launchType="FARGATE", networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}})
        self.addCleanup(ecs.delete_service, **service, force=True)

        def digests(count):
            def running():
                arns = ecs.list_tasks(cluster=CLUSTER, serviceName="pinned")["taskArns"]
                tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
                good = len(tasks) == count and all(t["lastStatus"] == "RUNNING" for t in tasks)
                return [t["containers"][0]["imageDigest"] for t in tasks] if good else None
            return wait_for(f"{count} tasks", running, 60)

        first = digests(1)
        build_probe("second")
        ecs.update_service(**service, desiredCount=3)
        self.assertEqual(digests(3), first * 3)
        ecs.update_service(**service, desiredCount=1, forceNewDeployment=True)
        wait_for("the new image", lambda: digests(1) != first, 60)

    def test_out_of_memory_ends_the_task_with_137_and_awss_reason(self):
        task = self.run_probe("eat", "600")
        container = task["containers"][0]
        self.assertEqual(container["exitCode"], 137)
        self.assertEqual(container["reason"], "OutOfMemoryError: Container killed due to memory usage")
        self.assertEqual(os.listdir(self.berth.folder), [])  # a monitor's file "oom"
        self.assertEqual((task["stopCode"], task["stoppedReason"]),
                         ("EssentialContainerExited", "Essential container in task exited"))

    def test_lost_lines_of_output_are_counted_and_shown(self):
        # Tasks that other tests have replaced may still be stopping.
        wait_for("one container", lambda: len(self.berth.containers()) == 1)
        before = self.berth.status()["services"][0]["dropped_log_lines"]
        # A berthd that has just started takes a moment to follow again, and what is cut before that it cannot see.
        logged = self.berth.berth("logs", SERVICE).stdout
        wait_for("a line", lambda: answers(self.url) and self.berth.berth("logs", SERVICE).stdout != logged)
        path = subprocess.run([*PODMAN, "inspect", "--format", "{{.HostConfig.LogConfig.Path}}",
                               self.berth.containers()[0]], check=True, capture_output=True, text=True).stdout.strip()
        # More than one line: a single one as long as the next would be taken for it.
        wait_for("some lines", lambda: answers(self.url) and os.path.getsize(path) > 1000, 10)
        os.truncate(path, 0)
        # Heard of with the next lines.
        wait_for("the count", lambda: answers(self.url) and
                 self.berth.status()["services"][0]["dropped_log_lines"] > before, 20)
        self.assertIn("lines of output were lost", self.berth.berth("logs", SERVICE).stdout)
        self.assertIn("lines of output were lost", self.berth.berth("status").stdout)

    def test_secrets_reach_the_container_and_nobody_else(self):
        secret = "hush-" + os.urandom(8).hex()
        ssm = self.berth.client("ssm")
        ssm.put_parameter(Name="/probe/secret", Type="SecureString", Value=secret)
        self.assertNotIn(secret, ssm.get_parameter(Name="/probe/secret")["Parameter"]["Value"])
        self.berth.client("iam").attach_role_policy(RoleName="learner-ecs-role",
                                                    PolicyArn="arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
        self.berth.client("logs").create_log_group(logGroupName="/probe")
        task = self.run_probe("report", secrets=[{"name": "PROBE_SECRET", "valueFrom": "/probe/secret"}],
                              logConfiguration={"logDriver": "awslogs", "options": {
                                  "awslogs-group": "/probe", "awslogs-region": "us-east-1",
                                  "awslogs-stream-prefix": "x"}})
        self.assertEqual(task["containers"][0]["exitCode"], 0)

        def printed():
            events = self.berth.client("logs").filter_log_events(logGroupName="/probe")["events"]
            return f"env PROBE_SECRET={secret}" in [e["message"] for e in events]

        wait_for("the container's own word for it", printed, 10)
        described = self.berth.client("ecs").describe_task_definition(taskDefinition=task["taskDefinitionArn"])
        for shown in (described, task, ssm.describe_parameters(), self.berth.status(), self.berth.log()):
            self.assertNotIn(secret, json.dumps(shown, default=str))
        for folder, _, names in os.walk(self.berth.data):
            for name in names:
                mode = os.lstat(f"{folder}/{name}").st_mode
                if stat.S_ISREG(mode) and mode & 0o077:
                    with open(f"{folder}/{name}", "rb") as file:
                        self.assertNotIn(secret.encode(), file.read(), name)

    def test_what_is_not_supported_is_refused_by_name(self):
        ecs, elbv2 = self.berth.client("ecs"), self.berth.client("elbv2")
        container = {"name": "c", "image": PROBE}
        common = {"family": "no", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
                  "memory": "512"}
        with self.assertRaisesRegex(Exception, "volumes"):
            ecs.register_task_definition(**common, containerDefinitions=[container], volumes=[{"name": "v"}])
        with self.assertRaisesRegex(Exception, "environmentFiles"):
            ecs.register_task_definition(**common, containerDefinitions=[
                {**container, "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::b/e.env"}]}])
        balancer = elbv2.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        with self.assertRaisesRegex(Exception, "HTTPS"):
            elbv2.create_listener(LoadBalancerArn=balancer, Port=443, Protocol="HTTPS", DefaultActions=[
                {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}])
        self.assertEqual(ecs.list_task_definitions(familyPrefix="no")["taskDefinitionArns"], [])

    def test_too_large_for_the_machine_is_said_and_memory_is_given_out_once(self):
        ecs = self.berth.client("ecs")
        host_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        if not 4096 < host_mib < 60 * 1024:
            self.skipTest("no Fargate size is between half and all of this machine's memory")
        # Two of them do not fit, one does.
        memory = next(m for m in range(8192, 30721, 1024) if m > host_mib / 2) if host_mib > 16384 else 8192
        ecs.register_task_definition(
            family="large", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="4096", memory=str(memory),
            containerDefinitions=[{"name": "probe", "image": PROBE, "command": ["wait"]}])
        subnet = self.berth.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        ecs.create_service(cluster=CLUSTER, serviceName="large", taskDefinition="large", desiredCount=2,
                           launchType="FARGATE", networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}})

        def said(text):
            return any(text in event["message"] for event in self.berth.service("large")["events"])

        wait_for("the warning", lambda: said(f"2 tasks need {2 * memory} MiB of memory"), 10)
        wait_for("the event", lambda: said("was unable to place a task"), 20)
        wait_for("one task", lambda: self.berth.service("large")["runningCount"] == 1, 20)
        self.assertEqual(self.berth.service("large")["pendingCount"], 0)
        self.assertTrue(any("large" in p and "MiB" in p for p in self.berth.problems()))
        self.assertTrue(any("large" in finding for finding in doctor(self.berth)[1]))
        ecs.delete_service(cluster=CLUSTER, service="large", force=True)
        wait_for("no problem", lambda: self.berth.problems() == [], 20)


class Machine(unittest.TestCase):
    """What a start meets: each test has a berthd of its own."""

    def test_haproxy_missing_is_said_and_mends_itself(self):
        with tempfile.TemporaryDirectory() as tools:
            program = f"{tools}/haproxy"
            berth = Daemon(BIN, options=["--haproxy", program])
            try:
                berth.start()
                wait_for("the problem", lambda: any("HAProxy cannot be run" in p and "install the package haproxy" in p
                                                    for p in berth.problems()), 10)
                self.assertTrue(any("HAProxy" in finding for finding in doctor(berth)[1]))
                berth.client("cloudformation").create_stack(
                    StackName="p", TemplateBody=open(f"{EXAMPLES}/prerequisites.yaml").read(),
                    Capabilities=["CAPABILITY_NAMED_IAM"])
                wait_for("a second try", lambda: "HAProxy cannot be run" in berth.log(), 10)
                os.symlink(shutil.which("haproxy") or "/usr/sbin/haproxy", program)
                wait_for("the stack", lambda: berth.client("cloudformation").describe_stacks(StackName="p")["Stacks"][
                    0]["StackStatus"] == "CREATE_COMPLETE", 40)
                wait_for("no problem", lambda: berth.problems() == [], 20)
                self.assertEqual(berth.log().count("HAProxy cannot be run"), 1)
            finally:
                berth.clean_up()

    def test_a_taken_port_80_is_said_and_the_load_balancer_answers_at_its_own_address(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                other.bind(("127.0.0.1", 80))
            except OSError:
                self.skipTest("port 80 of this machine is in use")
            other.listen()
            berth = Daemon(BIN)
            try:
                berth.start()
                berth.deploy(f"{EXAMPLES}/prerequisites.yaml", "p")
                problem = wait_for("the problem", lambda: berth.status()["problems"], 10)
                self.assertIn("127.0.0.1:80", problem[0])
                self.assertIn(f"process {os.getpid()}", problem[0])
                url = berth.url()
                self.assertNotIn("localhost", url)
                with self.assertRaisesRegex(urllib.error.HTTPError, "503"):  # no target yet: the balancer's own answer
                    urllib.request.urlopen(url, timeout=5)
                self.assertTrue(any(f.startswith("port 80") and str(os.getpid()) in f for f in doctor(berth)[1]))
                other.close()
                wait_for("no problem", lambda: berth.status()["problems"] == [], 20)
            finally:
                berth.clean_up()

    def test_full_disk_is_said_once_refused_and_left_behind(self):
        folder = tempfile.mkdtemp(prefix="berth-full-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "none", folder], check=True)
        berth = Daemon(BIN, data=f"{folder}/data")
        try:
            berth.start()
            deploy_article(berth)
            traffic = Traffic(berth.url(), pause_s=0.01)
            with open(f"{folder}/filler", "wb", buffering=0) as filler:
                try:
                    while filler.write(b"x" * 4096):
                        pass
                except OSError:
                    pass
            logs = berth.client("logs")

            def refused():
                try:
                    logs.create_log_group(logGroupName=f"/g{time.monotonic_ns()}")
                except logs.exceptions.ClientError as error:
                    return error.response
                return None

            response = wait_for("a refusal", refused, 20)
            self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], 503)
            self.assertIn("full", response["Error"]["Message"])
            problem = berth.problems()
            self.assertTrue(any("Nothing can be stored" in p and folder in p for p in problem), problem)
            code, bad = doctor(berth)
            self.assertEqual(code, 1)
            self.assertTrue(any("Nothing can be stored" in f for f in bad) and any("disk" in f for f in bad), bad)
            groups = len(logs.describe_log_groups()["logGroups"])
            time.sleep(3)  # tries go on meanwhile; the log may not fill with them
            self.assertEqual(berth.log().count("error store: Nothing can be stored"), 1)
            self.assertLess(len(berth.log().splitlines()), 40, berth.log()[-3000:])
            last = traffic.last
            berth.kill()
            berth.start(wait=False)
            self.assertEqual(berth.process.wait(timeout=20), 1)
            self.assertIn(f"berthd: {folder}/data/berth.db: database or disk is full", berth.log())
            os.unlink(f"{folder}/filler")
            berth.start()
            logs.create_log_group(logGroupName="/after")
            self.assertEqual(len(logs.describe_log_groups()["logGroups"]), groups + 1)
            berth.client("ecs").update_service(cluster=CLUSTER, service=SERVICE, desiredCount=2)
            wait_for("two tasks", lambda: berth.service(SERVICE)["runningCount"] == 2, 40)
            traffic.stop()
            self.assertEqual(traffic.bad, [])
            self.assertTrue(all("Nothing can" not in p for p in berth.problems()))
            berth.kill()
            berth.start()
            self.assertEqual(len(logs.describe_log_groups()["logGroups"]), groups + 1)
            self.look_for_every_line(logs, last)
        finally:
            berth.clean_up()
            subprocess.run(["umount", folder], check=True)
            os.rmdir(folder)

    def look_for_every_line(self, logs, last):
        """No line of the time when nothing could be stored is missing or there twice."""
        def numbers():
            return sorted(int(event["message"].split("?n=")[1].split(" ")[0])
                          for page in logs.get_paginator("filter_log_events").paginate(
                              logGroupName=GROUP, filterPattern='"?n="') for event in page["events"])

        wait_for("the lines", lambda: set(range(1, last)) <= set(numbers()), 15)
        found = numbers()
        self.assertEqual(len(found), len(set(found)))

    def test_down_leaves_nothing(self):
        berth = Daemon(BIN)
        try:
            berth.start()
            deploy_article(berth)
            self.assertEqual(berth.down().returncode, 0)
            self.assertEqual(berth.left_outside(), {})
            self.assertEqual(sorted(os.listdir(berth.data)), KEPT)
        finally:
            berth.clean_up()

    def test_down_works_without_berthd_and_leaves_nothing(self):
        for end in (signal.SIGTERM, signal.SIGKILL):
            berth = Daemon(BIN)
            try:
                berth.start()
                deploy_article(berth)
                berth.kill(end)
                self.assertEqual(len(berth.containers()), 1)
                done = berth.down()
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn("no berthd runs at " + berth.endpoint, done.stderr)
                self.assertEqual(berth.left_outside(), {})
                self.assertEqual(sorted(os.listdir(berth.data)), KEPT)
                berth.start()
                self.assertEqual(berth.client("cloudformation").describe_stacks()["Stacks"], [])
                self.assertEqual(berth.tasks(), [])
            finally:
                berth.clean_up()

    def test_down_without_data_or_engine_says_so_at_once(self):
        with tempfile.TemporaryDirectory() as tools:
            with open(f"{tools}/podman", "w") as file:
                file.write('#!/bin/sh\necho "broken" >&2\nexit 125\n')
            os.chmod(f"{tools}/podman", 0o755)
            path = {"PATH": f"{tools}:{os.environ['PATH']}"}
            berth = Daemon(BIN, environment=path)
            try:
                nothing = subprocess.run([f"{BIN}/berth", "--data-dir", tools, "--endpoint",
                                          f"http://127.0.0.1:{free_port()}", "down"], capture_output=True, text=True)
                self.assertEqual(nothing.returncode, 1)
                self.assertIn("Is berthd running", nothing.stderr)
                berth.start()
                for running in (True, False):
                    if not running:
                        berth.kill()
                    began = time.monotonic()
                    done = subprocess.run([f"{BIN}/berth", "down"], env={**berth.env, **path}, capture_output=True,
                                          text=True)
                    self.assertEqual(done.returncode, 1)
                    self.assertIn("Nothing was taken down", done.stderr)
                    self.assertLess(time.monotonic() - began, 25)
                    self.assertEqual("waiting for the container engine" in done.stderr, running)
            finally:
                berth.remove_all_outside()
                berth.clean_up()


class Suspend(unittest.TestCase):
    """An hour of berth's time without berthd: three minutes at --time-scale 20."""

    def test_an_hour_of_sleep_is_missing_data_and_no_burst(self):
        berth = Daemon(BIN, time_scale=20)
        try:
            berth.start()
            deploy_article(berth)
            cloudwatch = berth.client("cloudwatch")

            def datapoints(hours=2):
                end = wake_time()
                return sorted(p["Timestamp"] for p in cloudwatch.get_metric_statistics(
                    Namespace="AWS/ECS", MetricName="CPUUtilization", Period=60, Statistics=["Average"],
                    StartTime=end - 3600 * hours, EndTime=end, Dimensions=[
                        {"Name": "ClusterName", "Value": CLUSTER}, {"Name": "ServiceName", "Value": SERVICE}])[
                            "Datapoints"])

            def wake_time():
                text = berth.status()["clock"]["berth"].split(".")[0].rstrip("Z")
                import calendar
                return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))

            wait_for("ten minutes of metrics", lambda: len(datapoints()) >= 10, 60)
            history = len(cloudwatch.describe_alarm_history(MaxRecords=100)["AlarmHistoryItems"])
            slept_at = wake_time()
            logged = len(berth.log())
            os.kill(berth.process.pid, signal.SIGSTOP)
            time.sleep(180)
            os.kill(berth.process.pid, signal.SIGCONT)
            woke_at = wake_time()
            self.assertGreater(woke_at - slept_at, 3500)
            wait_for("new datapoints", lambda: [d for d in datapoints() if d.timestamp() > woke_at], 30)
            within = [d for d in datapoints() if slept_at + 60 < d.timestamp() < woke_at - 120]
            self.assertEqual(within, [], "points for minutes in which nothing was measured")
            self.assertEqual(berth.client("application-autoscaling").describe_scaling_activities(
                ServiceNamespace="ecs")["ScalingActivities"], [])
            service = berth.service(SERVICE)
            self.assertEqual((service["desiredCount"], service["runningCount"]), (1, 1))
            self.assertEqual(len(berth.tasks(stopped=True)), 0)
            # An alarm may change once for the hour without data and once back, not once for each minute.
            more = len(cloudwatch.describe_alarm_history(MaxRecords=100)["AlarmHistoryItems"]) - history
            self.assertLessEqual(more, 16, cloudwatch.describe_alarm_history(MaxRecords=30))
            self.assertLess(len(berth.log()[logged:].splitlines()), 20, berth.log()[logged:])
        finally:
            berth.clean_up()


if __name__ == "__main__":
    tests = unittest.TestSuite()
    for case in [Suspend] if LONG else [Outages, Machine]:
        tests.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    only = [a for a in sys.argv[3:] if a != "--long"]
    if only:
        tests = unittest.TestSuite(t for group in tests for t in [group] if any(o in t.id() for o in only))
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    sys.exit(not result.wasSuccessful())
