"""A flood in one tab of the console: how soon the other panes answer a key, and how soon Ctrl-C ends it.

    python benches/panes.py [--rows 60] [--columns 200]

Needs root and `cargo build --release`. The console runs on a terminal of this script; times are from writing the key to
the first byte of the answer, and to the last byte of the flood.
"""

import argparse
import fcntl
import os
import statistics
import struct
import tempfile
import termios
import time

import pair
import peers
from terminal import Terminal

KEYS = 100


def first_byte(terminal, key):
    """Seconds from a key to the first thing that is drawn."""
    begin = time.perf_counter()
    terminal.type(key)
    while not terminal.read(5):
        pass
    return (time.perf_counter() - begin) * 1000


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=60)
    arguments.add_argument("--columns", type=int, default=200)
    size = arguments.parse_args()
    pair.alone()
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        with pair.Trial(directory) as trial:
            trial.our_node()
            with Terminal([peers.BINARY], trial.environment) as console:
                fcntl.ioctl(console.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))
                console.drain(2)
                still = [first_byte(console, "j") for _ in range(10)]
                console.type("s")
                console.drain(2)
                console.type("yes\r")
                console.drain(2)
                ends = []
                for _ in range(5):
                    console.type("\x03")
                    ends.append(console.drain(0.5, idle=True) * 1000)
                    console.type("yes\r")
                    console.drain(2)
                # The flood goes on behind the list of nodes.
                console.type("\x071")
                console.drain(1)
                taken = []
                for number in range(KEYS):
                    time.sleep(0.03)
                    while console.read(0):
                        pass
                    taken.append(first_byte(console, "?" if number % 2 == 0 else "\x1b"))
                tail = statistics.quantiles(taken, n=100)[98]
                print(f"a key in another pane: p50 {statistics.median(taken):.1f} ms, p99 {tail:.1f} ms, without a flood "
                      f"{statistics.median(still):.1f} ms")
                print(f"Ctrl-C to the last change on the screen: median {statistics.median(ends):.0f} ms, worst {max(ends):.0f} ms")


if __name__ == "__main__":
    main()
