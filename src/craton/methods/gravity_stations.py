"""Gravity stations: the numbers of a table of stations, each in one unit, refused where they cannot be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from craton.methods.placement import crs_of, place_of, plane_of, within_turn
from craton.methods.vector_shapes import noted, with_room
from craton.model import crs as systems
from craton.model import units
from craton.model.errors import ContractError
from craton.process.data import TEXT_COLUMNS
from craton.process.marks import ColumnOf, Grid, Table

Stations = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
NumberColumn = Annotated[str, ColumnOf("stations", numeric=True)]
GeoidGrid = Annotated[xr.DataArray, Grid(quantity="geoid_height", unit="m")]

HeightKind = Literal["orthometric", "ellipsoidal"]

GRAVITY_RANGE = (970_000.0, 990_000.0)
"""Absolute gravity in mGal anywhere on the ground, in the air and on the sea."""

HEIGHT_RANGE = (-12_000.0, 30_000.0)
"""Heights of stations in metres, from the sea floor to an aircraft."""

FEWEST = 10
"""Stations from which the way gravity goes with height is looked at."""

EDGE = 1e-6
"""Part of a cell by which a place on a middle may miss it in its last digits."""

RELIEF = 300.0
"""Metres between the lowest and the highest station that show which way is up."""

FALSE_RISE = 0.05
"""Rise of gravity with height, mGal/m, that no ground gives: rock leaves −0.2, depths for heights +0.2."""


def numbers_of(
    process: str,
    parameter: str,
    frame: pd.DataFrame,
    column: str,
    *,
    unit: str,
    quantities: tuple[str, ...],
    table: str = "stations",
) -> np.ndarray:
    """Numbers of `column` in `unit`, NaN where there is none.

    A column that is not there is looked for by its quantity, if just one column has it. A column without a
    unit, or with one of another kind, is refused.
    """
    name = column_named(process, parameter, frame, column, quantities, table=table)
    stated = str(notes_of(frame, name).get("unit") or "")
    known = units.parse(stated) if stated else ""
    if not known or not units.compatible(known, unit):
        raise ContractError(
            process, parameter, f"a column in {unit} or a unit that converts to it",
            f"`{name}` in {stated or 'no stated unit'}", hint="state it in NAME.meta.toml beside the file",
        )  # fmt: skip
    values: np.ndarray = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return units.convert(values, known, unit) if known != unit else values


def column_named(
    process: str,
    parameter: str,
    frame: pd.DataFrame,
    column: str,
    quantities: tuple[str, ...],
    *,
    table: str = "stations",
) -> str:
    """`column` if `frame` has it, else the only one of the `quantities`; refused where that is not one."""
    if column in frame.columns:
        if quantities and not pd.api.types.is_numeric_dtype(frame[column]):
            raise ContractError(process, parameter, f"a numeric column of `{table}`", repr(column))
        return column
    fit = [str(one) for one in frame.columns if notes_of(frame, str(one)).get("quantity") in quantities]
    if len(fit) != 1:
        has = ", ".join(fit or map(str, frame.columns[:12])) or "none"
        raise ContractError(
            process, parameter, f"a column of `{table}`", f"{column!r}; it has {has}", hint="name the column"
        )
    return fit[0]


def notes_of(frame: pd.DataFrame, column: str) -> dict[str, Any]:
    """Unit, quantity and title stated of a column."""
    note: dict[str, Any] = frame.attrs.get(TEXT_COLUMNS, {}).get(column, {})
    return note


def gravity_of(process: str, stations: gpd.GeoDataFrame, column: str) -> np.ndarray:
    """Absolute gravity in mGal; refused where it is none."""
    values = numbers_of(process, "gravity", stations, column, unit="mGal", quantities=("gravity",))
    low, high = GRAVITY_RANGE
    odd = np.flatnonzero((values < low) | (values > high))
    if odd.size:
        raise ContractError(
            process, "gravity", f"absolute gravity, {low:.0f} to {high:.0f} mGal",
            f"{values[odd[0]]:g} mGal in row {odd[0]} ({odd.size} such)",
            hint="check the stated unit (m/s2, mGal, um/s2), or tie the survey with gravity.drift_and_tide",
        )  # fmt: skip
    return _some(process, "gravity", values)


def heights_of(process: str, stations: gpd.GeoDataFrame, column: str) -> np.ndarray:
    """Heights in metres; refused where they lie outside the Earth's."""
    values = numbers_of(
        process, "height", stations, column, unit="m", quantities=("elevation", "ellipsoidal_height")
    )
    low, high = HEIGHT_RANGE
    odd = np.flatnonzero((values < low) | (values > high))
    if odd.size:
        came = f"{values[odd[0]]:g} m in row {odd[0]} ({odd.size} such)"
        raise ContractError(process, "height", f"heights of {low:.0f} to {high:.0f} m", came)
    return _some(process, "height", values)


def _some(process: str, parameter: str, values: np.ndarray) -> np.ndarray:
    if not values.size:
        raise ContractError(process, "stations", "a table of at least one row", "one of none")
    if not np.isfinite(values).any():
        raise ContractError(process, parameter, "a column with at least one number", "one without")
    return values


def turned_to(
    process: str, stations: gpd.GeoDataFrame, heights: np.ndarray, kind: HeightKind, wanted: HeightKind,
    geoid_height: str | None, geoid: xr.DataArray | None,
) -> np.ndarray:  # fmt: skip
    """`heights` of `kind` as heights of the `wanted` kind, with the height of the geoid where they differ."""
    if kind == wanted:
        return heights
    if geoid_height is not None:
        shift = numbers_of(
            process, "geoid_height", stations, geoid_height, unit="m", quantities=("geoid_height",)
        )
    elif geoid is not None:
        shift = sampled(process, "geoid", geoid, stations)
    else:
        raise ContractError(
            process,
            "geoid_height",
            f"a column (or a grid `geoid`) that turns {kind} into {wanted} heights",
            "nothing",
        )
    turned: np.ndarray = heights + shift if wanted == "ellipsoidal" else heights - shift
    return turned


def sampled(process: str, parameter: str, grid: xr.DataArray, stations: gpd.GeoDataFrame) -> np.ndarray:
    """Values of `grid` at the stations, linear between the middles of cells; NaN outside."""
    turned = within_turn(process, parameter, grid)
    place = place_of(process, parameter, turned)
    cells = plane_of(process, parameter, turned).to_numpy().astype(np.float64)
    where = coordinates_in(process, stations, place.crs)
    rows = (where[:, 1] - place.first[0]) / place.step[0]
    columns = (where[:, 0] - place.first[1]) / place.step[1]
    return linear_at(cells, rows, columns)


def linear_at(cells: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values at fractions of rows and columns, linear between the middles of `cells`.

    NaN outside of the middles, and where a cell that counts has none; one of no weight does not count.
    """
    from scipy.ndimage import map_coordinates

    inside = (rows >= -EDGE) & (rows <= cells.shape[0] - 1 + EDGE)
    inside &= (columns >= -EDGE) & (columns <= cells.shape[1] - 1 + EDGE)
    places = [np.where(inside, rows, 0.0), np.where(inside, columns, 0.0)]
    known = np.isfinite(cells)
    values = map_coordinates(np.where(known, cells, 0.0), places, order=1, mode="nearest")
    weight = map_coordinates(known.astype(np.float64), places, order=1, mode="nearest")
    inside &= weight > 1.0 - 2.0 * EDGE
    return np.where(inside, values / np.where(inside, weight, 1.0), np.nan)


def coordinates_in(process: str, stations: gpd.GeoDataFrame, crs: str) -> np.ndarray:
    """Easting and northing, or longitude and latitude (n, 2), of the stations in the system `crs`."""
    from craton.methods.placement import brought_to

    if not crs:
        raise ContractError(
            process, "stations", "with a grid that states its reference system", "one without"
        )
    return _coordinates(brought_to(process, "stations", stations, crs))


def _coordinates(stations: gpd.GeoDataFrame) -> np.ndarray:
    shapes = stations.geometry.to_numpy()
    many = shapely.get_num_geometries(shapes) > 1
    # A place of several points is their middle.
    shapes = np.where(many, shapely.centroid(shapes), shapes)
    coordinates: np.ndarray = np.full((len(shapes), 2), np.nan)
    found, row = shapely.get_coordinates(shapes, return_index=True)
    coordinates[row] = found
    return coordinates


def degrees_of(process: str, stations: gpd.GeoDataFrame, *, table: str = "stations") -> np.ndarray:
    """Longitude and latitude (n, 2) of the stations; NaN where one has no place."""
    crs = crs_of(stations)
    if not systems.is_placed(crs):
        raise ContractError(
            process, table, "a table in a reference system with a place on the Earth",
            f"one in {crs[:40] or 'none'}", hint="state it, with --crs when the file is added",
        )  # fmt: skip
    if not len(stations):
        raise ContractError(process, table, "a table of at least one row", "one of none")
    places = systems.to_crs84(crs, *_coordinates(stations).T)
    places[~np.isfinite(places).all(axis=1)] = np.nan
    return places


def refuse_turned_heights(process: str, excess: np.ndarray, heights: np.ndarray) -> None:
    """Refuse heights that gravity rises with, as it does where depths are taken for heights.

    `excess` is gravity less normal gravity at sea level.
    """
    rise = rise_with_height(excess, heights)
    if rise is not None and rise > FALSE_RISE:
        raise ContractError(
            process, "height", "heights above sea level, positive up",
            f"heights with which gravity rises by {rise:.2f} mGal/m", hint="turn depths over",
        )  # fmt: skip


def rise_with_height(excess: np.ndarray, heights: np.ndarray) -> float | None:
    """Change of gravity in mGal a metre of height; `None` where the stations do not tell."""
    used = np.isfinite(excess) & np.isfinite(heights)
    if used.sum() < FEWEST or np.ptp(heights[used]) < RELIEF:
        return None
    apart, x = excess[used] - excess[used].mean(), heights[used] - heights[used].mean()
    slope = float(x @ apart / (x @ x))
    explained = slope**2 * float(x @ x) / max(float(apart @ apart), 1e-12)
    return slope if explained > 0.5 else None


def with_columns(
    stations: gpd.GeoDataFrame, columns: dict[str, tuple[np.ndarray, dict[str, str]]]
) -> gpd.GeoDataFrame:
    """`stations` with further columns and their notes; one of the same name is renamed (`name_1`)."""
    roomy = with_room(noted(stations, dict(stations.attrs.get(TEXT_COLUMNS, {}))), columns)
    kept = roomy.attrs[TEXT_COLUMNS]
    notes = {name: {k: v for k, v in note.items() if v} for name, (_values, note) in columns.items()}
    result = roomy.assign(**{name: values for name, (values, _note) in columns.items()})
    return noted(result, {**kept, **notes})
