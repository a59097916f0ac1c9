"""Loops of `craton.kernels.minimum_curvature`: relaxation, residuals, and passing between levels.

A level is an array of nodes with a rim of `RIM` zeros around it, on which a
surface answers a force with (1 - T) times the bending and T times the
stretching operator; both come from the energies with free ends (`Equation`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Marks = NDArray[np.float32]

OVERSHOOT = 1.4
"""Factor of a step of relaxation, above 1 for speed and below 2 to stay stable."""

RIM = 2
"""Zeros around the nodes of a level, so that a stencil needs no question where it ends."""


class Limits(NamedTuple):
    """Least and greatest value of the nodes in some rows and columns, once a plane is added.

    The plane is `constant` + `by_row` · row + `by_column` · column.
    """

    least: float
    greatest: float
    constant: float
    by_row: float
    by_column: float
    first_row: int
    end_row: int
    first_column: int
    end_column: int


class Data(NamedTuple):
    """Data by row: `start` (rows + 1,), and of each its column, offset in nodes, value and strength."""

    start: Integers
    column: Integers
    east: Floats
    north: Floats
    value: Floats
    strength: Floats


class Equation(NamedTuple):
    """Gram matrices of second (n, 5) and first (n, 3) differences along rows and columns, and weights."""

    rows_bend: Floats
    rows_stretch: Floats
    columns_bend: Floats
    columns_stretch: Floats
    bending: float
    stretching: float


@njit(nogil=True, cache=True, error_model="numpy")
def relax(nodes: Floats, force: Floats, free: Marks, equation: Equation, data: Data, limits: Limits) -> None:
    """Relax every free node, even columns before odd ones in each row, then the data of the row."""
    rows, columns = force.shape
    bending, stretching = equation.bending, equation.stretching
    left, step = np.empty(columns), np.empty(columns)
    for row in range(rows):
        middle = nodes[row + RIM]
        inner, loose = middle[RIM:-RIM], free[row]
        for parity in range(2):
            _row_residual(nodes, force, row, equation, left)
            _steps(row, parity, equation, step)
            for at in range(columns):
                inner[at] -= left[at] * step[at] * loose[at]
        for one in range(data.start[row], data.start[row + 1]):
            at = data.column[one]
            there = _taylor(nodes, row, at, data.east[one], data.north[one])
            missing = data.strength[one] * (there - data.value[one]) + _answer(nodes, row, at, equation)
            weight = data.strength[one] * (1.0 - data.east[one] ** 2 - data.north[one] ** 2)
            weight += 20.0 * bending + 4.0 * stretching
            middle[at + RIM] -= missing / weight
        if limits.first_row <= row < limits.end_row:
            for at in range(limits.first_column, limits.end_column):
                plane = limits.constant + limits.by_row * row + limits.by_column * at
                middle[at + RIM] = min(max(middle[at + RIM], limits.least - plane), limits.greatest - plane)


@njit(nogil=True, cache=True, error_model="numpy")
def _steps(row: int, parity: int, equation: Equation, step: Floats) -> None:
    """Length of the step of each node of a row, over its residual; 0 for the columns of the other parity."""
    columns = step.size
    rows_bend, rows_stretch, columns_bend, columns_stretch, bending, stretching = equation
    along = bending * (rows_bend[row, 2] + 4.0 * rows_stretch[row, 1] + 6.0)
    inner = OVERSHOOT / (along + stretching * (rows_stretch[row, 1] + 2.0))
    for at in range(columns):
        step[at] = inner if (at & 1) == parity else 0.0
    for at in (0, 1, columns - 2, columns - 1):
        weight = rows_bend[row, 2] + columns_bend[at, 2] + 2.0 * rows_stretch[row, 1] * columns_stretch[at, 1]
        weight = bending * weight + stretching * (rows_stretch[row, 1] + columns_stretch[at, 1])
        step[at] = OVERSHOOT / weight if (at & 1) == parity else 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _taylor(nodes: Floats, row: int, column: int, east: float, north: float) -> float:
    """Value at an offset from a node, by the Taylor series of second order over its 3 x 3 nodes."""
    above, middle, below = nodes[row + RIM - 1], nodes[row + RIM], nodes[row + RIM + 1]
    at = column + RIM
    here = middle[at]
    value: float = (
        here
        + east * (middle[at + 1] - middle[at - 1]) / 2.0
        + north * (below[at] - above[at]) / 2.0
        + east**2 * (middle[at + 1] - 2.0 * here + middle[at - 1]) / 2.0
        + north**2 * (below[at] - 2.0 * here + above[at]) / 2.0
        + east * north * (below[at + 1] - below[at - 1] - above[at + 1] + above[at - 1]) / 4.0
    )
    return value


@njit(nogil=True, cache=True, error_model="numpy")
def residual(nodes: Floats, force: Floats, free: Marks, equation: Equation, left: Floats) -> None:
    """Force less what the surface answers it with, at free nodes; 0 at others."""
    for row in range(force.shape[0]):
        _row_residual(nodes, force, row, equation, left[row])
        for at in range(force.shape[1]):
            left[row, at] *= -free[row, at]


@njit(nogil=True, cache=True, error_model="numpy")
def _row_residual(nodes: Floats, force: Floats, row: int, equation: Equation, left: Floats) -> None:
    """What the surface answers, less the force, along one row; columns far from the ends share a stencil."""
    columns = force.shape[1]
    above2, above = nodes[row], nodes[row + 1]
    middle, below, below2 = nodes[row + 2], nodes[row + 3], nodes[row + 4]
    bend, stretch = equation.rows_bend[row], equation.rows_stretch[row]
    bending, stretching = equation.bending, equation.stretching
    centre = bending * (bend[2] + 4.0 * stretch[1] + 6.0) + stretching * (stretch[1] + 2.0)
    beside = -bending * (2.0 * stretch[1] + 4.0) - stretching
    up = bending * (bend[1] + 4.0 * stretch[0]) + stretching * stretch[0]
    down = bending * (bend[3] + 4.0 * stretch[2]) + stretching * stretch[2]
    up_beside, down_beside = -2.0 * bending * stretch[0], -2.0 * bending * stretch[2]
    up_two, down_two = bending * bend[0], bending * bend[4]
    # Slices that begin at 0 are what the compiler turns into vector instructions.
    west2, west, here, east, east2 = middle[2:-6], middle[3:-5], middle[4:-4], middle[5:-3], middle[6:-2]
    above_west, above_here, above_east = above[3:-5], above[4:-4], above[5:-3]
    below_west, below_here, below_east = below[3:-5], below[4:-4], below[5:-3]
    above2_here, below2_here = above2[4:-4], below2[4:-4]
    pushed, inner = force[row, 2:-2], left[2:-2]
    for at in range(inner.size):
        inner[at] = (
            centre * here[at]
            + beside * (west[at] + east[at])
            + bending * (west2[at] + east2[at])
            + up * above_here[at]
            + up_beside * (above_west[at] + above_east[at])
            + down * below_here[at]
            + down_beside * (below_west[at] + below_east[at])
            + up_two * above2_here[at]
            + down_two * below2_here[at]
            - pushed[at]
        )
    for at in (0, 1, columns - 2, columns - 1):
        left[at] = _answer(nodes, row, at, equation) - force[row, at]


@njit(nogil=True, cache=True, error_model="numpy")
def _answer(nodes: Floats, row: int, column: int, equation: Equation) -> float:
    """What the surface answers at one node, wherever it lies."""
    rows_bend, rows_stretch, columns_bend, columns_stretch, bending, stretching = equation
    answer = 0.0
    for one in range(5):
        answer += bending * rows_bend[row, one] * nodes[row + one, column + RIM]
        answer += bending * columns_bend[column, one] * nodes[row + RIM, column + one]
    for one in range(3):
        answer += stretching * rows_stretch[row, one] * nodes[row + one + 1, column + RIM]
        answer += stretching * columns_stretch[column, one] * nodes[row + RIM, column + one + 1]
        for two in range(3):
            twist = rows_stretch[row, one] * columns_stretch[column, two]
            answer += 2.0 * bending * twist * nodes[row + one + 1, column + two + 1]
    return answer


@njit(nogil=True, cache=True, error_model="numpy")
def gather(fine: Floats, free: Marks, coarse: Floats) -> None:
    """Bring forces (rows, columns) to every second node, in the unit of the coarser equation."""
    rows, columns = fine.shape
    line = np.zeros(columns + 2)
    for row in range(coarse.shape[0]):
        middle, inner = fine[2 * row], line[1:-1]
        above, below = fine[max(2 * row - 1, 0)], fine[min(2 * row + 1, rows - 1)]
        upper, lower = 0.5 * (row > 0), 0.5 * (2 * row + 1 < rows)
        for at in range(columns):
            inner[at] = middle[at] + upper * above[at] + lower * below[at]
        for column in range(coarse.shape[1]):
            at = 2 * column
            total = line[at + 1] + 0.5 * (line[at] + line[at + 2])
            coarse[row, column] = 4.0 * total * free[row, column]


@njit(nogil=True, cache=True, error_model="numpy")
def add_refined(coarse: Floats, free: Marks, fine: Floats) -> None:
    """Add to free nodes (rows, columns) the cubics through every second node along both axes."""
    line = np.empty(coarse.shape[1])
    wide = np.empty(fine.shape[1])
    for row in range(fine.shape[0]):
        first, weights = _between(row, coarse.shape[0])
        one, two, three, four = coarse[first], coarse[first + 1], coarse[first + 2], coarse[first + 3]
        for at in range(line.size):
            line[at] = (
                weights[0] * one[at] + weights[1] * two[at] + weights[2] * three[at] + weights[3] * four[at]
            )
        wide[::2] = line
        for at in range(1, line.size - 2):
            wide[2 * at + 1] = (9.0 * (line[at] + line[at + 1]) - (line[at - 1] + line[at + 2])) / 16.0
        wide[1] = (3.0 * line[0] + 6.0 * line[1] - line[2]) / 8.0
        wide[-2] = (3.0 * line[-1] + 6.0 * line[-2] - line[-3]) / 8.0
        target, loose = fine[row], free[row]
        for at in range(wide.size):
            target[at] += wide[at] * loose[at]


@njit(nogil=True, cache=True, error_model="numpy")
def _between(row: int, count: int) -> tuple[int, tuple[float, float, float, float]]:
    """First of four coarse rows, and their weights, for a fine row; parabolas at the ends."""
    first = min(max(row // 2 - 1, 0), count - 4)
    if row % 2 == 0:
        at = row // 2 - first
        return first, (1.0 * (at == 0), 1.0 * (at == 1), 1.0 * (at == 2), 1.0 * (at == 3))
    if row == 1:
        return first, (0.375, 0.75, -0.125, 0.0)
    if row == 2 * count - 3:
        return first, (0.0, -0.125, 0.75, 0.375)
    return first, (-0.0625, 0.5625, 0.5625, -0.0625)
