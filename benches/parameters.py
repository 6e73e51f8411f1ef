"""PutParameter and GetParameter a second: the engine beside moto's server, in one run, in turns.

    python benches/parameters.py [CALLS] [CONNECTIONS]

Needs `cargo build --release` and moto[server] in the Python that runs it (target/peers/bin/python has it).
"""

import concurrent.futures
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import peers

CALLS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
CONNECTIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 4
ROUNDS = 5


def load(port, keys, operation, prefix, first, count):
    caller = peers.Caller(port, *keys)
    for number in range(first, first + count):
        if operation == "PutParameter":
            caller.call(operation, {"Name": f"/{prefix}/p{number}", "Value": "x" * 64, "Type": "String", "Overwrite": True})
        else:
            caller.call(operation, {"Name": f"/{prefix}/p{number}"})


def rate(port, keys, operation, prefix, connections):
    share = CALLS // connections
    start = time.perf_counter()
    if connections == 1:
        load(port, keys, operation, prefix, 0, share)
    else:
        with concurrent.futures.ProcessPoolExecutor(connections) as pool:
            jobs = [pool.submit(load, port, keys, operation, prefix, n * share, share) for n in range(connections)]
            [job.result() for job in jobs]
    return share * connections / (time.perf_counter() - start)


def moto():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process, port
        except OSError:
            time.sleep(0.1)


def main():
    with tempfile.TemporaryDirectory() as directory:
        ours, our_port = peers.engine(f"{directory}/data")
        theirs, their_port = moto()
        keys = peers.credentials(f"{directory}/data")
        try:
            for connections in (1, CONNECTIONS):
                for operation in ("PutParameter", "GetParameter"):
                    engine, other = [], []
                    for _ in range(ROUNDS):
                        engine.append(rate(our_port, keys, operation, f"c{connections}", connections))
                        other.append(rate(their_port, ("testing", "testing"), operation, f"c{connections}", connections))
                    ratio = statistics.median(a / b for a, b in zip(engine, other))
                    print(
                        f"{operation:13} {connections} connection(s): engine {statistics.median(engine):7.0f}/s, "
                        f"moto {statistics.median(other):6.0f}/s, ratio {ratio:.1f} (median of {ROUNDS} pairs)"
                    )
        finally:
            ours.terminate()
            theirs.terminate()


if __name__ == "__main__":
    main()
