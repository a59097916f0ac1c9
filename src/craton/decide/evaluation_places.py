"""Where units of evaluation are, how they are called, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.decide.evaluation_plan import Plan
from craton.decide.evaluation_scores import Units
from craton.model import crs, units
from craton.model.errors import CratonError

SMALL = 10.0
"""Side of cells in metres below which their places are told with decimals."""

EARTH = 6_371_007.2
"""Radius in metres of the sphere with the area of the Earth."""

EQUAL_AREA = "EPSG:6933"
"""System in which areas on the map are those on the ground."""

STRETCH = 0.01
"""Part by which areas on a map may be off those on the ground."""

SPOT = 100.0
"""Half the side of the square by which a map is judged, in its unit."""


def stated_areas(plan: Plan, given: Units) -> np.ndarray | None:
    """Areas (n,) in square metres by the attribute that the pack names; none where it names none."""
    if not plan.pack.area:
        return None
    return units.convert(given.numbers[plan.pack.area], plan.pack.attributes[plan.pack.area].unit, "m2")


def areas_of(table: pd.DataFrame) -> np.ndarray | None:
    """Areas (n,) in square metres of rows that are polygons; none where no row is one with a place."""
    if not isinstance(table, gpd.GeoDataFrame) or table.active_geometry_name is None or table.crs is None:
        return None
    if not table.geom_type.dropna().isin(["Polygon", "MultiPolygon"]).any():
        return None
    shapes, system = table.geometry, table.crs
    if system.is_geographic or stretched(shapes):
        found = shapes.to_crs(EQUAL_AREA).area.to_numpy(np.float64)
    else:
        found = shapes.area.to_numpy(np.float64) * system.axis_info[0].unit_conversion_factor ** 2
    return np.where((found > 0) & np.isfinite(found), found, np.nan)


@dataclass(frozen=True)
class Rows:
    """Rows of a table."""

    table: pd.DataFrame
    plan: Plan
    units: Units

    @cached_property
    def areas(self) -> np.ndarray | None:
        """In square metres: as the pack has it, else of polygons."""
        stated = stated_areas(self.plan, self.units)
        return areas_of(self.table) if stated is None else stated

    @cached_property
    def labels(self) -> pd.Series | None:
        """Names of the rows, none where the table has no column of them."""
        name = next((one for one in self.plan.pack.label if one in self.table.columns), None)
        return None if name is None else self.table[name].reset_index(drop=True)

    def label(self, row: int) -> str:
        """Name of a row, its number from 1 where it has none."""
        found = None if self.labels is None else self.labels.iloc[row]
        return str(row + 1) if found is None or pd.isna(found) else str(found)

    def position(self, row: int) -> tuple[float, ...]:
        """Longitude and latitude of a point within its geometry."""
        if not isinstance(self.table, gpd.GeoDataFrame) or self.table.crs is None:
            return ()
        shape, system = self.table.geometry.iloc[row], self.table.crs
        if shape is None or shape.is_empty or not (system.is_geographic or system.is_projected):
            return ()
        point = gpd.GeoSeries([shape.representative_point()], crs=self.table.crs).to_crs("OGC:CRS84").iloc[0]
        return _known(point.x, point.y)


@dataclass(frozen=True)
class Cells:
    """Cells of a grid or volume, in the order of its axes."""

    field: xr.DataArray
    system: str
    plan: Plan
    units: Units

    @cached_property
    def areas(self) -> np.ndarray | None:
        """In square metres: as the pack has it, else of the cells of a grid; none of a volume's."""
        stated = stated_areas(self.plan, self.units)
        if stated is not None or "upward" in self.field.dims:
            return stated
        round_ = {"latitude", "longitude"} <= set(self.field.dims)
        names = ("latitude", "longitude") if round_ else ("northing", "easting")
        if not set(names) <= set(self.field.dims) or min(self.field.sizes[one] for one in names) < 2:
            return None
        across, along = (_edges(self.field[one].to_numpy().astype(np.float64)) for one in names)
        cells = _areas_of_degrees(across, along) if round_ else _areas_on_map(across, along, self.system)
        plane = xr.DataArray(cells, dims=names)
        return plane.broadcast_like(self.field).transpose(*self.field.dims).to_numpy().ravel()

    def label(self, row: int) -> str:
        """Coordinates of a cell."""
        at = np.unravel_index(row, self.field.shape)
        told = []
        for name, place in zip(self.field.dims, at, strict=True):
            value = self.field[name].to_numpy()[place] if name in self.field.coords else place
            if isinstance(value, float | np.floating):
                value = _rounded(float(value), self._decimals(str(name)))
            told.append(f"{name} {value}")
        return ", ".join(told)

    def _decimals(self, axis: str) -> int:
        """Decimals that tell cells apart: of degrees to a metre, of metres to a centimetre in small cells."""
        if axis in {"latitude", "longitude"}:
            return 5
        return 0 if abs(_step(self.field, axis)) >= SMALL else 2

    def position(self, row: int) -> tuple[float, ...]:
        """Longitude and latitude of a cell's middle."""
        names = next(
            (pair for pair in (("easting", "northing"), ("longitude", "latitude"))
             if set(pair) <= set(self.field.dims)), None,
        )  # fmt: skip
        if names is None or not crs.is_placed(self.system):
            return ()
        at = dict(zip(self.field.dims, np.unravel_index(row, self.field.shape), strict=True))
        east, north = (float(self.field[name].to_numpy()[at[name]]) for name in names)
        try:
            found = np.ravel(crs.to_crs84(self.system, [east], [north]))
        except CratonError:
            return ()
        return _known(*found)


def _rounded(value: float, decimals: int) -> str:
    """A coordinate with so many decimals at most, and all digits before them."""
    return np.format_float_positional(round(value, decimals) + 0.0, trim="-")


def _known(longitude: float, latitude: float) -> tuple[float, ...]:
    """A position to a centimetre, empty where it could not be found."""
    found = (round(float(longitude), 7), round(float(latitude), 7))
    return found if np.isfinite(found).all() else ()


def _step(field: xr.DataArray, name: str) -> float:
    """Mean step of an axis, 0 of one cell."""
    axis = field[name].to_numpy().astype(np.float64)
    return float(axis[-1] - axis[0]) / (axis.size - 1) if axis.size > 1 else 0.0


def _edges(axis: np.ndarray) -> np.ndarray:
    """Where the cells of an axis (n,) begin and end (n + 1,): halfway to their neighbours."""
    between = (axis[1:] + axis[:-1]) / 2.0
    return np.concatenate([[2.0 * axis[0] - between[0]], between, [2.0 * axis[-1] - between[-1]]])


def _areas_of_degrees(latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
    """Areas (n, m) of cells between parallels and meridians on a sphere."""
    heights = np.abs(np.diff(np.sin(np.radians(np.clip(latitudes, -90.0, 90.0)))))
    return EARTH**2 * np.outer(heights, np.abs(np.diff(np.radians(longitudes))))


def _areas_on_map(northings: np.ndarray, eastings: np.ndarray, system: str) -> np.ndarray:
    """Areas (n, m) of cells of a map, on the ground where the map stretches them."""
    flat = np.outer(np.abs(np.diff(northings)), np.abs(np.diff(eastings)))
    ends = (eastings.min(), northings.min(), eastings.max(), northings.max())
    if not crs.is_placed(system) or not stretched(gpd.GeoSeries([shapely.box(*ends)], crs=system)):
        return flat
    south, west = np.meshgrid(northings[:-1], eastings[:-1], indexing="ij")
    north, east = np.meshgrid(northings[1:], eastings[1:], indexing="ij")
    corners = (one.ravel() for one in (west, south, east, north))
    found = gpd.GeoSeries(shapely.box(*corners), crs=system).to_crs(EQUAL_AREA).area.to_numpy(np.float64)
    return np.where(np.isfinite(found), found, np.nan).reshape(flat.shape)


def stretched(shapes: gpd.GeoSeries) -> bool:
    """Whether areas in the middle of shapes on a map are a hundredth and more off those on the ground.

    So they are on a Mercator map, where at 60° of latitude all is four times as large.
    """
    west, south, east, north = shapes.total_bounds
    if not np.isfinite([west, south, east, north]).all() or not shapes.crs.is_projected:
        return False
    spot = shapely.Point((west + east) / 2.0, (south + north) / 2.0).buffer(SPOT, cap_style="square")
    flat = spot.area * shapes.crs.axis_info[0].unit_conversion_factor ** 2
    ground = gpd.GeoSeries([spot], crs=shapes.crs).to_crs(EQUAL_AREA).area.iloc[0]
    return bool(abs(ground / flat - 1.0) > STRETCH)
