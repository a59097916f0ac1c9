"""Allocation as a flow: each of many parcels to one of few uses that take so many, the best in all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

NEGLIGIBLE = 1e-12
"""Part of the largest score that decides about no path."""


class Assignment(NamedTuple):
    """The use (n,) of each parcel, the price (k,) of each use, and by how much the sum may miss the best."""

    use: np.ndarray
    prices: np.ndarray
    total: float
    gap: float


def assignment(
    scores: np.ndarray, least: np.ndarray, most: np.ndarray, prices: np.ndarray | None = None
) -> Assignment | None:
    """The best use of each parcel, with so many parcels at least and at most for each use; None if none fits.

    Parameters
    ----------
    scores : array (n, k)
        Better high; -inf where a use is not allowed.
    least, most : array (k,) of int
        Fewest and most parcels of each use.
    prices : array (k,), optional
        Of a like problem, from which the search starts.

    Returns
    -------
    Assignment or None
        `prices` are above 0 for a use that takes no more and below 0 for one that takes no less: what the
        last parcel of it costs. `gap` is the bound by the prices less `total`: 0 but for rounding, which
        proves the optimum.

    Notes
    -----
    A transport problem. Every parcel goes where its score less the price is greatest; then one parcel after
    the other goes along the cheapest chain of exchanges between uses, until all limits hold. The bound is
    Σ_i max_u (s_iu − p_u) + Σ_u (most_u max(p_u, 0) + least_u min(p_u, 0)).

    References
    ----------
    Ahuja, R. K., Magnanti, T. L., and Orlin, J. B. (1993). Network Flows. Prentice Hall, 320-324.
    """
    most = np.minimum(most, len(scores))
    if (least > most).any():
        return None
    start = np.zeros(scores.shape[1]) if prices is None else prices
    size = float(np.abs(scores[np.isfinite(scores)]).max(initial=0.0)) or 1.0
    use, found, whole = _exchanged(np.ascontiguousarray(scores), least, most, start, NEGLIGIBLE * size)
    if not whole:
        return None
    total = float(scores[np.arange(use.size), use].sum())
    ends = np.where(found > 0, most, least)
    bound = float((scores - found).max(axis=1).sum() + (found * ends).sum())
    return Assignment(use, found, total, bound - total)


@njit(nogil=True, cache=True, error_model="numpy")
def _exchanged(
    scores: np.ndarray, least: np.ndarray, most: np.ndarray, prices: np.ndarray, tiny: float
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Uses, prices and whether all limits hold; the last node is the market, where uses are sold."""
    uses = scores.shape[1]
    use, sold, excess = _begun(scores, least, most, prices)
    width = max(16, int(np.sqrt(len(scores))))
    blocks = (len(scores) + width - 1) // width
    cheapest, who = np.empty((blocks, uses, uses)), np.empty((blocks, uses, uses), np.int64)
    for block in range(blocks):
        _look(scores, use, block, width, cheapest[block], who[block])
    while True:
        source = _most(excess)
        cost, first = _exchanges(cheapest, sold, least, most)
        if excess[source] <= 0:
            distance, before = _shortest(cost, -1, tiny)
            return use, distance[uses] - distance[:uses], True
        distance, before = _shortest(cost, source, tiny)
        node = _nearest(distance, excess)
        if node < 0:
            return use, prices, False
        excess[source] -= 1
        excess[node] += 1
        while node != source:
            last = before[node]
            if node == uses:
                sold[last] += 1
            elif last == uses:
                sold[node] -= 1
            else:
                block = first[last, node]
                use[who[block, last, node]] = node
                _look(scores, use, block, width, cheapest[block], who[block])
            node = last


@njit(nogil=True, cache=True, error_model="numpy")
def _begun(
    scores: np.ndarray, least: np.ndarray, most: np.ndarray, prices: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best use of each parcel at the prices, what each use takes at them, and what each node has too much."""
    parcels, uses = scores.shape
    use, sold, excess = np.empty(parcels, np.int64), np.empty(uses, np.int64), np.zeros(uses + 1, np.int64)
    for parcel in range(parcels):
        best = 0
        for one in range(1, uses):
            if scores[parcel, one] - prices[one] > scores[parcel, best] - prices[best]:
                best = one
        use[parcel] = best
        excess[best] += 1
    for one in range(uses):
        wanted = most[one] if prices[one] > 0 else least[one]
        sold[one] = min(max(excess[one], least[one]), most[one]) if prices[one] == 0 else wanted
        excess[one] -= sold[one]
        excess[uses] += sold[one]
    excess[uses] -= parcels
    return use, sold, excess


@njit(nogil=True, cache=True, error_model="numpy")
def _most(excess: np.ndarray) -> int:
    """Node that has the most too much."""
    found = 0
    for node in range(excess.size):
        if excess[node] > excess[found]:
            found = node
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _nearest(distance: np.ndarray, excess: np.ndarray) -> int:
    """Nearest node that has too little; -1 where none can be reached."""
    found, least = -1, np.inf
    for node in range(excess.size):
        if excess[node] < 0 and distance[node] < least:
            found, least = node, distance[node]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _look(
    scores: np.ndarray, use: np.ndarray, block: int, width: int, cheapest: np.ndarray, who: np.ndarray
) -> None:
    """Cheapest exchange from each use to each other within a block of parcels."""
    for own in range(scores.shape[1]):
        for other in range(scores.shape[1]):
            cheapest[own, other] = np.inf
    for parcel in range(block * width, min((block + 1) * width, len(use))):
        own = use[parcel]
        for other in range(scores.shape[1]):
            loss = scores[parcel, own] - scores[parcel, other]
            if other != own and loss < cheapest[own, other]:
                cheapest[own, other], who[own, other] = loss, parcel


@njit(nogil=True, cache=True, error_model="numpy")
def _exchanges(
    cheapest: np.ndarray, sold: np.ndarray, least: np.ndarray, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cost of a step from node to node, and the block of its parcel."""
    blocks, uses = cheapest.shape[0], cheapest.shape[1]
    cost, first = np.full((uses + 1, uses + 1), np.inf), np.zeros((uses, uses), np.int64)
    for block in range(blocks):
        for one in range(uses):
            for other in range(uses):
                if cheapest[block, one, other] < cost[one, other]:
                    cost[one, other], first[one, other] = cheapest[block, one, other], block
    for one in range(uses):
        if sold[one] < most[one]:
            cost[one, uses] = 0.0
        if sold[one] > least[one]:
            cost[uses, one] = 0.0
    return cost, first


@njit(nogil=True, cache=True, error_model="numpy")
def _shortest(cost: np.ndarray, source: int, tiny: float) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each node from the source (from any, with -1), and the node before it."""
    nodes = len(cost)
    distance, before = np.full(nodes, 0.0 if source < 0 else np.inf), np.full(nodes, -1)
    if source >= 0:
        distance[source] = 0.0
    for _round in range(nodes):
        changed = False
        for one in range(nodes):
            for other in range(nodes):
                reached = distance[one] + cost[one, other]
                if reached < distance[other] - tiny or (reached < np.inf and distance[other] == np.inf):
                    distance[other], before[other] = reached, one
                    changed = True
        if not changed:
            break
    return distance, before


def contradiction(
    allowed: np.ndarray, area: np.ndarray, least: np.ndarray, most: np.ndarray
) -> tuple[str, np.ndarray, float, float] | None:
    """The fewest uses whose limits cannot hold together; None where parts of parcels could meet all limits.

    Parameters
    ----------
    allowed : array (n, k) of bool
        k up to 12; each parcel has a use at least.
    area : array (n,)
        Above 0.
    least, most : array (k,)
        Areas of each use.

    Returns
    -------
    tuple or None
        `most`: the parcels that can only have these uses (k,) have more area than these may take. `least`:
        the parcels that can have these uses have less area than these must get. Then both areas: of the
        parcels, and of the limits.

    Notes
    -----
    Hall's condition, tried for all sets of uses: where it holds for the most and for the least, both can hold
    together (Mendelsohn and Dulmage 1958).
    """
    uses = allowed.shape[1]
    bits = 1 << np.arange(uses)
    held = np.bincount(allowed @ bits, weights=area, minlength=1 << uses)
    masks = np.arange(1 << uses)
    spare = 1e-9 * area.sum()
    for mask in sorted(range(1, 1 << uses), key=lambda one: (one.bit_count(), one)):
        chosen = (mask & bits) > 0
        only, some = held[(masks & ~mask) == 0].sum(), held[(masks & mask) != 0].sum()
        if only > most[chosen].sum() + spare:
            return "most", chosen, float(only), float(most[chosen].sum())
        if some < least[chosen].sum() - spare:
            return "least", chosen, float(some), float(least[chosen].sum())
    return None
