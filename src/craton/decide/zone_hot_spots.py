"""Concentration of high and low values: the G statistics of Getis and Ord."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.decide.criteria_table import distinct
from craton.decide.zone_chance import (
    Numeric,
    Significance,
    by_column,
    measured,
    significant,
    standard_score,
    two_sided,
    with_islands,
)
from craton.decide.zone_links import Contact, Count, Distance, Units, connected
from craton.kernels import spatial_autocorrelation as kernel
from craton.model.errors import ContractError
from craton.process.marks import Column, Table
from craton.process.processes import process

GENERAL_G, HOT_SPOTS = "zone.general_g", "zone.hot_spots"

GeneralTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="column", title="Column"),
            Column(name="general_g", unit="1", title="General G"),
            Column(name="expected", unit="1", title="Expected without clusters"),
            Column(name="z_score", unit="1", title="Standard score"),
            Column(name="p_value", unit="1", title="Chance"),
            Column(name="units", unit="1", title="Units with neighbours"),
            Column(name="islands", unit="1", title="Units without neighbours, left out"),
        )
    ),
]


@process(GENERAL_G, version="2", keywords=("Getis-Ord", "high-low clustering", "冷热点"))
def general_g(
    table: Units,
    columns: tuple[Numeric, ...],
    *,
    contact: Contact = "queen",
    neighbours: Count = 8,
    distance: Distance | None = None,
) -> GeneralTable:
    """General G of Getis and Ord: whether high values lie together, or low ones.

    Use it beside `zone.moran`, which does not tell clusters of high values from those of low ones. It needs
    an indicator with a natural zero.

    Parameters
    ----------
    table : GeoDataFrame
        Evaluation units, each a row.
    columns : tuple of str
        Numeric columns of at least 0, each for itself; rows without a number or a geometry are left out.
    contact : str
        As for `zone.neighbours`.
    neighbours : int
        As for `zone.neighbours`.
    distance : float, optional
        As for `zone.neighbours`.

    Returns
    -------
    DataFrame
        A row for each column: `general_g`; `expected`; `z_score`, positive where high values lie together,
        negative where low ones do; the two-sided `p_value`; `units` and `islands`.

    Notes
    -----
    G = Σ w_ij x_i x_j/Σ_{i≠j} x_i x_j with w of 1 between neighbours; the variance is over all orders of the
    values, the chance normal. Islands are left out.

    References
    ----------
    Getis, A., and Ord, J. K. (1992). The analysis of spatial association by use of distance statistics.
    Geographical Analysis 24(3), 189-206. doi:10.1111/j.1538-4632.1992.tb00261.x
    """
    rows = []
    for name in distinct(GENERAL_G, "columns", columns):
        found, values = measured(GENERAL_G, table, name, contact, neighbours, distance, parameter="columns")
        inner = connected(found)
        x = values[inner.taken]
        if (x < 0).any():
            raise ContractError(GENERAL_G, "columns", "numbers of at least 0", f"{name}: {x.min():g}")
        if (x > kernel.TIE * x.sum()).sum() < 2:
            came = f"{name}: nothing but rounding beside {x.max():g}"
            raise ContractError(GENERAL_G, "columns", "numbers of which two or more are above 0", came)
        value, expected, variance = kernel.general_g(x, inner.links)
        score = standard_score(value, expected, variance)
        rows.append({
            "column": name, "general_g": value, "expected": expected, "z_score": score,
            "p_value": float(two_sided(score)), "units": x.size, "islands": int(found.islands.sum()),
        })  # fmt: skip
    return by_column(rows)


@process(HOT_SPOTS, version="1", keywords=("Getis-Ord", "Gi*", "hot spot", "cold spot", "热点分析"))
def hot_spots(
    table: Units,
    column: Numeric,
    *,
    contact: Contact = "queen",
    neighbours: Count = 8,
    distance: Distance | None = None,
    itself: bool = True,
    significance: Significance = 0.05,
    discovery_rate: bool = False,
) -> Units:
    """Hot and cold spots: units around which a column is higher or lower than chance allows (Gi*, Gi).

    Use it to map where high values gather. A unit that stands out against its neighbours is found by
    `zone.local_moran`.

    Parameters
    ----------
    table : GeoDataFrame
        Evaluation units, each a row.
    column : str
        Numeric column; rows without a number or a geometry get none.
    contact : str
        As for `zone.neighbours`.
    neighbours : int
        As for `zone.neighbours`.
    distance : float, optional
        As for `zone.neighbours`.
    itself : bool
        Whether a unit's own value counts with those of its neighbours (Gi*), or not (Gi).
    significance : float
        Two-sided chance up to which a spot counts.
    discovery_rate : bool
        As for `zone.local_moran`.

    Returns
    -------
    GeoDataFrame
        The rows and columns of `table`, with `g_score`, a standard score; the two-sided `p_value`; and
        `hot_spot`: `hot`, `cold`, `not significant`, or `island` for a unit without neighbours.

    Notes
    -----
    Gi* = (Σ w_ij x_j − W_i x̄)/(s √((n Σ w_ij² − W_i²)/(n − 1))), with w of 1 for neighbours and the unit
    itself, and the deviation s divided by n; Gi leaves the unit out of all. The chance is normal, which asks
    for some eight neighbours. A unit whose neighbours are all others has no score.

    References
    ----------
    Ord, J. K., and Getis, A. (1995). Local spatial autocorrelation statistics: distributional issues and an
    application. Geographical Analysis 27(4), 286-306. doi:10.1111/j.1538-4632.1995.tb00912.x
    """
    found, values = measured(HOT_SPOTS, table, column, contact, neighbours, distance)
    inner = connected(found)
    score = kernel.local_g(values[inner.taken], inner.links, itself=itself)
    chance = two_sided(score)
    spot = np.where(score > 0, "hot", "cold").astype(object)
    spot[~significant(chance, significance, discovery_rate)] = "not significant"
    return with_islands(table, found, {
        "g_score": (score, f"Standard score of {'Gi*' if itself else 'Gi'} of {column}"),
        "p_value": (chance, "Chance of such neighbours"),
        "hot_spot": (spot, "Hot or cold spot"),
    })  # fmt: skip
