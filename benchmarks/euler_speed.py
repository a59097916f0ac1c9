"""Euler deconvolution in every window of a grid: the kernel beside harmonica, which fits one window a call."""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels.euler import Field, solve_windows
from harness import BENCH, Peer, alternate, report

SIDE = int(os.environ.get("EULER_SIDE", "512"))
SPACING = 100.0
WINDOW = 10
INDEX = 2.0
SAMPLE = int(os.environ.get("EULER_SAMPLE", "5000"))
"""Windows that the peer is asked for; its time goes with their number."""


def field() -> Field:
    """Attraction of two point masses, in mGal, and its exact gradient, with noise on all four."""
    axis = SPACING * np.arange(SIDE)
    north, east = np.meshgrid(axis, axis, indexing="ij")
    total = np.zeros((4, SIDE, SIDE))
    for place, depth, strength in (((0.5, 0.5), 3000.0, 7e7), ((0.25, 0.8), 1500.0, 3e7)):
        x, y = east - place[0] * axis[-1], north - place[1] * axis[-1]
        squares = x**2 + y**2 + depth**2
        value = strength * depth / squares**1.5
        up = strength * (squares - 3 * depth**2) / squares**2.5
        total += [value, -3 * x / squares * value, -3 * y / squares * value, up]
    random = np.random.default_rng(3)
    total += 1e-3 * total.std(axis=(1, 2), keepdims=True) * random.normal(size=total.shape)
    return Field(*total)


def main() -> None:
    """Measure, and compare places in the sampled windows."""
    data = field()
    np.save(BENCH / "euler.npy", np.array(data))
    count = SIDE - WINDOW + 1
    starts = np.random.default_rng(4).integers(0, count, (SAMPLE, 2))
    np.save(BENCH / "windows.npy", starts)
    peer = Peer("euler.py")

    def theirs() -> float:
        asked = {"folder": str(BENCH), "spacing": SPACING, "window": WINDOW, "index": INDEX}
        return float(peer.ask(**asked)) * count**2 / SAMPLE

    def ours() -> float:
        start = time.process_time()
        solve_windows(data, (SPACING, SPACING), WINDOW, (INDEX,))
        return time.process_time() - start

    ours(), theirs()
    mine, other = alternate(ours, theirs, times=5)
    found = solve_windows(data, (SPACING, SPACING), WINDOW, (INDEX,))
    at = tuple(starts.T)
    middle = SPACING * (starts + 0.5 * (WINDOW - 1))
    places = np.column_stack(
        [found.easting[at] + middle[:, 1], found.northing[at] + middle[:, 0], found.upward[at]]
    )
    difference = float(np.abs(places - np.load(BENCH / "places.npy")).max())
    peer.close()
    report(
        claim="euler-windows", ours=mine, peer=other, peer_name="harmonica", unit="CPU s", goal="≥ 200×",
        work=f"all {count**2:,} windows of {WINDOW} x {WINDOW} cells of a grid of {SIDE}², gradient given, with standard "
        f"deviations; the peer on {SAMPLE:,} of them, times their number; places agree to {difference:.1g} m",
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
