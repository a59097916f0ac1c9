"""Objects in a bucket that speaks S3."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import time
from collections.abc import Buffer, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from craton.model.errors import StorageError
from craton.store.local import translated
from craton.store.objects import hash_file, missing, object_hash, object_key

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Credential

SINGLE_BYTES = 32 * 2**20
"""Largest file sent in one piece, which lets the bucket refuse to replace an object."""

CHUNK_BYTES = 8 * 2**20
"""Piece of a larger file, and of a download."""

URL_LIFETIME = timedelta(hours=1)
"""How long an address from `url` may be used."""

GRACE_SECONDS = 600
"""A cached file used within this time stays, for someone may be about to open it."""


class S3Objects:
    """`Objects` in a bucket, with a bounded cache of local copies for readers that need a file.

    Parameters
    ----------
    bucket, prefix : str
        Where the objects lie; the bucket must exist.
    endpoint : str
        Address of the service; empty for the region's own.
    region, access_key, secret_key : str
        As the service wants them; without keys, requests are not signed.
    cache : Path
        Folder for local copies; without it `path` gives `None`.
    cache_bytes : int
        Size the cache is brought back to after each download.
    """

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        endpoint: str = "",
        region: str = "us-east-1",
        access_key: str = "",
        secret_key: str = "",
        cache: Path | None = None,
        cache_bytes: int = 10 * 2**30,
    ) -> None:
        self._cache, self._cache_bytes = cache, cache_bytes
        self._store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            client_options={"allow_http": endpoint.startswith("http://")},
            retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=60)},
            config=_config(endpoint, region, signed=bool(access_key)),
            credential_provider=lambda: _credential(access_key, secret_key),
        )

    def put(self, sha256: str, path: Path) -> None:
        """Send the staged file; what is there already stays."""
        key = object_key(sha256)
        with translated(), _answered(sha256):
            size = path.stat().st_size
            if self._size(key) is None:
                self._send(key, path, size)
            path.unlink()

    def open(self, sha256: str) -> BinaryIO:
        """Open the object for reading, piece by piece as it is read."""
        with _answered(sha256):
            return io.BufferedReader(
                _Remote(obstore.open_reader(self._store, object_key(sha256))), CHUNK_BYTES
            )

    def path(self, sha256: str) -> Path | None:
        """A local copy, `None` without a cache."""
        key = object_key(sha256)
        if self._cache is None:
            return None
        target = self._cache / key
        with translated():
            if target.is_file():
                os.utime(target)
            else:
                self._fetch(sha256, target)
                self._evict(target)
        return target

    def url(self, sha256: str) -> str:
        """A signed address, good for `URL_LIFETIME`."""
        with _answered(sha256):
            return obstore.sign(self._store, "GET", object_key(sha256), URL_LIFETIME)

    def size(self, sha256: str) -> int:
        """Size in bytes."""
        with _answered(sha256):
            return obstore.head(self._store, object_key(sha256))["size"]

    def exists(self, sha256: str) -> bool:
        """Whether the object is there."""
        with _answered(sha256):
            return self._size(object_key(sha256)) is not None

    def delete(self, sha256: str) -> None:
        """Remove the object and its local copy."""
        key = object_key(sha256)
        with translated(), _answered(sha256), suppress(FileNotFoundError):
            if self._cache is not None:
                (self._cache / key).unlink(missing_ok=True)
            obstore.delete(self._store, key)

    def list(self) -> Iterator[tuple[str, int]]:
        """Hash and size in bytes of every object."""
        with _answered(""):
            for page in obstore.list(self._store):
                for meta in page:
                    if sha256 := object_hash(meta["path"]):
                        yield sha256, meta["size"]

    def verify(self, sha256: str) -> bool:
        """Whether the object's bytes in the bucket still have the hash they are named by."""
        digest = hashlib.sha256()
        for piece in self._pieces(sha256):
            digest.update(piece)
        return digest.hexdigest() == sha256

    def _size(self, key: str) -> int | None:
        try:
            return obstore.head(self._store, key)["size"]
        except FileNotFoundError:
            return None

    def _send(self, key: str, path: Path, size: int) -> None:
        try:
            if size > SINGLE_BYTES:
                # In pieces an object can be replaced, but only by equal bytes: its name is their hash.
                obstore.put(self._store, key, path, use_multipart=True, chunk_size=CHUNK_BYTES)
            else:
                obstore.put(self._store, key, path, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return
        except FileNotFoundError as error:
            raise StorageError("the bucket does not exist", hint="make it, or check its name") from error

    def _pieces(self, sha256: str) -> Iterator[bytes]:
        with _answered(sha256):
            for piece in obstore.get(self._store, object_key(sha256)).stream(CHUNK_BYTES):
                yield bytes(piece)

    def _fetch(self, sha256: str, target: Path) -> None:
        """Copy the object to `target`, which is there in full or not at all."""
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent)
        arrived = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(self._pieces(sha256))
            _check_hash(arrived, sha256)
            arrived.rename(target)
        finally:
            arrived.unlink(missing_ok=True)

    def _evict(self, newest: Path) -> None:
        """Remove the copies that were not used for longest until the cache has its size again."""
        held = [(path.stat(), path) for path in newest.parent.parent.glob("??/*") if path != newest]
        surplus = sum(stat.st_size for stat, _ in held) + newest.stat().st_size - self._cache_bytes
        for stat, path in sorted(held, key=lambda pair: pair[0].st_mtime):
            if surplus <= 0 or stat.st_mtime > time.time() - GRACE_SECONDS:
                return
            path.unlink(missing_ok=True)
            surplus -= stat.st_size


def _check_hash(path: Path, sha256: str) -> None:
    if hash_file(path)[0] != sha256:
        raise StorageError(f"object {sha256} arrived with other bytes", hint="check the bucket")


class _Remote(io.RawIOBase):
    """The bucket's reader as a file of Python."""

    def __init__(self, reader: obstore.ReadableFile) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        target = memoryview(buffer)
        piece = self._reader.read(len(target))
        target[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()


def _credential(access_key: str, secret_key: str) -> S3Credential:
    return {"access_key_id": access_key, "secret_access_key": secret_key, "expires_at": None}


def _config(endpoint: str, region: str, *, signed: bool) -> S3Config:
    """Settings that leave nothing to the environment, which the library would else read."""
    address = endpoint or f"https://s3.{region}.amazonaws.com"
    return {
        "endpoint": address,
        "aws_endpoint_url_s3": address,
        "region": region,
        "skip_signature": not signed,
        "virtual_hosted_style_request": False,
    }


@contextmanager
def _answered(sha256: str) -> Iterator[None]:
    """Turn the service's refusals into ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise missing(sha256) from error
    except BaseError as error:
        raise StorageError(
            f"the bucket refused: {str(error)[:300]}", hint="check endpoint, bucket and keys"
        ) from error
