"""Folders for files in the making, each alive as long as its writer's lock on it."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from craton.model.errors import StorageError
from craton.store.local import translated

_LOCK = "lock"
_FILES = "files"


@dataclass(frozen=True)
class Transaction:
    """A write in progress; `folder` takes the files that are to become objects, and goes with it."""

    id: str
    folder: Path


class Staging:
    """The folder `folder`, one subfolder for each transaction.

    A transaction holds a lock (`flock`) on a file in its folder. The lock goes
    with the process, however that ends, so a folder whose lock can be had is
    left over from a writer that is gone. `owner` tells apart several machines
    that share one catalogue; each stages on its own disk.
    """

    def __init__(self, folder: Path, owner: str = "") -> None:
        self.folder, self._prefix = folder, f"{owner}-" if owner else ""

    def begin(self) -> tuple[Transaction, int]:
        """A new transaction, and the descriptor that holds its lock."""
        with translated():
            for _ in range(100):
                id = self._prefix + secrets.token_hex(8)
                (self.folder / id).mkdir(parents=True)
                descriptor = self._lock(id)
                if descriptor is not None:
                    (self.folder / id / _FILES).mkdir()
                    return Transaction(id, self.folder / id / _FILES), descriptor
        raise StorageError("no transaction could be begun", hint="check that the file system supports locks")

    def end(self, transaction: Transaction, descriptor: int) -> None:
        """Remove the folder and let go of the lock."""
        try:
            shutil.rmtree(self.folder / transaction.id, ignore_errors=True)
        finally:
            os.close(descriptor)

    def owns(self, id: str) -> bool:
        """Whether transaction `id` stages in this folder."""
        return id.startswith(self._prefix) if self._prefix else "-" not in id

    def exists(self, id: str) -> bool:
        """Whether transaction `id` still has its folder."""
        return (self.folder / id).is_dir()

    def ids(self) -> list[str]:
        """Transactions that have a folder."""
        return (
            sorted(path.name for path in self.folder.iterdir() if path.is_dir())
            if self.folder.is_dir()
            else []
        )

    @contextmanager
    def dead(self, id: str) -> Iterator[bool]:
        """Whether the writer of `id` is gone; if so, it is ours to clear until the end of the block."""
        descriptor = self._lock(id)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def remove(self, id: str) -> None:
        """Remove the folder of a transaction whose lock is held."""
        shutil.rmtree(self.folder / id, ignore_errors=True)

    def _lock(self, id: str) -> int | None:
        """Take the lock of transaction `id`, `None` where someone has it or the folder is gone."""
        path = self.folder / id / _LOCK
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return None
        if _is_locked(descriptor, path):
            return descriptor
        os.close(descriptor)
        return None


def _is_locked(descriptor: int, path: Path) -> bool:
    """Lock the open file; False where someone has the lock, or cleared the folder before we had it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:
        os.close(descriptor)
        raise
