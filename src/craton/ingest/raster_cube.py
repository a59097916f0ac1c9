"""Rasters as lazy labelled grids: one file, or a series of files of one grid as a cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from rasterio.io import DatasetReader

from craton.ingest.grid_axes import axis_names, lattice
from craton.ingest.raster_gdal import lazy_band
from craton.ingest.raster_series import Dated, last_day
from craton.model.data import Band
from craton.model.record import Period


@dataclass(frozen=True)
class Layer:
    """One file of a series: where it is, what it is called, its bands, and the grid they lie on."""

    path: Path
    dated: Dated
    bands: tuple[Band, ...]
    arrays: tuple[da.Array, ...]
    transform: tuple[float, ...]
    crs: str
    metadata: dict[str, str]

    @property
    def grid(self) -> tuple[object, ...]:
        """What must be equal for two files to be layers of one cube."""
        arrays = tuple((array.shape, array.dtype) for array in self.arrays)
        return (arrays, tuple(round(number, 9) for number in self.transform), self.crs)


def axes(dataset: DatasetReader) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the rows and of the columns of cell centres; the raster must not be rotated."""
    across, _, left, _, down, top = tuple(dataset.transform)[:6]
    return lattice(top + down / 2, down, dataset.height), lattice(left + across / 2, across, dataset.width)


def lazy_raster(
    path: Path, driver: str, dataset: DatasetReader, bands: Sequence[Band], crs: str
) -> xr.Dataset:
    """The open `dataset` as a grid with a variable a band; complex bands as real and imaginary parts."""
    names = axis_names(crs)
    rows, columns = axes(dataset)
    variables = {}
    for number, band in enumerate(bands, start=1):
        array = lazy_band(path, driver, dataset, number)
        attributes = {"units": band.unit} if band.unit else {}
        for name, part in _parts(band.name, array).items():
            variables[name] = (names, part, attributes)
    attrs = {"crs": crs} if crs else {}
    return xr.Dataset(variables, coords={names.rows: rows, names.columns: columns}, attrs=attrs)


def _parts(name: str, array: da.Array) -> dict[str, da.Array]:
    if array.dtype.kind != "c":
        return {name: array}
    return {f"{name}_real": array.real, f"{name}_imaginary": array.imag}


def stack(layers: Sequence[Layer], grid: xr.Dataset, name: str) -> xr.Dataset:
    """Cube of `layers`, which lie on the grid of `grid`, along `time` or, where each has two dates, `pair`.

    The variables are the bands; with one band it is called `name`, if that is not empty.
    """
    ordered = sorted(layers, key=lambda layer: layer.dated.dates)
    along = "pair" if len(ordered[0].dated.dates) == 2 else "time"
    rows, columns = axis_names(ordered[0].crs)
    variables = {}
    for number, band in enumerate(ordered[0].bands):
        title = name if name and len(ordered[0].bands) == 1 else band.name
        values = da.stack(  # type: ignore[no-untyped-call]  # dask states no types here
            [layer.arrays[number] for layer in ordered]
        )
        variables[title] = ((along, rows, columns), values, {"units": band.unit} if band.unit else {})
    coords = (
        {along: _times(ordered, 0)}
        if along == "time"
        else {
            "start": (along, _times(ordered, 0)),
            "end": (along, _times(ordered, 1)),
        }
    )
    return xr.Dataset(
        variables, coords={**coords, rows: grid[rows], columns: grid[columns]}, attrs=grid.attrs
    )


def _times(layers: Sequence[Layer], which: int) -> np.ndarray:
    return np.array([layer.dated.dates[which] for layer in layers], dtype="datetime64[ns]")


def period(layers: Sequence[Layer]) -> Period:
    """Span of time the files of `layers` state in their names."""
    dates = tuple(one for layer in layers for one in layer.dated.dates)
    return Period(start=_midnight(min(dates)), end=_midnight(last_day(dates, layers[0].dated.spelled)))


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat().replace("+00:00", "Z")
