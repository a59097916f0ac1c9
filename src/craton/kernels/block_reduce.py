"""Block reduction: one place and one value for all the points of a block.

Gridding wants at most one value a cell: dense points along lines would
otherwise fold back into the grid as false long waves, and repeated points
would contradict each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SMALL_BLOCK = 64
"""Points of a block up to which it is put in order by insertion."""


class Blocks(NamedTuple):
    """Reduced points, by ascending number of the block.

    `block` (m,) is the number, `coordinates` (m, 2) the place, `values` (m,) the value, `points` (m,) their
    number, `spread` (m,) their standard deviation in the unit of the values, NaN of one point.
    """

    block: Integers
    coordinates: Floats
    values: Floats
    points: Integers
    spread: Floats


def reduce_blocks(block: Integers, coordinates: Floats, values: Floats, *, median: bool) -> Blocks:
    """Mean or median of the points of each block.

    Parameters
    ----------
    block : array (n,)
        Number of the block of each point.
    coordinates : array (n, 2)
        Places.
    values : array (n,)
        Finite values in any unit.
    median : bool
        Whether the value in the middle counts, at its own place (of an even number of points the mean of
        the two in the middle), which one wild value cannot move; else the mean value at the mean place.
        Both keep a plane a plane.

    Returns
    -------
    Blocks
        The same, to the last bit, whatever the order of the points.
    """
    order = _ordered(block, coordinates, values)
    block, coordinates, values = block[order], coordinates[order], values[order]
    first = np.flatnonzero(np.diff(block, prepend=block[:1] - 1))
    count = np.diff(np.append(first, block.size))
    mean = np.add.reduceat(values, first) / count
    squares = np.add.reduceat((values - np.repeat(mean, count)) ** 2, first)
    spread = np.full(count.size, np.nan)
    np.sqrt(squares / np.maximum(count - 1, 1), out=spread, where=count > 1)
    if median:
        low, high = first + (count - 1) // 2, first + count // 2
        return Blocks(
            block[first], (coordinates[low] + coordinates[high]) / 2, (values[low] + values[high]) / 2,
            count, spread,
        )  # fmt: skip
    places = np.add.reduceat(coordinates, first, axis=0) / count[:, np.newaxis]
    return Blocks(block[first], places, mean, count, spread)


def _ordered(block: Integers, coordinates: Floats, values: Floats) -> Integers:
    """Order of the points by block, value and place, in which sums do not depend on how they came."""
    order = np.argsort(block, kind="stable")
    edges = np.flatnonzero(np.diff(block[order], append=block[order[-1:]] + 1)) + 1
    if np.diff(edges, prepend=0).max() > SMALL_BLOCK:
        return np.lexsort((coordinates[:, 1], coordinates[:, 0], values, block))
    _sort_within(order, edges, values, coordinates)
    return order


@njit(nogil=True, cache=True, error_model="numpy")
def _sort_within(order: Integers, edges: Integers, values: Floats, coordinates: Floats) -> None:
    """Put `order` (n,) in order of value and place between each two `edges`, by insertion."""
    start = 0
    for end in edges:
        for place in range(start + 1, end):
            point = order[place]
            before = place - 1
            while before >= start and _comes_after(order[before], point, values, coordinates):
                order[before + 1] = order[before]
                before -= 1
            order[before + 1] = point
        start = end


@njit(nogil=True, cache=True, error_model="numpy")
def _comes_after(one: int, other: int, values: Floats, coordinates: Floats) -> bool:
    """Whether the point `one` is to stand behind `other`."""
    if values[one] != values[other]:
        return bool(values[one] > values[other])
    if coordinates[one, 0] != coordinates[other, 0]:
        return bool(coordinates[one, 0] > coordinates[other, 0])
    return bool(coordinates[one, 1] > coordinates[other, 1])
