"""Our client against somebody else's service: moto's server, for what moto implements."""

import json
import os
import socket
import subprocess
import sys
import urllib.request

import boto3
import pytest

from conftest import BINARY, REGION, until


@pytest.fixture(scope="module")
def moto():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"

    def up():
        try:
            return urllib.request.urlopen(url + "/moto-api/").status == 200
        except OSError:
            return False

    until("moto", up)
    yield url
    process.terminate()
    process.wait()


@pytest.fixture
def fleetdeck(moto):
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": moto, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }

    def run(*words, **options):
        return subprocess.run([BINARY, *words], env=environment, capture_output=True, text=True, timeout=60, **options)

    return run


@pytest.fixture
def ssm(moto):
    return boto3.client("ssm", endpoint_url=moto, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


def test_parameters(fleetdeck, ssm):
    assert fleetdeck("param", "put", "/moto/host", "db.internal").returncode == 0
    assert fleetdeck("param", "put", "/moto/pass", "--type", "SecureString", input="hunter2").returncode == 0
    assert ssm.get_parameter(Name="/moto/pass", WithDecryption=True)["Parameter"]["Value"] == "hunter2"
    assert fleetdeck("param", "get", "/moto/host").stdout == "db.internal\n"
    listed = fleetdeck("param", "ls", "/moto", "--output", "json")
    assert "hunter2" not in listed.stdout and "/moto/pass" in listed.stdout
    assert fleetdeck("param", "get", "/moto/pass", "--decrypt").stdout == "hunter2\n"
    missing = fleetdeck("param", "get", "/moto/none")
    assert missing.returncode == 1 and "ParameterNotFound" in missing.stderr
    assert fleetdeck("param", "rm", "/moto/host", "--yes").returncode == 0


def test_many_pages(fleetdeck, ssm):
    for number in range(35):
        ssm.put_parameter(Name=f"/many/{number}", Value="x", Type="String")
    listed = fleetdeck("param", "ls", "/many", "--output", "json")
    assert listed.stdout.count("/many/") >= 35


def test_commands(fleetdeck, ssm):
    sent = fleetdeck("run", "--instance", "i-0123456789abcdef0", "--no-wait", "--output", "json", "--", "uname -a")
    assert sent.returncode == 0, sent.stderr
    commands = ssm.list_commands()["Commands"]
    assert commands[0]["DocumentName"] == "AWS-RunShellScript"
    assert commands[0]["Parameters"]["commands"] == ["uname -a"]
    assert commands[0]["CommandId"] in sent.stdout


def test_documents(fleetdeck, ssm):
    content = {"schemaVersion": "2.2", "description": "x", "mainSteps": [{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["true"]}}]}
    ssm.create_document(Name="Mine", Content=json.dumps(content), DocumentType="Command")
    sent = fleetdeck("run", "--document", "Mine", "--instance", "i-0123456789abcdef0", "--no-wait")
    assert sent.returncode == 0, sent.stderr
