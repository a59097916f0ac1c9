"""Coordinate reference systems: names brought to one spelling, and extents in longitude and latitude.

Everything is asked of PROJ through pyproj, without its network. Coordinates
are always in the order easting, northing or longitude, latitude.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyproj
from pyproj.exceptions import CRSError, ProjError
from pyproj.network import set_network_enabled  # type: ignore[attr-defined]  # not in its list of exports

from craton.model.errors import InvalidError
from craton.model.record import Bbox

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

set_network_enabled(active=False)

CRS84 = "OGC:CRS84"

LOCAL = (
    'ENGCRS["local",EDATUM["unknown engineering datum"],CS[Cartesian,2],'
    'AXIS["easting (X)",east,ORDER[1],LENGTHUNIT["metre",1]],'
    'AXIS["northing (Y)",north,ORDER[2],LENGTHUNIT["metre",1]]]'
)
"""System of coordinates in metres that are tied to no place; `normalise("local")` gives it."""

CONFIDENCE = 70
"""Percent of agreement from which PROJ's identification is trusted; below it datum or name are in doubt."""

DENSIFY = 101
"""Points an edge is divided by when an extent is transformed."""

HALF_TURN, FULL_TURN = 180.0, 360.0

BEYOND = 5.0
"""Degrees by which cells of coarse grids reach past the poles and past the turn."""

_EPSG = re.compile(
    r"""(?ix) ^[^\[\]"]* \bepsg\b [^\[\]"]*? [:/\#\s=]+ (?P<code>\d{4,6}) (\.0)?$ | ^(?P<bare>\d{4,6})$"""
)
_CRS84 = re.compile(r"(?i)^(.*[:/])?crs:?84$")
_UTM = re.compile(
    r"(?i)^(wgs[ _-]?(19)?84)?[ /,_-]*utm[ /,_-]*(zone)?[ _-]*(?P<zone>\d{1,2})[ _-]*(?P<half>[NS])$"
)

Bounds = tuple[float, float, float, float]
"""West, south, east, north in the axes of a system."""


class Axes(NamedTuple):
    """Names of the horizontal axes of a system, and the unit of their numbers."""

    columns: str
    rows: str
    unit: str


def normalise(text: str) -> str:
    """One spelling for whatever names a system.

    Parameters
    ----------
    text : str
        Code (`EPSG:32648`, `32648`), URN, address, name (`WGS 84 / UTM zone 48N`),
        WKT of any age, PROJ string, PROJJSON, or `local`.

    Returns
    -------
    str
        `EPSG:n` where PROJ recognises it, `OGC:CRS84`, a code of another
        authority, else WKT 2.

    Raises
    ------
    InvalidError
        Where the system is not known, or states no horizontal position.
    """
    return _name(_known(text.strip()))


def identify(wkt: str) -> str:
    """`EPSG:n` of a WKT where PROJ is confident, else its WKT 2; see `normalise`."""
    return normalise(wkt)


@lru_cache(maxsize=256)
def _known(text: str) -> pyproj.CRS:
    """System that `text` names."""
    shown = " ".join(text.split())[:80]
    with warnings.catch_warnings():
        # Old PROJ strings and WKT draw warnings of which the person who adds data can do nothing.
        warnings.simplefilter("ignore")
        try:
            system = pyproj.CRS.from_user_input(_canonical(text))
        except (CRSError, TypeError, ValueError) as error:
            raise InvalidError(
                f"the coordinate reference system {shown!r} is not known",
                hint="give an EPSG code, such as EPSG:4326",
            ) from error
    if system.is_vertical and not system.is_compound:
        raise InvalidError(
            f"{shown!r} is a height system and states no position", hint="give a horizontal system"
        )
    return system


def _canonical(text: str) -> str:
    if text.casefold() in {"local", "local coordinates", "engineering"}:
        return LOCAL
    if epsg := _EPSG.match(text):
        return f"EPSG:{epsg['code'] or epsg['bare']}"
    if _CRS84.match(text):
        return CRS84
    if utm := _UTM.match(text):
        return f"EPSG:32{6 if utm['half'] in 'nN' else 7}{int(utm['zone']):02d}"
    return text


@lru_cache(maxsize=256)
def _name(system: pyproj.CRS) -> str:
    plain = system.source_crs if system.is_bound and system.source_crs else system
    own = plain.to_authority(min_confidence=100)
    if own and ":".join(own) == CRS84 and plain.name != "unknown":
        return CRS84
    stated = own[0] if own and plain.srs.upper().startswith(f"{own[0]}:") else "EPSG"
    for authority in dict.fromkeys(("EPSG", stated, "ESRI", "IAU_2015")):
        found = plain.to_authority(authority, min_confidence=CONFIDENCE)
        if found:
            return ":".join(found)
    return str(system.to_wkt("WKT2_2019"))


def _horizontal(system: pyproj.CRS) -> pyproj.CRS:
    """Horizontal part of a compound or bound system."""
    if system.is_bound and system.source_crs:
        return _horizontal(system.source_crs)
    return _horizontal(system.sub_crs_list[0]) if system.is_compound else system


@lru_cache(maxsize=256)
def is_geographic(crs: str) -> bool:
    """Whether coordinates of `crs` are longitudes and latitudes; False for an empty or unknown one."""
    try:
        return bool(crs) and bool(_horizontal(_known(crs)).is_geographic)
    except InvalidError:
        return False


@lru_cache(maxsize=256)
def is_local(crs: str) -> bool:
    """Whether `crs` is an engineering system, tied to no place on the Earth."""
    try:
        return bool(crs) and bool(_horizontal(_known(crs)).is_engineering)
    except InvalidError:
        return False


@lru_cache(maxsize=256)
def is_placed(crs: str) -> bool:
    """Whether positions in `crs` have a longitude and latitude of the Earth."""
    if not crs or is_local(crs):
        return False
    try:
        system = _horizontal(_known(crs))
    except InvalidError:
        return False
    ellipsoid = system.ellipsoid
    return (
        not system.is_geocentric and ellipsoid is not None and abs(ellipsoid.semi_major_metre - 6.378e6) < 1e4
    )


def axes(crs: str) -> Axes:
    """Names and unit of the horizontal axes: longitude, latitude or easting, northing; else metres."""
    if is_geographic(crs):
        return Axes("longitude", "latitude", "deg")
    return Axes("easting", "northing", _length_unit(_known(crs)) if crs else "m")


def _length_unit(system: pyproj.CRS) -> str:
    factor = next((axis.unit_conversion_factor for axis in _horizontal(system).axis_info), 1.0)
    return {0.3048: "ft", 0.3048006096: "ftUS", 1000.0: "km"}.get(round(factor, 10), "m")


def metres_upward(crs: str) -> float:
    """Metres in one unit of the vertical axis of `crs`, negative where it points down; 1 without one."""
    if not crs:
        return 1.0
    for axis in _known(crs).axis_info[2:]:
        sign = -1.0 if axis.direction == "down" else 1.0
        return sign * float(axis.unit_conversion_factor or 1.0)
    return 1.0


def area_of_use(crs: str) -> Bbox | None:
    """Area where `crs` is valid, west > east where it crosses the antimeridian; `None` where not known."""
    try:
        area = _known(crs).area_of_use or _known(normalise(crs)).area_of_use
    except InvalidError:
        return None
    return None if area is None else (area.west, area.south, area.east, area.north)


@lru_cache(maxsize=64)
def _transformer(crs: str) -> pyproj.Transformer:
    if not is_placed(crs):
        raise InvalidError(
            f"positions in {crs[:80]!r} have no longitude and latitude", hint="give a system with a place"
        )
    system = _horizontal(_known(crs))
    try:
        return pyproj.Transformer.from_crs(system, CRS84, always_xy=True)
    except ProjError:
        # A PROJ string kept in the remarks may ask for grids of heights that are not at hand.
        bare = {key: value for key, value in system.to_json_dict().items() if key != "remarks"}
    try:
        return pyproj.Transformer.from_crs(pyproj.CRS.from_json_dict(bare), CRS84, always_xy=True)
    except (ProjError, CRSError) as error:
        raise InvalidError(
            "positions in the reference system cannot be transformed to longitude and latitude"
        ) from error


def to_crs84(crs: str, eastings: ArrayLike, northings: ArrayLike) -> NDArray[np.float64]:
    """Longitudes and latitudes of positions in `crs`.

    Parameters
    ----------
    crs : str
        As `normalise` gives it.
    eastings, northings : array (n,)
        In the units of `crs`; longitudes and latitudes for a geographic one.

    Returns
    -------
    array (n, 2)
        Degrees; infinite where a position cannot be transformed. Longitudes of
        a geographic system keep their turn (190° stays 190°).
    """
    east, north = np.asarray(eastings, np.float64), np.asarray(northings, np.float64)
    if crs in {CRS84, "EPSG:4326", "EPSG:4979"}:
        return np.column_stack([east, north])
    longitude, latitude = _transformer(crs).transform(east, north, errcheck=False)
    if is_geographic(crs):
        with np.errstate(invalid="ignore"):
            longitude = east + (longitude - east + HALF_TURN) % FULL_TURN - HALF_TURN
    return np.column_stack([longitude, latitude])


def to_crs84_bounds(crs: str, bounds: Bounds) -> Bbox:
    """Extent in longitude and latitude of an extent in `crs`.

    Parameters
    ----------
    bounds : tuple
        West, south, east, north in the axes and units of `crs`.

    Returns
    -------
    tuple
        Degrees within ±180 and ±90; west > east where the extent crosses the
        antimeridian.

    Raises
    ------
    InvalidError
        Where `crs` is not known or has no place on the Earth, or the extent
        is not one of it or lies where it cannot be transformed.
    """
    if is_geographic(crs):
        west, south, east, north = bounds
        off = min(-south, north) < -90 or max(-south, north) > 90 + BEYOND
        if off or max(-west, east) > FULL_TURN + BEYOND:
            raise InvalidError("the extent is not one of longitudes and latitudes in degrees")
        corners = to_crs84(crs, [west, west, east, east], [south, north, south, north])
        (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    else:
        west, south, east, north = _projected_bounds(crs, bounds)
    if not np.isfinite([west, south, east, north]).all():
        raise InvalidError("the extent lies outside the area where its reference system can be transformed")
    west, east = wrap(float(west), float(east)) if east >= west else (float(west), float(east))
    return west, max(float(south), -90.0), east, min(float(north), 90.0)


def _projected_bounds(crs: str, bounds: Bounds) -> Bounds:
    try:
        # PROJ's error check also trips over operations that it tried and left; infinity tells the truth.
        found = _transformer(crs).transform_bounds(*bounds, densify_pts=DENSIFY, errcheck=False)
    except ProjError as error:
        raise InvalidError(
            "the extent lies outside the area where its reference system can be transformed"
        ) from error
    return float(found[0]), float(found[1]), float(found[2]), float(found[3])


def wrap(west: float, east: float) -> tuple[float, float]:
    """West and east (west ≤ east, of any turn) within ±180; west > east across the antimeridian."""
    if east - west >= FULL_TURN - 1e-9:
        return -HALF_TURN, HALF_TURN
    turns = np.floor((west + HALF_TURN) / FULL_TURN) * FULL_TURN
    west, east = west - float(turns), east - float(turns)
    return west, east if east <= HALF_TURN else east - FULL_TURN
