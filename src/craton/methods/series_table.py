"""Series: measurements at stations as a table, as they are or by day, month, quarter or year."""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.methods.vector_shapes import noted, notes_of
from craton.model.data import Series
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Column, Stations, Table
from craton.process.processes import process

TO_TABLE = "series.to_table"

KEYS = ["station", "time"]

STATISTICS = {"mean": "mean", "median": "median", "minimum": "min", "maximum": "max", "sum": "sum"}

UNITS = {"day": "D", "month": "M", "year": "Y"}

Step = Literal["none", "day", "month", "quarter", "year"]


@process(
    TO_TABLE, version="1", keywords=("time series", "monitoring", "resample", "aggregate", "monthly means")
)
def to_table(
    series: Annotated[Series, Stations()],
    *,
    step: Step = "none",
    statistic: Literal["mean", "median", "minimum", "maximum", "sum"] = "mean",
    fewest: Annotated[int, Bounds(minimum=1)] = 1,
) -> Annotated[
    pd.DataFrame, Table(columns=(Column(name="station", title="Station"), Column(name="time", title="Time")))
]:
    """Series at stations as a table, a row for each station and time, or for each station and step of time.

    Use it to bring monitoring data to processes that take tables: give the result to `trend.mann_kendall` or
    `trend.change_point` with `time` as the time and `station` as the group. With steps it makes regular
    series of uneven ones, and of daily values monthly or yearly ones, whose neighbours are less alike. Not to
    fill gaps: a step without values has no row.

    Parameters
    ----------
    series : Series
        Measurements over time at stations.
    step : str
        `none` for the rows as they are, else `day`, `month`, `quarter` or `year`, in UTC; rows without a time
        are then left out, and columns that are not numbers.
    statistic : str
        What is told of the values of a step: their mean, median, minimum, maximum, or sum, which is for
        amounts such as rain.
    fewest : int
        Fewest values of a step, 1 or more; a column with fewer has a gap there.

    Returns
    -------
    DataFrame
        `station`, `time` (of a step its beginning) and the measured columns in their units, in order of both;
        with the places of the stations where they are known.
    """
    values = series.values
    if not len(values):
        raise ContractError(TO_TABLE, "series", "a series with values", "one without")
    if step == "none":
        result = values.sort_values(KEYS, kind="stable").reset_index(drop=True)
    else:
        result = _by_step(values, step, STATISTICS[statistic], fewest)
    return noted(_placed(result, series.stations), notes_of(values))


def _by_step(values: pd.DataFrame, step: str, statistic: str, fewest: int) -> pd.DataFrame:
    """Statistic of each column of numbers by station and step."""
    names = [
        name for name in values.columns
        if name not in KEYS
        and pd.api.types.is_numeric_dtype(values[name])
        and not pd.api.types.is_bool_dtype(values[name])
    ]  # fmt: skip
    there = values["time"].notna()
    if not names or not there.any():
        allowed = "a series with a column of numbers and with times, where there are steps"
        raise ContractError(TO_TABLE, "series", allowed, "one without")
    ordered = values[there].sort_values(KEYS, kind="stable")
    numbers = ordered[names].astype(np.float64).replace([np.inf, -np.inf], np.nan)
    grouped = numbers.groupby([ordered["station"], _begins(ordered["time"], step)], sort=True, dropna=False)
    found = grouped.agg(statistic)
    return found.where(grouped.count() >= fewest).reset_index()


def _begins(times: pd.Series, step: str) -> pd.Series:
    """Beginning of the step of each time, which all are there."""
    dates = pd.DatetimeIndex(times)
    plain = (dates.tz_convert(None) if dates.tz is not None else dates).to_numpy()
    if step == "quarter":
        months = plain.astype("datetime64[M]").astype(np.int64)
        begins = (months // 3 * 3).astype("datetime64[M]")
    else:
        begins = plain.astype(f"datetime64[{UNITS[step]}]")
    named = pd.DatetimeIndex(begins.astype("datetime64[us]")).tz_localize(dates.tz and "UTC")
    return pd.Series(named, index=times.index, name="time")


def _placed(table: pd.DataFrame, stations: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """`table` with the place of the station in each row, where any is known."""
    if stations is None or not isinstance(stations, gpd.GeoDataFrame) or "station" not in stations.columns:
        return table
    one_each = stations.drop_duplicates("station").set_index("station").geometry
    places = one_each.reindex(table["station"]).to_numpy()
    result: pd.DataFrame = gpd.GeoDataFrame(table, geometry=places, crs=stations.crs)
    return result
