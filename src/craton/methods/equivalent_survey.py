"""Equivalent sources, what the processes share: the survey, the fitted layer, the table of stations."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.kernels.equivalent_fit import Layer, fit
from craton.kernels.equivalent_layer import Stations
from craton.methods.placement import Region, crs_of
from craton.methods.points_samples import Samples, template_of
from craton.model import crs as systems
from craton.model import units
from craton.model.errors import ContractError
from craton.process import progress
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import Bounds, Column, ColumnOf, Table, Unit

FEWEST_STATIONS = 4
HIGHEST = 100_000.0
"""Height in metres beyond which a station's height is taken to be a mistake."""

Points = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
NumberColumn = Annotated[str, ColumnOf("points", numeric=True)]
Metres = Annotated[float, Unit("m"), Bounds(above=0)]
Noise = Annotated[float, Bounds(minimum=0)]

StationTable = Annotated[
    gpd.GeoDataFrame,
    Table(
        geometry=("Point",),
        columns=(
            Column(name="observed", title="Value at the station"),
            Column(name="predicted", title="Field of the layer"),
            Column(name="residual", title="Observed less predicted"),
            Column(name="height", unit="m", title="Height of the station"),
        ),
    ),
]


class Survey(NamedTuple):
    """Places and values that are used, their rows in the table, and their reference system."""

    stations: Stations
    values: np.ndarray
    frame: gpd.GeoDataFrame
    crs: str


def survey_of(id: str, points: gpd.GeoDataFrame, column: str, height_column: str) -> Survey:
    """Stations of `points` that have place, value and height."""
    crs = crs_of(points)
    unit = systems.axes(crs).unit
    if unit != "m":
        raise ContractError(
            id, "points", "in a reference system in metres", f"in one in {unit}",
            hint="transform it first, with vector.reproject",
        )  # fmt: skip
    coordinates, row = shapely.get_coordinates(points.geometry.to_numpy(), return_index=True)
    values = points[column].to_numpy(dtype=np.float64, na_value=np.nan)[row]
    heights = heights_of(id, "height_column", points, height_column)[row]
    used = np.isfinite(coordinates).all(axis=1) & np.isfinite(values) & np.isfinite(heights)
    if used.sum() < FEWEST_STATIONS:
        allowed = f"a table of at least {FEWEST_STATIONS} stations with value and height"
        raise ContractError(id, "points", allowed, f"one of {int(used.sum())}")
    east, north = coordinates[used].T
    stations = Stations(north, east, heights[used])
    if np.ptp(east) == 0 and np.ptp(north) == 0:
        raise ContractError(id, "points", "stations at different places", "all at one")
    frame = gpd.GeoDataFrame(geometry=shapely.points(east, north), crs=points.crs)
    return Survey(stations, values[used], frame, crs)


def heights_of(id: str, parameter: str, frame: gpd.GeoDataFrame, column: str) -> np.ndarray:
    """Heights of a column in metres."""
    scale = scale_of(id, parameter, frame, column, "m")
    heights: np.ndarray = scale * frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    known = heights[np.isfinite(heights)]
    if known.size and np.abs(known).max() > HIGHEST:
        came = f"{known[np.abs(known).argmax()]:g} m"
        raise ContractError(
            id, parameter, f"heights within {HIGHEST / 1000:g} km of zero", came,
            hint="numbers that stand for a missing height must be empty",
        )  # fmt: skip
    return heights


def scale_of(id: str, parameter: str, frame: gpd.GeoDataFrame, column: str, wanted: str) -> float:
    """Factor from the unit of a column to `wanted`."""
    stated = str(frame.attrs.get(TEXT_COLUMNS, {}).get(column, {}).get("unit") or "")
    unit = units.parse(stated) if stated else None
    if unit is None or not units.compatible(unit, wanted):
        raise ContractError(
            id, parameter, f"a column in {wanted} or a unit that converts to it",
            f"{column} in {stated or 'no unit'}", hint="state the unit in NAME.meta.toml beside the file",
        )  # fmt: skip
    return float(units.conversion(unit, wanted)[0])


def bounds_of(easting: np.ndarray, northing: np.ndarray) -> Region:
    """West, south, east and north edge of places."""
    return float(easting.min()), float(northing.min()), float(easting.max()), float(northing.max())


def check_region(id: str, parameter: str, survey: Survey, region: Region) -> None:
    """Refuse what reaches further beyond the survey than the survey is long."""
    west, south, east, north = bounds_of(survey.stations.easting, survey.stations.northing)
    reach = max(east - west, north - south)
    beyond = max(west - region[0], south - region[1], region[2] - east, region[3] - north)
    if beyond > reach:
        allowed = f"within {reach / 1000:.3g} km of the survey, which is as far as it is long"
        raise ContractError(id, parameter, allowed, f"{beyond / 1000:.3g} km beyond it")


def template_over(id: str, survey: Survey, spacing: float, region: Region | None) -> xr.DataArray:
    """Empty grid over `region`, or over the survey."""
    if region is not None:
        check_region(id, "region", survey, region)
    coordinates = np.column_stack([survey.stations.easting, survey.stations.northing])
    return template_of(id, Samples(coordinates, survey.values, survey.crs), spacing, region)


def fitted(survey: Survey, depth: float | None, noise: float | None, edges: Region | None = None) -> Layer:
    """Layer of a survey, good within `edges` too."""
    around = None if edges is None else (edges[1], edges[0], edges[3], edges[2])
    return fit(survey.stations, survey.values, around=around, depth=depth, noise=noise, tell=progress.report)


def check_level(id: str, parameter: str, layer: Layer, level: float) -> None:
    """Refuse heights that are nearer to the sources than to the stations."""
    least = layer.lowest - layer.spectrum.depth / 2
    if level < least:
        allowed = f"at least {least:.6g} m, half-way from the lowest station to the sources"
        raise ContractError(id, parameter, allowed, f"{level:.6g} m")


def station_table(survey: Survey, predicted: np.ndarray, unit: str) -> gpd.GeoDataFrame:
    """Stations with what was observed, what is `predicted`, and the difference."""
    table = survey.frame.assign(
        observed=survey.values,
        predicted=predicted,
        residual=survey.values - predicted,
        height=survey.stations.upward,
    )
    notes = {name: {"unit": unit} for name in ("observed", "predicted", "residual")}
    table.attrs[TEXT_COLUMNS] = {**notes, "height": {"unit": "m"}}
    return table


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(values**2)))
