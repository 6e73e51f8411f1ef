"""How soon a large fleet is listed in the console, from an engine that answers pages of 50 as AWS does.

    python benches/listing.py [NODES]

Needs `cargo build --release`, tmux, and openssl for one key. The nodes are registered through the engine's own API and never
report, so they are listed as inactive.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request

import peers

NODES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
AT_ONCE = 1_000  # as many an activation takes


def public_key():
    key = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=key, capture_output=True, check=True).stdout
    return "".join(line for line in public.decode().splitlines() if not line.startswith("-"))


def register(port, ssm):
    """Unsigned, as agents register; many are one node each."""
    key, left = public_key(), NODES
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while left:
        count = min(left, AT_ONCE)
        activation = ssm.call("CreateActivation", {
            "IamRole": "SSMServiceRole", "RegistrationLimit": count, "DefaultInstanceName": "bench",
        })
        for number in range(count):
            body = json.dumps({
                "ActivationId": activation["ActivationId"], "ActivationCode": activation["ActivationCode"],
                "Fingerprint": f"bench-{left}-{number}", "PublicKey": key, "PublicKeyType": "Rsa",
            }).encode()
            opener.open(urllib.request.Request(f"http://127.0.0.1:{port}/", body, {
                "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.RegisterManagedInstance",
            })).read()
        left -= count


def listing(port, directory):
    """Seconds to the first rows, and to all of them, as tmux shows them. The console remembers nothing of a run before."""
    own = tempfile.mkdtemp(dir=directory)
    environment = {
        "AWS_SHARED_CREDENTIALS_FILE": f"{directory}/data/credentials", "AWS_CONFIG_FILE": "/dev/null",
        "AWS_REGION": peers.REGION, "XDG_CONFIG_HOME": own, "XDG_STATE_HOME": own, "XDG_CACHE_HOME": own,
    }
    tmux = ["tmux", "-S", f"{own}/tmux", "-f", "/dev/null"]
    settings = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    start = time.perf_counter()
    subprocess.run(
        [*tmux, "new-session", "-d", "-x", "160", "-y", "50", *settings,
         f"{peers.BINARY} --endpoint-url http://127.0.0.1:{port}"], check=True,
    )
    first, whole = None, f" {NODES:,} nodes"
    try:
        while time.perf_counter() - start < 60:
            screen = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True).stdout
            now = time.perf_counter() - start
            if first is None and "inactive" in screen:
                first = now
            # While more is to come, its heading says how much has come so far.
            if whole in screen and "loading" not in screen:
                return first, now
            time.sleep(0.01)
        sys.exit(f"not listed after a minute:\n{screen}")
    finally:
        subprocess.run([*tmux, "kill-server"])


def main():
    with tempfile.TemporaryDirectory() as directory:
        engine, port = peers.engine(f"{directory}/data")
        try:
            start = time.perf_counter()
            register(port, peers.Caller(port, *peers.credentials(f"{directory}/data")))
            print(f"{NODES:,} nodes registered in {time.perf_counter() - start:.0f} s")
            for _ in range(3):
                first, took = listing(port, directory)
                print(f"first rows after {first:.2f} s, all of {NODES:,} after {took:.2f} s")
        finally:
            engine.terminate()
            engine.wait()


if __name__ == "__main__":
    main()
