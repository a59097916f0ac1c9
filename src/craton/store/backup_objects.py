"""Objects copied into a target: linked where that can be, else copied with their hash compared."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

from craton.model.errors import NotFoundError, StorageError
from craton.store.local import READ_ONLY, LocalObjects, synchronise, translated
from craton.store.objects import Objects, object_key

BLOCK = 1 << 20


class ObjectCopier:
    """Copies objects from a node to a target, each once.

    Parameters
    ----------
    node : Objects
        Where they are.
    target : LocalObjects
        Where they go.
    link : bool
        Let both share the bytes on one disk; what harms the disk then harms both.
    """

    def __init__(self, node: Objects, target: LocalObjects, *, link: bool) -> None:
        self._node, self._target, self._link = node, target, link
        self.copied = self.bytes = 0

    def has(self, sha256: str, size: int, *, verify: bool = False) -> bool:
        """Whether the target has the object, of that size; with `verify` its bytes are read."""
        try:
            same = self._target.size(sha256) == size
        except NotFoundError:
            return False
        return same and (not verify or self._target.verify(sha256))

    def copy(self, sha256: str, size: int) -> None:
        """Copy one object.

        Raises
        ------
        NotFoundError
            If the node has it no more.
        DamagedError
            If the node has other bytes under its name.
        """
        place = self._target.folder / object_key(sha256)
        part = self._target.folder / f"{secrets.token_hex(8)}.part"
        with translated():
            place.parent.mkdir(exist_ok=True)
            try:
                if not self._linked(sha256, size, part):
                    copy_checked(self._node, sha256, size, part)
                part.replace(place)
                synchronise(place.parent)
            finally:
                part.unlink(missing_ok=True)
        self.copied, self.bytes = self.copied + 1, self.bytes + size

    def _linked(self, sha256: str, size: int, part: Path) -> bool:
        """Whether the object could be linked."""
        if not self._link or not isinstance(self._node, LocalObjects):
            return False
        path = self._node.path(sha256)
        if path.stat().st_size != size:
            raise DamagedError(f"object {sha256} has not the {size} bytes that it should have")
        with suppress(OSError):
            os.link(path, part)
            return True
        return False


def copy_checked(objects: Objects, sha256: str, size: int, to: Path) -> None:
    """Copy the bytes of an object to the file `to`; `DamagedError` where they are not what its name says."""
    digest, written = hashlib.sha256(), 0
    with objects.open(sha256) as source, to.open("wb") as out:
        while block := source.read(BLOCK):
            digest.update(block)
            written += len(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    if (digest.hexdigest(), written) != (sha256, size):
        raise DamagedError(f"object {sha256} has other bytes than were stored")
    to.chmod(READ_ONLY)


class DamagedError(StorageError):
    """An object has other bytes than it is named by."""
