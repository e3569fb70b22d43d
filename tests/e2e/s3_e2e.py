"""S3 through the stock clients: buckets, objects, large ones in parts, what a role may, and a berthd that is killed in the
middle of an upload.

Usage: s3_e2e.py BIN_DIR SOURCE_DIR. It needs no container.
"""

import base64
import hashlib
import http.client
import json
import os
import shutil
import socket
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from daemon import Daemon, wait_for

BIN, SOURCE = sys.argv[1], sys.argv[2]
MIB = 1 << 20


class S3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.berth = Daemon(BIN, time_scale=1)
        cls.berth.start()
        cls.s3 = cls.berth.client("s3")
        # This boto3 signs links as nobody should any more, unless it is told.
        cls.signing = boto3.client("s3", endpoint_url=cls.berth.endpoint, region_name="us-east-1",
                                   aws_access_key_id=cls.berth.env["AWS_ACCESS_KEY_ID"],
                                   aws_secret_access_key=cls.berth.env["AWS_SECRET_ACCESS_KEY"],
                                   config=Config(signature_version="s3v4"))
        cls.work = tempfile.mkdtemp(prefix="berth-s3-")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work)
        cls.berth.clean_up()

    def file(self, name, data):
        path = f"{self.work}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def refused(self, code, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response

    def blobs(self):
        return sorted(os.listdir(self.berth.data + "/blobs"))

    def empty(self, bucket):
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                self.s3.delete_object(Bucket=bucket, Key=item["Key"])
        self.s3.delete_bucket(Bucket=bucket)

    def test_1_the_command_line(self):
        aws, large = self.berth.aws, os.urandom(20 * MIB + 17)
        aws("s3", "mb", "s3://things")
        self.file("tree/a.txt", b"first")
        self.file("tree/deep/b c+d.txt", b"second")
        self.file("tree/large", large)  # in three parts
        aws("s3", "sync", f"{self.work}/tree", "s3://things/tree")
        listed = aws("s3", "ls", "--recursive", "s3://things").split("\n")
        self.assertEqual([line.split(maxsplit=3)[3] for line in listed if line],
                         ["tree/a.txt", "tree/deep/b c+d.txt", "tree/large"])
        self.assertIn("PRE deep/", aws("s3", "ls", "s3://things/tree/"))
        head = self.s3.head_object(Bucket="things", Key="tree/large")
        self.assertEqual(head["ContentLength"], len(large))
        self.assertRegex(head["ETag"], r'^"[0-9a-f]{32}-3"$')
        aws("s3", "cp", "s3://things/tree/large", f"{self.work}/back")
        with open(f"{self.work}/back", "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).digest(), hashlib.sha256(large).digest())
        aws("s3", "cp", "s3://things/tree/large", "s3://things/copy")
        aws("s3", "mv", "s3://things/copy", "s3://things/moved")
        self.assertEqual(self.s3.head_object(Bucket="things", Key="moved")["ContentLength"], len(large))
        self.assertEqual(aws("s3", "sync", f"{self.work}/tree", "s3://things/tree"), "", "nothing to do")
        self.assertIn("BucketNotEmpty", aws("s3", "rb", "s3://things", check=False))
        aws("s3", "rb", "--force", "s3://things")
        self.refused("NoSuchBucket", self.s3.list_objects_v2, Bucket="things")
        self.assertEqual(self.blobs(), [])

    def test_2_objects(self):
        s3, bucket = self.s3, "objects"
        s3.create_bucket(Bucket=bucket)
        put = s3.put_object(Bucket=bucket, Key="ä/b", Body=b"0123456789", ContentType="text/plain",
                            Metadata={"color": "blue"}, Tagging="team=a")
        self.assertEqual(put["ETag"], '"%s"' % hashlib.md5(b"0123456789").hexdigest())
        got = s3.get_object(Bucket=bucket, Key="ä/b", Range="bytes=2-4")
        self.assertEqual((got["Body"].read(), got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]),
                         (b"234", "bytes 2-4/10", 206))
        got = s3.get_object(Bucket=bucket, Key="ä/b")
        self.assertEqual((got["Body"].read(), got["ContentType"], got["Metadata"]),
                         (b"0123456789", "text/plain", {"color": "blue"}))
        self.refused("304", s3.get_object, Bucket=bucket, Key="ä/b", IfNoneMatch=put["ETag"])
        self.refused("PreconditionFailed", s3.get_object, Bucket=bucket, Key="ä/b", IfMatch='"other"')
        self.refused("InvalidRange", s3.get_object, Bucket=bucket, Key="ä/b", Range="bytes=10-")
        self.refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="none")
        self.refused("404", s3.head_object, Bucket=bucket, Key="none")
        self.refused("BadDigest", s3.put_object, Bucket=bucket, Key="x", Body=b"a",
                     ContentMD5=base64.b64encode(hashlib.md5(b"b").digest()).decode())
        self.assertEqual(s3.get_object_tagging(Bucket=bucket, Key="ä/b")["TagSet"], [{"Key": "team", "Value": "a"}])
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "ä/b"})
        self.assertEqual(len(self.blobs()), 1, "a copy is the same bytes")
        s3.delete_object(Bucket=bucket, Key="ä/b")
        self.assertEqual(s3.get_object(Bucket=bucket, Key="copy")["Body"].read(), b"0123456789")
        for i in range(25):
            s3.put_object(Bucket=bucket, Key=f"many/{i:02}", Body=b"")
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="many/",
                                                                  PaginationConfig={"PageSize": 10}))
        self.assertEqual([len(page["Contents"]) for page in pages], [10, 10, 5])
        old = list(s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 10}))
        self.assertEqual(sum(len(page["Contents"]) for page in old), 26)
        told = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": f"many/{i:02}"} for i in range(25)]})
        self.assertEqual(len(told["Deleted"]), 25)
        self.refused("NotImplemented", s3.put_bucket_lifecycle_configuration, Bucket=bucket,
                     LifecycleConfiguration={"Rules": []})
        self.empty(bucket)

    def test_3_links_and_bad_requests(self):
        s3, bucket = self.s3, "links"
        s3.create_bucket(Bucket=bucket)
        link = self.signing.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b"})
        urllib.request.urlopen(urllib.request.Request(link, data=b"text", method="PUT"))
        link = self.signing.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b"})
        self.assertEqual(urllib.request.urlopen(link).read(), b"text")
        for wrong, status in ((link[:-4] + "0000", 403), (link.replace("a%20b", "other"), 403)):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(wrong)
            self.assertEqual(caught.exception.code, status)
            self.assertIn(b"<Code>SignatureDoesNotMatch</Code>", caught.exception.read())
        # What nobody has signed gets no room on the disk, however much it is.
        request = urllib.request.Request(f"{self.berth.endpoint}/{bucket}/big", data=b"x" * (9 * MIB), method="PUT")
        with self.assertRaises((urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(request)
        self.assertEqual(len(self.blobs()), 1)
        self.empty(bucket)

    def test_4_a_body_that_comes_in_chunks(self):
        """As SDKs send a stream: its checksum follows behind it."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        self.s3.create_bucket(Bucket="chunks")
        crc = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
        for checksum, status in ((crc, 200), ("AAAAAA==", 400)):
            body = f"3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
            request = AWSRequest("PUT", f"{self.berth.endpoint}/chunks/a", data=body, headers={
                "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "X-Amz-Trailer": "x-amz-checksum-crc32",
                "X-Amz-Decoded-Content-Length": "5", "Content-Encoding": "aws-chunked"})
            keys = Credentials(self.berth.env["AWS_ACCESS_KEY_ID"], self.berth.env["AWS_SECRET_ACCESS_KEY"])
            signer = S3SigV4Auth(keys, "s3", self.berth.env["AWS_REGION"])
            signer.payload = lambda _: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
            signer.add_auth(request)
            connection = http.client.HTTPConnection(self.berth.endpoint[7:])
            connection.request("PUT", "/chunks/a", body, dict(request.headers))
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read() if status == 200 else b""), (status, b""))
            connection.close()
        got = self.s3.get_object(Bucket="chunks", Key="a")
        self.assertEqual((got["Body"].read(), got.get("ContentEncoding")), (b"hello", None))
        self.empty("chunks")

    def test_5_a_role_may_what_its_policy_says(self):
        iam, s3 = self.berth.client("iam"), self.s3
        s3.create_bucket(Bucket="roles")
        s3.put_object(Bucket="roles", Key="open/a", Body=b"a")
        s3.put_object(Bucket="roles", Key="shut/a", Body=b"a")
        trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]}
        role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=json.dumps({"Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::roles/open/*"},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::roles"}]}))
        keys = self.berth.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
        mine = boto3.client("s3", endpoint_url=self.berth.endpoint, region_name="us-east-1",
                            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                            aws_session_token=keys["SessionToken"])
        self.assertEqual(mine.get_object(Bucket="roles", Key="open/a")["Body"].read(), b"a")
        mine.put_object(Bucket="roles", Key="open/b", Body=b"b")
        self.assertEqual(mine.list_objects_v2(Bucket="roles")["KeyCount"], 3)
        self.refused("AccessDenied", mine.get_object, Bucket="roles", Key="shut/a")
        self.refused("AccessDenied", mine.put_object, Bucket="roles", Key="shut/b", Body=b"b")
        self.refused("AccessDenied", mine.copy_object, Bucket="roles", Key="open/c",
                     CopySource={"Bucket": "roles", "Key": "shut/a"})
        self.refused("AccessDenied", mine.delete_object, Bucket="roles", Key="open/a")
        self.refused("AccessDenied", mine.list_buckets)
        self.empty("roles")
        iam.delete_role_policy(RoleName="reader", PolicyName="p")
        iam.delete_role(RoleName="reader")

    def test_6_a_kill_in_the_middle_of_an_upload(self):
        s3, bucket = self.s3, "killed"
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="before", Body=b"kept")
        upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"p" * 5 * MIB)
        link = self.signing.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "half"})
        path = link[len(self.berth.endpoint):]
        host, port = self.berth.endpoint[7:].split(":")
        with socket.create_connection((host, int(port))) as half:
            half.sendall(f"PUT {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {64 * MIB}\r\n\r\n".encode())
            half.sendall(b"x" * (8 * MIB))
            wait_for("half of it on the disk", lambda: any(name.endswith(".new") for name in self.blobs()), 20)
            self.berth.kill()
        self.assertTrue(any(name.endswith(".new") for name in self.blobs()))
        self.berth.start()
        self.assertEqual([item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]], ["before"])
        self.refused("NoSuchKey", s3.get_object, Bucket=bucket, Key="half")
        self.assertEqual(len(self.blobs()), 2, "the object and the part")
        self.assertEqual(s3.get_object(Bucket=bucket, Key="before")["Body"].read(), b"kept")
        last = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=2, Body=b"end")
        s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [
            {"PartNumber": 1, "ETag": part["ETag"]}, {"PartNumber": 2, "ETag": last["ETag"]}]})
        self.assertEqual(s3.get_object(Bucket=bucket, Key="parts")["Body"].read(), b"p" * 5 * MIB + b"end")
        # A client that goes away leaves nothing either.
        with socket.create_connection((host, int(port))) as half:
            half.sendall(f"PUT {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {64 * MIB}\r\n\r\n".encode())
            half.sendall(b"x" * MIB)
            wait_for("its draft", lambda: any(name.endswith(".new") for name in self.blobs()), 20)
        wait_for("the draft's end", lambda: not any(name.endswith(".new") for name in self.blobs()), 20)
        self.empty(bucket)
        self.assertEqual(self.blobs(), [])

    def test_7_a_bucket_in_a_stack(self):
        aws, s3 = self.berth.aws, self.s3
        template = self.file("bucket.json", json.dumps({"Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
                "BucketName": "of-a-stack", "Tags": [{"Key": "team", "Value": "a"}],
                "VersioningConfiguration": {"Status": "Enabled"},
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": True}}},
            "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {
                "Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}}},
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Bucket", "Arn"]}}}}).encode())
        aws("cloudformation", "deploy", "--template-file", template, "--stack-name", "bucket")
        self.assertEqual(s3.get_bucket_versioning(Bucket="of-a-stack")["Status"], "Enabled")
        self.assertIn({"Key": "team", "Value": "a"}, s3.get_bucket_tagging(Bucket="of-a-stack")["TagSet"])
        s3.put_object(Bucket="of-a-stack", Key="a", Body=b"a")
        cloudformation = self.berth.client("cloudformation")
        aws("cloudformation", "delete-stack", "--stack-name", "bucket")

        def status():
            return cloudformation.describe_stacks(StackName="bucket")["Stacks"][0]["StackStatus"]
        wait_for("the deletion's end", lambda: status() == "DELETE_FAILED", 30)
        events = cloudformation.describe_stack_events(StackName="bucket")["StackEvents"]
        reason = next(e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "DELETE_FAILED"
                      and e["LogicalResourceId"] == "Bucket")
        self.assertIn("The bucket you tried to delete is not empty", reason)
        s3.delete_object(Bucket="of-a-stack", Key="a")
        aws("cloudformation", "delete-stack", "--stack-name", "bucket")
        aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", "bucket")
        self.refused("NoSuchBucket", s3.list_objects_v2, Bucket="of-a-stack")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
