"""A connection to a file of features: functions for statements, a limit of time, errors in our words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from craton.model.cql2_functions import accenti, calculate, casei, lie
from craton.model.errors import InvalidError, StorageError
from craton.store.feature_query import Statement

MOST_SECONDS = 30.0
"""How long one query may take."""

STEPS = 100_000
"""Instructions of SQLite between two looks at the clock."""

SHORT_SECONDS = 1.0
SHORT_STEPS = 5_000
"""The same where a query may take less than so long."""

MIRRORED = {"s_within": "s_contains", "s_contains": "s_within"}
"""Relations that change their name with the order of what they relate."""

READING = (
    "PRAGMA query_only = ON",
    "PRAGMA case_sensitive_like = ON",
    "PRAGMA mmap_size = 4294967296",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
)

BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR})
"""Results of SQLite that tell of the file or the disk; all others tell of the query."""


class GoneError(StorageError):
    """The file of features is not there, or cannot be opened."""


class TooLongError(InvalidError):
    """The query takes longer than it may."""


class Session:
    """A connection with the functions that statements use; in the hands of one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._places: Sequence[BaseGeometry] = ()
        self._until = 0.0
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1",
            uri=True,
            check_same_thread=False,
            isolation_level=None,
        )
        for pragma in READING:
            self._connection.execute(pragma)
        for name, count, function in (
            ("casei", 1, casei),
            ("accenti", 1, accenti),
            ("calculate", 3, calculate),
            ("lie", 3, self._lie),
        ):
            self._connection.create_function(name, count, function, deterministic=name != "lie")

    def close(self) -> None:
        """Release the connection."""
        self._connection.close()

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """Rows of `statement`."""
        return self._begun(statement, MOST_SECONDS).fetchall()

    def bodies(
        self, statement: Statement, *, most: int, most_bytes: int, seconds: float
    ) -> tuple[list[tuple[int, bytes]], bool]:
        """Numbers and bodies of up to `most` features, and whether there are more.

        They end where they would be larger than `most_bytes`; one stays in any case.
        """
        found: list[tuple[int, bytes]] = []
        size = 0
        with closing(self._begun(statement, seconds)) as cursor:
            for id, body in cursor:
                size += len(body)
                if len(found) == most or (found and size > most_bytes):
                    return found, True
                found.append((id, body))
        return found, False

    def _begun(self, statement: Statement, seconds: float) -> sqlite3.Cursor:
        self._places, self._until = statement.places, time.monotonic() + seconds
        for place in statement.places:
            shapely.prepare(place)
        steps = STEPS if seconds > SHORT_SECONDS else min(STEPS, SHORT_STEPS)
        self._connection.set_progress_handler(self._is_late, steps)
        return self._connection.execute(statement.sql, statement.values)

    def _is_late(self) -> bool:
        return time.monotonic() > self._until

    def _lie(self, op: str, left: bytes | int | None, right: bytes | int | None) -> bool | None:
        """Whether two geometries, given as WKB or by their number in the statement, lie as `op` says."""
        if left is None or right is None:
            return None
        if self._is_late():
            # Few instructions may ask for many geometries.
            self._connection.interrupt()
            return None
        if isinstance(right, int):
            # What is asked of many geometries comes first, where GEOS makes use of its being prepared.
            op, left, right = MIRRORED.get(op, op), right, left
        return lie(op, self._geometry(left), self._geometry(right))

    def _geometry(self, value: bytes | int) -> BaseGeometry:
        return self._places[value] if isinstance(value, int) else shapely.from_wkb(value)


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of SQLite into ours: what a query asked, or what the disk refused."""
    try:
        yield
    except (sqlite3.Error, OverflowError) as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_CANTOPEN:
            raise GoneError(f"the features cannot be opened ({error})", hint="ask again") from error
        if code in BROKEN:
            raise StorageError(
                f"the features cannot be read ({error})", hint="remove the node's derived files"
            ) from error
        if code == sqlite3.SQLITE_INTERRUPT:
            raise TooLongError(
                f"the query takes longer than {MOST_SECONDS:.0f} seconds", hint="ask for less"
            ) from None
        raise InvalidError(f"the query is more than can be answered ({error})", hint="ask for less") from None
