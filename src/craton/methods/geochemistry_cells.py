"""Cells of geochemical maps: their areas, and outlines of groups of them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from craton.methods.placement import Place
from craton.methods.vector_shapes import areas, metres_of

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]


def row_areas(process: str, name: str, place: Place) -> Floats:
    """Area in km² of a cell in each row: on the ellipsoid where axes are degrees, else in the plane.

    Axes of a grid that states no reference system count as metres.
    """
    down, right = place.spacing
    if not place.is_geographic:
        metres = metres_of(place.crs) if place.crs else 1.0
        return np.full(place.shape[0], down * right * metres**2 / 1e6)
    middles = place.first[0] + place.step[0] * np.arange(place.shape[0])
    south, north = np.clip(middles - down / 2, -90, 90), np.clip(middles + down / 2, -90, 90)
    boxes = gpd.GeoDataFrame(geometry=shapely.box(0.0, south, right, north), crs=place.crs or "EPSG:4326")
    return areas(process, name, boxes)


def outlines(labels: Labels, place: Place, count: int) -> NDArray[Any]:
    """Polygon along the edges of the cells of each label from 1; an empty one where there are none."""
    from rasterio.features import shapes

    parts: list[list[Any]] = [[] for _ in range(count)]
    drawn = shapes(labels, mask=labels > 0, connectivity=4, transform=place.upright_transform)
    for outline, label in drawn:
        parts[int(label) - 1].append(shapely.geometry.shape(outline))
    found = np.empty(count, dtype=object)
    found[:] = [part[0] if len(part) == 1 else shapely.union_all(part) for part in parts]
    return found
