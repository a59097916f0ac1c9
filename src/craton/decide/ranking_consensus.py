"""Several rankings made one, and rankings that turn when a unit leaves."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import (
    AnyTable,
    Criteria,
    Indicators,
    WeightTable,
    criteria,
    stated,
    weights_of,
    with_results,
)
from craton.kernels import criteria_ranking, rank_aggregation
from craton.kernels.criteria_outranking import preference_sums
from craton.kernels.criteria_scores import by_range
from craton.kernels.score_ranks import ranks
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Column, Table
from craton.process.processes import process

CONSENSUS, REVERSAL = "ranking.consensus", "ranking.rank_reversal"

MOST_REMOVED = 2000
"""Rows up to which each is left out in turn."""

AgreementTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="ranking", title="Ranking"),
            Column(name="correlation", unit="1", title="Kendall's tau-b with the consensus"),
        )
    ),
]

ReversalTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="row", unit="1", title="Row that is left out, from 0"),
            Column(name="reversed_pairs", unit="1", title="Pairs of others whose order turns"),
            Column(name="best_changes", title="Whether the best of the others changes"),
        )
    ),
]


class Consensus(NamedTuple):
    """Units with their rank in common, and how each ranking agrees with it."""

    units: AnyTable
    agreement: AgreementTable


@process(CONSENSUS, version="1", keywords=("Borda", "Copeland", "Kemeny", "rank aggregation", "vote", "集结"))
def consensus(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    method: Literal["borda", "copeland", "kemeny"] = "borda",
) -> Consensus:
    """One ranking from several, such as those of experts or of methods.

    Use it where methods or people rank the same units and one answer is asked for. Borda counts places, which
    takes every step as alike; Copeland counts duels won; Kemeny finds the order with the fewest
    disagreements, for up to 14 units.

    Parameters
    ----------
    table : DataFrame
        A row for each unit. A row with a gap in one of the columns has a gap in the result.
    columns : tuple of str
        Rankings: numbers of which the lowest is the best, such as ranks. Equal numbers share a place.
    weights : DataFrame, optional
        Voice of each ranking: a row for each of `columns`, with `indicator` and `weight` of at least 0. Where
        left out, all have the same.
    method : str
        `borda`, `copeland` or `kemeny`.

    Returns
    -------
    units : DataFrame
        The rows and columns of `table`, `points` (for Kemeny the units that come after), and `rank`: 1 for
        the best, equal ones share a rank.
    agreement : DataFrame
        A row for each ranking: Kendall's rank correlation (tau-b) with the consensus, empty where one of the
        two tells nothing apart.

    Notes
    -----
    Borda: units behind, and half of those beside, weighted by voice. Copeland: duels won less lost. Kemeny:
    least Σ of voices of pairs that are the other way round, exact; of equal orders the one that keeps the
    order of the rows.

    References
    ----------
    Young, H. P., and Levenglick, A. (1978). A consistent extension of Condorcet's election principle. SIAM
    Journal on Applied Mathematics 35(2), 285-300. doi:10.1137/0135023

    Saari, D. G., and Merlin, V. R. (1996). The Copeland method. Economic Theory 8(1), 51-76.
    doi:10.1007/BF01212012
    """
    found = criteria(CONSENSUS, table, columns, rows=2)
    voices = weights_of(CONSENSUS, weights, found.names)
    points = _points(found, voices, method)
    added = {"points": (points, "Points"), "rank": (ranks(points), "Rank, 1 the best")}
    agreed = [_tau(-points, one) for one in found.values.T]
    told = {"ranking": list(found.names), "correlation": agreed}
    return Consensus(with_results(table, found.whole, added), stated(told, {"correlation": {"unit": "1"}}))


def _points(found: Criteria, voices: np.ndarray, method: str) -> np.ndarray:
    if method == "borda":
        return rank_aggregation.borda(found.values, voices)
    count, most = len(found.values), rank_aggregation.MOST_EXACT
    limit = most if method == "kemeny" else 5000
    if count > limit:
        raise ContractError(CONSENSUS, "table", f"{limit} rows or fewer for {method}", str(count))
    before = rank_aggregation.duels(found.values, voices)
    if method == "copeland":
        # A duel is decided beyond the rounding of sums of voices.
        return rank_aggregation.copeland(np.round(before, 12))
    order, _weight = rank_aggregation.kemeny(before)
    points = np.empty(count)
    points[order] = np.arange(count - 1, -1, -1)
    return points


def _tau(one: np.ndarray, other: np.ndarray) -> float:
    from scipy.stats import kendalltau

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(kendalltau(one, other).statistic)


@process(REVERSAL, version="2", keywords=("rank reversal", "robustness", "逆序"))
def rank_reversal(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    method: Literal["weighted_sum", "topsis", "vikor", "promethee"] = "topsis",
    costs: Indicators = (),
) -> ReversalTable:
    """Which units turn the order of the others when they are left out.

    Use it before a ranking is defended: methods that take the best and the worst, or a norm, from the table
    itself may rank A before B only because C is there.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`. From 3 to 2000 rows without a gap.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    method : str
        Method of ranking, with its defaults.
    costs : tuple of str
        As for `ranking.weighted_sum`.

    Returns
    -------
    DataFrame
        A row for each row of `table` that has no gap, numbered from 0: pairs of the others whose order turns
        when it is left out, and whether the best of the others changes.

    Notes
    -----
    A pair turns when one unit is before the other by rank, and behind it without the row. Scores given by
    fixed ends (`scoring.linear` with `ends`) and then added as they are cannot turn.

    References
    ----------
    Belton, V., and Gear, T. (1983). On a short-coming of Saaty's method of analytic hierarchies. Omega 11(3),
    228-230. doi:10.1016/0305-0483(83)90047-6

    García-Cascales, M. S., and Lamata, M. T. (2012). On rank reversal and TOPSIS method. Mathematical and
    Computer Modelling 56(5-6), 123-132. doi:10.1016/j.mcm.2011.12.022
    """
    found = criteria(REVERSAL, table, columns, costs, rows=3)
    count = len(found.values)
    if count > MOST_REMOVED:
        raise ContractError(REVERSAL, "table", f"{MOST_REMOVED} rows or fewer", str(count))
    shares = weights_of(REVERSAL, weights, found.names)
    whole = _places(found.values, found.costs, shares, method)
    turned, changes = np.zeros(count, np.int64), np.zeros(count, bool)
    for row in progress.each(range(count), "units left out"):
        before = np.delete(whole, row)
        after = _places(np.delete(found.values, row, axis=0), found.costs, shares, method)
        turned[row] = _turned(before, after)
        changes[row] = bool((after[before == before.min()] > 1).any())
    told = {"row": np.flatnonzero(found.whole), "reversed_pairs": turned, "best_changes": changes}
    return stated(told, {name: {"unit": "1"} for name in ("row", "reversed_pairs")})


def _places(values: np.ndarray, costs: np.ndarray, weights: np.ndarray, method: str) -> np.ndarray:
    """Rank (n,) by a method."""
    if method == "topsis":
        return ranks(criteria_ranking.closeness(values, weights, costs))
    if method == "vikor":
        return ranks(-criteria_ranking.vikor(values, weights, costs, 0.5).compromise)
    if method == "weighted_sum":
        return ranks(criteria_ranking.weighted_sum(by_range(values, costs), weights))
    net = np.zeros(len(values))
    for column, cost, weight in zip(values.T, costs, weights, strict=True):
        better = -column if cost else column
        net += weight * (
            preference_sums(better, "usual", 0.0, 0.0) - preference_sums(-better, "usual", 0.0, 0.0)
        )
    return ranks(net)


def _turned(before: np.ndarray, after: np.ndarray) -> int:
    """Pairs that are strictly one way before and strictly the other way after."""
    order = np.lexsort((after, before))
    if (np.diff(after[order]) >= 0).all():
        return 0
    first = np.sign(before[:, None] - before[None, :])
    second = np.sign(after[:, None] - after[None, :])
    return int((first * second < 0).sum() // 2)
