"""Gaussian random fields beside GSTools: one free field, and fields tied to data."""

from __future__ import annotations

import os
import time

# CPU seconds of one thread, as the peer's: waiting BLAS threads would be counted.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import geopandas as gpd
import numpy as np

from craton.kernels import covariance as cov
from craton.kernels.random_field import Embedding
from craton.methods.simulation import conditional_simulation
from craton.methods.variogram_model import variogram_model
from harness import BENCH, Peer, report

SIDE = int(os.environ.get("FIELD_SIDE", "1000"))
POINTS = int(os.environ.get("FIELD_POINTS", "500"))
CONDITIONED = int(os.environ.get("FIELD_CONDITIONED", "200"))
REALIZATIONS = 20
RANGE = 100.0

MODEL = cov.Model(
    np.array([cov.SPHERICAL]), np.zeros(1), np.ones(1), cov.reduction(cov.SPHERICAL, 0.0, (RANGE,) * 3)[None],
    np.ones((1, 1, 1)), np.zeros((1, 1)),
)  # fmt: skip


def free(peer: Peer) -> None:
    """One field with its set-up, in CPU seconds."""

    def ours() -> float:
        start = time.process_time()
        Embedding(MODEL, (1, SIDE, SIDE), (1.0, 1.0, 1.0)).draw(np.random.default_rng(1))
        return time.process_time() - start

    ours()
    mine = min(ours() for _ in range(3))
    other = float(peer.ask(task="field", side=SIDE, range=RANGE))
    error = Embedding(MODEL, (1, SIDE, SIDE), (1.0, 1.0, 1.0)).error
    report(
        claim="random-field", ours=mine, peer=other, peer_name="gstools", unit="CPU s", goal="≥ 50×",
        work=f"one field of {SIDE}² cells, spherical, set-up included; ours exact (variance left out {error:.1g}), the "
        "peer a sum of 1000 cosines",
    )  # fmt: skip


def tied(peer: Peer) -> None:
    """Fields of one ensemble, in CPU seconds each, all set-up shared out."""
    random = np.random.default_rng(2)
    east, north = random.uniform(0, CONDITIONED, (2, POINTS))
    points = gpd.GeoDataFrame(
        {"value": random.normal(size=POINTS)}, geometry=gpd.points_from_xy(east, north), crs="EPSG:32648"
    )
    np.save(BENCH / "tied_points.npy", np.column_stack([east, north, points["value"]]))
    model = variogram_model("spherical", sill=1.0, range_along=RANGE)
    settings = {"model": model, "region": (0.0, 0.0, float(CONDITIONED), float(CONDITIONED)), "scores": False}

    def ours() -> float:
        start = time.process_time()
        conditional_simulation(points, "value", 1.0, realizations=REALIZATIONS, **settings)
        return (time.process_time() - start) / REALIZATIONS

    ours()
    mine = min(ours() for _ in range(2))
    other = float(peer.ask(task="tied", folder=str(BENCH), side=CONDITIONED, range=RANGE, realizations=3))
    report(
        claim="conditional-simulation", ours=mine, peer=other, peer_name="gstools", unit="CPU s a field", goal="≥ 20×",
        work=f"{POINTS} points, {CONDITIONED}² cells, 1000 cosines, {REALIZATIONS} fields of which each bears its share of "
        "the set-up; of the peer the fields after the first",
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    gstools = Peer("geostatistics.py")
    free(gstools)
    tied(gstools)
    gstools.close()
