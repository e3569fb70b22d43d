"""What nobody should send, through a real socket: berthd answers with AWS's own error, changes nothing, and lives.

Usage: bad_input_e2e.py BIN_DIR [unittest arguments].
"""

import concurrent.futures
import datetime
import http.client
import json
import re
import socket
import sys
import threading
import time
import unittest

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from clients import harness

BIN = sys.argv[1]
JSON_SSM = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameter"}
CBOR = {"Content-Type": "application/cbor", "Accept": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
CBOR_PATH = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
READ_TIMEOUT_S = 30  # limits::request_read_timeout_s
GROWTH_KIB_MAX = 24 * 1024


def key(daemon, **changed):
    names = {"access_key": daemon.env["AWS_ACCESS_KEY_ID"], "secret_key": daemon.env["AWS_SECRET_ACCESS_KEY"]}
    return botocore.credentials.Credentials(**dict(names, **changed))


class BadInput(harness.ClientTest):
    before = None

    @classmethod
    def setUpClass(cls):
        if BadInput.before is None:
            cls.daemon.client("ssm").put_parameter(Name="/kept", Type="String", Value="as it was")
            BadInput.before = cls.state()

    @classmethod
    def state(cls):
        """What a request that was refused must not have changed."""
        made = cls.daemon.client
        stacks = made("cloudformation").list_stacks()["StackSummaries"]
        return (made("ssm").get_parameter(Name="/kept")["Parameter"], [s["StackName"] for s in stacks],
                made("ssm").describe_parameters()["Parameters"], made("ecs").list_clusters()["clusterArns"],
                made("logs").describe_log_groups()["logGroups"], made("cloudwatch").list_metrics()["Metrics"],
                made("cloudwatch").describe_alarms()["MetricAlarms"], made("sns").list_topics().get("Topics", []),
                made("iam").list_roles()["Roles"], made("ec2").describe_vpcs()["Vpcs"])

    def tearDown(self):
        self.assertIsNone(self.daemon.process.poll(), "berthd died:\n" + self.daemon.log()[-2000:])
        self.assertEqual(self.state(), self.before)

    # Sends `body` with a right signature (unless changed) and returns (status, headers, body).
    def send(self, service, body, headers, path="/", credentials=None, region="us-east-1", change=None):
        url = self.daemon.endpoint + path
        request = botocore.awsrequest.AWSRequest(method="POST", url=url, data=body, headers=headers)
        botocore.auth.SigV4Auth(credentials or key(self.daemon), service, region).add_auth(request)
        signed = dict(request.headers)
        if change:
            body = change(signed, body) or body
        return self.post(path, body, signed)

    def post(self, path, body, headers):
        connection = http.client.HTTPConnection(self.daemon.listen, timeout=20)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    # Bytes as they are, until berthd closes or `limit_s` is over.
    def raw(self, data, limit_s=5, shut=True):
        with socket.create_connection(self.daemon.listen.split(":"), timeout=limit_s) as peer:
            try:
                peer.sendall(data)
                if shut:
                    peer.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused while we were still sending
            got = b""
            try:
                while chunk := peer.recv(65536):
                    got += chunk
            except OSError:
                pass
            return got

    def json_error(self, answer, status, code, message="."):
        self.assertEqual(answer[0], status, answer)
        error = json.loads(answer[2])
        self.assertEqual(error["__type"].split("#")[-1], code, error)
        self.assertRegex(error.get("message", error.get("Message")), message)

    def xml_error(self, answer, status, code, message="."):
        text = answer[2].decode()
        self.assertEqual((answer[0], re.search("<Code>(.*?)</Code>", text).group(1)), (status, code), text)
        self.assertRegex(text, message)


class Templates(BadInput):
    def judged(self, template, message, call="validate_template", **options):
        with self.subTest(template=template[:60]):
            self.refused("ValidationError", message, getattr(self.client("cloudformation"), call), TemplateBody=template,
                         **options)

    def created(self, template, message, **options):
        self.judged(template, message, "create_stack", StackName="bad", **options)

    def test_what_is_not_yaml_or_json(self):
        self.judged("Resources:\n  A: [unclosed\n", "Template format error: YAML not well-formed. (line 3, column 1)")
        self.judged("Resources:\n  A:\n   Type: x\n  \tB: y\n", "Template format error: YAML not well-formed. (line 4, column")
        self.judged('{"Resources": {"A": {"Type": }}}', "Template format error: JSON not well-formed. (line 1, column 30)")
        self.judged('{"Resources": {\n "A": nope}}', "Template format error: JSON not well-formed. (line 2, column 7)")
        self.judged("just a text", "Template format error")
        self.judged("[1, 2]", "Template format error")
        self.judged("{}", "Template format error: At least one Resources member must be defined.")
        self.judged("Resources: {A: 1}", "Template format error: Any Resources member must be an object.")
        self.judged("Resources: {A: {}}", "Template format error: [/Resources/A] Every Resources object must contain a Type "
                    "member.")
        self.judged("Resources: {A-B: {Type: 'AWS::SNS::Topic'}}", "Template format error: Resource name A-B is non "
                    "alphanumeric.")

    def test_what_is_too_much(self):
        self.judged("Resources: {A: {Type: 'AWS::SNS::Topic'}}\n#" + "x" * 51200, "Member must have length less than or equal "
                    "to 51200")
        self.judged("Resources: " + "[" * 20000, "Template format error")
        self.judged('{"Resources": ' + "[" * 20000, "Template format error")
        bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9))
        self.judged(bomb + "Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: *j}}}\n", "Template")
        many = {"Resources": {f"T{n}": {"Type": "AWS::SNS::Topic"} for n in range(501)}}
        self.judged(json.dumps(many), "500")

    def test_what_refers_to_nothing_or_to_itself(self):
        circle = ("Resources:\n  A: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref B}}\n"
                  "  B: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref A}}\n")
        self.created(circle, "Circular dependency between resources: [A, B]")
        self.created("Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref Nope}}}",
                     "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template")
        self.created("Resources: {A: {Type: 'AWS::SNS::Topic'}}\nOutputs: {O: {Value: !Ref Nope}}",
                     "Unresolved resource dependencies [Nope] in the Outputs block of the template")
        self.created("Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !GetAtt Nope.Arn}}}",
                     "Template error: instance of Fn::GetAtt references undefined resource Nope")
        self.created("Resources: {A: {Type: 'AWS::No::Such'}}", "Template format error: Unrecognized resource types: "
                     "[AWS::No::Such]")
        self.created("Resources: {A: {Type: 'AWS::SNS::Topic', Nonsense: 1}}", "Invalid template resource property 'Nonsense'")
        self.created("Resources: {A: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: !ImportValue nope}}}",
                     "No export named nope found.")

    def test_wrong_parameters(self):
        template = ("Parameters: {N: {Type: Number}, S: {Type: String, AllowedValues: [a, b], Default: a}}\n"
                    "Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Sub '${N}${S}'}}}\n")
        given = lambda **values: [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()]
        self.created(template, "Parameters: [N] must have values")
        self.created(template, "Parameter 'N' must be a number", Parameters=given(N="seven"))
        self.created(template, "Parameter 'S' must be one of AllowedValues", Parameters=given(N="7", S="c"))
        self.created(template, "Parameters: [Z] do not exist in the template", Parameters=given(N="7", Z="z"))
        missing = ("Parameters: {I: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /none}}\n"
                   "Resources: {A: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref I}}}\n")
        self.created(missing, "Unable to fetch parameters [/none] from parameter store for this account.")

    def test_wrong_properties_roll_back(self):
        for properties, message in (({"Nonsense": 1}, "extraneous key [Nonsense] is not permitted"),
                                    ({"RetentionInDays": [1]}, "#/RetentionInDays: expected type: Integer, found: JSONArray"),
                                    ({"LogGroupName": {"a": 1}}, "#/LogGroupName: expected type: String, found: JSONObject"),
                                    ({"Tags": "none"}, "#/Tags: expected type: JSONArray, found: String")):
            with self.subTest(properties):
                template = json.dumps({"Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": properties}}})
                cfn = self.client("cloudformation")
                try:
                    arn = cfn.create_stack(StackName="bad", TemplateBody=template)["StackId"]
                except cfn.exceptions.ClientError as error:
                    self.assertIn(message, error.response["Error"]["Message"])
                    continue
                harness.wait_for("the rollback", lambda: cfn.describe_stacks(StackName=arn)["Stacks"][0]["StackStatus"] ==
                                 "ROLLBACK_COMPLETE")
                reasons = [e.get("ResourceStatusReason", "") for e in cfn.describe_stack_events(StackName=arn)["StackEvents"]
                           if e["ResourceStatus"] == "CREATE_FAILED"]
                self.assertTrue(any(message in reason for reason in reasons), reasons)
                cfn.delete_stack(StackName=arn)
                cfn.get_waiter("stack_delete_complete").wait(StackName=arn)
        BadInput.before = self.state()  # deleted stacks stay listed


class TakenNames(BadInput):
    """A stack may not take over what somebody else has made: it would delete it one day."""

    def test_create_fails_and_the_rollback_leaves_the_owner_alone(self):
        ecs, cloudwatch, sns = self.client("ecs"), self.client("cloudwatch"), self.client("sns")
        ecs.create_cluster(clusterName="taken")
        cloudwatch.put_metric_alarm(AlarmName="taken", Namespace="X", MetricName="m", Statistic="Sum", Period=60, Threshold=1,
                                    EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold")
        topic = sns.create_topic(Name="taken")["TopicArn"]
        alarm = {"AlarmName": "taken", "Namespace": "X", "MetricName": "m", "Statistic": "Sum", "Period": 60, "Threshold": 9,
                 "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
        for kind, properties in (("AWS::ECS::Cluster", {"ClusterName": "taken"}), ("AWS::CloudWatch::Alarm", alarm),
                                 ("AWS::SNS::Topic", {"TopicName": "taken"})):
            with self.subTest(kind):
                cfn = self.client("cloudformation")
                template = json.dumps({"Resources": {"R": {"Type": kind, "Properties": properties}}})
                arn = cfn.create_stack(StackName="taker", TemplateBody=template)["StackId"]
                harness.wait_for("the rollback", lambda: cfn.describe_stacks(StackName=arn)["Stacks"][0]["StackStatus"] ==
                                 "ROLLBACK_COMPLETE")
                reasons = [e.get("ResourceStatusReason", "") for e in cfn.describe_stack_events(StackName=arn)["StackEvents"]]
                self.assertTrue(any("already exists" in reason for reason in reasons), reasons)
                cfn.delete_stack(StackName=arn)
                cfn.get_waiter("stack_delete_complete").wait(StackName=arn)
        self.assertEqual(ecs.describe_clusters(clusters=["taken"])["clusters"][0]["status"], "ACTIVE")
        self.assertEqual(cloudwatch.describe_alarms(AlarmNames=["taken"])["MetricAlarms"][0]["Threshold"], 1)
        self.assertIn(topic, [t["TopicArn"] for t in sns.list_topics()["Topics"]])
        ecs.delete_cluster(cluster="taken")
        cloudwatch.delete_alarms(AlarmNames=["taken"])
        sns.delete_topic(TopicArn=topic)
        BadInput.before = self.state()  # deleted stacks stay listed


class Requests(BadInput):
    def test_json_that_is_none(self):
        for body in (b"", b"{", b'{"Name": "/kept"', b'{"Name": "/kept"} {}', b"\xff\xfe", b"[]", b'"text"', b"nul",
                     b'{"Name": "\\ud800"}', b'{"Name":"/kept",}'):
            with self.subTest(body):
                answer = self.send("ssm", body, JSON_SSM)
                self.assertEqual(answer[0], 400, answer)
                self.assertIn(json.loads(answer[2])["__type"].split("#")[-1], ("SerializationException", "ValidationException"))

    def test_json_of_wrong_types(self):
        put = dict(JSON_SSM, **{"X-Amz-Target": "AmazonSSM.PutParameter"})
        for body in ({"Name": 7}, {"Name": ["x"]}, {"Name": "/x", "Value": {}}, {"Name": "/x", "Tags": "t"},
                     {"Name": "/x", "Overwrite": "yes"}):
            with self.subTest(body):
                self.json_error(self.send("ssm", json.dumps(body), put), 400, "SerializationException")
        self.json_error(self.send("ssm", b"{}", put), 400, "ValidationException", "validation error")

    def test_deep_nesting(self):
        deep = 100_000
        for body in (b'{"Name":' + b"[" * deep, b'{"Name":' + b"[" * deep + b"]" * deep + b"}", b'{"a":' * deep):
            answer = self.send("ssm", body, JSON_SSM)
            self.assertEqual(answer[0], 400, answer[2][:200])
        for body in (b"\x81" * deep, b"\xbf\x61a" * deep, b"\x9f" * deep, b"\xc0" * deep):
            self.assertEqual(self.send("monitoring", body, CBOR, CBOR_PATH)[0], 400)
        form = "Action=CreateTopic&Version=2010-03-31&" + "Tags" + ".member.1" * 1000 + ".Key=x"
        self.xml_error(self.send("sns", form, FORM), 400, "MalformedQueryString")

    def test_cbor_that_is_none(self):
        whole = b"\xa1\x69Namespace\x63abc"  # {"Namespace": "abc"}
        for body in (*(whole[:n] for n in range(1, len(whole))), b"\xff", b"\xbb" + b"\xff" * 8, b"\x7b" + b"\xff" * 8,
                     b"\xa1\x69Namespace\x7a\xff\xff\xff\xff", b"\x9b" + b"\xff" * 8, b"\xa1\x69Namespace\x18", b"\x1c",
                     b"\xa1\x69Namespace\x07", whole + b"\x00"):
            with self.subTest(body):
                status, _, answer = self.send("monitoring", body, CBOR, CBOR_PATH)
                self.assertEqual(status, 400, answer)
                self.assertIn(b"__type", answer)

    def test_forms_that_are_none(self):
        for form, code in (("", "MissingAction"), ("Action=", "MissingAction"), ("Version=2010-03-31", "MissingAction"),
                           ("Action=Nonsense&Version=2010-03-31", "InvalidAction"),
                           ("Action=CreateTopic&Version=2010-03-31&Name=%zz", None),
                           ("Action=CreateTopic&Version=2010-03-31&Name.member.1=x", None),
                           ("Action=CreateTopic&Version=2010-03-31", "ValidationError")):
            with self.subTest(form):
                status, _, answer = self.send("sns", form, FORM)
                self.assertEqual(status, 400, answer)
                self.assertIn(b"<Code>", answer)
                if code:
                    self.assertIn(f"<Code>{code}</Code>".encode(), answer)

    def test_unknown_targets(self):
        unknown = lambda target: dict(JSON_SSM, **{"X-Amz-Target": target})
        self.json_error(self.send("ssm", b"{}", unknown("AmazonSSM.Nonsense")), 400, "UnknownOperationException")
        self.json_error(self.send("ssm", b"{}", unknown("AmazonSSM.")), 400, "UnknownOperationException")
        self.json_error(self.send("ssm", b"{}", unknown("Nonsense")), 400, "UnknownOperationException")
        self.json_error(self.send("ssm", b"{}", unknown("AmazonEC2ContainerServiceV20141113.ListClusters")), 400,
                        "UnknownOperationException")
        status, _, answer = self.send("nonsense", b"{}", JSON_SSM)
        self.assertEqual(status, 501, answer)
        self.assertIn(b"'nonsense'", answer)
        self.assertIn(self.send("monitoring", b"\xa0", CBOR, CBOR_PATH.replace("Put", "Nonsense"))[0], (400, 404))

    def test_what_aws_has_and_berth_has_not(self):
        for service, call in (("ssm", "describe_instance_information"), ("sns", "list_phone_numbers_opted_out"),
                              ("ec2", "describe_volumes"), ("cloudwatch", "list_dashboards"), ("ecs", "list_attributes")):
            with self.subTest(service):
                arguments = {"targetType": "container-instance"} if service == "ecs" else {}
                answer = self.refused("NotImplemented", "berth", getattr(self.client(service), call), **arguments)
                self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 501)
        status, _, answer = self.send("monitoring", b"\xa0", CBOR, CBOR_PATH.replace("PutMetricData", "ListDashboards"))
        self.assertEqual(status, 501)
        self.assertIn(b"NotImplemented", answer)

    def test_oversize_bodies(self):
        begun = time.monotonic()
        answer = self.raw(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSSM.GetParameter\r\n"
                          b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: 99999999999\r\n\r\n", shut=False)
        self.assertTrue(answer.startswith(b"HTTP/1.1 413"), answer)
        self.assertIn(b"RequestEntityTooLarge", answer)
        self.assertLess(time.monotonic() - begun, 5, "refused by its length, before its body")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        answer = self.raw(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 140)
        self.assertTrue(answer.startswith(b"HTTP/1.1 413"), answer[:200])
        self.assertEqual(self.send("ssm", b"x" * (8 << 20), JSON_SSM)[0], 400, "8 MiB may be sent, but are no JSON")


class Signatures(BadInput):
    BODY = b'{"Name": "/kept"}'

    def test_a_right_one_is_taken(self):
        self.assertEqual(self.send("ssm", self.BODY, JSON_SSM)[0], 200)

    def test_none(self):
        self.json_error(self.post("/", self.BODY, JSON_SSM), 403, "MissingAuthenticationTokenException",
                        "^Request is missing Authentication Token$")
        self.xml_error(self.post("/", "Action=ListTopics&Version=2010-03-31", FORM), 403, "MissingAuthenticationToken",
                       "Request is missing Authentication Token")

    def test_of_somebody_else(self):
        wrong = key(self.daemon, secret_key="x" * 40)
        self.json_error(self.send("ssm", self.BODY, JSON_SSM, credentials=wrong), 403, "InvalidSignatureException",
                        "The request signature we calculated does not match the signature you provided")
        unknown = key(self.daemon, access_key="AKIAUNKNOWNUNKNOWN00")
        self.json_error(self.send("ssm", self.BODY, JSON_SSM, credentials=unknown), 403, "UnrecognizedClientException",
                        "The security token included in the request is invalid")
        form = "Action=ListTopics&Version=2010-03-31"
        self.xml_error(self.send("sns", form, FORM, credentials=wrong), 403, "SignatureDoesNotMatch")
        self.xml_error(self.send("sns", form, FORM, credentials=unknown), 403, "InvalidClientTokenId")
        token = key(self.daemon, token="stolen")
        self.json_error(self.send("ssm", self.BODY, JSON_SSM, credentials=token), 403, "UnrecognizedClientException")

    def test_that_no_longer_fits(self):
        def other_body(headers, body):
            return b'{"Name": "/other"}'

        def other_header(headers, body):
            headers["X-Amz-Target"] = "AmazonSSM.DeleteParameter"

        for change in (other_body, other_header):
            with self.subTest(change.__name__):
                self.json_error(self.send("ssm", self.BODY, JSON_SSM, change=change), 403, "InvalidSignatureException")

    def test_broken(self):
        for broken in ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=", "Bearer x", "AWS4-HMAC-SHA256 " + "," * 9000,
                       "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=, Signature=zz",
                       "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature="):
            def change(headers, body):
                headers["Authorization"] = broken
            with self.subTest(broken[:60]):
                status, _, answer = self.send("ssm", self.BODY, JSON_SSM, change=change)
                self.assertEqual(status, 400, answer)
                self.assertRegex(answer, b"IncompleteSignature|MissingAuthenticationToken|UnrecognizedClient")

    def test_of_another_region_or_time(self):
        self.json_error(self.send("ssm", self.BODY, JSON_SSM, region="eu-west-1"), 403, "InvalidSignatureException", "region")
        real = datetime.datetime

        class LastWeek(real):
            @classmethod
            def utcnow(cls):
                return real.utcnow() - datetime.timedelta(days=7)

        botocore.auth.datetime.datetime = LastWeek
        try:
            self.json_error(self.send("ssm", self.BODY, JSON_SSM), 403, "InvalidSignatureException", "Signature expired")
        finally:
            botocore.auth.datetime.datetime = real


class Connections(BadInput):
    def test_foreign_host_and_origin(self):
        for header, value in (("Host", "evil.example.com"), ("Host", "127.0.0.1.evil.example.com"), ("Origin", "null"),
                              ("Origin", "https://evil.example.com")):
            with self.subTest(f"{header}: {value}"):
                def change(headers, body):
                    headers[header] = value
                self.assertEqual(self.send("ssm", Signatures.BODY, JSON_SSM, change=change)[0], 403)
        self.assertTrue(self.raw(b"GET /_berth/health HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403"))

    def test_garbage(self):
        for garbage in (b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200, b"GET\r\n\r\n", b"\r\n" * 50,
                        b"POST / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"G\xc3\x84T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                        b"POST / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n"):
            with self.subTest(garbage[:40]):
                answer = self.raw(garbage)
                self.assertRegex(answer[:12], rb"^(HTTP/1.1 4\d\d|)$")

    def test_pipelined_garbage_behind_a_good_request(self):
        good = b"GET /_berth/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answer = self.raw(good * 3 + b"\x00garbage\r\n\r\n" + good)
        self.assertEqual(len(re.findall(rb"HTTP/1.1 200", answer)), 3)
        self.assertEqual(len(re.findall(rb"HTTP/1.1 400", answer)), 1)

    def test_huge_headers(self):
        for header in (b"X: " + b"y" * 70_000, b"".join(b"X-%d: y\r\n" % n for n in range(20_000)), b"z" * 70_000):
            answer = self.raw(b"POST / HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 431"), answer[:100])
        answer = self.raw(b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertRegex(answer[:12], rb"HTTP/1.1 4(14|31|00)")

    def test_clients_that_leave(self):
        body = b'{"Name": "/kept"}'
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
        for part in (head[:20], head, head + body):
            self.assertRegex(self.raw(part)[:12], rb"^(HTTP/1.1 400|)$")
            with socket.create_connection(self.daemon.listen.split(":")) as peer:
                peer.sendall(part)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # RST


class SlowClients(threading.Thread):
    """300 connections that never finish their request, a third of them sending a byte now and then; beside all other tests."""

    COUNT = 300

    def __init__(self, listen):
        super().__init__()
        self.open = [socket.create_connection(listen.split(":")) for _ in range(self.COUNT)]
        self.lasted_s = None
        self.start()

    def run(self):
        begun = time.monotonic()
        drip = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + b"x" * 99
        for sent in range(2 * (READ_TIMEOUT_S + 10)):
            self.open = [peer for n, peer in enumerate(self.open) if self.goes_on(peer, b"" if n % 3 else drip[sent:sent + 1])]
            if not self.open:
                self.lasted_s = time.monotonic() - begun
                return
            time.sleep(0.5)

    def goes_on(self, peer, data):
        """Sends what is due; False, and closed, once berthd has closed."""
        peer.setblocking(False)
        try:
            peer.send(data)
            alive = peer.recv(1000) != b""
        except BlockingIOError:
            alive = True
        except OSError:
            alive = False
        if not alive:
            peer.close()
        return alive


class ZSlowClients(BadInput):
    """Last, when the slow clients have had their time."""

    def test_they_were_let_go(self):
        slow.join()
        self.assertEqual(len(slow.open), 0, "they still hold their connections")
        self.assertGreater(slow.lasted_s, READ_TIMEOUT_S - 5, "a slow client gets its time")


class Memory(BadInput):
    def test_a_storm_of_bad_requests_leaves_memory_as_it_was(self):
        deep = b'{"Name":' + b"[" * 50_000
        template = "Action=ValidateTemplate&Version=2010-05-15&TemplateBody=" + "Resources%3A+" + "%5B" * 10_000

        def storm(_):
            self.send("ssm", deep, JSON_SSM)
            self.send("ssm", b"{" + b" " * (1 << 20), JSON_SSM)
            self.send("cloudformation", template, FORM)
            self.send("monitoring", b"\x9f" * 50_000, CBOR, CBOR_PATH)
            self.raw(b"\x00" * 60_000)
            self.post("/", b"x" * 100_000, JSON_SSM)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(storm, range(40)))  # what a first time needs stays
            before = self.daemon.resident_kib()
            list(pool.map(storm, range(200)))
        self.assertLess(self.daemon.resident_kib() - before, GROWTH_KIB_MAX)


if __name__ == "__main__":
    harness.ClientTest.daemon = harness.Daemon(BIN)
    harness.ClientTest.daemon.start()
    slow = SlowClients(harness.ClientTest.daemon.listen)
    try:
        result = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2, exit=False, warnings="ignore").result
    finally:
        harness.ClientTest.daemon.clean_up()
    sys.exit(not result.wasSuccessful())
