"""Mann–Kendall test and Sen's slope of 10⁶ series of 30 steps: the kernel beside pyMannKendall.

The peer takes one series at a time; it is timed on a sample of them, and its time scaled to all.
"""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels.trend_tests import Trend, mann_kendall
from harness import BENCH, Peer, alternate, report

SERIES = int(os.environ.get("TREND_SERIES", "1000000"))
SAMPLE = int(os.environ.get("TREND_SAMPLE", "1000"))
STEPS = 30


def main() -> None:
    """Measure in CPU seconds, and compare S, variance, z, p, tau and slope of the sample."""
    random = np.random.default_rng(6)
    values = random.normal(size=(SERIES, STEPS)) + 0.02 * np.arange(STEPS) * random.normal(size=(SERIES, 1))
    values[::7] = np.round(values[::7], 1)
    np.save(BENCH / "trend_series.npy", values[:SAMPLE])
    times = np.arange(float(STEPS))
    found = mann_kendall(values[:SAMPLE], times)
    peer = Peer("trend.py")

    def ours() -> float:
        start = time.process_time()
        mann_kendall(values, times)
        return time.process_time() - start

    def theirs() -> float:
        return float(peer.ask(folder=str(BENCH))) * SERIES / SAMPLE

    theirs()
    mine, other = alternate(ours, theirs, times=3)
    peer.close()
    expected = np.load(BENCH / "trend_found.npy").T
    difference = _difference(found, expected)
    if difference > 1e-12:
        raise SystemExit(f"results differ by {difference:.2g}")
    report(
        claim="mann-kendall-sen", ours=mine, peer=other, peer_name="pymannkendall", unit="CPU s", goal="≥ 100×",
        work=(
            f"{SERIES:,} series of {STEPS} steps, score, variance, z, p, tau, slope (ours also with limits); the peer on "
            f"{SAMPLE:,} of them, scaled; results agree to {difference:.1g}"
        ),
    )  # fmt: skip


def _difference(found: Trend, expected: np.ndarray) -> float:
    """Largest difference of the numbers that both give, relative to each number above 1."""
    ours = np.array([found.score, found.variance, found.z, found.p, found.tau, found.slope])
    return float((np.abs(ours - expected) / np.maximum(np.abs(expected), 1.0)).max())


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
