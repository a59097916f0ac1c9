"""Surface nets: the boundaries between classes of cells as surfaces that share their vertices, without gaps.

Every corner at which eight cells are not all of one class holds one vertex, and every face between two
cells of different class is one quadrangle of the four vertices at its corners. As built, the surface is
that of the blocks themselves, so each class is closed exactly. Vertices are then moved within half a
cell of their corner: to where a scalar field takes the value of the contact, or, where no field is
known, by relaxation

    x ← x + ½ (mean of neighbours − x),   |x − corner| ≤ ½ cell along each axis,

which takes the steps of the cells away and keeps layers of one cell. A vertex on a line where three or
more classes meet takes only its neighbours on such lines into the mean, so that lines stay lines.
Vertices on a side of the box stay on it. Surfaces of one class may touch themselves at a corner or an
edge, as cells do.

Axes of the arrays are upward, northing, easting, each rising; vertices are (east, north, up) in sides of
cells from the lowest south-west corner of the box.

References
----------
Gibson, S. F. F. (1998). Constrained elastic surface nets: generating smooth surfaces from binary
segmented data. MICCAI 1998, Lecture Notes in Computer Science 1496, 888-898. doi:10.1007/BFb0056277

Frisken, S. F. (2022). SurfaceNets for multi-label segmentations with preservation of sharp boundaries.
Journal of Computer Graphics Techniques 11(1), 34-54.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.threads import do_all

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

REACH = 0.5
"""Sides of a cell that a vertex may move from its corner along each axis."""

PIECES = 16
"""Pieces into which layers and vertices are parted for threads; results do not depend on it."""


class Contacts(NamedTuple):
    """Scalar fields whose levels are the boundaries of classes.

    Parameters
    ----------
    fields : array (f, layers, rows, columns) of float32
        One value a cell, of each field.
    field : array (classes, c) of int32
        Fields by class (0 to the highest), −1 for none: of a class and an older one, the boundary is
        where the first of these that tells the two cells apart takes the level of the younger class.
    level : array (classes, c) of float64
        Those levels.
    rank : array (classes,) of int32
        Place of each class from the youngest.
    """

    fields: NDArray[np.float32]
    field: Integers
    level: Floats
    rank: Integers


class Nets(NamedTuple):
    """Vertices (n, 3), quadrangles (q, 4) of them, and the classes (q, 2) below and above each.

    A quadrangle runs anticlockwise as seen from the second class. Outside of the box is class −1.
    """

    vertices: Floats
    quadrangles: Integers
    sides: Integers


def surface_nets(classes: NDArray[np.integer], *, contacts: Contacts | None = None, rounds: int = 10) -> Nets:
    """Boundaries between the classes of cells.

    Parameters
    ----------
    classes : array (layers, rows, columns) of int
        Class of each cell, 0 or more; 0 is no class (air), whose boundary with the outside is left out.
    contacts : Contacts
        Fields and levels that say where within a cell a boundary lies. Boundaries that none of them
        tells are relaxed.
    rounds : int
        Steps of relaxation; 0 keeps the faces of the cells.
    """
    padded = np.full(tuple(side + 2 for side in classes.shape), -1, dtype=np.int32)
    padded[1:-1, 1:-1, 1:-1] = classes
    number, corners = _numbered(padded)
    links = np.empty((len(corners), 6), dtype=np.int32)
    _in_pieces(len(corners), lambda a, b: _link(padded, number, corners, links, a, b))
    vertices = corners.astype(np.float64)
    free = np.ones(len(corners), dtype=np.bool_)
    if contacts is not None:
        _in_pieces(len(corners), lambda a, b: _place(padded, corners, *contacts, vertices, free, a, b))
    relaxed = _relaxed(vertices, corners, links, free, classes.shape, rounds)
    return Nets(relaxed, *_faces(padded, number))


def triangles(vertices: Floats, quadrangles: Integers) -> Integers:
    """Two triangles (2q, 3) of each quadrangle, cut along its shorter diagonal, one after the other."""
    corner = [vertices[quadrangles[:, n]] for n in range(4)]
    one, other = (((corner[n] - corner[n + 2]) ** 2).sum(axis=1) for n in (0, 1))
    turned = np.where((one <= other)[:, None], quadrangles, np.roll(quadrangles, -1, axis=1))
    return np.ascontiguousarray(turned[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3))


def _in_pieces(count: int, work: Callable[[int, int], object]) -> None:
    """Call `work` on the first and last of pieces of `count` things, in threads."""
    edges = np.linspace(0, count, min(PIECES, count) + 1).astype(int)
    do_all(lambda piece: work(int(edges[piece]), int(edges[piece + 1])), range(edges.size - 1))


def _numbered(padded: Integers) -> tuple[Integers, Integers]:
    """Number of the vertex at each corner (−1 for none), layer by layer; and their corners (n, 3)."""
    number = np.empty(tuple(side - 1 for side in padded.shape), dtype=np.int32)
    counts = np.zeros(len(number), dtype=np.int64)
    _in_pieces(len(number), lambda a, b: _mark(padded, number, counts, a, b))
    starts = np.concatenate([[0], np.cumsum(counts)])
    corners = np.empty((int(starts[-1]), 3), dtype=np.int32)
    _in_pieces(len(number), lambda a, b: _number(number, corners, starts, a, b))
    return number, corners


@njit(nogil=True, cache=True, error_model="numpy")
def _mark(padded: Integers, number: Integers, counts: NDArray[np.int64], first: int, last: int) -> None:
    """Set `number` to 0 at corners of cells of more than one class, to −1 elsewhere, and count them."""
    _layers, rows, columns = number.shape
    for k in range(first, last):
        found = 0
        for j in range(rows):
            for i in range(columns):
                one = padded[k, j, i]
                same = (
                    padded[k, j, i + 1] == one
                    and padded[k, j + 1, i] == one
                    and padded[k, j + 1, i + 1] == one
                    and padded[k + 1, j, i] == one
                    and padded[k + 1, j, i + 1] == one
                    and padded[k + 1, j + 1, i] == one
                    and padded[k + 1, j + 1, i + 1] == one
                )
                number[k, j, i] = -1 if same else 0
                found += 0 if same else 1
        counts[k] = found


@njit(nogil=True, cache=True, error_model="numpy")
def _number(number: Integers, corners: Integers, starts: NDArray[np.int64], first: int, last: int) -> None:
    """Number the vertices of layers, and note their corners (column, row, layer)."""
    _layers, rows, columns = number.shape
    for k in range(first, last):
        following = starts[k]
        for place in range(rows * columns):
            j, i = place // columns, place % columns
            if number[k, j, i] >= 0:
                number[k, j, i] = following
                corners[following, 0], corners[following, 1], corners[following, 2] = i, j, k
                following += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _link(
    padded: Integers, number: Integers, corners: Integers, links: Integers, first: int, last: int
) -> None:
    """Neighbours of vertices to both sides along each axis, −1 for none that counts.

    Between neighbours lie four cells around an edge of the net. Two changes of class around them are a
    surface, three or four a line where surfaces meet; where a vertex has a line, only lines count.
    """
    changes = np.empty(6, dtype=np.int32)
    for vertex in range(first, last):
        i, j, k = corners[vertex, 0], corners[vertex, 1], corners[vertex, 2]
        line = False
        for side in range(6):
            changes[side] = _changes(padded, i, j, k, side)
            line = line or changes[side] > 2
        for side in range(6):
            step = 2 * (side % 2) - 1
            if changes[side] == 0 or (line and changes[side] == 2):
                links[vertex, side] = -1
            elif side < 2:
                links[vertex, side] = number[k, j, i + step]
            elif side < 4:
                links[vertex, side] = number[k, j + step, i]
            else:
                links[vertex, side] = number[k + step, j, i]


@njit(nogil=True, cache=True, error_model="numpy")
def _changes(padded: Integers, i: int, j: int, k: int, side: int) -> int:
    """Changes of class around the four cells on one side of a corner."""
    end = side % 2
    if side < 2:
        x = i + end
        a, b, c, d = padded[k, j, x], padded[k, j + 1, x], padded[k + 1, j + 1, x], padded[k + 1, j, x]
    elif side < 4:
        y = j + end
        a, b, c, d = padded[k, y, i], padded[k, y, i + 1], padded[k + 1, y, i + 1], padded[k + 1, y, i]
    else:
        z = k + end
        a, b, c, d = padded[z, j, i], padded[z, j, i + 1], padded[z, j + 1, i + 1], padded[z, j + 1, i]
    return int(a != b) + int(b != c) + int(c != d) + int(d != a)


@njit(nogil=True, cache=True, error_model="numpy")
def _place(
    padded: Integers, corners: Integers, fields: NDArray[np.float32], field: Integers, level: Floats,
    rank: Integers, vertices: Floats, free: NDArray[np.bool_], first: int, last: int,
) -> None:  # fmt: skip
    """Move vertices to the mean of where fields take their levels along the twelve lines between middles.

    Vertices of which every such line is told by a field are no longer `free`.
    """
    for vertex in range(first, last):
        i, j, k = corners[vertex, 0], corners[vertex, 1], corners[vertex, 2]
        x = y = z = 0.0
        told = lines = 0
        for line in range(12):
            along, one, two = line // 4, line % 2, line // 2 % 2
            if along == 0:
                c, b, a, w, v, u = i, j + one, k + two, 1, 0, 0
            elif along == 1:
                c, b, a, w, v, u = i + one, j, k + two, 0, 1, 0
            else:
                c, b, a, w, v, u = i + one, j + two, k, 0, 0, 1
            low, high = padded[a, b, c], padded[a + u, b + v, c + w]
            if low == high or low < 0 or high < 0:
                continue
            lines += 1
            younger = low if rank[low] < rank[high] else high
            share = crossing(fields, field[younger], level[younger], a - 1, b - 1, c - 1, along)
            if share >= 0.0:
                x, y, z = x + c - 0.5 + w * share, y + b - 0.5 + v * share, z + a - 0.5 + u * share
                told += 1
        if told > 0:
            vertices[vertex, 0], vertices[vertex, 1], vertices[vertex, 2] = x / told, y / told, z / told
            free[vertex] = told < lines


@njit(nogil=True, cache=True, error_model="numpy")
def crossing(
    fields: NDArray[np.float32], field: Integers, level: Floats, k: int, j: int, i: int, along: int
) -> float:
    """Share (0 to 1) of the way from cell (k, j, i) to the next at which a boundary lies, −1 for unknown.

    `along` is 0 for the next cell to the east, 1 to the north, 2 upward; `field` and `level` are those of the
    younger class, of which the first counts whose level lies between the two cells.
    """
    for choice in range(field.size):
        chosen = field[choice]
        if chosen < 0:
            continue
        low = fields[chosen, k, j, i] - level[choice]
        if along == 0:
            high = fields[chosen, k, j, i + 1] - level[choice]
        elif along == 1:
            high = fields[chosen, k, j + 1, i] - level[choice]
        else:
            high = fields[chosen, k + 1, j, i] - level[choice]
        if (low < 0.0) != (high < 0.0):
            return float(low / (low - high))
    return -1.0


def _relaxed(
    vertices: Floats,
    corners: Integers,
    links: Integers,
    free: NDArray[np.bool_],
    shape: tuple[int, ...],
    rounds: int,
) -> Floats:
    """Vertices after `rounds` of relaxation; those on a side of the box stay on it."""
    ends = np.array(shape[::-1], dtype=np.int32)
    old, new = vertices, np.empty_like(vertices)

    def step(rate: float) -> None:
        _in_pieces(len(old), lambda a, b: _relax(old, new, corners, links, free, ends, rate, a, b))

    # One step of no length puts the vertices on the sides of the box.
    step(0.0)
    for _round in range(rounds):
        old, new = new, old
        step(0.5)
    return new


@njit(nogil=True, cache=True, error_model="numpy")
def _relax(
    old: Floats,
    new: Floats,
    corners: Integers,
    links: Integers,
    free: NDArray[np.bool_],
    ends: Integers,
    rate: float,
    first: int,
    last: int,
) -> None:
    """Move free vertices towards the mean of their neighbours, within reach of their corners."""
    for vertex in range(first, last):
        count = 0
        x = y = z = 0.0
        for side in range(6):
            near = links[vertex, side]
            if near >= 0:
                x, y, z = x + old[near, 0], y + old[near, 1], z + old[near, 2]
                count += 1
        moving = rate if free[vertex] and count > 0 else 0.0
        share = moving / max(count, 1)
        for axis in range(3):
            total = x if axis == 0 else y if axis == 1 else z
            place = old[vertex, axis] * (1.0 - moving) + share * total
            corner = corners[vertex, axis]
            if corner == 0 or corner == ends[axis]:
                place = corner
            new[vertex, axis] = min(max(place, corner - REACH), corner + REACH)


def _faces(padded: Integers, number: Integers) -> tuple[Integers, Integers]:
    """Quadrangles and the classes on their sides, layer by layer."""
    layers = len(padded) - 1
    counts = np.zeros(layers, dtype=np.int64)
    none = np.empty((0, 4), dtype=np.int32)
    _in_pieces(layers, lambda a, b: _collect(padded, number, none, none, counts, a, b))
    starts = np.concatenate([[0], np.cumsum(counts)])
    quadrangles = np.empty((int(starts[-1]), 4), dtype=np.int32)
    sides = np.empty((int(starts[-1]), 2), dtype=np.int32)
    _in_pieces(layers, lambda a, b: _collect(padded, number, quadrangles, sides, starts, a, b))
    return quadrangles, sides


@njit(nogil=True, cache=True, error_model="numpy")
def _collect(
    padded: Integers,
    number: Integers,
    quadrangles: Integers,
    sides: Integers,
    counts: NDArray[np.int64],
    first: int,
    last: int,
) -> None:
    """Count the faces of each layer; where there is room for them, write them from `counts` on instead."""
    writing = len(quadrangles) > 0
    for k in range(first, last):
        at = counts[k] if writing else 0
        for j in range(padded.shape[1] - 1):
            at = _collect_row(padded, number, quadrangles, sides, k, j, at)
        if not writing:
            counts[k] = at


@njit(nogil=True, cache=True, error_model="numpy")
def _collect_row(
    padded: Integers, number: Integers, quadrangles: Integers, sides: Integers, k: int, j: int, at: int
) -> int:
    """Faces to the east of, north of and above a row of cells, numbered from `at` on; the next number."""
    for i in range(padded.shape[2] - 1):
        low = padded[k, j, i]
        around = padded[k, j, i + 1], padded[k, j + 1, i], padded[k + 1, j, i]
        if low == around[0] and low == around[1] and low == around[2]:
            continue
        for along in range(3):
            high = around[along]
            # The sum of 0 and −1: air against the outside.
            if low == high or low + high == -1:
                continue
            if len(quadrangles) > 0:
                _write(number, quadrangles[at], k, j, i, along)
                sides[at, 0], sides[at, 1] = low, high
            at += 1
    return at


@njit(nogil=True, cache=True, error_model="numpy")
def _write(number: Integers, quadrangle: Integers, k: int, j: int, i: int, along: int) -> None:
    """The four vertices around the face from cell (k, j, i) to the next along an axis, of padded cells."""
    if along == 0:
        quadrangle[0], quadrangle[1] = number[k - 1, j - 1, i], number[k - 1, j, i]
        quadrangle[2], quadrangle[3] = number[k, j, i], number[k, j - 1, i]
    elif along == 1:
        quadrangle[0], quadrangle[1] = number[k - 1, j, i - 1], number[k, j, i - 1]
        quadrangle[2], quadrangle[3] = number[k, j, i], number[k - 1, j, i]
    else:
        quadrangle[0], quadrangle[1] = number[k, j - 1, i - 1], number[k, j - 1, i]
        quadrangle[2], quadrangle[3] = number[k, j, i], number[k, j, i - 1]
