"""Columns of tables: type, gaps, range and exact copies of rows, on whole Arrow arrays at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

SEVERAL_GROUPS = 2
PARTIAL_FROM = 10_000
"""Rows from which geometries are first told apart by their last coordinate only."""

_TYPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("boolean", ("bool",)),
    ("integer", ("int", "uint")),
    ("number", ("float", "double", "halffloat", "decimal")),
    ("date", ("date",)),
    ("datetime", ("timestamp",)),
    ("time", ("time",)),
    ("duration", ("duration", "month_day_nano")),
    ("string", ("string", "large_string", "dictionary", "null")),
    ("binary", ("binary", "large_binary", "fixed_size_binary")),
    ("list", ("list", "large_list", "fixed_size_list", "struct", "map")),
)
"""Name of a column's type by how Arrow's name begins; the first that fits counts."""


class ColumnSummary(NamedTuple):
    """What one column holds.

    Parameters
    ----------
    type : str
        boolean, integer, number, string, date, datetime, time, duration,
        binary, list or geometry.
    rows, missing, infinite : int
        All rows, those without a value (NaN included), and infinite ones among the others.
    minimum, maximum : float, str or None
        Of finite numbers; RFC 3339 text of dates and times.
    """

    type: str
    rows: int = 0
    missing: int = 0
    infinite: int = 0
    minimum: float | str | None = None
    maximum: float | str | None = None

    @property
    def valid(self) -> int:
        """Rows with a usable value."""
        return self.rows - self.missing - self.infinite

    def joined(self, other: ColumnSummary) -> ColumnSummary:
        """Summary of this column continued by `other`."""
        lows = [one.minimum for one in (self, other) if one.minimum is not None]
        highs = [one.maximum for one in (self, other) if one.maximum is not None]
        return ColumnSummary(
            type=self.type,
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            infinite=self.infinite + other.infinite,
            minimum=min(lows) if lows else None,
            maximum=max(highs) if highs else None,
        )


def type_name(type: pa.DataType) -> str:
    """Name of an Arrow type as `ColumnSummary` has it."""
    if isinstance(type, pa.BaseExtensionType):
        return type_name(type.storage_type)
    text = str(type)
    return next((name for name, starts in _TYPES if text.startswith(starts)), "string")


def summarise(array: pa.ChunkedArray | pa.Array) -> ColumnSummary:
    """Summary of one column."""
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.cast(array.type.storage_type)
    name, rows = type_name(array.type), len(array)
    missing = array.null_count if not pa.types.is_null(array.type) else rows
    if name not in {"integer", "number", "date", "datetime"} or missing == rows:
        return ColumnSummary(name, rows, missing)
    if pa.types.is_decimal(array.type):
        array = array.cast(pa.float64())
    if name == "number":
        return _summarise_floats(array, rows, missing)
    if name != "integer":
        return ColumnSummary(name, rows, missing, 0, *_period(array))
    low, high = (value.as_py() for value in pc.min_max(array).values())
    return ColumnSummary(name, rows, missing, 0, float(low), float(high))


def _summarise_floats(array: pa.ChunkedArray | pa.Array, rows: int, missing: int) -> ColumnSummary:
    missing += pc.sum(pc.is_nan(array)).as_py() or 0
    low, high = (value.as_py() for value in pc.min_max(array).values())
    infinite = 0
    if missing < rows and not (np.isfinite(low) and np.isfinite(high)):
        infinite = pc.sum(pc.is_inf(array)).as_py() or 0
        finite = array.filter(pc.is_finite(array))
        low, high = (value.as_py() for value in pc.min_max(finite).values())
    if missing + infinite == rows:
        return ColumnSummary("number", rows, missing, infinite)
    return ColumnSummary("number", rows, missing, infinite, float(low), float(high))


def _period(array: pa.ChunkedArray | pa.Array) -> tuple[str | None, str | None]:
    """First and last of dates or times as RFC 3339 in UTC; `None` for years but 1 to 9999."""
    unit = (
        array.type.unit
        if pa.types.is_timestamp(array.type)
        else "D"
        if pa.types.is_date32(array.type)
        else "ms"
    )
    numbers = array.cast(pa.int32()) if pa.types.is_date32(array.type) else array.cast(pa.int64())
    low, high = (
        np.array([value.as_py()]).astype(f"datetime64[{unit}]")[0] for value in pc.min_max(numbers).values()
    )
    return rfc3339(low), rfc3339(high)


def rfc3339(time: np.datetime64) -> str | None:
    """RFC 3339 text of a time in UTC, `None` where the standard cannot write it."""
    if np.isnat(time) or not 1 <= int(time.astype("datetime64[Y]").astype(np.int64)) + 1970 <= 9999:
        return None
    return f"{np.datetime_as_string(time.astype('datetime64[s]'), unit='s')}Z"


def as_arrow(series: pd.Series) -> pa.ChunkedArray | pa.Array:
    """Arrow array of a pandas column; mixed objects become their text."""
    if isinstance(series.dtype, pd.SparseDtype):
        series = pd.Series(np.asarray(series), index=series.index)
    try:
        return pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        missing = series.isna().to_numpy()
        return pa.array(
            [None if gap else str(value) for value, gap in zip(series, missing, strict=True)], pa.string()
        )


def count_duplicates(columns: list[pa.ChunkedArray | pa.Array], rows: int) -> int:
    """How many rows are exact copies of an earlier one.

    Rows that differ are set apart column by column, the most telling first;
    most tables are done after one.
    """
    if rows < SEVERAL_GROUPS or not columns or any(_increases(column) for column in columns):
        return 0
    candidates: np.ndarray | None = None
    groups = np.zeros(rows, np.int64)
    for column, partial in _by_selectivity(columns, rows):
        chosen = column if candidates is None else column.take(pa.array(candidates))
        bits = _last_bits(chosen) if partial else _bits(chosen)
        if bits is not None and _all_differ(bits):
            return 0
        codes = _indices(chosen) if bits is None else pd.factorize(bits)[0].astype(np.int64)
        groups = pd.factorize(groups * (int(codes.max()) + 1) + codes)[0].astype(np.int64)
        repeated = np.bincount(groups)[groups] > 1
        if not repeated.any():
            return 0
        candidates = np.flatnonzero(repeated) if candidates is None else candidates[repeated]
        groups = pd.factorize(groups[repeated])[0].astype(np.int64)
    return len(groups) - int(groups.max()) - 1


def _increases(column: pa.ChunkedArray | pa.Array) -> bool:
    """Whether each number of a column is greater than the one before, as in a running number."""
    if column.null_count or not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return False
    values = _numpy(column)
    return bool((values[1:] > values[:-1]).all())


def _by_selectivity(
    columns: list[pa.ChunkedArray | pa.Array], rows: int
) -> list[tuple[pa.ChunkedArray | pa.Array, bool]]:
    """Columns, the ones that tell most rows apart first; long binary ones also by a part of them."""
    binary = [
        (column, True) for column in columns if pa.types.is_binary(column.type) and rows >= PARTIAL_FROM
    ]
    return sorted(binary + [(column, False) for column in columns], key=_rank)


def _rank(column: tuple[pa.ChunkedArray | pa.Array, bool]) -> int:
    array, partial = column
    kinds = pa.types
    tests = (
        kinds.is_floating,
        kinds.is_temporal,
        lambda _: partial,
        kinds.is_integer,
        kinds.is_binary,
        kinds.is_string,
    )
    return next((number for number, test in enumerate(tests) if test(array.type)), len(tests))


def _all_differ(bits: np.ndarray) -> bool:
    """Whether no number occurs twice: sorting is many times faster than hashing."""
    ordered = np.sort(bits)
    return bool((ordered[1:] != ordered[:-1]).all())


def _bits(column: pa.ChunkedArray | pa.Array) -> np.ndarray | None:
    """Numbers as the integers of the same bits; `None` where there are gaps or no numbers."""
    fixed = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_timestamp,
        pa.types.is_date,
        pa.types.is_duration,
    )
    if column.null_count or not any(test(column.type) for test in fixed):
        return None
    values = _numpy(column)
    return values.view(f"i{values.itemsize}")


def _indices(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """A number for each row, equal where the values are."""
    if pa.types.is_nested(column.type):
        return pd.factorize(np.array([repr(value) for value in column.to_pylist()], dtype=object))[0].astype(
            np.int64
        )
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    encoded = pc.dictionary_encode(whole, null_encoding="encode")
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False)).astype(np.int64)


def _last_bits(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Last eight bytes of each value as an integer, 0 for shorter ones: a coordinate of each geometry."""
    last = pc.binary_slice(column, -8, 2**31 - 1)
    short = pc.less(pc.binary_length(last), 8)
    filled = pc.if_else(pc.fill_null(short, fill_value=True), pa.scalar(bytes(8), last.type), last)
    whole = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    return np.frombuffer(whole.cast(pa.binary(8)).buffers()[1], np.int64, len(whole))


def _numpy(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    values = (
        column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
    )
    return np.asarray(values)
