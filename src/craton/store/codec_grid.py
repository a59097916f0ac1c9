"""Grids and volumes: which become a COG and which a Zarr store, and how a dataset becomes raster bands.

A map on regular axes becomes a COG; anything with more axes, other axes or
mixed numbers becomes Zarr. Either way `decode` gives what was encoded: names,
order of rows, the exact ends of the axes, attributes and reference system.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr
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

    Its axes are regular, its variables of one type of number, and it has no further coordinates.
    """
    arrays = list(dataset.data_vars.values())
    dimensions = set(dataset.sizes)
    rows = next((name for name in ROWS if name in dimensions), None)
    columns = next((name for name in COLUMNS if name in dimensions), None)
    if not arrays or rows is None or columns is None:
        return None
    if (
        any(set(array.dims) != {rows, columns} for array in arrays)
        or len({a.dtype.name for a in arrays}) != 1
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
    arrays = list(dataset.data_vars.values())
    dtype = arrays[0].dtype
    profile = stage_profile(plane.eastings.size, plane.northings.size, len(arrays), dtype.name)
    nodata = np.nan if dtype.kind == "f" else None
    with rasterio.Env(**WRITING):
        with open_quietly(
            staged, "w", **profile, transform=plane.transform, crs=rasterio_crs(crs), nodata=nodata
        ) as raster:
            raster.descriptions = [str(name) for name in dataset.data_vars]
            raster.units = [str(array.attrs.get("units", "")) for array in arrays]
            raster.update_tags(**{NOTE.upper(): to_json(_note(dataset, plane, crs))})
            for band, array in enumerate(arrays, start=1):
                _write_band(raster, band, array.transpose(plane.rows, plane.columns), plane)
        measured = dtype.kind == "f" or all(array.attrs.get("units") for array in arrays)
        write_cog(staged, target, average=measured)
    staged.unlink()


def _note(dataset: xr.Dataset, plane: Plane, crs: str) -> dict[str, Any]:
    """Everything of `dataset` that a GeoTIFF has no tag for."""
    return {
        "crs": crs,
        "dimensions": [plane.rows, plane.columns],
        "axes": {plane.rows: write_axis(plane.northings), plane.columns: write_axis(plane.eastings)},
        "coordinates": {name: plain(dataset[name].attrs) for name in (plane.rows, plane.columns)},
        "attrs": plain(dataset.attrs),
        "bands": [
            {"name": str(name), "attrs": plain(array.attrs)} for name, array in dataset.data_vars.items()
        ],
    }


def _write_band(raster: DatasetWriter, band: int, array: xr.DataArray, plane: Plane) -> None:
    """Write `array` piece by piece, turned so that it begins in the north-west."""
    height, width = array.shape
    rows_turned, columns_turned = plane.turned
    columns = slice(None, None, -1 if columns_turned else 1)
    for top, bottom in _pieces(array):
        cells = array[top:bottom].to_numpy()[:: -1 if rows_turned else 1, columns]
        start = height - bottom if rows_turned else top
        raster.write(cells, band, window=Window(0, start, width, bottom - top))


def _pieces(array: xr.DataArray) -> Iterator[tuple[int, int]]:
    """Ranges of rows to be computed at a time: the blocks of a lazy array, each once, else even slabs."""
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
