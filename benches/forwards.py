"""A forwarded port, one stream and eight: our client and agent beside AWS's over the same engine, and beside a bare relay
of the same bytes over WebSockets.

    python benches/forwards.py [--rounds N]

Needs root, `cargo build --release` and `cargo build --release --example relay`. SESSION_MANAGER_PLUGIN and
AMAZON_SSM_AGENT say where AWS's pair is; without them it is left out. AWS's agent speaks TLS only, so all ends do in
that comparison; in the one with the relay none does. Rates are medians over the rounds, in which the contestants take
turns.
"""

import argparse
import contextlib
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pair
import peers
from sessions import MEGABYTE, report

RELAY = peers.BINARY.parent / "examples" / "relay"
#: Streams, and the bytes of each: ours and the relay's, then those of AWS's pair, which moves about a megabyte a second.
LOADS = ((1, 400 * MEGABYTE, 6 * MEGABYTE), (8, 50 * MEGABYTE, MEGABYTE))


def serve(listener):
    """Answers a number in a line with so many bytes, on any number of connections. One that says nothing only asks whether
    somebody is there."""
    block = bytes(range(256)) * 4096

    def answer(connection):
        with connection, contextlib.suppress(OSError):
            left = int(connection.makefile().readline() or 0)
            while left:
                left -= connection.send(memoryview(block)[:left])

    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def take(port, streams, size):
    """Fetches `size` bytes over each of the streams at once; megabytes a second of all together."""
    came = [0] * streams

    def fetch(number):
        buffer = bytearray(1 << 20)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"%d\n" % size)
            while got := connection.recv_into(buffer):
                came[number] += got

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(streams)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begin
    if came != [size] * streams:
        sys.exit(f"port {port}: {came} bytes came of {size} on each stream")
    return streams * size / took / MEGABYTE


def spoken(trial, argv, pattern, environment):
    """Starts a program and waits until it has said where it listens."""
    process = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=trial.log, text=True)
    trial.processes.append(process)
    for line in process.stdout:
        if found := re.search(pattern, line):
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return int(found[1])
    sys.exit(f"{argv[0]} did not say where it listens")


def ours(trial, node, target):
    return spoken(trial, [peers.BINARY, "forward", node, str(target)], r"^127\.0\.0\.1:(\d+) ", trial.environment)


def real(trial, node, target):
    local = str(pair.free_port())
    command = trial.plugin(node, "AWS-StartPortForwardingSession", portNumber=str(target), localPortNumber=local)
    return spoken(trial, command, r"Port (\d+) opened", trial.environment)


def relay(trial, target):
    middle = spoken(trial, [RELAY, "serve"], r"on (\d+)", trial.bare)
    trial.start([RELAY, "far", str(middle), str(target)], trial.bare)
    return spoken(trial, [RELAY, "near", str(middle)], r"on (\d+)", trial.bare)


def compare(title, contestants, rounds):
    for streams, size, size_real in LOADS:
        rates = {}
        for _ in range(rounds):
            for name, port in contestants.items():
                rates.setdefault(name, []).append(take(port, streams, size_real if name.startswith("AWS") else size))
        report(f"{title}, {streams} stream{'s' if streams > 1 else ''}", rates, "MB/s")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    pair.alone()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    source = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    source.start()
    target = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        with pair.Trial(f"{directory}/plain", tls=False) as trial:
            contestants = {"ours": ours(trial, trial.our_node(), target)}
            if RELAY.exists():
                contestants["a bare relay"] = relay(trial, target)
            else:
                print("without the relay: cargo build --release --example relay")
            compare("without TLS", contestants, rounds)
        lacking = list(pair.missing())
        for sentence in lacking:
            print(f"without AWS's pair: {sentence}")
        with pair.Trial(f"{directory}/tls") as trial:
            contestants = {"ours": ours(trial, trial.our_node(), target)}
            if not lacking:
                contestants["AWS's plugin and agent"] = real(trial, trial.real_node(), target)
            compare("with TLS", contestants, rounds)


if __name__ == "__main__":
    main()
