"""Axes of grids: their names, their longitudes, and how many cells hold no value."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import dask.array as da
import numpy as np
import xarray as xr

from craton.model import crs as systems
from craton.model.record import Finding

COUNTED_CELLS = 1 << 28
"""Cells up to which nodata is counted; beyond that the count would cost a second reading."""

SAME = 1e-2
"""How far apart, as a share of the spacing, two coordinates may be and still be one."""

IRREGULAR = 1e-2
"""Spread of the spacing, as a share of it, from which an axis is called irregular."""

DIGITS = 9
"""Decimals of a degree to which turned longitudes are rounded, so that 179.99999999999997 is 180."""


class AxisNames(NamedTuple):
    """Names of the two horizontal axes, rows first."""

    rows: str
    columns: str


def axis_names(crs: str) -> AxisNames:
    """Names of the horizontal axes of a grid in `crs`."""
    if crs and systems.is_geographic(crs):
        return AxisNames("latitude", "longitude")
    return AxisNames("northing", "easting")


def regular_grid(
    values: np.ndarray | da.Array, rows: np.ndarray, columns: np.ndarray, *, name: str, crs: str
) -> xr.Dataset:
    """Dataset of one variable `name` on a regular grid.

    Parameters
    ----------
    values : array (rows, columns)
        Values, NaN where there are none.
    rows, columns : array
        Northings and eastings, or latitudes and longitudes, of the cell centres.
    name : str
        Name of the variable.
    crs : str
        Reference system, empty when not known.
    """
    names = axis_names(crs)
    return xr.Dataset(
        {name: (names, values)},
        coords={names.rows: rows, names.columns: columns},
        attrs={"crs": crs} if crs else {},
    )


def lattice(first: float, step: float, count: int) -> np.ndarray:
    """`count` coordinates from `first` on, `step` apart, without adding up rounding errors."""
    return first + step * np.arange(count, dtype=np.float64)


def is_regular(axis: np.ndarray) -> bool:
    """Whether neighbours on `axis` are equally far apart."""
    if axis.size < 3:
        return True
    steps = np.diff(axis.astype(np.float64))
    return bool(np.ptp(steps) <= IRREGULAR * abs(np.median(steps)))


def settle_longitudes(dataset: xr.Dataset) -> tuple[xr.Dataset, list[Finding]]:
    """Bring longitudes of 0–360° to −180–180° where the grid allows it.

    A grid wholly beyond 180° is moved by a turn, one that goes round the Earth
    is rolled, and one that only crosses the antimeridian is kept in one piece.
    """
    if "longitude" not in dataset.indexes:
        return dataset, []
    longitudes = dataset["longitude"].to_numpy().astype(np.float64)
    beyond = int((longitudes > 180).sum())
    if not beyond:
        return dataset, []
    wrapped = Finding(code="longitude-wrapped", count=beyond)
    if longitudes.min() >= 180:
        return dataset.assign_coords(longitude=_attributed(dataset, longitudes - 360)), [wrapped]
    if _goes_round(longitudes):
        rolled, repeated = _roll(dataset, longitudes)
        return rolled, [wrapped, *repeated]
    return dataset, []


def _step(longitudes: np.ndarray) -> float:
    return abs(float(np.median(np.diff(longitudes)))) if longitudes.size > 1 else 0.0


def _goes_round(longitudes: np.ndarray) -> bool:
    step = _step(longitudes)
    return float(np.ptp(longitudes)) + step >= 360 - SAME * step


def _roll(dataset: xr.Dataset, longitudes: np.ndarray) -> tuple[xr.Dataset, list[Finding]]:
    turned = np.round((longitudes + 180) % 360 - 180, DIGITS)
    order = np.argsort(turned, kind="stable")
    gaps = np.diff(turned[order], append=turned[order[0]] + 360)
    single = order[gaps > SAME * _step(longitudes)]
    rolled = dataset.isel(longitude=single).assign_coords(longitude=_attributed(dataset, turned[single]))
    repeated = longitudes.size - single.size
    if not repeated:
        return rolled, []
    message = "columns that repeat a meridian were left out"
    return rolled, [Finding(code="longitude-duplicate-column", count=repeated, message=message)]


def _attributed(dataset: xr.Dataset, longitudes: np.ndarray) -> xr.DataArray:
    return xr.DataArray(longitudes, dims="longitude", attrs=dataset["longitude"].attrs)


def count_missing(dataset: xr.Dataset, names: list[Hashable]) -> int:
    """Cells without a value in the variables `names`; 0 where counting would take too long."""
    floats = [dataset[name] for name in names if dataset[name].dtype.kind == "f"]
    if sum(array.size for array in floats) > COUNTED_CELLS:
        return 0
    return sum(int(array.isnull().sum()) for array in floats)
