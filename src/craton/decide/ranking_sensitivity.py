"""How sure a ranking is, and where a score comes from: ranks under many weights, contributions."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from craton.decide.criteria_table import AnyTable, Indicators, WeightTable, criteria, weights_of, with_results
from craton.kernels import rank_acceptability as kernel
from craton.kernels.criteria_ranking import weighted_sum
from craton.kernels.criteria_scores import by_range
from craton.process.marks import Bounds, Unit
from craton.process.processes import process

ACCEPTABILITY, CONTRIBUTIONS = "ranking.acceptability", "ranking.contributions"


@process(ACCEPTABILITY, version="2", keywords=("SMAA", "Monte Carlo", "weights", "robustness", "稳健性"))
def acceptability(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    spread: Annotated[float, Unit("1"), Bounds(above=0, maximum=1)] = 0.3,
    top: Annotated[float, Unit("1"), Bounds(above=0, below=1)] = 0.1,
    draws: Annotated[int, Bounds(minimum=1, maximum=65_535)] = 1000,
    costs: Indicators = (),
    scored_already: bool = False,
    seed: Annotated[int, Bounds(minimum=0)] = 0,
) -> AnyTable:
    """Ranks of each unit under many sets of weights: how often it comes first, how far it rises or falls.

    Use it to say how much a ranking hangs on the weights. Without weights all that there can be are drawn:
    what comes first then is first for most opinions.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`.
    columns : tuple of str
        As for `ranking.weighted_sum`.
    weights : DataFrame, optional
        Weights that the draws lie around: as for `ranking.weighted_sum`. Where left out, all sets of weights
        are alike likely.
    spread : float
        Part by which each weight may be more or less than given, above 0 to 1.
    top : float
        Part of all units that counts as the top, between 0 and 1; at least one unit.
    draws : int
        Sets of weights, from 1 to 65535.
    costs : tuple of str
        As for `ranking.weighted_sum`.
    scored_already : bool
        As for `ranking.weighted_sum`.
    seed : int
        Of the draws: the same seed gives the same result.

    Returns
    -------
    DataFrame
        The rows and columns of `table`; `first_probability`, `top_probability`, `upper_half_probability`;
        `best_rank`, `worst_rank` and `mean_rank`.

    Notes
    -----
    Ranks by weighted sums of scores. Given weights are multiplied each by a number even from 1 − spread to
    1 + spread and brought to the sum 1. The standard error of a probability p is √(p (1 − p)/draws). A unit
    that is at least as good in every indicator never ranks behind.

    References
    ----------
    Lahdelma, R., and Salminen, P. (2001). SMAA-2: stochastic multicriteria acceptability analysis for group
    decision making. Operations Research 49(3), 444-454. doi:10.1287/opre.49.3.444.11220
    """
    found = criteria(ACCEPTABILITY, table, columns, costs)
    around = None if weights is None else weights_of(ACCEPTABILITY, weights, found.names)
    scores = found.values * (1 - 2 * found.costs) if scored_already else by_range(found.values, found.costs)
    drawn = kernel.drawn_weights(len(found.names), draws, np.random.default_rng(seed), around, spread)
    count = len(scores)
    parts = {
        "first_probability": (1, "Probability to be first"),
        "top_probability": (max(1, int(top * count + 1e-9)), f"Probability to be in the top {top:.0%}"),
        "upper_half_probability": ((count + 1) // 2, "Probability to be in the upper half"),
    }
    ends = np.unique([last for last, _title in parts.values()] + [count])
    told = kernel.acceptability(scores, drawn, ends)
    reached = np.cumsum(told.bands, axis=1)
    added = {
        name: (np.minimum(reached[:, int(np.searchsorted(ends, last))], 1.0), title)
        for name, (last, title) in parts.items()
    }
    added |= {
        "best_rank": (told.best, "Best rank"),
        "worst_rank": (told.worst, "Worst rank"),
        "mean_rank": (told.mean, "Mean rank"),
    }
    return with_results(table, found.whole, added)


@process(CONTRIBUTIONS, version="1", keywords=("explain", "decomposition", "why", "贡献"))
def contributions(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    costs: Indicators = (),
    scored_already: bool = False,
) -> AnyTable:
    """What each indicator brings to the weighted sum of each unit, and what sets it apart from the mean.

    Use it beside `ranking.weighted_sum` with the same parameters, to answer why a unit has its score.

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
    scored_already : bool
        As for `ranking.weighted_sum`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`; `NAME_contribution` of each indicator, which add up to `score`;
        `main_strength` and `main_weakness`, the indicators whose contribution is most above and most below
        its mean over all units (empty where none is).

    Notes
    -----
    w_j s_ij, held against its mean over the rows without a gap.

    References
    ----------
    As for `ranking.weighted_sum`.
    """
    found = criteria(CONTRIBUTIONS, table, columns, costs)
    shares = weights_of(CONTRIBUTIONS, weights, found.names)
    scores = found.values * (1 - 2 * found.costs) if scored_already else by_range(found.values, found.costs)
    parts = scores * shares
    apart = np.round(parts - parts.mean(axis=0), 12)
    names = np.array(found.names, dtype=object)
    added = {
        f"{name}_contribution": (parts[:, at], f"Contribution of {name}")
        for at, name in enumerate(found.names)
    }
    added |= {
        "score": (weighted_sum(scores, shares), "Weighted sum of scores"),
        "main_strength": (
            np.where((apart > 0).any(axis=1), names[apart.argmax(axis=1)], ""),
            "Main strength",
        ),
        "main_weakness": (
            np.where((apart < 0).any(axis=1), names[apart.argmin(axis=1)], ""),
            "Main weakness",
        ),
    }
    return with_results(table, found.whole, added)
