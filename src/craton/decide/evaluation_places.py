"""Where units of evaluation are, how they are called, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from craton.decide.evaluation_plan import Plan
from craton.decide.evaluation_scores import Units
from craton.model import crs, units
from craton.model.errors import CratonError

EARTH = 6_371_007.2
"""Radius in metres of the sphere with the area of the Earth."""


def stated_areas(plan: Plan, given: Units) -> np.ndarray | None:
    """Areas (n,) in square metres by the attribute that the pack names; none where it names none."""
    if not plan.pack.area:
        return None
    return units.convert(given.numbers[plan.pack.area], plan.pack.attributes[plan.pack.area].unit, "m2")


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
        if stated is not None or not isinstance(self.table, gpd.GeoDataFrame):
            return stated
        if not self.table.geom_type.dropna().isin(["Polygon", "MultiPolygon"]).any():
            return None
        system = self.table.crs
        if system is None:
            return None
        flat = self.table.geometry.to_crs("EPSG:6933") if system.is_geographic else self.table.geometry
        scale = 1.0 if system.is_geographic else system.axis_info[0].unit_conversion_factor ** 2
        found = flat.area.to_numpy(np.float64) * scale
        return np.where(found > 0, found, np.nan)

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
        shape = self.table.geometry.iloc[row]
        if shape is None or shape.is_empty:
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
        if {"northing", "easting"} <= set(self.field.dims):
            area = abs(_step(self.field, "northing") * _step(self.field, "easting"))
            return np.full(self.field.size, area) if area > 0 else None
        if {"latitude", "longitude"} <= set(self.field.dims):
            return self._degrees()
        return None

    def _degrees(self) -> np.ndarray | None:
        """Areas of cells between meridians and parallels on a sphere."""
        half = abs(_step(self.field, "latitude")) / 2.0
        width = np.radians(abs(_step(self.field, "longitude")))
        middle = self.field["latitude"]
        top, bottom = (np.sin(np.radians(np.clip(middle + side, -90.0, 90.0))) for side in (half, -half))
        found = (EARTH**2 * width * (top - bottom)).broadcast_like(self.field).transpose(*self.field.dims)
        return found.to_numpy().ravel() if half > 0 and width > 0 else None

    def label(self, row: int) -> str:
        """Coordinates of a cell."""
        at = np.unravel_index(row, self.field.shape)
        told = []
        for name, place in zip(self.field.dims, at, strict=True):
            value = self.field[name].to_numpy()[place] if name in self.field.coords else place
            told.append(f"{name} {value:g}" if np.issubdtype(type(value), np.number) else f"{name} {value}")
        return ", ".join(told)

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


def _known(longitude: float, latitude: float) -> tuple[float, ...]:
    """A position to a centimetre, empty where it could not be found."""
    found = (round(float(longitude), 7), round(float(latitude), 7))
    return found if np.isfinite(found).all() else ()


def _step(field: xr.DataArray, name: str) -> float:
    """Mean step of an axis, 0 of one cell."""
    axis = field[name].to_numpy().astype(np.float64)
    return float(axis[-1] - axis[0]) / (axis.size - 1) if axis.size > 1 else 0.0
