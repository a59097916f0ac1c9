"""A faulted, folded model with an unconformity and an intrusion, from points: beside GemPy and LoopStructural.

All get the same contacts and orientations, LoopStructural the true slip of the fault as well, which it
cannot find from contacts. The score is the part of all cells with the wrong unit. CPU seconds of one
process, all threads counted.

CRATON_BENCH_POINTS, CRATON_BENCH_ORIENTATIONS and CRATON_BENCH_CELLS make the case with peers smaller,
CRATON_BENCH_FINE_POINTS and CRATON_BENCH_FINE_CELLS that without.
"""

from __future__ import annotations

import os
import time

import numpy as np

import truth_model as truth
from craton.kernels.field_lattice import on_lattice
from craton.kernels.implicit_field import Constraints, Field, fit
from harness import BENCH, Peer, report

POINTS = int(os.environ.get("CRATON_BENCH_POINTS", "1000"))
ORIENTATIONS = int(os.environ.get("CRATON_BENCH_ORIENTATIONS", "200"))
CELLS = int(os.environ.get("CRATON_BENCH_CELLS", "50"))
FINE_POINTS = int(os.environ.get("CRATON_BENCH_FINE_POINTS", "5000"))
FINE_CELLS = int(os.environ.get("CRATON_BENCH_FINE_CELLS", "200"))
EVERY = 2
"""Cells between nodes of the spline in the smaller case."""


def series(picks: dict[str, truth.Picks], *names: str, drift=None) -> Field:
    """Field whose levels are the surfaces of these names, from the top."""
    own = [picks[name] for name in names]
    return fit(
        Constraints(
            np.concatenate([part.points for part in own]),
            np.repeat(np.arange(len(own)), [len(part.points) for part in own]),
            np.concatenate([part.orientation_points for part in own]),
            np.concatenate([part.normals for part in own]),
        ),
        drift=drift,
    )


def lattice(
    field: Field, axes: tuple[np.ndarray, ...], hanging: np.ndarray | None, *, every: int
) -> np.ndarray:
    """The field on the cells: its smooth part through a spline, its step as it is."""
    smooth = field._replace(drift=None)
    if hanging is None:
        return on_lattice(smooth, axes, every=every)
    return on_lattice(smooth, axes, every=every) + float(field.steps[0]) * hanging


def model(picks: dict[str, truth.Picks], count: int, *, every: int) -> np.ndarray:
    """Units of count³ cells (upward, northing, easting), from the lowest south-west one."""
    intrusion, fault = series(picks, "intrusion"), series(picks, "fault")

    def hanging(places: np.ndarray) -> np.ndarray:
        return (fault.at(places) > 0.0).astype(np.float64)[:, np.newaxis]

    upper, lower = (series(picks, *names, drift=hanging) for names in (("A", "B"), ("C", "D")))
    steps = (truth.HIGH - truth.LOW) / count
    east, north, up = (
        low + step * (np.arange(count) + 0.5) for low, step in zip(truth.LOW, steps, strict=True)
    )
    axes = up, north, east
    inside = lattice(intrusion, axes, None, every=every) > 0.0
    side = lattice(fault, axes, None, every=every) > 0.0
    above, below = (lattice(field, axes, side, every=every) for field in (upper, lower))
    a, b = upper.levels
    c, d = lower.levels
    return np.select([inside, above > a, above > b, below > c, below > d], [1, 2, 3, 4, 5], 6).astype(np.int8)


def wrong(units: np.ndarray, count: int) -> float:
    """Percent of cells with the wrong unit; cells upward, northing, easting."""
    true = truth.unit(truth.cells(count)).reshape((count,) * 3).transpose(2, 1, 0)
    return 100.0 * float((units != true).mean())


def ours(picks: dict[str, truth.Picks], count: int, *, every: int) -> tuple[float, float]:
    """CPU seconds from points to units, and percent wrong."""
    start = time.process_time()
    units = model(picks, count, every=every)
    return time.process_time() - start, wrong(units, count)


def beside_peers() -> None:
    """The smaller case with both peers."""
    picks = truth.picks(POINTS, ORIENTATIONS)
    columns = {
        f"{name}_{part}": values
        for name, own in picks.items()
        for part, values in zip(own._fields, own, strict=True)
    }
    np.savez(BENCH / "implicit.npz", slip=truth.SLIP, low=truth.LOW, high=truth.HIGH, **columns)
    # Threads of linear algebra that wait for one another count as CPU seconds; the peers are spared that.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    mine, error = min(ours(picks, CELLS, every=EVERY) for _ in range(3))
    work = f"{POINTS:,} contacts and {ORIENTATIONS} orientations, fault, unconformity and intrusion, on {CELLS}³ cells"
    for name, goal in (("GemPy", "≥ 150×, ≤ 0.1 % wrong"), ("LoopStructural", "≥ 10×, ≤ 0.1 % wrong")):
        peer = Peer(f"implicit_{name.lower()}.py")
        taken = peer.ask(folder=str(BENCH), cells=CELLS)
        peer.close()
        theirs = wrong(np.load(BENCH / "implicit_units.npy"), CELLS)
        report(
            claim=f"implicit-model-{name.lower()}", ours=mine, peer=taken, peer_name=name, unit="CPU s", goal=goal,
            work=work, percent_wrong=round(error, 4), peer_percent_wrong=round(theirs, 4),
        )  # fmt: skip


def fine() -> None:
    """The larger case, ours alone."""
    picks = truth.picks(FINE_POINTS, ORIENTATIONS)
    taken, error = min(ours(picks, FINE_CELLS, every=4) for _ in range(2))
    report(
        claim="implicit-model-fine", ours=taken, peer=None, peer_name="", unit="CPU s", goal="≤ 10 CPU s, ≤ 0.02 % wrong",
        work=f"{FINE_POINTS:,} contacts and {ORIENTATIONS} orientations on {FINE_CELLS}³ cells",
        percent_wrong=round(error, 4),
    )  # fmt: skip


def main() -> None:
    """Compile on a small case, then measure."""
    BENCH.mkdir(exist_ok=True)
    ours(truth.picks(100, 50), 10, every=1)
    beside_peers()
    fine()


if __name__ == "__main__":
    main()
