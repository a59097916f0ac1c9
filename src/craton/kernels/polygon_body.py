"""Polygons in a vertical section: fields of bodies that go on along strike without end, and of thin sheets.

A place in the section is the complex number w = x + i z, x along the profile and z upward. Masses that do not
change along strike have, for density 1 and G = 1, the attraction g = g_x + i g_z with

    conj(g) = 2 ∫∫ dA / (w′ − w),     T = ∂ conj(g)/∂w = 2 ∫∫ dA / (w′ − w)²,

so that V_xx = Re T, V_xz = −Im T, V_zz = −Re T outside masses. Over a polygon both integrals are sums over
its edges: with w_k the corners as seen from the station, Δ = w_{k+1} − w_k, α = conj(Δ)/Δ and
β = conj(w_k) − α w_k,

    conj(g) = (1/i) Σ β ln(w_{k+1}/w_k),     T = (1/i) Σ α ln(w_{k+1}/w_k)

for corners that run counter-clockwise. That is what Talwani et al. summed as angles and logarithms.

Limits. On an edge β = 0, and at a corner β ln → 0: the attraction is finite everywhere. T jumps across an
edge and is infinite at a corner: on an edge it is one of the limits, at a corner it is NaN.

References
----------
Talwani, M., Worzel, J. L., and Landisman, M. (1959), Rapid gravity computations for two-dimensional bodies
with application to the Mendocino submarine fracture zone, Journal of Geophysical Research 64(1), 49-59,
doi:10.1029/JZ064i001p00049.

Won, I. J. and Bevis, M. (1987), Computing the gravitational and magnetic anomalies due to a polygon:
algorithms and Fortran subroutines, Geophysics 52(2), 232-238, doi:10.1190/1.1442298.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from craton.kernels.sources import Floats

Complex = NDArray[np.complex128]


def polygon(stations: ArrayLike, outline: ArrayLike) -> tuple[Complex, Complex]:
    """Attraction g_x + i g_z and tensor V_xx − i V_xz of a polygon of density 1, for G = 1.

    Parameters
    ----------
    stations : array (2, m)
        Distance along the profile and height, in metres; anywhere.
    outline : array (k, 2)
        Distance and height of at least three corners, in either sense, the first not repeated.

    Returns
    -------
    tuple of array
        Complex, (m,): attraction in metres, and V_xx − i V_xz without unit. Inside the polygon
        V_xx = Re T − 2π and V_zz = −Re T − 2π.
    """
    corners = _counter_clockwise(np.asarray(outline, dtype=np.float64))
    seen = corners[:, None] - _places(stations)
    ahead = np.roll(seen, -1, axis=0)
    side = np.roll(corners, -1) - corners
    slope = (np.conj(side) / side)[:, None]
    at_corner = (seen == 0.0) | (ahead == 0.0)
    logarithm = np.log(np.where(at_corner, 1.0, ahead) / np.where(at_corner, 1.0, seen))
    offset = np.conj(seen) - slope * seen
    attraction: Complex = np.conj(-1j * (offset * logarithm).sum(axis=0))
    tensor: Complex = -1j * (slope * logarithm).sum(axis=0)
    tensor[at_corner.any(axis=0)] = np.nan
    return attraction, tensor


def sheet(stations: ArrayLike, one: ArrayLike, two: ArrayLike) -> tuple[Complex, Complex]:
    """Attraction g_x + i g_z and tensor V_xx − i V_xz of a thin sheet of one kilogram a square metre, G = 1.

    Use it for dykes, veins and beds that are thin beside their depth; a sheet of thickness t stands for a
    polygon of density ρ with ρ t kilograms a square metre.

    Parameters
    ----------
    stations : array (2, m)
        Distance along the profile and height, in metres.
    one, two : array (2,)
        Distance and height of its edges.

    Returns
    -------
    tuple of array
        Complex, (m,): attraction without unit, and V_xx − i V_xz in 1/m. The attraction jumps across the
        sheet (on it, it is one of the limits) and is infinite at its edges, where NaN is given.

    Notes
    -----
    With u = (w₂ − w₁)/|w₂ − w₁| and w₁, w₂ the edges as seen from the station,
    conj(g) = (2/u) ln(w₂/w₁) and T = (2/u)(1/w₁ − 1/w₂).

    References
    ----------
    Telford, W. M., Geldart, L. P., and Sheriff, R. E. (1990), Applied geophysics, 2nd edition, Cambridge
    University Press, section 2.7.6.
    """
    at = _places(stations)
    ends = _places(np.transpose([one, two]))
    at_edge = (at == ends[0]) | (at == ends[1])
    first, second = (np.where(at_edge, 1.0, end - at) for end in ends)
    way = complex(ends[1] - ends[0])
    conjugate = np.conj(way / abs(way))
    attraction: Complex = np.conj(2.0 * conjugate * np.log(second / first))
    tensor: Complex = 2.0 * conjugate * (1.0 / first - 1.0 / second)
    attraction[at_edge], tensor[at_edge] = np.nan, np.nan
    return attraction, tensor


def _places(stations: ArrayLike) -> Complex:
    distance, height = np.asarray(stations, dtype=np.float64)
    places: Complex = distance + 1j * height
    return places


def _counter_clockwise(outline: Floats) -> Complex:
    """Corners as complex numbers, turned where they run clockwise."""
    corners: Complex = outline[:, 0] + 1j * outline[:, 1]
    around = float(np.imag(np.conj(corners) * np.roll(corners, -1)).sum())
    return corners if around > 0.0 else corners[::-1]
