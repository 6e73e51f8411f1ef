"""The filter of the fleet beside `fzf --filter`: the same words on the same 100,000 lines, in one run.

    cargo build --release --example filter
    python benches/filter.py

Both read the lines from a pipe and write what they let through; fzf is told not to sort, since the fleet keeps the order of
its rows. The lines they let through must be the same.
"""

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

LINES = 100_000
ROUNDS = 15
WORDS = ["w", "web", "web7", "web-1 99", "dbx", "debian 12 api", "^cache", "!web 10.0.1", "'api-9", "zzz"]
OURS = Path(__file__).parent.parent / "target/release/examples/filter"


def lines() -> bytes:
    roles = ["web", "api", "db", "cache", "build"]
    rows = (
        f"{roles[n % 5]}-{n} mi-{n:017x} 10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255} Debian GNU/Linux {11 + n % 3}"
        for n in range(LINES)
    )
    return "\n".join(rows).encode() + b"\n"


def run(command: list[str], text: bytes) -> tuple[float, bytes]:
    began = time.perf_counter()
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, check=False)
    return (time.perf_counter() - began) * 1000, done.stdout


def main() -> int:
    ours = sys.argv[1] if len(sys.argv) > 1 else str(OURS)
    fzf = shutil.which("fzf")
    if not fzf:
        print("fzf is not installed", file=sys.stderr)
        return 2
    text = lines()
    slower = []
    for words in WORDS:
        times: dict[str, list[float]] = {"ours": [], "fzf": []}
        found: dict[str, bytes] = {}
        for _ in range(ROUNDS):
            for name, command in (("ours", [ours, words]), ("fzf", [fzf, "--no-sort", "--filter", words])):
                took, found[name] = run(command, text)
                times[name].append(took)
        a, b = (statistics.median(times[name]) for name in ("ours", "fzf"))
        same = sorted(found["ours"].splitlines()) == sorted(found["fzf"].splitlines())
        print(f"{words:<16} ours {a:6.1f} ms   fzf {b:6.1f} ms   {found['ours'].count(10):>7} lines, {'the same' if same else 'NOT THE SAME'}")
        if a > b or not same:
            slower.append(words)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
