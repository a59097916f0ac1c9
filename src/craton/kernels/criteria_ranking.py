"""Criteria brought together in one score: sums, products, ordered averages, distances, grey relation.

Values are (n, k): a row for each thing that is judged, a column for each criterion; weights (k,) add up to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit

from craton.kernels.threads import do_all, share

ROWS = 65_536
"""Rows of a part of a large table: results do not depend on how many work at them."""

TOGETHER = 16
"""Rows whose numbers go through one loop."""


class Distances(NamedTuple):
    """Distance (n,) to the best and to the worst, and the closeness (n,) from 0 to 1."""

    to_best: np.ndarray
    to_worst: np.ndarray
    closeness: np.ndarray


class Compromise(NamedTuple):
    """Group utility S, individual regret R and their compromise Q (n,), each better low."""

    utility: np.ndarray
    regret: np.ndarray
    compromise: np.ndarray


def weighted_sum(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Σ_j w_j s_ij, added in the order of the criteria."""
    total = np.zeros(len(scores))
    for column, weight in zip(scores.T, weights, strict=True):
        total += weight * column
    return total


def weighted_product(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Π_j s_ij^w_j of scores that are not negative; a score of 0 with any weight gives 0."""
    total = np.ones(len(scores))
    for column, weight in zip(scores.T, weights, strict=True):
        total *= column**weight
    return total


def ordered_average(scores: np.ndarray, weights: np.ndarray, power: float) -> np.ndarray:
    """Scores in falling order, weighted by the quantifier Q(r) = r^power of the weights so far (Yager 1996).

    Notes
    -----
    Σ_i (Q(u_i) − Q(u_{i−1})) s_(i), u_i the sum of the weights of the i highest scores. Power 1 is the
    weighted sum; near 0 it tends to the highest, as it grows to the lowest score.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    falling = np.take_along_axis(scores, order, axis=1)
    reached = np.minimum(np.cumsum(weights[order], axis=1), 1.0)
    reached[:, -1] = 1.0
    steps = np.diff(reached**power, axis=1, prepend=0.0)
    return np.asarray((steps * falling).sum(axis=1))


def topsis(values: np.ndarray, weights: np.ndarray, costs: np.ndarray) -> Distances:
    """Closeness to the ideal solution, by the Euclidean norm of each criterion.

    Notes
    -----
    v_ij = w_j x_ij/√Σ_i x_ij²; d⁺ and d⁻ are the Euclidean distances to the best and the worst of each
    criterion; C = d⁻/(d⁺ + d⁻), 1 where all rows are alike. A column of zeros counts for nothing.

    References
    ----------
    Hwang, C. L., and Yoon, K. (1981). Multiple Attribute Decision Making. Springer, 128-140.
    doi:10.1007/978-3-642-48318-9
    """
    columns = np.empty((3, len(values)))
    found = Distances(columns[0], columns[1], columns[2])
    _judge(values, weights, costs, lambda rows: Distances(*(one[rows] for one in found)))
    return found


def closeness(values: np.ndarray, weights: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Closeness (n,) alone, as `topsis` tells it: distances are kept for some rows at a time only."""
    found = np.empty(len(values))

    def places(rows: slice) -> Distances:
        one = found[rows]
        return Distances(np.empty(one.size), np.empty(one.size), one)

    _judge(values, weights, costs, places)
    return found


def _judge(
    values: np.ndarray, weights: np.ndarray, costs: np.ndarray, places: Callable[[slice], Distances]
) -> None:
    """Write distances and closeness to the `places` of rows, some rows at a time."""
    table = np.ascontiguousarray(values, dtype=np.float64)
    parts = [slice(start, start + ROWS) for start in range(0, len(table), ROWS)]
    width = table.shape[1]
    told = np.stack(list(share(lambda rows: _column_sums(table[rows].reshape(-1), width, TOGETHER), parts)))
    squares = told[:, 0].sum(axis=0)
    least, most = told[:, 1].min(axis=0), told[:, 2].max(axis=0)
    scales = weights / np.sqrt(np.where(squares > 0, squares, 1.0))
    ends = np.where(costs, least, most), np.where(costs, most, least)
    best, worst, squared = (np.tile(one, TOGETHER) for one in (*ends, scales * scales))

    def judge(rows: slice) -> None:
        above, below, close = places(rows)
        _distances(table[rows].reshape(-1), above, below, close, squared, best, worst, width)

    do_all(judge, parts)


@njit(nogil=True, cache=True, error_model="numpy")
def _column_sums(values: np.ndarray, width: int, rows: int) -> np.ndarray:
    """Sum of squares, least and most of each column, as rows, of a table (n width,) told row by row.

    Some rows go together, number by number: long inner loops are what a processor does at once.
    """
    size = rows * width
    squares, least, most = np.zeros(size), np.full(size, np.inf), np.full(size, -np.inf)
    for start in range(0, values.size, size):
        part = values[start : start + size]
        for place in range(part.size):
            value = part[place]
            squares[place] += value * value
            # `min` and `max` mind missing numbers, which keeps the compiler from taking several at once.
            least[place] = value if value < least[place] else least[place]  # noqa: FURB136 - see above
            most[place] = value if value > most[place] else most[place]  # noqa: FURB136 - see above
    told = np.empty((3, width))
    for column in range(width):
        told[0, column] = squares[column::width].sum()
        told[1, column], told[2, column] = least[column::width].min(), most[column::width].max()
    return told


@njit(nogil=True, cache=True, error_model="numpy")
def _distances(
    values: np.ndarray,
    above: np.ndarray,
    below: np.ndarray,
    closeness: np.ndarray,
    scales: np.ndarray,
    best: np.ndarray,
    worst: np.ndarray,
    width: int,
) -> None:
    """Write distances to the best and the worst and the closeness of rows; `scales` are squared.

    `scales`, `best` and `worst` are told anew for each of the rows that go together.
    """
    upper, lower = np.empty(scales.size), np.empty(scales.size)
    for start in range(0, values.size, scales.size):
        part = values[start : start + scales.size]
        for place in range(part.size):
            upper[place] = scales[place] * (part[place] - best[place]) ** 2
            lower[place] = scales[place] * (part[place] - worst[place]) ** 2
        for row in range(part.size // width):
            up, down = 0.0, 0.0
            for place in range(row * width, (row + 1) * width):
                up += upper[place]
                down += lower[place]
            above[start // width + row], below[start // width + row] = up, down
    for row in range(closeness.size):
        up, down = np.sqrt(above[row]), np.sqrt(below[row])
        both = up + down
        above[row], below[row] = up, down
        closeness[row] = down / both if both > 0 else 1.0


def vikor(values: np.ndarray, weights: np.ndarray, costs: np.ndarray, majority: float) -> Compromise:
    """Compromise between the good of most criteria and the least regret in any.

    Notes
    -----
    With r_ij the part of the range of criterion j by which row i stays behind the best (0 where all are
    alike): S = Σ w_j r_ij, R = max_j w_j r_ij, Q = v (S − S*)/(S⁻ − S*) + (1 − v)(R − R*)/(R⁻ − R*), * the
    least and ⁻ the most of all rows. A part without a range counts as 0.

    References
    ----------
    Opricovic, S., and Tzeng, G.-H. (2004). Compromise solution by MCDM methods: a comparative analysis of
    VIKOR and TOPSIS. European Journal of Operational Research 156(2), 445-455.
    doi:10.1016/S0377-2217(03)00020-1
    """
    least, most = values.min(axis=0), values.max(axis=0)
    best, spread = np.where(costs, least, most), np.where(most > least, most - least, 1.0)
    behind = weights * np.abs(best - values) / spread
    utility, regret = weighted_sum(behind, np.ones_like(weights)), behind.max(axis=1)
    return Compromise(utility, regret, majority * _part(utility) + (1.0 - majority) * _part(regret))


def _part(values: np.ndarray) -> np.ndarray:
    """Where each value lies in the range of all, 0 where there is no range beyond rounding."""
    least, spread = values.min(), values.max() - values.min()
    return (values - least) / spread if spread > 1e-12 else np.zeros(values.size)


def grey_relation(scores: np.ndarray, weights: np.ndarray, contrast: float) -> np.ndarray:
    """Grade (n,) of Deng's grey relation to the ideal of 1 in each score from 0 to 1.

    Notes
    -----
    ξ_ij = (Δmin + ρ Δmax)/(Δ_ij + ρ Δmax), Δ = 1 − s, least and most over the whole table; the grade is
    Σ_j w_j ξ_ij, 1 where all are ideal.
    """
    distance = np.maximum(1.0 - scores, 0.0)
    least, most = distance.min(), distance.max()
    if most <= 0:
        return np.ones(len(scores))
    return weighted_sum((least + contrast * most) / (distance + contrast * most), weights)
