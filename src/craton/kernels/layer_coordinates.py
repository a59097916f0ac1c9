"""Layer coordinates: places told by how far they lie across the layers, so that folds and dips are undone.

Easting and northing stay; in place of the height stands a distance w across the layers in metres, equal
along each of them:

| from | w |
|---|---|
| a scalar field f that is constant along layers | (f − f₀) median(1 / |∇f|) |
| top t and base b of a unit in each column | (z − b) / (t − b) · mean(t − b) |
| a plane z = a + b·e + c·n through a unit | z − (a + b·e + c·n) |

Distances along a layer are those of its projection on the horizontal.

References
----------
Deutsch, C. V. (2002), Geostatistical reservoir modeling, Oxford University Press, section 3.3
(stratigraphic coordinates).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from craton.kernels.covariance import Floats

LEAST = 0.5
"""Thickness below which a column is not told from none, in heights of a cell."""

Cells = NDArray[np.bool_]


def at_places(field: Floats, first: tuple[float, ...], steps: tuple[float, ...], places: Floats) -> Floats:
    """Values (n,) of a lattice at `places` (n, d) by linear interpolation, level beyond its outer cells.

    Parameters
    ----------
    field : array of d axes
    first, steps : tuple of d floats
        Place of the first cell, and signed steps, along each axis; places have the same order.
    """
    index = (places - np.array(first)) / np.array(steps)
    found: Floats = ndimage.map_coordinates(field, index.T, order=1, mode="nearest", prefilter=False)
    return found


def filled(field: Floats) -> Floats:
    """`field` with the value of the nearest cell that has one where it has none."""
    missing = ~np.isfinite(field)
    if not missing.any():
        return field
    _far, nearest = ndimage.distance_transform_edt(missing, return_indices=True)
    whole: Floats = field[tuple(nearest)]
    return whole


def metres_per_step(field: Floats, inside: Cells, spacing: tuple[float, float, float]) -> float:
    """Median of 1 / |∇f| over the cells `inside` (levels, rows, columns); 1 where f does not change."""
    slope = np.zeros(field.shape)
    for axis, step in enumerate(spacing):
        slope += np.gradient(field, step, axis=axis) ** 2
    steep = np.sqrt(slope[inside])
    steep = steep[np.isfinite(steep) & (steep > 0)]
    return float(np.median(1.0 / steep)) if steep.size else 1.0


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
