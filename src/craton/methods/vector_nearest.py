"""Nearest features: which of many is nearest to each, and how far in metres."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely

from craton.methods.vector_local import DEGREE, LocalPlane, finer
from craton.methods.vector_shapes import metres_of
from craton.model import crs as systems
from craton.process import progress

FULL_TURN = 360.0


def nearest_rows(left: np.ndarray, right: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    """Number of the nearest of `right` for each geometry of `left` (n,), and metres to it.

    The first of those equally near is taken; the number is −1 where there is none.
    """
    if not len(right):
        return np.full(len(left), -1), np.full(len(left), np.nan)
    if systems.is_geographic(crs):
        return _on_ellipsoid(finer(left), finer(right), crs)
    tree = shapely.STRtree(right)
    (own, other), distance = tree.query_nearest(left, return_distance=True, all_matches=True)
    order = np.lexsort((other, own))
    rows, first = np.unique(own[order], return_index=True)
    # Each geometry of the left is there: none is empty.
    assert len(rows) == len(left)
    return other[order][first], distance[order][first] * metres_of(crs)


def _on_ellipsoid(left: np.ndarray, right: np.ndarray, crs: str) -> tuple[np.ndarray, np.ndarray]:
    geod = pyproj.CRS(crs).get_geod()
    assert geod is not None
    tree = shapely.STRtree(right)
    rows, distances = np.empty(len(left), np.int64), np.empty(len(left))
    for number, shape in enumerate(left):
        if number % 256 == 0:
            progress.report(number / len(left), "looking for the nearest")
        plane = LocalPlane.around(shape, geod)
        own = plane.forward(shape)
        guess = plane.forward(right[tree.nearest(shape)])
        candidates = _within(tree, shape, float(shapely.distance(own, guess)))
        apart = np.array([shapely.distance(own, plane.forward(right[row])) for row in candidates])
        best = int(np.argmin(apart))
        rows[number], distances[number] = candidates[best], apart[best]
    return rows, distances


def _within(tree: shapely.STRtree, shape: object, distance: float) -> np.ndarray:
    """Rows, in order, of all that may lie within `distance` (m) of `shape`, across the antimeridian too."""
    west, south, east, north = shapely.bounds(shape)
    up = distance / DEGREE * 1.01 + 1e-9
    farthest = max(abs(south - up), abs(north + up))
    # A degree of longitude is shortest at the latitude farthest from the equator.
    across = up / np.cos(np.radians(farthest)) if farthest < 89 else FULL_TURN
    boxes = [
        shapely.box(west - across + turn, south - up, east + across + turn, north + up)
        for turn in (-FULL_TURN, 0.0, FULL_TURN)
    ]
    return np.unique(tree.query(boxes)[1])
