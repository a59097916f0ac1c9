"""Vector: features in another reference system."""

from __future__ import annotations

from typing import Annotated

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from craton.methods.map_zone import zone_of
from craton.methods.placement import crs_of
from craton.methods.vector_shapes import noted, notes_of
from craton.model import crs as systems
from craton.model.errors import ContractError
from craton.process.marks import ReferenceSystem, Table
from craton.process.processes import process

REPROJECT = "vector.reproject"
Features = Annotated[gpd.GeoDataFrame, Table()]


@process(REPROJECT, version="1", keywords=("project", "transform", "coordinate system", "UTM", "metres"))
def reproject(features: Features, *, crs: Annotated[str, ReferenceSystem()] = "") -> Features:
    """Features in another reference system.

    Use it to bring points, lines or polygons in longitude and latitude to metres, as gridding, kriging and
    measures of length need, or tables of different zones to one. To stay in the system there is nothing to
    do: processes that take two tables bring the second to the first by themselves.

    Parameters
    ----------
    features : GeoDataFrame
        Table with geometries in a stated reference system; rows without a geometry stay without.
    crs : str
        The system of the result, such as `EPSG:32648`; empty for the UTM zone of the centre (polar
        stereographic near the poles).

    Returns
    -------
    GeoDataFrame
        The same rows and columns. Heights of points are kept as they are. Columns of coordinates are not
        changed: they still are of the system they were written in.

    Notes
    -----
    Vertices are transformed by PROJ with the best transformation between the datums that needs no grid
    files from elsewhere; edges stay straight between them, so long edges of few vertices move a little.
    """
    source = crs_of(features)
    if not systems.is_placed(source):
        came = "one of no place" if source else "one that states none"
        raise ContractError(REPROJECT, "features", "a table in a reference system of the Earth", came)
    target = crs or zone_of(REPROJECT, "table", source, _region(features))
    moved = features.set_geometry(features.geometry.to_crs(pyproj.CRS(target)))
    _check_reached(moved.geometry.to_numpy(), target)
    return noted(moved, notes_of(features))


def _region(features: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    west, south, east, north = map(float, features.total_bounds)
    if not np.isfinite([west, south, east, north]).all():
        raise ContractError(REPROJECT, "crs", "given for a table without places", "left out")
    return west, south, east, north


def _check_reached(shapes: np.ndarray, target: str) -> None:
    """Refuse positions that the system cannot have: they would come out as infinite."""
    places = shapely.get_coordinates(shapes)
    lost = int((~np.isfinite(places).all(axis=1)).sum())
    if lost:
        raise ContractError(
            REPROJECT, "crs", "a system that has a place for all features",
            f"{target}, in which {lost} of {len(places)} positions have none",
            hint="name a system made for where the features lie, or leave out rows that lie elsewhere",
        )  # fmt: skip
