"""Numbers that are kept of all current records: how often each value occurs, by who may see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from craton.model.errors import InvalidError
from craton.store.conditions import marks
from craton.store.entries import Entry, Old, counted, decode_record, names
from craton.store.search import span
from craton.store.session import Row, Session

Tally = Counter[tuple[str, str, str]]
"""Numbers by field, visibility and value."""


def tally_of(entries: Iterable[Entry]) -> Tally:
    """How often each value occurs in `entries`."""
    return Counter(
        (field, one.record.visibility, value)
        for one in entries
        for field, value in counted(one.record, one.names, one.span)
    )


def add_entries(session: Session, entries: Sequence[Entry]) -> None:
    """Count new current records."""
    _add(session, tally_of(entries))


def take_old(session: Session, old: Sequence[Old]) -> None:
    """Count records no more; one that cannot be read is left to `check`."""
    tally: Tally = Counter()
    for one in old:
        try:
            record = decode_record(one.json)
            found = span(record.time) if record.time else None
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidError):
            continue
        tally.update(
            (field, record.visibility, value) for field, value in counted(record, names(record), found)
        )
    _add(session, {key: -number for key, number in tally.items()})
    if tally:
        session.run("DELETE FROM counts WHERE number <= 0")


def _add(session: Session, tally: Mapping[tuple[str, str, str], int]) -> None:
    session.many(
        "INSERT INTO counts (field, visibility, value, number) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (field, visibility, value) DO UPDATE SET number = counts.number + excluded.number",
        [(*key, number) for key, number in sorted(tally.items())],
    )


def kept_tally(session: Session) -> Tally:
    """The numbers that are kept."""
    rows = session.rows("SELECT field, visibility, value, number FROM counts")
    return Counter({(field, visibility, value): int(number) for field, visibility, value, number in rows})


def bounds_of(session: Session, visibility: tuple[str, ...] | None) -> dict[str, Row]:
    """Number of records, west, south, east, north, start and stop of each kind, as far as it may be seen."""
    kinds = session.rows("SELECT DISTINCT value FROM counts WHERE field = 'kind' ORDER BY value")
    seen = "" if visibility is None else f" AND visibility IN ({marks(visibility)})"
    # One kind after the other takes less than half as long as grouping them.
    sql = (
        "SELECT count(*), min(west), min(south), max(east), max(north), min(start), max(stop)"  # noqa: S608 - marks
        f" FROM records WHERE kind = ?{seen}"
    )
    found = {kind: session.rows(sql, kind, *(visibility or ()))[0] for (kind,) in kinds}
    return {kind: numbers for kind, numbers in found.items() if numbers[0]}
