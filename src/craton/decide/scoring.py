"""Scoring: indicators brought to scores from 0 (worst) to 1 (best) by lines, classes and knots."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.decide.criteria_table import (
    AnyTable,
    Indicators,
    by_indicator,
    distinct,
    numbers,
    open_numbers,
    shown,
    with_results,
    with_scores,
)
from craton.kernels import criteria_scores as kernel
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table
from craton.process.processes import process

LINEAR, TARGET, CLASSES = "scoring.linear", "scoring.target", "scoring.classes"
PIECEWISE = "scoring.piecewise"

EndTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="indicator", title="Indicator"),
            Column(name="worst", title="Number of score 0, in the unit of the indicator"),
            Column(name="best", title="Number of score 1, in the unit of the indicator"),
        )
    ),
]

ClassTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="indicator", title="Indicator"),
            Column(name="class", title="Class"),
            Column(name="from_value", title="Least number of the class, in the unit of the indicator"),
            Column(name="score", unit="1", title="Score of the class"),
        )
    ),
]

KnotTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="indicator", title="Indicator"),
            Column(name="value", title="Number, in the unit of the indicator"),
            Column(name="score", unit="1", title="Score there"),
        )
    ),
]


@process(LINEAR, version="1", keywords=("min-max", "normalise", "standardise", "归一化", "极差标准化"))
def linear(
    table: AnyTable,
    columns: Indicators,
    ends: EndTable | None = None,
    *,
    costs: Indicators = (),
    suffix: str = "_score",
) -> AnyTable:
    """Scores from 0 to 1 on a straight line from the worst to the best number.

    Use it first, so that indicators in different units can be added. Give the ends wherever they are known:
    without them they are the least and the greatest number of the table, and every score changes when a row
    comes in or goes.

    Parameters
    ----------
    table : DataFrame
        A row for each unit of evaluation; a gap stays a gap.
    columns : tuple of str
        Indicators.
    ends : DataFrame, optional
        A row for each of `columns` with the numbers that get 0 and 1, in the indicator's unit; a best below
        the worst tells that less is better. Numbers beyond get 0 or 1.
    costs : tuple of str
        Without `ends`, indicators of which less is better; all others are better high.
    suffix : str
        Added to the name of an indicator to name its scores; with an empty one they take its place.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and the scores.

    Notes
    -----
    (x − worst)/(best − worst), held to 0 to 1. Without `ends` an indicator of one number gets 1 everywhere.

    References
    ----------
    OECD and JRC (2008). Handbook on Constructing Composite Indicators: Methodology and User Guide. OECD
    Publishing, 83-88. doi:10.1787/9789264043466-en
    """
    names = distinct(LINEAR, "columns", columns)
    if set(costs) - set(names):
        raise ContractError(LINEAR, "costs", f"some of {shown(names)}", shown(set(costs) - set(names)))
    if ends is None:
        return with_scores(table, names, suffix, lambda name, values: _by_range(values, name in costs))
    if costs:
        raise ContractError(LINEAR, "costs", "none beside `ends`, which tell the direction", shown(costs))
    rows = by_indicator(LINEAR, "ends", ends, names)
    worst, best = numbers(rows, "worst"), numbers(rows, "best")
    wrong = ~(np.isfinite(worst) & np.isfinite(best) & (worst != best))
    if wrong.any():
        came = shown(name for name, one in zip(names, wrong, strict=True) if one)
        raise ContractError(LINEAR, "ends", "two different numbers for each indicator", f"others for {came}")
    given = {name: (worst[at], best[at]) for at, name in enumerate(names)}
    return with_scores(table, names, suffix, lambda name, values: kernel.between(values, *given[name]))


def _by_range(values: np.ndarray, cost: bool) -> np.ndarray:
    if not values.size:
        return values
    return kernel.by_range(values[:, None], np.array([cost]))[:, 0]


@process(TARGET, version="1", keywords=("interval", "optimum", "nominal the best", "适度指标"))
def target(
    table: AnyTable,
    column: Annotated[str, ColumnOf("table", numeric=True)],
    target: float,
    *,
    reach: Annotated[float, Bounds(above=0)] | None = None,
    suffix: str = "_score",
) -> AnyTable:
    """Scores of an indicator that is best at one number, such as pH or depth to water.

    Use it where too little and too much are both bad. For an interval of numbers that are all good, use
    `scoring.membership` with a trapezoid.

    Parameters
    ----------
    table : DataFrame
        As for `scoring.linear`.
    column : str
        Indicator.
    target : float
        The best number, in the unit of the column.
    reach : float, optional
        Distance from the target, above 0 and in the unit of the column, at which the score is 0. Where left
        out, the greatest distance in the table.
    suffix : str
        As for `scoring.linear`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and the scores: 1 at the target.

    Notes
    -----
    1 − |x − target|/reach, at least 0. Where all numbers are the target all scores are 1.

    References
    ----------
    Jahan, A., and Edwards, K. L. (2013). Weighting of dependent and target-based criteria for optimal
    decision-making in materials selection process: biomedical applications. Materials & Design 49, 1000-1008.
    doi:10.1016/j.matdes.2013.02.064
    """

    def score(_name: str, values: np.ndarray) -> np.ndarray:
        far = reach or float(np.abs(values - target).max(initial=0.0)) or 1.0
        return kernel.near_target(values, target, far)

    return with_scores(table, (column,), suffix, score)


@process(CLASSES, version="1", keywords=("threshold", "grade", "rating", "standard", "分级赋分"))
def classes(table: AnyTable, classes: ClassTable, *, suffix: str = "_score") -> AnyTable:
    """Scores by classes with thresholds, such as those of a standard.

    Use it where a rule book tells which numbers are which class. Scores jump at the thresholds; where that is
    not meant, use `scoring.piecewise`.

    Parameters
    ----------
    table : DataFrame
        As for `scoring.linear`.
    classes : DataFrame
        A row for each class of each indicator (a numeric column of `table`): `class` is its name,
        `from_value` its least number in the indicator's unit, empty for no limit below, and `score` its
        score.
    suffix : str
        Added to the name of an indicator to name its scores; neither empty nor `_class`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and for each indicator its scores and, as `NAME_class`, its class.
        Numbers below all classes have neither.

    Notes
    -----
    A number on a threshold is in the class that begins there.

    References
    ----------
    FAO (1976). A framework for land evaluation. Soils Bulletin 32. Food and Agriculture Organization.
    """
    if suffix in {"", "_class"}:
        allowed = "letters to name the scores by, other than _class, which names the classes"
        raise ContractError(CLASSES, "suffix", allowed, suffix or "none")
    names = _named_columns(CLASSES, "classes", table, classes)
    result = table
    for name in names:
        rows = classes[[str(one) == name for one in classes["indicator"]]]
        starts, scores = open_numbers(CLASSES, "classes", rows, "from_value"), numbers(rows, "score")
        starts = np.where(np.isnan(starts), -np.inf, starts)
        order = np.argsort(starts)
        if len(np.unique(starts)) < starts.size or not np.isfinite(scores).all():
            allowed = f"classes of {name} that each begin elsewhere and have a score"
            raise ContractError(CLASSES, "classes", allowed, "others")
        values = numbers(table, name)
        found = kernel.in_steps(values, starts[order])
        inside = found >= 0
        labels = np.array([str(one) for one in rows["class"]], dtype=object)[order]
        added = {
            f"{name}{suffix}": (scores[order][found[inside]], f"Score of {name}"),
            f"{name}_class": (labels[found[inside]], f"Class of {name}"),
        }
        result = with_results(result, inside, added)
    return result


def _named_columns(id: str, parameter: str, table: pd.DataFrame, told: pd.DataFrame) -> tuple[str, ...]:
    """Indicators of a table of thresholds; each is to be a numeric column of `table`."""
    names = tuple(dict.fromkeys(str(one) for one in told["indicator"]))
    if not names:
        raise ContractError(id, parameter, "a row or more", "none")
    lacking = [
        name for name in names if name not in table.columns or not pd.api.types.is_numeric_dtype(table[name])
    ]
    if lacking:
        allowed = "indicators that are numeric columns of the table"
        raise ContractError(id, parameter, allowed, shown(lacking))
    return names


@process(PIECEWISE, version="1", keywords=("interpolate", "value function", "curve", "分段线性"))
def piecewise(table: AnyTable, knots: KnotTable, *, suffix: str = "_score") -> AnyTable:
    """Scores on straight lines between given knots: any curve of worth that can be drawn by hand.

    Use it for response curves of a crop, a species or a structure, and for classes whose thresholds are to be
    passed without a jump.

    Parameters
    ----------
    table : DataFrame
        As for `scoring.linear`.
    knots : DataFrame
        Two or more rows for each indicator (a numeric column of `table`): `value`, in its unit and each only
        once, and the `score` there. Beyond the first and the last knot the score stays as it is there.
    suffix : str
        As for `scoring.linear`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, and the scores.

    Notes
    -----
    Scores may be on any scale, such as 0 to 100.

    References
    ----------
    Beinat, E. (1997). Value Functions for Environmental Management. Kluwer. doi:10.1007/978-94-015-8885-0
    """
    names = _named_columns(PIECEWISE, "knots", table, knots)
    curves = {}
    for name in names:
        rows = knots[[str(one) == name for one in knots["indicator"]]]
        places, heights = numbers(rows, "value"), numbers(rows, "score")
        enough = len(np.unique(places)) == places.size >= 2
        if not enough or not np.isfinite(places + heights).all():
            allowed = f"two or more knots of {name}, each at another number"
            raise ContractError(PIECEWISE, "knots", allowed, f"{places.size} knots")
        order = np.argsort(places)
        curves[name] = (places[order], heights[order])
    return with_scores(table, names, suffix, lambda name, values: kernel.along_knots(values, *curves[name]))
