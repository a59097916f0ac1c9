"""Order by votes: the order of things that pairwise votes tell, with the least weight of votes against it.

votes[a, b] is how much speaks for a before b. An order costs Σ votes[b, a] over all pairs that it has as
a before b; the order of least cost is Kemeny's, and solves the minimum feedback arc set of the majorities.
Things that no majority joins in a circle are ordered by the majorities alone. Within a circle (strongly
connected part) the order is exact by dynamic programming over subsets up to `EXACT` things; beyond, the
order by net votes is improved by moving one thing at a time until nothing is gained.

References
----------
Kemeny, J. G. (1959). Mathematics without numbers. Daedalus 88(4), 577-591.
Tarjan, R. (1972). Depth-first search and linear graph algorithms. SIAM Journal on Computing 1(2), 146-160.
doi:10.1137/0201010
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

EXACT = 12
"""Things of a circle up to which its order is found exactly."""

GAIN = 1e-9
"""Votes that an order must save to count as better."""


def order_by_votes(votes: Floats, hint: Floats) -> tuple[Integers, Integers]:
    """Things from first to last, and the circle that each is part of.

    Parameters
    ----------
    votes : array, shape (n, n)
        Votes for the row before the column, 0 or more.
    hint : array, shape (n,)
        Decides, smaller first, where no vote does.

    Returns
    -------
    tuple of array of int, shape (n,)
        Things in order; and by thing the number of its circle, things alone in theirs having no
        contradiction.
    """
    majority = votes > votes.T + GAIN
    number, circle = connected_components(csr_array(majority), directed=True, connection="strong")
    members = [np.flatnonzero(circle == one) for one in range(number)]
    before = np.zeros((number, number), dtype=bool)
    first, second = np.nonzero(majority)
    before[circle[first], circle[second]] = True
    np.fill_diagonal(before, val=False)
    keys = np.array([hint[rows].mean() for rows in members])
    found = [_within(votes, hint, members[one]) for one in _topological(before, keys)]
    return np.concatenate([*found, np.empty(0, np.int64)]).astype(np.int64), circle.astype(np.int64)


def cost(votes: Floats, order: Integers) -> float:
    """Votes against an order."""
    return float(np.tril(votes[np.ix_(order, order)], -1).sum())


def _topological(before: NDArray[np.bool_], keys: Floats) -> list[int]:
    """Parts of a graph without circles from first to last; of those that are free, the smallest key first."""
    waiting, left = before.sum(axis=0).astype(np.int64), set(range(len(keys)))
    order = []
    while left:
        chosen = min((one for one in left if waiting[one] == 0), key=lambda one: (keys[one], one))
        left.remove(chosen)
        order.append(chosen)
        waiting -= before[chosen]
    return order


def _within(votes: Floats, hint: Floats, rows: Integers) -> Integers:
    """Order of the members of one circle."""
    if rows.size == 1:
        return rows
    ordered = rows[np.argsort(hint[rows], kind="stable")]
    part = votes[np.ix_(ordered, ordered)]
    return ordered[_exact(part) if rows.size <= EXACT else _improved(part)]


def _exact(votes: Floats) -> Integers:
    """Order of least cost, by the least cost of every subset that may stand first."""
    number = len(votes)
    against = np.zeros((number, 1 << number))
    for thing in range(number):
        bit = 1 << thing
        against[:, bit : 2 * bit] = against[:, :bit] + votes[:, thing, None]
    least = np.full(1 << number, np.inf)
    last = np.zeros(1 << number, np.int64)
    least[0] = 0.0
    for subset in range(1, 1 << number):
        for thing in range(number):
            if subset >> thing & 1:
                rest = subset & ~(1 << thing)
                price = least[rest] + against[thing, rest]
                if price < least[subset] - GAIN:
                    least[subset], last[subset] = price, thing
    order, subset = [], (1 << number) - 1
    while subset:
        order.append(int(last[subset]))
        subset &= ~(1 << order[-1])
    return np.array(order[::-1], dtype=np.int64)


def _improved(votes: Floats) -> Integers:
    """Order by net votes, improved by moves of single things."""
    order = list(np.argsort((votes.T - votes).sum(axis=1), kind="stable"))
    better = True
    while better:
        better = False
        for thing in order:
            at = order.index(thing)
            rest = order[:at] + order[at + 1 :]
            saved = np.concatenate([[0.0], np.cumsum(votes[thing, rest] - votes[rest, thing])])
            place = int(np.argmin(saved))
            if saved[place] < saved[at] - GAIN:
                order = [*rest[:place], thing, *rest[place:]]
                better = True
    return np.array(order, dtype=np.int64)
