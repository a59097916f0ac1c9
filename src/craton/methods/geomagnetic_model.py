"""Geomagnetic models: the tables of coefficients that come with the package, and their field at places."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import pyproj
import xarray as xr

from craton.kernels import geomagnetic as kernel
from craton.methods.placement import place_of
from craton.methods.survey_columns import year_of
from craton.model import crs as systems
from craton.model.errors import ContractError, InvalidError

ModelName = Literal["igrf14", "wmm2025"]

STRIP_CELLS = 1 << 18
"""Cells that are worked out at a time."""

COUNTED_FROM = "counted_from"
"""Key of the attributes of a grid of declinations: what they are counted from."""

TRUE_NORTH, GRID_NORTH = "true north", "grid north"

NAMES = {"igrf14": "IGRF-14", "wmm2025": "WMM2025"}


@cache
def model_named(name: str) -> kernel.Model:
    """Model of the table `tables/NAME.txt`."""
    text = files(__package__).joinpath(f"tables/{name}.txt").read_text("utf-8")
    first, *rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    table = np.array(rows, dtype=np.float64)
    orders = table[:, :2].astype(np.int_)
    return kernel.model_of(orders[:, 0], orders[:, 1], np.array(first[1:], np.float64), table[:, 2:])


def checked_year(id: str, date: str, model: str) -> float:
    """Decimal year of the parameter `date`, within the years of a model."""
    year = year_of(id, "date", date)
    check_years(id, "date", np.array([year]), model)
    return year


def check_years(id: str, parameter: str, years: np.ndarray, model: str) -> None:
    """Refuse dates that the model does not reach."""
    first, last = model_named(model).epochs[[0, -1]]
    outside = years[(years < first) | (years > last)]
    if outside.size:
        hint = "" if model == "igrf14" else "IGRF-14 reaches from 1900 to 2030"
        raise ContractError(
            id, parameter, f"from {first:g} to {last:g}, the years of {NAMES[model]}", f"{outside[0]:.4f}",
            hint=hint,
        )  # fmt: skip


def geodetic(
    id: str, name: str, crs: str, eastings: np.ndarray, northings: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of places, NaN where there is none."""
    try:
        places = systems.to_crs84(crs, eastings, northings)
    except InvalidError as error:
        raise ContractError(
            id, name, "in a reference system with a place on the Earth", f"in {crs[:40] or 'none'}",
            hint="state the reference system",
        ) from error  # fmt: skip
    longitude, latitude = np.where(np.isfinite(places), places, np.nan).T
    if (np.abs(latitude) > 90.0).any():
        worst = float(latitude[np.nanargmax(np.abs(latitude))])
        raise ContractError(id, name, "at latitudes within 90 degrees", f"at {worst:g}")
    return longitude, latitude


def convergence(crs: str, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Angle in degrees from true north clockwise to the northing axis of `crs`, 0 of a geographic one."""
    if systems.is_geographic(crs):
        return np.zeros(longitude.size)
    factors = pyproj.Proj(crs).get_factors(longitude, latitude)
    return np.asarray(factors.meridian_convergence)


def convergence_on(id: str, name: str, grid: xr.DataArray) -> np.ndarray:
    """Convergence in degrees on the rows and columns of a grid, some rows at a time."""
    place = place_of(id, name, grid)
    north, east = (
        first + step * np.arange(count)
        for first, step, count in zip(place.first, place.step, place.shape, strict=True)
    )
    angles = np.empty(place.shape)
    strip = max(1, STRIP_CELLS // east.size)
    for top in range(0, north.size, strip):
        eastings, northings = (part.ravel() for part in np.meshgrid(east, north[top : top + strip]))
        longitude, latitude = geodetic(id, name, place.crs, eastings, northings)
        angles[top : top + strip] = convergence(place.crs, longitude, latitude).reshape(-1, east.size)
    return angles


def field_at(
    model: str, latitude: np.ndarray, longitude: np.ndarray, height: np.ndarray, year: np.ndarray
) -> np.ndarray:
    """Field and rates (n, 6), NaN where a place, height or date is missing."""
    known = np.isfinite(latitude) & np.isfinite(longitude) & np.isfinite(height) & np.isfinite(year)
    vectors = np.full((latitude.size, 6), np.nan)
    vectors[known] = kernel.field(
        model_named(model), latitude[known], longitude[known], height[known], year[known]
    )
    return vectors
