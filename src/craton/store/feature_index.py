"""The features of a dataset, ready to be asked: a read-only SQLite file made of its data on first use."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from craton.model.errors import BeingMadeError, CratonError, NotFoundError, StorageError
from craton.model.record import Record
from craton.store.background import Background
from craton.store.feature_build import FORMAT, Meta
from craton.store.feature_columns import FeatureColumn, time_text
from craton.store.feature_make import is_small, make, make_apart, seconds_of
from craton.store.feature_query import (
    FeaturePage,
    FeatureQuery,
    Net,
    Plan,
    Statement,
    count_statement,
    page_statement,
    plan,
)
from craton.store.feature_session import MOST_SECONDS, GoneError, Session, TooLongError, translated
from craton.store.feature_source import KINDS, members_of
from craton.store.feature_sql import unknown_property
from craton.store.pool import Pool
from craton.store.store import Store

__all__ = [
    "FeatureColumn", "FeatureIndex", "FeaturePage", "FeatureQuery", "GoneError", "TooLongError",
    "features_at_hand", "make_ready", "open_features",
]  # fmt: skip

MOST_OPEN = 64
"""Files of features that a process keeps open."""

MOST_BYTES = 32 << 20
"""Bytes of a page; large features make it shorter than was asked."""

SEEN_SECONDS = 60.0
"""Seconds after which a file in use is marked as used again, so that it is not removed."""

MOST_MADE = 2
"""Large files of features that are made at a time."""

FILE = f"features-{FORMAT}.sqlite"


class _Feature(msgspec.Struct):
    """A stored feature, whose geometry and properties are passed on as they are."""

    type: msgspec.Raw
    id: msgspec.Raw
    geometry: msgspec.Raw
    properties: dict[str, msgspec.Raw]


class FeatureIndex:
    """The features of one dataset; may be used from several threads.

    Parameters
    ----------
    path : Path
        The file.
    again : callable
        Makes it again where it was removed.

    Attributes
    ----------
    crs : str
        System of the data, in which `geometries` are.
    count : int
        Number of features.
    box : tuple, or None
        West, south, east, north of all in CRS84.
    geometry_types : tuple of str
        GeoJSON types that there are.
    columns : tuple of FeatureColumn
        Properties in the order of the source.
    time_columns : tuple of str
        Properties by which a feature lies in a period.
    """

    def __init__(self, path: Path, again: Callable[[], object]) -> None:
        self._pool = Pool(lambda: Session(path))
        self._again = again
        self._closed = False
        self.seen = time.monotonic()
        ((meta,),) = self._rows(Statement("SELECT json FROM meta", (), []))
        self._meta = msgspec.json.decode(meta, type=Meta)
        self.crs, self.count, self.box = self._meta.crs, self._meta.count, self._meta.box
        self.geometry_types, self.columns = self._meta.geometry_types, self._meta.columns
        self.time_columns = tuple(c.name for c in self._meta.compared if c.type in {"date", "date-time"})
        self._net = Net(self._meta)
        self._compared = {column.name: n for n, column in enumerate(self._meta.compared)}
        self._names = frozenset(column.name for column in self.columns)

    def close(self) -> None:
        """Release connections, those in use as soon as they are not."""
        self._closed = True
        self._pool.close()

    def page(self, query: FeatureQuery, *, seconds: float | None = None) -> FeaturePage:
        """Some of the features that `query` asks for, in the order of numbers unless it allows another.

        There are fewer than it asks for where they would be larger than `MOST_BYTES`.

        Parameters
        ----------
        query : FeatureQuery
            What is asked for.
        seconds : float
            How long it may take, where that is less than all queries may; nothing is made again then.

        Raises
        ------
        InvalidError
            For an unknown property, values of different kinds, or what takes too long (`TooLongError`).
        GoneError
            If the file was removed, where `seconds` are given.
        """
        for name in query.properties or ():
            if name not in self._names:
                raise unknown_property(name, self._names)
        found = page_statement(query, self._meta, self._plan(query), self._net)
        # The bodies are fetched for the features of the page alone, not for all that are sorted.
        sql = f"SELECT b.id, b.feature FROM ({found.sql}) p CROSS JOIN body b ON b.id = p.id"  # noqa: S608
        statement = Statement(sql, found.values, found.places)
        limits = {"most": query.limit, "most_bytes": MOST_BYTES}
        rows, more = self._asked(
            lambda session: session.bodies(statement, **limits, seconds=seconds or MOST_SECONDS),
            patient=seconds is None,
        )
        if not found.in_order:
            rows.sort()  # as far as one page can be in order, it is
        features = [body for _, body in rows]
        if query.properties is not None:
            features = _with_properties(features, query.properties)
        return FeaturePage(features, [id for id, _ in rows], more, found.in_order)

    def count_of(self, query: FeatureQuery) -> int:
        """How many features `query` asks for, whatever its page."""
        found = self._plan(query)
        if not found.conditions:
            return self.count
        ((count,),) = self._rows(count_statement(found, self._net))
        return int(count)

    def feature(self, id: int) -> bytes | None:
        """The feature with number `id` as GeoJSON in CRS84; `None` where there is none."""
        if not 0 < id <= self.count:
            return None
        rows = self._rows(Statement("SELECT feature FROM body WHERE id = ?", (id,), []))
        return rows[0][0] if rows else None

    def geometries(self, ids: Sequence[int]) -> list[bytes | None]:
        """Geometries in the system of the data as WKB; `None` where a feature has none."""
        wanted = msgspec.json.encode([id for id in ids if 0 < id <= self.count]).decode()
        sql = "SELECT id, COALESCE(native, wkb) FROM shape WHERE id IN (SELECT value FROM json_each(?))"
        found = dict(self._rows(Statement(sql, (wanted,), [])))
        return [found.get(id) for id in ids]

    def values(self, column: str, *, most: int) -> list[tuple[str | float | bool, int]]:
        """Different values of a property with the number of features that have each, most frequent first."""
        number = self._number(column)
        sql = (
            f"SELECT c{number}, count(*) FROM value WHERE c{number} IS NOT NULL GROUP BY 1 "  # noqa: S608
            "ORDER BY 2 DESC, 1 LIMIT ?"
        )
        return [
            (self._told(number, value), count) for value, count in self._rows(Statement(sql, (most,), []))
        ]

    def sample(self, column: str, most: int) -> list[str | float | bool]:
        """Values of a property of at most `most` features, spread evenly over all; all where they are fewer.

        From each of as many stretches of features one is drawn, so that no rhythm of the rows is met.
        """
        number, count = self._number(column), min(self.count, most)
        drawn = (np.arange(count) + np.random.default_rng(0).random(count)) * (self.count / max(count, 1))
        ids = drawn.astype(np.int64) + 1 if count < self.count else np.arange(1, count + 1)
        sql = (
            f"SELECT c{number} FROM value WHERE c{number} IS NOT NULL "  # noqa: S608 - names of our own
            "AND id IN (SELECT value FROM json_each(?))"
        )
        statement = Statement(sql, (msgspec.json.encode(ids.tolist()).decode(),), [])
        return [self._told(number, value) for (value,) in self._rows(statement)]

    def tally(
        self, column: str, query: FeatureQuery, *, most: int
    ) -> list[tuple[str | float | bool | None, int]]:
        """Different values of a property among the features that `query` asks for, most frequent first."""
        number = self._number(column)
        counted = count_statement(self._plan(query), self._net)
        counts = counted.sql.removeprefix("SELECT ")
        sql = f"SELECT v.c{number}, {counts} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"
        rows = self._rows(Statement(sql, (*counted.values, most), counted.places))
        return [(None if value is None else self._told(number, value), count) for value, count in rows]

    def range(self, column: str) -> tuple[float, float] | None:
        """Least and greatest value of a property that is a number; `None` for others, and without any."""
        number = self._number(column)
        if self.columns[number].type not in {"integer", "number"}:
            return None
        low, high = self._ends(number)
        return None if low is None or high is None else (low, high)

    def times(self, column: str) -> tuple[str, str] | None:
        """First and last value of a property that is a time, as RFC 3339; `None` for others."""
        number = self._number(column)
        low, high = self._ends(number)
        if column not in self.time_columns or low is None or high is None:
            return None
        return str(self._told(number, low)), str(self._told(number, high))

    def _ends(self, number: int) -> tuple[float | None, float | None]:
        """Least and greatest value; asked for one by one, an index answers at once."""
        ends = (f"(SELECT {side}(c{number}) FROM value)" for side in ("min", "max"))  # noqa: S608
        ((low, high),) = self._rows(Statement(f"SELECT {', '.join(ends)}", (), []))
        return low, high

    def _told(self, number: int, value: object) -> str | float | bool:
        kind = self.columns[number].type
        if kind == "boolean":
            return bool(value)
        if kind in {"date", "date-time"}:
            assert isinstance(value, int)
            return time_text(value, kind)
        assert isinstance(value, str | int | float)
        return value

    def _number(self, column: str) -> int:
        if column not in self._compared:
            raise unknown_property(column, self._compared)
        return self._compared[column]

    def _plan(self, query: FeatureQuery) -> Plan:
        return plan(query, self._meta, self.time_columns)

    def _rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        return self._asked(lambda session: session.rows(statement))

    def _asked[T](self, ask: Callable[[Session], T], *, patient: bool = True) -> T:
        """Answer of a session; a file that was removed is made again if `patient`."""
        try:
            return self._answer(ask)
        except GoneError:
            if not patient:
                raise
        self._again()
        return self._answer(ask)

    def _answer[T](self, ask: Callable[[Session], T]) -> T:
        with translated(), self._pool.take() as session:
            answer = ask(session)
        if self._closed:
            self._pool.close()
        return answer


def _with_properties(features: list[bytes], names: Sequence[str]) -> list[bytes]:
    """`features` with the properties `names` alone."""
    wanted = set(names)
    read, write = msgspec.json.Decoder(_Feature).decode, msgspec.json.Encoder().encode
    result = []
    for body in features:
        feature = read(body)
        feature.properties = {key: value for key, value in feature.properties.items() if key in wanted}
        result.append(write(feature))
    return result


_Key = tuple[str, str]

_open: OrderedDict[_Key, FeatureIndex] = OrderedDict()
_guard = threading.Lock()
_builder = Background("features", threads=MOST_MADE)


def open_features(store: Store, record: Record, *, wait: bool = False) -> FeatureIndex:
    """The features of `record`, made ready on first use.

    Parameters
    ----------
    store, record
        The dataset, and where it is.
    wait : bool
        Make those of a large dataset at once too.

    Raises
    ------
    NotFoundError
        Where its data is of a kind without features.
    BeingMadeError
        While those of a large dataset are made, by a process that nobody waits for.
    """
    if not _has_features(record):
        raise NotFoundError(f"{record.id} has no features")
    key = _key(store, record)
    path = _file(store, record, wait=wait)
    index = _kept(key)
    return _keep(key, FeatureIndex(path, lambda: _file(store, record))) if index is None else index


def features_at_hand(store: Store, record: Record) -> FeatureIndex | None:
    """The features of `record` if they are open; asked for without waiting for a disk."""
    key = _key(store, record)
    index = _kept(key)
    if index is None or time.monotonic() - index.seen < SEEN_SECONDS:
        return index
    if store.derived.have(record.content, FILE) is None:
        _drop(key)
        return None
    index.seen = time.monotonic()
    return index


def make_ready(store: Store, record: Record) -> None:
    """Have the features of a large dataset made by a process that nobody waits for."""
    if not _has_features(record) or is_small(record) or not all(m.sha256 for m in members_of(record)):
        return
    if store.derived.have(record.content, FILE) is None:
        _order(store, record)


def _has_features(record: Record) -> bool:
    return record.kind in KINDS and "data" in record.assets and bool(record.content)


def _key(store: Store, record: Record) -> _Key:
    return str(store.derived.folder), record.content


def _file(store: Store, record: Record, *, wait: bool = False) -> Path:
    """File of the features, made here where it is small or waited for, else ordered."""
    found = store.derived.have(record.content, FILE)
    if found is not None:
        return found
    _drop(_key(store, record))
    if wait or is_small(record):
        return store.derived.get(record.content, FILE, lambda target: make(store, record, target))
    failed = _order(store, record)
    if isinstance(failed, CratonError):
        raise failed.with_traceback(None)
    if failed is not None:
        raise StorageError(f"the features of {record.id} were not made: {failed}")
    raise BeingMadeError(f"the features of {record.id} are being made ready", seconds=seconds_of(record))


def _order(store: Store, record: Record) -> Exception | None:
    """Have the file made soon; what that failed with a short time ago."""
    return _builder.ask(
        _key(store, record),
        lambda: store.derived.get(record.content, FILE, lambda target: make_apart(store, record, target)),
    )


def _kept(key: _Key) -> FeatureIndex | None:
    with _guard:
        if key in _open:
            _open.move_to_end(key)
        return _open.get(key)


def _keep(key: _Key, made: FeatureIndex) -> FeatureIndex:
    """Keep `made` open, unless another thread was sooner; those used longest ago are closed."""
    with _guard:
        index = _open.setdefault(key, made)
        dropped = [_open.popitem(last=False)[1] for _ in range(len(_open) - MOST_OPEN)]
    for other in (*dropped, *([made] if made is not index else [])):
        other.close()
    return index


def _drop(key: _Key) -> None:
    with _guard:
        index = _open.pop(key, None)
    if index is not None:
        index.close()
