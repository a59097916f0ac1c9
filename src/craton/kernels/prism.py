"""Rectangular prisms: closed forms of their gravity, its gradients and their magnetic field.

A prism is west, east, south, north, bottom, top. The corners seen from a station are
x = (west, east), y = (south, north), z = (bottom, top) less the place of the station, r the distance of
a corner, s = +1 or −1 for an even or odd number of first ends. For density 1 and G = 1

    attraction upward  −Σ s [x ln(y + r) + y ln(x + r) − z atan(xy / zr)]
    V_uu  −Σ s atan(xy / zr),   V_en  Σ s ln(z + r),   and so on around the axes.

How it is computed. The logarithms of the two ends of an edge are one logarithm of a ratio; where the edge
passes the station, y₀ + r₀ = (x² + z²)/(r₀ − y₀) keeps all digits. The four arctangents of a face are the
arguments of complex numbers z r + i x y, whose product has their sum, the solid angle of the face, as its
argument: at most 2π, so that one arctangent and a look at the face give it. Stations go through in blocks,
in loops that processors run many numbers at a time (`craton.kernels.vector_math`), with no operation
whose result could differ between processors.

Limits. Gravity is finite and continuous everywhere, also on faces, edges, corners and inside; the terms
that vanish there are taken as 0. The tensor jumps at faces: on one, its value is the limit from outside.
On edges and corners it is infinite in some direction, and NaN is given for all parts of it.

References
----------
Nagy, D., Papp, G., and Benedek, J. (2000), The gravitational potential and its derivatives for the prism,
Journal of Geodesy 74, 552-560, doi:10.1007/s001900000116.

Fukushima, T. (2020), Speed and accuracy improvements in standard algorithm for prismatic gravitational
field, Geophysical Journal International 222(3), 1898-1908, doi:10.1093/gji/ggaa240.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from craton.kernels.constants import GRAVITATIONAL
from craton.kernels.sources import Floats, over_stations
from craton.kernels.vector_math import angle, log_ratio

BLOCK = 128
"""Stations that go through together; what they need stays in the first cache."""

TURN = 2.0 * np.pi

ORDERS = ((1, 2, 0), (2, 0, 1), (0, 1, 2))
"""Axes around each axis, itself last."""


def gravity(stations: ArrayLike, prisms: ArrayLike, density: ArrayLike, *, axis: int = 2) -> Floats:
    """Attraction of prisms along one axis.

    Parameters
    ----------
    stations : array (3, m)
        Easting, northing and upward in metres, all finite; anywhere, also inside prisms.
    prisms : array (n, 6)
        West, east, south, north, bottom, top in metres, each pair in this order.
    density : array (n,)
        Density, or its contrast, in kg/m³.
    axis : int
        0 for the attraction to the east, 1 to the north, 2 upward.

    Returns
    -------
    array (m,)
        In m/s². Downward gravity is the upward one with its sign changed.
    """
    order = np.array(ORDERS[axis])
    places = np.ascontiguousarray(np.asarray(stations, dtype=np.float64)[order])
    sides = np.asarray(prisms, dtype=np.float64).reshape(-1, 3, 2)[:, order].reshape(-1, 6)
    factors = -GRAVITATIONAL * np.asarray(density, dtype=np.float64)
    out = np.zeros((1, places.shape[1]))
    over_stations(lambda at, total: _add_gravity(at, sides, factors, total[0]), places, out, len(sides))
    attraction: Floats = out[0]
    return attraction


def gradients(stations: ArrayLike, prisms: ArrayLike, weights: ArrayLike) -> Floats:
    """Weighted sums of the tensors of prisms: gravity gradients, or magnetic fields.

    Parameters
    ----------
    stations : array (3, m)
        As in `gravity`.
    prisms : array (n, 6)
        As in `gravity`.
    weights : array (n, q, 6)
        Of the parts of the tensor of each prism in each sum; `sources.gradient_weights` or
        `sources.magnetic_weights`.

    Returns
    -------
    array (q, m)
        In the unit of the weights: 1/s² or T. NaN on edges and corners; on faces the limit from outside.
        Inside a prism a magnetic sum is μ₀ H, to which μ₀ M is to be added for B.
    """
    places = np.ascontiguousarray(stations, dtype=np.float64)
    sides = np.ascontiguousarray(prisms, dtype=np.float64)
    factors = np.ascontiguousarray(weights, dtype=np.float64)
    out = np.zeros((factors.shape[1], places.shape[1]))
    over_stations(lambda at, total: _add_gradients(at, sides, factors, total), places, out, len(sides))
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _add_gravity(stations: Floats, prisms: Floats, factors: Floats, total: Floats) -> None:
    """Add factor · Σ s [x ln(y + r) + y ln(x + r) − z atan(xy / zr)] of each prism to `total` (m,)."""
    sides, distances = np.empty((6, BLOCK)), np.empty((8, BLOCK))
    above, below = np.empty((4, BLOCK)), np.empty((4, BLOCK))
    faces, along = np.empty((2, BLOCK)), np.empty((2, BLOCK))
    for start in range(0, stations.shape[1], BLOCK):
        east, north, up = (
            stations[0][start : start + BLOCK],
            stations[1][start : start + BLOCK],
            stations[2][start : start + BLOCK],
        )
        part = total[start : start + BLOCK]
        for number in range(prisms.shape[0]):
            _seen(east, north, up, prisms[number], sides, distances)
            _edges(sides, distances, above, below, part.size)
            for edge in range(4):
                _logarithms(above[edge], below[edge], part.size)
            _face(sides, distances, 2, faces, along, part.size)
            factor = factors[number]
            for i in range(part.size):
                edges = (sides[1, i] * above[0, i] - sides[0, i] * above[1, i]) + (
                    sides[3, i] * above[2, i] - sides[2, i] * above[3, i]
                )
                ends = abs(sides[5, i]) * faces[1, i] - abs(sides[4, i]) * faces[0, i]
                part[i] += factor * (edges - ends)


@njit(nogil=True, cache=True, error_model="numpy")
def _add_gradients(stations: Floats, prisms: Floats, weights: Floats, total: Floats) -> None:
    """Add the weighted parts of the tensor of each prism to `total` (q, m)."""
    sides, distances = np.empty((6, BLOCK)), np.empty((8, BLOCK))
    above, below = np.empty((3, BLOCK)), np.empty((3, BLOCK))
    faces, along = np.empty((2, BLOCK)), np.empty((2, BLOCK))
    tensor, clear = np.empty((6, BLOCK)), np.empty(BLOCK)
    for start in range(0, stations.shape[1], BLOCK):
        east, north, up = (
            stations[0][start : start + BLOCK],
            stations[1][start : start + BLOCK],
            stations[2][start : start + BLOCK],
        )
        part, count = total[:, start : start + BLOCK], east.size
        for number in range(prisms.shape[0]):
            _seen(east, north, up, prisms[number], sides, distances)
            for axis in range(3):
                _face(sides, distances, axis, faces, along, count)
                _diagonal(sides[2 * axis : 2 * axis + 2], faces, tensor[axis], count)
                _around(sides, distances, axis, above[axis], below[axis], count)
            _product(above, below, clear, count)
            for axis in range(3):
                _logarithms(above[axis], below[axis], count)
                tensor[5 - axis, :count] = above[axis, :count]
            for i in range(count):
                if clear[i] == 0.0:
                    tensor[:, i] = np.nan
            for row in range(part.shape[0]):
                _add_weighted(tensor, weights[number, row], part[row])


@njit(nogil=True, error_model="numpy", inline="always")
def _seen(
    easting: Floats, northing: Floats, upward: Floats, prism: Floats, sides: Floats, distances: Floats
) -> None:
    """Sides of a prism as seen from the stations, and distances of its corners; corner 4i + 2j + k."""
    west, east, south, north, bottom, top = prism
    for i in range(easting.size):
        x0, x1 = west - easting[i], east - easting[i]
        y0, y1 = south - northing[i], north - northing[i]
        z0, z1 = bottom - upward[i], top - upward[i]
        sides[0, i], sides[1, i], sides[2, i] = x0, x1, y0
        sides[3, i], sides[4, i], sides[5, i] = y1, z0, z1
        h00, h01 = x0 * x0 + y0 * y0, x0 * x0 + y1 * y1
        h10, h11 = x1 * x1 + y0 * y0, x1 * x1 + y1 * y1
        zz0, zz1 = z0 * z0, z1 * z1
        distances[0, i], distances[1, i] = sqrt(h00 + zz0), sqrt(h00 + zz1)
        distances[2, i], distances[3, i] = sqrt(h01 + zz0), sqrt(h01 + zz1)
        distances[4, i], distances[5, i] = sqrt(h10 + zz0), sqrt(h10 + zz1)
        distances[6, i], distances[7, i] = sqrt(h11 + zz0), sqrt(h11 + zz1)


@njit(nogil=True, error_model="numpy", inline="always")
def _ends(low: float, high: float, near: float, far: float, square: float) -> tuple[float, float]:
    """(high + r_high)/(low + r_low) of an edge as two parts, all digits kept; `square` its distance squared.

    `near` and `far` are r_low and r_high. Where the edge passes the station, both ends are above the line.
    """
    first, last = abs(low) + near, abs(high) + far
    above = (last if high > 0.0 else 1.0) * (first if low < 0.0 else 1.0)
    below = first if low >= 0.0 else last
    return above, square if (low < 0.0) & (high > 0.0) else below


@njit(nogil=True, error_model="numpy", inline="always")
def _edges(sides: Floats, r: Floats, above: Floats, below: Floats, count: int) -> None:
    """Ratios under the logarithms of gravity: edges along y at x₁ and x₀, along x at y₁ and y₀."""
    for i in range(count):
        x0, x1, y0, y1, z0, z1 = sides[0, i], sides[1, i], sides[2, i], sides[3, i], sides[4, i], sides[5, i]
        zz0, zz1 = z0 * z0, z1 * z1
        a, b = _ends(y0, y1, r[5, i], r[7, i], x1 * x1 + zz1)
        c, d = _ends(y0, y1, r[4, i], r[6, i], x1 * x1 + zz0)
        above[0, i], below[0, i] = a * d, b * c
        a, b = _ends(y0, y1, r[1, i], r[3, i], x0 * x0 + zz1)
        c, d = _ends(y0, y1, r[0, i], r[2, i], x0 * x0 + zz0)
        above[1, i], below[1, i] = a * d, b * c
        a, b = _ends(x0, x1, r[3, i], r[7, i], y1 * y1 + zz1)
        c, d = _ends(x0, x1, r[2, i], r[6, i], y1 * y1 + zz0)
        above[2, i], below[2, i] = a * d, b * c
        a, b = _ends(x0, x1, r[1, i], r[5, i], y0 * y0 + zz1)
        c, d = _ends(x0, x1, r[0, i], r[4, i], y0 * y0 + zz0)
        above[3, i], below[3, i] = a * d, b * c


@njit(nogil=True, error_model="numpy", inline="always")
def _around(sides: Floats, r: Floats, axis: int, above: Floats, below: Floats, count: int) -> None:
    """Ratio under the logarithm of the part of the tensor across `axis`: its four parallel edges."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    step, one, two = 4 >> axis, 4 >> first, 4 >> second
    z, x, y = 2 * axis, 2 * first, 2 * second
    for i in range(count):
        low, high = sides[z, i], sides[z + 1, i]
        xx0, xx1 = sides[x, i] ** 2, sides[x + 1, i] ** 2
        yy0, yy1 = sides[y, i] ** 2, sides[y + 1, i] ** 2
        a, b = _ends(low, high, r[one + two, i], r[one + two + step, i], xx1 + yy1)
        c, d = _ends(low, high, r[0, i], r[step, i], xx0 + yy0)
        e, f = _ends(low, high, r[one, i], r[one + step, i], xx1 + yy0)
        g, h = _ends(low, high, r[two, i], r[two + step, i], xx0 + yy1)
        above[i], below[i] = (a * c) * (f * h), (b * d) * (e * g)


@njit(nogil=True, error_model="numpy", inline="always")
def _face(sides: Floats, r: Floats, axis: int, faces: Floats, along: Floats, count: int) -> None:
    """Solid angles, 0 to 2π, of the two faces across `axis`."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    step, one, two = 4 >> axis, 4 >> first, 4 >> second
    x, y = 2 * first, 2 * second
    for end in range(2):
        k, z = step * end, 2 * axis + end
        for i in range(count):
            x0, x1, y0, y1, height = (
                sides[x, i],
                sides[x + 1, i],
                sides[y, i],
                sides[y + 1, i],
                abs(sides[z, i]),
            )
            a, b, p, q = height * r[k + one + two, i], height * r[k, i], x1 * y1, x0 * y0
            c, d, s, t = height * r[k + one, i], height * r[k + two, i], x1 * y0, x0 * y1
            real, imaginary = a * b - p * q, a * q + b * p
            other, turned = c * d - s * t, c * t + d * s
            faces[end, i] = imaginary * other - real * turned
            along[end, i] = real * other + imaginary * turned
        for i in range(count):
            faces[end, i] = angle(faces[end, i], along[end, i])
        for i in range(count):
            # Only before a face and near it the sum is above π, and there it is never near 0.
            x0, x1, y0, y1, height = (
                sides[x, i],
                sides[x + 1, i],
                sides[y, i],
                sides[y + 1, i],
                abs(sides[z, i]),
            )
            before = (x0 < 0.0) & (x1 > 0.0) & (y0 < 0.0) & (y1 > 0.0) & (height < (x1 - x0) + (y1 - y0))
            solid = faces[end, i]
            faces[end, i] = solid + (TURN if (solid < -2.0) | ((solid <= 0.0) & before) else 0.0)


@njit(nogil=True, error_model="numpy", inline="always")
def _diagonal(ends: Floats, faces: Floats, part: Floats, count: int) -> None:
    """Part of the tensor along an axis: the solid angles of both faces, each seen from inside or outside."""
    for i in range(count):
        low = faces[0, i] if ends[0, i] < 0.0 else -faces[0, i]
        high = faces[1, i] if ends[1, i] > 0.0 else -faces[1, i]
        part[i] = -(low + high)


@njit(nogil=True, cache=True, error_model="numpy")
def _product(above: Floats, below: Floats, clear: Floats, count: int) -> None:
    """Product of all parts of the ratios: 0 on an edge or a corner."""
    for i in range(count):
        clear[i] = above[0, i] * below[0, i] * (above[1, i] * below[1, i]) * (above[2, i] * below[2, i])


@njit(nogil=True, cache=True, error_model="numpy")
def _add_weighted(tensor: Floats, weights: Floats, part: Floats) -> None:
    for k in range(6):
        if weights[k] != 0.0:
            for i in range(part.size):
                part[i] += weights[k] * tensor[k, i]


@njit(nogil=True, cache=True, error_model="numpy")
def _logarithms(above: Floats, below: Floats, count: int) -> None:
    for i in range(count):
        above[i] = log_ratio(above[i], below[i])
