"""Grids of plain numbers in a file, read row by row, so that memory does not grow with the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np

CHUNK_BYTES = 32 << 20
"""Size in bytes of the blocks in which a lazy grid is computed."""

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

    @property
    def ndim(self) -> int:
        """Number of dimensions, two."""
        return 2

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
        blocks = da.from_array(self, chunks=(rows, self.shape[1]), name=False, asarray=False)
        return da.map_blocks(decode, blocks, dtype=dtype)


def write_rows(path: Path, blocks: Iterable[np.ndarray]) -> int:
    """Write the numbers of `blocks` to `path` one after another; how many there were."""
    count = 0
    with path.open("wb") as out:
        for block in blocks:
            block.tofile(out)
            count += block.size
    return count
