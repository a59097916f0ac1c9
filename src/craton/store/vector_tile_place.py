"""Geometries in longitude and latitude placed in the grid of tiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from craton.model.tile_matrix import WEB_MERCATOR_QUAD, TileMatrixSet
from craton.store.vector_tile_clip import MARGIN, clip
from craton.store.vector_tile_shapes import LINE, POINT, POLYGON, Floats, Integers, Shapes, joined

HALF_TURN, FULL_TURN = 180.0, 360.0

LAST_LATITUDE = 89.9
"""Nearer to a pole EPSG:3857 runs away; its tiles end at 85°."""

KINDS = {0: POINT, 4: POINT, 1: LINE, 2: LINE, 5: LINE, 3: POLYGON, 6: POLYGON}
"""Kind by the number that GEOS gives a type; collections are taken apart."""

COLLECTION = 7

Geometries = np.ndarray[tuple[int], np.dtype[np.object_]]


def shapes_of(geometries: Geometries, tms: TileMatrixSet) -> Shapes:
    """Shapes of `geometries` in the only tile of a level above all, whose side is that of level 0.

    Parameters
    ----------
    geometries : array of shapely geometries (n,)
        In CRS84, within ±180°; `None` and empty ones give nothing.
    tms : TileMatrixSet
        Its first tile of level 0 is the unit; where there are more, coordinates go on beyond 1.
    """
    rows = np.flatnonzero(~(shapely.is_missing(geometries) | shapely.is_empty(geometries)))
    rows, parts = _parted(rows, geometries[rows])
    types = shapely.get_type_id(parts)
    kinds = np.array([KINDS.get(number, 0) for number in range(COLLECTION + 1)])[types]
    several = [
        _shapes(parts[chosen], rows[chosen], kind)
        for kind in (POINT, LINE, POLYGON)
        if (chosen := kinds == kind).any()
    ]
    if not several:
        return empty()
    shapes = joined(several)
    x, y = _tile_axes(shapes.x, shapes.y, tms)
    return _finite(replace(shapes, x=x, y=y))


def empty() -> Shapes:
    """No shapes."""
    numbers, floats = np.empty(0, np.int64), np.empty(0)
    return Shapes(
        floats, floats, numbers, numbers, np.empty(0, bool), numbers, numbers, numbers, numbers
    )  # fmt: skip


def _parted(rows: Integers, geometries: Geometries) -> tuple[Integers, Geometries]:
    """Geometries with collections taken apart, each with its row."""
    while (collected := shapely.get_type_id(geometries) == COLLECTION).any():
        parts, owners = shapely.get_parts(geometries[collected], return_index=True)
        rows = np.concatenate([rows[~collected], rows[collected][owners]])
        geometries = np.concatenate([geometries[~collected], parts])
        filled = ~shapely.is_empty(geometries)
        rows, geometries = rows[filled], geometries[filled]
    return rows, geometries


def _shapes(geometries: Geometries, rows: Integers, kind: int) -> Shapes:
    """Shapes of one kind, in the coordinates of the geometries."""
    _type, coordinates, offsets = shapely.to_ragged_array(geometries, include_z=False)
    several = shapely.get_type_id(geometries).max() > POLYGON
    count = len(geometries)
    if kind == POINT:
        sizes = np.diff(offsets[0]) if several else np.ones(count, np.int64)
        owners, holes = np.arange(count), np.zeros(count, bool)
    elif kind == LINE:
        sizes = np.diff(offsets[0])
        owners = np.repeat(np.arange(count), np.diff(offsets[1])) if several else np.arange(count)
        holes = np.zeros(len(sizes), bool)
    else:
        sizes = np.diff(offsets[0])
        holes = np.ones(len(sizes), bool)
        rings = np.diff(offsets[1])
        holes[offsets[1][:-1][rings > 0]] = False
        polygon_owners = np.repeat(np.arange(count), np.diff(offsets[2])) if several else np.arange(count)
        owners = np.repeat(polygon_owners, rings)
    x, y = np.ascontiguousarray(coordinates[:, 0]), np.ascontiguousarray(coordinates[:, 1])
    zeros = np.zeros(count, np.int64)
    shapes = Shapes(
        x, y, sizes.astype(np.int64), owners, holes, rows.astype(np.int64), np.full(count, kind), zeros, zeros
    )
    return _opened(shapes) if kind == POLYGON else shapes


def _opened(shapes: Shapes) -> Shapes:
    """Rings without the closing vertex."""
    keep = np.ones(len(shapes.x), bool)
    keep[(shapes.starts + shapes.sizes)[shapes.sizes > 0] - 1] = False
    sizes = np.maximum(shapes.sizes - 1, 0)
    opened = replace(shapes, x=shapes.x[keep], y=shapes.y[keep], sizes=sizes)
    return opened.kept(sizes > 0)


def _tile_axes(longitudes: Floats, latitudes: Floats, tms: TileMatrixSet) -> tuple[Floats, Floats]:
    """Positions in sides of a tile of level 0 from its upper left corner."""
    x = (longitudes + HALF_TURN) / (FULL_TURN / tms.columns)
    if tms is not WEB_MERCATOR_QUAD:
        return x, (HALF_TURN / 2 - latitudes) / HALF_TURN
    clipped = np.radians(np.clip(latitudes, -LAST_LATITUDE, LAST_LATITUDE))
    with np.errstate(invalid="ignore"):
        return x, 0.5 - np.arcsinh(np.tan(clipped)) / (2 * np.pi)


def _finite(shapes: Shapes) -> Shapes:
    """Without vertices that are nowhere."""
    finite = np.isfinite(shapes.x) & np.isfinite(shapes.y)
    if finite.all():
        return shapes
    counts = np.add.reduceat(finite.astype(np.int64), shapes.starts)
    rest = replace(shapes, x=shapes.x[finite], y=shapes.y[finite], sizes=counts)
    return rest.kept(counts > 0)


def in_tile(shapes: Shapes, tms: TileMatrixSet, z: int, y: int, x: int) -> Shapes:
    """What the tile of level `z`, row `y` and column `x` holds of `shapes_of`, cut to it.

    What touches the antimeridian appears in the margin of the tiles on its other side too.
    """
    scale = 2.0**z
    world = tms.columns * scale
    several = []
    left, right, _top, _bottom = shapes.piece_boxes()
    for turn in (-world, 0.0, world):
        touching = (right * scale + turn >= x - MARGIN) & (left * scale + turn <= x + 1 + MARGIN)
        if touching.any():
            chosen = shapes.kept_pieces(touching)
            several.append(clip(replace(
                chosen, x=chosen.x * scale + (turn - x), y=chosen.y * scale - y,
                rows=np.full(len(chosen.rows), y), columns=np.full(len(chosen.rows), x),
            )))  # fmt: skip
    return joined(several) if several else empty()
