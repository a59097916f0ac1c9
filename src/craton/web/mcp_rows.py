"""A bounded look at a table's file: the rows that meet conditions, in the order of the source.

The file is read a piece at a time, first the columns that conditions need,
then the chosen columns of the row groups that hold chosen rows, so that
memory does not grow with the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import UNSET, Meta, UnsetType

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.process.spec import Param
from craton.process.values import from_door
from craton.store.codec_asset import NOTE
from craton.store.codec_columns import to_frame
from craton.store.search import Box
from craton.web.mcp_tool import Json

CORNERS = ("xmin", "ymin", "xmax", "ymax")

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Positions = np.ndarray[Any, np.dtype[np.int64]]


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition on a column."""

    column: Annotated[str, Meta(description="Name of a column of the table.")]
    test: Annotated[
        Literal["=", "!=", "<", "<=", ">", ">=", "contains", "missing", "present"],
        Meta(description="contains looks for text in text, in any case; missing and present take no value."),
    ]
    value: Annotated[
        str | int | float | bool | UnsetType,
        Meta(description="Number in the column's unit (or text with a unit, such as 0.5 km), text, or date."),
    ] = UNSET


@dataclass(frozen=True)
class RowsAsked:
    """Rows that are wanted: `boxes` in unrolled degrees, `crs` and `units` by column as the record says."""

    conditions: Sequence[Condition] = ()
    boxes: tuple[Box, ...] = ()
    crs: str = ""
    units: dict[str, str] | None = None


class TableFile:
    """The Parquet file of one table, open for reading; use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        metadata = self._file.metadata.metadata or {}
        self._note: Json = json.loads(metadata.get(NOTE.encode(), b"{}"))
        geo: Json = json.loads(metadata.get(b"geo", b"{}"))
        self._geometries: Json = geo.get("columns", {})
        self._main = str(geo.get("primary_column", ""))
        self._stored: dict[str, str] = {
            self._note.get("names", {}).get(name, name): name
            for name in reversed(self._file.schema_arrow.names)
            if name not in self._note.get("hidden", ())
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self._file.metadata.num_rows)

    @property
    def name(self) -> str:
        """Name of a table that is one of several, as its source has it."""
        return str(self._note.get("table", ""))

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the order of the source."""
        return list(reversed(self._stored))

    @property
    def geometry(self) -> str:
        """Name of the main geometry column, empty where there is none."""
        return self._main

    def matching(self, asked: RowsAsked) -> Positions:
        """Positions in the file of the rows that meet all conditions, in the order of the source."""
        row, box = self._note.get("row", ""), self._box(asked)
        needed = {self._column(c.column) for c in asked.conditions} | set(filter(None, (row, box)))
        if not needed:
            return np.arange(self.rows)
        found: list[Positions] = []
        order: list[Positions] = []
        start = 0
        for batch in self._file.iter_batches(columns=sorted(needed)):
            inside = np.flatnonzero(self._mask(batch, asked, box))
            found.append(inside + start)
            order.append(batch.column(row).to_numpy().take(inside) if row else inside + start)
            start += batch.num_rows
        positions = np.concatenate([np.zeros(0, np.int64), *found])
        return positions[np.argsort(np.concatenate([np.zeros(0, np.int64), *order]), kind="stable")]

    def read(self, positions: Positions, columns: Sequence[str]) -> pd.DataFrame:
        """Rows at `positions` of the file with `columns`, in that order."""
        names = list(dict.fromkeys(self._column(name) for name in columns))
        parts = [part for _, part in self._groups(np.sort(positions), names)]
        empty = self._file.schema_arrow.empty_table().select(names)
        table = pa.concat_tables([empty.replace_schema_metadata(None), *parts])
        table = table.take(pa.array(np.argsort(np.argsort(positions))))
        geometries = {name: self._geometries[name].get("crs") for name in names if name in self._geometries}
        return to_frame(
            table, dict(sorted(geometries.items(), key=lambda one: one[0] != self._main)), self._note
        )

    def _groups(self, positions: Positions, names: list[str]) -> Iterator[tuple[int, pa.Table]]:
        """Rows at sorted `positions`, a row group at a time."""
        start = 0
        for number in range(self._file.num_row_groups):
            end = start + self._file.metadata.row_group(number).num_rows
            inside = positions[(positions >= start) & (positions < end)] - start
            if inside.size:
                group = self._file.read_row_group(number, columns=names)
                yield number, group.take(pa.array(inside)).replace_schema_metadata(None)
            start = end

    def _column(self, name: str) -> str:
        if name not in self._stored:
            raise InvalidError(
                f"there is no column {name!r}", hint=f"columns: {', '.join(self.columns)[:2000]}"
            )
        return self._stored[name]

    def _box(self, asked: RowsAsked) -> str:
        """Name of the hidden column of extents, where places are asked for."""
        if not asked.boxes:
            return ""
        if not self._main or not systems.is_placed(asked.crs):
            raise InvalidError(
                "these rows have no place on the Earth to compare with bbox", hint="leave bbox out"
            )
        return str(self._geometries[self._main]["covering"]["bbox"]["xmin"][0])

    def _mask(self, batch: pa.RecordBatch, asked: RowsAsked, box: str) -> Mask:
        mask: Mask = np.ones(batch.num_rows, dtype=bool)
        for one in asked.conditions:
            column = batch.column(self._column(one.column))
            mask &= _meets(column, one, (asked.units or {}).get(one.column, ""))
        return mask & touches(batch.column(box), asked.crs, asked.boxes) if box else mask


def touches(extents: pa.StructArray, crs: str, boxes: Sequence[Box]) -> Mask:
    """Whether each extent, in `crs`, touches one of `boxes`; extents are stored to about a metre."""
    west, south, east, north = (
        pc.struct_field(extents, corner).to_numpy(zero_copy_only=False).astype(np.float64)
        for corner in CORNERS
    )
    pairs = ((west, south), (west, north), (east, south), (east, north))
    corners = np.stack([systems.to_crs84(crs, x, y) for x, y in pairs])
    with np.errstate(invalid="ignore"):
        low, high = corners.min(axis=0), corners.max(axis=0)
        inside = [
            (low[:, 0] <= b.east) & (high[:, 0] >= b.west) & (low[:, 1] <= b.north) & (high[:, 1] >= b.south)
            for b in boxes
        ]
    mask: Mask = np.logical_or.reduce(inside)
    return mask


COMPARE = {
    "=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater,
    ">=": pc.greater_equal,
}  # fmt: skip


def _meets(column: pa.Array, one: Condition, unit: str) -> Mask:
    """Whether each value of `column` meets the condition; a missing value meets only `missing`."""
    if one.test in {"missing", "present"}:
        missing: Mask = pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False)
        return missing if one.test == "missing" else ~missing
    if one.value is UNSET:
        raise InvalidError(
            f"the condition on {one.column} has no value", hint=f"{one.test} compares with one"
        )
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if one.test == "contains":
        met = pc.match_substring(_as_text(column, one), str(one.value), ignore_case=True)
    else:
        met = _compared(column, one, unit)
    answer: Mask = pc.fill_null(met, fill_value=False).to_numpy(zero_copy_only=False)
    return answer


def _compared(column: pa.Array, one: Condition, unit: str) -> pa.Array:
    try:
        return COMPARE[one.test](column, _scalar(column.type, one, unit))
    except (ValueError, TypeError, OverflowError, pa.ArrowException) as error:
        raise InvalidError(
            f"{one.value!r} cannot be compared with {one.column}, which holds {column.type}"
        ) from error


def _as_text(column: pa.Array, one: Condition) -> pa.Array:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    raise InvalidError(f"{one.column} is no text", hint="compare it with =, <, > …")


def _scalar(kind: pa.DataType, one: Condition, unit: str) -> pa.Scalar:
    """The value of a condition in the type of its column."""
    if pa.types.is_boolean(kind):
        return pa.scalar(_converted(bool, one, ""), kind)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        number = _converted(float, one, unit)
        whole = pa.types.is_integer(kind) and number.is_integer()
        return pa.scalar(int(number), pa.int64()) if whole else pa.scalar(number, pa.float64())
    if pa.types.is_temporal(kind):
        moment = pd.Timestamp(str(one.value))
        moment = moment.tz_convert(None) if moment.tz else moment
        return pa.scalar(moment).cast(kind, safe=False)
    return pa.scalar(str(one.value), kind)


def _converted(base: type, one: Condition, unit: str) -> Any:
    """Number or truth value of a condition, text with a unit brought to the column's."""
    return from_door(
        "read_dataset", Param(name=f"where {one.column}", doc="", base=base, unit=unit), one.value
    )
