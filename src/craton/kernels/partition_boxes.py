"""Boxes that part space by the density of data, hung on a fixed lattice.

Space is parted into cubes of a lattice, the roots. A box is cut in the middle, across its axes in turn, as
long as the surroundings of it hold more than `limit` data. Where a box lies depends on nothing but the
lattice, and whether it is cut on nothing but the data in its surroundings: a datum more or less changes
the boxes near it and no other.

Coordinates are in sides of a root, from the corner of the root (0, 0, 0). A box of depth k has been cut k
times: (k + 2 − axis) // 3 times across an axis.

References
----------
Samet, H. (2006), Foundations of multidimensional and metric data structures, Morgan Kaufmann, section
1.4 (bintrees and regions of point quadtrees).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Numbers = NDArray[np.int32]

DEEPEST = 90
"""Cuts of a root at most: its side is then parted into 2³⁰."""

MOST_ROOTS = 1_000_000
"""Roots at most."""

HALVES = np.array([[0.5 ** ((cuts + 2 - axis) // 3 + 1) for axis in range(3)] for cuts in range(DEEPEST + 1)])
"""Half sides of a box by its depth."""


class Boxes(NamedTuple):
    """A tree of boxes over a block of roots, and the data in the surroundings of its leaves.

    Parameters
    ----------
    first, shape : array (3,)
        Lattice numbers of the first root of the block, and how many there are along each axis.
    children : array (nodes,)
        Number of the first of two children, or −1 − the number of the leaf; the roots come first.
    depths : array (leaves,)
        How often a leaf has been cut.
    corners : array (leaves, 3)
        Lowest corner of a leaf.
    starts : array (leaves + 1,)
        Where the members of a leaf start.
    members : array (starts[-1],)
        Numbers of the data in the surroundings of the leaves, rising within a leaf.
    """

    first: Whole
    shape: Whole
    children: Whole
    depths: Whole
    corners: Floats
    starts: Whole
    members: Numbers


def part(places: Floats, *, limit: int, reach: float) -> Boxes:
    """Boxes of data at places (n, 3).

    Parameters
    ----------
    limit : int
        Data in the surroundings of a leaf, at most.
    reach : float
        Size of the surroundings over that of the box, 1 to 3.

    Raises
    ------
    ValueError
        If the data spread over more than a million roots.
    """
    first, shape = block_of(places)
    starts, members = by_root(places, first, shape, reach)
    corners = (first + np.indices(tuple(shape.tolist())).reshape(3, -1).T).astype(np.float64)
    columns = np.ascontiguousarray(places.T)
    children: list[Whole] = []
    leaves: list[Level] = []
    for depth in range(DEEPEST + 1):
        cut = np.diff(starts) > (limit if depth < DEEPEST else len(places))
        nodes, last = np.empty(cut.size, dtype=np.int64), sum(level.size for level in children) + cut.size
        nodes[cut] = last + 2 * np.arange(cut.sum())
        nodes[~cut] = -1 - sum(len(level.corners) for level in leaves) - np.arange((~cut).sum())
        children.append(nodes)
        leaves.append(Level(corners[~cut], depth, *_chosen(starts, members, ~cut)))
        if not cut.any():
            break
        axis, half = depth % 3, HALVES[depth, depth % 3]
        middles = corners[cut, axis] + half
        starts, members = split(columns[axis], starts, members, np.flatnonzero(cut), middles, half / 2, reach)
        corners = np.repeat(corners[cut], 2, axis=0)
        corners[1::2, axis] += half
    return Boxes(first, shape, np.concatenate(children), *joined(leaves))


def block_of(places: Floats) -> tuple[Whole, Whole]:
    """First root (3,) of the block that holds all data, and how many there are along each axis.

    Raises
    ------
    ValueError
        If the data spread over more than a million roots.
    """
    # Data reach into the roots beside theirs; those beyond stay empty and let the field fall to 0.
    first = np.floor(places.min(axis=0)).astype(np.int64) - 2
    shape = np.floor(places.max(axis=0)).astype(np.int64) + 3 - first
    if float(np.prod(shape.astype(float))) > MOST_ROOTS:
        raise ValueError("the side of the boxes is too small for the spread of the data")
    return first, shape


class Level(NamedTuple):
    """Leaves of one depth."""

    corners: Floats
    depth: int
    starts: Whole
    members: Numbers


def _chosen(starts: Whole, members: Numbers, chosen: NDArray[np.bool_]) -> tuple[Whole, Numbers]:
    """Starts and members of the chosen boxes alone."""
    counts = np.diff(starts)
    kept = np.repeat(chosen, counts)
    return np.append(0, np.cumsum(counts[chosen])), members[kept]


def joined(levels: list[Level]) -> tuple[Whole, Floats, Whole, Numbers]:
    """Depths, corners, starts and members of the leaves of all levels."""
    depths = np.repeat([level.depth for level in levels], [len(level.corners) for level in levels])
    counts = np.concatenate([np.diff(level.starts) for level in levels])
    corners = np.concatenate([level.corners for level in levels])
    members = np.concatenate([level.members for level in levels])
    return depths, corners, np.append(0, np.cumsum(counts)), members


def matches(new: Boxes, old: Boxes, same: Whole) -> Whole:
    """By leaf of `new`, the leaf of `old` that is the same box with the same data, or −1.

    Parameters
    ----------
    same : array (n,)
        By datum of `new`, the number of the same datum in `old`, or −1.
    """
    keys = np.concatenate([box_keys(one.corners, one.depths) for one in (old, new)])
    order = np.lexsort(keys.T)
    twins = np.flatnonzero((keys[order[1:]] == keys[order[:-1]]).all(axis=1))
    found = np.full(len(new.depths), -1, dtype=np.int64)
    found[order[twins + 1] - len(old.depths)] = order[twins]
    _keep_equal(found, same, new.starts, new.members, old.starts, old.members)
    return found


def bounds(boxes: Boxes, leaves: Whole, overlap: float) -> Floats:
    """Lowest and highest corners (m, 2, 3) of what some leaves, `overlap` times as large, cover."""
    halves = HALVES[boxes.depths[leaves]]
    middles = boxes.corners[leaves] + halves
    return np.stack([middles - overlap * halves, middles + overlap * halves], axis=1)


def box_keys(corners: Floats, *others: Whole) -> Floats:
    """What tells leaves from others (leaves, 3 + others): their corners, depths and the like."""
    return np.column_stack([corners, *others])


def pieces(starts: Whole, chosen: Whole) -> tuple[Whole, Whole]:
    """Numbers of what lies in some pieces, one piece after the other, and where each then starts."""
    counts = np.diff(starts)[chosen]
    ends = np.append(0, np.cumsum(counts))
    return np.repeat(starts[chosen] - ends[:-1], counts) + np.arange(ends[-1]), ends


@njit(nogil=True, cache=True, error_model="numpy")
def _keep_equal(
    found: Whole, same: Whole, starts: Whole, members: Numbers, old_starts: Whole, old_members: Numbers
) -> None:
    """Set `found` to −1 where a leaf and its twin hold different data."""
    for leaf in range(found.size):
        if found[leaf] < 0:
            continue
        start, old_start = starts[leaf], old_starts[found[leaf]]
        count = starts[leaf + 1] - start
        equal = count == old_starts[found[leaf] + 1] - old_start
        number = 0
        while equal and number < count:
            equal = same[members[start + number]] == old_members[old_start + number]
            number += 1
        if not equal:
            found[leaf] = -1


@njit(nogil=True, cache=True, error_model="numpy")
def near_roots(place: float, reach: float, count: int) -> tuple[int, int]:
    """First root along an axis whose surroundings hold a coordinate, and one after the last."""
    low = int(np.floor(place - 0.5 - 0.5 * reach)) + 1
    high = int(np.ceil(place - 0.5 + 0.5 * reach))
    return max(low, 0), min(high, count)


def by_root(places: Floats, first: Whole, shape: Whole, reach: float) -> tuple[Whole, Numbers]:
    """Where the data in the surroundings of each root start, and their numbers, rising within a root."""
    off = places - first - 0.5
    low = np.maximum(np.floor(off - 0.5 * reach).astype(np.int64) + 1, 0)
    high = np.minimum(np.ceil(off + 0.5 * reach).astype(np.int64), shape)
    starts = np.zeros(np.prod(shape) + 1, dtype=np.int64)
    _spread(low, high, shape, starts[1:], np.empty(0, dtype=np.int32))
    np.cumsum(starts, out=starts)
    members = np.empty(starts[-1], dtype=np.int32)
    _spread(low, high, shape, starts[:-1].copy(), members)
    return starts, members


@njit(nogil=True, cache=True, error_model="numpy")
def _spread(low: Whole, high: Whole, shape: Whole, ends: Whole, members: Numbers) -> None:
    """Put each datum into the roots from `low` to `high` (n, 3) where those end, and move their ends on.

    Without room in `members` the data are only counted.
    """
    for number in range(low.shape[0]):
        for i in range(low[number, 0], high[number, 0]):
            for j in range(low[number, 1], high[number, 1]):
                for k in range(low[number, 2], high[number, 2]):
                    root = (i * shape[1] + j) * shape[2] + k
                    if members.size > 0:
                        members[ends[root]] = number
                    ends[root] += 1


@njit(nogil=True, cache=True, error_model="numpy")
def split(
    places: Floats,
    starts: Whole,
    members: Numbers,
    boxes: Whole,
    middles: Floats,
    quarter: float,
    reach: float,
) -> tuple[Whole, Numbers]:
    """Members of the two halves of boxes: where they start, and the numbers of the data.

    Parameters
    ----------
    places : array (n,)
        Coordinates across the cut.
    boxes, middles : array (m,)
        Numbers of the boxes, and where they are cut.
    quarter : float
        Half a side of a half.
    """
    half_starts = np.zeros(2 * boxes.size + 1, np.int64)
    # One more than is needed: what is written last may not count.
    found, upper = np.empty(2 * members.size + 1, np.int32), np.empty(members.size + 1, np.int32)
    count = 0
    for number in range(boxes.size):
        above = 0
        for member in range(starts[boxes[number]], starts[boxes[number] + 1]):
            datum = members[member]
            off = places[datum] - middles[number]
            found[count], upper[above] = datum, datum
            count += 1 if abs(off + quarter) < reach * quarter else 0
            above += 1 if abs(off - quarter) < reach * quarter else 0
        half_starts[2 * number + 1] = count
        for member in range(above):
            found[count + member] = upper[member]
        count += above
        half_starts[2 * number + 2] = count
    return half_starts, found[:count].copy()
