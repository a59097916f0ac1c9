"""Geometries of rows as GeoJSON in degrees; of a long one, its kind, box and number of vertices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from craton.model import crs as systems
from craton.web.mcp_tool import Json

MOST_VERTICES = 30

DECIMALS = 7
"""Of degrees: about a centimetre."""


def geometry_cells(geometries: Sequence[Any], crs: str, cut: list[str]) -> tuple[list[Json | None], str]:
    """Geometries in `crs` as GeoJSON, and a remark where coordinates could not be brought to degrees."""
    placed = systems.is_placed(crs)
    remark = "" if placed else f"as stored, in {crs or 'a reference system that is not stated'}; no degrees"
    return [None if g is None else _cell(g, crs if placed else "", cut) for g in geometries], remark


def _cell(geometry: shapely.Geometry, crs: str, cut: list[str]) -> Json:
    flat = shapely.force_2d(geometry)
    if crs:
        flat = shapely.transform(flat, lambda xy: systems.to_crs84(crs, xy[:, 0], xy[:, 1]))
    count = int(shapely.get_num_coordinates(flat))
    if count <= MOST_VERTICES:
        said: Json = _rounded(shapely.geometry.mapping(flat))
        return said
    note = f"geometries of more than {MOST_VERTICES} vertices: only their box in degrees"
    if note not in cut:
        cut.append(note)
    bounds = [round(float(v), DECIMALS) for v in shapely.bounds(flat)]
    return {"type": flat.geom_type, "bbox": bounds, "vertices": count}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DECIMALS) if np.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return {key: _rounded(part) for key, part in value.items()} if isinstance(value, dict) else value
