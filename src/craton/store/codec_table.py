"""Tables as GeoParquet 1.1, and back with rows, columns and types as they were.

Rows with geometry are sorted along a Hilbert curve, so that a map's view
touches few row groups; the hidden column `source_row` keeps the source's
order, in which `decode_table` gives the rows back. Each row's extent stands in
the hidden column `bbox` (float32, rounded outwards: a search by it never
misses a row). Both columns take another name where the table has one of that
name; the metadata `craton` says which they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from craton.model.data import TableStream
from craton.store.codec_asset import NOTE, to_json
from craton.store.codec_columns import Columns, from_arrow, from_frame, to_frame
from craton.store.codec_geometry import Extent, hilbert_order, measure
from craton.store.codec_wkb import Bounds

ROW_GROUP = 1 << 16
"""Most rows of a row group, the least that a reader fetches."""

GROUP_BYTES = 64 << 20
"""Most bytes of a row group in memory, where its rows are long."""

SAMPLED_ROWS = 4096
"""Rows that are looked at to see whether values of a column repeat."""

REPEATED = 0.5
"""Share of different values below which a dictionary pays."""

FLOAT_STEP = 2.0**-23
"""Largest distance of neighbouring float32 numbers, as a share of the number."""

LARGEST_FLOAT = float(np.finfo(np.float32).max)

NOTHING: Mapping[str, str] = {}

BOX = ("xmin", "ymin", "xmax", "ymax")

BOX_TYPE = pa.struct([pa.field(corner, pa.float32(), nullable=False) for corner in BOX])

GEOMETRY_LEVEL = -3
"""Level of ZSTD for geometry: twice as fast as level 1 and little larger, for coordinates hardly repeat."""

type Tabular = gpd.GeoDataFrame | pd.DataFrame | pa.Table | TableStream


@dataclass
class Layout:
    """What a table's file says of itself besides its columns.

    Parameters
    ----------
    geometries : dict of str to CRS
        Geometry columns with their reference systems (PROJJSON), the main one first.
    box, row : str
        Names of the hidden columns; empty where there is none.
    note : dict
        What `codec_columns` needs to give the columns back.
    """

    geometries: dict[str, dict[str, Any] | None]
    box: str = ""
    row: str = ""
    note: dict[str, Any] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """Main geometry column, empty where there is none."""
        return next(iter(self.geometries), "")

    def metadata(self, extents: Mapping[str, Extent]) -> dict[str, str]:
        """Key–value metadata of the file, once all rows are known."""
        hidden = [name for name in (self.box, self.row) if name]
        note = {**self.note, "hidden": hidden, "row": self.row}
        if not self.main:
            return {NOTE: to_json(note)}
        columns = {name: self._column(name, extents[name]) for name in self.geometries}
        geo = {"version": "1.1.0", "primary_column": self.main, "columns": columns}
        return {"geo": to_json(geo), NOTE: to_json(note)}

    def _column(self, name: str, extent: Extent) -> dict[str, Any]:
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": extent.types,
            "crs": self.geometries[name],
        }
        if extent.box:
            column["bbox"] = extent.box
        if name == self.main and self.box:
            column["covering"] = {"bbox": {corner: [self.box, corner] for corner in BOX}}
        return column


def encode_table(data: Tabular, target: Path, crs: str = "", note: Mapping[str, str] = NOTHING) -> Path:
    """Write `data` to `target` as GeoParquet, or as plain Parquet where it has no geometry.

    Parameters
    ----------
    data : GeoDataFrame, DataFrame, Table or TableStream
        A stream is written as it comes, in its own order; the others are sorted.
    target : Path
        File to be written.
    crs : str
        Reference system of the geometry; empty takes the one the data carries.
    note : mapping of str to str
        What else the file is to say of itself; `read_arrow` gives it back.
    """
    if isinstance(data, TableStream):
        return _write_stream(data, target, crs)
    columns = from_arrow(data, crs) if isinstance(data, pa.Table) else from_frame(data, crs)
    columns.note.update(note)
    return _write_sorted(columns, target)


def _write_sorted(columns: Columns, target: Path) -> Path:
    table, layout = columns.table.combine_chunks(), _layout(columns)
    bounds, extents = _extents(table, layout)
    order = None if bounds is None or table.num_rows < 2 else hilbert_order(bounds)
    if order is not None and (np.diff(order) >= 0).all():
        order = None
    layout.row = _free_name("source_row", table.column_names) if order is not None else ""
    with _writer(target, table, layout, layout.metadata(extents)) as writer:
        groups = _groups(table, bounds, order, layout)
        for group in _ahead(groups) if table.num_rows > ROW_GROUP else groups:
            writer.write_table(group, row_group_size=ROW_GROUP)
    return target


def _extents(table: pa.Table, layout: Layout) -> tuple[Bounds | None, dict[str, Extent]]:
    """Bounds by row of the main geometry, and the extent of each geometry column."""
    found = {name: measure(table[name]) for name in layout.geometries}
    bounds = found[layout.main][0] if layout.main else None
    return bounds, {name: extent for name, (_bounds, extent) in found.items()}


def _layout(columns: Columns) -> Layout:
    layout = Layout(dict(columns.geometries), note=columns.note)
    layout.box = _free_name("bbox", columns.table.column_names) if layout.main else ""
    return layout


def _free_name(name: str, taken: list[str]) -> str:
    """`name`, or it with a number where it is `taken`; case is no difference, for it is none to SQL."""
    lower = {one.lower().partition(".")[0] for one in taken}
    candidates = (name if number == 1 else f"{name}_{number}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in lower)


def _groups(
    table: pa.Table, bounds: Bounds | None, order: np.ndarray[Any, Any] | None, layout: Layout
) -> Iterator[pa.Table]:
    """Row groups in their final order, with the hidden columns."""
    count = _group_rows(table)
    for start in range(0, max(1, table.num_rows), count):
        if order is None:
            box = None if bounds is None else bounds[:, start : start + count]
            yield _with_hidden(table.slice(start, count), box, None, layout)
        else:
            rows = order[start : start + count]
            box = None if bounds is None else bounds.take(rows, axis=1)
            yield _with_hidden(table.take(pa.array(rows)), box, rows, layout)


def _group_rows(table: pa.Table) -> int:
    """Rows of a row group of `table`."""
    average: int = table.nbytes // max(1, table.num_rows)
    return min(ROW_GROUP, max(1, GROUP_BYTES // max(1, average)))


def _with_hidden(group: pa.Table, bounds: Bounds | None, rows: Any, layout: Layout) -> pa.Table:
    if layout.row:
        group = group.append_column(
            pa.field(layout.row, pa.int32(), nullable=False), pa.array(rows, pa.int32())
        )
    if bounds is None or not layout.box:
        return group
    return group.append_column(layout.box, boxes(bounds))


def boxes(bounds: Bounds) -> pa.StructArray:
    """`bounds` as a struct of float32 rounded outwards, null where there is no geometry."""
    outwards = np.copysign(FLOAT_STEP, bounds)
    low = np.minimum(bounds[:2] * (1 - outwards[:2]), LARGEST_FLOAT)
    high = np.maximum(bounds[2:] * (1 + outwards[2:]), -LARGEST_FLOAT)
    with np.errstate(over="ignore"):  # infinity is further out than any number
        corners = [pa.array(side.astype(np.float32)) for side in (*low, *high)]
    missing = np.isnan(bounds[0])
    return pa.StructArray.from_arrays(
        corners, fields=list(BOX_TYPE), mask=pa.array(missing) if missing.any() else None
    )


def _ahead[T](items: Iterator[T]) -> Iterator[T]:
    """`items`, the next one made in a second thread while the last is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def _writer(
    target: Path, sample: pa.Table, layout: Layout, metadata: Mapping[str, str] = NOTHING
) -> pq.ParquetWriter:
    """Writer whose encodings suit the columns of `sample`: the same for the same data."""
    schema = sample.schema.with_metadata(dict(metadata))
    if layout.row:
        schema = schema.append(pa.field(layout.row, pa.int32(), nullable=False))
    if layout.box:
        schema = schema.append(pa.field(layout.box, BOX_TYPE))
    corners = [f"{layout.box}.{corner}" for corner in BOX] if layout.box else []
    attributes = [name for name in sample.column_names if name not in layout.geometries]
    repeating = [name for name in attributes if _repeats(sample[name])]
    ordered = [name for name in attributes if name in repeating or not _is_text(sample[name].type)]
    return pq.ParquetWriter(
        target,
        schema,
        compression="zstd",
        compression_level=dict.fromkeys(layout.geometries, GEOMETRY_LEVEL) or None,
        use_dictionary=repeating,
        # the least and greatest of texts that never repeat (identifiers, remarks) help no search
        write_statistics=[*ordered, *corners],
        use_byte_stream_split=corners,
    )


def _repeats(column: pa.ChunkedArray) -> bool:
    """Whether values of `column` come again often enough for a dictionary to pay."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return True
    counted = _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_temporal(kind)
    if not counted or not len(column):
        return False
    if len(column) > SAMPLED_ROWS:
        column = column.take(pa.array(np.linspace(0, len(column) - 1, SAMPLED_ROWS).astype(np.int64)))
    return bool(pc.count_distinct(column).as_py() < REPEATED * len(column))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _write_stream(stream: TableStream, target: Path, crs: str) -> Path:
    """Write the batches of `stream` as they come, a row group in memory at a time."""
    empty = from_arrow(stream.schema.empty_table(), crs)
    layout = _layout(empty)
    extents = {name: Extent() for name in layout.geometries}
    groups = (from_arrow(group, crs).table for group in _regrouped(stream))
    first = next(groups, empty.table)
    with _writer(target, first, layout) as writer:
        for group in chain((first,), groups):
            bounds, further = _extents(group, layout)
            for name, extent in further.items():
                extents[name] = extents[name].joined(extent)
            writer.write_table(_with_hidden(group, bounds, None, layout), row_group_size=ROW_GROUP)
        writer.add_key_value_metadata(layout.metadata(extents))
    return target


def _regrouped(stream: TableStream) -> Iterator[pa.Table]:
    """Rows of `stream` in tables of a row group each, whatever its batches are."""
    waiting = stream.schema.empty_table()
    for batch in stream.batches():
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch], stream.schema)])
        while waiting.num_rows >= (count := _group_rows(waiting)):
            yield waiting.slice(0, count)
            waiting = waiting.slice(count)
    if waiting.num_rows:
        yield waiting


def decode_table(source: Path) -> gpd.GeoDataFrame | pd.DataFrame:
    """Table of the file `source`: rows in the order of its source, without the hidden columns."""
    table, geometries, note = read_arrow(source)
    return to_frame(table, geometries, note)


def read_arrow(source: Path) -> tuple[pa.Table, dict[str, dict[str, Any] | None], dict[str, Any]]:
    """Arrow table in the order of its source, its geometry columns with their PROJJSON, and the note."""
    with pq.ParquetFile(source) as file:
        metadata = file.metadata.metadata or {}
        note = json.loads(metadata.get(NOTE.encode(), b"{}"))
        geo = json.loads(metadata.get(b"geo", b"{}"))
        row = note.get("row", "")
        unwanted = set(note.get("hidden", [])) - {row}
        table = file.read(columns=[name for name in file.schema_arrow.names if name not in unwanted])
    if row:
        table = table.drop_columns([row]).take(pa.array(_inverse(table[row].to_numpy())))
    columns = geo.get("columns", {})
    names = sorted(columns, key=lambda name: name != geo.get("primary_column"))
    return table.replace_schema_metadata(None), {name: columns[name].get("crs") for name in names}, note


def _inverse(order: np.ndarray[Any, np.dtype[np.int32]]) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Order that undoes `order`."""
    inverse = np.empty_like(order)
    inverse[order] = np.arange(order.size, dtype=order.dtype)
    return inverse


def copy_plain(source: Path, target: Path) -> None:
    """Copy the table of file `source` to `target`, in the order of its source and without hidden columns."""
    table, geometries, note = read_arrow(source)
    names = note.get("names", {})
    table = table.rename_columns([names.get(name, name) for name in table.column_names])
    layout = Layout({names.get(name, name): system for name, system in geometries.items()})
    _bounds, extents = _extents(table, layout)
    metadata = {key: value for key, value in layout.metadata(extents).items() if key != NOTE}
    with _writer(target, table, layout, metadata) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP)
