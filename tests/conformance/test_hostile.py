"""Malformed requests and frames: a clear error, a closed socket, and an engine that goes on."""

import http.client
import json
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from conftest import REGION


def signed(engine, service, method, path, body=b"", headers=None):
    keys = dict(
        (name.strip(), value.strip())
        for name, _, value in (line.partition("=") for line in engine.credentials.read_text().splitlines())
    )
    credentials = botocore.credentials.Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"])
    request = botocore.awsrequest.AWSRequest(method, engine.url + path, data=body, headers=headers or {})
    botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
    return request.prepare()


def post(engine, body, operation="GetParameter"):
    request = signed(
        engine, "ssm", "POST", "/", body,
        {"X-Amz-Target": f"AmazonSSM.{operation}", "Content-Type": "application/x-amz-json-1.1"},
    )
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=30)
    connection.request("POST", "/", body, dict(request.headers))
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text else {}


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"[]", b"7", b'{"Name": 7}', b'{"Name": ["x"]}', b"[" * 100_000, b'{"Name": "\\ud800"}'],
)
def test_bodies_that_are_not_requests(engine, body):
    status, error = post(engine, body)
    assert status == 400 and error["__type"] in {"SerializationException", "ValidationException"}


def test_a_body_beyond_every_limit(engine, ssm):
    try:
        status, _ = post(engine, json.dumps({"Name": "/x", "Type": "String", "Value": "x" * 20_000_000}).encode(), "PutParameter")
        assert status in (400, 413)
    except (BrokenPipeError, ConnectionResetError):
        pass
    ssm.describe_parameters()


def control_channel(engine, ident):
    request = signed(engine, "ssmmessages", "GET", f"/v1/control-channel/{ident}?role=subscribe&stream=input")
    return connect(
        engine.url.replace("http", "ws", 1) + f"/v1/control-channel/{ident}?role=subscribe&stream=input",
        additional_headers={k: v for k, v in request.headers.items() if k.lower() in {"authorization", "x-amz-date"}},
    )


@pytest.mark.parametrize(
    "frames",
    [
        [b"\x00" * 200],
        [b"\xff" * 120],
        [b"\x00\x00\x00\x74" + b"agent_job_ack".ljust(32) + b"\x00" * 84],
        ["not an open message"],
        ['{"TokenValue": "forged", "MessageSchemaVersion": "1.0", "RequestId": "x"}', b"\x01" * 500],
        [b"x" * 1_000_000] * 3,
    ],
)
@pytest.mark.parametrize("path", ["/v1/data-channel/nobody-0123456789abcdef0?role=publish_subscribe"])
def test_malformed_frames(engine, ssm, frames, path):
    try:
        with connect(engine.url.replace("http", "ws", 1) + path, open_timeout=10) as socket:
            for frame in frames:
                socket.send(frame)
            with pytest.raises((ConnectionClosed, TimeoutError)):
                socket.recv(timeout=10)
    except Exception as error:  # refusing the upgrade, or hanging up while we still write, is an answer as well
        assert type(error).__module__.startswith("websockets") or isinstance(error, OSError)
    ssm.describe_activations()


def test_the_control_channel_is_not_for_everybody(engine, ssm, fleet):
    """The account's own keys are not a node's: no one else may sit on a node's channel."""
    try:
        with control_channel(engine, fleet["web-1"]) as socket:
            socket.send('{"TokenValue": "forged", "MessageSchemaVersion": "1.0", "RequestId": "x", "AgentVersion": "3.3.0.0"}')
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=10)
    except Exception as error:
        assert type(error).__module__.startswith("websockets")
    assert ssm.get_connection_status(Target=fleet["web-1"])["Status"] == "connected"


def test_an_unknown_path(engine):
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(engine.url + "/../../etc/passwd")
    assert error.value.code in (400, 403, 404)
