"""Indicator kriging in a volume: all categories at 125,000 cells from 2,000 samples, beside geone (C)."""

from __future__ import annotations

import os
import time

import numpy as np

from craton.kernels import covariance as cov
from craton.kernels.kriging import Estimate, System, distinct_places
from craton.kernels.kriging_groups import Data, Targets, find_groups, metric
from craton.kernels.kriging_local import krige
from craton.methods.geomodel_volume import Lattice
from craton.methods.property_cells import tiles_of
from harness import BENCH, Peer, alternate, report

SIDE = int(os.environ.get("INDICATOR_SIDE", "50"))
HOLES = int(os.environ.get("INDICATOR_HOLES", "50"))
PER_HOLE, CATEGORIES, NEIGHBOURS = 40, 6, 24
EXTENT, RANGES, NUGGET = (2000.0, 2000.0, 1000.0), (500.0, 500.0, 170.0), 0.01

MODEL = cov.Model(
    np.array([cov.SPHERICAL]), np.zeros(1), np.ones(1), cov.reduction(cov.SPHERICAL, 0.0, RANGES)[None],
    np.full((1, 1, 1), 1.0 - NUGGET), np.array([[NUGGET]]),
)  # fmt: skip


def samples() -> tuple[np.ndarray, np.ndarray]:
    """Places along vertical holes, and one of six categories that lie in folded layers."""
    random = np.random.default_rng(1)
    holes = random.uniform(0, 2000, (HOLES, 2))
    places = np.column_stack([
        np.repeat(holes, PER_HOLE, axis=0), np.tile(np.linspace(5, 995, PER_HOLE), HOLES)
    ])  # fmt: skip
    level = places[:, 2] / 170 + np.sin(places[:, 0] / 250) + 0.5 * np.cos(places[:, 1] / 300) + 2
    return places, np.floor(level).astype(int) % CATEGORIES


def lattice() -> Lattice:
    """Cells of the box."""
    east, north, up = (size / SIDE * (np.arange(SIDE) + 0.5) for size in EXTENT)
    return Lattice(up[::-1], north[::-1], east, "")


def kriged(places: np.ndarray, shares: np.ndarray, cells: Lattice) -> np.ndarray:
    """Probabilities (cells, categories), search included."""
    spots = cells.places()
    data = Data(places, np.zeros(len(places), np.int64), np.ones((len(places), 1)), shares)
    tiles = tiles_of(cells, np.arange(len(spots)), len(places), NEIGHBOURS, MODEL)
    targets = Targets(spots, np.ones((len(spots), 1)), tiles)
    groups = find_groups(data, targets, metric(MODEL), NEIGHBOURS)
    found = Estimate(np.empty((len(spots), CATEGORIES)), np.empty(len(spots)))
    krige(MODEL, data, targets, groups, range(len(groups.near)), found)
    positive = np.maximum(found.values, 0.0)
    return positive / positive.sum(axis=1, keepdims=True)


def main() -> None:
    """Beside geone in CPU seconds; both as close to kriging with all samples."""
    raw, classes = samples()
    np.savez(BENCH / "volume_classes.npz", raw, classes)
    places, shares = distinct_places(raw, (classes[:, None] == np.arange(CATEGORIES)).astype(float))
    cells, peer = lattice(), Peer("geostatistics_volume.py")

    def ours() -> float:
        start = time.process_time()
        kriged(places, shares, cells)
        return time.process_time() - start

    def theirs() -> float:
        request = {"extent": EXTENT, "ranges": RANGES, "nugget": NUGGET, "side": SIDE}
        return float(
            peer.ask(
                task="indicators", folder=str(BENCH), categories=CATEGORIES, neighbours=NEIGHBOURS, **request
            )
        )

    ours()
    mine, other = alternate(ours, theirs, times=1 if SIDE > 40 else 2)
    peer.close()
    some = np.random.default_rng(6).choice(SIDE**3, min(1000, SIDE**3), replace=False)
    spots = cells.places()[some]
    whole = np.column_stack([
        System(MODEL, places, one, np.ones((len(places), 1))).estimate(spots, np.ones((some.size, 1)), variances=False).values
        for one in shares.T
    ])  # fmt: skip
    whole = np.maximum(whole, 0.0)
    whole /= whole.sum(axis=1, keepdims=True)
    # The peer counts upward and northward.
    chances = np.load(BENCH / "volume_chances.npy")[:, ::-1, ::-1].reshape(CATEGORIES, -1).T
    misses = [
        float(np.sqrt(np.mean((one[some] - whole) ** 2))) for one in (kriged(places, shares, cells), chances)
    ]
    report(
        claim="indicator-kriging-volume", ours=mine, peer=other, peer_name="geone (C)", unit="CPU s", goal="≥ 30×",
        work=f"{CATEGORIES} categories, {len(places):,} samples in {HOLES} holes to {SIDE}³ cells, {NEIGHBOURS} neighbours, "
        f"search included; distance of probabilities to kriging with all samples {misses[0]:.2g} (geone {misses[1]:.2g}, rms)",
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
