"""Bricks of one variable of a volume at all levels of detail, in one file from which each is one read.

The file begins with a mark and, for each brick, where it lies and how long it
is (8 bytes each); bricks are compressed with gzip and follow level by level,
the finest first, within a level upward by upward, northing by northing, easting
by easting. A brick without anything in it has the length 0.

A coarser level has half the cells along each axis: of the eight cells that
become one, the most frequent class (of two as frequent, one that is not
nothing, the lower one first), or the mean of the numbers that are there.
"""

from __future__ import annotations

import gzip
import math
import struct
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

import numpy as np

from craton.model.errors import StorageError
from craton.store.volume_bricks_values import to_bytes

SIDE = 64
"""Cells of a brick along each axis."""

MAGIC = b"BRICKS01"
ENTRY = struct.Struct("<QQ")
COMPRESSION = 5

SLAB_CELLS = 8_000_000
"""Cells that are worked on at a time, but at least a row of bricks."""

Values = np.ndarray[Any, Any]
Shape = tuple[int, int, int]

EMPTY = gzip.compress(bytes(SIDE**3), 9, mtime=0)
"""A brick without anything in it."""


class Slab(NamedTuple):
    """A part of the cells: ranges of upward and northing; all of easting."""

    layers: slice
    rows: slice


class Read(Protocol):
    """Gives the cells of a slab: bytes of classes, or numbers from 0 to 254 with NaN for nothing."""

    def __call__(self, slab: Slab, /) -> Values:
        """Cells of `slab`."""


def level_shapes(shape: Shape) -> tuple[Shape, ...]:
    """Cells along each axis of each level, until all fit into one brick."""
    shapes = [shape]
    while max(shapes[-1]) > SIDE:
        upward, northing, easting = ((side + 1) // 2 for side in shapes[-1])
        shapes.append((upward, northing, easting))
    return tuple(shapes)


def bricks_along(shape: Shape) -> Shape:
    """Bricks along each axis of a level."""
    upward, northing, easting = (-(-side // SIDE) for side in shape)
    return upward, northing, easting


def build(target: Path, shape: Shape, read: Read, *, is_classes: bool) -> None:
    """Write the bricks of a volume to `target`; what is in memory does not grow with it.

    Parameters
    ----------
    target : Path
        The file; coarser levels are kept beside it on the way.
    shape : tuple of int
        Cells of the finest level.
    read : callable
        Gives them.
    is_classes : bool
        Whether the cells are classes.
    """
    shapes = level_shapes(shape)
    with target.open("wb") as file:
        writer = _Writer(file, sum(math.prod(bricks_along(one)) for one in shapes))
        for level, cells in enumerate(shapes):
            coarser = None
            if level + 1 < len(shapes):
                beside = target.with_name(f"{target.name}.{level + 1}")
                kind = np.uint8 if is_classes else np.float32
                coarser = np.memmap(beside, dtype=kind, mode="w+", shape=shapes[level + 1])
            _write_level(writer, cells, read, coarser, is_classes=is_classes)
            target.with_name(f"{target.name}.{level}").unlink(missing_ok=True)
            if coarser is not None:
                read = _reader(coarser)
        writer.close()


def _reader(cells: Values) -> Read:
    return lambda slab: np.asarray(cells[slab.layers, slab.rows])


def _write_level(
    writer: _Writer, shape: Shape, read: Read, coarser: Values | None, *, is_classes: bool
) -> None:
    halved: Callable[[Values], Values] = most_frequent if is_classes else mean
    for layers in _parts(shape[0], SIDE):
        row: list[bytes] = []
        for rows in _parts(shape[1], SIDE * max(1, SLAB_CELLS // (SIDE * SIDE * shape[2]))):
            cells = read(Slab(layers, rows))
            row += _bricks(to_bytes(cells))
            if coarser is not None:
                half = halved(cells)
                up, north = layers.start // 2, rows.start // 2
                coarser[up : up + half.shape[0], north : north + half.shape[1]] = half
        writer.add(row)


def _parts(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _bricks(cells: Values) -> Iterator[bytes]:
    """Compressed bricks of a slab of one brick of layers."""
    _, rows, columns = bricks_along(cells.shape)
    for row, column in product(range(rows), range(columns)):
        part = cells[:, row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
        if not part.any():
            yield b""
            continue
        brick = np.zeros((SIDE, SIDE, SIDE), np.uint8)
        brick[: part.shape[0], : part.shape[1], : part.shape[2]] = part
        yield gzip.compress(brick.tobytes(), COMPRESSION, mtime=0)


class _Writer:
    """Writes bricks one after the other, and at last where each lies."""

    def __init__(self, file: BinaryIO, count: int) -> None:
        self._file, self._entries = file, bytearray()
        self._file.write(MAGIC + bytes(ENTRY.size * count))

    def add(self, bricks: list[bytes]) -> None:
        for brick in bricks:
            self._entries += ENTRY.pack(self._file.tell() if brick else 0, len(brick))
            self._file.write(brick)

    def close(self) -> None:
        self._file.seek(len(MAGIC))
        self._file.write(self._entries)


def brick_at(path: Path, number: int) -> bytes:
    """The brick `number` of the file, compressed with gzip.

    Raises
    ------
    StorageError
        If the file is not whole.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise StorageError(f"{path.name} holds no bricks", hint="remove it; it is made again")
        file.seek(len(MAGIC) + ENTRY.size * number)
        offset, length = ENTRY.unpack(file.read(ENTRY.size))
        file.seek(offset)
        return file.read(length) if length else EMPTY


def brick_number(shapes: tuple[Shape, ...], level: int, place: Shape) -> int:
    """Number of a brick in the file."""
    before = sum(math.prod(bricks_along(shape)) for shape in shapes[:level])
    _, rows, columns = bricks_along(shapes[level])
    return before + (place[0] * rows + place[1]) * columns + place[2]


def _eighths(cells: Values) -> list[Values]:
    """The eight cells that become one, each an array; at odd ends the last stands for the missing."""
    odd = [(0, side % 2) for side in cells.shape]
    whole = np.pad(cells, odd, mode="edge") if any(side for _, side in odd) else cells
    return [whole[up::2, north::2, east::2] for up, north, east in product((0, 1), repeat=3)]


def most_frequent(cells: Values) -> Values:
    """Classes of half as many cells along each axis."""
    eight = _eighths(cells)
    best = np.zeros(eight[0].shape, np.uint16)
    for one in eight:
        count = np.zeros(one.shape, np.uint16)
        for other in eight:
            count += one == other
        # The count decides, then that it is not nothing, then the lower class: one number that is compared.
        np.maximum(best, (2 * count + (one != 0)) << 8 | (255 - one), out=best)
    return (255 - (best & 255)).astype(np.uint8)


def mean(cells: Values) -> Values:
    """Numbers of half as many cells along each axis, of those that are there."""
    eight = _eighths(cells)
    total, count = np.zeros(eight[0].shape, np.float32), np.zeros(eight[0].shape, np.float32)
    for one in eight:
        there = np.isfinite(one)
        total += np.where(there, one, 0)
        count += there
    return np.where(count > 0, total / np.maximum(count, 1), np.float32(np.nan))
