"""Landscape metrics with nearest-neighbour distances of 55,000 patches: the kernels beside PyLandStats."""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels.landscape_metrics import fractal_dimension, shape_index
from craton.kernels.landscape_patches import nearest, patches
from harness import BENCH, Peer, report

SIDE = int(os.environ.get("LANDSCAPE_SIDE", "500"))
CLASSES = 4
SIZE = 10.0
SPREAD = 0.05


def main() -> None:
    """Measure in CPU seconds, and compare the metrics of all patches, whatever their order."""
    classes = _classes()
    np.save(BENCH / "landscape.npy", (classes + 1).astype(np.uint8))
    _metrics(classes)
    start = time.process_time()
    found = _metrics(classes)
    mine = time.process_time() - start
    peer = Peer("landscape.py")
    other = float(peer.ask(folder=str(BENCH), size=SIZE))
    peer.close()
    expected = np.load(BENCH / "landscape_found.npy")
    if len(found) != len(expected):
        raise SystemExit(f"{len(found)} patches, the peer has {len(expected)}")
    difference = float(np.nanmax(np.abs(_sorted(found) - _sorted(expected))))
    if difference > 1e-6:
        raise SystemExit(f"metrics differ by {difference:.2g}")
    report(
        claim="landscape-metrics", ours=mine, peer=other, peer_name="pylandstats", unit="CPU s", goal="≥ 200×",
        work=(
            f"{SIDE} × {SIDE} cells of {CLASSES} classes, {len(found):,} patches: area, perimeter, fractal dimension and "
            f"exact nearest neighbour of each; metrics agree to {difference:.1g}"
        ),
    )  # fmt: skip


def _classes() -> np.ndarray:
    """Noise of classes, smoothed here and there, codes from 0."""
    random = np.random.default_rng(7)
    noise = random.integers(0, CLASSES, (SIDE, SIDE))
    calm = random.uniform(size=(SIDE, SIDE)) < SPREAD
    noise[:, 1:][calm[:, 1:]] = noise[:, :-1][calm[:, 1:]]
    return noise.astype(np.int32)


def _metrics(classes: np.ndarray) -> np.ndarray:
    """Class, area (m²), perimeter (m), fractal dimension and nearest neighbour (m) of each patch."""
    found = patches(classes, CLASSES)
    area, perimeter = found.cells * SIZE**2, found.sides * SIZE
    shape_index(found.sides, found.cells)
    return np.column_stack([
        found.kind + 1.0, area, perimeter, fractal_dimension(perimeter, area), nearest(found) * SIZE
    ])  # fmt: skip


def _sorted(table: np.ndarray) -> np.ndarray:
    """Rows in the order of their rounded numbers."""
    rounded = np.round(table, 6)
    return table[np.lexsort(rounded.T[::-1])]


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
