"""Catchments: which way water flows from each cell of an elevation grid, and which cells drain to a place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OUT = -1
"""Receiver of a cell that drains over the edge; label of one that drains to no outlet."""

NO_CELL = -2
"""Receiver of a cell without elevation."""

DOWN = np.array([-1, -1, -1, 0, 0, 1, 1, 1])
ACROSS = np.array([-1, 0, 1, -1, 1, -1, 0, 1])


class Drainage(NamedTuple):
    """Where each cell drains to.

    `receivers` (cells,) are flat indices of the cell downstream, `OUT` or `NO_CELL`; `order` (known cells,)
    lists the cells so that each comes after the one that it drains to.
    """

    receivers: Integers
    order: Integers


def drainage(elevation: Floats, height: float, widths: Floats) -> Drainage:
    """Flow directions to one of eight neighbours, out of all depressions.

    Parameters
    ----------
    elevation : array (rows, columns)
        Metres; NaN outside.
    height : float
        Distance in metres from row to row.
    widths : array (rows,)
        Distance in metres from column to column in each row.

    Notes
    -----
    The grid is flooded from its edge and from gaps inward, always over the lowest cell reached (Barnes and
    others 2014); a cell's flooded height is the least that water has to climb to leave the grid. A cell
    drains down the steepest slope of the flooded surface (O'Callaghan and Mark 1984), of equal ones that to
    the lowest ground; where that surface is level, in depressions and on flats, the way by which the flood
    came, which takes the lowest ground there first. Both lead to cells flooded earlier, so that there are no
    loops.

    References
    ----------
    Barnes, R., Lehman, C. and Mulla, D. (2014), Priority-flood: an optimal depression-filling and
    watershed-labeling algorithm for digital elevation models, Computers & Geosciences 62, 117-127,
    doi:10.1016/j.cageo.2013.04.024.

    O'Callaghan, J. F. and Mark, D. M. (1984), The extraction of drainage networks from digital elevation
    data, Computer Vision, Graphics, and Image Processing 28(3), 323-344.
    """
    flooded = np.array(elevation, dtype=np.float64, order="C")
    receivers, order = _flood(flooded)
    ground = np.ascontiguousarray(elevation, dtype=np.float64)
    _steepest(flooded, ground, receivers, height, widths)
    return Drainage(receivers, order)


@njit(nogil=True, cache=True, error_model="numpy")
def _before(keys: Floats, ground: Floats, ages: Integers, one: int, other: int) -> bool:
    """Whether `one` is flooded before `other`: at the lesser height, on lower ground, or reached first."""
    if keys[one] != keys[other]:
        return bool(keys[one] < keys[other])
    if ground[one] != ground[other]:
        return bool(ground[one] < ground[other])
    return bool(ages[one] < ages[other])


@njit(nogil=True, cache=True, error_model="numpy")
def _push(heap: Integers, size: int, cell: int, keys: Floats, ground: Floats, ages: Integers) -> None:
    """Put `cell` into a heap of `size` cells, ordered as `_before` says."""
    place = size
    while place > 0 and _before(keys, ground, ages, cell, heap[(place - 1) // 2]):
        heap[place] = heap[(place - 1) // 2]
        place = (place - 1) // 2
    heap[place] = cell


@njit(nogil=True, cache=True, error_model="numpy")
def _pop(heap: Integers, size: int, keys: Floats, ground: Floats, ages: Integers) -> int:
    """Take the first of a heap of `size` cells."""
    top, moved, place = heap[0], heap[size - 1], 0
    while 2 * place + 1 < size - 1:
        child = 2 * place + 1
        if child + 1 < size - 1 and _before(keys, ground, ages, heap[child + 1], heap[child]):
            child += 1
        if not _before(keys, ground, ages, heap[child], moved):
            break
        heap[place] = heap[child]
        place = child
    heap[place] = moved
    return int(top)


@njit(nogil=True, cache=True, error_model="numpy")
def _flood(flooded: Floats) -> tuple[Integers, Integers]:
    """Raise `flooded` in place to the height at which water leaves; ways of the flood, and its order."""
    rows, columns = flooded.shape
    keys = flooded.ravel()
    ground = keys.copy()
    ages = np.full(keys.size, -1, np.int64)
    receivers = np.full(keys.size, NO_CELL, np.int64)
    heap, order = np.empty(keys.size, np.int64), np.empty(keys.size, np.int64)
    size = age = done = 0
    for cell in range(keys.size):
        row, column = cell // columns, cell % columns
        edge = False
        for way in range(8):
            r, c = row + DOWN[way], column + ACROSS[way]
            edge |= r < 0 or r >= rows or c < 0 or c >= columns or np.isnan(flooded[r, c])
        if edge and not np.isnan(keys[cell]):
            ages[cell], receivers[cell] = age, OUT
            _push(heap, size, cell, keys, ground, ages)
            size, age = size + 1, age + 1
    while size > 0:
        cell = _pop(heap, size, keys, ground, ages)
        size -= 1
        order[done] = cell
        done += 1
        for way in range(8):
            r, c = cell // columns + DOWN[way], cell % columns + ACROSS[way]
            if r < 0 or r >= rows or c < 0 or c >= columns:
                continue
            near = r * columns + c
            if ages[near] < 0 and not np.isnan(keys[near]):
                keys[near] = max(keys[near], keys[cell])
                ages[near], receivers[near] = age, cell
                _push(heap, size, near, keys, ground, ages)
                size, age = size + 1, age + 1
    return receivers, order[:done]


@njit(nogil=True, cache=True, error_model="numpy")
def _steepest(flooded: Floats, ground: Floats, receivers: Integers, height: float, widths: Floats) -> None:
    """Turn cells that have a lower neighbour down the steepest slope."""
    rows, columns = flooded.shape
    for row in range(rows):
        for column in range(columns):
            steepest, lowest = 0.0, np.inf
            for way in range(8):
                r, c = row + DOWN[way], column + ACROSS[way]
                if r < 0 or r >= rows or c < 0 or c >= columns:
                    continue
                run = np.hypot(DOWN[way] * height, ACROSS[way] * widths[row])
                slope = (flooded[row, column] - flooded[r, c]) / run
                # A comparison with a gap is false.
                if slope > steepest or (0.0 < slope == steepest and ground[r, c] < lowest):
                    steepest, lowest = slope, ground[r, c]
                    receivers[row * columns + column] = r * columns + c


@njit(nogil=True, cache=True, error_model="numpy")
def upstream_sum(receivers: Integers, order: Integers, weights: Floats) -> Floats:
    """Sum of `weights` (cells,) over each cell and all that drain to it; 0 in gaps."""
    total = np.zeros(receivers.size)
    for place in range(order.size - 1, -1, -1):
        cell = order[place]
        total[cell] += weights[cell]
        if receivers[cell] >= 0:
            total[receivers[cell]] += total[cell]
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def labels_of(receivers: Integers, order: Integers, outlets: Integers) -> Integers:
    """Number of the first of `outlets` (flat indices) on the way down from each cell, `OUT` where none is."""
    labels = np.full(receivers.size, OUT, np.int64)
    own = np.full(receivers.size, OUT, np.int64)
    own[outlets] = np.arange(outlets.size)
    for cell in order:
        if own[cell] >= 0:
            labels[cell] = own[cell]
        elif receivers[cell] >= 0:
            labels[cell] = labels[receivers[cell]]
    return labels


def downstream_of(receivers: Integers, labels: Integers, outlets: Integers) -> Integers:
    """Number of the next outlet downstream of each of `outlets`, `OUT` where there is none."""
    after = receivers[outlets]
    return np.where(after >= 0, labels[np.maximum(after, 0)], OUT)
