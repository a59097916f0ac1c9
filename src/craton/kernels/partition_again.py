"""Boxes parted again where data were added: only those whose surroundings hold new data are looked at.

Whether a box is cut hangs on nothing but the data in its surroundings. With data added a box that was cut
stays so, and only leaves whose surroundings hold new data may be cut further.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from craton.kernels.partition_boxes import (
    DEEPEST,
    HALVES,
    Boxes,
    Floats,
    Level,
    Numbers,
    Whole,
    block_of,
    by_root,
    joined,
    pieces,
    split,
)


class _Nodes(NamedTuple):
    """Boxes of one depth: their numbers, corners, and data in their surroundings."""

    numbers: Whole
    corners: Floats
    starts: Whole
    members: Numbers

    def of(self, chosen: Whole) -> _Nodes:
        """Those whose places are `chosen`."""
        own, starts = pieces(self.starts, chosen)
        return _Nodes(self.numbers[chosen], self.corners[chosen], starts, self.members[own])

    def halved(self, columns: Floats, first: Whole, depth: int, reach: float) -> _Nodes:
        """Their halves, which are the nodes `first` and the next ones; `columns` (3, n) are all places."""
        axis, half = depth % 3, HALVES[depth, depth % 3]
        middles, every = self.corners[:, axis] + half, np.arange(len(self.corners))
        starts, members = split(columns[axis], self.starts, self.members, every, middles, half / 2, reach)
        corners = np.repeat(self.corners, 2, axis=0)
        corners[1::2, axis] += half
        return _Nodes(np.stack([first, first + 1], axis=1).ravel(), corners, starts, members)

    def joined(self, other: _Nodes) -> _Nodes:
        """These, and others after them."""
        return _Nodes(
            np.append(self.numbers, other.numbers),
            np.concatenate([self.corners, other.corners]),
            np.append(self.starts, other.starts[1:] + self.starts[-1]),
            np.append(self.members, other.members),
        )


def part_again(
    old: Boxes, places: Floats, same: Whole, *, limit: int, reach: float
) -> tuple[Boxes, Whole] | None:
    """Boxes of the data of `old` and more, and the leaf of `old` that each leaf is, or −1.

    They are those of `partition_boxes.part`, leaves and nodes in another order.

    Parameters
    ----------
    old : Boxes
        Boxes of less data.
    places : array (n, 3)
        All data.
    same : array (n,)
        Number of each datum in `old`, rising, or −1; all of `old` are among them.
    limit, reach
        As for `old`.

    Returns
    -------
    tuple or None
        None where the data reach into other roots than those of `old`.
    """
    first, shape = block_of(places)
    if not (np.array_equal(first, old.first) and np.array_equal(shape, old.shape)):
        return None
    renumbered = np.flatnonzero(same >= 0).astype(np.int32)
    corners = (first + np.indices(tuple(shape.tolist())).reshape(3, -1).T).astype(np.float64)
    columns = np.ascontiguousarray(places.T)
    new = np.flatnonzero(same < 0).astype(np.int32)
    starts, members = by_root(places[new], first, shape, reach)
    above = _Nodes(np.arange(len(corners)), corners, starts, new[members])
    below = above.of(np.arange(0))
    children, alive, leaves = [old.children.copy()], np.ones(len(old.depths), dtype=bool), list[Level]()
    for depth in range(DEEPEST + 1):
        above = above.of(np.flatnonzero(np.diff(above.starts)))
        child = old.children[above.numbers]
        reached = above.of(np.flatnonzero(child < 0))
        alive[-1 - child[child < 0]] = False
        below = below.joined(_with_old(reached, old, -1 - child[child < 0], renumbered))
        cut = np.diff(below.starts) > (limit if depth < DEEPEST else len(places))
        ends, parted = below.of(np.flatnonzero(~cut)), below.of(np.flatnonzero(cut))
        count = len(alive) + sum(len(level.corners) for level in leaves)
        _set(children, ends.numbers, -1 - count - np.arange(len(ends.numbers)))
        leaves.append(Level(ends.corners, depth, ends.starts, ends.members))
        above = above.of(np.flatnonzero(child >= 0))
        if not len(above.numbers) + len(parted.numbers):
            break
        more = sum(map(len, children)) + 2 * np.arange(len(parted.numbers))
        _set(children, parted.numbers, more)
        children.append(np.zeros(2 * len(parted.numbers), dtype=np.int64))
        above = above.halved(columns, child[child >= 0], depth, reach)
        below = parted.halved(columns, more, depth, reach)
    return _finished(old, np.concatenate(children), alive, leaves, renumbered)


def _with_old(reached: _Nodes, old: Boxes, leaves: Whole, renumbered: Numbers) -> _Nodes:
    """Nodes that were leaves, with the data that they had and the new ones, rising."""
    own, starts = pieces(old.starts, leaves)
    members = np.concatenate([renumbered[old.members[own]], reached.members])
    node = np.concatenate(
        [np.repeat(np.arange(leaves.size), np.diff(ends)) for ends in (starts, reached.starts)]
    )
    return reached._replace(starts=starts + reached.starts, members=members[np.lexsort((members, node))])


def _set(children: list[Whole], nodes: Whole, values: Whole) -> None:
    """Set the children of nodes, which are numbered through the parts of a list."""
    first = 0
    for part in children:
        own = (nodes >= first) & (nodes < first + part.size)
        part[nodes[own] - first] = values[own]
        first += part.size


def _finished(
    old: Boxes, children: Whole, alive: np.ndarray, levels: list[Level], renumbered: Numbers
) -> tuple[Boxes, Whole]:
    """The boxes, old leaves that are left before new ones, and the old leaves that they are."""
    kept = np.flatnonzero(alive)
    own, starts = pieces(old.starts, kept)
    depths, corners, new_starts, members = joined(levels)
    leaves = np.append(np.cumsum(alive) - 1, kept.size + np.arange(len(depths)))
    ends = children < 0
    children[ends] = -1 - leaves[-1 - children[ends]]
    boxes = Boxes(
        old.first, old.shape, children, np.append(old.depths[kept], depths),
        np.concatenate([old.corners[kept], corners]), np.append(starts, starts[-1] + new_starts[1:]),
        np.concatenate([renumbered[old.members[own]], members]),
    )  # fmt: skip
    return boxes, np.append(kept, np.full(len(depths), -1))
