"""What berth adds to builds and to the registry, for scripts/bench: a build of the article's application by CodeBuild against
the same commands by hand in the same image, and pushes and pulls through ECR's name against a registry of its own.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import tarfile
import tempfile
import time

import yaml

from daemon import PODMAN, Daemon, free_port, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD_IMAGE = "localhost/berth-build:latest"
ROUNDS = 3  # builds each way
PUSHES = 7
LAYER_BYTES = 64 << 20
REGISTRY_CONFIG = """
version: 0.1
storage:
  filesystem:
    rootdirectory: {folder}
  delete:
    enabled: true
http:
  addr: 127.0.0.1:{port}
"""


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


def checked(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **options)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stdout}{done.stderr}")  # its arguments may hold keys
    return done.stdout


class BareRegistry:
    """docker-registry as somebody would start it."""

    def __init__(self):
        self.folder, self.port = tempfile.mkdtemp(prefix="berth-bench-registry-"), free_port()
        with open(f"{self.folder}/config.yml", "w") as file:
            file.write(REGISTRY_CONFIG.format(folder=self.folder, port=self.port))
        self.process = subprocess.Popen(["docker-registry", "serve", f"{self.folder}/config.yml"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.folder)


def fresh_image(folder, name):
    """One layer that no registry has: a push of it moves every byte."""
    with open(f"{folder}/layer", "wb") as file:
        file.write(os.urandom(LAYER_BYTES))
    with tarfile.open(f"{folder}/root.tar", "w") as tar:
        tar.add(f"{folder}/layer", "layer")
    checked(*PODMAN, "import", f"{folder}/root.tar", name)


def registry_ratio(table, daemon, folder):
    """Pairs, in turns: the same image to and from both."""
    daemon.aws("ecr", "create-repository", "--repository-name", "bench")
    login = daemon.client("ecr").get_authorization_token()["authorizationData"][0]
    local = login["proxyEndpoint"].removeprefix("http://")
    auth = f"{folder}/auth.json"
    checked(*PODMAN, "login", "--tls-verify=false", "--authfile", auth, "--username", "AWS", "--password-stdin", local,
            input=daemon.aws("ecr", "get-login-password"))
    bare = BareRegistry()
    wait_for("the bare registry", lambda: subprocess.run(
        ["curl", "-sf", f"http://127.0.0.1:{bare.port}/v2/"], capture_output=True).returncode == 0)
    options = ["--tls-verify=false", "--authfile", auth, "--quiet"]
    times = {"push": ([], []), "pull": ([], [])}
    for turn in range(PUSHES):
        source = f"localhost/berth-bench-{turn}:latest"
        fresh_image(folder, source)
        names = (f"{local}/bench:{turn}", f"127.0.0.1:{bare.port}/bench:{turn}")
        order = (0, 1) if turn % 2 else (1, 0)
        for side in order:
            times["push"][side].append(timed(lambda: checked(*PODMAN, "push", *options, source, names[side])))
        checked(*PODMAN, "rmi", "--force", source)
        for side in order:
            times["pull"][side].append(timed(lambda: checked(*PODMAN, "pull", *options, names[side])))
            checked(*PODMAN, "rmi", "--force", names[side])
    bare.close()
    for what, (ours, theirs) in times.items():
        ratio = statistics.median(b / a for a, b in zip(ours, theirs))
        table.row(f"{what} of {LAYER_BYTES >> 20} MiB through ECR, speed against the bare registry "
                  f"({statistics.median(ours):.2f} s each)", f"{ratio:.3f} x", ">= 0.95 x")


def application_source(folder):
    source = f"{folder}/source"
    shutil.copytree(f"{ROOT}/app", f"{source}/app")
    shutil.copy(f"{ROOT}/examples/learner/buildspec.yml", source)
    return source


def by_codebuild(daemon):
    build = daemon.client("codebuild").start_build(projectName="bench")["build"]["id"]

    def ended():
        found = daemon.client("codebuild").batch_get_builds(ids=[build])["builds"][0]
        return found if found["buildStatus"] != "IN_PROGRESS" else None

    if wait_for("the end of the build", ended, 600)["buildStatus"] != "SUCCEEDED":
        raise SystemExit(daemon.berth("logs", "/aws/codebuild/bench").stdout)


def by_hand(daemon, folder, source, local):
    """The buildspec's commands in the builds' image, with an engine on its socket."""
    work = tempfile.mkdtemp(dir=folder)
    shutil.copytree(source, f"{work}/source")
    with open(f"{source}/buildspec.yml") as file:
        phases = yaml.safe_load(file)["phases"]
    commands = [command for phase in ("pre_build", "build", "post_build") for command in phases[phase]["commands"]]
    script = "\n".join(["set -e", *commands]).replace(
        "REGISTRY=$(echo", f"REGISTRY={local} # $(echo")
    with open(f"{work}/registries.conf", "w") as file:
        file.write(f'[[registry]]\nlocation = "{local}"\ninsecure = true\n')
    socket = f"{work}/engine.sock"
    engine = subprocess.Popen([*PODMAN, "system", "service", "-t", "0", f"unix://{socket}"],
                              env=dict(os.environ, CONTAINERS_REGISTRIES_CONF=f"{work}/registries.conf"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("the engine", lambda: os.path.exists(socket))
    environment = {name: daemon.env[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    environment.update(AWS_ENDPOINT_URL=daemon.endpoint, AWS_DEFAULT_REGION="us-east-1", IMAGE_REPO_NAME="learner",
                       IMAGE_TAG="latest", CODEBUILD_BUILD_NUMBER="1", CODEBUILD_BUILD_SUCCEEDING="1")
    try:
        checked(*PODMAN, "run", "--rm", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096",
                "--network", "host", "--entrypoint", "/bin/sh", "--volume",
                f"{work}/source:/source", "--volume", f"{socket}:/var/run/docker.sock", "--volume",
                f"{work}/registries.conf:/etc/containers/registries.conf.d/bench.conf:ro", "--workdir", "/source",
                *(f"--env={name}={value}" for name, value in environment.items()), BUILD_IMAGE, "-c", script)
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait()


def build_overhead(table, daemon, folder):
    source = application_source(folder)
    daemon.aws("ecr", "create-repository", "--repository-name", "learner")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "codebuild.amazonaws.com"}}]}
    iam = daemon.client("iam")
    role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for policy in ("AmazonEC2ContainerRegistryPowerUser", "CloudWatchLogsFullAccess"):
        iam.attach_role_policy(RoleName="bench", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    daemon.client("codebuild").create_project(
        name="bench", serviceRole=role, source={"type": "GITHUB", "location": source},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                     "computeType": "BUILD_GENERAL1_SMALL", "privilegedMode": True})
    login = daemon.client("ecr").get_authorization_token()["authorizationData"][0]
    local = login["proxyEndpoint"].removeprefix("http://")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(timed(lambda: by_codebuild(daemon)))
        theirs.append(timed(lambda: by_hand(daemon, folder, source, local)))
    over = statistics.median(ours) - statistics.median(theirs)
    table.row(f"a build of the application, source to pushed ({statistics.median(ours):.1f} s), over the same by hand",
              f"{over:+.1f} s", "<= 3 s")


def hundred_resources(table, daemon):
    """Parameters, roles, log groups and alarms, through the API: from CreateStack to CREATE_COMPLETE, and away again."""
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}
    resources = {}
    for n in range(25):
        resources[f"Parameter{n}"] = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": str(n)}}
        resources[f"Role{n}"] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
        resources[f"Group{n}"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}
        resources[f"Alarm{n}"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": {
            "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 60,
            "EvaluationPeriods": 3, "Threshold": n, "ComparisonOperator": "GreaterThanThreshold"}}
    client = daemon.client("cloudformation")

    def status(stack):
        return client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]

    created, deleted = [], []
    for turn in range(5):
        def create():
            stack = client.create_stack(StackName=f"hundred{turn}", Capabilities=["CAPABILITY_IAM"],
                                        TemplateBody=json.dumps({"Resources": resources}))["StackId"]
            while status(stack) == "CREATE_IN_PROGRESS":
                time.sleep(0.01)
            return stack

        began = time.monotonic()
        stack = create()
        created.append(time.monotonic() - began)
        if status(stack) != "CREATE_COMPLETE":
            raise SystemExit(f"hundred resources: {status(stack)}")
        client.delete_stack(StackName=stack)
        began = time.monotonic()
        while status(stack) == "DELETE_IN_PROGRESS":
            time.sleep(0.01)
        deleted.append(time.monotonic() - began)
    table.row("a stack of 100 resources: create, delete",
              f"{statistics.median(created):.2f} s, {statistics.median(deleted):.2f} s", "<= 1 s each")


def builds(table, bin_dir):
    folder = tempfile.mkdtemp(prefix="berth-bench-")
    checked(f"{ROOT}/scripts/build-image", "--if-missing")
    daemon = Daemon(bin_dir, 1)
    daemon.start()
    try:
        hundred_resources(table, daemon)
        registry_ratio(table, daemon, folder)
        build_overhead(table, daemon, folder)
    finally:
        daemon.clean_up()
        shutil.rmtree(folder)
