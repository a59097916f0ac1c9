"""Geometries of features: brought to longitude and latitude, cut at the antimeridian, written as GeoJSON."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely

from craton.model.crs import CRS84, is_geographic, is_placed, to_crs84
from craton.model.places import FARTHEST
from craton.store.codec_wkb import parse

DIGITS = 7
"""Decimals of degrees in GeoJSON: a centimetre."""

HALF_TURN, FULL_TURN = 180.0, 360.0

SAME = frozenset({CRS84, "EPSG:4326", "EPSG:4979"})
"""Systems whose coordinates, longitude first, are those of GeoJSON."""

POLE = 90.0 + 1e-6

POINT, LINE, RING, POLYGON = 0, 1, 2, 3
"""Shapely's numbers of types of one part."""

Geometries = np.ndarray[Any, np.dtype[np.object_]]
Boxes = np.ndarray[Any, np.dtype[np.float64]]


class Shapes(NamedTuple):
    """Geometries of some features.

    Parameters
    ----------
    geojson : list of str or None
        In CRS84; `None` where there is no geometry with a place.
    wkb : list of bytes or None
        In CRS84, as precise as the source.
    native : list of bytes or None
        In the system of the data, where `wkb` is not the same.
    boxes : array (n, 4)
        West, south, east, north; NaN where there is no place.
    whole : array (n,) of bool
        Whether the geometry is in one piece.
    types : set of str
        GeoJSON types.
    """

    geojson: list[str | None]
    wkb: list[bytes | None]
    native: list[bytes | None]
    boxes: Boxes
    whole: np.ndarray[Any, np.dtype[np.bool_]]
    types: set[str]


def shapes_of(column: pa.Array, crs: str) -> Shapes:
    """Geometries of a column of WKB in `crs`."""
    source: list[bytes | None] = column.to_pylist()
    geometries = parse(column)
    geometries[shapely.is_empty(geometries)] = None
    placed, changed = place(geometries, crs)
    boxes = shapely.bounds(placed)
    types = shapely.get_type_id(placed)
    same = [None if gone else wkb for wkb, gone in zip(source, shapely.is_missing(placed), strict=True)]
    wkb = _replaced(same, placed, changed)
    native = [None if one is other else one for one, other in zip(source, wkb, strict=True)]
    whole = np.isin(types, (POINT, LINE, RING, POLYGON)) | (shapely.get_num_geometries(placed) == 1)
    return Shapes(_geojson(placed, types), wkb, native, boxes, whole, _names(placed))


def _replaced(
    source: list[bytes | None], placed: Geometries, changed: np.ndarray[Any, np.dtype[np.bool_]]
) -> list[bytes | None]:
    """WKB of `placed`: that of the `source` where it did not change."""
    if not changed.any():
        return source
    result = list(source)
    rows = np.flatnonzero(changed)
    for row, wkb in zip(rows.tolist(), shapely.to_wkb(placed[rows]).tolist(), strict=True):
        result[row] = wkb
    return result


def _names(geometries: Geometries) -> set[str]:
    known = geometries[~shapely.is_missing(geometries)]
    _codes, first = np.unique(shapely.get_type_id(known), return_index=True)
    return {"LineString" if known[n].geom_type == "LinearRing" else known[n].geom_type for n in first}


def place(geometries: Geometries, crs: str) -> tuple[Geometries, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Geometries in CRS84 within ±180° (none where there is no place), and which of them changed."""
    nowhere = np.full(geometries.shape, None, dtype=object)
    if not is_placed(crs):
        return nowhere, np.zeros(geometries.shape, bool)
    changed = np.zeros(geometries.shape, bool)
    placed = geometries.copy()
    if crs not in SAME:
        placed, changed = _moved(geometries, crs), ~shapely.is_missing(geometries)
    boxes = shapely.bounds(placed)
    with np.errstate(invalid="ignore"):
        off = ~np.isfinite(boxes).all(axis=1) | (boxes[:, 1] < -POLE) | (boxes[:, 3] > POLE)
        off |= (boxes[:, 0] < -HALF_TURN - FULL_TURN) | (boxes[:, 2] > HALF_TURN + FULL_TURN)
        beyond = ~off & ((boxes[:, 0] < -HALF_TURN) | (boxes[:, 2] > HALF_TURN))
    placed[off] = None
    for row in np.flatnonzero(beyond).tolist():
        placed[row] = _cut(placed[row])
        changed[row] = True
    return placed, changed & ~off


def _moved(geometries: Geometries, crs: str) -> Geometries:
    """`geometries` transformed; those of a projected system unbroken past the antimeridian."""
    raised = shapely.has_z(geometries)
    heights = bool(raised.any())
    positions, owners = shapely.get_coordinates(geometries, include_z=heights, return_index=True)
    known = (np.abs(positions[:, :2]) <= FARTHEST).all(axis=1)
    positions[:, :2] = to_crs84(crs, positions[:, 0], positions[:, 1])
    if not is_geographic(crs):
        positions[:, 0] = _unbroken(positions[:, 0], owners)
    # PROJ has a place even for some infinite positions; a geometry with one of those has none.
    bad = ~known | ~np.isfinite(positions[:, :2]).all(axis=1)
    positions[bad, :2] = 0.0
    moved: Geometries = shapely.set_coordinates(shapely.force_2d(geometries), positions[:, :2])
    if heights:
        moved = shapely.set_coordinates(shapely.force_3d(geometries, 0.0), positions)
        moved[~raised] = shapely.force_2d(moved[~raised])
    moved[owners[bad]] = None
    return moved


def _unbroken(longitudes: np.ndarray[Any, Any], owners: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Longitudes of each geometry in one turn where it crosses the antimeridian.

    A side longer than half the Earth is one that crosses. A geometry around a pole is left as it is:
    no turn holds it.
    """
    with np.errstate(invalid="ignore"):
        jumps = (np.abs(np.diff(longitudes)) > HALF_TURN) & (np.diff(owners) == 0)
    if not jumps.any():
        return longitudes
    broken = np.isin(owners, np.unique(owners[1:][jumps]))
    return np.where(broken & (longitudes < 0), longitudes + FULL_TURN, longitudes)


def _cut(geometry: shapely.Geometry) -> shapely.Geometry | None:
    """`geometry` within ±180°, its parts beyond brought back by a turn."""
    west, _south, east, _north = shapely.bounds(geometry)
    for turn in (FULL_TURN, -FULL_TURN):
        if west - turn >= -HALF_TURN and east - turn <= HALF_TURN:
            return _turned(geometry, turn)
    whole = geometry if shapely.is_valid(geometry) else shapely.make_valid(geometry)
    windows = {
        turn: shapely.box(turn - HALF_TURN, -90, turn + HALF_TURN, 90)
        for turn in (0.0, FULL_TURN, -FULL_TURN)
    }
    pieces = [_turned(shapely.intersection(whole, window), turn) for turn, window in windows.items()]
    parts = [part for piece in pieces for part in shapely.get_parts(piece) if not part.is_empty]
    size = shapely.get_dimensions(whole)
    fitting = [part for part in parts if shapely.get_dimensions(part) == size] or parts
    if not fitting:
        return None
    return fitting[0] if len(fitting) == 1 else _COLLECT[int(size)](fitting)


_COLLECT = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}


def _turned(geometry: shapely.Geometry, turn: float) -> shapely.Geometry:
    return shapely.transform(
        geometry,
        lambda positions: positions - np.array([turn, 0.0, 0.0][: positions.shape[1]]),
        include_z=bool(shapely.has_z(geometry)),
    )


def _geojson(placed: Geometries, types: np.ndarray[Any, Any]) -> list[str | None]:
    """GeoJSON of each geometry, rounded to `DIGITS`, rings as RFC 7946 winds them."""
    wound = shapely.orient_polygons(placed) if (types >= POLYGON).any() else placed.copy()
    raised = bool(shapely.has_z(wound).any())
    positions = np.round(shapely.get_coordinates(wound, include_z=raised), DIGITS) + 0.0
    rounded = shapely.set_coordinates(wound, positions)
    texts: list[str | None] = shapely.to_geojson(rounded).tolist()
    return texts
