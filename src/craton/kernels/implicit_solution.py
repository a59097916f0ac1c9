"""The weights of an implicit field: exact data by one factor, one-sided data by their multipliers.

Among all fields that honour the rows, the one of least energy that also satisfies sᵢ (f(qᵢ) − ℓᵢ) ≥ 0 has
a centre of weight sᵢ μᵢ at each bound, μ ≥ 0, with μᵢ = 0 wherever the bound is not touched. With S the
covariance of the bounds that is left once the rows are known and w⁰ what the field without bounds gives,

    w = S μ + w⁰ ≥ 0,   μ ≥ 0,   μᵀ w = 0,

which minimises ½ μᵀ S μ + μᵀ w⁰: a least-squares problem in weights that are not negative (Lawson and
Hanson 1995, chapter 23). Only bounds that were ever violated enter it, the worst first.

A bound whose own covariance left is nothing is decided by the rows. If they violate it, it stays so and
its amount is told.

References
----------
Lawson, C. L. and Hanson, R. J. (1995), Solving least squares problems, SIAM Classics in Applied Mathematics
15. doi:10.1137/1.9781611971217

Dubrule, O. and Kostov, C. (1986), An interpolation method taking into account inequality constraints: I.
Methodology, Mathematical Geology 18(1), 33-51. doi:10.1007/BF00897654
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from craton.kernels.implicit_system import (
    Rows,
    System,
    covariances_between,
    factor,
    gradients_at,
    solve,
    values_at,
)

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

ROUNDS = 4
"""Corrections of the weights by what is left of the data, at most."""

EXACT = 1e-12
"""Part of the extent that is left of the data when no more corrections are made."""

MET = 1e-9
"""Part of the extent by which a bound may be missed and still count as met."""

WORST = 100
"""Bounds that join at a time."""

DECIDED = 1e-11
"""Covariance left of a bound, in the cube of the extent, below which the rows decide it."""

FLOOR = 1e-13
"""Least eigenvalue of S over its largest: smaller ones are rounding."""


class Problem(NamedTuple):
    """Rows (N of them), their right-hand side (N,), independent columns P (N, k) and noise (N,)."""

    rows: Rows
    right: Floats
    columns: Floats
    noise: Floats


class Bounds(NamedTuple):
    """Bounds sᵢ (f(qᵢ) − ℓᵢ) ≥ 0: scaled places (p, 3), columns (p, k), known part of ℓ (p,), sign (p,).

    With `noise` above 0 a bound may be missed, for less bending: it is the weight of bending against the
    square of what is missed.
    """

    places: Floats
    columns: Floats
    values: Floats
    sign: Floats
    noise: float = 0.0


class Solution(NamedTuple):
    """Weights of rows (N,), coefficients (k,), weights of bounds (p,), and misfit of rows (N,)."""

    weights: Floats
    coefficients: Floats
    pushes: Floats
    misfit: Floats


class Centres(NamedTuple):
    """Centres (3, n) with weights (n,), and sources (3, m) with vectors (3, m), as `values_at` takes them."""

    places: Floats
    weights: Floats
    sources: Floats
    vectors: Floats


def solve_bounded(problem: Problem, bounds: Bounds) -> tuple[Solution, Floats]:
    """Solution of a problem under bounds, and how far each bound is on its side (p,), scaled.

    What is negative in the second result is left of bounds that the rows contradict; it is 0 where a bound
    is met to within `MET`.
    """
    system = factor(problem.rows, problem.columns, problem.noise)
    none = np.zeros(len(bounds.sign))
    free = solution = _solved(system, problem, bounds, none)
    at_first = slack = slacks(problem, bounds, free)
    working, decided = np.empty(0, dtype=np.int64), np.zeros(none.size, dtype=bool)
    left = np.empty((0, 0))
    while True:
        joining = _worst(slack, decided, working)
        if not joining.size:
            return solution, np.where(np.abs(slack) < MET, 0.0, slack)
        working = np.concatenate([working, joining])
        left = _covariance_left(system, problem, bounds, working)
        own = np.diag(left)
        decided[working[own <= DECIDED]] = True
        working, left = working[own > DECIDED], left[np.ix_(own > DECIDED, own > DECIDED)]
        pushes = none.copy()
        yielding = left + bounds.noise * np.eye(len(left))
        pushes[working] = bounds.sign[working] * multipliers(yielding, at_first[working])
        solution = _solved(system, problem, bounds, pushes)
        slack = slacks(problem, bounds, solution)


def multipliers(covariance: Floats, slack: Floats) -> Floats:
    """Weights μ ≥ 0 (q,) that minimise ½ μᵀ S μ + μᵀ w, with S (q, q) and w (q,) signed by the bounds.

    Raises
    ------
    ValueError
        If the bounds are so nearly contradictory that no weights are found.
    """
    if not slack.size:
        return slack
    sizes, turned = np.linalg.eigh(covariance)
    roots = np.sqrt(np.maximum(sizes, FLOOR * sizes[-1]))
    sides = roots[:, np.newaxis] * turned.T
    try:
        found: Floats = nnls(sides, -(turned.T @ slack) / roots, maxiter=30 * slack.size)[0]
    except RuntimeError as failed:
        raise ValueError("the inequalities contradict each other or the contacts too closely") from failed
    return found


def centres_of(problem: Problem, bounds: Bounds, solution: Solution) -> Centres:
    """Centres of the field of a solution; the three slopes of an orientation stay three sources."""
    count = len(problem.rows.places)
    pushed = solution.pushes != 0.0
    places = np.concatenate([problem.rows.places, bounds.places[pushed]])
    weights = np.concatenate([solution.weights[:count], solution.pushes[pushed]])
    vectors = solution.weights[count:, np.newaxis] * problem.rows.directions
    return Centres(
        *(np.ascontiguousarray(part.T) for part in (places, weights, problem.rows.slope_places, vectors))
    )


def slacks(problem: Problem, bounds: Bounds, solution: Solution) -> Floats:
    """How far each bound is on its side (p,), scaled: negative where it is violated."""
    if not bounds.sign.size:
        return bounds.sign
    field = values_at(bounds.places, *centres_of(problem, bounds, solution))
    slack: Floats = bounds.sign * (field + bounds.columns @ solution.coefficients - bounds.values)
    return slack


def _worst(slack: Floats, decided: NDArray[np.bool_], working: Whole) -> Whole:
    """Numbers of the most violated bounds that may still join."""
    wrong = (slack < -MET) & ~decided
    wrong[working] = False
    candidates = np.flatnonzero(wrong)
    return candidates[np.argsort(slack[candidates], kind="stable")][:WORST]


def _covariance_left(system: System, problem: Problem, bounds: Bounds, numbers: Whole) -> Floats:
    """Covariance S (q, q) of bounds once the rows are known, with the signs of both."""
    places, columns, sign = bounds.places[numbers], bounds.columns[numbers], bounds.sign[numbers]
    across = covariances_between(problem.rows, places)
    weights, coefficients = solve(system, across, columns.T)
    distance = np.linalg.norm(places[:, np.newaxis] - places, axis=-1)
    left = distance**3 - across.T @ weights - columns @ coefficients
    signed: Floats = sign[:, np.newaxis] * (left + left.T) / 2 * sign
    return signed


def _solved(system: System, problem: Problem, bounds: Bounds, pushes: Floats) -> Solution:
    """Solution with given weights of the bounds, corrected until the rows are met."""
    empty = np.zeros(len(problem.right)), np.zeros(problem.columns.shape[1])
    solution = Solution(*empty, pushes, problem.right)
    if pushes.any():
        solution = solution._replace(misfit=problem.right - _predicted(problem, bounds, solution))
    least = np.inf
    for _round in range(ROUNDS):
        trial = _corrected(system, problem, bounds, solution)
        left = float(np.abs(trial.misfit - problem.noise * trial.weights).max())
        if left >= least:
            break
        solution, least = trial, left
        if least <= EXACT:
            break
    return solution


def _corrected(system: System, problem: Problem, bounds: Bounds, solution: Solution) -> Solution:
    """The solution with what it leaves of the rows solved for and added."""
    sums = -(bounds.columns.T @ solution.pushes) - problem.columns.T @ solution.weights
    rest = solution.misfit - problem.noise * solution.weights
    weights, coefficients = solve(system, rest[:, np.newaxis], sums[:, np.newaxis])
    better = solution._replace(
        weights=solution.weights + weights[:, 0], coefficients=solution.coefficients + coefficients[:, 0]
    )
    return better._replace(misfit=problem.right - _predicted(problem, bounds, better))


def _predicted(problem: Problem, bounds: Bounds, solution: Solution) -> Floats:
    """What the field of a solution gives for the rows (N,), summed without the matrix."""
    rows, centres = problem.rows, centres_of(problem, bounds, solution)
    slopes = (gradients_at(rows.slope_places, *centres) * rows.directions).sum(axis=1)
    found: Floats = np.concatenate([values_at(rows.places, *centres), slopes])
    found += problem.columns @ solution.coefficients
    return found
