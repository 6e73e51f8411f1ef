"""The time from the start of the console to its first frame, against a running engine.

    python benches/first_frame.py [RUNS]

Needs `cargo build --release`.
"""

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time

import peers

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 20


def first_frame(port, directory):
    environment = os.environ | {
        "AWS_SHARED_CREDENTIALS_FILE": f"{directory}/data/credentials", "AWS_CONFIG_FILE": "/dev/null",
        "AWS_REGION": peers.REGION, "TERM": "xterm-256color", "XDG_CONFIG_HOME": directory, "XDG_STATE_HOME": directory,
    }
    start = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execve(peers.BINARY, ["fleetdeck", "--endpoint-url", f"http://127.0.0.1:{port}"], environment)
    seen = b""
    while b"Compliance" not in seen:
        if not select.select([terminal], [], [], 10)[0]:
            sys.exit(f"no frame: {seen!r}")
        seen += os.read(terminal, 65536)
    took = time.perf_counter() - start
    os.kill(child, signal.SIGTERM)
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass
    os.waitpid(child, 0)
    os.close(terminal)
    return took * 1000


def main():
    with tempfile.TemporaryDirectory() as directory:
        engine, port = peers.engine(f"{directory}/data")
        try:
            times = [first_frame(port, directory) for _ in range(RUNS)]
            print(f"first frame: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms of {RUNS} runs")
        finally:
            engine.terminate()
            engine.wait()


if __name__ == "__main__":
    main()
