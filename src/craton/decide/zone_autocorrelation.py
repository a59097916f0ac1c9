"""Spatial autocorrelation of evaluation units: whether like values lie together, and where (Moran)."""

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
from craton.kernels.spatial_weights import standardised
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

MORAN, LOCAL_MORAN = "zone.moran", "zone.local_moran"

Permutations = Annotated[int, Bounds(minimum=9, maximum=99_999)]

Seed = Annotated[int, Bounds(minimum=0)]

QUADRANTS = np.array(["low-low", "low-high", "high-low", "high-high"], dtype=object)
"""Value and its neighbours', by 2 · (value above the mean) + (neighbours above it)."""

MoranTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="column", title="Column"),
            Column(name="moran", unit="1", title="Moran's I"),
            Column(name="expected", unit="1", title="Expected without autocorrelation"),
            Column(name="z_normal", unit="1", title="Standard score, normal values"),
            Column(name="p_normal", unit="1", title="Chance, normal values"),
            Column(name="z_random", unit="1", title="Standard score, values in any order"),
            Column(name="p_random", unit="1", title="Chance, values in any order"),
            Column(name="p_permuted", unit="1", title="Chance, from permutations"),
            Column(name="units", unit="1", title="Units with neighbours"),
            Column(name="islands", unit="1", title="Units without neighbours, left out"),
        )
    ),
]


@process(MORAN, version="1", keywords=("Moran's I", "global", "spatial autocorrelation", "莫兰指数"))
def moran(
    table: Units,
    columns: tuple[Numeric, ...],
    *,
    contact: Contact = "queen",
    neighbours: Count = 8,
    distance: Distance | None = None,
    permutations: Permutations = 999,
    seed: Seed = 0,
) -> MoranTable:
    """Moran's I of columns: whether units near each other have like values, with three tests.

    Use it to ask whether a pattern is more than chance before mapping clusters by `zone.local_moran`. It sees
    one number for the whole map, and takes a trend across it for autocorrelation too.

    Parameters
    ----------
    table : GeoDataFrame
        Evaluation units, each a row.
    columns : tuple of str
        Numeric columns, each for itself; rows without a number or a geometry are left out.
    contact : str
        As for `zone.neighbours`.
    neighbours : int
        As for `zone.neighbours`.
    distance : float, optional
        As for `zone.neighbours`.
    permutations : int
        Random orders of the values for the last test.
    seed : int
        Of the random orders: the same seed gives the same result.

    Returns
    -------
    DataFrame
        A row for each column: `moran`; `expected`; standard score and two-sided chance where the values are
        normal (`z_normal`, `p_normal`) and where each order is as likely (`z_random`, `p_random`);
        `p_permuted`, the share of random orders as far from the expected; `units` and `islands`.

    Notes
    -----
    I = (n/S₀) Σ w_ij z_i z_j/Σ z_i² with z the value less the mean and weights that add up to 1 in each row;
    expected −1/(n − 1). Positive where like values are neighbours. Islands are left out of all sums.

    References
    ----------
    Moran, P. A. P. (1950). Notes on continuous stochastic phenomena. Biometrika 37, 17-23.
    doi:10.2307/2332142

    Cliff, A. D., and Ord, J. K. (1981). Spatial processes: models and applications. Pion, p. 17 and 21.
    """
    rows = []
    for name in distinct(MORAN, "columns", columns):
        found, values = measured(MORAN, table, name, contact, neighbours, distance, parameter="columns")
        inner = connected(found)
        x, weights = values[inner.taken], standardised(inner.links)
        one = kernel.moran(x, weights)
        variances = (one.variance_normal, one.variance_random)
        scores = [standard_score(one.value, one.expected, variance) for variance in variances]
        drawn = kernel.moran_permuted(x, weights, permutations, seed)
        rows.append({
            "column": name, "moran": one.value, "expected": one.expected,
            "z_normal": scores[0], "p_normal": float(two_sided(scores[0])),
            "z_random": scores[1], "p_random": float(two_sided(scores[1])),
            "p_permuted": kernel.two_sided(one.value, one.expected, drawn),
            "units": int(inner.taken.sum()), "islands": int(found.islands.sum()),
        })  # fmt: skip
    return by_column(rows)


@process(LOCAL_MORAN, version="1", keywords=("LISA", "cluster", "outlier", "Anselin", "局部莫兰指数"))
def local_moran(
    table: Units,
    column: Numeric,
    *,
    contact: Contact = "queen",
    neighbours: Count = 8,
    distance: Distance | None = None,
    significance: Significance = 0.05,
    discovery_rate: bool = False,
    permutations: Permutations = 999,
    seed: Seed = 0,
) -> Units:
    """Local Moran's I: where high values lie among high ones, low among low, and where a unit stands out.

    Use it to map clusters and outliers of an indicator. For hot and cold spots alone use `zone.hot_spots`.

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
    significance : float
        Chance up to which a unit counts as significant.
    discovery_rate : bool
        Whether `significance` is rather the share of false ones among all that are called significant, which
        guards against the many units that are tested.
    permutations : int
        Draws of neighbours for each unit.
    seed : int
        Of the draws: the same seed gives the same result.

    Returns
    -------
    GeoDataFrame
        The rows and columns of `table`, with `local_moran`; `p_value`; `quadrant`, such as `high-low` for a
        high value among low ones; and `cluster`, the quadrant where it is significant, else `not
        significant`, or `island` for a unit without neighbours.

    Notes
    -----
    I_i = z_i Σ_j w_ij z_j, z the standard values and the weights of a unit adding up to 1. The chance is
    one-sided: the value is held, its neighbours are drawn from all others, and the draws as far out on the
    side where fewer are count, (1 + draws)/(1 + permutations).

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association: LISA. Geographical Analysis 27(2), 93-115.
    doi:10.1111/j.1538-4632.1995.tb00338.x

    Benjamini, Y., and Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful
    approach to multiple testing. Journal of the Royal Statistical Society B 57(1), 289-300.
    doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    found, values = measured(LOCAL_MORAN, table, column, contact, neighbours, distance)
    inner = connected(found)
    x, weights = values[inner.taken], standardised(inner.links)
    value, lag = kernel.local_moran(x, weights)
    chance = kernel.local_chance(x, inner.links, permutations, seed)
    quadrant = QUADRANTS[2 * (x > x.mean()) + (lag > 0)]
    cluster = np.where(significant(chance, significance, discovery_rate), quadrant, "not significant")
    return with_islands(table, found, {
        "local_moran": (value, f"Local Moran's I of {column}"),
        "p_value": (chance, "Chance of such neighbours"),
        "quadrant": (quadrant, "Value and its neighbours'"),
        "cluster": (cluster, "Cluster or outlier"),
    })  # fmt: skip
