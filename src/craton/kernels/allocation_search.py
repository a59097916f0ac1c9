"""Search of plans for many objectives at once, joined neighbours among them: selection by rank, local moves.

Where all objectives are sums over parcels the exact ways (`allocation_flow`, `allocation_front`) are quicker
and better; this is for what they cannot do, and starts from what they find.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

TRIES = 24
"""Parcels that are looked at for one to change places with."""


class Plans(NamedTuple):
    """The use (p, n) of each parcel in each plan, and the values (p, q) of the plans, better high."""

    use: np.ndarray
    values: np.ndarray


class Neighbours(NamedTuple):
    """Neighbours of parcel i: `indices[starts[i]:starts[i + 1]]`; both ways."""

    starts: np.ndarray
    indices: np.ndarray


def values_of(use: np.ndarray, scores: np.ndarray, neighbours: Neighbours | None) -> np.ndarray:
    """Values (p, q) of plans: the sums of their scores, and pairs of neighbours of one use where asked.

    Parameters
    ----------
    use : array (p, n)
    scores : array (q', n, k)
    """
    places = np.arange(scores.shape[1])
    sums = [np.array([one[places, plan].sum() for plan in use]) for one in scores]
    if neighbours is not None:
        sums.append(np.array([_joined(plan, neighbours.starts, neighbours.indices) for plan in use]))
    return np.column_stack(sums)


def search(
    scores: np.ndarray,
    start: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    *,
    turns: Iterable[object],
    neighbours: Neighbours | None = None,
    plans: int = 100,
    seed: int = 0,
) -> Plans:
    """Plans of which none is better in all values, after some generations.

    Parameters
    ----------
    scores : array (q', n, k)
        Of each objective that is a sum, parcel and use; better high, -inf where a use is not allowed.
    start : array (p', n) of int
        Plans to begin with, which hold the limits.
    least, most : array (k,) of int
        Fewest and most parcels of each use.
    turns : iterable
        For each of them, as many new plans are made as are kept.
    neighbours : Neighbours, optional
        With them, pairs of neighbours that share a use are one more value.
    plans : int
        Plans that are kept.

    Notes
    -----
    A new plan takes a patch of one plan into another, is brought within the limits, and is bettered by single
    moves and exchanges for weights of the objectives of its own. Of old and new the best by rank of
    domination stay; within the last rank that has room, by crowding for two values (Deb et al. 2002), by
    reference directions for more (Deb and Jain 2014).

    References
    ----------
    Deb, K., Pratap, A., Agarwal, S., and Meyarivan, T. (2002). A fast and elitist multiobjective genetic
    algorithm: NSGA-II. IEEE Transactions on Evolutionary Computation 6(2), 182-197.

    Deb, K., and Jain, H. (2014). An evolutionary many-objective optimization algorithm using
    reference-point-based nondominated sorting approach, part I. IEEE Transactions on Evolutionary Computation
    18(4), 577-601.
    """
    random = np.random.default_rng(seed)
    near = neighbours or Neighbours(np.zeros(scores.shape[1] + 1, np.int64), np.zeros(0, np.int64))
    use, values = start, values_of(start, scores, neighbours)
    span = _spans(values, scores)
    directions = reference_directions(values.shape[1], plans)
    for _turn in turns:
        made = np.empty((plans, use.shape[1]), use.dtype)
        for child in range(plans):
            one, other = random.integers(0, len(use), 2)
            weights = random.dirichlet(np.full(values.shape[1], 0.7)) / span
            worth = np.tensordot(weights[: len(scores)], np.where(np.isfinite(scores), scores, 0.0), 1)
            worth[~np.isfinite(scores).all(axis=0)] = -np.inf
            join = weights[-1] if neighbours is not None else 0.0
            made[child] = _child(
                use[one], use[other], worth, join, near.starts, near.indices, least, most, random
            )  # fmt: skip
        use = np.concatenate([use, made])
        use, first = np.unique(use, axis=0, return_index=True)
        values = np.concatenate([values, values_of(made, scores, neighbours)])[first]
        kept = selected(values, plans, directions)
        use, values = use[kept], values[kept]
    best = front_of(values)
    return Plans(use[best], values[best])


def _spans(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Width (q,) of each value over the plans begun with, by the scores where they are alike."""
    wide = np.ptp(values, axis=0)
    finite = np.where(np.isfinite(scores), scores, 0.0)
    step = [np.ptp(one, axis=1).mean() or 1.0 for one in finite] + [1.0] * (values.shape[1] - len(scores))
    return np.where(wide > 0, wide, step)


def front_of(values: np.ndarray) -> np.ndarray:
    """Which of the values (p, q) no other is as good as in all and better in one."""
    return np.flatnonzero(ranks_of(values) == 0)


def ranks_of(values: np.ndarray) -> np.ndarray:
    """Rank of domination (p,): 0 for those that none dominates, 1 without those, and so on."""
    no_worse = (values[:, None, :] >= values[None, :, :]).all(axis=2)
    dominates = no_worse & ~no_worse.T
    rank, left, turn = np.full(len(values), -1), np.ones(len(values), bool), 0
    while left.any():
        free = left & ~dominates[left].any(axis=0)
        rank[free], left[free] = turn, False
        turn += 1
    return rank


def selected(values: np.ndarray, count: int, directions: np.ndarray) -> np.ndarray:
    """Places of the `count` values that stay: by rank, then by crowding or by reference directions."""
    if len(values) <= count:
        return np.arange(len(values))
    rank = ranks_of(values)
    last = int(np.searchsorted(np.cumsum(np.bincount(rank)), count))
    sure, open_ = np.flatnonzero(rank < last), np.flatnonzero(rank == last)
    room = count - len(sure)
    if values.shape[1] == 2:
        order = np.argsort(-crowding(values[open_]), kind="stable")
        return np.concatenate([sure, open_[order[:room]]])
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
    taken = np.bincount(nearest[: len(sure)], minlength=len(directions)).astype(float)
    waiting, chosen = list(range(len(open_))), []
    for _place in range(room):
        best = min(waiting, key=lambda at: (taken[nearest[len(sure) + at]], distance[len(sure) + at], at))
        waiting.remove(best)
        chosen.append(best)
        taken[nearest[len(sure) + best]] += 1
    return np.array(chosen, dtype=np.int64)


@njit(nogil=True, cache=True, error_model="numpy")
def _joined(use: np.ndarray, starts: np.ndarray, indices: np.ndarray) -> float:
    """Pairs of neighbours of one use."""
    found = 0
    for parcel in range(use.size):
        for at in range(starts[parcel], starts[parcel + 1]):
            found += use[indices[at]] == use[parcel]
    return found / 2.0


@njit(nogil=True, cache=True, error_model="numpy")
def _child(
    first: np.ndarray,
    second: np.ndarray,
    worth: np.ndarray,
    join: float,
    starts: np.ndarray,
    indices: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    random: np.random.Generator,
) -> np.ndarray:
    """A plan with a patch of the second in the first, within the limits, bettered for its own weights."""
    use = first.copy()
    _patch(use, second, starts, indices, random)
    counts = np.bincount(use, minlength=worth.shape[1])
    if not _within_limits(use, counts, worth, least, most, random):
        use[:] = first
        counts = np.bincount(use, minlength=worth.shape[1])
    for _move in range(use.size):
        _move_one(use, counts, worth, join, starts, indices, least, most, random)
    return use


@njit(nogil=True, cache=True, error_model="numpy")
def _patch(
    use: np.ndarray, other: np.ndarray, starts: np.ndarray, indices: np.ndarray, random: np.random.Generator
) -> None:
    """Take a patch of random size from the other plan: by neighbours, or a run of rows without any."""
    size = random.integers(1, max(2, use.size // 2))
    begin = random.integers(0, use.size)
    if indices.size == 0:
        for step in range(size):
            at = (begin + step) % use.size
            use[at] = other[at]
        return
    seen = np.zeros(use.size, np.bool_)
    queue = np.empty(use.size, np.int64)
    queue[0], head, tail = begin, 0, 1
    seen[begin] = True
    while head < tail and head < size:
        at = queue[head]
        head += 1
        use[at] = other[at]
        for link in range(starts[at], starts[at + 1]):
            if not seen[indices[link]]:
                seen[indices[link]] = True
                queue[tail] = indices[link]
                tail += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _within_limits(
    use: np.ndarray,
    counts: np.ndarray,
    worth: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    random: np.random.Generator,
) -> bool:
    """Move parcels from uses that have too many to those that have too few; whether that succeeds."""
    begin = random.integers(0, use.size)
    for step in range(use.size):
        parcel = (begin + step) % use.size
        own, best = use[parcel], -1
        many = counts[own] > most[own]
        for one in range(counts.size):
            few = counts[one] < least[one]
            wanted = (many and counts[one] < most[one]) or (few and counts[own] > least[own])
            if one != own and wanted and worth[parcel, one] > -np.inf:
                better = (
                    best < 0
                    or (few and counts[best] >= least[best])
                    or worth[parcel, one] > worth[parcel, best]
                )
                best = one if better else best
        if best >= 0:
            counts[own] -= 1
            counts[best] += 1
            use[parcel] = best
    return bool(np.all(counts >= least) and np.all(counts <= most))


@njit(nogil=True, cache=True, error_model="numpy")
def _alike(use: np.ndarray, parcel: int, one: int, starts: np.ndarray, indices: np.ndarray) -> int:
    """Neighbours of a parcel that have a use."""
    found = 0
    for at in range(starts[parcel], starts[parcel + 1]):
        found += use[indices[at]] == one
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _gain(
    use: np.ndarray,
    parcel: int,
    one: int,
    worth: np.ndarray,
    join: float,
    starts: np.ndarray,
    indices: np.ndarray,
) -> float:
    """What is gained where a parcel gets another use."""
    own = use[parcel]
    gained = worth[parcel, one] - worth[parcel, own]
    if join > 0:
        alike = _alike(use, parcel, one, starts, indices) - _alike(use, parcel, own, starts, indices)
        gained += join * alike
    return gained


@njit(nogil=True, cache=True, error_model="numpy")
def _move_one(
    use: np.ndarray,
    counts: np.ndarray,
    worth: np.ndarray,
    join: float,
    starts: np.ndarray,
    indices: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    random: np.random.Generator,
) -> None:
    """Give a random parcel another use, or exchange it where limits ask for that, if something is gained."""
    parcel, one = random.integers(0, use.size), random.integers(0, counts.size)
    own = use[parcel]
    if one == own or worth[parcel, one] == -np.inf:
        return
    gained = _gain(use, parcel, one, worth, join, starts, indices)
    if counts[own] > least[own] and counts[one] < most[one]:
        if gained > 0:
            use[parcel] = one
            counts[own] -= 1
            counts[one] += 1
        return
    use[parcel] = one
    for _try in range(TRIES):
        other = random.integers(0, use.size)
        if other != parcel and use[other] == one and worth[other, own] > -np.inf:
            if gained + _gain(use, other, own, worth, join, starts, indices) > 0:
                use[other] = own
                return
            break
    use[parcel] = own
