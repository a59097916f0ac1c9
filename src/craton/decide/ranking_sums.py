"""Ranking by one score: weighted sum, weighted product, ordered weighted average."""

from __future__ import annotations

from typing import Annotated

from craton.decide.criteria_table import (
    AnyTable,
    Indicators,
    WeightTable,
    criteria,
    scored,
    weights_of,
    with_results,
)
from craton.kernels import criteria_ranking as kernel
from craton.kernels.criteria_scores import by_range
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Unit
from craton.process.processes import process

SUM, PRODUCT, ORDERED = "ranking.weighted_sum", "ranking.weighted_product", "ranking.ordered_weighted_average"


@process(SUM, version="1", keywords=("SAW", "WSM", "weighted linear combination", "加权求和", "线性加权"))
def weighted_sum(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    costs: Indicators = (),
    scored_already: bool = False,
) -> AnyTable:
    """Score and rank of each unit by the weighted sum of its scores.

    Use it where a low score in one indicator may be made good by a high one in another. Everyone can follow
    it, and `ranking.contributions` tells where each score comes from. Where a lack cannot be made good use
    `ranking.weighted_product` or `ranking.limiting_factor`.

    Parameters
    ----------
    table : DataFrame
        A row for each unit of evaluation. A row with a gap in one of the columns has a gap in the result;
        numbers of 1e100 and more in size, such as fill values, count as gaps.
    columns : tuple of str
        Indicators.
    weights : DataFrame, optional
        A row for each of `columns`, with `indicator` and `weight`, as the processes of weighting give it;
        weights are at least 0 and are brought to the sum 1. Where left out, all weigh the same.
    costs : tuple of str
        Indicators of which less is better; all others are better high.
    scored_already : bool
        Whether the columns are scores that are better high and are added as they are. Else each is first
        brought to 0 to 1 between its worst and its best number in the table.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, `score`, and `rank`: 1 for the best, equal scores share a rank.

    Notes
    -----
    Σ_j w_j s_ij. With `scored_already` the costs are taken with their sign turned. Scores are compared to 12
    digits of the largest. An indicator of one number brings 1 to every row.

    References
    ----------
    Hwang, C. L., and Yoon, K. (1981). Multiple Attribute Decision Making. Springer, 99-103.
    doi:10.1007/978-3-642-48318-9
    """
    found = criteria(SUM, table, columns, costs)
    shares = weights_of(SUM, weights, found.names)
    if scored_already:
        scores = found.values
        shares = shares * (1 - 2 * found.costs)
    else:
        scores = by_range(found.values, found.costs)
    score = kernel.weighted_sum(scores, shares)
    return with_results(table, found.whole, scored("score", score, "Weighted sum of scores"))


@process(PRODUCT, version="1", keywords=("WPM", "geometric mean", "加权几何平均"))
def weighted_product(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    costs: Indicators = (),
) -> AnyTable:
    """Score and rank of each unit by the weighted product of its numbers.

    Use it where a lack in one indicator weighs more the greater it is: a score of 0 in one makes the whole 0.
    Needs no scoring, as ratios of the products do not change with the units of the indicators.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`.
    columns : tuple of str
        Indicators of at least 0; costs above 0.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    costs : tuple of str
        As for `ranking.weighted_sum`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, `score`, and `rank`: 1 for the best, equal scores share a rank. With
        scores from 0 to 1 and no costs the score is their weighted geometric mean.

    Notes
    -----
    Π_j x_ij^w_j, with −w_j for costs. Scores are compared to 12 digits of the largest.

    References
    ----------
    Triantaphyllou, E. (2000). Multi-Criteria Decision Making Methods: A Comparative Study. Kluwer, 8-9.
    doi:10.1007/978-1-4757-3157-6
    """
    found = criteria(PRODUCT, table, columns, costs, lowest=0.0)
    none = found.costs & (found.values <= 0).any(axis=0)
    if none.any():
        raise ContractError(PRODUCT, "costs", "indicators above 0", f"{found.where(none)} with 0")
    shares = weights_of(PRODUCT, weights, found.names) * (1 - 2 * found.costs)
    score = kernel.weighted_product(found.values, shares)
    return with_results(table, found.whole, scored("score", score, "Weighted product"))


@process(ORDERED, version="1", keywords=("OWA", "Yager", "quantifier", "risk", "有序加权平均"))
def ordered_weighted_average(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    power: Annotated[float, Unit("1"), Bounds(above=0, maximum=1000)] = 1.0,
    costs: Indicators = (),
    scored_already: bool = False,
) -> AnyTable:
    """Score and rank of each unit between its worst and its best score, as careful as asked for.

    Use it to show how the answer changes from "one good indicator will do" to "all must be good". A power
    below 1 leans to the best scores, above 1 to the worst; 1 is the weighted sum.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.
    power : float
        Power of the quantifier, above 0 to 1000: 0.1 at least one, 0.5 a few, 1 half, 2 most, 10 almost all.
    costs : tuple of str
        As for `ranking.weighted_sum`.
    scored_already : bool
        As for `ranking.weighted_sum`.

    Returns
    -------
    DataFrame
        As for `ranking.weighted_sum`.

    Notes
    -----
    Σ_i (u_i^p − u_(i−1)^p) s_(i), the scores s in falling order and u the sum of their weights so far. With
    `scored_already` the costs are taken with their sign turned.

    References
    ----------
    Yager, R. R. (1996). Quantifier guided aggregation using OWA operators. International Journal of
    Intelligent Systems 11(1), 49-73. doi:10.1002/(SICI)1098-111X(199601)11:1<49::AID-INT3>3.0.CO;2-Z

    Malczewski, J. (2006). Ordered weighted averaging with fuzzy quantifiers: GIS-based multicriteria
    evaluation for land-use suitability analysis. International Journal of Applied Earth Observation and
    Geoinformation 8(4), 270-277. doi:10.1016/j.jag.2006.01.003
    """
    found = criteria(ORDERED, table, columns, costs)
    shares = weights_of(ORDERED, weights, found.names)
    scores = found.values * (1 - 2 * found.costs) if scored_already else by_range(found.values, found.costs)
    score = kernel.ordered_average(scores, shares, power)
    return with_results(table, found.whole, scored("score", score, "Ordered weighted average"))
