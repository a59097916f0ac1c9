"""The store: a catalogue and its objects, written by one atomic protocol.

A write takes three steps, and whoever is killed between any two of them
leaves nothing behind that `recover` would not clear:

1. The catalogue notes the hashes as pending in the transaction.
2. The staged files become objects.
3. One catalogue transaction makes the records public, with everything that
   finds them, and their source.

Then the pending notes are swept: an object that no record and no other
transaction needs is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from craton.model.edits import Edits
from craton.model.errors import ConflictError, InvalidError, NotFoundError, StorageError
from craton.model.record import Bbox, Kind, Period, Record, Tombstone
from craton.store.catalogue import Batch, Catalogue, Outcome, Problem
from craton.store.derived import Derived
from craton.store.entries import refs
from craton.store.inspect import inspect
from craton.store.local import LocalObjects, translated
from craton.store.objects import Objects, object_key
from craton.store.search import Order, Query
from craton.store.sqlite import SqliteCatalogue
from craton.store.staging import Staging, Transaction

CATALOGUE = "catalogue.sqlite"
OBJECTS = "objects"
STAGING = "staging"
DERIVED = "derived"

BULK = 10_000
"""Records that `put_many` writes in one go."""

PARALLEL_FILES = 8
"""Files made objects at the same time; disks and buckets answer many at once sooner than one by one."""


class Store:
    """A catalogue and its objects; may be used from several threads and by several processes.

    Parameters
    ----------
    catalogue, objects
        The two halves, see the protocols.
    staging : Path
        Folder for files in the making, on the disk of `objects` where these are local. Beside it lie
        copies that can be made again, see `Derived`.
    owner : str
        Name of this machine where several share one catalogue: letters and digits.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        objects: Objects,
        staging: Path,
        *,
        owner: str = "",
        read_only: bool = False,
    ) -> None:
        if owner and not owner.isalnum():
            raise InvalidError(f"owner must be letters and digits, not {owner!r}")
        self.catalogue, self.objects, self.read_only = catalogue, objects, read_only
        self._staging = Staging(staging, owner)
        self.derived = Derived(staging.parent / DERIVED)

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make a node's store in `folder`, with a catalogue in SQLite and objects as files."""
        if (folder / CATALOGUE).exists() and _is_made(folder / CATALOGUE):
            raise ConflictError(f"{folder} is a node already", hint="open it")
        with translated():
            for name in (OBJECTS, STAGING):
                (folder / name).mkdir(parents=True, exist_ok=True)
        catalogue = SqliteCatalogue(folder / CATALOGUE, create=True)
        return cls(catalogue, LocalObjects(folder / OBJECTS), folder / STAGING)

    @classmethod
    def open(cls, folder: Path, read_only: bool = False) -> Self:
        """Open the store that `create` made in `folder`."""
        if not (folder / CATALOGUE).exists():
            raise NotFoundError(f"{folder} is no node: it has no {CATALOGUE}", hint="make a node there first")
        catalogue = SqliteCatalogue(folder / CATALOGUE, read_only=read_only)
        return cls(catalogue, LocalObjects(folder / OBJECTS), folder / STAGING, read_only=read_only)

    def close(self) -> None:
        """Release connections."""
        self.catalogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Begin a write, after clearing what writers that are gone left behind.

        Files go to the transaction's `folder`, then `commit` makes them and
        their records public, as often as needed. What was not committed when
        the block ends, in whatever way, is removed.
        """
        if self.read_only:
            raise StorageError("the store is open for reading only")
        self.recover()
        transaction, lock = self._staging.begin()
        try:
            yield transaction
        finally:
            try:
                self._sweep(transaction.id)
            finally:
                self._staging.end(transaction, lock)

    def commit(
        self,
        txn: Transaction,
        records: Sequence[Record],
        staged: Mapping[str, Path],
        source_key: str = "",
        stamp: dict[str, Any] | None = None,
        *,
        texts: Mapping[str, str] | None = None,
        expected: Mapping[str, int] | None = None,
    ) -> list[tuple[Record, Outcome]]:
        """Make `records` public, all of them or none, and give them as stored with what became of each.

        Parameters
        ----------
        txn : Transaction
            From `transaction`.
        records : sequence of Record
            Each with its assets, all of whose objects are in `staged` or stored already. A
            record that says the same as the stored one, version, sequence, `created` and
            `updated` aside, stays `unchanged`.
        staged : mapping
            File below `txn.folder`, by its hash; files are moved.
        source_key, stamp
            The source all these records come from and what to remember of it. Records that it gave
            before and gives no more are deleted.
        texts : mapping
            Further words to find a record by (the text of a document), by record id.
        expected : mapping
            Version last seen, by record id, 0 for none; `ConflictError` where it is another by now.
        """
        needed = _needed(records)
        _check_staged(needed, staged)
        if needed:
            self.catalogue.pend(txn.id, needed)
        self._put_objects(needed, staged)
        batch = Batch(records, texts or {}, expected or {}, source_key, stamp)
        results = self.catalogue.publish(txn.id, batch)
        self._sweep(txn.id)
        return results

    def put_many(self, records: Iterable[Record]) -> dict[Outcome, int]:
        """Write many records whose assets lie elsewhere, harvested ones; how many had which outcome.

        Some thousands at a time are written at once; a failure leaves those before it.
        """
        counts: dict[Outcome, int] = {"added": 0, "updated": 0, "unchanged": 0}
        with self.transaction() as txn:
            for some in _groups(records):
                for _, outcome in self.catalogue.publish(txn.id, Batch(some, linked=True)):
                    counts[outcome] += 1
                self._sweep(txn.id)
        return counts

    def get(self, id: str, version: int | None = None) -> Record:
        """The current version of dataset `id`, or the given one; `NotFoundError` where there is none."""
        record = self.catalogue.get(id, version)
        if record is None:
            raise NotFoundError(f"there is no dataset {id!r}" + (f" of version {version}" if version else ""))
        return record

    def is_whole(self, id: str) -> bool:
        """Whether dataset `id` is there with all objects of its current version (asked of a disk only)."""
        record = self.catalogue.get(id)
        if record is None:
            return False
        members = [member for asset in record.assets.values() for member in asset.members]
        local = isinstance(self.objects, LocalObjects)
        return not local or all(self.objects.exists(member.sha256) for member in members)

    def versions(self, id: str) -> list[int]:
        """Versions of dataset `id`, oldest first."""
        return self.catalogue.versions(id)

    def find(
        self,
        *,
        bbox: Bbox | None = None,
        time: Period | None = None,
        text: str = "",
        kind: Kind | None = None,
        quantity: str = "",
        visibility: tuple[str, ...] | None = None,
        limit: int = 10,
        after: int | None = None,
        offset: int = 0,
        order: Order = "newest",
    ) -> list[Record]:
        """Records that meet all conditions, newest change first; see `Query` for the parameters."""
        query = Query(bbox, time, text, kind, quantity, visibility, limit, after, offset, order)
        return self.catalogue.find(query)

    def search(self, query: Query) -> list[Record]:
        """Records that answer `query`, which can ask for more than `find` does."""
        return self.catalogue.find(query)

    def count(
        self,
        *,
        bbox: Bbox | None = None,
        time: Period | None = None,
        text: str = "",
        kind: Kind | None = None,
        quantity: str = "",
        visibility: tuple[str, ...] | None = None,
    ) -> int:
        """Number of records that meet all conditions."""
        return self.catalogue.count(Query(bbox, time, text, kind, quantity, visibility))

    def delete(self, id: str, reason: str = "") -> Tombstone:
        """Delete dataset `id` with all its versions; a tombstone tells neighbours."""
        with self.transaction() as txn:
            return self.catalogue.delete(txn.id, id, reason)

    def edit(self, id: str, edits: Edits, *, expected: int | None = None) -> Record:
        """Say of dataset `id` what stands in place of its source's words, now and when it is added again.

        `expected` is the version last seen; `ConflictError` where it is another by now.
        """
        if self.read_only:
            raise StorageError("the store is open for reading only")
        return self.catalogue.edit(id, edits, expected)

    def edits(self, id: str) -> Edits:
        """What was edited of dataset `id`."""
        return self.catalogue.edits(id)

    def changes(self, since: int = 0, limit: int = 1000) -> list[Record | Tombstone]:
        """Current records and tombstones with a sequence above `since`, in its order."""
        return self.catalogue.changes(since, limit)

    def sequence(self) -> int:
        """Number of the newest change."""
        return self.catalogue.sequence()

    def source(self, key: str) -> dict[str, Any] | None:
        """What is remembered of source `key`, `None` where it is not known."""
        return self.catalogue.source(key)

    def sources(self, prefix: str = "") -> dict[str, dict[str, Any]]:
        """What is remembered of each source whose key starts with `prefix`."""
        return self.catalogue.sources(prefix)

    def put_source(self, key: str, stamp: dict[str, Any] | None) -> None:
        """Remember `stamp` of source `key`; `None` forgets the source and keeps its records."""
        self.catalogue.put_source(key, stamp)

    def check(self, deep: bool = True) -> list[Problem]:
        """What is wrong in catalogue and objects; `deep` also reads every record and every object."""
        return inspect(self.catalogue, self.objects, None if self.read_only else self._staging, deep)

    def recover(self) -> int:
        """Clear what writers that are gone left behind; how many of them."""
        # Asked first: whoever has pending objects now and no folder afterwards is gone or done.
        pending = [id for id in self.catalogue.transactions() if self._staging.owns(id)]
        cleared = [id for id in self._staging.ids() if self._clear(id)]
        homeless = [id for id in pending if not self._staging.exists(id) and id not in cleared]
        for id in homeless:
            self._sweep(id)
        return len(cleared) + len(homeless)

    def _clear(self, id: str) -> bool:
        with self._staging.dead(id) as is_dead:
            if is_dead:
                self._sweep(id)
                self._staging.remove(id)
        return is_dead

    def _sweep(self, id: str) -> None:
        self.catalogue.sweep(id, self.objects.delete)

    def _put_objects(self, needed: Mapping[str, int], staged: Mapping[str, Path]) -> None:
        for sha256 in needed.keys() - staged.keys():
            if not self.objects.exists(sha256):
                raise NotFoundError(f"object {sha256} is neither staged nor in the store")
        files = [(sha256, staged[sha256]) for sha256 in needed if sha256 in staged]
        if len(files) < PARALLEL_FILES:
            for sha256, path in files:
                self.objects.put(sha256, path)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(PARALLEL_FILES) as pool:
            list(pool.map(lambda file: self.objects.put(*file), files))


def _is_made(path: Path) -> bool:
    """Whether the catalogue at `path` was made to the end."""
    try:
        SqliteCatalogue(path, read_only=True).close()
    except StorageError:
        return False
    return True


def _needed(records: Iterable[Record]) -> dict[str, int]:
    """Size in bytes of every object the records need, by its hash."""
    return {sha256: size for record in records for sha256, _, _, size in refs(record)}


def _check_staged(needed: Mapping[str, int], staged: Mapping[str, Path]) -> None:
    """Refuse what would be wrong once stored."""
    for sha256, size in needed.items():
        object_key(sha256)
        with translated():
            if sha256 in staged and staged[sha256].stat().st_size != size:
                raise InvalidError(f"the file staged as {sha256} has not the {size} bytes its record states")


def _groups(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Up to `BULK` records at a time, no id twice among them."""
    group: dict[str, Record] = {}
    for record in records:
        if len(group) == BULK or record.id in group:
            yield list(group.values())
            group = {}
        group[record.id] = record
    if group:
        yield list(group.values())
