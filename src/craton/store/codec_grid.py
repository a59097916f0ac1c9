"""Grids and volumes: which become a COG and which a Zarr store, and how a dataset becomes raster bands.

A map on regular axes becomes a COG; anything with more axes, other axes or
mixed numbers becomes Zarr. Either way `decode` gives what was encoded: names,
order of rows, the exact ends of the axes, attributes and reference system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import dask.local
import dask.threaded
import numpy as np
import rasterio
import xarray as xr
from dask.array.optimization import optimize
from dask.base import get_scheduler
from dask.highlevelgraph import HighLevelGraph
from rasterio.io import DatasetWriter
from rasterio.transform import Affine
from rasterio.windows import Window

from craton.model.record import Asset
from craton.store.codec_asset import (
    COG,
    NOTE,
    EncodedAsset,
    Locate,
    data_asset,
    only_member,
    plain,
    to_json,
)
from craton.store.codec_axis import Coordinates, is_regular, spacing, write_axis
from craton.store.codec_cog import (
    DIRECTIONS,
    TILED,
    WRITING,
    decode_cog,
    open_quietly,
    rasterio_crs,
    slab_rows,
    stage_profile,
    write_cog,
)
from craton.store.codec_crs import GRID_MAPPING
from craton.store.codec_zarr import decode_zarr, encode_zarr

ROWS = ("northing", "latitude", "y", "lat")
COLUMNS = ("easting", "longitude", "x", "lon")

CELL_TYPES = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"})
"""Types of number that every reader of GeoTIFF takes."""

IN_PROCESS = (dask.threaded.get, dask.local.get_sync)
"""Schedulers that compute where the raster is open, so that blocks can be written as they come."""


@dataclass(frozen=True)
class Plane:
    """The place of a two-dimensional grid: its axes, as the dataset has them."""

    rows: str
    columns: str
    northings: Coordinates
    eastings: Coordinates

    @property
    def transform(self) -> Affine:
        """Geotransform of the grid with its first row in the north and its first column in the west."""
        height, width = abs(spacing(self.northings)), abs(spacing(self.eastings))
        west, north = self.eastings.min() - width / 2, self.northings.max() + height / 2
        return Affine(width, 0.0, west, 0.0, -height, north)

    @property
    def turned(self) -> tuple[bool, bool]:
        """Whether rows run to the north, and columns to the west."""
        return bool(spacing(self.northings) > 0), bool(spacing(self.eastings) < 0)


def plane_of(dataset: xr.Dataset) -> Plane | None:
    """Place of `dataset` if it is a map that can become a COG.

    Its axes are regular, its variables of one type of number and one value for none, and it has no
    further coordinates.
    """
    arrays = list(dataset.data_vars.values())
    dimensions = set(dataset.sizes)
    rows = next((name for name in ROWS if name in dimensions), None)
    columns = next((name for name in COLUMNS if name in dimensions), None)
    if not arrays or rows is None or columns is None:
        return None
    if (
        any(set(array.dims) != {rows, columns} for array in arrays)
        or len({(a.dtype.name, nodata_of(a)) for a in arrays}) != 1
    ):
        return None
    if arrays[0].dtype.name not in CELL_TYPES or set(dataset.coords) - {GRID_MAPPING} != {rows, columns}:
        return None
    northings, eastings = (_coordinates(dataset[name]) for name in (rows, columns))
    return None if northings is None or eastings is None else Plane(rows, columns, northings, eastings)


def _coordinates(axis: xr.DataArray) -> Coordinates | None:
    """Coordinates of `axis`, if they are numbers and equally spaced."""
    if axis.dtype.kind not in "iuf":
        return None
    values: Coordinates = axis.to_numpy().astype(np.float64)
    return values if is_regular(values) else None


def nodata_of(array: xr.DataArray) -> int | None:
    """Whole number that `array` states, as `nodata`, for cells without a value; fractions have NaN."""
    stated = array.attrs.get("nodata")
    if array.dtype.kind not in "iu" or not isinstance(stated, int | float | np.number):
        return None
    limits = np.iinfo(array.dtype)
    fits = float(stated).is_integer() and limits.min <= stated <= limits.max
    return int(stated) if fits else None


def encode_grid(dataset: xr.Dataset, folder: Path, crs: str) -> EncodedAsset:
    """Write `dataset` below `folder` as a COG where its shape allows, else as Zarr."""
    plane = plane_of(dataset)
    name = crs or str(dataset.attrs.get("crs", ""))
    if plane is None:
        return encode_zarr(dataset, folder, name)
    target = folder / "data.tif"
    write_plane(dataset, plane, target, name)
    return data_asset(COG, {"data.tif": target})


def write_plane(dataset: xr.Dataset, plane: Plane, target: Path, crs: str) -> None:
    """Write `dataset` as a COG: its bands as a plain raster beside `target`, then GDAL's copy of that."""
    staged = target.with_suffix(".staged.tif")
    arrays = [array.transpose(plane.rows, plane.columns) for array in dataset.data_vars.values()]
    dtype = arrays[0].dtype
    profile = stage_profile(plane.eastings.size, plane.northings.size, len(arrays), dtype.name)
    if any(array.chunks for array in arrays):
        profile |= TILED
    nodata = np.nan if dtype.kind == "f" else nodata_of(arrays[0])
    with rasterio.Env(**WRITING):
        with open_quietly(
            staged, "w", **profile, transform=plane.transform, crs=rasterio_crs(crs), nodata=nodata
        ) as raster:
            raster.descriptions = [str(name) for name in dataset.data_vars]
            raster.units = [str(array.attrs.get("units", "")) for array in arrays]
            raster.update_tags(**{NOTE.upper(): to_json(_note(dataset, plane, crs))})
            _write_bands([_Target(raster, band, plane) for band in raster.indexes], arrays)
        write_cog(staged, target, average=all(_may_be_averaged(array) for array in arrays))
    staged.unlink()


def _may_be_averaged(array: xr.DataArray) -> bool:
    """Whether overviews may hold means: of numbers that measure, but neither classes nor directions."""
    measured = array.dtype.kind == "f" or bool(array.attrs.get("units"))
    return (
        measured and "flag_values" not in array.attrs and array.attrs.get("standard_name") not in DIRECTIONS
    )


def _note(dataset: xr.Dataset, plane: Plane, crs: str) -> dict[str, Any]:
    """Everything of `dataset` that a GeoTIFF has no tag for."""
    return {
        "crs": crs,
        "dimensions": [plane.rows, plane.columns],
        "axes": {plane.rows: write_axis(plane.northings), plane.columns: write_axis(plane.eastings)},
        "coordinates": {name: plain(dataset[name].attrs) for name in (plane.rows, plane.columns)},
        "attrs": plain(dataset.attrs),
        "bands": [
            {"name": str(name), "attrs": _band_attributes(array)} for name, array in dataset.data_vars.items()
        ],
    }


def _band_attributes(array: xr.DataArray) -> dict[str, Any]:
    """Attributes of a band, without a nodata that the raster declares and that is NaN when it is read."""
    attributes: dict[str, Any] = plain(array.attrs)
    declared = nodata_of(array) is not None
    return {key: value for key, value in attributes.items() if key != "nodata" or not declared}


@dataclass(frozen=True)
class _Target:
    """One band of an open raster, which begins in the north-west however its grid runs."""

    raster: DatasetWriter
    band: int
    plane: Plane

    def put(self, top: int, left: int, cells: np.ndarray[Any, Any]) -> None:
        """Write the cells of the grid from row `top` and column `left` on."""
        height, width = cells.shape
        rows_turned, columns_turned = self.plane.turned
        first_row = self.plane.northings.size - top - height if rows_turned else top
        first_column = self.plane.eastings.size - left - width if columns_turned else left
        from_north_west = cells[:: -1 if rows_turned else 1, :: -1 if columns_turned else 1]
        self.raster.write(from_north_west, self.band, window=Window(first_column, first_row, width, height))


def _write_bands(targets: Sequence[_Target], arrays: Sequence[xr.DataArray]) -> None:
    """Write each of `arrays` to its target, computing every block of lazy ones a single time."""
    lazy = [(target, array) for target, array in zip(targets, arrays, strict=True) if array.chunks]
    compute = get_scheduler(collections=[array.data for _, array in lazy]) if lazy else None  # type: ignore[no-untyped-call]
    streamed = compute in IN_PROCESS
    for target, array in zip(targets, arrays, strict=True):
        if not (streamed and array.chunks):
            for top, bottom in _pieces(array):
                target.put(top, 0, array[top:bottom].to_numpy())
    if compute is not None and streamed:
        _stream(lazy, compute)


def _stream(lazy: Sequence[tuple[_Target, xr.DataArray]], compute: Callable[..., Any]) -> None:
    """Compute the blocks of `lazy` in one go and write them one after the other, from the first row on.

    A block is written only after the one before it. That makes the order of
    writing the same each time, and lets the scheduler work row by row, so that
    what neighbouring blocks share is computed once and soon let go.
    """
    arrays = [array.data for _, array in lazy]
    merged = HighLevelGraph.merge(*(array.__dask_graph__() for array in arrays))
    graph = dict(optimize(merged, [array.__dask_keys__() for array in arrays]))  # type: ignore[no-untyped-call]
    puts = []
    for (target, _), array in zip(lazy, arrays, strict=True):
        tops, lefts = (np.cumsum((0, *side)).tolist() for side in array.chunks)
        for row, keys in enumerate(array.__dask_keys__()):
            puts += [(tops[row], target.band, lefts[column], key, target) for column, key in enumerate(keys)]
    last = None
    for top, band, left, key, target in sorted(puts, key=lambda put: put[:3]):
        name = ("craton-put", band, top, left)
        graph[name] = (partial(_put_after, target, top, left), last, key)
        last = name
    compute(graph, last)


def _put_after(target: _Target, top: int, left: int, _before: None, cells: np.ndarray[Any, Any]) -> None:
    target.put(top, left, cells)


def _pieces(array: xr.DataArray) -> Iterator[tuple[int, int]]:
    """Ranges of rows to be computed at a time: rows of blocks of a lazy array, else even slabs."""
    height, width = array.shape
    if array.chunks is None:
        step = slab_rows(width, array.dtype.itemsize)
        yield from ((top, min(top + step, height)) for top in range(0, height, step))
        return
    bottom = 0
    for count in array.chunks[0]:
        bottom += count
        yield bottom - count, bottom


def decode_grid(asset: Asset, locate: Locate) -> xr.Dataset:
    """Lazy dataset of `asset`, a COG or a Zarr store."""
    if asset.media_type == COG:
        return decode_cog(locate(only_member(asset)))
    return decode_zarr(asset, locate)
