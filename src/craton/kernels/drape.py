"""Continuation between a level plane and an uneven surface above it, such as that of a draped flight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from craton.kernels import wavenumber
from craton.kernels.field_transform import Waves, product, transform
from craton.kernels.potential_field import Edges

Values = NDArray[Any]


def level_to_drape(
    field: Values, spacing: tuple[float, float], heights: Values, *, edges: Edges = "mirror"
) -> Values:
    """Field on an uneven surface above the plane it is given on.

    Parameters
    ----------
    field : array (rows, columns)
        A harmonic field on a plane above its sources. All cells must be finite.
    spacing : tuple of float
        Steps to the next row and to the next column in metres.
    heights : array (rows, columns)
        Height of the surface above the plane in metres, 0 or more, all finite.
    edges : str
        What lies beyond the edges, see `field_transform.transform`.

    Returns
    -------
    array (rows, columns)
        In the unit of `field`.

    Notes
    -----
    The field and its upward derivative are continued to levels half a spacing apart, and each cell takes
    the cubic between the two levels around it (Hermite). For waves of four spacings the interpolation is
    good to a thousandth, for longer ones far better.

    References
    ----------
    Cordell, L. (1985), Techniques, applications, and problems of analytical continuation of New Mexico
    aeromagnetic data between arbitrary surfaces of very high relief, in Proceedings of the international
    meeting on potential fields in rugged topography, Université de Lausanne, Bulletin 7, 96-101.
    """
    waves = transform(field, spacing, edges=edges)
    return _on_surface(waves, np.asarray(heights), _levels(heights, spacing))


def drape_to_level(
    field: Values,
    spacing: tuple[float, float],
    heights: Values,
    *,
    iterations: int = 20,
    edges: Edges = "mirror",
) -> Values:
    """Field on the plane from which `heights` are counted, from its values on an uneven surface above.

    Parameters
    ----------
    field : array (rows, columns)
        A harmonic field on the surface. All cells must be finite.
    spacing, heights, edges
        As in `level_to_drape`.
    iterations : int
        Corrections, 0 or more; each lets shorter waves come down, and their noise.

    Returns
    -------
    array (rows, columns)
        In the unit of `field`.

    Notes
    -----
    f ← f + (g - D f), D the continuation from the plane to the surface, as in Xu's iteration between
    planes. Where the surface touches the plane the field is that of the surface.

    References
    ----------
    Xu, S., Yang, J., Yang, C., Xiao, P., Chen, S. and Guo, Z. (2007), The iteration method for downward
    continuation of a potential field from a horizontal plane, Geophysical Prospecting 55, 883-889.
    """
    levels = _levels(heights, spacing)
    plane = np.array(field, copy=True)
    for _ in range(iterations):
        plane += field - _on_surface(transform(plane, spacing, edges=edges), heights, levels)
    return plane


def _levels(heights: Values, spacing: tuple[float, float]) -> NDArray[np.float64]:
    """Levels from the lowest to the highest place of the surface, at most half a spacing apart."""
    low, high = float(heights.min()), float(heights.max())
    count = int(np.ceil((high - low) / (0.5 * min(abs(one) for one in spacing)) - 1e-9)) + 1
    return np.linspace(low, high, count)


def _on_surface(waves: Waves, heights: Values, levels: NDArray[np.float64]) -> Values:
    below = _at(waves, levels[0])
    if levels.size == 1:
        return below[0]
    surface = np.empty_like(below[0])
    step = float(levels[1] - levels[0])
    layer = np.minimum(((heights - levels[0]) / step).astype(np.intp), levels.size - 2)
    for number, level in enumerate(levels[1:]):
        above = _at(waves, level)
        here = layer == number
        part = ((heights[here] - levels[number]) / step).astype(surface.dtype)
        ends = [values[here] for values in (*below, *above)]
        surface[here] = _hermite(part, ends[0], ends[1] * step, ends[2], ends[3] * step)
        below = above
    return surface


def _at(waves: Waves, level: float) -> tuple[Values, Values]:
    """Field and its upward derivative on one level."""
    up = wavenumber.upward(level)
    return product(waves, up), product(waves, up * wavenumber.derivative(upward=1))


def _hermite(part: Values, low: Values, low_slope: Values, high: Values, high_slope: Values) -> Values:
    """Cubic of given values and slopes at 0 and 1."""
    left = 1 - part
    cubic: Values = left**2 * ((1 + 2 * part) * low + part * low_slope) + part**2 * (
        (1 + 2 * left) * high - left * high_slope
    )
    return cubic
