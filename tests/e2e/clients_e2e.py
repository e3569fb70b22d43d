"""Every operation of docs/operations-required.txt through stock clients against a real berthd; no container is run.

Usage: clients_e2e.py BIN_DIR SOURCE_DIR [unittest arguments]. Needs root for the VPCs' network namespaces.
"""

import sys
import unittest

from clients import (autoscaling, cloudformation, cloudwatch, codebuild, command_line, ec2, ecr, ecs, elbv2, events, harness, iam,
                     javascript, logs, s3, servicediscovery, sns, ssm, sts)

BIN, SOURCE = sys.argv[1], sys.argv[2]
SERVICES = [sts, ssm, iam, ec2, logs, cloudwatch, sns, elbv2, ecr, codebuild, s3, ecs, autoscaling, events, servicediscovery,
            cloudformation,
            command_line, javascript]


def required():
    with open(f"{SOURCE}/docs/operations-required.txt") as lines:
        return [tuple(line.split()[:2]) for line in lines if line.strip() and not line.startswith("#")]


def implemented():
    """What docs/coverage.md lists, by the titles of its sections."""
    titles = {"Application Auto Scaling": "application-autoscaling", "CloudFormation": "cloudformation", "EC2": "ec2",
              "CloudWatch": "cloudwatch", "Cloud Map": "servicediscovery", "CodeBuild": "codebuild", "ECR": "ecr", "ECS": "ecs", "Elastic Load Balancing v2": "elbv2", "EventBridge": "events", "IAM": "iam", "S3": "s3",
              "CloudWatch Logs": "logs", "SNS": "sns", "Systems Manager": "ssm", "STS": "sts"}
    found, service = set(), None
    with open(f"{SOURCE}/docs/coverage.md") as lines:
        for line in lines:
            if line.startswith("## "):
                service = titles.get(line[3:].split(" (")[0])
            elif line.startswith("- ") and service:
                found.add((service, line[2:].strip()))
    return found


class EveryOperation(harness.ClientTest):
    """Runs last: what the other tests called is what the list asks for."""

    def test_every_required_operation_was_called(self):
        self.assertEqual([line for line in required() if line not in harness.called], [])

    def test_every_required_operation_is_implemented_and_listed_once(self):
        self.assertEqual([line for line in required() if line not in implemented()], [])
        self.assertEqual(len(required()), len(set(required())))


def suite(loader):
    suites = [loader.loadTestsFromModule(module) for module in SERVICES]
    return unittest.TestSuite([*suites, loader.loadTestsFromTestCase(EveryOperation)])


if __name__ == "__main__":
    harness.ClientTest.daemon = harness.Daemon(BIN)
    harness.ClientTest.daemon.start()
    harness.ClientTest.source = SOURCE
    try:
        runner = unittest.TextTestRunner(verbosity=2)
        loader = unittest.TestLoader()
        names = sys.argv[3:]
        result = runner.run(loader.loadTestsFromNames(names) if names else suite(loader))
    finally:
        harness.ClientTest.daemon.clean_up()
    sys.exit(not result.wasSuccessful())
