"""Inversion: models of a mesh that explain data within their errors and are otherwise as simple as can be.

The objective is χ²(m) + β Φ(m): the squares of weighted residuals, and the functional of `regularisation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from craton.kernels.mesh_sensitivity import Floats
from craton.kernels.regularisation import Regularisation, Smoother, inner

Array = NDArray[Any]

COOLING = (1.25, 32.0)
"""Least and greatest factor by which β falls from one step to the next."""

CLOSE = 0.05
"""Part of the target by which the final misfit may stay below it."""

RAISED = 10.0
"""Factor by which β rises while the model is closer to the data than errors alone would leave it."""

MOST_STEPS = 30
"""Values of β that are tried before the misfit is taken as out of reach."""

STALLED = 0.01
"""Part by which the misfit must fall in three steps, lest it is taken as out of reach."""


class Effort(NamedTuple):
    """What one solution may cost.

    Parameters
    ----------
    iterations : int
        Of conjugate gradients, in one sweep.
    tolerance : float
        Part of the first residual's norm that ends them.
    sweeps : int
        Times that the set of cells at their bounds is looked at anew.
    """

    iterations: int = 60
    tolerance: float = 3e-3
    sweeps: int = 12


THOROUGH = Effort()

SEARCHING = Effort(tolerance=1e-2)
"""For values of β on the way: what a model lacks of the best moves the misfit by far less than the next β."""

FINISHING = Effort(tolerance=THOROUGH.tolerance / SEARCHING.tolerance)
"""For the model that is kept, from where searching left it."""

ROUGH = 0.1
"""Part of the first residual's norm that ends a sweep within bounds, before cells are looked at anew."""


class Operator(Protocol):
    """A linear map from cells to data, with its adjoint."""

    def forward(self, cells: Array) -> Array:
        """Data of cells."""

    def adjoint(self, data: Array) -> Array:
        """Adjoint of `forward`."""


@dataclass(frozen=True)
class Problem:
    """Data to explain, and what a model may be.

    Parameters
    ----------
    operator : Operator
        Map from cells (fields, layers, rows, columns) to data (n,).
    data, deviation : array (n,)
        Data and their standard deviations, above 0.
    regularisation : Regularisation
        Weights of the functional.
    smoother : Smoother
        Nearly its inverse.
    reference : array
        Model, of the shape of the operator's cells, to which the result is drawn; 0 where not active.
    lower, upper : float
        Bounds of cells.
    trend : array (n, k)
        Columns of a trend of the data that is fitted along with the model, without cost; k may be 0.
    coupled : callable, optional
        A further linear map on cells, symmetric and not negative, that is added to that of β Φ.
    """

    operator: Operator
    data: Array
    deviation: Array
    regularisation: Regularisation
    smoother: Smoother
    reference: Array
    lower: float = -np.inf
    upper: float = np.inf
    trend: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    coupled: Callable[[Array], Array] | None = None

    @property
    def freedom(self) -> int:
        """Data less what the trend takes."""
        return int(self.data.size - self._basis.shape[1])

    @cached_property
    def _basis(self) -> Floats:
        """Orthonormal columns that the weighted trend spans."""
        if not self.trend.size:
            return np.zeros((self.data.size, 0))
        basis: Floats = np.linalg.qr(self.trend / self.deviation[:, None])[0]
        return basis

    def weighted(self, data: Array) -> Array:
        """Data over their deviations, less what a trend explains."""
        values = np.asarray(data, np.float64) / self.deviation
        basis = self._basis
        if basis.shape[1]:
            values = values - basis @ (basis.T @ values)
        return values

    def pulled(self, values: Array) -> Array:
        """Adjoint of `weighted` and the operator on weighted values (n,)."""
        basis = self._basis
        if basis.shape[1]:
            values = values - basis @ (basis.T @ values)
        return self.operator.adjoint(values / self.deviation)

    def fitted_trend(self, cells: Array) -> Floats:
        """The trend (n,) that goes with a model."""
        left = (np.asarray(self.data, np.float64) - self.operator.forward(cells)) / self.deviation
        basis = self._basis
        fitted: Floats = basis @ (basis.T @ left) * self.deviation
        return fitted

    def misfit(self, cells: Array) -> float:
        """Sum of squares of weighted residuals."""
        left = self.weighted(self.data - self.operator.forward(cells))
        return float(left @ left)

    def hessian(self, cells: Array, beta: float) -> Array:
        """Half the second derivative of the objective, applied to `cells`."""
        out = self.pulled(self.weighted(self.operator.forward(cells)))
        out += np.asarray(beta, out.dtype) * self.regularisation.product(cells)
        if self.coupled is not None:
            out += self.coupled(cells)
        return out

    def target(self, beta: float, data: Array | None = None) -> Array:
        """What the Hessian of the best model is equal to."""
        out = self.pulled(self.weighted(self.data if data is None else data))
        out += np.asarray(beta, out.dtype) * self.regularisation.product(self.reference)
        return out


@dataclass(frozen=True)
class Step:
    """One line of the search: stage, β, misfit, functional and iterations of conjugate gradients."""

    stage: str
    beta: float
    misfit: float
    functional: float
    iterations: int


def solve(
    problem: Problem, beta: float, start: Array, right: Array, effort: Effort = THOROUGH
) -> tuple[Array, int]:
    """Model that minimises the objective for one β, from `start`, and the iterations it took.

    Parameters
    ----------
    problem : Problem
        What is to be explained.
    beta : float
        Weight of the functional, above 0.
    start : array
        Model to begin with.
    right : array
        `Problem.target`, or that of perturbed data.
    effort : Effort
        What it may cost.

    Notes
    -----
    Conjugate gradients with the smoother as preconditioner. With bounds, cells that lie at one and are
    drawn beyond it are held; the others take a step of conjugate gradients, cut at the bounds and halved
    while the objective grows; then cells are looked at anew (Moré and Toraldo 1991).

    References
    ----------
    Moré, J. J., Toraldo, G. (1991), On the solution of large quadratic programming problems with bound
    constraints, SIAM Journal on Optimization 1(1), 93-113, doi:10.1137/0801008.
    """
    bounded = np.isfinite(problem.lower) or np.isfinite(problem.upper)
    cells = np.clip(start, problem.lower, problem.upper) if bounded else start.copy()
    product = problem.hessian(cells, beta)
    left = right - product
    if not bounded:
        step, iterations, _size = _conjugate_gradients(problem, beta, left, None, effort)
        return cells + step, iterations
    return _within_bounds(problem, beta, cells, product, right, effort)


def _within_bounds(
    problem: Problem, beta: float, cells: Array, product: Array, right: Array, effort: Effort
) -> tuple[Array, int]:
    """Sweeps of conjugate gradients over the cells that are free."""
    total, first = 0, 0.0
    rough = effort._replace(tolerance=max(effort.tolerance, ROUGH))
    for _sweep in range(effort.sweeps):
        left = right - product
        held = ((cells <= problem.lower) & (left < 0)) | ((cells >= problem.upper) & (left > 0))
        step, iterations, size = _conjugate_gradients(problem, beta, left, ~held, rough)
        total, first = total + iterations, max(first, size)
        if size <= effort.tolerance**2 * first:
            break
        before = inner(cells, product) - 2 * inner(cells, right)
        for _halving in range(10):
            trial = np.clip(cells + step, problem.lower, problem.upper)
            trial_product = problem.hessian(trial, beta)
            total += 1
            if inner(trial, trial_product) - 2 * inner(trial, right) <= before:
                cells, product = trial, trial_product
                break
            step *= np.asarray(0.5, step.dtype)
    return cells, total


def _conjugate_gradients(
    problem: Problem, beta: float, left: Array, free: NDArray[np.bool_] | None, effort: Effort
) -> tuple[Array, int, float]:
    """Step that solves for `left` on the cells that are free, its iterations, and the size of `left`."""
    kind = left.dtype.type

    def held(cells: Array) -> Array:
        return cells if free is None else cells * free

    left = held(left)
    step = np.zeros_like(left)
    smooth = held(problem.smoother(left))
    size = first = inner(left, smooth)
    path = smooth.copy()
    iterations = 0
    while iterations < effort.iterations and size > effort.tolerance**2 * first:
        product = held(problem.hessian(path, beta))
        length = kind(size / inner(path, product))
        step += length * path
        left = left - length * product
        smooth = held(problem.smoother(left))
        size, before = inner(left, smooth), size
        path *= kind(size / before)
        path += smooth
        iterations += 1
    return step, iterations, first


def first_beta(problem: Problem) -> float:
    """β at which data and functional weigh alike along the direction data pull in first."""
    pull = problem.smoother(problem.pulled(problem.weighted(problem.data)))
    data = problem.weighted(problem.operator.forward(pull))
    cost = problem.regularisation.value(pull)
    return float(data @ data) / cost if cost > 0 else 1.0


def discrepancy(
    problem: Problem, *, chi_factor: float = 1.0, report: Callable[[Step], None]
) -> tuple[Array, float, list[Step]]:
    """Model whose misfit is what errors alone would leave, its β, and how it was found.

    Parameters
    ----------
    problem : Problem
        What is to be explained.
    chi_factor : float
        Target of the misfit as a multiple of the degrees of freedom, above 0.
    report : callable
        Called with each step.

    Returns
    -------
    array, float, list of Step
        The last step's misfit is above the target where it could not be reached. Where the reference
        explains the data within their errors it is the result, in one step that took no iterations.

    Notes
    -----
    β falls from where the functional rules, each time as far as a straight line through the last two
    steps in log β and log χ² would need, within `COOLING`; every solution starts from the last one. Where
    the first model is below the target already, β rises by `RAISED` until one is above it. When the target
    is passed by more than `CLOSE`, β is taken back between the two steps on its sides. Only a model
    near the target is solved for thoroughly.
    """
    target = chi_factor * problem.freedom
    beta = first_beta(problem)
    cells = np.clip(problem.reference, problem.lower, problem.upper)
    misfit = problem.misfit(cells)
    if misfit <= target:
        functional = problem.regularisation.value(cells - problem.reference)
        steps = [Step("smooth", beta, misfit, functional, 0)]
        report(steps[0])
        return cells, beta, steps
    steps = []
    above, below = (np.inf, np.inf), (0.0, 0.0)
    while len(steps) < MOST_STEPS:
        right = problem.target(beta)
        cells, iterations = solve(problem, beta, cells, right, SEARCHING)
        misfit = problem.misfit(cells)
        if (1 - CLOSE) * target <= misfit <= target:
            cells, more = solve(problem, beta, cells, right, FINISHING)
            misfit, iterations = problem.misfit(cells), iterations + more
        functional = problem.regularisation.value(cells - problem.reference)
        steps.append(Step("smooth", beta, misfit, functional, iterations))
        report(steps[-1])
        if (1 - CLOSE) * target <= misfit <= target:
            break
        if misfit > target:
            above = (beta, misfit)
        else:
            below = (beta, misfit)
        if below[0] == 0 and _has_stalled(steps):
            break
        if below[0] > 0 and above[0] / below[0] < 1 + CLOSE and misfit <= target:
            break
        beta = _next_beta(steps, above, below, target)
    return cells, beta, steps


def _has_stalled(steps: list[Step]) -> bool:
    """Whether lower β no longer lowers the misfit."""
    return len(steps) > 6 and steps[-1].misfit > (1 - STALLED) * steps[-4].misfit


def _next_beta(
    steps: list[Step], above: tuple[float, float], below: tuple[float, float], target: float
) -> float:
    """β that a straight line in logarithms puts just under the target, or a higher one if none is above."""
    if not np.isfinite(above[0]):
        return RAISED * below[0]
    aim = np.log(target * (1 - 0.5 * CLOSE))
    if below[0] > 0:
        span = np.log(above[1]) - np.log(below[1])
        part = np.clip((aim - np.log(below[1])) / span if span > 0 else 0.5, 0.1, 0.9)
        return float(below[0] * (above[0] / below[0]) ** part)
    low, high = COOLING
    if len(steps) == 1:
        return above[0] / 4.0
    slope = (np.log(steps[-2].misfit) - np.log(above[1])) / np.log(steps[-2].beta / above[0])
    needed = (np.log(above[1]) - aim) / slope if slope > 0 else np.inf
    return float(above[0] / np.exp(np.clip(needed, np.log(low), np.log(high))))


def samples(
    problem: Problem, beta: float, best: Array, *, count: int, seed: int, report: Callable[[int], None]
) -> tuple[Array, Array]:
    """Mean and standard deviation by cell of models drawn by randomised maximum likelihood.

    Parameters
    ----------
    problem : Problem
        What is explained.
    beta : float
        Weight with which the functional is taken for the logarithm of a prior.
    best : array
        Model for `beta`, where each search starts.
    count : int
        Models drawn, 2 or more.
    seed : int
        Of random numbers.
    report : callable
        Called with the number of models done.

    Notes
    -----
    Each model is the best for data with errors added once more, and for a draw of the prior as reference.
    Without bounds the models are draws of the posterior, whose covariance is the inverse of the Hessian
    (Oliver et al. 1996); with bounds they are near it.

    References
    ----------
    Oliver, D. S., He, N., Reynolds, A. C. (1996), Conditioning permeability fields to pressure data,
    5th European Conference on the Mathematics of Oil Recovery, doi:10.3997/2214-4609.201406884.
    """
    mean, squares = np.zeros(best.shape), np.zeros(best.shape)
    for number in range(count):
        random = np.random.default_rng((seed, number))
        data = problem.data + problem.deviation * random.standard_normal(problem.data.size)
        right = problem.target(beta, data)
        right += np.asarray(np.sqrt(beta), right.dtype) * problem.regularisation.noise(random, best.shape[0])
        cells, _iterations = solve(problem, beta, best, right)
        change = cells - mean
        mean += change / (number + 1)
        squares += change * (cells - mean)
        report(number + 1)
    return mean, np.sqrt(squares / (count - 1))
