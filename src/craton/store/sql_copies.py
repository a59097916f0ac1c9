"""What SQL catalogues do beside their daily work: edits that stay, and copies of all they keep."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import batched
from typing import Any, ClassVar

import msgspec

from craton.model.edits import Edits, laid_over, together
from craton.model.errors import ConflictError, InvalidError, NotFoundError
from craton.model.record import Record
from craton.store.entries import Entry, Old, decode_record, decode_tombstone, entry, now, refs, successor
from craton.store.graves import put_grave
from craton.store.saved import (
    FORMAT,
    Saved,
    SavedHead,
    SavedRecord,
    SavedSource,
    SavedTombstone,
    SavedVersion,
)
from craton.store.search import searchable
from craton.store.session import (
    Session,
    among,
    current_versions,
    newest_sequence,
    put_stamp,
    set_sequence,
)

EDITED = "edited:"
"""Start of the key under which the edits of a record are kept among the stamps of sources."""

PAGE = 1_000
"""Rows read or written at once."""

Row = tuple[Any, ...]


class SqlCopies(ABC):
    """Part of a `Catalogue` on SQL tables."""

    node: str
    tokens_table: ClassVar[str]
    """Table that has the columns `sequence` and `tokens`."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """A snapshot to read from."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Session]:
        """A transaction that keeps other writers waiting."""

    @abstractmethod
    def _insert(self, session: Session, entries: Sequence[Entry]) -> None:
        """Write new current versions."""

    @abstractmethod
    def _retire(self, session: Session, old: Sequence[Old]) -> None:
        """Turn current versions into past ones."""

    def edit(self, id: str, edits: Edits, expected: int | None = None) -> Record:
        """Lay `edits` over record `id`, now and whenever it is written again; the record as it then is."""
        with self._writing() as session:
            old = current_versions(session, [id]).get(id)
            if old is None:
                raise NotFoundError(f"there is no dataset {id!r}")
            if expected not in {None, old.version}:
                raise ConflictError(
                    f"dataset {id!r} has version {old.version}, not {expected} as expected",
                    hint="read it again and retry",
                )
            kept = together(_edits(session, [id]).get(id, Edits()), edits)
            put_stamp(session, EDITED + id, msgspec.to_builtins(kept))
            before = decode_record(old.json)
            record = laid_over(kept, before)
            return before if record == before else self._replace(session, old, before, record)

    def _replace(self, session: Session, old: Old, before: Record, record: Record) -> Record:
        """Write `record` as the version after `old`, found by the same further words."""
        (tokens,) = self._tokens(session, [old.sequence]).values()
        further = tokens.removeprefix(searchable(before))
        sequence = newest_sequence(session) + 1
        following = successor(record, old, 0, sequence, now())
        self._retire(session, [old])
        one = entry(following, linked=old.linked)
        self._insert(session, [one._replace(tokens=one.tokens + further)])
        set_sequence(session, sequence)
        return following

    def edits(self, id: str) -> Edits:
        """What is laid over record `id`."""
        with self._reading() as session:
            return _edits(session, [id]).get(id, Edits())

    def dump(self) -> Iterator[Saved]:
        """All that is kept, as it is at one moment; in the order in which `load` wants it."""
        with self._reading() as session:
            yield SavedHead(node=self.node, sequence=newest_sequence(session))
            yield from self._current(session)
            yield from _past(session)
            for (json,) in session.rows("SELECT json FROM tombstones ORDER BY sequence"):
                yield SavedTombstone(tombstone=msgspec.Raw(json))
            yield from _sources(session)

    def _current(self, session: Session) -> Iterator[SavedRecord]:
        last = -1
        while rows := session.rows(
            "SELECT r.sequence, r.linked, d.json FROM records r JOIN documents d ON d.sequence = r.sequence"
            " WHERE r.sequence > ? ORDER BY r.sequence LIMIT ?",
            last,
            PAGE,
        ):
            tokens = self._tokens(session, [row[0] for row in rows])
            for sequence, linked, json in rows:
                yield SavedRecord(record=msgspec.Raw(json), linked=bool(linked), tokens=tokens[sequence])
            last = rows[-1][0]

    def _tokens(self, session: Session, sequences: Sequence[int]) -> dict[int, str]:
        sql = f"SELECT sequence, tokens FROM {self.tokens_table} WHERE sequence"  # noqa: S608 - our table
        return dict(among(session, sql, sequences))

    def load(self, saved: Iterable[Saved]) -> None:
        """Fill this empty catalogue with what `dump` gave, all or nothing.

        Raises
        ------
        ConflictError
            If there is something in it already.
        """
        with self._writing() as session:
            if newest_sequence(session) or session.rows("SELECT 1 FROM sources LIMIT 1"):
                raise ConflictError("the catalogue is not empty", hint="name an empty one")
            sequence = -1
            for some in batched(saved, PAGE):
                for piece in some:
                    if isinstance(piece, SavedHead):
                        sequence = self._head(session, piece)
                self._fill(session, some)
            if sequence < 0:
                raise InvalidError("the copy of the catalogue has no head: it is not whole")
            set_sequence(session, sequence)

    def _head(self, session: Session, head: SavedHead) -> int:
        if head.format > FORMAT:
            raise InvalidError("the copy was written by a newer Craton", hint="upgrade Craton")
        session.run("UPDATE meta SET value = ? WHERE name = 'node'", head.node)
        self.node = head.node
        return head.sequence

    def _fill(self, session: Session, some: Sequence[Saved]) -> None:
        """Write some pieces."""
        self._insert(session, [_entry(piece) for piece in some if isinstance(piece, SavedRecord)])
        _insert_past(session, [piece for piece in some if isinstance(piece, SavedVersion)])
        for piece in some:
            if isinstance(piece, SavedTombstone):
                put_grave(session, decode_tombstone(bytes(piece.tombstone)))
        for piece in some:
            if isinstance(piece, SavedSource):
                put_stamp(session, piece.key, piece.stamp)
                rows = [(piece.key, id) for id in piece.records]
                session.many("INSERT INTO source_records (source, id) VALUES (?, ?)", rows)


def with_edits(session: Session, records: Sequence[Record]) -> Sequence[Record]:
    """`records` with the edits that are kept of them laid over."""
    edits = _edits(session, [record.id for record in records])
    if not edits:
        return records
    return [laid_over(edits[r.id], r) if r.id in edits else r for r in records]


def forget_edits(session: Session, id: str) -> None:
    """Forget what was edited of a record that is deleted."""
    session.run("DELETE FROM sources WHERE key = ?", EDITED + id)


def _edits(session: Session, ids: Sequence[str]) -> dict[str, Edits]:
    """Edits by record id."""
    rows = among(session, "SELECT key, stamp FROM sources WHERE key", [EDITED + id for id in ids])
    return {key.removeprefix(EDITED): msgspec.json.decode(stamp, type=Edits) for key, stamp in rows}


def _past(session: Session) -> Iterator[SavedVersion]:
    place: Row = ("", 0)
    while rows := session.rows(
        "SELECT v.id, v.version, v.json,"
        " EXISTS (SELECT 1 FROM refs f WHERE f.id = v.id AND f.version = v.version)"
        " FROM versions v WHERE (v.id, v.version) > (?, ?) ORDER BY v.id, v.version LIMIT ?",
        *place,
        PAGE,
    ):
        for _, _, json, has_refs in rows:
            yield SavedVersion(record=msgspec.Raw(json), linked=not has_refs)
        place = rows[-1][:2]


def _sources(session: Session) -> Iterator[SavedSource]:
    last = ""
    while rows := session.rows(
        "SELECT key, stamp FROM sources WHERE key > ? ORDER BY key LIMIT ?", last, PAGE
    ):
        given: dict[str, list[str]] = {}
        sql = "SELECT source, id FROM source_records WHERE source"
        for source, id in sorted(among(session, sql, [key for key, _ in rows])):
            given.setdefault(source, []).append(id)
        for key, stamp in rows:
            records = tuple(given.get(key, ()))
            yield SavedSource(key=key, stamp=msgspec.json.decode(stamp), records=records)
        last = rows[-1][0]


def _entry(piece: SavedRecord) -> Entry:
    """Row to write; the tokens are those that were kept."""
    json = bytes(piece.record)
    return entry(decode_record(json), linked=piece.linked)._replace(tokens=piece.tokens, json=json)


def _insert_past(session: Session, pieces: Sequence[SavedVersion]) -> None:
    records = [decode_record(bytes(piece.record)) for piece in pieces]
    session.many(
        "INSERT INTO versions (id, version, sequence, json) VALUES (?, ?, ?, ?)",
        [(r.id, r.version, r.sequence, bytes(p.record)) for r, p in zip(records, pieces, strict=True)],
    )
    session.many(
        "INSERT INTO refs (sha256, id, version, size) VALUES (?, ?, ?, ?)",
        [ref for r, p in zip(records, pieces, strict=True) if not p.linked for ref in refs(r)],
    )
