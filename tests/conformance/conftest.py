"""The other end is somebody else's program: boto3, the AWS CLI, moto. This file starts ours beside them."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import boto3
import pytest
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("FLEETDECK", ROOT / "target" / "debug" / "fleetdeck"))
REGION = "us-east-1"
DEADLINE = 180


def until(what, probe, deadline=DEADLINE):
    """Polls until the probe answers something true; the state, not the time, is what a test waits for."""
    end = time.monotonic() + deadline
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < end, f"still waiting for {what} after {deadline} s"
        time.sleep(0.05)


class Engine:
    """An engine process over a data directory, which outlives the process."""

    scheme = "http"

    def __init__(self, data):
        self.data = data
        self.process = None
        self.port = 0
        self.agents = []

    def start(self, *extra):
        log = open(self.data.parent / "engine.log", "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", *extra],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )
        line = self.process.stdout.readline()
        assert line.startswith(f"listening on {self.scheme}://"), f"the engine did not start: {line!r}"
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def kill(self):
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(20) == 0, "the engine stops gracefully on SIGTERM"

    @property
    def credentials(self):
        return self.data / "credentials"

    def environment(self):
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return keep | {
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,  # the AWS CLI in version 1 reads only this one
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service="ssm", **overrides):
        keys = {}
        for line in self.credentials.read_text().splitlines():
            name, _, value = line.partition("=")
            keys[name.strip()] = value.strip()
        arguments = {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": keys["aws_access_key_id"],
            "aws_secret_access_key": keys["aws_secret_access_key"],
            "config": Config(retries={"max_attempts": 1}),
        }
        return boto3.client(service, **(arguments | overrides))

    def aws(self, *words):
        """The AWS CLI with only the credentials file and --endpoint-url; its JSON."""
        run = self.aws_raw(*words)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout) if run.stdout.strip() else {}

    def aws_raw(self, *words):
        command = [sys.executable, "-m", "awscli", "--endpoint-url", self.url, "--output", "json", *words]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=60)

    def fleetdeck(self, *words, **options):
        """Our own verbs, pointed at the engine as any AWS client would be."""
        command = [BINARY, "--endpoint-url", self.url, *words]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=120, **options)

    def agent(self, name, tags=None):
        """A real agent process, registered through its own activation."""
        activation = self.client().create_activation(
            IamRole="SSMServiceRole", DefaultInstanceName=name,
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        )
        agent = Agent(self, self.data.parent / f"agent-{name}", activation)
        self.agents.append(agent)
        return agent

    def node_ids(self, **filters):
        pages = self.client().get_paginator("describe_instance_information").paginate(**filters)
        return {node["Name"]: node["InstanceId"] for page in pages for node in page["InstanceInformationList"]}

    def invocations(self, command):
        pages = self.client().get_paginator("list_command_invocations").paginate(CommandId=command, Details=True)
        return [invocation for page in pages for invocation in page["CommandInvocations"]]

    def finished(self, command, count, deadline=DEADLINE):
        """Waits until every invocation of a command has reached its end."""
        open_states = {"Pending", "InProgress", "Delayed", "Cancelling"}

        def probe():
            found = self.invocations(command)
            return len(found) == count and not any(i["Status"] in open_states for i in found) and found

        return until(f"{count} ended invocations", probe, deadline)


class Agent:
    def __init__(self, engine, data, activation):
        self.engine, self.data, self.activation = engine, data, activation
        self.process = None

    def start(self):
        command = [BINARY, "agent", "--endpoint-url", self.engine.url, "--data", self.data]
        if not self.data.exists():
            command += ["--activation-id", self.activation["ActivationId"]]
            command += ["--activation-code", self.activation["ActivationCode"]]
        log = open(f"{self.data}.log", "ab")
        # No credentials: the activation is all that a node has.
        environment = self.engine.environment()
        del environment["AWS_SHARED_CREDENTIALS_FILE"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


def start_engine(directory, *extra):
    return Engine(directory / "data").start(*extra)


def stop_all(engine):
    for agent in engine.agents:
        agent.stop()
    engine.stop()


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """One engine for the tests that do not harm it."""
    engine = start_engine(tmp_path_factory.mktemp("engine"))
    yield engine
    stop_all(engine)


@pytest.fixture(scope="session")
def ssm(engine):
    return engine.client()


FLEET = {
    "web-1": "web", "web-2": "web", "web-3": "web", "db-1": "db", "db-2": "db", "cache-1": "cache",
}


def start_fleet(engine):
    """Six agents, tagged by role, all online."""
    for name, role in FLEET.items():
        engine.agent(name, {"Environment": "test", "Role": role}).start()

    def probe():
        nodes = engine.client().describe_instance_information(MaxResults=50)["InstanceInformationList"]
        online = [n for n in nodes if n["PingStatus"] == "Online"]
        connected = [n for n in online if engine.client().get_connection_status(Target=n["InstanceId"])["Status"] == "connected"]
        return len(connected) == len(FLEET)

    until("six connected nodes", probe)
    return engine.node_ids()


@pytest.fixture(scope="session")
def fleet(engine):
    """The ids of six live nodes by name."""
    return start_fleet(engine)


@pytest.fixture
def own_engine(tmp_path):
    """An engine that a test may kill."""
    engine = start_engine(tmp_path)
    yield engine
    stop_all(engine)
