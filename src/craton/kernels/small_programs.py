"""Linear programs of few rows and many columns, with objectives in order: a dense simplex, checked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

NEGLIGIBLE = 1e-9
"""Part of the scaled numbers that counts as nothing."""

AGREED = 1e-7
"""Part of the scaled numbers by which a checked optimum may fail a condition."""

CAUTIOUS = 60
"""Steps of one objective after which the rule that cannot go in circles (Bland's) chooses."""

STEPS = 5000
"""Most steps of one objective."""


class Program(NamedTuple):
    """Least `costs[0] @ x`, then least `costs[1] @ x` among these, and so on; `matrix @ x = right`, x ≥ 0."""

    matrix: np.ndarray
    right: np.ndarray
    costs: np.ndarray


def optimum(program: Program) -> np.ndarray | None:
    """Optimum x (n,) of a program; None where there is none.

    The simplex ends at a basis, from which the solution and the prices are computed anew and held against the
    conditions of an optimum. Where they fail it is solved again by HiGHS, which also has the word on whether
    there is a solution at all.

    Parameters
    ----------
    program : Program
        `matrix` (m, n) and `costs` (levels, n) with columns of any scale, `right` (m,) of at least 0. The
        rows should be of about one size.

    Returns
    -------
    array (n,) or None
        None where no x meets the rows, or where the first objective has no bound.

    Notes
    -----
    The objectives are taken in order without any weight on the first: after each, columns whose reduced cost
    is above 0 are shut out, so that it keeps its value. The first objective of all is that the rows are met.

    References
    ----------
    Bland, R. G. (1977). New finite pivoting rules for the simplex method. Mathematics of Operations Research
    2(2), 103-107. doi:10.1287/moor.2.2.103
    """
    found = by_simplex(program)
    return by_highs(program) if found is None else found


def by_simplex(program: Program) -> np.ndarray | None:
    """As `optimum`, or None where the simplex has not ended at a basis that holds."""
    size = np.abs(program.matrix).max(axis=0)
    size[size == 0] = 1.0
    scaled = Program(program.matrix / size, program.right, program.costs / size)
    rows, columns = scaled.matrix.shape
    levels = len(scaled.costs) + 1
    tableau = np.zeros((rows + levels, columns + 1))
    tableau[:rows, :columns], tableau[:rows, columns] = scaled.matrix, scaled.right
    tableau[rows] = -tableau[:rows].sum(axis=0)
    tableau[rows + 1 :, :columns] = scaled.costs
    basis = np.arange(columns, columns + rows)
    if not _reduced(tableau, basis, levels):
        return None
    found = _checked(scaled, basis)
    return None if found is None else found / size


def _checked(program: Program, basis: np.ndarray) -> np.ndarray | None:
    """Solution of a basis, where it meets the rows and no allowed column can better any objective."""
    rows, columns = program.matrix.shape
    whole = np.hstack([program.matrix, np.eye(rows)])
    square = whole[:, basis]
    try:
        held = np.linalg.solve(square, program.right)
    except np.linalg.LinAlgError:
        return None
    if held.min() < -AGREED or (np.abs(held[basis >= columns]) > AGREED).any():
        return None
    open_to = np.ones(columns, bool)
    unmet = np.append(np.zeros(columns), np.ones(rows))[None]
    for costs in np.vstack([unmet, np.pad(program.costs, ((0, 0), (0, rows)))]):
        prices = np.linalg.solve(square.T, costs[basis])
        reduced = costs[:columns] - prices @ program.matrix
        if reduced.min(where=open_to, initial=0.0) < -AGREED:
            return None
        open_to &= reduced <= NEGLIGIBLE
    found = np.zeros(columns + rows)
    found[basis] = np.maximum(held, 0.0)
    return found[:columns]


@njit(nogil=True, cache=True, error_model="numpy")
def _reduced(tableau: np.ndarray, basis: np.ndarray, levels: int) -> bool:
    """Bring the tableau to the optimum of all objectives in order; False where it does not come there."""
    rows, columns = tableau.shape[0] - levels, tableau.shape[1] - 1
    allowed = np.ones(columns, np.bool_)
    for level in range(levels):
        steps = 0
        entering = _entering(tableau[rows + level], allowed, False)
        while entering >= 0:
            leaving = _leaving(tableau, basis, rows, entering, steps > CAUTIOUS)
            steps += 1
            if leaving < 0 or steps > STEPS:
                return False
            _pivot(tableau, leaving, entering)
            basis[leaving] = entering
            entering = _entering(tableau[rows + level], allowed, steps > CAUTIOUS)
        if level == 0 and tableau[rows, columns] < -AGREED:
            return False
        for column in range(columns):
            allowed[column] &= tableau[rows + level, column] <= NEGLIGIBLE
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def _entering(reduced: np.ndarray, allowed: np.ndarray, cautious: bool) -> int:
    """Column that betters the objective the most, or the first that does; -1 for none."""
    best, found = -NEGLIGIBLE, -1
    for column in range(allowed.size):
        if allowed[column] and reduced[column] < best:
            best, found = reduced[column], column
            if cautious:
                break
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _leaving(tableau: np.ndarray, basis: np.ndarray, rows: int, entering: int, cautious: bool) -> int:
    """Row that first comes to 0; of several the greatest pivot, or the first of the columns."""
    least, found = np.inf, -1
    for row in range(rows):
        pivot = tableau[row, entering]
        if pivot <= NEGLIGIBLE:
            continue
        ratio = max(tableau[row, -1], 0.0) / pivot
        same = found >= 0 and abs(ratio - least) <= 1e-13 * (1.0 + least)
        first = basis[row] < basis[found] if cautious else pivot > tableau[found, entering]
        if (same and first) or (not same and ratio < least):
            least, found = ratio, row
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def _pivot(tableau: np.ndarray, leaving: int, entering: int) -> None:
    tableau[leaving] /= tableau[leaving, entering]
    for row in range(tableau.shape[0]):
        factor = tableau[row, entering]
        if row != leaving and factor != 0.0:
            for column in range(tableau.shape[1]):
                tableau[row, column] -= factor * tableau[leaving, column]
            tableau[row, entering] = 0.0


def by_highs(program: Program) -> np.ndarray | None:
    """As `optimum`, by the simplex of HiGHS: one run for each objective, with those before it held."""
    from scipy.optimize import linprog

    held: np.ndarray | None = None
    above, limits = np.empty((0, program.matrix.shape[1])), np.empty(0)
    for costs in program.costs:
        more = {"A_ub": above, "b_ub": limits} if len(limits) else {}
        told = linprog(costs, A_eq=program.matrix, b_eq=program.right, method="highs-ds", **more)
        if told.status != 0:
            return held
        held = np.maximum(told.x, 0.0)
        above, limits = np.vstack([above, costs]), np.append(limits, told.fun)
    return held
