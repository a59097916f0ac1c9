"""Immutable objects: files named by the SHA-256 of their bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from craton.model.errors import InvalidError, NotFoundError


class Objects(Protocol):
    """Where the bytes of the datasets are kept; every method may be called from several threads.

    Every method that takes `sha256` wants 64 lower-case hexadecimal digits and
    raises `InvalidError` for anything else, `NotFoundError` where the object
    must exist and does not, and `StorageError` where disk or network refuse.
    """

    def put(self, sha256: str, path: Path) -> None:
        """Take over the staged file `path` as object `sha256`, durably; harmless when already there."""

    def open(self, sha256: str) -> BinaryIO:
        """Open the object for reading."""

    def path(self, sha256: str) -> Path | None:
        """A local file with the object's bytes, `None` where only `url` can be had."""

    def url(self, sha256: str) -> str:
        """An address that gives the object's bytes."""

    def size(self, sha256: str) -> int:
        """Size in bytes."""

    def exists(self, sha256: str) -> bool:
        """Whether the object is there."""

    def delete(self, sha256: str) -> None:
        """Remove the object; harmless when it is not there."""

    def list(self) -> Iterator[tuple[str, int]]:
        """Hash and size in bytes of every object, in no order."""

    def verify(self, sha256: str) -> bool:
        """Whether the object's bytes still have the hash they are named by."""


def hash_file(path: Path) -> tuple[str, int]:
    """SHA-256 in hexadecimal and size in bytes of the file at `path`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, file.tell()


def object_key(sha256: str) -> str:
    """Name of the object below its root: the first byte of the hash is a folder, so that none grows huge."""
    if not _SHA256.fullmatch(sha256):
        raise InvalidError(f"an object is named by 64 lower-case hexadecimal digits, not {sha256[:80]!r}")
    return f"{sha256[:2]}/{sha256[2:]}"


def object_hash(key: str) -> str | None:
    """Hash of the object called `key`, `None` for a file that is no object."""
    sha256 = key.replace("/", "", 1)
    return sha256 if _SHA256.fullmatch(sha256) and object_key(sha256) == key else None


def missing(sha256: str) -> NotFoundError:
    """What to raise for an object that is not there."""
    return NotFoundError(
        f"object {sha256} is not in the store", hint="check the store; the object may have been removed"
    )


_SHA256 = re.compile("[0-9a-f]{64}")
