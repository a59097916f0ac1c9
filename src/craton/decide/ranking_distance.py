"""Ranking by distance: TOPSIS, VIKOR, grey relation."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import (
    AnyTable,
    Indicators,
    WeightTable,
    criteria,
    scored,
    stated,
    unit_scores,
    weights_of,
    with_results,
)
from craton.kernels import criteria_ranking as kernel
from craton.kernels.criteria_scores import by_range
from craton.kernels.score_ranks import ranks
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

TOPSIS, VIKOR, GREY = "ranking.topsis", "ranking.vikor", "ranking.grey_relation"

EQUAL = 1e-9
"""Difference of two scores that rounding may make."""

ConditionTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="advantage", unit="1", title="Advantage of the best over the second"),
            Column(name="needed_advantage", unit="1", title="Advantage that is acceptable"),
            Column(name="acceptable_advantage", title="Whether the advantage is acceptable"),
            Column(name="acceptable_stability", title="Whether the best is the best by S or by R too"),
            Column(name="compromises", unit="1", title="Units in the compromise"),
        )
    ),
]


class Vikor(NamedTuple):
    """Units with their measures, and the two conditions."""

    units: AnyTable
    conditions: ConditionTable


@process(TOPSIS, version="1", keywords=("ideal solution", "Hwang", "Yoon", "逼近理想解", "优劣解距离法"))
def topsis(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    costs: Indicators = (),
) -> AnyTable:
    """Closeness of each unit to the ideal one and distance from the worst (TOPSIS), and its rank.

    Use it to rank units by numbers as they were measured, many indicators and millions of units included. The
    ideal is made of the best numbers in the table: a unit that comes in or goes may change the order of the
    others (`ranking.rank_reversal` tells).

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    costs : tuple of str
        As for `ranking.weighted_sum`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, `distance_to_best`, `distance_to_worst`, `closeness` from 0 to 1, and
        `rank`: 1 for the best, equal ones share a rank.

    Notes
    -----
    v_ij = w_j x_ij/√Σ_i x_ij²; d⁺, d⁻ Euclidean distances to the best and the worst v of each indicator;
    C = d⁻/(d⁺ + d⁻). Where all rows are alike C is 1. Factors of an indicator change nothing, shifts do.

    References
    ----------
    Hwang, C. L., and Yoon, K. (1981). Multiple Attribute Decision Making. Springer, 128-140.
    doi:10.1007/978-3-642-48318-9
    """
    found = criteria(TOPSIS, table, columns, costs)
    shares = weights_of(TOPSIS, weights, found.names)
    to_best, to_worst, closeness = kernel.topsis(found.values, shares, found.costs)
    added = {
        "distance_to_best": (to_best, "Distance to the ideal"),
        "distance_to_worst": (to_worst, "Distance to the worst"),
        **scored("closeness", closeness, "Closeness to the ideal"),
    }
    return with_results(table, found.whole, added)


@process(VIKOR, version="2", keywords=("compromise", "regret", "Opricovic", "折衷排序"))
def vikor(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    majority: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] = 0.5,
    costs: Indicators = (),
) -> Vikor:
    """Compromise ranking (VIKOR): good for most indicators, with little regret in any, and how clear it is.

    Use it where indicators conflict and the answer must be defended before those who lose by it: it says
    whether the best is clearly so, or which units are a compromise together.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`. Two or more rows without a gap.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    majority : float
        Weight of what is good for most, from 0 to 1; the rest is that of the least regret.
    costs : tuple of str
        As for `ranking.weighted_sum`.

    Returns
    -------
    units : DataFrame
        The rows and columns of `table`; `utility` S, `regret` R and `compromise` Q, all better low; `rank` by
        Q; and `in_compromise`.
    conditions : DataFrame
        One row: the advantage of the best in Q over the second, what is needed (1/(n − 1)), and whether the
        two conditions hold. If both do, the best stands alone in the compromise; without stability the second
        is in it too; without the advantage, all within the needed advantage of the best.

    Notes
    -----
    S = Σ w_j r_ij, R = max_j w_j r_ij with r the part of the range by which a row stays behind the best;
    Q = v (S − S*)/(S⁻ − S*) + (1 − v)(R − R*)/(R⁻ − R*). Ranks by Q change with the rows in the table.
    Several rows that share the best Q are all in the compromise.

    References
    ----------
    Opricovic, S., and Tzeng, G.-H. (2004). Compromise solution by MCDM methods: a comparative analysis of
    VIKOR and TOPSIS. European Journal of Operational Research 156(2), 445-455.
    doi:10.1016/S0377-2217(03)00020-1
    """
    found = criteria(VIKOR, table, columns, costs, rows=2)
    shares = weights_of(VIKOR, weights, found.names)
    told = kernel.vikor(found.values, shares, found.costs, majority)
    within, conditions = _compromise(told)
    added = {
        "utility": (told.utility, "Group utility S, better low"),
        "regret": (told.regret, "Individual regret R, better low"),
        "compromise": (told.compromise, "Compromise Q, better low"),
        "rank": (ranks(-told.compromise), "Rank, 1 the best"),
        "in_compromise": (within, "In the compromise"),
    }
    return Vikor(with_results(table, found.whole, added), conditions)


def _compromise(told: kernel.Compromise) -> tuple[np.ndarray, pd.DataFrame]:
    """Rows in the compromise, and the conditions."""
    rising = np.sort(told.compromise)
    needed, advantage = 1.0 / (rising.size - 1), float(rising[1] - rising[0])
    best = told.compromise <= rising[0] + EQUAL
    stable = any(measure[best].min() <= measure.min() + EQUAL for measure in (told.utility, told.regret))
    clear = advantage >= needed - EQUAL
    limit = rising[0] if stable else rising[1]
    within = told.compromise <= limit + EQUAL if clear else told.compromise < rising[0] + needed - EQUAL
    row = {
        "advantage": [advantage], "needed_advantage": [needed], "acceptable_advantage": [clear],
        "acceptable_stability": [stable], "compromises": [int(within.sum())],
    }  # fmt: skip
    return within, stated(
        row, {name: {"unit": "1"} for name in ("advantage", "needed_advantage", "compromises")}
    )


@process(GREY, version="1", keywords=("GRA", "Deng", "grey system", "灰色关联"))
def grey_relation(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    contrast: Annotated[float, Unit("1"), Bounds(above=0, maximum=1)] = 0.5,
    costs: Indicators = (),
    scored_already: bool = False,
) -> AnyTable:
    """Grade of grey relation of each unit to the ideal one, and its rank.

    Use it for few units and rough numbers, as Chinese practice does. Differences near the ideal count more
    than those far from it, the more so the smaller the contrast.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    contrast : float
        Distinguishing coefficient ρ, above 0 to 1.
    costs : tuple of str
        As for `ranking.weighted_sum`.
    scored_already : bool
        Whether the columns are scores from 0 to 1, better high, whose ideal is 1. Else each is first brought
        to 0 to 1 between its worst and its best number in the table.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, `grade` from above 0 to 1, and `rank`: 1 for the best, equal grades
        share a rank.

    Notes
    -----
    ξ_ij = (Δmin + ρ Δmax)/(Δ_ij + ρ Δmax) with Δ = 1 − score, its least and its most over the whole table;
    the grade is Σ_j w_j ξ_ij.

    References
    ----------
    Deng, J. L. (1989). Introduction to grey system theory. The Journal of Grey System 1(1), 1-24.

    Kuo, Y., Yang, T., and Huang, G.-W. (2008). The use of grey relational analysis in solving multiple
    attribute decision-making problems. Computers & Industrial Engineering 55(1), 80-93.
    doi:10.1016/j.cie.2007.12.002
    """
    found = (unit_scores if scored_already else criteria)(GREY, table, columns, costs)
    shares = weights_of(GREY, weights, found.names)
    scores = found.values if scored_already else by_range(found.values, found.costs)
    grade = kernel.grey_relation(scores, shares, contrast)
    return with_results(table, found.whole, scored("grade", grade, "Grade of grey relation"))
