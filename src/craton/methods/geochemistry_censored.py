"""Geochemistry, below detection: values put in their place, and statistics that do without."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd

from craton.kernels import censored as kernel
from craton.methods.geochemistry_columns import (
    BELOW,
    LIMIT,
    AnyTable,
    Censored,
    NumberColumns,
    censored,
    chosen,
    companion_of,
    numbers,
    unit_of,
)
from craton.methods.vector_shapes import noted, notes_of
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Table
from craton.process.processes import process

REPLACED, STATISTICS = "geochemistry.below_detection", "geochemistry.censored_statistics"

Replacement = Literal["half", "root_two", "limit", "regression"]

SHARES = {"half": 0.5, "root_two": 1.0 / np.sqrt(2.0), "limit": 1.0}
"""Shares of the limit that are put in place of a value below it."""

FEWEST = 3
"""Measured values that a regression on order statistics needs."""


@process(REPLACED, version="1", keywords=("censored", "nondetect", "imputation", "ROS", "检出限"))
def below_detection(
    table: AnyTable,
    *,
    columns: NumberColumns = (),
    method: Replacement = "half",
    most_below: Annotated[float, Bounds(above=0, below=1)] = 0.5,
) -> AnyTable:
    """Values below detection replaced, so that maps and multivariate methods have a number.

    Use it before log-ratios, factors and gridding. Not for means and percentiles: a substitute makes up
    data, and `geochemistry.censored_statistics` does without. The more lies below detection, the more of
    the result is the method.

    Parameters
    ----------
    table : DataFrame
        Analyses whose values below detection are marked: `NAME_below_detection` and `NAME_detection_limit`
        beside the column `NAME`, as all files with `<2` or negative concentrations are read.
    columns : tuple of str
        Numeric columns to be filled; empty for all concentrations that have values below detection.
    method : str
        `half`, `root_two` or `limit`: the limit times 1/2, 1/√2 or 1. `regression`: from the line of the
        logarithms of measured values over normal scores (robust ROS).
    most_below : float
        Share below detection, above 0 and below 1, up to which a column is filled; with more it is
        refused.

    Returns
    -------
    DataFrame
        All rows and columns, the filled ones with a number in each marked cell; the marks stay, so that
        other processes still know. A limit that stood in its own cell goes to `NAME_detection_limit`.

    Notes
    -----
    With `regression` the values below detection are estimated as if the logarithms were normal
    (Helsel and Cohn 1988). Rows below one limit cannot be told apart, so each has the mean of what is
    estimated for them, at most the limit. A marked value without a limit, a column that is all below
    detection, and for `regression` one of fewer than three measured values or of one value are refused.

    References
    ----------
    Helsel, D. R. (2012). Statistics for Censored Environmental Data Using Minitab and R, 2nd edition. Wiley.

    Helsel, D. R., and Cohn, T. A. (1988). Estimation of descriptive statistics for multiply censored water
    quality data. Water Resources Research 24(12), 1997-2004. doi:10.1029/WR024i012p01997

    Sanford, R. F., Pierson, C. T., and Crovelli, R. A. (1993). An objective replacement method for censored
    geochemical data. Mathematical Geology 25, 59-80. doi:10.1007/BF00890676
    """
    names = columns or tuple(name for name in chosen(REPLACED, table, ()) if companion_of(table, name, BELOW))
    names = chosen(REPLACED, table, names)
    filled = {name: _filled(table, name, method, most_below) for name in names}
    limits, notes = _limits(table, names)
    return noted(table.assign(**filled, **limits), notes_of(table) | notes)


def _limits(
    table: pd.DataFrame, names: tuple[str, ...]
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, str]]]:
    """Columns of limits, and their notes, where the limit of a value stood in its own cell.

    Without them the number that is put in its place would be taken as the limit from then on.
    """
    columns, notes = {}, {}
    for name in names:
        found, limit = censored(table, name), companion_of(table, name, LIMIT)
        told = numbers(table, limit) if limit else np.full(len(table), np.nan)
        lacking = found.below & ~np.isfinite(told)
        if lacking.any():
            column, unit = limit or f"{name}{LIMIT}", unit_of(table, name)
            columns[column] = np.where(lacking, found.values, told)
            if unit and not limit:
                notes[column] = {"unit": unit}
    return columns, notes


def _filled(table: pd.DataFrame, name: str, method: str, most_below: float) -> np.ndarray:
    """Column `name` with a number in each cell below detection."""
    found = censored(table, name)
    below = found.below
    if not below.any():
        return found.values
    _check(name, found, most_below)
    values = found.values.copy()
    if method != "regression":
        values[below] *= SHARES[method]
        return values
    known = np.isfinite(values)
    _check_regression(REPLACED, name, found)
    estimated = values.copy()
    estimated[known] = kernel.regression_on_order_statistics(values[known], below[known])
    for limit in np.unique(values[below]):
        rows = below & (values == limit)
        estimated[rows] = min(float(estimated[rows].mean()), float(limit))
    return estimated


def _check(name: str, found: Censored, most_below: float) -> None:
    """Refuse a column that cannot be filled."""
    unknown = int((found.below & ~(found.values > 0)).sum())
    if unknown:
        raise ContractError(
            REPLACED, "columns", "columns with a limit above 0 for each value below detection",
            f"{name} with {unknown} without one", hint=f"give the limits in a column `{name}{LIMIT}`",
        )  # fmt: skip
    if not found.measured.size:
        raise ContractError(
            REPLACED, "columns", "columns with measured values", f"{name}, all below detection"
        )
    share = float(found.known.below.mean())
    if share > most_below:
        raise ContractError(
            REPLACED, "columns", f"columns of at most {most_below:.0%} below detection",
            f"{name} with {share:.0%}", hint="leave it out, or give a greater `most_below`",
        )  # fmt: skip


def _check_regression(id: str, name: str, found: Censored) -> None:
    """Refuse a column whose measured values give no line of logarithms."""
    measured = found.measured
    if measured.size < FEWEST or np.unique(measured).size < 2 or measured.min() <= 0:
        came = f"{name} with {measured.size}, of {np.unique(measured).size} different ones"
        raise ContractError(id, "columns", f"columns of {FEWEST} or more measured values above 0", came)


STATISTIC_COLUMNS = (
    Column(name="element", title="Element"),
    Column(name="unit", title="Unit"),
    Column(name="count", unit="1", title="Measured values and values below detection"),
    Column(name="below_detection", unit="1", title="Values below detection"),
    Column(name="share_below", unit="%", title="Share below detection"),
    Column(name="lowest_limit", title="Lowest detection limit"),
    Column(name="highest_limit", title="Highest detection limit"),
    Column(name="mean", title="Kaplan-Meier mean"),
    Column(name="standard_deviation", title="Kaplan-Meier standard deviation"),
    Column(name="lower_quartile", title="Kaplan-Meier lower quartile"),
    Column(name="median", title="Kaplan-Meier median"),
    Column(name="upper_quartile", title="Kaplan-Meier upper quartile"),
    Column(name="percentile_95", title="Kaplan-Meier 95th percentile"),
    Column(name="regression_mean", title="Mean by regression on order statistics"),
    Column(name="regression_deviation", title="Standard deviation by regression on order statistics"),
    Column(name="maximum", title="Greatest measured value"),
)


@process(STATISTICS, version="1", keywords=("censored", "nondetect", "Kaplan-Meier", "ROS", "检出限"))
def censored_statistics(
    table: AnyTable, *, columns: NumberColumns = ()
) -> Annotated[pd.DataFrame, Table(columns=STATISTIC_COLUMNS)]:
    """Mean, spread and percentiles of analyses of which some are below detection.

    Use it for the table of a report, with one or several detection limits: nothing is put in the place of
    values below detection. For columns without any it gives the ordinary mean and spread.

    Parameters
    ----------
    table : DataFrame
        Analyses, with the marks of values below detection beside their columns.
    columns : tuple of str
        Numeric columns; empty for all that hold concentrations.

    Returns
    -------
    DataFrame
        A row for each column. A percentile below the least measured value is missing. A column that is all
        below detection, or a marked value without a limit, is refused.

    Notes
    -----
    The Kaplan-Meier estimate of the distribution, for values below rather than above a limit. What is
    below all measured values counts with the lowest limit, so the mean is rather too high. The standard
    deviation divides by the count. A percentile is the least measured value at or below which that share
    lies. The regression on order statistics takes the logarithms as normal and needs three measured values
    above 0; it is missing elsewhere, and its standard deviation divides by n − 1.

    References
    ----------
    Helsel, D. R. (2012). Statistics for Censored Environmental Data Using Minitab and R, 2nd edition. Wiley.

    Helsel, D. R., and Cohn, T. A. (1988). Estimation of descriptive statistics for multiply censored water
    quality data. Water Resources Research 24(12), 1997-2004. doi:10.1029/WR024i012p01997
    """
    rows = []
    for name in chosen(STATISTICS, table, columns):
        found = censored(table, name)
        unknown = int((found.below & ~np.isfinite(found.values)).sum())
        if unknown or not found.measured.size:
            came = (
                f"{name} with {unknown} without one" if unknown else f"{name}, all below detection or missing"
            )
            allowed = "columns with measured values, and a limit for each value below detection"
            raise ContractError(STATISTICS, "columns", allowed, came)
        rows.append({"element": name, "unit": unit_of(table, name), **_described(found.known)})
    return pd.DataFrame(rows)


def _described(found: Censored) -> dict[str, float]:
    """Statistics of one column."""
    limits, measured = found.values[found.below], found.measured
    lowest = float(limits.min()) if limits.size else np.nan
    curve = kernel.kaplan_meier(*found)
    mean, spread = kernel.mean_and_deviation(curve, lowest if limits.size else float(measured.min()))
    at = {
        "lower_quartile": 0.25,
        "median": 0.5,
        "upper_quartile": 0.75,
        "percentile_95": 0.95,
    }
    regression = _by_regression(found)
    return {
        "count": found.values.size, "below_detection": int(found.below.sum()),
        "share_below": 100.0 * float(found.below.mean()), "lowest_limit": lowest,
        "highest_limit": float(limits.max()) if limits.size else np.nan,
        "mean": mean, "standard_deviation": spread,
        **{name: kernel.quantile(curve, share) for name, share in at.items()},
        "regression_mean": regression[0], "regression_deviation": regression[1],
        "maximum": float(measured.max()),
    }  # fmt: skip


def _by_regression(found: Censored) -> tuple[float, float]:
    """Mean and standard deviation by regression on order statistics, NaN where it cannot be done."""
    measured = found.measured
    if measured.size < FEWEST or np.unique(measured).size < 2 or found.values.min() <= 0:
        return np.nan, np.nan
    filled = kernel.regression_on_order_statistics(*found)
    return float(filled.mean()), float(filled.std(ddof=1))
