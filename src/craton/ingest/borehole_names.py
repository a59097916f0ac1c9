"""Tables of drill holes told by their column names: which column means what, and what the table is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum


class Role(Enum):
    """What a table of drill holes holds, row by row."""

    COLLAR = "collar"
    SURVEY = "survey"
    INTERVAL = "interval"
    POINT = "point"


MEANINGS: dict[str, tuple[str, ...]] = {
    "x": (
        "easting", "east", "x", "longitude", "long", "lon", "xcoord", "xcoordinate", "xcollar", "collarx",
        "utme",
    ),
    "y": ("northing", "north", "y", "latitude", "lat", "ycoord", "ycoordinate", "ycollar", "collary", "utmn"),
    "elevation": (
        "elevation", "elev", "rl", "z", "zcollar", "collarz", "collarrl", "surface", "groundlevel",
        "surfaceelevation",
    ),
    "total_depth": (
        "maxdepth", "totaldepth", "eohdepth", "eoh", "enddepth", "finaldepth", "holedepth", "endofhole",
        "td", "depth",
    ),
    "end_level": ("end",),
    "from": (
        "fromdepth", "from", "depthfrom", "mfrom", "top", "topdepth", "depthtop", "startdepth", "geolfrom",
    ),
    "to": (
        "todepth", "to", "depthto", "mto", "bottom", "base", "bottomdepth", "basedepth", "depthbottom",
        "depthbase", "geolto",
    ),
    "depth": ("depth", "surveydepth", "measureddepth", "md", "depthat", "at", "sampledepth"),
    "azimuth": (
        "azimuth", "azi", "az", "azimuthgrid", "azimuthtrue", "azimuthmag", "azimut", "bearing", "brg",
    ),
    "dip": ("dip", "inclination", "incl", "inc", "plunge"),
}  # fmt: skip
"""Spellings of column names by what they mean, without signs and case, the likelier first."""

HOLE_NAMES = (
    "holeid", "bhid", "dhid", "boreholeid", "drillholeid", "drillhole", "borehole", "hole", "holename",
    "boreholename",
    "holeno", "holenumber", "boreid", "companyholeid", "companyholeno", "collarid", "locaid",
)  # fmt: skip
"""Spellings of the column that names the hole, the likelier to be unique first."""

WEAK_NAMES = ("nr", "id", "name", "no")
"""Names that mean the hole only beside its place and the ends of its layers."""

FROM_VERTICAL = ("inclination", "incl", "inc")
"""Names of angles that some count from the vertical."""

GEOGRAPHIC = ("longitude", "long", "lon")

SIGNS = re.compile(r"[\W_]+")
UNIT = re.compile(r"(?i)\s*[\[(][^\])]*[\])]\s*$|[_ ](m|ft|deg|metres|feet)$")
"""A unit at the end of a column name: `Depth (m)`, `from_m`."""


def bare(name: str) -> str:
    """Column name without case, signs and unit."""
    return SIGNS.sub("", UNIT.sub("", name).lower())


def recognise(names: Iterable[str]) -> dict[str, str]:
    """Column by meaning; `hole_id` is the likeliest of several."""
    by_bare: dict[str, str] = {}
    for name in names:
        by_bare.setdefault(bare(name), name)
        by_bare.setdefault(SIGNS.sub("", name.lower()), name)
    found = {
        meaning: next(by_bare[s] for s in spellings if s in by_bare)
        for meaning, spellings in MEANINGS.items()
        if any(s in by_bare for s in spellings)
    }
    named = next((by_bare[s] for s in HOLE_NAMES if s in by_bare), "")
    if (
        not named
        and {"x", "y", "elevation"} <= set(found)
        and ({"from", "to"} <= set(found) or "depth" in found)
    ):
        named = next((by_bare[s] for s in WEAK_NAMES if s in by_bare), "") if "end_level" in found else ""
    return {"hole_id": named, **found} if named else found


def keys(names: Iterable[str]) -> list[str]:
    """Columns that may name the hole, the likelier first."""
    by_bare = {bare(name): name for name in reversed(list(names))}
    return [by_bare[s] for s in (*HOLE_NAMES, "id") if s in by_bare]


def role_of(columns: dict[str, str]) -> Role | None:
    """What the table with these columns is, `None` if it is none of drill holes.

    A table with the hole's place in each row is one of layers or readings
    when it also has their depths; which of two it is when only one depth is
    there, the rows must tell.
    """
    has = set(columns)
    if "hole_id" not in has:
        return None
    placed = {"x", "y"} <= has
    if {"from", "to"} <= has:
        return Role.INTERVAL
    if {"depth", "azimuth", "dip"} <= has and not placed:
        return Role.SURVEY
    if placed and has & {"elevation", "total_depth", "dip", "azimuth"}:
        return Role.POINT if "end_level" in has else Role.COLLAR
    return Role.POINT if "depth" in has and not placed else None


ROLE_WORDS = {
    "collar": "", "collars": "", "survey": "survey", "surveys": "survey", "downhole": "", "dhsurvey":
    "survey",
    "geology": "geology", "geol": "geology", "lith": "lithology", "litho": "lithology", "lithology":
    "lithology",
    "assay": "assay", "assays": "assay", "sample": "sample", "samples": "sample", "alteration": "alteration",
    "structure": "structure", "structures": "structure", "mineralisation": "mineralisation", "density":
    "density",
    "sg": "density", "geotech": "geotechnical", "geotechnical": "geotechnical", "rqd": "geotechnical",
    "cpt": "cpt",
    "cpts": "cpt", "interval": "intervals", "intervals": "intervals", "strat": "stratigraphy",
    "stratigraphy": "stratigraphy",
    "weathering": "weathering", "veins": "veins", "magsus": "magnetic_susceptibility", "recovery": "recovery",
}  # fmt: skip
"""Words of file names that say what a table holds, and the name its table gets."""

DEFAULT_NAMES = {Role.INTERVAL: "layers", Role.POINT: "readings"}


def words(stem: str) -> list[str]:
    """Words of a file or sheet name."""
    return [w for w in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", stem) if w]


def base(stem: str) -> tuple[str, ...]:
    """What a file name says besides what its table holds; files of one base belong together.

    The last word of a role is taken off, so that `sample` stays part of
    `gswa_sample_geology`.
    """
    found = [w.lower() for w in words(stem)]
    roles = [n for n, w in enumerate(found) if w in ROLE_WORDS]
    return tuple(w for n, w in enumerate(found) if not roles or n != roles[-1])


def table_name(stem: str, role: Role) -> str:
    """Name of the table among the holes' tables, from the last word of its file that says what it holds."""
    told = [ROLE_WORDS[w.lower()] for w in words(stem) if ROLE_WORDS.get(w.lower())]
    return told[-1] if told else DEFAULT_NAMES.get(role, role.value)
