"""What the end-to-end tests share: a berthd of the test's own, the stock clients pointed at it, traffic through its
load balancer, and a look at what it has made outside itself (containers, namespaces, cgroups, HAProxy).
"""

import glob
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from datetime import datetime

CLUSTER = "learner-cluster"
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


def output_of(command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def kill_if_there(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Traffic:
    """Requests through the load balancer until stopped, each with a number of its own and on a connection of its own;
    remembers which were answered with 200 and what the others met."""

    def __init__(self, url, path="/api/health", threads=1, pause_s=0.0):
        self.url, self.pause_s = url.rstrip("/") + path, pause_s
        self.good, self.bad, self.stopping, self.last = 0, [], False, 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping:
            with self.lock:
                self.last += 1
                number = self.last
            try:
                with urllib.request.urlopen(f"{self.url}?n={number}", timeout=10) as answer:
                    answer.read()
                with self.lock:
                    self.good += 1
            except OSError as error:
                with self.lock:
                    self.bad.append(f"{datetime.now():%H:%M:%S.%f} request {number}: {error}")
            time.sleep(self.pause_s)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


class Daemon:
    """berthd on a data folder and a port of its own. kill() and start() leave the folder as it is."""

    def __init__(self, bin_dir, time_scale=20, options=(), environment=None, data=None):
        self.bin, self.options = os.path.abspath(bin_dir), ["--time-scale", str(time_scale), *options]
        self.data = data or tempfile.mkdtemp(prefix="berth-e2e-")
        self.endpoint = f"http://127.0.0.1:{free_port()}"
        self.env = dict(os.environ, BERTH_DATA_DIR=self.data, BERTH_ENDPOINT=self.endpoint)
        self.environment = dict(os.environ, **(environment or {}))
        self.name = "berth-" + hashlib.sha256(self.data.encode()).hexdigest()[:8]
        self.log_path = self.data + ".log"
        self.folder = tempfile.mkdtemp(prefix="berth-e2e-folder-")  # where berthd is started: it leaves nothing there
        self.process = None
        self.clients = {}

    def start(self, *more, wait=True):
        command = [f"{self.bin}/berthd", "--data-dir", self.data, "--listen", self.endpoint[7:], *self.options, *more]
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(command, start_new_session=True, stderr=log, stdout=log,
                                            env=self.environment, cwd=self.folder)
        if not wait:
            return
        wait_for("berthd's first answer", self.answers)
        text = output_of_checked([f"{self.bin}/berth", "env"], self.env)
        self.env.update(re.findall(r"^export (\w+)='(.*)'$", text, re.M))

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"berthd ended with {self.process.returncode}:\n{self.log()[-3000:]}")
        try:
            return urllib.request.urlopen(self.endpoint + "/_berth/health", timeout=2).status == 200
        except OSError:
            return False

    def log(self):
        with open(self.log_path) as file:
            return file.read()

    def kill(self, sent=signal.SIGKILL):
        self.process.send_signal(sent)
        self.process.wait(timeout=30)
        return self.process.returncode

    def down(self):
        done = subprocess.run([f"{self.bin}/berth", "down"], env=self.env, capture_output=True, text=True, timeout=180,
                              cwd=self.folder)
        if done.returncode == 0:
            self.process.wait(timeout=30)
        return done

    def clean_up(self):
        """For tearDownClass: whatever state the test left, nothing of it stays."""
        if self.process and self.process.poll() is None and self.down().returncode != 0:
            self.kill()
        self.remove_all_outside()
        shutil.rmtree(self.data, ignore_errors=True)
        left = os.listdir(self.folder)
        shutil.rmtree(self.folder)
        if left:
            raise AssertionError(f"berthd, or what it has started, left {left} in its working directory")
        if os.path.exists(self.log_path):
            os.unlink(self.log_path)

    # clients

    def aws(self, *arguments, program="aws", check=True):
        done = subprocess.run([program, "--endpoint-url", self.endpoint, *arguments], env=self.env, capture_output=True,
                              text=True, timeout=180)
        if check and done.returncode != 0:
            raise AssertionError(f"aws {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout if check else done.stdout + done.stderr

    def aws_json(self, *arguments, **options):
        return json.loads(self.aws(*arguments, "--output", "json", **options))

    def deploy(self, template, stack, *overrides):
        command = ["cloudformation", "deploy", "--template-file", template, "--stack-name", stack, "--capabilities",
                   "CAPABILITY_NAMED_IAM"]
        return self.aws(*command, *(["--parameter-overrides", *overrides] if overrides else []))

    def client(self, service):
        """A boto3 client of this berthd."""
        import boto3
        import botocore.config
        if service not in self.clients:
            self.clients[service] = boto3.session.Session(
                self.env["AWS_ACCESS_KEY_ID"], self.env["AWS_SECRET_ACCESS_KEY"],
                region_name=self.env["AWS_REGION"]).client(
                    service, endpoint_url=self.endpoint,
                    # The discovery of Cloud Map would go to data-<host>, a name that an address does not have.
                    config=botocore.config.Config(inject_host_prefix=False))
        return self.clients[service]

    def berth(self, *arguments):
        return subprocess.run([f"{self.bin}/berth", *arguments], env=self.env, capture_output=True, text=True,
                              timeout=60)

    def status(self):
        return json.loads(output_of_checked([f"{self.bin}/berth", "status", "--json"], self.env))

    def problems(self):
        """Without what another program on 127.0.0.1's port 80 makes: this test may not be alone on its machine."""
        left = [re.sub(r"(; )?127\.0\.0\.1:\d+ cannot be listened on: [^;]*", "", problem)
                for problem in self.status()["problems"]]
        return [problem for problem in left if problem]

    def url(self):
        return self.status()["load_balancers"][0]["url"]

    def service(self, name):
        return self.client("ecs").describe_services(cluster=CLUSTER, services=[name])["services"][0]

    # what the API says is there

    def tasks(self, stopped=False):
        ecs, tasks = self.client("ecs"), []
        for cluster in ecs.list_clusters()["clusterArns"]:
            for wanted in ("STOPPED",) if stopped else ("RUNNING", "STOPPED"):
                for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=wanted):
                    if page["taskArns"]:
                        tasks += ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
        return [t for t in tasks if (t["lastStatus"] == "STOPPED") == stopped]

    # what is there outside

    def containers(self):
        """Names of this berthd's containers, running or not."""
        names = output_of([*PODMAN, "ps", "-a", "--format", "{{.Names}}", "--filter", f"name={self.name}"]).split()
        return sorted(names)

    def namespaces(self, kind):
        """kind: task or vpc; without the prefix."""
        prefix = f"/run/netns/{self.name}-{kind}-"
        return sorted(path[len(prefix):] for path in glob.glob(prefix + "*"))

    def cgroups(self):
        """Tasks that have a cgroup, in any hierarchy."""
        found = glob.glob(f"/sys/fs/cgroup/{self.name}/*/") + glob.glob(f"/sys/fs/cgroup/*/{self.name}/*/")
        return sorted({os.path.basename(path.rstrip("/")) for path in found})

    def task_ports(self):
        """Interfaces that lead from VPCs to tasks."""
        found = []
        for vpc in self.namespaces("vpc"):
            links = output_of(["ip", "-n", f"{self.name}-vpc-{vpc}", "-o", "link"])
            found += re.findall(r"^\d+: (t[0-9a-f]{12})@", links, re.M)
        return found

    def processes(self, word):
        """Processes with `word` among their arguments."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if word.encode() in words:
                found.append(int(path.split("/")[2]))
        return sorted(found)

    def processes_below(self, folder):
        """Processes with a path in the folder among their arguments."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    if folder.encode() in file.read():
                        found.append(int(path.split("/")[2]))
            except OSError:
                continue
        return sorted(found)

    def haproxies(self):
        return self.processes(f"{self.data}/haproxy/haproxy.pid")

    def registries(self):
        """docker-registry and the HAProxy before it."""
        folder = f"{self.data}/registry"
        return self.processes(f"{folder}/config.yml") + self.processes(f"{folder}/front/haproxy.pid")

    def engine_services(self):
        return self.processes(f"unix://{self.data}/podman.sock")

    def haproxy_servers(self):
        """Addresses that HAProxy's slots for targets (t1, t2, ...) have been given."""
        sockets = glob.glob(f"{self.data}/haproxy/admin-*.sock")
        if not sockets:
            return []
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(10)
            try:
                link.connect(max(sockets, key=lambda path: int(re.search(r"-(\d+)\.sock", path).group(1))))
            except ConnectionRefusedError:  # it has died and is about to be started again
                return []
            link.sendall(b"show servers state\n")
            text = b""
            while part := link.recv(65536):
                text += part
        rows = [line.split() for line in text.decode().splitlines()]
        return sorted(row[4] for row in rows
                      if len(row) > 18 and row[3].startswith("t") and not row[4].startswith("0.0.0"))

    def left_outside(self):
        """What there is of this berthd outside its data folder; nothing after `berth down`."""
        found = {"containers": self.containers(), "task namespaces": self.namespaces("task"),
                 "VPC namespaces": self.namespaces("vpc"), "internet": glob.glob(f"/run/netns/{self.name}-internet"), "cgroups": self.cgroups(), "HAProxy": self.haproxies(),
                 "registry": self.registries(), "engine services": self.engine_services(),
                 "build namespaces": self.namespaces("build"), "builds": self.processes_below(f"{self.data}/builds/")}
        return {what: there for what, there in found.items() if there}

    def remove_all_outside(self):
        """As a reboot does: containers, namespaces, cgroups, HAProxy, engine service; the data folder stays."""
        builds = self.processes_below(f"{self.data}/builds/")
        for pid in self.haproxies() + self.registries() + self.engine_services() + builds:
            kill_if_there(pid)
        names = self.containers()
        if names:
            subprocess.run([*PODMAN, "kill", *names], capture_output=True)
            wait_for("the containers' end", lambda: not output_of(
                [*PODMAN, "ps", "-q", "--filter", f"name={self.name}"]).split(), 30)
        for path in glob.glob(f"/run/netns/{self.name}-*"):
            subprocess.run(["ip", "netns", "delete", os.path.basename(path)], capture_output=True)
        for base in glob.glob(f"/sys/fs/cgroup/{self.name}") + glob.glob(f"/sys/fs/cgroup/*/{self.name}"):
            subprocess.run(["find", base, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"], capture_output=True)


def output_of_checked(command, env):
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=60).stdout
