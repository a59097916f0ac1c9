"""A backup of a node that goes on working: nothing stops, nothing is half.

Objects never change, so most of them are copied before anything else, without
guarding them: one that is removed meanwhile is not needed by the snapshot that
follows. Then databases and catalogue are copied, each as it is at one moment,
the catalogue last so that every job that is over has its result; the few
objects that came meanwhile are guarded while they are copied. The snapshot
appears whole or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from craton.model.errors import InvalidError, NotFoundError, StorageError
from craton.model.moments import now
from craton.store.backup_files import (
    CATALOGUE,
    listed,
    needed_objects,
    newest_change,
    save_catalogue,
    save_files,
)
from craton.store.backup_lines import write_lines
from craton.store.backup_objects import DamagedError, ObjectCopier
from craton.store.backup_target import (
    CATALOGUE_DUMP,
    FILES,
    MANIFEST,
    OBJECT_LIST,
    Manifest,
    Snapshot,
    Target,
)
from craton.store.entries import decode_record, refs
from craton.store.local import translated
from craton.store.saved import Saved, SavedHead, SavedRecord, SavedVersion
from craton.store.sqlite import SqliteCatalogue
from craton.store.store import Store

MOST_TRIES = 20
"""Snapshots of the catalogue that are tried; one more is needed where datasets are deleted meanwhile."""

GUARDED_AT_ONCE = 10_000

Tell = Callable[[int, int], None]
"""Called with objects looked at, and in all."""


class BackupOptions(NamedTuple):
    """How a backup is made.

    Parameters
    ----------
    copy : bool
        Copy objects even where they could be linked.
    verify : bool
        Read every object of the snapshot in the target again.
    keep : int
        Snapshots kept; 0 keeps all.
    software : str
        Name and version of the program.
    """

    copy: bool = False
    verify: bool = False
    keep: int = 0
    software: str = ""


class BackupDone(NamedTuple):
    """What a backup did: the snapshot, how many objects and bytes were new, how many snapshots went."""

    snapshot: Snapshot
    manifest: Manifest
    copied: int
    bytes: int
    removed: int


def back_up(
    store: Store, folder: Path, target: Path, options: BackupOptions, tell: Tell | None = None
) -> BackupDone:
    """Save the node in `folder`, whose store is `store`, to the folder `target`.

    Raises
    ------
    ConflictError
        If the target holds another node's backups, or someone else writes to it.
    StorageError
        If a disk refuses; earlier snapshots stay.
    """
    if target.resolve().is_relative_to(folder.resolve()):
        raise InvalidError("a backup cannot lie within its node", hint="choose a folder on another disk")
    place = Target(target)
    with place.alone():
        place.check_node(store.catalogue.node)
        work = _Work(store, folder, place, options, tell)
        work.copy_most()
        manifest = work.copy_rest()
        snapshot = place.finish()
        removed = place.prune(options.keep) if options.keep else 0
    return BackupDone(snapshot, manifest, work.copier.copied, work.copier.bytes, removed)


class _Work:
    """One backup in the making."""

    def __init__(
        self, store: Store, folder: Path, target: Target, options: BackupOptions, tell: Tell | None
    ) -> None:
        self._store, self._folder, self._target, self._options = store, folder, target, options
        self.copier = ObjectCopier(store.objects, target.objects, link=not options.copy)
        self._tell = tell or (lambda _done, _all: None)
        self._sound: set[str] = set()
        self._lost: set[str] = set()

    def copy_most(self) -> None:
        """Copy the objects that are needed now, as far as they stay."""
        needed = {sha256: size for sha256, size, _ in self._store.catalogue.needed()}
        for number, (sha256, size) in enumerate(needed.items(), start=1):
            self._take(sha256, size)
            self._tell(number, len(needed))

    def _take(self, sha256: str, size: int) -> bool:
        """Whether the target has the object, after copying it where it had not."""
        if sha256 in self._sound:
            return True
        try:
            if not self.copier.has(sha256, size, verify=self._options.verify):
                self.copier.copy(sha256, size)
                if self._options.verify and not self._target.objects.verify(sha256):
                    return False
        except (NotFoundError, DamagedError):
            return False
        self._sound.add(sha256)
        return True

    def copy_rest(self) -> Manifest:
        """Copy databases and catalogue, and the objects that came meanwhile."""
        before: set[str] = set()
        with self._store.transaction() as guard:
            for _ in range(MOST_TRIES):
                needed, sequence = self._save_databases()
                missing = {sha256 for sha256 in needed if sha256 not in self._sound}
                for some in _some(sorted(missing)):
                    self._store.catalogue.pend(guard.id, some)
                lacking = {sha256 for sha256 in missing if not self._take(sha256, needed[sha256])}
                # What two snapshots need was not deleted between them: the node itself lacks it.
                if lacking <= before:
                    return self._describe(needed, sequence, lacking)
                before = lacking
        raise StorageError("datasets are deleted faster than they can be copied", hint="try again later")

    def _save_databases(self) -> tuple[dict[str, int], int]:
        """Copy all files; the objects that the catalogue needs, and its newest change."""
        making = self._target.making
        with translated():
            _empty(making)
            save_files(self._folder, making / FILES)
            if isinstance(self._store.catalogue, SqliteCatalogue):
                copy = making / FILES / CATALOGUE
                save_catalogue(self._folder / CATALOGUE, copy)
                return needed_objects(copy), newest_change(copy)
            return self._dump(making / CATALOGUE_DUMP)

    def _dump(self, path: Path) -> tuple[dict[str, int], int]:
        needed: dict[str, int] = {}
        sequences: list[int] = []

        def lines() -> Iterator[bytes]:
            for piece in self._store.catalogue.dump():
                if isinstance(piece, SavedHead):
                    sequences.append(piece.sequence)
                needed.update(_refs(piece))
                yield msgspec.json.encode(piece)

        write_lines(path, lines())
        return needed, sequences[0]

    def _describe(self, needed: dict[str, int], sequence: int, lost: set[str]) -> Manifest:
        making = self._target.making
        with translated():
            write_lines(making / OBJECT_LIST, (f"{h} {s}".encode() for h, s in sorted(needed.items())))
            manifest = Manifest(
                node=self._store.catalogue.node, created=now(), sequence=sequence,
                catalogue="dump" if (making / CATALOGUE_DUMP).exists() else "file", files=listed(making),
                objects=len(needed), bytes=sum(needed.values()), software=self._options.software,
                lost=tuple(sorted(lost)),
            )  # fmt: skip
            (making / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        return manifest


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)


def _refs(piece: Saved) -> dict[str, int]:
    """Size of each object that a piece of the catalogue needs."""
    if not isinstance(piece, SavedRecord | SavedVersion) or piece.linked:
        return {}
    return {sha256: size for sha256, _, _, size in refs(decode_record(bytes(piece.record)))}


def _some(hashes: list[str]) -> Iterable[list[str]]:
    return (hashes[first : first + GUARDED_AT_ONCE] for first in range(0, len(hashes), GUARDED_AT_ONCE))
