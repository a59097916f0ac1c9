"""Region growing: zones that spread from seeds, or from the most even places, within limits."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csr_array

from craton.kernels.regionalisation import ROUND, Floats, Integers, numbered

FREE = -1
"""Zone of a unit that has none."""


class Limits(NamedTuple):
    """Least and greatest size of a zone, and the widest range that an attribute may have in it."""

    least: float
    most: float
    spread: float


class _Growth(NamedTuple):
    """Zones (n,) of the units, and what each of up to n zones holds: its units, size, sums and ranges."""

    zones: Integers
    held: Integers
    size: Floats
    sums: Floats
    low: Floats
    high: Floats
    centre: Floats


class _Graph(NamedTuple):
    """Units with their links, sizes (n,), attributes (n, k) and places (n, d); scaled for the cost."""

    indptr: Integers
    indices: Integers
    sizes: Floats
    attributes: Floats
    places: Floats


def grown_zones(
    links: csr_array,
    sizes: Floats,
    attributes: Floats,
    places: Floats,
    limits: Limits,
    *,
    seeds: Integers | None,
    compactness: float,
) -> Integers:
    """Contiguous zones that take the neighbour most like them, one after the other, within limits.

    Parameters
    ----------
    links : csr_array (n, n)
        Symmetric, with an empty diagonal.
    sizes : array (n,)
        At least 0.
    attributes : array (n, k)
        By which units are alike, each on a scale of its own.
    places : array (n, d)
        Where units are.
    limits : Limits
        Infinite where there is none; held in every zone.
    seeds : array (n,) of int, optional
        Zone from 0 of each seed, −1 for other units; those of one zone hang together and keep the limits.
        Without it zones start one by one at the free unit that differs least from its neighbours.
    compactness : float
        From 0 to 1: how much nearness to the middle of a zone counts beside likeness.

    Returns
    -------
    array (n,) of int
        Zone of each unit from 0; −1 where the limits keep a unit out of all.

    Notes
    -----
    The cost of a unit is (1 − c) |x − mean of the zone|/a + c |place − centre of the zone|/b, a and b the
    means of both over all links; the cheapest of all units at the edges is taken next, its cost renewed when
    its turn comes. Zones below the least size are joined, the smallest first, to the neighbour whose sum of
    squares grows least; one that fits nowhere is given up, and its units are offered to the zones around.

    References
    ----------
    Adams, R., and Bischof, L. (1994). Seeded region growing. IEEE Transactions on Pattern Analysis and
    Machine Intelligence 16(6), 641-647. doi:10.1109/34.295913
    """
    indptr, indices = links.indptr.astype(np.int64), links.indices.astype(np.int64)
    rows = np.repeat(np.arange(sizes.size), np.diff(indptr))
    apart = np.sqrt(((attributes[rows] - attributes[indices]) ** 2).sum(axis=1))
    way = np.sqrt(((places[rows] - places[indices]) ** 2).sum(axis=1))
    graph = _Graph(indptr, indices, sizes, attributes, places)
    price = np.array([(1.0 - compactness) / _mean(apart), compactness / _mean(way)])
    state = _nothing(graph)
    bounds = np.array(limits) * (1.0 + ROUND * np.array([-1.0, 1.0, 1.0]))
    if seeds is None:
        degree = np.diff(indptr)
        uneven = np.bincount(rows, apart, sizes.size) / np.maximum(degree, 1)
        starts = np.argsort(np.where(degree > 0, uneven, np.inf), kind="stable")
        _one_by_one(graph, state, starts, price, bounds)
    else:
        for unit in np.flatnonzero(seeds >= 0):
            _take(graph, state, int(unit), int(seeds[unit]))
        _all_at_once(graph, state, price, bounds)
    if _joined(graph, state, bounds):
        _all_at_once(graph, state, price, bounds)
    return numbered(state.zones)


def _mean(values: Floats) -> float:
    """Mean of numbers of at least 0; 1 where there is none above 0."""
    return float(values.mean()) if values.size and values.any() else 1.0


def _nothing(graph: _Graph) -> _Growth:
    count, k = graph.attributes.shape
    return _Growth(
        np.full(count, FREE, np.int64), np.zeros(count, np.int64), np.zeros(count), np.zeros((count, k)),
        np.full((count, k), np.inf), np.full((count, k), -np.inf), np.zeros((count, graph.places.shape[1])),
    )  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def _take(graph: _Graph, state: _Growth, unit: int, zone: int) -> None:
    """Give a unit to a zone."""
    state.zones[unit] = zone
    state.held[zone] += 1
    state.size[zone] += graph.sizes[unit]
    for d in range(graph.places.shape[1]):
        state.centre[zone, d] += graph.places[unit, d]
    for k in range(graph.attributes.shape[1]):
        value = graph.attributes[unit, k]
        state.sums[zone, k] += value
        state.low[zone, k] = min(state.low[zone, k], value)
        state.high[zone, k] = max(state.high[zone, k], value)


@njit(nogil=True, cache=True, error_model="numpy")
def _cost(graph: _Graph, state: _Growth, unit: int, zone: int, price: np.ndarray) -> float:
    """How unlike a unit is to a zone, and how far from its middle."""
    unlike, far, held = 0.0, 0.0, state.held[zone]
    for k in range(graph.attributes.shape[1]):
        unlike += (graph.attributes[unit, k] - state.sums[zone, k] / held) ** 2
    for d in range(graph.places.shape[1]):
        far += (graph.places[unit, d] - state.centre[zone, d] / held) ** 2
    return float(price[0] * np.sqrt(unlike) + price[1] * np.sqrt(far))


@njit(nogil=True, cache=True, error_model="numpy")
def _fits(
    size: float, low: np.ndarray, high: np.ndarray, state: _Growth, zone: int, bounds: np.ndarray
) -> bool:
    """Whether a zone keeps the limits with what has this size and ranges (k,)."""
    if state.size[zone] + size > bounds[1]:
        return False
    for k in range(low.size):
        if max(state.high[zone, k], high[k]) - min(state.low[zone, k], low[k]) > bounds[2]:
            return False
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def _offer(
    graph: _Graph,
    state: _Growth,
    unit: int,
    price: np.ndarray,
    edge: list[tuple[float, int, int]],
) -> None:
    """Free neighbours of a unit put to the edge of its zone."""
    for at in range(graph.indptr[unit], graph.indptr[unit + 1]):
        near = graph.indices[at]
        if state.zones[near] == FREE:
            heappush(edge, (_cost(graph, state, near, state.zones[unit], price), near, state.zones[unit]))


@njit(nogil=True, cache=True, error_model="numpy")
def _spread(
    graph: _Graph,
    state: _Growth,
    price: np.ndarray,
    bounds: np.ndarray,
    edge: list[tuple[float, int, int]],
) -> None:
    """Take the cheapest unit at the edge until none fits."""
    while len(edge) > 0:
        _told, unit, zone = heappop(edge)
        x = graph.attributes[unit]
        # What does not fit never will: zones only grow here.
        if state.zones[unit] != FREE or not _fits(graph.sizes[unit], x, x, state, zone, bounds):
            continue
        now = _cost(graph, state, unit, zone, price)
        if len(edge) > 0 and now > edge[0][0]:
            heappush(edge, (now, unit, zone))
            continue
        _take(graph, state, unit, zone)
        _offer(graph, state, unit, price, edge)


@njit(nogil=True, cache=True, error_model="numpy")
def _one_by_one(
    graph: _Graph, state: _Growth, starts: np.ndarray, price: np.ndarray, bounds: np.ndarray
) -> None:
    """A zone from each start that is still free and no larger than a zone may be, grown to its limits."""
    zone = 0
    for start in starts:
        if state.zones[start] == FREE and graph.sizes[start] <= bounds[1]:
            _take(graph, state, start, zone)
            edge = [(np.inf, start, zone)]
            edge.pop()
            _offer(graph, state, start, price, edge)
            _spread(graph, state, price, bounds, edge)
            zone += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _all_at_once(graph: _Graph, state: _Growth, price: np.ndarray, bounds: np.ndarray) -> None:
    """All zones grown side by side."""
    edge = [(np.inf, 0, 0)]
    edge.pop()
    for unit in range(state.zones.size):
        if state.zones[unit] != FREE:
            _offer(graph, state, unit, price, edge)
    _spread(graph, state, price, bounds, edge)


@njit(nogil=True, cache=True, error_model="numpy")
def _joined(graph: _Graph, state: _Growth, bounds: np.ndarray) -> bool:
    """Join zones that are too small to neighbours, the smallest first; whether some were given up."""
    count = state.zones.size
    first, following = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    small = [(np.inf, 0)]
    small.pop()
    for unit in range(count):
        zone = state.zones[unit]
        if zone != FREE:
            following[unit], first[zone] = first[zone], unit
    for zone in range(count):
        if state.held[zone] > 0 and state.size[zone] < bounds[0]:
            heappush(small, (state.size[zone], zone))
    lost = False
    while len(small) > 0:
        told, zone = heappop(small)
        if state.held[zone] == 0 or state.size[zone] != told:
            continue
        other = _dearest(graph, state, zone, first, following, bounds)
        lost |= other < 0
        unit = first[zone]
        state.held[zone] = 0
        while unit >= 0:
            after = following[unit]
            state.zones[unit] = FREE
            if other >= 0:
                _take(graph, state, unit, other)
                following[unit], first[other] = first[other], unit
            unit = after
        if other >= 0 and state.size[other] < bounds[0]:
            heappush(small, (state.size[other], other))
    return lost


@njit(nogil=True, cache=True, error_model="numpy")
def _dearest(
    graph: _Graph,
    state: _Growth,
    zone: int,
    first: np.ndarray,
    following: np.ndarray,
    bounds: np.ndarray,
) -> int:
    """Neighbouring zone that a zone fits into with the least growth of the sum of squares; −1 for none."""
    found, lowest = -1, np.inf
    low, high = state.low[zone], state.high[zone]
    unit = first[zone]
    while unit >= 0:
        for at in range(graph.indptr[unit], graph.indptr[unit + 1]):
            other = state.zones[graph.indices[at]]
            if other in (FREE, zone) or not _fits(state.size[zone], low, high, state, other, bounds):
                continue
            here, there = state.held[zone], state.held[other]
            growth = 0.0
            for k in range(low.size):
                growth += (state.sums[zone, k] / here - state.sums[other, k] / there) ** 2
            growth *= here * there / (here + there)
            if growth < lowest or (growth == lowest and other < found):
                found, lowest = other, growth
        unit = following[unit]
    return found
