"""What the console costs while nothing happens: wake-ups and processor time, with the refresh of its pane and without.

    python benches/idle.py [--seconds 60] [--nodes 6] [--binary target/release/fleetdeck]

Runs against `fleetdeck demo --headless`; each line takes 70 seconds and those asked for. A wake-up is a voluntary context
switch of any thread of the console, as Linux counts them. Needs Linux and `cargo build --release`.
"""

import argparse
import fcntl
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

import peers

TICKS = os.sysconf("SC_CLK_TCK")


def drain(terminal, seconds):
    """Reads what the console draws for so long; the number of bytes."""
    end, count = time.monotonic() + seconds, 0
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                count += len(os.read(terminal, 65536))
            except OSError:
                # The console has ended.
                break
    return count


def cost(process):
    """Wake-ups of all threads, and seconds of processor time, since the process began."""
    wakes = 0
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        wakes += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return wakes, (int(fields[11]) + int(fields[12])) / TICKS


def measure(binary, environment, keys, seconds):
    child, terminal = pty.fork()
    if child == 0:
        os.execve(binary, ["fleetdeck"], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    drain(terminal, 5)
    os.write(terminal, keys)
    # Past the minute in which the age of a list counts seconds.
    drain(terminal, 65)
    before = cost(child)
    drawn = drain(terminal, seconds)
    after = cost(child)
    os.kill(child, signal.SIGTERM)
    drain(terminal, 1)
    os.close(terminal)
    os.waitpid(child, 0)
    return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds * 100, drawn / seconds


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--nodes", type=int, default=6)
    arguments.add_argument("--binary", default=str(peers.BINARY))
    words = arguments.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        demo = subprocess.Popen([words.binary, "demo", "--headless", "--nodes", str(words.nodes)],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            facts = dict(demo.stdout.readline().split() for _ in range(3))
            for refresh, title in [("", "refresh every 15 s"), ("refresh = 86400\n", "no refresh")]:
                config = pathlib.Path(directory, "fleetdeck")
                config.mkdir(exist_ok=True)
                (config / "settings.toml").write_text(refresh)
                environment = os.environ | {
                    "AWS_SHARED_CREDENTIALS_FILE": facts["credentials"], "AWS_CONFIG_FILE": "/dev/null",
                    "AWS_REGION": facts["region"], "AWS_ENDPOINT_URL": facts["endpoint"], "TERM": "xterm-256color",
                    "AWS_EC2_METADATA_DISABLED": "true", "XDG_CONFIG_HOME": directory, "XDG_STATE_HOME": directory,
                }
                for keys, pane in [(b"1", "Fleet"), (b"5", "Shell, none open")]:
                    wakes, load, drawn = measure(words.binary, environment, keys, words.seconds)
                    print(f"{title:18}  {pane:16}  {wakes:6.2f} wake-ups/s  {load:5.2f} % CPU  {drawn:7.1f} bytes/s drawn")
        finally:
            demo.terminate()
            demo.wait()


if __name__ == "__main__":
    main()
