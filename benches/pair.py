"""One engine with two pairs of client and agent on it: ours, and AWS's Session Manager plugin and SSM Agent where this
machine has them. Everything runs in namespaces of its own, with a loopback network and nothing else.

    SESSION_MANAGER_PLUGIN   the plugin's program
    AMAZON_SSM_AGENT         the folder with amazon-ssm-agent and the ssm-…-worker programs beside it
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

import peers

PLUGIN = os.environ.get("SESSION_MANAGER_PLUGIN")
AGENT = os.environ.get("AMAZON_SSM_AGENT")
INSIDE = "FLEETDECK_BENCH_INSIDE"
#: Folders that AWS's agent writes to; it gets copies on which writes stay.
WRITTEN = ("etc", "home", "usr/bin", "usr/sbin")


def alone():
    """Starts this script again in its own network, mount and process namespaces: the agent looks for metadata services,
    and kills what it takes for an older self."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        sys.exit("run it as root: it makes network and mount namespaces for the agents")
    script = f'ip link set lo up && exec "{sys.executable}" "$@"'
    os.execvpe("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                           "sh", "-c", script, "sh", *sys.argv], os.environ | {INSIDE: "1"})


def missing():
    """What of AWS's pair is not here; a sentence each."""
    if not PLUGIN or not os.access(PLUGIN, os.X_OK):
        yield "SESSION_MANAGER_PLUGIN does not name the Session Manager plugin"
    if not AGENT or not os.access(pathlib.Path(AGENT) / "amazon-ssm-agent", os.X_OK):
        yield "AMAZON_SSM_AGENT does not name a folder with amazon-ssm-agent and its workers"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, check, seconds=60):
    """Waits for a state."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"{what}: not after {seconds} s")


class Trial:
    """An engine and the nodes on it. AWS's agent speaks TLS only; `tls=False` is for comparisons without it."""

    def __init__(self, directory, tls=True):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = open(self.directory / "log", "ab")
        self.processes = []
        self.certificate = self.directory / "cert.pem"
        extra = ()
        if tls:
            self.make_certificate()
            extra = ("--tls-cert", self.certificate, "--tls-key", self.directory / "key.pem")
        engine, self.port = peers.engine(self.directory / "data", *extra)
        self.processes.append(engine)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        access, secret = peers.credentials(self.directory / "data")
        context = ssl.create_default_context(cafile=self.certificate) if tls else None
        self.ssm = peers.Caller(self.port, access, secret, context)
        trust = {"AWS_CA_BUNDLE": str(self.certificate), "SSL_CERT_FILE": str(self.certificate)} if tls else {}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        #: For nodes: no credentials.
        self.bare = clean | trust | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": peers.REGION}
        #: For clients.
        self.environment = self.bare | {
            "AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_ENDPOINT_URL": self.url,
            "AWS_CONFIG_FILE": "/dev/null", "TERM": "xterm-256color", "XDG_CONFIG_HOME": str(self.directory),
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def make_certificate(self):
        config = self.directory / "openssl.cnf"
        config.write_text("[req]\ndistinguished_name = name\nx509_extensions = extensions\nprompt = no\n[name]\nCN = bench\n"
                          "[extensions]\nbasicConstraints = CA:FALSE\nsubjectAltName = IP:127.0.0.1, DNS:localhost\n")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-config", config, "-keyout", self.directory / "key.pem", "-out", self.certificate],
                       check=True, stderr=subprocess.DEVNULL)

    def activation(self, name):
        made = self.ssm.call("CreateActivation", {"IamRole": "SSMServiceRole", "DefaultInstanceName": name})
        return made["ActivationId"], made["ActivationCode"]

    def connected(self, name):
        """The id of a node once it is connected."""
        def check():
            for node in self.ssm.call("DescribeInstanceInformation", {"MaxResults": 50})["InstanceInformationList"]:
                if node["Name"] == name:
                    status = self.ssm.call("GetConnectionStatus", {"Target": node["InstanceId"]})["Status"]
                    return node["InstanceId"] if status == "connected" else None
            return None
        return until(f"the node {name} connects", check)

    def start(self, argv, environment, **options):
        process = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, **options)
        self.processes.append(process)
        return process

    def our_node(self):
        key, code = self.activation("ours")
        self.start([peers.BINARY, "agent", "--endpoint-url", self.url, "--data", self.directory / "ours",
                    "--activation-id", key, "--activation-code", code], self.bare)
        return self.connected("ours")

    def real_node(self):
        key, code = self.activation("real")
        own = self.directory / "real"
        for folder in WRITTEN:
            (own / folder / "upper").mkdir(parents=True)
            (own / folder / "work").mkdir()
        for folder in ("lib", "log", "root"):
            (own / folder).mkdir()
        for program in pathlib.Path(AGENT).iterdir():
            if program.name == "amazon-ssm-agent" or program.name.startswith("ssm-"):
                shutil.copy(program, own / "usr/bin/upper")
        # A command that asks for a restart must not get one here.
        (own / "usr/sbin/upper/shutdown").write_text("#!/bin/sh\nexit 0\n")
        (own / "usr/sbin/upper/shutdown").chmod(0o755)
        settings = own / "etc/upper/amazon/ssm"
        settings.mkdir(parents=True)
        endpoint = {"Endpoint": self.url}
        (settings / "amazon-ssm-agent.json").write_text(json.dumps({
            "Mds": endpoint, "Ssm": endpoint, "Mgs": endpoint, "Kms": endpoint, "S3": endpoint,
            "Agent": {"Region": peers.REGION, "SelfUpdate": False}, "Identity": {"ConsumptionOrder": ["OnPrem"]},
        }))
        mounts = [f"mount -t overlay overlay -o lowerdir=/{folder},upperdir={own / folder}/upper,workdir={own / folder}/work /{folder}"
                  for folder in WRITTEN]
        script = "\n".join([
            "set -e", "mkdir -p /var/lib/amazon /var/log/amazon", *mounts,
            f"mount --bind {own}/lib /var/lib/amazon", f"mount --bind {own}/log /var/log/amazon", "mkdir -p /etc/sudoers.d",
            f"amazon-ssm-agent -register -code {code} -id {key} -region {peers.REGION} -y", "exec amazon-ssm-agent",
        ])
        self.start(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script],
                   self.bare | {"HOME": str(own / "root")}, preexec_fn=end_with_parent)
        return self.connected("real")

    def plugin(self, node, document=None, **parameters):
        """The command line that starts a session through AWS's plugin."""
        request = {"Target": node} | ({"DocumentName": document} if document else {})
        if parameters:
            request["Parameters"] = {name: [value] for name, value in parameters.items()}
        answer = self.ssm.call("StartSession", request)
        return [PLUGIN, json.dumps(answer), peers.REGION, "StartSession", "", json.dumps({"Target": node}), self.url]


def end_with_parent():
    """A killed script leaves no agent behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
