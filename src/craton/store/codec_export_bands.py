"""Grids with several variables or more than two axes as GeoTIFF: a band for each map they hold."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.io import DatasetWriter
from rasterio.windows import Window

from craton.model.errors import InvalidError
from craton.store.codec_axis import Coordinates, is_regular
from craton.store.codec_cog import WRITING, open_quietly, rasterio_crs, slab_rows, stage_profile, write_cog
from craton.store.codec_crs import GRID_MAPPING, parse_crs
from craton.store.codec_grid import COLUMNS, ROWS, Plane

MOST_BANDS = 65_535
"""Bands that the tag of a TIFF can count."""

LEFT_OUT = "CRATON_LEFT_OUT"
"""Metadata item that names the variables that are no maps, and so no bands."""

FULL_CRS = "CRATON_CRS"
"""Metadata item that names the reference system where the file's own leaves out its heights."""

HINT = "use .nc or .zarr"

TIME_UNITS = ("Y", "M", "D", "h", "m", "s", "ms", "us", "ns")
"""Precision of times, the coarsest first."""


@dataclass(frozen=True)
class Bands:
    """Variables of a dataset as bands: all on one `plane`, of one `dtype`.

    Each array has its leading axes first, then rows and columns. `nodata` is
    None where every cell has a value.
    """

    arrays: tuple[xr.DataArray, ...]
    left_out: tuple[str, ...]
    plane: Plane
    dtype: np.dtype[Any]
    nodata: float | None

    @property
    def counts(self) -> list[int]:
        """Bands of each array."""
        return [int(np.prod(array.shape[:-2], dtype=np.int64)) for array in self.arrays]

    @property
    def measured(self) -> bool:
        """Whether overviews may average cells: fractions and numbers with a unit may, classes never."""
        return all(array.dtype.kind in "fc" or array.attrs.get("units") for array in self.arrays)


def write_bands(dataset: xr.Dataset, target: Path) -> None:
    """Write `dataset` as a cloud-optimised GeoTIFF, block by block.

    Variables follow each other in their order; within one, the last leading
    axis runs fastest. A band is described by its variable and its place on
    the leading axes (`b4 time=2000`). Numbers become the smallest type that
    holds those of all variables; whole numbers stay whole unless variables
    disagree about the value that means none. Variables and coordinates
    without both horizontal axes are no bands; the metadata item
    `CRATON_LEFT_OUT` names them. Of a compound reference system the
    horizontal part is written, and `CRATON_CRS` names the whole.

    Raises
    ------
    InvalidError
        If the grid has no two regular horizontal axes, no variable of
        numbers on them, or more maps than a TIFF has bands.
    """
    bands = bands_of(dataset)
    staged = target.with_suffix(".staged.tif")
    try:
        with rasterio.Env(**WRITING):
            _stage(bands, staged, str(dataset.attrs.get("crs", "")))
            write_cog(staged, target, average=bands.measured)
    except RasterioError as error:
        words = f"the grid does not fit GeoTIFF ({error.__cause__ or error})"
        raise InvalidError(words, hint=HINT) from error
    finally:
        staged.unlink(missing_ok=True)


def bands_of(dataset: xr.Dataset) -> Bands:
    """Bands that `dataset` makes, or `InvalidError`."""
    plane = _plane(dataset)
    maps = [array for array in dataset.data_vars.values() if _is_map(array, plane)]
    if not maps:
        raise InvalidError("the grid has no variable of numbers on its horizontal axes", hint=HINT)
    dtype, nodata = _cells(maps)
    arrays = tuple(array.transpose(..., plane.rows, plane.columns) for array in maps)
    bands = Bands(arrays, tuple(_left_out(dataset, maps, plane)), plane, dtype, nodata)
    if sum(bands.counts) > MOST_BANDS:
        raise InvalidError(
            f"the grid holds {sum(bands.counts)} maps, a GeoTIFF at most {MOST_BANDS} bands", hint=HINT
        )
    return bands


def _plane(dataset: xr.Dataset) -> Plane:
    rows, columns = (_axis_name(dataset, names) for names in (ROWS, COLUMNS))
    return Plane(rows, columns, _regular(dataset, rows), _regular(dataset, columns))


def _axis_name(dataset: xr.Dataset, names: tuple[str, ...]) -> str:
    for name in names:
        if name in dataset.dims and name in dataset.coords:
            return name
    raise InvalidError(f"a GeoTIFF needs a regular axis of {names[0]} or {names[1]}", hint=HINT)


def _regular(dataset: xr.Dataset, name: str) -> Coordinates:
    axis = dataset[name]
    if axis.dtype.kind in "iuf":
        values: Coordinates = axis.to_numpy().astype(np.float64)
        if is_regular(values):
            return values
    raise InvalidError(f"a GeoTIFF needs regular axes, and {name} is not evenly spaced", hint=HINT)


def _is_map(array: xr.DataArray, plane: Plane) -> bool:
    return array.dtype.kind in "biufc" and array.size > 0 and {plane.rows, plane.columns} <= set(array.dims)


def _left_out(dataset: xr.Dataset, maps: list[xr.DataArray], plane: Plane) -> Iterator[str]:
    """Names of all that neither is a band nor says where a band lies."""
    leading = {name for array in maps for name in array.dims} - {plane.rows, plane.columns}
    known = {array.name for array in maps} | {plane.rows, plane.columns, GRID_MAPPING}
    for name, variable in dataset.variables.items():
        labels = variable.ndim == 1 and variable.dims[0] in leading and name in dataset.coords
        if name not in known and not labels:
            yield str(name)


def _cells(maps: list[xr.DataArray]) -> tuple[np.dtype[Any], float | None]:
    """Type of number that holds the cells of all `maps`, and the value that means none."""
    dtype = np.result_type(*(_cell_type(array.dtype) for array in maps))
    stated = {_nodata(array) for array in maps}
    if dtype.kind in "iu" and len(stated) > 1:
        dtype = np.result_type(dtype, np.float32)
    if dtype.kind in "iu":
        return dtype, stated.pop()
    return dtype, np.nan if dtype.kind == "f" else None


def _cell_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Smallest type of TIFF that holds `dtype`."""
    return np.dtype({"bool": "uint8", "float16": "float32"}.get(dtype.name, dtype.name))


def _nodata(array: xr.DataArray) -> float | None:
    """Whole number that `array` states for cells without a value; fractions have NaN."""
    stated = array.attrs.get("nodata")
    if array.dtype.kind not in "iu" or not isinstance(stated, int | float):
        return None
    limits = np.iinfo(array.dtype)
    return stated if float(stated).is_integer() and limits.min <= stated <= limits.max else None


def _stage(bands: Bands, path: Path, crs: str) -> None:
    """Write an uncompressed raster at `path`, with all that a band says of itself."""
    plane = bands.plane
    profile = stage_profile(plane.eastings.size, plane.northings.size, sum(bands.counts), bands.dtype.name)
    place = {"transform": plane.transform, "crs": _horizontal(crs), "nodata": bands.nodata}
    with open_quietly(path, "w", **profile, **place) as raster:
        raster.descriptions = [text for array in bands.arrays for text in descriptions(array)]
        raster.units = [
            str(array.attrs.get("units", ""))
            for array, count in zip(bands.arrays, bands.counts, strict=True)
            for _ in range(count)
        ]
        raster.update_tags(**{FULL_CRS: crs} if place["crs"] != rasterio_crs(crs) else {})
        raster.update_tags(**{LEFT_OUT: ", ".join(bands.left_out)} if bands.left_out else {})
        first = 1
        for array, count in zip(bands.arrays, bands.counts, strict=True):
            _write_array(raster, first, array, bands)
            first += count


def _horizontal(crs: str) -> CRS | None:
    """Reference system called `crs` without heights, whose unit GDAL would take for that of each band."""
    system = parse_crs(crs)
    if system is None or not system.is_compound:
        return rasterio_crs(crs)
    return rasterio_crs(system.sub_crs_list[0].to_wkt())


def descriptions(array: xr.DataArray) -> list[str]:
    """Name of `array`, and for each of its maps the place on the leading axes."""
    labels = [_labels(array, axis) for axis in array.dims[:-2]]
    return [" ".join((str(array.name), *places)) for places in product(*labels)]


def _labels(array: xr.DataArray, axis: Hashable) -> list[str]:
    """`name=value` along `axis`: its coordinate, else those beside it, else its positions from 0."""
    beside = [name for name, one in array.coords.items() if one.dims == (axis,)]
    names = [axis] if axis in array.coords else sorted(beside, key=_start_first)
    if not names:
        return [f"{axis}={place}" for place in range(array.sizes[axis])]
    columns = [_texts(name, array.coords[name].to_numpy()) for name in names]
    return [" ".join(places) for places in zip(*columns, strict=True)]


def _start_first(name: Hashable) -> tuple[bool, str]:
    """Order by name, but the start of a period before its end."""
    return name != "start", str(name)


def _texts(name: Hashable, values: np.ndarray[Any, Any]) -> list[str]:
    if values.dtype.kind == "M":
        return [f"{name}={text}" for text in _times(values)]
    return [f"{name}={value}" for value in values.tolist()]


def _times(values: np.ndarray[Any, Any]) -> list[str]:
    """Times in ISO 8601, no finer than tells them all (a year, a day)."""
    known = values[~np.isnat(values)]
    unit = next(unit for unit in TIME_UNITS if (known.astype(f"M8[{unit}]") == known).all())
    return [str(text) for text in np.datetime_as_string(values.astype(f"M8[{unit}]"))]


def _write_array(raster: DatasetWriter, first: int, array: xr.DataArray, bands: Bands) -> None:
    """Write the maps of `array` as bands from `first` on, each block computed once."""
    stated = _nodata(array) if bands.dtype.kind == "f" else None
    for block in _blocks(array):
        cells = array[block].to_numpy()
        values = cells.astype(bands.dtype, copy=False)
        if stated is not None:
            values[cells == stated] = np.nan
        window, turned = _window(block, array, bands.plane)
        for inner in np.ndindex(values.shape[:-2]):
            outer = [part.start + place for part, place in zip(block, inner, strict=False)]
            band = first + _position(outer, array.shape[:-2])
            raster.write(values[inner][turned], band, window=window)


def _position(outer: list[int], shape: tuple[int, ...]) -> int:
    """Number of the map at `outer` among those of leading axes of `shape`."""
    position = 0
    for place, size in zip(outer, shape, strict=True):
        position = position * size + place
    return position


def _blocks(array: xr.DataArray) -> Iterator[tuple[slice, ...]]:
    """Pieces of `array`: the blocks of a lazy one, else slabs of rows of one map."""
    step = slab_rows(array.shape[-1], array.dtype.itemsize)
    sizes = array.chunks or (
        *((1,) * count for count in array.shape[:-2]),
        _steps(array.shape[-2], step),
        array.shape[-1:],
    )
    yield from product(*(_slices(one) for one in sizes))


def _steps(count: int, step: int) -> tuple[int, ...]:
    return tuple(min(step, count - start) for start in range(0, count, step))


def _slices(sizes: tuple[int, ...]) -> list[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _window(
    block: tuple[slice, ...], array: xr.DataArray, plane: Plane
) -> tuple[Window, tuple[slice, slice]]:
    """Place of `block` in the raster, which begins in the north-west, and how its cells are turned for it."""
    starts, steps = [], []
    for part, size, turned in zip(block[-2:], array.shape[-2:], plane.turned, strict=True):
        starts.append(size - part.stop if turned else part.start)
        steps.append(slice(None, None, -1 if turned else 1))
    height, width = (part.stop - part.start for part in block[-2:])
    return Window(starts[1], starts[0], width, height), (steps[0], steps[1])
