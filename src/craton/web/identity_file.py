"""The file of people, their tokens and their sessions: SQLite, readable by the node's own user only."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from craton.model.errors import StorageError

FILE_NAME = "identity.sqlite"
BUSY_SECONDS = 10.0
OWN_ONLY = 0o600

Row = tuple[Any, ...]

SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS users (
  name TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  role TEXT NOT NULL,
  password TEXT NOT NULL,
  issuer TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0,
  created TEXT NOT NULL,
  seen TEXT NOT NULL DEFAULT ''
)""",
    """
CREATE TABLE IF NOT EXISTS tokens (
  id TEXT PRIMARY KEY,
  secret BLOB NOT NULL UNIQUE,
  user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  created TEXT NOT NULL,
  expires TEXT NOT NULL,
  used TEXT NOT NULL DEFAULT ''
)""",
    """
CREATE TABLE IF NOT EXISTS sessions (
  secret BLOB PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
  begun REAL NOT NULL,
  used REAL NOT NULL
)""",
    "CREATE INDEX IF NOT EXISTS tokens_user ON tokens (user)",
    "CREATE INDEX IF NOT EXISTS sessions_user ON sessions (user)",
)


class IdentityFile:
    """One SQLite file; may be used from several threads and by several processes.

    Parameters
    ----------
    path : Path
        Made, with its tables, when something is first written; until then it reads as empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[sqlite3.Connection] = []
        self._is_ready = False

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            connections, self._connections = self._connections, []
            self._local = threading.local()
        for connection in connections:
            connection.close()

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows of a question."""
        if not self._is_ready and not self._path.exists():
            return []
        try:
            return self._connection().execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _damaged("read", error) from error

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: all of it is kept, or nothing."""
        try:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _damaged("written", error) from error
        try:
            yield connection
            connection.execute("COMMIT")
        except sqlite3.IntegrityError:
            _undo(connection)
            raise
        except sqlite3.Error as error:
            _undo(connection)
            raise _damaged("written", error) from error
        except BaseException:
            _undo(connection)
            raise

    def _connection(self) -> sqlite3.Connection:
        """Connection of this thread."""
        known = getattr(self._local, "connection", None)
        if known is not None:
            return known  # type: ignore[no-any-return]
        with self._lock:
            connection = self._open()
            self._connections.append(connection)
        self._local.connection = connection
        return connection

    def _open(self) -> sqlite3.Connection:
        _make_private(self._path)
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        if not self._is_ready:
            for statement in SCHEMA:
                connection.execute(statement)
            self._is_ready = True
        return connection


def _make_private(path: Path) -> None:
    """Have the file there, readable by nobody else; SQLite gives its other files the same mode.

    One that is there is not opened: to close it again would take away the locks that SQLite has on it.
    """
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWN_ONLY))
        if path.stat().st_mode & 0o077:
            path.chmod(OWN_ONLY)
    except OSError as error:
        raise StorageError(f"{path} cannot be opened: {error.strerror}") from error


def _undo(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _damaged(what: str, error: sqlite3.Error) -> StorageError:
    return StorageError(f"{FILE_NAME} cannot be {what}: {error}", hint="check the disk and who owns the file")
