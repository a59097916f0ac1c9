"""Sensitivity of a number to its factors: designs of points in the unit cube, and what outputs there tell.

A design is an array of points whose coordinates go from 0 to 1, one for each of the k factors; the caller
stretches them to ranges, works out the outputs and brings these back. Random numbers come through `seed`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import qmc

ROUNDING = 64 * float(np.finfo(float).eps)
"""Part of the largest output by which outputs of one number may differ."""


class Effects(NamedTuple):
    """Mean, mean size and standard deviation of the elementary effects, each (k,)."""

    mean: np.ndarray
    mean_size: np.ndarray
    deviation: np.ndarray


class Shares(NamedTuple):
    """Shares of the variance, each (k,): alone, with all it acts in, and their standard errors."""

    first: np.ndarray
    total: np.ndarray
    first_error: np.ndarray
    total_error: np.ndarray
    mean: float
    variance: float


def trajectories(count: int, factors: int, *, levels: int = 4, seed: int = 0) -> np.ndarray:
    """Trajectories through the unit cube, each changing one factor after another by one step.

    Parameters
    ----------
    count, factors : int
        Number of trajectories r, and of factors k.
    levels : int
        Levels p of each factor, even and at least 2; the step is p / (2 (p − 1)).

    Returns
    -------
    array
        (r, k + 1, k).

    References
    ----------
    Morris, M. D. (1991). Factorial sampling plans for preliminary computational experiments. Technometrics
    33(2), 161-174, section 3.
    """
    random = np.random.default_rng(seed)
    step = levels / (2 * (levels - 1))
    lower = random.integers(0, levels // 2, (count, factors)) / (levels - 1)
    upward = random.integers(0, 2, (count, factors)).astype(bool)
    order = random.permuted(np.tile(np.arange(factors), (count, 1)), axis=1)
    # Place of each factor in the order in which a trajectory changes them.
    turn = np.argsort(order, axis=1)
    changed = np.arange(factors + 1)[None, :, None] > turn[:, None, :]
    return np.asarray(lower[:, None, :] + step * (changed == upward[:, None, :]))


def elementary_effects(design: np.ndarray, outputs: np.ndarray) -> Effects:
    """What a whole range of each factor changes, as the steps of trajectories say.

    Parameters
    ----------
    design : array
        (r, k + 1, k), as `trajectories` gives it.
    outputs : array
        (r, k + 1).

    Notes
    -----
    Each step gives EE = Δy/Δx of the factor it changes; μ is their mean, μ* the mean of their sizes, σ their
    standard deviation, 0 where the factor acts alone and straight.

    References
    ----------
    Morris (1991), as in `trajectories`; Campolongo, F., Cariboni, J., and Saltelli, A. (2007). An effective
    screening design for sensitivity analysis of large models. Environmental Modelling and Software 22(10),
    1509-1518 (μ*).
    """
    steps = np.diff(design, axis=1)
    which = np.abs(steps).argmax(axis=2)
    sizes = np.take_along_axis(steps, which[:, :, None], axis=2)[:, :, 0]
    effects = np.empty_like(sizes)
    np.put_along_axis(effects, which, np.diff(outputs, axis=1) / sizes, axis=1)
    spread = effects.std(axis=0, ddof=1) if len(effects) > 1 else np.zeros(effects.shape[1])
    return Effects(effects.mean(axis=0), np.abs(effects).mean(axis=0), spread)


def paired_design(count: int, factors: int, *, seed: int = 0) -> np.ndarray:
    """Points for shares of the variance: two samples A and B, and A with one factor after another of B.

    Parameters
    ----------
    count : int
        Points n of each sample; a power of 2 fills the cube most evenly.

    Returns
    -------
    array
        (k + 2, n, k): A, B, A with the first factor of B, and so on.

    References
    ----------
    Saltelli, A., Annoni, P., Azzini, I., Campolongo, F., Ratto, M., and Tarantola, S. (2010). Variance based
    sensitivity analysis of model output. Computer Physics Communications 181(2), 259-270, section 3.
    """
    drawn = qmc.Sobol(2 * factors, rng=np.random.default_rng(seed)).random_base2(int(np.ceil(np.log2(count))))
    first, second = drawn[:count, :factors], drawn[:count, factors:]
    mixed = np.repeat(first[None], factors, axis=0)
    for factor in range(factors):
        mixed[factor, :, factor] = second[:, factor]
    return np.concatenate([first[None], second[None], mixed])


def variance_shares(outputs: np.ndarray) -> Shares:
    """Shares of the variance of outputs at the points of `paired_design`.

    Parameters
    ----------
    outputs : array
        (k + 2, n).

    Notes
    -----
    S_i = mean(f_B (f_ABi − f_A)) / V and S_Ti = mean((f_A − f_ABi)²) / (2 V) with the variance V of f_A and
    f_B together. Outputs are centred first, which takes much of the noise. Standard errors are those of the
    means over independent points; the points are more even than that, so they err on the safe side. Where
    outputs differ by no more than rounding all shares are 0.

    References
    ----------
    Saltelli et al. (2010), as in `paired_design`, table 2 (b) and (f); Jansen, M. J. W. (1999). Analysis of
    variance designs for model output. Computer Physics Communications 117, 35-43.
    """
    mean, width = float(outputs[:2].mean()), float(np.ptp(outputs[:2]))
    if width <= ROUNDING * np.abs(outputs[:2]).max():
        nothing = np.zeros(len(outputs) - 2)
        return Shares(nothing, nothing, nothing, nothing, mean, 0.0)
    # Brought to a width of 1, so that squares of very large and very small outputs are numbers.
    scaled = (outputs - mean) / width
    one, other, mixed = scaled[0], scaled[1], scaled[2:]
    variance = float(scaled[:2].var())
    alone, whole = other * (mixed - one) / variance, (one - mixed) ** 2 / (2 * variance)
    root = np.sqrt(len(one))
    errors = (alone.std(axis=1) / root, whole.std(axis=1) / root)
    return Shares(alone.mean(axis=1), whole.mean(axis=1), *errors, mean, variance * width * width)
