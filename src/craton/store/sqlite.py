"""The catalogue in one SQLite file: R-tree for place and time, FTS5 for words."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from craton.model.errors import InvalidError, NotFoundError, StorageError
from craton.model.text import MIN_PREFIX
from craton.store.catalogue import Problem
from craton.store.checks import table_problems
from craton.store.conditions import Condition, extent, holds
from craton.store.dialects import SQLITE, folded, unaccented
from craton.store.entries import Entry
from craton.store.pool import Pool
from craton.store.search import UNKNOWN, Query
from craton.store.session import OvertimeError, Row, Session, newest_sequence
from craton.store.sql import SqlCatalogue
from craton.store.sqlite_search import Sizes, count_records, find_records, newest_answers

SEARCH_TABLES = (
    "CREATE INDEX records_title ON records (lower(title))",
    "CREATE INDEX records_created ON records (created)",
    "CREATE INDEX records_updated ON records (updated)",
    f"CREATE INDEX records_start ON records (coalesce(start, {UNKNOWN!r}))",
    "CREATE INDEX tombstones_deleted ON tombstones (deleted)",
    "CREATE TABLE keywords (name TEXT, sequence INTEGER, PRIMARY KEY (name, sequence)) WITHOUT ROWID",
    "CREATE INDEX keywords_sequence ON keywords (sequence)",
    "CREATE TABLE parties (name TEXT, sequence INTEGER, PRIMARY KEY (name, sequence)) WITHOUT ROWID",
    "CREATE INDEX parties_sequence ON parties (sequence)",
    "CREATE TABLE identifiers (name TEXT, sequence INTEGER, PRIMARY KEY (name, sequence)) WITHOUT ROWID",
    "CREATE INDEX identifiers_sequence ON identifiers (sequence)",
    """CREATE TABLE counts (field TEXT, visibility TEXT, value TEXT, number INTEGER NOT NULL,
        PRIMARY KEY (field, visibility, value)) WITHOUT ROWID""",
)
"""What records are sorted, filtered and counted by."""

TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE records (
        sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, kind TEXT NOT NULL,
        visibility TEXT NOT NULL, linked INTEGER NOT NULL, west REAL, south REAL, east REAL, north REAL,
        start REAL, stop REAL, title TEXT NOT NULL DEFAULT '', licence TEXT NOT NULL DEFAULT '',
        crs TEXT NOT NULL DEFAULT '', row_count INTEGER, created REAL NOT NULL DEFAULT -1e12,
        updated REAL NOT NULL DEFAULT -1e12)""",
    "CREATE INDEX records_kind ON records (kind)",
    "CREATE INDEX records_visibility ON records (visibility)",
    "CREATE TABLE documents (sequence INTEGER PRIMARY KEY, json BLOB NOT NULL)",
    """CREATE TABLE versions (
        id TEXT, version INTEGER, sequence INTEGER NOT NULL, json BLOB NOT NULL,
        PRIMARY KEY (id, version))""",
    """CREATE TABLE tombstones (
        sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL,
        json BLOB NOT NULL, deleted REAL NOT NULL DEFAULT -1e12,
        visibility TEXT NOT NULL DEFAULT 'private')""",
    "CREATE TABLE quantities (name TEXT, sequence INTEGER, PRIMARY KEY (name, sequence)) WITHOUT ROWID",
    "CREATE INDEX quantities_sequence ON quantities (sequence)",
    "CREATE TABLE sources (key TEXT PRIMARY KEY, stamp BLOB NOT NULL)",
    "CREATE TABLE source_records (source TEXT, id TEXT, PRIMARY KEY (source, id)) WITHOUT ROWID",
    "CREATE INDEX source_records_id ON source_records (id)",
    """CREATE TABLE refs (sha256 TEXT, id TEXT, version INTEGER, size INTEGER NOT NULL,
        PRIMARY KEY (sha256, id, version)) WITHOUT ROWID""",
    "CREATE INDEX refs_id ON refs (id, version)",
    "CREATE TABLE pending (sha256 TEXT, txn TEXT, PRIMARY KEY (sha256, txn)) WITHOUT ROWID",
    "CREATE INDEX pending_txn ON pending (txn)",
    "CREATE TABLE texts (sequence INTEGER PRIMARY KEY, tokens TEXT NOT NULL)",
    "CREATE TABLE words (word TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE extents USING rtree (sequence, west, east, south, north, start, stop)",
    # The texts come as tokens; the ASCII tokenizer only parts them at the spaces.
    """CREATE VIRTUAL TABLE search USING fts5 (
        tokens, content='texts', content_rowid='sequence', columnsize=0, tokenize='ascii')""",
    *SEARCH_TABLES,
)

MIGRATIONS = {
    1: (
        "ALTER TABLE records ADD COLUMN title TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE records ADD COLUMN licence TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE records ADD COLUMN crs TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE records ADD COLUMN row_count INTEGER",
        "ALTER TABLE records ADD COLUMN created REAL NOT NULL DEFAULT -1e12",
        "ALTER TABLE records ADD COLUMN updated REAL NOT NULL DEFAULT -1e12",
        "ALTER TABLE tombstones ADD COLUMN deleted REAL NOT NULL DEFAULT -1e12",
        "ALTER TABLE tombstones ADD COLUMN visibility TEXT NOT NULL DEFAULT 'private'",
        *SEARCH_TABLES,
    )
}
"""Statements that bring the tables from a schema version to the next."""

INDEX_TABLES = ("texts", "extents")
"""Tables that hold one row for each current record, beside those of every SQL catalogue."""

HINTS = {
    sqlite3.SQLITE_BUSY: "another program is writing to the catalogue; try again",
    sqlite3.SQLITE_FULL: "free some disk space",
    sqlite3.SQLITE_READONLY: "the catalogue's folder must be writable",
    sqlite3.SQLITE_CANTOPEN: "the catalogue's folder must exist and be accessible",
    sqlite3.SQLITE_CORRUPT: "check the disk, and restore the catalogue from a copy",
    sqlite3.SQLITE_NOTADB: "restore the catalogue from a copy",
}
"""What to do about SQLite's refusals, by primary result code."""

BUSY_SECONDS = 60.0
"""How long a writer waits for its turn."""

STEPS = 10_000
"""Steps of SQLite's machine between looks at the clock: some tenths of a millisecond."""

READING = ("PRAGMA cache_size = -32768", "PRAGMA temp_store = MEMORY")
"""Set on connections that read: 32 MiB of page cache, and sorting in memory."""

WRITING = (
    "PRAGMA cache_size = -262144",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 16384",
    "PRAGMA temp_store = MEMORY",
)
"""Set on the connection that writes: 256 MiB of page cache, used only where a bulk load fills
it; every commit reaches the disk; 64 MiB of log, so that pages changed often are copied once."""


class SqliteSession:
    """One transaction on an SQLite connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def limit(self, seconds: float) -> None:
        """Let the transaction end with an `OvertimeError` when reading takes longer than `seconds`."""
        end = time.monotonic() + seconds
        self._connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Run a statement and give its rows."""
        return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, *values: object) -> int:
        """Run a statement and give the number of rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each of `rows`."""
        self._connection.executemany(sql, rows)


class SqliteCatalogue(SqlCatalogue):
    """A `Catalogue` in the SQLite file `path`.

    Write-ahead log, so that readers never wait and see one snapshot; each
    commit reaches the disk before it is reported (`synchronous=FULL`), for
    otherwise a power cut could lose a pending row and keep its object.
    """

    dialect = SQLITE
    migrations = MIGRATIONS
    tokens_table = "texts"

    def __init__(self, path: Path, *, read_only: bool = False, create: bool = False) -> None:
        if not create and not path.exists():
            raise NotFoundError(f"there is no catalogue {path}", hint="make a node first")
        self._path, self._read_only, self._mode = (
            path,
            read_only,
            "ro" if read_only else "rwc" if create else "rw",
        )
        self._turn = threading.Lock()
        self._sizes = Sizes()
        self._readers = Pool(lambda: self._connect(READING), _was_interrupted)
        self._writers = Pool(lambda: self._connect(WRITING))
        if create:
            self._create()
        self._start(read_only=read_only)

    def close(self) -> None:
        """Release connections."""
        self._readers.close()
        self._writers.close()

    def sequence(self) -> int:
        """Number of the newest change, asked for so often that it does without a transaction."""
        with _translated(), self._readers.take() as connection:
            return newest_sequence(SqliteSession(connection))

    def check(self, deep: bool) -> list[Problem]:
        """What is wrong within the catalogue."""
        try:
            with self._reading() as session:
                problems = [*_damage(session, deep)] or table_problems(session, INDEX_TABLES, _misfiled, deep)
            return problems or ([] if self._read_only else self._posting_problems())
        except StorageError as error:
            return [Problem("database", error.message, str(self._path))]

    def _posting_problems(self) -> list[Problem]:
        """Whether the postings are those of the texts, which FTS5 tells by a kind of insert."""
        try:
            with self._writing() as session:
                session.run("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
        except StorageError as error:
            return [Problem("index-inconsistent", f"full text: {error.message}", "search")]
        return []

    def _connect(self, settings: Sequence[str]) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?{self._access()}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        for setting in settings:
            connection.execute(setting)
        for name, count, function in FUNCTIONS:
            connection.create_function(name, count, function, deterministic=True)
        return connection

    def _access(self) -> str:
        """Parameters of the file's address."""
        log = self._path.with_name(f"{self._path.name}-wal")
        is_settled = not log.exists() or not log.stat().st_size
        if self._read_only and is_settled and not os.access(self._path.parent, os.W_OK):
            # On a disk nobody can write to, SQLite could not make the files it shares with other readers.
            return "immutable=1"
        return f"mode={self._mode}"

    def _create(self) -> None:
        """Make the file and its tables; a file whose making was cut short is completed."""
        with _translated(), self._writers.take() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        with self._writing() as session:
            if not session.rows("SELECT 1 FROM sqlite_master LIMIT 1"):
                self._set_up(session, TABLES)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with _translated(), self._readers.take() as connection, _transaction(connection, "BEGIN"):
            try:
                yield SqliteSession(connection)
            finally:
                connection.set_progress_handler(None, 0)

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        if self._read_only:
            raise StorageError("the catalogue is open for reading only")
        with (
            self._turn,
            _translated(),
            self._writers.take() as connection,
            _transaction(connection, "BEGIN IMMEDIATE"),
        ):
            yield SqliteSession(connection)

    def _index(self, session: Session, entries: Sequence[Entry]) -> None:
        texts = [(one.record.sequence, one.tokens) for one in entries]
        words = {word for _, tokens in texts for word in tokens.split(" ") if len(word) >= MIN_PREFIX}
        session.many(
            "INSERT INTO extents (sequence, west, east, south, north, start, stop)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(one.record.sequence, *extent(one.box, one.span)) for one in entries],
        )
        session.many("INSERT INTO texts (sequence, tokens) VALUES (?, ?)", texts)
        session.many("INSERT INTO search (rowid, tokens) VALUES (?, ?)", texts)
        session.many(
            "INSERT INTO words (word) VALUES (?) ON CONFLICT DO NOTHING", [(word,) for word in sorted(words)]
        )

    def _unindex(self, session: Session, sequences: Sequence[int]) -> None:
        keys = [(sequence,) for sequence in sequences]
        session.many("DELETE FROM extents WHERE sequence = ?", keys)
        session.many(
            "INSERT INTO search (search, rowid, tokens)"
            " SELECT 'delete', sequence, tokens FROM texts WHERE sequence = ?",
            keys,
        )
        session.many("DELETE FROM texts WHERE sequence = ?", keys)

    def _find(self, session: Session, query: Query) -> list[Row]:
        return find_records(session, self._sizes, query)

    def _count(self, session: Session, query: Query, most: int | None) -> int:
        return count_records(session, self._sizes, query, most)

    def _answers(self, session: Session, query: Query) -> Condition | None:
        return newest_answers(session, self._sizes, query)


def _relates(relation: str, json: bytes, geometry: bytes) -> bool | None:
    """Whether the place of a record is in a relation to a geometry in WKB."""
    from craton.store.record_filter_place import relates

    return relates(relation, json, geometry)


def _was_interrupted(error: BaseException) -> bool:
    """Whether a statement was cut short by the limit on its time, which leaves the connection as it was."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_INTERRUPT


FUNCTIONS: tuple[tuple[str, int, Callable[..., str | bool | None]], ...] = (
    ("craton_folded", 1, folded),
    ("craton_unaccented", 1, unaccented),
    ("craton_relates", 3, _relates),
)
"""Functions that filters need and SQLite has not: name, number of arguments, and what they do."""


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _translated() -> Iterator[None]:
    """Turn SQLite's refusals into ours."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if _was_interrupted(error):
            raise OvertimeError("the catalogue took too long to answer") from error
        raise StorageError(f"the catalogue failed: {error}", hint=HINTS.get(code, "")) from error
    except UnicodeEncodeError as error:
        raise InvalidError(f"text holds half a character (an unpaired surrogate): {error}") from error


def _damage(session: Session, deep: bool) -> Iterator[Problem]:
    """Damage to the file and to the R-tree."""
    for (message,) in session.rows("PRAGMA integrity_check" if deep else "PRAGMA quick_check"):
        if message != "ok":
            yield Problem("database", message)
    if deep:
        ((message,),) = session.rows("SELECT rtreecheck('extents')")
        if message != "ok":
            yield Problem("index-inconsistent", message, "extents")


def _misfiled(session: Session, entries: Sequence[Entry]) -> Iterator[str]:
    """Ids of entries whose box, time or words are not in the indexes."""
    if not entries:
        return
    rows = session.rows(
        "SELECT x.sequence, x.west, x.east, x.south, x.north, x.start, x.stop, t.tokens FROM extents x"
        " JOIN texts t ON t.sequence = x.sequence WHERE x.sequence BETWEEN ? AND ?",
        entries[0].record.sequence,
        entries[-1].record.sequence,
    )
    filed = {sequence: (sides, tokens) for sequence, *sides, tokens in rows}
    for one in entries:
        sides, tokens = filed.get(one.record.sequence, (None, ""))
        if sides is None or not holds(sides, extent(one.box, one.span)) or not tokens.startswith(one.tokens):
            yield one.record.id
