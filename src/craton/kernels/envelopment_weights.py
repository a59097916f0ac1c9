"""Data envelopment whose weights are bound: by quotients, or by their part in the sum of a unit."""

from __future__ import annotations

import numpy as np

from craton.kernels.envelopment import (
    TINY,
    Amounts,
    Envelope,
    Judged,
    by_unit,
    means_of,
    nowhere,
    peers_of,
    scale_of,
)
from craton.kernels.small_programs import Program, optimum


def restricted(units: Amounts, ratios: np.ndarray, shares: np.ndarray) -> Envelope:
    """Efficiency of units by inputs at constant returns, with limits on the weights of inputs and outputs.

    Parameters
    ----------
    units : Amounts
        Each with an input and an output above 0.
    ratios : array (k, p + q)
        Limits Σ a w ≥ 0 on the weights w of inputs and outputs.
    shares : array (m, p + q)
        Limits Σ a w z ≥ 0 on the weights times the amounts z of the unit that is judged.

    Returns
    -------
    Envelope
        Efficiency NaN where the limits leave a unit no weights but 0.

    Notes
    -----
    The greatest u·y with v·x = 1, uY − vX ≤ 0, C (v, u) ≥ 0 and v, u ≥ 0, solved as its dual: min θ with
    Xλ + Cᵥᵀτ + s⁻ = θ x, Yλ − Cᵤᵀτ − s⁺ = y, λ, τ, s ≥ 0; then the greatest sum of slacks, each as a part of
    the mean of its column. Targets are θ x − s⁻ and y + s⁺.

    References
    ----------
    Thompson, R. G., Singleton, F. D., Thrall, R. M., and Smith, B. A. (1986). Comparative site evaluations
    for locating a high-energy physics lab in Texas. Interfaces 16(6), 35-49. doi:10.1287/inte.16.6.35

    Wong, Y.-H. B., and Beasley, J. E. (1990). Restricting weight flexibility in data envelopment analysis.
    Journal of the Operational Research Society 41(9), 829-835. doi:10.1057/jors.1990.120
    """
    means = means_of(units)
    return by_unit(units, lambda place: _judged(units, means, place, ratios, shares))


def _judged(units: Amounts, means: np.ndarray, place: int, ratios: np.ndarray, shares: np.ndarray) -> Judged:
    own = np.concatenate([units.inputs[place], units.outputs[place]])
    size, worth = scale_of(own, means)
    spanned = np.vstack([units.inputs.T, units.outputs.T]) / size[:, None]
    count, inputs = spanned.shape[1], units.inputs.shape[1]
    sign = np.where(np.arange(own.size) < inputs, 1.0, -1.0)
    limits = np.vstack([ratios, shares * own]).T / size[:, None] * sign[:, None]
    factor = np.where(sign > 0, -own / size, 0.0)[:, None]
    matrix = np.hstack([spanned, limits, factor, np.diag(sign)])
    costs = np.zeros((2, matrix.shape[1]))
    costs[0, -own.size - 1] = 1.0
    costs[1, -own.size :] = -worth
    found = optimum(Program(matrix, np.where(sign > 0, 0.0, own / size), costs))
    if found is None or found[-own.size - 1] <= TINY:
        return nowhere(own.size)
    held = found[: -own.size - 1]
    there = peers_of(held[:count], spanned)
    target = matrix[:, : held.size] @ held * size
    return Judged(float(found[-own.size - 1]), target, there, held[there])
