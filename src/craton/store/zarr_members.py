"""Zarr store over the members of an asset, so that an array opens without its folder being rebuilt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import NoReturn

from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype

from craton.model.errors import StorageError
from craton.model.record import Asset, Member
from craton.store.codec_asset import Locate


class MemberStore(Store):
    """Read-only Zarr store whose keys are the members of `asset`.

    A key that is no member is an empty chunk, as Zarr has it. A member that
    cannot be found is an error, never an empty chunk.

    Parameters
    ----------
    asset : Asset
        Members are named by their Zarr keys.
    locate : callable
        Gives the local path of a member; asked only for what is read.
    """

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    def __init__(self, asset: Asset, locate: Locate) -> None:
        super().__init__(read_only=True)
        self._members = {member.name: member for member in asset.members}
        self._locate = locate

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemberStore) and self._members == other._members

    __hash__ = None  # type: ignore[assignment]  # as other Zarr stores: compared, never hashed

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Bytes of `key`, or of `byte_range` in it; None for an empty chunk."""
        member = self._members.get(key)
        if member is None:
            return None
        content = await asyncio.to_thread(self._read, member, byte_range)
        return prototype.buffer.from_bytes(content)

    def _read(self, member: Member, byte_range: ByteRequest | None) -> bytes:
        path = self._locate(member)
        try:
            return _read_range(path, byte_range)
        except OSError as error:
            raise StorageError(f"member {member.name!r} of the dataset cannot be read ({error})") from error

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Bytes of each of `key_ranges`, in their order."""
        return await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges))

    async def exists(self, key: str) -> bool:
        """Whether `key` is a member."""
        return key in self._members

    async def set(self, key: str, value: Buffer) -> NoReturn:  # noqa: ARG002 - the protocol's signature
        """Refused: stored data never changes."""
        raise StorageError(f"{key} cannot be written: stored data never changes")

    async def delete(self, key: str) -> NoReturn:
        """Refused: stored data never changes."""
        raise StorageError(f"{key} cannot be deleted: stored data never changes")

    async def list(self) -> AsyncIterator[str]:
        """All keys."""
        for key in self._members:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Keys that begin with `prefix`."""
        for key in self._members:
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Names right below `prefix`, folders included, each once."""
        folder = f"{prefix.rstrip('/')}/" if prefix else ""
        below = (key.removeprefix(folder) for key in self._members if key.startswith(folder))
        for name in dict.fromkeys(key.partition("/")[0] for key in below):
            yield name


def _read_range(path: Path, byte_range: ByteRequest | None) -> bytes:
    with path.open("rb") as stream:
        match byte_range:
            case RangeByteRequest(start, end):
                stream.seek(start)
                return stream.read(end - start)
            case OffsetByteRequest(offset):
                stream.seek(offset)
            case SuffixByteRequest(suffix):
                stream.seek(max(0, path.stat().st_size - suffix))
        return stream.read()
