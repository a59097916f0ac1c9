"""Well-known binary (WKB) read by whole columns: types and bounds without parsing each geometry.

Points, lines, polygons, and multi-lines and multi-polygons of one part have
their (outer) coordinates in one run of bytes, which numpy reads for all rows
at once. Whatever else a column holds is parsed by GEOS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from shapely.errors import ShapelyError

from craton.model.errors import InvalidError

Bounds = np.ndarray[Any, np.dtype[np.float64]]
"""Shape (4, n): west, south, east and north of n rows; NaN where there is no geometry."""

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Places = np.ndarray[Any, np.dtype[np.int64]]
Codes = np.ndarray[Any, np.dtype[np.uint32]]

POINT, LINE, POLYGON, MULTILINE, MULTIPOLYGON = 1, 2, 3, 5, 6

HEADER = 5
"""Bytes of the byte order and the type code, with which every geometry begins."""

COUNT = 4
"""Bytes of a number of points, rings or parts."""

AXES = np.array([2, 3, 3, 4])
"""Numbers of a position, by thousands of the ISO type code (flat, Z, M, ZM)."""

RUN_START = {LINE: HEADER + COUNT, POLYGON: HEADER + 2 * COUNT}
"""Bytes before the first position of a line and of the outer ring of a polygon."""


@dataclass(frozen=True)
class Rows:
    """The geometries of one Arrow array of WKB.

    Parameters
    ----------
    data : array of uint8
        All bytes.
    starts, sizes : array of int64
        Place and length in bytes of each row that has a geometry.
    present : array of bool
        Whether a row has one.
    """

    data: Bytes
    starts: Places
    sizes: Places
    present: np.ndarray[Any, np.dtype[np.bool_]]

    @property
    def even(self) -> Bytes | None:
        """Bytes as a matrix, one row a geometry, where all are equally long."""
        if not self.starts.size or (self.sizes != self.sizes[0]).any():
            return None
        size, first = int(self.sizes[0]), int(self.starts[0])
        return self.data[first : first + size * self.starts.size].reshape(-1, size)

    def number(self, places: Places) -> Codes:
        """Whole number of four bytes, little-endian, at each of `places`."""
        return _unaligned(self.data, "<u4")[places]


def rows_of(chunk: pa.Array) -> Rows:
    """Geometries of `chunk`; `InvalidError` where one is too short to be any."""
    _validity, offsets, data = chunk.buffers()
    present = chunk.is_valid().to_numpy(zero_copy_only=False)
    width = np.int64 if chunk.type == pa.large_binary() else np.int32
    if not present.any():
        return Rows(np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0, np.int64), present)
    ends = np.frombuffer(offsets, width)[chunk.offset : chunk.offset + len(chunk) + 1].astype(np.int64)
    starts, sizes = ends[:-1], np.diff(ends)
    if not present.all():
        starts, sizes = starts[present], sizes[present]
    if (sizes < HEADER + COUNT).any():
        raise InvalidError("a geometry is too short to be WKB")
    return Rows(np.frombuffer(data, np.uint8), starts, sizes, present)


def _unaligned(data: Bytes, kind: str) -> np.ndarray[Any, Any]:
    """Numbers of type `kind` beginning at each byte of `data`."""
    size = np.dtype(kind).itemsize
    return np.ndarray((max(0, data.size - size + 1),), kind, data, strides=(1,))


def headers(rows: Rows) -> tuple[Bytes, Codes]:
    """Byte order, and type code read as little-endian, of each geometry."""
    even = rows.even
    if even is None:
        return rows.data[rows.starts], rows.number(rows.starts + 1)
    return even[:, 0], np.ascontiguousarray(even[:, 1:HEADER]).view("<u4")[:, 0]


def bounds_of(chunk: pa.Array, rows: Rows, codes: Codes) -> Bounds:
    """Bounds of each row of `chunk`, which is little-endian ISO WKB."""
    points = points_of(rows, codes)
    found = np.tile(points[:, :2].T, (2, 1)) if points is not None else _bounds_by_type(chunk, rows, codes)
    if rows.present.all():
        return found
    bounds = np.full((4, len(chunk)), np.nan)
    bounds[:, rows.present] = found
    return bounds


def points_of(rows: Rows, codes: Codes) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Coordinates (n, 2 or more) where all geometries are points of one kind."""
    even = rows.even
    if even is None or codes[0] % 1000 != POINT or (codes != codes[0]).any():
        return None
    if even.shape[1] != HEADER + 8 * AXES[codes[0] // 1000]:
        return None
    return np.ascontiguousarray(even[:, HEADER:]).view("<f8")


def _bounds_by_type(chunk: pa.Array, rows: Rows, codes: Codes) -> Bounds:
    runs, counts = _runs(rows, codes)
    read = counts > 0
    bounds = np.full((4, rows.starts.size), np.nan)
    if read.any():
        steps = 8 * AXES[codes[read] // 1000]
        bounds[:, read] = _bounds_of_runs(rows.data, runs[read], counts[read], steps)
    if not read.all():
        bounds[:, ~read] = shapely.bounds(parse(chunk.drop_null().filter(pa.array(~read)))).T
    return bounds


def _runs(rows: Rows, codes: Codes) -> tuple[Places, Places]:
    """Place and number of positions of each geometry's run; a number of zero asks for GEOS."""
    base = (codes % 1000).astype(np.int64)
    starts, sizes = rows.starts.copy(), rows.sizes.copy()
    single = np.isin(base, (MULTILINE, MULTIPOLYGON)) & (rows.number(rows.starts + HEADER) == 1)
    inner = HEADER + COUNT
    starts[single] += inner
    sizes[single] -= inner
    base[single] -= MULTILINE - LINE
    counts = np.zeros_like(starts)
    for kind, offset in RUN_START.items():
        chosen = np.flatnonzero((base == kind) & (sizes >= offset))
        positions = rows.number(starts[chosen] + offset - COUNT).astype(np.int64)
        room = (sizes[chosen] - offset) // (8 * AXES[codes[chosen] // 1000])
        filled = (positions <= room) & (rows.number(starts[chosen] + HEADER) > 0)
        counts[chosen] = np.where(filled, positions, 0)
        starts[chosen] += offset
    return starts, counts


def _bounds_of_runs(data: Bytes, starts: Places, counts: Places, steps: Places) -> Bounds:
    """Bounds of positions: `counts` of them, `steps` bytes apart, from each of `starts` on."""
    firsts = np.cumsum(counts) - counts
    places = np.repeat(starts - steps * firsts, counts)
    places += np.arange(places.size) * (steps[0] if (steps == steps[0]).all() else np.repeat(steps, counts))
    # easting and northing together are as long as one complex number, and are fetched as one
    positions = _unaligned(data, "<c16")[places].view(np.float64).reshape(-1, 2)
    return np.concatenate([np.fmin.reduceat(positions, firsts).T, np.fmax.reduceat(positions, firsts).T])


def parse(chunk: pa.Array) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Geometries of WKB, or `InvalidError` where it is none that GEOS knows."""
    try:
        geometries: np.ndarray[Any, np.dtype[np.object_]] = shapely.from_wkb(
            chunk.to_numpy(zero_copy_only=False)
        )
    except ShapelyError as error:
        raise InvalidError(f"a geometry is not WKB of a known type ({error})") from error
    return geometries


def to_geometries(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Geometries of a column of little-endian ISO WKB."""
    whole = [_chunk_geometries(chunk) for chunk in column.chunks]
    return np.concatenate(whole) if whole else np.empty(0, dtype=object)


def _chunk_geometries(chunk: pa.Array) -> np.ndarray[Any, np.dtype[np.object_]]:
    rows = rows_of(chunk)
    points = points_of(rows, headers(rows)[1]) if rows.present.all() and len(chunk) else None
    if points is None or np.isnan(points).any() or points.shape[1] > 3:
        return parse(chunk)
    geometries: np.ndarray[Any, np.dtype[np.object_]] = shapely.points(points)
    return geometries
