"""Archives of vector tiles in one file (PMTiles 3), read by mapping the file into memory.

The directory is read once; a tile is then a search in it and a slice of the
file, given as it is stored: compressed with gzip.
"""

from __future__ import annotations

import gzip
import json
import mmap
import struct
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from craton.model.errors import InvalidError

MAGIC = b"PMTiles"
VERSION = 3

HEADER = struct.Struct("<7sB11Q6B4iB2i")
"""Names, places and sizes of the sections, counts, codes, levels, box and centre."""

GZIP, MVT = 2, 1
"""Codes of the compression and of the kind of tiles."""

DEGREE = 10_000_000
"""Parts of a degree in which the header counts."""

TILES_PER_LEVEL = tuple((4**z - 1) // 3 for z in range(32))
"""Number of the first tile of each level."""


class Header(NamedTuple):
    """Beginning of the file, in its order."""

    magic: bytes
    version: int
    root: int
    root_bytes: int
    metadata: int
    metadata_bytes: int
    leaves: int
    leaves_bytes: int
    data: int
    data_bytes: int
    tiles: int
    entries: int
    contents: int
    clustered: int
    inner_compression: int
    compression: int
    kind: int
    first_level: int
    last_level: int
    west: int
    south: int
    east: int
    north: int
    centre_level: int
    centre_longitude: int
    centre_latitude: int


class Entries(NamedTuple):
    """Entries of the directory, in the order of their tiles."""

    numbers: np.ndarray[Any, np.dtype[np.int64]]
    offsets: np.ndarray[Any, np.dtype[np.int64]]
    sizes: np.ndarray[Any, np.dtype[np.int64]]
    repeats: np.ndarray[Any, np.dtype[np.int64]]


def tile_number(z: int, y: int, x: int) -> int:
    """Number of a tile: level by level, within a level along a Hilbert curve."""
    number: int = TILES_PER_LEVEL[z]
    side = 1 << z >> 1
    while side:
        right, down = bool(x & side), bool(y & side)
        number += side * side * ((3 * right) ^ down)
        if not down:
            if right:
                x, y = side - 1 - (x & (side - 1)), side - 1 - (y & (side - 1))
            x, y = y, x
        side >>= 1
    return number


@dataclass(frozen=True)
class TileArchive:
    """An archive of tiles; may be used from several threads.

    Parameters
    ----------
    path : Path
        The file.
    first_level, last_level : int
        Levels that have tiles.
    metadata : dict
        What the archive says of itself.
    """

    path: Path
    first_level: int
    last_level: int
    metadata: dict[str, Any]
    _data: memoryview
    _numbers: list[int]
    _entries: Entries

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the archive `path`; `InvalidError` where it is none that we write."""
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        try:
            header = Header(*HEADER.unpack_from(content))
            if header.magic != MAGIC or header.version != VERSION or header.compression != GZIP:
                raise InvalidError(f"{path.name} is no archive of tiles")
            metadata = json.loads(_inflated(content, header.metadata, header.metadata_bytes))
            entries = _entries(content, header)
        except (struct.error, OSError, ValueError, IndexError, EOFError) as error:
            raise InvalidError(f"{path.name} is no archive of tiles: {error}") from error
        data = content[header.data : header.data + header.data_bytes]
        numbers = entries.numbers.tolist()
        return cls(path, header.first_level, header.last_level, metadata, data, numbers, entries)

    def tile(self, z: int, y: int, x: int) -> bytes | None:
        """Tile of level `z`, row `y` and column `x`, compressed with gzip; `None` where it is empty."""
        if not self.first_level <= z <= self.last_level:
            return None
        number = tile_number(z, y, x)
        place = bisect_right(self._numbers, number) - 1
        if place < 0 or number >= self._numbers[place] + int(self._entries.repeats[place]):
            return None
        start = int(self._entries.offsets[place])
        return bytes(self._data[start : start + int(self._entries.sizes[place])])


def _inflated(content: memoryview, place: int, size: int) -> bytes:
    return gzip.decompress(content[place : place + size])


def _entries(content: memoryview, header: Header) -> Entries:
    """All entries that lead to tiles, those of the leaves too."""
    root = _directory(_inflated(content, header.root, header.root_bytes))
    found = [
        _directory(_inflated(content, header.leaves + int(offset), int(size))) if not repeat
        else Entries(*(column[place : place + 1] for column in root))
        for place, (offset, size, repeat) in enumerate(
            zip(root.offsets, root.sizes, root.repeats, strict=True)
        )
    ]  # fmt: skip
    if not found or (root.repeats > 0).all():
        return root
    return Entries(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def _directory(data: bytes) -> Entries:
    values = _varints(data)
    count = int(values[0])
    deltas, repeats, sizes, places = values[1 : 1 + 4 * count].reshape(4, count)
    offsets = places - 1
    following = places == 0
    if following.any():  # it lies behind the one before: behind the last that has a place of its own
        begun = np.maximum.accumulate(np.where(following, 0, np.arange(count)))
        before = np.cumsum(sizes) - sizes
        offsets = np.where(following, offsets[begun] + before - before[begun], offsets)
    return Entries(np.cumsum(deltas), offsets, sizes, repeats)


def _varints(data: bytes) -> np.ndarray[Any, np.dtype[np.int64]]:
    """All numbers of `data`, written as varints."""
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets < 128)
    starts = np.append(0, ends[:-1] + 1)
    values = np.zeros(len(ends), np.int64)
    lengths = ends - starts + 1
    for number in range(int(lengths.max(initial=0))):
        longer = lengths > number
        values[longer] |= (octets[starts[longer] + number].astype(np.int64) & 127) << 7 * number
    return values
