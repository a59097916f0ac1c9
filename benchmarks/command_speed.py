"""What a person waits for: the first answer of `craton ls`, and the demo."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from harness import BENCH, ROOT, report, seconds

CRATON = Path(sys.executable).with_name("craton")


def main() -> None:
    """Measure both."""
    folder = BENCH / "demo-node"
    shutil.rmtree(folder, ignore_errors=True)
    build = [sys.executable, ROOT / "demo" / "build.py", folder]
    demo = seconds(lambda: subprocess.run(build, check=True, capture_output=True, cwd=BENCH))
    report(
        claim="demo", ours=demo, peer=None, peer_name="", unit="s", goal="≤ 30 s",
        work="build the demo node from the sample, draw its map, check it; a new process",
    )  # fmt: skip
    ls = [CRATON, "ls", folder]
    times = [seconds(lambda: subprocess.run(ls, check=True, capture_output=True)) for _ in range(15)]
    report(
        claim="ls-cold-start", ours=statistics.median(times), peer=None, peer_name="", unit="s", goal="< 0.5 s",
        work="`craton ls` on the demo node, a new process each time, median of 15",
    )  # fmt: skip


if __name__ == "__main__":
    main()
