"""Volume questions: which class is at a place, along a line and in a column of a volume of cells.

Places are (east, north, up) in sides of cells from the lowest south-west corner; arrays of cells are
layers from the bottom, rows from the south, columns from the west. The class at a place is that of its
cell. Where scalar fields with levels are known (`surface_nets.Contacts`) the boundary of two classes is
where the field, linear between the middles of cells, takes the level of the younger one: of the eight
cells around a place, classes are asked from the youngest on whether the place is on their side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.surface_nets import Contacts, crossing

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

HALVINGS = 30
"""Halvings of the way between two places of different class, to a billionth of it."""

NO_CONTACTS = Contacts(
    np.empty((0, 1, 1, 1), dtype=np.float32),
    np.full((1, 1), -1, dtype=np.int32),
    np.zeros((1, 1)),
    np.zeros(1, dtype=np.int32),
)
"""Contacts of a volume without fields."""


class Pieces(NamedTuple):
    """A line in pieces of one class: distances `start` and `end` along it, and the class of each."""

    start: Floats
    end: Floats
    classes: Integers


def classes_at(classes: Integers, places: Floats, contacts: Contacts | None = None) -> Integers:
    """Class (n,) at places (n, 3), −1 outside of the box."""
    found = np.empty(len(places), dtype=np.int32)
    _classes_at(classes, *(contacts or NO_CONTACTS), np.ascontiguousarray(places, np.float64), found)
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _classes_at(
    classes: Integers,
    fields: NDArray[np.float32],
    field: Integers,
    level: Floats,
    rank: Integers,
    places: Floats,
    found: Integers,
) -> None:
    layers, rows, columns = classes.shape
    around = np.empty(8, dtype=np.int32)
    weights = np.empty(8)
    for n in range(len(places)):
        x, y, z = places[n, 0], places[n, 1], places[n, 2]
        if not (0 <= x <= columns and 0 <= y <= rows and 0 <= z <= layers):
            found[n] = -1
            continue
        own = classes[min(int(z), layers - 1), min(int(y), rows - 1), min(int(x), columns - 1)]
        found[n] = own
        if len(fields) == 0:
            continue
        c, b, a = int(np.floor(x - 0.5)), int(np.floor(y - 0.5)), int(np.floor(z - 0.5))
        same = True
        for corner in range(8):
            u, v, w = corner // 4, corner // 2 % 2, corner % 2
            k, j, i = max(a + u, 0), max(b + v, 0), max(c + w, 0)
            around[corner] = classes[min(k, layers - 1), min(j, rows - 1), min(i, columns - 1)]
            weights[corner] = _share(z - 0.5 - a, u) * _share(y - 0.5 - b, v) * _share(x - 0.5 - c, w)
            same = same and around[corner] == own
        if not same:
            found[n] = _within(fields, field, level, rank, around, weights, a, b, c)


@njit(nogil=True, cache=True, error_model="numpy")
def _share(fraction: float, end: int) -> float:
    return fraction if end == 1 else 1.0 - fraction


@njit(nogil=True, cache=True, error_model="numpy")
def _within(
    fields: NDArray[np.float32],
    field: Integers,
    level: Floats,
    rank: Integers,
    around: Integers,
    weights: Floats,
    a: int,
    b: int,
    c: int,
) -> int:
    """Class between eight cells, asked from the youngest; that of the nearest cell where no field tells."""
    left = np.ones(8, dtype=np.bool_)
    nearest, youngest = _candidates(around, left, weights, rank)
    for _round in range(8):
        asked = around[youngest]
        if not (left & (around != asked)).any():
            return int(asked)
        side = 0
        for choice in range(field.shape[1]):
            if side == 0 and field[asked, choice] >= 0:
                chosen = fields[field[asked, choice]]
                side = _side(chosen, level[asked, choice], around, left, weights, asked, a, b, c)
        if side != -1:
            return int(asked if side == 1 else around[nearest])
        left &= around != asked
        nearest, youngest = _candidates(around, left, weights, rank)
    return int(around[nearest])


@njit(nogil=True, cache=True, error_model="numpy")
def _candidates(
    around: Integers, left: NDArray[np.bool_], weights: Floats, rank: Integers
) -> tuple[int, int]:
    """Of the cells that are left, the nearest and the youngest."""
    nearest = youngest = -1
    for corner in range(8):
        if left[corner] and (nearest < 0 or weights[corner] > weights[nearest]):
            nearest = corner
        if left[corner] and (youngest < 0 or rank[around[corner]] < rank[around[youngest]]):
            youngest = corner
    return nearest, youngest


@njit(nogil=True, cache=True, error_model="numpy")
def _side(
    field: NDArray[np.float32],
    level: float,
    around: Integers,
    left: NDArray[np.bool_],
    weights: Floats,
    asked: int,
    a: int,
    b: int,
    c: int,
) -> int:
    """1 where the place is on the side of the cells of class `asked`, −1 beyond, 0 where it cannot be told.

    It can where the level lies between the cells of that class and all others that are left.
    """
    layers, rows, columns = field.shape
    total = 0.0
    own = own_over = other = other_over = 0
    for corner in range(8):
        k, j, i = a + corner // 4, b + corner // 2 % 2, c + corner % 2
        k, j, i = min(max(k, 0), layers - 1), min(max(j, 0), rows - 1), min(max(i, 0), columns - 1)
        over = field[k, j, i] - level
        total += weights[corner] * over
        if left[corner] and around[corner] == asked:
            own += 1
            own_over += int(over >= 0.0)
        elif left[corner]:
            other += 1
            other_over += int(over >= 0.0)
    if own_over == own and other_over == 0:
        return 1 if total >= 0.0 else -1
    if own_over == 0 and other_over == other:
        return 1 if total < 0.0 else -1
    return 0


def line_pieces(
    classes: Integers, start: Floats, direction: Floats, length: float, contacts: Contacts | None = None
) -> Pieces:
    """Pieces of one class along a straight line.

    Parameters
    ----------
    classes : array (layers, rows, columns)
        Class of each cell.
    start, direction : array (3,)
        Where the line begins, and its change of place for a unit of distance, in sides of cells.
    length : float
        Of the line, in units of distance. Parts outside of the box are left out.
    contacts : Contacts
        Fields and levels that place boundaries within cells.

    Notes
    -----
    Without contacts the pieces end exactly at faces of cells. With them a class that the line meets only
    between two middles of cells is not seen.
    """
    cuts = _cuts(start, direction, length, classes.shape[::-1], halves=contacts is not None)
    middles = (cuts[1:] + cuts[:-1]) / 2
    found = classes_at(classes, start + middles[:, None] * direction, contacts)
    kept = found >= 0
    if not kept.any():
        return Pieces(np.empty(0), np.empty(0), np.empty(0, dtype=np.int32))
    found, middles = found[kept], middles[kept]
    first, last = float(cuts[:-1][kept][0]), float(cuts[1:][kept][-1])
    changes = np.flatnonzero(np.diff(found))
    ends = cuts[:-1][kept][1:][changes]
    if contacts is not None and changes.size:
        ends = _halved(
            classes, start, direction, contacts, middles[changes], middles[changes + 1], found[changes]
        )
    kinds = found[np.append(changes, found.size - 1)]
    return Pieces(np.concatenate([[first], ends]), np.concatenate([ends, [last]]), kinds)


def _cuts(start: Floats, direction: Floats, length: float, sides: tuple[int, ...], *, halves: bool) -> Floats:
    """Distances at which the line meets faces of cells (and planes through their middles), and its ends."""
    found = [np.array([0.0, length])]
    step = 0.5 if halves else 1.0
    for axis in range(3):
        if direction[axis] != 0.0:
            planes = np.arange(0.0, sides[axis] + step / 2, step)
            found.append((planes - start[axis]) / direction[axis])
    cuts = np.unique(np.concatenate(found))
    cuts = cuts[(cuts >= 0.0) & (cuts <= length)]
    apart = np.append(True, np.diff(cuts) > 1e-9 * max(length, 1.0))
    return np.asarray(cuts[apart])


def _halved(
    classes: Integers,
    start: Floats,
    direction: Floats,
    contacts: Contacts,
    low: Floats,
    high: Floats,
    lower: Integers,
) -> Floats:
    """Distances between `low` and `high` up to which the class is `lower`."""
    for _halving in range(HALVINGS):
        middle = (low + high) / 2
        same = classes_at(classes, start + middle[:, None] * direction, contacts) == lower
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return (low + high) / 2


def cell_edges(classes: Integers, contacts: Contacts | None = None) -> NDArray[np.float32]:
    """Heights (layers + 1, rows, columns) of the lower and upper ends of cells, in sides of cells.

    They are whole numbers but where two classes meet in a column and a field tells where between the
    middles of the two cells.
    """
    layers, rows, columns = classes.shape
    edges = np.empty((layers + 1, rows, columns), dtype=np.float32)
    edges[:] = np.arange(layers + 1, dtype=np.float32)[:, None, None]
    if contacts is not None:
        _move_edges(classes, *contacts, edges)
    return edges


@njit(nogil=True, cache=True, error_model="numpy")
def _move_edges(
    classes: Integers,
    fields: NDArray[np.float32],
    field: Integers,
    level: Floats,
    rank: Integers,
    edges: NDArray[np.float32],
) -> None:
    layers, rows, columns = classes.shape
    for place in range((layers - 1) * rows * columns):
        k, rest = place // (rows * columns), place % (rows * columns)
        j, i = rest // columns, rest % columns
        low, high = classes[k, j, i], classes[k + 1, j, i]
        if low == high:
            continue
        younger = low if rank[low] < rank[high] else high
        share = crossing(fields, field[younger], level[younger], k, j, i, 2)
        if share >= 0.0:
            edges[k + 1, j, i] = k + 0.5 + share


class Columns(NamedTuple):
    """A class in columns (rows, columns): thickness, height of its top and base; NaN without it."""

    thickness: Floats
    top: Floats
    base: Floats


def columns_of(classes: Integers, edges: NDArray[np.float32], wanted: int) -> Columns:
    """Thickness of a class in each column (0 where it is not), its highest top and its lowest base."""
    there = classes == wanted
    present = there.any(axis=0)
    thickness = np.where(there, edges[1:] - edges[:-1], 0.0).sum(axis=0, dtype=np.float64)
    last, first = len(classes) - np.argmax(there[::-1], axis=0), np.argmax(there, axis=0)
    top = np.take_along_axis(edges, last[None], axis=0)[0].astype(np.float64)
    base = np.take_along_axis(edges, first[None], axis=0)[0].astype(np.float64)
    return Columns(thickness, np.where(present, top, np.nan), np.where(present, base, np.nan))


def ground_of(classes: Integers, edges: NDArray[np.float32]) -> Floats:
    """Height (rows, columns) of the top of the highest cell of any class but 0; NaN where there is none."""
    there = classes > 0
    last = len(classes) - np.argmax(there[::-1], axis=0)
    top = np.take_along_axis(edges, last[None], axis=0)[0].astype(np.float64)
    return np.where(there.any(axis=0), top, np.nan)


def entropy_of(chances: Floats) -> Floats:
    """Entropy −Σ p ln p / ln n of n chances along the first axis.

    It is 0 where one is certain (and where there is but one), 1 where all are equal.
    """
    if len(chances) < 2:
        return np.zeros(chances.shape[1:])
    logs = np.log(chances, out=np.zeros_like(chances), where=chances > 0)
    total: Floats = -(chances * logs).sum(axis=0) / np.log(len(chances))
    return np.abs(total)
