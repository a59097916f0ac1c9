"""Names of columns: new ones when their unit changes, and what they say of whether something was measured."""

from __future__ import annotations

import re

from craton.model import quantities as registry

_NOT_MEASURED = frozenset((
    "id", "fid", "gid", "oid", "objectid", "uid", "uuid", "guid", "code", "no", "num", "number", "nr",
    "idx", "index", "key", "seq", "sequence", "order", "row", "line", "flight", "fiducial", "station",
    "zone", "class", "rank", "count", "year", "month", "day", "hour", "minute", "second", "date", "time",
    "doy", "scale", "flag", "type", "level", "name", "lat", "latitude", "lon", "long", "lng", "longitude",
    "x", "y", "z", "e", "n", "easting", "northing", "upward", "utm", "grid", "sheet", "page", "version",
    "size", "shape", "rgb", "red", "green", "blue", "alpha", "nir", "swir", "pan", "grey", "gray", "mask",
    "band", "value", "ratio", "nstations", "nst", "quality", "reliability", "confidence", "error", "std",
))  # fmt: skip
"""Words of names that are numbers without being measured, or whose unit the reference system states."""

_WORDS = re.compile(r"[a-z]+|\d+")
_SLUG = re.compile(r"[^A-Za-z0-9%]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def renamed(name: str, old_unit: str, new_unit: str) -> str:
    """`name` with the unit spelled in it replaced by `new_unit`; as it was where it spells none.

    Parameters
    ----------
    old_unit : str
        As `quantities.recognise` read it from the name (`mg/kg` of `Au_mg_kg`).
    """
    words = [re.escape(word) for word in re.split(r"[/ ]+", old_unit) if word]
    if not words:
        return name
    pattern = re.compile(r"[\W_]*?".join(words))
    found = [*pattern.finditer(name)]
    if not found:
        return name
    start, stop = found[-1].span()
    before = name[start - 1 : start]
    unit = new_unit if before in {"(", "[", "{"} else _SLUG.sub("_", new_unit)
    return name[:start] + ("_" if before.isalnum() else "") + unit + name[stop:]


def looks_measured(name: str, type: str, *, whole: bool, quantity: str) -> bool:
    """Whether a column of numbers holds measurements, so that it ought to state a unit.

    Parameters
    ----------
    type : str
        `number`, `integer` or another.
    whole : bool
        All numbers are whole, as those of codes and counts are.
    quantity : str
        What is known to be measured; decides where it is known.
    """
    rule = registry.rule(quantity)
    if rule is not None:
        return type in {"number", "integer"} and rule.unit not in {"", "1"} and not rule.implied
    if type != "number" or whole:
        return False
    words = set(_WORDS.findall(_CAMEL.sub("_", name).lower()))
    return bool(words) and not words & _NOT_MEASURED
