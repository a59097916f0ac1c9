"""Grids of plain numbers in a file, read row by row, so that memory does not grow with the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import dask.array as da
import numpy as np

CHUNK_BYTES = 32 << 20
"""Size in bytes of the blocks in which a lazy grid is computed."""

TURNED_BYTES = 128 << 20
"""Bytes of a grid that are turned from columns to rows at a time."""

Decode = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RawRows:
    """A two-dimensional array of numbers in a file, which reads what is asked of it.

    The file is read, not mapped: mapped pages count as memory of the process
    for as long as the system has memory to spare.

    Parameters
    ----------
    path : Path
        The file.
    shape : tuple of int
        Rows and columns.
    dtype : dtype
        Type of the numbers in the file, byte order included.
    offset : int
        Bytes before the first number.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype
    offset: int = 0

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        """Rows and columns `key`; ends beyond the shape are cut off as numpy does."""
        first, last, _ = key[0].indices(self.shape[0])
        columns = self.shape[1]
        start = self.offset + first * columns * self.dtype.itemsize
        count = max(last - first, 0) * columns
        values = np.fromfile(self.path, dtype=self.dtype, count=count, offset=start)
        return values.reshape(-1, columns)[:, key[1]]

    def lazy(self, decode: Decode, dtype: np.dtype) -> da.Array:
        """The array in blocks of rows, each passed through `decode`, which gives numbers of `dtype`."""
        rows = max(1, CHUNK_BYTES // max(1, self.shape[1] * 8))
        return lazy_array(_DecodedRows(self, decode, dtype), (rows, self.shape[1]))


@dataclass(frozen=True)
class _DecodedRows:
    """The numbers of `rows` after `decode`."""

    rows: RawRows
    decode: Decode
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        return 2

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.shape

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        return self.decode(self.rows[key])


class Plane(Protocol):
    """What can be read lazily: a two-dimensional array that reads the rows and columns asked of it."""

    @property
    def ndim(self) -> int:
        """Number of dimensions, two."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers it gives."""

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray: ...


def lazy_array(plane: Plane, chunks: tuple[int, int]) -> da.Array:
    """`plane` as a dask array in blocks of `chunks`, which is asked for nothing but slices."""
    array: da.Array = da.from_array(  # type: ignore[no-untyped-call]  # dask states no types here
        plane, chunks=chunks, name=False, asarray=False, fancy=False, meta=np.empty((0, 0), plane.dtype)
    )
    return array


def turn(stored: RawRows, target: Path) -> RawRows:
    """Columns of `stored` as rows of a new file `target`, a block at a time.

    Reading a large grid across its rows would read all of it once a row.
    """
    rows, columns = stored.shape[1], stored.shape[0]
    width = stored.dtype.itemsize
    step = max(1, TURNED_BYTES // (rows * width))
    with target.open("wb") as out:
        out.truncate(rows * columns * width)
        for first in range(0, columns, step):
            block = stored[first : first + step, :].T
            for row, cells in enumerate(np.ascontiguousarray(block)):
                out.seek((row * columns + first) * width)
                out.write(cells.tobytes())
    return RawRows(target, (rows, columns), stored.dtype)


def write_rows(path: Path, blocks: Iterable[np.ndarray]) -> int:
    """Write the numbers of `blocks` to `path` one after another; how many there were."""
    count = 0
    with path.open("wb") as out:
        for block in blocks:
            block.tofile(out)
            count += block.size
    return count
