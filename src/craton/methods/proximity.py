"""Proximity: how far each cell of a grid is from the nearest of many features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import geopandas as gpd
import numpy as np
import pyproj
import shapely
import xarray as xr

from craton.methods.placement import Place, brought_to, crs_of, inside, new_grid, on_cells, place_of
from craton.model import crs as systems
from craton.model.errors import ContractError, InvalidError
from craton.process import progress
from craton.process.marks import Bounds, Grid, ReferenceSystem, Table
from craton.process.processes import process

CELLS = 100
"""Cells along the longer side of a region where no spacing is given."""

BLOCK = 1 << 18
"""Cells looked at in one piece."""

FINE = 0.1
"""Part of a cell's side that vertices of lines and edges are apart at most, on the ellipsoid."""

MOST_VERTICES = 5_000_000

PIECE, MOST_PIECES = 10.0, 500_000
"""Length of the pieces in which lines are searched, in sides of a cell, and most of them.

The boxes of short pieces are tight, which makes the search fast."""

CANDIDATES, CLOSE = 4, 1.01
"""Points nearest by chord that are measured along the ellipsoid, if their chord is not longer by so much."""

Measure = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From eastings and northings (n,) to metres (n,)."""


@process(
    "grid.proximity", version="1", keywords=("distance", "nearest", "buffer", "euclidean", "evidence layer")
)
def proximity(
    features: Annotated[gpd.GeoDataFrame, Table()],
    like: Annotated[xr.DataArray | None, Grid()] = None,
    *,
    region: tuple[float, float, float, float] | None = None,
    spacing: Annotated[float | None, Bounds(above=0)] = None,
    crs: Annotated[str, ReferenceSystem()] = "",
) -> Annotated[xr.DataArray, Grid(unit="m")]:
    """Distance from the centre of each cell to the nearest of many features.

    Use it for evidence layers (near faults, far from roads) and to know how well points cover an area.
    Do not use it for distances along rivers or roads; between two tables use `vector.spatial_join`.

    Parameters
    ----------
    features : GeoDataFrame
        Points, lines, polygons, or a mix; brought vertex by vertex to the reference system of the
        grid. Within a polygon the distance is 0.
    like : DataArray
        Evenly spaced grid whose cells are taken.
    region : tuple of float
        Where `like` is left out: west, south, east, north in `crs`; else the bounds of the features.
    spacing : float
        Where `like` is left out: side of the cells in metres, or degrees of a geographic `crs`; else
        a hundredth of the longer side of the region.
    crs : str
        Where `like` is left out: reference system of the grid; that of the features if empty.

    Returns
    -------
    DataArray
        Metres; every cell has a value.

    Notes
    -----
    In a projected system the distance is exact in its plane. In a geographic one it is that along the
    ellipsoid to the nearest point; lines and edges, straight in longitude and latitude, stand as
    points no more than a tenth of a cell's side apart, so that their distance is too long by a
    twentieth of it at most.

    References
    ----------
    Karney, C. F. F. (2013), Algorithms for geodesics, Journal of Geodesy 87(1), 43–55,
    doi:10.1007/s00190-012-0578-z.
    """
    name = "grid.proximity"
    if like is not None and (region is not None or spacing is not None or crs):
        raise ContractError(name, "like", "left out where region, spacing or crs are given", "given")
    template = _template(name, features, region, spacing, crs) if like is None else like
    place = place_of(name, "like", template)
    shapes = brought_to(name, "features", features, place.crs).geometry
    parts = _parts(shapes[~(shapes.isna() | shapes.is_empty)].to_numpy())
    if not parts.size:
        raise ContractError(name, "features", "a table with a geometry", "one without")
    measure = _on_ellipsoid(name, parts, place) if place.is_geographic else _in_plane(name, parts, place)
    distance = _each_cell(measure, template[place.columns].to_numpy(), template[place.rows].to_numpy())
    distance[inside(place, parts[shapely.get_type_id(parts) == 3])] = 0.0
    return on_cells(template, distance, name="distance", unit="m", title="Distance to the nearest feature")


def _template(
    name: str,
    features: gpd.GeoDataFrame,
    region: tuple[float, float, float, float] | None,
    spacing: float | None,
    crs: str,
) -> xr.DataArray:
    system = crs or crs_of(features)
    if region is None:
        west, south, east, north = map(float, brought_to(name, "features", features, system).total_bounds)
        region = west, south, east, north
    longer = max(region[2] - region[0], region[3] - region[1])
    try:
        return new_grid(region, longer / CELLS if spacing is None else spacing, system)
    except InvalidError as error:
        raise ContractError(name, "region", "one that cells of `spacing` fill", error.message) from error


def _parts(shapes: np.ndarray) -> np.ndarray:
    """Points, lines and polygons that `shapes` consist of."""
    while (shapely.get_type_id(shapes) > 3).any():
        shapes = shapely.get_parts(shapes)
    return shapes


def _each_cell(measure: Measure, eastings: np.ndarray, northings: np.ndarray) -> np.ndarray:
    """Distances (rows, columns), some rows at a time."""
    distance = np.empty((northings.size, eastings.size))
    rows = max(1, BLOCK // eastings.size)
    for top in progress.each(range(0, northings.size, rows), "measuring"):
        east, north = np.meshgrid(eastings.astype(np.float64), northings[top : top + rows].astype(np.float64))
        distance[top : top + rows] = measure(east.ravel(), north.ravel()).reshape(east.shape)
    return distance


def _in_plane(name: str, parts: np.ndarray, place: Place) -> Measure:
    if place.crs and not systems.is_local(place.crs) and systems.axes(place.crs).unit != "m":
        unit = systems.axes(place.crs).unit
        raise ContractError(name, "like", "in metres", f"in {unit}", hint="use grid.reproject")
    to_point = _to_point(shapely.get_coordinates(parts[shapely.get_type_id(parts) == 0]))
    edges = _edges(parts, min(place.spacing))
    tree = shapely.STRtree(edges)

    def measure(east: np.ndarray, north: np.ndarray) -> np.ndarray:
        distance = to_point(east, north)
        if len(edges):
            cells = shapely.points(east, north)
            found, length = tree.query_nearest(cells, return_distance=True, all_matches=False)
            distance[found[0]] = np.minimum(distance[found[0]], length)
        return distance

    return measure


def _edges(parts: np.ndarray, side: float) -> np.ndarray:
    """Short straight pieces that the lines and the edges of the polygons consist of."""
    kind = shapely.get_type_id(parts)
    lines = np.concatenate([parts[(kind == 1) | (kind == 2)], shapely.get_rings(parts[kind == 3])])
    short = shapely.segmentize(lines, max(PIECE * side, float(shapely.length(lines).sum()) / MOST_PIECES))
    corners, line = shapely.get_coordinates(short, return_index=True)
    follows = line[:-1] == line[1:]
    ends = np.stack([corners[:-1][follows], corners[1:][follows]], axis=1)
    edges: np.ndarray = shapely.linestrings(ends)
    return edges


def _to_point(points: np.ndarray) -> Measure:
    """Distance to the nearest of `points` (n, 2) in a plane, infinite without one."""
    from scipy.spatial import KDTree

    if not len(points):
        return lambda east, _north: np.full(east.size, np.inf)
    tree = KDTree(points)
    return lambda east, north: np.asarray(tree.query(np.column_stack([east, north]))[0])


def _on_ellipsoid(name: str, parts: np.ndarray, place: Place) -> Measure:
    from scipy.spatial import KDTree

    if not place.crs:
        raise ContractError(name, "like", "in a stated reference system", "one in degrees without")
    geod = pyproj.CRS(place.crs).get_geod()
    assert geod is not None
    vertices = _vertices(name, parts, min(place.spacing) * FINE)
    tree = KDTree(_geocentric(geod, vertices[:, 0], vertices[:, 1]))
    count = min(CANDIDATES, len(vertices))

    def measure(east: np.ndarray, north: np.ndarray) -> np.ndarray:
        chord, found = tree.query(_geocentric(geod, east, north), k=np.arange(1, count + 1))
        distance = np.full(east.size, np.inf)
        for rank in range(count):
            near = chord[:, rank] <= chord[:, 0] * CLOSE
            ends = vertices[found[near, rank]]
            length = geod.inv(east[near], north[near], ends[:, 0], ends[:, 1])[2]
            distance[near] = np.minimum(distance[near], length)
        return distance

    return measure


def _vertices(name: str, parts: np.ndarray, step: float) -> np.ndarray:
    """Longitudes and latitudes (n, 2) of points, and of lines and edges no more than `step` degrees apart."""
    if shapely.length(parts).sum() / step > MOST_VERTICES:
        raise ContractError(
            name, "features", f"lines and polygons of at most {MOST_VERTICES * step:g} degrees of length",
            "longer ones", hint="measure in a projected system: reproject the grid, or give `crs`",
        )  # fmt: skip
    return np.unique(shapely.get_coordinates(shapely.segmentize(parts, step)), axis=0)


def _geocentric(geod: pyproj.Geod, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Positions (n, 3) on the ellipsoid, in metres from its centre."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    radius = geod.a / np.sqrt(1 - geod.es * np.sin(lat) ** 2)
    across = radius * np.cos(lat)
    up = radius * (1 - geod.es) * np.sin(lat)
    return np.column_stack([across * np.cos(lon), across * np.sin(lon), up])
