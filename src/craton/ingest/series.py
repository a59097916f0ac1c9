"""Tables that are time series: a column of times, values, and no place."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_arrays import is_empty, is_number
from craton.ingest.table_coordinates import plain_name
from craton.ingest.table_dates import TIME, is_hint
from craton.ingest.table_values import Values
from craton.model.data import Series

STATIONS = (
    "station",
    "stationid",
    "stationname",
    "site",
    "siteid",
    "siteno",
    "well",
    "wellid",
    "gauge",
    "gaugeid",
    "sensor",
    "piezometer",
)
"""Plain names of columns that tell stations apart."""

DISTINCT_SHARE = 0.95
"""Share of rows with a time of their own, at each station, from which a table is a series."""

VALUE_SHARE = 0.5
"""Share of columns of numbers among those that are not the time or the station."""

LEAST_ROWS = 3
_UNNAMED = re.compile(r"column_\d+")


def time_column(values: Values) -> str:
    """The column of times that makes `values` a series, empty where it is none.

    It stands first, or right after the station; each time occurs once a
    station, and most other columns are numbers.
    """
    own = [name for name in values.columns if name not in values.companions]
    times = [name for name in own if pa.types.is_temporal(values.columns[name].type)]
    station = station_column(values)
    if not times or not _is_named(times[0]) or own[: own.index(times[0])] not in ([], [station]):
        return ""
    others = [name for name in own if name not in {*times, station} and not is_empty(values.columns[name])]
    numeric = [name for name in others if is_number(values.columns[name].type)]
    if not numeric or len(numeric) < VALUE_SHARE * len(others):
        return ""
    return times[0] if _is_distinct(values, times[0], station) else ""


def station_column(values: Values) -> str:
    """The column that tells stations apart, empty where there is none."""
    return next((name for name in values.columns if plain_name(name) in STATIONS), "")


def _is_named(name: str) -> bool:
    """Whether a column may be the time of a series by its name: like a date, or not named at all."""
    return is_hint(name) or _UNNAMED.fullmatch(name) is not None


def _is_distinct(values: Values, time: str, station: str) -> bool:
    keys = [time, station] if station else [time]
    known = pa.table({name: values.columns[name] for name in keys}).filter(values.columns[time].is_valid())
    if known.num_rows < LEAST_ROWS or known.num_rows < DISTINCT_SHARE * len(values.columns[time]):
        return False
    return bool(known.group_by(keys).aggregate([]).num_rows >= DISTINCT_SHARE * known.num_rows)


def to_series(values: Values, time: str, stem: str) -> Series:
    """The series of `values`, in order of time at each station; without a column of stations it is `stem`."""
    station = station_column(values)
    rows = len(values.columns[time])
    stations = (
        values.columns[station].cast(pa.string()) if station else pa.array(np.full(rows, stem, dtype=object))
    )
    columns = {"station": stations, "time": _as_time(values.columns[time])}
    for name, column in values.columns.items():
        if name not in {time, station}:
            columns[f"{name}_value" if name in columns else name] = _as_time(column)
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return Series(values=frame.sort_values(["station", "time"], kind="stable").reset_index(drop=True))


def _as_time(column: pa.Array) -> pa.Array:
    """`column`, dates as the midnight they begin with."""
    return pc.cast(column, TIME) if pa.types.is_date(column.type) else column
