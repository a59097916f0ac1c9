"""Sides of the boundaries of a geological map: which units lie on either side of places along them."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely

PROBE = 0.05
"""Distance from a boundary, in spacings, at which the units on its sides are looked up."""

RIBBON = 10.0
"""Length over width from which a polygon is a ribbon: half its outline over its area over that."""

ACROSS = 3.0
"""Widths of a ribbon within which its other side is looked for."""

LEAST_PLACES, MOST_PLACES = 12, 200
"""Places around a ribbon at which its sides are looked at."""


class Parts(NamedTuple):
    """Polygons (n,) of a map, each of one piece, and the numbers (n,) of their units."""

    shapes: np.ndarray
    units: np.ndarray

    @property
    def tree(self) -> shapely.STRtree:
        """Index of the polygons."""
        return shapely.STRtree(self.shapes)


class Sides(NamedTuple):
    """Places (n, 2) around polygons, unit vectors (n, 2) inward, and the units (n,) within and beyond."""

    places: np.ndarray
    inward: np.ndarray
    own: np.ndarray
    beyond: np.ndarray


def parts_of(geology: gpd.GeoDataFrame, numbers: np.ndarray) -> Parts:
    """Pieces of the polygons of a map whose unit has a number from 0."""
    shapes = shapely.make_valid(geology.geometry.to_numpy())
    pieces, own = shapely.get_parts(shapes, return_index=True)
    areal = (shapely.get_type_id(pieces) == 3) & (numbers[own] >= 0)
    return Parts(pieces[areal], numbers[own[areal]])


def sides_of(
    part: shapely.Polygon, unit: int, tree: shapely.STRtree, units: np.ndarray, spacing: float
) -> Sides:
    """Places about a spacing apart around a polygon, where another unit lies right beyond it."""
    at, inward = _along([part.exterior, *part.interiors], spacing, PROBE * spacing / 4)
    side = PROBE * spacing * inward
    within, outer = shapely.points(at + side), shapely.points(at - side)
    shapely.prepare(part)
    inside = [shapely.contains(part, one) for one in (within, outer)]
    inward = np.where(inside[0][:, None], inward, -inward)
    beyond = unit_at(np.where(inside[0], outer, within), tree, units)
    kept = (inside[0] != inside[1]) & (beyond >= 0) & (beyond != unit)
    return Sides(at[kept], inward[kept], np.full(int(kept.sum()), unit), beyond[kept])


def unit_at(points: np.ndarray, tree: shapely.STRtree, units: np.ndarray) -> np.ndarray:
    """Number (n,) of the unit at points, the least where polygons overlap, −1 where none lies."""
    found = np.full(len(points), np.iinfo(np.int64).max)
    number, part = tree.query(points, predicate="intersects")
    np.minimum.at(found, number, units[part])
    return np.where(found == np.iinfo(np.int64).max, -1, found)


def is_ribbon(shapes: np.ndarray) -> np.ndarray:
    """Whether polygons (n,) are many times as long as they are wide."""
    area = np.maximum(shapely.area(shapes), 1e-9)
    ribbons: np.ndarray = shapely.length(shapes) ** 2 / (4.0 * area) > RIBBON
    return ribbons


def both_sides(part: shapely.Polygon, tree: shapely.STRtree, units: np.ndarray) -> np.ndarray:
    """Units (n, 2) beyond a ribbon on the near and on the far side of places around it, −1 for none."""
    width = 2.0 * part.area / part.length
    count = int(np.clip(part.length / (2.0 * width), LEAST_PLACES, MOST_PLACES))
    at, inward = _along([part.exterior], part.length / count, width / 100.0)
    probe = width / 10.0
    shapely.prepare(part)
    inside = [shapely.contains(part, shapely.points(at + sense * probe * inward)) for sense in (1.0, -1.0)]
    inward = np.where(inside[0][:, None], inward, -inward)[inside[0] != inside[1]]
    at = at[inside[0] != inside[1]]
    rays = shapely.linestrings(np.stack([at, at + ACROSS * width * inward], axis=1))
    far = at + inward * (np.array([_first(ray, part) for ray in rays]) + probe)[:, None]
    near = unit_at(shapely.points(at - probe * inward), tree, units)
    return np.column_stack([near, unit_at(shapely.points(far), tree, units)])


def _first(ray: shapely.LineString, part: shapely.Polygon) -> float:
    """Length of the piece of a ray within a polygon that starts with the ray."""
    pieces = shapely.get_parts(shapely.intersection(ray, part))
    start = shapely.get_point(ray, 0)
    return float(pieces[np.argmin(shapely.distance(pieces, start))].length) if len(pieces) else 0.0


def _along(rings: list[shapely.LinearRing], spacing: float, ahead: float) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) about `spacing` apart along rings, and unit vectors (n, 2) to the left of them."""
    steps = [np.arange(max(1, round(ring.length / spacing))) + 0.5 for ring in rings]
    lines = np.repeat(np.array(rings, dtype=object), [len(one) for one in steps])
    along = np.concatenate([
        one * ring.length / len(one) for one, ring in zip(steps, rings, strict=True)
    ])  # fmt: skip
    at, later = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines, along + more)) for more in (0.0, ahead)
    )
    way = later - at
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
    return at, np.column_stack([-way[:, 1], way[:, 0]])
