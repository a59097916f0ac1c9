"""Copies that can be made again: indexes and tiles of a dataset, kept by the hash of its data."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from craton.store.local import translated

MOST_BYTES = 20 << 30
"""Bytes kept; what was used longest ago goes first."""

DIGITS = 2
"""Digits of the hash that name the folder in between."""

PART, LOCK = ".part", ".lock"
"""What follows the name of a file while it is made, and of what only one holds who makes it."""


class Derived:
    """A folder of files made of stored data; may be used from several threads and by several processes.

    Whoever asks for a file that is not there makes it while all others who ask for it wait; a file
    appears whole or not at all. Nothing is lost when the folder is removed.

    Parameters
    ----------
    folder : Path
        Made when the first file is.
    most_bytes : int
        What all files may take.
    """

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder, self._most = folder, most_bytes

    def path(self, content: str, name: str) -> Path:
        """Where the file `name` of the data `content` (a hash) lies, whether it is there or not."""
        return self.folder / content[:DIGITS] / f"{content}.{name}"

    def have(self, content: str, name: str) -> Path | None:
        """The file, if it is there."""
        path = self.path(content, name)
        with suppress(OSError):
            os.utime(path)
            return path
        return None

    def get(self, content: str, name: str, make: Callable[[Path], None]) -> Path:
        """The file `name` of the data `content`; `make` writes it to the path that it is given.

        Raises
        ------
        StorageError
            If the disk refuses; what `make` raises goes through.
        """
        if (found := self.have(content, name)) is not None:
            return found
        path = self.path(content, name)
        with translated():
            path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            if not path.exists():
                self._make(path, make)
                self.shrink(keep=path)
        return path

    def _make(self, path: Path, make: Callable[[Path], None]) -> None:
        part = path.with_name(path.name + PART)
        try:
            _remove_parts(path)
            with translated():
                make(part)
                part.replace(path)
        finally:
            _remove_parts(path)

    def shrink(self, *, keep: Path | None = None) -> int:
        """Remove what was used longest ago until the rest fits; how many files.

        What those left who were ended while they made a file is removed too.
        """
        self._sweep()
        files = sorted(_files(self.folder))
        excess, removed = sum(file.size for file in files) - self._most, 0
        for file in files:
            if excess <= 0:
                break
            if file.path != keep and PART not in file.path.name:
                file.path.unlink(missing_ok=True)
                excess, removed = excess - file.size, removed + 1
        return removed

    def _sweep(self) -> None:
        """Remove parts that nobody works on, and locks that nobody holds."""
        entries = [p for p in self.folder.glob("*/*") if PART in p.name or p.suffix == LOCK]
        for path in {p.with_name(p.name.partition(PART)[0].removesuffix(LOCK)) for p in entries}:
            with _alone(path, wait=False) as is_ours:
                if is_ours:
                    _remove_parts(path)

    def clear(self) -> None:
        """Remove all."""
        shutil.rmtree(self.folder, ignore_errors=True)


class _File(NamedTuple):
    used: float
    size: int
    path: Path


def _files(folder: Path) -> Iterator[_File]:
    """All files, those that are being made and copies beside them too."""
    for path in (*folder.glob("*/*"), *folder.glob("*/*/*")):
        with suppress(OSError):
            found = path.stat()
            if stat.S_ISREG(found.st_mode) and path.suffix != LOCK:
                yield _File(found.st_mtime, found.st_size, path)


def _remove_parts(path: Path) -> None:
    """Remove what was written on the way to `path`; whoever calls this holds its lock."""
    start = path.name + PART
    with suppress(FileNotFoundError):
        for part in [one for one in path.parent.iterdir() if one.name.startswith(start)]:
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)


@contextmanager
def _alone(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the only right to make `path`, among threads and processes; whether that was got.

    A lock is on an open file, of which each thread has its own. It is removed before it is let go;
    whoever waited for it finds that, and takes a new one.
    """
    lock = path.with_name(path.name + LOCK)
    while (file := _locked(lock, wait=wait)) is not None and not _is_at(file, lock):
        file.close()
    if file is None:
        yield False
        return
    with file:
        try:
            yield True
        finally:
            lock.unlink(missing_ok=True)


def _locked(lock: Path, *, wait: bool) -> IO[bytes] | None:
    """The file `lock`, locked; `None` where another has it and nobody is to wait."""
    with translated():
        file = lock.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
