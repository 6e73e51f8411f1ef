"""Our client against somebody else's service: moto's server, for what moto implements."""

import csv
import http.server
import io
import json
import os
import socket
import subprocess
import sys
import threading
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


def caller(**more):
    """Runs our client with nothing from the environment but what is given."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    } | more

    def run(*words, **options):
        return subprocess.run([BINARY, *words], env=environment, capture_output=True, text=True, timeout=60, **options)

    return run


@pytest.fixture
def fleetdeck(moto):
    return caller(AWS_ENDPOINT_URL=moto)


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


@pytest.fixture
def instances(moto):
    """Two instances in moto's EC2, one of them with tags."""
    ec2 = boto3.client("ec2", endpoint_url=moto, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    started = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2)["Instances"]
    ids = [instance["InstanceId"] for instance in started]
    ec2.create_tags(Resources=ids[:1], Tags=[{"Key": "Name", "Value": "web & more"}, {"Key": "Env", "Value": "prod"}])
    yield ids
    ec2.terminate_instances(InstanceIds=ids)


@pytest.fixture
def managed(instances):
    """Systems Manager, which moto has no nodes in: it lists the instances and a node of its own."""
    nodes = [
        {"InstanceId": node, "PingStatus": "Online", "ComputerName": f"ip-10-0-0-{number}"}
        for number, node in enumerate([*instances, "mi-0123456789abcdef0"])
    ]
    answers = {
        "DescribeInstanceInformation": {"InstanceInformationList": nodes},
        "ListTagsForResource": {"TagList": [{"Key": "Name", "Value": "on-premises"}]},
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = answers.get(self.headers.get("X-Amz-Target", "").removeprefix("AmazonSSM."))
            body = json.dumps(answer or {"__type": "UnknownOperationException"}).encode()
            self.send_response(200 if answer else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def services_of_a_profile(moto, managed, root):
    config = root / "config"
    config.write_text(
        f"""[profile apart]
services = two
endpoint_url = http://127.0.0.1:9

[services two]
ssm =
  endpoint_url = {managed}
ec2 =
  endpoint_url = {moto}
"""
    )
    return {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "apart"}


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(lambda moto, managed, _: {"AWS_ENDPOINT_URL_SSM": managed, "AWS_ENDPOINT_URL_EC2": moto}, id="each"),
        pytest.param(lambda moto, managed, _: {"AWS_ENDPOINT_URL_SSM": managed, "AWS_ENDPOINT_URL": moto}, id="one-and-all-others"),
        pytest.param(services_of_a_profile, id="profile"),
    ],
)
def test_tags_of_instances(moto, managed, instances, tmp_path, addresses):
    fleetdeck = caller(**addresses(moto, managed, tmp_path))
    listed = fleetdeck("nodes", "--tags", "--output", "json")
    assert listed.returncode == 0, listed.stderr
    tags = {node["InstanceId"]: {tag["Key"]: tag["Value"] for tag in node["Tags"]} for node in map(json.loads, listed.stdout.splitlines())}
    own = {"mi-0123456789abcdef0": {"Name": "on-premises"}}
    assert tags == {instances[0]: {"Name": "web & more", "Env": "prod"}, instances[1]: {}} | own
    # The tag names a node, where it has one.
    rows = list(csv.reader(io.StringIO(fleetdeck("nodes", "--tags", "--output", "csv").stdout)))
    names = {row[rows[0].index("ID")]: row[rows[0].index("NAME")] for row in rows[1:]}
    assert names == {instances[0]: "web & more", instances[1]: "ip-10-0-0-1", "mi-0123456789abcdef0": "on-premises"}


def test_tags_of_instances_without_ec2(managed, instances):
    # At an endpoint that serves Systems Manager alone nobody is asked for EC2.
    listed = caller(AWS_ENDPOINT_URL=managed)("nodes", "--tags", "--output", "json")
    assert listed.returncode == 0, listed.stderr
    assert {node["InstanceId"] for node in map(json.loads, listed.stdout.splitlines())} > set(instances)
