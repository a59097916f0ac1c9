"""Well-known binary in Arrow columns, read without taking each geometry apart.

Most survey layers hold geometries of one part and one ring. Their WKB is a
header of fixed length and then bare coordinates, so a whole column of them
becomes one array of numbers by cutting the headers off.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TYPES = {
    1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon",
    7: "GeometryCollection",
}  # fmt: skip

_HEADER = {1: 5, 2: 9, 3: 13, 4: 14, 5: 18, 6: 22}
"""Bytes before the first coordinate of a geometry of one part and one ring."""

_ONES = {3: (5,), 4: (5,), 5: (5,), 6: (5, 14)}
"""Where the header counts parts and rings, each of which must be one."""

_POINTS = frozenset({1, 4})
"""Types whose header holds no number of points: there is one."""

_SHORTEST, _WORD = 5, 4
_EWKB_Z, _EWKB_M, _EWKB_SRID = 0x80000000, 0x40000000, 0x20000000


class Runs(NamedTuple):
    """Geometries of one type, each a run of coordinates.

    Parameters
    ----------
    type : str
        Type of all of them.
    coordinates : array (n, 2 to 4)
        Of all geometries, one after the other.
    starts : array (m,)
        First coordinate of each geometry; all have at least one.
    rows : array (m,)
        Their rows in the column.
    heights : bool
        Whether the third coordinate is a height.
    """

    type: str
    coordinates: np.ndarray
    starts: np.ndarray
    rows: np.ndarray
    heights: bool


class Split(NamedTuple):
    """A column taken apart: runs, rows whose geometry is empty, and rows that need a parser."""

    runs: list[Runs]
    empty: int
    others: np.ndarray


class _Columns(NamedTuple):
    """A column without nulls: where each geometry begins, and the four-byte word at every byte."""

    array: pa.Array
    offsets: np.ndarray
    words: np.ndarray
    rows: np.ndarray

    def word(self, places: np.ndarray) -> np.ndarray:
        """Words at `places`; whatever the last is, where a place lies beyond the end."""
        return np.asarray(self.words[np.minimum(places, len(self.words) - 1)])


def split(column: pa.Array) -> Split:
    """Take the binary `column` (without chunks) apart; nulls count as neither."""
    rows = (
        np.arange(len(column))
        if not column.null_count
        else np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    )
    present = _binary(column.drop_null() if column.null_count else column)
    if not len(present):
        return Split([], 0, rows[:0])
    columns = _open(present, rows)
    lengths = np.diff(columns.offsets)
    code, simple = _codes(columns, lengths)
    runs, empty = [], 0
    others = ~simple
    for one in _distinct(code[simple]) if simple.any() else ():
        chosen = np.flatnonzero(simple & (code == one))
        run, left, blank = _run(columns, one, chosen, lengths)
        others[left] = True
        empty += blank
        if run is not None:
            runs.append(run)
    return Split(runs, empty, rows[others])


def _binary(column: pa.Array) -> pa.Array:
    storage = column.storage if isinstance(column, pa.ExtensionArray) else column
    return storage if pa.types.is_binary(storage.type) else storage.cast(pa.binary())


def _open(array: pa.Array, rows: np.ndarray) -> _Columns:
    """Offsets and bytes of `array`, the latter also as four-byte words at every byte."""
    _, offset_buffer, data = array.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[array.offset : array.offset + len(array) + 1].astype(
        np.int64
    )
    raw = (
        np.frombuffer(data, np.uint8)
        if data is not None and data.size >= _WORD
        else np.zeros(_WORD, np.uint8)
    )
    return _Columns(array, offsets, np.ndarray((raw.size - _WORD + 1,), "<u4", raw, strides=(1,)), rows)


def _codes(columns: _Columns, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Type code of each geometry, and whether it is one that may be a simple run."""
    code = columns.word(columns.offsets[:-1] + 1)
    known = np.zeros(len(code), bool)
    for one in _distinct(code):
        if (one & 0x0FFFFFFF) % 1000 in _HEADER and not one & _EWKB_SRID:
            known |= code == one
    # The low byte of the word at the beginning is the byte order: 1 is little-endian.
    return code, known & (lengths >= _SHORTEST) & ((columns.word(columns.offsets[:-1]) & 0xFF) == 1)


def _distinct(code: np.ndarray) -> list[int]:
    """Different values of `code`; most columns have one."""
    return [int(code[0])] if (code == code[0]).all() else np.unique(code).tolist()


def _dimensions(code: int) -> tuple[bool, bool]:
    """Whether a type code says that there are heights, and measures."""
    iso = (code & 0x0FFFFFFF) // 1000
    return bool(code & _EWKB_Z) or iso in {1, 3}, bool(code & _EWKB_M) or iso in {2, 3}


def _run(
    columns: _Columns, code: int, chosen: np.ndarray, lengths: np.ndarray
) -> tuple[Runs | None, np.ndarray, int]:
    """Run of the geometries `chosen` of one `code`, those of them that are no run, and how many are empty."""
    base = (code & 0x0FFFFFFF) % 1000
    header, size = _HEADER[base], 8 * (2 + sum(_dimensions(code)))
    whole = len(chosen) == len(lengths)
    starts, length = (columns.offsets[:-1], lengths) if whole else (columns.offsets[chosen], lengths[chosen])
    counts = (
        np.ones(len(chosen), np.int64)
        if base in _POINTS
        else columns.word(starts + header - 4).astype(np.int64)
    )
    fits = length >= header
    for place in _ONES.get(base, ()):
        fits &= columns.word(starts + place) == 1
    fits &= length == header + counts * size
    blank = fits & (counts == 0)
    keep = fits & ~blank
    return _cut(columns, code, chosen[keep], header, counts[keep]), chosen[~fits], int(blank.sum())


def _cut(columns: _Columns, code: int, chosen: np.ndarray, header: int, counts: np.ndarray) -> Runs | None:
    if not len(chosen):
        return None
    array = columns.array if len(chosen) == len(columns.array) else columns.array.take(pa.array(chosen))
    has_z, has_m = _dimensions(code)
    width = 2 + has_z + has_m
    # Without `stop` some versions of Arrow work out a negative length.
    body = pc.binary_slice(array, header, int(header + counts.max() * 8 * width))
    _, offset_buffer, data = body.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[body.offset : body.offset + len(body) + 1]
    numbers = np.frombuffer(data, "<f8", count=int(offsets[-1] - offsets[0]) // 8, offset=int(offsets[0]))
    starts = np.cumsum(counts) - counts
    return Runs(
        TYPES[(code & 0x0FFFFFFF) % 1000], numbers.reshape(-1, width), starts, columns.rows[chosen], has_z
    )
