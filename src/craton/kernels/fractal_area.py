"""Fractal area models: how much lies above each value, and where its logarithmic curve breaks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float64]

FEWEST = 3
"""Points of a line, at least: two always fit."""

LEAST_SHARE = 0.05
"""Part of all points that a line has, at least."""

EXACT = 1e-12
"""Part of the variance of a curve below which a misfit is rounding, and no reason for another line."""


class Curve(NamedTuple):
    """Ascending values (n,), and the area, number or volume (n,) at or above each of them."""

    values: Floats
    areas: Floats


class Lines(NamedTuple):
    """Straight lines (k,) that follow a curve one after the other.

    `starts` are their first points, `breaks` (k - 1,) the places between them.
    """

    starts: NDArray[np.intp]
    slopes: Floats
    intercepts: Floats
    r2: Floats
    breaks: Floats


def area_above(values: Floats, areas: Floats | None, levels: int) -> Curve:
    """Area at or above each of many levels, evenly spaced in the logarithm of the value.

    Parameters
    ----------
    values : array (n,)
        Above 0 and finite, one or more.
    areas : array (n,), optional
        What each value counts for; 1 where left out.
    levels : int
        Levels from the least to the largest value, 2 or more.

    Returns
    -------
    Curve
        Each level is moved up to the next value that is there, so that its area is exact and there are no
        steps without a value; levels that meet are one.
    """
    order = np.argsort(values) if areas is None else np.lexsort((areas, values))
    ascending = values[order]
    weights = np.ones(values.size) if areas is None else areas[order]
    above = np.cumsum(weights[::-1])[::-1]
    steps = np.geomspace(ascending[0], ascending[-1], levels)
    steps[-1] = ascending[-1]
    at = np.unique(np.searchsorted(ascending, steps))
    return Curve(ascending[at], above[at])


def piecewise_lines(places: Floats, heights: Floats, *, count: int | None, most: int) -> Lines:
    """Best fit of a curve by straight lines, one after the other.

    Parameters
    ----------
    places, heights : array (n,)
        The curve, by ascending place; three points or more.
    count : int, optional
        Lines; where left out, as many as the Bayesian information criterion asks for, up to `most`.
    most : int
        Lines at most, where `count` is left out. Both are less where there are too few points.

    Notes
    -----
    Of all ways to part the points, that with the least sum of squares is found by dynamic programming
    (Bellman and Roth 1969). Each line has three points at least, and one in twenty of all. With k lines
    BIC = n ln(S/n) + (3k - 1) ln n. A break is where two lines cross, if that is between their points, else
    the middle between them.

    References
    ----------
    Bellman, R. and Roth, R. (1969), Curve fitting by segmented straight lines, Journal of the American
    Statistical Association 64(327), 1079-1084.

    Schwarz, G. (1978), Estimating the dimension of a model, The Annals of Statistics 6(2), 461-464.
    """
    number = places.size
    least = max(FEWEST, int(np.ceil(LEAST_SHARE * number)))
    limit = max(1, min(most if count is None else count, number // least))
    costs = _line_costs(places, heights)
    partings, misfits = _best_partings(costs, limit, least)
    chosen = limit if count is not None else _by_information(misfits, number, float(costs[0, -1]), heights)
    starts = np.array(partings[chosen - 1], dtype=np.intp)
    return _fitted(places, heights, starts)


def _line_costs(places: Floats, heights: Floats) -> Floats:
    """Sum of squares (first, last) about the line through the points from first to last."""
    x, y = places - places.mean(), heights - heights.mean()
    sums = [np.concatenate([[0.0], np.cumsum(one)]) for one in (x, y, x * x, x * y, y * y)]
    sx, sy, sxx, sxy, syy = (one[None, 1:] - one[:-1, None] for one in sums)
    order = np.arange(x.size)
    counts = np.maximum(order[None, :] - order[:, None] + 1.0, 1.0)
    spread, slope, height = sxx - sx**2 / counts, sxy - sx * sy / counts, syy - sy**2 / counts
    explained = np.divide(slope**2, spread, out=np.zeros_like(spread), where=spread > 0)
    return np.asarray(np.maximum(height - explained, 0.0))


def _best_partings(costs: Floats, limit: int, least: int) -> tuple[list[list[int]], Floats]:
    """First points of 1, 2, … `limit` lines, and the sum of squares of each parting."""
    number = costs.shape[0]
    best = costs[0].copy()
    best[: least - 1] = np.inf
    ways: list[list[list[int]]] = [[[0] for _ in range(number)]]
    misfits = [best[-1]]
    for _ in range(1, limit):
        reached = np.full(number, np.inf)
        way: list[list[int]] = [[0] for _ in range(number)]
        for last in range(2 * least - 1, number):
            firsts = np.arange(least, last - least + 2)
            totals = best[firsts - 1] + costs[firsts, last]
            least_at = int(np.argmin(totals))
            reached[last] = totals[least_at]
            way[last] = [*ways[-1][firsts[least_at] - 1], int(firsts[least_at])]
        best = reached
        ways.append(way)
        misfits.append(best[-1])
    return [way[-1] for way in ways], np.array(misfits)


def _by_information(misfits: Floats, number: int, one_line: float, heights: Floats) -> int:
    """Number of lines with the least Bayesian information criterion."""
    total = float(np.sum((heights - heights.mean()) ** 2))
    floor = EXACT * total or float(np.finfo(float).tiny)
    if one_line <= floor:
        return 1
    lines = np.arange(1, misfits.size + 1)
    scores = number * np.log(np.maximum(misfits, floor) / number) + (3 * lines - 1) * np.log(number)
    return int(np.argmin(scores)) + 1


def _fitted(places: Floats, heights: Floats, starts: NDArray[np.intp]) -> Lines:
    ends = np.append(starts[1:], places.size)
    parts = [slice(a, b) for a, b in zip(starts, ends, strict=True)]
    found = np.array([_line(places[part], heights[part]) for part in parts])
    slopes, intercepts, r2 = found.T
    gaps = [(places[at - 1], places[at]) for at in starts[1:]]
    breaks = [_crossing(slopes[n : n + 2], intercepts[n : n + 2], gap) for n, gap in enumerate(gaps)]
    return Lines(starts, slopes, intercepts, r2, np.array(breaks, dtype=np.float64))


def _line(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Slope, intercept and part of the variance explained."""
    across, up = x - x.mean(), y - y.mean()
    slope = float(across @ up) / float(across @ across)
    total = float(up @ up)
    left = up - slope * across
    return slope, float(y.mean() - slope * x.mean()), 1.0 - float(left @ left) / total if total else 1.0


def _crossing(slopes: Floats, intercepts: Floats, gap: tuple[float, float]) -> float:
    turn = float(slopes[0] - slopes[1])
    cross = float(intercepts[1] - intercepts[0]) / turn if turn else np.nan
    return cross if gap[0] <= cross <= gap[1] else (gap[0] + gap[1]) / 2


def waves_of(field: Floats) -> Floats:
    """Amplitudes of the cosine waves of a finite field (rows, columns), as if mirrored at its edges.

    Notes
    -----
    The orthonormal cosine transform: the squares of the amplitudes add up to those of the field. Wave
    (i, j) has i half waves along the rows and j along the columns.
    """
    amplitudes: Floats = fft.dctn(field, type=2, norm="ortho", workers=2)
    return amplitudes


def field_of(waves: Floats) -> Floats:
    """Field of cosine waves; the inverse of `waves_of`."""
    field: Floats = fft.idctn(waves, type=2, norm="ortho", workers=2)
    return field
