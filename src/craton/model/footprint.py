"""Footprints: the outline of where data lies, small enough to be drawn and searched by the thousand.

A footprint is GeoJSON (RFC 7946) in longitude and latitude, of at most
`VERTICES` vertices, within the bounding box it goes with. Simplifying only
ever widens it, so that a search does not miss data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from craton.model.extent import DIGITS, FULL_TURN, HALF_TURN, crosses, unwrapped
from craton.model.record import Bbox

VERTICES = 64

CONCAVITY = 0.3
"""Ratio between the longest edges of a convex and of a concave hull; 1 is convex, 0 follows each point."""

CONCAVE_FROM = 100
"""Positions from which a concave hull means something."""

FINEST = 1 / 1000
"""First tolerance of simplifying, as a share of the extent; doubled until the outline is small enough."""

CELLS = 64
"""Cells along the longer side of a mask of valid cells."""

DETAILED = 5_000
"""Vertices from which polygons are not united but drawn on a net."""

EDGE = 15
"""Pieces an edge is cut into before it is bent by a change of projection."""

_quietly = np.errstate(all="ignore")
"""GEOS leaves floating-point alarms behind where shapes are degenerate; the results are sound."""

Footprint = dict[str, Any]
Project = Callable[[np.ndarray], np.ndarray]
"""Native positions (n, 2) to longitudes and latitudes (n, 2)."""


@_quietly
def of_points(positions: np.ndarray, bbox: Bbox, *, spacing: float = 0.0) -> Footprint | None:
    """Concave hull of positions.

    Parameters
    ----------
    positions : array (n, 2)
        Longitudes and latitudes; those that are not finite are left out.
    spacing : float
        Degrees to which the positions were thinned, by which the hull is widened.
    """
    positions = _framed(positions, bbox)
    if not len(positions):
        return None
    # Finer differences than a footprint shows would only be a burden to GEOS.
    points = shapely.multipoints(np.unique(np.round(positions, DIGITS + 2), axis=0))
    hull = _hull(points) if len(positions) >= CONCAVE_FROM else shapely.convex_hull(points)
    if spacing and hull.geom_type == "Polygon":
        hull = hull.buffer(spacing / 2, join_style="mitre")
    return _published(hull, bbox)


def _hull(points: BaseGeometry) -> BaseGeometry:
    """Concave hull, convex where the points lie on one line or too close to it."""
    try:
        hull = shapely.concave_hull(points, ratio=CONCAVITY)
    except shapely.errors.GEOSException:
        return shapely.convex_hull(points)
    return hull if hull.area > 0 else shapely.convex_hull(points)


@_quietly
def of_polygons(polygons: np.ndarray, project: Project, bbox: Bbox) -> Footprint | None:
    """Union of native polygons, simplified; of detailed ones, the cells of a net that they touch."""

    def place(positions: np.ndarray) -> np.ndarray:
        return _framed_same(project(positions), bbox)

    try:
        union = _united(polygons, place, bbox)
    except shapely.errors.GEOSException:
        # Degenerate rings, which some operations of GEOS do not take.
        union = shapely.GeometryCollection()
    return (
        _published(union, bbox)
        if union.area > 0
        else of_points(place(shapely.get_coordinates(polygons)), bbox)
    )


def _united(polygons: np.ndarray, place: Project, bbox: Bbox) -> BaseGeometry:
    """Union of `polygons` in the frame of `bbox`."""
    if int(shapely.get_num_coordinates(polygons).sum()) > DETAILED:
        return _touched(_finite(shapely.transform(polygons, place)), bbox)
    west, south, east, north = shapely.total_bounds(polygons)
    bent = shapely.segmentize(polygons, max(east - west, north - south) / EDGE or 1.0)
    return shapely.union_all(shapely.make_valid(_finite(shapely.transform(bent, place))))


def _finite(polygons: np.ndarray) -> np.ndarray:
    return np.asarray(polygons[np.isfinite(shapely.bounds(polygons)).all(axis=1)])


def _touched(polygons: np.ndarray, bbox: Bbox) -> BaseGeometry:
    """Cells of a net over `bbox` that the polygons (in its frame) touch."""
    import rasterio.features

    west, south, east, north = bbox
    width, height = east + FULL_TURN * crosses(bbox) - west, north - south
    step = max(width, height) / (2 * CELLS) or 1.0
    shape = (max(1, round(height / step)), max(1, round(width / step)))
    cell = np.array([width / shape[1] or 1.0, height / shape[0] or 1.0])
    in_cells = shapely.transform(polygons, lambda positions: (positions - [west, south]) / cell)
    mask = rasterio.features.rasterize(in_cells, out_shape=shape, all_touched=True, dtype="uint8")
    return shapely.transform(
        shapely.union_all(_stripes(mask > 0)), lambda cells: cells * cell + [west, south]
    )


@_quietly
def of_mask(mask: np.ndarray, project: Project, bbox: Bbox) -> Footprint | None:
    """Outline of the valid cells of a grid.

    Parameters
    ----------
    mask : array (rows, columns)
        Whether each cell holds a value.
    project : callable
        From positions in cells (column, row; the corner of the first cell is 0, 0).
    """
    if not mask.any():
        return None
    if mask.all():
        return of_ring(mask.shape[1], mask.shape[0], project, bbox)
    return of_polygons(_stripes(mask), project, bbox)


def _stripes(mask: np.ndarray) -> np.ndarray:
    """One box for each unbroken run of valid cells along a row."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    row, first = np.nonzero(edges == 1)
    _, last = np.nonzero(edges == -1)
    return np.asarray(shapely.box(first, row, last, row + 1))


@_quietly
def of_ring(columns: float, rows: float, project: Project, bbox: Bbox) -> Footprint | None:
    """Outline of a whole grid of `columns` by `rows` cells; `project` as in `of_mask`."""
    along = np.linspace(0, 1, EDGE + 1)[:-1]
    ring = np.concatenate(
        [np.column_stack([along, 0 * along]), np.column_stack([0 * along + 1, along]),
         np.column_stack([1 - along, 0 * along + 1]), np.column_stack([0 * along, 1 - along])]
    )  # fmt: skip
    placed = _framed(project(ring * [columns, rows]), bbox)
    if len(placed) < len(ring) or _goes_round(bbox):
        return of_bbox(bbox)
    polygon = shapely.make_valid(shapely.polygons(placed))
    return _published(polygon, bbox) if polygon.area > 0 else of_points(placed, bbox)


def of_bbox(bbox: Bbox) -> Footprint | None:
    """The bounding box itself."""
    west, south, east, north = bbox
    corners = np.array([[west, south], [east, south], [east, north], [west, north]])
    return of_points(corners, bbox)


def _goes_round(bbox: Bbox) -> bool:
    return bbox[2] - bbox[0] >= FULL_TURN - 1e-6


def _framed(positions: np.ndarray, bbox: Bbox) -> np.ndarray:
    """Finite positions, next to each other in longitude."""
    return _framed_same(positions[np.isfinite(positions).all(axis=1)], bbox)


def _framed_same(positions: np.ndarray, bbox: Bbox) -> np.ndarray:
    return np.column_stack([unwrapped(positions[:, 0], bbox), positions[:, 1]])


def _published(geometry: BaseGeometry, bbox: Bbox) -> Footprint | None:
    """`geometry` (in the frame of `bbox`) within `bbox`, simplified, wound and cut as GeoJSON asks."""
    west, south, east, north = bbox
    east += FULL_TURN * crosses(bbox)
    straight = shapely.simplify(geometry, 10.0**-DIGITS / 10)
    small = _simplified(straight, (west, south, east, north))
    rounded = shapely.set_precision(small, 10.0**-DIGITS, mode="pointwise")
    clipped = shapely.transform(rounded, lambda positions: np.clip(positions, (west, south), (east, north)))
    clipped = shapely.make_valid(clipped)
    if clipped.is_empty:
        return None
    cut = _cut(clipped) if east > HALF_TURN else clipped
    oriented = shapely.orient_polygons(cut) if cut.geom_type.endswith("Polygon") else cut
    return _as_geojson(oriented)


def _simplified(geometry: BaseGeometry, frame: Bbox) -> BaseGeometry:
    """`geometry` widened and straightened by as little as leaves it `VERTICES` vertices."""
    if shapely.get_num_coordinates(geometry) <= VERTICES + 1:
        return geometry
    if not geometry.geom_type.endswith("Polygon"):
        hull = shapely.convex_hull(geometry)
        return _simplified(hull, frame) if hull.area > 0 else hull
    coarser = min(max(shapely.get_num_coordinates(geometry) / (32 * VERTICES), 1.0), 8.0)
    tolerance = coarser * FINEST * max(frame[2] - frame[0], frame[3] - frame[1], 10.0**-DIGITS)
    shells = geometry
    for _ in range(12):
        shells = _shells(shells.buffer(tolerance, join_style="mitre", mitre_limit=2.0))
        within = shapely.intersection(shells.simplify(tolerance), shapely.box(*frame))
        if 0 < shapely.get_num_coordinates(within) <= VERTICES + _parts(within):
            return within
        tolerance *= 2
    return shapely.envelope(geometry)


def _parts(geometry: BaseGeometry) -> int:
    return int(shapely.get_num_geometries(geometry))


def _shells(geometry: BaseGeometry) -> BaseGeometry:
    """Polygons of `geometry` without their holes."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    polygons = parts[shapely.get_type_id(parts) == 3]
    filled = shapely.polygons(shapely.get_exterior_ring(polygons))
    return shapely.union_all(filled)


def _cut(geometry: BaseGeometry) -> BaseGeometry:
    """`geometry` cut at the antimeridian, its eastern part brought back by a turn."""
    west = shapely.intersection(geometry, shapely.box(-HALF_TURN, -90, HALF_TURN, 90))
    east = shapely.intersection(geometry, shapely.box(HALF_TURN, -90, HALF_TURN + FULL_TURN, 90))
    back = shapely.transform(east, lambda positions: positions - [FULL_TURN, 0.0])
    parts = [part for one in (west, back) for part in shapely.get_parts(one) if not part.is_empty]
    same = [
        part for part in parts if shapely.get_dimensions(part) == shapely.get_dimensions(geometry)
    ] or parts
    if len(same) == 1:
        return same[0]
    builder = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}
    return builder[int(shapely.get_dimensions(same[0]))](same)


def _as_geojson(geometry: BaseGeometry) -> Footprint:
    def plain(value: Any) -> Any:
        return (
            [plain(item) for item in value]
            if isinstance(value, (list, tuple))
            else round(float(value), DIGITS)
        )

    found = mapping(geometry)
    if geometry.geom_type == "GeometryCollection":
        return _as_geojson(shapely.convex_hull(geometry))
    return {"type": found["type"], "coordinates": plain(found["coordinates"])}
