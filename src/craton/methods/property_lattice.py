"""Lattices of simulation: even cells in the layer coordinates of a unit, and which of them stand for what."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from craton.kernels.layer_coordinates import steps_along
from craton.methods.property_cells import Domain, places_of
from craton.methods.property_layers import Ground
from craton.model.errors import ContractError

MOST_NODES = 1 << 25
"""Nodes of the lattice of one unit."""


class Nodes(NamedTuple):
    """Lattice of a unit: levels, rows and columns, signed steps, and nodes that stand for cells and samples.

    `of_cells` (n,) is the node of each cell of the unit, `known` (c,) are the nodes that have a sample, and
    `rows` (c,) is which: of several the nearest to the node.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    of_cells: np.ndarray
    known: np.ndarray
    rows: np.ndarray


def nodes_of(process: str, ground: Ground, domain: Domain) -> Nodes:
    """Nodes at the steps of the model along the layers and across, around the cells of a unit."""
    up, north, east = ground.lattice.spacing
    steps = steps_along(domain.placing.axes, (east, north, up))[::-1]
    cells = domain.placing(places_of(ground.lattice, domain.cells))[:, ::-1]
    low, high = cells.min(axis=0), cells.max(axis=0)
    counts = np.floor((high - low) / steps + 0.5).astype(np.int64) + 1
    if float(np.prod(counts, dtype=np.float64)) > MOST_NODES:
        raise ContractError(
            process, "volume", f"a model whose units span at most {MOST_NODES:,} cells along their layers",
            f"{counts.prod():,} of {domain.name}", hint="take a coarser model, or another `layering`",
        )  # fmt: skip
    shape = (int(counts[0]), int(counts[1]), int(counts[2]))
    of_cells = np.minimum(np.floor((cells - low) / steps + 0.5).astype(np.int64), counts - 1)
    known, rows = _snapped(domain.spots.places[:, ::-1], low, steps, shape)
    spacing = (float(steps[0]), float(steps[1]), float(steps[2]))
    return Nodes(shape, spacing, np.ravel_multi_index(tuple(of_cells.T), shape), known, rows)


def _snapped(
    places: np.ndarray, low: np.ndarray, steps: np.ndarray, shape: tuple[int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes that have a place within half a step, and the nearest such place of each."""
    index = np.floor((places - low) / steps + 0.5).astype(np.int64)
    inside = np.flatnonzero(((index >= 0) & (index < shape)).all(axis=1))
    away = np.linalg.norm((places[inside] - low) / steps - index[inside], axis=1)
    order = np.argsort(away, kind="stable")
    numbers = np.ravel_multi_index(tuple(index[inside].T), shape)
    known, first = np.unique(numbers[order], return_index=True)
    return known, inside[order[first]]
