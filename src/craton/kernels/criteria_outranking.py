"""Outranking: preference flows over all pairs (PROMETHEE), and credibility and distillation (ELECTRE III)."""

from __future__ import annotations

import numpy as np
from numba import njit

STEPS, RAMP, BELL = "level", "linear", "gaussian"
"""Forms that all preference functions are cases of."""

FUNCTIONS = {
    "usual": STEPS,
    "u_shape": STEPS,
    "v_shape": RAMP,
    "level": STEPS,
    "linear": RAMP,
    "gaussian": BELL,
}
"""Preference functions of Brans and Vincke, and the form that each is a case of."""

ROUNDING = 1e-12
"""Part of the largest value by which rounding may move a difference: .8 − .6 is not above .2."""

EQUAL = 1e-9
"""Difference of two credibilities that rounding may make."""


def preference_sums(values: np.ndarray, function: str, indifference: float, preference: float) -> np.ndarray:
    """Σ_b P(x_a − x_b) over all others b, for each a: by how much it is preferred in one criterion.

    Parameters
    ----------
    values : array (n,)
        Higher is better.
    function : str
        One of `FUNCTIONS`: `usual` (any difference is strict), `u_shape` (strict above q), `v_shape` (rises
        to p), `level` (½ above q, 1 above p), `linear` (rises from q to p), `gaussian` (1 − exp(−d²/2p²)).
    indifference, preference : float
        Thresholds q ≤ p in the unit of the values; `usual` has none, `u_shape` only q, `v_shape` only p.

    Notes
    -----
    The forms of steps and ramps need n log n operations by sorting and sums so far, the bell n².

    References
    ----------
    Brans, J. P., and Vincke, P. (1985). A preference ranking organisation method. Management Science 31(6),
    647-656. doi:10.1287/mnsc.31.6.647
    """
    if FUNCTIONS[function] == BELL:
        return _bell_sums(np.ascontiguousarray(values, dtype=np.float64), preference)
    low = {"usual": 0.0, "v_shape": 0.0}.get(function, indifference)
    high = {"usual": 0.0, "u_shape": indifference}.get(function, preference)
    rising = np.sort(values)
    if FUNCTIONS[function] == STEPS:
        below = values - ROUNDING * np.abs(values).max()
        weak, strict = np.searchsorted(rising, below - low), np.searchsorted(rising, below - high)
        return np.asarray(0.5 * (weak + strict))
    return _ramp_sums(values, rising, low, high)


def _ramp_sums(values: np.ndarray, rising: np.ndarray, low: float, high: float) -> np.ndarray:
    """Sums of a preference that rises from 0 at `low` to 1 at `high`, `rising` being the values in order."""
    middle = rising[len(rising) // 2]
    sums = np.concatenate([[0.0], np.cumsum(rising - middle)])
    weak, strict = np.searchsorted(rising, values - low), np.searchsorted(rising, values - high)
    between = (values - middle - low) * (weak - strict) - (sums[weak] - sums[strict])
    return np.asarray(strict + between / (high - low))


@njit(nogil=True, cache=True, error_model="numpy")
def _bell_sums(values: np.ndarray, width: float) -> np.ndarray:
    found = np.zeros(values.size)
    for one in range(values.size):
        for other in range(values.size):
            ahead = values[one] - values[other]
            if ahead > 0:
                found[one] += -np.expm1(-0.5 * (ahead / width) ** 2)
    return found


def credibility(
    values: np.ndarray,
    weights: np.ndarray,
    indifference: np.ndarray,
    preference: np.ndarray,
    veto: np.ndarray,
) -> np.ndarray:
    """How credible it is (n, n) that the row is at least as good as the column, 1 with itself.

    Parameters
    ----------
    values : array (n, k)
        Higher is better.
    weights, indifference, preference, veto : array (k,)
        Weights that add up to 1, and thresholds q ≤ p ≤ v in the units of the columns; a v of infinity for
        none. Thresholds that hang on the row are (n, 1, k).

    Notes
    -----
    With d = x_b − x_a: c_j is 1 for d ≤ q, 0 for d ≥ p, straight between; C = Σ w_j c_j; D_j is 0 for
    d ≤ p, 1 for d ≥ v, straight between; S = C · Π (1 − D_j)/(1 − C) over the j with D_j > C.

    References
    ----------
    Roy, B. (1978). ELECTRE III: un algorithme de classements fondé sur une représentation floue des
    préférences en présence de critères multiples. Cahiers du CERO 20(1), 3-24.
    """
    ahead = values[None, :, :] - values[:, None, :]
    indifference = indifference + ROUNDING * np.abs(values).max(axis=0)
    preference = np.maximum(preference, indifference)
    veto = np.maximum(veto, preference)
    with np.errstate(divide="ignore", invalid="ignore"):
        concord = np.where(ahead <= indifference, 1.0, (preference - ahead) / (preference - indifference))
        discord = np.where(ahead >= veto, 1.0, (ahead - preference) / (veto - preference))
    agreed = np.clip(concord, 0.0, 1.0) @ weights
    agreed = np.where((ahead <= indifference).all(axis=2), 1.0, agreed)
    against = np.where(ahead <= preference, 0.0, np.clip(discord, 0.0, 1.0))
    room = np.where(agreed < 1.0, 1.0 - agreed, 1.0)[:, :, None]
    found = agreed * np.where(against > agreed[:, :, None], (1.0 - against) / room, 1.0).prod(axis=2)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def distillation(credible: np.ndarray, *, descending: bool, alpha: float, beta: float) -> np.ndarray:
    """Class (n,) of each row, 1 the best, by taking out the best (or, ascending, the worst) step by step.

    Parameters
    ----------
    credible : array (n, n)
        Of `credibility`.
    descending : bool
        Whether the best are taken first; else the worst.
    alpha, beta : float
        Of the discrimination s(λ) = α + β λ.

    Notes
    -----
    a outranks b where S(a,b) > λ' and S(a,b) − S(b,a) > s(S(a,b)), λ' the greatest credibility below
    λ − s(λ); the qualification of a is how many it outranks less how many outrank it. The rows of the best
    qualification are parted further at λ', until one is left or λ' is 0 (Roy 1978).
    """
    count = len(credible)
    classes = np.zeros(count, np.int64)
    left, number = np.arange(count), 0
    while left.size:
        number += 1
        taken = _distilled(credible, left, descending, alpha, beta)
        classes[taken] = number
        left = left[~np.isin(left, taken)]
    return classes if descending else number + 1 - classes


def _distilled(
    credible: np.ndarray, rows: np.ndarray, descending: bool, alpha: float, beta: float
) -> np.ndarray:
    """Rows of the best (or worst) class among `rows`."""
    level = _greatest(credible, rows, np.inf)
    while rows.size > 1 and level > 0:
        below = _greatest(credible, rows, level - (alpha + beta * level))
        part = credible[np.ix_(rows, rows)]
        over = (part > below + EQUAL) & (part - part.T > alpha + beta * part + EQUAL)
        merit = over.sum(axis=1) - over.sum(axis=0)
        rows = rows[merit == (merit.max() if descending else merit.min())]
        level = below
    return rows


def _greatest(credible: np.ndarray, rows: np.ndarray, limit: float) -> float:
    """Greatest credibility below `limit` between two different of `rows`, 0 where there is none."""
    part = credible[np.ix_(rows, rows)]
    apart = part[~np.eye(rows.size, dtype=bool)]
    return float(apart[apart < limit - EQUAL].max(initial=0.0))
