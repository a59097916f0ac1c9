"""What files of geological modelling hold, whatever their format: points, lines, surfaces and blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
TEXTS = ("units", "long_name", "standard_name", "levels", "comment")
"""Attributes of a field that may be kept from a note of ours, where they are texts."""

LONGEST = 4000
"""Characters of an attribute that are kept."""

METRES = frozenset({"", "m", "metre", "metres", "meter", "meters"})
MOST_CLASSES = 10_000
MOST_WORDS = 2000
"""Different texts up to which they are taken as classes."""


class Classes(NamedTuple):
    """What codes stand for; colours are `#rrggbb`, or empty where none is stated."""

    codes: tuple[int, ...]
    names: tuple[str, ...]
    colours: tuple[str, ...]

    def attributes(self) -> dict[str, Any]:
        """As attributes of a variable of codes."""
        told: dict[str, Any] = {"flag_values": list(self.codes), "flag_meanings": list(self.names)}
        if any(self.colours):
            told["flag_colors"] = [one or "#b0b0b0" for one in self.colours]
        return told


@dataclass
class Attribute:
    """Values of one kind at points, segments or blocks.

    Parameters
    ----------
    name : str
        As in the file.
    values : array (n,)
        Numbers, truths, times or texts; `missing` tells which are none, beside NaN.
    classes : Classes or None
        What the values stand for, where they are codes.
    attributes : dict
        Further attributes of the variable it becomes.
    """

    name: str
    values: np.ndarray
    missing: np.ndarray | None = None
    unit: str = ""
    title: str = ""
    classes: Classes | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Points:
    """Places (n, 3) with attributes."""

    name: str
    places: np.ndarray
    attributes: list[Attribute] = field(default_factory=list)


@dataclass
class Lines:
    """Segments (m, 2) between places (n, 3), with attributes by segment."""

    name: str
    places: np.ndarray
    segments: np.ndarray
    attributes: list[Attribute] = field(default_factory=list)


@dataclass
class Surface:
    """Triangles (m, 3) between places (n, 3); `facts` are attributes of the whole.

    `part` and `parts` tell several parts apart: the row of each triangle, and a column of values by name.
    `left_out` counts attributes of vertices and triangles, for which a mesh has no place here.
    """

    name: str
    places: np.ndarray
    triangles: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict)
    part: np.ndarray | None = None
    parts: dict[str, list[Any]] = field(default_factory=dict)
    left_out: int = 0


@dataclass
class Blocks:
    """Cells of a lattice, the first axis fastest.

    Parameters
    ----------
    origin : array (3,)
        Easting, northing, upward from which distances count.
    directions : array (3, 3)
        Unit vector of each axis, as rows.
    middles : tuple of three arrays
        Distances of the middles of cells along each axis, evenly spaced or not.
    attributes : list of Attribute
        One value a cell.
    """

    name: str
    origin: np.ndarray
    directions: np.ndarray
    middles: tuple[np.ndarray, np.ndarray, np.ndarray]
    attributes: list[Attribute] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Number of cells."""
        return int(np.prod([axis.size for axis in self.middles], dtype=object))


def worded(attribute: Attribute) -> Attribute | None:
    """Texts as classes, coded from 1 in their order; `None` where there are none, or too many."""
    texts = attribute.values.tolist()
    words = sorted({text for text in texts if isinstance(text, str) and text})
    if not 0 < len(words) <= MOST_WORDS:
        return None
    number = {word: place for place, word in enumerate(words, 1)}
    codes = np.array([number.get(text, 0) for text in texts], np.int64)
    classes = Classes((0, *number.values()), ("none", *words), ("",) * (len(words) + 1))
    return replace(attribute, values=codes, missing=codes == 0, classes=classes)


type Shape = Points | Lines | Surface | Blocks


@dataclass
class Shapes:
    """All that one file holds, with the reference system it states and what else it says."""

    items: list[Shape] = field(default_factory=list)
    crs: str = ""
    title: str = ""
    description: str = ""
    left_out: list[str] = field(default_factory=list)
    """What could not be taken in, in words, one each."""

    findings: list[tuple[str, str]] = field(default_factory=list)
    """Codes of further findings with what is to be said of each."""

    def tell_unit(self, unit: str) -> None:
        """Tell that coordinates are in another unit than metres, and that they were kept."""
        if unit.strip().lower() not in METRES:
            self.findings.append(("unit-unknown", f"coordinates in {unit.strip()[:40]} were kept"))


def kept_attributes(told: object) -> dict[str, Any]:
    """Attributes of a field that may be taken from a note in a file: texts, classes, the number of none."""
    if not isinstance(told, Mapping):
        return {}
    kept: dict[str, Any] = {
        key: told[key][:LONGEST] for key in TEXTS if isinstance(told.get(key), str) and told[key]
    }
    nodata = told.get("nodata")
    if isinstance(nodata, int | float) and not isinstance(nodata, bool):
        kept["nodata"] = nodata
    classes = classes_of(told)
    return kept | (classes.attributes() if classes else {})


def classes_of(told: Mapping[Any, Any]) -> Classes | None:
    """Classes as attributes state them; `None` where codes and names do not go together."""
    codes, names = told.get("flag_values"), told.get("flag_meanings")
    if not isinstance(codes, list) or not isinstance(names, list) or len(codes) != len(names):
        return None
    if len(codes) > MOST_CLASSES or any(type(code) is not int for code in codes):
        return None
    colours = told.get("flag_colors")
    stated = colours if isinstance(colours, list) and len(colours) == len(codes) else [""] * len(codes)
    return Classes(
        tuple(codes),
        tuple(str(name)[:LONGEST] for name in names),
        tuple(str(c) if COLOUR.fullmatch(str(c)) else "" for c in stated),
    )


def hex_colour(shares: object) -> str:
    """`#rrggbb` of three or four shares of 255; empty for anything else."""
    if not isinstance(shares, list | tuple) or len(shares) not in {3, 4}:
        return ""
    if not all(isinstance(share, int) and 0 <= share <= 255 for share in shares):
        return ""
    return "#" + bytes(shares[:3]).hex()
