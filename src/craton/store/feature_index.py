"""The features of a dataset, ready to be asked: a read-only SQLite file made of its data on first use."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from craton.model.errors import NotFoundError
from craton.model.record import Record
from craton.store.feature_build import FORMAT, Meta, build
from craton.store.feature_columns import FeatureColumn, time_text
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
from craton.store.feature_session import Session, translated
from craton.store.feature_source import KINDS
from craton.store.feature_sql import unknown_property
from craton.store.pool import Pool
from craton.store.store import Store

__all__ = ["FeatureColumn", "FeatureIndex", "FeaturePage", "FeatureQuery", "open_features"]

MOST_OPEN = 64
"""Files of features that a process keeps open."""


class _Feature(msgspec.Struct):
    """A stored feature, whose geometry and properties are passed on as they are."""

    type: msgspec.Raw
    id: msgspec.Raw
    geometry: msgspec.Raw
    properties: dict[str, msgspec.Raw]


class FeatureIndex:
    """The features of one dataset; may be used from several threads.

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

    def __init__(self, path: Path) -> None:
        self._pool = Pool(lambda: Session(path))
        self._closed = False
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

    def page(self, query: FeatureQuery) -> FeaturePage:
        """Some of the features that `query` asks for; in the order of their numbers where it is not sorted.

        Raises
        ------
        InvalidError
            For an unknown property, values of different kinds, or what takes too long.
        """
        for name in query.properties or ():
            if name not in self._names:
                raise unknown_property(name, self._names)
        found = page_statement(query, self._meta, self._plan(query), self._net)
        # The bodies are fetched for the features of the page alone, not for all that are sorted.
        sql = f"SELECT b.id, b.feature FROM ({found.sql}) p CROSS JOIN body b ON b.id = p.id"  # noqa: S608
        rows = self._rows(Statement(sql, found.values, found.places))
        more = len(rows) > query.limit
        kept = rows[: query.limit]
        features = [row[1] for row in kept]
        if query.properties is not None:
            features = _with_properties(features, query.properties)
        return FeaturePage(features, [row[0] for row in kept], more)

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
        with translated(), self._pool.take() as session:
            rows = session.rows(statement)
        if self._closed:
            self._pool.close()
        return rows


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


_open: OrderedDict[Path, FeatureIndex] = OrderedDict()
_guard = threading.Lock()


def open_features(store: Store, record: Record) -> FeatureIndex:
    """The features of `record`, made ready on first use.

    Raises
    ------
    NotFoundError
        Where its data is of a kind without features.
    """
    if record.kind not in KINDS or "data" not in record.assets or not record.content:
        raise NotFoundError(f"{record.id} has no features")
    path = store.derived.get(
        record.content, f"features-{FORMAT}.sqlite", lambda target: build(store, record, target)
    )
    with _guard:
        index = _open.get(path)
        if index is not None:
            _open.move_to_end(path)
            return index
    made = FeatureIndex(path)
    with _guard:
        index = _open.setdefault(path, made)
        dropped = [_open.popitem(last=False)[1] for _ in range(len(_open) - MOST_OPEN)]
    for other in (*dropped, *([made] if made is not index else [])):
        other.close()
    return index
