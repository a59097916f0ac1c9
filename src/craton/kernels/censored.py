"""Numbers of which some are only known to lie below a limit: Kaplan-Meier and regression on order statistics.

A number below its limit is given as that limit, with `below` true. Limits may
differ from row to row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Distribution(NamedTuple):
    """Distinct measured values ascending (k,), the share at or below each (k,), and that below them all."""

    values: Floats
    shares: Floats
    rest: float


def kaplan_meier(values: Floats, below: Bools) -> Distribution:
    """Distribution function of numbers with limits, without assuming its shape.

    Parameters
    ----------
    values : array (n,)
        Measured values, or limits where `below`; at least one is measured.
    below : array (n,) of bool
        Whether the number is only known to be below its limit.

    Returns
    -------
    Distribution
        Its shares at the measured values.

    Notes
    -----
    F is 1 at the greatest measured value. Just below a value v with d measurements, where r numbers are
    measured or limited at v or below, it is F(v) · (1 − d/r): the product-limit estimate for survival
    times, after all numbers are flipped about one above the greatest. Limits above all measured values
    carry no information.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations, Journal of
    the American Statistical Association 53(282), 457-481, doi:10.1080/01621459.1958.10501452.

    Helsel, D. R. (2012), Statistics for Censored Environmental Data Using Minitab and R, 2nd edition,
    Wiley, chapter 6.
    """
    measured, counts = np.unique(values[~below], return_counts=True)
    at_most = np.searchsorted(np.sort(values), measured, side="right")
    before = np.cumprod((1.0 - counts / at_most)[::-1])[::-1]
    return Distribution(measured, np.append(before[1:], 1.0), float(before[0]))


def mean_and_deviation(found: Distribution, lowest: float) -> tuple[float, float]:
    """Mean and standard deviation of a distribution, with what lies below all measured values at `lowest`.

    Notes
    -----
    With the steps pᵢ of the distribution function: mean Σ pᵢ vᵢ, variance Σ pᵢ (vᵢ − mean)². What lies
    below all measured values counts as `lowest`, the lowest limit, so that the mean is rather too high
    (Efron's convention).
    """
    weights = np.append(found.rest, np.diff(found.shares, prepend=found.rest))
    points = np.append(min(lowest, float(found.values[0])), found.values)
    mean = float(points @ weights)
    return mean, float(np.sqrt(weights @ (points - mean) ** 2))


def quantile(found: Distribution, probability: float) -> float:
    """Least measured value at or below which the share `probability` lies; NaN below all measured ones."""
    if probability <= found.rest:
        return float("nan")
    # A share that is reached but for rounding counts as reached.
    return float(found.values[np.searchsorted(found.shares, probability - 1e-12, side="left")])


def plotting_positions(values: Floats, below: Bools) -> Floats:
    """Probability (n,) of each of some numbers with several limits, after Hirsch and Stedinger.

    Parameters
    ----------
    values : array (n,)
        Measured values, or limits where `below`.
    below : array (n,) of bool
        Whether the number is only known to be below its limit.

    Returns
    -------
    array (n,)
        Between 0 and 1. Numbers that are equal, or below the same limit, have different ones, in their
        order.

    Notes
    -----
    At the limits d₁ < d₂ < … the chance to exceed is pⱼ = pⱼ₊₁ + Aⱼ/(Aⱼ + Bⱼ) · (1 − pⱼ₊₁), with Aⱼ
    measured values from dⱼ up to dⱼ₊₁ and Bⱼ numbers known to be below dⱼ. The r-th of Aⱼ is at
    (1 − pⱼ) + (pⱼ − pⱼ₊₁) · r/(Aⱼ + 1), the r-th of the Cⱼ below dⱼ at (1 − pⱼ) · r/(Cⱼ + 1). Measured
    values below d₁ count as from a limit that all exceed.

    References
    ----------
    Helsel, D. R. and Cohn, T. A. (1988), Estimation of descriptive statistics for multiply censored water
    quality data, Water Resources Research 24(12), 1997-2004, equations 2-6, doi:10.1029/WR024i012p01997.
    """
    limits = np.append(-np.inf, np.unique(values[below]))
    measured, limited = values[~below], values[below]
    step, at = (np.searchsorted(limits, part, side="right") - 1 for part in (measured, limited))
    above = np.bincount(step, minlength=limits.size)
    known_below = (measured[:, None] < limits).sum(axis=0) + (limited[:, None] <= limits).sum(axis=0)
    exceed = np.zeros(limits.size + 1)
    for j in range(limits.size - 1, 0, -1):
        exceed[j] = exceed[j + 1] + above[j] / max(above[j] + known_below[j], 1) * (1.0 - exceed[j + 1])
    exceed[0] = 1.0
    positions = np.empty(values.size)
    rank, count = _rank_within(step, measured)
    positions[~below] = 1.0 - exceed[step] + (exceed[step] - exceed[step + 1]) * rank / (count + 1)
    rank, count = _rank_within(at, limited)
    positions[below] = (1.0 - exceed[at]) * rank / (count + 1)
    return positions


def _rank_within(groups: NDArray[np.intp], values: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Place from 1 of each value (n,) within its group, and the size of that group (n,)."""
    order = np.lexsort((values, groups))
    sizes = np.bincount(groups, minlength=1)
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(values.size, np.intp)
    rank[order] = np.arange(values.size) - starts[groups[order]] + 1
    return rank, sizes[groups]


def regression_on_order_statistics(values: Floats, below: Bools, *, logarithm: bool = True) -> Floats:
    """Numbers with those below their limits estimated from the line through the measured ones.

    Parameters
    ----------
    values : array (n,)
        Measured values, or limits where `below`; above 0 with `logarithm`. At least two different ones
        are measured.
    below : array (n,) of bool
        Whether the number is only known to be below its limit.
    logarithm : bool
        Whether the logarithms are taken as normally distributed, or the numbers themselves.

    Returns
    -------
    array (n,)
        Measured values as they are, the others estimated; they may lie above a limit that is low for the
        rest. Which of several below one limit has which estimate means nothing.

    Notes
    -----
    The line of measured (log) values over the normal scores of their `plotting_positions`, by least
    squares, at the scores of those below: the "robust" ROS, which transforms no mean back.

    References
    ----------
    Helsel, D. R. and Cohn, T. A. (1988), as for `plotting_positions`.
    """
    scores = ndtri(plotting_positions(values, below))
    known = np.log(values[~below]) if logarithm else values[~below]
    slope, level = np.polyfit(scores[~below], known, 1)
    line = level + slope * scores[below]
    filled = values.copy()
    filled[below] = np.exp(line) if logarithm else line
    return filled
