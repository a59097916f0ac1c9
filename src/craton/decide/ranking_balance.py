"""What holds a unit back: limiting factor, coupling and coordination, obstacles."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from craton.decide.criteria_table import (
    AnyTable,
    Indicators,
    WeightTable,
    scored,
    unit_scores,
    weights_of,
    with_results,
)
from craton.kernels import criteria_balance as kernel
from craton.kernels.criteria_ranking import weighted_sum
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Unit
from craton.process.processes import process

LIMITING, COUPLING = "ranking.limiting_factor", "ranking.coupling_coordination"
OBSTACLES = "ranking.obstacles"


@process(LIMITING, version="1", keywords=("bottleneck", "Liebig", "minimum law", "短板", "限制因子"))
def limiting_factor(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    strictness: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] = 1.0,
) -> AnyTable:
    """Score of each unit as its weakest indicator allows, and which indicator that is.

    Use it where one lack stops all, however good the rest: soil depth for a crop, water for a town. With a
    strictness below 1 the others count too.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`.
    columns : tuple of str
        Scores from 0 to 1, better high.
    weights : DataFrame, optional
        Of the geometric mean: as for `ranking.weighted_sum`. They do not change which indicator is the
        weakest.
    strictness : float
        From 0, the weighted geometric mean, to 1, the least score alone.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, `score`, `rank`, `limiting_factor` (the name of the lowest score, the
        first of equal ones), and `limit`, that score.

    Notes
    -----
    H = (min_j s_j)^α · Π_j s_j^((1−α) w_j) with the strictness α: 0 only where a score is 0 (one without
    weight counts with α above 0), and never lower where a score is higher.

    References
    ----------
    Van der Ploeg, R. R., Böhm, W., and Kirkham, M. B. (1999). On the origin of the theory of mineral
    nutrition of plants and the law of the minimum. Soil Science Society of America Journal 63(5), 1055-1062.
    doi:10.2136/sssaj1999.6351055x
    """
    found = unit_scores(LIMITING, table, columns)
    shares = weights_of(LIMITING, weights, found.names)
    least, score = found.values.min(axis=1), kernel.limited(found.values, shares, strictness)
    factor = np.array(found.names, dtype=object)[found.values.argmin(axis=1)]
    added = {
        **scored("score", score, "Score as the weakest allows"),
        "limiting_factor": (factor, "Limiting factor"),
        "limit": (least, "Score of the limiting factor"),
    }
    return with_results(table, found.whole, added)


GRADES = (
    "extreme disorder", "severe disorder", "moderate disorder", "mild disorder", "near disorder",
    "bare coordination", "primary coordination", "intermediate coordination", "good coordination",
    "excellent coordination",
)  # fmt: skip
"""Ten even grades of the coordination degree in use in Chinese practice (Liao 1999)."""


@process(COUPLING, version="1", keywords=("CCD", "coordination", "耦合协调度"))
def coupling_coordination(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
    *,
    form: Literal["geometric", "deviation"] = "geometric",
) -> AnyTable:
    """Degree of coupling and coordination of two or more systems, and its grade.

    Use it to tell whether systems such as economy and ecology are both well and in step. A unit where both
    are poor may be well coupled: look at the coordination.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`.
    columns : tuple of str
        Two or more systems, each scored from 0 to 1.
    weights : DataFrame, optional
        Of the development: as for `ranking.weighted_sum`.
    form : str
        Of the coupling. `geometric`: the geometric over the arithmetic mean. `deviation`: a form that spreads
        the values of the coupling more evenly.

    Returns
    -------
    DataFrame
        The rows and columns of `table`, all from 0 to 1: `coupling` C, `development` T, `coordination` D; and
        `coordination_grade`, one of ten even grades from extreme disorder to excellent coordination.

    Notes
    -----
    T = Σ w_j u_j, D = √(C T). geometric: C = n (Π u_j)^(1/n)/Σ u_j. deviation:
    C = √((1 − mean|u_i − u_j|) · (Π_j u_j/max u)^(1/(n−1))), the mean over all pairs and the product over all
    but the greatest. Where all are 0 C is 0.

    References
    ----------
    Liao, C. B. (1999). Quantitative judgement and classification system for coordinated development of
    environment and economy. Tropical Geography 19(2), 171-177.

    Wang, S. J., Kong, W., Ren, L., Zhi, D. D., and Dai, B. T. (2021). Research on misuses and modification of
    coupling coordination degree model in China. Journal of Natural Resources 36(3), 793-810.
    doi:10.31497/zrzyxb.20210319
    """
    found = unit_scores(COUPLING, table, columns, least=2)
    shares = weights_of(COUPLING, weights, found.names)
    coupling = kernel.coupling(found.values) if form == "geometric" else _deviation(found.values)
    development = weighted_sum(found.values, shares)
    degree = np.sqrt(coupling * development)
    grade = np.minimum(np.floor(np.round(degree * 10, 9)).astype(int), 9)
    added = {
        "coupling": (coupling, "Coupling"),
        "development": (development, "Development"),
        "coordination": (degree, "Coordination"),
        "coordination_grade": (np.array(GRADES, dtype=object)[grade], "Grade of coordination"),
    }
    return with_results(table, found.whole, added)


def _deviation(systems: np.ndarray) -> np.ndarray:
    """Coupling as Wang and others (2021) modify it."""
    count = systems.shape[1]
    rising = np.sort(systems, axis=1)
    # Σ over pairs of |u_i − u_j| by the places of the sorted numbers.
    apart = rising @ (2.0 * np.arange(count) - count + 1.0) / (count * (count - 1) / 2.0)
    most = np.where(rising[:, -1:] > 0, rising[:, -1:], 1.0)
    ratio = np.prod((rising[:, :-1] / most) ** (1.0 / (count - 1)), axis=1)
    return np.asarray(np.sqrt(np.maximum(1.0 - apart, 0.0) * np.minimum(ratio, 1.0)))


@process(OBSTACLES, version="2", keywords=("obstacle degree", "diagnosis", "障碍度"))
def obstacles(
    table: AnyTable,
    columns: Indicators,
    weights: WeightTable | None = None,
) -> AnyTable:
    """Obstacle degree of each indicator in each unit: what most keeps it from the best score.

    Use it after a weighted sum to say where effort would raise a unit most.

    Parameters
    ----------
    table : DataFrame
        As for `ranking.weighted_sum`.
    columns : tuple of str
        Scores from 0 to 1, better high.
    weights : DataFrame, optional
        As for `ranking.weighted_sum`.

    Returns
    -------
    DataFrame
        The rows and columns of `table`; `NAME_obstacle` of each indicator, which add up to 1 in a row (all 0
        where nothing lacks); and `main_obstacle`, the indicator of the greatest (the first of equal ones),
        empty where nothing lacks.

    Notes
    -----
    O_j = w_j (1 − s_j)/Σ_j w_j (1 − s_j).

    References
    ----------
    Lei, X. P., Qiu, R., and Liu, Y. (2016). Evaluation of regional land use performance based on entropy
    TOPSIS model and diagnosis of its obstacle factors. Transactions of the Chinese Society of Agricultural
    Engineering 32(13), 243-253. doi:10.11975/j.issn.1002-6819.2016.13.035
    """
    if "main" in columns:
        raise ContractError(
            OBSTACLES, "columns", "names other than main, as main_obstacle names the greatest", "main"
        )
    found = unit_scores(OBSTACLES, table, columns)
    shares = weights_of(OBSTACLES, weights, found.names)
    lack = shares * np.maximum(1.0 - found.values, 0.0)
    total = lack.sum(axis=1, keepdims=True)
    degrees = lack / np.where(total > 0, total, 1.0)
    # To 12 digits, so that equal lacks are equal whatever rounding did to them.
    main = np.array(found.names, dtype=object)[np.round(degrees, 12).argmax(axis=1)]
    main[total[:, 0] <= 0] = ""
    added = {
        f"{name}_obstacle": (degrees[:, at], f"Obstacle degree of {name}")
        for at, name in enumerate(found.names)
    }
    return with_results(table, found.whole, {**added, "main_obstacle": (main, "Main obstacle")})
