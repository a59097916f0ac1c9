"""Natural neighbour interpolation: values weighted by what a new point takes of its neighbours' cells.

Put a point x among places with their Voronoi cells: its own cell takes an area
aᵢ from the cell of place i, and

    u(x) = Σ aᵢ uᵢ / Σ aᵢ        (Sibson 1981).

It goes through the values, never beyond the range of the neighbours, gives
planes back exactly, and is smooth everywhere but at the places themselves.

The triangles of a Delaunay triangulation whose circumcircles hold x form a star
around it. Along its rim, places follow one another; the part of the cell of
place i that x takes is the polygon of the centres of the circles through x, i
and each of its two neighbours on the rim, and of the circumcentres of the
triangles of the star around i between them.

References
----------
Sibson, R. (1981). A brief description of natural neighbour interpolation. In Barnett, V. (ed.),
Interpreting multivariate data, 21-36, Wiley.

Watson, D. F. (1992). Contouring: a guide to the analysis and display of spatial data. Pergamon.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import Delaunay

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

MOST_TRIANGLES = 512
"""Triangles of a star, beyond which a point among nearly cocircular places has no value."""

NEAR = 1e-9
"""Part of the size of a triangle within which x counts as on a place."""


class NaturalNeighbours:
    """Interpolates values (n,) at distinct places (n, 2), three or more that are not on one line.

    Raises `scipy.spatial.QhullError` where no triangle can be formed.
    """

    def __init__(self, places: Floats, values: Floats) -> None:
        self.middle = places.mean(axis=0)
        self.unit = float(np.ptp(places, axis=0).max())
        self.places = (places - self.middle) / self.unit
        self.values = values
        self.triangles = Delaunay(self.places)
        corners = self.places[self.triangles.simplices]
        self.centres = _circumcentres(corners)
        self.radii = ((corners[:, 0] - self.centres) ** 2).sum(axis=1)

    def __call__(self, places: Floats) -> Floats:
        """Values at places (m, 2); NaN outside the convex outline of the data."""
        scaled = (places - self.middle) / self.unit
        start = self.triangles.find_simplex(scaled).astype(np.int32)
        found = np.full(len(places), np.nan)
        _interpolate(
            found, scaled, start, self.places, self.values, self.triangles.simplices,
            self.triangles.neighbors, self.centres, self.radii,
        )  # fmt: skip
        return found


def _circumcentres(corners: Floats) -> Floats:
    """Centres (t, 2) of the circles through the corners (t, 3, 2) of triangles; far away for slivers."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    twice = 2 * (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    twice = np.where(np.abs(twice) > 1e-300, twice, 1e-300)
    one, two = (first**2).sum(axis=1), (second**2).sum(axis=1)
    east = (second[:, 1] * one - first[:, 1] * two) / twice
    north = (first[:, 0] * two - second[:, 0] * one) / twice
    return corners[:, 0] + np.column_stack([east, north])


@njit(nogil=True, cache=True, error_model="numpy")
def _interpolate(
    found: Floats, places: Floats, start: Integers, data: Floats, values: Floats, corners: Integers,
    neighbours: Integers, centres: Floats, radii: Floats,
) -> None:  # fmt: skip
    """Fill `found` (m,) where the place lies in the triangle `start` (m,), -1 for none."""
    star = np.empty(MOST_TRIANGLES, np.int32)
    marked = np.full(corners.shape[0], -1, np.int32)
    for place in range(places.shape[0]):
        if start[place] < 0:
            continue
        found[place] = _on_rim(places[place], data, values, corners[start[place]], neighbours[start[place]])
        if not np.isnan(found[place]):
            continue
        size = _gather_star(star, marked, place, places[place], start[place], neighbours, centres, radii)
        weight = total = 0.0
        for one in range(size):
            for side in range(3):
                beyond = neighbours[star[one], side]
                if beyond < 0 or marked[beyond] != place:
                    rim = (star[one], side)
                    area = _taken(places[place], rim, marked, place, data, corners, neighbours, centres)
                    weight += area
                    total += area * values[corners[star[one], (side + 1) % 3]]
        found[place] = total / weight


@njit(nogil=True, cache=True, error_model="numpy")
def _on_rim(place: Floats, data: Floats, values: Floats, corners: Integers, beyond: Integers) -> float:
    """Value on a corner of a triangle, or on a side that nothing lies beyond; NaN elsewhere."""
    for side in range(3):
        one, other = corners[(side + 1) % 3], corners[(side + 2) % 3]
        along_east, along_north = data[other, 0] - data[one, 0], data[other, 1] - data[one, 1]
        east, north = place[0] - data[one, 0], place[1] - data[one, 1]
        square = along_east**2 + along_north**2
        if east**2 + north**2 <= NEAR**2 * square:
            return float(values[one])
        if beyond[side] < 0 and abs(east * along_north - north * along_east) <= NEAR * square:
            share = (east * along_east + north * along_north) / square
            return float(values[one] + share * (values[other] - values[one]))
    return np.nan


@njit(nogil=True, cache=True, error_model="numpy")
def _gather_star(
    star: Integers, marked: Integers, mark: int, place: Floats, start: int, neighbours: Integers,
    centres: Floats, radii: Floats,
) -> int:  # fmt: skip
    """Triangles whose circumcircles hold `place`, into `star` and `marked`; their number."""
    star[0] = start
    marked[start] = mark
    size, at = 1, 0
    while at < size:
        for side in range(3):
            beyond = neighbours[star[at], side]
            if beyond < 0 or marked[beyond] == mark or size == MOST_TRIANGLES:
                continue
            square = (place[0] - centres[beyond, 0]) ** 2 + (place[1] - centres[beyond, 1]) ** 2
            if square < radii[beyond] * (1.0 - 1e-12):
                star[size] = beyond
                marked[beyond] = mark
                size += 1
        at += 1
    return size


@njit(nogil=True, cache=True, error_model="numpy")
def _taken(
    place: Floats, rim: tuple[int, int], marked: Integers, mark: int, data: Floats, corners: Integers,
    neighbours: Integers, centres: Floats,
) -> float:  # fmt: skip
    """Area that `place` takes from the cell of the first corner of `rim`, a triangle and side of its star.

    The polygon runs from the centre of the circle through `place` and the side, by the circumcentres of
    the triangles of the star around the corner, to that of the side before on the rim; corners of
    triangles, and so the rim, run anticlockwise.
    """
    triangle, side = rim
    corner, ahead = corners[triangle, (side + 1) % 3], corners[triangle, (side + 2) % 3]
    first = _circle(place, data[corner], data[ahead])
    last, twice = first, 0.0
    while True:
        here = (centres[triangle, 0] - place[0], centres[triangle, 1] - place[1])
        twice += (last[0] - first[0]) * (here[1] - first[1]) - (here[0] - first[0]) * (last[1] - first[1])
        last = here
        opposite = _position(corners[triangle], ahead)
        behind = corners[triangle, 3 - opposite - _position(corners[triangle], corner)]
        beyond = neighbours[triangle, opposite]
        if beyond < 0 or marked[beyond] != mark:
            break
        triangle, ahead = beyond, behind
    here = _circle(place, data[behind], data[corner])
    twice += (last[0] - first[0]) * (here[1] - first[1]) - (here[0] - first[0]) * (last[1] - first[1])
    area: float = 0.5 * twice
    return area


@njit(nogil=True, cache=True, error_model="numpy")
def _position(corners: Integers, corner: int) -> int:
    """Position of a corner among the three of a triangle."""
    if corners[0] == corner:
        return 0
    return 1 if corners[1] == corner else 2


@njit(nogil=True, cache=True, error_model="numpy")
def _circle(place: Floats, one: Floats, other: Floats) -> tuple[float, float]:
    """Centre of the circle through three places, from the first of them."""
    east, north = one[0] - place[0], one[1] - place[1]
    second_east, second_north = other[0] - place[0], other[1] - place[1]
    twice = 2.0 * (east * second_north - second_east * north)
    square, second = east**2 + north**2, second_east**2 + second_north**2
    return (second_north * square - north * second) / twice, (east * second - second_east * square) / twice
