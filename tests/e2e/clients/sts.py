"""STS through boto3: who calls, and credentials that expire."""

import json

import boto3

from clients.harness import ClientTest


class Sts(ClientTest):
    def test_who_calls(self):
        identity = self.client("sts").get_caller_identity()
        self.assertEqual((identity["Account"], identity["Arn"]), ("123456789012", "arn:aws:iam::123456789012:root"))

    def test_temporary_credentials_sign_requests(self):
        token = self.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
        self.assertEqual(self.arn_of(token), "arn:aws:iam::123456789012:root")

    def test_an_assumed_role_is_the_caller(self):
        iam, sts = self.client("iam"), self.client("sts")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                         "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]}
        role = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        assumed = sts.assume_role(RoleArn=role, RoleSessionName="visit")
        self.assertTrue(assumed["Credentials"]["AccessKeyId"].startswith("ASIA"))
        arn = "arn:aws:sts::123456789012:assumed-role/visitor/visit"
        self.assertEqual(assumed["AssumedRoleUser"]["Arn"], arn)
        self.assertEqual(self.arn_of(assumed["Credentials"]), arn)
        iam.delete_role(RoleName="visitor")
        self.refused("AccessDenied", "is not authorized to perform: sts:AssumeRole", sts.assume_role, RoleArn=role,
                     RoleSessionName="visit")

    def arn_of(self, credentials):
        session = boto3.Session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"],
                                "us-east-1")
        return session.client("sts", endpoint_url=self.daemon.endpoint).get_caller_identity()["Arn"]
