"""A transaction on SQL tables, and the small questions and changes a catalogue is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from craton.model.errors import StorageError
from craton.store.entries import Old, encode

Row = tuple[Any, ...]


class OvertimeError(StorageError):
    """Reading took longer than it was allowed to."""


_CHUNK = 500
"""Values in one `IN` list."""


class Session(Protocol):
    """One transaction. Statements have `?` for values."""

    def limit(self, seconds: float) -> None:
        """Let the transaction end with an `OvertimeError` when reading takes longer than `seconds`."""

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Run a statement and give its rows."""

    def run(self, sql: str, *values: object) -> int:
        """Run a statement and give the number of rows it changed."""

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement for each of `rows`."""


def current_versions(session: Session, ids: Sequence[str]) -> dict[str, Old]:
    """Current versions by record id."""
    sql = (
        "SELECT r.id, r.sequence, r.version, r.linked, d.json"
        " FROM records r JOIN documents d ON d.sequence = r.sequence WHERE r.id"
    )
    return {
        id: Old(sequence, version, bool(linked), json)
        for id, sequence, version, linked, json in among(session, sql, ids)
    }


def take_graves(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """Last versions of deleted records, whose tombstones go, by record id."""
    graves: dict[str, int] = dict(among(session, "SELECT id, version FROM tombstones WHERE id", ids))
    session.many("DELETE FROM tombstones WHERE id = ?", [(id,) for id in graves])
    return graves


def among(session: Session, sql: str, values: Sequence[object]) -> Iterator[Row]:
    """Rows of a statement that ends in a column, for which it is one of `values`."""
    for first in range(0, len(values), _CHUNK):
        some = values[first : first + _CHUNK]
        yield from session.rows(f"{sql} IN ({', '.join('?' * len(some))})", *some)


def add_pending(session: Session, txn: str, hashes: Iterable[str]) -> None:
    """Note that `txn` needs the objects."""
    rows = [(sha256, txn) for sha256 in sorted(set(hashes))]
    session.many("INSERT INTO pending (sha256, txn) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)


def put_stamp(session: Session, key: str, stamp: Mapping[str, Any]) -> None:
    """Remember `stamp` of source `key`."""
    session.run(
        "INSERT INTO sources (key, stamp) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET stamp = excluded.stamp",
        key,
        encode(stamp),
    )


def newest_sequence(session: Session) -> int:
    """Number of the newest change."""
    ((value,),) = session.rows("SELECT value FROM meta WHERE name = 'sequence'")
    return int(value)


def set_sequence(session: Session, sequence: int) -> None:
    """Set the number of the newest change."""
    session.run("UPDATE meta SET value = ? WHERE name = 'sequence'", str(sequence))


def put_names(session: Session, lists: Iterable[tuple[int, Mapping[str, Iterable[str]]]]) -> None:
    """Write the names of records, by their sequence number, to the tables of names."""
    rows: dict[str, list[tuple[str, int]]] = {}
    for sequence, names in lists:
        for table, found in names.items():
            rows.setdefault(table, []).extend((name, sequence) for name in found)
    for table, pairs in rows.items():
        session.many(f"INSERT INTO {table} (name, sequence) VALUES (?, ?)", sorted(pairs))  # noqa: S608 - our tables
