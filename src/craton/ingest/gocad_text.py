"""GOCAD's text: objects one after the other, each with a header, a coordinate system and its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from craton.ingest.shapes import Classes
from craton.model.errors import RefusedError

OBJECT = re.compile(r"GOCAD\s+(\w+)\s+\S+\s*$")
ENTRY = re.compile(r"\s*(\*?[^:{}]+?)\s*:\s*(.*?)\s*}?\s*$")
CLASS_ENTRY = re.compile(r"\*class\*(-?\d{1,9})\*(name|color)")
WORD = re.compile(r'"([^"]*)"|(\S+)')
HINT = "export it again from GOCAD or SKUA"
SYSTEM_END = "END_ORIGINAL_COORDINATE_SYSTEM"
SPREAD = ("PROPERTY", "PROP_")
"""Beginnings of keys that are followed by the number of a property."""

GROUPS = ("HomogeneousGroup", "HeterogeneousGroup")
KINDS = {kind.lower(): kind for kind in ("TSurf", "PLine", "VSet", "Voxet", "SGrid", "Well", *GROUPS)}
"""Kinds of objects by their names in small letters: programs write them in any case."""

METRES = frozenset({"", "m", "metre", "metres", "meter", "meters", "none", "unitless", "number"})
KILOMETRES = frozenset({"km", "kilometre", "kilometres", "kilometer", "kilometers"})
FEET = frozenset({"ft", "feet", "foot"})


@dataclass
class GocadObject:
    """An object as it is written.

    `header` and `system` by key; `settings` by key, words after it; `properties` by number and key;
    `classes` headers of property classes by number; `lines` all that draws, as words.
    """

    kind: str
    line: int
    header: dict[str, str] = field(default_factory=dict)
    system: dict[str, list[str]] = field(default_factory=dict)
    settings: dict[str, list[str]] = field(default_factory=dict)
    properties: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    classes: dict[int, dict[str, str]] = field(default_factory=dict)
    lines: list[list[str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name in the header, else the kind."""
        return self.header.get("name", "").strip() or self.kind

    @property
    def units(self) -> list[str]:
        """Units of the three axes in small letters, empty where none is stated."""
        stated = [word.strip().lower() for word in self.system.get("AXIS_UNIT", [])][:3]
        return stated + [""] * (3 - len(stated))

    @property
    def turn(self) -> np.ndarray:
        """What easting, northing and upward are multiplied by to be in metres, upward positive.

        Eastings and northings in feet stay as they are, for a reference system may be in feet too.
        """
        east, north, up = (1000.0 if unit in KILOMETRES else 1.0 for unit in self.units)
        up = 0.3048 if self.units[2] in FEET else up
        is_down = [word.lower() for word in self.system.get("ZPOSITIVE", [])][:1] == ["depth"]
        return np.array([east, north, -up if is_down else up])

    @property
    def kept_units(self) -> list[str]:
        """Units that could not be brought to metres."""
        known = METRES | KILOMETRES
        return sorted({*self.units[:2]} - known | {self.units[2]} - known - FEET)

    @property
    def crs(self) -> str:
        """Reference system that it names."""
        named = " ".join(self.system.get("NAME", []))
        return self.header.get("crs", "") or (named if named.upper().startswith("EPSG:") else "")


DRAWING = frozenset(
    {
        "VRTX", "PVRTX", "ATOM", "PATOM", "TRGL", "SEG", "ILINE", "TFACE", "SUBVSET", "WREF", "PATH", "MRKR",
        "ZONE", "STATION",
    }
)  # fmt: skip
"""Keys of lines that draw."""


def broken(name: str, words: str) -> RefusedError:
    """The error that says what breaks the format."""
    return RefusedError("invalid-structure", f"{name} is no sound GOCAD file: {words}", hint=HINT)


def objects_of(text: str) -> Iterator[GocadObject]:
    """Objects of a file, in its order; groups are opened, and lend their members their system."""
    lines = iter(enumerate(text.split("\n"), 1))
    found: GocadObject | None = None
    lent: dict[str, list[str]] = {}
    for number, line in lines:
        start = OBJECT.match(line.strip())
        if start:
            if found is not None:
                lent = found.system if found.kind in GROUPS else lent
                yield found
            found = GocadObject(KINDS.get(start[1].lower(), start[1]), number, system=lent)
        elif line.strip() == "END":
            if found is not None:
                yield found
            lent = lent if found is not None else {}
            found = None
        elif found is not None:
            _take(found, line, lines)
    if found is not None:
        yield found


def _take(found: GocadObject, line: str, lines: Iterator[tuple[int, str]]) -> None:
    """Take one line, and those that belong to it."""
    stripped = line.strip()
    key = stripped.partition(" ")[0].partition("{")[0]
    if key in DRAWING:
        found.lines.append(stripped.split())
        return
    if key == "HEADER":
        found.header |= _entries(stripped.partition("{")[2], lines)
        return
    if key == "GOCAD_ORIGINAL_COORDINATE_SYSTEM":
        _system(found, lines)
        return
    words = [quoted or bare for quoted, bare in WORD.findall(stripped)]
    if not words:
        return
    if key == "PROPERTY_CLASS_HEADER":
        entries = _entries(stripped.partition("{")[2], lines) if "{" in stripped else {}
        found.classes[int(words[1]) if len(words) > 1 and words[1].isdigit() else 0] = entries
    elif key.startswith(SPREAD) and len(words) > 1 and words[1].isdecimal() and len(words[1]) < 7:
        found.properties.setdefault(int(words[1]), {})[key] = words[2:]
    else:
        found.settings.setdefault(key, words[1:])


def _entries(first: str, lines: Iterator[tuple[int, str]]) -> dict[str, str]:
    """Entries `key:value` until a brace is closed."""
    told: dict[str, str] = {}
    line: str | None = first
    while line is not None:
        entry = ENTRY.match(line)
        if entry:
            told[entry[1]] = entry[2]
        if "}" in line:
            break
        line = next((following for _, following in lines), None)
    return told


def _system(found: GocadObject, lines: Iterator[tuple[int, str]]) -> None:
    found.system = {}
    for _, line in lines:
        words = [quoted or bare for quoted, bare in WORD.findall(line)]
        if words[:1] == [SYSTEM_END]:
            return
        if words:
            found.system[words[0]] = words[1:]


def classes_of(entries: dict[str, str]) -> Classes | None:
    """Classes that the header of a property class tells (as we write them)."""
    names: dict[int, str] = {}
    colours: dict[int, str] = {}
    for key, value in entries.items():
        match = CLASS_ENTRY.fullmatch(key)
        if match and match[2] == "name":
            names[int(match[1])] = value
        elif match:
            colours[int(match[1])] = colour(value)
    if not names:
        return None
    return Classes(tuple(names), tuple(names.values()), tuple(colours.get(code, "") for code in names))


def colour(text: str) -> str:
    """`#rrggbb` of shares of one, or as it is; empty for a name of a colour."""
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text.strip()):
        return text.strip()
    words = text.split()
    if len(words) < 3:
        return ""
    try:
        shares = [min(max(float(word), 0.0), 1.0) for word in words[:3]]
    except ValueError:
        return ""
    return "#" + bytes(round(255 * share) if share == share else 0 for share in shares).hex()  # noqa: PLR0124 - NaN is the one number unlike itself
