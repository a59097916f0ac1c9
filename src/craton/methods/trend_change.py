"""Trend, change points: one change of level in series of a table."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd

from craton.kernels import change_points as kernel
from craton.methods.trend_series import OneSeries, placed, series_of
from craton.methods.vector_shapes import noted, notes_of
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit
from craton.process.processes import process

CHANGE = "trend.change_point"

Method = Literal["pettitt", "largest_f", "cumulated_sum"]

ChangeTable = Annotated[
    pd.DataFrame,
    Table(
        columns=(
            Column(name="count", unit="1", title="Values"),
            Column(name="missing", unit="1", title="Rows that do not count"),
            Column(name="statistic", unit="1", title="Statistic of the test"),
            Column(name="p_value", unit="1", title="Probability of such a statistic without a change"),
            Column(name="last_before", title="Last time before the change"),
            Column(name="first_after", title="First time after the change"),
            Column(name="mean_before", title="Mean before"),
            Column(name="mean_after", title="Mean after"),
            Column(name="difference", title="Mean after less mean before"),
            Column(name="change", title="Change"),
        )
    ),
]


@process(
    CHANGE, version="2", keywords=("break", "Pettitt", "CUSUM", "structural change", "homogeneity", "step")
)
def change_point(
    table: Annotated[pd.DataFrame, Table()],
    column: Annotated[str, ColumnOf("table", numeric=True)],
    time: Annotated[str, ColumnOf("table")],
    *,
    group: Annotated[str, ColumnOf("table")] | None = None,
    method: Method = "pettitt",
    trim: Annotated[float, Unit("1"), Bounds(above=0, below=0.5)] = 0.15,
    confidence: Annotated[float, Unit("1"), Bounds(above=0, below=1)] = 0.95,
    fewest: Annotated[int, Bounds(minimum=5)] = 10,
) -> ChangeTable:
    """One change of level in series: when, how much, and how sure.

    Use it for a step in monitoring: a dam, a mine that began or closed, a moved station. A steady trend is
    told as a change in its middle: look at the series, and take the trend out first where there is one.
    Values near in time that are alike make chance look like a change.

    Parameters
    ----------
    table : DataFrame
        A row for each observation.
    column : str
        Observed values. Rows without a value or a time do not count.
    time : str
        Times: dates, or numbers such as years; the order is all that matters.
    group : str, optional
        Column that tells the series apart; one series where left out. Of a dataset of series
        `series.to_table` makes such a table.
    method : str
        `pettitt` compares ranks, for any distribution; `largest_f` the means on both sides, strongest where
        scatter is normal; `cumulated_sum` asks whether one mean fits, and places the change at the extreme
        of the sum.
    trim : float
        Part of the series at each end where `largest_f` looks for no change, above 0 and below 0.5.
    confidence : float
        A change is told where p is at most 1 less this. Above 0, below 1.
    fewest : int
        Fewest values of a series that is tested, at least 5.

    Returns
    -------
    DataFrame
        A row for each series, with its `group` as text, at its place where its rows lie at one. Times are
        years with a fraction where they were dates. The likeliest change is told with its means also where
        it is not sure; `change` is yes, no, or too few. A series of one value has p 1 and no change.

    Notes
    -----
    Pettitt: K = max |2 Σ r − k (n + 1)| over the ranks r of the first k values, p = 2 exp(−6 K²
    / (n³ + n²)), good below 0.5. Largest F: max (R_0 − R_k) / (R_k / (n − 2)) of the sums of squares about
    one mean and about two; p by an expansion within about a tenth of p where p is below 0.1. Cumulated sum:
    max |Σ e| / (s √n) of the residuals e, p of the greatest height of a Brownian bridge. Of equal sums the
    first counts.

    References
    ----------
    Pettitt, A. N. (1979). A non-parametric approach to the change-point problem. Applied Statistics 28(2),
    126-135. doi:10.2307/2346729

    Andrews, D. W. K. (1993). Tests for parameter instability and structural change with unknown change point.
    Econometrica 61(4), 821-856. doi:10.2307/2951764

    Ploberger, W. and Krämer, W. (1992). The CUSUM test with OLS residuals. Econometrica 60(2), 271-285.
    doi:10.2307/2951597
    """
    found, dated = series_of(CHANGE, table, column, time, group)
    rows = []
    for one in progress.each(found, "testing series"):
        if (np.diff(one.times) == 0).any():
            came = "two at one time" + (f" in {one.group!r}" if group else "")
            raise ContractError(CHANGE, "time", "one value at each time", came, hint="take their means first")
        head = {} if group is None else {"group": one.group}
        rows.append(head | _row(one, method, trim, confidence, fewest))
    notes = notes_of(table)
    unit, when = (notes.get(name, {}).get("unit", "") for name in (column, time))
    stated = dict.fromkeys(("mean_before", "mean_after", "difference"), unit)
    stated |= {} if dated else dict.fromkeys(("last_before", "first_after"), when)
    result = placed(pd.DataFrame(rows), table, found)
    return noted(result, {name: {"unit": one} for name, one in stated.items() if one})


def _row(one: OneSeries, method: str, trim: float, confidence: float, fewest: int) -> dict[str, object]:
    """Change of one series."""
    values = one.values
    head = {"count": values.size, "missing": one.missing}
    names = ("last_before", "first_after", "mean_before", "mean_after", "difference")
    if values.size < fewest:
        return head | dict.fromkeys(("statistic", "p_value", *names), np.nan) | {"change": "too few"}
    if method == "largest_f":
        found = kernel.largest_f(values, trim=trim)
    else:
        found = kernel.pettitt(values) if method == "pettitt" else kernel.cumulated(values)
    sure = found.p <= 1 - confidence
    numbers = [np.nan] * len(names)
    if found.place:
        before, after = float(values[: found.place].mean()), float(values[found.place :].mean())
        numbers = [*one.times[found.place - 1 : found.place + 1].tolist(), before, after, after - before]
    told = {"statistic": found.statistic, "p_value": found.p, **dict(zip(names, numbers, strict=True))}
    return head | told | {"change": "yes" if sure else "no"}
