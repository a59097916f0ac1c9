"""Data envelopment with undesirable outputs, such as waste: how far all outputs could better at once."""

from __future__ import annotations

import numpy as np

from craton.kernels.envelopment import (
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


def directed(units: Amounts, undesired: int, *, variable: bool, weak: bool) -> Envelope:
    """How far each unit could give more of what is wanted and less of what is not, by the same part.

    Parameters
    ----------
    units : Amounts
        Each with an input and a wanted output above 0; the last columns of `outputs` are the undesirable
        ones.
    undesired : int
        How many these are, at least 1.
    variable : bool
        Whether returns to scale vary or are constant.
    weak : bool
        Whether undesirable outputs fall only with the wanted ones, or can be had in any lesser amount.

    Returns
    -------
    Envelope
        `efficiency` 1/(1 + β), 1 on the frontier; targets of all columns.

    Notes
    -----
    The greatest β with Xλ + s⁻ = x, Yλ − s⁺ = (1 + β) y, Bλ = (1 − β) b, λ, s ≥ 0; then the greatest sum of
    slacks, each as a part of the mean of its column. Not weak: Bλ + s = (1 − β) b. With variable returns
    Σλ = 1, and in the weak case each reference may abate by itself: outputs come from λ, inputs from λ + μ,
    and Σ(λ + μ) = 1.

    References
    ----------
    Chung, Y. H., Färe, R., and Grosskopf, S. (1997). Productivity and undesirable outputs: a directional
    distance function approach. Journal of Environmental Management 51(3), 229-240.
    doi:10.1006/jema.1997.0146

    Kuosmanen, T. (2005). Weak disposability in nonparametric production analysis with undesirable outputs.
    American Journal of Agricultural Economics 87(4), 1077-1082. doi:10.1111/j.1467-8276.2005.00788.x
    """
    means = means_of(units)
    return by_unit(units, lambda place: _judged(units, means, place, undesired, variable, weak))


def _judged(
    units: Amounts, means: np.ndarray, place: int, undesired: int, variable: bool, weak: bool
) -> Judged:
    own = np.concatenate([units.inputs[place], units.outputs[place]])
    size, worth = scale_of(own, means)
    spanned = np.vstack([units.inputs.T, units.outputs.T]) / size[:, None]
    count, inputs = spanned.shape[1], units.inputs.shape[1]
    if variable and weak:
        idle = np.where(np.arange(own.size)[:, None] < inputs, spanned, 0.0)
        spanned = np.hstack([spanned, idle])
    program = _program(spanned, own / size, worth, (inputs, undesired), variable, weak)
    found = optimum(program)
    if found is None:
        return nowhere(own.size)
    weights, gain = found[: spanned.shape[1]], found[spanned.shape[1]]
    peers = weights.reshape(-1, count).sum(axis=0)
    there = peers_of(peers, spanned[:, :count])
    return Judged(1.0 / (1.0 + gain), (spanned @ weights) * size, there, peers[there])


def _program(
    spanned: np.ndarray,
    own: np.ndarray,
    worth: np.ndarray,
    split: tuple[int, int],
    variable: bool,
    weak: bool,
) -> Program:
    """Program in the weights, the gain β, and slacks; rows are inputs, outputs, undesirable ones, the sum."""
    (rows, count), (inputs, undesired) = spanned.shape, split
    kind = np.repeat([0, 1, 2], [inputs, rows - inputs - undesired, undesired])
    gain = np.choose(kind, [0.0, -1.0, 1.0]) * own
    slack = np.diag(np.where(kind == 1, -1.0, 1.0))
    loose = np.flatnonzero((kind < 2) | (not weak))
    matrix, right = np.hstack([spanned, gain[:, None], slack[:, loose]]), own
    if variable:
        matrix = np.vstack([matrix, np.arange(matrix.shape[1]) < count])
        right = np.append(right, 1.0)
    costs = np.zeros((2, matrix.shape[1]))
    costs[0, count] = -1.0
    costs[1, count + 1 :] = -worth[loose]
    return Program(matrix, right, costs)
