"""What every SQL catalogue has in common: the tables, and how they change together.

The key of all tables about a current record is its sequence number, so that
"newest first" is the order of the key in every index, full text included.
"""

from __future__ import annotations

import uuid
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from craton.model.errors import NotFoundError, SettingError
from craton.model.record import Record, Tombstone
from craton.store.batches import check_expected, results_of
from craton.store.catalogue import Batch, Outcome
from craton.store.conditions import Condition, marks
from craton.store.dialects import Dialect
from craton.store.entries import (
    COLUMNS,
    LISTS,
    Entry,
    Old,
    columns,
    decode_record,
    decode_stamp,
    decode_tombstone,
    entry,
    now,
    refs,
)
from craton.store.facets import Facets, check_fields, counted_facets, total_of, whole_facets
from craton.store.graves import find_graves, put_grave, read_grave
from craton.store.record_order import check_keys
from craton.store.refill import refill
from craton.store.search import Query
from craton.store.session import (
    OvertimeError,
    Row,
    Session,
    add_pending,
    current_versions,
    newest_sequence,
    put_names,
    put_stamp,
    set_sequence,
)
from craton.store.sql_copies import SqlCopies, forget_edits, with_edits
from craton.store.tally import add_entries, bounds_of, take_old

SCHEMA = 2
"""Version of the tables that this release writes."""

_PAGE = 2_000
"""Rows read at once where a whole table is walked."""


class SqlCatalogue(SqlCopies):
    """A `Catalogue` on SQL tables; a backend adds its transactions, its indexes and its search."""

    node: str
    dialect: Dialect
    """What this database says in its own way."""
    migrations: Mapping[int, Sequence[str]] = {}
    """Statements that bring the tables from a schema version to the next."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """A snapshot to read from."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Session]:
        """A transaction that keeps other writers waiting; committed at the end, undone on an exception."""

    @abstractmethod
    def _index(self, session: Session, entries: Sequence[Entry]) -> None:
        """Make `entries` findable by place, time and words."""

    @abstractmethod
    def _unindex(self, session: Session, sequences: Sequence[int]) -> None:
        """Undo `_index`."""

    @abstractmethod
    def _find(self, session: Session, query: Query) -> list[Row]:
        """JSON of the records that answer `query`, one a row."""

    @abstractmethod
    def _count(self, session: Session, query: Query, most: int | None) -> int:
        """Number of records that answer `query`; no more than `most` are counted."""

    @abstractmethod
    def _answers(self, session: Session, query: Query) -> Condition | None:
        """Query for `sequence`, `kind`, `licence` and `start` of the newest answers; `None` for none."""

    def _reindex(self, session: Session, records: Sequence[Record]) -> None:
        """Fill the backend's own columns of records that were written by an older version."""

    def sequence(self) -> int:
        """Number of the newest change."""
        with self._reading() as session:
            return newest_sequence(session)

    def get(self, id: str, version: int | None = None) -> Record | None:
        """The current version of record `id`, or the given one."""
        with self._reading() as session:
            old = current_versions(session, [id]).get(id)
            if old and version in (None, old.version):
                return decode_record(old.json)
            rows = session.rows("SELECT json FROM versions WHERE id = ? AND version = ?", id, version or 0)
            return decode_record(rows[0][0]) if rows else None

    def versions(self, id: str) -> list[int]:
        """Versions of record `id`, oldest first."""
        with self._reading() as session:
            past = session.rows("SELECT version FROM versions WHERE id = ? ORDER BY version", id)
            return [row[0] for row in past] + [
                old.version for old in current_versions(session, [id]).values()
            ]

    def find(self, query: Query) -> list[Record]:
        """Records that answer `query`."""
        check_keys(query.keys)
        if query.is_hopeless or query.limit == 0:
            return []
        with self._reading() as session:
            rows = self._find(session, query)
        return [decode_record(row[0]) for row in rows]

    def count(self, query: Query, most: int | None = None) -> int:
        """Number of records that answer `query`; no more than `most` are counted."""
        if query.is_hopeless:
            return 0
        with self._reading() as session:
            return self._counted(session, query, most)

    def count_soon(self, query: Query, most: int, seconds: float) -> int | None:
        """The same, `None` where that takes longer than `seconds`."""
        if query.is_hopeless:
            return 0
        try:
            with self._reading() as session:
                session.limit(seconds)
                return self._counted(session, query, most)
        except OvertimeError:
            return None

    def _counted(self, session: Session, query: Query, most: int | None) -> int:
        if query.is_open:
            return total_of(session, query)
        return self._count(session, query, most)

    def facets(self, query: Query, fields: Sequence[str], most: int) -> Facets:
        """The most frequent values of some fields among the answers to `query`."""
        check_fields(fields)
        nothing = Facets(0, whole=True, fields={field: [] for field in fields})
        if query.is_hopeless:
            return nothing
        with self._reading() as session:
            if query.is_open:
                return whole_facets(session, query, fields, most)
            answers = self._answers(session, query)
            if answers is None:
                return nothing
            return counted_facets(session, answers, fields, most, decade=self.dialect.decade)

    def graves(self, query: Query) -> list[Tombstone]:
        """Tombstones that answer `query` as far as they can, see `craton.store.graves`."""
        if query.visibility == () or query.limit == 0:
            return []
        with self._reading() as session:
            return find_graves(session, query, self.dialect)

    def grave(self, id: str) -> Tombstone | None:
        """Tombstone of record `id`, if it was deleted."""
        with self._reading() as session:
            return read_grave(session, id)

    def bounds(self, visibility: tuple[str, ...] | None) -> dict[str, Row]:
        """Number of records, west, south, east, north, start and stop of each kind."""
        with self._reading() as session:
            return bounds_of(session, visibility)

    def changes(self, since: int, limit: int) -> list[Record | Tombstone]:
        """Current records and tombstones with a sequence above `since`, in its order."""
        with self._reading() as session:
            rows = session.rows(
                "SELECT sequence, json, 0 FROM documents WHERE sequence > ?"
                " UNION ALL SELECT sequence, json, 1 FROM tombstones WHERE sequence > ? ORDER BY 1 LIMIT ?",
                since,
                since,
                limit,
            )
        return [decode_tombstone(json) if is_grave else decode_record(json) for _, json, is_grave in rows]

    def source(self, key: str) -> dict[str, Any] | None:
        """Stamp of source `key`."""
        with self._reading() as session:
            rows = session.rows("SELECT stamp FROM sources WHERE key = ?", key)
        return decode_stamp(rows[0][0]) if rows else None

    def sources(self, prefix: str) -> dict[str, dict[str, Any]]:
        """Stamps of all sources whose key starts with `prefix`."""
        with self._reading() as session:
            rows = session.rows(
                "SELECT key, stamp FROM sources WHERE key >= ? AND substr(key, 1, ?) = ?",
                prefix,
                len(prefix),
                prefix,
            )
        return {key: decode_stamp(stamp) for key, stamp in rows}

    def put_source(self, key: str, stamp: dict[str, Any] | None) -> None:
        """Set the stamp of source `key`, or forget the source but not its records."""
        with self._writing() as session:
            if stamp is None:
                session.run("DELETE FROM sources WHERE key = ?", key)
                session.run("DELETE FROM source_records WHERE source = ?", key)
            else:
                put_stamp(session, key, stamp)

    def pend(self, txn: str, hashes: Iterable[str]) -> None:
        """Guard objects until `sweep(txn)`."""
        with self._writing() as session:
            add_pending(session, txn, hashes)

    def publish(self, txn: str, batch: Batch) -> list[tuple[Record, Outcome]]:
        """Write `batch` at once."""
        with self._writing() as session:
            current = current_versions(session, [record.id for record in batch.records])
            check_expected(batch, current)
            results = results_of(session, batch, with_edits(session, batch.records), current)
            fresh = [record for record, outcome in results if outcome != "unchanged"]
            self._retire(session, [current[record.id] for record in fresh if record.id in current])
            self._insert(
                session, [entry(record, batch.texts.get(record.id, ""), batch.linked) for record in fresh]
            )
            sequence = fresh[-1].sequence if fresh else newest_sequence(session)
            if batch.source:
                sequence = self._trace(session, txn, batch, sequence)
            set_sequence(session, sequence)
        return results

    def delete(self, txn: str, id: str, reason: str) -> Tombstone:
        """Delete record `id` with all versions."""
        with self._writing() as session:
            tombstone = self._bury(session, txn, id, newest_sequence(session) + 1, reason)
            set_sequence(session, tombstone.sequence)
        return tombstone

    def sweep(self, txn: str, remove: Callable[[str], None]) -> int:
        """End `txn`: remove its objects that nobody needs."""
        with self._reading() as session:
            if not session.rows("SELECT 1 FROM pending WHERE txn = ? LIMIT 1", txn):
                return 0
        with self._writing() as session:
            # Removing within the writing transaction keeps everyone else from beginning to need the object.
            rows = session.rows(
                "SELECT p.sha256 FROM pending p WHERE p.txn = ?"
                " AND NOT EXISTS (SELECT 1 FROM refs r WHERE r.sha256 = p.sha256)"
                " AND NOT EXISTS (SELECT 1 FROM pending q WHERE q.sha256 = p.sha256 AND q.txn <> p.txn)",
                txn,
            )
            for (sha256,) in rows:
                remove(sha256)
            session.run("DELETE FROM pending WHERE txn = ?", txn)
        return len(rows)

    def transactions(self) -> set[str]:
        """Transactions that have pending objects."""
        with self._reading() as session:
            return {txn for (txn,) in session.rows("SELECT DISTINCT txn FROM pending")}

    def needed(self) -> Iterator[tuple[str, int, str]]:
        """Hash, size in bytes and record id of every object a record needs."""
        place: Row = ("", "", 0)
        while True:
            with self._reading() as session:
                rows = session.rows(
                    "SELECT sha256, id, version, size FROM refs WHERE (sha256, id, version) > (?, ?, ?)"
                    " ORDER BY sha256, id, version LIMIT ?",
                    *place,
                    _PAGE,
                )
            yield from ((sha256, size, id) for sha256, id, _, size in rows)
            if len(rows) < _PAGE:
                return
            place = rows[-1][:3]

    def is_guarded(self, sha256: str) -> bool:
        """Whether a record or a transaction needs the object."""
        with self._reading() as session:
            sql = (
                "SELECT 1 FROM refs WHERE sha256 = ? UNION ALL SELECT 1 FROM pending WHERE sha256 = ? LIMIT 1"
            )
            return bool(session.rows(sql, sha256, sha256))

    def _set_up(self, session: Session, statements: Iterable[str]) -> None:
        """Create the tables of a new node."""
        for statement in statements:
            session.run(statement)
        meta = [("schema", str(SCHEMA)), ("node", str(uuid.uuid4())), ("sequence", "0")]
        session.many("INSERT INTO meta (name, value) VALUES (?, ?)", meta)

    def _start(self, *, read_only: bool) -> None:
        """Read the node's identity; bring old tables up to date, refuse newer ones."""
        with self._reading() as session:
            meta: dict[str, str] = dict(session.rows("SELECT name, value FROM meta"))
        self.node, schema = meta["node"], int(meta["schema"])
        if schema > SCHEMA:
            raise SettingError(
                f"the catalogue was written by a newer Craton (tables {schema}, this one knows {SCHEMA})",
                hint="upgrade Craton",
            )
        if schema < SCHEMA and read_only:
            raise SettingError(f"the catalogue has old tables ({schema})", hint="open it once for writing")
        if schema < SCHEMA:
            self._migrate()

    def _migrate(self) -> None:
        with self._writing() as session:
            ((schema,),) = session.rows("SELECT value FROM meta WHERE name = 'schema'")
            for version in range(int(schema), SCHEMA):
                for statement in self.migrations[version]:
                    session.run(statement)
                if version == 1:
                    refill(session, self._reindex)
            session.run("UPDATE meta SET value = ? WHERE name = 'schema'", str(SCHEMA))

    def _insert(self, session: Session, entries: Sequence[Entry]) -> None:
        """Write new current versions."""
        session.many(
            f"INSERT INTO records ({', '.join(COLUMNS)}) VALUES ({marks(COLUMNS)})",  # noqa: S608 - our own words
            map(columns, entries),
        )
        session.many(
            "INSERT INTO documents (sequence, json) VALUES (?, ?)",
            [(e.record.sequence, e.json) for e in entries],
        )
        put_names(session, ((e.record.sequence, e.names) for e in entries))
        session.many(
            "INSERT INTO refs (sha256, id, version, size) VALUES (?, ?, ?, ?)",
            [ref for e in entries if not e.linked for ref in refs(e.record)],
        )
        self._index(session, entries)
        add_entries(session, entries)

    def _retire(self, session: Session, old: Sequence[Old]) -> None:
        """Turn current versions into past ones."""
        session.many(
            "INSERT INTO versions (id, version, sequence, json) SELECT r.id, r.version, r.sequence, d.json"
            " FROM records r JOIN documents d ON d.sequence = r.sequence WHERE r.sequence = ?",
            [(one.sequence,) for one in old],
        )
        self._withdraw(session, old)

    def _withdraw(self, session: Session, old: Sequence[Old]) -> None:
        """Remove current versions from the tables of current records."""
        sequences = [one.sequence for one in old]
        take_old(session, old)
        self._unindex(session, sequences)
        for table in (*LISTS, "documents", "records"):
            sql = f"DELETE FROM {table} WHERE sequence = ?"  # noqa: S608 - our tables
            session.many(sql, [(sequence,) for sequence in sequences])

    def _bury(self, session: Session, txn: str, id: str, sequence: int, reason: str) -> Tombstone:
        """Replace record `id` and its past by a tombstone."""
        old = current_versions(session, [id]).get(id)
        if old is None:
            raise NotFoundError(f"there is no dataset {id!r}")
        ((visibility,),) = session.rows("SELECT visibility FROM records WHERE id = ?", id)
        self._withdraw(session, [old])
        forget_edits(session, id)
        needed = session.rows("SELECT DISTINCT sha256 FROM refs WHERE id = ?", id)
        add_pending(session, txn, [sha256 for (sha256,) in needed])
        for table in ("versions", "refs", "source_records"):
            session.run(f"DELETE FROM {table} WHERE id = ?", id)  # noqa: S608 - our tables
        grave = Tombstone(
            id=id, version=old.version, sequence=sequence, deleted=now(), reason=reason, visibility=visibility
        )
        put_grave(session, grave)
        return grave

    def _trace(self, session: Session, txn: str, batch: Batch, sequence: int) -> int:
        """Remember what the source gave, delete what it gives no more; the newest sequence."""
        given = {record.id for record in batch.records}
        known = session.rows("SELECT id FROM source_records WHERE source = ?", batch.source)
        put_stamp(session, batch.source, batch.stamp or {})
        session.run("DELETE FROM source_records WHERE source = ?", batch.source)
        rows = [(batch.source, id) for id in sorted(given)]
        session.many("INSERT INTO source_records (source, id) VALUES (?, ?)", rows)
        for id in sorted({id for (id,) in known} - given):
            if not session.rows("SELECT 1 FROM source_records WHERE id = ? LIMIT 1", id):
                sequence = self._bury(session, txn, id, sequence + 1, "its source gives it no more").sequence
        return sequence
