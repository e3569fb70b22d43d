"""Plays the article's story on a berthd of its own and checks that it really happened."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "build/release/bin")
DATA = os.path.join(ROOT, "build/demo")
ENDPOINT = "http://127.0.0.1:4566"
CLUSTER, SERVICE = "learner-cluster", "learner-svc-service"
IN_FLIGHT_PER_TASK = 4
VISITS = 40
VISIT = "from=demo"
LOAD_S = 60  # what one call of /api/load takes, in berth time
ADDRESS = "you@example.com"
SUBJECTS = {"critical CPU": "CriticalCPU-AtMaxCapacity", "maximum reached": "MaxCapacity-Reached"}


class Failed(Exception):
    """What did not happen, in words for a person."""


class Berth:
    """A berthd of the demo's own, and the stock aws CLI pointed at it."""

    def __init__(self, time_scale):
        self.time_scale = time_scale
        self.env = dict(os.environ, BERTH_DATA_DIR=DATA, BERTH_ENDPOINT=ENDPOINT)

    def start(self):
        self.stop_earlier()
        os.makedirs(DATA, mode=0o700, exist_ok=True)
        log = open(os.path.join(DATA, "berthd.log"), "a")
        command = [os.path.join(BIN, "berthd"), "--data-dir", DATA, "--time-scale", str(self.time_scale)]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failed("berthd did not start:\n" + open(log.name).read()[-2000:])
            try:
                urllib.request.urlopen(ENDPOINT + "/_berth/health", timeout=2).read()
                break
            except OSError:
                time.sleep(0.05)
        text = subprocess.run([os.path.join(BIN, "berth"), "env"], env=self.env, check=True, capture_output=True,
                              text=True).stdout
        for name, value in re.findall(r"^export (\w+)='(.*)'$", text, re.M):
            self.env[name] = value
        for name in re.findall(r"\w+", text.splitlines()[0])[1:]:
            self.env.pop(name, None)

    def stop_earlier(self):
        """A second run starts clean: what an earlier one left is taken down first."""
        if os.path.exists(os.path.join(DATA, "berth.db")):
            command = [os.path.join(BIN, "berthd"), "--data-dir", DATA]
            try:
                urllib.request.urlopen(ENDPOINT + "/_berth/health", timeout=2).read()
                helper = None
            except OSError:
                helper = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(1)
            self.down(check=False)
            if helper:
                helper.wait(timeout=60)
        shutil.rmtree(DATA, ignore_errors=True)
        try:
            urllib.request.urlopen(ENDPOINT + "/_berth/health", timeout=2).read()
        except OSError:
            return
        raise Failed(f"something else already serves {ENDPOINT}; stop it (berth down) and try again")

    def down(self, check=True):
        subprocess.run([os.path.join(BIN, "berth"), "down"], env=self.env, check=check, capture_output=not check)

    def berth(self, *arguments):
        done = subprocess.run([os.path.join(BIN, "berth"), *arguments], env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"berth {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def status(self):
        return json.loads(self.berth("status", "--json"))

    def mails(self):
        return json.loads(self.berth("mail", "--json"))["mails"]

    def aws(self, *arguments):
        command = ["aws", "--endpoint-url", ENDPOINT, *arguments]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"aws {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def aws_json(self, *arguments):
        return json.loads(self.aws(*arguments, "--output", "json"))


class Load:
    """Keeps so many requests to /api/load in flight."""

    def __init__(self, url, time_scale):
        self.url = url
        self.wanted = 0
        self.stopping = False
        self.answers = {}
        self.lock = threading.Lock()
        self.threads = []
        # A call lasts 60 s of berth time and more when the task's CPU is short.
        self.timeout_s = 120 / time_scale + 60

    def keep(self, count):
        self.wanted = count
        while len(self.threads) < count:
            thread = threading.Thread(target=self.work, args=(len(self.threads),), daemon=True)
            self.threads.append(thread)
            thread.start()

    def work(self, number):
        while not self.stopping:
            if number >= self.wanted:
                time.sleep(0.05)
                continue
            try:
                with urllib.request.urlopen(self.url + "/api/load", timeout=self.timeout_s) as answer:
                    answer.read()
                    code = answer.status
            except urllib.error.HTTPError as error:
                code = error.code
            except OSError as error:
                code = type(error).__name__
                time.sleep(0.1)
            with self.lock:
                self.answers[code] = self.answers.get(code, 0) + 1


class Timeline:
    """Prints a line whenever something changes, and remembers what the checks need."""

    def __init__(self, berth):
        self.berth = berth
        self.last = None
        self.desired = []
        self.printed_activities = set()
        self.printed_mails = set()
        print(f"{'berth time':<10} {'desired':>7} {'pending':>7} {'running':>7} {'CPU %':>6}  alarms in ALARM")

    def look(self):
        status = self.berth.status()
        service = next((s for s in status["services"] if s["name"] == SERVICE), None)
        if service is None:
            raise Failed(f"the service {SERVICE} is gone")
        if not self.desired or self.desired[-1] != service["desired"]:
            self.desired.append(service["desired"])
        alarms = [short_name(a["name"]) for a in status["alarms"] if a["state"] == "ALARM"]
        cpu = "-" if service["cpu_percent"] is None else f"{service['cpu_percent']:.1f}"
        shown = (service["desired"], service["pending"], service["running"], cpu, tuple(alarms))
        clock = status["clock"]["berth"][11:19]
        if shown != self.last:
            self.last = shown
            print(f"{clock:<10} {shown[0]:>7} {shown[1]:>7} {shown[2]:>7} {cpu:>6}  {', '.join(alarms)}")
        for activity in reversed(status["activities"]):
            key = (activity["start"], activity["description"])
            if key not in self.printed_activities:
                self.printed_activities.add(key)
                print(f"{clock:<10}   activity: {activity['description']} ({activity['cause']})")
        for mail in self.berth.mails():
            if mail["number"] not in self.printed_mails:
                self.printed_mails.add(mail["number"])
                print(f"{clock:<10}   mail: {mail['subject']}")
        sys.stdout.flush()
        return status, service


def short_name(alarm):
    match = re.search(r"(AlarmHigh|AlarmLow|CriticalCPU|MaxCapacity)", alarm)
    return match.group(1) if match else alarm


def seconds(berth_seconds, time_scale):
    return berth_seconds / time_scale


def wait_for(what, limit_s, look):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    raise Failed(f"{what} did not happen within {limit_s:.0f} s")


def deploy_stack(berth, what, template, stack, *overrides):
    began = time.monotonic()
    arguments = ["--parameter-overrides", *overrides] if overrides else []
    berth.aws("cloudformation", "deploy", "--template-file", os.path.join(ROOT, "examples/learner", template),
              "--stack-name", stack, "--capabilities", "CAPABILITY_NAMED_IAM", *arguments)
    print(f"demo: {what}: deployed in {time.monotonic() - began:.1f} s", flush=True)


def source_folder():
    """What the series' repository holds: the application and its buildspec."""
    folder = os.path.join(ROOT, "build/demo-source")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(ROOT, "app"), os.path.join(folder, "app"))
    shutil.copy(os.path.join(ROOT, "examples/learner/buildspec.yml"), folder)
    return folder


def build_image(berth):
    """The article's first command, and its image in the repository afterwards."""
    began = time.monotonic()
    build = berth.aws_json("codebuild", "start-build", "--project-name", "learner-project")["build"]["id"]

    def ended():
        found = berth.aws_json("codebuild", "batch-get-builds", "--ids", build)["builds"][0]
        return found if found["buildStatus"] != "IN_PROGRESS" else None

    done = wait_for("the end of the build", 600, ended)
    if done["buildStatus"] != "SUCCEEDED":
        raise Failed(f"the build {build} ended as {done['buildStatus']}; its log is in /aws/codebuild/learner-project")
    image = berth.aws_json("ecr", "describe-images", "--repository-name", "learner")["imageDetails"][0]
    print(f"demo: aws codebuild start-build --project-name learner-project: built and pushed in "
          f"{time.monotonic() - began:.1f} s; {image['imageDigest'][:19]}, {image['imageSizeInBytes']} bytes", flush=True)


def deploy(berth, series):
    if series:
        deploy_stack(berth, "day 1, VPC, subnets, NAT gateway", "day1.yaml", "learner-day1")
        deploy_stack(berth, "day 2, security groups", "day2.yaml", "learner-day2")
        deploy_stack(berth, "day 3, roles, parameters, cluster, repository", "day3.yaml", "learner-day3")
        deploy_stack(berth, "day 4, load balancer, build project", "day4.yaml", "learner-day4",
                     f"SourceLocation={source_folder()}")
        build_image(berth)
    else:
        deploy_stack(berth, "what days 1 to 4 of the series leave behind", "prerequisites.yaml", "learner-prerequisites")
    deploy_stack(berth, "the article's stack, byte for byte", "ecs_service.yaml", "AWSLearner-ECS-Stack",
                 f"AlertEmail={ADDRESS}")


def confirm_subscription(berth):
    def find():
        return next((m for m in berth.mails() if "Subscription Confirmation" in m["subject"]), None)

    mail = wait_for("the confirmation mail", 30, find)
    text = berth.berth("mail", str(mail["number"]))
    # Mails are folded by quoted-printable or not at all; the link is the only one with an Action.
    link = re.search(r"http://\S*Action=ConfirmSubscription\S*", text.replace("=\n", "").replace("=3D", "="))
    if not link:
        raise Failed("the confirmation mail has no link:\n" + text)
    answer = urllib.request.urlopen(link.group(0).rstrip(">.)"), timeout=10)
    if answer.status != 200:
        raise Failed(f"the confirmation link answered {answer.status}")
    print(f"demo: {ADDRESS} confirmed its subscription through the link in its mail")


def load_balancer_url(berth):
    def answers():
        balancers = berth.status()["load_balancers"]
        url = balancers[0]["url"] if balancers else None
        if not url:
            return None
        try:
            with urllib.request.urlopen(url + "/api/health", timeout=5) as answer:
                return url.rstrip("/") if answer.status == 200 else None
        except OSError:
            return None

    return wait_for("an answer through the load balancer", 60, answers)


def wait_for_berth_minute(berth):
    now = datetime.fromisoformat(berth.status()["clock"]["berth"].replace("Z", "+00:00"))
    left = 60 - (now.second + now.microsecond / 1e6)
    time.sleep(seconds(left, berth.time_scale))


def grow(berth, load, timeline):
    """Load until five tasks run, both alarms have been mailed, and every task has had the time to get a request."""
    limit_s = seconds(25 * 60, berth.time_scale) + 60
    deadline = time.monotonic() + limit_s
    grown_at = None
    while time.monotonic() < deadline:
        _, service = timeline.look()
        load.keep(IN_FLIGHT_PER_TASK * max(1, service["running"]))
        subjects = [m["subject"] for m in berth.mails()]
        mailed = all(any(part in s and s.startswith("ALARM") for s in subjects) for part in SUBJECTS.values())
        if service["running"] == 5 and service["desired"] == 5 and mailed:
            grown_at = grown_at or time.monotonic()
            if time.monotonic() >= grown_at + seconds(LOAD_S * 3 / 2, berth.time_scale):
                return
        time.sleep(0.5)
    missing = [name for name, part in SUBJECTS.items()
               if not any(part in s and s.startswith("ALARM") for s in subjects)]
    raise Failed(f"five tasks and both mails did not come within {limit_s:.0f} s: running {service['running']}, "
                 f"mails missing: {', '.join(missing) or 'none'}")


def visit_tasks(url):
    """Short calls in turn. Those of /api/load that end in 504 leave no line in a task's log, here as in the article's
    application."""
    for _ in range(VISITS):
        try:
            with urllib.request.urlopen(f"{url}/?{VISIT}", timeout=60) as answer:
                answer.read()
        except OSError as error:
            raise Failed(f"a short call through the load balancer failed: {error}") from error


def traffic_by_task(berth):
    streams = berth.aws_json("logs", "describe-log-streams", "--log-group-name", "/ecs/learner-svc-logs")["logStreams"]
    counts = {}
    for stream in streams:
        events = berth.aws_json("logs", "filter-log-events", "--log-group-name", "/ecs/learner-svc-logs",
                                "--log-stream-names", stream["logStreamName"], "--filter-pattern", f'?"/api/load" ?"{VISIT}"',
                                "--max-items", "1000")
        counts[stream["logStreamName"].rsplit("/", 1)[-1]] = len(events.get("events", []))
    return counts


def shrink(berth, timeline):
    limit_s = seconds(60 * 60, berth.time_scale) + 60
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        _, service = timeline.look()
        if service["running"] == 1 and service["desired"] == 1:
            return
        time.sleep(0.5)
    raise Failed(f"the service did not shrink to one task within {limit_s:.0f} s")


def print_evidence(berth):
    """Datapoints and formulae, for whoever wants to know why it went otherwise."""
    try:
        status = berth.status()
        for activity in status["activities"]:
            print(f"  {activity['start']} {activity['description']}\n    {activity['explanation']}")
        end = datetime.fromisoformat(status["clock"]["berth"].replace("Z", "+00:00"))
        points = berth.aws_json("cloudwatch", "get-metric-statistics", "--namespace", "AWS/ECS", "--metric-name",
                                "CPUUtilization", "--statistics", "Average", "--period", "60", "--dimensions",
                                f"Name=ClusterName,Value={CLUSTER}", f"Name=ServiceName,Value={SERVICE}",
                                "--start-time", datetime.fromtimestamp(end.timestamp() - 3600, timezone.utc).isoformat(),
                                "--end-time", end.isoformat())["Datapoints"]
        for point in sorted(points, key=lambda p: p["Timestamp"]):
            print(f"  {point['Timestamp']} CPU {point['Average']:.1f} %")
        for problem in status["problems"]:
            print("  problem:", problem)
    except Failed as failure:
        print("  (no evidence:", failure, ")")


def check(timeline, counts, load):
    grown = timeline.desired[:3]
    if grown != [1, 3, 5]:
        raise Failed(f"desired went {timeline.desired}, not 1, 3, 5")
    if timeline.desired[2:] != [5, 4, 3, 2, 1]:
        raise Failed(f"desired came back as {timeline.desired[2:]}, not 5, 4, 3, 2, 1")
    idle = [task for task, count in counts.items() if count == 0]
    if len(counts) != 5 or idle:
        raise Failed(f"traffic did not reach every task: {counts}")
    print(f"demo: desired went {' -> '.join(map(str, timeline.desired))}; requests answered by each task: "
          f"{sorted(counts.values())}; answers: {load.answers}")


def play(arguments):
    berth = Berth(arguments.time_scale)
    print(f"demo: berthd at {ENDPOINT}, data in {DATA}, AWS's clocks run {arguments.time_scale:g} times as fast")
    berth.start()
    try:
        deploy(berth, arguments.series)
        confirm_subscription(berth)
        url = load_balancer_url(berth)
        print(f"demo: the application answers at {url}")
        if arguments.time_scale < 2:
            print("demo: at this scale a call of /api/load meets the load balancer's 60-s idle timeout and ends in 504, "
                  "as on AWS; that is not counted against it")
        timeline = Timeline(berth)
        timeline.look()
        wait_for_berth_minute(berth)
        load = Load(url, arguments.time_scale)
        load.keep(IN_FLIGHT_PER_TASK)
        grow(berth, load, timeline)
        visit_tasks(url)
        load.stopping = True
        print("demo: the load ends; AlarmLow needs 15 quiet minutes, and each step down a cooldown of 5")
        for thread in load.threads:
            thread.join(load.timeout_s)
        counts = traffic_by_task(berth)
        shrink(berth, timeline)
        check(timeline, counts, load)
    except Failed:
        print_evidence(berth)
        raise
    finally:
        if not arguments.keep:
            berth.down(check=False)
    if arguments.keep:
        print(f'demo: everything goes on running. Try:\n  export BERTH_DATA_DIR={DATA}\n  eval "$({BIN}/berth env)"\n'
              f"  {BIN}/berth status --watch\n  curl {url}/api/scalinginfo\n  aws logs tail /ecs/learner-svc-logs --follow\n"
              f"  {BIN}/berth mail\n  {BIN}/berth down")
    print("demo: everything happened as the article says")


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Plays and checks the article's story.")
    parser.add_argument("--time-scale", type=float, default=10, help="1 to 20; 1 is the article's own clock (default 10)")
    parser.add_argument("--series", action="store_true",
                        help="begin with days 1 to 4 of the article's series and build the image with CodeBuild")
    parser.add_argument("--keep", action="store_true", help="leave everything running and say what to try")
    arguments = parser.parse_args()
    try:
        play(arguments)
    except Failed as failure:
        print(f"demo: FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ndemo: stopped; what runs is left to `berth down` and the next demo", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
