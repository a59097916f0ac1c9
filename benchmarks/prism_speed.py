"""Gravity, gradients and magnetic field of many prisms at many stations: ours beside harmonica."""

from __future__ import annotations

import os

import numpy as np

from craton.kernels import constants, prism, sources
from harness import BENCH, Peer, alternate, report, seconds

COUNT = int(os.environ.get("PRISM_COUNT", "10000"))
"""Prisms, and stations."""

TIMES = 3


def case(count: int) -> dict[str, np.ndarray]:
    """A layer of uneven blocks below stations on uneven ground."""
    random = np.random.default_rng(1)
    side = int(np.ceil(np.sqrt(count)))
    row, column = np.divmod(np.arange(count), side)
    top = -random.uniform(100, 2000, count)
    edges = [100.0 * column, 100.0 * (column + 1), 100.0 * row, 100.0 * (row + 1), top - 500, top]
    wide = 100.0 * side
    stations = [
        random.uniform(0, wide, count),
        random.uniform(0, wide, count),
        random.uniform(50, 300, count),
    ]
    return {
        "prisms": np.stack(edges, axis=1), "density": random.uniform(-300, 300, count),
        "magnetisation": random.normal(size=(count, 3)), "stations": np.stack(stations),
    }  # fmt: skip


def measured(what: str, work, scale: float, peer: Peer) -> tuple[float, float, float]:
    """Seconds of ours and theirs, and the largest difference of the results."""

    def theirs() -> float:
        return float(peer.ask(folder=str(BENCH), what=what))

    work(), theirs()
    ours, other = alternate(lambda: seconds(work), theirs, times=TIMES)
    mine, their = work() * scale, np.load(BENCH / "prism_result.npy")
    return ours, other, float(np.abs(mine - their).max())


def main() -> None:
    """Measure all three and compare the numbers."""
    given = case(COUNT)
    np.savez(BENCH / "prism_case.npz", **given)
    stations, boxes, density = given["stations"], given["prisms"], given["density"]
    magnetic = sources.magnetic_weights(given["magnetisation"])
    vertical = np.zeros((COUNT, 1, 6))
    vertical[:, 0, 2] = constants.GRAVITATIONAL * density
    work = {
        "g_z": (lambda: -prism.gravity(stations, boxes, density), constants.MGAL, "mGal", "≥ 8×"),
        "g_zz": (lambda: prism.gradients(stations, boxes, vertical)[0], constants.EOTVOS, "Eötvös", "≥ 2×"),
        "b": (lambda: prism.gradients(stations, boxes, magnetic), constants.NANOTESLA, "nT", "≥ 8×"),
    }
    peer = Peer("prism.py")
    for what, (function, scale, unit, goal) in work.items():
        ours, other, difference = measured(what, function, scale, peer)
        report(
            claim=f"prism-{what.replace('_', '')}", ours=ours, peer=other, peer_name="harmonica", unit="s",
            goal=goal, work=f"{what} of {COUNT:,} prisms at {COUNT:,} stations, 2 threads each; the results "
            f"differ by {difference:.1g} {unit} at most", pairs_per_second=round(COUNT**2 / ours),
        )  # fmt: skip
    peer.close()


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
