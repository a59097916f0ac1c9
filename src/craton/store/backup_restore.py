"""A node made again from a backup, on the same or on other backends."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from craton.model.errors import ConflictError, NotFoundError, StorageError
from craton.store.backup import Tell
from craton.store.backup_files import CATALOGUE, restore_database
from craton.store.backup_lines import read_lines
from craton.store.backup_objects import DamagedError, copy_checked
from craton.store.backup_target import CATALOGUE_DUMP, FILES, Manifest, Snapshot, Target, find_snapshot
from craton.store.catalogue import Catalogue
from craton.store.local import translated
from craton.store.objects import Objects
from craton.store.saved import Saved
from craton.store.sqlite import SqliteCatalogue
from craton.store.store import OBJECTS, STAGING, Store

SETTINGS = "craton.toml"
PARALLEL_OBJECTS = 8


class Backends(NamedTuple):
    """How the restored node keeps things.

    Parameters
    ----------
    open : callable
        Opens the store of the node in a folder; makes what is not there yet.
    has_own_catalogue : callable
        Whether the catalogue of the node in a folder is a file of its own.
    """

    open: Callable[[Path], Store]
    has_own_catalogue: Callable[[Path], bool]


class Restored(NamedTuple):
    """What was restored, and the objects that the backup had no more, or damaged."""

    manifest: Manifest
    lost: tuple[str, ...]


def restore(
    backup: Path, folder: Path, backends: Backends, settings: Path | None = None, tell: Tell | None = None
) -> Restored:
    """Make the node of a backup again in `folder`, which must be new or empty.

    Parameters
    ----------
    backup : Path
        A target, for its newest snapshot, or one of its snapshots.
    folder : Path
        Where the node is to be; it appears when it is whole.
    backends : Backends
        How its settings say that it keeps things.
    settings : Path
        Settings in place of those that were saved, for a node that moves to other backends.

    Raises
    ------
    ConflictError
        If there is something in the folder, or in the catalogue that the settings name.
    StorageError
        If the snapshot itself is damaged; single objects that are do not keep the others from coming.
    """
    target, snapshot = find_snapshot(backup)
    manifest = snapshot.manifest()
    _check(folder, snapshot)
    making = folder.resolve().parent / f".{folder.resolve().name}.restoring"
    with translated():
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(snapshot.folder / FILES, making)
        if settings is not None:
            shutil.copyfile(settings, making / SETTINGS)
        for path in making.rglob("*.sqlite"):
            restore_database(path)
        (making / OBJECTS).mkdir()
    lost = _fill(making, target, snapshot, manifest, backends, tell)
    with translated():
        making.rename(folder.resolve())
    return Restored(manifest, lost)


def _check(folder: Path, snapshot: Snapshot) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} exists and is not empty", hint="choose a new folder")
    if damaged := snapshot.damage():
        raise StorageError(
            f"{snapshot.name} is damaged: {damaged[0]} is not as it was written",
            hint="name an older snapshot: TARGET/snapshots/TIME",
        )


def _fill(
    making: Path, target: Target, snapshot: Snapshot, manifest: Manifest, backends: Backends,
    tell: Tell | None,
) -> tuple[str, ...]:  # fmt: skip
    """Bring objects and catalogue to where the settings say, the catalogue last; what could not be had."""
    saved = making / CATALOGUE
    if is_moved := (manifest.catalogue == "file" and not backends.has_own_catalogue(making)):
        saved = saved.rename(making / f"{CATALOGUE}.saved")
    with backends.open(making) as store:
        lost = _put_objects(store.objects, target, snapshot, making, tell)
        if is_moved:
            with closing(SqliteCatalogue(saved)) as old:
                _load(store.catalogue, old.dump(), manifest)
        elif manifest.catalogue == "dump":
            _load(store.catalogue, _pieces(snapshot), manifest)
        store.recover()
    if is_moved:
        for path in making.glob(f"{saved.name}*"):
            path.unlink()
    return lost


def _pieces(snapshot: Snapshot) -> Iterator[Saved]:
    decoder = msgspec.json.Decoder(Saved)
    return (decoder.decode(line) for line in read_lines(snapshot.folder / CATALOGUE_DUMP))


def _load(catalogue: Catalogue, saved: Iterator[Saved], manifest: Manifest) -> None:
    """Fill the catalogue; one that a restore which was cut short filled stays as it is."""
    if catalogue.node == manifest.node and catalogue.sequence() == manifest.sequence:
        return
    catalogue.load(saved)


def _put_objects(
    objects: Objects, target: Target, snapshot: Snapshot, making: Path, tell: Tell | None
) -> tuple[str, ...]:
    """Copy all objects, each with its hash compared; those that could not be had."""
    wanted = list(snapshot.objects())
    folder = making / STAGING
    folder.mkdir(exist_ok=True)

    def put(wanted: tuple[str, int]) -> bool:
        part = folder / f"{wanted[0]}.part"
        try:
            with translated():
                copy_checked(target.objects, *wanted, part)
        except (NotFoundError, DamagedError):
            part.unlink(missing_ok=True)
            return False
        objects.put(wanted[0], part)
        return True

    lost = []
    with ThreadPoolExecutor(PARALLEL_OBJECTS) as pool:
        for number, (one, was_put) in enumerate(zip(wanted, pool.map(put, wanted), strict=True), start=1):
            if not was_put:
                lost.append(one[0])
            if tell:
                tell(number, len(wanted))
    return tuple(lost)
