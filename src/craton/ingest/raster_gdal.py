"""Open a raster by one named driver, check what it declares, and decode enough of it to trust it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from craton.ingest.raster_formats import PACKED
from craton.ingest.raw_rows import lazy_array
from craton.model.errors import RefusedError

GDAL_OPTIONS = {
    "GDAL_CACHEMAX": 64 << 20,
    "GDAL_NUM_THREADS": "1",
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
}
"""How GDAL is to behave: little memory, companions of the folder only, never the network.

A file can name others (overviews, masks) by address. No extension is allowed
over the network, and what got past that would meet a proxy that is not there.
"""

BLOCK_BYTES = 256 << 20
"""Largest block in bytes that is decoded; decoding needs about three times that."""

SMALL_BYTES = 64 << 20
"""Size of a grid in bytes that a packed file may have whatever its own size."""

WINDOW_BYTES = 8 << 20
"""Size in bytes of the pieces in which a raster is read."""

VERIFIED_BYTES = 128 << 20
"""Bytes of a raster that are decoded before it is believed; the whole of most."""

RANGE_OF_BANDS = 8
"""Bands of which blocks are decoded where a raster has more than fit at once."""


@contextmanager
def open_raster(path: Path, driver: str) -> Iterator[DatasetReader]:
    """Open `path` with `driver`; what GDAL throws while it is open becomes a refusal."""
    try:
        with rasterio.Env(**GDAL_OPTIONS), _opened(path, driver) as dataset:
            yield dataset
    except (RasterioError, UnicodeDecodeError) as error:
        raise RefusedError(
            "corrupt",
            f"{path.name} cannot be decoded as {driver} ({_one_line(error)})",
            hint="export it again",
        ) from error


def _opened(path: Path, driver: str) -> DatasetReader:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, driver=driver)


def _one_line(error: Exception) -> str:
    cause = error.__cause__ or error
    return " ".join(str(cause).split())[:200]


@dataclass(frozen=True)
class Layout:
    """How the cells of a raster lie in its file: rows, columns, bands, bytes of a cell, shape of a block."""

    rows: int
    columns: int
    bands: int
    cell_bytes: int
    block: tuple[int, int]
    by_pixel: bool

    @property
    def size(self) -> int:
        """Bytes of the whole grid."""
        return self.rows * self.columns * self.bands * self.cell_bytes

    def piece(self, depth: int, limit: int = WINDOW_BYTES) -> tuple[int, int]:
        """Rows and columns of a window, whole blocks of `depth` bands, of about `limit` bytes."""
        height, width = self.block
        cell = max(1, self.cell_bytes * depth)
        across = max(1, min(-(-self.columns // width), limit // (height * width * cell)))
        down = max(1, limit // (height * width * across * cell))
        return min(self.rows, down * height), min(self.columns, across * width)


def layout_of(dataset: DatasetReader) -> Layout:
    """Layout of `dataset`, of its widest type of number."""
    cell_bytes = max(np.dtype(_numpy_type(name)).itemsize for name in dataset.dtypes)
    height, width = dataset.block_shapes[0]
    return Layout(
        rows=dataset.height,
        columns=dataset.width,
        bands=dataset.count,
        cell_bytes=cell_bytes,
        block=(min(height, dataset.height), min(width, dataset.width)),
        by_pixel=str(dataset.profile.get("interleave", "")).lower() == "pixel",
    )


def _numpy_type(name: str) -> str:
    return {"complex_int16": "complex64", "complex_int32": "complex64"}.get(name, name)


def check_layout(layout: Layout, file_bytes: int, expansion: int, name: str) -> None:
    """Refuse a raster that declares more than its bytes can hold, or blocks larger than memory."""
    allowance = SMALL_BYTES if expansion >= PACKED else 0
    if layout.size > max(expansion * file_bytes, allowance):
        raise RefusedError(
            "truncated" if expansion < PACKED else "corrupt",
            f"{name} declares {layout.columns} x {layout.rows} cells in {layout.bands} bands, "
            f"which its {file_bytes} bytes cannot hold",
            hint="copy or export it again",
        )
    block = layout.block[0] * layout.block[1] * layout.cell_bytes * (layout.bands if layout.by_pixel else 1)
    if block > BLOCK_BYTES:
        raise RefusedError(
            "too-large",
            f"{name} is packed in blocks of {block / 1e6:,.0f} MB; "
            f"at most {BLOCK_BYTES / 1e6:,.0f} MB can be unpacked",
            hint="rewrite it in tiles: gdal_translate -co TILED=YES",
        )


def verify(dataset: DatasetReader, layout: Layout, budget: int = VERIFIED_BYTES) -> None:
    """Decode the raster, or its ends and an even sample between, up to `budget` bytes.

    A damaged block raises what GDAL says of it; `open_raster` makes that a refusal.
    """
    depth = max(1, min(layout.bands, WINDOW_BYTES // (layout.cell_bytes * layout.block[0] * layout.block[1])))
    rows, columns = layout.piece(depth)
    starts = [(r, c) for r in range(0, layout.rows, rows) for c in range(0, layout.columns, columns)]
    bands = _sample(list(range(1, layout.bands + 1)), max(depth, RANGE_OF_BANDS))
    cost = rows * columns * layout.cell_bytes * len(bands)
    for row, column in _sample(starts, max(2, budget // max(1, cost))):
        window = Window(column, row, min(columns, layout.columns - column), min(rows, layout.rows - row))
        for first in range(0, len(bands), depth):
            dataset.read(bands[first : first + depth], window=window)


def _sample[T](items: list[T], count: int) -> list[T]:
    if len(items) <= count:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, count).round().astype(int)]


@dataclass(frozen=True)
class RasterBand:
    """One band of a raster file as a two-dimensional array that reads what is asked of it.

    Values are `scale` times the stored numbers plus `offset`. Cells without a
    value are NaN where the band declares a nodata number or a mask.
    """

    path: Path
    driver: str
    band: int
    shape: tuple[int, int]
    dtype: np.dtype
    scale: float = 1.0
    offset: float = 0.0

    @property
    def ndim(self) -> int:
        """Number of dimensions, two."""
        return 2

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        """Cells of rows and columns `key`, from the top of the raster down."""
        top, bottom, _ = key[0].indices(self.shape[0])
        left, right, _ = key[1].indices(self.shape[1])
        window = Window(left, top, right - left, bottom - top)
        with open_raster(self.path, self.driver) as dataset:
            cells: np.ndarray = dataset.read(self.band, window=window)
            if self.dtype.kind not in "fc":
                return cells
            missing = dataset.read_masks(self.band, window=window) == 0
        values: np.ndarray = cells.astype(self.dtype)
        if (self.scale, self.offset) != (1.0, 0.0):
            values = values * self.dtype.type(self.scale) + self.dtype.type(self.offset)
        values[missing] = np.nan
        return values


def lazy_band(path: Path, driver: str, dataset: DatasetReader, band: int) -> da.Array:
    """Band `band` of the open `dataset` in blocks, as floats where cells may be without a value."""
    scale, offset = dataset.scales[band - 1], dataset.offsets[band - 1]
    array = RasterBand(
        path, driver, band, (dataset.height, dataset.width), _value_type(dataset, band), scale, offset
    )
    return lazy_array(array, layout_of(dataset).piece(1))


def _value_type(dataset: DatasetReader, band: int) -> np.dtype:
    stored = np.dtype(_numpy_type(dataset.dtypes[band - 1]))
    if stored.kind not in "iu":
        return stored
    if (dataset.scales[band - 1], dataset.offsets[band - 1]) != (1.0, 0.0):
        return np.dtype(np.float64)
    whole = all(flag.name == "all_valid" for flag in dataset.mask_flag_enums[band - 1])
    return stored if whole else np.result_type(stored, np.float32)
