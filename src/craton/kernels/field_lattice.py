"""A field on a regular lattice of cells: evaluated at every few of them, and by cubic splines between.

Values at coarse nodes, two of them beyond the cells on each side, are interpolated by the cubic spline that
is three times differentiable next to its ends (not a knot); along each axis that is one small matrix, so
that the field costs a sixty-fourth where every fourth cell along each axis is a node. The error is of the
fourth order in the distance of the nodes. Cells beside a level, where it decides which side of a surface
they are on, are evaluated anew, exactly.

A field with steps, as at faults, is not for splines: take `every=1`, or a field without them and add them.

References
----------
de Boor, C. (2001), A practical guide to splines, revised ed., Springer, chapters IV and XVII.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.interpolate import make_interp_spline

Floats = NDArray[np.float64]

BEYOND = 2
"""Nodes beyond the cells on each side."""

BATCH = 1 << 20
"""Places that are asked for at a time."""


class Evaluated(Protocol):
    """Anything that has values at places (k, 3): easting, northing, upward in metres."""

    def at(self, places: Floats) -> Floats:
        """Values (k,)."""


def on_lattice(
    field: Evaluated,
    axes: tuple[Floats, Floats, Floats],
    *,
    every: int = 4,
    near: Floats | None = None,
    band: int = 1,
    dtype: DTypeLike = np.float64,
) -> NDArray[np.floating]:
    """Values of a field at the middles of cells.

    Parameters
    ----------
    field : Evaluated
        A smooth field.
    axes : tuple of array
        Upward, northing and easting of the cells in metres, each of even steps, up or down.
    every : int
        Cells between nodes along each axis; 1 evaluates every cell. An axis too short to gain by nodes is
        evaluated at every cell.
    near : array (s,), optional
        Levels near which cells are evaluated exactly.
    band : int
        How many cells on either side of a level are.
    dtype : type
        Of the result, float64 or float32.

    Returns
    -------
    array (upward, northing, easting)
        Values in units of the field.
    """
    nodes, splines = zip(*(_nodes(axis, every) for axis in axes), strict=True)
    values = _exact(field, nodes)
    if splines[0] is not None:
        values = np.tensordot(splines[0], values, 1)
    if splines[1] is not None:
        values = np.matmul(splines[1], values)
    values = values.astype(dtype, copy=False)
    if splines[2] is not None:
        values = values @ splines[2].T.astype(dtype)
    if near is not None and any(spline is not None for spline in splines):
        cells = np.nonzero(_beside(values, np.asarray(near, dtype=np.float64), band))
        for first in range(0, len(cells[0]), BATCH):
            own = tuple(index[first : first + BATCH] for index in cells)
            places = np.column_stack([axis[index] for axis, index in zip(axes, own, strict=True)][::-1])
            values[own] = field.at(places)
    return values


def _nodes(axis: Floats, every: int) -> tuple[Floats, Floats | None]:
    """Nodes (m,) along an axis (n,) and the matrix (n, m) from them to the cells; none where m is n."""
    axis = np.asarray(axis, dtype=np.float64)
    count = -(-(len(axis) - 1) // every) + 1 + 2 * BEYOND
    if every == 1 or count >= len(axis):
        return axis, None
    step = (axis[-1] - axis[0]) / (len(axis) - 1)
    spline = make_interp_spline(np.arange(count) - BEYOND, np.eye(count), k=3)
    nodes = axis[0] + step * every * (np.arange(count) - BEYOND)
    return nodes, spline(np.arange(len(axis)) / every)


def _exact(field: Evaluated, axes: tuple[Floats, ...]) -> Floats:
    """Values at all nodes of three axes, some levels at a time."""
    upward, northing, easting = axes
    values = np.empty((upward.size, northing.size, easting.size))
    layer = np.empty((northing.size, easting.size, 3))
    layer[..., 0], layer[..., 1] = easting, northing[:, np.newaxis]
    layers = max(BATCH // max(layer[..., 0].size, 1), 1)
    for first in range(0, upward.size, layers):
        heights = upward[first : first + layers]
        places = np.repeat(layer[np.newaxis], heights.size, axis=0)
        places[..., 2] = heights[:, np.newaxis, np.newaxis]
        values[first : first + layers] = field.at(places.reshape(-1, 3)).reshape(places.shape[:3])
    return values


def _beside(values: NDArray[np.floating], levels: Floats, band: int) -> NDArray[np.bool_]:
    """Cells at most `band` cells, along the axes, from where the field passes a level."""
    side = np.zeros(values.shape, dtype=np.uint16)
    for level in levels:
        side += values > level
    found = np.zeros(values.shape, dtype=bool)
    for axis in range(3):
        differs = np.moveaxis(np.diff(side, axis=axis) != 0, axis, 0)
        into = np.moveaxis(found, axis, 0)
        into[1:] |= differs
        into[:-1] |= differs
    for _ in range(band - 1):
        wider = found.copy()
        for axis in range(3):
            into, own = np.moveaxis(wider, axis, 0), np.moveaxis(found, axis, 0)
            into[1:] |= own[:-1]
            into[:-1] |= own[1:]
        found = wider
    return found
