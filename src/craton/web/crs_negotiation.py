"""Coordinate reference systems by reference (18-058r1): their addresses, axis order, and positions in them.

Stored positions are always in the order easting, northing; what is asked and answered is in the order
that the system defines, for CRS84 longitude before latitude, for EPSG:4326 the other way round.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError, ProjError

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.model.record import Bbox, Record

REGISTER = "http://www.opengis.net/def/crs"
CRS84 = f"{REGISTER}/OGC/1.3/CRS84"
CRS84H = f"{REGISTER}/OGC/0/CRS84h"

USUAL = ("EPSG:3857", "EPSG:4326")
"""Systems that clients most often ask for."""

GEOGRAPHIC_DIGITS, PROJECTED_DIGITS = 8, 4
"""Decimals of transformed degrees (about 1 mm) and of lengths."""

EDGE_POINTS = 16
"""Points that each edge of a box is divided by when it is transformed."""

LONGEST = 200
"""Characters of a name that is looked at."""

_ADDRESS = re.compile(
    r"https?://www\.opengis\.net/def/crs/(?P<authority>[A-Za-z]+)/(?P<version>[\w.]+)/(?P<code>\w+)"
)
_URN = re.compile(
    r"urn:ogc:def:crs:(?P<authority>[A-Za-z]+):(?P<version>[\w.]*):(?P<code>\w+)", re.IGNORECASE
)
_SHORT = re.compile(r"\[?(?P<authority>[A-Za-z]+)[:-](?P<code>\w+)\]?")


@dataclass(frozen=True)
class System:
    """A reference system that positions are asked or given in.

    Parameters
    ----------
    address : str
        Its URI, as `Content-Crs` tells it.
    name : str
        Its name for PROJ: `EPSG:32648`, `OGC:CRS84`.
    is_swapped : bool
        Whether it puts northing or latitude first.
    """

    address: str
    name: str
    is_swapped: bool = False

    @property
    def is_default(self) -> bool:
        """Whether positions are longitude and latitude in this order, as in GeoJSON."""
        return self.name == systems.CRS84

    @property
    def digits(self) -> int:
        """Decimals of transformed coordinates."""
        return GEOGRAPHIC_DIGITS if systems.is_geographic(self.name) else PROJECTED_DIGITS


DEFAULT = System(CRS84, systems.CRS84)


def address_of(crs: str) -> str:
    """URI of a system as records name it, empty where it has none."""
    authority, colon, code = crs.partition(":")
    if crs == systems.CRS84:
        return CRS84
    if not colon or not code.isalnum():
        return ""
    return f"{REGISTER}/{authority.replace('_', '/') if '_' in authority else f'{authority}/0'}/{code}"


@lru_cache(maxsize=256)
def system_of(text: str, parameter: str = "crs") -> System:
    """System that a client names by URI, URN or `[EPSG:code]`.

    Raises
    ------
    InvalidError
        If it is not known, or has no longitude and latitude.
    """
    shown = text[:80]
    found = next((m for rule in (_ADDRESS, _URN, _SHORT) if (m := rule.fullmatch(text[:LONGEST]))), None)
    if found is None:
        raise InvalidError(
            f"{parameter} must be the address of a reference system, not {shown!r}",
            hint=f"such as {CRS84} or {REGISTER}/EPSG/0/4326",
        )
    authority, code = found["authority"].upper(), found["code"]
    if authority == "OGC" and code.upper() in {"CRS84", "CRS84H"}:
        return DEFAULT if code.upper() == "CRS84" else System(CRS84H, systems.CRS84)
    name = f"{authority}:{code}"
    if authority != "EPSG" or not systems.is_placed(name):
        raise InvalidError(f"{parameter} {shown!r} is not known here", hint="use a system of EPSG, or CRS84")
    return System(f"{REGISTER}/EPSG/0/{code}", name, _is_swapped(name))


def _is_swapped(name: str) -> bool:
    """Whether the authority's axis order differs from easting, northing, as PROJ itself computes it."""
    area = systems.area_of_use(name)
    west, south, east, north = area or (-10.0, -10.0, 20.0, 30.0)
    east += 360.0 * (east < west)
    place = west + 0.3 * (east - west), south + 0.6 * (north - south)
    system = pyproj.CRS.from_user_input(name)
    try:
        pairs = [
            pyproj.Transformer.from_crs(systems.CRS84, system, always_xy=fixed).transform(*place)[:2]
            for fixed in (True, False)
        ]
    except ProjError:
        return system.axis_info[0].direction.lower() == "north"
    return pairs[0] != pairs[1] and np.allclose(pairs[0], pairs[1][::-1])


def addresses_of(record: Record) -> tuple[str, ...]:
    """Systems told for a dataset: the usual ones, and its own."""
    own = address_of(record.crs) if systems.is_placed(record.crs) else ""
    usual = (f"{REGISTER}/EPSG/0/{name.partition(':')[2]}" for name in USUAL)
    return tuple(dict.fromkeys(one for one in (CRS84, own, *usual) if one))


@lru_cache(maxsize=128)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    try:
        return pyproj.Transformer.from_crs(_flat(source), _flat(target), always_xy=True)
    except (CRSError, ProjError) as error:
        raise InvalidError(f"positions cannot be transformed to {target[:80]}") from error


def _flat(name: str) -> pyproj.CRS:
    """Horizontal system of `name`: heights stay as they are."""
    system = pyproj.CRS.from_user_input(name)
    if system.is_bound and system.source_crs:
        system = system.source_crs
    if system.is_compound:
        system = system.sub_crs_list[0]
    return system.to_2d()


def geometries_in(wkb: Sequence[bytes | None], source: str, target: System) -> list[bytes]:
    """Geometries as GeoJSON objects with positions in `target`, in its axis order.

    Parameters
    ----------
    wkb : sequence of bytes or None
        In `source`, easting before northing.
    source : str
        Name of the stored system.

    Returns
    -------
    list of bytes
        `null` where there is none, or where a position cannot be transformed.
    """
    shapes = shapely.from_wkb(np.array(wkb, dtype=object))
    heights = shapely.has_z(shapes)
    for include_z in (False, True):
        chosen = heights == include_z
        if chosen.any():
            shapes[chosen] = _moved(shapes[chosen], source, target, include_z=include_z)
    bounds = shapely.bounds(shapes)
    broken = ~(np.isfinite(bounds).all(axis=1) | shapely.is_empty(shapes))
    shapes[broken] = None
    return [b"null" if text is None else text.encode() for text in shapely.to_geojson(shapes)]


def _moved(
    shapes: NDArray[np.object_], source: str, target: System, *, include_z: bool
) -> NDArray[np.object_]:
    def moved(positions: NDArray[np.float64]) -> NDArray[np.float64]:
        found = positions.copy()
        if source != target.name:
            columns = _transformer(source, target.name).transform(
                positions[:, 0], positions[:, 1], errcheck=False
            )
            found[:, :2] = np.round(np.column_stack(columns), target.digits)
        if target.is_swapped:
            found[:, [0, 1]] = found[:, [1, 0]]
        return found

    return np.asarray(shapely.transform(shapes, moved, include_z=include_z), dtype=object)


def numbers_of(text: str, parameter: str, *counts: int) -> list[float]:
    """Finite numbers parted by commas, as many as one of `counts`."""
    try:
        numbers = [float(part) for part in text.split(",")] if len(text) <= 20 * LONGEST else []
    except ValueError:
        numbers = []
    if len(numbers) not in counts or not all(map(math.isfinite, numbers)):
        allowed = " or ".join(map(str, counts))
        raise InvalidError(f"{parameter} must be {allowed} numbers parted by commas, not {text[:60]!r}")
    return numbers


def box_of(text: str, system: System = DEFAULT, parameter: str = "bbox") -> Bbox:
    """Box in longitude and latitude of four numbers, or of six with heights, in `system`.

    West lies east of east where the box crosses the antimeridian.
    """
    numbers = numbers_of(text, parameter, 4, 6)
    flat = numbers if len(numbers) == 4 else [*numbers[:2], *numbers[3:5]]
    if len(numbers) == 6 and numbers[2] > numbers[5]:
        raise InvalidError(f"{parameter}: the lower height {numbers[2]:g} is above the upper {numbers[5]:g}")
    if system.is_swapped:
        flat = [flat[1], flat[0], flat[3], flat[2]]
    west, south, east, north = flat
    if south > north:
        raise InvalidError(
            f"{parameter}: its south {south:g} lies above its north {north:g}",
            hint="give the lower corner, then the upper one, in the axis order of the system",
        )
    if systems.is_geographic(system.name):
        return _geographic(west, south, east, north, system, parameter)
    if west > east:
        raise InvalidError(f"{parameter}: its west {west:g} lies east of its east {east:g}")
    return systems.to_crs84_bounds(system.name, (west, south, east, north))


def _geographic(west: float, south: float, east: float, north: float, system: System, parameter: str) -> Bbox:
    if max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 540:
        order = "latitude, longitude" if system.is_swapped else "longitude, latitude"
        raise InvalidError(
            f"{parameter} is not in degrees: latitude {south:g} to {north:g}, longitude {west:g} to {east:g}",
            hint=f"the order in this system is {order} of the lower corner, then of the upper one",
        )
    if west <= east:
        west, east = systems.wrap(west, east)
    return west, south, east, north


def ring_of(text: str, system: System) -> NDArray[np.float64]:
    """Outline of a box of a projected system in longitude and latitude, with points along its edges."""
    numbers = numbers_of(text, "bbox", 4, 6)
    flat = numbers if len(numbers) == 4 else [*numbers[:2], *numbers[3:5]]
    if system.is_swapped:
        flat = [flat[1], flat[0], flat[3], flat[2]]
    step = max(flat[2] - flat[0], flat[3] - flat[1], 1e-9) / EDGE_POINTS
    outline = shapely.get_coordinates(shapely.segmentize(shapely.box(*flat), step))
    return systems.to_crs84(system.name, outline[:, 0], outline[:, 1])


def to_default(positions: NDArray[np.float64], system: System) -> NDArray[np.float64]:
    """Longitudes and latitudes of positions (n, 2) in `system`, in its axis order.

    Raises
    ------
    InvalidError
        If one lies where it cannot be transformed.
    """
    found = positions[:, ::-1] if system.is_swapped else positions
    moved = systems.to_crs84(system.name, found[:, 0], found[:, 1])
    if not np.isfinite(moved).all():
        raise InvalidError(f"a position of the filter lies outside the area of {system.name}")
    return moved
