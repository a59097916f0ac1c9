"""What every benchmark shares: the peers' environment, honest repetition, one result file a claim."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
BENCH = ROOT / ".bench"
PEER_PYTHON = BENCH / "peers" / "bin" / "python"


def report(
    *,
    claim: str,
    ours: float,
    peer: float | None,
    peer_name: str,
    unit: str,
    goal: str,
    work: str,
    smaller_is_better: bool = True,
    **more: Any,
) -> None:
    """Print one line and write `results/CLAIM.json`; a ratio above 1 means ours is better."""
    ratio = None if peer is None else (peer / ours if smaller_is_better else ours / peer)
    result = {
        "claim": claim, "ours": round(ours, 4), "peer": None if peer is None else round(peer, 4),
        "peer_name": peer_name, "unit": unit, "ratio": None if ratio is None else round(ratio, 3), "goal": goal,
        "work": work, "date": dt.datetime.now(dt.UTC).date().isoformat(), "machine": machine(), **more,
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{claim}.json").write_text(
        json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    beside = "" if peer is None else f"  {peer_name} {peer:.4g} {unit}  ratio {ratio:.3g}"
    print(f"{claim}: ours {ours:.4g} {unit}{beside}  (goal: {goal})", flush=True)


def machine() -> str:
    """Size of this machine, not its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}"


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternate(ours: Callable[[], float], peer: Callable[[], float], times: int = 5) -> tuple[float, float]:
    """Medians of `times` runs of each, taken in turns so that a busy moment hits both."""
    pairs = [(ours(), peer()) for _ in range(times)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def peer_python() -> Path:
    """Python of the peers' own environment, made on first use from `benchmarks/peers.lock`."""
    stamp = BENCH / "peers" / ".locked"
    lock = ROOT / "benchmarks" / "peers.lock"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        uv = ROOT / ".tools" / "bin" / "uv"
        subprocess.run(
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, PEER_PYTHON.parents[1]], check=True
        )
        subprocess.run(
            [uv, "pip", "sync", "--quiet", "--python", PEER_PYTHON, "--require-hashes", lock], check=True
        )
        stamp.touch()
    return PEER_PYTHON


class Peer:
    """A peer's script kept running in its own environment, so that start-up is not timed.

    The script reads one JSON line per request and answers with one JSON line.
    """

    def __init__(self, script: str) -> None:
        self._process = subprocess.Popen(
            [peer_python(), ROOT / "benchmarks" / "peers" / script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: Any) -> Any:
        """Send one request and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the peer."""
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait(timeout=30)
