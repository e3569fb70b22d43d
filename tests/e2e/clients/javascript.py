"""The current JavaScript SDK: sdk/sdk_v3.mjs, with the packages that scripts/setup installs."""

import os
import subprocess

from clients.harness import ClientTest, note_called


class JavaScript(ClientTest):
    def test_sdk_v3(self):
        packages = f"{self.source}/build/deps/sdk"
        if not os.path.isdir(packages):
            self.fail(f"{packages} is missing: run scripts/setup")
        done = subprocess.run(["node", f"{self.source}/tests/e2e/sdk/sdk_v3.mjs", packages], env=self.daemon.env,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in done.stdout.splitlines():
            note_called(*line.split())
