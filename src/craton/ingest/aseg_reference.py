"""Where the records of an ASEG-GDF2 package lie: which fields are coordinates, and in which system."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pyproj

from craton.ingest.aseg_definition import Field

GEOGRAPHIC = {"GDA94": 4283, "GDA2020": 7844, "AGD66": 4202, "AGD84": 4203, "WGS84": 4326}
"""EPSG code of longitude and latitude on each datum."""
TRANSVERSE_MERCATOR = {"GDA94": 28300, "GDA2020": 7800, "AGD66": 20200, "AGD84": 20300, "WGS84": 32700}
"""EPSG code of zone 0 of the (Australian) Universal Transverse Mercator grid on each datum, south."""
ZONES = range(46, 60)
GRID_DATUM = {"MGA": "GDA94", "MGA94": "GDA94", "MGA2020": "GDA2020"}
"""Datum that the name of a grid implies; AMG does not tell AGD66 from AGD84."""

_DATUM = re.compile(r"(GDA\s*94|GDA\s*2020|AGD\s*66|AGD\s*84|WGS\s*84)", re.IGNORECASE)
_GRID = re.compile(r"(MGA\s*2020|MGA\s*94|MGA|AMG)", re.IGNORECASE)
_ZONE = re.compile(r"(?:ZONE\s*|MGA\s*|AMG\s*|UTM\s*)(\d\d)(?!\d)", re.IGNORECASE)
_WORDS = {
    "easting": re.compile(r"EASTING|EAST", re.IGNORECASE),
    "northing": re.compile(r"NORTHING|NORTH", re.IGNORECASE),
    "longitude": re.compile(r"LONGITUDE|LONG|LON", re.IGNORECASE),
    "latitude": re.compile(r"LATITUDE|LAT", re.IGNORECASE),
}

AGREEMENT = 50.0
"""Metres within which grid coordinates and longitudes must be the same place."""


class Pair(NamedTuple):
    """Two fields that are coordinates, and what remains of their names."""

    east: Field
    north: Field
    key: str


class Place(NamedTuple):
    """The coordinate fields, their EPSG code (0 when unknown) and a contradiction, if any."""

    pair: Pair
    code: int
    conflict: str


def pairs(fields: tuple[Field, ...], east: str, north: str) -> list[Pair]:
    """Fields named alike but for the words `east` and `north` (keys of the four axis words)."""
    easts = {
        _rest(field, east): field for field in fields if field.kind != "A" and _WORDS[east].search(field.name)
    }
    norths = {
        _rest(field, north): field
        for field in fields
        if field.kind != "A" and _WORDS[north].search(field.name)
    }
    return [Pair(easts[key], norths[key], key) for key in easts if key in norths]


def misnamed(pair: Pair) -> int:
    """How many fields of `pair` have a long name that speaks of another axis than their name does."""
    return sum(
        _axes(f.title) != set() and _axes(f.title).isdisjoint(_axes(f.name)) for f in (pair.east, pair.north)
    )


def _axes(text: str) -> set[str]:
    return {axis for axis, word in _WORDS.items() if word.search(text)}


def _rest(field: Field, axis: str) -> str:
    return re.sub(r"[\W_]", "", _WORDS[axis].sub("", field.name, count=1)).upper()


def datum_of(text: str) -> str:
    """Datum that `text` names, or that its grid implies; empty when neither."""
    named = _DATUM.search(text)
    if named:
        return re.sub(r"\s", "", named[1]).upper()
    grid = _GRID.search(text)
    return GRID_DATUM.get(re.sub(r"\s", "", grid[1]).upper(), "") if grid else ""


def locate(fields: tuple[Field, ...], stated: str, sample: dict[str, np.ndarray]) -> Place | None:
    """Coordinate fields and system of records.

    Grid coordinates count before longitudes, which serve to check them.

    Parameters
    ----------
    fields : tuple of Field
    stated : str
        The projection record of the package; empty when it has none.
    sample : dict of str to array
        Numbers of the first records by field name, NaN where missing.
    """
    grids = pairs(fields, "easting", "northing")
    angles = pairs(fields, "longitude", "latitude")
    grids.sort(key=lambda pair: _preference(pair.key, stated))
    if not angles:
        return Place(grids[0], _grid_codes(grids[0], stated)[0], "") if grids else None
    geographic = GEOGRAPHIC.get(datum_of(angles[0].key) or datum_of(stated), 0)
    for pair in grids:
        codes = _grid_codes(pair, stated, _zone_of(sample[angles[0].east.name]))
        right = next(
            (code for code in codes if code and _agree(sample, pair, code, angles[0], geographic)), 0
        )
        if right:
            return Place(pair, right, _contradiction(codes[0], right))
    conflict = f"{grids[0].east.name} and {angles[0].east.name} are different places" if grids else ""
    return Place(angles[0], geographic, conflict)


def _preference(key: str, stated: str) -> int:
    """Pairs on the stated datum first, then unnamed ones, then those on other datums."""
    datum = datum_of(key)
    return 1 if not datum else 0 if datum == datum_of(stated) else 2


def _grid_codes(pair: Pair, stated: str, zone: int = 0) -> list[int]:
    """Systems the pair may be in: as stated, as its name says, by the zone of the longitudes."""
    words = f"{pair.key} {pair.east.title}"
    own = datum_of(words) or datum_of(stated)
    by_zone = TRANSVERSE_MERCATOR[own] + zone if own in TRANSVERSE_MERCATOR and zone in ZONES else 0
    zones = [_ZONE.search(text) for text in (stated, words)]
    by_words = [
        TRANSVERSE_MERCATOR[own] + int(z[1]) if z and own in TRANSVERSE_MERCATOR and int(z[1]) in ZONES else 0
        for z in zones
    ]
    return [*(code for code in (*by_words, by_zone) if code), 0]


def _zone_of(longitudes: np.ndarray) -> int:
    finite = longitudes[np.isfinite(longitudes)]
    return int((np.median(finite) + 180) // 6) + 1 if len(finite) else 0


def _agree(sample: dict[str, np.ndarray], pair: Pair, code: int, angles: Pair, geographic: int) -> bool:
    """Whether grid coordinates and longitudes are the same places."""
    transformer = pyproj.Transformer.from_crs(geographic or 4326, code, always_xy=True)
    east, north = transformer.transform(sample[angles.east.name], sample[angles.north.name])
    apart = np.hypot(east - sample[pair.east.name], north - sample[pair.north.name])
    finite = apart[np.isfinite(apart)]
    return bool(len(finite) and np.median(finite) < AGREEMENT)


def _contradiction(stated: int, right: int) -> str:
    if stated in {right, 0}:
        return ""
    return f"the package states EPSG:{stated}, its longitudes agree with EPSG:{right}"
