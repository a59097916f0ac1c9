"""The kernel of patches: Wendland functions, the covariances of values and slopes, and sums over centres.

References
----------
Wendland, H. (1995), Piecewise polynomial, positive definite and compactly supported radial functions of
minimal degree, Advances in Computational Mathematics 4, 389-396. doi:10.1007/BF02123482
"""

from __future__ import annotations

import numpy as np
from numba import njit

from craton.kernels.partition_boxes import Floats

LOOSE = {"contract", "reassoc", "nsz", "arcp"}
"""Freedom to reorder sums, so that several centres are done at once; not to assume that all is finite."""

CUBIC = np.array([1.0, 4.0, 0.0, 0.0, 0.0, -20.0, 0.0, 0.0, 0.0, 60.0, 0.0, 0.0, 0.0])
"""Coefficients of the Wendland function of smoothness 1; see `SHAPES`."""

QUINTIC = np.array(
    [1.0, 4.0, 2 / 3, -52 / 3, 35 / 3, -56 / 3, -56.0, 168.0, -280 / 3, 0.0, 560.0, -1120.0, 560.0]
)
"""Coefficients of the Wendland function of smoothness 2."""

LEADING = {1: 20.0, 2: 448 / 3}
"""Factor of the first odd power of r/R, (r/R)³ or (r/R)⁵, by smoothness."""

SHAPES = {1: CUBIC, 2: QUINTIC}
"""By smoothness, with s = 1 − r, coefficients of

    φ = s⁴ (c₀ + c₁ r + c₂ r² + c₃ r³ + c₄ r⁴),
    φ′/r = s³ (c₅ + c₆ r + c₇ r² + c₈ r³),
    (φ′/r)′/r = s² (c₉ / r + c₁₀ + c₁₁ r + c₁₂ r²).
"""


@njit(nogil=True, cache=True, error_model="numpy", fastmath=LOOSE)
def fill(
    matrix: Floats, size: int, values: int, at: Floats, along: Floats, steps: Floats, shape: Floats
) -> None:
    """Upper half of the covariances of the first `size` rows, of which the first `values` are values.

    Parameters
    ----------
    at, along : array (3, N)
        Places in R, and directions.
    steps : array (d, N)
        Step functions.
    """
    c = shape
    c0, c1, c2, c3, c4 = shape[0], shape[1], shape[2], shape[3], shape[4]
    for row in range(size):
        x0, y0, z0 = at[0, row], at[1, row], at[2, row]
        east, north, up, found = at[0, row:], at[1, row:], at[2, row:], matrix[row, row:]
        for other in range(values - row):
            x, y, z = x0 - east[other], y0 - north[other], z0 - up[other]
            r = np.sqrt(x * x + y * y + z * z)
            q = (1.0 - r) * (1.0 - r)
            found[other] = q * q * ((((c4 * r + c3) * r + c2) * r + c1) * r + c0)
        if row < values:
            for number in range(steps.shape[0]):
                for other in range(row, values):
                    matrix[row, other] += steps[number, row] * steps[number, other]
        for other in range(max(row, values), size):
            x, y, z = x0 - at[0, other], y0 - at[1, other], z0 - at[2, other]
            r = np.sqrt(x * x + y * y + z * z)
            s = 1.0 - r
            slope = s * s * s * (((c[8] * r + c[7]) * r + c[6]) * r + c[5])
            there = x * along[0, other] + y * along[1, other] + z * along[2, other]
            if row < values:
                matrix[row, other] = -slope * there
            else:
                here = x * along[0, row] + y * along[1, row] + z * along[2, row]
                both = (
                    along[0, row] * along[0, other]
                    + along[1, row] * along[1, other]
                    + along[2, row] * along[2, other]
                )
                pole = c[9] / r if r > 0.0 else 0.0
                bend = s * s * (((c[12] * r + c[11]) * r + c[10]) + pole)
                matrix[row, other] = -slope * both - bend * here * there


@njit(nogil=True, cache=True, error_model="numpy", fastmath=LOOSE)
def value_of(
    x0: float, y0: float, z0: float, at: Floats, along: Floats, weights: Floats, first: int, slopes: int,
    last: int, shape: Floats,
) -> float:  # fmt: skip
    """Value of a patch at a place in R, of the members `first` to `last`, from `slopes` on slopes."""
    c0, c1, c2, c3, c4 = shape[0], shape[1], shape[2], shape[3], shape[4]
    # Loops from 0 over parts of arrays are what the compiler does several at once.
    east, north, up, own = at[0, first:last], at[1, first:last], at[2, first:last], weights[first:last]
    total = 0.0
    for member in range(slopes - first):
        x, y, z = x0 - east[member], y0 - north[member], z0 - up[member]
        r = np.sqrt(x * x + y * y + z * z)
        q = (1.0 - r) * (1.0 - r)
        total += own[member] * q * q * ((((c4 * r + c3) * r + c2) * r + c1) * r + c0)
    for member in range(slopes - first, last - first):
        x, y, z = x0 - east[member], y0 - north[member], z0 - up[member]
        r = np.sqrt(x * x + y * y + z * z)
        s = 1.0 - r
        slope = s * s * s * (((shape[8] * r + shape[7]) * r + shape[6]) * r + shape[5])
        number = first + member
        there = x * along[0, number] + y * along[1, number] + z * along[2, number]
        total -= own[member] * slope * there
    return total


@njit(nogil=True, cache=True, error_model="numpy", fastmath=LOOSE)
def gradient_of(
    x0: float, y0: float, z0: float, at: Floats, along: Floats, weights: Floats, first: int, slopes: int,
    last: int, shape: Floats,
) -> tuple[float, float, float]:  # fmt: skip
    """Gradient of a patch at a place in R, by lengths of R; the arguments are those of `value_of`."""
    c5, c6, c7, c8, c9, c10, c11, c12 = (
        shape[5], shape[6], shape[7], shape[8], shape[9], shape[10], shape[11], shape[12],
    )  # fmt: skip
    east, north, up, own = at[0, first:last], at[1, first:last], at[2, first:last], weights[first:last]
    eastward, northward, upward = 0.0, 0.0, 0.0
    for member in range(slopes - first):
        x, y, z = x0 - east[member], y0 - north[member], z0 - up[member]
        r = np.sqrt(x * x + y * y + z * z)
        s = 1.0 - r
        slope = own[member] * s * s * s * (((c8 * r + c7) * r + c6) * r + c5)
        eastward += slope * x
        northward += slope * y
        upward += slope * z
    for member in range(slopes - first, last - first):
        x, y, z = x0 - east[member], y0 - north[member], z0 - up[member]
        r = np.sqrt(x * x + y * y + z * z)
        s, number = 1.0 - r, first + member
        slope = own[member] * s * s * s * (((c8 * r + c7) * r + c6) * r + c5)
        there = x * along[0, number] + y * along[1, number] + z * along[2, number]
        pole = c9 / r if r > 0.0 else 0.0
        bend = own[member] * s * s * (((c12 * r + c11) * r + c10) + pole) * there
        eastward -= slope * along[0, number] + bend * x
        northward -= slope * along[1, number] + bend * y
        upward -= slope * along[2, number] + bend * z
    return eastward, northward, upward
