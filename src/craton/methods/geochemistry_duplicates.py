"""Geochemistry, quality: precision from samples that were analysed twice."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd

from craton.kernels import robust_scale as kernel
from craton.methods.geochemistry_columns import (
    AnyTable,
    NumberColumns,
    censored,
    chosen,
    label_of,
    unit_of,
)
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, ColumnOf, Table
from craton.process.processes import process

DUPLICATES = "geochemistry.duplicates"

COLUMNS = (
    Column(name="element", title="Element"),
    Column(name="unit", title="Unit"),
    Column(name="pairs", unit="1", title="Pairs of two measured values"),
    Column(name="left_out", unit="1", title="Pairs without two measured values above 0"),
    Column(name="mean", title="Mean of all pairs"),
    Column(name="mean_difference", unit="%", title="Second less first, of their mean"),
    Column(name="hard_mean", unit="%", title="Mean half absolute relative difference"),
    Column(name="hard_median", unit="%", title="Median half absolute relative difference"),
    Column(name="hard_within_10", unit="%", title="Pairs of a HARD of at most 10 percent"),
    Column(name="ard_mean", unit="%", title="Mean absolute relative difference"),
    Column(name="rmscv", unit="%", title="Root mean square coefficient of variation"),
    Column(name="deviation_at_zero", title="Thompson-Howarth deviation at concentration 0"),
    Column(name="deviation_slope", unit="1", title="Thompson-Howarth deviation by concentration"),
    Column(name="precision_at_mean", unit="%", title="Precision (2 deviations) at the mean"),
    Column(name="practical_limit", title="Concentration of a precision of 100 percent"),
    Column(name="axis_slope", unit="1", title="Slope of the reduced major axis"),
    Column(name="axis_intercept", title="Intercept of the reduced major axis"),
    Column(name="determination", unit="1", title="Squared correlation"),
)

DuplicatesTable = Annotated[pd.DataFrame, Table(columns=COLUMNS)]

PairsTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="element", title="Element"),
            Column(name="pair", title="Name of the pair"),
            Column(name="first", title="First value"),
            Column(name="second", title="Second value"),
            Column(name="mean", title="Mean"),
            Column(name="difference", title="Second less first"),
            Column(name="hard", unit="%", title="Half absolute relative difference"),
        )
    ),
]


class DuplicatesResult(NamedTuple):
    """By element, and pair by pair."""

    summary: DuplicatesTable
    pairs: PairsTable


@process(
    DUPLICATES, version="1", keywords=("QA/QC", "precision", "Thompson-Howarth", "HARD", "RMSCV", "重复样")
)
def duplicates(
    table: AnyTable,
    pair: Annotated[str, ColumnOf("table")],
    *,
    columns: NumberColumns = (),
    group_size: Annotated[int, Bounds(minimum=5, maximum=101)] = 11,
) -> DuplicatesResult:
    """Precision of analyses from pairs of duplicates.

    Use it for field, preparation or laboratory duplicates, each kind for itself: their difference tells
    where the error is made. It does not tell accuracy: two laboratories can agree on a wrong number; take
    `geochemistry.standards` for that.

    Parameters
    ----------
    table : DataFrame
        Analyses in which both rows of a pair have the same name; the first of them is the original. Rows
        of a name of their own, or without one, are left out.
    pair : str
        Column with the name of the sample or pair.
    columns : tuple of str
        Numeric columns to be judged; empty for all that hold concentrations.
    group_size : int
        Pairs in a group of the method of Thompson and Howarth, from 5 to 101; they took 11.

    Returns
    -------
    summary : DataFrame
        A row for each element. The line of Thompson and Howarth is missing for fewer than two groups.
    pairs : DataFrame
        A row for each element and pair that counts, for plots.

    Notes
    -----
    With the values a and b of a pair: HARD = 100 |a − b|/(a + b), ARD = 200 |a − b|/(a + b), RMSCV = 100
    √(mean of 2 ((a − b)/(a + b))²). The standard deviation of one measurement at concentration c is
    s(c) = s₀ + k c, from group medians of |a − b| divided by 0.954; precision is 200 s(c)/c, the practical
    detection limit 2 s₀/(1 − 2k), missing where k is 0.5 or more. The reduced major axis gives b by a.

    References
    ----------
    Thompson, M., and Howarth, R. J. (1978). A new approach to the estimation of analytical precision.
    Journal of Geochemical Exploration 9(1), 23-30. doi:10.1016/0375-6742(78)90035-3

    Stanley, C. R., and Lawie, D. (2007). Average relative error in geochemical determinations:
    clarification, calculation, and a plea for consistency. Exploration and Mining Geology 16, 267-275.
    doi:10.2113/gsemg.16.3-4.267

    Abzalov, M. (2008). Quality control of assay data: a review of procedures for measuring and monitoring
    precision and accuracy. Exploration and Mining Geology 17, 131-144. doi:10.2113/gsemg.17.3-4.131
    """
    labels, rows = _pairs(table, pair)
    summary, told = [], []
    for name in chosen(DUPLICATES, table, columns):
        found = censored(table, name)
        values = np.where(found.below, np.nan, found.values)[rows]
        used = (values > 0).all(axis=1)
        first, second = values[used].T
        summary.append({
            "element": name, "unit": unit_of(table, name), "pairs": int(used.sum()),
            "left_out": int((~used).sum()), **_judged(first, second, group_size),
        })  # fmt: skip
        told.append(_told(name, labels[used], first, second))
    by_element = pd.DataFrame(summary, columns=[column.name for column in COLUMNS])
    return DuplicatesResult(by_element, pd.concat(told, ignore_index=True))


def _pairs(table: pd.DataFrame, pair: str) -> tuple[np.ndarray, np.ndarray]:
    """Names (n,) and rows (n, 2) of the pairs."""
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(table[pair]):
        if not pd.isna(value):
            rows.setdefault(label_of(value), []).append(row)
    many = [label for label, found in rows.items() if len(found) > 2]
    if many:
        raise ContractError(
            DUPLICATES, "pair", "a column in which a name stands twice at most",
            f"{len(rows[many[0]])} rows of {many[0]!r}", hint="leave standards and blanks out",
        )  # fmt: skip
    pairs = {label: found for label, found in rows.items() if len(found) == 2}
    if not pairs:
        raise ContractError(DUPLICATES, "pair", "a column in which names stand twice", f"`{pair}` with none")
    return np.array(list(pairs), dtype=object), np.array(list(pairs.values()))


def _judged(first: np.ndarray, second: np.ndarray, size: int) -> dict[str, float]:
    """Measures of precision of the pairs of one element."""
    if not first.size:
        return {}
    mean = float((first.mean() + second.mean()) / 2.0)
    relative = (second - first) / (first + second)
    hard = 100.0 * np.abs(relative)
    line = kernel.thompson_howarth(first, second, size)
    axis = kernel.reduced_major_axis(first, second)
    return {
        "mean": mean, "mean_difference": float(200.0 * relative.mean()),
        "hard_mean": float(hard.mean()), "hard_median": float(np.median(hard)),
        "hard_within_10": 100.0 * float((hard <= 10.0).mean()), "ard_mean": 2.0 * float(hard.mean()),
        "rmscv": 100.0 * float(np.sqrt(2.0 * (relative**2).mean())),
        "deviation_at_zero": line.at_zero, "deviation_slope": line.slope,
        "precision_at_mean": 200.0 * (line.at_zero + line.slope * mean) / mean,
        "practical_limit": 2.0 * line.at_zero / (1.0 - 2.0 * line.slope) if line.slope < 0.5 else np.nan,
        "axis_slope": axis.slope, "axis_intercept": axis.intercept, "determination": axis.determination,
    }  # fmt: skip


def _told(name: str, labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    """Rows of the pairs of one element."""
    return pd.DataFrame({
        "element": [name] * len(labels), "pair": labels, "first": first, "second": second,
        "mean": (first + second) / 2.0, "difference": second - first,
        "hard": 100.0 * np.abs(second - first) / (first + second),
    })  # fmt: skip
