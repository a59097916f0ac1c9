"""Centre, spread and limits of numbers that a few outliers do not move, and errors of paired numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NORMAL_MAD = 1.482602218505602
"""Standard deviations in the median absolute deviation of a normal distribution: 1/Φ⁻¹(3/4)."""

NORMAL_DIFFERENCE = 1.0 / 0.9538725524
"""Standard deviations of one measurement in the median absolute difference of two: 1/(√2 Φ⁻¹(3/4))."""

MOST_ROUNDS = 100
"""Rounds of clipping; each but the last takes a value away."""


class Limits(NamedTuple):
    """Centre and spread, and a lower and an upper limit."""

    centre: float
    spread: float
    lower: float
    upper: float


def median_deviation(values: Floats) -> tuple[float, float]:
    """Median of numbers (n,) and their median absolute deviation, scaled to a standard deviation."""
    middle = float(np.median(values))
    return middle, NORMAL_MAD * float(np.median(np.abs(values - middle)))


def deviations_from_mean(values: Floats, factor: float) -> Limits:
    """Mean, and mean ± `factor` standard deviations, of two numbers (n,) or more."""
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    return Limits(mean, spread, mean - factor * spread, mean + factor * spread)


def clipped(values: Floats, clip: float, factor: float) -> tuple[Limits, int]:
    """Limits from the mean after values beyond `clip` standard deviations are left out, round by round.

    Returns
    -------
    limits : Limits
        Mean ± `factor` standard deviations of what is left.
    count : int
        Numbers that are left.

    Notes
    -----
    Ends when no value is left out, or would leave fewer than three.
    """
    kept = values
    for _round in range(MOST_ROUNDS):
        limits = deviations_from_mean(kept, clip)
        inside = kept[(kept >= limits.lower) & (kept <= limits.upper)]
        if inside.size == kept.size or inside.size < 3:
            break
        kept = inside
    return deviations_from_mean(kept, factor), kept.size


def fences(values: Floats, factor: float) -> Limits:
    """Quartiles ± `factor` times their distance; the centre is the median.

    References
    ----------
    Tukey, J. W. (1977), Exploratory Data Analysis, Addison-Wesley, chapter 2.
    """
    lower, middle, upper = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
    spread = upper - lower
    return Limits(middle, spread, lower - factor * spread, upper + factor * spread)


def around_median(values: Floats, factor: float) -> Limits:
    """Median ± `factor` scaled median absolute deviations."""
    middle, spread = median_deviation(values)
    return Limits(middle, spread, middle - factor * spread, middle + factor * spread)


class Precision(NamedTuple):
    """Standard deviation of one measurement as a line over concentration: `at_zero` + `slope` · c."""

    at_zero: float
    slope: float
    groups: int


def thompson_howarth(first: Floats, second: Floats, size: int = 11) -> Precision:
    """Precision of paired measurements that grows with concentration.

    Parameters
    ----------
    first, second : array (n,)
        The two measurements of each pair.
    size : int
        Pairs in a group; those left over at the upper end make a group where they are at least half of
        it.

    Returns
    -------
    Precision
        NaN where there are fewer than two groups.

    Notes
    -----
    Pairs are sorted by their mean. In each group the median absolute difference, divided by 0.954, is the
    standard deviation of one measurement at the mean of the group; the line through these is fitted by
    least squares. A negative intercept or slope is set to 0 and the other fitted alone.

    References
    ----------
    Thompson, M. and Howarth, R. J. (1976), Duplicate analysis in geochemical practice, part I, Analyst 101,
    690-698, doi:10.1039/AN9760100690.

    Thompson, M. and Howarth, R. J. (1978), A new approach to the estimation of analytical precision,
    Journal of Geochemical Exploration 9(1), 23-30, doi:10.1016/0375-6742(78)90035-3.
    """
    means, apart = (first + second) / 2.0, np.abs(first - second)
    order = np.lexsort((apart, means))
    starts = list(range(0, means.size, size))
    if starts and means.size - starts[-1] < size / 2:
        starts.pop()
    if len(starts) < 2:
        return Precision(np.nan, np.nan, len(starts))
    parts = [order[start : start + size] for start in starts]
    levels = np.array([means[part].mean() for part in parts])
    errors = np.array([np.median(apart[part]) for part in parts]) * NORMAL_DIFFERENCE
    return Precision(*_line_above_zero(levels, errors), len(parts))


def _line_above_zero(levels: Floats, errors: Floats) -> tuple[float, float]:
    """Intercept and slope of a line, neither below 0."""
    centred = levels - levels.mean()
    spread = float(centred @ centred)
    slope = float(centred @ errors) / spread if spread > 0 else 0.0
    at_zero = float(errors.mean() - slope * levels.mean())
    if slope < 0.0:
        return float(errors.mean()), 0.0
    if at_zero < 0.0:
        return 0.0, float(levels @ errors) / float(levels @ levels)
    return at_zero, slope


class Line(NamedTuple):
    """A line y = `intercept` + `slope` · x, and the squared correlation."""

    slope: float
    intercept: float
    determination: float


def least_squares(x: Floats, y: Floats) -> Line:
    """Line that makes the squared distances in y least; NaN where x has fewer than two different values."""
    across, up = x - x.mean(), y - y.mean()
    xx, yy, xy = float(across @ across), float(up @ up), float(across @ up)
    if xx == 0.0:
        return Line(np.nan, np.nan, np.nan)
    slope = xy / xx
    return Line(slope, float(y.mean() - slope * x.mean()), xy * xy / (xx * yy) if yy > 0.0 else np.nan)


def reduced_major_axis(x: Floats, y: Floats) -> Line:
    """Line for two measurements with errors in both: the ratio of their spreads; NaN where one has none.

    Notes
    -----
    slope = sign(r) · s_y / s_x, through the means.

    References
    ----------
    Sinclair, A. J. and Bentzen, L. (1998), Evaluation of errors in paired analytical data by a linear
    model, Exploration and Mining Geology 7, 167-173.
    """
    across, up = x - x.mean(), y - y.mean()
    xx, yy, xy = float(across @ across), float(up @ up), float(across @ up)
    if xx == 0.0 or yy == 0.0:
        return Line(np.nan, np.nan, np.nan)
    slope = float(np.copysign(np.sqrt(yy / xx), xy))
    return Line(slope, float(y.mean() - slope * x.mean()), xy * xy / (xx * yy))
