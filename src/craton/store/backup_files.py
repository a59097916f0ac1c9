"""Copies of a node's files beside its objects: databases as at one moment, all others as they lie."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from craton.model.errors import StorageError
from craton.store.backup_target import SavedFile
from craton.store.objects import hash_file

CATALOGUE = "catalogue.sqlite"

LEFT_OUT = frozenset({"objects", "staging", "derived", "cache", "owners"})
"""Folders of objects, of what is in the making, and of what can be made again."""

UPLOADS = "uploads"
KEPT_OF_UPLOADS = (".json", ".toml")
"""Of uploads in the making only what is known of them is kept: their files can be sent again."""

COMPANIONS = ("-wal", "-shm", "-journal")
MAGIC = b"SQLite format 3\0"
BUSY_SECONDS = 60.0


def save_files(folder: Path, to: Path) -> None:
    """Copy the files of the node in `folder`, all but its catalogue, to the new folder `to`."""
    to.mkdir(parents=True)
    for path in sorted(_below(folder, folder)):
        target = to / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        if _is_database(path):
            save_database(path, target)
        else:
            shutil.copyfile(path, target)
        target.chmod(0o600)


def _below(folder: Path, root: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink():
            continue
        if path.is_dir():
            if path.name not in LEFT_OUT:
                yield from _below(path, root)
        elif path.is_file() and _is_kept(path, root):
            yield path


def _is_kept(path: Path, root: Path) -> bool:
    place = path.relative_to(root)
    if place.parts[0] == UPLOADS and path.suffix not in KEPT_OF_UPLOADS:
        return False
    is_catalogue = place == Path(CATALOGUE)
    return not is_catalogue and not path.name.endswith((*COMPANIONS, ".lock", ".part"))


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".sqlite" or file.read(len(MAGIC)) == MAGIC


def save_database(path: Path, target: Path) -> None:
    """Copy a database of SQLite as it is at one moment, while others write to it."""
    try:
        with (
            closing(
                sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
            ) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StorageError(f"{path.name} cannot be copied: {error}", hint="see craton check") from error


def save_catalogue(path: Path, target: Path) -> None:
    """Copy a catalogue, without the notes of those who write to it now."""
    save_database(path, target)
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        copy.execute("DELETE FROM pending")


def needed_objects(path: Path) -> dict[str, int]:
    """Size in bytes of every object that the copied catalogue at `path` needs, by its hash."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as copy:
        return dict(copy.execute("SELECT DISTINCT sha256, size FROM refs ORDER BY sha256"))


def newest_change(path: Path) -> int:
    """Number of the newest change in the copied catalogue at `path`."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as copy:
        ((value,),) = copy.execute("SELECT value FROM meta WHERE name = 'sequence'")
        return int(value)


def restore_database(path: Path) -> None:
    """Give a copied database its write-ahead log back, which all databases of a node have."""
    if _is_database(path):
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = WAL")


def listed(folder: Path) -> tuple[SavedFile, ...]:
    """All files below `folder`, with their hashes."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        sha256, size = hash_file(path)
        found.append(SavedFile(path=str(path.relative_to(folder)), sha256=sha256, size=size))
    return tuple(found)
