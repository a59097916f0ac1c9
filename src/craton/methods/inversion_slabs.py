"""Inversion slabs: the field of a mesh as the sum of those of its slabs, which any worker may hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from craton.kernels.mesh_sensitivity import Floats, Mesh
from craton.kernels.toeplitz_operator import ToeplitzOperator
from craton.process import progress, workers

SLAB = 1 << 18
"""Unknowns of a slab at least. It hangs on the mesh alone, so that results are the same with any workers."""

MOST_SLABS = 8
"""Slabs at most, since each looks at all stations anew."""


def edges_of(mesh: Mesh, fields: int) -> list[int]:
    """First layers of slabs, and the number of layers."""
    layers = mesh.shape[0]
    count = min(fields * int(np.prod(mesh.shape)) // SLAB, MOST_SLABS, layers)
    return [layers * number // max(count, 1) for number in range(max(count, 1) + 1)]


class SlabOperator:
    """Linear map from cells (fields, layers, rows, columns) to stations (n,), and its adjoint.

    Parameters
    ----------
    mesh, stations, coefficients
        As for `ToeplitzOperator`, one of which each slab has.
    since, share : float
        Part of the whole work that is done before, and that setting up takes.

    Notes
    -----
    Data are the sum over slabs from the top down, and cells those of the slabs one below the other. What
    goes to and fro is the cells of a slab or the data of all stations, at each product.
    """

    def __init__(
        self, mesh: Mesh, stations: Floats, coefficients: Floats, *, since: float = 0.0, share: float = 0.0
    ) -> None:
        self._edges = edges_of(mesh, len(coefficients))
        self._workers = workers.current()
        step = share / (len(self._edges) - 1)
        parts = [
            (_slab(mesh, low, high), stations, coefficients, since + number * step, step)
            for number, (low, high) in enumerate(pairwise(self._edges))
        ]
        self._kept = self._workers.keep(_operator, parts)

    def forward(self, cells: np.ndarray) -> np.ndarray:
        """Data of cells."""
        parts = [cells[:, low:high] for low, high in pairwise(self._edges)]
        return _summed(self._workers.ask(self._kept, "forward", parts))

    def adjoint(self, data: np.ndarray) -> np.ndarray:
        """Adjoint of `forward`."""
        parts = self._workers.ask(self._kept, "adjoint", [data] * len(self._kept))
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _slab(mesh: Mesh, low: int, high: int) -> Mesh:
    """Layers of a mesh from `low` to before `high`."""
    return mesh._replace(top=mesh.top - low * mesh.spacing[0], shape=(high - low, *mesh.shape[1:]))


def _operator(
    mesh: Mesh, stations: Floats, coefficients: Floats, since: float, share: float
) -> ToeplitzOperator:
    """Operator of a slab; whoever listens where it is made hears how far it is."""
    return ToeplitzOperator(
        mesh, stations, coefficients,
        report=lambda done: progress.report(since + share * done, "sensitivities"),
    )  # fmt: skip


def _summed(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Sum in the order of the parts."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
