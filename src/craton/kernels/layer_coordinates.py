"""Layer coordinates: places told by how far they lie across the layers, so that folds and dips are undone.

The third coordinate is a distance w across the layers in metres, equal along each of them; the first two lie
in a plane:

| from | w | plane |
|---|---|---|
| a scalar field f that is constant along layers | (f − f₀) median(1 / |∇f|) | across the mean of ∇f / |∇f| |
| top t and base b of a unit in each column | (z − b) / (t − b) · mean(t − b) | level |
| a plane z = a + b·e + c·n through a unit | z − (a + b·e + c·n) | level |

In a level plane the two are easting and northing; into another these axes are turned by the shortest way,
so that the coordinates of a plane bed of any dip are those of space, turned. Distances along a layer are
those of its projection on the plane, too short by the cosine of the angle between them; where a layer turns
over, two places have the same coordinates.

References
----------
Deutsch, C. V. (2002), Geostatistical reservoir modeling, Oxford University Press, section 3.3
(stratigraphic coordinates).
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from craton.kernels.covariance import Floats

LEAST = 0.5
"""Thickness below which a column is not told from none, in heights of a cell."""

STEEP = 0.5
"""Cosine of the angle of a layer with the mean plane below which it is too steep to be projected there."""

LEVEL = np.eye(3)
"""Directions of the axes of layer coordinates that are those of space."""

Cells = NDArray[np.bool_]


def at_places(
    field: Floats,
    first: tuple[float, ...],
    steps: tuple[float, ...],
    places: Floats,
    *,
    straight: bool = False,
) -> Floats:
    """Values (n,) of a lattice at `places` (n, d) by linear interpolation.

    Parameters
    ----------
    field : array of d axes
        Two cells or more along each.
    first, steps : tuple of d floats
        Place of the first cell, and signed steps, along each axis; places have the same order.
    straight : bool
        Whether values go on beyond the middles of the outer cells as they change there; else they stay level.
    """
    index = (places - np.array(first)) / np.array(steps)
    found: Floats = ndimage.map_coordinates(field, index.T, order=1, mode="nearest", prefilter=False)
    if straight:
        beyond = ((index < 0) | (index > np.array(field.shape) - 1)).any(axis=1)
        found[beyond] = _carried_on(field, index[beyond])
    return found


def _carried_on(field: Floats, index: Floats) -> Floats:
    """Values (n,) at `index` (n, d), linear as in the nearest of the boxes between cells."""
    low = np.clip(np.floor(index), 0, np.array(field.shape) - 2).astype(np.int64)
    found: Floats = np.zeros(len(index))
    for corner in np.ndindex(*(2,) * field.ndim):
        weights = np.where(corner, index - low, 1.0 - (index - low)).prod(axis=1)
        found += weights * field[tuple((low + corner).T)]
    return found


def filled(field: Floats) -> Floats:
    """`field` with the value of the nearest cell that has one where it has none."""
    missing = ~np.isfinite(field)
    if not missing.any():
        return field
    _far, nearest = ndimage.distance_transform_edt(missing, return_indices=True)
    whole: Floats = field[tuple(nearest)]
    return whole


def gradients(field: Floats, inside: Cells, steps: tuple[float, ...]) -> Floats:
    """∇f (n, 3) to the east, north and up in those cells `inside` (levels, rows, columns) where f changes.

    `steps` are the signed ones along levels, rows and columns.
    """
    parts = [np.gradient(field, step, axis=axis)[inside] for axis, step in enumerate(steps)]
    found: Floats = np.column_stack(parts[::-1])
    length = np.linalg.norm(found, axis=1)
    return found[np.isfinite(length) & (length > 0)]


def mean_normal(slopes: Floats) -> tuple[Floats, float]:
    """Mean direction (3,) of gradients (n, 3), and the part of them that is steep to it or points back.

    All are steep to the direction 0 of gradients that cancel each other, and of none.
    """
    units = slopes / np.linalg.norm(slopes, axis=1)[:, None]
    whole = units.sum(axis=0)
    length = float(np.linalg.norm(whole))
    normal = whole / length if length > 0 else whole
    return normal, float((units @ normal < STEEP).mean()) if len(units) else 1.0


def turned_to(normal: Floats) -> Floats:
    """Directions (3, 3) of east, north and up turned by the shortest way so that up is `normal` (3,).

    `normal` has the length 1 and does not point down.
    """
    east, north, up = normal
    bent = np.outer(normal[:2], normal[:2]) / (1.0 + up)
    return np.array([
        [1.0 - bent[0, 0], -bent[0, 1], -east], [-bent[1, 0], 1.0 - bent[1, 1], -north], [east, north, up]
    ])  # fmt: skip


def steps_along(axes: Floats, spacing: tuple[float, float, float]) -> Floats:
    """Steps (3,) along `axes` (3, 3) by which cells of `spacing` (east, north, up) that touch are told apart.

    Each side of a cell is projected on an axis of its own, such that they are foreshortened least.
    """
    lengths = np.abs(axes)
    ways = list(permutations(range(3)))
    # Ties do not hang on the last digits.
    kept = [round(float(sum(lengths[row, side] for row, side in enumerate(way))), 9) for way in ways]
    best = list(ways[int(np.argmax(kept))])
    found: Floats = np.array(spacing)[best] * lengths[range(3), best]
    return found


def column_edges(inside: Cells, upward: Floats) -> tuple[Floats, Floats]:
    """Base and top (rows, columns) of the cells `inside` (levels, rows, columns) of falling heights.

    A column without any takes both from the nearest column that has some.
    """
    half = abs(float(upward[1] - upward[0])) / 2
    has = inside.any(axis=0)
    top = upward[inside.argmax(axis=0)] + half
    base = upward[inside.shape[0] - 1 - inside[::-1].argmax(axis=0)] - half
    _far, nearest = ndimage.distance_transform_edt(~has, return_indices=True)
    return base[tuple(nearest)], top[tuple(nearest)]


def proportional(heights: Floats, base: Floats, top: Floats, thickness: float, least: float) -> Floats:
    """Distance (n,) above the base in a layer stretched to one `thickness`.

    Parameters
    ----------
    heights, base, top : array (n,)
        Of each place, and of the layer there.
    least : float
        Thickness that is taken where the layer is thinner.
    """
    stretched: Floats = (heights - base) / np.maximum(top - base, least) * thickness
    return stretched


def plane_through(easting: Floats, northing: Floats, heights: Floats) -> Floats:
    """Coefficients a, b, c of the plane a + b·e + c·n by least squares; level where places leave it open."""
    columns = np.column_stack([np.ones(easting.size), easting - easting.mean(), northing - northing.mean()])
    found = np.linalg.lstsq(columns, heights, rcond=1e-9)[0]
    return np.array([found[0] - found[1] * easting.mean() - found[2] * northing.mean(), found[1], found[2]])
