"""Filling the columns that an older version of the tables had not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from craton.model.record import Record
from craton.store.entries import COLUMNS, columns, decode_record, decode_tombstone, entry
from craton.store.search import seconds
from craton.store.session import Session, put_names
from craton.store.tally import add_entries

PAGE = 5_000
"""Records read at once."""

NEW_COLUMNS = ("title", "licence", "crs", "row_count", "created", "updated")

NEW_LISTS = ("keywords", "parties", "identifiers")


def refill(session: Session, reindex: Callable[[Session, Sequence[Record]], None]) -> None:
    """Read every record, and write what is now kept of it; `reindex` fills the backend's own columns."""
    sequence = -1
    sql = "SELECT sequence, json FROM documents WHERE sequence > ? ORDER BY sequence LIMIT ?"
    while rows := session.rows(sql, sequence, PAGE):
        _refill_some(session, [decode_record(json) for _, json in rows], reindex)
        sequence = rows[-1][0]
    for number, json in session.rows("SELECT sequence, json FROM tombstones"):
        deleted = seconds(decode_tombstone(json).deleted)
        session.run("UPDATE tombstones SET deleted = ? WHERE sequence = ?", deleted, number)


def _refill_some(
    session: Session, records: Sequence[Record], reindex: Callable[[Session, Sequence[Record]], None]
) -> None:
    entries = [entry(record) for record in records]
    places = [COLUMNS.index(name) for name in NEW_COLUMNS]
    session.many(
        f"UPDATE records SET {', '.join(f'{name} = ?' for name in NEW_COLUMNS)} WHERE sequence = ?",  # noqa: S608 - our words
        [(*(columns(one)[place] for place in places), one.record.sequence) for one in entries],
    )
    found = ((one.record.sequence, one.names) for one in entries)
    put_names(session, ((sequence, {table: said[table] for table in NEW_LISTS}) for sequence, said in found))
    add_entries(session, entries)
    reindex(session, records)
