"""What the header of a well log says of the hole: its name, its place, its depths."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from craton.ingest.log_text import Entry, LogText
from craton.ingest.reference import grid_code
from craton.model.crs import axes

LENGTHS = {
    "M": 1.0, "METER": 1.0, "METERS": 1.0, "METRE": 1.0, "METRES": 1.0, "MTS": 1.0, "MTR": 1.0,
    "М": 1.0, "МЕТР": 1.0, "МЕТРЫ": 1.0, "МЕТЕР": 1.0, "米": 1.0,
    "F": 0.3048, "FT": 0.3048, "FEET": 0.3048, "FOOT": 0.3048, "FT_US": 1200 / 3937, "FTUS": 1200 / 3937,
    "CM": 0.01, "MM": 0.001, "KM": 1000.0, "IN": 0.0254, "0.1IN": 0.00254,
}  # fmt: skip
"""Metres in a unit of depth, by its spellings in capitals."""

DATUMS = {
    "WGS84": "EPSG:4326", "NAD83": "EPSG:4269", "NAD27": "EPSG:4267", "GDA94": "EPSG:4283", "GDA2020":
    "EPSG:7844",
    "AGD66": "EPSG:4202", "AGD84": "EPSG:4203", "ED50": "EPSG:4230", "ETRS89": "EPSG:4258", "OSGB36":
    "EPSG:4277",
    "INDIAN1975": "EPSG:4240", "INDIAN1960": "EPSG:4131", "KERTAU": "EPSG:4245", "TIMBALAI1948": "EPSG:4298",
    "LUZON1911": "EPSG:4253", "CGCS2000": "EPSG:4490", "BEIJING1954": "EPSG:4214", "XIAN1980": "EPSG:4610",
}  # fmt: skip
"""Geographic systems by the name of their datum, in capitals without signs."""

NAMES = ("UWI", "API", "WELL", "WN", "HOLE", "BHID")
LATITUDES, LONGITUDES = ("LATI", "LAT", "LATITUDE", "SLAT"), ("LONG", "LON", "LONGITUDE", "SLON")
EASTINGS, NORTHINGS = (
    ("X", "XCOORD", "XWELL", "EASTING", "EAST"),
    ("Y", "YCOORD", "YWELL", "NORTHING", "NORTH"),
)
ELEVATIONS = ("EREF", "EKB", "KB", "EDF", "EGL", "GL", "ELEV", "ELEVATION")
"""Levels by preference: that of the depth reference first, because depths count from it."""

DEPTHS = ("TDD", "TDL", "TD")

DEGREES = re.compile(
    r"""^\s*(?P<before>[NSEW]?)\s*(?P<degrees>[+-]?\d+(\.\d+)?)\s*[°ºd:\s]?\s*
    (?:(?P<minutes>\d+(\.\d+)?)\s*['′m:\s]?\s*)?(?:(?P<seconds>\d+(\.\d+)?)\s*["″s]?\s*)?
    (?P<after>[NSEW]?)\w*\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
LONGEST = 60
"""Characters of a value that may be a coordinate."""


class Place(NamedTuple):
    """Coordinates of a hole; `datum` names the system where the header does."""

    x: float
    y: float
    is_geographic: bool
    crs: str


def hole_name(log: LogText, stem: str) -> str:
    """Identifier of the well, else its name, else `stem`."""
    entry = _either(log, *NAMES)
    return entry.value if entry else stem


def _either(log: LogText, *names: str) -> Entry | None:
    """First entry with one of `names`, looked for in the well section and then in the parameters."""
    return log.value("well", *names) or log.value("parameter", *names)


def metres(entry: Entry | None, usual_unit: str = "") -> float:
    """Length an entry states, in metres; NaN where it has no number or a unit that is not a length."""
    match = NUMBER.match(entry.value.strip()) if entry else None
    if entry is None or match is None:
        return np.nan
    written = entry.unit or entry.value.strip()[match.end() :].strip() or usual_unit
    return float(match[0]) * LENGTHS.get(written.upper(), np.nan if written else 1.0)


def elevation(log: LogText) -> float:
    """Level in metres of what depths are measured from, NaN where not stated."""
    return _first_length(log, ELEVATIONS)


def total_depth(log: LogText) -> float:
    """Depth drilled in metres, NaN where not stated."""
    return _first_length(log, DEPTHS)


def _first_length(log: LogText, names: tuple[str, ...]) -> float:
    lengths = (metres(_either(log, name)) for name in names)
    return next((length for length in lengths if np.isfinite(length)), np.nan)


def place(log: LogText) -> Place | None:
    """Where the hole is: longitude and latitude, else easting and northing, else `None`."""
    latitude, longitude = degrees(_either(log, *LATITUDES)), degrees(_either(log, *LONGITUDES))
    if np.isfinite(latitude) and np.isfinite(longitude):
        return Place(longitude, latitude, True, _datum(log))
    entries = _either(log, *EASTINGS), _either(log, *NORTHINGS)
    easting, northing = (metres(entry, "M") for entry in entries)
    if np.isfinite(easting) and np.isfinite(northing):
        in_metres = any(entry is not None and entry.unit for entry in entries)
        return Place(easting, northing, False, _system(log, in_metres=in_metres))
    return None


def _system(log: LogText, *, in_metres: bool) -> str:
    """Reference system of a grid by its code, as we write it; empty where the header has none that fits.

    Coordinates without a unit are in that of the system; others were brought to metres.
    """
    entry = _either(log, "CRS")
    code = grid_code(entry.value) if entry else ""
    return "" if code and in_metres and axes(code).unit != "m" else code


def _datum(log: LogText) -> str:
    entry = _either(log, "GDAT", "DATUM")
    return DATUMS.get(re.sub(r"\W", "", entry.value.upper()), "") if entry else ""


def degrees(entry: Entry | None) -> float:
    """Angle an entry states in decimal degrees, or as degrees, minutes and seconds with N, S, E, W."""
    match = DEGREES.match(entry.value[:LONGEST]) if entry else None
    if match is None:
        return np.nan
    whole = float(match["degrees"])
    part = float(match["minutes"] or 0) / 60 + float(match["seconds"] or 0) / 3600
    side = (match["before"] or match["after"]).upper()
    sign = -1 if whole < 0 or match["degrees"].startswith("-") or side in {"S", "W"} else 1
    return sign * (abs(whole) + part)
