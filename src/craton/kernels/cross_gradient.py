"""Cross gradient: two models of one mesh brought to change in the same places and directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from craton.kernels.inversion import CLOSE, Effort, Problem, Step, solve
from craton.kernels.mesh_sensitivity import Floats

Array = NDArray[Any]

EFFORT = Effort(iterations=30, sweeps=6)
"""What the solution for one model, in one round, may cost."""

SETTLED = 0.01
"""Relative change of both models, in norm, that ends the rounds."""


class Structure(NamedTuple):
    """How a mesh is looked at for its gradients: active cells, and the length over sides of cells by axis."""

    active: NDArray[np.bool_]
    scale: tuple[float, float, float]

    def gradient(self, cells: Array) -> Array:
        """Differences (3, layers, rows, columns) to the next cell by axis, times the length over the side."""
        out = np.zeros((3, *cells.shape), cells.dtype)
        for axis, (ahead, behind, both) in enumerate(self._faces()):
            out[axis][behind] = (cells[ahead] - cells[behind]) * both * cells.dtype.type(self.scale[axis])
        return out

    def divergence(self, fields: Array) -> Array:
        """Adjoint of `gradient`."""
        out = np.zeros(fields.shape[1:], fields.dtype)
        for axis, (ahead, behind, both) in enumerate(self._faces()):
            flow = fields[axis][behind] * both * fields.dtype.type(self.scale[axis])
            out[ahead] += flow
            out[behind] -= flow
        return out

    def _faces(self) -> list[tuple[tuple[slice, ...], tuple[slice, ...], Array]]:
        found = []
        for axis in range(3):
            ahead, behind = [slice(None)] * 3, [slice(None)] * 3
            ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
            both = self.active[tuple(ahead)] & self.active[tuple(behind)]
            found.append((tuple(ahead), tuple(behind), both))
        return found


def cross_gradient(structure: Structure, one: Array, other: Array) -> Array:
    """Cross product (3, layers, rows, columns) of the gradients of two models (layers, rows, columns).

    Notes
    -----
    t = ∇a x ∇b, which vanishes where the two change in one direction or one of them does not change.

    References
    ----------
    Gallardo, L. A., Meju, M. A. (2003), Characterization of heterogeneous near-surface materials by joint
    2D inversion of dc resistivity and seismic data, Geophysical Research Letters 30(13), 1658,
    doi:10.1029/2003GL017370.
    """
    return _cross(structure.gradient(one), structure.gradient(other))


def coupling_of(structure: Structure, other: Array, weights: Array) -> Callable[[Array], Array]:
    """Map of cells (1, layers, rows, columns) whose quadratic form is Σ weights |∇a x v|².

    `v` is the gradient of `other` (layers, rows, columns) over the largest length it has.
    """
    along = structure.gradient(other)
    largest = float(np.sqrt(np.max(np.sum(along**2, axis=0))))
    along = along / max(largest, 1e-30)

    def product(cells: Array) -> Array:
        crossed = _cross(structure.gradient(cells[0]), along) * weights
        return structure.divergence(_cross(along, crossed))[None]

    return product


def _cross(one: Array, other: Array) -> Array:
    """Cross product along the first axis."""
    return np.stack(
        [
            one[1] * other[2] - one[2] * other[1],
            one[2] * other[0] - one[0] * other[2],
            one[0] * other[1] - one[1] * other[0],
        ]
    )


def unlikeness(structure: Structure, one: Array, other: Array) -> float:
    """Mean sine of the angle between two gradients, weighted by their lengths: 0 alike, 1 across."""
    lengths = [np.sqrt(np.sum(structure.gradient(cells) ** 2, axis=0)) for cells in (one, other)]
    crossed = np.sqrt(np.sum(cross_gradient(structure, one, other) ** 2, axis=0))
    total = float((lengths[0] * lengths[1]).sum(dtype=np.float64))
    return float(crossed.sum(dtype=np.float64)) / total if total > 0 else 0.0


def joint(
    problems: tuple[Problem, Problem],
    models: tuple[Array, Array],
    betas: tuple[float, float],
    structure: Structure,
    weights: tuple[Floats, Floats],
    *,
    coupling: float,
    rounds: int,
    chi_factor: float,
    report: Callable[[int, int, Step, float], None],
) -> tuple[list[Array], list[float]]:
    """Models that each explain their data and change where the other does.

    Parameters
    ----------
    problems, models, betas
        What is explained, and the models of their own with which to begin (1, layers, rows, columns).
    structure : Structure
        How gradients are taken.
    weights : tuple of array
        By depth, for each model; squared they weigh its cross gradient.
    coupling : float
        Weight of the cross gradient beside the functional; 0 leaves models as they are.
    rounds : int
        Turns of both models at most.
    chi_factor : float
        Target of the misfit as a multiple of the degrees of freedom.
    report : callable
        Called with the round, which model it was, its step, and how unlike the two are.

    Notes
    -----
    In turn each model minimises χ² + β (Φ + c Σ w² |L∇m x v|²), v being the gradient of the other model
    over its largest length, held for that turn; the cross gradient is linear in either model. β follows
    the misfit from turn to turn.
    """
    found, beta = list(models), list(betas)
    for number in range(rounds):
        change = 0.0
        for this in (0, 1):
            squares = (weights[this] ** 2 * coupling * beta[this]).astype(found[this].dtype)
            problem = replace(problems[this], coupled=coupling_of(structure, found[1 - this][0], squares))
            before = found[this]
            found[this], iterations = solve(problem, beta[this], before, problem.target(beta[this]), EFFORT)
            misfit = problem.misfit(found[this])
            functional = problem.regularisation.value(found[this] - problem.reference)
            step = Step("joint", beta[this], misfit, functional, iterations)
            report(number, this, step, unlikeness(structure, found[0][0], found[1][0]))
            aim = chi_factor * problem.freedom
            settled = (1 - 2 * CLOSE) * aim <= misfit <= aim
            if not settled:
                beta[this] *= float(np.clip((1 - CLOSE) * aim / misfit, 0.3, 2.0))
            size = max(float(np.linalg.norm(found[this])), 1e-30)
            change = max(change, float(np.linalg.norm(found[this] - before)) / size, 0.0 if settled else 1.0)
        if change < SETTLED:
            break
    return found, beta
