"""Normal scores: values made normal by their ranks, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.kernels import anamorphosis
from craton.methods.points_samples import described
from craton.methods.vector_shapes import COLUMNS
from craton.model.errors import ContractError
from craton.process.marks import ColumnOf, Grid, Table
from craton.process.processes import process

SCORES, BACK = "geostatistics.normal_scores", "geostatistics.from_normal_scores"

AnyTable = Annotated[pd.DataFrame, Table()]
TableColumn = Annotated[str, ColumnOf("table", numeric=True)]


class Scores(NamedTuple):
    """How values are turned into what is simulated, and back."""

    forth: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]


def scores_of(values: np.ndarray, *, normal: bool) -> Scores:
    """Normal scores of a sample (n,), or only its mean taken off."""
    if not normal:
        mean = float(values.mean())
        return Scores(lambda one: one - mean, lambda one: one + mean)
    return Scores(
        lambda one: anamorphosis.normal_scores(one[:, 0])[:, None],
        lambda one: anamorphosis.from_scores(one, values),
    )


@process(SCORES, version="1", keywords=("Gaussian", "anamorphosis", "transform", "正态得分变换"))
def normal_scores(table: AnyTable, column: TableColumn) -> AnyTable:
    """Normal scores of a column: each value becomes what a standard normal value of its rank would be.

    Use it before the variogram and the kriging or simulation of skew values; bring results back with
    `geostatistics.from_normal_scores`. Ranks are all that is left: a score has no unit. Clustered samples
    ought to be thinned first.

    Parameters
    ----------
    table : DataFrame
        Any table.
    column : str
        Column of the values; rows without one get no score.

    Returns
    -------
    DataFrame
        The table with a column named as `column` is, with `_score`.

    Notes
    -----
    y = G⁻¹((rank − ½) / n) with the normal distribution G; equal values share their mean rank.

    References
    ----------
    Deutsch, C. V., and Journel, A. G. (1998). GSLIB: geostatistical software library and user's guide, 2nd
    edition. Oxford University Press, section VI.2.3.
    """
    values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(values)
    scores = np.full(values.shape, np.nan)
    if known.any():
        scores[known] = anamorphosis.normal_scores(values[known])
    result = table.assign(**{f"{column}_score": scores})
    result.attrs[COLUMNS] = {**table.attrs.get(COLUMNS, {}), f"{column}_score": {"unit": "1"}}
    return result


@process(BACK, version="1", keywords=("Gaussian", "anamorphosis", "back-transform", "正态得分反变换"))
def from_normal_scores(
    scores: Annotated[xr.DataArray, Grid()],
    table: AnyTable,
    column: TableColumn,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Annotated[xr.DataArray, Grid()]:
    """Grid of values from a grid of normal scores, by the distribution of a sample.

    Use it to bring simulated scores back to contents. A kriged score brought back is the median of the value,
    not its mean: totals from it are too low.

    Parameters
    ----------
    scores : DataArray
        Normal scores, of any axes.
    table : DataFrame
        Table that `geostatistics.normal_scores` was used on.
    column : str
        Column of the values in it.
    minimum : float
        Value at a score of −5, to which the lower tail goes. Left out, the least of the sample.
    maximum : float
        Value at a score of 5. Left out, the greatest of the sample.

    Returns
    -------
    DataArray
        Values with the unit and quantity of `column`, linear between those of the sample.

    Notes
    -----
    z(y) is drawn linearly through the values of the sample at their scores G⁻¹((rank − ½) / n).

    References
    ----------
    Deutsch, C. V., and Journel, A. G. (1998). GSLIB: geostatistical software library and user's guide, 2nd
    edition. Oxford University Press, sections V.1.6 and VI.2.7.
    """
    values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    values = values[np.isfinite(values)]
    if not values.size:
        raise ContractError(BACK, "column", "a column with values", f"{column}, which has none")
    low, high = values.min(), values.max()
    if minimum is not None and minimum > low:
        raise ContractError(BACK, "minimum", f"at most the least value, {low:g}", f"{minimum:g}")
    if maximum is not None and maximum < high:
        raise ContractError(BACK, "maximum", f"at least the greatest value, {high:g}", f"{maximum:g}")
    field = scores.to_numpy().astype(np.float64)
    found = np.where(np.isfinite(field), anamorphosis.from_scores(field, values, minimum, maximum), np.nan)
    note = described(table, column)
    kept = {k: v for k, v in scores.attrs.items() if k not in {"units", "standard_name", "long_name"}}
    stated = {"units": note["unit"], "standard_name": note["quantity"], "long_name": note["title"]}
    result = scores.copy(data=found).rename(column)
    result.attrs = {**kept, **{k: v for k, v in stated.items() if v}}
    return result
