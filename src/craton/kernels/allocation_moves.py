"""A new plan from two: a patch of one in the other, brought within the limits and bettered by local moves."""

from __future__ import annotations

import numpy as np
from numba import njit

TRIES = 24
"""Parcels that are looked at for one to change places with."""


@njit(nogil=True, cache=True, error_model="numpy")
def _drawn(state: np.ndarray, below: int) -> int:
    """A number from 0 to less than `below`, which is at most 2^31, by the generator xorshift64*."""
    word = state[0]
    word ^= word >> np.uint64(12)
    word ^= word << np.uint64(25)
    word ^= word >> np.uint64(27)
    state[0] = word
    high = np.int64((word * np.uint64(2685821657736338717)) >> np.uint64(33))
    return int((high * below) >> 31)


@njit(nogil=True, cache=True, error_model="numpy")
def child(
    use: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    weights: np.ndarray,
    state: np.ndarray,
    worth: np.ndarray,
    allowed: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    starts: np.ndarray,
    indices: np.ndarray,
) -> None:
    """Fill `use` (n,): a patch of the second plan in the first, within the limits, bettered for `weights`.

    Parameters
    ----------
    first, second : array (n,) of int8
    weights : array (q,)
        Of each sum, and of pairs of neighbours where they count.
    state : array (1,) of uint64
        Above 0, from which all is drawn.
    worth : array (n, k, q')
    allowed : array (n, k) of bool
    """
    parcels, uses, sums = worth.shape
    mixed = np.full((parcels, uses), -np.inf)
    for parcel in range(parcels):
        for one in range(uses):
            if allowed[parcel, one]:
                mixed[parcel, one] = 0.0
                for value in range(sums):
                    mixed[parcel, one] += weights[value] * worth[parcel, one, value]
    join = float(weights[sums]) if weights.size > sums else 0.0
    use[:] = first
    _patch(use, second, starts, indices, state)
    counts = np.bincount(use, minlength=uses)
    if not _within_limits(use, counts, mixed, least, most, state):
        use[:] = first
        counts = np.bincount(use, minlength=uses)
    gains, others = np.empty(uses), np.empty(uses)
    for _turn in range(parcels):
        _move(use, counts, mixed, join, starts, indices, least, most, state, gains, others)


@njit(nogil=True, cache=True, error_model="numpy")
def _patch(
    use: np.ndarray, other: np.ndarray, starts: np.ndarray, indices: np.ndarray, state: np.ndarray
) -> None:
    """Take a patch of random size from the other plan: by neighbours, or a run of rows without any."""
    size = 1 + _drawn(state, max(1, use.size // 2 - 1))
    begin = _drawn(state, use.size)
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
    state: np.ndarray,
) -> bool:
    """Move parcels from uses that have too many to those that have too few; whether that succeeds."""
    if np.all(counts >= least) and np.all(counts <= most):
        return True
    begin = _drawn(state, use.size)
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
def _gained(
    use: np.ndarray,
    parcel: int,
    worth: np.ndarray,
    join: float,
    starts: np.ndarray,
    indices: np.ndarray,
    gains: np.ndarray,
) -> None:
    """What a parcel gains by each use."""
    own, alike = use[parcel], 0
    gains[:] = worth[parcel] - worth[parcel, own]
    for at in range(starts[parcel], starts[parcel + 1]):
        other = use[indices[at]]
        gains[other] += join
        alike += other == own
    gains -= join * alike
    gains[own] = 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _move(
    use: np.ndarray,
    counts: np.ndarray,
    worth: np.ndarray,
    join: float,
    starts: np.ndarray,
    indices: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    state: np.ndarray,
    gains: np.ndarray,
    others: np.ndarray,
) -> None:
    """Give a random parcel the use that gains most, or exchange it where limits ask for that."""
    parcel = _drawn(state, use.size)
    own = use[parcel]
    _gained(use, parcel, worth, join, starts, indices, gains)
    best, free = own, own
    for one in range(gains.size):
        if gains[one] > gains[best]:
            best = one
        if gains[one] > gains[free] and counts[own] > least[own] and counts[one] < most[one]:
            free = one
    if free != own:
        use[parcel] = free
        counts[own] -= 1
        counts[free] += 1
    elif best != own:
        use[parcel] = best
        for _try in range(TRIES):
            other = _drawn(state, use.size)
            if other != parcel and use[other] == best:
                _gained(use, other, worth, join, starts, indices, others)
                if gains[best] + others[own] > 0:
                    use[other] = own
                    return
                break
        use[parcel] = own
