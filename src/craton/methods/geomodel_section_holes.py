"""Drill holes near a section, turned into the plane of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from craton.methods.borehole_layers import LITHOLOGY, UNIT, Layers, layers_of, texts
from craton.methods.borehole_places import placed_holes
from craton.methods.placement import crs_of
from craton.model.data import Boreholes
from craton.model.errors import ContractError

HAIR = 0.01
"""Metres beyond the ends of a section at which a hole counts as at its end."""


class NearHoles(NamedTuple):
    """Intervals near a section: distances along it and elevations (n, 2) of their ends, what they are, whose.

    `holes` are names with distance and elevation of their collars.
    """

    distance: np.ndarray
    upward: np.ndarray
    text: np.ndarray
    holes: list[tuple[str, float, float]]
    reach: float


def holes_near(
    process: str,
    boreholes: Boreholes,
    crs: str,
    path: shapely.LineString,
    reach: float,
    *,
    table: str,
    column: str,
) -> NearHoles:
    """Intervals whose both ends lie within `reach` of `path`; holes without a height are left out."""
    layers, name = _layers(process, boreholes, table, column)
    # Holes that state no reference system are taken to be in that of the model.
    placed = placed_holes(process, boreholes, crs if crs_of(boreholes.collars) else None)
    number = placed.number(layers.frame["hole_id"])
    depths = (layers.frame[end].to_numpy(float) for end in ("from_depth", "to_depth"))
    ends = np.stack([placed.at(number, one) for one in depths])
    known = np.isfinite(ends).all(axis=2)
    points = shapely.points(np.where(known[..., None], ends[..., :2], 0.0))
    near = (known & (shapely.distance(path, points) <= reach)).all(axis=0)
    longer = _lengthened(path)
    along = shapely.line_locate_point(longer, points[:, near])
    # Beyond the ends of the line everything falls on its end points; those holes are not beside it.
    beside = ((along > 0) & (along < longer.length)).all(axis=0)
    along = np.clip(along - HAIR, 0.0, path.length)
    kept = np.flatnonzero(near)[beside]
    words = texts(layers.frame[name])[kept]
    collars = []
    for hole in dict.fromkeys(number[kept].tolist()):
        at = placed.collars[hole]
        collars.append((str(placed.names[hole]), float(path.project(shapely.Point(at[:2]))), float(at[2])))
    return NearHoles(along[:, beside].T, ends[:, kept, 2].T, words, collars, reach)


def _lengthened(path: shapely.LineString) -> shapely.LineString:
    """The line, a hair longer at both ends, so that holes at its ends are beside it."""
    corners = shapely.get_coordinates(path)
    ways = corners[[0, -1]] - corners[[1, -2]]
    ends = corners[[0, -1]] + HAIR * ways / np.linalg.norm(ways, axis=1, keepdims=True)
    return shapely.LineString([ends[0], *corners, ends[1]])


def _layers(process: str, boreholes: Boreholes, table: str, column: str) -> tuple[Layers, str]:
    """Table of intervals and its column of units, or of lithology where there is none of units."""
    try:
        return layers_of(process, boreholes, table, column, meaning=UNIT, parameter="column")
    except ContractError:
        if column:
            raise
        return layers_of(process, boreholes, table, column, meaning=LITHOLOGY, parameter="column")
