"""Polyhedra: closed forms of their attraction and tensor, from their flat faces.

For density 1 and G = 1, with n the outward normal of a face, h = n·r the distance of its plane, m the normal
of an edge in the plane of the face, pointing out of it, and r any place of the edge as seen from the station,

    g = −Σ_faces n [ Σ_edges (m·r) L − h Ω ],    V = Σ_faces n ⊗ [ Σ_edges m L − n Ω ],

where L = ln[(r₁ + r₂ + l)/(r₁ + r₂ − l)] of an edge of length l between corners at r₁ and r₂, and Ω is the
solid angle of the face, summed over the triangles that fan out from its first corner.

Limits. The attraction is finite everywhere: (m·r) L and h Ω vanish on edges and faces. The tensor jumps at
a face, where its value is the limit from outside, and is infinite on edges and corners, where it is NaN.

References
----------
Werner, R. A. and Scheeres, D. J. (1997), Exterior gravitation of a polyhedron derived and compared with
harmonic and mascon gravitation representations of asteroid 4769 Castalia, Celestial Mechanics and Dynamical
Astronomy 65, 313-344, doi:10.1007/BF00053511.

Tsoulis, D. (2012), Analytical computation of the full gravity tensor of a homogeneous arbitrarily shaped
polyhedral source using line integrals, Geophysics 77(2), F1-F11, doi:10.1190/geo2010-0334.1.

van Oosterom, A. and Strackee, J. (1983), The solid angle of a plane triangle, IEEE Transactions on
Biomedical Engineering 30(2), 125-126, doi:10.1109/TBME.1983.325207.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from craton.kernels.sources import PAIRS, Floats, over_stations
from craton.kernels.vector_math import angle, log_ratio

BLOCK = 128
"""Stations that go through together."""

ON_PLANE = 1e-12
"""Distance from the plane of a face, as a share of that from its first corner, below which it is 0."""

ON_EDGE = 1e-28
"""S² − l² on an edge as a share of (S + l)², for the rounding of places, with S = r₁ + r₂."""

SIDES = 64
"""Sides of the polygon of equal area that stands for a circle."""


class Polyhedron(NamedTuple):
    """Corners (v, 3) in metres, and faces: indices of corners, counter-clockwise as seen from outside."""

    corners: Floats
    faces: tuple[NDArray[np.int64], ...]


def extruded(outline: ArrayLike, low: float, high: float) -> Polyhedron:
    """Upright prism on a simple polygon.

    Parameters
    ----------
    outline : array (k, 2)
        Easting and northing of the corners in either sense, the first not repeated.
    low, high : float
        Heights of its bottom and top, low < high.
    """
    ring = np.asarray(outline, dtype=np.float64)
    ahead = np.roll(ring, -1, axis=0)
    if np.sum(ring[:, 0] * ahead[:, 1] - ahead[:, 0] * ring[:, 1]) < 0.0:
        ring = ring[::-1]
    count = len(ring)
    corners = np.empty((2 * count, 3))
    corners[:, :2] = np.tile(ring, (2, 1))
    corners[:count, 2], corners[count:, 2] = low, high
    bottom = np.arange(count)
    after = np.roll(bottom, -1)
    walls = np.stack([bottom, after, after + count, bottom + count], axis=1)
    return Polyhedron(corners, (bottom[::-1], bottom + count, *walls))


def cylinder(radius: float, low: float, high: float) -> Polyhedron:
    """Upright cylinder about the origin, as a prism of `SIDES` sides and the same volume.

    Outside, its field differs from that of the cylinder by parts in 10⁻⁵ near the wall and less farther off.
    """
    turn = 2.0 * np.pi / SIDES
    reach = radius * np.sqrt(turn / np.sin(turn))
    around = turn * (np.arange(SIDES) + 0.5)
    return extruded(reach * np.stack([np.cos(around), np.sin(around)], axis=1), low, high)


def field(stations: ArrayLike, body: Polyhedron) -> tuple[Floats, Floats]:
    """Attraction and tensor of a polyhedron of density 1, for G = 1.

    Parameters
    ----------
    stations : array (3, m)
        Easting, northing and upward in metres, finite; anywhere.
    body : Polyhedron
        Closed, with flat faces that do not cross themselves.

    Returns
    -------
    tuple of array
        Attraction (3, m) to the east, north and up in metres; tensor (6, m) in the order of
        `sources.PAIRS`, without unit. Multiply by G and the density.
    """
    places = np.ascontiguousarray(stations, dtype=np.float64)
    corners = np.ascontiguousarray(body.corners, dtype=np.float64)
    indices = np.concatenate(body.faces)
    starts = np.cumsum([0, *(len(face) for face in body.faces)])
    normals = _normals(corners, body.faces)
    out = np.zeros((9, places.shape[1]))
    over_stations(
        lambda at, total: _add(at, corners, indices, starts, normals, total), places, out, len(indices)
    )
    return out[:3], out[3:]


def _normals(corners: Floats, faces: Sequence[NDArray[np.int64]]) -> Floats:
    """Unit normals (f, 3) of flat faces."""
    areas = [
        np.cross(corners[f] - corners[f[0]], corners[np.roll(f, -1)] - corners[f[0]]).sum(0) for f in faces
    ]
    normals: Floats = np.stack(areas) / np.linalg.norm(areas, axis=1, keepdims=True)
    return normals


_FIRST = np.array([pair[0] for pair in PAIRS])
_SECOND = np.array([pair[1] for pair in PAIRS])


@njit(nogil=True, cache=True, error_model="numpy")
def _add(
    stations: Floats,
    corners: Floats,
    indices: NDArray[np.int64],
    starts: NDArray[np.int64],
    normals: Floats,
    total: Floats,
) -> None:
    """Add attraction and tensor of all faces to `total` (9, m)."""
    edge, solid, lines = np.empty(BLOCK), np.empty(BLOCK), np.empty((4, BLOCK))
    scratch, below = np.empty(BLOCK), np.empty(BLOCK)
    for begin in range(0, stations.shape[1], BLOCK):
        east, north, up = (
            stations[0][begin : begin + BLOCK],
            stations[1][begin : begin + BLOCK],
            stations[2][begin : begin + BLOCK],
        )
        part, count = total[:, begin : begin + BLOCK], east.size
        for face in range(starts.size - 1):
            ring, normal = indices[starts[face] : starts[face + 1]], normals[face]
            solid[:] = 0.0
            lines[:] = 0.0
            for corner in range(ring.size):
                one, two = corners[ring[corner]], corners[ring[(corner + 1) % ring.size]]
                _edge(east, north, up, one, two, edge, below)
                _gather(east, north, up, one, two, normal, edge, lines)
                if 0 < corner < ring.size - 1:
                    _triangle(east, north, up, corners[ring[0]], one, two, scratch, below)
                    for i in range(count):
                        solid[i] += scratch[i]
            _close(east, north, up, corners[ring[0]], normal, solid, lines)
            for axis in range(3):
                for i in range(count):
                    part[axis, i] -= normal[axis] * lines[3, i]
            for k in range(6):
                for i in range(count):
                    part[3 + k, i] += normal[_FIRST[k]] * lines[_SECOND[k], i]


@njit(nogil=True, cache=True, error_model="numpy")
def _edge(
    east: Floats, north: Floats, up: Floats, one: Floats, two: Floats, line: Floats, below: Floats
) -> None:
    """L of the edge from `one` to `two`, infinite on it."""
    w0, w1, w2 = two[0] - one[0], two[1] - one[1], two[2] - one[2]
    length = sqrt(w0 * w0 + w1 * w1 + w2 * w2)
    for i in range(east.size):
        a0, a1, a2 = one[0] - east[i], one[1] - north[i], one[2] - up[i]
        b0, b1, b2 = a0 + w0, a1 + w1, a2 + w2
        c0, c1, c2 = a1 * w2 - a2 * w1, a2 * w0 - a0 * w2, a0 * w1 - a1 * w0
        first, second = sqrt(a0 * a0 + a1 * a1 + a2 * a2), sqrt(b0 * b0 + b1 * b1 + b2 * b2)
        ahead = a0 * b0 + a1 * b1 + a2 * b2
        # (S + l)/(S − l) = (S + l)²/(S² − l²); beside a long edge S − l would keep few digits.
        back = first * second - ahead
        beside = (c0 * c0 + c1 * c1 + c2 * c2) / (back if back > 0.0 else 1.0)
        square = 2.0 * (beside if ahead < 0.0 else first * second + ahead)
        line[i], below[i] = (first + second + length) ** 2, square
    for i in range(east.size):
        touches = below[i] <= ON_EDGE * line[i]
        line[i] = log_ratio(line[i], below[i]) + (np.inf if touches else 0.0)


@njit(nogil=True, cache=True, error_model="numpy")
def _gather(
    east: Floats,
    north: Floats,
    up: Floats,
    one: Floats,
    two: Floats,
    normal: Floats,
    line: Floats,
    lines: Floats,
) -> None:
    """Add m L to rows 0 to 2 and (m·r) L to row 3 of `lines`, the latter 0 on the edge."""
    t = two - one
    length = sqrt(t[0] ** 2 + t[1] ** 2 + t[2] ** 2)
    m0 = (t[1] * normal[2] - t[2] * normal[1]) / length
    m1 = (t[2] * normal[0] - t[0] * normal[2]) / length
    m2 = (t[0] * normal[1] - t[1] * normal[0]) / length
    for i in range(east.size):
        height = m0 * (one[0] - east[i]) + m1 * (one[1] - north[i]) + m2 * (one[2] - up[i])
        lines[0, i] += m0 * line[i]
        lines[1, i] += m1 * line[i]
        lines[2, i] += m2 * line[i]
        lines[3, i] += height * line[i] if line[i] < np.inf else 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _triangle(
    east: Floats,
    north: Floats,
    up: Floats,
    one: Floats,
    two: Floats,
    three: Floats,
    solid: Floats,
    along: Floats,
) -> None:
    """Signed solid angle of a triangle, positive as seen from behind it."""
    for i in range(east.size):
        a0, a1, a2 = one[0] - east[i], one[1] - north[i], one[2] - up[i]
        b0, b1, b2 = two[0] - east[i], two[1] - north[i], two[2] - up[i]
        c0, c1, c2 = three[0] - east[i], three[1] - north[i], three[2] - up[i]
        a = sqrt(a0 * a0 + a1 * a1 + a2 * a2)
        b = sqrt(b0 * b0 + b1 * b1 + b2 * b2)
        c = sqrt(c0 * c0 + c1 * c1 + c2 * c2)
        ab, bc, ca = a0 * b0 + a1 * b1 + a2 * b2, b0 * c0 + b1 * c1 + b2 * c2, c0 * a0 + c1 * a1 + c2 * a2
        solid[i] = a0 * (b1 * c2 - b2 * c1) + a1 * (b2 * c0 - b0 * c2) + a2 * (b0 * c1 - b1 * c0)
        along[i] = a * b * c + ab * c + bc * a + ca * b
    for i in range(east.size):
        solid[i] = 2.0 * angle(solid[i], along[i])


@njit(nogil=True, cache=True, error_model="numpy")
def _close(
    east: Floats, north: Floats, up: Floats, corner: Floats, normal: Floats, solid: Floats, lines: Floats
) -> None:
    """Take n Ω from rows 0 to 2 and h Ω from row 3 of `lines`; on a face Ω is that from outside."""
    for i in range(east.size):
        x, y, z = corner[0] - east[i], corner[1] - north[i], corner[2] - up[i]
        height = normal[0] * x + normal[1] * y + normal[2] * z
        flat = abs(height) <= ON_PLANE * sqrt(x * x + y * y + z * z)
        omega = -abs(solid[i]) if flat else solid[i]
        lines[0, i] -= normal[0] * omega
        lines[1, i] -= normal[1] * omega
        lines[2, i] -= normal[2] * omega
        lines[3, i] -= height * omega
