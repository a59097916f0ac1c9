"""Archives of vector tiles written (PMTiles 3): equal tiles once, all in the order of their numbers."""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from craton.model.record import Bbox
from craton.store.tile_archive import DEGREE, GZIP, HEADER, MAGIC, MVT, VERSION, Entries, tile_number
from craton.store.vector_tile_write import Tile, numbers_as_bytes

ROOT_BYTES = 16_384 - HEADER.size
"""Most bytes of the first directory, which clients read together with the header."""

LEAF = 4096
"""Entries of a directory of the second level, at first."""

LEVEL = 6
"""Level of the compression: twice as small as none, and no slower to make than the tiles are."""

WAITING = 64
"""Groups of tiles that wait to be compressed."""


class ArchiveWriter:
    """Takes tiles in any order, and writes the archive when it is closed.

    Parameters
    ----------
    folder : Path
        Where the tiles lie meanwhile, in a file without a name.
    threads : int
        Threads that compress.
    """

    def __init__(self, folder: Path, *, threads: int = 2) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        self._pool = ThreadPoolExecutor(threads)
        self._coming: deque[tuple[list[int], Future[list[bytes]]]] = deque()
        self._places: dict[bytes, tuple[int, int]] = {}
        self._tiles: dict[int, tuple[int, int]] = {}
        self._end = 0

    def add(self, z: int, tiles: list[Tile]) -> None:
        """Add tiles of level `z`."""
        numbers = [tile_number(z, tile.row, tile.column) for tile in tiles]
        self._coming.append((numbers, self._pool.submit(_compressed, [tile.data for tile in tiles])))
        while len(self._coming) > WAITING:
            self._take()

    def _take(self) -> None:
        numbers, coming = self._coming.popleft()
        for number, data in zip(numbers, coming.result(), strict=True):
            digest = hashlib.blake2b(data, digest_size=16).digest()
            if digest not in self._places:
                self._file.write(data)
                self._places[digest] = self._end, len(data)
                self._end += len(data)
            self._tiles[number] = self._places[digest]

    def close(self, path: Path, *, levels: tuple[int, int], bbox: Bbox, metadata: dict[str, Any]) -> None:
        """Write the archive to `path`."""
        while self._coming:
            self._take()
        self._pool.shutdown()
        numbers = sorted(self._tiles)
        found = [self._tiles[number] for number in numbers]
        moved = self._moved(found)
        entries = _entries(numbers, [(moved[start], size) for start, size in found])
        with path.open("wb") as file, self._file:
            _write(
                file, entries, self._ordered(moved, found), (len(numbers), len(moved)), levels, bbox, metadata
            )

    @staticmethod
    def _moved(found: list[tuple[int, int]]) -> dict[int, int]:
        """Where each content lies when they stand in the order of their first tile."""
        moved: dict[int, int] = {}
        end = 0
        for start, size in found:
            if start not in moved:
                moved[start] = end
                end += size
        return moved

    def _ordered(self, moved: dict[int, int], found: list[tuple[int, int]]) -> Iterator[bytes]:
        sizes = dict(found)
        for start in moved:
            self._file.seek(start)
            yield self._file.read(sizes[start])


def _compressed(tiles: list[bytes]) -> list[bytes]:
    return [gzip.compress(data, LEVEL, mtime=0) for data in tiles]


def _entries(numbers: list[int], places: list[tuple[int, int]]) -> Entries:
    """Entries of the directory; neighbours with the same content are one."""
    number = np.array(numbers, np.int64)
    place = np.array(places, np.int64).reshape(-1, 2)
    new = np.ones(len(number), bool)
    new[1:] = (np.diff(number) != 1) | (np.diff(place[:, 0]) != 0)
    starts = np.flatnonzero(new)
    repeats = np.diff(starts, append=len(number))
    return Entries(number[starts], place[starts, 0], place[starts, 1], repeats)


def _write(
    file: BinaryIO, entries: Entries, data: Iterable[bytes], counts: tuple[int, int],
    levels: tuple[int, int], bbox: Bbox, metadata: dict[str, Any],
) -> None:  # fmt: skip
    root, leaves = _directories(entries)
    said = gzip.compress(json.dumps(metadata, ensure_ascii=False).encode(), mtime=0)
    place_of_metadata = HEADER.size + len(root)
    place_of_leaves = place_of_metadata + len(said)
    place_of_data = place_of_leaves + len(leaves)
    west, south, east, north = (round(side * DEGREE) for side in bbox)
    tiles, contents = counts
    data_bytes = int((entries.offsets + entries.sizes).max(initial=0))
    file.write(HEADER.pack(
        MAGIC, VERSION, HEADER.size, len(root), place_of_metadata, len(said), place_of_leaves, len(leaves),
        place_of_data, data_bytes, tiles, len(entries.numbers), contents, 1, GZIP, GZIP, MVT, *levels,
        west, south, east, north, levels[0], (west + east) // 2, (south + north) // 2,
    ))  # fmt: skip
    file.writelines((root, said, leaves, *data))


def _directories(entries: Entries) -> tuple[bytes, bytes]:
    """The first directory, and those of the second level where the first alone would be too long."""
    root = _directory(entries)
    size = LEAF
    while len(root) > ROOT_BYTES:
        parts = [
            Entries(*(column[start : start + size] for column in entries))
            for start in range(0, len(entries.numbers), size)
        ]
        leaves = [_directory(part) for part in parts]
        sizes = np.array([len(leaf) for leaf in leaves], np.int64)
        first = np.array([part.numbers[0] for part in parts], np.int64)
        root = _directory(Entries(first, np.cumsum(sizes) - sizes, sizes, np.zeros_like(sizes)))
        if len(root) <= ROOT_BYTES:
            return root, b"".join(leaves)
        size *= 2
    return root, b""


def _directory(entries: Entries) -> bytes:
    offsets = entries.offsets + 1
    following = np.zeros(len(offsets), bool)
    following[1:] = entries.offsets[1:] == entries.offsets[:-1] + entries.sizes[:-1]
    offsets[following] = 0
    numbers = np.concatenate([
        [len(offsets)], np.diff(entries.numbers, prepend=0), entries.repeats, entries.sizes, offsets
    ])  # fmt: skip
    return gzip.compress(numbers_as_bytes(numbers), mtime=0)
