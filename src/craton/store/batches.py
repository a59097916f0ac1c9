"""What becomes of the records of a batch, before it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from craton.model.errors import ConflictError, InvalidError
from craton.model.record import Record
from craton.store.catalogue import Batch, Outcome
from craton.store.entries import Old, now, successor, unchanged
from craton.store.session import Session, newest_sequence, take_graves


def results_of(
    session: Session, batch: Batch, records: Sequence[Record], current: Mapping[str, Old]
) -> list[tuple[Record, Outcome]]:
    """Each of `records` as it will be stored, and what becomes of it."""
    sequence, time = newest_sequence(session), now()
    graves = take_graves(session, [record.id for record in records if record.id not in current])
    results: list[tuple[Record, Outcome]] = []
    for record in records:
        old = current.get(record.id)
        stored = unchanged(record, old, batch.linked) if old else None
        if stored:
            results.append((stored, "unchanged"))
            continue
        sequence += 1
        following = successor(record, old, graves.get(record.id, 0), sequence, time)
        results.append((following, "updated" if old else "added"))
    return results


def check_expected(batch: Batch, current: Mapping[str, Old]) -> None:
    """Refuse a batch whose writer saw other versions, or that has an id twice."""
    if len({record.id for record in batch.records}) < len(batch.records):
        raise InvalidError("two records of one batch have the same id")
    for id, version in batch.expected.items():
        found = current[id].version if id in current else 0
        if found != version:
            raise ConflictError(
                f"dataset {id!r} has version {found}, not {version} as expected",
                hint="read it again and retry",
            )
