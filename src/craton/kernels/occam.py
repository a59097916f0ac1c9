"""Occam's inversion: models of few unknowns that explain data which they do not change linearly.

`smooth` seeks the smoothest model that explains the data within their errors, `few` the best of a model with
about as many unknowns as the data decide. Unknowns are meant to be logarithms of positive numbers.

References
----------
Constable, S. C., Parker, R. L., and Constable, C. G. (1987), Occam's inversion: a practical algorithm for
generating smooth models from electromagnetic sounding data, Geophysics 52(3), 289-300,
doi:10.1190/1.1442303.

Marquardt, D. W. (1963), An algorithm for least-squares estimation of nonlinear parameters, Journal of the
Society for Industrial and Applied Mathematics 11(2), 431-441, doi:10.1137/0111030.

Inman, J. R. (1975), Resistivity inversion with ridge regression, Geophysics 40(5), 798-817,
doi:10.1190/1.1440569.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_STEPS = 40
"""Linearisations of one search."""

LONGEST = 2.0
"""Greatest change of an unknown in one step: a factor of seven."""

SETTLED = 1e-3
"""Part by which misfit or roughness must still change, lest the search ends."""

FLAT = 1e-4
"""Roughness that does not count: one step of 1 %."""

ALLOWANCE = 1.02
"""Part of the least misfit that is given up for smoothness where the target is out of reach."""

PRIOR = np.log(100.0)
"""Standard deviation of an unknown that data say nothing of: a factor of a hundred."""


class Search(NamedTuple):
    """Weights of roughness that a step tries.

    Parameters
    ----------
    decades : tuple of float
        From the greatest down, as powers of ten of the balance between data and roughness.
    halvings : int
        Times that the gap between the last two of them is halved.
    """

    decades: tuple[float, ...] = (4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0, -4.0, -5.0, -6.0)
    halvings: int = 6


DEFAULT_SEARCH = Search()


@dataclass(frozen=True)
class Problem:
    """Data to explain.

    Parameters
    ----------
    response : callable
        Data (n,) of a model (m,).
    linearised : callable
        The same, and its derivatives (n, m).
    data, deviation : array (n,)
        Data and their standard deviations, above 0.
    search : Search
        Weights of roughness that `smooth` tries.
    limits : tuple of float
        Least and greatest value of an unknown.
    report : callable, optional
        Called before each linearisation with the number of those before.
    """

    response: Callable[[Floats], Floats]
    linearised: Callable[[Floats], tuple[Floats, Floats]]
    data: Floats
    deviation: Floats
    search: Search = DEFAULT_SEARCH
    limits: tuple[float, float] = (np.log(1e-4), np.log(1e9))
    report: Callable[[int], None] = lambda _step: None

    def misfit(self, model: Floats) -> float:
        """Root mean square of the residuals over their deviations; infinite for a model without response."""
        residual = (self.data - self.response(model)) / self.deviation
        squares = float(residual @ residual) / residual.size
        return float(np.sqrt(squares)) if np.isfinite(squares) else np.inf

    def weighted(self, model: Floats) -> tuple[Floats, Floats]:
        """Residuals over their deviations, and the derivatives of the response over them."""
        value, slope = self.linearised(model)
        return (self.data - value) / self.deviation, slope / self.deviation[:, None]


class Found(NamedTuple):
    """A model, its misfit, covariance of the unknowns, resolution of each, steps taken."""

    model: Floats
    misfit: float
    covariance: Floats
    resolution: Floats
    steps: int


def differences(count: int) -> Floats:
    """First differences (count − 1, count) of neighbours: the roughness of a model in layers."""
    return np.diff(np.eye(count), axis=0)


def smooth(problem: Problem, start: Floats, roughness: Floats, *, target: float = 1.0) -> Found:
    """The smoothest model whose misfit is `target`, or the smoothest of about the least misfit.

    Parameters
    ----------
    problem : Problem
        Data and what a model gives.
    start : array (m,)
        Model to begin with; a uniform one will do.
    roughness : array (k, m)
        Map from a model to what shall be small.
    target : float
        Root mean square of residuals over deviations to come down to, and not below.

    Returns
    -------
    Found
        The covariance is (JᵀJ + μ RᵀR)⁻¹ of the last step: what the data, and smoothness of this strength,
        leave open. The resolution of an unknown is the diagonal of (JᵀJ + μ RᵀR)⁻¹ JᵀJ.

    Notes
    -----
    Each step solves (μ RᵀR + JᵀJ) m = Jᵀ(d − F(m₀) + J m₀) for a series of μ, weighted by the errors, and
    keeps the greatest μ whose true misfit is at the target, else about the least. Where none betters the
    misfit, steps are halved. The search ends when the target is met and the model smooths no more.
    """
    square = roughness.T @ roughness
    model, misfit, size = start.copy(), problem.misfit(start), float(start @ square @ start)
    weight, steps = 0.0, 0
    for step in range(MOST_STEPS):
        problem.report(step)
        steps = step + 1
        residual, slope = problem.weighted(model)
        normal, right = slope.T @ slope, slope.T @ (residual + slope @ model)
        balance = np.trace(normal) / np.trace(square)
        sweep = _Sweep(problem, model, normal, right, square, balance)
        level, candidate, reached = _bettering(sweep, misfit, target)
        rough = float(candidate @ square @ candidate)
        done = _settled((misfit, reached), (size, rough), target)
        if reached > max(target, misfit):
            break
        model, misfit, size, weight = candidate, reached, rough, balance * 10.0**level
        if done:
            break
    return _described(problem, model, misfit, weight * square, steps)


class _Sweep:
    """Models of one linearisation by the weight of roughness."""

    def __init__(
        self, problem: Problem, model: Floats, normal: Floats, right: Floats, square: Floats, balance: float
    ) -> None:
        self.problem, self.model, self.normal, self.right = problem, model, normal, right
        self.square, self.balance, self.share = square, balance, 1.0

    def at(self, level: float) -> tuple[Floats, float]:
        """Model and true misfit at a weight of 10^level of the balance."""
        left = self.normal + self.balance * 10.0**level * self.square
        ridge = 1e-12 * np.trace(left) / len(left)
        change = np.linalg.solve(left + ridge * np.eye(len(left)), self.right) - self.model
        candidate = _within(self.problem, self.model + self.share * _limited(change))
        return candidate, self.problem.misfit(candidate)


def _bettering(sweep: _Sweep, misfit: float, target: float) -> tuple[float, Floats, float]:
    """Level, model and misfit of the longest step that betters `misfit` or meets the target."""
    for halvings in range(7):
        sweep.share = 0.5**halvings
        step = _smoothest(sweep, misfit, target)
        if step[2] <= target or step[2] < misfit:
            break
    return step


def _smoothest(sweep: _Sweep, before: float, target: float) -> tuple[float, Floats, float]:
    """Level, model and misfit of the greatest weight at the target, else of about the least misfit."""
    tried: list[tuple[float, Floats, float]] = []
    for level in sweep.problem.search.decades:
        tried.append((level, *sweep.at(level)))
        if tried[-1][2] <= target:
            break
    least = min(one[2] for one in tried)
    goal = max(target, min(ALLOWANCE * least, max(least, 0.5 * (least + before))))
    place = next(number for number, one in enumerate(tried) if one[2] <= goal)
    best = tried[place]
    if place == 0:
        return best
    low, high = best[0], tried[place - 1][0]
    for _ in range(sweep.problem.search.halvings):
        middle = 0.5 * (low + high)
        candidate, misfit = sweep.at(middle)
        if misfit <= goal:
            low, best = middle, (middle, candidate, misfit)
        else:
            high = middle
    return best


def _settled(misfits: tuple[float, float], roughness: tuple[float, float], target: float) -> bool:
    """Whether a step has changed little: of the roughness at the target, of the misfit above it."""
    (before, now), (was, left) = misfits, roughness
    even = abs(was - left) <= max(10.0 * SETTLED * was, FLAT)
    if now <= target * (1.0 + SETTLED):
        return before <= target * (1.0 + SETTLED) and even
    return before - now <= SETTLED * before and even


def few(problem: Problem, start: Floats) -> Found:
    """The best model near `start` by damped least squares.

    Use it where the number of unknowns is well below that of the data; begin from several models, since the
    misfit may have several minima.

    Parameters
    ----------
    problem : Problem
        Data and what a model gives.
    start : array (m,)
        Model to begin with.

    Returns
    -------
    Found
        Unknowns that data say nothing of have a standard deviation of ln 100 in the covariance, which is
        that of the errors, times the squared misfit where that is above 1.
    """
    model, misfit, damping, steps = start.copy(), problem.misfit(start), 1.0, 0
    for step in range(MOST_STEPS):
        problem.report(step)
        steps = step + 1
        residual, slope = problem.weighted(model)
        normal, right = slope.T @ slope, slope.T @ residual
        better, damping = _damped(problem, model, misfit, (normal, right), damping)
        if better is None:
            break
        gain, (model, misfit) = misfit - better[1], better
        if gain <= 1e-5 * misfit or misfit < 1e-6:
            break
    noise = max(1.0, misfit)
    return _described(problem, model, misfit, noise**2 * np.eye(len(model)) / PRIOR**2, steps, noise=noise)


def _damped(
    problem: Problem, model: Floats, misfit: float, equations: tuple[Floats, Floats], damping: float
) -> tuple[tuple[Floats, float] | None, float]:
    """A better model and its misfit, or none, and the damping to go on with."""
    normal, right = equations
    scale = np.diag(np.diag(normal) + 1e-9 * np.trace(normal))
    for _ in range(12):
        change = np.linalg.solve(normal + damping * scale, right)
        candidate = _within(problem, model + _limited(change))
        reached = problem.misfit(candidate)
        if reached < misfit:
            return (candidate, reached), damping * 0.2
        damping = damping * 5.0
    return None, damping


def _limited(change: Floats) -> Floats:
    """Change no part of which is longer than a step may be."""
    return np.clip(change, -LONGEST, LONGEST)


def _within(problem: Problem, model: Floats) -> Floats:
    return np.clip(model, *problem.limits)


def _described(
    problem: Problem, model: Floats, misfit: float, prior: Floats, steps: int, *, noise: float = 1.0
) -> Found:
    """Model with covariance and resolution, of data and a quadratic form that stands for what was known."""
    slope = problem.weighted(model)[1]
    normal = slope.T @ slope
    inverse = np.linalg.pinv(normal + prior + 1e-14 * np.trace(normal) * np.eye(len(model)), hermitian=True)
    resolution: Floats = np.clip(np.diag(inverse @ normal), 0.0, 1.0)
    return Found(model, misfit, noise**2 * inverse, resolution, steps)


def segments(values: Floats, count: int) -> NDArray[np.int64]:
    """First places (count,) of the `count` runs of `values` (n,) that are nearest to constant.

    The sum of squares from the mean of each run is least; `count` is at most n. Use it for the start of
    `few` from a model of `smooth`.
    """
    size = len(values)
    sums, squares = (np.concatenate([[0.0], np.cumsum(one)]) for one in (values, values**2))
    first, last = np.meshgrid(np.arange(size), np.arange(1, size + 1), indexing="ij")
    length = np.maximum(last - first, 1)
    cost = squares[last] - squares[first] - (sums[last] - sums[first]) ** 2 / length
    cost = np.where(last > first, cost, np.inf)
    least, choices = cost[0], []
    for _ in range(count - 1):
        # A run from `first` on, after the best of fewer runs before it.
        total = np.concatenate([[np.inf], least[:-1]])[:, None] + cost
        choices.append(total.argmin(axis=0))
        least = total.min(axis=0)
    places, end = [], size - 1
    for choice in reversed(choices):
        places.append(int(choice[end]))
        end = places[-1] - 1
    return np.array([0, *reversed(places)], dtype=np.int64)
