"""Sessions through our client, engine and agent, beside AWS's plugin and agent over the same engine, beside ssh, and
beside what this machine can do at best: bash on a terminal with nobody between, and bash behind three plain relays.

    python benches/sessions.py [cat] [keys] [paste] [flood] [busy] [--rounds N] [--pause SECONDS]

Needs root and `cargo build --release`; openssh-server and socat for `keys`, `paste` and `busy`. SESSION_MANAGER_PLUGIN and
AMAZON_SSM_AGENT say where AWS's pair is; without them only ours is measured. All ends speak TLS to the engine; `keys`
also measures a fleet on one machine, where they need none. Rates are medians over the rounds, in which the contestants
take turns.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import pair
import peers
from terminal import Terminal, prompt

MEGABYTE = 1_000_000
#: AWS's pair moves about a megabyte a second; the rate does not depend on the size.
CAT, CAT_REAL = 100 * MEGABYTE, 10 * MEGABYTE
PASTE = MEGABYTE
KEYS = 300
#: Nobody types faster than this; without a pause a loop measures warm caches. People pause for 0.1 s and more.
KEY_PAUSE = 0.01


def lines(size):
    """Text like a log, without a line longer than a terminal takes at once."""
    line = "2026-01-02T03:04:05.678Z INFO request {:07} served in 12 ms, 200 OK, 4096 bytes\n"
    text = "".join(line.format(number) for number in range(size // len(line.format(0)) + 1))
    return text.encode()[:size - 1] + b"\n"


class Bench:
    def __init__(self, trial, rounds, pause=KEY_PAUSE):
        self.trial, self.rounds, self.pause = trial, rounds, pause
        self.ours = trial.our_node()
        self.real = self.others = None
        lacking = list(pair.missing())
        for sentence in lacking:
            print(f"without AWS's pair: {sentence}")
        if not lacking:
            self.real = trial.real_node()

    def open_ours(self):
        return Terminal([peers.BINARY, "shell", self.ours], self.trial.environment)

    def open_real(self):
        return Terminal(self.trial.plugin(self.real), self.trial.environment)

    def pairs(self):
        yield "ours", self.open_ours
        if self.real:
            yield "AWS's plugin and agent", self.open_real

    def all(self):
        """The pairs, and what says how far the machine goes."""
        if self.others is None:
            self.others = [("bash, nobody between", lambda: Terminal(["bash", "--norc"], self.trial.environment))]
            for name, start in (("ssh to localhost", self.sshd()), ("socat, three of them", self.relays())):
                if start:
                    self.others.append((name, start))
        return [*self.pairs(), *self.others]

    def cat(self):
        rates = {}
        for _ in range(self.rounds):
            for name, start in self.pairs():
                size = CAT if name == "ours" else CAT_REAL
                path = self.trial.directory / f"cat-{size}"
                if not path.exists():
                    path.write_bytes(lines(size))
                with start() as terminal:
                    prompt(terminal)
                    begin = time.perf_counter()
                    terminal.type(f"cat {path}; echo E''ND\n")
                    count = terminal.wait("END\n", 600)
                    took = time.perf_counter() - begin
                if count < size:
                    sys.exit(f"{name}: {count} bytes of {size} came")
                rates.setdefault(name, []).append(size / took / MEGABYTE)
        report("cat of a file (ours 100 MB, AWS's 10 MB)", rates, "MB/s")

    def paste(self):
        text, rates = lines(PASTE), {}
        for round_number in range(self.rounds):
            for number, (name, start) in enumerate(self.all()):
                # A folder that every user may write to: AWS's agent runs shells as a user of its own.
                path = self.trial.directory / "pastes" / f"{number}-{round_number}"
                path.parent.mkdir(exist_ok=True)
                path.parent.chmod(0o777)
                with start() as terminal:
                    prompt(terminal)
                    terminal.type(f"cat > '{path}'; echo E''ND\n")
                    terminal.wait("ND\n", 30)
                    begin = time.perf_counter()
                    count = terminal.exchange(text + b"\x04", "END\n", 120)
                    took = time.perf_counter() - begin
                # The end of a line is echoed as two bytes.
                echo = len(text) + text.count(b"\n")
                if count < echo:
                    print(f"  {name}: {(echo - count) / echo:.1%} of the echo did not come")
                came = path.read_bytes()
                whole = hashlib.sha256(came).digest() == hashlib.sha256(text).digest()
                if not whole:
                    print(f"  {name}: incomplete, {len(came)} bytes of {len(text)} arrived, or others")
                rates.setdefault(name, []).append(PASTE / took / MEGABYTE)
        report("paste of 1 MB into `cat > file`", rates, "MB/s")

    def keys(self):
        with pair.Trial(self.trial.directory / "local", tls=False) as local:
            node = local.our_node()
            contestants = [("ours", self.open_ours),
                           ("ours on one machine", lambda: Terminal([peers.BINARY, "shell", node], local.environment)),
                           *self.all()[1:]]
            self.type(contestants)

    def type(self, contestants):
        times = {}
        for _ in range(self.rounds):
            for name, start in contestants:
                with start() as terminal:
                    prompt(terminal)
                    terminal.type("cat > /dev/null\n")
                    terminal.wait("cat > /dev/null\n")
                    terminal.read(0.5)
                    taken = []
                    for number in range(KEYS):
                        time.sleep(self.pause)
                        taken.append(terminal.echo(b"x" if number % 40 else b"\n"))
                    times.setdefault(name, []).append([seconds * 1000 for seconds in taken[20:]])
        print("\nfrom key to echo")
        for name, rounds in times.items():
            halves = statistics.median(statistics.median(taken) for taken in rounds)
            tails = statistics.median(statistics.quantiles(taken, n=100)[98] for taken in rounds)
            times[name] = halves
            print(f"  {name:24} p50 {halves:8.2f} ms   p99 {tails:8.2f} ms")
        for ours in ("ours", "ours on one machine"):
            for name, half in times.items():
                if not name.startswith("ours"):
                    print(f"  {ours} / {name}: p50 {times[ours] / half:.2f}")

    def busy(self):
        """The longest that a key takes while something keeps the node's disk busy and other sessions come and go."""
        print("\nfrom key to echo on a node whose disk is busy")
        writers = 'while :; do for i in 1 2 3; do dd if=/dev/zero of="$0/big$i" bs=1M count=1500 status=none & done; wait; sync; done'
        for name, start in self.all():
            taken, others = [], []
            writer = subprocess.Popen(["sh", "-c", writers, self.trial.directory], start_new_session=True)
            try:
                for _ in range(self.rounds):
                    with start() as terminal:
                        prompt(terminal)
                        terminal.type("cat > /dev/null\n")
                        terminal.wait("cat > /dev/null\n")
                        terminal.read(0.5)
                        for number in range(4 * KEYS):
                            if number % 100 == 0:
                                # One that ends, and one that begins.
                                others.append(start())
                                if len(others) > 1:
                                    others.pop(0).__exit__()
                            time.sleep(KEY_PAUSE)
                            taken.append(terminal.echo(b"x" if number % 40 else b"\n") * 1000)
            finally:
                for other in others:
                    other.__exit__()
                os.killpg(writer.pid, signal.SIGKILL)
                writer.wait()
                for file in self.trial.directory.glob("big*"):
                    file.unlink()
            tails = statistics.quantiles(taken, n=1000)
            print(f"  {name:24} p50 {statistics.median(taken):8.2f} ms   p99.9 {tails[998]:8.2f} ms   worst {max(taken):8.2f} ms")

    def flood(self):
        """`yes`, a second later Ctrl-C, and the time until nothing comes any more, on a fast and on a slow terminal."""
        print("\nfrom Ctrl-C to the end of a flood")
        for speed, pause in (("fast", 0), ("of 1 MB/s", 0.004), ("of 0.2 MB/s", 0.02)):
            times = {}
            for _ in range(self.rounds):
                for name, start in self.pairs():
                    with start() as terminal:
                        prompt(terminal)
                        terminal.type("yes\n")
                        terminal.drain(2, pause)
                        terminal.type("\x03")
                        times.setdefault(name, []).append(terminal.drain(0.5, pause, idle=True))
            for name, values in times.items():
                print(f"  a terminal {speed:12} {name:24} {statistics.median(values) * 1000:9.1f} ms, worst {max(values) * 1000:.1f} ms")

    def relays(self):
        """As many processes between keys and bash as client, engine and agent are, which only pass bytes on: no
        encryption, no frames, no acknowledgements."""
        if not shutil.which("socat"):
            print("without relays: there is no socat")
            return None
        middle, end = pair.free_port(), pair.free_port()
        options = "reuseaddr,fork,nodelay,bind=127.0.0.1"
        self.trial.start(["socat", f"TCP-LISTEN:{end},{options}", "EXEC:bash --norc,pty,setsid,ctty,stderr"], self.trial.bare)
        self.trial.start(["socat", f"TCP-LISTEN:{middle},{options}", f"TCP:127.0.0.1:{end},nodelay"], self.trial.bare)
        for port in (middle, end):
            pair.until("socat listens", lambda: f":{port:04X} 00000000:0000 0A" in pathlib.Path("/proc/net/tcp").read_text())
        return lambda: Terminal(["socat", "-,raw,echo=0", f"TCP:127.0.0.1:{middle},nodelay"], self.trial.environment)

    def sshd(self):
        """An ssh server of our own with a key of its own; what opens a shell through it."""
        program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if not program:
            print("without ssh: there is no sshd (Debian's openssh-server)")
            return None
        home, port = self.trial.directory / "ssh", pair.free_port()
        home.mkdir()
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / key], check=True)
        (home / "config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home}/host\nAuthorizedKeysFile {home}/user.pub\n"
            "PermitRootLogin yes\nStrictModes no\nUsePAM no\nPidFile none\n")
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.trial.start([program, "-D", "-e", "-f", home / "config"], self.trial.bare)
        command = ["ssh", "-tt", "-p", str(port), "-i", home / "user", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
                   "-o", f"UserKnownHostsFile={home}/known", "-F", "/dev/null", "root@127.0.0.1"]
        probe = [*command[:1], *command[2:], "true"]
        pair.until("sshd answers", lambda: subprocess.run(probe, capture_output=True).returncode == 0)
        return lambda: Terminal(command, self.trial.bare | {"TERM": "xterm-256color"})


def report(title, rates, unit):
    print(f"\n{title}")
    middle = {name: statistics.median(values) for name, values in rates.items()}
    for name, values in rates.items():
        print(f"  {name:24} {middle[name]:9.2f} {unit}   ({min(values):.2f} to {max(values):.2f} in {len(values)} rounds)")
    for name, rate in middle.items():
        if name != "ours":
            print(f"  ours / {name}: {middle['ours'] / rate:.1f}")


def main():
    known = ("cat", "keys", "paste", "flood", "busy")
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("what", nargs="*", help=f"{', '.join(known)}; all if none is named")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--pause", type=float, default=KEY_PAUSE, help="seconds between an echo and the next key (keys)")
    chosen = arguments.parse_args()
    for what in chosen.what:
        if what not in known:
            arguments.error(f"{what} is none of {', '.join(known)}")
    pair.alone()
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        with pair.Trial(directory) as trial:
            bench = Bench(trial, chosen.rounds, chosen.pause)
            for what in chosen.what or known:
                getattr(bench, what)()


if __name__ == "__main__":
    main()
