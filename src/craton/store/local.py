"""Objects as read-only files in a folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from craton.model.errors import StorageError
from craton.store.objects import hash_file, missing, object_hash, object_key

HINTS = {
    errno.ENOSPC: "free some disk space",
    errno.EDQUOT: "free some disk space, or have the quota raised",
    errno.EACCES: "the node's folder must be writable",
    errno.EROFS: "the node's folder must be writable",
    errno.EXDEV: "`objects` and `staging` must be on one file system: mount the disk at the node's folder",
}
"""What to do about the disk's refusals."""

READ_ONLY = 0o444


class LocalObjects:
    """`Objects` below `folder`, one file each.

    A file is moved in whole, never written in place and never replaced by
    other bytes; what stands under an object's name is complete.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, sha256: str, path: Path) -> None:
        """Move the staged file in; it must be on the file system of `folder`."""
        target = self._target(sha256)
        with translated():
            if _is_sound(target, sha256):
                path.unlink()
                return
            self._make(target.parent)
            path.chmod(READ_ONLY)
            synchronise(path)
            path.rename(target)
            synchronise(target.parent)

    def open(self, sha256: str) -> BinaryIO:
        """Open the object for reading."""
        with translated():
            try:
                return self._target(sha256).open("rb")
            except FileNotFoundError:
                raise missing(sha256) from None

    def path(self, sha256: str) -> Path:
        """The object's file; it must not be written to."""
        target = self._target(sha256)
        if not target.is_file():
            raise missing(sha256)
        return target

    def url(self, sha256: str) -> str:
        """The file's address."""
        return self.path(sha256).absolute().as_uri()

    def size(self, sha256: str) -> int:
        """Size in bytes."""
        return self.path(sha256).stat().st_size

    def exists(self, sha256: str) -> bool:
        """Whether the object is there."""
        return self._target(sha256).is_file()

    def delete(self, sha256: str) -> None:
        """Remove the object; its folder stays, for someone may be about to put another one there."""
        with translated():
            self._target(sha256).unlink(missing_ok=True)

    def list(self) -> Iterator[tuple[str, int]]:
        """Hash and size in bytes of every object."""
        for path in self.folder.glob("??/*"):
            sha256 = object_hash(f"{path.parent.name}/{path.name}")
            with suppress(FileNotFoundError):
                if sha256 and path.is_file():
                    yield sha256, path.stat().st_size

    def verify(self, sha256: str) -> bool:
        """Whether the object's bytes still have the hash they are named by."""
        with translated():
            return hash_file(self.path(sha256))[0] == sha256

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            synchronise(self.folder)

    def _target(self, sha256: str) -> Path:
        return self.folder / object_key(sha256)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the disk's refusals into ours."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"the disk refused: {error}", hint=HINTS.get(error.errno or 0, "")) from error


def synchronise(path: Path) -> None:
    """Have the bytes of a file, or the names in a folder, reach the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_sound(path: Path, sha256: str) -> bool:
    """Whether the file is there with its own bytes; others are the wreck of a failure."""
    try:
        return hash_file(path)[0] == sha256
    except FileNotFoundError:
        return False
