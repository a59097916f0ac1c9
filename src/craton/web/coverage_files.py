"""Parts of grids written to files: GeoTIFF and NetCDF."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr
from rasterio.transform import Affine

from craton.model.errors import InvalidError
from craton.store.codec_axis import is_regular
from craton.store.codec_cog import open_quietly, rasterio_crs
from craton.store.codec_crs import with_spatial_ref
from craton.store.grid_flags import FLAGS, as_convention
from craton.store.grid_window import Layer

MOST_BANDS = 2000
"""Bands of a GeoTIFF at most."""

TYPES = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"})


def geotiff(found: xr.Dataset, layers: Sequence[Layer], crs: str, target: Path) -> None:
    """Write `found` as a GeoTIFF: a band for each variable and step of its further axes."""
    rows, columns = layers[0].plane
    north, east = (found[name].to_numpy().astype(np.float64) for name in (rows, columns))
    planes = [plane for layer in layers for plane in _planes(found[layer.name], layer)]
    if len(planes) > MOST_BANDS:
        raise InvalidError(
            f"this makes {len(planes)} bands; a GeoTIFF may have {MOST_BANDS}", hint="use f=nc"
        )
    dtype = np.result_type(*(cells.dtype for _, _, cells in planes))
    if dtype.name not in TYPES:
        dtype = np.dtype(np.complex64 if dtype.kind == "c" else np.float64)
    nodata = next((layer.nodata for layer in layers if layer.nodata is not None), None)
    profile = {
        "driver": "GTiff", "height": north.size, "width": east.size, "count": len(planes),
        "dtype": dtype.name, "compress": "DEFLATE", "tiled": True, "bigtiff": "IF_SAFER",
        "crs": rasterio_crs(crs),
        "transform": _transform(north, east), "nodata": np.nan if dtype.kind == "f" else nodata,
    }  # fmt: skip
    with rasterio.Env(GDAL_PAM_ENABLED="NO"), open_quietly(target, "w", **profile) as raster:
        for band, (name, unit, cells) in enumerate(planes, 1):
            raster.write(cells.astype(dtype), band)
            raster.set_band_description(band, name)
            raster.set_band_unit(band, unit)


def _planes(array: xr.DataArray, layer: Layer) -> list[tuple[str, str, np.ndarray[Any, Any]]]:
    """Name, unit and cells of each band of a variable."""
    further = [str(name) for name in array.dims if name not in layer.plane]
    whole = array.transpose(*further, *layer.plane)
    found = []
    for steps in product(*(range(array.sizes[name]) for name in further)):
        chosen = dict(zip(further, steps, strict=True))
        words = [f"{name}={_told(array, name, step)}" for name, step in chosen.items()]
        found.append((" ".join([layer.name, *words]), layer.unit, whole.isel(chosen).to_numpy()))
    return found


def _told(array: xr.DataArray, name: str, step: int) -> str:
    if name not in array.coords:
        return str(step)
    value = array.coords[name].to_numpy()[step]
    return str(np.datetime_as_string(value, unit="s")) if value.dtype.kind == "M" else str(value)


def _transform(north: np.ndarray[Any, Any], east: np.ndarray[Any, Any]) -> Affine:
    if any(axis.size > 1 and not is_regular(axis) for axis in (north, east)):
        raise InvalidError(
            "the rows or columns are not evenly spaced, which a GeoTIFF cannot say", hint="use f=nc"
        )
    across = (east[-1] - east[0]) / (east.size - 1) if east.size > 1 else None
    down = (north[0] - north[-1]) / (north.size - 1) if north.size > 1 else None
    width, height = across or down or 1.0, down or across or 1.0
    return Affine(width, 0.0, east[0] - width / 2, 0.0, -height, north[0] + height / 2)


def netcdf(found: xr.Dataset, layers: Sequence[Layer], crs: str, target: Path) -> None:
    """Write `found` as NetCDF 4 with CF attributes."""
    kept = found[[layer.name for layer in layers]]
    tidy = with_spatial_ref(kept.drop_encoding(), crs)
    tidy.attrs = {"Conventions": "CF-1.10"}
    for variable in tidy.variables.values():
        told = as_convention(variable.attrs, variable.dtype)
        variable.attrs = {key: value for key, value in told.items() if key in FLAGS or _fits(key, value)}
    names = {str(name): str(name).replace("/", "_") for name in tidy.variables if "/" in str(name)}
    tidy = tidy.rename(names)
    packed = {
        str(n): {"zlib": True, "complevel": 4} for n, a in tidy.data_vars.items() if a.dtype.kind in "iuf"
    }
    try:
        tidy.to_netcdf(target, engine="netcdf4", encoding=packed)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidError(f"this part does not fit NetCDF ({error})", hint="use f=tif") from error


def _fits(key: object, value: object) -> bool:
    """Whether an attribute can stand in NetCDF and is not written by the encoding itself."""
    written = {"_FillValue", "missing_value", "scale_factor", "add_offset", "grid_mapping", "coordinates"}
    return key not in written and isinstance(value, str | int | float) and not isinstance(value, bool)
