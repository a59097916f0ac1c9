"""Sparse inversion: models of few, sharp bodies, by iteratively reweighted least squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from craton.kernels.inversion import CLOSE, Effort, Problem, Step, solve
from craton.kernels.mesh_sensitivity import Floats
from craton.kernels.regularisation import Smoother, regularisation, sparse_weights, steps

Array = NDArray[Any]

MOST = 40
"""Reweightings at most."""

COOLING = 1.25
"""Factor by which thresholds fall from one reweighting to the next."""

LOWEST = 0.02
"""Thresholds end at this part of the largest size of the smooth model."""

EFFORT = Effort(iterations=15, sweeps=3)
"""What each reweighting may cost; the next one goes on from its result."""

SETTLED = 0.02
"""Relative change of the model, in norm, that ends the search."""


def sharpen(
    problem: Problem,
    cells: Array,
    beta: float,
    weights: Floats,
    active: NDArray[np.bool_],
    scale: tuple[float, float, float],
    *,
    norm: float,
    chi_factor: float = 1.0,
    report: Callable[[Step], None],
) -> tuple[Array, float, Problem, list[Step]]:
    """Model with powers `norm` of sizes and of steps in place of squares, from a smooth one.

    Parameters
    ----------
    problem, cells, beta
        What is explained, and the smooth model that explains it.
    weights, active, scale
        As for `regularisation`.
    norm : float
        Between 0 and 2.
    chi_factor : float
        Target of the misfit, as for `discrepancy`.
    report : callable
        Called with each reweighting.

    Returns
    -------
    array, float, Problem, list of Step
        Model, β, the problem with its last weights, and how it was found.

    Notes
    -----
    Each time the weights of `sparse_weights` follow from the last model, β follows the square of the ratio
    of target and misfit, and thresholds fall from the largest size of the smooth model to `LOWEST` of it.
    The fields of a vector share weights, from its length, so that no direction is preferred.

    References
    ----------
    Fournier, D., Oldenburg, D. W. (2019), Inversion using spatially variable mixed lp norms, Geophysical
    Journal International 218(1), 268-282, doi:10.1093/gji/ggz156.
    """
    target = chi_factor * problem.freedom
    sizes = _sizes(cells - problem.reference)
    largest = [max(float(sizes[0].max()), 1e-30), *[max(float(max(s.max() for s in sizes[1:])), 1e-30)] * 3]
    threshold, found = 1.0, []
    for _number in range(MOST):
        threshold = max(threshold / COOLING, LOWEST)
        sparse = [
            sparse_weights(size, norm, threshold * top) for size, top in zip(sizes, largest, strict=True)
        ]
        functional = regularisation(weights, active, scale, sparsity=sparse, dtype=cells.dtype)
        problem = replace(problem, regularisation=functional, smoother=Smoother(functional, scale))
        before = cells
        cells, iterations = solve(problem, beta, cells, problem.target(beta), EFFORT)
        misfit = problem.misfit(cells)
        left = cells - problem.reference
        found.append(Step("sparse", beta, misfit, functional.value(left), iterations))
        report(found[-1])
        sizes = _sizes(left)
        change = float(np.linalg.norm(cells - before)) / max(float(np.linalg.norm(cells)), 1e-30)
        on_target = (1 - 2 * CLOSE) * target <= misfit <= target
        if threshold == LOWEST and on_target and change < SETTLED:
            break
        if not on_target:
            beta *= float(np.clip(((1 - CLOSE) * target / misfit) ** 2, 0.5, 2.0))
    return cells, beta, problem, found


def _sizes(cells: Array) -> tuple[Array, Array, Array, Array]:
    """Sizes of cells and of the steps between them."""
    return np.sqrt(np.sum(cells**2, axis=0, dtype=np.float64)), *steps(cells)
