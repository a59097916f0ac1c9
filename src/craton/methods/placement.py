"""Placement: where the cells of a grid lie, in which reference system, and grids made on given cells.

Axes are those of `craton.model.data`: rows run along `northing` or `latitude`,
columns along `easting` or `longitude`, each in either direction.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
import xarray as xr
from affine import Affine

from craton.model import crs as systems
from craton.model.errors import ContractError, InvalidError
from craton.process.data import horizontal

SPATIAL_REF = "spatial_ref"
"""Name of the scalar coordinate in which xarray and GDAL look for the reference system."""

REGULAR = 1e-3
"""Distance of a coordinate from its even place, as a share of the spacing, that float32 explains."""

MOST_CELLS = 1 << 30
"""Cells of a new grid above which the spacing is taken to be a mistake."""

HALF_TURN, FULL_TURN = 180.0, 360.0

Region = tuple[float, float, float, float]
"""West, south, east, north: outer edges in the axes and units of a reference system."""


@dataclass(frozen=True)
class Place:
    """Where the evenly spaced cells of a grid lie.

    Parameters
    ----------
    rows, columns : str
        Names of the axes that run along rows to the north, and along columns to the east.
    shape : tuple of int
        Rows, columns.
    first, step : tuple of float
        Centre of the first cell, and signed distance to the next, as (northing, easting).
    crs : str
        Reference system, empty where none is stated.
    """

    rows: str
    columns: str
    shape: tuple[int, int]
    first: tuple[float, float]
    step: tuple[float, float]
    crs: str

    @property
    def spacing(self) -> tuple[float, float]:
        """Sides of a cell to the north and to the east, positive."""
        return abs(self.step[0]), abs(self.step[1])

    @property
    def transform(self) -> Affine:
        """From (column, row) to (easting, northing) of cell corners, rows and columns in their own order."""
        (north, east), (down, right) = self.first, self.step
        return Affine(right, 0.0, east - right / 2, 0.0, down, north - down / 2)

    @property
    def region(self) -> Region:
        """Outer edges of the grid."""
        ends = [
            sorted((start - step / 2, start + step * (count - 0.5)))
            for start, step, count in zip(self.first, self.step, self.shape, strict=True)
        ]
        (south, north), (west, east) = ends
        return west, south, east, north

    @property
    def upright_transform(self) -> Affine:
        """Transform of the grid with its first row in the north and its first column in the west."""
        west, _south, _east, north = self.region
        return Affine(self.spacing[1], 0.0, west, 0.0, -self.spacing[0], north)

    def upright(self, values: np.ndarray) -> np.ndarray:
        """Cells (rows, columns) turned to begin in the north-west; a second call turns them back."""
        return values[:: -1 if self.step[0] > 0 else 1, :: -1 if self.step[1] < 0 else 1]

    @property
    def is_geographic(self) -> bool:
        """Whether the axes are longitude and latitude in degrees."""
        return self.columns == "longitude"


def place_of(process: str, name: str, grid: xr.DataArray | xr.Dataset) -> Place:
    """Place of `grid`, the parameter `name` of `process`; `ContractError` where its axes are not even."""
    rows, columns = horizontal(process, name, grid)
    allowed = "a grid with evenly spaced axes northing, easting or latitude, longitude"
    first, step = [], []
    for axis in (rows, columns):
        if axis not in grid.coords:
            raise ContractError(process, name, allowed, f"one without coordinates along {axis}")
        values = grid[axis].to_numpy().astype(np.float64)
        if not is_even(values):
            raise ContractError(process, name, allowed, f"one uneven along {axis}")
        first.append(float(values[0]))
        step.append(float(values[-1] - values[0]) / (values.size - 1))
    shape = grid.sizes[rows], grid.sizes[columns]
    return Place(rows, columns, shape, (first[0], first[1]), (step[0], step[1]), crs_of(grid))


def plane_of(process: str, name: str, grid: xr.DataArray) -> xr.DataArray:
    """`grid` as (rows, columns), refused where it has further axes."""
    axes = horizontal(process, name, grid)
    if grid.ndim != len(axes):
        came = ", ".join(map(str, grid.dims))
        raise ContractError(
            process, name, "a grid of two axes", f"one of {came}", hint="take one layer of it"
        )
    return grid.transpose(*axes)


def within_turn(process: str, name: str, grid: xr.DataArray) -> xr.DataArray:
    """`grid` with longitudes within ±180 where they are beyond, as in grids from 0 to 360."""
    place = place_of(process, name, grid)
    west, _south, east, _north = place.region
    side = place.spacing[1]
    if not place.is_geographic or (west >= -HALF_TURN - side and east <= HALF_TURN + side):
        return grid
    if east - west > FULL_TURN + side / 2:
        # The last meridian repeats the first.
        grid = grid.isel(longitude=slice(0, -1))
    turned = (grid["longitude"].to_numpy() + HALF_TURN) % (FULL_TURN) - HALF_TURN
    order = np.argsort(turned, kind="stable")
    if not is_even(turned[order]):
        raise ContractError(
            process, name, "a grid that does not cross the meridian of 180 degrees",
            f"one from {west:g} to {east:g}", hint="take the parts on either side with grid.clip",
        )  # fmt: skip
    attrs = grid["longitude"].attrs
    return grid.isel(longitude=order).assign_coords(longitude=("longitude", turned[order], attrs))


def is_even(axis: np.ndarray) -> bool:
    """Whether `axis` (n,) has two or more coordinates, equally far apart."""
    if axis.size < 2 or axis[0] == axis[-1] or not np.isfinite(axis).all():
        return False
    step = (axis[-1] - axis[0]) / (axis.size - 1)
    even = np.linspace(axis[0], axis[-1], axis.size)
    return bool(np.abs(axis - even).max() <= REGULAR * abs(step))


def transform_of(process: str, name: str, grid: xr.DataArray | xr.Dataset) -> Affine:
    """Transform from (column, row) to (easting, northing) of cell corners; see `Place.transform`."""
    return place_of(process, name, grid).transform


def crs_of(data: xr.DataArray | xr.Dataset | gpd.GeoDataFrame) -> str:
    """Reference system of a grid or table as `model.crs.normalise` spells it, empty where none is stated."""
    if isinstance(data, gpd.GeoDataFrame):
        # A table without a geometry column has no reference system to ask for.
        stated = data.crs if data.active_geometry_name else None
        return systems.normalise(stated.to_string()) if stated else ""
    coordinate = data.coords[SPATIAL_REF].attrs if SPATIAL_REF in data.coords else {}
    text = data.attrs.get("crs") or coordinate.get("crs_wkt") or coordinate.get(SPATIAL_REF) or ""
    return systems.normalise(str(text)) if text else ""


def same_crs(one: str, other: str) -> bool:
    """Whether two names mean one system; the order in which it lists its axes does not matter here."""
    if one == other or not (one and other):
        return one == other
    return bool(pyproj.CRS(one).equals(pyproj.CRS(other), ignore_axis_order=True))


def with_crs[G: (xr.DataArray, xr.Dataset)](grid: G, crs: str) -> G:
    """`grid` with `crs` in its attributes, in the coordinate `spatial_ref` and on its axes."""
    if not crs:
        bare = grid.drop_vars(SPATIAL_REF, errors="ignore")
        bare.attrs = {k: v for k, v in grid.attrs.items() if k != "crs"}
        return bare
    labelled = grid.assign_coords({SPATIAL_REF: ((), 0, dict(_grid_mapping(crs)))})
    labelled.attrs = {**grid.attrs, "crs": crs}
    return labelled


@lru_cache(maxsize=64)
def _grid_mapping(crs: str) -> dict[str, Any]:
    """CF attributes of `crs`, with its WKT for GDAL."""
    system = pyproj.CRS(crs)
    with warnings.catch_warnings():
        # CF has no words for some projections; their WKT says everything.
        warnings.simplefilter("ignore", UserWarning)
        attributes: dict[str, Any] = system.to_cf()
    wkt = attributes.setdefault("crs_wkt", system.to_wkt())
    return {**attributes, SPATIAL_REF: wkt}


def on_cells(
    template: xr.DataArray | xr.Dataset,
    values: Any,
    *,
    name: str | None = None,
    unit: str = "",
    quantity: str = "",
    title: str = "",
) -> xr.DataArray:
    """Grid of `values` on the cells of `template`, in its reference system.

    Parameters
    ----------
    template : DataArray or Dataset
        Grid whose horizontal axes are taken; its values, name and attributes are not.
    values : array (rows, columns)
        In the order of the rows and columns of `template`; numpy or dask.
    name, unit, quantity, title : str
        What the numbers are; left out where empty.
    """
    rows, columns = horizontal("placement", "template", template)
    stated = {"units": unit, "standard_name": quantity, "long_name": title}
    axes = {d: template.coords[d] for d in (rows, columns) if d in template.coords}
    axes = {d: (d, axis.to_numpy(), dict(axis.attrs)) for d, axis in axes.items()}
    attrs = {key: text for key, text in stated.items() if text}
    return with_crs(xr.DataArray(values, axes, (rows, columns), name=name, attrs=attrs), crs_of(template))


def new_grid(region: Region, spacing: float | tuple[float, float], crs: str) -> xr.DataArray:
    """Empty grid (NaN) over `region`, its first row in the north and its first column in the west.

    Parameters
    ----------
    region : tuple
        West, south, east, north: outer edges of the cells. Where a side is no whole number of cells,
        the grid reaches over the east or south edge.
    spacing : float or tuple
        Side of a cell, or its sides to the north and to the east; metres of `crs`, or degrees.
    crs : str
        Reference system, which also gives the names of the axes; empty for metres of no place.

    Raises
    ------
    InvalidError
        If the region is empty or the spacing gives too many cells.
    """
    down, right = spacing if isinstance(spacing, tuple) else (spacing, spacing)
    west, south, east, north = region
    if not (west < east and south < north and down > 0 and right > 0):
        raise InvalidError(f"a region has west < east, south < north and cells of some size, not {region}")
    height, width = _count(north - south, down), _count(east - west, right)
    if height * width > MOST_CELLS:
        raise InvalidError(f"{height} x {width} cells are too many", hint="give a coarser spacing")
    axes = systems.axes(crs)
    northings = north - down * (np.arange(height) + 0.5)
    eastings = west + right * (np.arange(width) + 0.5)
    # One cell stands for all of them, so that a template costs no memory.
    cells = np.broadcast_to(np.float64(np.nan), (height, width))
    grid = xr.DataArray(cells, {axes.rows: northings, axes.columns: eastings}, (axes.rows, axes.columns))
    return with_crs(grid, crs)


def _count(length: float, side: float) -> int:
    """Cells of `side` that cover `length`, without one more for the last digit of a division."""
    return max(1, int(np.ceil(length / side - REGULAR)))


def inside(place: Place, areas: np.ndarray) -> np.ndarray:
    """Whether the centre of each cell (rows, columns) lies in one of `areas`, polygons of the same system.

    Of two polygons that share an edge, one has the centres on it. On longitudes every turn counts.
    """
    from rasterio.features import geometry_mask

    found = np.zeros(place.shape, dtype=bool)
    if not len(areas):
        return found
    turns = (-FULL_TURN, 0.0, FULL_TURN) if place.is_geographic else (0.0,)
    west, _south, east, _north = (float(one) for one in shapely.total_bounds(areas))
    for turn in turns:
        if west + turn <= place.region[2] and east + turn >= place.region[0]:
            a, b, c, d, e, f = place.upright_transform[:6]
            found |= geometry_mask(areas, place.shape, Affine(a, b, c - turn, d, e, f), invert=True)
    return place.upright(found)


def same_cells(one: xr.DataArray | xr.Dataset, other: xr.DataArray | xr.Dataset) -> bool:
    """Whether two grids have their cells at the same places, in the same order."""
    rows, columns = horizontal("placement", "grid", one)
    for axis in (rows, columns):
        if one.sizes[axis] != other.sizes.get(axis) or (axis in one.coords) != (axis in other.coords):
            return False
        if axis in one.coords and not _same_axis(one[axis].to_numpy(), other[axis].to_numpy()):
            return False
    return same_crs(crs_of(one), crs_of(other))


def _same_axis(one: np.ndarray, other: np.ndarray) -> bool:
    step = abs(float(one[-1]) - float(one[0])) / max(one.size - 1, 1)
    return bool(np.abs(one.astype(np.float64) - other).max() <= REGULAR * step)


def brought_to(process: str, name: str, frame: gpd.GeoDataFrame, crs: str) -> gpd.GeoDataFrame:
    """`frame`, the parameter `name`, in the reference system `crs`; refused where only one states its own."""
    own = crs_of(frame)
    if same_crs(own, crs):
        return frame
    if not own or not crs:
        raise ContractError(
            process, name, f"in a reference system as the grid is ({crs[:40] or 'which states none'})",
            f"one in {own[:40] or 'none'}", hint="state the reference system of both",
        )  # fmt: skip
    if systems.is_local(own) or systems.is_local(crs):
        raise ContractError(process, name, f"in {crs[:40]}", f"in {own[:40]}, which cannot be transformed")
    return frame.to_crs(pyproj.CRS(crs))
