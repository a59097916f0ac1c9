"""Blocks over a model: where they lie, what part of each a unit fills, and means of cells over them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import sparse

from craton.methods.geomodel_volume import Lattice, cells_of, lattice_of, new_lattice
from craton.methods.property_cells import cells_at
from craton.methods.property_layers import Ground

POINTS = 4
"""Points along each side of a block at which its unit and its covariances are looked at."""

WEST, SOUTH, BOTTOM, EAST, NORTH, TOP = range(6)


class Overlaps(NamedTuple):
    """Part of each block that each cell fills, along each axis: (blocks, cells) upward, northing, easting."""

    upward: sparse.csr_array
    northing: sparse.csr_array
    easting: sparse.csr_array

    def sums(self, cells: np.ndarray) -> np.ndarray:
        """Sums (levels, rows, columns) of blocks of the parts of `cells` (levels, rows, columns) in them."""
        levels, rows, columns = cells.shape
        found = self.upward @ cells.reshape(levels, -1)
        found = found.reshape(-1, rows, columns).transpose(1, 0, 2).reshape(rows, -1)
        found = (self.northing @ found).reshape(self.northing.shape[0], -1, columns).transpose(1, 0, 2)
        whole: np.ndarray = (found.reshape(-1, columns) @ self.easting.T).reshape(*found.shape[:2], -1)
        return whole


def block_lattice(process: str, ground: Ground, side: float, height: float) -> Lattice:
    """Blocks from the west, south and top of a model on."""
    return new_lattice(process, ground.lattice.extent, (height, side, side), ground.lattice.crs)


def overlaps_of(blocks: Lattice, cells: Lattice) -> Overlaps:
    """How cells lie in blocks."""
    axes = zip(
        (blocks.upward, blocks.northing, blocks.easting), (cells.upward, cells.northing, cells.easting),
        blocks.spacing, cells.spacing, strict=True,
    )  # fmt: skip
    return Overlaps(*(_parts(*axis) for axis in axes))


def _parts(blocks: np.ndarray, cells: np.ndarray, block: float, cell: float) -> sparse.csr_array:
    low = np.maximum.outer(blocks - block / 2, cells - cell / 2)
    high = np.minimum.outer(blocks + block / 2, cells + cell / 2)
    shares = np.maximum(high - low, 0.0) / block
    # What rounding leaves of cells that only touch a block is none of it.
    return sparse.csr_array(np.where(shares > 1e-9, shares, 0.0))


def points_in_blocks(
    ground: Ground, code: int, blocks: Lattice, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points (p, 3) of the `chosen` blocks that lie in a unit, block by block, and where each block's begin.

    A block that has the unit between its points only gets its middle.
    """
    offsets = _offsets(blocks)
    level, row, column = np.unravel_index(chosen, blocks.shape)
    middles = np.column_stack([blocks.easting[column], blocks.northing[row], blocks.upward[level]])
    points = (middles[:, None, :] + offsets).reshape(-1, 3)
    inside, cell = cells_at(ground.lattice, points)
    there = (inside & (ground.codes.ravel()[cell] == code)).reshape(len(chosen), -1)
    lone = ~there.any(axis=1)
    points = points.reshape(len(chosen), -1, 3)
    points[lone, 0], there[lone, 0] = middles[lone], True
    starts = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return points[there], starts


def _offsets(blocks: Lattice) -> np.ndarray:
    """Points (q, 3) of a block about its middle."""
    along = (np.arange(POINTS) + 0.5) / POINTS - 0.5
    up, north, east = np.meshgrid(*(along * side for side in blocks.spacing), indexing="ij")
    return np.column_stack([east.ravel(), north.ravel(), up.ravel()])


def block_means(
    process: str, parameter: str, cells: xr.DataArray, blocks: Lattice
) -> tuple[np.ndarray, np.ndarray]:
    """Means (blocks,) of the cells of one field that have a value, and the part (blocks,) that these fill."""
    lattice = lattice_of(cells, process=process, parameter=parameter)
    overlaps = overlaps_of(blocks, lattice)
    values = cells_of(cells, process=process, parameter=parameter).astype(np.float64)
    known = np.isfinite(values)
    filled = overlaps.sums(known.astype(np.float64))
    sums = overlaps.sums(np.where(known, values, 0.0))
    means: np.ndarray = np.divide(sums, filled, out=np.full(sums.shape, np.nan), where=filled > 0)
    return means.ravel(), filled.ravel()
