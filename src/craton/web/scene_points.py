"""Tables of points and lines in a scene: where each lies, and what is told of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from craton.model.errors import NotFoundError
from craton.model.record import Record
from craton.store.feature_source import Source, source_of
from craton.web.replies import Json
from craton.web.scene_columns import columns_of
from craton.web.scene_place import DIGITS, Extent, Numbers, placed
from craton.web.site import Site

MOST_ROWS = 200_000
"""Rows that are told; of more, some from all parts of the table."""

MOST_VERTICES = 1_000_000
"""Vertices of lines and outlines that are told."""

HEIGHTS = ("upward", "elevation", "height", "altitude", "z", "rl")
DEPTHS = ("depth", "tvd")
"""Columns that tell heights, and depths below 0, where the geometry does not: the first that is there."""

METRES = {"km": 1000.0, "ft": 0.3048}
"""Metres in the units of such columns; any other is taken for metres."""

HIDDEN = frozenset({"source_row", "bbox", "geometry"})


class _Rows(NamedTuple):
    """Rows that are told: their numbers from 1, properties and geometries."""

    numbers: np.ndarray[Any, np.dtype[np.int64]]
    frame: pd.DataFrame
    shapes: np.ndarray[Any, Any]


def points_document(site: Site, record: Record) -> Json:
    """Points and lines of a table, with the values of its columns.

    Raises
    ------
    NotFoundError
        If nothing of it has a place.
    """
    rows = _rows(source_of(record, site.locate), max(1, -(-(record.rows or 0) // MOST_ROWS)))
    vertex, row = shapely.get_coordinates(rows.shapes, include_z=True, return_index=True)
    if len(vertex) > MOST_VERTICES:
        raise NotFoundError(
            f"{record.id} has {len(vertex):,} vertices, too many for a scene",
            hint=f"simplify it to {MOST_VERTICES:,}, or look at its map",
        )
    system, easting, northing = placed(record.crs, vertex[:, 0], vertex[:, 1])
    height, is_stated = _heights(record, rows.frame, vertex[:, 2], row)
    places = np.column_stack([easting, northing, height])
    extent = Extent.of(places)
    local = np.round(places - extent.origin, DIGITS)
    shapes = _shapes(rows.shapes, local, row)
    drawn = {one["row"] for one in shapes["lines"]}.union(
        np.flatnonzero([one is not None for one in shapes["points"]])
    )
    told, values = columns_of(record, rows.frame, "", HIDDEN)
    return {
        "crs": system, "origin": extent.origin, "extent": msgspec.to_builtins(extent),
        "count": record.rows or len(rows.numbers), "heights": "stated" if is_stated else "none",
        "ids": rows.numbers.tolist(), **shapes, "columns": told, "values": values,
        "left_out": len(rows.numbers) - len(drawn),
    }  # fmt: skip


def _rows(source: Source, step: int) -> _Rows:
    """Every `step`-th row."""
    numbers, frames, shapes = [], [], []
    for batch in source.batches():
        if batch.geometry is None:
            break
        chosen = np.flatnonzero((batch.ids - 1) % step == 0)
        numbers.append(batch.ids[chosen])
        frames.append(batch.properties.take(pa.array(chosen)))
        wkb = batch.geometry.take(pa.array(chosen)).to_numpy(zero_copy_only=False)
        shapes.append(shapely.from_wkb(wkb, on_invalid="ignore"))
    if not numbers:
        raise NotFoundError("the table has no geometry, so there is no scene of it")
    return _Rows(np.concatenate(numbers), pa.concat_tables(frames).to_pandas(), np.concatenate(shapes))


def _heights(
    record: Record, frame: pd.DataFrame, own: Numbers, row: np.ndarray[Any, np.dtype[np.int64]]
) -> tuple[Numbers, bool]:
    """Height of each vertex: its own, or that of a column, and whether any is stated; else all are 0.

    Where some are stated, it is NaN for the others: at 0 they would lie where nothing says they are.
    """
    if np.isfinite(own).any():
        return own, True
    names = {str(name).casefold(): str(name) for name in frame.columns}
    units = {column.name: column.unit for column in record.columns}
    for sign, words in ((1.0, HEIGHTS), (-1.0, DEPTHS)):
        for word in words:
            if word in names and pd.api.types.is_numeric_dtype(frame[names[word]].dtype):
                values = frame[names[word]].to_numpy(dtype=np.float64, na_value=np.nan)[row]
                metres = sign * METRES.get(units.get(names[word], ""), 1.0)
                if np.isfinite(values).any():
                    return metres * values, True
    return np.zeros(own.shape), False


def _shapes(shapes: np.ndarray[Any, Any], local: Numbers, row: np.ndarray[Any, np.dtype[np.int64]]) -> Json:
    """`points`: a place for each row that is one; `lines`: the row of each line and its places."""
    kind = shapely.get_type_id(shapes)
    starts = np.searchsorted(row, np.arange(len(shapes) + 1))
    points: list[Any] = [None] * len(shapes)
    for place in np.flatnonzero(kind == shapely.GeometryType.POINT):
        vertex = local[starts[place] : starts[place + 1]]
        points[place] = vertex[0].tolist() if len(vertex) and np.isfinite(vertex).all() else None
    others = np.flatnonzero(kind > shapely.GeometryType.POINT)
    lines = [
        {"row": int(place), "path": part.tolist()}
        for place in others
        for part in _parts(shapes[place], local[starts[place] : starts[place + 1]])
        if np.isfinite(part).all()
    ]
    return {"points": points, "lines": lines}


def _parts(shape: shapely.Geometry, vertices: Numbers) -> list[Numbers]:
    """Vertices of a geometry by its lines and rings, which come in the order of its parts."""
    parts = shapely.get_rings(shape)
    ends = np.cumsum(shapely.get_num_coordinates(parts))
    if not len(ends) or ends[-1] != len(vertices):  # not of polygons alone
        ends = np.cumsum(shapely.get_num_coordinates(shapely.get_parts(shape)))
    return [part for part in np.split(vertices, ends[:-1]) if len(part)]
