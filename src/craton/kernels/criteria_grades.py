"""Grades: how certainly numbers are of each of several ordered classes (normal clouds, matter elements)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SPAN = 6.0
"""Widths Ex ± 3 En within which a grade of a normal cloud lies."""


class Cloud(NamedTuple):
    """Expectation Ex, entropy En and hyper-entropy He of a normal cloud."""

    expectation: float
    entropy: float
    hyper_entropy: float


def cloud_of_sample(values: np.ndarray) -> Cloud:
    """Backward generator without certainties: the cloud that a sample (n,) comes from.

    Notes
    -----
    Ex = mean, En = √(π/2) · mean|x − Ex|, He = √|S² − En²| with the variance S² of the sample.

    References
    ----------
    Liu, C. Y., Feng, M., Dai, X. J., and Li, D. Y. (2004). A new algorithm of backward cloud. Journal of
    System Simulation 16(11), 2417-2420.
    """
    centre = float(values.mean())
    entropy = float(np.sqrt(np.pi / 2.0) * np.abs(values - centre).mean())
    return Cloud(centre, entropy, float(np.sqrt(abs(values.var(ddof=1) - entropy**2))))


def drops(cloud: Cloud, count: int, random: np.random.Generator) -> np.ndarray:
    """Forward generator: `count` numbers of a normal cloud, each with a spread of its own."""
    spreads = np.abs(random.normal(cloud.entropy, cloud.hyper_entropy, count))
    return random.normal(cloud.expectation, spreads)


def spread_factors(hyper: float, draws: int, random: np.random.Generator) -> np.ndarray:
    """Draws (m,) of the spread En' as a part of En, with He as the part `hyper` of En; 0 needs but one."""
    if hyper <= 0:
        return np.ones(1)
    return np.maximum(np.abs(random.normal(1.0, hyper, draws)), 1e-3)


def cloud_certainties(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, factors: np.ndarray
) -> np.ndarray:
    """Certainty (n, g) with which each number belongs to each grade, the mean over draws of the spread.

    Parameters
    ----------
    values : array (n,)
        Numbers of one indicator, held to the range of all grades.
    low, high : array (g,)
        Ends of the grades; an infinite end is open: the grade is certain beyond its centre on that side.
    factors : array (m,)
        Of `spread_factors`.

    Notes
    -----
    Ex = (low + high)/2, En = (high − low)/6, En' ~ N(En, He²), μ = exp(−(x − Ex)²/(2 En'²)).
    """
    centres, spreads = grade_clouds(low, high)
    held = np.clip(values, low.min(), high.max())[:, None]
    total = np.zeros((values.size, low.size))
    for factor in factors:
        total += np.exp(-0.5 * ((held - centres) / (factor * spreads)) ** 2)
    certain = (np.isneginf(low) & (held <= centres)) | (np.isposinf(high) & (held >= centres))
    return np.where(certain, 1.0, total / factors.size)


def grade_clouds(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ex and En (g,) of grades in their order; an open one is as wide as the nearest closed grade."""
    closed = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    spreads = (high - low) / SPAN
    nearest = closed[np.abs(closed[None, :] - np.arange(low.size)[:, None]).argmin(axis=1)]
    spreads, half = spreads[nearest], 0.5 * SPAN * spreads[nearest]
    below, above = np.isneginf(low), np.isposinf(high)
    middle = 0.5 * (np.where(below, 0.0, low) + np.where(above, 0.0, high))
    return np.where(below, high - half, np.where(above, low + half, middle)), spreads


def distance_to_interval(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Extension distance ρ(x, [a, b]) = |x − (a + b)/2| − (b − a)/2: below 0 inside."""
    return np.asarray(np.abs(values - 0.5 * (low + high)) - 0.5 * (high - low))


def matter_element_degrees(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Degree (n, g) to which each number of an indicator is of each grade, above 0 inside.

    Parameters
    ----------
    values : array (n,)
        Numbers, held to the range of all grades.
    low, high : array (g,)
        Ends of the grades (classical domains); together they are the whole range (joint domain).

    Notes
    -----
    Inside a grade K = −ρ/(b − a), outside K = ρ/(ρ_whole − ρ) with the extension distances to the grade and
    to the whole range; −1 at an end of the whole range outside the grade.

    References
    ----------
    Cai, W. (1999). Extension theory and its application. Chinese Science Bulletin 44(17), 1538-1548.
    doi:10.1007/BF02886090
    """
    held = np.clip(values, low.min(), high.max())[:, None]
    near, whole = distance_to_interval(held, low, high), distance_to_interval(held, low.min(), high.max())
    outside = near > 0
    gap = np.where(outside, whole - near, -1.0)
    return np.asarray(np.where(outside, near / gap, -near / (high - low)))
