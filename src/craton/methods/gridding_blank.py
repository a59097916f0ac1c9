"""Blanking: cells of a grid that nothing measured supports lose their value."""

from __future__ import annotations

from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import shapely
import xarray as xr

from craton.methods.gridding_surfaces import Metres, Points, distances
from craton.methods.placement import brought_to, inside, place_of, plane_of
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Grid, Table, Unit
from craton.process.processes import process

Polygons = Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))]


@process("gridding.blank", version="1", keywords=("mask", "hull", "blanking distance", "白化"))
def blank(
    grid: Annotated[xr.DataArray, Grid()],
    points: Points | None = None,
    polygons: Polygons | None = None,
    *,
    maximum_distance: Metres | None = None,
    hull: Literal["none", "convex", "concave"] = "none",
    detail: Annotated[float, Unit("1"), Bounds(minimum=0, maximum=1)] = 0.8,
    keep: Literal["inside", "outside"] = "inside",
) -> Annotated[xr.DataArray, Grid(like="grid")]:
    """Grid without values where it is far from the points, outside their outline, or outside polygons.

    Use it after gridding, so that a map shows no more than was measured. With
    nothing given to blank by, the grid comes back as it was.

    Parameters
    ----------
    grid : DataArray
        Grid of two axes, evenly spaced.
    points : GeoDataFrame
        Points the grid was made from; for `maximum_distance` and `hull`.
    polygons : GeoDataFrame
        Areas, such as licence blocks or lakes.
    maximum_distance : float
        Distance from the nearest point beyond which a cell loses its value; for grids in metres.
    hull : str
        Outline of the points beyond which cells lose their value: `convex`, like a rubber band, or
        `concave`, which follows bays, too.
    detail : float
        How far a `concave` outline goes into bays: 0 not at all, 1 as far as it can.
    keep : str
        Whether the cells `inside` the polygons keep their values, or those `outside`.

    Returns
    -------
    DataArray
        The same quantity on the cells of `grid`, NaN where blanked. Whole numbers become fractions.

    Notes
    -----
    The middle of a cell decides. The concave outline is GEOS's: the longest sides of the Delaunay triangles
    along the outline are taken away, down to a share of 1 - `detail` of their lengths.

    References
    ----------
    Duckham, M., Kulik, L., Worboys, M., and Galton, A. (2008). Efficient generation of simple polygons for
    characterizing the shape of a set of points in the plane. Pattern Recognition 41(10), 3224-3236.
    doi:10.1016/j.patcog.2008.03.023
    """
    id = "gridding.blank"
    plane = plane_of(id, "grid", grid)
    place = place_of(id, "grid", plane)
    kept = np.ones(place.shape, dtype=bool)
    if maximum_distance is not None or hull != "none":
        places = _places(id, points, place.crs)
        if maximum_distance is not None:
            if place.is_geographic:
                allowed = "a grid in metres, to count distances on"
                raise ContractError(id, "grid", allowed, "one in degrees", hint="use grid.reproject first")
            kept &= distances(plane, places, farthest=maximum_distance) <= maximum_distance
        if hull != "none":
            kept &= inside(place, np.array([_outline(places, hull, detail)]))
    if polygons is not None:
        areas = brought_to(id, "polygons", polygons, place.crs).geometry.to_numpy()
        areas = areas[~(shapely.is_missing(areas) | shapely.is_empty(areas))]
        within = inside(place, areas)
        kept &= within if keep == "inside" else ~within
    left = plane.where(kept)
    return left.transpose(*grid.dims).assign_attrs(grid.attrs).rename(grid.name)


def _places(id: str, points: gpd.GeoDataFrame | None, crs: str) -> np.ndarray:
    """Places (n, 2) of points in the system of the grid, refused where there is none."""
    if points is None:
        raise ContractError(id, "points", "given, for `maximum_distance` and `hull`", "left out")
    coordinates: np.ndarray = shapely.get_coordinates(
        brought_to(id, "points", points, crs).geometry.to_numpy()
    )
    coordinates = coordinates[np.isfinite(coordinates).all(axis=1)]
    if not len(coordinates):
        raise ContractError(id, "points", "a table of at least one point", "one of none")
    return coordinates


def _outline(places: np.ndarray, hull: str, detail: float) -> shapely.Geometry:
    """Outline of places, which has no area where they lie on one line."""
    together = shapely.multipoints(places)
    if hull == "convex":
        return shapely.convex_hull(together)
    return shapely.concave_hull(together, ratio=1 - detail)
