"""Compact bodies: spheres, which are points as seen from outside, and straight lines of mass.

Each function gives the attraction and the tensor for density (or mass) 1 and G = 1; see
`craton.kernels.sources` for the gravity gradients and magnetic fields that follow. For a magnetised sphere
the field outside is that of a dipole at its centre.

References
----------
Blakely, R. J. (1995), Potential theory in gravity and magnetic applications, Cambridge University Press,
chapters 3 and 4 and pages 75-77.

Telford, W. M., Geldart, L. P., and Sheriff, R. E. (1990), Applied geophysics, 2nd edition, Cambridge
University Press, section 2.7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from craton.kernels.sources import PAIRS, Floats


def sphere(stations: ArrayLike, centre: ArrayLike, radius: float) -> tuple[Floats, Floats]:
    """Attraction and tensor of a uniform sphere of density 1, for G = 1.

    Parameters
    ----------
    stations : array (3, m)
        Easting, northing and upward in metres.
    centre : array (3,)
        Of the sphere.
    radius : float
        In metres, above 0.

    Returns
    -------
    tuple of array
        Attraction (3, m) in metres and tensor (6, m), without unit.

    Notes
    -----
    Outside, g = v r/r³ and V = v (3 r⊗r − r² I)/r⁵ with the volume v, as of a point. Inside,
    g = (4π/3) r and V = −(4π/3) I. On the surface the tensor is the limit from outside.
    """
    away = np.asarray(centre, dtype=np.float64)[:, None] - np.asarray(stations, dtype=np.float64)
    distance = np.sqrt((away**2).sum(axis=0))
    outside = distance >= radius
    reach = np.where(outside, distance, radius)
    volume = 4.0 / 3.0 * np.pi * radius**3
    attraction: Floats = volume * away / reach**3
    tensor = np.stack([3.0 * away[a] * away[b] for a, b in PAIRS]) * np.where(outside, volume / reach**5, 0.0)
    tensor[:3] -= volume / reach**3
    return attraction, tensor


def line(stations: ArrayLike, one: ArrayLike, two: ArrayLike) -> tuple[Floats, Floats]:
    """Attraction and tensor of a straight line of one kilogram a metre, for G = 1.

    Use it for bodies that are thin beside their distance, of any direction: outside an infinite cylinder
    it is exact, outside a finite one its error falls with the square of radius over distance.

    Parameters
    ----------
    stations : array (3, m)
        Easting, northing and upward in metres.
    one, two : array (3,)
        Its ends.

    Returns
    -------
    tuple of array
        Attraction (3, m) in 1/m and tensor (6, m) in 1/m²; NaN on the line.

    Notes
    -----
    With r₁, r₂ the ends as seen from the station, S = |r₁| + |r₂|, L the length, a = r̂₁ + r̂₂ and
    q = 2L/(S² − L²),

        g = q a,   V = 2 q S/(S² − L²) a⊗a − q [(I − r̂₁⊗r̂₁)/|r₁| + (I − r̂₂⊗r̂₂)/|r₂|].

    They are the derivatives of ln[(S + L)/(S − L)], and lose no digits beyond the ends.
    """
    at = np.asarray(stations, dtype=np.float64)
    first, second = (np.asarray(end, dtype=np.float64)[:, None] - at for end in (one, two))
    r1, r2 = (np.sqrt((end**2).sum(axis=0)) for end in (first, second))
    way = np.subtract(two, one)
    length, total = float(np.linalg.norm(way)), r1 + r2
    ahead = (first * second).sum(axis=0)
    across = (np.cross(first.T, way) ** 2).sum(axis=1)
    # S² − L² = 2 (r₁ r₂ + r₁·r₂), which beside the line is 2 |r₁ × r₂|²/(r₁ r₂ − r₁·r₂).
    beside = across / np.where(ahead < 0.0, r1 * r2 - ahead, 1.0)
    square = 2.0 * np.where(ahead < 0.0, beside, r1 * r2 + ahead)
    on_line = square == 0.0
    square, r1, r2 = (np.where(on_line, np.nan, one) for one in (square, r1, r2))
    q = 2.0 * length / square
    u1, u2 = first / r1, second / r2
    a = u1 + u2
    outer = 2.0 * q * total / square
    tensor = np.stack([outer * a[i] * a[j] + q * (u1[i] * u1[j] / r1 + u2[i] * u2[j] / r2) for i, j in PAIRS])
    tensor[:3] -= q * (1.0 / r1 + 1.0 / r2)
    attraction: Floats = q * a
    return attraction, tensor
