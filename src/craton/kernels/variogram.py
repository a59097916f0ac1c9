"""Variograms from data: half the mean squared difference of pairs by distance and direction.

With d = z(x) − z(y) over the N pairs of a lag,

| estimator | γ |
|---|---|
| matheron | Σ d² / 2N |
| cressie-hawkins | (Σ √|d| / N)⁴ / 2(0.457 + 0.494 / N) |
| dowd | 2.198 median(|d|)² / 2 |
| genton | (2.2191 Q)² / 2, Q the k-th smallest |dᵢ − dⱼ|, k = C(⌊N/2⌋ + 1, 2) |
| madogram | Σ |d| / 2N |
| cross | Σ d₁ d₂ / 2N of two variables |

References
----------
Matheron, G. (1963), Principles of geostatistics, Economic Geology 58(8), 1246–1266.

Cressie, N. and Hawkins, D. M. (1980), Robust estimation of the variogram: I, Mathematical Geology 12(2),
115–125, doi:10.1007/BF01035243.

Dowd, P. A. (1984), The variogram and kriging: robust and resistant estimators, in Geostatistics for
natural resources characterization, Reidel, 91–106.

Genton, M. G. (1998), Highly robust variogram estimation, Mathematical Geology 30(2), 213–221,
doi:10.1023/A:1021728614555.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from craton.kernels.threads import THREADS, share

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SQUARED, ABSOLUTE, ROOT = range(3)
"""Powers of a difference that are summed."""

DOWD, GENTON = 2.198, 2.2191

HAIR = 1e-9
"""Part of a lag by which a pair may be too far and still count to the nearer lag."""


class Direction(NamedTuple):
    """Which pairs count: along `unit` (3,) within an angle and, where finite, a distance of the axis.

    With `level`, those across `unit` within an angle and a distance of the plane that it stands on.
    """

    unit: Floats
    cosine: float
    bandwidth: float
    level: bool = False


EVERYWHERE = Direction(np.array([0.0, 0.0, 1.0]), 0.0, np.inf)
"""Pairs in all directions."""


def direction(azimuth: float, dip: float, tolerance: float, bandwidth: float = np.inf) -> Direction:
    """Direction of an azimuth (degrees clockwise from north) and dip (degrees downward).

    `tolerance` is the largest angle to it in degrees, `bandwidth` the largest distance of the end of the
    lag from the axis in metres.
    """
    turn, fall = np.radians(azimuth), np.radians(dip)
    unit = np.array([np.sin(turn) * np.cos(fall), np.cos(turn) * np.cos(fall), -np.sin(fall)])
    # A hair wider, so that a pair on the limit counts whatever the last digit is.
    cosine = max(float(np.cos(np.radians(min(tolerance, 90.0)))) - 1e-12, 0.0)
    return Direction(unit, cosine, bandwidth)


def horizontal(tolerance: float, bandwidth: float = np.inf) -> Direction:
    """All horizontal directions; `tolerance` in degrees and `bandwidth` in metres are from the horizontal."""
    return direction(0.0, 90.0, tolerance, bandwidth)._replace(level=True)


def pair_sums(
    places: Floats, first: Floats, second: Floats, width: float, count: int, way: Direction, power: int
) -> Floats:
    """Pairs, sums of distances and sums of differences by lag.

    Parameters
    ----------
    places : array (n, 3)
        Easting, northing, upward in metres, sorted by northing.
    first, second : array (n,)
        Values; `second` the same, or another variable of a cross-variogram.
    width : float
        Lag number k takes distances above k · width up to (k + 1) · width; pairs at one place are left out.
    count : int
        Number of lags.
    power : int
        `SQUARED`, `ABSOLUTE` or `ROOT` differences.

    Returns
    -------
    array (3, count)
        Number of pairs, sum of distances, sum of powers of differences (not halved).
    """
    axes = np.ascontiguousarray(places.T)

    def part(start: int) -> Floats:
        found = np.zeros((count + 1, 3))
        _add_pairs(axes, first, second, width, way, power, start, THREADS, found)
        return found

    total: Floats = np.sum(list(share(part, range(THREADS))), axis=0)[:-1].T
    return total


def pair_differences(
    places: Floats, values: Floats, width: float, counts: Whole, way: Direction
) -> list[Floats]:
    """Differences of all pairs by lag, of which `counts` are known from `pair_sums`, in no special order."""
    ends = np.concatenate([[0], np.cumsum(counts)])
    found = np.empty(ends[-1])
    _collect_pairs(places, values, width, way, ends[:-1].copy(), found)
    return [found[start:end] for start, end in pairwise(ends)]


def matheron(pairs: Floats, squares: Floats) -> Floats:
    """Classical estimate from sums of squares; NaN without pairs."""
    return _over(squares, 2.0 * pairs)


def cressie_hawkins(pairs: Floats, roots: Floats) -> Floats:
    """Robust estimate from sums of roots; NaN without pairs."""
    mean = _over(roots, pairs)
    value: Floats = mean**4 / (2.0 * (0.457 + _over(np.full(pairs.shape, 0.494), pairs)))
    return value


def _over(sums: Floats, counts: Floats) -> Floats:
    quotient: Floats = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return quotient


def dowd(differences: Floats) -> float:
    """Estimate from the median of the differences of one lag; NaN without pairs."""
    return float(0.5 * DOWD * np.median(np.abs(differences)) ** 2) if differences.size else np.nan


def genton(differences: Floats) -> float:
    """Estimate from Qₙ of the differences of one lag; NaN with fewer than two pairs.

    Pairs count with both signs of their difference only once, as they come, so places in another order
    could give another value; here that order is by northing.
    """
    if differences.size < 2:
        return np.nan
    half = differences.size // 2 + 1
    return float(0.5 * (GENTON * _order_of_gaps(np.sort(differences), half * (half - 1) // 2)) ** 2)


@njit(nogil=True, cache=True, error_model="numpy")
def _order_of_gaps(ordered: Floats, rank: int) -> float:
    """The `rank`-th smallest of all differences of `ordered` (n,), by bisection of its value."""
    low, high = -1.0, ordered[-1] - ordered[0]
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        count, end = 0, 0
        for start in range(ordered.size):
            while end < ordered.size and ordered[end] - ordered[start] <= middle:
                end += 1
            count += end - start - 1
        if count >= rank:
            high = middle
        else:
            low = middle
    found: float = high
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _distance(one: Floats, other: Floats) -> float:
    """Distance of two places (3,)."""
    squared = (other[0] - one[0]) ** 2 + (other[1] - one[1]) ** 2 + (other[2] - one[2]) ** 2
    distance: float = np.sqrt(squared)
    return distance


@njit(nogil=True, cache=True, error_model="numpy")
def _counts(way: Direction, one: Floats, other: Floats) -> bool:
    """Whether the lag vector of two places lies within the angle and the bandwidth."""
    along, squared = 0.0, 0.0
    for axis in range(3):
        part = other[axis] - one[axis]
        along += way.unit[axis] * part
        squared += part * part
    aligned = along * along
    aside = max(squared - aligned, 0.0)
    if way.level:
        aligned, aside = aside, aligned
    inside: bool = aligned >= way.cosine**2 * squared and aside <= way.bandwidth**2
    return inside


@njit(nogil=True, cache=True, error_model="numpy")
def _add_pairs(
    axes: Floats,
    first: Floats,
    second: Floats,
    width: float,
    way: Direction,
    power: int,
    start: int,
    step: int,
    found: Floats,
) -> None:
    """Add the pairs of every `step`-th place from `start` on to `found` (lags + 1, 3).

    `axes` is (3, n). The last row takes what belongs to no lag, so that the loop has no branch.
    """
    count, places = found.shape[0] - 1, axes.shape[1]
    inverse, beyond = 1.0 / width, count + 1.0
    everywhere = way.cosine <= 0.0 and way.bandwidth == np.inf
    distances, lags = np.empty(places), np.empty(places, np.int32)
    for one in range(start, places, step):
        here = axes[:, one].copy()
        end = np.searchsorted(axes[1], here[1] + width * count, side="right")
        for other in range(one + 1, end):
            east, north, up = axes[0, other] - here[0], axes[1, other] - here[1], axes[2, other] - here[2]
            distance = np.sqrt(east * east + north * north + up * up)
            distances[other] = distance
            lag = np.int32(min(np.ceil(distance * inverse - HAIR), beyond)) - 1
            lags[other] = lag if lag >= 0 else count
        for other in range(one + 1, end):
            lag = lags[other]
            if not (everywhere or _counts(way, here, axes[:, other])):
                lag = count
            difference = first[other] - first[one]
            if power == SQUARED:
                size = difference * (second[other] - second[one])
            elif power == ABSOLUTE:
                size = abs(difference)
            else:
                size = np.sqrt(abs(difference))
            found[lag, 0] += 1.0
            found[lag, 1] += distances[other]
            found[lag, 2] += size


@njit(nogil=True, cache=True, error_model="numpy")
def _collect_pairs(
    places: Floats, values: Floats, width: float, way: Direction, ends: Whole, found: Floats
) -> None:
    """Write the difference of every pair to `found` at the end of its lag, which moves on."""
    reach = width * ends.size
    for one in range(places.shape[0]):
        for other in range(one + 1, places.shape[0]):
            if places[other, 1] - places[one, 1] > reach:
                break
            lag = int(np.ceil(_distance(places[one], places[other]) / width - HAIR)) - 1
            if lag >= ends.size or lag < 0 or not _counts(way, places[one], places[other]):
                continue
            found[ends[lag]] = values[other] - values[one]
            ends[lag] += 1
