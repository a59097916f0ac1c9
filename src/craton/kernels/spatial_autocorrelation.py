"""Spatial autocorrelation: Moran's I, its local parts, and the G statistics of Getis and Ord."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array

from craton.kernels.threads import THREADS, share

Floats = NDArray[np.float64]

TIE = 1e-12
"""Part of its scale by which a drawn statistic may miss the observed one and still equal it."""

BATCH = 64
"""Permutations that are taken together."""


class Moran(NamedTuple):
    """Moran's I, its expectation without autocorrelation, and its variance under two assumptions."""

    value: float
    expected: float
    variance_normal: float
    variance_random: float


def weight_sums(weights: csr_array) -> tuple[float, float, float]:
    """S0 = Σ w_ij, S1 = ½ Σ (w_ij + w_ji)², S2 = Σ (w_i. + w_.i)² of weights (n, n)."""
    both = weights + weights.T
    rows, columns = np.asarray(weights.sum(axis=1)).ravel(), np.asarray(weights.sum(axis=0)).ravel()
    return float(weights.sum()), 0.5 * float((both.data**2).sum()), float(((rows + columns) ** 2).sum())


def moran(values: Floats, weights: csr_array) -> Moran:
    """Moran's I of values (n,) that differ, n of 4 or more, with its moments.

    Notes
    -----
    I = (n/S0) Σ w_ij z_i z_j/Σ z_i² with z = x − mean; E = −1/(n − 1). Normal: the values are independent
    draws of one normal distribution. Random: each order of the values is as likely, with b = n Σ z⁴/(Σ z²)².

    References
    ----------
    Cliff, A. D., and Ord, J. K. (1981). Spatial processes: models and applications. Pion, p. 17 and 21.
    """
    n = values.size
    s0, s1, s2 = weight_sums(weights)
    z = values - values.mean()
    squares = float(z @ z)
    expected = -1.0 / (n - 1)
    normal = (n * n * s1 - n * s2 + 3 * s0**2) / ((n * n - 1) * s0**2) - expected**2
    peaked = n * float((z**4).sum()) / squares**2
    first = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    second = peaked * (n * (n - 1) * s1 - 2 * n * s2 + 6 * s0**2)
    random = (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2
    return Moran(n / s0 * float(z @ (weights @ z)) / squares, expected, normal, random)


def moran_permuted(values: Floats, weights: csr_array, permutations: int, seed: int) -> Floats:
    """Moran's I (permutations,) of values (n,) in random orders."""
    random = np.random.default_rng(seed)
    z = values - values.mean()
    scale = z.size / float(weights.sum()) / float(z @ z)
    found = np.empty(permutations)
    for start in range(0, permutations, BATCH):
        drawn = np.column_stack([random.permutation(z) for _ in range(min(BATCH, permutations - start))])
        found[start : start + BATCH] = scale * np.einsum("ij,ij->j", drawn, weights @ drawn)
    return found


def two_sided(value: float, expected: float, drawn: Floats) -> float:
    """Share of the draws, the value itself among them, that lie as far from `expected` or farther."""
    far = abs(value - expected) * (1.0 - TIE)
    return float((1 + (np.abs(drawn - expected) >= far).sum()) / (1 + drawn.size))


def local_moran(values: Floats, weights: csr_array) -> tuple[Floats, Floats]:
    """Local Moran's I (n,), and the standard values' spatial lag (n,) that it is made from.

    Notes
    -----
    I_i = z_i Σ_j w_ij z_j with z = (x − mean)/deviation, the deviation divided by n. Σ I_i = S0 I.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association: LISA. Geographical Analysis 27(2), 93-115.
    doi:10.1111/j.1538-4632.1995.tb00338.x
    """
    z = (values - values.mean()) / values.std()
    lag = np.asarray(weights @ z)
    return z * lag, lag


def local_chance(values: Floats, weights: csr_array, permutations: int, seed: int) -> Floats:
    """Chance (n,) of a lag as high, or as low, where the neighbours are drawn from all other units.

    Parameters
    ----------
    values : array (n,)
        Of the units.
    weights : csr_array (n, n)
        Alike within each row.
    permutations : int
        Draws for each unit.
    seed : int
        Of the draws; they do not depend on how the work is shared out.

    Returns
    -------
    array (n,)
        (1 + min(draws ≥ observed, draws ≤ observed))/(1 + permutations), at most 1.
    """
    z = (values - values.mean()) / values.std()
    bounds = np.linspace(0, z.size, 4 * THREADS + 1).astype(np.int64)
    starts = weights.indptr.astype(np.int64)
    others = weights.indices.astype(np.int64)

    def part(number: int) -> NDArray[np.int64]:
        counts: NDArray[np.int64] = _drawn(
            z, starts, others, bounds[number], bounds[number + 1], permutations, np.uint64(seed)
        )
        return counts

    counts = np.concatenate(list(share(part, range(4 * THREADS))))
    return np.asarray(np.minimum((1.0 + counts.min(axis=1)) / (1.0 + permutations), 1.0))


@njit(nogil=True, cache=True, error_model="numpy")
def _mixed(state: np.uint64) -> np.uint64:
    """A number of 64 bits that looks random, from its place in a sequence (SplitMix64)."""
    mixed = state * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


@njit(nogil=True, cache=True, error_model="numpy")
def _drawn(
    z: np.ndarray,
    starts: np.ndarray,
    others: np.ndarray,
    first: int,
    last: int,
    permutations: int,
    seed: np.uint64,
) -> np.ndarray:
    """Draws (last − first, 2) of each unit whose sum over neighbours is at least, or at most, as observed."""
    counts = np.zeros((last - first, 2), np.int64)
    taken = np.full(z.size, -1, np.int64)
    stamp = 0
    for unit in range(first, last):
        near = starts[unit + 1] - starts[unit]
        observed = 0.0
        for at in range(starts[unit], starts[unit + 1]):
            observed += z[others[at]]
        slack = TIE * (1.0 + abs(observed))
        state = _mixed(_mixed(seed + np.uint64(1)) + np.uint64(unit))
        for _draw in range(permutations):
            total = 0.0
            # A set of `near` of the n − 1 others, each as likely (Floyd's way).
            for most in range(z.size - 1 - near, z.size - 1):
                state += np.uint64(1)
                pick = np.int64((_mixed(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0) * (most + 1))
                chosen = most if taken[pick] == stamp else pick
                taken[chosen] = stamp
                total += z[chosen if chosen < unit else chosen + 1]
            stamp += 1
            counts[unit - first, 0] += total >= observed - slack
            counts[unit - first, 1] += total <= observed + slack
    return counts


def general_g(values: Floats, weights: csr_array) -> tuple[float, float, float]:
    """General G of values (n,) of at least 0, n of 4 or more, its expectation and its variance.

    Notes
    -----
    G = Σ w_ij x_i x_j/Σ_{i≠j} x_i x_j, E = S0/(n(n − 1)); the variance is over all orders of the values.

    References
    ----------
    Getis, A., and Ord, J. K. (1992). The analysis of spatial association by use of distance statistics.
    Geographical Analysis 24(3), 189-206, eq. 6-8. doi:10.1111/j.1538-4632.1992.tb00261.x
    """
    n = values.size
    s0, s1, s2 = weight_sums(weights)
    # Only ratios count, and powers of 4 of large numbers would lose digits.
    x = values / values.mean()
    m1, m2, m3, m4 = (float((x**power).sum()) for power in (1, 2, 3, 4))
    b0 = (n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0**2
    b1 = -((n * n - n) * s1 - 2 * n * s2 + 6 * s0**2)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * s0**2)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0**2
    b4 = s1 - s2 + s0**2
    orders = n * (n - 1) * (n - 2) * (n - 3)
    square = b0 * m2**2 + b1 * m4 + b2 * m1**2 * m2 + b3 * m1 * m3 + b4 * m1**4
    expected = s0 / (n * (n - 1))
    value = float(x @ (weights @ x)) / (m1**2 - m2)
    return value, expected, square / ((m1**2 - m2) ** 2 * orders) - expected**2


def local_g(values: Floats, weights: csr_array, *, itself: bool) -> Floats:
    """Standard score (n,) of the local G of each unit: Gi*, which counts the unit itself, or Gi.

    Parameters
    ----------
    values : array (n,)
        Of the units, n of 3 or more, which differ.
    weights : csr_array (n, n)
        With an empty diagonal.
    itself : bool
        Whether the unit counts with a weight of 1.

    Returns
    -------
    array (n,)
        NaN where all units are neighbours, or all that may be drawn are the same.

    References
    ----------
    Ord, J. K., and Getis, A. (1995). Local spatial autocorrelation statistics: distributional issues and an
    application. Geographical Analysis 27(4), 286-306, eq. 14. doi:10.1111/j.1538-4632.1995.tb00912.x
    """
    x = (values - values.mean()) / values.std()
    own = 1.0 if itself else 0.0
    total = np.asarray(weights.sum(axis=1)).ravel() + own
    squares = np.asarray((weights**2).sum(axis=1)).ravel() + own
    sums = np.asarray(weights @ x) + own * x
    count = x.size if itself else x.size - 1
    mean = np.zeros(x.size) if itself else -x / count
    spread = np.full(x.size, 1.0) if itself else (x.size - x**2) / count - mean**2
    room = (count * squares - total**2) / (count - 1)
    usable = (room > TIE * count) & (spread > TIE)
    scale = np.sqrt(np.where(usable, spread * room, 1.0))
    return np.where(usable, (sums - total * mean) / scale, np.nan)
