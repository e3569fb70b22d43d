"""Measures berthd and prints a table; see scripts/bench."""

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "build/release/bin")
sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))

from bench_builds import builds  # noqa: E402
from bench_simulator import simulator  # noqa: E402
from daemon import CLUSTER, PODMAN, Daemon, output_of, output_of_checked, wait_for  # noqa: E402

STARTS = 7
LOAD_S = 5
SERVICES = 1000
MILLION = 1_000_000
PAIRS = 7  # of measurements that are compared
PAIR_S = 4
IMAGE = "localhost/learner:latest"
PREREQUISITES = os.path.join(ROOT, "examples/learner/prerequisites.yaml")
ARTICLE = os.path.join(ROOT, "examples/learner/ecs_service.yaml")
SERVICE = "learner-svc-service"
SCALABLE = {"ServiceNamespace": "ecs", "ResourceId": f"service/{CLUSTER}/{SERVICE}",
            "ScalableDimension": "ecs:service:DesiredCount"}
DEPLOY_SCALE = 10

# What somebody would write by hand who wants the headers and the log of berth's load balancers.
HAND_CONFIGURATION = """
global
  log stdout format raw local0
  nbthread {threads}
defaults
  mode http
  log global
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend by_hand
  bind 127.0.0.1:{port}
  log-format "A %pid web %b %s %ST %ts %Tr %B %U"
  option forwardfor if-none
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port {port}
  http-request set-header X-Amzn-Trace-Id Root=1-%[date,hex,bytes(8,8),lower]-%[uuid,bytes(24,12)]%[uuid,bytes(24,12)]
  default_backend tasks
backend tasks
  balance roundrobin
  option httpchk GET /api/health
{servers}
"""


class Table:
    """Rows appear as they are measured: a whole run takes some minutes."""

    def __init__(self):
        node = platform.uname()
        versions = [output_of(command).splitlines()[0] for command in
                    (["g++", "--version"], ["haproxy", "-v"], ["podman", "--version"], ["aws", "--version"])]
        cpu = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
        print(f"{node.system} {node.release}, {os.cpu_count()} cores {cpu.group(1) if cpu else ''}")
        print("; ".join(versions))
        print(f"{'what':<58} {'measured':<50} goal")

    def row(self, what, measured, goal=""):
        print(f"{what:<58} {measured:<50} {goal}", flush=True)


def spread(values, unit, digits=0):
    values = sorted(values)
    return f"{statistics.median(values):.{digits}f} {unit} ({values[0]:.{digits}f} to {values[-1]:.{digits}f})"


def rss_mib(pid):
    match = re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read())
    return int(match.group(1)) / 1024 if match else 0.0


def cpu_s(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def time_start(daemon):
    """Milliseconds from exec to the first answer; asked every 0.2 ms."""
    began = time.monotonic()
    daemon.start(wait=False)
    while True:
        try:
            urllib.request.urlopen(daemon.endpoint + "/_berth/health", timeout=2).read()
            return (time.monotonic() - began) * 1000
        except OSError:
            time.sleep(0.0002)


def learn_key(daemon):
    text = subprocess.run([f"{BIN}/berth", "env"], env=daemon.env, check=True, capture_output=True, text=True).stdout
    daemon.env.update(re.findall(r"^export (\w+)='(.*)'$", text, re.M))


def cold_starts(table):
    times = []
    for _ in range(STARTS):
        daemon = Daemon(BIN, 1)
        times.append(time_start(daemon))
        daemon.clean_up()
    table.row("cold start to first answer, empty store", spread(times, "ms"), "<= 50 ms")

    daemon = Daemon(BIN, 1)
    time_start(daemon)
    learn_key(daemon)
    ecs = daemon.client("ecs")
    ecs.create_cluster(clusterName=CLUSTER)
    ecs.register_task_definition(
        family="web", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
        containerDefinitions=[{"name": "web", "image": IMAGE}])
    subnet = daemon.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = daemon.client("ec2").create_subnet(VpcId=subnet, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    for number in range(SERVICES):
        ecs.create_service(cluster=CLUSTER, serviceName=f"web-{number}", taskDefinition="web", desiredCount=0,
                           launchType="FARGATE", networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}})
    times = []
    for _ in range(STARTS):
        daemon.kill()
        times.append(time_start(daemon))
    found = len(list(ecs.get_paginator("list_services").paginate(cluster=CLUSTER).search("serviceArns[]")))
    table.row(f"cold start, {found} services stored", spread(times, "ms"), "<= 250 ms")
    time.sleep(3)
    table.row(f"memory with {found} services", f"{rss_mib(daemon.process.pid):.1f} MiB")
    daemon.clean_up()


def others_beside(daemon):
    groups = {"HAProxy": daemon.haproxies(), "engine service": daemon.engine_services()}
    return {name: (sum(map(rss_mib, pids)), pids) for name, pids in groups.items()}


def idle(table, daemon, what, goal):
    time.sleep(5)
    others = others_beside(daemon)
    pids = {"berthd": [daemon.process.pid], **{name: pids for name, (_, pids) in others.items()}}
    before = {name: sum(map(cpu_s, each)) for name, each in pids.items()}
    time.sleep(10)
    used = {name: (sum(map(cpu_s, each)) - before[name]) * 10 for name, each in pids.items()}
    own = rss_mib(daemon.process.pid)
    beside = ", ".join(f"{name} {mib:.0f}" for name, (mib, _) in others.items())
    total = own + sum(mib for mib, _ in others.values())
    table.row(f"idle memory, {what}", f"{own:.1f} MiB; {beside}; total {total:.0f} MiB", goal)
    beside = ", ".join(f"{name} {used[name]:.2f}" for name in others)
    table.row(f"idle CPU, {what}", f"{used['berthd']:.2f} % of a core; {beside}", "<= 1 %")


def signed(table, daemon):
    port = daemon.endpoint.rsplit(":", 1)[1]
    daemon.env["BENCH_SERVICE"] = SERVICE
    for operation in ("describe-services", "put-metric-data"):
        done = subprocess.run([f"{BIN}/signed_load", port, operation, str(LOAD_S), "8"], env=daemon.env,
                              capture_output=True, text=True)
        text = (done.stdout or done.stderr).strip()
        table.row(f"{operation}, signed, 8 connections", text.split(" s, ", 1)[-1], ">= 20,000/s, p99 <= 3 ms")
    before, began, count = rss_mib(daemon.process.pid), time.monotonic(), 0
    while count < MILLION:
        done = subprocess.run([f"{BIN}/signed_load", port, "put-metric-data", "10", "8"], env=daemon.env, check=True,
                              capture_output=True, text=True)
        count += int(re.search(r": (\d+) requests", done.stdout).group(1))
    table.row(f"memory over {count:,} PutMetricData", f"{before:.1f} -> {rss_mib(daemon.process.pid):.1f} MiB",
              "flat, <= 30 MiB")
    ecs, began, count = daemon.client("ecs"), time.monotonic(), 0
    while time.monotonic() < began + 3:
        ecs.describe_services(cluster=CLUSTER, services=[SERVICE])
        count += 1
    table.row("DescribeServices in a plain boto3 loop", f"{count / 3:.0f} requests/s")


def deploy(table, daemon):
    began = time.monotonic()
    output_of(["aws", "--version"])
    cli_s = time.monotonic() - began
    daemon.deploy(PREREQUISITES, "learner-prerequisites")
    began = time.monotonic()
    daemon.deploy(ARTICLE, "AWSLearner-ECS-Stack", "AlertEmail=you@example.com")
    whole_s = time.monotonic() - began
    healthy = urllib.request.urlopen(daemon.url() + "/api/health", timeout=5).status == 200
    events = daemon.client("cloudformation").describe_stack_events(StackName="AWSLearner-ECS-Stack")["StackEvents"]

    def at(logical_id, status):
        return next(e["Timestamp"] for e in events
                    if e["LogicalResourceId"] == logical_id and e["ResourceStatus"] == status)

    def real_s(begin, end):
        return (end - begin).total_seconds() / DEPLOY_SCALE

    stack_s = real_s(at("AWSLearner-ECS-Stack", "CREATE_IN_PROGRESS"), at("AWSLearner-ECS-Stack", "CREATE_COMPLETE"))
    service = next(e["LogicalResourceId"] for e in events if e["ResourceType"] == "AWS::ECS::Service")
    service_s = real_s(at(service, "CREATE_IN_PROGRESS"), at(service, "CREATE_COMPLETE"))
    task = daemon.tasks()[0]
    start_s = real_s(task["createdAt"], task["startedAt"])
    table.row(f"aws cloudformation deploy, scale {DEPLOY_SCALE}, {'healthy' if healthy else 'NOT HEALTHY'}",
              f"{whole_s:.2f} s", "<= 5 s")
    table.row("  of it: the CLI's start", f"{cli_s:.2f} s")
    table.row("  of it: stack creation", f"{stack_s:.2f} s")
    table.row("    of it: the service until steady", f"{service_s:.2f} s, its task's start {start_s:.2f} s")


def balancer_ratio(table, daemon):
    # Two tasks, and no alarm that adds or takes one away while both sides are measured.
    daemon.client("application-autoscaling").register_scalable_target(
        MinCapacity=2, SuspendedState={"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True}, **SCALABLE)
    wait_for("two targets", lambda: len(daemon.haproxy_servers()) == 2)
    port = 18080
    vpc = f"{daemon.name}-vpc-{daemon.namespaces('vpc')[0]}"
    servers = "\n".join(f"  server t{i} {address}:80 namespace {vpc} check inter 3s"
                        for i, address in enumerate(daemon.haproxy_servers()))
    threads = re.search(r"nbthread (\d+)", open(daemon.data + "/haproxy/haproxy.cfg").read()).group(1)
    folder = tempfile.mkdtemp(prefix="berth-bench-")
    config = folder + "/haproxy.cfg"
    with open(config, "w") as file:
        file.write(HAND_CONFIGURATION.format(port=port, servers=servers, threads=threads))
    log = open(folder + "/access.log", "w")
    by_hand = subprocess.Popen(["haproxy", "-f", config], stdout=log, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        ours, theirs = [], []
        for pair in range(PAIRS):
            order = [(ours, daemon.url()), (theirs, f"http://127.0.0.1:{port}")]
            for into, url in order if pair % 2 else reversed(order):
                text = output_of(["wrk", "-t1", "-c8", f"-d{PAIR_S}s", "--latency", url.rstrip("/") + "/api/health"])
                into.append((float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), milliseconds(text)))
    finally:
        by_hand.terminate()
        by_hand.wait()
        log.close()
        shutil.rmtree(folder)
    rates = [a[0] / b[0] for a, b in zip(ours, theirs)]
    tails = [a[1] / b[1] for a, b in zip(ours, theirs)]
    table.row("requests/s through the LB against HAProxy by hand", spread(rates, "x", 3), ">= 0.97")
    table.row("  p99 against it", spread(tails, "x", 3), "within 10 %")
    table.row("  in requests/s and ms", f"{statistics.median(a[0] for a in ours):.0f}/s "
              f"p99 {statistics.median(a[1] for a in ours):.1f}, by hand {statistics.median(b[0] for b in theirs):.0f}/s "
              f"p99 {statistics.median(b[1] for b in theirs):.1f}")


def milliseconds(wrk_text):
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", wrk_text).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def task_start_ratio(table, daemon):
    """Both from the order to the running container: ours as the API shows it, the engine's as its CLI returns."""
    ecs = daemon.client("ecs")
    network = ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]["networkConfiguration"]
    family = ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]["taskDefinition"]
    ours, engine = [], []
    for _ in range(PAIRS):
        began = time.monotonic()
        task = ecs.run_task(cluster=CLUSTER, taskDefinition=family, launchType="FARGATE",
                            networkConfiguration=network)["tasks"][0]["taskArn"]
        while ecs.describe_tasks(cluster=CLUSTER, tasks=[task])["tasks"][0]["lastStatus"] != "RUNNING":
            time.sleep(0.002)
        ours.append(time.monotonic() - began)
        ecs.stop_task(cluster=CLUSTER, task=task)
        wait_for("the task's end", lambda: ecs.describe_tasks(
            cluster=CLUSTER, tasks=[task])["tasks"][0]["lastStatus"] == "STOPPED")
        began = time.monotonic()
        container = output_of_checked(
            [*PODMAN, "run", "-d", "--cpus", "0.25", "--memory", "512m", "--ulimit", "nofile=1024:1024", "--ulimit",
             "nproc=4096:4096", IMAGE], None).strip()
        engine.append(time.monotonic() - began)
        subprocess.run([*PODMAN, "rm", "-f", "-t", "0", container], capture_output=True)
    table.row("task start, RunTask to RUNNING", spread([x * 1000 for x in ours], "ms"))
    table.row("  against `podman run -d` of the same image", spread([a / b for a, b in zip(ours, engine)], "x", 2),
              "<= 1.2 x")


def decision_time(table, daemon):
    """From SetAlarmState's request to a DescribeServices that shows the new desired count: two requests included."""
    ecs, cloudwatch, scaling = daemon.client("ecs"), daemon.client("cloudwatch"), daemon.client("application-autoscaling")
    for policy in scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]:
        scaling.delete_scaling_policy(PolicyName=policy["PolicyName"], **SCALABLE)  # its own alarms would join in
    scaling.register_scalable_target(
        SuspendedState={"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False}, **SCALABLE)
    ecs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=2)
    step = {"AdjustmentType": "ExactCapacity", "Cooldown": 0,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 3}]}
    policy = scaling.put_scaling_policy(PolicyName="bench", PolicyType="StepScaling",
                                        StepScalingPolicyConfiguration=step, **SCALABLE)["PolicyARN"]
    cloudwatch.put_metric_alarm(
        AlarmName="bench", MetricName="none", Namespace="Bench", Statistic="Average", Period=60, Threshold=1,
        EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[policy])
    times = []
    for _ in range(PAIRS):
        queried = daemon.status()["clock"]["berth"][:19] + ".000+0000"
        began = time.monotonic()
        cloudwatch.set_alarm_state(AlarmName="bench", StateValue="ALARM", StateReason="measured",
                                   StateReasonData=f'{{"recentDatapoints":[2.0],"queryDate":"{queried}"}}')
        while daemon.service(SERVICE)["desiredCount"] != 3:
            if time.monotonic() > began + 10:
                raise AssertionError("the alarm did not scale the service")
        times.append((time.monotonic() - began) * 1000)
        cloudwatch.set_alarm_state(AlarmName="bench", StateValue="OK", StateReason="measured")
        ecs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=2)
        time.sleep(1)
    cloudwatch.delete_alarms(AlarmNames=["bench"])
    scaling.delete_scaling_policy(PolicyName="bench", **SCALABLE)
    table.row("alarm state to changed desired count, as a client sees it", spread(times, "ms", 1), "<= 10 ms")


def with_the_articles_stack(table):
    daemon = Daemon(BIN, DEPLOY_SCALE)
    daemon.start()
    try:
        deploy(table, daemon)
        idle(table, daemon, "the article's stack", "<= 30 MiB")
        signed(table, daemon)
        balancer_ratio(table, daemon)
        task_start_ratio(table, daemon)
        decision_time(table, daemon)
    finally:
        daemon.clean_up()


def main():
    table = Table()
    cold_starts(table)
    daemon = Daemon(BIN, 1)
    daemon.start()
    idle(table, daemon, "empty store", "<= 20 MiB")
    daemon.clean_up()
    with_the_articles_stack(table)
    builds(table, BIN)
    simulator(table, BIN, ARTICLE)


if __name__ == "__main__":
    main()
