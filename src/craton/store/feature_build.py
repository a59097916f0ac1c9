"""Building the file of a dataset's features: one pass over its data, memory bounded.

| table | holds |
|---|---|
| `meta` | what `FeatureIndex` says of all features, as JSON |
| `place` | R-tree of the boxes in CRS84 (float32, rounded outwards) |
| `nowhere` | features without a place |
| `value` | the exact box, and the columns `c0`, `c1`… as they are compared |
| `body` | each feature as GeoJSON |
| `shape` | its geometry as WKB in CRS84, and in the system of the data where that differs |
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from craton.model.errors import StorageError
from craton.model.record import Column, Record
from craton.store.codec_geometry import hilbert_order
from craton.store.feature_columns import FeatureColumn, type_of, values_of
from craton.store.feature_shapes import Boxes, Shapes, shapes_of
from craton.store.feature_source import Batch, Locator, Source, source_of

FORMAT = 2
"""Number of this layout; another one is made anew."""

CELLS = 64
"""Columns and rows of the net in which features are counted."""

MOST_COMPARED = 1_900
"""Columns that filters may ask for; SQLite has no table much wider."""

INDEXED = 24
"""Columns that get an index, the first ones of a table."""

INDEXED_FROM = 1_000
"""Features from which an index is sooner than to look at all."""

BULK = 1 << 18
"""Boxes that are sorted and entered into the tree at a time."""

WRITING = (
    "PRAGMA page_size = 8192",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA cache_size = -131072",
    "PRAGMA temp_store = MEMORY",
)
"""The file is thrown away where writing it fails, so nothing guards it on the way."""

TYPES = {"string": "TEXT", "number": "REAL"}
"""Types of columns in SQLite, where not INTEGER; a whole number too large for it is kept as REAL."""

TYPE_ORDER = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
)  # fmt: skip


class Meta(msgspec.Struct, frozen=True):
    """What a file of features says of itself.

    Parameters
    ----------
    crs : str
        System of the data.
    count, nowhere : int
        Features, and those of them without a place.
    box : tuple, or None
        West, south, east, north of all that have a place.
    whole : bool
        Whether each geometry is in one piece.
    net : list of int
        Features by the cell of a net over `box` in which their middle lies, row by row from the south.
    """

    crs: str
    count: int
    nowhere: int
    box: tuple[float, float, float, float] | None
    geometry_types: tuple[str, ...]
    columns: tuple[FeatureColumn, ...]
    whole: bool
    net: list[int]

    @property
    def compared(self) -> tuple[FeatureColumn, ...]:
        """Columns that filters may ask for."""
        return self.columns[:MOST_COMPARED]


def build(record: Record, locate: Locator, target: Path) -> None:
    """Write the features of `record` to the file `target`."""
    try:
        source = source_of(record, locate)
        with closing(sqlite3.connect(target, isolation_level=None)) as connection:
            _Builder(connection, record, source).run()
    except pa.ArrowException as error:
        raise StorageError(
            f"the data of {record.id} cannot be read ({error})", hint="check the store"
        ) from error


class _Made(NamedTuple):
    """A batch ready to be written."""

    ids: np.ndarray[Any, np.dtype[np.int64]]
    bodies: list[bytes]
    compared: list[list[Any]]
    shapes: Shapes | None


def _made(batch: Batch, names: list[str], crs: str) -> _Made:
    values = [values_of(batch.properties[name]) for name in names]
    shapes = None if batch.geometry is None else shapes_of(batch.geometry, crs)
    told = _rows([column.told for column in values], len(batch.ids))
    geometries = [None] * len(batch.ids) if shapes is None else shapes.geojson
    bodies = [
        b'{"type":"Feature","id":%d,"geometry":%b,"properties":%b}'
        % (id, b"null" if geometry is None else geometry.encode(), properties)
        for id, geometry, properties in zip(
            batch.ids.tolist(), geometries, _properties(names, told), strict=True
        )
    ]
    return _Made(batch.ids, bodies, [column.compared for column in values[:MOST_COMPARED]], shapes)


def _ahead(items: Iterator[_Made]) -> Iterator[_Made]:
    """`items`, the next one made in a second thread while the last is written."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


class _Builder:
    """Writes one file."""

    def __init__(self, connection: sqlite3.Connection, record: Record, source: Source) -> None:
        self._connection, self._record, self._source = connection, record, source
        self._columns = _columns(record, source.schema)
        self._compared = self._columns[:MOST_COMPARED]
        self._count = self._nowhere = 0
        self._types: set[str] = set()
        self._whole = True
        self._middles: list[np.ndarray[Any, np.dtype[np.float32]]] = []
        self._waiting: list[tuple[np.ndarray[Any, np.dtype[np.int64]], Boxes]] = []
        self._box = np.array([np.inf, np.inf, -np.inf, -np.inf])

    def run(self) -> None:
        for pragma in WRITING:
            self._connection.execute(pragma)
        self._connection.execute("BEGIN")
        self._make_tables()
        names, crs = [column.name for column in self._columns], self._record.crs
        for made in _ahead(_made(batch, names, crs) for batch in self._source.batches()):
            self._add(made)
        self._add_boxes()
        self._finish()
        self._connection.execute("COMMIT")

    def _make_tables(self) -> None:
        columns = ", ".join(f"c{n} {TYPES.get(c.type, 'INTEGER')}" for n, c in enumerate(self._compared))
        box = "id INTEGER PRIMARY KEY, west REAL, south REAL, east REAL, north REAL, whole INTEGER"
        for statement in (
            "CREATE TABLE meta (json BLOB NOT NULL)",
            "CREATE VIRTUAL TABLE place USING rtree (id, west, east, south, north)",
            "CREATE TABLE nowhere (id INTEGER PRIMARY KEY)",
            f"CREATE TABLE value ({', '.join(filter(None, (box, columns)))})",
            "CREATE TABLE body (id INTEGER PRIMARY KEY, feature BLOB NOT NULL)",
            "CREATE TABLE shape (id INTEGER PRIMARY KEY, wkb BLOB, native BLOB)",
        ):
            self._connection.execute(statement)

    def _add(self, made: _Made) -> None:
        ids = made.ids.tolist()
        self._many("body", 2, zip(ids, made.bodies, strict=True))
        self._add_values(ids, made.shapes, made.compared)
        self._add_shapes(made.ids, made.shapes)
        self._count += len(ids)

    def _many(self, table: str, width: int, rows: Any) -> None:
        marks = ", ".join("?" * width)
        self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - own names

    def _add_values(self, ids: list[int], shapes: Shapes | None, compared: list[list[Any]]) -> None:
        nothing = [None] * len(ids)
        boxes: list[list[Any]] = [nothing] * 5
        if shapes is not None:
            # SQLite stores NaN as NULL.
            boxes = [*shapes.boxes.T.tolist(), shapes.whole.tolist()]
        self._many("value", 6 + len(compared), zip(ids, *boxes, *compared, strict=True))

    def _add_shapes(self, ids: np.ndarray[Any, Any], shapes: Shapes | None) -> None:
        if shapes is None:
            self._nowhere += len(ids)
            return
        self._many("shape", 3, zip(ids.tolist(), shapes.wkb, shapes.native, strict=True))
        placed = np.isfinite(shapes.boxes[:, 0])
        missing = ids[~placed].tolist()
        self._many("nowhere", 1, ((id,) for id in missing))
        self._nowhere += len(missing)
        self._types |= shapes.types
        self._whole = self._whole and bool(shapes.whole[placed].all())
        if placed.any():
            self._note_boxes(ids[placed], shapes.boxes[placed])

    def _note_boxes(self, ids: np.ndarray[Any, Any], boxes: Boxes) -> None:
        self._box[:2] = np.minimum(self._box[:2], boxes[:, :2].min(axis=0))
        self._box[2:] = np.maximum(self._box[2:], boxes[:, 2:].max(axis=0))
        self._middles.append(((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.float32))
        self._waiting.append((ids, boxes))
        if sum(len(some) for some, _ in self._waiting) >= BULK:
            self._add_boxes()

    def _add_boxes(self) -> None:
        """Enter boxes into the tree, neighbours together: it is built sooner and answers sooner."""
        if not self._waiting:
            return
        ids = np.concatenate([some for some, _ in self._waiting])
        boxes = np.concatenate([some for _, some in self._waiting])
        order = hilbert_order(boxes.T)
        west, south, east, north = boxes[order].T.tolist()
        self._many("place", 5, zip(ids[order].tolist(), west, east, south, north, strict=True))
        self._waiting.clear()

    def _finish(self) -> None:
        if self._count >= INDEXED_FROM:
            for n in range(min(len(self._compared), INDEXED)):
                self._connection.execute(f"CREATE INDEX i{n} ON value (c{n})")
            self._connection.execute("PRAGMA analysis_limit = 1000")
            self._connection.execute("ANALYZE value")
        box = None if self._box[0] > self._box[2] else tuple(self._box.tolist())
        meta = Meta(
            self._record.crs, self._count, self._nowhere, box,
            tuple(name for name in TYPE_ORDER if name in self._types), self._columns, self._whole,
            self._net(),
        )  # fmt: skip
        self._connection.execute("INSERT INTO meta VALUES (?)", (msgspec.json.encode(meta),))

    def _net(self) -> list[int]:
        if not self._middles:
            return []
        middles = np.concatenate(self._middles)
        size = np.maximum(self._box[2:] - self._box[:2], 1e-9)
        cells = ((middles - self._box[:2]) / size * CELLS).astype(np.int64).clip(0, CELLS - 1)
        return np.bincount(cells[:, 1] * CELLS + cells[:, 0], minlength=CELLS * CELLS).tolist()


def _rows(columns: list[list[Any]], count: int) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True)) if columns else [()] * count


def _properties(names: list[str], rows: list[tuple[Any, ...]]) -> list[bytes]:
    encode = msgspec.json.Encoder().encode
    return [encode(dict(zip(names, row, strict=True))) for row in rows]


def _columns(record: Record, schema: pa.Schema) -> tuple[FeatureColumn, ...]:
    """Properties, with what the record says of them."""
    noted: dict[str, Column] = {}
    for column in record.columns:
        noted.setdefault(column.name, column)
    nothing = Column(name="", type="")
    return tuple(
        FeatureColumn(name, type_of(kind), note.unit, note.title, note.quantity)
        for name, kind in zip(schema.names, schema.types, strict=True)
        for note in (noted.get(name, nothing),)
    )
