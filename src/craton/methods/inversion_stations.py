"""Inversion stations: places, heights, values and errors of tables and grids, in an order of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from scipy import ndimage

from craton.methods.placement import crs_of, place_of, plane_of, same_crs
from craton.model import crs as systems
from craton.model import units
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS

MILLIMETRE = 1e-3
"""Places and heights are taken to the millimetre; stations on the top of the mesh lie that much above it."""


class Observations(NamedTuple):
    """Stations in an order of their own: easting, northing, upward (n, 3), values and deviations (n,).

    `order` are their rows in the table or cells of the grid they come from.
    """

    places: np.ndarray
    values: np.ndarray
    deviations: np.ndarray
    crs: str
    order: np.ndarray


class Heights(NamedTuple):
    """Where heights of stations come from: a column, one number, or the ground and the sensor above it."""

    column: str | None
    value: float | None
    sensor: float


@dataclass(frozen=True)
class Ground:
    """Topography that has been given, or its absence.

    Parameters
    ----------
    process : str
        Identifier of the process that asks.
    grid : DataArray or None
        Elevation in metres.
    """

    process: str
    grid: xr.DataArray | None

    def at(self, east: np.ndarray, north: np.ndarray) -> np.ndarray:
        """Elevation at places, linear between cells and that of the nearest cell beyond them."""
        assert self.grid is not None
        cells = plane_of(self.process, "topography", self.grid)
        place = place_of(self.process, "topography", cells)
        values = cells.to_numpy().astype(np.float64)
        if not np.isfinite(values).all():
            raise ContractError(
                self.process, "topography", "elevation in every cell", "cells without a value",
                hint="clip it to where it is known, or fill its gaps first",
            )  # fmt: skip
        rows = (north - place.first[0]) / place.step[0]
        columns = (east - place.first[1]) / place.step[1]
        heights = ndimage.map_coordinates(np.round(values, 3), [rows, columns], order=1, mode="nearest")
        rounded: np.ndarray = np.round(heights, 3)
        return rounded

    def check(self, crs: str, places: np.ndarray) -> None:
        """Refuse topography in another system, or that stations lie outside of."""
        if self.grid is None:
            return
        own = crs_of(self.grid)
        if not same_crs(own, crs):
            raise ContractError(
                self.process, "topography", f"in the system of the stations ({crs[:40] or 'none stated'})",
                f"in {own[:40] or 'none stated'}", hint="use grid.reproject",
            )  # fmt: skip
        west, south, east, north = place_of(self.process, "topography", self.grid).region
        outside = (
            (places[:, 0] < west) | (places[:, 0] > east) | (places[:, 1] < south) | (places[:, 1] > north)
        )
        if outside.any():
            raise ContractError(
                self.process, "topography", "one that reaches under all stations",
                f"one beyond which {int(outside.sum())} of them lie",
            )  # fmt: skip


def observations(
    process: str,
    stations: gpd.GeoDataFrame | None,
    grid: xr.DataArray | None,
    ground: Ground,
    heights: Heights,
    *,
    column: str | None,
    unit: str,
    deviation: float,
    deviation_column: str | None,
    prefix: str = "",
) -> Observations:
    """Stations of a table or of a grid, whichever is given, that have a value.

    `prefix` stands before the names of the parameters `stations`, `grid`, `column`, `deviation_column` and
    `height_column` of the process.
    """
    if (stations is None) == (grid is None):
        came = "both" if grid is not None else "neither"
        raise ContractError(process, f"{prefix}stations", f"given, or else `{prefix}grid`", came)
    if grid is not None:
        places, values, crs = _of_grid(process, f"{prefix}grid", grid)
        deviations, own = np.full(values.size, deviation), None
    else:
        assert stations is not None
        places, values, crs = _of_table(process, prefix, stations, column, unit)
        deviations = _deviations(process, prefix, stations, deviation, deviation_column, unit)
        own = _own_heights(process, prefix, stations, heights.column)
    used = np.isfinite(places).all(axis=1) & np.isfinite(values)
    if own is not None:
        used &= np.isfinite(own)
    if not used.any():
        name = f"{prefix}{'grid' if stations is None else 'stations'}"
        raise ContractError(process, name, "data with at least one place, height and value", "data with none")
    if not (deviations[used] > 0).all():
        raise ContractError(
            process, f"{prefix}deviation_column", "above 0 in every row that has a value",
            f"{int((~(deviations[used] > 0)).sum())} rows of 0, below 0 or nothing",
        )  # fmt: skip
    order = np.flatnonzero(used)
    ground.check(crs, places[order])
    upward = _heights(ground, heights, places[order], None if own is None else own[order])
    placed = np.round(np.column_stack([places[order], upward]), 3) + 0.0
    # Data in another unit, or about another origin, come to the same numbers in single precision.
    single, sigma = values[order].astype(np.float32), deviations[order].astype(np.float32)
    sorted_rows = np.lexsort((sigma, single, placed[:, 2], placed[:, 0], placed[:, 1]))
    return Observations(
        placed[sorted_rows], single[sorted_rows].astype(np.float64), sigma[sorted_rows].astype(np.float64),
        crs, order[sorted_rows],
    )  # fmt: skip


def _of_grid(process: str, parameter: str, grid: xr.DataArray) -> tuple[np.ndarray, np.ndarray, str]:
    cells = plane_of(process, parameter, grid)
    place = place_of(process, parameter, cells)
    north, east = (
        first + step * np.arange(count)
        for first, step, count in zip(place.first, place.step, place.shape, strict=True)
    )
    columns, rows = np.meshgrid(east, north)
    return np.column_stack([columns.ravel(), rows.ravel()]), cells.to_numpy().ravel().astype(float), place.crs


def _of_table(
    process: str, prefix: str, stations: gpd.GeoDataFrame, column: str | None, unit: str
) -> tuple[np.ndarray, np.ndarray, str]:
    if column is None:
        raise ContractError(
            process, f"{prefix}column", "the column of the stations that has the data", "left out"
        )
    crs = crs_of(stations)
    if systems.axes(crs).unit != "m":
        raise ContractError(
            process, f"{prefix}stations", "in a reference system in metres", f"in {crs[:40]}",
            hint="transform them to a projected system first",
        )  # fmt: skip
    kinds = set(stations.geometry.geom_type.dropna()) - {"Point"}
    if kinds:
        raise ContractError(
            process, f"{prefix}stations", "single points", f"some of {', '.join(sorted(kinds))}"
        )
    places = shapely.get_coordinates(shapely.force_2d(stations.geometry.to_numpy()))
    full = np.full((len(stations), 2), np.nan)
    full[_with_place(stations)] = places
    return full, numbers(process, f"{prefix}column", stations, column, unit), crs


def _with_place(stations: gpd.GeoDataFrame) -> np.ndarray:
    shapes = stations.geometry.to_numpy()
    present: np.ndarray = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return present


def numbers(process: str, parameter: str, frame: pd.DataFrame, column: str, unit: str) -> np.ndarray:
    """Numbers of a column in `unit`; refused where it states another kind of unit or none."""
    stated = str(frame.attrs.get(TEXT_COLUMNS, {}).get(column, {}).get("unit", ""))
    has = units.parse(stated) or ""
    if not has or not units.compatible(has, unit):
        raise ContractError(
            process, parameter, f"a column in {unit} or a unit that converts to it",
            f"`{column}` in {stated or 'no stated unit'}",
            hint="state the unit in NAME.meta.toml beside the file, or in attrs['columns']",
        )  # fmt: skip
    values: np.ndarray = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return values if has == unit else units.convert(values, has, unit)


def _deviations(
    process: str, prefix: str, stations: gpd.GeoDataFrame, deviation: float, column: str | None, unit: str
) -> np.ndarray:
    if column is None:
        return np.full(len(stations), deviation)
    return numbers(process, f"{prefix}deviation_column", stations, column, unit)


def _own_heights(
    process: str, prefix: str, stations: gpd.GeoDataFrame, column: str | None
) -> np.ndarray | None:
    """Heights that a table itself states: of a column, or the third coordinate of every point."""
    if column is not None:
        return numbers(process, f"{prefix}height_column", stations, column, "m")
    shapes = stations.geometry.to_numpy()
    present = _with_place(stations)
    if not present.any() or not shapely.has_z(shapes[present]).all():
        return None
    heights = np.full(len(stations), np.nan)
    heights[present] = shapely.get_z(shapes[present])
    return heights if np.isfinite(heights[present]).all() else None


def _heights(ground: Ground, heights: Heights, places: np.ndarray, own: np.ndarray | None) -> np.ndarray:
    """Heights of sensors above the datum."""
    if own is not None:
        return own + heights.sensor
    if heights.value is not None:
        return np.full(len(places), heights.value + heights.sensor)
    if ground.grid is not None:
        return ground.at(*places.T) + heights.sensor
    return np.full(len(places), heights.sensor)


def merged(one: Observations, other: Observations) -> Observations:
    """Stations of two surveys, those of the first before those of the second."""
    places, values, deviations = (np.concatenate(both) for both in zip(one[:3], other[:3], strict=True))
    return Observations(places, values, deviations, one.crs, np.concatenate([one.order, other.order]))


def fitted_table(data: Observations, columns: dict[str, np.ndarray], unit: str) -> gpd.GeoDataFrame:
    """Stations in the order they came in, with `columns` (n,) in `unit`."""
    back = np.argsort(data.order, kind="stable")
    frame: dict[str, Any] = {"height": data.places[back, 2]}
    frame |= {name: values[back] for name, values in columns.items()}
    table = gpd.GeoDataFrame(frame, geometry=shapely.points(data.places[back, :2]), crs=data.crs or None)
    table.attrs[TEXT_COLUMNS] = {"height": {"unit": "m"}} | {
        name: {"unit": "1" if name == "normalised_residual" else unit} for name in columns
    }
    return table
