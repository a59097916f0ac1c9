"""Trend of series of any distribution: Mann–Kendall test, Sen's slope, seasons, pre-whitening.

For the values x of a series at the times t, over all pairs i < j of different times,

    S = Σ sgn(x_j − x_i),   b = median of (x_j − x_i) / (t_j − t_i),   τ = S / number of pairs,

    var S = [n(n−1)(2n+5) − Σ p(p−1)(2p+5) − Σ q(q−1)(2q+5)] / 18
            + Σ p(p−1)(p−2) Σ q(q−1)(q−2) / [9 n(n−1)(n−2)] + Σ p(p−1) Σ q(q−1) / [2 n(n−1)]

with the numbers p of equal values and q of equal times. z = (S − sgn S) / √var S is compared with a normal
law. With seasons, S, var S and the pairs are those within each season, added up, and their times are whole
years (Hirsch et al. 1982).

The limits of the slope are the slopes of rank (N ∓ C) / 2 (the upper one plus 1) among all N, with
C = z_c √var S, linear between ranks (Gilbert 1987).

Pre-whitening takes the autocorrelation r of neighbours in time out of the series before the test, as it makes
trends of chance look sure: y_i = x_i − r x_{i−1} (von Storch 1995); or, so that the trend itself is not taken
for autocorrelation, of the series without Sen's trend, which is added again afterwards (Yue et al. 2002).
With gaps r is the mean product of neighbours over the mean square, so that a pair that is not there does not
count as one without likeness.

References
----------
Mann, H. B. (1945). Nonparametric tests against trend. Econometrica 13(3), 245-259. doi:10.2307/1907187
Kendall, M. G. (1975). Rank correlation methods, 4th ed. Griffin, London.
Sen, P. K. (1968). Estimates of the regression coefficient based on Kendall's tau. Journal of the American
Statistical Association 63, 1379-1389. doi:10.1080/01621459.1968.10480934
Hirsch, R. M., Slack, J. R. and Smith, R. A. (1982). Techniques of trend analysis for monthly water quality
data. Water Resources Research 18(1), 107-121. doi:10.1029/WR018i001p00107
Gilbert, R. O. (1987). Statistical methods for environmental pollution monitoring. Van Nostrand Reinhold,
chapters 16 and 17.
von Storch, H. (1995). Misuses of statistical analysis in climate research. In: Analysis of climate
variability, Springer, 11-26.
Yue, S., Pilon, P., Phinney, B. and Cavadias, G. (2002). The influence of autocorrelation on the ability to
detect trend in hydrological series. Hydrological Processes 16, 1807-1829. doi:10.1002/hyp.1095
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import erfc, ndtri

from craton.kernels.threads import THREADS, do_all

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

NOT_WHITENED, WHITENED, TREND_FREE = 0, 1, 2
"""Ways of pre-whitening: none, von Storch's, and that of Yue et al."""

SURE = 1.959963984540054
"""Normal quantile of the two-sided limits of 95 % beyond which an autocorrelation is taken for one."""

NEIGHBOUR = 1.5
"""Steps up to which two values count as neighbours in time."""

FEW = 14
"""Numbers so few that they are sorted at once."""

FIELDS = 9


class Trend(NamedTuple):
    """Trend of each series: arrays (m,), NaN where a series has too few values."""

    number: Floats
    score: Floats
    variance: Floats
    z: Floats
    p: Floats
    tau: Floats
    slope: Floats
    lower: Floats
    upper: Floats
    start: Floats
    autocorrelation: Floats


class Way(NamedTuple):
    """How a series is tested; see `mann_kendall`."""

    seasons: int
    whitening: int
    only_sure: bool
    quantile: float
    step: float
    least: int
    first: float


class Room(NamedTuple):
    """Arrays that one thread works in: values, times and seasons there are; those of a part; slopes."""

    values: Floats
    times: Floats
    seasons: Whole
    part: Floats
    part_times: Floats
    ordered: Floats
    slopes: Floats
    spare: Floats


def mann_kendall(
    values: Floats,
    times: Floats,
    *,
    seasons: Whole | None = None,
    whitening: int = NOT_WHITENED,
    only_sure: bool = True,
    confidence: float = 0.95,
    least: int = 4,
) -> Trend:
    """Mann–Kendall test and Sen's slope of many series.

    Parameters
    ----------
    values : array (m, n)
        Series, NaN where there is no value.
    times : array (n,)
        Times in ascending order; equal ones are no pairs. With seasons in years.
    seasons : array of int (n,), optional
        Season of each time from 0; only times of one season and of different whole years are compared.
    whitening : int
        `NOT_WHITENED`, `WHITENED` or `TREND_FREE`; with one season only.
    only_sure : bool
        Whether an autocorrelation within its 95 % limits is left in.
    confidence : float
        Of the limits of the slope, above 0 and below 1.
    least : int
        Fewest values, 4 or more.

    Returns
    -------
    Trend
        `start` is the value of Sen's line at the first of `times`. Slope and limits are those of the series
        as it is; with pre-whitening the score, its variance, z, p and τ are those of the whitened series. A
        series of one value has z 0 and p 1. Limits are NaN where so few pairs give none.
    """
    codes = np.zeros(times.size, np.int64) if seasons is None else np.ascontiguousarray(seasons)
    way = Way(
        int(codes.max(initial=0)) + 1, whitening, only_sure, float(ndtri(0.5 + confidence / 2)),
        float(np.median(np.diff(times))) if times.size > 1 else 1.0, least,
        float(times[0]) if times.size else 0.0,
    )  # fmt: skip
    found = np.full((values.shape[0], FIELDS), np.nan)
    cells, axis = np.ascontiguousarray(values, np.float64), np.ascontiguousarray(times, np.float64)
    edges = np.linspace(0, values.shape[0], THREADS * 4 + 1 if values.shape[0] > FEW else 2).astype(int)
    do_all(lambda ends: _all(ends[0], ends[1], cells, axis, codes, way, found), pairwise(edges.tolist()))
    count, score, variance, pairs, *rest = found.T
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, (score - np.sign(score)) / np.sqrt(variance), 0.0 * score)
        tau = score / pairs
    return Trend(count, score, variance, z, erfc(np.abs(z) / np.sqrt(2.0)), tau, *rest)


@njit(nogil=True, cache=True, error_model="numpy")
def _all(
    first: int, last: int, values: Floats, times: Floats, seasons: Whole, way: Way, found: Floats
) -> None:
    """Trends of the series `first` to `last` into `found` (m, 9)."""
    size = times.size
    most = max(size * (size - 1) // 2, 1)
    room = Room(
        np.empty(size), np.empty(size), np.empty(size, np.int64), np.empty(size), np.empty(size),
        np.empty(size), np.empty(most), np.empty(most),
    )  # fmt: skip
    for row in range(first, last):
        count = 0
        for column in range(size):
            value = values[row, column]
            if not np.isnan(value):
                room.values[count], room.times[count] = value, times[column]
                room.seasons[count] = seasons[column]
                count += 1
        found[row, 0] = count
        if count >= way.least:
            _one(count, way, room, found[row])


@njit(nogil=True, cache=True, error_model="numpy")
def _one(count: int, way: Way, room: Room, found: Floats) -> None:
    """Trend of one series of `count` values, which stand in `room`."""
    score, variance, pairs = 0.0, 0.0, 0
    for season in range(way.seasons):
        many = 0
        for place in range(count):
            if room.seasons[place] == season:
                time = room.times[place]
                room.part[many] = room.values[place]
                room.part_times[many] = np.floor(time) if way.seasons > 1 else time
                many += 1
        added, pairs = _score(many, room, pairs)
        score += added
        variance += _variance(many, room)
    if pairs == 0:
        return
    found[4], found[5], found[6] = _slope(pairs, way.quantile * np.sqrt(variance), room)
    found[7] = _start(count, found[4], way, room)
    if way.whitening != NOT_WHITENED:
        many, found[8] = _whiten(count, found[4], way, room)
        if 0 < many < way.least:
            return
        if many > 0:
            score, pairs = _score(many, room, 0)
            variance = _variance(many, room)
    found[1], found[2], found[3] = score, variance, pairs


@njit(nogil=True, cache=True, error_model="numpy")
def _order(values: Floats, count: int, ordered: Floats) -> None:
    """Put the first `count` of `values` in order into `ordered`."""
    for place in range(count):
        ordered[place] = values[place]
    _sort(ordered, count)


@njit(nogil=True, cache=True, error_model="numpy")
def _start(count: int, slope: float, way: Way, room: Room) -> float:
    """Value at the first time of the line of `slope` through the medians of values and of times."""
    if way.seasons > 1:
        _order(room.values, count, room.ordered)
    low, high = (count - 1) // 2, count // 2
    middle = 0.5 * (room.times[low] + room.times[high])
    level = 0.5 * (room.ordered[low] + room.ordered[high])
    return float(level + slope * (way.first - middle))


@njit(nogil=True, cache=True, error_model="numpy")
def _score(count: int, room: Room, first: int) -> tuple[float, int]:
    """Sum of signs over all pairs of the part, whose slopes are put from place `first` on."""
    values, times, slopes = room.part, room.part_times, room.slopes
    signs, place = 0, first
    for one in range(count - 1):
        value, time = values[one], times[one]
        later = one + 1
        while later < count and times[later] == time:
            later += 1
        for other in range(later, count):
            step = values[other] - value
            slopes[place + other - later] = step / (times[other] - time)
            signs += int(step > 0.0) - int(step < 0.0)
        place += count - later
    return float(signs), place


@njit(nogil=True, cache=True, error_model="numpy")
def _ties(ordered: Floats, count: int) -> tuple[float, float, float]:
    """Σ p(p−1)(2p+5), Σ p(p−1)(p−2) and Σ p(p−1) over the numbers p of equal values in order."""
    whole, third, second = 0.0, 0.0, 0.0
    first = 0
    for place in range(1, count + 1):
        if place == count or ordered[place] != ordered[first]:
            p = float(place - first)
            whole += p * (p - 1.0) * (2.0 * p + 5.0)
            third += p * (p - 1.0) * (p - 2.0)
            second += p * (p - 1.0)
            first = place
    return whole, third, second


@njit(nogil=True, cache=True, error_model="numpy")
def _variance(count: int, room: Room) -> float:
    """Variance of the score of the part, with equal values and equal times taken into account."""
    if count < 2:
        return 0.0
    ordered = room.ordered
    _order(room.part, count, ordered)
    values, values_third, values_second = _ties(ordered, count)
    times, times_third, times_second = _ties(room.part_times, count)
    n = float(count)
    found = (n * (n - 1.0) * (2.0 * n + 5.0) - values - times) / 18.0
    if count > 2:
        found += values_third * times_third / (9.0 * n * (n - 1.0) * (n - 2.0))
    return found + values_second * times_second / (2.0 * n * (n - 1.0))


@njit(nogil=True, cache=True, error_model="numpy")
def _slope(pairs: int, spread: float, room: Room) -> tuple[float, float, float]:
    """Median of the slopes, and the slopes of rank (pairs ∓ spread) / 2, NaN where there are none."""
    slopes, spare = room.slopes, room.spare
    slope = _at(slopes, spare, pairs, 0.5 * (pairs - 1))
    lower, upper = 0.5 * (pairs - spread) - 1.0, 0.5 * (pairs + spread)
    if lower < 0.0 or upper > pairs - 1.0:
        return slope, np.nan, np.nan
    return slope, _at(slopes, spare, pairs, lower), _at(slopes, spare, pairs, upper)


@njit(nogil=True, cache=True, error_model="numpy")
def _at(values: Floats, spare: Floats, count: int, place: float) -> float:
    """Value at a `place` in order, counted from 0, that need not be whole."""
    whole = int(place)
    found, following = _select(values, spare, count, whole)
    part = place - whole
    # At equal weight the mean of both, as others take it to the last digit.
    if part == 0.5:
        return 0.5 * (found + following)
    return found + part * (following - found) if part > 0.0 else found


@njit(nogil=True, cache=True, error_model="numpy")
def _select(values: Floats, spare: Floats, count: int, rank: int) -> tuple[float, float]:
    """Value at `rank` in order among the first `count`, and the one after it; `values` stay as they are.

    What cannot be the answer is left out without a branch that the processor could guess wrong.
    """
    source, above = values, np.inf
    while count > FEW:
        quarter = count // 4
        one, two, three = source[quarter], source[2 * quarter], source[3 * quarter]
        pivot = max(min(one, two), min(max(one, two), three))
        less, equal, kept = 0, 0, 0
        for place in range(count):
            less += int(source[place] < pivot)
            equal += int(source[place] == pivot)
        if less <= rank < less + equal:
            return pivot, pivot if rank + 1 < less + equal else _least_above(source, count, pivot, above)
        if rank < less:
            above = pivot
            for place in range(count):
                value = source[place]
                spare[kept] = value
                kept += int(value < pivot)
        else:
            rank -= less + equal
            for place in range(count):
                value = source[place]
                spare[kept] = value
                kept += int(value > pivot)
        source, count = spare, kept
    for place in range(count):
        spare[place] = source[place]
    _sort(spare, count)
    return spare[rank], spare[rank + 1] if rank + 1 < count else above


@njit(nogil=True, cache=True, error_model="numpy")
def _least_above(values: Floats, count: int, bound: float, most: float) -> float:
    """Least of the first `count` values above `bound`, and of `most`."""
    found = most
    for place in range(count):
        if bound < values[place] < found:
            found = values[place]
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _sort(values: Floats, count: int) -> None:
    """Sort the first `count` values by insertion: few, or no more work than their pairs are."""
    for place in range(1, count):
        value = values[place]
        other = place - 1
        while other >= 0 and values[other] > value:
            values[other + 1] = values[other]
            other -= 1
        values[other + 1] = value


@njit(nogil=True, cache=True, error_model="numpy")
def _whiten(count: int, slope: float, way: Way, room: Room) -> tuple[int, float]:
    """Whiten the series into the part: how many values it has, 0 where nothing is done; autocorrelation."""
    rest, times = room.ordered, room.times
    steep = slope if way.whitening == TREND_FREE else 0.0
    mean = 0.0
    for place in range(count):
        rest[place] = room.values[place] - steep * (times[place] - times[0])
        mean += rest[place] / count
    power, product, pairs = 0.0, 0.0, 0
    for place in range(count):
        power += (rest[place] - mean) ** 2
        if place > 0 and times[place] - times[place - 1] <= NEIGHBOUR * way.step:
            product += (rest[place] - mean) * (rest[place - 1] - mean)
            pairs += 1
    if power == 0.0 or pairs < 2:
        return 0, 0.0
    shared = product / power
    if pairs < count - 1:
        # At most 1, as the mean product of few neighbours may be above the mean square of all.
        shared = max(min(shared * (count - 1.0) / pairs, 1.0), -1.0)
    if way.only_sure and abs(shared + 1.0 / pairs) <= SURE * np.sqrt(pairs - 1.0) / pairs:
        return 0, shared
    many = 0
    for place in range(1, count):
        if times[place] - times[place - 1] <= NEIGHBOUR * way.step:
            whitened = rest[place] - shared * rest[place - 1]
            room.part[many] = whitened + steep * (times[place] - times[0])
            room.part_times[many] = times[place]
            many += 1
    return many, shared
