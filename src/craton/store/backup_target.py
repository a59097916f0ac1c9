"""Where backups lie: objects that all snapshots share, and one folder for each snapshot.

```text
TARGET/objects/ab/cdef…       each object once, whatever number of snapshots need it
TARGET/snapshots/20261120T175300Z/
    manifest.json             what is in it, with hashes; without it a folder is no snapshot
    objects.zst               hash and size of every object that it needs
    catalogue.zst             the catalogue piece by piece, where it is no file of the node's own
    files/…                   the node's other files, databases as they were at one moment
```
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from craton.model.errors import ConflictError, InvalidError, NotFoundError, StorageError
from craton.model.record import Noun
from craton.store.backup_lines import read_lines
from craton.store.local import LocalObjects, synchronise, translated
from craton.store.objects import hash_file

FORMAT = 1
MANIFEST = "manifest.json"
OBJECT_LIST = "objects.zst"
CATALOGUE_DUMP = "catalogue.zst"
FILES = "files"
MAKING = ".making"
GONE = ".gone-"
NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
OWN_ONLY = 0o700


class SavedFile(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """A file of a snapshot."""

    path: str
    sha256: str
    size: int


class Manifest(Noun, frozen=True, kw_only=True, omit_defaults=True):
    """What a snapshot holds; `lost` are objects that the node itself had no more, or damaged."""

    node: str
    created: str
    sequence: int
    catalogue: Literal["file", "dump"]
    files: tuple[SavedFile, ...]
    objects: int
    bytes: int
    software: str = ""
    lost: tuple[str, ...] = ()
    format: int = FORMAT


class Snapshot:
    """One snapshot of a target."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, folder.name

    def manifest(self) -> Manifest:
        """What it holds; `InvalidError` where a newer Craton wrote it."""
        with translated():
            content = (self.folder / MANIFEST).read_bytes()
        try:
            manifest = msgspec.json.decode(content, type=Manifest)
        except msgspec.DecodeError as error:
            raise StorageError(f"{self.folder / MANIFEST} is damaged: {error}") from error
        if manifest.format > FORMAT:
            raise InvalidError(f"{self.name} was written by a newer Craton", hint="upgrade Craton")
        return manifest

    def objects(self) -> Iterator[tuple[str, int]]:
        """Hash and size in bytes of every object that it needs."""
        for line in read_lines(self.folder / OBJECT_LIST):
            sha256, _, size = line.partition(b" ")
            yield sha256.decode(), int(size)

    def damage(self) -> list[str]:
        """Its files that are missing or have other bytes than were written."""
        return [one.path for one in self.manifest().files if not _is_whole(self.folder / one.path, one)]


def _is_whole(path: Path, said: SavedFile) -> bool:
    try:
        return hash_file(path) == (said.sha256, said.size)
    except OSError:
        return False


class Target:
    """A folder with the backups of one node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._snapshots = folder / "snapshots"
        self.objects = LocalObjects(folder / "objects")

    @property
    def making(self) -> Path:
        """Folder of the snapshot in the making."""
        return self._snapshots / MAKING

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make the folder, and be the only one who writes to it during the block."""
        with translated():
            for folder in (self.folder, self._snapshots, self.objects.folder):
                folder.mkdir(mode=OWN_ONLY, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConflictError(f"another backup is writing to {self.folder}") from None
            self._clear()
            yield
        finally:
            os.close(descriptor)

    def _clear(self) -> None:
        """Remove what a backup that was cut short left."""
        for path in self._snapshots.glob(".*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.objects.folder.glob("*.part"):
            path.unlink(missing_ok=True)

    def snapshots(self) -> list[Snapshot]:
        """All whole snapshots, oldest first."""
        if not self._snapshots.is_dir():
            return []
        found = [path for path in self._snapshots.iterdir() if NAME.fullmatch(path.name)]
        return [Snapshot(path) for path in sorted(found, key=_order) if (path / MANIFEST).is_file()]

    def check_node(self, node: str) -> None:
        """Refuse to mix the backups of two nodes."""
        for snapshot in self.snapshots()[-1:]:
            if snapshot.manifest().node != node:
                raise ConflictError(
                    f"{self.folder} holds backups of another node", hint="choose another folder"
                )

    def finish(self) -> Snapshot:
        """Give the snapshot in the making its name; from then on it is there."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        name, number = moment, 1
        while (self._snapshots / name).exists():
            number += 1
            name = f"{moment}-{number}"
        with translated():
            for path in (*self.making.rglob("*"), self.making):
                synchronise(path)
            self.making.rename(self._snapshots / name)
            synchronise(self._snapshots)
        return Snapshot(self._snapshots / name)

    def prune(self, keep: int) -> int:
        """Remove all snapshots but the newest `keep`, and objects that none of those needs; how many went."""
        old = self.snapshots()[:-keep]
        with translated():
            for snapshot in old:
                gone = self._snapshots / f"{GONE}{snapshot.name}"
                snapshot.folder.rename(gone)
                shutil.rmtree(gone)
            needed = {sha256 for snapshot in self.snapshots() for sha256, _ in snapshot.objects()}
            for sha256, _ in list(self.objects.list()):
                if sha256 not in needed:
                    self.objects.delete(sha256)
        return len(old)


def _order(path: Path) -> tuple[str, int]:
    moment, _, number = path.name.partition("-")
    return moment, int(number or 1)


def find_snapshot(path: Path) -> tuple[Target, Snapshot]:
    """The snapshot that `path` names, the newest one where it names a target."""
    if (path / MANIFEST).is_file():
        return Target(path.resolve().parent.parent), Snapshot(path)
    target = Target(path)
    snapshots = target.snapshots()
    if not snapshots:
        raise NotFoundError(f"{path} holds no backup", hint="name the TARGET of a craton backup")
    return target, snapshots[-1]
