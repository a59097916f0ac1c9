"""Covariance: models of how values resemble each other by distance and direction.

A model is a nugget and a sum of structures. Of each, the lag vector x is first reduced, h = |M x|,
where M turns and scales so that h = 1 at the range in every direction. With c the sill,

| structure | covariance / c | range |
|---|---|---|
| spherical | 1 − 3h/2 + h³/2, 0 from h = 1 | where the sill is reached |
| cubic | 1 − 7h² + 35h³/4 − 7h⁵/2 + 3h⁷/4, 0 from h = 1 | where the sill is reached |
| exponential | exp(−3h) | where 95 percent is reached |
| gaussian | exp(−3h²) | where 95 percent is reached |
| matern | 2^(1−ν)/Γ(ν) (κh)^ν K_ν(κh), κ so that it is e⁻³ at h = 1 | where 95 percent is reached |
| hole_effect | sin(πh)/(πh) | where the sill is first reached |
| power | none; its variogram is c h^p, 0 < p < 2 | where the variogram is c |

All but the power structure are valid in one, two and three dimensions. The power structure has no
covariance; A − c h^p with A large enough for the region in hand takes its place, and every result of
kriging with an unknown mean is free of A.

References
----------
Chilès, J.-P. and Delfiner, P. (2012), Geostatistics: modeling spatial uncertainty, 2nd ed., Wiley,
section 2.5.1.

Deutsch, C. V. and Journel, A. G. (1998), GSLIB: geostatistical software library and user's guide, 2nd
ed., Oxford University Press, section II.3 (practical ranges).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gamma, kv

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SPHERICAL, EXPONENTIAL, GAUSSIAN, MATERN, CUBIC, HOLE_EFFECT, POWER = range(7)
NAMES = ("spherical", "exponential", "gaussian", "matern", "cubic", "hole_effect", "power")
"""Names of the structures by number."""

COMPACT = (SPHERICAL, CUBIC)
"""Structures that are zero beyond their range."""

SAME_PLACE = 1e-10
"""Squared distance in m² up to which two places are one, so that the nugget does not tell them apart."""

SMOOTHNESS = (0.05, 20.0)
"""Least and greatest smoothness of a Matérn structure: rougher ones have a range that no number holds."""

POWER_SHIFT = 10.0
"""How often the largest variogram in a region is taken for the constant A of a power structure."""


class Model(NamedTuple):
    """Covariances of v variables as a sum of s structures and a nugget.

    Parameters
    ----------
    kinds : array (s,)
        Numbers of the structures, such as `SPHERICAL`.
    shapes : array (s,)
        Smoothness ν of a Matérn structure, exponent p of a power structure; 0 for others.
    shifts : array (s,)
        Covariance at distance 0 divided by the sill: 1, but A / c of power structures.
    matrices : array (s, 3, 3)
        From a lag vector (easting, northing, upward) in metres to the reduced one.
    sills : array (s, v, v)
        Sills by pair of variables; symmetric and positive semidefinite.
    nugget : array (v, v)
        Covariance that is felt at distance 0 only.
    """

    kinds: Whole
    shapes: Floats
    shifts: Floats
    matrices: Floats
    sills: Floats
    nugget: Floats


def reduction(
    kind: int, shape: float, ranges: tuple[float, float, float], azimuth: float = 0.0, dip: float = 0.0
) -> Floats:
    """Matrix (3, 3) from lag vectors to reduced ones.

    Parameters
    ----------
    kind, shape : int, float
        Structure, and its smoothness where it has one.
    ranges : tuple of float
        Along the main axis, across it, and along the third axis, in metres, above 0. Infinity stands for
        a direction in which nothing changes (zonal anisotropy).
    azimuth, dip : float
        Of the main axis: degrees clockwise from north, degrees below the horizontal.
    """
    turn, fall = math.radians(azimuth), math.radians(dip)
    main = [math.sin(turn) * math.cos(fall), math.cos(turn) * math.cos(fall), -math.sin(fall)]
    across = [math.cos(turn), -math.sin(turn), 0.0]
    axes = np.array([main, across, np.cross(main, across)])
    matrix: Floats = axes / np.array(ranges)[:, None] * practical_factor(kind, shape)
    return matrix


def practical_factor(kind: int, shape: float) -> float:
    """What the distance in ranges is multiplied with before it enters the formula of a structure."""
    if kind == EXPONENTIAL:
        return 3.0
    if kind == GAUSSIAN:
        return math.sqrt(3.0)
    if kind == MATERN:
        scale = 2.0 ** (1.0 - shape) / gamma(shape)
        return float(
            brentq(lambda x: scale * x**shape * kv(shape, x) - math.exp(-3.0), 1e-6, 200.0, xtol=1e-14)
        )
    return 1.0


def for_region(model: Model, extent: float) -> Model:
    """`model` with its power structures shifted so that they serve places up to `extent` metres apart."""
    shifts = np.ones(model.kinds.size)
    for number in np.flatnonzero(model.kinds == POWER):
        steepest = float(np.linalg.norm(model.matrices[number], 2))
        shifts[number] = max(POWER_SHIFT * (steepest * extent) ** model.shapes[number], 1.0)
    return model._replace(shifts=shifts)


def total_sill(model: Model) -> Floats:
    """Covariances (v, v) at distance 0; of power structures the shift is counted."""
    total: Floats = model.nugget + np.tensordot(model.shifts, model.sills, 1)
    return total


def covariances(model: Model, one: Floats, other: Floats, *, nugget: bool = True) -> Floats:
    """Covariances (n, m) of the first variable between places (n, 3) and (m, 3).

    Parameters
    ----------
    nugget : bool
        Whether places that are one feel the nugget.
    """
    found = np.zeros((len(one), len(other)))
    fill_covariances(model, np.ascontiguousarray(one), np.ascontiguousarray(other), nugget, found)
    return found


def variogram(model: Model, lags: Floats) -> Floats:
    """Semivariances (n,) of the first variable at lag vectors (n, 3) in metres; 0 at lag 0."""
    found = covariances(model, lags, np.zeros((1, 3)))[:, 0]
    values: Floats = total_sill(model)[0, 0] - found
    return values


@njit(nogil=True, cache=True, error_model="numpy")
def fill_covariances(model: Model, one: Floats, other: Floats, nugget: bool, found: Floats) -> None:
    """Add covariances of the first variable between places (n, 3) and (m, 3) to `found` (n, m)."""
    count = other.shape[0]
    squared = np.empty(count)
    for row in range(one.shape[0]):
        for number in range(model.kinds.size):
            squared_distances(model.matrices[number], one[row], other, count, squared)
            add_structure(
                model.kinds[number], model.shapes[number], model.shifts[number],
                model.sills[number, 0, 0], squared, found[row],
            )  # fmt: skip
        if nugget and model.nugget[0, 0] > 0.0:
            for column in range(count):
                if is_same_place(one[row], other[column]):
                    found[row, column] += model.nugget[0, 0]


@njit(nogil=True, cache=True, error_model="numpy")
def is_same_place(one: Floats, other: Floats) -> bool:
    """Whether two places (3,) are one."""
    apart: float = (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2
    return apart <= SAME_PLACE


@njit(nogil=True, cache=True, error_model="numpy")
def squared_distances(matrix: Floats, place: Floats, others: Floats, count: int, squared: Floats) -> None:
    """Squared reduced distances from `place` (3,) to the first `count` of `others` (m, 3), into `squared`."""
    for number in range(count):
        east = others[number, 0] - place[0]
        north = others[number, 1] - place[1]
        up = others[number, 2] - place[2]
        u = matrix[0, 0] * east + matrix[0, 1] * north + matrix[0, 2] * up
        v = matrix[1, 0] * east + matrix[1, 1] * north + matrix[1, 2] * up
        w = matrix[2, 0] * east + matrix[2, 1] * north + matrix[2, 2] * up
        squared[number] = u * u + v * v + w * w


@njit(nogil=True, cache=True, error_model="numpy")
def add_structure(  # noqa: C901, PLR0912 - one branch a structure
    kind: int, shape: float, shift: float, sill: float, squared: Floats, found: Floats
) -> None:
    """Add `sill` times a structure at squared reduced distances (n,) to `found` (n,)."""
    count = squared.size
    if kind == SPHERICAL:
        for n in range(count):
            h = min(np.sqrt(squared[n]), 1.0)
            found[n] += sill * (1.0 - h * (1.5 - 0.5 * h * h))
    elif kind == CUBIC:
        for n in range(count):
            h = min(np.sqrt(squared[n]), 1.0)
            q = h * h
            found[n] += sill * (1.0 - q * (7.0 - h * (8.75 - q * (3.5 - 0.75 * q))))
    elif kind == EXPONENTIAL:
        for n in range(count):
            found[n] += sill * np.exp(-np.sqrt(squared[n]))
    elif kind == GAUSSIAN:
        for n in range(count):
            found[n] += sill * np.exp(-squared[n])
    elif kind == POWER:
        for n in range(count):
            found[n] += sill * (shift - squared[n] ** (0.5 * shape))
    elif kind == HOLE_EFFECT:
        for n in range(count):
            h = np.pi * np.sqrt(squared[n])
            found[n] += sill * (np.sin(h) / h if h > 0.0 else 1.0)
    else:
        for n in range(count):
            found[n] += sill * matern(np.sqrt(squared[n]), shape)


@njit(nogil=True, cache=True, error_model="numpy")
def matern(distance: float, smoothness: float) -> float:
    """Matérn correlation 2^(1−ν)/Γ(ν) x^ν K_ν(x) at x = `distance` for ν = `smoothness`.

    Closed forms for ν = ½, 3/2 and 5/2; else K_ν(x) = ∫₀^∞ exp(−x cosh t) cosh(νt) dt by the trapezoid
    rule with steps of ⅛, whose error is below rounding.
    """
    if distance <= 0.0:
        return 1.0
    if smoothness == 0.5:
        return math.exp(-distance)
    if smoothness == 1.5:
        return (1.0 + distance) * math.exp(-distance)
    if smoothness == 2.5:
        return (1.0 + distance + distance * distance / 3.0) * math.exp(-distance)
    if distance > 600.0:
        return 0.0
    lead = (1.0 - smoothness) * math.log(2.0) - math.lgamma(smoothness) + smoothness * math.log(distance)
    total = 0.5 * math.exp(lead - distance)
    step = 0.125
    for number in range(1, 2000):
        t = number * step
        power = lead - distance * math.cosh(t) + smoothness * t
        total += 0.5 * math.exp(power) * (1.0 + math.exp(-2.0 * smoothness * t))
        if power < -42.0 and distance * math.sinh(t) > smoothness:
            break
    return step * total
