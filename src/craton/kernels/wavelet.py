"""Wavelets: a field as the sum of its details at doubling scales and a smooth rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHTS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""Cubic B-spline, as filter."""


def a_trous(field: NDArray[Any], levels: int) -> tuple[list[NDArray[Any]], NDArray[Any]]:
    """Details of a field, finest first, and the smooth rest; together they are the field.

    Parameters
    ----------
    field : array (rows, columns)
        All cells must be finite; reflected at its edges.
    levels : int
        Number of details, 1 or more, with 2 to its power at most the shorter side.

    Returns
    -------
    list of array, array
        Detail j holds features of about 2ʲ to 2ʲ⁺¹ spacings, j from 1 on.

    Notes
    -----
    At level j the field is smoothed by the cubic B-spline (1, 4, 6, 4, 1)/16 with its weights
    2ʲ⁻¹ cells apart, along rows and along columns; the detail is what the smoothing took away.
    Nothing is thinned out, so that details do not shift with the field's origin.

    References
    ----------
    Holschneider, M., Kronland-Martinet, R., Morlet, J. and Tchamitchian, P. (1989), A real-time
    algorithm for signal analysis with the help of the wavelet transform, in Wavelets, Springer,
    286-297.

    Fedi, M. and Quarta, T. (1998), Wavelet analysis for the regional-residual and local separation of
    potential field anomalies, Geophysical Prospecting 46, 507-525.
    """
    smooth, details = np.asarray(field), []
    for level in range(levels):
        smoother = smooth
        for axis in range(smooth.ndim):
            smoother = _smoothed(smoother, 2**level, axis)
        details.append(smooth - smoother)
        smooth = smoother
    return details, smooth


def _smoothed(field: NDArray[Any], apart: int, axis: int) -> NDArray[Any]:
    """`field` smoothed along `axis` by the weights `apart` cells apart."""
    count = field.shape[axis]
    widths = [(2 * apart, 2 * apart) if one == axis else (0, 0) for one in range(field.ndim)]
    wide = np.moveaxis(np.pad(field, widths, mode="symmetric"), axis, 0)
    total = sum(weight * wide[n * apart : n * apart + count] for n, weight in enumerate(WEIGHTS))
    return np.moveaxis(np.asarray(total), 0, axis)
