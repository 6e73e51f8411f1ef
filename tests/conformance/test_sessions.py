"""Session Manager from the outside: boto3 for the operations, a bare WebSocket for the data channel, real agents behind."""

import base64
import hashlib
import json
import os
import struct
import time
import uuid

import botocore.exceptions
import pytest
from conftest import until
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from websockets.sync.client import connect

OUTPUT, HANDSHAKE_REQUEST, HANDSHAKE_RESPONSE, HANDSHAKE_COMPLETE, CHALLENGE, CHALLENGE_ANSWER = 1, 5, 6, 7, 8, 9
FLAG, STDERR, EXIT_CODE = 10, 11, 12


def frame(kind, payload, sequence=0, payload_type=0, flags=0):
    ident = uuid.uuid4().bytes
    return b"".join([
        struct.pack(">I", 116), kind.encode().ljust(32), struct.pack(">IQqQ", 1, int(time.time() * 1000), sequence, flags),
        ident[8:], ident[:8], hashlib.sha256(payload).digest(), struct.pack(">II", payload_type, len(payload)), payload,
    ])


def parse(message):
    kind = message[4:36].strip(b"\0 ").decode()
    sequence, = struct.unpack(">q", message[48:56])
    ident = uuid.UUID(bytes=message[72:80] + message[64:72])
    payload_type, = struct.unpack(">I", message[112:116])
    return kind, sequence, ident, payload_type, message[120:]


class Session:
    """A client that knows only the public layout of the messages."""

    def __init__(self, engine, ssm, target, **request):
        self.engine, self.ssm, self.target = engine, ssm, target
        self.started = ssm.start_session(Target=target, **request)
        self.id = self.started["SessionId"]
        self.sent = self.expected = 0
        self.unacknowledged = {}
        self.early, self.output, self.errors, self.code, self.closed = {}, b"", b"", None, None
        self.key = self.message = None
        self.dial(self.started)

    def dial(self, ticket):
        self.socket = connect(self.started["StreamUrl"], max_size=None, compression=None)
        opening = {"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()), "TokenValue": ticket["TokenValue"],
                   "ClientId": str(uuid.uuid4()), "ClientVersion": "1.2.650.0"}
        self.socket.send(json.dumps(opening))

    def resume(self):
        ticket = self.ssm.resume_session(SessionId=self.id)
        self.dial(ticket)

    def send(self, payload, payload_type=OUTPUT):
        if self.key and payload_type == OUTPUT:
            payload = self.seal(payload)
        self.unacknowledged[self.sent] = frame("input_stream_data", payload, self.sent, payload_type)
        self.socket.send(self.unacknowledged[self.sent])
        self.sent += 1

    def seal(self, plain):
        nonce = os.urandom(12)
        return nonce + AESGCM(self.key[32:]).encrypt(nonce, plain, None)

    def open(self, sealed):
        return AESGCM(self.key[:32]).decrypt(sealed[:12], sealed[12:], None)

    def step(self):
        """Takes one message. False at the end of the socket."""
        for _ in range(60):
            try:
                message = self.socket.recv(timeout=1)
                break
            except TimeoutError:
                # What nobody has acknowledged may have reached nobody.
                for unacknowledged in self.unacknowledged.values():
                    self.socket.send(unacknowledged)
            except Exception:
                return False
        else:
            raise TimeoutError(f"nothing comes; so far {self.output!r}")
        kind, sequence, ident, payload_type, payload = parse(message)
        if kind == "channel_closed":
            self.closed = json.loads(payload)
        if kind == "acknowledge":
            self.unacknowledged.pop(json.loads(payload)["AcknowledgedMessageSequenceNumber"], None)
        if kind != "output_stream_data":
            return True
        acknowledgement = {"AcknowledgedMessageType": kind, "AcknowledgedMessageId": str(ident),
                           "AcknowledgedMessageSequenceNumber": sequence, "IsSequentialMessage": True}
        self.socket.send(frame("acknowledge", json.dumps(acknowledgement).encode(), flags=3))
        if sequence >= self.expected:
            self.early[sequence] = (payload_type, payload)
        while self.expected in self.early:
            self.take(*self.early.pop(self.expected))
            self.expected += 1
        return True

    def take(self, payload_type, payload):
        if payload_type in (OUTPUT, STDERR, EXIT_CODE) and self.key:
            payload = self.open(payload)
        if payload_type == OUTPUT:
            self.output += payload
        elif payload_type == STDERR:
            self.errors += payload
        elif payload_type == EXIT_CODE:
            self.code = payload.decode()
        elif payload_type == HANDSHAKE_REQUEST:
            self.shake(json.loads(payload))
        elif payload_type == CHALLENGE:
            question = self.open(base64.b64decode(json.loads(payload)["Challenge"]))
            answer = {"Challenge": base64.b64encode(self.seal(question)).decode()}
            self.send(json.dumps(answer).encode(), CHALLENGE_ANSWER)
        elif payload_type == HANDSHAKE_COMPLETE:
            self.message = json.loads(payload)["CustomerMessage"]

    def shake(self, request):
        answers, key = [], None
        for action in request["RequestedClientActions"]:
            result = None
            if action["ActionType"] == "KMSEncryption":
                context = {"aws:ssm:SessionId": self.id, "aws:ssm:TargetId": self.target}
                made = self.engine.client("kms").generate_data_key(
                    KeyId=action["ActionParameters"]["KMSKeyId"], NumberOfBytes=64, EncryptionContext=context)
                key = made["Plaintext"]
                result = {"KMSCipherTextKey": base64.b64encode(made["CiphertextBlob"]).decode(), "KMSCipherTextHash": None}
            answers.append({"ActionType": action["ActionType"], "ActionStatus": 1, "ActionResult": result, "Error": ""})
        response = {"ClientVersion": "1.2.650.0", "ProcessedClientActions": answers, "Errors": None}
        self.send(json.dumps(response).encode(), HANDSHAKE_RESPONSE)
        self.key = key

    def until(self, text):
        while text.encode() not in self.output:
            assert self.step(), f"the session ended before {text!r}: {self.output!r}"

    def to_the_end(self):
        while not self.closed and self.step():
            pass
        return self


def history(ssm, session):
    """The record of a session, once it is over."""
    def probe():
        found = ssm.describe_sessions(State="History", Filters=[{"key": "SessionId", "value": session.id}])["Sessions"]
        return found and found[0]
    return until("the end of the session", probe)


def document(ssm, name, kind="Standard_Stream", **parts):
    content = {"schemaVersion": "1.0", "description": "A test.", "sessionType": kind} | parts
    ssm.create_document(Name=name, Content=json.dumps(content), DocumentType="Session")
    return name


@pytest.fixture(scope="module")
def node(engine, fleet):
    return fleet["web-1"]


def test_a_shell_echoes_ends_and_is_recorded(engine, ssm, node):
    session = Session(engine, ssm, node, Reason="looking")
    session.send(b"echo $((40+2))-done\r")
    session.until("42-done")
    active = ssm.describe_sessions(State="Active", Filters=[{"key": "SessionId", "value": session.id}])["Sessions"]
    assert active[0]["Status"] == "Connected" and active[0]["Target"] == node
    session.send(b"exit\r")
    session.to_the_end()
    record = history(ssm, session)
    assert record["Reason"] == "looking" and record["Owner"].endswith(":root") and record["AccessType"] == "Standard"
    assert record["EndDate"] >= record["StartDate"] and "bytes went to the node" in record["Details"]
    resumed = ssm.resume_session(SessionId=session.id)
    assert not resumed.get("TokenValue"), "a session that is over cannot be resumed"


def test_a_command_has_its_code_and_its_streams_apart(engine, ssm, node):
    session = Session(engine, ssm, node, DocumentName="AWS-StartNonInteractiveCommand", Parameters={
        "command": ["sh -c 'echo out; echo err >&2; exit 7'"], "separateOutputStream": ["true"],
        "stdErrSeparatorPrefix": ["E:"]})
    session.to_the_end()
    assert (session.output, session.errors, session.code) == (b"out\n", b"E:err\n", "EXIT_CODE: 7")


def test_a_session_with_a_key_is_encrypted_end_to_end(engine, ssm, node):
    name = document(ssm, "Encrypted", inputs={"kmsKeyId": "alias/aws/ssm"})
    session = Session(engine, ssm, node, DocumentName=name)
    while session.message is None:
        assert session.step(), session.closed
    assert session.key and "encrypted" in session.message
    session.send(b"echo $((40+2))-sealed\r")
    session.until("42-sealed")
    session.send(b"exit\r")
    session.to_the_end()


def test_a_key_that_is_not_there_ends_the_session_with_a_sentence(engine, ssm, node):
    name = document(ssm, "LostKey", inputs={"kmsKeyId": "alias/lost"})
    started = ssm.start_session(Target=node, DocumentName=name)
    socket = connect(started["StreamUrl"], compression=None)
    socket.send(json.dumps({"MessageSchemaVersion": "1.0", "RequestId": str(uuid.uuid4()),
                            "TokenValue": started["TokenValue"], "ClientId": str(uuid.uuid4())}))
    closed = None
    while closed is None:
        kind, sequence, _, payload_type, payload = parse(socket.recv(timeout=30))
        if kind == "output_stream_data" and payload_type == HANDSHAKE_REQUEST:
            actions = [{"ActionType": "SessionType", "ActionStatus": 1, "ActionResult": None, "Error": ""},
                       {"ActionType": "KMSEncryption", "ActionStatus": 2, "ActionResult": None, "Error": "no such key"}]
            answer = {"ClientVersion": "1.2.650.0", "ProcessedClientActions": actions, "Errors": None}
            socket.send(frame("input_stream_data", json.dumps(answer).encode(), 0, HANDSHAKE_RESPONSE))
        if kind == "channel_closed":
            closed = json.loads(payload)
    assert "alias/lost" in closed["Output"] and "no such key" in closed["Output"]


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_transcript_is_delivered_to_the_bucket_and_the_log_group(engine, ssm, node, encrypted):
    logs, group = engine.client("logs"), f"/sessions/{encrypted}"
    key = {"kmsKeyId": "alias/aws/ssm"} if encrypted else {}
    logs.create_log_group(logGroupName=group, **key)
    name = document(ssm, f"Logged{encrypted}", inputs={
        "s3BucketName": "transcripts", "s3KeyPrefix": "audit", "s3EncryptionEnabled": encrypted,
        "cloudWatchLogGroupName": group, "cloudWatchEncryptionEnabled": encrypted, "cloudWatchStreamingEnabled": encrypted})
    session = Session(engine, ssm, node, DocumentName=name)
    session.send(b"echo $((40+2))-logged\r")
    session.until("42-logged")
    if encrypted:
        # Streamed: it is there while the session goes on.
        def streamed():
            try:
                return "42-logged" in "".join(e["message"] for e in logs.get_log_events(
                    logGroupName=group, logStreamName=session.id, startFromHead=True)["events"])
            except logs.exceptions.ResourceNotFoundException:
                return False
        until("the streamed transcript", streamed)
    session.send(b"exit\r")
    session.to_the_end()
    record = history(ssm, session)
    assert record["OutputUrl"]["S3OutputUrl"] == f"{engine.url}/transcripts/audit/{session.id}.log"
    assert f"group={group};stream={session.id}" in record["OutputUrl"]["CloudWatchOutputUrl"]
    s3 = engine.client("s3")

    def stored():
        try:
            return s3.get_object(Bucket="transcripts", Key=f"audit/{session.id}.log")
        except botocore.exceptions.ClientError:
            return None

    found = until("the transcript in the bucket", stored)
    assert found.get("ServerSideEncryption") == ("aws:kms" if encrypted else None)
    assert b"42-logged" in found["Body"].read()
    kept = b"".join(path.read_bytes() for path in (engine.data / "output").rglob(f"{session.id}.log"))
    assert kept and (b"42-logged" in kept) != encrypted

    def lines():
        pages = logs.get_log_events(logGroupName=group, logStreamName=session.id, startFromHead=True)
        return "42-logged" in "".join(event["message"] for event in pages["events"])

    until("the transcript in the log group", lines)


def test_a_log_group_without_a_key_is_refused_where_one_is_demanded(engine, ssm, node):
    engine.client("logs").create_log_group(logGroupName="/plain")
    name = document(ssm, "Strict", inputs={"cloudWatchLogGroupName": "/plain", "cloudWatchEncryptionEnabled": True})
    session = Session(engine, ssm, node, DocumentName=name)
    session.to_the_end()
    record = history(ssm, session)
    assert record["Status"] == "Failed" and "/plain has no KMS key" in record["Details"]


def test_run_as_is_another_user_or_no_session(engine, ssm, node):
    nobody = document(ssm, "RunAsNobody", inputs={"runAsEnabled": True, "runAsDefaultUser": "nobody-at-all"})
    record = history(ssm, Session(engine, ssm, node, DocumentName=nobody).to_the_end())
    assert record["Status"] == "Failed" and "nobody-at-all" in record["Details"]
    if os.geteuid() != 0:
        return
    daemon = document(ssm, "RunAsDaemon", kind="InteractiveCommands", inputs={"runAsEnabled": True, "runAsDefaultUser": "daemon"},
                      properties={"linux": {"commands": "echo $(id -un)-$(id -gn)-$(id -Gn)-$HOME-$USER"}})
    session = Session(engine, ssm, node, DocumentName=daemon).to_the_end()
    assert session.output.strip() == b"daemon-daemon-daemon-/usr/sbin-daemon"


def test_wrong_preferences_are_refused_by_name(ssm):
    for inputs in ({"idleSessionTimeout": "61"}, {"maxSessionDuration": "0"}, {"runAsEnabled": "perhaps"}):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            document(ssm, "Wrong", inputs=inputs)
        assert error.value.response["Error"]["Code"] == "InvalidDocumentContent"
        assert next(iter(inputs)) in error.value.response["Error"]["Message"]


def test_the_history_is_filtered_and_paged(engine, ssm, node, fleet):
    ids = []
    for _ in range(3):
        session = Session(engine, ssm, fleet["db-1"])
        ssm.terminate_session(SessionId=session.id)
        session.to_the_end()
        ids.append(session.id)
        assert "terminated" in history(ssm, session)["Details"]
    pages = list(ssm.get_paginator("describe_sessions").paginate(
        State="History", Filters=[{"key": "Target", "value": fleet["db-1"]}], PaginationConfig={"PageSize": 2}))
    found = [entry["SessionId"] for page in pages for entry in page["Sessions"]]
    assert found == ids[::-1] and len(pages) >= 2
    none = ssm.describe_sessions(State="History", Filters=[{"key": "InvokedBefore", "value": "2020-01-01T00:00:00Z"}])
    assert none["Sessions"] == []


def test_a_killed_engine_gives_the_same_shell_back(own_engine):
    agent = own_engine.agent("alone").start()
    ssm = own_engine.client()
    node = until("the node", lambda: own_engine.node_ids().get("alone"))
    connected = lambda: ssm.get_connection_status(Target=node)["Status"] == "connected"
    until("the connection", connected)
    session = Session(own_engine, ssm, node)
    session.send(b"MARK=4; echo pid-$((40+2))-$$-\r")
    session.until("pid-42-")
    own_engine.kill()
    own_engine.start()
    session.resume()
    session.send(b"echo again-$((38+MARK))\r")
    session.until("again-42")
    agent.kill()
    agent.start()
    session.to_the_end()
    assert "restarted" in session.closed["Output"]
    record = history(ssm, session)
    assert "restarted" in record["Details"]
