"""What the tests of clients share: stock clients of a berthd, and the record of what was called through them.

Used by clients_e2e.py and bad_input_e2e.py. It judges nothing: the tests do.
"""

import json
import re
import subprocess
import unittest

import botocore.exceptions

import daemon
from daemon import wait_for

called = set()  # (service, operation), through any client of this process and what note_called() was told of


def note_called(service, operation):
    called.add((service, operation))


class Daemon(daemon.Daemon):
    """berthd with its calls recorded."""

    @property
    def listen(self):
        return self.endpoint[len("http://"):]

    def client(self, service):
        is_new = service not in self.clients
        client = super().client(service)
        if is_new:
            client.meta.events.register("before-call", lambda model, **_: note_called(service, model.name))
        return client

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


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
