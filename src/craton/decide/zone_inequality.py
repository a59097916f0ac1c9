"""Inequality between units, and what of a number's spread a division of them explains."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd

from craton.decide.criteria_table import AnyTable, distinct, numbers, stated
from craton.kernels import inequality as kernel
from craton.model.errors import ContractError
from craton.process.marks import Column, ColumnOf, Table
from craton.process.processes import process

INEQUALITY, FACTORS = "zone.inequality", "zone.factor_detector"

Numeric = Annotated[str, ColumnOf("table", numeric=True)]

AnyColumn = Annotated[str, ColumnOf("table")]

InequalityTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="column", title="Column"),
            Column(name="gini", unit="1", title="Gini index"),
            Column(name="gini_between", unit="1", title="Gini index of the groups' means"),
            Column(name="gini_within", unit="1", title="Gini index within groups"),
            Column(name="theil", unit="1", title="Theil index"),
            Column(name="theil_between", unit="1", title="Theil index between groups"),
            Column(name="theil_within", unit="1", title="Theil index within groups"),
            Column(name="units", unit="1", title="Units that count"),
            Column(name="left_out", unit="1", title="Rows with a gap, left out"),
        )
    ),
]

FactorTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="factor", title="Factor"),
            Column(name="q", unit="1", title="Share of the variance explained"),
            Column(name="f", unit="1", title="F"),
            Column(name="p_value", unit="1", title="Chance, noncentral"),
            Column(name="p_equal_means", unit="1", title="Chance where all means are one"),
            Column(name="strata", unit="1", title="Strata"),
            Column(name="units", unit="1", title="Units that count"),
        )
    ),
]


@process(INEQUALITY, version="1", keywords=("Gini", "Theil", "disparity", "基尼系数", "泰尔指数"))
def inequality(
    table: AnyTable,
    columns: tuple[Numeric, ...],
    *,
    group: AnyColumn | None = None,
    weight: Numeric | None = None,
) -> InequalityTable:
    """Gini and Theil indices of columns, with what lies between groups of units and what within.

    Use it to say how unequally land, water or income per head is spread over districts, and how much of that
    is between provinces.

    Parameters
    ----------
    table : DataFrame
        Evaluation units, each a row, with or without geometry.
    columns : tuple of str
        Numeric columns of at least 0, not all 0, each for itself, such as an amount per head.
    group : str, optional
        Column that tells the group of a unit; all are one group without it.
    weight : str, optional
        Column of how much each unit counts, such as its people; alike without it.

    Returns
    -------
    DataFrame
        A row for each column with both indices and their parts; `units`, how many count; and `left_out`, rows
        without a number, a group, or a weight above 0.

    Notes
    -----
    Gini = Σ_i Σ_j w_i w_j |x_i − x_j|/(2 W² μ), from 0 (all alike) to below 1; between: that of the groups'
    means; within: Σ p_g s_g G_g with the shares of weight and sum; what is left comes from groups that
    overlap. Theil T = Σ (w_i/W)(x_i/μ) ln(x_i/μ) is the sum of its two parts.

    References
    ----------
    Theil, H. (1967). Economics and information theory. North-Holland, chapter 4.

    Lambert, P. J., and Aronson, J. R. (1993). Inequality decomposition analysis and the Gini coefficient
    revisited. The Economic Journal 103(420), 1221-1227. doi:10.2307/2234247
    """
    mass = np.ones(len(table)) if weight is None else numbers(table, weight)
    groups = np.zeros(len(table), np.int64) if group is None else _coded(table, group)
    if (mass < 0).any():
        raise ContractError(INEQUALITY, "weight", "numbers of at least 0", f"{np.nanmin(mass):g} in {weight}")
    rows = []
    for name in distinct(INEQUALITY, "columns", columns):
        x = numbers(table, name)
        kept = np.isfinite(x) & (mass > 0) & (groups >= 0)
        if not kept.any() or (x[kept] < 0).any() or not (x[kept] > 0).any():
            came = f"{name}: {'none' if not kept.any() else f'{x[kept].min():g} to {x[kept].max():g}'}"
            raise ContractError(INEQUALITY, "columns", "numbers of at least 0, not all 0", came)
        _names, of = np.unique(groups[kept], return_inverse=True)
        gini = kernel.gini_parts(x[kept], mass[kept], of)
        theil = kernel.theil_parts(x[kept], mass[kept], of)
        rows.append({
            "column": name,
            "gini": gini.total, "gini_between": gini.between, "gini_within": gini.within,
            "theil": theil.total, "theil_between": theil.between, "theil_within": theil.within,
            "units": int(kept.sum()), "left_out": int((~kept).sum()),
        })  # fmt: skip
    return _rows(rows, "column")


def _coded(table: pd.DataFrame, name: str) -> np.ndarray:
    """Number from 0 of each value of a column, in their order as text; −1 for a gap."""
    column = pd.Series(table[name])
    codes, _texts = pd.factorize(column.astype(str).where(column.notna()), sort=True)
    return np.asarray(codes, dtype=np.int64)


def _rows(rows: list[dict[str, object]], text: str) -> pd.DataFrame:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return stated(columns, {name: {"unit": "1"} for name in columns if name != text})


@process(
    FACTORS, version="2", keywords=("Geodetector", "q statistic", "stratified heterogeneity", "地理探测器")
)
def factor_detector(
    table: AnyTable,
    column: Numeric,
    factors: tuple[AnyColumn, ...],
) -> FactorTable:
    """Geodetector q: how much of a column's variance over units each of several divisions explains.

    Use it to ask which factor, such as soil, watershed or land use, goes with an indicator, without supposing
    a line. It tells association, not cause; more strata explain more by chance alone, which the tests allow
    for.

    Parameters
    ----------
    table : DataFrame
        Evaluation units, each a row, with or without geometry.
    column : str
        Numeric column to be explained.
    factors : tuple of str
        Columns of classes, each for itself. A column of measured numbers is to be classed first, as by
        `scoring.classes`.

    Returns
    -------
    DataFrame
        A row for each factor: `q` from 0 (nothing) to 1 (all); `f`; `p_value` from the noncentral F
        distribution of the reference; `p_equal_means` from the central one, as in a one-way analysis of
        variance; `strata`; and `units`, the rows that have a number and a class.

    Notes
    -----
    q = 1 − Σ N_h σ_h²/(N σ²), F = q/(1 − q) · (N − L)/(L − 1). The noncentrality is
    λ = (Σ Ȳ_h² − (Σ √N_h Ȳ_h)²/N)/σ² with σ² divided by N. Where strata hold unlike numbers of units λ
    grows with the distance of the numbers from 0, and `p_value` with it up to 1: read `p_equal_means` where
    the zero of the column means nothing.

    References
    ----------
    Wang, J. F., Li, X. H., Christakos, G., Liao, Y. L., Zhang, T., Gu, X., and Zheng, X. Y. (2010).
    Geographical detectors-based health risk assessment and its application in the neural tube defects study
    of the Heshun region, China. International Journal of Geographical Information Science 24(1), 107-127.
    doi:10.1080/13658810802443457

    Wang, J. F., Zhang, T. L., and Fu, B. J. (2016). A measure of spatial stratified heterogeneity. Ecological
    Indicators 67, 250-256. doi:10.1016/j.ecolind.2016.02.052
    """
    values = numbers(table, column)
    rows = []
    for name in distinct(FACTORS, "factors", factors):
        codes = _coded(table, name)
        kept = np.isfinite(values) & (codes >= 0)
        x = values[kept]
        if not x.size or x.min() == x.max():
            raise ContractError(FACTORS, "column", "numbers that differ", f"{column} in rows with {name}")
        _names, strata = np.unique(codes[kept], return_inverse=True)
        count = np.bincount(strata)
        if count.size < 2 or count.min() < 2:
            allowed = "columns of two or more classes, each of two or more units"
            came = f"{name} with {count.size} classes, {int((count < 2).sum())} of them of one unit"
            raise ContractError(FACTORS, "factors", allowed, came, hint="class measured numbers first")
        found = kernel.factor_detector(x, strata)
        rows.append({
            "factor": name, "q": found.q, "f": found.f, "p_value": found.chance,
            "p_equal_means": found.chance_equal, "strata": int(count.size), "units": int(x.size),
        })  # fmt: skip
    return _rows(rows, "factor")
