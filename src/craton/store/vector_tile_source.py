"""Features for tiles, read from the file that the index of features keeps."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import numpy as np
import shapely

from craton.model.record import Bbox
from craton.store.feature_build import Meta
from craton.store.feature_columns import FeatureColumn, time_text
from craton.store.tile_archive_make import Features
from craton.store.vector_tile_shapes import Integers
from craton.store.vector_tile_values import Attributes, Scalar, attributes_of

SAMPLE = 4000
"""Features that are looked at to choose the levels."""

AT_ONCE = 500
"""Identifiers of one query."""

LOOKING_SECONDS = 5.0
"""How long the largest features of a box are sought."""

STEPS = 100_000
"""Instructions of SQLite between two looks at the clock."""

SPARE = 5
"""How many times as many features as are wanted are looked at where not all are: many may lie elsewhere."""

SPREAD = "(id * 2654435761) & 4294967295"
"""An order of features that has nothing to do with that of their numbers."""

FROM = "FROM value JOIN shape USING (id)"

Geometries = np.ndarray[tuple[int], np.dtype[np.object_]]


def connect(path: Path) -> sqlite3.Connection:
    """Connection to the file of features `path`, for reading, from any thread."""
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, check_same_thread=False)


def meta_of(connection: sqlite3.Connection) -> Meta:
    """What the file says of all its features."""
    row = connection.execute("SELECT json FROM meta").fetchone()
    return msgspec.json.decode(row[0], type=Meta)


def all_features(path: Path) -> tuple[Features, Meta]:
    """All features of the file that have a place."""
    with closing(connect(path)) as connection:
        meta = meta_of(connection)
        columns = ", ".join(("id", "wkb", *_columns(meta)))
        rows = connection.execute(f"SELECT {columns} {FROM} WHERE wkb NOT NULL").fetchall()
    ids = np.array([row[0] for row in rows], np.int64)
    geometries = _geometries([row[1] for row in rows])
    return Features(geometries, ids, _attributes(meta, [row[2:] for row in rows])), meta


def ids_in(connection: sqlite3.Connection, bbox: Bbox, *, most: int) -> Integers:
    """Features whose boxes touch `bbox`, in their order; of more than `most`, the largest.

    Where there are too many to look at all, they are some from all parts of the file.
    """
    west, south, east, north = bbox
    inside = "west <= ? AND east >= ? AND south <= ? AND north >= ?"
    sides = (east, west, north, south)
    # Equal sizes, as of points, are parted evenly: the tree gives neighbours one after the other.
    order = f"max(east - west, north - south) DESC, {SPREAD}"
    sql = f"SELECT id FROM place WHERE {inside} ORDER BY {order} LIMIT ?"  # noqa: S608 - words of our own
    try:
        with _at_most(connection, LOOKING_SECONDS):
            rows = connection.execute(sql, (*sides, most)).fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return _some_in(connection, inside, sides, most)
    return np.sort(np.array(rows, np.int64).ravel())


def _some_in(connection: sqlite3.Connection, inside: str, sides: tuple[float, ...], most: int) -> Integers:
    """Features in a box, out of some from all parts of the file."""
    (count,) = connection.execute("SELECT max(id) FROM value").fetchone()
    looked_at = np.unique(np.linspace(1, count, most * SPARE).astype(np.int64))
    wanted = "id IN (SELECT value FROM json_each(?))"
    sql = f"SELECT id FROM value WHERE {wanted} AND {inside} ORDER BY id"  # noqa: S608 - words of our own
    ids = msgspec.json.encode(looked_at.tolist()).decode()
    found = np.array(connection.execute(sql, (ids, *sides)).fetchall(), np.int64).ravel()
    return found[np.unique(np.linspace(0, len(found) - 1, min(most, len(found))).astype(np.int64))]


@contextmanager
def _at_most(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt what is asked of `connection` after some seconds."""
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def geometries_of(connection: sqlite3.Connection, ids: Integers) -> Geometries:
    """Geometries of the features `ids`, in their order."""
    return _geometries([row[0] for row in _rows(connection, "wkb", ids)])


def attributes_in(connection: sqlite3.Connection, meta: Meta, ids: Integers) -> Attributes:
    """Attributes of the features `ids`, in their order."""
    columns = _columns(meta)
    return _attributes(meta, list(_rows(connection, ", ".join(columns) or "id", ids)))


def sample(connection: sqlite3.Connection, meta: Meta) -> tuple[Geometries, float]:
    """Geometries of some features from all parts of the file, and what share of all they are."""
    ids = np.unique(np.linspace(1, max(meta.count, 1), min(SAMPLE, meta.count)).astype(np.int64))
    return geometries_of(connection, ids), max(len(ids), 1) / max(meta.count, 1)


def _columns(meta: Meta) -> list[str]:
    return [f"c{number}" for number in range(len(meta.compared))]


def _rows(connection: sqlite3.Connection, columns: str, ids: Integers) -> Iterable[tuple[object, ...]]:
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE].tolist()
        marks = ", ".join("?" * len(some))
        yield from connection.execute(
            f"SELECT {columns} {FROM} WHERE id IN ({marks}) ORDER BY id",
            some,
        )


def _geometries(wkb: Sequence[object]) -> Geometries:
    column = np.empty(len(wkb), object)
    column[:] = wkb
    parsed: Geometries = shapely.from_wkb(column, on_invalid="ignore")
    return parsed


def _attributes(meta: Meta, rows: Sequence[tuple[object, ...]]) -> Attributes:
    columns = zip(*rows, strict=True) if rows else [()] * len(meta.compared)
    return attributes_of({
        column.name: _told(column, values) for column, values in zip(meta.compared, columns, strict=False)
    })  # fmt: skip


def _told(column: FeatureColumn, values: Sequence[object]) -> Sequence[Scalar]:
    """Values as they are told: SQLite has numbers for times and for yes and no."""
    if column.type == "boolean":
        return [None if value is None else bool(value) for value in values]
    if column.type in {"date", "date-time"}:
        texts = {value: time_text(value, column.type) for value in set(values) if isinstance(value, int)}
        return [texts[value] if isinstance(value, int) else None for value in values]
    return values  # type: ignore[return-value]
