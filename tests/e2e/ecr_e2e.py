"""ECR over a real registry: the stock CLI, Podman's login, push and pull, a task from the pushed image, kills.

Usage: ecr_e2e.py BIN_DIR. Needs root, Podman, HAProxy and docker-registry.
"""

import base64
import hashlib
import hmac
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import unittest
import urllib.error
import urllib.request

from daemon import PODMAN, Daemon, kill_if_there, output_of, wait_for

BIN = sys.argv[1]
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


class Ecr(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.berth = Daemon(BIN)
        cls.berth.start()
        cls.work = tempfile.mkdtemp(prefix="berth-ecr-")
        cls.login_file = cls.work + "/auth.json"
        cls.images = set()

    @classmethod
    def tearDownClass(cls):
        # Also what tasks were run from, which the engine has by digest alone.
        with open(f"{cls.berth.data}/registry.json") as file:
            address = json.load(file)["address"]
        listed = output_of([*PODMAN, "images", "--format", "{{.Repository}} {{.ID}}"])
        pulled = {line.split()[1] for line in listed.splitlines() if line.startswith(f"{address}/")}
        for image in {*cls.images, *pulled}:
            subprocess.run([*PODMAN, "rmi", "--force", image], capture_output=True)
        shutil.rmtree(cls.work)
        cls.berth.clean_up()

    # tools

    @classmethod
    def image(cls, name, text):
        """An image of its own: the sleeping probe, and a file with `text`."""
        archive = f"{cls.work}/image.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(f"{BIN}/e2e_probe", "probe")
            entry = tarfile.TarInfo("text")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
        cls.podman("import", "--change", 'ENTRYPOINT ["/probe","sleep"]', archive, name)
        cls.images.add(name)

    @classmethod
    def podman(cls, *arguments, check=True, **options):
        done = subprocess.run([*PODMAN, *arguments], capture_output=True, text=True, timeout=120, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"podman {' '.join(arguments)}: {done.stderr}")
        return done

    def login(self, password, check=True):
        return self.podman("login", "--tls-verify=false", "--authfile", self.login_file, "--username", "AWS",
                           "--password-stdin", self.address(), input=password, check=check)

    def push(self, local, repository_and_tag, check=True):
        return self.podman("push", "--tls-verify=false", "--authfile", self.login_file, local,
                           f"{self.address()}/{repository_and_tag}", check=check)

    def pull(self, repository_and_tag, check=True):
        name = f"{self.address()}/{repository_and_tag}"
        self.images.add(name)
        return self.podman("pull", "--tls-verify=false", "--authfile", self.login_file, name, check=check)

    def address(self):
        data = self.ecr.get_authorization_token()["authorizationData"][0]
        return data["proxyEndpoint"].removeprefix("http://")

    def ask(self, path, password=None, method="GET", data=None, headers=None):
        """Status, headers and body of the registry's own API."""
        request = urllib.request.Request(f"http://{self.address()}{path}", data, headers or {}, method=method)
        if password is not None:
            request.add_header("Authorization", "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def password(self):
        token = self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().removeprefix("AWS:")

    def images_of(self, repository):
        return self.ecr.describe_images(repositoryName=repository)["imageDetails"]

    def tags_of(self, repository):
        return sorted(tag for image in self.images_of(repository) for tag in image.get("imageTags", []))

    def processes(self):
        return (self.berth.processes(f"{self.berth.data}/registry/config.yml"),
                self.berth.processes(f"{self.berth.data}/registry/front/haproxy.pid"))

    def setUp(self):
        self.ecr = self.berth.client("ecr")

    # in the order of their names

    def test_1_nothing_runs_before_it_is_needed(self):
        self.assertEqual(self.processes(), ([], []))
        made = self.berth.aws_json("ecr", "create-repository", "--repository-name", "app")["repository"]
        self.assertEqual(made["repositoryUri"], f"{HOST}/app")
        self.assertEqual(made["repositoryArn"], "arn:aws:ecr:us-east-1:123456789012:repository/app")
        wait_for("the registry", lambda: all(len(pids) == 1 for pids in self.processes()), 20)
        password = self.berth.aws("ecr", "get-login-password").strip()
        self.login(password)

    def test_2_what_is_pushed_is_listed(self):
        self.image("localhost/berth-ecr:one", "one")
        self.push("localhost/berth-ecr:one", "app:v1")
        image = self.images_of("app")[0]
        self.assertEqual(image["imageTags"], ["v1"])
        status, headers, manifest = self.ask("/v2/app/manifests/v1", self.password())
        self.assertEqual((status, headers["Docker-Content-Digest"]), (200, image["imageDigest"]))
        parts = json.loads(manifest)
        self.assertEqual(image["imageSizeInBytes"],
                         parts["config"]["size"] + sum(layer["size"] for layer in parts["layers"]))
        got = self.berth.aws_json("ecr", "batch-get-image", "--repository-name", "app", "--image-ids", "imageTag=v1")
        self.assertEqual(got["images"][0]["imageManifest"].encode(), manifest)
        # Retagged by its manifest, as AWS's documentation has it.
        self.berth.aws("ecr", "put-image", "--repository-name", "app", "--image-tag", "stable", "--image-manifest",
                       manifest.decode())
        self.assertEqual(self.tags_of("app"), ["stable", "v1"])
        self.pull("app:stable")
        self.assertEqual(json.loads(self.ask("/v2/app/tags/list", self.password())[2]),
                         {"name": "app", "tags": ["stable", "v1"]})

        shown = self.berth.berth("status").stdout
        self.assertRegex(shown, f"REPOSITORIES at {self.address()}\n  app +images: 1")
        self.assertEqual(self.berth.problems(), [])

    def test_3_a_task_runs_what_was_pushed(self):
        ecs = self.berth.client("ecs")
        ecs.create_cluster(clusterName="ecr")
        self.berth.client("iam").create_role(RoleName="execution", AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
                "Service": "ecs-tasks.amazonaws.com"}}]}))
        ecs.register_task_definition(
            family="pushed", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512",
            executionRoleArn="arn:aws:iam::123456789012:role/execution",
            containerDefinitions=[{"name": "app", "image": f"{HOST}/app:v1", "essential": True}])
        digest = self.images_of("app")[0]["imageDigest"]
        task = self.run_task()
        self.assertEqual(task["containers"][0].get("imageDigest"), digest)
        # The tag moves; the next task runs what it means then.
        self.image("localhost/berth-ecr:two", "two")
        self.push("localhost/berth-ecr:two", "app:v1")
        moved = self.ecr.describe_images(repositoryName="app", imageIds=[{"imageTag": "v1"}])["imageDetails"][0]
        self.assertNotEqual(moved["imageDigest"], digest)
        self.assertEqual(self.run_task()["containers"][0].get("imageDigest"), moved["imageDigest"])

    def run_task(self):
        ecs = self.berth.client("ecs")
        task = ecs.run_task(cluster="ecr", taskDefinition="pushed", launchType="FARGATE", networkConfiguration={
            "awsvpcConfiguration": {"subnets": [self.subnet()]}})["tasks"][0]

        def running():
            now = ecs.describe_tasks(cluster="ecr", tasks=[task["taskArn"]])["tasks"][0]
            self.assertNotEqual(now["lastStatus"], "STOPPED", now.get("stoppedReason"))
            return now if now["lastStatus"] == "RUNNING" else None
        found = wait_for("the task", running, 30)
        ecs.stop_task(cluster="ecr", task=task["taskArn"])
        return found

    def subnet(self):
        ec2 = self.berth.client("ec2")
        subnets = ec2.describe_subnets()["Subnets"]
        if subnets:
            return subnets[0]["SubnetId"]
        vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        return ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]

    def test_4_who_may_not_is_refused(self):
        self.assertNotEqual(self.login("wrong", check=False).returncode, 0)
        status, headers, _ = self.ask("/v2/")
        self.assertEqual((status, headers["WWW-Authenticate"].split()[0]), (401, "Basic"))
        good = self.password()
        self.assertEqual(self.ask("/v2/", good)[0], 200)
        for bad in ("wrong", good[:-2] + "AA", ".".join(["e30", *good.split(".")[1:]])):
            self.assertEqual(self.ask("/v2/", bad)[0], 401)
            self.assertEqual(self.ask("/v2/app/blobs/sha256:" + "0" * 64, bad)[0], 401)
        expired = self.expired(good)
        for path in ("/v2/", "/v2/app/blobs/sha256:" + "0" * 64):
            status, _, body = self.ask(path, expired)
            self.assertEqual((status, json.loads(body)["errors"][0]["code"]), (403, "DENIED"))
        self.login(good)
        refused = self.push("localhost/berth-ecr:one", "foreign:v1", check=False)
        self.assertIn("The repository with name 'foreign' does not exist in the registry with id '123456789012'",
                      refused.stderr)
        manifest = self.ask("/v2/app/manifests/v1", good)[2]
        kind = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
        status, _, body = self.ask("/v2/app/manifests/sha256:" + "0" * 64, good, "PUT", manifest, kind)
        self.assertEqual((status, json.loads(body)["errors"][0]["code"]), (400, "DIGEST_INVALID"))
        missing = json.loads(manifest)
        missing["layers"][0]["digest"] = "sha256:" + "0" * 64
        status, _, body = self.ask("/v2/app/manifests/bad", good, "PUT", json.dumps(missing).encode(), kind)
        self.assertEqual((status, json.loads(body)["errors"][0]["code"]), (400, "MANIFEST_BLOB_UNKNOWN"))
        self.assertNotIn("bad", self.tags_of("app"))

    def expired(self, good):
        """A password of berth's key whose time is over."""
        with open(f"{self.berth.data}/registry.json") as file:
            key = json.load(file)["key"].encode()
        claims = base64.urlsafe_b64encode(b'{"sub":"x","exp":1}').rstrip(b"=").decode()
        signed = good.split(".")[0] + "." + claims
        signature = base64.urlsafe_b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).rstrip(b"=")
        return signed + "." + signature.decode()

    def test_5_an_immutable_tag_stays(self):
        self.ecr.put_image_tag_mutability(repositoryName="app", imageTagMutability="IMMUTABLE")
        refused = self.push("localhost/berth-ecr:one", "app:v1", check=False)
        self.assertIn("The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because the "
                      "tag is immutable.", refused.stderr)
        self.push("localhost/berth-ecr:one", "app:v3")
        self.ecr.put_image_tag_mutability(repositoryName="app", imageTagMutability="MUTABLE")

    def test_6_kills_lose_nothing(self):
        with open(self.work + "/big", "wb") as file:
            file.write(os.urandom(150 << 20))
        with tarfile.open(self.work + "/big.tar", "w") as tar:
            tar.add(self.work + "/big", "big")
        self.podman("import", self.work + "/big.tar", "localhost/berth-ecr:big")
        self.images.add("localhost/berth-ecr:big")
        before = self.tags_of("app")
        pushing = subprocess.Popen([*PODMAN, "push", "--tls-verify=false", "--authfile", self.login_file,
                                    "localhost/berth-ecr:big", f"{self.address()}/app:big"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        uploads = f"{self.berth.data}/registry/storage/docker/registry/v2/repositories/app/_uploads"
        wait_for("the upload", lambda: os.path.isdir(uploads) and os.listdir(uploads), 30)
        processes = self.processes()
        self.berth.kill()
        self.berth.start()
        pushing.communicate(timeout=100)
        listed = self.tags_of("app")
        self.assertIn(listed, (before, sorted([*before, "big"])))
        self.assertEqual("big" in listed, pushing.returncode == 0)
        self.assertEqual(self.processes(), processes)  # taken over, not started again
        self.push("localhost/berth-ecr:big", "app:big")
        for pid in self.processes()[0] + self.processes()[1]:
            kill_if_there(pid)
        wait_for("both again", lambda: all(len(p) == 1 and p != old for p, old in zip(self.processes(), processes)), 20)
        wait_for("an answer", lambda: self.answers(), 10)
        self.podman("rmi", "--force", "localhost/berth-ecr:big")
        self.pull("app:big")

    def answers(self):
        try:
            return self.ask("/v2/", self.password())[0] == 200
        except OSError:
            return False

    def test_7_what_is_deleted_goes(self):
        storage = f"{self.berth.data}/registry/storage/docker/registry/v2"
        deleted = self.ecr.batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "big"}])
        self.assertEqual(deleted["failures"], [])
        self.assertNotIn("big", self.tags_of("app"))
        wait_for("the layers' end", lambda: int(output_of(["du", "-sm", storage]).split()[0]) < 100, 60)
        self.pull("app:v1")
        with self.assertRaises(self.ecr.exceptions.RepositoryNotEmptyException):
            self.ecr.delete_repository(repositoryName="app")
        self.ecr.delete_repository(repositoryName="app", force=True)
        wait_for("the repository's end", lambda: not os.path.exists(f"{storage}/repositories/app"), 20)

    def test_8_secrets_are_their_owners_and_down_takes_all(self):
        folder = f"{self.berth.data}/registry"
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        for path in (f"{self.berth.data}/registry.json", f"{folder}/config.yml", f"{folder}/front/haproxy.cfg"):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)
        with open(f"{self.berth.data}/registry.json") as file:
            key = json.load(file)["key"]
        self.assertNotIn(key, self.berth.log())
        self.assertEqual(self.berth.down().returncode, 0)
        self.assertEqual(self.processes(), ([], []))
        self.assertFalse(os.path.exists(folder))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
