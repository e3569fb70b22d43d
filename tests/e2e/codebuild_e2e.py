"""CodeBuild with real builds: phases and logs, sources, artifacts, caches, queue, stop, kill -9; and the article's image,
built, pushed, run by a service, and rolled under load.

Usage: codebuild_e2e.py BIN_DIR SOURCE_DIR [unittest arguments]. Needs root, Podman and git; makes the builds' image when
it is missing (scripts/build-image).
"""

import functools
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from daemon import CLUSTER, Daemon, Traffic, output_of, wait_for

BIN, SOURCE = sys.argv[1], sys.argv[2]
ROLE = "arn:aws:iam::123456789012:role/builder"
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
PHASES = ["SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD",
          "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"]


def spec(**phases):
    return json.dumps({"version": 0.2, "phases": {name: {"commands": list(commands)} for name, commands in phases.items()}})


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def git(folder, *arguments):
    return subprocess.run(["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
                          check=True, capture_output=True, text=True).stdout.strip()


class CodeBuild(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run([f"{SOURCE}/scripts/build-image", "--if-missing"], check=True)
        cls.work = tempfile.mkdtemp(prefix="berth-e2e-builds-")
        write(f"{cls.work}/berth.toml", f'builds = 2\n[sources]\n"https://github.com/me/app" = "{cls.work}/repository"\n'
                                        f'[buckets]\nout = "{cls.work}/bucket"\n')
        os.mkdir(f"{cls.work}/bucket")
        cls.berth = Daemon(BIN, options=("--config", f"{cls.work}/berth.toml"))
        cls.berth.start()
        cls.builds = cls.berth.client("codebuild")
        cls.berth.client("iam").create_role(RoleName="builder", AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
                "Service": "codebuild.amazonaws.com"}}]}))
        cls.berth.client("iam").attach_role_policy(RoleName="builder",
                                                   PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")

    @classmethod
    def tearDownClass(cls):
        try:
            cls.berth.clean_up()
        finally:
            shutil.rmtree(cls.work, ignore_errors=True)

    def project(self, name, buildspec=None, source=None, privileged=False, **more):
        source = dict(source or {"type": "NO_SOURCE"}, **({"buildspec": buildspec} if buildspec else {}))
        request = {"artifacts": {"type": "NO_ARTIFACTS"}, "serviceRole": ROLE, **more}
        self.builds.create_project(name=name, source=source, environment={
            "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": privileged}, **request)
        return name

    def start(self, name, **overrides):
        return self.builds.start_build(projectName=name, **overrides)["build"]["id"]

    def get(self, build):
        return self.builds.batch_get_builds(ids=[build])["builds"][0]

    def finish(self, build, limit_s=60):
        def done():
            now = self.get(build)
            return now if now["buildComplete"] else None
        return wait_for(f"the end of {build}", done, limit_s)

    def run_build(self, name, expected="SUCCEEDED", **overrides):
        build = self.finish(self.start(name, **overrides))
        self.assertEqual(build["buildStatus"], expected, self.log(build))
        return build

    def log(self, build):
        logs = self.berth.client("logs")
        events, token = [], {}
        while True:
            page = logs.get_log_events(logGroupName=build["logs"]["groupName"], logStreamName=build["logs"]["streamName"],
                                       startFromHead=True, **token)
            events += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token.get("nextToken"):
                return "\n".join(events)
            token = {"nextToken": page["nextForwardToken"]}

    def contexts(self, build):
        return {phase["phaseType"]: (phase["contexts"][0]["statusCode"], phase["contexts"][0]["message"])
                for phase in build["phases"] if phase.get("contexts") and phase["contexts"][0].get("statusCode")}

    def nothing_is_left(self):
        daemon = self.berth.name
        found = [*output_of(["podman", "ps", "-aq", "--filter", f"name={daemon}-build-"]).split(),
                 *self.berth.namespaces("build"), *self.berth.processes_below(f"{self.berth.data}/builds/")]
        folders = f"{self.berth.data}/builds"
        return not found and not (os.path.isdir(folders) and os.listdir(folders))

    def test_1_phases_log_and_environment(self):
        self.berth.client("ssm").put_parameter(Name="/builds/p", Value="from the store", Type="String")
        self.project("first", json.dumps({
            "version": 0.2, "env": {"variables": {"A": "it's", "B": "buildspec"}, "parameter-store": {"P": "/builds/p"},
                                    "exported-variables": ["OUT"]},
            "phases": {"install": {"runtime-versions": {"python": "3.x"}, "commands": ["cd /tmp"]},
                       "pre_build": {"commands": ["pwd", "aws sts get-caller-identity --query Arn --output text"]},
                       "build": {"commands": ['echo "$A $B $P $CODEBUILD_BUILD_ID $CODEBUILD_BUILD_NUMBER"',
                                              "export OUT=$(nproc)", "docker ps || echo no engine"],
                                 "finally": ["echo tidy"]}}}))
        build = self.run_build("first", environmentVariablesOverride=[{"name": "B", "value": "call"}])
        self.assertEqual([phase["phaseType"] for phase in build["phases"]], PHASES)
        self.assertEqual({phase.get("phaseStatus") for phase in build["phases"][:-1]}, {"SUCCEEDED"})
        log = self.log(build)
        self.assertIn(f"\nit's call from the store {build['id']} 1\n", log)
        self.assertIn("\n/tmp\n", log)
        self.assertIn(f"\narn:aws:sts::123456789012:assumed-role/builder/AWSCodeBuild-{build['id'].split(':')[1]}\n", log)
        self.assertIn("\nno engine\n", log)
        self.assertRegex(log, r"\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d Entering phase BUILD\n")
        self.assertIn("Running command echo tidy\ntidy\n", log)
        self.assertEqual(build["exportedEnvironmentVariables"], [{"name": "OUT", "value": str(os.cpu_count())}])
        self.assertEqual(build["logs"]["groupName"], "/aws/codebuild/first")
        self.assertTrue(self.nothing_is_left())

    def test_2_what_fails_says_why(self):
        self.project("fails", spec(install=["true"], build=["echo before", "sh -c 'exit 7'", "echo never"],
                                   post_build=["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING"]))
        build = self.run_build("fails", "FAILED")
        self.assertEqual(self.contexts(build), {"BUILD": (
            "COMMAND_EXECUTION_ERROR", "Error while executing command: sh -c 'exit 7'. Reason: exit status 7")})
        self.assertIn("succeeding=0", self.log(build))
        self.assertNotIn("\nnever", self.log(build))

        def fails_with(override):
            return self.contexts(self.run_build("fails", "FAILED", buildspecOverride=override))
        for command in ("exit 3", "set -e; (exit 3); echo never", "set -e\n(exit 3)\necho never"):
            self.assertIn("exit status 3", fails_with(spec(build=[command]))["BUILD"][1])
        early = self.run_build("fails", "FAILED", buildspecOverride=spec(install=["false"], build=["echo never"]))
        self.assertEqual([phase["phaseType"] for phase in early["phases"]][-3:], ["INSTALL", "FINALIZING", "COMPLETED"])
        self.assertEqual(fails_with("version: 0.2\nphases:\n  bild:\n    commands: [a]\n")["DOWNLOAD_SOURCE"], (
            "YAML_FILE_ERROR",
            "invalid buildspec phase name: bild. Expecting: install,pre_build,build,post_build at line 3"))
        with self.assertRaises(self.builds.exceptions.ResourceNotFoundException) as refused:
            self.start("absent")
        self.assertIn("Project cannot be found: arn:aws:codebuild:us-east-1:123456789012:project/absent",
                      str(refused.exception))

    def test_3_sources_artifacts_and_caches(self):
        repository = f"{self.work}/repository"
        write(f"{repository}/buildspec.yml", json.dumps({
            "version": 0.2, "phases": {"build": {"commands": [
                "cat name", "mkdir -p out/deep kept", "cp name out/deep/", "echo 1 >out/top.txt",
                "echo $CODEBUILD_RESOLVED_SOURCE_VERSION", "ls kept", "touch kept/$CODEBUILD_BUILD_NUMBER"]}},
            "artifacts": {"files": ["**/*"], "base-directory": "out"}, "cache": {"paths": ["kept/**/*"]}}))
        write(f"{repository}/name", "main\n")
        git(repository, "init", "-q", "-b", "main")
        git(repository, "add", "."), git(repository, "commit", "-qm", "one")
        git(repository, "checkout", "-qb", "side")
        write(f"{repository}/name", "side\n")
        git(repository, "commit", "-qam", "two"), git(repository, "checkout", "-q", "main")
        commits = [git(repository, "rev-parse", name) for name in ("main", "side")]
        self.project("mapped", source={"type": "GITHUB", "location": "https://github.com/me/app.git"},
                     artifacts={"type": "S3", "location": "out", "path": "a", "namespaceType": "BUILD_ID", "name": "n"},
                     cache={"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE", "LOCAL_SOURCE_CACHE"]})
        first = self.run_build("mapped")
        self.assertEqual(first["resolvedSourceVersion"], commits[0])
        folder = f"{self.work}/bucket/a/{first['id'].split(':')[1]}/n"
        self.assertEqual(sorted(os.listdir(folder)), ["deep", "top.txt"])
        self.assertEqual(first["artifacts"]["location"], f"arn:aws:s3:::out/a/{first['id'].split(':')[1]}/n")
        second = self.run_build("mapped", sourceVersion="side")
        self.assertEqual(second["resolvedSourceVersion"], commits[1])
        self.assertIn(f"\nside\n", self.log(second))
        self.assertIn("Running command ls kept\n1\n", self.log(second))  # what the first left in its cache
        self.builds.invalidate_project_cache(projectName="mapped")
        self.assertNotIn("Running command ls kept\n1", self.log(self.run_build("mapped")))

        # A folder as it is, an object of the stand-in for S3, and git over HTTP.
        plain = f"{self.work}/plain"
        write(f"{plain}/ci/build.yml", spec(build=["pwd; ls"]))
        self.project("plain", "ci/build.yml", {"type": "GITHUB", "location": plain})
        self.run_build("plain")
        shutil.copytree(plain, f"{self.work}/bucket/sources")
        self.project("s3", "ci/build.yml", {"type": "S3", "location": "out/sources/"})
        self.run_build("s3")
        with self.http_server(f"{repository}/.git") as url:
            self.project("http", source={"type": "GITHUB_ENTERPRISE", "location": url})
            self.assertEqual(self.run_build("http", sourceVersion=commits[1])["resolvedSourceVersion"], commits[1])

        missing = self.contexts(self.run_build("plain", "FAILED", buildspecOverride="none.yml"))["DOWNLOAD_SOURCE"]
        self.assertEqual(missing[0], "YAML_FILE_ERROR")
        self.assertRegex(missing[1], r"^stat /codebuild/output/src\d{9}/src/none.yml: no such file or directory$")
        gone = self.run_build("s3", "FAILED", sourceLocationOverride="out/nothing.zip")
        self.assertIn("NoSuchKey: The specified key does not exist.", self.contexts(gone)["DOWNLOAD_SOURCE"][1])
        no_ref = self.run_build("mapped", "FAILED", sourceVersion="nowhere")
        self.assertEqual(self.contexts(no_ref)["DOWNLOAD_SOURCE"], (
            "CLIENT_ERROR", "reference not found for primary source and source version nowhere"))

    def http_server(self, repository):
        git(repository, "update-server-info")
        handler = functools.partial(QuietFiles, directory=repository)
        return Serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))

    def test_4_two_at_once_the_third_waits_and_is_stopped(self):
        self.project("slow", spec(build=["echo begun", "sleep 100"]))
        ids = [self.start("slow") for _ in range(3)]

        def begun():
            return [self.get(build)["currentPhase"] for build in ids] == ["BUILD", "BUILD", "QUEUED"]
        wait_for("two builds and one that waits", begun, 30)
        begin = time.monotonic()
        self.builds.stop_build(id=ids[0])
        stopped = self.finish(ids[0])
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(stopped["buildStatus"], "STOPPED")
        wait_for("the third", lambda: self.get(ids[2])["currentPhase"] == "BUILD", 20)
        # kill -9 now: whatever ran is a fault, and nothing of it stays; what waited is built.
        waiting = self.start("slow", buildspecOverride=spec(build=["echo at last"]))
        self.berth.kill()
        self.berth.start()
        for build in ids[1:]:
            self.assertEqual(self.finish(build)["buildStatus"], "FAULT")
        self.assertEqual(self.finish(waiting)["buildStatus"], "SUCCEEDED")
        wait_for("nothing", self.nothing_is_left, 10)
        again = self.builds.retry_build(id=waiting)["build"]["id"]
        self.assertIn("at last", self.log(self.finish(again)))

    def test_5_berth_build_follows(self):
        self.project("shown", spec(build=["echo shown", "exit 1"]))
        shown = self.berth.berth("build", "shown", "--follow")
        self.assertEqual(shown.returncode, 1)
        self.assertIn("\nshown\n", shown.stdout)
        self.assertRegex(shown.stderr, "shown:[0-9a-f-]+ FAILED: BUILD: Error while executing command: exit 1. Reason: exit "
                                       "status 1")
        unknown = self.berth.berth("build", "unknown")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("Project cannot be found", unknown.stderr)
        # Ctrl-C ends the watching alone.
        self.project("watched", spec(build=["echo watched", "sleep 2"]))
        watching = subprocess.Popen([f"{BIN}/berth", "build", "watched", "-f"], env=self.berth.env, text=True,
                                    stdout=subprocess.PIPE)
        for line in watching.stdout:
            if line == "watched\n":
                break
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=10)
        build = self.builds.list_builds_for_project(projectName="watched")["ids"][0]
        self.assertEqual(self.finish(build)["buildStatus"], "SUCCEEDED")

    def test_6_the_articles_image_is_built_pushed_and_rolled(self):
        source = f"{self.work}/learner"
        os.makedirs(f"{source}/app")
        shutil.copy(f"{SOURCE}/examples/learner/buildspec.yml", source)
        for path in (f"{SOURCE}/app/Dockerfile", f"{BIN}/learner"):
            shutil.copy(path, f"{source}/app/")
        self.berth.client("ecr").create_repository(repositoryName="learner")
        self.project("learner-project", source={"type": "GITHUB", "location": source}, privileged=True)
        self.run_build("learner-project")
        first = self.image()
        self.berth.deploy(f"{SOURCE}/examples/learner/prerequisites.yaml", "learner-prerequisites",
                          f"ImageName={HOST}/learner:latest")
        self.berth.deploy(f"{SOURCE}/examples/learner/ecs_service.yaml", "AWSLearner-ECS-Stack",
                          "AlertEmail=you@example.com")
        self.assertEqual(self.digests(), {first})
        traffic = Traffic(self.berth.url(), threads=3)
        build = self.run_build("learner-project")
        self.assertEqual(build["exportedEnvironmentVariables"][0]["value"], f"{HOST}/learner:latest")
        second = self.image()
        self.assertNotEqual(first, second)
        self.berth.aws("ecs", "update-service", "--cluster", CLUSTER, "--service", "learner-svc-service",
                       "--force-new-deployment")
        wait_for("the new image alone", lambda: self.digests() == {second}, 60)
        self.berth.client("ecs").get_waiter("services_stable").wait(
            cluster=CLUSTER, services=["learner-svc-service"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        traffic.stop()
        self.assertEqual(traffic.bad, [])
        self.assertGreater(traffic.good, 100)

    def image(self):
        return self.berth.client("ecr").describe_images(repositoryName="learner", imageIds=[{"imageTag": "latest"}])[
            "imageDetails"][0]["imageDigest"]

    def digests(self):
        return {container.get("imageDigest") for task in self.berth.tasks() for container in task["containers"]}

    def test_7_down_during_a_build_leaves_nothing(self):
        self.project("last", spec(build=["sleep 100"]))
        build = self.start("last")
        wait_for("the build", lambda: self.get(build)["currentPhase"] == "BUILD", 20)
        done = self.berth.down()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(self.nothing_is_left())
        self.assertFalse(os.path.exists(f"{self.berth.data}/build-cache"))


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Serving:
    def __init__(self, server):
        self.server = server

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
