"""ECR's repositories through boto3; pushing and pulling is ecr_e2e.py's."""

import base64
import json

from clients.harness import ClientTest

ARN = "arn:aws:ecr:us-east-1:123456789012:repository/"
ABSENT = "The repository with name 'absent' does not exist in the registry with id '123456789012'"


class Ecr(ClientTest):
    def setUp(self):
        self.ecr = self.client("ecr")

    def test_life_of_a_repository(self):
        ecr = self.ecr
        made = ecr.create_repository(repositoryName="life/app", tags=[{"Key": "team", "Value": "a"}],
                                     imageScanningConfiguration={"scanOnPush": True})["repository"]
        self.assertEqual((made["repositoryArn"], made["registryId"]), (ARN + "life/app", "123456789012"))
        self.assertEqual(made["repositoryUri"], "123456789012.dkr.ecr.us-east-1.amazonaws.com/life/app")
        self.assertEqual(made["imageTagMutability"], "MUTABLE")
        self.assertEqual(made["encryptionConfiguration"], {"encryptionType": "AES256"})
        self.refused("RepositoryAlreadyExistsException", "The repository with name 'life/app' already exists in the "
                     "registry with id '123456789012'", ecr.create_repository, repositoryName="life/app")
        self.assertEqual(ecr.describe_repositories(repositoryNames=["life/app"])["repositories"], [made])
        self.assertEqual(ecr.put_image_tag_mutability(repositoryName="life/app", imageTagMutability="IMMUTABLE")[
            "imageTagMutability"], "IMMUTABLE")
        scanning = ecr.put_image_scanning_configuration(repositoryName="life/app",
                                                        imageScanningConfiguration={"scanOnPush": False})
        self.assertEqual(scanning["imageScanningConfiguration"], {"scanOnPush": False})
        self.tags()
        self.policy()
        self.lifecycle()
        self.images()
        self.assertEqual(ecr.delete_repository(repositoryName="life/app")["repository"]["repositoryName"], "life/app")
        self.refused("RepositoryNotFoundException", "", ecr.delete_repository, repositoryName="life/app")

    def tags(self):
        ecr, arn = self.ecr, ARN + "life/app"
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": "stage", "Value": "x"}])
        ecr.untag_resource(resourceArn=arn, tagKeys=["team"])
        self.assertEqual(ecr.list_tags_for_resource(resourceArn=arn)["tags"], [{"Key": "stage", "Value": "x"}])
        self.refused("RepositoryNotFoundException", ABSENT, ecr.list_tags_for_resource, resourceArn=ARN + "absent")

    def policy(self):
        ecr, text = self.ecr, json.dumps({"Version": "2012-10-17", "Statement": []})
        self.assertEqual(ecr.set_repository_policy(repositoryName="life/app", policyText=text)["policyText"], text)
        self.assertEqual(ecr.get_repository_policy(repositoryName="life/app")["policyText"], text)
        self.assertEqual(ecr.delete_repository_policy(repositoryName="life/app")["policyText"], text)
        self.refused("RepositoryPolicyNotFoundException", "", ecr.get_repository_policy, repositoryName="life/app")

    def lifecycle(self):
        ecr, name = self.ecr, "life/app"
        text = json.dumps({"rules": [{"rulePriority": 1, "selection": {
            "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
            "action": {"type": "expire"}}]})
        self.refused("InvalidParameterException", "Invalid parameter at 'LifecyclePolicyText' failed to satisfy "
                     "constraint: 'Lifecycle policy validation failure: ", ecr.put_lifecycle_policy,
                     repositoryName=name, lifecyclePolicyText='{"rules": [{}]}' + " " * 100)
        self.refused("LifecyclePolicyNotFoundException", "", ecr.get_lifecycle_policy, repositoryName=name)
        self.refused("LifecyclePolicyPreviewNotFoundException", "", ecr.get_lifecycle_policy_preview,
                     repositoryName=name)
        self.assertEqual(ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)["lifecyclePolicyText"],
                         text)
        self.assertEqual(ecr.start_lifecycle_policy_preview(repositoryName=name)["status"], "IN_PROGRESS")
        preview = ecr.get_lifecycle_policy_preview(repositoryName=name)
        self.assertEqual((preview["status"], preview["previewResults"]), ("COMPLETE", []))
        self.assertEqual(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"], text)
        self.assertEqual(ecr.delete_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"], text)

    def images(self):
        ecr = self.ecr
        self.assertEqual(ecr.list_images(repositoryName="life/app")["imageIds"], [])
        self.assertEqual(ecr.describe_images(repositoryName="life/app")["imageDetails"], [])
        self.refused("ImageNotFoundException", "imageTag:'v1'", ecr.describe_images, repositoryName="life/app",
                     imageIds=[{"imageTag": "v1"}])
        wanted = dict(repositoryName="life/app", imageIds=[{"imageTag": "v1"}])
        for answer in (ecr.batch_get_image(**wanted), ecr.batch_delete_image(**wanted)):
            self.assertEqual([f["failureCode"] for f in answer["failures"]], ["ImageNotFound"])
        self.refused("InvalidParameterException", "", ecr.put_image, repositoryName="life/app", imageManifest="{}")
        self.refused("RepositoryNotFoundException", ABSENT, ecr.list_images, repositoryName="absent")

    def test_repositories_come_in_pages(self):
        names = [f"page/{number}" for number in range(5)]
        for name in names:
            self.ecr.create_repository(repositoryName=name)
        found = self.pages(self.ecr, "describe_repositories", "repositories", 2)
        self.assertEqual([r["repositoryName"] for r in found if r["repositoryName"].startswith("page/")], names)
        for name in names:
            self.ecr.delete_repository(repositoryName=name)

    def test_a_token_names_the_registry(self):
        data = self.ecr.get_authorization_token()["authorizationData"][0]
        self.assertTrue(base64.b64decode(data["authorizationToken"]).startswith(b"AWS:"))
        self.assertRegex(data["proxyEndpoint"], r"^http://127\.0\.0\.1:\d+$")
