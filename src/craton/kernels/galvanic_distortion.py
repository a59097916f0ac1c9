"""Galvanic distortion: strike, twist and shear of magnetotelluric impedances over regional 2-D ground.

Small bodies near a station turn and shear the electric field of the region, alike at all periods:

    Z = Rᵀ C Z₂ R,    C = g T S A,    Z₂ = [[0, a], [−b, 0]]

with the turn R to the strike, T = [[1, −t], [t, 1]]/√(1 + t²) the twist atan t,
S = [[1, e], [e, 1]]/√(1 + e²) the shear atan e; the gain g and the anisotropy A,
which are static shift, go into a and b (Groom and Bailey).

In the axes of the strike each column of Z is then a complex number at each period times one real direction:
that of the second column has the angle twist + shear from x, that of the first shear − twist from y. For a
strike the directions of least squares are eigenvectors of Re Σ z zᴴ/σ², and the smaller eigenvalues are the
misfit. So one angle only has to be sought, and there is no model to begin with.

References
----------
Groom, R. W. and Bailey, R. C. (1989), Decomposition of magnetotelluric impedance tensors in the presence of
local three-dimensional galvanic distortion, Journal of Geophysical Research 94(B2), 1913-1925,
doi:10.1029/JB094iB02p01913.

McNeice, G. W. and Jones, A. G. (2001), Multisite, multifrequency tensor decomposition of magnetotelluric
data, Geophysics 66(1), 158-173, doi:10.1190/1.1444891.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from craton.kernels.impedance_tensor import turn_matrix, turned
from craton.kernels.magnetotelluric_layers import Complex
from craton.kernels.resistivity_layers import Floats

STEP = 0.25
"""Degrees between strikes that are tried first."""

HALVINGS = 30
"""Times that the step is halved about the best."""

STEEPEST = 44.9
"""Shear in degrees up to which distortion is taken away."""

UNKNOWNS = 3
"""Strike, twist and shear; the regional impedances take half of the data."""


class Distortion(NamedTuple):
    """Strike from x, its range to either side, twist and shear in degrees, and misfit in deviations."""

    strike: float
    strike_range: float
    twist: float
    shear: float
    misfit: float


def decomposed(tensor: Complex, deviation: Floats, strike: float | None = None) -> Distortion:
    """Distortion of the impedances of one station.

    Parameters
    ----------
    tensor : array (n, 2, 2)
        Impedances, finite.
    deviation : array (n,)
        Standard deviation of the real, and of the imaginary part of an element, above 0.
    strike : float, optional
        In degrees clockwise from x. Left out, that of the least misfit.

    Returns
    -------
    Distortion
        The range is half of all strikes whose sum of squares is above the least by no more than 1, or the
        squared misfit where that is above 1: 45 where any strike will do, as over 1-D ground.
    """
    tried = np.arange(-45.0, 45.0, STEP)
    squares = _squares(tensor, deviation, tried)
    freedom = max(4 * len(tensor) - UNKNOWNS, 1)
    best = _refined(tensor, deviation, float(tried[squares.argmin()])) if strike is None else strike
    least = float(_squares(tensor, deviation, np.array([best]))[0])
    allowed = min(least, float(squares.min())) + max(1.0, least / freedom)
    breadth = 0.5 * STEP * float((squares <= allowed).sum())
    first, second = _directions(tensor, deviation, best)
    twist, shear = 0.5 * (second - first), 0.5 * (second + first)
    return Distortion(best, breadth, twist, shear, float(np.sqrt(least / freedom)))


def undistorted(tensor: Complex, variance: Floats, found: Distortion) -> tuple[Complex, Floats]:
    """Impedances (n, 2, 2) in the axes of the strike freed of twist and shear, and their variances.

    NaN where the shear is within a tenth of a degree of 45 or beyond: all that is left of the field then has
    one direction, and cannot be brought back.
    """
    if abs(found.shear) > STEEPEST:
        return np.full_like(tensor, np.nan), np.full_like(variance, np.nan)
    angle = np.full(len(tensor), found.strike)
    t, e = np.tan(np.radians([found.twist, found.shear]))
    scale = np.sqrt((1.0 + t * t) * (1.0 + e * e))
    inverse = np.linalg.inv(np.array([[1.0 - t * e, e - t], [e + t, 1.0 + t * e]]) / scale)
    whole = turn_matrix(angle)
    left, right = inverse @ whole, np.swapaxes(whole, -1, -2)
    return left @ tensor @ right, left**2 @ variance @ right**2


def _products(tensor: Complex, deviation: Floats, strikes: Floats) -> tuple[Floats, ...]:
    """Parts xx, xy, yy (strikes, 2) of Re Σ z zᴴ/σ² of both columns in the axes of strikes."""
    weighted = tensor / deviation[:, None, None]
    count = len(strikes)
    seen = turned(np.tile(weighted, (count, 1, 1)), np.repeat(strikes, len(tensor)))
    x, y = np.moveaxis(seen.reshape(count, -1, 2, 2), 2, 0)
    return tuple((one * np.conj(two)).real.sum(axis=1) for one, two in ((x, x), (x, y), (y, y)))


def _squares(tensor: Complex, deviation: Floats, strikes: Floats) -> Floats:
    """Sum (strikes,) of squared residuals over deviations: the smaller eigenvalues of both columns."""
    xx, xy, yy = _products(tensor, deviation, strikes)
    squares: Floats = np.maximum(0.5 * (xx + yy) - np.hypot(0.5 * (xx - yy), xy), 0.0).sum(axis=1)
    return squares


def _refined(tensor: Complex, deviation: Floats, best: float) -> float:
    """Strike of the least misfit about the best of those that were tried."""
    step = STEP
    for _ in range(HALVINGS):
        step *= 0.5
        three = best + step * np.array([-1.0, 0.0, 1.0])
        best = float(three[_squares(tensor, deviation, three).argmin()])
    return (best + 45.0) % 90.0 - 45.0


def _directions(tensor: Complex, deviation: Floats, strike: float) -> tuple[float, float]:
    """Angle of the first column from y, towards x, and of the second from x, towards y, in degrees."""
    xx, xy, yy = (one[0] for one in _products(tensor, deviation, np.array([strike])))
    angle = 0.5 * np.degrees(np.arctan2(2.0 * xy, xx - yy))
    first = (90.0 - angle[0] + 90.0) % 180.0 - 90.0
    return float(first), float(angle[1])
