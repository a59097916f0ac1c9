"""Which plans stay: ranks of domination, crowding, and even reference directions."""

from __future__ import annotations

import heapq
from itertools import combinations, pairwise

import numpy as np


def front_of(values: np.ndarray) -> np.ndarray:
    """Which of the values (p, q) no other is as good as in all and better in one."""
    return np.flatnonzero(ranks_of(values) == 0)


def ranks_of(values: np.ndarray) -> np.ndarray:
    """Rank of domination (p,): 0 for those that none dominates, 1 without those, and so on."""
    no_worse = np.ones((len(values), len(values)), bool)
    for one in values.T:
        no_worse &= one[:, None] >= one[None, :]
    dominates = no_worse & ~no_worse.T
    above, rank, turn = dominates.sum(axis=0), np.full(len(values), -1), 0
    while (free := (above == 0) & (rank < 0)).any():
        rank[free] = turn
        above -= dominates[free].sum(axis=0)
        turn += 1
    return rank


def selected(values: np.ndarray, count: int, directions: np.ndarray) -> np.ndarray:
    """Places of the `count` values that stay: by rank, then by crowding or by reference directions.

    The best of each value always stays.
    """
    if len(values) <= count:
        return np.arange(len(values))
    rank = ranks_of(values)
    last = int(np.searchsorted(np.cumsum(np.bincount(rank)), count))
    sure, open_ = np.flatnonzero(rank < last), np.flatnonzero(rank == last)
    room = count - len(sure)
    if values.shape[1] == 2:
        order = np.argsort(-crowding(values[open_]), kind="stable")
        return np.concatenate([sure, open_[order[:room]]])
    if last == 0:
        ends = np.unique(values[open_].argmax(axis=0))[:room]
        sure, open_, room = open_[ends], np.delete(open_, ends), room - len(ends)
    return np.concatenate([sure, open_[_by_direction(values, sure, open_, room, directions)]])


def crowding(values: np.ndarray) -> np.ndarray:
    """Distance (p,) of the neighbours of each along each value, infinite at the ends (Deb et al. 2002)."""
    found = np.zeros(len(values))
    for one in values.T:
        order = np.argsort(one, kind="stable")
        width = one[order[-1]] - one[order[0]] or 1.0
        found[order[[0, -1]]] = np.inf
        found[order[1:-1]] += (one[order[2:]] - one[order[:-2]]) / width
    return found


def reference_directions(values: int, count: int) -> np.ndarray:
    """Even directions (d, q) whose parts add up to 1 (Das and Dennis 1998), as many as `count` allows."""
    if values == 1:
        return np.ones((1, 1))
    parts = 1
    while _compositions(values, parts + 1) <= max(count, values):
        parts += 1
    rows = []
    for bars in combinations(range(parts + values - 1), values - 1):
        edges = (-1, *bars, parts + values - 1)
        rows.append([right - left - 1 for left, right in pairwise(edges)])
    return np.array(rows, float) / parts


def _compositions(values: int, parts: int) -> int:
    """Ways to share `parts` among `values`."""
    total = 1
    for step in range(1, values):
        total = total * (parts + step) // step
    return total


def _by_direction(
    values: np.ndarray, sure: np.ndarray, open_: np.ndarray, room: int, directions: np.ndarray
) -> np.ndarray:
    """Places in `open_` of those that fill the emptiest directions, the nearest to each first."""
    everyone = values[np.concatenate([sure, open_])]
    ideal, worst = everyone.max(axis=0), everyone.min(axis=0)
    lost = (ideal - everyone) / np.where(ideal > worst, ideal - worst, 1.0)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    along = lost @ unit.T
    off = np.sqrt(np.maximum((lost**2).sum(axis=1)[:, None] - along**2, 0.0))
    nearest, distance = off.argmin(axis=1), off.min(axis=1)
    taken = np.bincount(nearest[: len(sure)], minlength=len(directions)).tolist()
    nearest, distance = nearest[len(sure) :], distance[len(sure) :]
    waiting: dict[int, list[int]] = {}
    for at in np.lexsort((distance, nearest))[::-1].tolist():
        waiting.setdefault(int(nearest[at]), []).append(at)
    heap = [(taken[one], distance[places[-1]], places[-1], one) for one, places in waiting.items()]
    heapq.heapify(heap)
    chosen: list[int] = []
    while len(chosen) < room:
        count, _distance, at, one = heapq.heappop(heap)
        chosen.append(waiting[one].pop())
        if waiting[one]:
            at = waiting[one][-1]
            heapq.heappush(heap, (count + 1, distance[at], at, one))
    return np.array(chosen, dtype=np.int64)
