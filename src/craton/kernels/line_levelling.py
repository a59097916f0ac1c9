"""Line levelling: smooth corrections of survey and tie lines that make readings agree where they cross."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.interpolate import CubicSpline
from scipy.linalg import solve_banded
from scipy.sparse.linalg import lsmr

from craton.kernels.survey_lines import MAD_TO_DEVIATION

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HUBER, TUKEY = 1.345, 4.685
"""Robust deviations at which Huber's weights fall below one, and Tukey's to zero (95 percent efficient)."""

ROUNDS = 30
"""Most rounds of reweighting with either kind of weights."""

SETTLED = 1e-6
"""Change of the weights at which the rounds end."""

LEAST_WEIGHT = 1e-12
"""Weight that a crossing keeps at least, so that a line with bad crossings only still has a correction."""

ROUNDING = 1e-9
"""Part of the largest misfit to which the robust deviation does not fall, in data without noise."""

ROUGH, PRECISION = 1e-8, 1e-15
"""Tolerances of the iterative solution while weights change, and of the last."""


class Crossed(NamedTuple):
    """Crossings: the two lines (n,), places on them from −1 to 1 (n,), and first less second value (n,)."""

    first_line: Integers
    second_line: Integers
    first_at: Floats
    second_at: Floats
    mistie: Floats


def polynomials(at: Floats, order: int) -> Floats:
    """Legendre polynomials of degree 0 to `order`, at most 2, at places from −1 to 1 (n,): (n, order + 1)."""
    every = np.column_stack([np.ones_like(at), at, 1.5 * at**2 - 0.5])
    kept: Floats = every[:, : order + 1]
    return kept


def level(crossed: Crossed, orders: Integers, *, robust: bool = True) -> tuple[Floats, Floats]:
    """Corrections of lines that make misties smallest.

    Parameters
    ----------
    crossed : Crossed
        Crossings, all finite.
    orders : array (lines,)
        Degree of each line's correction, 0 to 2; −1 for a line that stays as it is.
    robust : bool
        Weigh down crossings that disagree with the others.

    Returns
    -------
    coefficients : array (lines, 3)
        Of the Legendre polynomials of each line, in the unit of the misties; to be subtracted.
    weights : array (n,)
        Weight of each crossing, 0 to 1.

    Notes
    -----
    Minimises Σ wₖ (mₖ − c₁(s₁ₖ) + c₂(s₂ₖ))², with coefficients kept small as far as the misties leave
    that open; see `robust_solution`. What crossings cannot tell, such as a constant common to all lines,
    is thereby fixed by the least sum of squared coefficients.
    """
    matrix, place = _design(crossed, orders)
    solution, weights = robust_solution(matrix, crossed.mistie, robust=robust)
    coefficients = np.zeros((orders.size, 3))
    coefficients[place[:, 0], place[:, 1]] = solution
    return coefficients, weights


def _design(crossed: Crossed, orders: Integers) -> tuple[Any, Integers]:
    """Matrix (n, unknowns), and line and degree of each unknown."""
    place = np.array(
        [(line, degree) for line, order in enumerate(orders) for degree in range(order + 1)], dtype=np.int64
    ).reshape(-1, 2)
    number = np.full((orders.size, 3), -1)
    number[place[:, 0], place[:, 1]] = np.arange(len(place))
    parts = []
    for lines, at, sign in (
        (crossed.first_line, crossed.first_at, 1.0),
        (crossed.second_line, crossed.second_at, -1.0),
    ):
        values, columns = sign * polynomials(at, 2), number[lines]
        row, degree = np.nonzero(columns >= 0)
        parts.append((values[row, degree], row, columns[row, degree]))
    values, rows, columns = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sparse.csr_matrix((values, (rows, columns)), shape=(crossed.mistie.size, len(place))), place


def robust_solution(matrix: Any, right: Floats, *, robust: bool = True) -> tuple[Floats, Floats]:
    """Solution x of `matrix` x = `right`, and the weights of its rows.

    Parameters
    ----------
    matrix : sparse array (n, unknowns)
        Its unknowns are of the kind of `right`, such as corrections against misties.
    right : array (n,)
        All finite.
    robust : bool
        Weigh down rows that disagree with the others.

    Notes
    -----
    Minimises Σ wₖ rₖ² / σ² + Σ xⱼ² / τ² with the root mean square τ of `right`, and σ = 1.4826 times the
    median of the n − p largest |r|, where p unknowns could make as many residuals vanish. What the rows
    hardly determine stays small, what they do not is zero, and where they agree to rounding (σ = 0) the
    least-squares solution of least norm is had. Weights are Huber's, then from that solution Tukey's.

    References
    ----------
    Holland, P. W. and Welsch, R. E. (1977), Robust regression using iteratively reweighted least-squares,
    Communications in Statistics A6(9), 813-827, doi:10.1080/03610927708827533.
    """
    weights = np.ones(right.size)
    size = float(np.sqrt((right**2).mean())) if right.size else 0.0
    solution = np.zeros(matrix.shape[1])
    if size == 0.0:
        return solution, weights
    least = ROUNDING * float(np.abs(right).max())
    damping = deviation = 0.0
    for kind in (_huber, _tukey):
        for _ in range(ROUNDS):
            solution = _solved(matrix, right, weights, damping, solution, ROUGH)
            residual = np.abs(right - matrix @ solution)
            largest = np.sort(residual)[min(matrix.shape[1], right.size - 1) :]
            before, deviation = deviation, max(MAD_TO_DEVIATION * float(np.median(largest)), least)
            renewed = np.maximum(kind(residual / deviation), LEAST_WEIGHT) if robust else weights
            change = float(np.abs(renewed - weights).max())
            weights, damping = renewed, deviation / size if deviation > least else 0.0
            if change < SETTLED and abs(deviation - before) <= SETTLED * before:
                break
    return _solved(matrix, right, weights, damping, solution, PRECISION), weights


def _huber(size: Floats) -> Floats:
    weights: Floats = np.minimum(1.0, HUBER / np.maximum(size, HUBER))
    return weights


def _tukey(size: Floats) -> Floats:
    weights: Floats = np.clip(1.0 - (size / TUKEY) ** 2, 0.0, None) ** 2
    return weights


def _solved(
    matrix: Any, right: Floats, weights: Floats, damping: float, start: Floats, precision: float
) -> Floats:
    """Weighted solution with the squares of the unknowns times the square of `damping` added."""
    root = np.sqrt(weights)
    scaled = sparse.diags_array(root) @ matrix
    most = 20 * max(matrix.shape) + 100
    # The damping holds for the whole solution, so it is not begun from an earlier one.
    begin = None if damping else start
    found = lsmr(
        scaled, root * right, damp=damping, x0=begin, atol=precision, btol=precision, conlim=0.0, maxiter=most
    )
    return np.asarray(found[0], dtype=np.float64)


def tension_spline(nodes: Floats, values: Floats, at: Floats, tension: float) -> Floats:
    """Curve through values (n,) at ascending nodes (n,), at any places; constant beyond the ends.

    Parameters
    ----------
    nodes, values : array (n,)
        One or more.
    at : array (m,)
        Places on the same axis.
    tension : float
        0 for a natural cubic spline; the larger, the nearer to straight lines between the nodes.

    Notes
    -----
    Between nodes h apart the curve solves f⁗ = p² f″ with p = tension (n − 1) / (xₙ − x₁):

        f = [zᵢ sinh p(xᵢ₊₁ − x) + zᵢ₊₁ sinh p(x − xᵢ)] / (p² sinh ph)
            + (yᵢ − zᵢ/p²)(xᵢ₊₁ − x)/h + (yᵢ₊₁ − zᵢ₊₁/p²)(x − xᵢ)/h,

    where the second derivatives z are zero at the ends and make the slope continuous elsewhere.

    References
    ----------
    Cline, A. K. (1974), Scalar- and planar-valued curve fitting using splines under tension,
    Communications of the ACM 17(4), 218-220, doi:10.1145/360924.360971.
    """
    within = np.clip(at, nodes[0], nodes[-1])
    if nodes.size < 3:
        return np.asarray(np.interp(within, nodes, values), dtype=np.float64)
    if tension == 0.0:
        return np.asarray(CubicSpline(nodes, values, bc_type="natural")(within), dtype=np.float64)
    steps = np.diff(nodes)
    stiff = tension * (nodes.size - 1) / (nodes[-1] - nodes[0])
    bends = _bends(steps, values, stiff)
    left = np.clip(np.searchsorted(nodes, within, side="right") - 1, 0, steps.size - 1)
    step, before = steps[left], within - nodes[left]
    after = step - before
    bent = bends[left] * _sinh_ratio(stiff * after, stiff * step)
    bent += bends[left + 1] * _sinh_ratio(stiff * before, stiff * step)
    straight = (values[left] - bends[left]) * after + (values[left + 1] - bends[left + 1]) * before
    return np.asarray(bent + straight / step)


def _bends(steps: Floats, values: Floats, stiff: float) -> Floats:
    """Second derivatives over p² at the nodes (n,)."""
    product = stiff * steps
    outer = 1.0 / product - 2.0 * np.exp(-product) / -np.expm1(-2.0 * product)
    inner = 1.0 / np.tanh(product) - 1.0 / product
    slopes = np.diff(values) / product
    bands = np.zeros((3, values.size - 2))
    bands[1] = inner[:-1] + inner[1:]
    bands[0, 1:] = bands[2, :-1] = outer[1:-1]
    bends = np.zeros(values.size)
    bends[1:-1] = solve_banded((1, 1), bands, np.diff(slopes))
    return bends


def _sinh_ratio(part: Floats, whole: Floats) -> Floats:
    """sinh(part) / sinh(whole) for 0 ≤ part ≤ whole, without overflow."""
    ratio: Floats = np.exp(part - whole) * np.expm1(-2.0 * part) / np.expm1(-2.0 * whole)
    return ratio
