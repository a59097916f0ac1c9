"""Search of plans for many objectives at once, joined neighbours among them: selection by rank, local moves.

Where all objectives are sums over parcels the exact ways (`allocation_flow`, `allocation_front`) are quicker
and better; this is for what they cannot do, and starts from what they find.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import njit

from craton.kernels.allocation_moves import child
from craton.kernels.allocation_selection import front_of, reference_directions, selected
from craton.kernels.threads import do_all

TOGETHER = 16
"""Plans that a thread makes before it asks for more."""

DIGITS = 12
"""Digits of a value, of its greatest size, by which plans are told apart."""


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
    worth = np.ascontiguousarray(np.moveaxis(np.where(np.isfinite(scores), scores, 0.0), 0, -1))
    land = _Land(
        worth, np.isfinite(scores).all(axis=0), least, most,
        *(neighbours or (np.zeros(len(worth) + 1, np.int64), np.zeros(0, np.int64))),
    )  # fmt: skip
    use, values = start.astype(np.int8), values_of(start, scores, neighbours)
    span, size = _spans(values, worth), _sizes(worth, values.shape[1])
    directions = reference_directions(values.shape[1], plans)
    for _turn in turns:
        made = _children(use, random, span, land, plans)
        use = np.concatenate([use, made])
        values = np.concatenate([values, values_of(made, scores, neighbours)])
        # Plans of the same values, but for rounding, are one point of the front: the first of them stays.
        _same, first = np.unique(np.round(values / size, DIGITS), axis=0, return_index=True)
        use, values = use[first], values[first]
        kept = selected(values, plans, directions)
        use, values = use[kept], values[kept]
    best = front_of(np.round(values / size, DIGITS))
    return Plans(use[best], values[best])


class _Land(NamedTuple):
    """Worth (n, k, q') of each use on each parcel, whether it is allowed (n, k), limits (k,), neighbours."""

    worth: np.ndarray
    allowed: np.ndarray
    least: np.ndarray
    most: np.ndarray
    starts: np.ndarray
    indices: np.ndarray


def _children(
    use: np.ndarray, random: np.random.Generator, span: np.ndarray, land: _Land, count: int
) -> np.ndarray:
    """New plans (count, n), each of two parents drawn and for weights of the values drawn."""
    parents = random.integers(0, len(use), (count, 2))
    weights = random.dirichlet(np.full(span.size, 0.7), count) / span
    seeds = random.integers(1, 1 << 63, count, dtype=np.uint64)
    made = np.empty((count, use.shape[1]), np.int8)

    def make(part: range) -> None:
        for place in part:
            one, other = parents[place]
            child(made[place], use[one], use[other], weights[place], seeds[place : place + 1], *land)

    do_all(make, [range(start, min(start + TOGETHER, count)) for start in range(0, count, TOGETHER)])
    return made


def _sizes(worth: np.ndarray, values: int) -> np.ndarray:
    """Size (q,) below which a value stays, for comparison; pairs of neighbours are whole numbers."""
    most = np.abs(worth).max(axis=1).sum(axis=0)
    return np.concatenate([np.where(most > 0, most, 1.0), np.ones(values - most.size)])


def _spans(values: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Width (q,) of each value over the plans begun with, by the worths where they are alike."""
    wide, pairs = np.ptp(values, axis=0), values.shape[1] - worth.shape[2]
    step = np.concatenate([np.ptp(worth, axis=1).mean(axis=0), np.ones(pairs)])
    return np.where(wide > 0, wide, np.where(step > 0, step, 1.0))


@njit(nogil=True, cache=True, error_model="numpy")
def _joined(use: np.ndarray, starts: np.ndarray, indices: np.ndarray) -> float:
    """Pairs of neighbours of one use."""
    found = 0
    for parcel in range(use.size):
        for at in range(starts[parcel], starts[parcel + 1]):
            found += use[indices[at]] == use[parcel]
    return found / 2.0
