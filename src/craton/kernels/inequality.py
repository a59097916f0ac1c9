"""Inequality between units, and how much of a number's spread a division into strata explains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, ncfdtr

Floats = NDArray[np.float64]
Integers = NDArray[np.int_]


class Parts(NamedTuple):
    """An index as a whole, and its parts between and within groups."""

    total: float
    between: float
    within: float


class Detected(NamedTuple):
    """Share of the variance that strata explain, and the tests of it."""

    q: float
    f: float
    chance: float
    chance_equal: float


def gini(values: Floats, weights: Floats) -> float:
    """Gini index of values (n,) of at least 0, not all 0, each counted with a weight (n,).

    Notes
    -----
    G = Σ_i Σ_j w_i w_j |x_i − x_j|/(2 W² μ): 0 where all are the same, below 1.

    References
    ----------
    Gini, C. (1912). Variabilità e mutabilità. Cuppini, Bologna.
    """
    order = np.argsort(values, kind="stable")
    x, share = values[order], weights[order] / weights.sum()
    below = np.cumsum(share) - share
    # Σ over pairs: x_i weighs what lies below it less what lies above.
    return float((share * x * (2.0 * below + share - 1.0)).sum() / (share @ x))


def gini_parts(values: Floats, weights: Floats, groups: Integers) -> Parts:
    """Gini index, that of the groups' means, and the sum of those within groups.

    Notes
    -----
    Within: Σ_g p_g s_g G_g with the shares p of the weight and s of the sum. What is left, total − between −
    within, comes from groups that overlap; it is 0 where their ranges do not.

    References
    ----------
    Lambert, P. J., and Aronson, J. R. (1993). Inequality decomposition analysis and the Gini coefficient
    revisited. The Economic Journal 103(420), 1221-1227. doi:10.2307/2234247
    """
    mass, sums = np.bincount(groups, weights), np.bincount(groups, weights * values)
    share = mass / mass.sum() * sums / sums.sum()
    inner = [
        gini(values[groups == g], weights[groups == g]) if sums[g] > 0 else 0.0 for g in range(mass.size)
    ]
    return Parts(gini(values, weights), gini(sums / mass, mass), float(share @ np.array(inner)))


def theil_parts(values: Floats, weights: Floats, groups: Integers) -> Parts:
    """Theil's T of values (n,) of at least 0, not all 0, with its parts; total = between + within.

    Notes
    -----
    T = Σ (w_i/W)(x_i/μ) ln(x_i/μ), where 0 ln 0 = 0; between Σ s_g ln(μ_g/μ), within Σ s_g T_g with the
    share s of the sum. From 0 to ln(W/min w).

    References
    ----------
    Theil, H. (1967). Economics and information theory. North-Holland, chapter 4.
    """
    mass, sums = np.bincount(groups, weights), np.bincount(groups, weights * values)
    mean = sums.sum() / mass.sum()
    total = float(weights @ _entropy(values / mean)) / float(mass.sum())
    between = float(mass @ _entropy(sums / mass / mean)) / float(mass.sum())
    means = np.where(sums > 0, sums / mass, 1.0)
    inner = np.bincount(groups, weights * _entropy(values / means[groups]))
    return Parts(total, between, float(inner @ means) / float(sums.sum()))


def _entropy(ratio: Floats) -> Floats:
    return np.where(ratio > 0, ratio * np.log(np.where(ratio > 0, ratio, 1.0)), 0.0)


def factor_detector(values: Floats, strata: Integers) -> Detected:
    """Power q of strata (n,), numbered from 0, to explain values (n,) that differ.

    Parameters
    ----------
    values : array (n,)
        Of the units.
    strata : array (n,) of int
        Two or more, fewer than units.

    Returns
    -------
    Detected
        `q` from 0 to 1; `f`; `chance` of an F as high under the noncentral distribution of the reference;
        `chance_equal` of it where all strata have one mean (one-way analysis of variance).

    Notes
    -----
    q = 1 − Σ N_h σ_h²/(N σ²); F = q/(1 − q) · (N − L)/(L − 1), noncentral with
    λ = (Σ Ȳ_h² − (Σ √N_h Ȳ_h)²/N)/σ², all σ² divided by numbers of units, not by one less. Where nothing
    varies within strata q is 1, F infinite and both chances 0.

    References
    ----------
    Wang, J. F., Zhang, T. L., and Fu, B. J. (2016). A measure of spatial stratified heterogeneity. Ecological
    Indicators 67, 250-256. doi:10.1016/j.ecolind.2016.02.052
    """
    count, n = np.bincount(strata), values.size
    x = values - values.mean()
    mean = np.bincount(strata, x) / count
    q = float((count * mean**2).sum() / (x @ x))
    if q >= 1.0 - 1e-14:
        return Detected(1.0, np.inf, 0.0, 0.0)
    f = q / (1.0 - q) * (n - count.size) / (count.size - 1)
    raw = mean + values.mean()
    noncentral = ((raw**2).sum() - (np.sqrt(count) @ raw) ** 2 / n) / values.var()
    shape = (count.size - 1, n - count.size)
    chance = 1.0 - float(ncfdtr(*shape, max(float(noncentral), 0.0), f))
    return Detected(q, f, chance, float(fdtrc(*shape, f)))
