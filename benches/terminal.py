"""A program on a pseudo-terminal, typed into and read by a script as fast as both ends go."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

ROWS, COLUMNS = 40, 120


class Terminal:
    """Starts `argv` on a terminal of its own."""

    def __init__(self, argv, environment):
        argv = [os.fspath(word) for word in argv]
        self.child, self.fd = pty.fork()
        if self.child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execvpe(argv[0], argv, environment)
        os.set_blocking(self.fd, False)
        self.name = argv[0]
        self.seen = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.child, signal.SIGHUP)
        end = time.monotonic() + 3
        while os.waitpid(self.child, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                os.kill(self.child, signal.SIGKILL)
            self.read(0.05)
        os.close(self.fd)

    def read(self, seconds):
        """What there is to read, waiting for it no longer than that; nothing at the end of the program."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self.fd, 65536)
        except (OSError, BlockingIOError):
            return b""

    def drain(self, seconds, pause=0, idle=False):
        """Reads for so long, or until nothing has come for so long; with a pause after every read, as a slow terminal
        does. The seconds until the last byte."""
        begin = last = time.monotonic()
        while time.monotonic() - (last if idle else begin) < seconds:
            if self.read(0.05):
                last = time.monotonic()
                time.sleep(pause)
        return last - begin

    def type(self, text):
        """Types a short text."""
        os.write(self.fd, text.encode())

    def wait(self, marker, seconds=60):
        """Reads until `marker` has come; how many bytes came before its end."""
        return self.exchange(b"", marker, seconds)

    def exchange(self, data, marker, seconds=60):
        """Types all of `data` while reading, and goes on reading until `marker`; how many bytes came. Carriage returns
        count, but `marker` has none."""
        marker, data, tail, count = marker.encode(), memoryview(data), b"", 0
        end = time.monotonic() + seconds
        while True:
            readable, writable, _ = select.select([self.fd], [self.fd] if data else [], [], 1)
            if writable:
                try:
                    data = data[os.write(self.fd, data[:4096]):]
                except BlockingIOError:
                    pass
            if readable:
                try:
                    piece = os.read(self.fd, 65536)
                except BlockingIOError:
                    continue
                except OSError:
                    sys.exit(f"{self.name} ended: {tail[-500:]!r}")
                count += len(piece)
                # How many carriage returns come depends on who else has a terminal under way.
                tail = (tail + piece.replace(b"\r", b""))[-4096 - len(piece):]
                if marker in tail:
                    return count
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name} did not show {marker!r} in {seconds} s: {tail[-300:]!r}")

    def echo(self, key):
        """Seconds from typing a key to its echo."""
        start = time.perf_counter()
        os.write(self.fd, key)
        while True:
            if not select.select([self.fd], [], [], 30)[0]:
                raise TimeoutError(f"{self.name} does not echo")
            if key in os.read(self.fd, 65536):
                return time.perf_counter() - start


def prompt(terminal, seconds=60):
    """Waits until the shell on the other side answers. Typed until it does: some ends lose what comes before they are up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.type("echo REA''DY\n")
        try:
            terminal.wait("READY", 5)
            break
        except TimeoutError:
            continue
    else:
        sys.exit(f"{terminal.name}: no shell after {seconds} s")
    # The markers of repeated questions, and the prompt behind them.
    while terminal.read(1.5):
        pass
