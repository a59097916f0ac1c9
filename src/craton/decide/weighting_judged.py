"""Weights from judgment: pairs (AHP), the best and the worst, and several sets of weights in one."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import (
    WeightTable,
    distinct,
    numbers,
    shown,
    stated,
    weight_table,
    weights_of,
)
from craton.kernels import criteria_weights as kernel
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

HIERARCHY, BEST_WORST, COMBINED = "weighting.analytic_hierarchy", "weighting.best_worst", "weighting.combined"

MOST = 15
"""Criteria up to which Saaty gives the consistency of random judgments."""

FARTHEST = 1000.0
"""Times as important that one criterion may be as another: far beyond any scale of judgment."""

JudgmentTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="first", title="Indicator"),
            Column(name="second", title="Other indicator"),
            Column(name="value", unit="1", title="Times as important the first is as the second"),
        )
    ),
]

ComparisonTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="indicator", title="Indicator"),
            Column(name="best_over", unit="1", title="Times as important the best is as this"),
            Column(name="over_worst", unit="1", title="Times as important this is as the worst"),
        )
    ),
]

HierarchyConsistency = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="eigenvalue", unit="1", title="Greatest eigenvalue"),
            Column(name="consistency_index", unit="1", title="Consistency index"),
            Column(name="random_index", unit="1", title="Index of random judgments"),
            Column(name="consistency_ratio", unit="1", title="Consistency ratio"),
        )
    ),
]

HintTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="first", title="Indicator"),
            Column(name="second", title="Other indicator"),
            Column(name="value", unit="1", title="Judgment"),
            Column(name="fitting_value", unit="1", title="What the other judgments say"),
            Column(name="factor", unit="1", title="How many times the two differ"),
            Column(name="repaired_ratio", unit="1", title="Consistency ratio with the fitting value"),
        )
    ),
]

LinearConsistency = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="misfit", unit="1", title="Largest misfit"),
            Column(name="consistency_ratio", unit="1", title="Consistency ratio of the judgments"),
            Column(name="acceptable_ratio", unit="1", title="Consistency ratio that is acceptable"),
        )
    ),
]


class Hierarchy(NamedTuple):
    """Weights, how consistent the judgments are, and what to look at again."""

    weights: WeightTable
    consistency: HierarchyConsistency
    hints: HintTable


class BestWorst(NamedTuple):
    """Weights, and how consistent the comparisons are."""

    weights: WeightTable
    consistency: LinearConsistency


@process(HIERARCHY, version="1", keywords=("AHP", "Saaty", "pairwise", "eigenvector", "层次分析法"))
def analytic_hierarchy(
    judgments: JudgmentTable,
    *,
    largest_ratio: Annotated[float, Unit("1"), Bounds(above=0, maximum=1)] = 0.1,
) -> Hierarchy:
    """Weights from judgments of pairs by the analytic hierarchy process, with what contradicts the rest.

    Use it where people who know the subject judge, two at a time, how many times as important one indicator
    is as another. Judgments that contradict each other too much are refused, with the pair to think about
    again and the value that the others say for it. With many indicators `weighting.best_worst` asks for fewer
    judgments; without anyone to judge, weigh by the data.

    Parameters
    ----------
    judgments : DataFrame
        A row for each pair of indicators, each pair once: `first` and `second` are names, `value` is from
        0.001 to 1000. Saaty's scale goes from 1/9 to 9.
    largest_ratio : float
        Consistency ratio above which the judgments are refused, from above 0 to 1. Saaty's limit is 0.1.

    Returns
    -------
    weights : DataFrame
        `indicator` and `weight`; the weights add up to 1.
    consistency : DataFrame
        One row: the greatest eigenvalue, the consistency index, that of random judgments, and their ratio.
    hints : DataFrame
        A row for each judgment: the value that would fit the others, how many times the two differ, and the
        consistency ratio if it took the place of the judgment. Those whose repair would help most come first.

    Notes
    -----
    A w = λmax w for the reciprocal matrix A of k indicators; CI = (λmax − k)/(k − 1), CR = CI/RI with Saaty's
    RI for k up to 15. The fitting value of a pair is the ratio of its weights found without that judgment
    (Harker 1987). Two indicators cannot contradict: CR is 0.

    References
    ----------
    Saaty, T. L. (1980). The Analytic Hierarchy Process. McGraw-Hill.

    Saaty, T. L. (2008). Decision making with the analytic hierarchy process. International Journal of
    Services Sciences 1(1), 83-98. doi:10.1504/IJSSCI.2008.017590

    Harker, P. T. (1987). Alternative modes of questioning in the analytic hierarchy process. Mathematical
    Modelling 9(3-5), 353-360. doi:10.1016/0270-0255(87)90492-1
    """
    names, matrix, pairs = _matrix(judgments)
    found = kernel.hierarchy(matrix)
    hints = _hints(names, matrix, pairs)
    if found.consistency_ratio > largest_ratio:
        row = hints.iloc[0]
        raise ContractError(
            HIERARCHY, "judgments", f"judgments of a consistency ratio of at most {largest_ratio:g}",
            f"{found.consistency_ratio:.3f}",
            hint=f"think again about {row['first']} over {row['second']}: {row['value']:.3g} stands there, "
            f"the others say {row['fitting_value']:.3g}, and so the ratio is {row['repaired_ratio']:.3f}",
        )  # fmt: skip
    told = (
        found.eigenvalue,
        found.consistency_index,
        kernel.RANDOM_INDEX[len(names) - 1],
        found.consistency_ratio,
    )
    columns = ("eigenvalue", "consistency_index", "random_index", "consistency_ratio")
    return Hierarchy(weight_table(names, found.weights), _one_row(columns, told), hints)


def _one_row(columns: tuple[str, ...], told: tuple[float, ...]) -> pd.DataFrame:
    row = {name: [value] for name, value in zip(columns, told, strict=True)}
    return stated(row, {name: {"unit": "1"} for name in columns})


def _matrix(judgments: pd.DataFrame) -> tuple[tuple[str, ...], np.ndarray, list[tuple[int, int]]]:
    """Names in the order they come, the reciprocal matrix, and the pairs as they were judged."""
    first, second = ([str(one) for one in judgments[name]] for name in ("first", "second"))
    values = numbers(judgments, "value")
    names = tuple(dict.fromkeys(name for pair in zip(first, second, strict=True) for name in pair))
    if not 2 <= len(names) <= MOST:
        raise ContractError(HIERARCHY, "judgments", f"judgments of 2 to {MOST} indicators", str(len(names)))
    fits = (values >= 1.0 / FARTHEST) & (values <= FARTHEST)
    if not fits.all():
        wrong = shown(f"{a} – {b}" for a, b, one in zip(first, second, fits, strict=True) if not one)
        raise ContractError(HIERARCHY, "judgments", "values from 0.001 to 1000", f"others for {wrong}")
    matrix, pairs = np.full((len(names), len(names)), np.nan), []
    np.fill_diagonal(matrix, 1.0)
    for one, other, value in zip(first, second, values, strict=True):
        row, column = names.index(one), names.index(other)
        if np.isfinite(matrix[row, column]):
            raise ContractError(HIERARCHY, "judgments", "each pair once", f"{one} – {other} again")
        matrix[row, column], matrix[column, row] = value, 1.0 / value
        pairs.append((row, column))
    lacking = [f"{names[row]} – {names[column]}" for row, column in np.argwhere(np.isnan(np.triu(matrix)))]
    if lacking:
        raise ContractError(HIERARCHY, "judgments", "each pair once", f"none of {shown(lacking)}")
    return names, matrix, pairs


def _hints(names: tuple[str, ...], matrix: np.ndarray, pairs: list[tuple[int, int]]) -> pd.DataFrame:
    rows = []
    for row, column in pairs:
        value, fitting = float(matrix[row, column]), float(matrix[row, column])
        if len(names) > 2:
            fitting = kernel.fitting_judgment(matrix, row, column)
        repaired = matrix.copy()
        repaired[row, column], repaired[column, row] = fitting, 1.0 / fitting
        factor = max(value / fitting, fitting / value)
        rows.append(
            (names[row], names[column], value, fitting, factor, kernel.hierarchy(repaired).consistency_ratio)
        )
    columns = ("first", "second", "value", "fitting_value", "factor", "repaired_ratio")
    # To 9 digits, so that judgments that do alike keep the order they were given in.
    order = sorted(range(len(rows)), key=lambda at: (round(rows[at][5], 9), -round(rows[at][4], 9)))
    told = {name: [rows[at][number] for at in order] for number, name in enumerate(columns)}
    return stated(told, {name: {"unit": "1"} for name in columns[2:]})


@process(BEST_WORST, version="2", keywords=("BWM", "Rezaei", "linear programming", "最优最劣法"))
def best_worst(
    comparisons: ComparisonTable,
    *,
    largest_ratio: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] | None = None,
) -> BestWorst:
    """Weights from the most and the least important indicator, each held against all others.

    Use it in place of the analytic hierarchy process where the pairs are too many to judge: k indicators need
    2k − 3 judgments, and each is made against the same two. It does not compare the indicators in the middle
    with each other. Judgments that contradict each other too much are refused, with the indicator to think
    about again.

    Parameters
    ----------
    comparisons : DataFrame
        A row for each indicator. `best_over`: how many times as important the most important one is as this;
        `over_worst`: how many times as important this is as the least important one. All are at least 1, on a
        scale up to 9; the best has 1 in `best_over`, the worst 1 in `over_worst`, the two agree on how
        many times as important the best is as the worst, and nothing goes beyond that.
    largest_ratio : float, optional
        Consistency ratio above which the judgments are refused, from 0 to 1. Where left out, the one that is
        acceptable for this number of indicators and this many times of the best over the worst.

    Returns
    -------
    weights : DataFrame
        `indicator` and `weight`; the weights add up to 1.
    consistency : DataFrame
        One row: the largest misfit of the linear model in units of weights, 0 for judgments that agree, the
        consistency ratio of the judgments from 0 to 1, and the ratio that is acceptable.

    Notes
    -----
    min ξ, so that |w_B − a_Bj w_j| ≤ ξ and |w_j − a_jW w_W| ≤ ξ for each j, Σw = 1, w ≥ 0. The consistency
    ratio is max_j |a_Bj a_jW − a_BW|/(a_BW² − a_BW), and it is acceptable up to 0 to .37 by the number of
    indicators (3 to 9) and a_BW (2 to 9, rounded), as Liang and others (2020) tell in their table 3. Where
    several have 1, the first row counts as the best (or the worst).

    References
    ----------
    Rezaei, J. (2016). Best-worst multi-criteria decision-making method: some properties and a linear model.
    Omega 64, 126-130. doi:10.1016/j.omega.2015.12.001

    Liang, F., Brunelli, M., and Rezaei, J. (2020). Consistency issues in the best worst method: measurements
    and thresholds. Omega 96, 102175. doi:10.1016/j.omega.2019.102175
    """
    names, over, under, best, worst = _comparisons(comparisons)
    found = kernel.best_worst(best, worst, over, under)
    acceptable = kernel.acceptable_ratio(len(names), over[worst])
    limit, at = acceptable if largest_ratio is None else largest_ratio, int(found.ratios.argmax())
    if found.ratio > limit + 1e-9:
        raise ContractError(
            BEST_WORST, "comparisons", f"judgments of a consistency ratio of at most {limit:g}",
            f"{found.ratio:.3f}",
            hint=f"think again about {names[at]}: {over[at]:g} times and {under[at]:g} times are to give "
            f"{over[worst]:g} times together",
        )  # fmt: skip
    columns = ("misfit", "consistency_ratio", "acceptable_ratio")
    consistency = _one_row(columns, (found.misfit, found.ratio, acceptable))
    return BestWorst(weight_table(names, found.weights), consistency)


def _comparisons(
    comparisons: pd.DataFrame,
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, int, int]:
    """Names, the best over each, each over the worst, and which are the best and the worst."""
    names = distinct(
        BEST_WORST, "comparisons", tuple(map(str, comparisons["indicator"])), least=2, what="indicators"
    )
    over, under = numbers(comparisons, "best_over"), numbers(comparisons, "over_worst")
    if not (over >= 1).all() or not (under >= 1).all():
        wrong = ~((over >= 1) & (under >= 1))
        came = shown(name for name, one in zip(names, wrong, strict=True) if one)
        raise ContractError(BEST_WORST, "comparisons", "values of at least 1", f"others for {came}")
    best = int(np.argmin(over))
    worst = _least_of_others(under, best)
    if over[best] != 1 or under[worst] != 1:
        allowed = "1 in `best_over` for the best, and 1 in `over_worst` for the worst indicator"
        raise ContractError(BEST_WORST, "comparisons", allowed, f"{over[best]:g} and {under[worst]:g}")
    if not np.isclose(over[worst], under[best], rtol=1e-9):
        allowed = f"the same number of times for {names[best]} over {names[worst]} in both columns"
        raise ContractError(BEST_WORST, "comparisons", allowed, f"{over[worst]:g} and {under[best]:g}")
    beyond = (over > over[worst] * (1.0 + 1e-9)) | (under > over[worst] * (1.0 + 1e-9))
    if beyond.any():
        allowed = f"at most {over[worst]:g}, as {names[best]}, the best, is over {names[worst]}, the worst"
        came = shown(name for name, one in zip(names, beyond, strict=True) if one)
        raise ContractError(BEST_WORST, "comparisons", allowed, f"more for {came}")
    return names, over, under, best, worst


def _least_of_others(values: np.ndarray, best: int) -> int:
    """First row of the least value that is not the best indicator."""
    others = values.copy()
    others[best] = np.inf
    return int(np.argmin(others))


@process(COMBINED, version="1", keywords=("combination weighting", "game theory", "组合赋权", "博弈论"))
def combined(
    weights: tuple[WeightTable, ...],
    *,
    method: Literal["mean", "product", "game_theory"] = "mean",
) -> WeightTable:
    """One set of weights from several, such as what experts judge and what the data tell.

    Use it to let judgment and data both speak. The mean is a compromise; the product gives weight to what all
    sets agree is important; game theory looks for the mixture that is nearest to every set.

    Parameters
    ----------
    weights : tuple of DataFrame
        Two or more tables with `indicator` and `weight`, of the same indicators.
    method : str
        `mean`: of the weights. `product`: of the weights, brought to the sum 1. `game_theory`: the sets in
        the shares that leave the least distance to each.

    Returns
    -------
    DataFrame
        `indicator`, in the order of the first table, and `weight`; the weights add up to 1.

    Notes
    -----
    Each set is first brought to the sum 1. game_theory: Σ_j a_j w_i·w_j = w_i·w_i for each set i; a negative
    a counts as 0, and the a are brought to the sum 1. An indicator that one set gives no weight has none in a
    product.

    References
    ----------
    Jahan, A., Mustapha, F., Sapuan, S. M., Ismail, M. Y., and Bahraminasab, M. (2012). A framework for
    weighting of criteria in ranking stage of material selection process. International Journal of Advanced
    Manufacturing Technology 58, 411-420. doi:10.1007/s00170-011-3366-7

    Liu, B., Huang, J. J., McBean, E., and Li, Y. (2020). Risk assessment of hybrid rain harvesting system and
    other small drinking water supply systems by game theory and fuzzy logic modeling. Science of the Total
    Environment 708, 134436. doi:10.1016/j.scitotenv.2019.134436
    """
    if len(weights) < 2:
        raise ContractError(COMBINED, "weights", "two or more tables of weights", str(len(weights)))
    names = distinct(COMBINED, "weights", tuple(map(str, weights[0]["indicator"])), what="indicators")
    sets = np.stack([weights_of(COMBINED, one, names) for one in weights])
    if method == "game_theory":
        found = kernel.game_theory_shares(sets) @ sets
    else:
        found = sets.prod(axis=0) if method == "product" else sets.mean(axis=0)
    if found.sum() <= 0:
        raise ContractError(COMBINED, "weights", "an indicator with weight in every set", "none")
    return weight_table(names, found / found.sum())
