"""Columns of features: Arrow values as JSON says them, and as SQLite compares them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from craton.store.codec_columns import jsonable

ColumnType = Literal["string", "integer", "number", "boolean", "date", "date-time"]

TimeUnit = Literal["D", "s", "ms", "us"]

LARGEST_WHOLE = 2**63 - 1
"""Largest whole number of SQLite; what is larger is compared as a decimal one."""

DAY = 86_400_000_000
"""Microseconds of a day."""

SECOND, MILLISECOND = 1_000_000, 1_000


class FeatureColumn(NamedTuple):
    """One property of the features.

    Parameters
    ----------
    name : str
        As in the properties of each feature.
    type : str
        Times are dates or date-times of RFC 3339 in UTC; what has no type of JSON is text.
    unit, title, quantity : str
        What the record says of it.
    """

    name: str
    type: ColumnType
    unit: str = ""
    title: str = ""
    quantity: str = ""


class Values(NamedTuple):
    """Values of a column: as JSON has them, and as they are compared (times in microseconds since 1970)."""

    told: list[Any]
    compared: list[Any]


def type_of(kind: pa.DataType) -> ColumnType:
    """Type that a column of Arrow's `kind` has as a property."""
    is_a = pa.types
    if is_a.is_dictionary(kind):
        return type_of(kind.value_type)
    if is_a.is_boolean(kind):
        return "boolean"
    if is_a.is_integer(kind):
        return "integer"
    if is_a.is_floating(kind) or is_a.is_decimal(kind) or is_a.is_duration(kind):
        return "number"
    if is_a.is_date(kind):
        return "date"
    return "date-time" if is_a.is_timestamp(kind) else "string"


def values_of(column: pa.ChunkedArray | pa.Array) -> Values:
    """Values of `column`, row by row."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return values_of(column.cast(kind.value_type))
    reader = READERS.get(type_of(kind), _texts)
    return reader(column)


def _texts(column: pa.ChunkedArray) -> Values:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = column.to_pylist()
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        texts = [None if v is None else base64.b64encode(v).decode() for v in column.to_pylist()]
    else:
        texts = [None if v is None else _as_text(v) for v in column.to_pylist()]
    return Values(texts, texts)


def _as_text(value: object) -> str:
    """`value` as text: JSON for lists and objects."""
    if isinstance(value, list | dict | tuple):
        return msgspec.json.encode(value, enc_hook=jsonable).decode()
    plain = jsonable(value)
    return plain if isinstance(plain, str) else str(value)


def _integers(column: pa.ChunkedArray) -> Values:
    told = column.to_pylist()
    if column.type != pa.uint64():
        return Values(told, told)
    return Values(told, [float(v) if v is not None and v > LARGEST_WHOLE else v for v in told])


def _booleans(column: pa.ChunkedArray) -> Values:
    told = column.to_pylist()
    return Values(told, told)


def _numbers(column: pa.ChunkedArray) -> Values:
    kind = column.type
    if pa.types.is_duration(kind):
        column = pc.divide(column.cast(pa.duration("us")).cast(pa.int64()).cast(pa.float64()), 1e6)
    elif pa.types.is_float32(kind) or pa.types.is_float16(kind):
        # By way of the shortest text, for 0.1 is meant, not 0.10000000149.
        column = column.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    elif not pa.types.is_float64(kind):
        column = column.cast(pa.float64())
    finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, pa.float64()))
    told = finite.to_pylist()
    return Values(told, told)


def _dates(column: pa.ChunkedArray) -> Values:
    times = pc.multiply(column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64()), DAY)
    return Values(_told(times, "D"), times.to_pylist())


def _times(column: pa.ChunkedArray) -> Values:
    # An instant with a zone is one in UTC already; the cast only drops the name of the zone.
    times = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64())
    known = pc.drop_null(times).to_numpy()
    unit: TimeUnit = "s" if not (known % SECOND).any() else "ms" if not (known % MILLISECOND).any() else "us"
    return Values(_told(times, unit), times.to_pylist())


def _told(times: pa.ChunkedArray | pa.Array, unit: TimeUnit) -> list[str | None]:
    """Text of RFC 3339 of microseconds since 1970, to `unit`; of years beyond 9999, as near as may be."""
    moments = pc.fill_null(times, 0).to_numpy().view("datetime64[us]")
    mark = "" if unit == "D" else "Z"
    texts = [text + mark for text in np.datetime_as_string(moments, unit=unit).tolist()]
    if not times.null_count:
        return list(texts)
    return [text if known else None for text, known in zip(texts, times.is_valid().to_pylist(), strict=True)]


READERS: dict[ColumnType, Callable[[pa.ChunkedArray], Values]] = {
    "integer": _integers,
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
    "date-time": _times,
}


def time_text(time: int, column_type: ColumnType) -> str:
    """RFC 3339 of microseconds since 1970."""
    unit: TimeUnit = "D" if column_type == "date" else "s" if time % SECOND == 0 else "us"
    text = _told(pa.array([time], pa.int64()), unit)[0]
    assert text is not None
    return text
