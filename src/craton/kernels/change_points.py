"""One change of level in a series: where it lies, and how sure it is.

Pettitt's test takes ranks r and asks for no law of the distribution:

    U_k = 2 Σ_{i≤k} r_i − k (n + 1),   K = max |U_k|,   p ≈ 2 exp[−6 K² / (n³ + n²)].

The largest F compares the sum of squares R_0 about one mean with R_k about two, one on each side:

    F_k = (R_0 − R_k) / [R_k / (n − 2)],   sup F = max F_k over the inner part of the series,

    p ≈ √c e^{−c/2} / √(2π) · [(1 − 1/c) ln((1 − h)² / h²) + 4/c],   c = sup F, h trimmed at each end,

an expansion for large c, within about a tenth of p where p is below 0.1. The cumulated sum of residuals e
about the mean asks whether the mean is one at all:

    W_k = Σ_{i≤k} e_i / (s √n),   s² = Σ e² / (n − 1),   p = P(sup |Brownian bridge| > max |W_k|).

References
----------
Pettitt, A. N. (1979). A non-parametric approach to the change-point problem. Applied Statistics 28(2),
126-135. doi:10.2307/2346729
Andrews, D. W. K. (1993). Tests for parameter instability and structural change with unknown change point.
Econometrica 61(4), 821-856. doi:10.2307/2951764
Vostrikova, L. Ju. (1981). Detection of a "disorder" in a Wiener process. Theory of Probability and its
Applications 26(2), 356-362.
Ploberger, W. and Krämer, W. (1992). The CUSUM test with OLS residuals. Econometrica 60(2), 271-285.
doi:10.2307/2951597
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov

Floats = NDArray[np.float64]

ROUNDING = 8 * np.finfo(np.float64).eps
"""Part of the largest value below which residuals are those of rounding."""


class Change(NamedTuple):
    """A change after the first `place` values, 0 where the series has one value only."""

    statistic: float
    p: float
    place: int


def pettitt(values: Floats) -> Change:
    """Pettitt's test of `values` (n,) in order of time, without gaps; of equal sums the first counts."""
    size = values.size
    _levels, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    sums = np.abs(2.0 * np.cumsum(ranks) - np.arange(1, size + 1) * (size + 1.0))[:-1]
    place = int(np.argmax(sums))
    statistic = float(sums[place])
    if statistic == 0.0:
        return Change(0.0, 1.0, 0)
    chance = 2.0 * math.exp(-6.0 * statistic**2 / (size**3 + size**2))
    return Change(statistic, min(1.0, chance), place + 1)


def largest_f(values: Floats, *, trim: float = 0.15) -> Change:
    """Largest F of a change of the mean of `values` (n,); `trim` (above 0, below 0.5) left out at each end.

    A step without any scatter has an infinite statistic and p 0.
    """
    size = values.size
    rest = _residuals(values)
    first = max(int(trim * size), 1)
    before = np.arange(first, size - first + 1)
    sums = np.cumsum(rest)[before - 1]
    total = float(np.sum(rest**2))
    # Of a sum of 0, the sum before a place is minus that behind it.
    between = sums**2 * (1.0 / before + 1.0 / (size - before))
    best = int(np.argmax(between))
    within = total - float(between[best])
    if total == 0.0 or between[best] == 0.0:
        return Change(0.0, 1.0, 0)
    statistic = math.inf if within <= 1e-14 * total else float(between[best]) / (within / (size - 2))
    return Change(statistic, _beyond(statistic, trim), int(before[best]))


def _residuals(values: Floats) -> Floats:
    """Values less their mean; 0 of a series of one value, whose mean may differ from it by rounding."""
    rest = values - values.mean()
    small = np.abs(rest).max() <= ROUNDING * np.abs(values).max()
    return np.zeros_like(rest) if small else rest


def _beyond(statistic: float, trim: float) -> float:
    """Probability that the largest F of a series of one mean is above `statistic`."""
    if statistic > 1400.0:  # where the exponential is 0 in double precision
        return 0.0
    width = 2.0 * math.log((1.0 - trim) / trim)
    density = math.sqrt(statistic) * math.exp(-statistic / 2.0) / math.sqrt(2.0 * math.pi)
    # The expansion turns at small values, where the probability is near 1.
    return min(1.0, density * ((1.0 - 1.0 / statistic) * width + 4.0 / statistic)) if statistic > 2.0 else 1.0


def cumulated(values: Floats) -> Change:
    """Test by the cumulated sum of residuals about the mean of `values` (n,); its extreme is the change."""
    size = values.size
    rest = _residuals(values)
    scatter = math.sqrt(float(np.sum(rest**2)) / (size - 1))
    if scatter == 0.0:
        return Change(0.0, 1.0, 0)
    sums = np.abs(np.cumsum(rest)[:-1]) / (scatter * math.sqrt(size))
    place = int(np.argmax(sums))
    return Change(float(sums[place]), float(kolmogorov(sums[place])), place + 1)
