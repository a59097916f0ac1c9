"""Scores of indicators: numbers brought to 0 (worst) to 1 (best). Missing numbers stay missing."""

from __future__ import annotations

import numpy as np


def between(values: np.ndarray, worst: np.ndarray | float, best: np.ndarray | float) -> np.ndarray:
    """Straight line from 0 at `worst` to 1 at `best`, which may be the smaller, held beyond both."""
    return np.clip((values - worst) / (np.asarray(best) - worst), 0.0, 1.0)


def by_range(values: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Columns (n, k) from 0 at their worst to 1 at their best number; those of `costs` (k,) are best low.

    A column of one number has 1 everywhere, as none is worse than another.
    """
    least, most = values.min(axis=0), values.max(axis=0)
    spread = np.where(most > least, most - least, 1.0)
    up = np.where(most > least, (values - least) / spread, 1.0)
    down = np.where(most > least, (most - values) / spread, 1.0)
    return np.where(costs, down, up)


def near_target(values: np.ndarray, target: float, reach: float) -> np.ndarray:
    """1 at `target`, falling on a straight line to 0 at the distance `reach` on both sides."""
    return np.maximum(1.0 - np.abs(values - target) / reach, 0.0)


def in_steps(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Class (n,) of each number: the last whose start (m,), rising, is not above it; −1 below all."""
    found = np.searchsorted(starts, values, side="right") - 1
    return np.asarray(np.where(np.isnan(values), -1, found))


def along_knots(values: np.ndarray, places: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Straight lines between the knots (m,), rising in place, held beyond the first and the last."""
    return np.asarray(np.interp(values, places, heights))


def trapezoid(values: np.ndarray, feet: tuple[float, float, float, float]) -> np.ndarray:
    """0 up to a, 1 from b to c, 0 from d on, straight between; a = b and c = d make upright sides."""
    a, b, c, d = feet
    up = (values - a) / (b - a) if b > a else np.where(values >= a, 1.0, 0.0)
    down = (d - values) / (d - c) if d > c else np.where(values <= d, 1.0, 0.0)
    inside = np.clip(np.minimum(up, down), 0.0, 1.0)
    return np.asarray(np.where(np.isnan(values), np.nan, inside))


def gaussian(values: np.ndarray, centre: float, width: float) -> np.ndarray:
    """exp(−(x − c)²/(2σ²)) with the centre c and the width σ."""
    return np.asarray(np.exp(-0.5 * ((values - centre) / width) ** 2))


def sigmoid(values: np.ndarray, centre: float, slope: float) -> np.ndarray:
    """1/(1 + exp(−s (x − c))): one half at the centre c, rising with s above 0."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * slope * (values - centre))))


def bell(values: np.ndarray, centre: float, width: float, power: float) -> np.ndarray:
    """1/(1 + |(x − c)/a|^(2b)): one half at the distance a from the centre c, steeper with b."""
    with np.errstate(over="ignore"):  # far out the power is infinite and the membership 0
        return np.asarray(1.0 / (1.0 + np.abs((values - centre) / width) ** (2.0 * power)))


def exponential_utility(scores: np.ndarray, aversion: float) -> np.ndarray:
    """(1 − exp(−r z))/(1 − exp(−r)) of scores z from 0 to 1; r above 0 bends up, 0 is the straight line."""
    if abs(aversion) < 1e-9:
        return scores
    return np.asarray(np.expm1(-aversion * scores) / np.expm1(-aversion))
