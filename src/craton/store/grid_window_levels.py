"""Planes of a grid at several resolutions: the overviews of a COG, or means of an array in memory."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import Affine
from rasterio.windows import Window

from craton.model.errors import StorageError
from craton.store.codec_cog import MASKED, READING, numpy_type, open_quietly
from craton.store.pool import Pool
from craton.store.recent import Recent

CACHE_BYTES = 32 << 20
"""GDAL's block cache while tiles are read: bands that lie together are unpacked once."""

BLOCK_SHARE = 64
"""Part of the machine's memory for unpacked blocks: a sixty-fourth.

Neighbouring tiles share them, whatever thread draws them.
"""

LEAST_BLOCK_BYTES, MOST_BLOCK_BYTES = 128 << 20, 512 << 20
"""Memory for them at least and at most."""

BLOCK = 512
"""Rows and columns of a block, as COGs are written."""

MOST_BLOCKS = 64
"""Blocks of a part from which it is read at once and not kept."""

SMALLEST = 256
"""Side below which an array gets no coarser level."""

Values = np.ndarray[Any, Any]
Valid = np.ndarray[Any, np.dtype[np.bool_]]


class Size(NamedTuple):
    """Rows and columns of a level."""

    height: int
    width: int


class Part(NamedTuple):
    """A rectangle of cells of a level."""

    top: int
    left: int
    height: int
    width: int


class Plane(Protocol):
    """Two-dimensional cells at one or more resolutions, the finest first; used from several threads."""

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Size of each level."""

    def read(self, level: int, part: Part) -> tuple[Values, Valid | None]:
        """Cells of `part` and which of them hold a value (`None`: those that are not NaN)."""


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn the refusals of GDAL to read `path` into ours."""
    try:
        yield
    except RasterioError as error:
        raise StorageError(f"{path.name} cannot be read: {error}", hint="check the store") from error


_numbers = count()
"""Numbers of open files, by which their blocks are told apart."""


class CogFile:
    """A COG with its overviews; each has handles of its own, for GDAL's are of one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path, self._number = path, next(_numbers)
        with _readable(path), rasterio.Env(**READING), open_quietly(path, driver="GTiff") as cog:
            self.transform: Affine = cog.transform
            self.types = tuple(numpy_type(name) for name in cog.dtypes)
            self.scales = tuple(zip(cog.scales, cog.offsets, strict=True))
            self.nodata = tuple(cog.nodatavals)
            self.flags = tuple(set(flags) for flags in cog.mask_flag_enums)
            self.alpha = next(
                (i for i, one in zip(cog.indexes, cog.colorinterp, strict=True) if one == ColorInterp.alpha),
                0,
            )
            whole = Size(cog.height, cog.width)
            overviews = len(cog.overviews(1))
        self._pools = [Pool(partial(_open, path, level)) for level in range(-1, overviews)]
        self.sizes = (whole, *(self._size(level) for level in range(1, overviews + 1)))
        self.close()  # most of the levels are never read, and files that a process may open are few

    def _size(self, level: int) -> Size:
        with _readable(self.path), self._pools[level].take() as cog:
            return Size(cog.height, cog.width)

    def read(self, level: int, band: int, part: Part) -> tuple[Values, Valid | None]:
        """Cells of `band` (from 1) of a level, and which of them hold a value."""
        rows = range(part.top // BLOCK, (part.top + part.height - 1) // BLOCK + 1)
        columns = range(part.left // BLOCK, (part.left + part.width - 1) // BLOCK + 1)
        if len(rows) * len(columns) > MOST_BLOCKS:
            return self._read(level, band, part)
        values: Values | None = None
        valid: Valid | None = None
        for row, column in product(rows, columns):
            cells, there = self._block(level, band, row, column)
            if values is None:
                values = np.empty((part.height, part.width), cells.dtype)
            inside, outside = _common(part, row, column, cells.shape)
            values[outside] = cells[inside]
            if there is not None:
                valid = np.ones(values.shape, bool) if valid is None else valid
                valid[outside] = there[inside]
        assert values is not None
        return values, valid

    def _block(self, level: int, band: int, row: int, column: int) -> tuple[Values, Valid | None]:
        """A block of a level, smaller at its edges."""
        size, top, left = self.sizes[level], row * BLOCK, column * BLOCK
        part = Part(top, left, min(BLOCK, size.height - top), min(BLOCK, size.width - left))
        key = (self._number, level, band, row, column)
        return _blocks.get(key, lambda: self._read(level, band, part))

    def _read(self, level: int, band: int, part: Part) -> tuple[Values, Valid | None]:
        window = Window(part.left, part.top, part.width, part.height)
        with _readable(self.path), self._pools[level].take() as cog:
            values = cog.read(band, window=window)
            valid = self._valid(cog, band, window, values)
        if valid is not None and valid.all():
            valid = None
        scale, offset = self.scales[band - 1]
        if (scale, offset) != (1.0, 0.0):
            values = values * np.float32(scale) + np.float32(offset)
        return values, valid

    def _valid(self, cog: DatasetReader, band: int, window: Window, values: Values) -> Valid | None:
        flags, nodata = self.flags[band - 1], self.nodata[band - 1]
        if self.types[band - 1].kind == "c" or not flags & (MASKED | {MaskFlags.alpha}):
            return None
        if flags == {MaskFlags.nodata} and nodata is not None:
            return None if np.isnan(nodata) else np.asarray(values != values.dtype.type(nodata))
        return np.asarray(cog.read_masks(band, window=window) > 0)

    def close(self) -> None:
        """Close idle handles."""
        for pool in self._pools:
            pool.close()


def _common(
    part: Part, row: int, column: int, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Cells that a block and a part have in common: their place in the block, and in the part."""
    starts = (row * BLOCK - part.top, column * BLOCK - part.left)
    inside = tuple(
        slice(max(0, -start), min(size, most - start))
        for start, size, most in zip(starts, shape, (part.height, part.width), strict=True)
    )
    outside = tuple(slice(one.start + s, one.stop + s) for one, s in zip(inside, starts, strict=True))
    return (inside[0], inside[1]), (outside[0], outside[1])


def _block_bytes() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(max(memory // BLOCK_SHARE, LEAST_BLOCK_BYTES), MOST_BLOCK_BYTES)


def _weight(block: tuple[Values, Valid | None]) -> int:
    return block[0].nbytes + (0 if block[1] is None else block[1].nbytes)


_blocks: Recent[tuple[int, int, int, int, int], tuple[Values, Valid | None]] = Recent(
    _block_bytes(), weigh=_weight
)


def _open(path: Path, level: int) -> DatasetReader:
    options: dict[str, Any] = {"overview_level": level} if level >= 0 else {}
    with rasterio.Env(**READING, GDAL_CACHEMAX=CACHE_BYTES):
        return open_quietly(path, driver="GTiff", **options)


@dataclass(frozen=True)
class CogPlane:
    """One band of a COG."""

    file: CogFile
    band: int

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Size of each level."""
        return self.file.sizes

    def read(self, level: int, part: Part) -> tuple[Values, Valid | None]:
        """Cells of `part` and which of them hold a value."""
        return self.file.read(level, self.band, part)


class CopiedPlane:
    """The only band of a COG that can be made again, as it is where its file was removed.

    Parameters
    ----------
    opened : callable
        Opens the file, and makes it where it is not there.
    """

    def __init__(self, opened: Callable[[], CogFile]) -> None:
        self._opened, self._file, self._guard = opened, opened(), threading.Lock()

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Size of each level."""
        return self._file.sizes

    def read(self, level: int, part: Part) -> tuple[Values, Valid | None]:
        """Cells of `part` and which of them hold a value."""
        file = self._file
        try:
            return file.read(level, 1, part)
        except StorageError:
            return self._again(file).read(level, 1, part)

    def _again(self, broken: CogFile) -> CogFile:
        """The file opened anew, by the first of those who found it `broken`."""
        with self._guard:
            if self._file is broken:
                broken.close()
                self._file = self._opened()
            return self._file

    def close(self) -> None:
        """Close idle handles."""
        self._file.close()


class ArrayPlane:
    """An array in memory, cells without a value being NaN; coarser levels are means, or single cells."""

    def __init__(self, cells: Values, *, average: bool) -> None:
        self._levels = [cells]
        while max(self._levels[-1].shape) > SMALLEST * 2:
            self._levels.append(_halved(self._levels[-1], average=average))
        self.sizes = tuple(Size(*level.shape) for level in self._levels)

    @property
    def bytes(self) -> int:
        """Size of all levels in memory."""
        return sum(level.nbytes for level in self._levels)

    def read(self, level: int, part: Part) -> tuple[Values, Valid | None]:
        """Cells of `part`."""
        cells = self._levels[level]
        return cells[part.top : part.top + part.height, part.left : part.left + part.width], None


def _halved(cells: Values, *, average: bool) -> Values:
    """Cells of twice the size."""
    if not average or cells.dtype.kind != "f" or min(cells.shape) < 2:
        return cells[::2, ::2]
    height, width = ((side + 1) // 2 * 2 for side in cells.shape)
    whole = np.pad(cells, ((0, height - cells.shape[0]), (0, width - cells.shape[1])), mode="edge")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of four cells none may hold a value
        mean = np.nanmean(whole.reshape(height // 2, 2, width // 2, 2), axis=(1, 3))
    return np.asarray(mean, cells.dtype)


def coarsest_of(sizes: Sequence[Size], cells: int) -> int:
    """First level that has no more than `cells` cells, else the last."""
    return next((n for n, size in enumerate(sizes) if size.height * size.width <= cells), len(sizes) - 1)
