"""CodeBuild's projects and builds through boto3; that builds build is codebuild_e2e.py's."""

import json

from clients.harness import ClientTest, wait_for

ROLE = "arn:aws:iam::123456789012:role/clients-builder"
SPEC = "version: 0.2\nphases:\n  build:\n    commands: ['true']\n"


class CodeBuild(ClientTest):
    def setUp(self):
        self.builds = self.client("codebuild")

    def create(self, name, **more):
        environment = {"type": "LINUX_CONTAINER", "image": "localhost/absent:latest", "computeType": "BUILD_GENERAL1_SMALL"}
        return self.builds.create_project(name=name, source={"type": "NO_SOURCE", "buildspec": SPEC}, serviceRole=ROLE,
                                          artifacts={"type": "NO_ARTIFACTS"}, environment=environment, **more)["project"]

    def finished(self, build):
        def done():
            now = self.builds.batch_get_builds(ids=[build])["builds"][0]
            return now if now["buildComplete"] else None
        return wait_for("the build's end", done, 40)

    def test_life_of_a_project_and_its_builds(self):
        builds = self.builds
        self.refused("InvalidInputException", "CodeBuild is not authorized to perform: sts:AssumeRole", self.create,
                     name="early")
        self.client("iam").create_role(RoleName="clients-builder", AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
                "Service": "codebuild.amazonaws.com"}}]}))
        made = self.create("life", tags=[{"key": "team", "value": "a"}])
        self.assertEqual(made["arn"], "arn:aws:codebuild:us-east-1:123456789012:project/life")
        self.assertEqual((made["timeoutInMinutes"], made["cache"]), (60, {"type": "NO_CACHE"}))
        self.refused("ResourceAlreadyExistsException", made["arn"], self.create, name="life")
        changed = builds.update_project(name="life", description="new", timeoutInMinutes=10)["project"]
        self.assertEqual((changed["description"], changed["timeoutInMinutes"]), ("new", 10))
        got = builds.batch_get_projects(names=["life", "absent"])
        self.assertEqual((got["projects"], got["projectsNotFound"]), ([changed], ["absent"]))
        self.assertIn("life", builds.list_projects()["projects"])

        self.refused("ResourceNotFoundException", "Project cannot be found: ", builds.start_build, projectName="absent")
        first = builds.start_build(projectName="life", timeoutInMinutesOverride=20)["build"]
        self.assertEqual((first["buildNumber"], first["timeoutInMinutes"], first["buildStatus"]), (1, 20, "IN_PROGRESS"))
        failed = self.finished(first["id"])
        self.assertEqual(failed["buildStatus"], "FAILED")
        context = next(phase for phase in failed["phases"] if phase["phaseType"] == "PROVISIONING")["contexts"][0]
        self.assertEqual(context["statusCode"], "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE")
        again = builds.retry_build(id=first["id"])["build"]["id"]
        builds.stop_build(id=again)
        self.finished(again)
        self.assertEqual(builds.list_builds()["ids"][:2], [again, first["id"]])
        self.assertEqual(builds.list_builds_for_project(projectName="life", sortOrder="ASCENDING")["ids"],
                         [first["id"], again])
        self.refused("ResourceNotFoundException", "", builds.stop_build, id="life:none")
        builds.invalidate_project_cache(projectName="life")
        deleted = builds.batch_delete_builds(ids=[first["id"], again])
        self.assertEqual(len(deleted["buildsDeleted"]), 2)
        self.assertEqual(builds.batch_get_builds(ids=[again])["buildsNotFound"], [again])
        builds.delete_project(name="life")
        self.assertNotIn("life", builds.list_projects()["projects"])
