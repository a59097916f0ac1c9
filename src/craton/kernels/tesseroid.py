"""Tesseroids: attraction of spherical prisms by adaptive quadrature.

A tesseroid lies between two meridians, two parallels and two concentric spheres. Its attraction has no
closed form; it is summed over 2 × 2 × 2 Gauss-Legendre points of mass. Where a side of it is longer than
1/`RATIO` of its distance, it is cut in halves along that side, and so on, so that the error stays below
about 0.1 percent at any distance, and within 10⁻⁴ over whole shells.

References
----------
Heck, B. and Seitz, K. (2007), A comparison of the tesseroid, prism and point-mass approaches for mass
reductions in gravity field modelling, Journal of Geodesy 81, 121-136, doi:10.1007/s00190-006-0094-0.

Uieda, L., Barbosa, V. C. F., and Braitenberg, C. (2016), Tesseroids: Forward-modeling gravitational fields in
spherical coordinates, Geophysics 81(5), F41-F48, doi:10.1190/geo2015-0204.1.
"""

from __future__ import annotations

from math import acos, asin, cos, sin, sqrt

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from craton.kernels.constants import GRAVITATIONAL
from craton.kernels.sources import Floats, over_stations

RATIO = 2.5
"""Distance over size from which a tesseroid is not cut further."""

LEVELS = 26
"""Cuts after which a piece is taken as it is; it is then below 10⁻⁷ of the whole."""

NODE = 0.5773502691896257
"""Points of the quadrature, ±1/√3 of half a side."""


def gravity(stations: ArrayLike, tesseroids: ArrayLike, density: ArrayLike) -> Floats:
    """Attraction of tesseroids.

    Parameters
    ----------
    stations : array (3, m)
        Longitude and latitude on the sphere in degrees, and radius in metres; anywhere.
    tesseroids : array (n, 6)
        West, east, south, north in degrees, bottom and top radius in metres, each pair in this order.
    density : array (n,)
        In kg/m³.

    Returns
    -------
    array (3, m)
        To the east, to the north and outward, in m/s².
    """
    places = np.array(stations, dtype=np.float64)
    places[:2] = np.radians(places[:2])
    bounds = np.array(tesseroids, dtype=np.float64)
    bounds[:, :4] = np.radians(bounds[:, :4])
    factors = GRAVITATIONAL * np.asarray(density, dtype=np.float64)
    out = np.zeros(places.shape)
    over_stations(lambda at, total: _add(at, bounds, factors, total), places, out, 8 * len(bounds))
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _add(stations: Floats, tesseroids: Floats, factors: Floats, total: Floats) -> None:
    stack = np.empty((8 * LEVELS, 7))
    for i in range(stations.shape[1]):
        for number in range(tesseroids.shape[0]):
            stack[0, :6] = tesseroids[number]
            stack[0, 6] = 0.0
            height = 1
            while height > 0:
                height -= 1
                piece = stack[height].copy()
                cut = _too_long(stations[:, i], piece)
                if piece[6] < LEVELS and (cut[0] or cut[1] or cut[2]):
                    height = _split(piece, cut, stack, height)
                else:
                    _quadrature(stations[:, i], piece, factors[number], total[:, i])


@njit(nogil=True, cache=True, error_model="numpy")
def _too_long(station: Floats, piece: Floats) -> tuple[bool, bool, bool]:
    """Which sides of a piece are too long for its distance from the station."""
    longitude, latitude = 0.5 * (piece[0] + piece[1]), 0.5 * (piece[2] + piece[3])
    middle = 0.5 * (piece[4] + piece[5])
    # Half a chord squared keeps the digits of small angles, which a cosine loses.
    across = sin(0.5 * (station[1] - latitude)) ** 2
    across += cos(station[1]) * cos(latitude) * sin(0.5 * (station[0] - longitude)) ** 2
    reach = sqrt((station[2] - middle) ** 2 + 4.0 * station[2] * middle * across) / RATIO
    chord = cos(latitude) * sin(0.5 * (piece[1] - piece[0]))
    along = 2.0 * piece[5] * asin(min(abs(chord), 1.0))
    if piece[1] - piece[0] > acos(-1.0):
        along = np.inf
    return along > reach, piece[5] * (piece[3] - piece[2]) > reach, piece[5] - piece[4] > reach


@njit(nogil=True, cache=True, error_model="numpy")
def _split(piece: Floats, cut: tuple[bool, bool, bool], stack: Floats, height: int) -> int:
    """Put the halves of `piece` on the stack; its new height."""
    stack[height] = piece
    stack[height, 6] += 1.0
    count = 1
    for axis in range(3):
        if cut[axis]:
            low, high = 2 * axis, 2 * axis + 1
            middle = 0.5 * (piece[low] + piece[high])
            for part in range(count):
                stack[height + count + part] = stack[height + part]
                stack[height + part, high] = middle
                stack[height + count + part, low] = middle
            count *= 2
    return height + count


@njit(nogil=True, cache=True, error_model="numpy")
def _quadrature(station: Floats, piece: Floats, factor: float, total: Floats) -> None:
    """Add the attraction of eight points of mass."""
    half = 0.5 * (piece[1] - piece[0]), 0.5 * (piece[3] - piece[2]), 0.5 * (piece[5] - piece[4])
    volume = factor * half[0] * half[1] * half[2]
    for k in range(8):
        longitude = 0.5 * (piece[0] + piece[1]) + half[0] * (NODE if k & 1 else -NODE)
        latitude = 0.5 * (piece[2] + piece[3]) + half[1] * (NODE if k & 2 else -NODE)
        radius = 0.5 * (piece[4] + piece[5]) + half[2] * (NODE if k & 4 else -NODE)
        turn, lift = longitude - station[0], latitude - station[1]
        across = 2.0 * sin(0.5 * turn) ** 2 * cos(latitude)
        east = radius * cos(latitude) * sin(turn)
        north = radius * (sin(lift) + sin(station[1]) * across)
        flat = 2.0 * sin(0.5 * lift) ** 2 + cos(station[1]) * across
        up = (radius - station[2]) - radius * flat
        square = east * east + north * north + up * up
        mass = volume * radius * radius * cos(latitude) / (square * sqrt(square))
        total[0] += mass * east
        total[1] += mass * north
        total[2] += mass * up
