"""Weights of criteria: from judgments of pairs, from the best and the worst, and from the data.

All give shares (k,) that add up to 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

RANDOM_INDEX = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip
"""Saaty's mean consistency index of random judgments of 1 to 15 criteria."""

ACCEPTABLE_RATIOS = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.1667, 0.1667, 0.1667, 0.1667, 0.1667, 0.1667, 0.1667],
        [0.1121, 0.1529, 0.1898, 0.2206, 0.2527, 0.2577, 0.2683],
        [0.1354, 0.1994, 0.2306, 0.2546, 0.2716, 0.2844, 0.2960],
        [0.1330, 0.1990, 0.2643, 0.3044, 0.3144, 0.3221, 0.3262],
        [0.1294, 0.2457, 0.2819, 0.3029, 0.3144, 0.3251, 0.3403],
        [0.1309, 0.2521, 0.2958, 0.3154, 0.3408, 0.3620, 0.3657],
        [0.1359, 0.2681, 0.3062, 0.3337, 0.3517, 0.3620, 0.3662],
    ]
)
"""Greatest ratio of the input of the best–worst method that is acceptable (Liang and others 2020, table 3).

Rows: the best over the worst, 2 to 9 times. Columns: 3 to 9 criteria.
"""


class Judged(NamedTuple):
    """Shares (k,), the greatest eigenvalue, the consistency index and its ratio to the random one."""

    weights: np.ndarray
    eigenvalue: float
    consistency_index: float
    consistency_ratio: float


class BestWorst(NamedTuple):
    """Shares (k,), the largest misfit ξ of the linear model, and the consistency ratio (k,) of the input."""

    weights: np.ndarray
    misfit: float
    ratios: np.ndarray

    @property
    def ratio(self) -> float:
        """Consistency ratio of all the input."""
        return float(self.ratios.max())


def principal_vector(judgments: np.ndarray) -> tuple[float, np.ndarray]:
    """Greatest eigenvalue of a positive matrix (k, k) and its eigenvector, whose parts add up to 1."""
    values, vectors = np.linalg.eig(judgments)
    at = int(np.argmax(values.real))
    vector = np.abs(vectors[:, at].real)
    return float(values[at].real), vector / vector.sum()


def hierarchy(judgments: np.ndarray) -> Judged:
    """Weights by Saaty's analytic hierarchy process.

    Parameters
    ----------
    judgments : array (k, k)
        How many times as important the criterion of the row is as that of the column; reciprocal, k ≤ 15.

    Notes
    -----
    A w = λmax w, CI = (λmax − k)/(k − 1), CR = CI/RI. Two criteria are always consistent: CR is 0 there.

    References
    ----------
    Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill.
    """
    count = len(judgments)
    eigenvalue, weights = principal_vector(judgments)
    index = max((eigenvalue - count) / (count - 1), 0.0) if count > 1 else 0.0
    random = RANDOM_INDEX[count - 1]
    return Judged(weights, eigenvalue, index, index / random if random else 0.0)


def fitting_judgment(judgments: np.ndarray, first: int, second: int) -> float:
    """What the other judgments say of one pair: the ratio of the weights found without it (Harker 1987)."""
    left = judgments.copy()
    left[first, second] = left[second, first] = 0.0
    left[first, first] = left[second, second] = 2.0
    _eigenvalue, weights = principal_vector(left)
    return float(weights[first] / weights[second])


def best_worst(best: int, worst: int, over_others: np.ndarray, over_worst: np.ndarray) -> BestWorst:
    """Weights by the linear model of the best–worst method.

    Parameters
    ----------
    best, worst : int
        Which criteria are the most and the least important.
    over_others, over_worst : array (k,)
        How many times as important the best is as each, and each as the worst.

    Notes
    -----
    min ξ, so that |w_B − a_Bj w_j| ≤ ξ and |w_j − a_jW w_W| ≤ ξ for all j, Σw = 1, w ≥ 0 (a linear
    programme, solved by HiGHS). The ratio of the input is |a_Bj a_jW − a_BW|/(a_BW² − a_BW), 0 where a_BW
    is 1; that of all is the greatest.

    References
    ----------
    Rezaei, J. (2016). Best-worst multi-criteria decision-making method: some properties and a linear model.
    Omega 64, 126-130. doi:10.1016/j.omega.2015.12.001

    Liang, F., Brunelli, M., and Rezaei, J. (2020). Consistency issues in the best worst method: measurements
    and thresholds. Omega 96, 102175. doi:10.1016/j.omega.2019.102175
    """
    count = len(over_others)
    unit = np.eye(count)
    misfits = np.vstack([unit[best] - over_others[:, None] * unit, unit - np.outer(over_worst, unit[worst])])
    rows = np.hstack([np.vstack([misfits, -misfits]), np.full((4 * count, 1), -1.0)])
    solved = linprog(
        np.append(np.zeros(count), 1.0),
        A_ub=rows, b_ub=np.zeros(4 * count), A_eq=np.append(np.ones(count), 0.0)[None, :], b_eq=[1.0],
        bounds=(0, None), method="highs",
    )  # fmt: skip
    weights = np.maximum(solved.x[:count], 0.0)
    most = float(over_others[worst])
    ratios = np.abs(over_others * over_worst - most) / (most * most - most if most > 1 else 1.0)
    return BestWorst(weights / weights.sum(), max(float(solved.x[count]), 0.0), ratios)


def acceptable_ratio(count: int, best_over_worst: float) -> float:
    """Greatest acceptable ratio of the input for so many criteria, held to those of the table."""
    row = int(np.clip(np.rint(best_over_worst), 2, 9)) - 2
    return float(ACCEPTABLE_RATIOS[row, int(np.clip(count, 3, 9)) - 3])


def entropies(values: np.ndarray) -> np.ndarray:
    """Entropy (k,) of each column of `values` (n, k), at least 0, over that of equal values: 1 where all are.

    Notes
    -----
    E = −Σ p ln p / ln n with p = x/Σx and 0 ln 0 = 0 (Hwang and Yoon 1981). A column of zeros has 1.
    """
    totals = values.sum(axis=0)
    shares = values / np.where(totals > 0, totals, 1.0)
    logs = np.log(np.where(shares > 0, shares, 1.0))
    found = -(shares * logs).sum(axis=0) / np.log(len(values))
    same = (values == values[0]).all(axis=0)
    return np.asarray(np.where(same, 1.0, np.minimum(found, 1.0)))


def critic(scores: np.ndarray) -> np.ndarray:
    """Weight (k,), before sharing out, by spread and by conflict: σ_j Σ_i (1 − r_ij) (Diakoulaki 1995).

    Parameters
    ----------
    scores : array (n, k)
        Scores from 0 to 1, higher is better; no column is constant.
    """
    conflict = (1.0 - np.corrcoef(scores, rowvar=False)).sum(axis=0)
    return np.asarray(scores.std(axis=0, ddof=1) * conflict)


def communalities(values: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Part of the variance of each column that the first principal components explain.

    Parameters
    ----------
    values : array (n, k)
        No column is constant.
    share : float
        Components are kept until they explain this part of all variance; equal ones are kept together, as
        their directions are not determined.

    Returns
    -------
    tuple
        Parts (k,), eigenvalues (k,) of the correlation matrix from the greatest, and how many are kept.
    """
    eigenvalues, vectors = np.linalg.eigh(np.corrcoef(values, rowvar=False))
    eigenvalues, vectors = np.maximum(eigenvalues[::-1], 0.0), vectors[:, ::-1]
    told = np.cumsum(eigenvalues) / eigenvalues.sum()
    least = eigenvalues[np.searchsorted(told, share - 1e-12)]
    kept = int((eigenvalues >= least - 1e-9 * eigenvalues[0]).sum())
    return (vectors[:, :kept] ** 2) @ eigenvalues[:kept], eigenvalues, kept


def game_theory_shares(weights: np.ndarray) -> np.ndarray:
    """Shares (m,) of several sets of weights (m, k) in the one that is nearest to all of them.

    Notes
    -----
    Σ_j a_j w_i·w_j = w_i·w_i for each set i; negative a count as 0, and the a are brought to the sum 1. Sets
    that are alike share evenly.
    """
    products = weights @ weights.T
    found = np.linalg.lstsq(products, np.diag(products), rcond=1e-12)[0]
    kept = np.maximum(found, 0.0)
    return np.asarray(kept / kept.sum())
