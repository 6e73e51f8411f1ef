"""What the benchmark scripts share: the release binary, an engine to measure, requests without an SDK's weight."""

import datetime
import hashlib
import hmac
import http.client
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = ROOT / "target" / "release" / "fleetdeck"
REGION = "us-east-1"


def engine(directory, *extra):
    """Starts an engine; its process and port."""
    if not BINARY.exists():
        sys.exit("build it first: cargo build --release")
    process = subprocess.Popen(
        [BINARY, "serve", "--data", directory, "--listen", "127.0.0.1:0", *extra], stdout=subprocess.PIPE, text=True
    )
    port = int(process.stdout.readline().rsplit(":", 1)[1])
    return process, port


def credentials(directory):
    keys = {}
    for line in (pathlib.Path(directory) / "credentials").read_text().splitlines():
        name, _, value = line.partition("=")
        keys[name.strip()] = value.strip()
    return keys["aws_access_key_id"], keys["aws_secret_access_key"]


class Caller:
    """One connection, kept alive where the server keeps it, signing as an SDK does."""

    def __init__(self, port, access="testing", secret="testing", tls=None):
        self.host = f"127.0.0.1:{port}"
        if tls:
            self.connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=tls)
        else:
            self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.access, self.secret, self.day, self.key = access, secret, None, None

    def signing_key(self, day):
        if day != self.day:
            key = ("AWS4" + self.secret).encode()
            for part in (day, REGION, "ssm", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self.day, self.key = day, key
        return self.key

    def call(self, operation, body):
        body = json.dumps(body).encode()
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{REGION}/ssm/aws4_request"
        target = f"AmazonSSM.{operation}"
        canonical = (
            f"POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:{self.host}\nx-amz-date:{now}\nx-amz-target:{target}\n\n"
            f"content-type;host;x-amz-date;x-amz-target\n{hashlib.sha256(body).hexdigest()}"
        )
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self.signing_key(now[:8]), text.encode(), "sha256").hex()
        headers = {
            "Content-Type": "application/x-amz-json-1.1", "Host": self.host, "X-Amz-Date": now, "X-Amz-Target": target,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, "
                             f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={signature}",
        }
        try:
            self.connection.request("POST", "/", body, headers)
            answer = self.connection.getresponse()
        except OSError:
            # Servers hang up on connections that rest.
            self.connection.close()
            self.connection.request("POST", "/", body, headers)
            answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {text[:200]!r}")
        return json.loads(text)


def memory(process):
    """Resident memory of a process in bytes."""
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
