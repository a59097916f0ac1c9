"""The catalogue in PostgreSQL with PostGIS, for a node that outgrew one machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from craton.model.errors import InvalidError, SettingError, StorageError
from craton.model.record import Record
from craton.store.catalogue import Problem
from craton.store.checks import table_problems
from craton.store.conditions import Condition, Extent, extent, holds
from craton.store.dialects import POSTGRES
from craton.store.entries import Entry
from craton.store.pool import Pool
from craton.store.postgres_text import terms, vector
from craton.store.record_conditions import exact_conditions
from craton.store.record_order import after, order_sql
from craton.store.search import UNKNOWN, Box, Query, Span
from craton.store.session import OvertimeError, Row, Session
from craton.store.sql import SqlCatalogue

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

SEARCH_TABLES = (
    "CREATE INDEX records_title ON records (lower(title), sequence)",
    "CREATE INDEX records_created ON records (created, sequence)",
    "CREATE INDEX records_updated ON records (updated, sequence)",
    f"CREATE INDEX records_start ON records ((coalesce(start, {UNKNOWN!r})), sequence)",
    "CREATE INDEX tombstones_deleted ON tombstones (deleted)",
    "CREATE TABLE keywords (name TEXT, sequence BIGINT, PRIMARY KEY (name, sequence))",
    "CREATE INDEX keywords_sequence ON keywords (sequence)",
    "CREATE TABLE parties (name TEXT, sequence BIGINT, PRIMARY KEY (name, sequence))",
    "CREATE INDEX parties_sequence ON parties (sequence)",
    "CREATE TABLE identifiers (name TEXT, sequence BIGINT, PRIMARY KEY (name, sequence))",
    "CREATE INDEX identifiers_sequence ON identifiers (sequence)",
    """CREATE TABLE counts (field TEXT, visibility TEXT, value TEXT COLLATE "C", number BIGINT NOT NULL,
        PRIMARY KEY (field, visibility, value))""",
)
"""What records are sorted, filtered and counted by."""

TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE records (
        sequence BIGINT PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE, version INTEGER NOT NULL,
        kind TEXT NOT NULL, visibility TEXT NOT NULL, linked INTEGER NOT NULL,
        west DOUBLE PRECISION, south DOUBLE PRECISION, east DOUBLE PRECISION, north DOUBLE PRECISION,
        start DOUBLE PRECISION, stop DOUBLE PRECISION, title TEXT COLLATE "C" NOT NULL DEFAULT '',
        licence TEXT COLLATE "C" NOT NULL DEFAULT '', crs TEXT COLLATE "C" NOT NULL DEFAULT '',
        row_count BIGINT, created DOUBLE PRECISION NOT NULL DEFAULT -1e12,
        updated DOUBLE PRECISION NOT NULL DEFAULT -1e12)""",
    "CREATE INDEX records_kind ON records (kind, sequence)",
    "CREATE INDEX records_visibility ON records (visibility, sequence)",
    "CREATE TABLE documents (sequence BIGINT PRIMARY KEY, json BYTEA NOT NULL)",
    """CREATE TABLE versions (
        id TEXT COLLATE "C", version INTEGER, sequence BIGINT NOT NULL, json BYTEA NOT NULL,
        PRIMARY KEY (id, version))""",
    """CREATE TABLE tombstones (
        sequence BIGINT PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE, version INTEGER NOT NULL,
        json BYTEA NOT NULL, deleted DOUBLE PRECISION NOT NULL DEFAULT -1e12,
        visibility TEXT NOT NULL DEFAULT 'private')""",
    "CREATE TABLE quantities (name TEXT, sequence BIGINT, PRIMARY KEY (name, sequence))",
    "CREATE INDEX quantities_sequence ON quantities (sequence)",
    'CREATE TABLE sources (key TEXT COLLATE "C" PRIMARY KEY, stamp BYTEA NOT NULL)',
    'CREATE TABLE source_records (source TEXT COLLATE "C", id TEXT COLLATE "C", PRIMARY KEY (source, id))',
    "CREATE INDEX source_records_id ON source_records (id)",
    """CREATE TABLE refs (
        sha256 TEXT COLLATE "C", id TEXT COLLATE "C", version INTEGER, size BIGINT NOT NULL,
        PRIMARY KEY (sha256, id, version))""",
    "CREATE INDEX refs_id ON refs (id, version)",
    'CREATE TABLE pending (sha256 TEXT COLLATE "C", txn TEXT COLLATE "C", PRIMARY KEY (sha256, txn))',
    "CREATE INDEX pending_txn ON pending (txn)",
    """CREATE TABLE places (
        sequence BIGINT PRIMARY KEY, extent GEOMETRY NOT NULL, tokens TEXT NOT NULL,
        words TSVECTOR NOT NULL, shape GEOMETRY)""",
    "CREATE INDEX places_extent ON places USING gist (extent gist_geometry_ops_nd)",
    "CREATE INDEX places_words ON places USING gin (words)",
    *SEARCH_TABLES,
)

MIGRATIONS = {
    1: (
        """ALTER TABLE records ADD COLUMN title TEXT COLLATE "C" NOT NULL DEFAULT ''""",
        """ALTER TABLE records ADD COLUMN licence TEXT COLLATE "C" NOT NULL DEFAULT ''""",
        """ALTER TABLE records ADD COLUMN crs TEXT COLLATE "C" NOT NULL DEFAULT ''""",
        "ALTER TABLE records ADD COLUMN row_count BIGINT",
        "ALTER TABLE records ADD COLUMN created DOUBLE PRECISION NOT NULL DEFAULT -1e12",
        "ALTER TABLE records ADD COLUMN updated DOUBLE PRECISION NOT NULL DEFAULT -1e12",
        "ALTER TABLE tombstones ADD COLUMN deleted DOUBLE PRECISION NOT NULL DEFAULT -1e12",
        "ALTER TABLE tombstones ADD COLUMN visibility TEXT NOT NULL DEFAULT 'private'",
        "ALTER TABLE places ADD COLUMN shape GEOMETRY",
        *SEARCH_TABLES,
    )
}
"""Statements that bring the tables from a schema version to the next."""

INDEX_TABLES = ("places",)
"""Tables that hold one row for each current record, beside those of every SQL catalogue."""

EVERYWHERE = Extent(-1e5, 1e5, -1e5, 1e5, -1e5, 1e5)
"""Sides around all extents, for a query that leaves place or time open."""

_LINE = "ST_MakeLine(ST_MakePoint(?, ?, ?), ST_MakePoint(?, ?, ?))"
"""A box of place and time, as the diagonal that has it for bounds."""


class PostgresSession:
    """One transaction on a PostgreSQL connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def limit(self, seconds: float) -> None:
        """Let the transaction end with an `OvertimeError` when reading takes longer than `seconds`."""
        self.run(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}")

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Run a statement and give its rows."""
        return self._connection.execute(_dialect(sql), values).fetchall()

    def run(self, sql: str, *values: object) -> int:
        """Run a statement and give the number of rows it changed."""
        return self._connection.execute(_dialect(sql), values).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each of `rows`."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_dialect(sql), rows)


class PostgresCatalogue(SqlCatalogue):
    """A `Catalogue` in one schema of a PostgreSQL database.

    Parameters
    ----------
    address : str
        Connection string (`postgresql://user@host/database`).
    schema : str
        Name of the schema: lower-case letters, digits and `_`. One database can hold several nodes.
    read_only : bool
        Refuse to write.
    create : bool
        Make schema and tables where they are missing.
    """

    dialect = POSTGRES
    migrations = MIGRATIONS
    tokens_table = "places"

    def __init__(
        self, address: str, *, schema: str = "craton", read_only: bool = False, create: bool = False
    ) -> None:
        if not re.fullmatch("[a-z_][a-z0-9_]{0,62}", schema):
            raise InvalidError(f"a schema's name is lower-case letters, digits and _, not {schema!r}")
        self._address, self._schema, self._read_only = address, schema, read_only
        self._pool = Pool(self._connect)
        if create:
            self._create()
        with self._reading() as session:
            if not session.rows("SELECT to_regclass('meta')")[0][0]:
                raise SettingError(
                    f"the database has no catalogue in schema {schema!r}", hint="make the node first"
                )
        self._start(read_only=read_only)

    def close(self) -> None:
        """Release connections."""
        self._pool.close()

    def check(self, deep: bool) -> list[Problem]:
        """What is wrong within the catalogue."""
        try:
            with self._reading() as session:
                return table_problems(session, INDEX_TABLES, _misfiled, deep)
        except StorageError as error:
            return [Problem("database", error.message, self._schema)]

    def _connect(self) -> Connection:
        driver = _driver()
        with _translated():
            options = f"-c search_path={self._schema},public"
            connection: Connection = driver.connect(self._address, autocommit=True, options=options)
        return connection

    def _create(self) -> None:
        with self._writing() as session:
            session.run("CREATE EXTENSION IF NOT EXISTS postgis")
            session.run(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
            if not session.rows("SELECT to_regclass(?)", f"{self._schema}.meta")[0][0]:
                self._set_up(session, TABLES)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with _translated(), self._pool.take() as connection, _transaction(connection, begin):
            yield PostgresSession(connection)

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        if self._read_only:
            raise StorageError("the catalogue is open for reading only")
        with _translated(), self._pool.take() as connection, _transaction(connection, "BEGIN"):
            session = PostgresSession(connection)
            # One writer at a time, so that sequence numbers become visible in their order.
            session.run("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", f"craton {self._schema}")
            yield session

    def _index(self, session: Session, entries: Sequence[Entry]) -> None:
        places = [(one.record.sequence, *_ends(extent(one.box, one.span)), one.tokens) for one in entries]
        session.many(
            "INSERT INTO places (sequence, extent, tokens, words, shape)"  # noqa: S608 - our own words, values apart
            f" VALUES (?, {_LINE}, ?, ?::tsvector, ST_GeomFromWKB(?))",
            [
                (*place, vector(one.tokens), _shape(one.record))
                for place, one in zip(places, entries, strict=True)
            ],
        )

    def _reindex(self, session: Session, records: Sequence[Record]) -> None:
        session.many(
            "UPDATE places SET shape = ST_GeomFromWKB(?) WHERE sequence = ?",
            [(_shape(record), record.sequence) for record in records],
        )

    def _unindex(self, session: Session, sequences: Sequence[int]) -> None:
        session.many("DELETE FROM places WHERE sequence = ?", [(sequence,) for sequence in sequences])

    def _find(self, session: Session, query: Query) -> list[Row]:
        conditions = [*_conditions(query), *after(query)]
        if query.after is not None:
            sign = "<" if query.order == "newest" else ">"
            conditions.append(Condition(f"r.sequence {sign} ?", (query.after,)))
        tables, values = _tables("d.json", conditions)
        sql = f"{tables} ORDER BY {order_sql(query.keys)} LIMIT ? OFFSET ?"
        return session.rows(sql, *values, query.limit, query.offset)

    def _count(self, session: Session, query: Query, most: int | None) -> int:
        sql, values = _tables("1", [*_conditions(query)])
        return int(session.rows(f"SELECT count(*) FROM ({sql} LIMIT ?) n", *values, most)[0][0])  # noqa: S608 - our own words

    def _answers(self, session: Session, query: Query) -> Condition | None:
        del session
        sql, values = _tables("r.sequence, r.kind, r.licence, r.start", [*_conditions(query)])
        return Condition(f"{sql} ORDER BY r.sequence DESC", tuple(values))


def _tables(what: str, conditions: Sequence[Condition]) -> tuple[str, list[object]]:
    joins = "JOIN documents d ON d.sequence = r.sequence JOIN places p ON p.sequence = r.sequence"
    where = " AND ".join(one.sql for one in conditions) or "true"
    sql = f"SELECT {what} FROM records r {joins} WHERE {where}"  # noqa: S608 - our own words, values apart
    return sql, [value for one in conditions for value in one.values]


def _conditions(query: Query) -> Iterator[Condition]:
    """Conditions of `query`, those an index answers first."""
    if query.boxes or query.span:
        yield _near(query.boxes, query.span)
    if query.groups:
        yield Condition("p.words @@ ?::tsquery", (" | ".join(map(terms, query.groups)),))
    if query.filter is not None:
        from craton.store.record_filter_sets import filter_boxes

        for boxes in filter_boxes(query.filter):
            yield _near(boxes, None)
    yield from exact_conditions(query, POSTGRES)


def _near(boxes: tuple[Box, ...], span: Span | None) -> Condition:
    """Whether the extent of a record in the tree touches the boxes and the span."""
    asked = [
        _open(extent(box, span), is_placed=box is not None, is_timed=span is not None)
        for box in boxes or (None,)
    ]
    ends = tuple(value for one in asked for value in _ends(one))
    return Condition(f"({' OR '.join([f'p.extent &&& {_LINE}'] * len(asked))})", ends)


def _open(asked: Extent, *, is_placed: bool, is_timed: bool) -> Extent:
    """Sides with those that are left open moved out of the way."""
    place, time = (asked if is_placed else EVERYWHERE), (asked if is_timed else EVERYWHERE)
    return Extent(*place[:4], *time[4:])


def _ends(sides: Extent) -> tuple[float, ...]:
    """First and last corner of a box: west, south, start, east, north, stop."""
    return sides.west, sides.south, sides.start, sides.east, sides.north, sides.stop


def _shape(record: Record) -> bytes | None:
    """Place of a record in WKB."""
    if record.bbox is None and record.footprint is None:
        return None
    import shapely

    from craton.store.record_filter_place import shape_of

    shape = shape_of(record)
    return None if shape is None else bytes(shapely.to_wkb(shapely.force_2d(shape)))


def _misfiled(session: Session, entries: Sequence[Entry]) -> Iterator[str]:
    """Ids of entries whose box, time or words are not in the indexes."""
    if not entries:
        return
    rows = session.rows(
        "SELECT sequence, ST_XMin(extent), ST_XMax(extent), ST_YMin(extent), ST_YMax(extent),"
        " ST_ZMin(extent), ST_ZMax(extent), tokens, length(words) FROM places WHERE sequence BETWEEN ? AND ?",
        entries[0].record.sequence,
        entries[-1].record.sequence,
    )
    filed = {sequence: (sides, tokens, length) for sequence, *sides, tokens, length in rows}
    for one in entries:
        sides, tokens, length = filed.get(one.record.sequence, ([], "", 0))
        words = len(vector(tokens).split())
        if (
            not sides
            or not holds(sides, extent(one.box, one.span))
            or not tokens.startswith(one.tokens)
            or length != words
        ):
            yield one.record.id


def _dialect(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise SettingError(
            "a catalogue in PostgreSQL needs the package psycopg", hint="pip install 'craton[postgres]'"
        ) from error
    return psycopg


@contextmanager
def _transaction(connection: Connection, begin: str) -> Iterator[None]:
    connection.execute(begin.encode())
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if not connection.broken and not connection.closed:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _translated() -> Iterator[None]:
    """Turn PostgreSQL's refusals into ours."""
    psycopg = _driver()
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise OvertimeError("the catalogue took too long to answer") from error
    except psycopg.OperationalError as error:
        raise StorageError(
            f"the database failed: {error}", hint="check that it runs and can be reached"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        hint = "have an administrator run CREATE EXTENSION postgis, and grant CREATE on the database"
        raise SettingError(f"the database does not allow it: {error}", hint=hint) from error
    except psycopg.DataError as error:
        raise InvalidError(f"the database cannot hold this: {error}") from error
    except psycopg.Error as error:
        raise StorageError(f"the database failed: {error}") from error
    except UnicodeEncodeError as error:
        raise InvalidError(f"text holds half a character (an unpaired surrogate): {error}") from error
