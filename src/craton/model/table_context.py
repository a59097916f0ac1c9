"""What the other columns of a table say of one: companions of a column of numbers, and known tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from craton.model.data import ColumnNote

LIMITS = ("_detection_limit", "_upper_limit")
"""Ends of the names of companions that hold numbers in the unit of their column."""

FLAGS = ("_below_detection", "_above_range")
"""Ends of the names of companions that hold true and false."""

AS_WRITTEN = ("_text", "_original")
"""Ends of the names of companions that hold cells as the source has them."""

COMCAT = frozenset({"time", "latitude", "longitude", "depth", "mag", "magType"})
"""Columns by which a list of earthquakes in the CSV format of the USGS (ComCat) is known."""

COMCAT_DEPTH = ColumnNote(
    unit="km", quantity="earthquake_depth", title="Depth of the hypocentre, positive down"
)
"""The format states depths in kilometres: earthquake.usgs.gov/data/comcat, field `depth`."""

COMCAT_STEP = "depth was taken in kilometres, as the ComCat format of the USGS states"


class Companion(NamedTuple):
    """The column that a companion belongs to, and the end of the companion's name; both empty for others."""

    column: str = ""
    suffix: str = ""


def companion(name: str, names: Collection[str]) -> Companion:
    """What column `name` is a companion of, among the columns `names` of its table."""
    for suffix in (*LIMITS, *FLAGS, *AS_WRITTEN):
        column = name.rstrip("_").removesuffix(suffix)
        if column in names and column != name.rstrip("_"):
            return Companion(column, suffix)
    return Companion()


def earthquake_depth(names: Collection[str], notes: Mapping[str, ColumnNote]) -> ColumnNote | None:
    """Note for `depth` in a table that is a ComCat list, `None` where it is none or a unit is noted."""
    if not COMCAT.issubset(names) or notes.get("depth", ColumnNote()) != ColumnNote():
        return None
    return COMCAT_DEPTH
