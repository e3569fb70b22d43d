"""Measures how near `berth simulate` comes to real containers: plays seeded open-loop arrivals against the article's
stack, replays what berthd recorded, simulates the same traffic, and prints both sides with their bars.
"""

import argparse
import asyncio
import glob
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import datetime

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests/e2e"))
from daemon import Daemon, PODMAN, wait_for  # noqa: E402

TIME_SCALE = 10
MINUTE_S = 60 / TIME_SCALE  # what a berth minute lasts
SERVICE = "learner-svc-service"
IMAGE = "localhost/berth-fidelity:latest"
EXAMPLES = os.path.join(ROOT, "examples/learner")
# Real seconds and requests per second; a task does 25 a second. The article's policy follows with 2, 3 and 4 tasks and
# comes down again. Utilization stays below 0.8, and each part lies in the middle of what asks for one count: where
# running x CPU / target is next to a whole number, chance decides on either side.
FULL = [(24, 5), (48, 12.4), (48, 23.5), (48, 34), (168, 14)]
SHORT = [(18, 5), (42, 12.4), (42, 23.5)]
QUIET_S = 24  # after the calibration, so that its load is out of the alarms' sight


def build_image(program):
    with tempfile.TemporaryDirectory() as folder:
        archive = os.path.join(folder, "root.tar")
        with tarfile.open(archive, "w") as tar:
            tar.add(program, "worker")
        subprocess.run([*PODMAN, "import", "--change", 'ENTRYPOINT ["/worker"]', archive, IMAGE], check=True,
                       capture_output=True)


def arrivals(profile, seed):
    """Seconds since the start: a Poisson stream whose rate is constant in each part of the profile."""
    drawn, times, begin = random.Random(seed), [], 0.0
    for length, rate in profile:
        at = begin
        while (at := at + drawn.expovariate(rate)) < begin + length:
            times.append(at)
        begin += length
    return times


def trace_of(times):
    """The very arrivals, so that nothing but the models differs."""
    return "arrival\n" + "".join(f"{at:.6f}\n" for at in times)


async def one_request(host, port, answers, at):
    begun = time.perf_counter()
    status = 0
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET /work HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readline(), 90)
        status = int(head.split()[1]) if head else 0
        await reader.read()
        writer.close()
    except (OSError, asyncio.TimeoutError, ValueError):
        pass
    answers.append((at, (time.perf_counter() - begun) * 1000, status))


async def play(url, times):
    """Open loop: nobody waits for an answer before the next request is sent. Returns (time, ms, status)."""
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    answers, running, begun, late = [], set(), time.perf_counter(), 0.0
    for at in times:
        wait = begun + at - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        late = max(late, time.perf_counter() - begun - at)
        task = asyncio.ensure_future(one_request(host, int(port or 80), answers, at))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running)
    return answers, late


def berth_now(daemon):
    clock = daemon.status()["clock"]["berth"]
    return datetime.fromisoformat(clock.replace("Z", "+00:00")).timestamp()


def wait_for_full_minute(daemon):
    """Returns the berth time, in seconds, at which the traffic begins."""
    now, asked = berth_now(daemon), time.perf_counter()
    origin = math.ceil((now + 5) / 60) * 60
    time.sleep(max(0, (origin - now) / TIME_SCALE - (time.perf_counter() - asked)))
    return origin


def run_berth(daemon, *arguments, check=True):
    done = subprocess.run([f"{daemon.bin}/berth", *arguments], env=daemon.env, capture_output=True, text=True,
                          timeout=600)
    if check and done.returncode != 0:
        raise SystemExit(f"berth {' '.join(arguments)}: {done.stderr.strip()}\n{done.stdout}")
    return done


class Live:
    """What the record and the client say of the real side."""

    def __init__(self, record, answers, origin, duration):
        self.entries = [json.loads(line) for line in open(record)]
        self.origin, self.minutes = origin, round(duration / MINUTE_S)
        good = [ms for _, ms, status in answers if status == 200]
        self.requests, self.failed = len(answers), sum(status >= 500 or status == 0 for _, _, status in answers)
        self.times = sorted(good)
        self.cpu = {}
        for entry in self.of("point"):
            if entry["name"] == "CPUUtilization":
                self.cpu[round((entry["at_us"] / 1e6 - origin) / 60)] = entry["set"][1] / entry["set"][0]

    def of(self, kind):
        return [entry for entry in self.entries if entry["kind"] == kind]

    def ordered(self):
        """(berth seconds since the start, ordered count)."""
        found = [((e["time_us"] / 1e6) - self.origin, e["row"]["ordered"]) for e in self.of("activity")
                 if e["row"]["ordered"] is not None]
        return [(at, count) for at, count in found if 0 <= at < self.minutes * 60]

    def task_seconds(self):
        began, end, total = {}, {}, 0
        for entry in self.of("task"):
            at = entry["time_us"] / 1e6 - self.origin
            if entry["last_status"] != "PROVISIONING":
                began.setdefault(entry["id"], at)
            if entry["last_status"] == "STOPPED":
                end.setdefault(entry["id"], at)
        last = self.minutes * 60
        for task, at in began.items():
            begin, stop = max(at, 0), min(end.get(task, last), last)
            if stop > begin:
                total += max(60, stop - begin)
        return total


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def interval_of(ordered, share):
    """95 % of a quantile's order statistic: the normal approximation of the binomial."""
    n = len(ordered)
    spread = 1.96 * math.sqrt(n * share * (1 - share))
    return [ordered[max(0, min(n - 1, round(n * share + sign * spread)))] for sign in (-1, 1)]


class Table:
    def __init__(self):
        self.rows, self.failed = [], 0

    def add(self, what, real, simulated, error, bar, good):
        self.rows.append((what, real, simulated, error, bar, "pass" if good else "FAIL"))
        self.failed += not good

    def relative(self, what, real, simulated, bar, unit=""):
        error = (simulated - real) / real * 100 if real else 0.0
        self.add(what, f"{real:.1f}{unit}", f"{simulated:.1f}{unit}", f"{error:+.1f} %", f"±{bar} %", abs(error) <= bar)

    def text(self):
        head = ("measure", "real", "simulated", "error", "bar", "")
        lines = ["| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *self.rows)]
        return "\n".join(lines)


def compare(live, document, replay):
    table = Table()
    simulated_activities = [(a["at_s"], a["ordered"]) for a in document["timeline"]["activities"]
                            if a["ordered"] is not None and 0 <= a["at_s"] < live.minutes * 60]
    real = live.ordered()
    table.add("replay of the record", "-", replay.stdout.strip().splitlines()[-1] if replay.stdout else "failed", "-",
              "identical", replay.returncode == 0)
    real_counts, counts = [c for _, c in real], [c for _, c in simulated_activities]
    table.add("desired counts", " ".join(map(str, real_counts)), " ".join(map(str, counts)), "-", "the same",
              real_counts == counts)
    apart = [abs(a[0] - b[0]) for a, b in zip(real, simulated_activities)]
    table.add("each change, apart by", "-", "-", f"{max(apart, default=0):.0f} s at most", "60 s (berth)",
              len(real) == len(simulated_activities) and max(apart, default=0) <= 60)
    minutes = document["timeline"]["minutes"]
    errors = [abs(minutes[i]["cpu"] - live.cpu[i]) for i in range(min(live.minutes, len(minutes)))
              if i in live.cpu and minutes[i]["cpu"] is not None]
    table.add("CPU per minute, mean absolute error", "-", "-", f"{statistics.mean(errors):.2f} points", "3 points",
              statistics.mean(errors) <= 3)
    table.relative("task-seconds", live.task_seconds(), document["timeline"]["task_seconds"], 3)
    summary = document["summary"]
    table.relative("mean response", statistics.mean(live.times), summary["mean_ms"], 15, " ms")
    table.relative("p95 response", quantile(live.times, 0.95), summary["p95_ms"], 15, " ms")
    table.relative("p99 response", quantile(live.times, 0.99), summary["p99_ms"], 25, " ms")
    real_failed = live.failed / live.requests * 100
    table.add("5xx share", f"{real_failed:.2f} %", f"{summary['failed_percent']:.2f} %",
              f"{summary['failed_percent'] - real_failed:+.2f} points", "±0.5 points",
              abs(summary["failed_percent"] - real_failed) <= 0.5)
    outs = sum(b > a for a, b in zip([1, *real_counts], real_counts))
    ins = sum(b < a for a, b in zip([1, *real_counts], real_counts))
    p95, p99 = interval_of(live.times, 0.95), interval_of(live.times, 0.99)
    note = (f"{live.requests} requests, {outs} scale-outs, {ins} scale-ins; real p95 between {p95[0]:.0f} and "
            f"{p95[1]:.0f} ms, p99 between {p99[0]:.0f} and {p99[1]:.0f} ms (95 %)")
    return table, note, outs, ins


def prefer(daemon):
    """Other programs of this machine shall take as little as possible of the CPU that a quota promises: what is
    measured is put before them. Where that is not allowed, the table tells how busy the machine was."""
    parents = glob.glob(f"/sys/fs/cgroup/*/{daemon.name}") + [f"/sys/fs/cgroup/{daemon.name}"]
    for path, value in ((p + f, v) for p in parents for f, v in (("/cpu.shares", "262144"), ("/cpu.weight", "10000"))):
        try:
            with open(path, "r+") as file:
                file.write(value)
        except OSError:
            pass
    for pid in (os.getpid(), *map(int, daemon.haproxies()), daemon.process.pid):
        try:
            os.setpriority(os.PRIO_PROCESS, pid, -15)
        except OSError:
            pass


def cpu_times():
    with open("/proc/stat") as file:
        numbers = list(map(int, file.readline().split()[1:]))
    return sum(numbers), numbers[3] + numbers[4]


def measure(seed, profile, folder, bin_dir):
    """The real side; leaves what it saw in the folder."""
    daemon = Daemon(bin_dir, time_scale=TIME_SCALE)
    try:
        daemon.start()
        daemon.deploy(f"{EXAMPLES}/prerequisites.yaml", "learner-prerequisites", f"ImageName={IMAGE}")
        daemon.deploy(f"{EXAMPLES}/ecs_service.yaml", "AWSLearner-ECS-Stack", "AlertEmail=you@example.com")
        url = daemon.url()
        wait_for("an answer", lambda: asyncio.run(play(url, [0]))[0][0][2] == 200)
        app = os.path.join(folder, "app.toml")
        run_berth(daemon, "calibrate", SERVICE, "--url", url.rstrip("/") + "/work", "-o", app)
        time.sleep(QUIET_S)
        wait_for("a single task after the calibration", lambda: daemon.status()["services"][0]["desired"] == 1, 180)
        prefer(daemon)
        times = arrivals(profile, seed)
        origin, before = wait_for_full_minute(daemon), cpu_times()
        answers, late = asyncio.run(play(url, times))
        after = cpu_times()
        # The last minute's points, and alarms that look at them.
        time.sleep(2 * MINUTE_S)
        record = os.path.join(folder, "record.jsonl")
        run_berth(daemon, "record", SERVICE, "-o", record)
        busy = 1 - (after[1] - before[1]) / (after[0] - before[0])
        with open(os.path.join(folder, "measured.json"), "w") as file:
            json.dump({"origin": origin, "busy": busy, "late_ms": late * 1000, "answers": answers}, file)
    finally:
        daemon.clean_up()


def judge(seed, profile, folder, bin_dir):
    """The simulated side of what measure() left, and the table of both."""
    def berth(*arguments):
        return subprocess.run([f"{bin_dir}/berth", *arguments], capture_output=True, text=True, timeout=600)

    def path(name):
        return os.path.join(folder, name)

    with open(path("measured.json")) as file:
        measured = json.load(file)
    duration = sum(length for length, _ in profile)
    with open(path("trace.csv"), "w") as file:
        file.write(trace_of(arrivals(profile, seed)))
    replay = berth("simulate", "--replay", path("record.jsonl"))
    simulated = berth("simulate", f"{EXAMPLES}/ecs_service.yaml", "--before", f"{EXAMPLES}/prerequisites.yaml",
                      "--trace", path("trace.csv"), "--tier", "events",
                      "--app", path("app.toml"), "--world", "local", "--time-scale", str(TIME_SCALE), "--seed", str(seed),
                      "--json")
    for name, text in (("replay.txt", replay.stdout + replay.stderr), ("simulated.json", simulated.stdout)):
        with open(path(name), "w") as file:
            file.write(text)
    if simulated.returncode != 0:
        raise SystemExit(f"berth simulate: {simulated.stderr.strip()}")
    live = Live(path("record.jsonl"), measured["answers"], measured["origin"], duration)
    table, note, outs, ins = compare(live, json.loads(simulated.stdout), replay)
    with open(path("app.toml")) as file:
        app = " ".join(line.strip() for line in file if not line.startswith("#"))
    print(f"\nseed {seed}: {note}\nmachine {measured['busy'] * 100:.0f} % busy on average; requests sent "
          f"{measured['late_ms']:.0f} ms late at most; calibrated: {app}\n\n{table.text()}\n", flush=True)
    return table, outs, ins


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="one seed, some two minutes, scale-outs only")
    parser.add_argument("--seeds", default="1,2,3", help="comma-separated (1,2,3)")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"), help="folder of the programs")
    parser.add_argument("--out", default=os.path.join(ROOT, "build/fidelity"), help="where records and traces go")
    parser.add_argument("--again", action="store_true", help="judge anew what the last run has measured")
    parser.add_argument("--strict", action="store_true", help="fail when any bar is missed, not only the replay's")
    options = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("podman"):
        print("fidelity: skipped, it needs root and Podman")
        return
    if not options.again:
        build_image(os.path.join(options.bin, "fidelity_worker"))
    seeds = [int(seed) for seed in options.seeds.split(",")]
    failed = 0
    for seed in seeds[:1] if options.short else seeds:
        profile, folder = SHORT if options.short else FULL, os.path.join(options.out, f"seed-{seed}")
        os.makedirs(folder, exist_ok=True)
        if not options.again:
            print(f"seed {seed}: real containers for {sum(length for length, _ in profile)} s", flush=True)
            measure(seed, profile, folder, options.bin)
        table, outs, ins = judge(seed, profile, folder, options.bin)
        enough = outs >= (2 if options.short else 3) and ins >= (0 if options.short else 2)
        if not enough:
            print(f"seed {seed}: too few scalings to judge by")
        replay_good = table.rows[0][-1] == "pass"
        failed += not enough or not replay_good or (options.strict and table.failed > 0)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
