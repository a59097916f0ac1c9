"""Whether a catalogue agrees with itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from craton.model.errors import CratonError
from craton.model.record import Record
from craton.store.catalogue import Problem
from craton.store.entries import (
    COLUMNS,
    LISTS,
    Entry,
    columns,
    decode_record,
    decode_tombstone,
    entry,
    refs,
)
from craton.store.session import Row, Session
from craton.store.tally import kept_tally, tally_of

PAGE = 1_000
"""Records read at once."""

Misfiled = Callable[[Session, Sequence[Entry]], Iterator[str]]
"""Ids of the entries that a backend's own indexes do not hold as they should."""


def table_problems(
    session: Session, index_tables: Sequence[str], misfiled: Misfiled, deep: bool
) -> list[Problem]:
    """What is wrong in the tables; `deep` also reads every record and asks for it in every index."""
    problems = [*_unmatched(session, index_tables), *_counter(session), *_stray_refs(session)]
    if deep:
        problems += [*_record_problems(session, misfiled), *_unreadable_past(session)]
    return problems


def _unmatched(session: Session, index_tables: Sequence[str]) -> Iterator[Problem]:
    """Tables about current records must have the same keys."""
    for table in ("documents", *index_tables):
        for first, second in (("records", table), (table, "records")):
            apart = f"SELECT sequence FROM {first} EXCEPT SELECT sequence FROM {second}"  # noqa: S608 - our tables
            ((count,),) = session.rows(f"SELECT count(*) FROM ({apart}) d")  # noqa: S608 - our own words
            if count:
                yield Problem("index-inconsistent", f"{count} rows of {first} are not in {second}", table)
    for table in LISTS:
        ((count,),) = session.rows(
            f"SELECT count(*) FROM {table} q"  # noqa: S608 - our tables
            " WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.sequence = q.sequence)"
        )
        if count:
            yield Problem("index-inconsistent", f"{count} rows of {table} belong to no record", table)


def _counter(session: Session) -> Iterator[Problem]:
    ((newest,),) = session.rows(
        "SELECT max(s) FROM (SELECT sequence AS s FROM records UNION ALL SELECT sequence FROM tombstones) n"
    )
    ((value,),) = session.rows("SELECT value FROM meta WHERE name = 'sequence'")
    if newest is not None and newest > int(value):
        yield Problem("database", f"the change counter is at {value}, but change {newest} exists", "meta")


def _stray_refs(session: Session) -> Iterator[Problem]:
    rows = session.rows(
        "SELECT DISTINCT f.id FROM refs f"
        " WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.id = f.id AND r.version = f.version)"
        " AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.id = f.id AND v.version = f.version)"
    )
    for (id,) in rows:
        yield Problem("index-inconsistent", "objects are kept for a version that does not exist", id)


def _record_problems(session: Session, misfiled: Misfiled) -> Iterator[Problem]:
    """Every record read, and compared with what the tables hold of it."""
    sequence = -1
    tally = Counter[tuple[str, str, str]]()
    while rows := session.rows(
        f"SELECT {', '.join(f'r.{name}' for name in COLUMNS)}, d.json FROM records r"  # noqa: S608 - our own words
        " JOIN documents d ON d.sequence = r.sequence WHERE r.sequence > ? ORDER BY r.sequence LIMIT ?",
        sequence,
        PAGE,
    ):
        entries = []
        for row in rows:
            one = _read(row)
            if one is None:
                yield Problem("record-unreadable", "the record's JSON cannot be read", row[1])
                continue
            entries.append(one)
            yield from (
                Problem("index-inconsistent", what, row[1]) for what in _disagreements(session, one, row)
            )
        for id in misfiled(session, entries):
            yield Problem(
                "index-inconsistent", "the record cannot be found by all its words, place and time", id
            )
        tally += tally_of(entries)
        sequence = rows[-1][0]
    if tally != kept_tally(session):
        yield Problem(
            "index-inconsistent", "the numbers of records by value are not what the records say", "counts"
        )


def _read(row: Row) -> Entry | None:
    try:
        return entry(decode_record(row[-1]), linked=bool(row[5]))
    except (msgspec.DecodeError, UnicodeDecodeError, CratonError):
        return None


def _disagreements(session: Session, one: Entry, row: Row) -> Iterator[str]:
    """In words, where the tables say something else than the record."""
    record = one.record
    if tuple(columns(one)) != (*row[:5], int(row[5]), *row[6:-1]):
        yield "the columns of the record are not what its JSON says"
    for table, said in one.names.items():
        rows = session.rows(f"SELECT name FROM {table} WHERE sequence = ?", record.sequence)  # noqa: S608 - our tables
        if {name for (name,) in rows} != said:
            yield f"the {table} are not what its JSON says"
    kept = session.rows(
        "SELECT sha256, size FROM refs WHERE id = ? AND version = ?", record.id, record.version
    )
    if set(kept) != (set() if one.linked else {(sha256, size) for sha256, _, _, size in refs(record)}):
        yield "the objects kept for it are not what its JSON says"


def _unreadable_past(session: Session) -> Iterator[Problem]:
    """Old versions and tombstones that cannot be read."""
    for table, decode in (("versions", decode_record), ("tombstones", decode_tombstone)):
        for id, version in session.rows(f"SELECT id, version FROM {table}"):  # noqa: S608 - our tables
            sql = f"SELECT json FROM {table} WHERE id = ? AND version = ?"  # noqa: S608 - our tables
            ((json,),) = session.rows(sql, id, version)
            if not _is_readable(decode, json):
                yield Problem("record-unreadable", f"version {version} cannot be read", id)


def _is_readable(decode: Callable[[bytes], Record] | Callable[[bytes], object], json: bytes) -> bool:
    try:
        decode(json)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
