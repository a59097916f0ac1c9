"""Local ordinary kriging: 5,000 points to 40,000 cells beside PyKrige, and 50,000 points to a million cells."""

from __future__ import annotations

import os
import resource
import time

import numpy as np

from craton.kernels import covariance as cov
from craton.kernels.kriging import Estimate, System, distinct_places
from craton.kernels.kriging_groups import Data, Targets, find_groups, metric, tile_side
from craton.kernels.kriging_local import krige
from craton.kernels.random_field import Bands
from harness import BENCH, Peer, alternate, report

POINTS = int(os.environ.get("KRIGING_POINTS", "5000"))
SIDE = int(os.environ.get("KRIGING_SIDE", "200"))
LARGE_POINTS = int(os.environ.get("KRIGING_LARGE_POINTS", "50000"))
LARGE_SIDE = int(os.environ.get("KRIGING_LARGE_SIDE", "1000"))
NEIGHBOURS = 32
EXTENT, RANGE, NUGGET = 1000.0, 100.0, 0.1

MODEL = cov.Model(
    np.array([cov.SPHERICAL]), np.zeros(1), np.ones(1), cov.reduction(cov.SPHERICAL, 0.0, (RANGE,) * 3)[None],
    np.ones((1, 1, 1)), np.array([[NUGGET]]),
)  # fmt: skip


def samples(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places in a square and a field of the model at them."""
    random = np.random.default_rng(seed)
    places = np.column_stack([random.uniform(0, EXTENT, (count, 2)), np.zeros(count)])
    values = Bands(MODEL, random, 500).at(places) + np.sqrt(NUGGET) * random.normal(size=count)
    return distinct_places(places, values[:, None])


def cells(side: int, count: int) -> Targets:
    """Cells of the square in tiles that suit `count` data."""
    axis = (np.arange(side) + 0.5) * EXTENT / side
    north, east = np.meshgrid(axis, axis, indexing="ij")
    tile = tile_side(side * side / count, NEIGHBOURS)
    row, column = np.divmod(np.arange(side * side), side)
    places = np.column_stack([east.ravel(), north.ravel(), np.zeros(side * side)])
    return Targets(places, np.ones((side * side, 1)), row // tile * (side // tile + 1) + column // tile)


def kriged(places: np.ndarray, values: np.ndarray, targets: Targets) -> Estimate:
    """Local ordinary kriging, search included."""
    data = Data(places, np.zeros(len(places), np.int64), np.ones((len(places), 1)), values)
    found = Estimate(np.empty((len(targets.places), 1)), np.empty(len(targets.places)))
    groups = find_groups(data, targets, metric(MODEL), NEIGHBOURS)
    krige(MODEL, data, targets, groups, range(len(groups.near)), found)
    return found


def compare() -> None:
    """Beside PyKrige in CPU seconds; both as close to kriging with all data."""
    places, values = samples(POINTS, 5)
    targets = cells(SIDE, POINTS)
    np.save(BENCH / "kriging_points.npy", np.column_stack([places[:, :2], values]))
    peer = Peer("geostatistics.py")

    def ours() -> float:
        start = time.process_time()
        kriged(places, values, targets)
        return time.process_time() - start

    def theirs() -> float:
        request = {"side": SIDE, "extent": EXTENT, "range": RANGE, "nugget": NUGGET, "neighbours": NEIGHBOURS}
        return float(peer.ask(task="kriging", folder=str(BENCH), **request))

    ours()
    theirs()
    mine, other = alternate(ours, theirs, times=3)
    peer.close()
    some = np.random.default_rng(6).choice(SIDE * SIDE, min(2000, SIDE * SIDE), replace=False)
    system = System(MODEL, places, values[:, 0], np.ones((POINTS, 1)))
    whole = system.estimate(targets.places[some], np.ones((some.size, 1)), variances=False).values
    answers = kriged(places, values, targets).values[:, 0], np.load(BENCH / "kriged.npy").ravel()
    misses = [float(np.sqrt(np.mean((one[some] - whole) ** 2))) for one in answers]
    report(
        claim="local-kriging", ours=mine, peer=other, peer_name="pykrige (C)", unit="CPU s", goal="≥ 20×",
        work=f"{POINTS:,} points to {SIDE}² cells, {NEIGHBOURS} neighbours, value and variance, search included; distance "
        f"to kriging with all data {misses[0]:.2g} (pykrige {misses[1]:.2g}) of a sill of 1 (rms)",
    )  # fmt: skip


def large() -> None:
    """A million cells from 50,000 points, which a matrix over all points does not allow."""
    places, values = samples(LARGE_POINTS, 7)
    targets = cells(LARGE_SIDE, LARGE_POINTS)
    start = time.perf_counter()
    kriged(places, values, targets)
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report(
        claim="kriging-million-cells", ours=taken, peer=None, peer_name="", unit="s", goal="≤ 10 s and ≤ 500 MB",
        work=f"{LARGE_POINTS:,} points to {LARGE_SIDE}² cells, {NEIGHBOURS} neighbours; peak of the process {peak:.0f} MB; "
        "2 threads", peak_mb=round(peak),
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    large()
    compare()
