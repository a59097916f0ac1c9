"""What every SQL catalogue has in common: the tables, and how they change together.

The key of all tables about a current record is its sequence number, so that
"newest first" is the order of the key in every index, full text included.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from craton.model.errors import ConflictError, InvalidError, NotFoundError, SettingError
from craton.model.record import Record, Tombstone
from craton.store.catalogue import Batch, Outcome
from craton.store.entries import (
    Entry,
    Old,
    columns,
    decode_record,
    decode_stamp,
    decode_tombstone,
    encode,
    entry,
    now,
    quantity_names,
    refs,
    successor,
    unchanged,
)
from craton.store.search import Query
from craton.store.session import (
    Row,
    Session,
    add_pending,
    current_versions,
    newest_sequence,
    put_stamp,
    set_sequence,
    take_graves,
)

SCHEMA = 1
"""Version of the tables that this release writes."""

_PAGE = 2_000
"""Rows read at once where a whole table is walked."""


class SqlCatalogue(ABC):
    """A `Catalogue` on SQL tables; a backend adds its transactions, its indexes and its search."""

    node: str
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
    def _count(self, session: Session, query: Query) -> int:
        """Number of records that answer `query`."""

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
        if query.is_hopeless or query.limit == 0:
            return []
        with self._reading() as session:
            rows = self._find(session, query)
        return [decode_record(row[0]) for row in rows]

    def count(self, query: Query) -> int:
        """Number of records that answer `query`."""
        if query.is_hopeless:
            return 0
        with self._reading() as session:
            return self._count(session, query)

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
            _check_expected(batch, current)
            results = _results(session, batch, current)
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
            session.run("UPDATE meta SET value = ? WHERE name = 'schema'", str(SCHEMA))

    def _insert(self, session: Session, entries: Sequence[Entry]) -> None:
        """Write new current versions."""
        session.many(
            "INSERT INTO records"
            " (sequence, id, version, kind, visibility, linked, west, south, east, north, start, stop)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            map(columns, entries),
        )
        session.many(
            "INSERT INTO documents (sequence, json) VALUES (?, ?)",
            [(e.record.sequence, e.json) for e in entries],
        )
        session.many(
            "INSERT INTO quantities (name, sequence) VALUES (?, ?)",
            [(name, e.record.sequence) for e in entries for name in quantity_names(e.record)],
        )
        session.many(
            "INSERT INTO refs (sha256, id, version, size) VALUES (?, ?, ?, ?)",
            [ref for e in entries if not e.linked for ref in refs(e.record)],
        )
        self._index(session, entries)

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
        self._unindex(session, sequences)
        for table in ("quantities", "documents", "records"):
            sql = f"DELETE FROM {table} WHERE sequence = ?"  # noqa: S608 - our tables
            session.many(sql, [(sequence,) for sequence in sequences])

    def _bury(self, session: Session, txn: str, id: str, sequence: int, reason: str) -> Tombstone:
        """Replace record `id` and its past by a tombstone."""
        old = current_versions(session, [id]).get(id)
        if old is None:
            raise NotFoundError(f"there is no dataset {id!r}")
        self._withdraw(session, [old])
        needed = session.rows("SELECT DISTINCT sha256 FROM refs WHERE id = ?", id)
        add_pending(session, txn, [sha256 for (sha256,) in needed])
        for table in ("versions", "refs", "source_records"):
            session.run(f"DELETE FROM {table} WHERE id = ?", id)  # noqa: S608 - our tables
        grave = Tombstone(id=id, version=old.version, sequence=sequence, deleted=now(), reason=reason)
        sql = "INSERT INTO tombstones (sequence, id, version, json) VALUES (?, ?, ?, ?)"
        session.run(sql, sequence, id, old.version, encode(grave))
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


def _results(session: Session, batch: Batch, current: Mapping[str, Old]) -> list[tuple[Record, Outcome]]:
    """Each record as it will be stored, and what becomes of it."""
    sequence, time = newest_sequence(session), now()
    graves = take_graves(session, [record.id for record in batch.records if record.id not in current])
    results: list[tuple[Record, Outcome]] = []
    for record in batch.records:
        old = current.get(record.id)
        stored = unchanged(record, old, batch.linked) if old else None
        if stored:
            results.append((stored, "unchanged"))
            continue
        sequence += 1
        following = successor(record, old, graves.get(record.id, 0), sequence, time)
        results.append((following, "updated" if old else "added"))
    return results


def _check_expected(batch: Batch, current: Mapping[str, Old]) -> None:
    if len({record.id for record in batch.records}) < len(batch.records):
        raise InvalidError("two records of one batch have the same id")
    for id, version in batch.expected.items():
        found = current[id].version if id in current else 0
        if found != version:
            raise ConflictError(
                f"dataset {id!r} has version {found}, not {version} as expected",
                hint="read it again and retry",
            )
