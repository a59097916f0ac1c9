"""Locate: from gathered places to extent, footprint and heights, with the doubts about them."""

from __future__ import annotations

import re

import numpy as np

from craton.model import crs as systems
from craton.model import footprint
from craton.model.description import Description
from craton.model.errors import InvalidError
from craton.model.extent import (
    FULL_TURN,
    HALF_TURN,
    crosses,
    geographic_bbox,
    is_outside,
    outward,
    unwrapped,
)
from craton.model.places import CELLS, Places
from craton.model.record import Bbox, Interval

FAMILIES = {
    "Point": "points", "MultiPoint": "points", "LineString": "lines", "MultiLineString": "lines",
    "Polygon": "polygons", "MultiPolygon": "polygons", "GeometryCollection": "collections",
}  # fmt: skip


UTM_ZONE = re.compile(r'CONVERSION\["UTM zone (?P<zone>\d{1,2})(?P<half>[NS])"')
"""Zone of the Universal Transverse Mercator in the WKT of a system that has no code."""


def locate(places: Places, crs: str, description: Description) -> None:
    """Extent, footprint and heights of `places` in `crs` (normalised, or empty), into `description`."""
    _find_doubts(places, description)
    if places.types:
        description.properties["geometry_types"] = sorted(places.types)
    if places.empty:
        return
    description.vertical = _vertical(places, crs)
    if not systems.is_placed(crs):
        state_native_bounds(tuple(places.bounds.tolist()), description)
        return
    try:
        bbox = _bbox(places, crs)
    except InvalidError as error:
        description.find("extent-outside-crs", message=error.message)
        state_native_bounds(tuple(places.bounds.tolist()), description)
        return
    set_bbox(bbox, crs, description)
    description.footprint = _footprint(places, crs, bbox)


def set_bbox(bbox: Bbox, crs: str, description: Description) -> None:
    """Set the extent, and doubt it where it crosses the antimeridian or leaves the area of `crs`."""
    description.bbox = bbox
    description.find("antimeridian-crossed", crosses(bbox))
    area = _area(crs) if crs else None
    if area and is_outside(bbox, area):
        description.find("extent-outside-crs", message=f"{_shown(crs)} is made for {_in_words(area)}")


def _area(crs: str) -> Bbox | None:
    """Area that `crs` is made for; of a UTM system without a code, that of its zone."""
    zone = UTM_ZONE.search(crs)
    if zone is None:
        return systems.area_of_use(crs)
    return systems.area_of_use(f"EPSG:32{6 if zone['half'] == 'N' else 7}{int(zone['zone']):02d}")


def _shown(crs: str) -> str:
    zone = UTM_ZONE.search(crs)
    return f"UTM zone {zone['zone']}{zone['half']}" if zone else crs[:40]


def state_native_bounds(bounds: tuple[float, ...], description: Description) -> None:
    """Keep the extent in the data's own coordinates where it has no place on the Earth."""
    description.properties["native_bounds"] = [float(number) for number in bounds]


def _in_words(area: Bbox) -> str:
    west, south, east, north = area
    return f"{west:g} to {east:g}° E, {south:g} to {north:g}° N"


def _find_doubts(places: Places, description: Description) -> None:
    description.find("geometry-null", places.missing)
    share = f"{places.checked:,} of {places.features - places.missing:,} features"
    partly = 0 < places.checked < places.features - places.missing and places.types - {"Point", "MultiPoint"}
    description.find("geometry-invalid", places.invalid, f"among {share} that were checked" if partly else "")
    if partly:
        description.steps.append(f"validity of geometry was checked in {share}")
    families = sorted({FAMILIES[name] for name in places.types})
    description.find("geometry-mixed", len(families) > 1, ", ".join(families))
    mostly = 2 * places.outside > places.features - places.missing
    code = "extent-outside-crs" if mostly else "coordinate-out-of-range"
    description.find(code, places.outside, "they are left out of the extent")
    description.find("coordinate-zero", places.zero)


def _vertical(places: Places, crs: str) -> Interval | None:
    """Range of third coordinates in metres upward; none where all are 0, as in exports without heights."""
    if not np.isfinite(places.heights).all() or not places.heights.any():
        return None
    low, high = sorted(places.heights * systems.metres_upward(crs))
    return Interval(minimum=float(low), maximum=float(high))


def _bbox(places: Places, crs: str) -> Bbox:
    west, south, east, north = places.bounds.tolist()
    if systems.is_geographic(crs):
        bbox = geographic_bbox(crs, places.arcs, south, north)
    else:
        bbox = systems.to_crs84_bounds(crs, (west, south, east, north))
    return outward(_holding(bbox, _placed(places, crs)))


def _holding(bbox: Bbox, positions: np.ndarray) -> Bbox:
    """`bbox` widened to hold `positions`: edges are followed in steps, between which the curve may bulge."""
    if not len(positions) or (bbox[0], bbox[2]) == (-HALF_TURN, HALF_TURN):
        return bbox
    longitudes = unwrapped(positions[:, 0], bbox)
    past = FULL_TURN * crosses(bbox)
    west, east = min(bbox[0], longitudes.min()), max(bbox[2] + past, longitudes.max())
    south, north = min(bbox[1], positions[:, 1].min()), max(bbox[3], positions[:, 1].max())
    west, east = systems.wrap(float(west), float(east))
    return west, max(south, -90.0), east, min(north, 90.0)


def _placed(places: Places, crs: str) -> np.ndarray:
    """Longitudes and latitudes of the thinned positions that can be transformed."""
    positions = places.positions()
    found = systems.to_crs84(crs, positions[:, 0], positions[:, 1])
    return found[np.isfinite(found).all(axis=1)]


def _footprint(places: Places, crs: str, bbox: Bbox) -> footprint.Footprint | None:
    if places.polygons:
        return footprint.of_polygons(
            np.concatenate(places.polygons),
            lambda positions: systems.to_crs84(crs, positions[:, 0], positions[:, 1]),
            bbox,
        )
    width = (bbox[2] - bbox[0]) % 360.0
    thinned = places.features > CELLS * CELLS
    spacing = max(width, bbox[3] - bbox[1]) / CELLS if thinned else 0.0
    return footprint.of_points(_placed(places, crs), bbox, spacing=spacing)
