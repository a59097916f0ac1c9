"""Geometry columns: standard WKB, extents, and the order of rows that keeps neighbours together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from craton.store.codec_wkb import Bounds, Codes, Rows, bounds_of, headers, parse, points_of, rows_of

TYPES = (
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)
"""Names by ISO WKB code, from 1 on; 1000 more has Z."""

NAMED = {
    code + high: name + " Z" * bool(high) for high in (0, 1000) for code, name in enumerate(TYPES, start=1)
}
"""GeoParquet name by ISO WKB code."""

LARGEST_CODE = 4000
"""Type codes of ISO WKB are lower; the flags of extended WKB make them higher."""

MEASURED_ROWS = 1 << 15
"""Rows whose bounds are taken at a time in one thread."""

THREADS = 2

CELLS = 1 << 16
"""Columns and rows of the grid through which the Hilbert curve runs."""


@dataclass(frozen=True)
class Extent:
    """Bounds and geometry types of a column or a part of it."""

    low: tuple[float, float, float] = (np.inf, np.inf, np.inf)
    high: tuple[float, float, float] = (-np.inf, -np.inf, -np.inf)
    codes: frozenset[int] = frozenset()

    def joined(self, other: Extent) -> Extent:
        """Extent of both."""
        low = tuple(np.minimum(self.low, other.low).tolist())
        high = tuple(np.maximum(self.high, other.high).tolist())
        return Extent(low, high, self.codes | other.codes)

    @property
    def types(self) -> list[str]:
        """GeoParquet names of the types, empty (any) when one has no name there."""
        return sorted(NAMED[code] for code in self.codes) if self.codes <= NAMED.keys() else []

    @property
    def box(self) -> list[float] | None:
        """GeoParquet `bbox`, with heights where there are any; None where its sides are not finite."""
        axes = 2 if self.low[2] > self.high[2] else 3
        sides = [*self.low[:axes], *self.high[:axes]]
        return sides if np.isfinite(sides).all() else None


def standard_wkb(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """`column` in little-endian ISO WKB, as GeoParquet asks; chunks that are so already are kept."""
    return pa.chunked_array([_standard(chunk) for chunk in column.chunks], type=pa.binary())


def _standard(chunk: pa.Array) -> pa.Array:
    plain = chunk if pa.types.is_binary(chunk.type) else chunk.cast(pa.binary())
    orders, codes = headers(rows_of(plain))
    if (orders == 1).all() and (codes < LARGEST_CODE).all():
        return plain
    return pa.array(shapely.to_wkb(parse(plain), flavor="iso", byte_order=1), type=pa.binary())


def measure(column: pa.ChunkedArray) -> tuple[Bounds, Extent]:
    """Bounds of each row of standard WKB (NaN where it has none), and the extent of all."""
    pieces = [
        chunk.slice(start, MEASURED_ROWS)
        for chunk in column.chunks
        for start in range(0, len(chunk), MEASURED_ROWS)
    ]
    if len(pieces) > 1:
        with ThreadPoolExecutor(THREADS) as pool:
            measured = list(pool.map(_measure, pieces))
    else:
        measured = [_measure(piece) for piece in pieces]
    extent = Extent()
    for _bounds, found in measured:
        extent = extent.joined(found)
    return np.concatenate([np.empty((4, 0)), *(bounds for bounds, _found in measured)], axis=1), extent


def _measure(chunk: pa.Array) -> tuple[Bounds, Extent]:
    rows = rows_of(chunk)
    codes = headers(rows)[1]
    bounds = bounds_of(chunk, rows, codes)
    lowest, highest = _heights(chunk, rows, codes)
    west, south = (float(np.fmin.reduce(side, initial=np.inf)) for side in bounds[:2])
    east, north = (float(np.fmax.reduce(side, initial=-np.inf)) for side in bounds[2:])
    return bounds, Extent((west, south, lowest), (east, north, highest), frozenset(np.unique(codes).tolist()))


def _heights(chunk: pa.Array, rows: Rows, codes: Codes) -> tuple[float, float]:
    """Lowest and highest position of geometries that have heights."""
    if not np.isin(codes // 1000, (1, 3)).any():
        return np.inf, -np.inf
    points = points_of(rows, codes)
    positions = points if points is not None else shapely.get_coordinates(parse(chunk), include_z=True)
    heights = positions[:, 2]
    return float(np.fmin.reduce(heights, initial=np.inf)), float(np.fmax.reduce(heights, initial=-np.inf))


def hilbert_order(bounds: Bounds) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Order of rows along a Hilbert curve through the centres of `bounds`; rows without geometry come last.

    Rows of one cell of the curve's grid keep their order, so the result
    depends on the data alone.
    """
    with np.errstate(invalid="ignore"):
        centres = bounds[:2] / 2 + bounds[2:] / 2
    placed = np.isfinite(centres).all(axis=0)
    distance = np.zeros(placed.size, np.uint32)
    if placed.any():
        chosen = slice(None) if placed.all() else placed
        distance[chosen] = hilbert_distance(*map(_cells, centres[:, chosen]))
    return _stable_order(distance, last=~placed)


def _cells(axis: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Cell of the curve's grid in which each coordinate lies."""
    half = axis / 2  # the distance of the ends may be more than the largest number
    low, breadth = half.min(), np.ptp(half)
    if breadth == 0:
        return np.zeros(axis.shape, np.uint16)
    return ((half - low) / breadth * (CELLS - 1)).astype(np.uint16)


def _stable_order(
    keys: np.ndarray[Any, np.dtype[np.uint32]], last: np.ndarray[Any, np.dtype[np.bool_]]
) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Stable ascending order of `keys`, rows that are `last` after all others.

    Sorted by the low and then the high 16 bits, for numpy counts 16-bit keys
    instead of comparing them.
    """
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    order = order[np.argsort((keys >> 16).astype(np.uint16)[order], kind="stable")]
    if last.any():
        order = np.concatenate([order[~last[order]], order[last[order]]])
    return order.astype(np.int32)


def _quadrant_table() -> tuple[np.ndarray[Any, np.dtype[np.uint16]], np.ndarray[Any, np.dtype[np.uint16]]]:
    """Steps along the curve and next orientation, by orientation and four bits of column and row each.

    An orientation is one of identity, transposed, both reversed, and transposed
    and reversed. In each, the curve visits four quadrants; the first and the
    last hold a transposed copy of it.
    """
    axes = np.meshgrid(np.arange(4), np.arange(16), np.arange(16), indexing="ij")
    state, column, row = (axis.ravel() for axis in axes)
    distance = np.zeros_like(state)
    for bit in (3, 2, 1, 0):
        right, up = (column >> bit) & 1, (row >> bit) & 1
        right, up = np.where(state >= 2, 1 - right, right), np.where(state >= 2, 1 - up, up)
        right, up = np.where(state % 2 == 1, up, right), np.where(state % 2 == 1, right, up)
        quadrant = (3 * right) ^ up
        distance = distance * 4 + quadrant
        state = np.choose(quadrant, [state ^ 1, state, state, state ^ 3])
    return distance.astype(np.uint16), state.astype(np.uint16)


STEPS, TURNS = _quadrant_table()


def hilbert_distance(
    columns: np.ndarray[Any, np.dtype[np.uint16]], rows: np.ndarray[Any, np.dtype[np.uint16]]
) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """Distance along the Hilbert curve of order 16 at each cell (column, row).

    The curve is followed four levels at a time: within an orientation, the
    next four bits of column and row give eight bits of the distance and the
    orientation below (Hilbert 1891; the table is built in `_quadrant_table`).
    """
    distance = np.zeros(columns.shape, np.uint32)
    orientation = np.zeros(columns.shape, np.uint16)
    for shift in (12, 8, 4, 0):
        cell = (orientation << 8) | (((columns >> shift) & 15) << 4) | ((rows >> shift) & 15)
        distance = (distance << 8) | STEPS[cell]
        orientation = TURNS[cell]
    return distance
