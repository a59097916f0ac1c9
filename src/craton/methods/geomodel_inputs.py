"""What geological models are built from: data of all tables in one system, cells, and the ground."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import xarray as xr

from craton.methods.body_table import column_in
from craton.methods.geomodel_column import StratigraphicColumn
from craton.methods.geomodel_data import (
    NO_LIMITS,
    NO_LINES,
    NO_ORIENTATIONS,
    Contacts,
    limits_of,
    lines_of,
    orientations_of,
    without_pinched,
)
from craton.methods.geomodel_ground import Terrain
from craton.methods.geomodel_series import Data
from craton.methods.geomodel_volume import Lattice, new_lattice
from craton.model.errors import ContractError
from craton.process.marks import Bounds, ColumnOf, Grid, Table, Unit

CELLS_A_SIDE = 50
"""Cells along the longer level side, and upward, where no spacing is given."""

GROUND_SAMPLES = 500
"""Places along each side of the model at which the highest ground is looked for."""

ERROR = "error"
"""Column of contacts that has their standard deviation in metres."""

ContactTable = Annotated[gpd.GeoDataFrame, Table(geometry=("Point", "LineString"))]
PointTable = Annotated[gpd.GeoDataFrame, Table(geometry=("Point",))]
FaultTable = Annotated[gpd.GeoDataFrame, Table(geometry=("Point", "LineString"))]
Elevation = Annotated[xr.DataArray, Grid(quantity="elevation", unit="m", plane=True)]
Side = Annotated[float, Unit("m"), Bounds(above=0)]
Height = Annotated[float, Unit("m"), Bounds(minimum=-100_000, maximum=20_000)]
Error = Annotated[float, Unit("m"), Bounds(minimum=0, maximum=10_000)]
DipError = Annotated[float, Unit("deg"), Bounds(minimum=0, maximum=45)]
Stretch = Annotated[float, Bounds(minimum=1, maximum=1000)]
Edges = tuple[float, float, float, float]
UnitColumn = Annotated[str, ColumnOf("contacts")]
Method = Literal["auto", "global", "local"]

ROOM, DEEP = 0.1, 0.05
"""Room above and below data in their height, and below data of a map in its width."""


class Box(NamedTuple):
    """What is asked of the box; None where the data decide."""

    region: Edges | None
    bottom: float | None
    top: float | None
    spacing: float | None
    thickness: float | None


def data_of(
    process: str,
    column: StratigraphicColumn,
    read: Contacts,
    ground: Terrain,
    orientations: gpd.GeoDataFrame | None,
    limits: gpd.GeoDataFrame | None,
    lines: gpd.GeoDataFrame | None,
    crs: str,
) -> tuple[Data, int]:
    """Data of all tables in the system of the contacts, and how many rows of orientations are no use."""
    used = without_pinched(read, column)
    poles, unread = NO_ORIENTATIONS, 0
    if orientations is not None and len(orientations):
        poles, unread = orientations_of(process, orientations, column, ground, read, crs)
    bounds = NO_LIMITS
    if limits is not None and len(limits):
        bounds = limits_of(process, limits, column, ground, crs)
    axes = NO_LINES
    if lines is not None and len(lines):
        axes = lines_of(process, lines, column, ground, read, crs)
    return Data(used, poles, bounds, axes), unread


def error_of(
    process: str, frame: gpd.GeoDataFrame, read: Contacts, stated: float | None
) -> tuple[float, str]:
    """Error of contacts in metres, as stated or by their column, else 0; and what is to be told of it."""
    if stated is not None or ERROR not in frame.columns:
        return stated or 0.0, ""
    told = column_in(process, "contacts", frame, ERROR, "m")[read.source]
    told = told[np.isfinite(told)]
    if (told < 0.0).any():
        raise ContractError(process, "contacts", f"0 or more in `{ERROR}`", f"{told.min():g}")
    found = float(f"{np.sqrt(np.mean(told**2)):.3g}") if told.size else 0.0
    return found, f"contacts taken to be off by {found:g} m, by their column `{ERROR}`"


def cells_for(process: str, data: Data, ground: Terrain, crs: str, box: Box) -> Lattice:
    """Cells of the model."""
    places = np.concatenate([data.contacts.places, data.orientations.places])
    low, high = places.min(axis=0), places.max(axis=0)
    width = max(float((high - low)[:2].max()), 1.0)
    west, south, east, north = box.region or (
        low[0] - 0.05 * width, low[1] - 0.05 * width, high[0] + 0.05 * width, high[1] + 0.05 * width,
    )  # fmt: skip
    if not (west < east and south < north):
        raise ContractError(process, "region", "west < east and south < north", f"{box.region}")
    side = box.spacing or _two_digits(max(east - west, north - south) / CELLS_A_SIDE)
    height, width = float(high[2] - low[2]), max(east - west, north - south)
    # Data that reach down show how deep the model should; those of a map do not.
    room = ROOM * height if height > ROOM * width else DEEP * width
    above = ROOM * height or room
    top = (
        box.top
        if box.top is not None
        else _summit(ground, (west, south, east, north), float(high[2]) + above)
    )
    bottom = box.bottom if box.bottom is not None else float(low[2]) - room
    if not bottom < top:
        raise ContractError(process, "bottom", f"below the top, at {top:g} m", f"{bottom:g} m")
    thick = box.thickness or _two_digits((top - bottom) / CELLS_A_SIDE)
    return new_lattice(process, (west, south, bottom, east, north, top), (thick, side, side), crs)


def _two_digits(length: float) -> float:
    return float(f"{length:.2g}")


def _summit(ground: Terrain, region: Edges, otherwise: float) -> float:
    """Highest ground of the region, where it is known."""
    if not ground:
        return otherwise
    west, south, east, north = region
    at = np.meshgrid(np.linspace(west, east, GROUND_SAMPLES), np.linspace(south, north, GROUND_SAMPLES))
    return float(np.ceil(ground.anywhere(*at).max()))


def under(ground: Terrain, lattice: Lattice, codes: np.ndarray) -> np.ndarray:
    """Codes with none above ground."""
    if not ground:
        return codes
    surface = ground.anywhere(*np.meshgrid(lattice.easting, lattice.northing))
    covered: np.ndarray = np.where(lattice.upward[:, None, None] <= surface, codes, 0)
    return covered
