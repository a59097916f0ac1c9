"""A field of scattered data beyond dense reach: beside the multipole package's kernels, updated, of a million data.

CPU seconds of one process, all threads counted. The truth is a smooth function in a box of 2 × 2 × 1 km.
"""

from __future__ import annotations

import os
import resource
import time

import numpy as np

from craton.kernels.field_lattice import on_lattice
from craton.kernels.partition_field import Constraints, PartitionField, Settings, fit_partition, fit_values
from harness import BENCH, Peer, report

POINTS = int(os.environ.get("FIELD_POINTS", "50000"))
CELLS = int(os.environ.get("FIELD_CELLS", "50"))
FINE_CELLS = int(os.environ.get("FIELD_FINE_CELLS", "200"))
CONTACTS = int(os.environ.get("FIELD_CONTACTS", "1000000"))
LOW, HIGH = np.array([0.0, 0.0, -1000.0]), np.array([2000.0, 2000.0, 0.0])
SMOOTH = Settings(smooth=2)


def truth(places: np.ndarray) -> np.ndarray:
    """The function."""
    return np.sin(places[:, 0] / 250) * np.cos(places[:, 1] / 300) + 0.5 * np.sin(places[:, 2] / 90)


def axes(cells: int) -> tuple[np.ndarray, ...]:
    """Upward, northing and easting of the middles of cells."""
    return tuple(LOW[axis] + (np.arange(cells) + 0.5) * (HIGH - LOW)[axis] / cells for axis in (2, 1, 0))


def cells_of(count: int) -> np.ndarray:
    """Middles of cells (k, 3)."""
    upward, northing, easting = np.meshgrid(*axes(count), indexing="ij")
    return np.column_stack([easting.ravel(), northing.ravel(), upward.ravel()])


def spent(work) -> tuple[float, object]:
    """CPU seconds of one call, and what it gave."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def beside_kernels(places: np.ndarray, values: np.ndarray) -> None:
    """Build and evaluate on all cells, beside both kernels of the peer."""
    wanted = cells_of(CELLS)
    np.savez(BENCH / "scattered_field.npz", places=places, values=values, wanted=wanted)
    peer = Peer("scattered_field.py")
    for kernel, times, goal in (("Linear", 3, "≥ 4×"), ("Cubic", 1, "≥ 10×")):
        runs = [spent(lambda: fit_values(places, values, settings=SMOOTH).at(wanted)) for _ in range(3)]
        mine, found = min(runs, key=lambda run: run[0])
        other = min(peer.ask(folder=str(BENCH), kernel=kernel) for _ in range(times))
        theirs = np.load(BENCH / "scattered_field_found.npy")
        errors = [float(np.sqrt(np.mean((one - truth(wanted)) ** 2))) for one in (found, theirs)]
        report(
            claim=f"scattered-field-{kernel.lower()}", ours=mine, peer=other, peer_name=f"ferreus_rbf {kernel}",
            unit="CPU s", goal=f"{goal} at equal or less error", error=float(f"{errors[0]:.3g}"),
            peer_error=float(f"{errors[1]:.3g}"),
            work=f"{POINTS:,} scattered values, field on {CELLS}³ cells; error is the root of the mean square",
        )  # fmt: skip
    peer.close()


def cells_inside(changed: np.ndarray) -> np.ndarray:
    """Whether a cell is in any of some boxes (b, 2, 3)."""
    inside = np.zeros((CELLS,) * 3, dtype=bool)
    for low, high in changed:
        edges = [
            np.searchsorted(axis, [low[number], high[number]])
            for axis, number in zip(axes(CELLS), (2, 1, 0), strict=True)
        ]
        inside[tuple(slice(first, last) for first, last in edges)] = True
    return inside


def updated(places: np.ndarray, values: np.ndarray) -> PartitionField:
    """One borehole of 40 samples more, beside a fit from scratch."""
    hole = np.column_stack([np.tile([870.0, 1130.0], (40, 1)), np.linspace(-990.0, -10.0, 40)])
    more, more_values = np.concatenate([places, hole]), np.concatenate([values, truth(hole)])
    field = fit_values(places, values, settings=SMOOTH)
    wanted = cells_of(CELLS)
    before = field.at(wanted)

    def update() -> np.ndarray:
        later, changed = field.updated_values(more, more_values)
        inside = cells_inside(changed).ravel()
        found = before.copy()
        found[inside] = later.at(wanted[inside])
        return found

    def rebuild() -> np.ndarray:
        return fit_values(more, more_values, settings=SMOOTH, lattice=field.lattice).at(wanted)

    runs, anew = [spent(update) for _ in range(5)], [spent(rebuild) for _ in range(3)]
    again = fit_values(more, more_values, settings=SMOOTH, lattice=field.lattice, coarse=field.coarse)
    equal = bool(np.array_equal(again.at(wanted), runs[0][1]))
    report(
        claim="scattered-field-update", ours=min(run[0] for run in runs), peer=min(run[0] for run in anew),
        peer_name="a fit from scratch", unit="CPU s", goal="≥ 20×", equal_to_the_bit=equal,
        work=f"a borehole of 40 samples into a field of {POINTS:,} values on {CELLS}³ cells, those that change",
    )  # fmt: skip
    return field


def fine(field: PartitionField) -> None:
    """All cells of a fine lattice, exact beside a level."""
    runs = []
    for _ in range(3):
        start = time.perf_counter()
        found = on_lattice(field, axes(FINE_CELLS), near=np.array([0.0]), dtype=np.float32)
        runs.append(time.perf_counter() - start)
    wrong = np.mean((found.ravel() > 0) != (truth(cells_of(FINE_CELLS)) > 0))
    report(
        claim="field-on-lattice", ours=min(runs), peer=None, peer_name="", unit="s", goal="≤ 3 s at 200³ cells",
        wrong_side_percent=round(100 * float(wrong), 4),
        work=f"a field of {POINTS:,} values on {FINE_CELLS}³ cells, those beside a level exactly; 2 threads",
    )  # fmt: skip


def million() -> None:
    """Contacts of four folded surfaces, ten times as many at each step."""
    taken = {}
    for count in (CONTACTS // 100, CONTACTS // 10, CONTACTS):
        plan = np.random.default_rng(0).uniform(0.0, 10_000.0, (count, 2))
        fold = 60.0 * np.sin(plan[:, 0] / 180.0) + 40.0 * np.cos(plan[:, 1] / 220.0)
        surface = np.arange(count) % 4
        points, some = np.column_stack([plan, 150.0 * surface + fold]), slice(0, count // 50)
        slopes = np.column_stack(
            [-np.cos(plan[some, 0] / 180.0) / 3.0, np.sin(plan[some, 1] / 220.0) / 5.5, np.ones(count // 50)]
        )
        slopes /= np.linalg.norm(slopes, axis=1, keepdims=True)
        given = Constraints(points, surface, points[some], slopes)
        taken[f"{count}"] = round(spent(lambda: fit_partition(given))[0], 2)  # noqa: B023 - called at once
    report(
        claim="field-of-a-million", ours=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, peer=None,
        peer_name="", unit="GiB", goal="≤ 8 GiB for 10⁶ contacts, build time about linear", build_cpu_seconds=taken,
        work=f"{CONTACTS:,} contacts of four folded surfaces and normals at a fiftieth of them: greatest memory of "
        "the process",
    )  # fmt: skip


def main() -> None:
    """Measure; the first calls compile."""
    BENCH.mkdir(exist_ok=True)
    places = np.random.default_rng(1).uniform(LOW, HIGH, (POINTS, 3))
    values = truth(places)
    fit_values(places[:2000], values[:2000], settings=SMOOTH).at(places[:10])
    beside_kernels(places, values)
    fine(updated(places, values))
    million()


if __name__ == "__main__":
    main()
