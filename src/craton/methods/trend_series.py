"""Series of tables and grids: their times in years, and the rows of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.model import units
from craton.model.errors import ContractError

NUMBER = re.compile(r"\d+(?:\.\d+)?")

MONTHS = 12

NEAR = 0.1 / MONTHS
"""Years before the beginning of a season from which a rounded number of years counts to it: 3 days."""

ROUNDING = 1e-9
"""Years by which those of a date may be off."""

LONGEST = 10_000
"""Values of one series whose pairs are compared: twice the memory of 50 million numbers."""


class OneSeries(NamedTuple):
    """Values of one group in order of time, how many of its rows have no value or no time, and its rows."""

    group: str
    times: np.ndarray
    values: np.ndarray
    missing: int
    rows: np.ndarray


def years_of(process: str, name: str, column: pd.Series) -> tuple[np.ndarray, bool]:
    """Times of a column as numbers (n,), NaN where there is none, and whether they were dates.

    Dates become years with a fraction, in which each month counts a twelfth, so that a day of the year is the
    same fraction in every year; numbers stay as they are.
    """
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        numbers = column.to_numpy(np.float64, na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan), False
    dates = column
    if not pd.api.types.is_datetime64_any_dtype(column):
        text = column.astype("string").str.strip()
        text = text.mask(text.eq(""))
        dates = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
        wrong = text[dates.isna() & text.notna()]
        if len(wrong):
            allowed = "a column of dates such as 2001-05-03, or of numbers"
            raise ContractError(process, name, allowed, f"one with {wrong.iloc[0]!r}")
    return _fractions(pd.DatetimeIndex(dates)), True


def years_of_axis(axis: np.ndarray) -> tuple[np.ndarray, bool]:
    """Times of an axis, as `years_of` gives those of a column."""
    if np.issubdtype(axis.dtype, np.datetime64):
        return _fractions(pd.DatetimeIndex(axis)), True
    return axis.astype(np.float64), False


def _fractions(dates: pd.DatetimeIndex) -> np.ndarray:
    """Years with a fraction, a month a twelfth."""
    plain = dates.tz_convert(None) if dates.tz is not None else dates
    start = plain.to_numpy().astype("datetime64[M]")
    length = (start + np.timedelta64(1, "M")).astype("datetime64[s]") - start.astype("datetime64[s]")
    with np.errstate(invalid="ignore"):
        done = (plain.to_numpy().astype("datetime64[s]") - start.astype("datetime64[s]")) / length
    months = start.astype("datetime64[M]").astype(np.int64).astype(np.float64) + done
    return np.where(np.isnat(start), np.nan, 1970.0 + months / MONTHS)


def seasons_of(times: np.ndarray, seasons: int, *, dated: bool) -> tuple[np.ndarray, np.ndarray]:
    """`times` in years, all later by so little that none falls short of its season; seasons (n,) from 0.

    Months of 365 days a year begin up to 2 days before the twelfths of the year, and fractions such as 0.08
    are cut short: numbers are put later by `NEAR`, and dates, of which months are twelfths, by `ROUNDING`.
    """
    later = times + (ROUNDING if dated else NEAR)
    within = (later - np.floor(later)) * seasons
    return later, np.minimum(np.floor(within).astype(np.int64), seasons - 1)


def series_of(
    process: str, table: pd.DataFrame, column: str, time: str, group: str | None
) -> tuple[list[OneSeries], bool]:
    """Series of `column` of each group in the order of their names, and whether times are dates."""
    times, dated = years_of(process, "time", table[time])
    values = table[column].to_numpy(np.float64, na_value=np.nan)
    found = [_ordered(label, times, values, rows) for label, rows in _groups(table, group)]
    longest = max((one.values.size for one in found), default=0)
    if longest == 0:
        raise ContractError(process, "column", "a column with a value at a time", "one without")
    if longest > LONGEST:
        raise ContractError(
            process, "table", f"series of at most {LONGEST:,} values", f"one of {longest:,}",
            hint="take means of months first, with series.to_table, or state the `group` column",
        )  # fmt: skip
    return found, dated


def _groups(table: pd.DataFrame, group: str | None) -> Iterator[tuple[str, np.ndarray]]:
    """Rows of each group; those without one are the last."""
    if group is None:
        yield "", np.arange(len(table))
        return
    numbers, labels = pd.factorize(pd.Series(table[group]), sort=True, use_na_sentinel=True)
    for number, label in enumerate(labels):
        yield str(label), np.flatnonzero(numbers == number)
    if (numbers < 0).any():
        yield "", np.flatnonzero(numbers < 0)


def _ordered(label: str, times: np.ndarray, values: np.ndarray, rows: np.ndarray) -> OneSeries:
    times, values = times[rows], values[rows]
    there = np.isfinite(times) & np.isfinite(values)
    # Values of one time are put in order too, so that the order of rows does not matter.
    order = np.lexsort((values[there], times[there]))
    return OneSeries(label, times[there][order], values[there][order], int((~there).sum()), rows)


def placed(result: pd.DataFrame, table: pd.DataFrame, found: list[OneSeries]) -> pd.DataFrame:
    """`result`, a row for each of the series, at their places where all rows of each lie at one."""
    if not isinstance(table, gpd.GeoDataFrame):
        return result
    places = [_place(table.geometry.iloc[one.rows]) for one in found]
    if all(place is None for place in places):
        return result
    located: pd.DataFrame = gpd.GeoDataFrame(result, geometry=places, crs=table.crs)
    return located


def _place(geometry: gpd.GeoSeries) -> shapely.Geometry | None:
    """The geometry that all rows share, `None` where they differ or have none."""
    known = geometry[geometry.notna()]
    if known.empty or not known.geom_equals(known.iloc[0]).all():
        return None
    return known.iloc[0]


def times_of_names(process: str, columns: tuple[str, ...]) -> np.ndarray:
    """The last number in the name of each column."""
    found = [NUMBER.findall(name) for name in columns]
    bad = next((name for name, numbers in zip(columns, found, strict=True) if not numbers), None)
    if bad is not None:
        allowed = "columns whose names end in a time, such as ndvi_2001, or `times` for them"
        raise ContractError(process, "columns", allowed, repr(bad))
    return np.array([float(numbers[-1]) for numbers in found])


def per_year(unit: str, dated: bool) -> str:
    """Unit of a rate of change of values in `unit`; empty where there is none to state."""
    if not dated:
        return ""
    return units.parse("1/a" if unit in {"", "1"} else f"{unit}/a") or ""
