"""A berthd of the tests' own: data folder, free port, stock clients, and the record of what was called through them.

Used by clients_e2e.py and bad_input_e2e.py. It judges nothing: the tests do.
"""

import functools
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

called = set()  # (service, operation), through any client of this process and what note_called() was told of


def note_called(service, operation):
    called.add((service, operation))


def wait_for(what, look, limit_s=30):
    """Waits for the event itself; the limit only ends a test that would never pass."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {limit_s} s")


class Daemon:
    """One berthd from start to `berth down`."""

    def __init__(self, bin_dir, *flags):
        self.bin = bin_dir
        self.data = tempfile.mkdtemp(prefix="berth-clients-")
        self.listen = f"127.0.0.1:{free_port()}"
        self.endpoint = f"http://{self.listen}"
        with open(f"{self.data}/berthd.log", "w") as log:
            self.process = subprocess.Popen([f"{bin_dir}/berthd", "--data-dir", self.data, "--listen", self.listen, *flags],
                                            start_new_session=True, stdout=log, stderr=log)
        wait_for("berthd's first answer", self.answers)
        self.env = dict(os.environ, BERTH_DATA_DIR=self.data, BERTH_ENDPOINT=self.endpoint)
        exports = subprocess.run([f"{bin_dir}/berth", "env"], env=self.env, check=True, capture_output=True, text=True)
        self.env.update(re.findall(r"^export (\w+)='(.*)'$", exports.stdout, re.M))

    def answers(self):
        try:
            return urllib.request.urlopen(self.endpoint + "/_berth/health", timeout=2).status == 200
        except OSError:
            return False

    @functools.cache
    def client(self, service):
        session = boto3.Session(aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"], region_name=self.env["AWS_REGION"],
                                aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"])
        config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=30)
        client = session.client(service, endpoint_url=self.endpoint, config=config)
        client.meta.events.register("before-call", lambda model, **_: note_called(service, model.name))
        return client

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def log(self):
        with open(f"{self.data}/berthd.log", errors="replace") as log:
            return log.read()

    def down(self):
        subprocess.run([f"{self.bin}/berth", "down"], env=self.env, capture_output=True, timeout=120)
        try:
            self.process.wait(timeout=30)
        finally:
            if self.process.poll() is None:
                self.process.kill()
        shutil.rmtree(self.data, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ClientTest(unittest.TestCase):
    """Assertions that every service's tests share; `daemon` is set by the program that runs them."""

    daemon = None

    def client(self, service):
        return self.daemon.client(service)

    def refused(self, code, message, call, **arguments):
        """The call fails with AWS's code and a message that contains `message`."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**arguments)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        self.assertIn(message, error.get("Message", ""))
        return caught.exception.response

    def until(self, client, waiter, **arguments):
        """The SDK's waiter, asking often: this boto3 does not say that it waits, so berthd cannot hold its answer."""
        client.get_waiter(waiter).wait(**arguments, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})

    def pages(self, client, operation, key, page_size, **arguments):
        """Everything that a paginator yields, in pages of `page_size`; at least two pages, or the test proves nothing."""
        paginator = client.get_paginator(operation)
        pages = list(paginator.paginate(PaginationConfig={"PageSize": page_size}, **arguments))
        self.assertGreater(len(pages), 1, f"{operation} answered everything at once")
        return [item for page in pages for item in page[key]]

    def by_key(self, tags):
        names = ("Key", "Value") if tags and "Key" in tags[0] else ("key", "value")
        return {tag[names[0]]: tag[names[1]] for tag in tags}

    def command(self, program, *arguments, ok=True):
        done = subprocess.run([program, "--endpoint-url", self.daemon.endpoint, *arguments], env=self.daemon.env,
                              capture_output=True, text=True, timeout=120)
        if ok and done.returncode != 0:
            self.fail(f"{program} {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout if ok else done.stdout + done.stderr

    def command_json(self, program, *arguments):
        return json.loads(self.command(program, *arguments, "--output", "json"))
