"""Copies that can be made again: indexes and tiles of a dataset, kept by the hash of its data."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from craton.store.local import translated

MOST_BYTES = 20 << 30
"""Bytes kept; what was used longest ago goes first."""

DIGITS = 2
"""Digits of the hash that name the folder in between."""


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
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

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
        with self._alone(path):
            if not path.exists():
                self._make(path, make)
                self.shrink(keep=path)
        return path

    def _make(self, path: Path, make: Callable[[Path], None]) -> None:
        part = path.with_name(f"{path.name}.part")
        try:
            part.unlink(missing_ok=True)
            with translated():
                make(part)
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _alone(self, path: Path) -> Iterator[None]:
        """Hold the only right to make `path`, among threads and processes."""
        with self._guard:
            lock = self._locks.setdefault(str(path), threading.Lock())
        with lock, path.with_name(f"{path.name}.lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def shrink(self, *, keep: Path | None = None) -> int:
        """Remove what was used longest ago until the rest fits; how many files."""
        files = sorted(
            (s.st_mtime, s.st_size, p)
            for p in self.folder.glob("*/*")
            if p.suffix not in {".lock", ".part"} and (s := _stat(p)) is not None
        )
        excess, removed = sum(size for _, size, _ in files) - self._most, 0
        for _, size, path in files:
            if excess <= 0:
                break
            if path != keep:
                path.unlink(missing_ok=True)
                excess, removed = excess - size, removed + 1
        return removed

    def clear(self) -> None:
        """Remove all."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
