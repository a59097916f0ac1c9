"""Effect sizes of studies with a treatment and a control, and their pooling with random effects.

Log response ratio and Hedges' g, from means m, standard deviations s and counts n:

    ln R = ln(m_1 / m_2),  var = s_1² / (n_1 m_1²) + s_2² / (n_2 m_2²)
    g = J (m_1 − m_2) / s_p,  s_p² = [(n_1−1) s_1² + (n_2−1) s_2²] / (n_1+n_2−2)
    J = 1 − 3 / [4 (n_1+n_2−2) − 1]
    var g = J² [(n_1+n_2) / (n_1 n_2) + d² / (2 (n_1+n_2))],  d = g / J

Pooling of effects y of variance v (DerSimonian and Laird 1986), with w = 1 / v:

    Q = Σ w (y − ȳ)²,  τ² = max[0, (Q − (k−1)) / (Σ w − Σ w² / Σ w)],  M = Σ w* y / Σ w*,  w* = 1 / (v + τ²)

References
----------
Hedges, L. V., Gurevitch, J. and Curtis, P. S. (1999). The meta-analysis of response ratios in experimental
ecology. Ecology 80(4), 1150-1156. doi:10.2307/177062
Borenstein, M., Hedges, L. V., Higgins, J. P. T. and Rothstein, H. R. (2009). Introduction to meta-analysis.
Wiley, chapters 4 and 12.
DerSimonian, R. and Laird, N. (1986). Meta-analysis in clinical trials. Controlled Clinical Trials 7(3),
177-188. doi:10.1016/0197-2456(86)90046-2
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

Floats = NDArray[np.float64]


class Side(NamedTuple):
    """Means, standard deviations and numbers of observations of treated or controls: arrays (k,)."""

    mean: Floats
    deviation: Floats
    number: Floats


class Pooled(NamedTuple):
    """Pooled effect: its variance, τ², Q with its probability, and I², the part of Q beyond chance."""

    effect: float
    variance: float
    between: float
    heterogeneity: float
    heterogeneity_p: float
    inconsistency: float


def log_response_ratio(treated: Side, control: Side) -> tuple[Floats, Floats]:
    """Natural logarithm of the ratio of means, and its variance; NaN where the means are not of one sign."""
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.log(treated.mean / control.mean)
        variance = sum(side.deviation**2 / (side.number * side.mean**2) for side in (treated, control))
    usable = np.isfinite(effect)
    return np.where(usable, effect, np.nan), np.where(usable, variance, np.nan)


def hedges_g(treated: Side, control: Side) -> tuple[Floats, Floats]:
    """Difference of means in pooled deviations, corrected for small samples, and its variance.

    NaN where no value scatters or there are fewer than three.
    """
    freedom = treated.number + control.number - 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = sum((side.number - 1.0) * side.deviation**2 for side in (treated, control))
        pooled = np.sqrt(squares / freedom)
        plain = (treated.mean - control.mean) / pooled
        correction = 1.0 - 3.0 / (4.0 * freedom - 1.0)
        total = treated.number + control.number
        variance = correction**2 * (total / (treated.number * control.number) + plain**2 / (2.0 * total))
    usable = np.isfinite(plain) & (freedom > 0)
    return np.where(usable, correction * plain, np.nan), np.where(usable, variance, np.nan)


def pool(effects: Floats, variances: Floats) -> Pooled:
    """Pool `effects` (k,) of `variances` (k,), all above 0, k of 1 or more; Q of one effect is 0."""
    weights = 1.0 / variances
    total = float(weights.sum())
    fixed = float(weights @ effects) / total
    heterogeneity = float(weights @ (effects - fixed) ** 2)
    freedom = effects.size - 1
    scale = total - float(weights @ weights) / total
    between = max(0.0, (heterogeneity - freedom) / scale) if freedom else 0.0
    random = 1.0 / (variances + between)
    effect = float(random @ effects) / float(random.sum())
    beyond = max(0.0, (heterogeneity - freedom) / heterogeneity) if heterogeneity > 0 else 0.0
    chance = float(chdtrc(freedom, heterogeneity)) if freedom else 1.0
    return Pooled(effect, 1.0 / float(random.sum()), between, heterogeneity, chance, beyond)
