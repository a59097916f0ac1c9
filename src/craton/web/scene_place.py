"""Where a dataset lies in a scene: metres of a projected system of its place, from an origin near it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import numpy as np

from craton.model import crs as systems
from craton.model.errors import NotFoundError
from craton.model.record import Record
from craton.store.grid_window import has_place
from craton.store.grid_window_place import moved_points
from craton.store.volume_bricks import has_bricks
from craton.store.volume_bricks_place import MOST_DEGREES, ZONE_DEGREES, flat, in_metres, metric_crs

Numbers = np.ndarray[Any, np.dtype[np.float64]]

DIGITS = 3
"""Decimals of metres that are told: a millimetre."""

DEGREE_DIGITS = 7
"""Decimals of degrees that are told: a centimetre."""


class Extent(msgspec.Struct, frozen=True):
    """Least and greatest easting, northing and upward of a dataset, in metres of its scene."""

    easting: tuple[float, float]
    northing: tuple[float, float]
    upward: tuple[float, float]

    @classmethod
    def of(cls, places: Numbers) -> Extent:
        """Extent of places (n, 3); those that are not finite are left out."""
        there = places[np.isfinite(places).all(axis=1)]
        if not len(there):
            return cls((0.0, 0.0), (0.0, 0.0), (0.0, 0.0))
        ends = [(round(float(a), DIGITS), round(float(b), DIGITS)) for a, b in
                zip(there.min(axis=0), there.max(axis=0), strict=True)]  # fmt: skip
        return cls(*ends)

    @property
    def origin(self) -> tuple[float, float, float]:
        """Middle of the extent in whole metres, at height 0, so that heights stay what they are."""
        return float(round(sum(self.easting) / 2)), float(round(sum(self.northing) / 2)), 0.0


def corners(crs: str, extent: Extent) -> list[tuple[float, float]] | None:
    """Longitude and latitude of the corners: south-west, south-east, north-east, north-west.

    None where the system has no place on Earth, or a corner lies beyond what it can show.
    """
    if not systems.is_placed(crs):
        return None
    (west, east), (south, north) = extent.easting, extent.northing
    around = np.array([[west, south], [east, south], [east, north], [west, north]])
    found = np.column_stack(moved_points(crs, "OGC:CRS84", *around.T))
    if not np.isfinite(found).all():
        return None
    return [(longitude, latitude) for longitude, latitude in np.round(found, DEGREE_DIGITS).tolist()]


class Placed(NamedTuple):
    """Positions in a scene: its system, and easting and northing of each."""

    crs: str
    easting: Numbers
    northing: Numbers


def placed(crs: str, east: Numbers, north: Numbers) -> Placed:
    """Positions of `crs` in the system of their scene; NaN where there is none.

    Raises
    ------
    NotFoundError
        If they lie on longitudes and latitudes too far apart, or nowhere.
    """
    there = np.isfinite(east) & np.isfinite(north)
    if not there.any():
        raise NotFoundError("nothing of it has a place, so there is no scene of it")
    bounds = (east[there].min(), north[there].min(), east[there].max(), north[there].max())
    system = metric_crs(crs, (float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3])))
    if system != flat(crs):
        east, north = moved_points(crs, system, east, north)
    found = np.isfinite(east) & np.isfinite(north)
    return Placed(system, np.where(found, east, np.nan), np.where(found, north, np.nan))


def has_scene(record: Record) -> bool:
    """Whether there is a scene of `record`, told from the record alone."""
    return not why_no_scene(record)


def why_no_scene(record: Record) -> str:
    """Why there is no scene of `record`, told from the record alone; empty where there is one."""
    data = record.assets.get("data")
    if record.kind not in _FITTING or data is None:
        return "there is nothing in it to be drawn"
    if not record.content or not all(member.sha256 for member in data.members):
        return "its data lies elsewhere"
    if not _FITTING[record.kind](record):
        return "its data has no place along axes" if record.kind in {"volume", "grid"} else "it has no places"
    if record.kind == "mesh" and not in_metres(record.crs):
        return "its surfaces lie on longitudes and latitudes, or in feet, not in metres"
    if record.bbox is None or not systems.is_geographic(record.crs):
        return ""
    west, south, east, north = record.bbox
    width = (east - west) % 360 or 360 * (east > west)
    most = ZONE_DEGREES if record.kind == "grid" else MOST_DEGREES
    wide = width > most or north - south > MOST_DEGREES
    return f"it reaches over more than {most:g} degrees, which lie on no plane" if wide else ""


def _has_geometry(record: Record) -> bool:
    return record.bbox is not None or "native_bounds" in record.properties


_FITTING: dict[str, Callable[[Record], bool]] = {
    "volume": has_bricks, "grid": has_place, "table": _has_geometry, "boreholes": _has_geometry,
    "mesh": lambda record: "parts" in record.assets,
}  # fmt: skip
"""What a dataset of a kind must have for a scene."""
