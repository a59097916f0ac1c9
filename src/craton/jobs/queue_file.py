"""The queue's database file: a connection for each thread, transactions, errors in our own words."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from craton.model.errors import StorageError

BUSY_SECONDS = 30.0

Row = tuple[Any, ...]


class QueueFile:
    """One SQLite file; may be used from several threads and by several processes."""

    def __init__(self, path: Path, schema: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{path.parent} cannot be made: {error.strerror}") from error
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: set[sqlite3.Connection] = set()
        if not self.read("SELECT 1 FROM sqlite_master WHERE name = 'jobs'"):
            with self.write() as connection:
                for statement in schema.split(";"):
                    connection.execute(statement)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            connection.close()

    def leave(self) -> None:
        """Close the connection of this thread, which ends."""
        known = getattr(self._local, "connection", None)
        if known is not None:
            self._local.connection = None
            with self._lock:
                self._connections.discard(known[1])
            known[1].close()

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows of a question."""
        try:
            return self._connection().execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _damaged("read", error) from error

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[sqlite3.Connection]:
        """A write transaction; one that is not `lasting` may be undone by a power cut, but never in part."""
        try:
            connection = self._connection()
            connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _damaged("written", error) from error
        try:
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _undo(connection)
            raise _damaged("written", error) from error
        except BaseException:
            _undo(connection)
            raise

    def _connection(self) -> sqlite3.Connection:
        """Connection of this thread, and of this process."""
        known = getattr(self._local, "connection", None)
        if known is not None and known[0] == os.getpid():
            return known[1]  # type: ignore[no-any-return]
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        self._local.connection = (os.getpid(), connection)
        with self._lock:
            self._connections.add(connection)
        return connection


def _undo(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _damaged(what: str, error: sqlite3.Error) -> StorageError:
    return StorageError(
        f"the job queue cannot be {what}: {error}",
        hint="check the disk; a damaged jobs/jobs.sqlite may be moved away, results are not in it",
    )
