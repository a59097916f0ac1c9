"""Surfaces of all units of ten million cells, beside the surface nets of VTK."""

from __future__ import annotations

import os

import numpy as np

from craton.kernels.surface_nets import surface_nets, triangles
from harness import BENCH, Peer, alternate, report, seconds

SIDE = int(os.environ.get("BENCH_SIDE", "216"))
ROUNDS = 16


def model(side: int) -> np.ndarray:
    """Six folded layers cut by a fault, and a round intrusion: classes 1 to 7."""
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side
    up, north, east = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    thrown = 0.12 * (east + 0.3 * north > 0.65)
    level = up + thrown + 0.05 * np.sin(7 * east + 3 * north) + 0.03 * np.cos(9 * north)
    layers = 1 + np.clip(np.floor(level * 6 - 0.5), 0, 5).astype(np.int32)
    body = (east - 0.4) ** 2 + (north - 0.5) ** 2 + 0.6 * (up - 0.3) ** 2 < 0.04
    return np.where(body, 7, layers).astype(np.int32)


def area_of(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Area of triangles in sides of cells."""
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(second - first, third - first), axis=1).sum() / 2)


def main() -> None:
    """Measure, and compare areas and counts."""
    classes = model(SIDE)
    np.save(BENCH / "classes.npy", classes.astype(np.uint8))
    surface_nets(classes[:8, :8, :8])
    peer = Peer("surface_nets.py")
    told: dict[str, float] = {}

    def theirs() -> float:
        answer = peer.ask(folder=str(BENCH), rounds=ROUNDS)
        told.update(answer)
        return float(answer["seconds"])

    made: dict[str, np.ndarray] = {}

    def work() -> None:
        nets = surface_nets(classes, rounds=ROUNDS)
        made["vertices"], made["faces"] = nets.vertices, triangles(nets.vertices, nets.quadrangles)

    theirs()
    ours, other = alternate(lambda: seconds(work), theirs, times=3)
    peer.close()
    area = area_of(made["vertices"], made["faces"])
    report(
        claim="unit-surfaces", ours=ours, peer=other, peer_name="vtk (pyvista contour_labels)", unit="s",
        goal="10⁷ cells ≤ 10 s",
        work=f"surfaces of seven units of {SIDE}³ cells, {ROUNDS} steps of smoothing, walls of the box included; "
        f"{len(made['faces']):,} triangles here, {int(told['triangles']):,} there; areas agree to "
        f"{abs(area / told['area'] - 1):.1%}; 2 threads each",
    )  # fmt: skip


if __name__ == "__main__":
    BENCH.mkdir(exist_ok=True)
    main()
