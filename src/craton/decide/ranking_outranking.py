"""Ranking by outranking: PROMETHEE II and ELECTRE III."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import (
    AnyTable,
    Criteria,
    Indicators,
    WeightTable,
    by_indicator,
    criteria,
    numbers,
    open_numbers,
    scored,
    shown,
    weights_of,
    with_results,
)
from craton.kernels import criteria_outranking as kernel
from craton.kernels.score_ranks import ranks
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table, Unit
from craton.process.processes import process

PROMETHEE, ELECTRE = "ranking.promethee", "ranking.electre"

MOST_BELLS, MOST_ELECTRE = 20_000, 500
"""Rows up to which all pairs are compared."""

PreferenceTable = Annotated[
    pd.DataFrame,
    Table(columns=(Column(name="indicator", title="Indicator"), Column(name="function", title="Function"))),
]

ThresholdTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="indicator", title="Indicator"),
            Column(name="indifference", title="Indifference, in the unit of the indicator"),
            Column(name="preference", title="Preference, in the unit of the indicator"),
        )
    ),
]

CredibilityTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="row", unit="1", title="Row of the table, from 0"),
            Column(name="other", unit="1", title="Other row"),
            Column(name="credibility", unit="1", title="Credibility that it is at least as good"),
        )
    ),
]


class Electre(NamedTuple):
    """Units with their classes, and the credibility of each pair."""

    units: AnyTable
    pairs: CredibilityTable


@process(PROMETHEE, version="2", keywords=("Brans", "outranking", "flow", "preference function", "优序法"))
def promethee(
    table: AnyTable,
    columns: Indicators,
    preferences: PreferenceTable | None = None,
    weights: WeightTable | None = None,
    *,
    costs: Indicators = (),
) -> AnyTable:
    """Net outranking flow of each unit over all pairs (PROMETHEE II), and its rank.

    Use it where a difference counts only from some size on, told in the unit of the indicator: such as 5 km
    of road, or 0.2 of pH. No scoring is needed.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`. Two or more rows without a gap.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    preferences : DataFrame, optional
        A row for each of `columns`: `function` is `usual`, `u_shape`, `v_shape`, `level`, `linear` or
        `gaussian`; `indifference` q and `preference` p are columns of thresholds in the indicator's unit, of
        which `u_shape` takes q, `v_shape` and `gaussian` take p, `level` and `linear` take both, and `usual`
        none. Where left out, all are `usual`: any difference counts whole.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    costs : tuple of str
        As for `ranking.weighted_sum`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`; `positive_flow`, `negative_flow` and `net_flow` (from −1 to 1, with
        the sum 0 over all rows); and `rank` by the net flow.

    Notes
    -----
    φ⁺(a) = Σ_j w_j Σ_b P_j(a, b)/(n − 1), φ⁻(a) = Σ_j w_j Σ_b P_j(b, a)/(n − 1), φ = φ⁺ − φ⁻. A `gaussian` is
    taken for up to 20,000 rows. A difference that is a threshold to 12 digits counts as equal to it.

    References
    ----------
    Brans, J. P., and Vincke, P. (1985). A preference ranking organisation method. Management Science 31(6),
    647-656. doi:10.1287/mnsc.31.6.647
    """
    found = criteria(PROMETHEE, table, columns, costs, rows=2)
    shares = weights_of(PROMETHEE, weights, found.names)
    rules = _rules(found, preferences)
    plus, minus = np.zeros(len(found.values)), np.zeros(len(found.values))
    for values, share, cost, rule in zip(found.values.T, shares, found.costs, rules, strict=True):
        better = -values if cost else values
        plus += share * kernel.preference_sums(better, *rule)
        minus += share * kernel.preference_sums(-better, *rule)
    others = len(plus) - 1
    added = {
        "positive_flow": (plus / others, "Positive flow"),
        "negative_flow": (minus / others, "Negative flow"),
        **scored("net_flow", (plus - minus) / others, "Net flow"),
    }
    return with_results(table, found.whole, added)


def _rules(found: Criteria, preferences: pd.DataFrame | None) -> list[tuple[str, float, float]]:
    """Function and thresholds of each criterion."""
    if preferences is None:
        return [("usual", 0.0, 0.0)] * len(found.names)
    rows = by_indicator(PROMETHEE, "preferences", preferences, found.names)
    functions = [str(one) for one in rows["function"]]
    unknown = set(functions) - set(kernel.FUNCTIONS)
    if unknown:
        allowed = f"functions of {', '.join(kernel.FUNCTIONS)}"
        raise ContractError(PROMETHEE, "preferences", allowed, shown(sorted(unknown)))
    low, high = (
        numbers(rows, name) if name in rows.columns else np.full(len(rows), np.nan)
        for name in ("indifference", "preference")
    )
    wrong = [
        name
        for name, one, q, p in zip(found.names, functions, low, high, strict=True)
        if not _fits(one, q, p)
    ]
    if wrong:
        allowed = "thresholds of the function: 0 ≤ indifference ≤ preference, and a slope or width above 0"
        raise ContractError(PROMETHEE, "preferences", allowed, f"others for {shown(wrong)}")
    if "gaussian" in functions and len(found.values) > MOST_BELLS:
        allowed = f"{MOST_BELLS:,} rows or fewer with a gaussian"
        raise ContractError(PROMETHEE, "table", allowed, f"{len(found.values):,}")
    return list(zip(functions, map(float, low), map(float, high), strict=True))


def _fits(function: str, low: float, high: float) -> bool:
    """Whether the thresholds are what the function takes."""
    if function == "usual":
        return True
    if function == "u_shape":
        return low >= 0
    if function in {"v_shape", "gaussian"}:
        return high > 0
    return 0 <= low <= high if function == "level" else 0 <= low < high


@process(ELECTRE, version="2", keywords=("outranking", "concordance", "veto", "distillation", "Roy"))
def electre(
    table: AnyTable,
    columns: Indicators,
    thresholds: ThresholdTable,
    weights: WeightTable | None = None,
    *,
    alpha: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] = 0.3,
    beta: Annotated[float, Unit("1"), Bounds(minimum=-1, maximum=0)] = -0.15,
    costs: Indicators = (),
) -> Electre:
    """Classes of units by outranking with veto (ELECTRE III): the best taken out first, and the worst first.

    Use it for few units where a great lack in one indicator must not be made good by others. Where the two
    orders differ, the units cannot be compared: that is an answer too.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`. From 2 to 500 rows without a gap.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    thresholds : DataFrame
        A row for each of `columns`: `indifference` q, `preference` p, and in a column `veto`, which may be
        empty, the difference v that forbids; 0 ≤ q ≤ p ≤ v, in the indicator's unit.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    alpha : float
        Constant part of the difference in credibility that counts, from 0 to 1.
    beta : float
        Part of it that goes with the credibility, from −1 to 0.
    costs : tuple of str
        As for `ranking.weighted_sum`.

    Returns
    -------
    units : DataFrame
        The rows and columns of `table`; `descending_class` and `ascending_class`, 1 the best; and `rank` by
        their mean.
    pairs : DataFrame
        The credibility, from 0 to 1, that the unit of one row is at least as good as that of another, rows
        being numbered from 0.

    Notes
    -----
    Concordance C = Σ w_j c_j, c_j falling from 1 to 0 as the other leads by q to p; discordance D_j rising
    from 0 to 1 as it leads by p to v; credibility S = C Π (1 − D_j)/(1 − C) over D_j > C. Distillation with
    the discrimination α + β λ. What is equal to a threshold but for rounding counts as equal to it.

    References
    ----------
    Roy, B. (1978). ELECTRE III: un algorithme de classements fondé sur une représentation floue des
    préférences en présence de critères multiples. Cahiers du CERO 20(1), 3-24.

    Figueira, J., Mousseau, V., and Roy, B. (2005). ELECTRE methods. In: Multiple Criteria Decision Analysis:
    State of the Art Surveys. Springer, 133-153. doi:10.1007/0-387-23081-5_4
    """
    found = criteria(ELECTRE, table, columns, costs, rows=2)
    if len(found.values) > MOST_ELECTRE:
        raise ContractError(ELECTRE, "table", f"{MOST_ELECTRE} rows or fewer", str(len(found.values)))
    shares = weights_of(ELECTRE, weights, found.names)
    limits = _limits(found, thresholds)
    credible = kernel.credibility(np.where(found.costs, -found.values, found.values), shares, *limits)
    down, up = (
        kernel.distillation(credible, descending=way, alpha=alpha, beta=beta) for way in (True, False)
    )
    added = {
        "descending_class": (down, "Class, the best taken first"),
        "ascending_class": (up, "Class, the worst taken first"),
        "rank": (ranks(-(down + up) / 2.0), "Rank by the mean of both classes, 1 the best"),
    }
    rows = np.flatnonzero(found.whole)
    row, other = np.nonzero(~np.eye(rows.size, dtype=bool))
    pairs = pd.DataFrame({"row": rows[row], "other": rows[other], "credibility": credible[row, other]})
    pairs.attrs["columns"] = {name: {"unit": "1"} for name in pairs.columns}
    return Electre(with_results(table, found.whole, added), pairs)


def _limits(found: Criteria, thresholds: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indifference, preference and veto (k,) of each criterion."""
    rows = by_indicator(ELECTRE, "thresholds", thresholds, found.names)
    low, high = numbers(rows, "indifference"), numbers(rows, "preference")
    told = "veto" in rows.columns
    veto = open_numbers(ELECTRE, "thresholds", rows, "veto") if told else np.full(len(rows), np.nan)
    veto = np.where(np.isnan(veto), np.inf, veto)
    wrong = ~((low >= 0) & (high >= low) & (veto >= high))
    if wrong.any():
        allowed = "0 ≤ indifference ≤ preference ≤ veto for each indicator"
        raise ContractError(ELECTRE, "thresholds", allowed, f"others for {found.where(wrong)}")
    return low, high, veto
