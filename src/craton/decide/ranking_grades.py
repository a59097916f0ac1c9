"""Ranking by grades: normal cloud model and matter-element extension."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import (
    AnyTable,
    Criteria,
    Indicators,
    WeightTable,
    criteria,
    distinct,
    numbers,
    open_numbers,
    shown,
    stated,
    weights_of,
    with_results,
)
from craton.kernels import criteria_grades as kernel
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

CLOUD, NUMBERS, MATTER = "ranking.cloud_model", "ranking.cloud_numbers", "ranking.matter_element"

GradeTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="indicator", title="Indicator"),
            Column(name="grade", title="Grade"),
            Column(name="low", title="One end, in the unit of the indicator"),
            Column(name="high", title="Other end, in the unit of the indicator"),
        )
    ),
]

CloudTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="indicator", title="Indicator"),
            Column(name="expectation", title="Ex"),
            Column(name="entropy", title="En"),
            Column(name="hyper_entropy", title="He"),
        )
    ),
]


class Grades(NamedTuple):
    """Names of the grades in their order, and their ends (k, g) for each criterion."""

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray


@process(CLOUD, version="2", keywords=("normal cloud", "certainty", "fuzzy", "random", "云模型"))
def cloud_model(
    table: AnyTable,
    columns: Indicators,
    grades: GradeTable,
    weights: WeightTable | None = None,
    *,
    hyper_entropy: Annotated[float, Unit("1"), Bounds(minimum=0, below=0.34)] = 0.1,
    draws: Annotated[int, Bounds(minimum=1, maximum=10_000)] = 500,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> AnyTable:
    """Certainty with which each unit belongs to each grade, by normal clouds, and the grade it is of.

    Use it where grades have thresholds but numbers near one should count for both sides.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`. Numbers beyond all grades are taken as the nearest end.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    grades : DataFrame
        A row for each grade of each indicator, the grades of all indicators in the same order: its name in
        `grade`, its ends in `low` and `high` in the indicator's unit. An end that is empty is open.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    hyper_entropy : float
        He as a part of En, from 0 to below 0.34, where the cloud turns to mist.
    draws : int
        Draws of the spread, from 1 to 10000; with a hyper-entropy of 0 none are needed.
    seed : int
        Of the draws: the same seed gives the same result.

    Returns
    -------
    DataFrame
        The rows and columns of `table`; `certainty_GRADE` from 0 to 1; `grade`, that of the greatest
        certainty; and `grade_value`, the mean number of the grades (from 1) by certainty.

    Notes
    -----
    Ex = (low + high)/2, En = |high − low|/6, En' ~ N(En, He²), μ = exp(−(x − Ex)²/(2 En'²)), the mean over
    the draws, Σ_j w_j μ_j. An open grade is taken as wide as the nearest closed one and is certain beyond its
    Ex, so that two grades are alike certain where one ends and the next begins. Where all certainties are 0,
    between grades that do not touch, the grade is the one whose Ex is nearest by most weight.

    References
    ----------
    Li, D. Y., Liu, C. Y., and Gan, W. Y. (2009). A new cognitive model: cloud model. International Journal of
    Intelligent Systems 24(3), 357-375. doi:10.1002/int.20340
    """
    found = criteria(CLOUD, table, columns)
    ends = _grades(CLOUD, found, grades, open_ends=True)
    shares = weights_of(CLOUD, weights, found.names)
    # One set of draws for all indicators, so that their order does not matter.
    factors = kernel.spread_factors(hyper_entropy, draws, np.random.default_rng(seed))
    total = np.zeros((len(found.values), len(ends.names)))
    near = np.zeros_like(total)
    for values, share, low, high in zip(found.values.T, shares, ends.low, ends.high, strict=True):
        total += share * kernel.cloud_certainties(values, low, high, factors)
        centres, _spreads = kernel.grade_clouds(low, high)
        near[np.arange(values.size), np.abs(values[:, None] - centres).argmin(axis=1)] += share
    sure = total.sum(axis=1, keepdims=True) > 1e-300
    judged = np.where(sure, total, near)
    return _with_grades(table, found, ends, total, judged, "certainty", "Certainty of grade")


def _with_grades(
    table: pd.DataFrame,
    found: Criteria,
    ends: Grades,
    degrees: np.ndarray,
    judged: np.ndarray,
    word: str,
    title: str,
) -> pd.DataFrame:
    """`table` with the degree of each grade, the grade, and its value by the non-negative `judged`."""
    numbers_of = np.arange(1, len(ends.names) + 1)
    added = {f"{word}_{name}": (degrees[:, at], f"{title} {name}") for at, name in enumerate(ends.names)}
    added["grade"] = (np.array(ends.names, dtype=object)[judged.argmax(axis=1)], "Grade")
    value = (judged @ numbers_of) / judged.sum(axis=1)
    added["grade_value"] = (value, "Mean number of the grades")
    return with_results(table, found.whole, added)


def _grades(id: str, found: Criteria, told: pd.DataFrame, *, open_ends: bool) -> Grades:
    """Ends of the grades, `low` the lesser; refuses what does not follow on."""
    names = distinct(
        id, "grades", tuple(dict.fromkeys(str(one) for one in told["grade"])), least=2, what="grades"
    )
    low, high = np.empty((len(found.names), len(names))), np.empty((len(found.names), len(names)))
    for at, indicator in enumerate(found.names):
        rows = told[[str(one) == indicator for one in told["indicator"]]]
        if tuple(str(one) for one in rows["grade"]) != names:
            allowed = f"the grades {shown(names)}, in this order, for each indicator"
            raise ContractError(id, "grades", allowed, f"others for {indicator}")
        ends = np.column_stack([open_numbers(id, "grades", rows, name) for name in ("low", "high")])
        low[at], high[at] = _ends_of(id, indicator, ends, open_ends)
    if {str(one) for one in told["indicator"]} - set(found.names):
        more = sorted({str(one) for one in told["indicator"]} - set(found.names))
        raise ContractError(id, "grades", f"grades of {shown(found.names)}", f"also of {shown(more)}")
    return Grades(names, low, high)


def _ends_of(id: str, indicator: str, ends: np.ndarray, open_ends: bool) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the grades of one indicator, which may rise or fall with the grade."""
    closed = np.isfinite(ends).all(axis=1)
    middle = ends[closed].mean(axis=1)
    steps = np.diff(middle)
    one_way = middle.size >= 1 and (bool((steps > 0).all()) or bool((steps < 0).all()))
    falls = bool((steps < 0).any()) or (middle.size == 1 and _falls(ends))
    if not one_way or not np.isfinite(ends).any(axis=1).all() or (not open_ends and not closed.all()):
        allowed = "grades in their order, each with " + ("an end, one with two" if open_ends else "two ends")
        raise ContractError(id, "grades", allowed, f"others for {indicator}")
    first, last = (np.inf, -np.inf) if falls else (-np.inf, np.inf)
    filled = ends.copy()
    filled[0] = np.where(np.isfinite(filled[0]), filled[0], first)
    filled[-1] = np.where(np.isfinite(filled[-1]), filled[-1], last)
    if not (np.isfinite(filled[1:-1]).all()) or (filled[:, 0] == filled[:, 1]).any():
        allowed = "two different ends of each grade, open only in the first and the last"
        raise ContractError(id, "grades", allowed, f"others for {indicator}")
    return filled.min(axis=1), filled.max(axis=1)


def _falls(ends: np.ndarray) -> bool:
    """Whether the numbers fall from the first to the last grade, of which one is closed."""
    there = np.nanmean(ends, axis=1)
    return bool(there[-1] < there[0])


@process(NUMBERS, version="1", keywords=("backward cloud generator", "Ex", "En", "He", "逆向云发生器"))
def cloud_numbers(table: AnyTable, columns: Indicators) -> CloudTable:
    """Expectation, entropy and hyper-entropy of the normal cloud that numbers come from.

    Use it to describe what people or places say of an indicator: where it lies, how wide, and how sure the
    width is.

    Parameters
    ----------
    table : DataFrame
        A row for each number; gaps are left out, column by column.
    columns : tuple of str
        Indicators, each with two or more numbers.

    Returns
    -------
    DataFrame
        A row for each indicator, its three numbers in its own unit.

    Notes
    -----
    Ex = mean, En = √(π/2) mean|x − Ex|, He = √|S² − En²| with the variance S² of the sample. For numbers
    whose spread is even, He is near 0, and its sign is lost in the root.

    References
    ----------
    Liu, C. Y., Feng, M., Dai, X. J., and Li, D. Y. (2004). A new algorithm of backward cloud. Journal of
    System Simulation 16(11), 2417-2420.
    """
    names = distinct(NUMBERS, "columns", columns)
    samples = [numbers(table, name) for name in names]
    samples = [one[np.isfinite(one)] for one in samples]
    few = [name for name, one in zip(names, samples, strict=True) if one.size < 2]
    if few:
        raise ContractError(NUMBERS, "columns", "columns of two or more numbers", f"{shown(few)} with fewer")
    clouds = [kernel.cloud_of_sample(one) for one in samples]
    told = {field: [getattr(one, field) for one in clouds] for field in kernel.Cloud._fields}
    return stated({"indicator": list(names), **told}, {})


@process(MATTER, version="1", keywords=("extension", "extenics", "correlation degree", "物元可拓"))
def matter_element(
    table: AnyTable,
    columns: Indicators,
    grades: GradeTable,
    weights: WeightTable | None = None,
) -> AnyTable:
    """Degree to which each unit is of each grade, by matter-element extension, and the grade it is of.

    Use it where grades have two ends each and it matters how far a number lies outside one: degrees below 0
    tell that.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`. Numbers beyond all grades are taken as the nearest end.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    grades : DataFrame
        As for `ranking.cloud_model`. Here no end may be empty.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`; `degree_GRADE`; `grade`, that of the greatest degree; and
        `grade_value`, the mean number of the grades (from 1), weighted by how far each degree is above the
        least.

    Notes
    -----
    ρ(x, [a, b]) = |x − (a + b)/2| − (b − a)/2. Inside a grade K = −ρ/(b − a), outside
    K = ρ/(ρ_whole − ρ) with the whole range of all grades; the degree is Σ_j w_j K_j. Where all degrees are
    alike the value is the middle.

    References
    ----------
    Cai, W. (1999). Extension theory and its application. Chinese Science Bulletin 44(17), 1538-1548.
    doi:10.1007/BF02886090
    """
    found = criteria(MATTER, table, columns)
    ends = _grades(MATTER, found, grades, open_ends=False)
    shares = weights_of(MATTER, weights, found.names)
    total = np.zeros((len(found.values), len(ends.names)))
    for values, share, low, high in zip(found.values.T, shares, ends.low, ends.high, strict=True):
        total += share * kernel.matter_element_degrees(values, low, high)
    above = total - total.min(axis=1, keepdims=True)
    judged = np.where(above.sum(axis=1, keepdims=True) > 0, above, 1.0)
    return _with_grades(table, found, ends, total, judged, "degree", "Degree of grade")
