"""Petrophysical inversion: two models of one mesh whose values together are drawn to those of known rocks.

In place of the squares of sizes the functional has Σ w² s² Ψ(a, b), with Ψ = -2 ln Σⱼ pⱼ N((a, b); μⱼ, Σⱼ):
the rocks' values scatter about means μⱼ with covariances Σⱼ, and rock j takes up the share pⱼ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from craton.kernels.inversion import CLOSE, Effort, Problem, Step, solve
from craton.kernels.mesh_sensitivity import Floats
from craton.kernels.regularisation import Smoother, regularisation

Array = NDArray[Any]

EFFORT = Effort(iterations=30, sweeps=6)
"""What the solution for one model, in one round, may cost."""

SETTLED = 0.01
"""Relative change of both models, in norm, that ends the rounds."""


class Rocks(NamedTuple):
    """Rocks by their two properties: means (k, 2), covariances (k, 2, 2), shares (k,) that add up to 1."""

    means: Floats
    covariances: Floats
    shares: Floats

    @property
    def variance(self) -> Floats:
        """Mean variance (2,) of the properties within rocks."""
        found: Floats = self.shares @ np.diagonal(self.covariances, axis1=1, axis2=2)
        return found


class Ground(NamedTuple):
    """What both models lie on: weights by depth, active cells, and the length of smoothness in cells."""

    weights: Floats
    active: NDArray[np.bool_]
    scale: tuple[float, float, float]


def memberships(rocks: Rocks, models: Sequence[Array]) -> Floats:
    """Probability (k, ...) of each rock where the two properties have these values (...).

    Notes
    -----
    rⱼ = pⱼ N(m; μⱼ, Σⱼ) / Σᵢ pᵢ N(m; μᵢ, Σᵢ), from logarithms, so that values far from all rocks belong to
    the one that is least far.
    """
    inverses = np.linalg.inv(rocks.covariances)
    logs = np.empty((len(rocks.shares), *models[0].shape))
    for number, (mean, inverse, share) in enumerate(zip(rocks.means, inverses, rocks.shares, strict=True)):
        one, other = (
            np.asarray(cells, np.float64) - value for cells, value in zip(models, mean, strict=True)
        )
        distance = inverse[0, 0] * one**2 + 2 * inverse[0, 1] * one * other + inverse[1, 1] * other**2
        logs[number] = np.log(share) + 0.5 * (np.log(np.linalg.det(inverse)) - distance)
    logs -= logs.max(axis=0)
    found = np.exp(logs, out=logs)
    found /= found.sum(axis=0)
    return found


def attraction(rocks: Rocks, belongs: Floats, this: int, other: Array) -> tuple[Floats, Floats]:
    """Precision (...) and centre (...) of the square that draws one property of cells, the other being held.

    Parameters
    ----------
    rocks : Rocks
        Means, covariances and shares.
    belongs : array (k, ...)
        From `memberships`.
    this : int
        0 or 1, the property that is drawn.
    other : array (...)
        Values of the other property.

    Notes
    -----
    P (m - c)² with P = Σⱼ rⱼ (Σⱼ⁻¹)ₐₐ and P c = Σⱼ rⱼ [(Σⱼ⁻¹ μⱼ)ₐ - (Σⱼ⁻¹)ₐᵦ b]: up to a constant it is not
    below Ψ and touches it at the values of which `belongs` was taken, so that a model with a lower sum of
    such squares has a lower functional (Dempster et al. 1977).

    References
    ----------
    Dempster, A. P., Laird, N. M., Rubin, D. B. (1977), Maximum likelihood from incomplete data via the EM
    algorithm, Journal of the Royal Statistical Society B 39(1), 1-38, doi:10.1111/j.2517-6161.1977.tb01600.x.
    """
    inverses = np.linalg.inv(rocks.covariances)
    pulls = np.einsum("jb,jb->j", inverses[:, this], rocks.means)
    precision: Floats = np.tensordot(inverses[:, this, this], belongs, 1)
    across = np.tensordot(inverses[:, this, 1 - this], belongs, 1)
    centre: Floats = (np.tensordot(pulls, belongs, 1) - across * other) / precision
    return precision, centre


def drawn_to(
    rocks: Rocks, belongs: Floats, problem: Problem, ground: Ground, this: int, other: Array
) -> Problem:
    """`problem` with cells drawn to their rocks, in place of all cells to one reference."""
    precision, centre = attraction(rocks, belongs, this, other)
    ones = np.ones_like(precision)
    functional = regularisation(
        ground.weights, ground.active, ground.scale,
        sparsity=(precision * rocks.variance[this], ones, ones, ones),
        dtype=problem.regularisation.small.dtype,
    )  # fmt: skip
    reference = np.where(ground.active, centre, 0.0).astype(problem.reference.dtype)[None]
    return replace(
        problem, regularisation=functional, smoother=Smoother(functional, ground.scale), reference=reference
    )


def together(
    problems: tuple[Problem, Problem],
    models: tuple[Array, Array],
    betas: tuple[float, float],
    ground: Ground,
    rocks: Rocks,
    *,
    rounds: int,
    chi_factor: float = 1.0,
    report: Callable[[int, int, Step], None],
) -> tuple[list[Array], Floats]:
    """Models that each explain their data and whose values, cell by cell, are those of a rock.

    Parameters
    ----------
    problems, models, betas
        What is explained, and the models of their own with which to begin (1, layers, rows, columns).
    ground : Ground
        What they lie on.
    rocks : Rocks
        Rocks that are expected.
    rounds : int
        Turns of both models at most.
    chi_factor : float
        Target of the misfit as a multiple of the degrees of freedom.
    report : callable
        Called with the round, which model it was, and its step.

    Returns
    -------
    list of array, array (k, layers, rows, columns)
        The models, and the probability of each rock by cell.

    Notes
    -----
    Each round takes the probabilities of the rocks from both models, then each model in turn for squares
    of `attraction` in place of Ψ; β follows the misfit. With one rock whose properties are not correlated
    the squares are those of plain smallness about its mean.

    References
    ----------
    Astic, T., Oldenburg, D. W. (2019), A framework for petrophysically and geologically guided geophysical
    inversion using a dynamic Gaussian mixture model prior, Geophysical Journal International 219(3),
    1989-2012, doi:10.1093/gji/ggz389.

    Astic, T., Heagy, L. J., Oldenburg, D. W. (2021), Petrophysically and geologically guided multi-physics
    inversion using a dynamic Gaussian mixture model, Geophysical Journal International 224(1), 40-68,
    doi:10.1093/gji/ggaa378.
    """
    found, beta = list(models), list(betas)
    for number in range(rounds):
        belongs = memberships(rocks, [cells[0] for cells in found])
        change = 0.0
        for this in (0, 1):
            problem = drawn_to(rocks, belongs, problems[this], ground, this, found[1 - this][0])
            before = found[this]
            found[this], iterations = solve(problem, beta[this], before, problem.target(beta[this]), EFFORT)
            misfit = problem.misfit(found[this])
            functional = problem.regularisation.value(found[this] - problem.reference)
            report(number, this, Step("rocks", beta[this], misfit, functional, iterations))
            aim = chi_factor * problem.freedom
            settled = (1 - 2 * CLOSE) * aim <= misfit <= aim
            if not settled:
                beta[this] *= float(np.clip((1 - CLOSE) * aim / misfit, 0.3, 2.0))
            size = max(float(np.linalg.norm(found[this])), 1e-30)
            change = max(change, float(np.linalg.norm(found[this] - before)) / size, 0.0 if settled else 1.0)
        if change < SETTLED:
            break
    return found, memberships(rocks, [cells[0] for cells in found])
