"""Levelling factors: what brings the numbers of one campaign to the level of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from craton.kernels.robust_scale import median_deviation

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def censored_median(values: Floats, below: Bools) -> float:
    """Median of numbers of which some are below a limit; NaN where it is itself below one.

    Notes
    -----
    A number below its limit sorts before every measured value. That is exact where no limit exceeds a
    measured value below the median, and NaN where a limit lies above the median found.
    """
    if not values.size:
        return float("nan")
    ordered = np.sort(np.where(below, -np.inf, values))
    low, high = ordered[(values.size - 1) // 2], ordered[values.size // 2]
    middle = float((low + high) / 2.0) if np.isfinite(low) else float("nan")
    return middle if not (below & (values > middle)).any() else float("nan")


def quantile_map(values: Floats, own: Floats, other: Floats) -> Floats:
    """Numbers (n,) carried from their percentile among `own` to the same percentile of `other`.

    Notes
    -----
    Percentiles are those of the 99 whole percent and the extremes, linear between them. Beyond the range
    of `own` the distance to its end is scaled by the ratio of the extremes: x · other/own at that end, or
    shifted where an end is not above 0.
    """
    marks = np.linspace(0.0, 1.0, 101)
    source, target = np.quantile(own, marks), np.quantile(other, marks)
    distinct, place = np.unique(source, return_inverse=True)
    # Equal percentiles of one campaign go to the mean of those of the other.
    mean = np.bincount(place, target) / np.bincount(place)
    mapped: Floats = np.interp(values, distinct, mean)
    for outside, at in ((values < distinct[0], 0), (values > distinct[-1], -1)):
        if distinct[at] > 0 and mean[at] > 0:
            mapped[outside] = values[outside] * (mean[at] / distinct[at])
        else:
            mapped[outside] = values[outside] + (mean[at] - distinct[at])
    return mapped


def score_line(own: Floats, other: Floats) -> tuple[float, float]:
    """Slope and intercept that give `own` the median and robust spread of `other`; NaN without a spread."""
    centre, spread = median_deviation(own)
    to_centre, to_spread = median_deviation(other)
    if spread == 0.0 or to_spread == 0.0:
        return float("nan"), float("nan")
    slope = to_spread / spread
    return slope, to_centre - slope * centre
