"""Columns between data frames and Arrow, so that what has no Arrow type survives too.

Values of mixed types in one column become JSON text; names that repeat or are
no text become unique text; the note kept in the file undoes both.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely

from craton.store.codec_crs import parse_crs, projjson
from craton.store.codec_geometry import standard_wkb
from craton.store.codec_wkb import to_geometries

GEOMETRY = "geometry"

Crs = dict[str, Any] | None
"""PROJJSON, None where no system is stated."""

UNFIT = (pa.ArrowException, TypeError, ValueError, OverflowError)
"""What Arrow throws at values of different types, numbers too large, and text that is not Unicode."""

NULLABLE: dict[pa.DataType, pd.api.extensions.ExtensionDtype] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
"""Types of pandas for whole numbers and booleans with missing values, which would else become fractions."""

STORABLE: tuple[tuple[Callable[[pa.DataType], bool], pa.DataType], ...] = (
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_binary_view, pa.binary()),
)
"""Types that Parquet has under another name."""


@dataclass(frozen=True)
class Columns:
    """A table ready for Parquet.

    Parameters
    ----------
    table : Table
        Columns with unique names; geometry as ISO WKB.
    geometries : dict of str to PROJJSON
        Geometry columns and their reference systems, the main one first.
    note : dict
        `names`: original by stored name, where they differ; `json`: columns kept as JSON text.
    """

    table: pa.Table
    geometries: dict[str, Crs]
    note: dict[str, Any]


def from_arrow(table: pa.Table, crs: str) -> Columns:
    """Columns of an Arrow table, whose column `geometry`, if binary, is WKB in `crs`."""
    names = unique_names(table.column_names)
    geometry = next(
        (n for n, t in zip(names, table.schema.types, strict=True) if n == GEOMETRY and _is_binary(t)), ""
    )
    columns: list[pa.ChunkedArray] = []
    as_json: list[str] = []
    for name, column in zip(names, table.columns, strict=True):
        stored, mixed = (standard_wkb(column), False) if geometry and name == geometry else _storable(column)
        columns.append(stored)
        as_json += [name] if mixed else []
    note = _note(names, table.column_names, as_json)
    system = {geometry: projjson(parse_crs(crs))} if geometry else {}
    return Columns(pa.table(columns, names=names), system, note)


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _storable(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, bool]:
    """`column` in a type that Parquet takes, and whether that is JSON text."""
    kind = column.type
    for is_kind, stored in STORABLE:
        if is_kind(kind):
            return column.cast(stored), False
    if isinstance(kind, pa.BaseExtensionType):
        return _storable(pa.chunked_array([c.storage for c in column.chunks], type=kind.storage_type))
    if pa.types.is_union(kind) or pa.types.is_interval(kind):
        return pa.chunked_array([_json_column(column.to_pylist())]), True
    return column, False


def from_frame(frame: gpd.GeoDataFrame | pd.DataFrame, crs: str) -> Columns:
    """Columns of a data frame; a named index becomes columns, an unnamed one is left out."""
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    names = unique_names([str(name) for name in frame.columns])
    columns: dict[str, pa.ChunkedArray | pa.Array] = {}
    geometries: dict[str, Crs] = {}
    as_json: list[str] = []
    for place, name in enumerate(names):
        values = frame.iloc[:, place]
        if isinstance(values.dtype, gpd.array.GeometryDtype):
            columns[name] = _wkb(values)
            geometries[name] = _system(values, crs if _is_main(frame, place) else "")
        else:
            columns[name], mixed = _attribute(values)
            as_json += [name] if mixed else []
    main = _main_first(geometries, [n for p, n in enumerate(names) if n in geometries and _is_main(frame, p)])
    return Columns(pa.table(columns), main, _note(names, list(frame.columns), as_json))


def _is_main(frame: pd.DataFrame, place: int) -> bool:
    active = getattr(frame, "_geometry_column_name", None)
    return bool(active is not None and frame.columns[place] == active)


def _main_first(geometries: dict[str, Crs], main: list[str]) -> dict[str, Crs]:
    return {name: geometries[name] for name in (*main, *(n for n in geometries if n not in main))}


def _system(values: gpd.GeoSeries, crs: str) -> Crs:
    return projjson(parse_crs(crs) if crs else values.crs)


def _wkb(values: gpd.GeoSeries) -> pa.Array:
    return pa.array(shapely.to_wkb(values.to_numpy(), flavor="iso", byte_order=1), type=pa.binary())


def _attribute(values: pd.Series[Any]) -> tuple[pa.Array | pa.ChunkedArray, bool]:
    """Arrow column of `values`, and whether it had to become JSON text."""
    try:
        return pa.array(values, from_pandas=True), False
    except UNFIT:
        return _json_column(values.tolist()), True


def _json_column(values: list[Any]) -> pa.Array:
    return pa.array(
        [None if is_missing(value) else json.dumps(value, default=jsonable) for value in values], pa.string()
    )


def is_missing(value: Any) -> bool:
    """Whether `value` stands for none."""
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))
    )


def jsonable(value: Any) -> Any:
    """Give a form of `value` that JSON can hold, as text where nothing better is known."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def unique_names(names: list[str]) -> list[str]:
    """`names`, each that came before with a number behind it."""
    taken: set[str] = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        unique, number = name, 2
        while unique in seen or (unique != name and unique in taken):
            unique, number = f"{name}_{number}", number + 1
        seen.add(unique)
        result.append(unique)
    return result


def _note(names: list[str], originals: list[Any], as_json: list[str]) -> dict[str, Any]:
    renamed = {
        name: str(original) for name, original in zip(names, originals, strict=True) if name != str(original)
    }
    return {key: value for key, value in {"names": renamed, "json": as_json}.items() if value}


def to_frame(
    table: pa.Table, geometries: dict[str, Crs], note: dict[str, Any]
) -> gpd.GeoDataFrame | pd.DataFrame:
    """Data frame of `table` with geometry, names and mixed values as they were.

    Whole numbers and booleans with missing values have pandas' nullable types.
    """
    attributes = table.drop_columns(list(geometries))
    frame = attributes.to_pandas()
    for name in attributes.column_names:
        column = table[name]
        if name in note.get("json", ()):
            frame[name] = pd.Series(
                [None if v is None else json.loads(v) for v in column.to_pylist()], dtype=object
            )
        elif column.null_count and column.type in NULLABLE:
            frame[name] = column.to_pandas(types_mapper=NULLABLE.get)
    for name, system in geometries.items():
        crs = pyproj.CRS.from_json_dict(system) if system else None
        frame[name] = gpd.GeoSeries(to_geometries(table[name]), crs=crs)
    frame = frame[table.column_names]
    if geometries:
        frame = gpd.GeoDataFrame(frame, geometry=next(iter(geometries)))
    return frame.rename(columns=note["names"]) if "names" in note else frame
