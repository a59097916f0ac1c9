"""Mesh sensitivity: fields of the cells of a regular mesh, in closed form, from corners that cells share.

Axes are local: x to the east, y to the north, z upward, in metres. Layers run
from the top down, rows from the south, columns from the west.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.constants import GRAVITATIONAL, MGAL
from craton.kernels.threads import do_all

Floats = NDArray[np.float64]

_CHUNK = 16
"""Layers worked out at a time; their first corners are worked out twice."""

_TINY = 1e-12
"""Square of a distance, in m², below which a point lies on the line through an edge."""


_SHORT = 1e-6
"""Distance, in m, that a point on a corner is taken to be away from it."""


class Mesh(NamedTuple):
    """Right cells of one size: south-west corner and top (m), sides upward, north, east (m), their counts."""

    west: float
    south: float
    top: float
    spacing: tuple[float, float, float]
    shape: tuple[int, int, int]


def gravity_coefficients() -> Floats:
    """Coefficients (1, 7) of `field_on_lattice` for downward gravity in mGal of 1 kg/m³."""
    return np.array([[GRAVITATIONAL * MGAL, 0, 0, 0, 0, 0, 0]])


def magnetisation_coefficients(inclination: float, declination: float) -> Floats:
    """Coefficients (3, 7) for the anomaly in nT of 1 A/m to the east, to the north and upward.

    Parameters
    ----------
    inclination, declination : float
        Of the ambient field in degrees, positive down and positive east, along which the anomaly is taken.

    Notes
    -----
    The anomaly is the field of the source along the ambient direction f, T = μ₀/4π Σ fᵢ Vᵢⱼ Mⱼ with
    Vᵢⱼ = ∂ᵢ∂ⱼ ∫ dv/r, which holds where it is small beside the ambient field (Blakely 1995, eq. 8.33).
    """
    east, north, up = direction(inclination, declination)
    rows = [
        [0, east, 0, 0, north, up, 0],
        [0, 0, north, 0, east, 0, up],
        [0, 0, 0, up, 0, east, north],
    ]
    return 100.0 * np.array(rows, dtype=np.float64)


def susceptibility_coefficients(intensity: float, inclination: float, declination: float) -> Floats:
    """Coefficients (1, 7) for the anomaly in nT of a susceptibility of 1 SI in an ambient field in nT.

    The magnetisation is M = κ F/μ₀ along the ambient field: no remanence, no demagnetisation.
    """
    strength = intensity * 1e-9 / (4e-7 * math.pi)
    along = strength * np.array(direction(inclination, declination))
    combined: Floats = along[None, :] @ magnetisation_coefficients(inclination, declination)
    return combined


def direction(inclination: float, declination: float) -> tuple[float, float, float]:
    """East, north and upward parts of a unit vector of that inclination (down) and declination (east)."""
    dip, turn = math.radians(inclination), math.radians(declination)
    return math.cos(dip) * math.sin(turn), math.cos(dip) * math.cos(turn), -math.sin(dip)


def field_on_lattice(x: Floats, y: Floats, z: Floats, coefficients: Floats) -> Floats:
    """Fields at the origin of all cells between neighbouring corners.

    Parameters
    ----------
    x, y, z : array
        Corners relative to where the field is wanted, in metres, each descending.
    coefficients : array (fields, 7)
        Parts of downward gravity, and of the second derivatives xx, yy, zz, xy, xz, yz of ∫ dv/r.

    Returns
    -------
    array (fields, z - 1, y - 1, x - 1)

    Notes
    -----
    A cell is the alternating sum of an antiderivative over its eight corners (Nagy et al. 2000), and
    corners are shared by neighbours: F = x ln(y+r) + y ln(x+r) - z atan(xy/zr) for gravity,
    -atan(yz/xr) for xx and ln(z+r) for xy, and so in turn. Where y+r vanishes it is taken as
    (x²+z²)/(r-y) with the square no less than 10⁻¹² m²; what that adds is the same at both ends of an
    edge. Second derivatives are singular on edges, where they come out large and finite.

    References
    ----------
    Nagy, D., Papp, G., Benedek, J. (2000), The gravitational potential and its derivatives for the
    prism, Journal of Geodesy 74, 552-560, doi:10.1007/s001900000116.
    """
    out = np.empty((len(coefficients), z.size - 1, y.size - 1, x.size - 1))
    starts = range(0, z.size - 1, _CHUNK)

    def work(start: int) -> None:
        part = slice(start, min(start + _CHUNK, z.size - 1))
        cells = np.empty((len(coefficients), part.stop - part.start, *out.shape[2:]))
        fill_lattice(x, y, z[part.start : part.stop + 1], coefficients, cells)
        out[:, part] = cells

    do_all(work, starts)
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _log(along: float, across: float, r: float) -> float:
    """Logarithm of along + r, without cancellation."""
    if along > 0:
        return math.log(along + r)
    return math.log(max(across, _TINY) / max(r - along, _SHORT))


@njit(nogil=True, cache=True, error_model="numpy")
def _angle(rise: float, run: float) -> float:
    """Arc tangent of rise / run; zero where both vanish."""
    if run == 0.0:
        return math.copysign(0.5 * math.pi, rise) if rise != 0.0 else 0.0
    return math.atan(rise / run)


@njit(nogil=True, cache=True, error_model="numpy")
def _corner(x: float, y: float, z: float, gravity: bool, tensor: bool, terms: Floats) -> None:
    """Antiderivatives at one corner, in the order of the coefficients."""
    xx, yy, zz = x * x, y * y, z * z
    r = math.sqrt(xx + yy + zz)
    along_x, along_y = _log(x, yy + zz, r), _log(y, xx + zz, r)
    flat = _angle(x * y, z * r)
    if gravity:
        terms[0] = x * along_y + y * along_x - z * flat
    if tensor:
        terms[1], terms[2], terms[3] = -_angle(y * z, x * r), -_angle(x * z, y * r), -flat
        terms[4], terms[5], terms[6] = _log(z, xx + yy, r), along_y, along_x


@njit(nogil=True, cache=True, error_model="numpy")
def _fill_corners(x: Floats, y: float, z: float, coefficients: Floats, corners: Floats) -> None:
    """Combined antiderivatives (fields, x) along one row of corners."""
    terms = np.zeros(7)
    sizes = np.zeros(2)
    for field in range(coefficients.shape[0]):
        for n in range(7):
            sizes[min(n, 1)] += abs(coefficients[field, n])
    for column in range(x.size):
        _corner(x[column], y, z, sizes[0] > 0, sizes[1] > 0, terms)
        for field in range(coefficients.shape[0]):
            total = 0.0
            for n in range(7):
                total += coefficients[field, n] * terms[n]
            corners[field, column] = total


@njit(nogil=True, cache=True, error_model="numpy")
def fill_lattice(x: Floats, y: Floats, z: Floats, coefficients: Floats, out: NDArray[np.floating]) -> None:
    """Fill `out` (fields, z - 1, y - 1, x - 1) with differences of corners."""
    fields = coefficients.shape[0]
    before, corners = np.zeros((fields, x.size)), np.zeros((fields, x.size))
    for layer in range(z.size):
        for row in range(y.size):
            before, corners = corners, before
            _fill_corners(x, y[row], z[layer], coefficients, corners)
            for field in range(fields if row > 0 else 0):
                for column in range(x.size - 1):
                    part = before[field, column] - before[field, column + 1]
                    part -= corners[field, column] - corners[field, column + 1]
                    if layer < z.size - 1:
                        out[field, layer, row - 1, column] = part
                    if layer > 0:
                        out[field, layer - 1, row - 1, column] -= part
