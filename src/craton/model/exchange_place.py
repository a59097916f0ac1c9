"""Where a record lies, as GeoJSON documents say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from craton.model.record import Bbox, Record

Json = dict[str, Any]
"""A JSON object."""

MAX_DEPTH = 8
"""Nesting of coordinates that is followed."""


def place(record: Record) -> Json:
    """Geometry and box; a record that is nowhere has a geometry of null and no box."""
    if record.footprint and record.footprint.get("type"):
        bbox = record.bbox or _bounds(record.footprint)
        if bbox:
            return {"geometry": record.footprint, "bbox": list(bbox)}
    if record.bbox is None:
        return {"geometry": None}
    return {"geometry": _outline(record.bbox), "bbox": list(record.bbox)}


def _outline(bbox: Bbox) -> Json:
    """Polygon of a box; two where it crosses 180 degrees (RFC 7946, 3.1.9)."""
    west, south, east, north = bbox
    if west <= east:
        return {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]}
    halves = (_ring(west, south, 180.0, north), _ring(-180.0, south, east, north))
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in halves]}


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def _bounds(geometry: Json) -> Bbox | None:
    """Box of a geometry's coordinates, `None` where it has none."""
    positions = list(_positions(geometry.get("coordinates"), MAX_DEPTH))
    if not positions:
        return None
    longitudes, latitudes = zip(*positions, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _positions(coordinates: object, depth: int) -> Iterator[tuple[float, float]]:
    if not isinstance(coordinates, list | tuple) or not coordinates or not depth:
        return
    if isinstance(coordinates[0], int | float):
        yield float(coordinates[0]), float(coordinates[1])
        return
    for part in coordinates:
        yield from _positions(part, depth - 1)


def flat_box(bbox: list[float] | None) -> Bbox | None:
    """Box without heights."""
    match bbox:
        case [west, south, east, north] | [west, south, _, east, north, _]:
            return west, south, east, north
    return None


def read_footprint(geometry: Json | None, bbox: list[float] | None) -> Json | None:
    """Geometry of a document where it says more than its box."""
    box = flat_box(bbox)
    return None if box and geometry == _outline(box) else geometry
