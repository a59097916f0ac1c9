"""Allocations between two objectives: exact points of the front by bisection, and its hypervolume."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from craton.kernels.allocation_flow import Assignment, assignment

EQUAL = 1e-9
"""Part of the range of an objective within which two values count as one."""


TIGHT = 1e-11
"""Part of the largest score within which two uses of a parcel are equally good at given prices."""


class Point(NamedTuple):
    """An allocation: both objectives, the weight of the first from 0 to 1 by which it is best, and how."""

    values: tuple[float, float]
    weight: float
    found: Assignment


def front(
    first: np.ndarray,
    second: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    count: int,
    told: Callable[[int], object] = lambda _found: None,
) -> list[Point]:
    """Points of the front that are best for some weights, from the best of the first objective on.

    Parameters
    ----------
    first, second : array (n, k)
        Scores, better high; -inf in both where a use is not allowed.
    least, most : array (k,) of int
        Fewest and most parcels of each use; there are no points where they cannot be met.
    count : int
        Points at most, 2 or more; fewer where there are no more.
    told : callable
        Called with the number of points found so far.

    Notes
    -----
    Among equal bests of one objective an end is the best for the other, so that nothing dominates it. The
    widest gap between two neighbours is taken first: the weights for which both are alike are solved, and
    what is better than both is a new point; where nothing is, there is none between them. Every point is an
    optimum, none an approximation; points within the hollows of the front are not found.

    References
    ----------
    Aneja, Y. P., and Nair, K. P. K. (1979). Bicriteria transportation problem. Management Science 25(1),
    73-78. doi:10.1287/mnsc.25.1.73
    """
    rows = np.arange(len(first))
    sizes = [float(np.abs(one[np.isfinite(one)]).max(initial=0.0)) or 1.0 for one in (first, second)]
    there = np.isfinite(first)
    scaled = [np.where(there, one, 0.0) / size for one, size in zip((first, second), sizes, strict=True)]

    def best(weight: float, prices: np.ndarray | None = None) -> Point:
        mixed = np.where(there, weight * scaled[0] + (1.0 - weight) * scaled[1], -np.inf)
        found = assignment(mixed, least, most, prices)
        assert found is not None
        if weight in {0.0, 1.0}:
            other = np.where(there, scaled[1] if weight else scaled[0], -np.inf)
            found = _best_of_equals(mixed, other, found, least, most)
        values = (float(one[rows, found.use].sum()) for one in (first, second))
        # Whole numbers of one byte: hundreds of plans of many parcels are kept.
        return Point((next(values), next(values)), weight, found._replace(use=found.use.astype(np.int8)))

    if assignment(np.where(there, 0.0, -np.inf), least, most) is None:
        return []
    ends = best(1.0), best(0.0)
    spans = [abs(a - b) or 1.0 for a, b in zip(ends[0].values, ends[1].values, strict=True)]
    points = list(ends)
    waiting: list[tuple[float, int, Point, Point]] = []

    def wait(one: Point, other: Point) -> None:
        lost, won = (one.values[0] - other.values[0]) / spans[0], (other.values[1] - one.values[1]) / spans[1]
        if min(lost, won) > EQUAL:
            heapq.heappush(waiting, (-lost * won, len(points), one, other))

    wait(*ends)
    while waiting and len(points) < count:
        told(len(points))
        _size, _number, one, other = heapq.heappop(waiting)
        new = best(*_between(one, other, sizes))
        if _beyond(new, one, other, spans):
            points.append(new)
            wait(one, new)
            wait(new, other)
    return _undominated(points, spans)


def _best_of_equals(
    scores: np.ndarray, other: np.ndarray, found: Assignment, least: np.ndarray, most: np.ndarray
) -> Assignment:
    """Of the plans that are as good as `found` the one that is best by other scores.

    These are the plans whose parcels have uses that are best at the prices, and whose uses with a price are
    at their limits (complementary slackness).
    """
    worth = scores - found.prices
    equal = worth >= worth.max(axis=1, keepdims=True) - TIGHT
    equal[np.arange(len(scores)), found.use] = True
    counts = np.bincount(found.use, minlength=scores.shape[1])
    low = np.where(found.prices > TIGHT, counts, least)
    high = np.where(found.prices < -TIGHT, counts, most)
    better = assignment(np.where(equal, other, -np.inf), low, high)
    assert better is not None
    total = float(scores[np.arange(len(scores)), better.use].sum())
    return found._replace(use=better.use, total=total, gap=found.total + found.gap - total)


def _between(one: Point, other: Point, sizes: list[float]) -> tuple[float, np.ndarray]:
    """Weight for which two points are alike, and prices to start from."""
    won, lost = (other.values[1] - one.values[1]) / sizes[1], (one.values[0] - other.values[0]) / sizes[0]
    weight = won / (won + lost)
    part = (weight - other.weight) / (one.weight - other.weight) if one.weight > other.weight else 0.5
    return weight, part * one.found.prices + (1.0 - part) * other.found.prices


def _beyond(new: Point, one: Point, other: Point, spans: list[float]) -> bool:
    """Whether a point lies beyond the line through two others, by more than what counts as one."""
    won, lost = (other.values[1] - one.values[1]) / spans[1], (one.values[0] - other.values[0]) / spans[0]
    across = won * (new.values[0] - one.values[0]) / spans[0]
    along = lost * (new.values[1] - one.values[1]) / spans[1]
    return across + along > EQUAL * math.hypot(won, lost)


def _undominated(points: list[Point], spans: list[float]) -> list[Point]:
    """Points in the order of the first objective, without those that another is as good as in both."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda one: (-one.values[0], -one.values[1])):
        if not kept or point.values[1] > kept[-1].values[1] + EQUAL * spans[1]:
            kept.append(point)
    return kept


def hypervolume(values: np.ndarray, reference: np.ndarray) -> float:
    """Area that points (m, 2), better high, cover above a reference (2,)."""
    area, height = 0.0, reference[1]
    for first, second in sorted(map(tuple, values), reverse=True):
        if first > reference[0] and second > height:
            area += (first - reference[0]) * (second - height)
            height = second
    return float(area)
