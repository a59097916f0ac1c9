"""Shapes: what the vector processes share, on the geometries and the columns of tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from craton.methods.placement import crs_of
from craton.model import crs as systems
from craton.model.errors import ContractError

COLUMNS = "columns"
"""Key of `attrs` of a table: by column, its `unit`, `quantity` and `title`."""

FINE_DEGREES, FINE_METRES = 0.01, 1000.0
"""Longest edge between points of an outline whose area is asked for."""

METRES = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "ftUS": 1200 / 3937}
"""Metres in the units that axes of reference systems have."""


def metres_of(crs: str) -> float:
    """Metres in one unit of the axes of `crs`, which is not geographic."""
    return METRES[systems.axes(crs).unit]


def placed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows of `frame` that have a geometry, numbered from 0, the geometries made valid.

    A ring that crosses itself becomes the area it encloses; parts that collapse to a line or a point
    are left out.
    """
    there = ~(frame.geometry.isna() | frame.geometry.is_empty)
    kept = frame[there].reset_index(drop=True)
    broken = ~shapely.is_valid(kept.geometry.to_numpy())
    if not broken.any():
        return kept
    shapes = kept.geometry.to_numpy().copy()
    shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    kept = kept.set_geometry(gpd.GeoSeries(shapes, kept.index, crs=kept.crs))
    return kept[~kept.geometry.is_empty].reset_index(drop=True)


def dimension(process: str, name: str, frame: gpd.GeoDataFrame) -> int:
    """Dimension that all geometries of the table `name` share: 0 points, 1 lines, 2 polygons (or none)."""
    kinds = sorted(set(shapely.get_dimensions(frame.geometry.to_numpy()).tolist()))
    if len(kinds) > 1:
        words = [("points", "lines", "polygons")[kind] for kind in kinds]
        raise ContractError(process, name, "a table of one kind of geometry", f"one of {' and '.join(words)}")
    return kinds[0] if kinds else 2


def parts_of_dimension(shapes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Each shape (n,) reduced to its parts of the dimension `wanted` (n,), which cuts may have mixed."""
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    other = ~mixed & (shapely.get_dimensions(shapes) != wanted)
    reduced = shapes.copy()
    reduced[other] = shapely.from_wkt("GEOMETRYCOLLECTION EMPTY")
    for row in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapes[row])
        reduced[row] = shapely.union_all(parts[shapely.get_dimensions(parts) == wanted[row]])
    return reduced


def areas(process: str, name: str, frame: gpd.GeoDataFrame) -> np.ndarray:
    """Area in km² of each polygon of the table `name`, on the ellipsoid of its reference system.

    Notes
    -----
    Edges are straight in the system's own axes. They are divided to at most 0.01° or 1 km, carried to
    longitude and latitude, and joined by geodesics (Karney 2013): a cell's sides along parallels keep
    their curve to about 2e-7 of its area. Coordinates in metres of no place are taken as they are.
    """
    crs = crs_of(frame)
    shapes = frame.geometry.to_numpy()
    if systems.is_local(crs):
        return np.asarray(shapely.area(shapes)) * metres_of(crs) ** 2 / 1e6
    if not crs:
        raise ContractError(process, name, "in a known reference system", "in none", hint="state its crs")
    system = pyproj.CRS(crs)
    geod = system.get_geod()
    assert geod is not None
    step = FINE_DEGREES if systems.is_geographic(crs) else FINE_METRES / metres_of(crs)
    fine = shapely.segmentize(shapely.force_2d(shapes), step)
    if not systems.is_geographic(crs):
        fine = gpd.GeoSeries(fine, crs=system).to_crs(system.geodetic_crs).to_numpy()
    return np.array([_area(geod, shape) for shape in fine]) / 1e6


def _area(geod: pyproj.Geod, shape: Any) -> float:
    """Area in m² of the polygon or polygons of `shape`: their outer rings less their holes."""
    total = 0.0
    for polygon in shapely.get_parts(shape):
        outer, *holes = (
            abs(geod.polygon_area_perimeter(*shapely.get_coordinates(ring).T)[0])
            for ring in shapely.get_rings(polygon)
        )
        total += outer - sum(holes)
    return total


def free_name(name: str, taken: Iterable[str], first: int = 2) -> str:
    """`name`, or `name_2`, `name_3`… where it is taken."""
    used = set(taken)
    number, free = first, name
    while free in used:
        free, number = f"{name}_{number}", number + 1
    return free


def notes_of(frame: pd.DataFrame) -> dict[str, dict[str, str]]:
    """What is noted of the columns of `frame`."""
    return {name: dict(note) for name, note in frame.attrs.get(COLUMNS, {}).items()}


def renamed[F: pd.DataFrame](frame: F, names: dict[str, str]) -> F:
    """`frame` with columns renamed, and their notes with them."""
    told = {names.get(name, name): note for name, note in notes_of(frame).items()}
    return noted(frame.rename(columns=names), told)


def noted[F: pd.DataFrame](frame: F, notes: dict[str, dict[str, str]]) -> F:
    """`frame` with `notes` of those columns that it has."""
    frame = frame.copy(deep=False)
    frame.attrs = {k: v for k, v in frame.attrs.items() if k != COLUMNS}
    frame.attrs[COLUMNS] = {name: note for name, note in notes.items() if name in frame.columns}
    return frame


def beside(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """`second` with those columns renamed (`name_2`) that would clash with columns of `first`."""
    taken = {str(name) for name in first.columns}
    names: dict[str, str] = {}
    for name in map(str, second.columns):
        if name != second.active_geometry_name:
            names[name] = free_name(name, taken)
            taken.add(names[name])
    return renamed(second, names)


def with_room[F: pd.DataFrame](frame: F, names: Iterable[str]) -> F:
    """`frame` with its own columns called as one of `names` renamed (`name_1`), to make room for results."""
    taken = [str(column) for column in frame.columns]
    clash = {name: free_name(name, taken, first=1) for name in names if name in taken}
    return renamed(frame, clash)
