"""Samples: the places and values of a table of points, and the grid that they are brought to."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.methods.placement import MOST_CELLS, Region, crs_of, new_grid
from craton.model import crs as systems
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS

STRIP_CELLS = 1 << 20
"""Cells that are worked out between two reports of progress."""


class Samples(NamedTuple):
    """Distinct places (n, 2) as easting and northing or longitude and latitude, and their values (n,)."""

    coordinates: np.ndarray
    values: np.ndarray
    crs: str

    @property
    def is_geographic(self) -> bool:
        """Whether the places are longitudes and latitudes."""
        return systems.is_geographic(self.crs)


def mean_samples(id: str, points: gpd.GeoDataFrame, column: str) -> Samples:
    """Places of `points` with their mean values, in an order of their own."""
    from craton.kernels.points import mean_of_places

    found = _every(id, points, _numbers(points, column))
    coordinates, values = mean_of_places(found.coordinates, found.values)
    return Samples(coordinates, values, found.crs)


def weighted_samples(id: str, points: gpd.GeoDataFrame, weight: str | None) -> Samples:
    """Every place of `points` with its weight, in an order of their own."""
    found = _every(id, points, _numbers(points, weight) if weight else np.ones(len(points)))
    order = np.lexsort((found.values, found.coordinates[:, 0], found.coordinates[:, 1]))
    return Samples(found.coordinates[order], found.values[order], found.crs)


def _numbers(points: gpd.GeoDataFrame, column: str) -> np.ndarray:
    numbers: np.ndarray = points[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers


def _every(id: str, points: gpd.GeoDataFrame, values: np.ndarray) -> Samples:
    """Places that have a value, as they come."""
    crs = crs_of(points)
    unit = systems.axes(crs).unit
    if unit not in {"m", "deg"}:
        raise ContractError(
            id, "points", "in a reference system in metres or degrees", f"in one in {unit}",
            hint="transform it first, with vector.reproject",
        )  # fmt: skip
    coordinates, row = shapely.get_coordinates(points.geometry.to_numpy(), return_index=True)
    used = np.isfinite(coordinates).all(axis=1) & np.isfinite(values[row])
    if not used.any():
        raise ContractError(id, "points", "a table of at least one point with a value", "one of none")
    return Samples(coordinates[used] + 0.0, values[row][used], crs)


def template_of(
    id: str, samples: Samples, spacing: float, region: Region | None, *, margin: float = 0.0
) -> xr.DataArray:
    """Empty grid over `region`, or over the samples and `margin` metres around them."""
    west, south, east, north = region or _extent(samples, spacing, margin)
    if not (west < east and south < north):
        allowed = "west, south, east, north with west < east and south < north"
        raise ContractError(id, "region", allowed, str(region), hint="past the antimeridian east exceeds 180")
    if ((east - west) / spacing + 1) * ((north - south) / spacing + 1) > MOST_CELLS:
        allowed = f"large enough for at most {MOST_CELLS} cells"
        raise ContractError(id, "spacing", allowed, f"{spacing:g}")
    return new_grid((west, south, east, north), spacing, samples.crs)


def _extent(samples: Samples, spacing: float, margin: float) -> Region:
    """Extent of the samples and `margin` metres, out to whole multiples of `spacing`, one cell at least."""
    low, high = samples.coordinates.min(axis=0), samples.coordinates.max(axis=0)
    around = np.array([margin, margin])
    if samples.is_geographic and margin:
        around = _degrees(margin, max(abs(low[1]), abs(high[1])))
    low = np.floor((low - around) / spacing) * spacing
    high = np.maximum(np.ceil((high + around) / spacing) * spacing, low + spacing)
    if samples.is_geographic:
        low[1], high[1] = max(low[1], -90.0), min(high[1], 90.0)
        if high[0] - low[0] > 360.0:
            low[0], high[0] = -180.0, 180.0
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _degrees(metres: float, latitude: float) -> np.ndarray:
    """Degrees of longitude at `latitude`, and of latitude, that `metres` span; at a pole half a turn."""
    from craton.kernels.points import EARTH_RADIUS

    along = np.degrees(metres / EARTH_RADIUS)
    if latitude + along >= 90.0:
        return np.array([180.0, along])
    across = np.degrees(np.arcsin(np.sin(np.radians(along)) / np.cos(np.radians(latitude))))
    return np.array([across, along])


def in_strips(
    template: xr.DataArray, values_at: Callable[[np.ndarray, np.ndarray], np.ndarray], message: str
) -> np.ndarray:
    """Values at the cells of `template`, some rows at a time."""
    northings, eastings = (template[axis].to_numpy() for axis in template.dims)
    cells = np.empty(template.shape)
    rows = max(1, STRIP_CELLS // eastings.size)
    for top in progress.each(range(0, northings.size, rows), message):
        east, north = np.meshgrid(eastings, northings[top : top + rows])
        cells[top : top + rows] = values_at(east, north)
    return cells


def described(points: gpd.GeoDataFrame, column: str) -> dict[str, str]:
    """Name, unit, quantity and title of a column."""
    note = points.attrs.get(TEXT_COLUMNS, {}).get(column, {})
    unit = str(note.get("unit") or "")
    return {
        "name": column,
        "unit": units.parse(unit) or unit,
        "quantity": str(note.get("quantity") or ""),
        "title": str(note.get("title") or ""),
    }
