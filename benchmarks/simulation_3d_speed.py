"""Conditional simulation in a volume: 100 fields of 125,000 cells tied to 2,000 data, beside geone (C)."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time

import numpy as np

from craton.kernels import covariance as cov
from craton.kernels.conditional_field import ConditionalField
from craton.kernels.kriging import System
from harness import BENCH, Peer, report

SIDE = int(os.environ.get("SIMULATION_SIDE", "50"))
DATA = int(os.environ.get("SIMULATION_DATA", "2000"))
FIELDS = int(os.environ.get("SIMULATION_FIELDS", "100"))
PEER_SETS = int(os.environ.get("SIMULATION_PEER_SETS", "6"))
"""Sets of data for which the peer draws one field; each costs it some seconds."""

SETS, LAG, NEIGHBOURS = 20, 8, 12
EXTENT, RANGES, NUGGET = (2000.0, 2000.0, 1000.0), (500.0, 500.0, 170.0), 0.01
SPACING = (EXTENT[2] / SIDE, EXTENT[1] / SIDE, EXTENT[0] / SIDE)

MODEL = cov.Model(
    np.array([cov.SPHERICAL]), np.zeros(1), np.ones(1), cov.reduction(cov.SPHERICAL, 0.0, RANGES)[None],
    np.full((1, 1, 1), 1.0 - NUGGET), np.array([[NUGGET]]),
)  # fmt: skip


def places_of(cells: np.ndarray) -> np.ndarray:
    """Easting, northing, upward of the middles of cells by number."""
    level, row, column = np.unravel_index(cells, (SIDE,) * 3)
    return (np.column_stack([column, row, level]) + 0.5) * np.array(SPACING[::-1])


def semivariance(fields: np.ndarray) -> float:
    """Mean semivariance at `LAG` cells to the east of fields (count, cells)."""
    cubes = fields.reshape(-1, SIDE, SIDE, SIDE).astype(np.float64)
    return float(((cubes[..., LAG:] - cubes[..., :-LAG]) ** 2).mean() / 2)


def ensemble(known: np.ndarray, values: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Fields tied to data, everything worked out anew."""
    fields = ConditionalField(MODEL, (SIDE,) * 3, SPACING)
    found = fields.draw(count, (seed,))
    fields.tie(found, known, values)
    return found


def check(known: np.ndarray, values: np.ndarray, fields: np.ndarray) -> tuple[float, float]:
    """Root mean square of the errors of mean and variance at 500 cells in their standard errors: 1 is exact."""
    some = np.setdiff1d(np.random.default_rng(3).choice(SIDE**3, 500, replace=False), known)
    exact = System(MODEL, places_of(known), values, np.empty((known.size, 0))).estimate(
        places_of(some), np.empty((some.size, 0))
    )
    drawn = fields[:, some].astype(np.float64)
    mean = (drawn.mean(axis=0) - exact.values) / np.sqrt(exact.variances / len(drawn))
    spread = (drawn.var(axis=0, ddof=1) / exact.variances - 1) / np.sqrt(2 / (len(drawn) - 1))
    return float(np.sqrt((mean**2).mean())), float(np.sqrt((spread**2).mean()))


def main() -> None:
    """Time one ensemble, then compare the semivariance of fields given data from the model with the model's."""
    random = np.random.default_rng(1)
    truths = ConditionalField(MODEL, (SIDE,) * 3, SPACING).draw(SETS, (99,)).astype(np.float64)
    sets = [np.sort(random.choice(SIDE**3, DATA, replace=False)) for _ in truths]
    ensemble(sets[0], truths[0][sets[0]], 2, 0)
    start = time.process_time()
    fields = ensemble(sets[0], truths[0][sets[0]], FIELDS, 0)
    mine = time.process_time() - start
    errors = check(sets[0], truths[0][sets[0]], fields)
    gamma = np.mean([
        semivariance(ensemble(known, truth[known], 4, 1 + n)) for n, (known, truth) in enumerate(zip(sets, truths, strict=True))
    ])  # fmt: skip
    peer, taken, theirs = Peer("geostatistics_volume.py"), [], []
    for number, (known, truth) in enumerate(zip(sets[:PEER_SETS], truths, strict=False)):
        np.savez(BENCH / "volume_samples.npz", places_of(known), truth[known])
        request = {
            "extent": EXTENT,
            "ranges": RANGES,
            "nugget": NUGGET,
            "side": SIDE,
            "neighbours": NEIGHBOURS,
        }
        taken.append(peer.ask(task="simulate", folder=str(BENCH), realizations=1, seed=number + 1, **request))
        theirs.append(semivariance(np.load(BENCH / "volume_fields.npy")))
    peer.close()
    at_lag = float(cov.variogram(MODEL, np.array([[LAG * SPACING[2], 0.0, 0.0]]))[0])
    report(
        claim="conditional-simulation-volume", ours=mine, peer=float(np.median(taken)) * FIELDS, peer_name="geone SGS (C)",
        unit="CPU s", goal="≥ 100×",
        work=f"{FIELDS} fields of {SIDE}³ cells given {DATA:,} data, all data in each cell (geone {NEIGHBOURS} neighbours, its "
        f"median of {PEER_SETS} single fields × {FIELDS}); errors of mean and variance against the dense system {errors[0]:.2f} "
        f"and {errors[1]:.2f} standard errors; semivariance at {LAG} cells {gamma:.3f}, geone {np.mean(theirs):.3f}, of the fields "
        f"the data are from {semivariance(truths):.3f}, model {at_lag:.3f}",
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
