"""Four picked horizons of seismic sections: picks held out, and the time of model and cells, beside LoopStructural.

The error at a held-out pick is how far the field there is from the level of its horizon, over the slope of
the field: the distance to the modelled horizon, in metres. CPU seconds of one process, all threads counted.
"""

from __future__ import annotations

import os
import time

import numpy as np
import pandas as pd

from craton.kernels.field_lattice import on_lattice
from craton.kernels.implicit_field import Constraints, fit
from craton.kernels.partition_field import fit_partition
from harness import BENCH, ROOT, Peer, report

PICKS = ROOT.parent / "shared" / "data" / "boreholes" / "loopstructural" / "claudius.csv"
SIZES = (420, 2102, 5255)
DENSE = 1000
"""Contacts up to which one dense system is solved; more are parted."""
HELD_OUT = 5000
CELLS = 50


def data() -> tuple[Constraints, np.ndarray]:
    """All picks in a random order, with the orientations, and the value of each pick."""
    table = pd.read_csv(PICKS, index_col=0)
    picks = table[table["val"].notna()].sample(frac=1.0, random_state=1)
    slopes = table[table["nx"].notna()]
    points, places = (part[["X", "Y", "Z"]].to_numpy() for part in (picks, slopes))
    horizon = np.unique(picks["val"], return_inverse=True)[1]
    normals = slopes[["nx", "ny", "nz"]].to_numpy()
    return Constraints(points, horizon, places, normals), picks["val"].to_numpy()


def ours(everything: Constraints, count: int) -> tuple[float, float]:
    """CPU seconds from the first `count` picks to a field on all cells, and mean distance of those held out."""
    part = everything._replace(points=everything.points[:count], surface=everything.surface[:count])
    low, high = everything.points.min(axis=0), everything.points.max(axis=0)
    east, north, up = (low + (high - low) * (np.arange(CELLS)[:, np.newaxis] + 0.5) / CELLS).T
    start = time.process_time()
    field = fit(part) if count <= DENSE else fit_partition(part)
    on_lattice(field, (up, north, east), every=2)
    taken = time.process_time() - start
    places, horizon = everything.points[-HELD_OUT:], everything.surface[-HELD_OUT:]
    off = np.abs(field.at(places) - field.levels[horizon]) / np.linalg.norm(field.gradient(places), axis=1)
    return taken, float(off.mean())


def main() -> None:
    """Measure each size; the first call of ours compiles."""
    BENCH.mkdir(exist_ok=True)
    everything, values = data()
    for count in (DENSE, DENSE + 1):
        ours(everything, count)
    np.savez(BENCH / "horizon.npz", values=values, **{
        name: getattr(everything, name) for name in ("points", "orientation_points", "gradients")
    })  # fmt: skip
    # Threads of linear algebra that wait for one another count as CPU seconds; the peer is spared that.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    peer = Peer("horizon_loopstructural.py")
    for count in SIZES:
        mine, error = min(ours(everything, count) for _ in range(3))
        answers = [peer.ask(folder=str(BENCH), count=count, held_out=HELD_OUT, cells=CELLS) for _ in range(3)]
        theirs, peer_error = min(answers)
        report(
            claim=f"horizon-{count}", ours=mine, peer=theirs, peer_name="LoopStructural", unit="CPU s",
            goal="≥ 1×, at a smaller mean error", mean_error_m=round(error, 2), peer_mean_error_m=round(peer_error, 2),
            work=f"{count:,} of 21,023 picks of four horizons and 25 orientations; field on {CELLS}³ cells; "
            f"error at {HELD_OUT:,} picks held out",
        )  # fmt: skip
    peer.close()


if __name__ == "__main__":
    main()
