"""Vector: buffers, overlays and cuts of features."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from craton.methods.placement import brought_to, crs_of
from craton.methods.vector_local import DEGREE, FARTHEST, LocalPlane, finer
from craton.methods.vector_shapes import (
    areas,
    beside,
    dimension,
    metres_of,
    noted,
    notes_of,
    parts_of_dimension,
    placed,
)
from craton.model import crs as systems
from craton.model.errors import ContractError
from craton.process.marks import Bounds, Table, Unit
from craton.process.processes import process

BUFFER, OVERLAY, CLIP = "vector.buffer", "vector.overlay", "vector.clip"

Features = Annotated[gpd.GeoDataFrame, Table()]
Polygons = Annotated[gpd.GeoDataFrame, Table(geometry=("Polygon",))]


@process(BUFFER, version="1", keywords=("distance", "zone", "proximity"))
def buffer(
    features: Features,
    distance: Annotated[float, Unit("m"), Bounds(minimum=-2e7, maximum=2e7)],
    *,
    dissolve: bool = False,
    segments: Annotated[int, Bounds(minimum=1, maximum=360)] = 32,
) -> Polygons:
    """Areas within a distance of features.

    Use it for protection zones, exclusion strips, or "how much lies within 5 km of a road". Not for the
    distance itself (`vector.spatial_join` with `nearest`), nor for travel time.

    Parameters
    ----------
    features : GeoDataFrame
        Points, lines or polygons in a known reference system. Rows without a geometry are left out,
        invalid polygons are repaired.
    distance : float
        Distance in m. A negative one shrinks polygons; what vanishes is left out.
    dissolve : bool
        Whether to join areas that touch. The result then has a row for each separate area, with its
        `part` number and its `area` in km² on the ellipsoid, in place of the columns of `features`.
    segments : int
        Straight pieces of a quarter circle. A circle is too small by 1 − sin(t)/t of its area with
        t = π / (2 × `segments`): 0.04 % at 32.

    Returns
    -------
    GeoDataFrame
        Polygons in the reference system of `features`, in the order of its rows.

    Notes
    -----
    In a projected system the buffer is plane, with the scale error of that projection. In longitude and
    latitude each feature is buffered in an azimuthal equidistant projection of the ellipsoid around the
    middle of its extent: exact for points, and along the outline of a feature that reaches c metres from
    its middle right to c² / (6 R²), 0.004 % at 100 km and 0.4 % at 1000 km. A feature of more than 2000 km
    to either side, or one that comes within the distance of a pole, is refused. Longitudes stay within
    half a turn of the feature, so they may pass 180°.

    References
    ----------
    Snyder, J. P. (1987). Map projections, a working manual. U.S. Geological Survey Professional Paper
    1395, pp. 191-202. doi:10.3133/pp1395

    Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43-55.
    doi:10.1007/s00190-012-0578-z
    """
    crs = crs_of(features)
    if not crs:
        raise ContractError(
            BUFFER, "features", "in a known reference system", "in none", hint="state its crs"
        )
    there = placed(features)
    shapes = there.geometry.to_numpy()
    if systems.is_geographic(crs):
        grown = _around(shapes, distance, segments, crs)
    else:
        grown = shapely.buffer(shapes, distance / metres_of(crs), quad_segs=segments)
    result = there.set_geometry(gpd.GeoSeries(grown, there.index, crs=features.crs))
    result = result[~result.geometry.is_empty].reset_index(drop=True)
    return _joined(result) if dissolve else noted(result, notes_of(features))


def _around(shapes: np.ndarray, distance: float, segments: int, crs: str) -> np.ndarray:
    """Buffers of shapes in longitude and latitude, each made in a plane of its own."""
    geod = pyproj.CRS(crs).get_geod()
    assert geod is not None
    grown = np.empty(len(shapes), object)
    for row, shape in enumerate(finer(shapes)):
        plane = LocalPlane.around(shape, geod)
        _check_reach(plane.reach(shape, geod), shape, distance)
        around = shapely.buffer(plane.forward(shape), distance, quad_segs=segments)
        grown[row] = shapely.make_valid(plane.backward(around), method="structure", keep_collapsed=False)
    return grown


def _check_reach(reach: float, shape: Any, distance: float) -> None:
    hint = "bring it to a projected reference system that fits it"
    if reach > FARTHEST:
        raise ContractError(
            BUFFER, "features", f"of features that reach at most {FARTHEST / 1000:g} km from their middle",
            f"of one that reaches {reach / 1000:.0f} km", hint=hint,
        )  # fmt: skip
    _west, south, _east, north = shapely.bounds(shape)
    if max(-south, north) + distance / DEGREE >= 90:
        raise ContractError(
            BUFFER, "distance", "less than the distance to a pole", f"{distance:g} m", hint=hint
        )


def _joined(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The separate areas that the polygons of `frame` cover, from north to south."""
    parts = shapely.get_parts(shapely.union_all(frame.geometry.to_numpy()))
    _west, south, east, north = shapely.bounds(parts).T.reshape(4, -1)
    parts = parts[np.lexsort((east, south, -north))]
    alone = gpd.GeoDataFrame({"part": np.arange(1, len(parts) + 1)}, geometry=parts, crs=frame.crs)
    alone.insert(1, "area", areas(BUFFER, "features", alone))
    told = {"part": {"title": "Number of the area"}, "area": {"unit": "km2", "title": "Area"}}
    return noted(alone, told)


@process(OVERLAY, version="1", keywords=("intersection", "union", "difference", "identity"))
def overlay(
    first: Features,
    second: Polygons,
    how: Literal["intersection", "union", "difference", "symmetric_difference", "identity"] = "intersection",
) -> Features:
    """Features of one table cut by the polygons of another.

    Use it to put two maps together: geology by district, licences less protected areas. To cut by an
    outline whose columns do not matter use `vector.clip`; to look up which polygon a point is in use
    `vector.spatial_join`.

    Parameters
    ----------
    first : GeoDataFrame
        Points, lines or polygons, of one kind; polygons for `union` and `symmetric_difference`.
    second : GeoDataFrame
        Polygons. They are brought to the reference system of `first`.
    how : str
        `intersection`: parts in both. `union`: parts in either, cut where they overlap. `difference`:
        parts of the first outside the second. `symmetric_difference`: parts in only one. `identity`: all
        of the first, cut by the second.

    Returns
    -------
    GeoDataFrame
        Geometries of the kind of `first`, in its reference system, with the columns of both; one of the
        second whose name the first has too is called `name_2`. Columns of the table that a part does not
        come from are empty. `difference` has the columns of the first only.

    Notes
    -----
    Rows without a geometry are left out. Invalid polygons are repaired first: a ring that crosses itself
    becomes the area it encloses. Cuts are plane, in the axes of the reference system of `first`. Where
    polygons of one table overlap each other, so do those of the result. What touches only along a line
    or in a point is no part of two polygons.
    """
    mine, other = _some("first", first), _some("second", second)
    kind = dimension(OVERLAY, "first", mine)
    if kind != 2 and how in {"union", "symmetric_difference"}:
        raise ContractError(
            OVERLAY, "first", f"a table of polygons for {how}", f"one of {('points', 'lines')[kind]}"
        )
    other = beside(mine, brought_to(OVERLAY, "second", other, crs_of(mine)))
    notes = {**notes_of(other), **notes_of(mine)}
    if other.active_geometry_name != mine.active_geometry_name:
        other = other.rename_geometry(mine.active_geometry_name)
    result = gpd.overlay(mine, other, how=how, keep_geom_type=True, make_valid=False)
    columns = [c for c in (*mine.columns, *other.columns) if c in result.columns]
    return noted(result[list(dict.fromkeys(columns))], notes)


def _some(name: str, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    there = placed(frame)
    if (there.geom_type == "GeometryCollection").any():
        there = there.explode(ignore_index=True)
    if there.empty:
        raise ContractError(OVERLAY, name, "a table with geometries", "one without")
    return there


@process(CLIP, version="1", keywords=("cut", "mask", "crop"))
def clip(features: Features, outline: Polygons) -> Features:
    """Features cut off at the outline of polygons.

    Use it to bring layers to a study area. Columns of `outline` are not kept (`vector.overlay` keeps
    them).

    Parameters
    ----------
    features : GeoDataFrame
        Points, lines or polygons.
    outline : GeoDataFrame
        Polygons that together are the area to keep. They are brought to the reference system of
        `features`.

    Returns
    -------
    GeoDataFrame
        The rows of `features` that have a part inside, in their order, with that part as geometry. A
        point on the outline is inside.

    Notes
    -----
    Rows without a geometry are left out, invalid polygons are repaired first. A polygon or line that only
    touches the outline from outside is left out.
    """
    there = placed(features)
    area = shapely.union_all(
        brought_to(CLIP, "outline", placed(outline), crs_of(features)).geometry.to_numpy()
    )
    shapes = there.geometry.to_numpy()
    shapely.prepare(area)
    whole = shapely.covers(area, shapes)
    cut = shapes.copy()
    cut[~whole] = shapely.intersection(shapes[~whole], area)
    cut[~whole] = parts_of_dimension(cut[~whole], shapely.get_dimensions(shapes[~whole]))
    result = there.set_geometry(gpd.GeoSeries(cut, there.index, crs=features.crs))
    result = result[~shapely.is_empty(cut)].reset_index(drop=True)
    return noted(result, notes_of(features))
