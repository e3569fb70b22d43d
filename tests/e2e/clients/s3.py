"""S3's operations through boto3; the CLI, links, roles and kills are s3_e2e.py's."""

import json

from clients.harness import ClientTest

MIB = 1 << 20


class S3(ClientTest):
    def setUp(self):
        self.s3 = self.client("s3")

    def test_life_of_a_bucket(self):
        s3, bucket = self.s3, "life"
        s3.create_bucket(Bucket=bucket)
        self.assertIn(bucket, [b["Name"] for b in s3.list_buckets()["Buckets"]])
        self.assertEqual(s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"], "us-east-1")
        self.assertIsNone(s3.get_bucket_location(Bucket=bucket)["LocationConstraint"])
        self.refused("NoSuchTagSet", "The TagSet does not exist", s3.get_bucket_tagging, Bucket=bucket)
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        self.assertEqual(self.by_key(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]), {"a": "b"})
        s3.delete_bucket_tagging(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        self.assertEqual(s3.get_bucket_versioning(Bucket=bucket)["Status"], "Suspended")
        block = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
        self.assertEqual(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"], block)
        s3.delete_public_access_block(Bucket=bucket)
        rules = [{"ObjectOwnership": "BucketOwnerEnforced"}]
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": rules})
        self.assertEqual(s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"], rules)
        s3.delete_bucket_ownership_controls(Bucket=bucket)
        encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
        self.assertEqual(s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0][
            "ApplyServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})
        s3.delete_bucket_encryption(Bucket=bucket)
        policy = json.dumps({"Version": "2012-10-17", "Statement": []})
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
        self.assertEqual(s3.get_bucket_policy(Bucket=bucket)["Policy"], policy)
        s3.delete_bucket_policy(Bucket=bucket)
        self.refused("InvalidBucketName", "The specified bucket is not valid.", s3.create_bucket, Bucket="Bad")
        s3.put_object(Bucket=bucket, Key="a", Body=b"")
        self.refused("BucketNotEmpty", "The bucket you tried to delete is not empty", s3.delete_bucket, Bucket=bucket)
        s3.delete_object(Bucket=bucket, Key="a")
        s3.delete_bucket(Bucket=bucket)
        self.refused("NoSuchBucket", "The specified bucket does not exist", s3.list_objects_v2, Bucket=bucket)

    def test_life_of_an_object(self):
        s3, bucket = self.s3, "objects"
        s3.create_bucket(Bucket=bucket)
        put = s3.put_object(Bucket=bucket, Key="a/b", Body=b"text", Metadata={"color": "blue"}, Tagging="team=a")
        got = s3.get_object(Bucket=bucket, Key="a/b")
        self.assertEqual((got["Body"].read(), got["ETag"], got["Metadata"]), (b"text", put["ETag"], {"color": "blue"}))
        self.assertEqual(s3.head_object(Bucket=bucket, Key="a/b")["ContentLength"], 4)
        self.refused("NoSuchKey", "The specified key does not exist.", s3.get_object, Bucket=bucket, Key="none")
        self.assertEqual(self.by_key(s3.get_object_tagging(Bucket=bucket, Key="a/b")["TagSet"]), {"team": "a"})
        s3.put_object_tagging(Bucket=bucket, Key="a/b", Tagging={"TagSet": [{"Key": "team", "Value": "b"}]})
        s3.delete_object_tagging(Bucket=bucket, Key="a/b")
        copied = s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "a/b"})
        self.assertEqual(copied["CopyObjectResult"]["ETag"], put["ETag"])
        listed = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
        self.assertEqual((listed["CommonPrefixes"], [o["Key"] for o in listed["Contents"]]), ([{"Prefix": "a/"}], ["c"]))
        self.assertEqual(len(self.pages(s3, "list_objects", "Contents", 1, Bucket=bucket)), 2)
        self.parts(bucket)
        told = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in ("a/b", "c", "big")]})
        self.assertEqual(len(told["Deleted"]), 3)
        s3.delete_bucket(Bucket=bucket)

    def parts(self, bucket):
        s3, place = self.s3, {"Bucket": bucket, "Key": "big"}
        upload = s3.create_multipart_upload(**place)["UploadId"]
        self.assertEqual([u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]], [upload])
        place["UploadId"] = upload
        tags = [s3.upload_part(**place, PartNumber=1, Body=b"x" * 5 * MIB)["ETag"],
                s3.upload_part_copy(**place, PartNumber=2, CopySource={"Bucket": bucket, "Key": "c"})["CopyPartResult"]["ETag"]]
        self.assertEqual([p["Size"] for p in s3.list_parts(**place)["Parts"]], [5 * MIB, 4])
        parts = [{"PartNumber": number + 1, "ETag": tag} for number, tag in enumerate(tags)]
        self.refused("InvalidPartOrder", "", s3.complete_multipart_upload, **place, MultipartUpload={"Parts": parts[::-1]})
        s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
        self.assertTrue(s3.get_object(Bucket=bucket, Key="big")["Body"].read().endswith(b"xtext"))
        other = s3.create_multipart_upload(Bucket=bucket, Key="other")["UploadId"]
        s3.abort_multipart_upload(Bucket=bucket, Key="other", UploadId=other)
        self.refused("NoSuchUpload", "", s3.list_parts, Bucket=bucket, Key="other", UploadId=other)
