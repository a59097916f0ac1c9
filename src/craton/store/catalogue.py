"""The catalogue: records, versions, tombstones, and which objects they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec

from craton.model.edits import Edits
from craton.model.record import Record, Tombstone
from craton.store.facets import Facets
from craton.store.saved import Saved
from craton.store.search import Query

Outcome = Literal["added", "updated", "unchanged"]


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a store; `code` is a key of `PROBLEMS`, `subject` names what it befell."""

    code: str
    message: str
    subject: str = ""


PROBLEMS: dict[str, str] = {
    "database": "the catalogue's own file or tables are damaged",
    "record-unreadable": "a record's JSON cannot be read",
    "index-inconsistent": "an index does not agree with the records; searches may miss or invent some",
    "object-missing": "a record needs an object that is not there",
    "object-size": "an object has not the size its record states",
    "object-hash": "an object's bytes changed since they were stored",
    "object-orphan": "an object belongs to no record",
    "pending-orphan": "objects are still marked as being written by a transaction that is gone",
    "staging-leftover": "a transaction that is gone left its folder",
}
"""Codes of `Problem` and what they mean."""


@dataclass(frozen=True)
class Batch:
    """What one transaction makes public, all of it or nothing.

    Parameters
    ----------
    records : sequence of Record
        Each id once; `version`, `sequence`, `created` and `updated` are set by the catalogue.
    texts : mapping
        Further words to find a record by (a document's text), by record id.
    expected : mapping
        Version the writer saw, by record id (0 for none); another one is a `ConflictError`.
    source, stamp
        The source all these records come from and what is to be remembered of
        it. Records it gave before and gives no more are deleted.
    linked : bool
        The assets lie elsewhere: no object is needed here.
    """

    records: Sequence[Record]
    texts: Mapping[str, str] = field(default_factory=dict)
    expected: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    stamp: dict[str, Any] | None = None
    linked: bool = False


class Catalogue(Protocol):
    """Where records are kept and searched; may be used from several threads and processes.

    Every method sees one consistent state. Objects in the making are guarded
    by pending rows of the transaction that makes them.
    """

    node: str
    """Identity of the node (a UUID), given once when the catalogue is made."""

    def sequence(self) -> int:
        """Number of the newest change."""

    def get(self, id: str, version: int | None = None) -> Record | None:
        """The current version of record `id`, or the given one."""

    def versions(self, id: str) -> list[int]:
        """Versions of record `id`, oldest first; empty where there is no such record."""

    def find(self, query: Query) -> list[Record]:
        """Records that answer `query`."""

    def count(self, query: Query, most: int | None = None) -> int:
        """Number of records that answer `query`, whatever its page; no more than `most` are counted."""

    def count_soon(self, query: Query, most: int, seconds: float) -> int | None:
        """The same, `None` where it takes longer than `seconds`; where all records answer, all count."""

    def facets(self, query: Query, fields: Sequence[str], most: int) -> Facets:
        """The `most` frequent values of some fields among the answers to `query`, whatever its page."""

    def bounds(self, visibility: tuple[str, ...] | None) -> dict[str, tuple[Any, ...]]:
        """Number of records, west, south, east, north, start and stop (in seconds) by kind."""

    def grave(self, id: str) -> Tombstone | None:
        """Tombstone of record `id`, if it was deleted."""

    def graves(self, query: Query) -> list[Tombstone]:
        """Tombstones that answer `query`: who may see them, ids, when they were deleted, and the page.

        Of its filter count those parts that a tombstone can answer: on `id`, `updated` (the deletion),
        `version` and `sequence`. They come in the order of the changes.
        """

    def changes(self, since: int, limit: int) -> list[Record | Tombstone]:
        """Current records and tombstones with a sequence above `since`, in its order."""

    def source(self, key: str) -> dict[str, Any] | None:
        """Stamp of source `key`."""

    def sources(self, prefix: str) -> dict[str, dict[str, Any]]:
        """Stamps of all sources whose key starts with `prefix`."""

    def put_source(self, key: str, stamp: dict[str, Any] | None) -> None:
        """Set the stamp of source `key`, or forget the source but not its records."""

    def pend(self, txn: str, hashes: Iterable[str]) -> None:
        """Guard objects: from now on none of them is removed before `sweep(txn)`."""

    def publish(self, txn: str, batch: Batch) -> list[tuple[Record, Outcome]]:
        """Write `batch`; objects that no record needs any more become pending in `txn`."""

    def delete(self, txn: str, id: str, reason: str) -> Tombstone:
        """Delete record `id` with all versions; its objects become pending in `txn`."""

    def edit(self, id: str, edits: Edits, expected: int | None = None) -> Record:
        """Lay `edits` over record `id`, now and whenever it is written again; the record as it then is.

        They are forgotten when the record is deleted. `expected` is the version last seen, as in `Batch`.
        """

    def edits(self, id: str) -> Edits:
        """What is laid over record `id`."""

    def dump(self) -> Iterator[Saved]:
        """All that is kept, as it is at one moment, edits included; what is pending is not."""

    def load(self, saved: Iterable[Saved]) -> None:
        """Fill this empty catalogue with what `dump` of any other gave, all or nothing."""

    def sweep(self, txn: str, remove: Callable[[str], None]) -> int:
        """End `txn`: call `remove` on its objects that neither a record nor another transaction needs.

        No transaction can begin to need an object between the look and the removal.
        """

    def transactions(self) -> set[str]:
        """Transactions that have pending objects."""

    def needed(self) -> Iterator[tuple[str, int, str]]:
        """Hash, size in bytes and record id of every object a record needs."""

    def is_guarded(self, sha256: str) -> bool:
        """Whether a record or a transaction needs the object."""

    def check(self, deep: bool) -> list[Problem]:
        """What is wrong within the catalogue; `deep` also reads every record."""

    def close(self) -> None:
        """Release connections."""
