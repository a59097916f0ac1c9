"""Tombstones in the tables of a catalogue: what was deleted, and who may know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from craton.model.record import Tombstone
from craton.store.conditions import Condition, joined, marks
from craton.store.dialects import Dialect
from craton.store.entries import decode_tombstone, encode
from craton.store.record_order import read_cursor
from craton.store.search import Query, seconds
from craton.store.session import Session


def put_grave(session: Session, grave: Tombstone) -> None:
    """Write a tombstone."""
    session.run(
        "INSERT INTO tombstones (sequence, id, version, json, deleted, visibility) VALUES (?, ?, ?, ?, ?, ?)",
        grave.sequence,
        grave.id,
        grave.version,
        encode(grave),
        seconds(grave.deleted),
        grave.visibility,
    )


def read_grave(session: Session, id: str) -> Tombstone | None:
    """Tombstone of record `id`, if it was deleted."""
    rows = session.rows("SELECT json FROM tombstones WHERE id = ?", id)
    return decode_tombstone(rows[0][0]) if rows else None


def find_graves(session: Session, query: Query, dialect: Dialect) -> list[Tombstone]:
    """Tombstones that answer `query` as far as they can: ids, time of the change, who may see them.

    They come in the order of the changes; the first key of the query says from which end.
    """
    falls = query.keys[0].falls
    where = joined([*_conditions(query, dialect)])
    rows = session.rows(
        f"SELECT t.json FROM tombstones t WHERE {where.sql}"  # noqa: S608 - our own words, values apart
        f" ORDER BY t.sequence {'DESC' if falls else 'ASC'} LIMIT ? OFFSET ?",
        *where.values,
        query.limit,
        query.offset,
    )
    return [decode_tombstone(json) for (json,) in rows]


def _conditions(query: Query, dialect: Dialect) -> Iterator[Condition]:
    if query.visibility is not None:
        yield Condition(f"t.visibility IN ({marks(query.visibility)})", query.visibility)
    if query.ids:
        yield Condition(f"t.id IN ({marks(query.ids)})", query.ids)
    if asked := query.spans.get("updated"):
        yield Condition("t.deleted BETWEEN ? AND ?", asked)
    if query.filter is not None:
        from craton.store.record_filter import grave_conditions

        yield from grave_conditions(query.filter, dialect)
    if query.cursor or query.after is not None:
        sequence: Any = read_cursor(query)[-1] if query.cursor else query.after
        yield Condition(f"t.sequence {'<' if query.keys[0].falls else '>'} ?", (sequence,))
