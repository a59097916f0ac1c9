"""Several rankings made one: by points (Borda), by duels (Copeland), by the fewest disagreements (Kemeny)."""

from __future__ import annotations

import numpy as np
from numba import njit

MOST_EXACT = 14
"""Things up to which Kemeny's order is searched among all."""


def duels(places: np.ndarray, voices: np.ndarray) -> np.ndarray:
    """Weight (n, n) of the rankings that put the row before the column; ties count for neither.

    Parameters
    ----------
    places : array (n, m)
        Rank of each thing in each ranking, 1 the best.
    voices : array (m,)
        Weight of each ranking.
    """
    total = np.zeros((len(places), len(places)))
    for column, voice in zip(places.T, voices, strict=True):
        total += voice * (column[:, None] < column[None, :])
    return total


def borda(places: np.ndarray, voices: np.ndarray) -> np.ndarray:
    """Points (n,): how many a thing is before, and half of those it shares a place with, by weight."""
    found = np.zeros(len(places))
    for column, voice in zip(places.T, voices, strict=True):
        rising = np.sort(column)
        after = column.size - np.searchsorted(rising, column, side="right")
        same = column.size - 1 - after - np.searchsorted(rising, column, side="left")
        found += voice * (after + 0.5 * same)
    return found


def copeland(before: np.ndarray) -> np.ndarray:
    """Duels won less duels lost (n,), of `duels`."""
    return np.asarray(np.sign(before - before.T).sum(axis=1))


def kemeny(before: np.ndarray) -> tuple[np.ndarray, float]:
    """Order of the least weight of disagreeing pairs, and that weight.

    Parameters
    ----------
    before : array (n, n)
        Of `duels`, n ≤ 14.

    Returns
    -------
    tuple
        Things (n,) from the first to the last, and the weight. Of several such orders, the one that puts the
        first row of the table first.

    Notes
    -----
    Exact, by dynamic programming over the 2ⁿ sets of things that come first (Held and Karp 1962).
    """
    order, weight = _least_disagreement(np.ascontiguousarray(before, dtype=np.float64))
    return order, float(weight)


@njit(nogil=True, cache=True, error_model="numpy")
def _least_disagreement(before: np.ndarray) -> tuple[np.ndarray, float]:
    """The least weight of the things of a set when they come last, in their best order, for all sets."""
    count = len(before)
    whole = (1 << count) - 1
    least = np.full(whole + 1, np.inf)
    first = np.zeros(whole + 1, np.int64)
    least[0] = 0.0
    for group in range(1, whole + 1):
        for one in range(count):
            if not group >> one & 1:
                continue
            rest = group & ~(1 << one)
            weight = least[rest]
            for other in range(count):
                if rest >> other & 1:
                    weight += before[other, one]
            if weight < least[group] - 1e-12:
                least[group], first[group] = weight, one
    order = np.empty(count, np.int64)
    group = whole
    for place in range(count):
        order[place] = first[group]
        group &= ~(1 << first[group])
    return order, least[whole]
