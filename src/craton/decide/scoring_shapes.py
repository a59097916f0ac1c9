"""Scoring by shapes: fuzzy membership of a number, and utility of a score."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np

from craton.decide.criteria_table import AnyTable, Indicators, distinct, numbers, shown, with_scores
from craton.kernels import criteria_scores as kernel
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Unit
from craton.process.processes import process

MEMBERSHIP, UTILITY = "scoring.membership", "scoring.utility"

SHAPES = {"triangle": 3, "trapezoid": 4, "gaussian": 2, "sigmoid": 2, "bell": 3}
"""Numbers that each shape of membership takes."""


@process(MEMBERSHIP, version="1", keywords=("fuzzy", "membership", "suitability", "模糊隶属度"))
def membership(
    table: AnyTable,
    column: Annotated[str, ColumnOf("table", numeric=True)],
    shape: Literal["triangle", "trapezoid", "gaussian", "sigmoid", "bell"],
    points: tuple[float, ...],
    *,
    suffix: str = "_score",
) -> AnyTable:
    """Fuzzy membership from 0 to 1: to which degree a number belongs to what is wanted.

    Use it for suitability, where the limit between good and bad is not sharp.

    Parameters
    ----------
    table : DataFrame
        As for `scoring.linear`.
    column : str
        Indicator.
    shape : str
        `triangle` (foot, top, foot), `trapezoid` (foot, top from, top to, foot), `gaussian` (centre, width),
        `sigmoid` (centre, slope; a negative slope falls), `bell` (centre, half width, power).
    points : tuple of float
        The numbers of the shape in the order told there. Feet and tops do not fall; two alike make an
        upright side. A width and a power are above 0, a slope is not 0.
    suffix : str
        As for `scoring.linear`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and the memberships.

    Notes
    -----
    gaussian: exp(−(x − c)²/2σ²). sigmoid: 1/(1 + exp(−s (x − c))). bell: 1/(1 + |(x − c)/a|^2b).

    References
    ----------
    Burrough, P. A. (1989). Fuzzy mathematical methods for soil survey and land evaluation. Journal of Soil
    Science 40(3), 477-492. doi:10.1111/j.1365-2389.1989.tb01290.x
    """
    if len(points) != SHAPES[shape]:
        raise ContractError(MEMBERSHIP, "points", f"{SHAPES[shape]} numbers for a {shape}", str(len(points)))
    falling = any(other < one for one, other in pairwise(points))
    if shape in {"triangle", "trapezoid"} and (falling or points[0] == points[-1]):
        raise ContractError(MEMBERSHIP, "points", "numbers that rise from foot to foot", str(points))
    if shape in {"gaussian", "bell"} and min(points[1:]) <= 0:
        raise ContractError(MEMBERSHIP, "points", "a width and a power above 0", str(points))
    if shape == "sigmoid" and points[1] == 0:
        raise ContractError(MEMBERSHIP, "points", "a slope that is not 0", str(points))
    return with_scores(table, (column,), suffix, lambda _name, values: _member(values, shape, points))


def _member(values: np.ndarray, shape: str, points: tuple[float, ...]) -> np.ndarray:
    if shape == "triangle":
        foot, top, other = points
        return kernel.trapezoid(values, (foot, top, top, other))
    if shape == "trapezoid":
        foot, first, last, other = points
        return kernel.trapezoid(values, (foot, first, last, other))
    if shape == "gaussian":
        return kernel.gaussian(values, points[0], points[1])
    if shape == "sigmoid":
        return kernel.sigmoid(values, points[0], points[1])
    return kernel.bell(values, points[0], points[1], points[2])


@process(UTILITY, version="1", keywords=("risk", "exponential", "expected utility", "效用函数"))
def utility(
    table: AnyTable,
    columns: Indicators,
    *,
    aversion: Annotated[float, Unit("1"), Bounds(minimum=-50, maximum=50)] = 1.0,
    suffix: str = "_utility",
) -> AnyTable:
    """Exponential utility of scores: how much worth a decider sees in them who shuns or seeks risk.

    Use it after scoring. One who shuns risk sees most of the worth in the first steps up from the worst; one
    who seeks it, in the last steps to the best.

    Parameters
    ----------
    table : DataFrame
        As for `scoring.linear`.
    columns : tuple of str
        Scores from 0 to 1.
    aversion : float
        Above 0 shuns risk, below 0 seeks it, 0 leaves the scores as they are; from −50 to 50.
    suffix : str
        As for `scoring.linear`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and the utilities from 0 to 1.

    Notes
    -----
    u = (1 − exp(−r z))/(1 − exp(−r)) with the aversion r and the score z.

    References
    ----------
    Kirkwood, C. W. (1997). Strategic Decision Making: Multiobjective Decision Analysis with Spreadsheets.
    Duxbury, 64-68.
    """
    names = distinct(UTILITY, "columns", columns)
    wrong = [
        name for name in names if np.nanmax(np.abs(numbers(table, name) - 0.5), initial=0.0) > 0.5 + 1e-9
    ]
    if wrong:
        hint = "score them first, as with scoring.linear"
        raise ContractError(
            UTILITY, "columns", "scores from 0 to 1", f"{shown(wrong)} with others", hint=hint
        )
    return with_scores(
        table, names, suffix, lambda _name, values: kernel.exponential_utility(values, aversion)
    )
