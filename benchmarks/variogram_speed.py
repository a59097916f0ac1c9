"""Variogram of 5,000 points in 30 lags: the kernel on all pairs beside GSTools."""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels.variogram import EVERYWHERE, SQUARED, matheron, pair_sums
from harness import BENCH, Peer, alternate, report

POINTS = int(os.environ.get("VARIOGRAM_POINTS", "5000"))
LAGS = 30
REACH = 1500.0


def main() -> None:
    """Measure in CPU seconds, and compare both variograms."""
    random = np.random.default_rng(4)
    places = random.uniform(0, 1000, (POINTS, 2))
    places = places[np.argsort(places[:, 1])]
    values = random.normal(size=POINTS)
    np.save(BENCH / "variogram_points.npy", np.column_stack([places, values]))
    flat = np.column_stack([places, np.zeros(POINTS)])
    found = pair_sums(flat, values, values, REACH / LAGS, LAGS, EVERYWHERE, SQUARED)
    peer = Peer("geostatistics.py")

    def ours() -> float:
        start = time.process_time()
        pair_sums(flat, values, values, REACH / LAGS, LAGS, EVERYWHERE, SQUARED)
        return time.process_time() - start

    def theirs() -> float:
        return float(peer.ask(task="variogram", folder=str(BENCH), lags=LAGS, reach=REACH))

    theirs()
    mine, other = alternate(ours, theirs)
    peer.close()
    there = found[0] > 0
    expected = np.load(BENCH / "variogram.npy")[there]
    difference = float(np.abs(matheron(found[0], found[2])[there] - expected).max())
    report(
        claim="variogram", ours=mine, peer=other, peer_name="gstools", unit="CPU s", goal="≥ 30×",
        work=f"{POINTS:,} points, {LAGS} lags that take all {int(found[0].sum()):,} pairs; semivariances agree to {difference:.1g}",
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
