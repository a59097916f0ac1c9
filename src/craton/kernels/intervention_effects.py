"""Effects of an intervention: before and after, at places with it and without it.

The effect is the change where it was made less the change where it was not,

    Δ = (mean impact after − mean impact before) − (mean control after − mean control before).

With scatter of its own in each of the four cells its variance is Σ s² / n, with the degrees of freedom of
Welch (1947) and Satterthwaite. The panel model y_it = a_i + b_t + Δ d_it + e_it (d = 1 where and when it
works) has the estimate of least squares, found by taking the effects a of units and b of times out of y and
d first (Frisch and Waugh): Δ = Σ d̃ ỹ / Σ d̃². Its variance is s² / Σ d̃², or, with errors that go together
within clusters g,

    [G / (G−1)] [(n−1) / (n−T−1)] Σ_g (Σ_{i in g} d̃ e)² / (Σ d̃²)²

with G − 1 degrees of freedom, for T times; the effects of units are those within clusters.

References
----------
Stewart-Oaten, A., Murdoch, W. W. and Parker, K. R. (1986). Environmental impact assessment:
"pseudoreplication" in time? Ecology 67(4), 929-940. doi:10.2307/1939815
Welch, B. L. (1947). The generalization of "Student's" problem when several different population variances are
involved. Biometrika 34, 28-35. doi:10.2307/2332510
Bertrand, M., Duflo, E. and Mullainathan, S. (2004). How much should we trust differences-in-differences
estimates? Quarterly Journal of Economics 119(1), 249-275. doi:10.1162/003355304772839588
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LEAST = 1e-10
"""Part of its sum of squares that a treatment must have of its own beside units and times."""

ROUNDING = 1e-12
"""Part of the largest value below which an effect or a residual is one of rounding, and taken for 0."""


class Effect(NamedTuple):
    """An effect, its standard error and degrees of freedom; NaN where nothing tells of scatter."""

    effect: float
    error: float
    freedom: float


class Judged(NamedTuple):
    """Limits of an effect, its t and the two-sided probability of one as large by chance."""

    lower: float
    upper: float
    t: float
    p: float


def contrast(cells: Sequence[Floats], signs: Sequence[float]) -> Effect:
    """Sum of the means of `cells`, each of one value or more, with `signs`; scatter is each cell's own.

    A cell of one value has no scatter to tell of, so that error and freedom are NaN.
    """
    largest = max(float(np.abs(cell).max()) for cell in cells)
    effect = sum(sign * float(cell.mean()) for sign, cell in zip(signs, cells, strict=True))
    effect = 0.0 if abs(effect) <= ROUNDING * largest else effect
    if any(cell.size < 2 for cell in cells):
        return Effect(effect, math.nan, math.nan)
    rests = [_beyond_rounding(cell - cell.mean(), largest) for cell in cells]
    parts = [float(rest @ rest) / (rest.size - 1) / rest.size for rest in rests]
    variance = sum(parts)
    spread = sum(part**2 / (cell.size - 1) for part, cell in zip(parts, cells, strict=True))
    freedom = variance**2 / spread if spread > 0 else float(sum(cell.size - 1 for cell in cells))
    return Effect(effect, math.sqrt(variance), freedom)


def two_way(
    values: Floats, treated: Floats, units: Whole, times: Whole, *, clusters: Whole | None = None
) -> Effect | None:
    """Effect of `treated` on `values` (n,) beside effects of units and times.

    Parameters
    ----------
    values, treated : array (n,)
        Observations without gaps, and 1 where the intervention works, else 0.
    units, times : array of int (n,)
        Codes from 0, all of which occur.
    clusters : array of int (n,), optional
        Codes from 0 of groups of units whose errors go together.

    Returns
    -------
    Effect or None
        None where the treatment cannot be told from units and times.
    """
    own = _without(treated, units, times)
    rest = _beyond_rounding(_without(values, units, times), float(np.abs(values).max()))
    power = float(own @ own)
    if power <= LEAST * max(float(treated @ treated), 1.0):
        return None
    effect = float(own @ rest) / power
    errors = rest - effect * own
    size, many = values.size, int(times.max()) + 1
    if clusters is None:
        freedom = float(size - _rank(units, times) - 1)
        scatter = float(errors @ errors) / freedom if freedom > 0 else math.nan
        return Effect(effect, math.sqrt(scatter / power), freedom if freedom > 0 else math.nan)
    groups = int(clusters.max()) + 1
    if groups < 2 or size <= many + 1:
        return Effect(effect, math.nan, math.nan)
    sums = np.bincount(clusters, weights=own * errors)
    factor = groups / (groups - 1) * (size - 1) / (size - many - 1)
    return Effect(effect, math.sqrt(factor * float(sums @ sums)) / power, float(groups - 1))


def _beyond_rounding(rest: Floats, largest: float) -> Floats:
    """`rest`, or 0 where all of it is rounding of values as large as `largest`."""
    return np.zeros_like(rest) if np.abs(rest).max() <= ROUNDING * largest else rest


def _without(values: Floats, units: Whole, times: Whole) -> Floats:
    """Residuals of least squares of `values` on effects of units and of times."""
    table = _table(units, times)
    each, when = table.sum(axis=1), table.sum(axis=0)
    mean = np.bincount(units, weights=values) / each
    # Effects of units are put in terms of those of times, which are fewer.
    normal = np.diag(when) - table.T @ (table / each[:, None])
    right = np.bincount(times, weights=values) - table.T @ mean
    effects = np.linalg.lstsq(normal, right, rcond=None)[0]
    return np.asarray(values - effects[times] - (mean - (table @ effects) / each)[units])


def _table(units: Whole, times: Whole) -> Floats:
    """Observations of each unit at each time."""
    shape = int(units.max()) + 1, int(times.max()) + 1
    counts = np.bincount(units * shape[1] + times, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64)


def _rank(units: Whole, times: Whole) -> int:
    """Independent effects of units and times: one less than both for each group that they link."""
    table = _table(units, times)
    each = table.sum(axis=1)
    normal = np.diag(table.sum(axis=0)) - table.T @ (table / each[:, None])
    return int(table.shape[0] + np.linalg.matrix_rank(normal, hermitian=True))


def judged(effect: Effect, confidence: float) -> Judged:
    """Limits and probability of `effect` by Student's law; NaN without an error.

    Without scatter at all, an effect of 0 has t 0 and p 1, another an infinite t and p 0.
    """
    if math.isnan(effect.error):
        return Judged(math.nan, math.nan, math.nan, math.nan)
    if effect.error == 0.0:
        t = math.copysign(math.inf, effect.effect) if effect.effect else 0.0
        return Judged(effect.effect, effect.effect, t, 0.0 if effect.effect else 1.0)
    reach = float(stdtrit(effect.freedom, 0.5 + confidence / 2)) * effect.error
    t = effect.effect / effect.error
    chance = 2.0 * float(stdtr(effect.freedom, -abs(t)))
    return Judged(effect.effect - reach, effect.effect + reach, t, chance)
