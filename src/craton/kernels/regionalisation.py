"""Regionalisation: units joined to contiguous zones that are large enough and alike within (max-p)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUND = 1e-9
"""Part of the least size by which rounding may let a sum of sizes fall short."""


ROAMING, SETTLING = np.array([0.5, 0.02, 1.0, 1000.0]), np.array([0.02, 0.001, 1e4, 1e4])
"""Courses of the moves: tolerance for worse, and price of a missing size, in mean squares of a unit.

The first may pass through zones that are too small; the second starts from its best and hardly does."""

COURSES = 5
"""First courses that are tried at most, where all zones are never large enough again."""


class Zones(NamedTuple):
    """What zones (p,) hold: units, size, sum of squares within, and whether each hangs together."""

    units: Integers
    size: Floats
    within: Floats
    contiguous: NDArray[np.bool_]


def described(zones: Integers, links: csr_array, sizes: Floats, attributes: Floats) -> Zones:
    """Check of zones (n,), numbered from 0 (−1 for none), on links (n, n), with what they hold.

    The sum of squares is that of x − mean of the zone, over its units and all attributes (n, k).
    """
    count = int(zones.max(initial=-1)) + 1
    placed = zones >= 0
    of, x = zones[placed], attributes[placed]
    units = np.bincount(of, minlength=count)
    means = np.column_stack([np.bincount(of, one, count) / units for one in x.T])
    squares = ((x - means[of]) ** 2).sum(axis=1)
    entries = links.tocoo()
    same = zones[entries.row] == zones[entries.col]
    inner = csr_array((entries.data[same], (entries.row[same], entries.col[same])), shape=links.shape)
    _count, parts = connected_components(inner, directed=False)
    pairs = np.unique(np.column_stack([of, parts[placed]]), axis=0)
    whole = np.bincount(pairs[:, 0], minlength=count) == 1
    return Zones(
        units.astype(np.int64), np.bincount(of, sizes[placed], count), np.bincount(of, squares, count), whole
    )


def most_zones(
    links: csr_array,
    sizes: Floats,
    attributes: Floats,
    least: float,
    *,
    starts: int,
    steps: int,
    seed: int,
) -> Integers:
    """As many contiguous zones as can be found that each have a size of `least`, alike within (max-p).

    Parameters
    ----------
    links : csr_array (n, n)
        Symmetric, with an empty diagonal.
    sizes : array (n,)
        At least 0.
    attributes : array (n, k)
        By which units are alike, each on a scale of its own.
    least : float
        Size of a zone, above 0.
    starts : int
        Divisions that are grown from random places; that of most zones is kept.
    steps : int
        Moves tried for each unit to make zones more alike.
    seed : int
        Of all draws.

    Returns
    -------
    array (n,) of int
        Zone of each unit from 0; −1 in parts of the graph that are smaller than `least` as a whole.

    Notes
    -----
    A zone grows by the free neighbour that has the fewest free neighbours, so that it hugs what is taken;
    units left over join the zone they change least. Then units move between zones by simulated annealing; a
    move changes the sums of two zones only, costs their missing size, and must leave both contiguous.

    References
    ----------
    Duque, J. C., Anselin, L., and Rey, S. J. (2012). The max-p-regions problem. Journal of Regional Science
    52(3), 397-419. doi:10.1111/j.1467-9787.2011.00743.x
    """
    graph = links.indptr.astype(np.int64), links.indices.astype(np.int64)
    enough = least * (1.0 - ROUND)
    _count, parts = connected_components(links, directed=False)
    usable = np.bincount(parts, sizes)[parts] >= enough
    zones, count = _grown(*graph, sizes, attributes, enough, usable, starts, np.uint64(seed))
    if count > 1 and steps > 0:
        tries = steps * int(usable.sum())
        problem = (*graph, sizes, attributes, enough)
        for number in range(COURSES):
            moved = _moved(*problem, zones, count, tries, np.uint64(seed + number), ROAMING)
            if not np.array_equal(moved, zones):
                break
        zones = _moved(*problem, moved, count, tries // 3, np.uint64(seed), SETTLING)
    return numbered(zones)


def numbered(zones: Integers) -> Integers:
    """Zones numbered from 0 in the order of their first units."""
    _labels, first, number = np.unique(zones[zones >= 0], return_index=True, return_inverse=True)
    places = np.argsort(np.argsort(first))
    found = np.full(zones.size, -1, np.int64)
    found[zones >= 0] = places[number]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _uniform(state: np.ndarray) -> float:
    """Next number from 0 to below 1 of a sequence (SplitMix64)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return float((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(nogil=True, cache=True, error_model="numpy")
def _grown(
    indptr: np.ndarray,
    indices: np.ndarray,
    sizes: np.ndarray,
    attributes: np.ndarray,
    least: float,
    usable: np.ndarray,
    starts: int,
    seed: np.uint64,
) -> tuple[np.ndarray, int]:
    """Zones (n,) of the start that gives most, the units left over joined to them, and how many zones."""
    state = np.array([seed], np.uint64)
    best, most = np.full(sizes.size, -1, np.int64), -1
    for _start in range(starts):
        zones, count = _one_growth(indptr, indices, sizes, least, usable, state)
        if count > most:
            best, most = zones, count
    _join_left_over(indptr, indices, attributes, best, most, usable)
    return best, most


@njit(nogil=True, cache=True, error_model="numpy")
def _one_growth(
    indptr: np.ndarray,
    indices: np.ndarray,
    sizes: np.ndarray,
    least: float,
    usable: np.ndarray,
    state: np.ndarray,
) -> tuple[np.ndarray, int]:
    """Zones (n,) grown one beside the other, −2 where a growth ended too small, and how many."""
    count = sizes.size
    zones = np.where(usable, -1, -3)
    free = indptr[1:] - indptr[:-1]
    edge, in_edge = np.empty(count, np.int64), np.full(count, -1, np.int64)
    members = np.empty(count, np.int64)
    order = np.arange(count)
    for at in range(count - 1, 0, -1):
        other = int(_uniform(state) * (at + 1))
        order[at], order[other] = order[other], order[at]
    zone, tried, pointer, waiting = 0, 0, 0, 0
    while True:
        seed = _freest(edge, waiting, zones, free, state)
        if seed < 0:
            while pointer < count and zones[order[pointer]] != -1:
                pointer += 1
            if pointer == count:
                return zones, zone
            seed = order[pointer]
        # What the last zone left at its edge is where the next one starts.
        waiting, held, size = 0, 0, 0.0
        unit = seed
        while unit >= 0:
            zones[unit] = zone
            members[held] = unit
            held += 1
            size += sizes[unit]
            waiting = _opened(indptr, indices, unit, zones, free, edge, waiting, in_edge, tried)
            if size >= least:
                break
            unit = _freest(edge, waiting, zones, free, state)
        if size >= least:
            zone += 1
        else:
            for at in range(held):
                zones[members[at]] = -2
        tried += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _opened(
    indptr: np.ndarray,
    indices: np.ndarray,
    unit: int,
    zones: np.ndarray,
    free: np.ndarray,
    edge: np.ndarray,
    waiting: int,
    in_edge: np.ndarray,
    growth: int,
) -> int:
    """Free neighbours of a unit just taken put to the edge of a growth; how many wait there now."""
    for at in range(indptr[unit], indptr[unit + 1]):
        near = indices[at]
        free[near] -= 1
        if zones[near] == -1 and in_edge[near] != growth:
            in_edge[near] = growth
            edge[waiting] = near
            waiting += 1
    return waiting


@njit(nogil=True, cache=True, error_model="numpy")
def _freest(edge: np.ndarray, waiting: int, zones: np.ndarray, free: np.ndarray, state: np.ndarray) -> int:
    """Free unit at the edge with the fewest free neighbours, one of equals by chance; −1 for none."""
    found, fewest = -1, np.inf
    for at in range(waiting):
        unit = edge[at]
        if zones[unit] == -1:
            lack = free[unit] + 0.999 * _uniform(state)
            if lack < fewest:
                found, fewest = unit, lack
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _join_left_over(
    indptr: np.ndarray,
    indices: np.ndarray,
    attributes: np.ndarray,
    zones: np.ndarray,
    count: int,
    usable: np.ndarray,
) -> None:
    """Each unit without a zone joined to the neighbouring one whose sum of squares grows least, in place."""
    held, sums = _sums(attributes, zones, count)
    changed = True
    while changed:
        changed = False
        for unit in range(zones.size):
            if not usable[unit] or zones[unit] >= 0:
                continue
            found, lowest = -1, np.inf
            for at in range(indptr[unit], indptr[unit + 1]):
                zone = zones[indices[at]]
                if zone >= 0:
                    cost = _gain(attributes[unit], sums[zone], held[zone])
                    if cost < lowest:
                        found, lowest = zone, cost
            if found >= 0:
                zones[unit] = found
                held[found] += 1
                sums[found] += attributes[unit]
                changed = True


@njit(nogil=True, cache=True, error_model="numpy")
def _sums(attributes: np.ndarray, zones: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Units (p,) and sums of attributes (p, k) of zones."""
    held, sums = np.zeros(count, np.int64), np.zeros((count, attributes.shape[1]))
    for unit in range(zones.size):
        if zones[unit] >= 0:
            held[zones[unit]] += 1
            sums[zones[unit]] += attributes[unit]
    return held, sums


@njit(nogil=True, cache=True, error_model="numpy")
def _gain(attribute: np.ndarray, total: np.ndarray, held: int) -> float:
    """By how much a unit raises the sum of squares of a zone that it joins."""
    distance = 0.0
    for k in range(attribute.size):
        distance += (attribute[k] - total[k] / held) ** 2
    return distance * held / (held + 1.0)


@njit(nogil=True, cache=True, error_model="numpy")
def _loss(attribute: np.ndarray, total: np.ndarray, held: int) -> float:
    """By how much a unit lowers the sum of squares of a zone that it leaves, which has others."""
    return _gain(attribute, total, held) * (held + 1.0) / (held - 1.0)


@njit(nogil=True, cache=True, error_model="numpy")
def _stays_whole(
    indptr: np.ndarray,
    indices: np.ndarray,
    zones: np.ndarray,
    unit: int,
    seen: np.ndarray,
    stamp: int,
    queue: np.ndarray,
) -> bool:
    """Whether the zone of a unit hangs together without it: all its neighbours there are reached from one."""
    zone, wanted, first = zones[unit], 0, -1
    for at in range(indptr[unit], indptr[unit + 1]):
        if zones[indices[at]] == zone:
            wanted += 1
            first = indices[at]
            seen[first] = -stamp
    if wanted <= 1:
        return wanted == 1
    seen[unit], seen[first] = stamp, stamp
    queue[0] = first
    head, tail, met = 0, 1, 1
    while head < tail:
        for at in range(indptr[queue[head]], indptr[queue[head] + 1]):
            near = indices[at]
            if zones[near] == zone and seen[near] != stamp:
                met += seen[near] == -stamp
                if met == wanted:
                    return True
                seen[near] = stamp
                queue[tail] = near
                tail += 1
        head += 1
    return False


@njit(nogil=True, cache=True, error_model="numpy")
def _moved(
    indptr: np.ndarray,
    indices: np.ndarray,
    sizes: np.ndarray,
    attributes: np.ndarray,
    least: float,
    zones: np.ndarray,
    count: int,
    tries: int,
    seed: np.uint64,
    schedule: np.ndarray,
) -> np.ndarray:
    """Zones (n,) after units have moved between neighbouring zones: the best of those all large enough."""
    state = np.array([seed + np.uint64(1)], np.uint64)
    hot, cold, low, high = schedule
    units = np.flatnonzero(zones >= 0)
    zones, best = zones.copy(), zones.copy()
    held, sums = _sums(attributes, zones, count)
    _held, size = _sums(sizes.reshape(-1, 1), zones, count)
    scale = _squares(attributes, zones, held, sums) / units.size
    price = scale * units.size / sizes[units].sum()
    lowest, now, lacking, stamp = 0.0, 0.0, 0, 0
    seen, queue = np.zeros(zones.size, np.int64), np.empty(zones.size, np.int64)
    for step in range(tries if scale > 0.0 else 0):
        unit = units[int(_uniform(state) * units.size)]
        near = indptr[unit] + int(_uniform(state) * (indptr[unit + 1] - indptr[unit]))
        a, b = zones[unit], zones[indices[near]] if near < indptr[unit + 1] else zones[unit]
        if a == b or held[a] < 2:
            continue
        heat = scale * hot * (cold / hot) ** (step / tries)
        dear = price * low * (high / low) ** (step / tries)
        short = max(least - size[a, 0], 0.0) + max(least - size[b, 0], 0.0)
        more = max(least - size[a, 0] + sizes[unit], 0.0) + max(least - size[b, 0] - sizes[unit], 0.0) - short
        change = _gain(attributes[unit], sums[b], held[b]) - _loss(attributes[unit], sums[a], held[a])
        if change + dear * more > 0.0 and _uniform(state) >= np.exp(-(change + dear * more) / heat):
            continue
        stamp += 1
        if not _stays_whole(indptr, indices, zones, unit, seen, stamp, queue):
            continue
        lacking -= (size[a, 0] < least) + (size[b, 0] < least)
        for zone, sign in ((a, -1), (b, 1)):
            held[zone] += sign
            sums[zone] += sign * attributes[unit]
            size[zone, 0] += sign * sizes[unit]
        lacking += (size[a, 0] < least) + (size[b, 0] < least)
        zones[unit] = b
        now += change
        if lacking == 0 and now < lowest:
            lowest = now
            best[:] = zones
    return best


@njit(nogil=True, cache=True, error_model="numpy")
def _squares(attributes: np.ndarray, zones: np.ndarray, held: np.ndarray, sums: np.ndarray) -> float:
    """Sum of squares within zones."""
    total = 0.0
    for unit in np.flatnonzero(zones >= 0):
        zone = zones[unit]
        total += ((attributes[unit] - sums[zone] / held[zone]) ** 2).sum()
    return total
