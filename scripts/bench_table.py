"""Measures berthd and prints a table; see scripts/bench."""

import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "build/release/bin")
STARTS = 5
LOAD_S = 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    def __init__(self, data):
        self.data, self.port = data, free_port()
        self.began = time.monotonic()
        self.process = subprocess.Popen([f"{BIN}/berthd", "--data-dir", data, "--listen", f"127.0.0.1:{self.port}"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                    link.sendall(b"GET /_berth/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    if link.recv(64).startswith(b"HTTP/1.1 200"):
                        break
            except OSError:
                time.sleep(0.001)
        self.start_ms = (time.monotonic() - self.began) * 1000

    def rss_mib(self):
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) / 1024

    def cpu_s(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def env(self):
        env = dict(os.environ, BERTH_DATA_DIR=self.data, BERTH_ENDPOINT=f"http://127.0.0.1:{self.port}")
        text = subprocess.run([f"{BIN}/berth", "env"], env=env, check=True, capture_output=True, text=True).stdout
        env.update(re.findall(r"^export (\w+)='(.*)'$", text, re.M))
        return env

    def down(self):
        env = dict(os.environ, BERTH_DATA_DIR=self.data, BERTH_ENDPOINT=f"http://127.0.0.1:{self.port}")
        subprocess.run([f"{BIN}/berth", "down"], env=env, capture_output=True)
        self.process.wait(timeout=60)


def main():
    rows = []
    starts = []
    for _ in range(STARTS):
        data = tempfile.mkdtemp(prefix="berth-bench-")
        daemon = Daemon(data)
        starts.append(daemon.start_ms)
        daemon.down()
        shutil.rmtree(data, ignore_errors=True)
    rows.append(("cold start to first answer, empty store", f"{statistics.median(starts):.0f} ms", "<= 50 ms"))

    data = tempfile.mkdtemp(prefix="berth-bench-")
    daemon = Daemon(data)
    time.sleep(5)
    before = daemon.cpu_s()
    time.sleep(10)
    rows.append(("idle memory, empty store", f"{daemon.rss_mib():.1f} MiB", "<= 20 MiB"))
    rows.append(("idle CPU", f"{(daemon.cpu_s() - before) * 10:.2f} % of a core", "<= 1 %"))
    env = daemon.env()
    for operation in ("describe-services", "put-metric-data"):
        done = subprocess.run([f"{BIN}/signed_load", str(daemon.port), operation, str(LOAD_S), "8"], env=env,
                              capture_output=True, text=True)
        rows.append((f"{operation}, signed, 8 connections", (done.stdout or done.stderr).strip().replace("\n", "; "),
                     ">= 20,000/s, p99 <= 3 ms"))
    rows.append(("memory after that", f"{daemon.rss_mib():.1f} MiB", ""))
    daemon.down()
    shutil.rmtree(data, ignore_errors=True)

    print(f"{platform.platform()}, {os.cpu_count()} cores")
    for name, value, goal in rows:
        print(f"{name:<44} {value:<60} {goal}")


if __name__ == "__main__":
    main()
