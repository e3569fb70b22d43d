"""A stack that the AWS CDK writes (ApplicationLoadBalancedFargateService: a VPC of its own, NAT gateways, groups, roles,
load balancer, service), synthesised here and deployed with the stock CLI: refused before the account is bootstrapped,
as the CDK's rule says, then up, answering from its private subnets, and deleted until nothing is left.

Usage: cdk_e2e.py BIN_DIR SOURCE_DIR. Needs root, Podman, HAProxy, Node.js, the image localhost/learner:latest and what
scripts/setup installs of the CDK.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from botocore.exceptions import ClientError
from daemon import Daemon, wait_for

BIN, SOURCE = sys.argv[1], os.path.abspath(sys.argv[2])
IMAGE = "localhost/learner:latest"
VERSION = "/cdk-bootstrap/hnb659fds/version"  # the parameter that `cdk bootstrap` writes


class Cdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="berth-e2e-cdk-")
        subprocess.run(["node", f"{SOURCE}/tests/e2e/cdk/web.mjs", cls.folder, IMAGE], check=True, timeout=120,
                       env=dict(os.environ, BERTH_CDK=f"{SOURCE}/build/deps/cdk"))
        cls.template = f"{cls.folder}/web.template.json"
        cls.berth = Daemon(BIN)
        cls.berth.start()

    @classmethod
    def tearDownClass(cls):
        cls.berth.clean_up()
        shutil.rmtree(cls.folder)

    def deploy(self):
        self.berth.aws("cloudformation", "deploy", "--template-file", self.template, "--stack-name", "web",
                       "--capabilities", "CAPABILITY_IAM")

    def refusal(self):
        """Why the stack is not created. By boto3: the CLI names its change sets by the second."""
        with open(self.template) as file, self.assertRaises(ClientError) as caught:
            self.berth.client("cloudformation").create_stack(StackName="web", TemplateBody=file.read(),
                                                             Capabilities=["CAPABILITY_IAM"])
        return str(caught.exception)

    def put_version(self, version):
        self.berth.client("ssm").put_parameter(Name=VERSION, Value=version, Type="String", Overwrite=True)

    def test_1_an_account_that_is_not_bootstrapped_is_refused(self):
        self.assertIn(f"Unable to fetch parameters [{VERSION}]", self.refusal())
        self.put_version("5")
        self.assertIn("CDK bootstrap stack version 6 required.", self.refusal())

    def test_2_the_service_answers(self):
        self.put_version("21")
        self.deploy()
        outputs = {o["OutputKey"]: o["OutputValue"] for o in
                   self.berth.client("cloudformation").describe_stacks(StackName="web")["Stacks"][0]["Outputs"]}
        self.assertTrue(any(value.startswith("http://") for value in outputs.values()), outputs)
        with urllib.request.urlopen(self.berth.url() + "/api/health", timeout=10) as answer:
            self.assertEqual(json.load(answer), {"status": "healthy"})
        private = {s["SubnetId"] for s in self.berth.client("ec2").describe_subnets()["Subnets"]
                   if not s["MapPublicIpOnLaunch"]}
        subnets = {d["value"] for t in self.berth.tasks() for d in t["attachments"][0]["details"]
                   if d["name"] == "subnetId"}
        self.assertTrue(subnets and subnets <= private, (subnets, private))

    def test_3_an_update_rolls_it(self):
        with open(self.template) as file:
            template = json.load(file)
        service = next(r for r in template["Resources"].values() if r["Type"] == "AWS::ECS::Service")
        service["Properties"]["DesiredCount"] = 2
        with open(self.template, "w") as file:
            json.dump(template, file)
        self.deploy()
        wait_for("a second task", lambda: len(self.berth.tasks()) == 2)

    def test_4_nothing_is_left(self):
        self.berth.aws("cloudformation", "delete-stack", "--stack-name", "web")
        self.berth.aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", "web")
        self.assertEqual(self.berth.containers(), [])
        self.assertEqual(self.berth.down().returncode, 0)
        self.assertEqual(self.berth.left_outside(), {})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2, failfast=True)
