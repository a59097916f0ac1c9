"""GOCAD: surfaces, lines, points and wells in text, Voxets and SGrids with their binary files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from craton.ingest.gocad_grids import add_sgrid, add_voxet
from craton.ingest.gocad_text import GROUPS, GocadObject, broken, colour, objects_of
from craton.ingest.gocad_wells import well_draft
from craton.ingest.plain_text import read_text
from craton.ingest.shape_drafts import shape_drafts
from craton.ingest.shapes import Attribute, Lines, Points, Shapes, Surface
from craton.model.data import Draft
from craton.process.readers import Candidate, Source, reader

SUFFIXES = (".ts", ".pl", ".vs", ".wl", ".vo", ".sg", ".gp", ".gocad", ".so", ".mx")
NAMED = re.compile(
    rb'^\s*(?:PROP_FILE\s+\d+|POINTS_FILE|ASCII_DATA_FILE|FLAGS_FILE|REGION_FLAGS_FILE|WP_CATALOG_FILE)\s+"?([^"\r\n]+?)"?\s*$',
    re.MULTILINE,
)
VERTICES = frozenset({"VRTX", "PVRTX", "ATOM", "PATOM"})
LOOKED_AT = 1 << 20
"""Bytes of a file in which names of others are looked for: tables of colours may stand before them."""


def _matches(candidate: Candidate) -> bool:
    return candidate.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:6].upper() == b"GOCAD "


def _files_of(candidate: Candidate, listing: list[Path]) -> list[Path]:
    """Files of the same folder that the text names."""
    content = candidate.head
    if candidate.path.is_file():
        with candidate.path.open("rb") as stream:
            beginning = stream.read(LOOKED_AT)
        # of a packed file the path leads to its packed bytes
        content = beginning if beginning.startswith(content) else content
    names = {Path(name.decode("utf-8", "replace").strip()).name for name in NAMED.findall(content)}
    return [path for path in listing if path.parent == candidate.path.parent and path.name in names]


@reader("gocad", suffixes=SUFFIXES, order=13, matches=_matches, gather=_files_of)
def read_gocad(source: Source) -> Iterator[Draft]:
    """Read GOCAD objects: TSurf as one mesh, Voxet and SGrid as volumes, PLine and VSet as tables, wells."""
    text, findings = read_text(source.path, source.scratch)
    shapes = Shapes(title=source.stem)
    wells: list[GocadObject] = []
    for one in objects_of(text):
        if one.kind == "Well":
            wells.append(one)
        elif one.kind not in GROUPS:
            _add(shapes, one, source)
            shapes.crs = shapes.crs or one.crs
    if wells:
        yield well_draft(wells, source, findings)
    if shapes.items or shapes.left_out or not wells:
        for draft in shape_drafts(shapes, source):
            draft.findings += findings
            if wells and not draft.name:
                draft.name = draft.title
            yield draft


def _add(shapes: Shapes, one: GocadObject, source: Source) -> None:
    if one.kept_units:
        shapes.findings.append(("unit-unknown", f"coordinates in {', '.join(one.kept_units)[:60]} were kept"))
    if (np.abs(one.turn) != 1).any():
        shapes.findings.append(("unit-converted", f"coordinates from {', '.join(one.units)[:60]} to m"))
    match one.kind:
        case "TSurf":
            drawn = _drawn(one, source.name)
            facts = {"colour": shade} if (shade := colour(one.header.get("*solid*color", ""))) else {}
            left_out = len(one.settings.get("PROPERTIES", []))
            corners = np.array(drawn.triangles, np.int64).reshape(-1, 3)
            shapes.items.append(Surface(one.name, drawn.array(), corners, facts, left_out=left_out))
        case "PLine":
            shapes.items.append(_lines(one, source.name))
        case "VSet":
            drawn = _drawn(one, source.name)
            points = Points(one.name, drawn.array())
            points.attributes = _properties(one, drawn.values)
            shapes.items.append(points)
        case "Voxet":
            add_voxet(shapes, one, source)
        case "SGrid":
            add_sgrid(shapes, one, source)
        case other:
            shapes.left_out.append(f"an object of GOCAD's kind {other[:40]}")


@dataclass
class _Drawn:
    """Vertices in the order of the file with their values, and what is drawn between them, by row.

    `parts` has the rows of the vertices of each part of a line, `segments` those that it states.
    """

    places: list[tuple[float, float, float]] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)
    triangles: list[list[int]] = field(default_factory=list)
    parts: list[list[int]] = field(default_factory=list)
    segments: dict[int, list[list[int]]] = field(default_factory=dict)

    def array(self) -> np.ndarray:
        """Places (n, 3)."""
        return np.array(self.places, np.float64).reshape(-1, 3)


def _drawn(one: GocadObject, name: str) -> _Drawn:
    """All that the lines of an object draw. A number that comes again is a new vertex from there on."""
    found = _Drawn()
    row_of: dict[int, int] = {}
    scale = one.turn.tolist()
    for words in one.lines:
        key = words[0]
        if key == "ILINE" or not found.parts:
            found.parts.append([])
        if key in VERTICES:
            try:
                row_of[int(words[1])] = _vertex(found, words, row_of, scale)
            except (ValueError, IndexError, KeyError) as error:
                raise broken(name, f"line {' '.join(words)[:60]!r} is no vertex") from error
        elif key == "TRGL":
            found.triangles.append(_rows(words, 3, row_of, name))
        elif key == "SEG":
            found.segments.setdefault(len(found.parts) - 1, []).append(_rows(words, 2, row_of, name))
    return found


def _vertex(found: _Drawn, words: list[str], row_of: dict[int, int], scale: list[float]) -> int:
    """Add the vertex of a line; its row. Marks of control nodes (`CNXYZ`) stand among its values."""
    key, row = words[0], len(found.places)
    if key in {"ATOM", "PATOM"}:
        other = row_of[int(words[2])]
        found.places.append(found.places[other])
        told = words[3:]
    else:
        x, y, z = (float(word) * side for word, side in zip(words[2:5], scale, strict=True))
        found.places.append((x, y, z))
        told = words[5:] if key == "PVRTX" else []
    values = [_number(word) for word in told if not word.startswith("CN")]
    found.values.append(values or (list(found.values[other]) if key in {"ATOM", "PATOM"} else []))
    found.parts[-1].append(row)
    return row


def _rows(words: list[str], width: int, row_of: dict[int, int], name: str) -> list[int]:
    """Rows of the vertices that a line numbers; −1 for one that is not there."""
    try:
        return [row_of.get(int(words[place]), -1) for place in range(1, width + 1)]
    except (ValueError, IndexError) as error:
        raise broken(name, f"a line {words[0]} holds no {width} numbers") from error


def _properties(one: GocadObject, values: list[list[float]]) -> list[Attribute]:
    """Properties of all vertices, those of several values told apart by number."""
    names = one.settings.get("PROPERTIES", [])
    sizes = [
        int(word) if word.isdecimal() and len(word) < 4 else 1 for word in one.settings.get("ESIZES", [])
    ]
    nodata = one.settings.get("NO_DATA_VALUES", [])
    units = one.settings.get("UNITS", [])
    found, begin = [], 0
    for place, name in enumerate(names):
        size = sizes[place] if place < len(sizes) else 1
        none = _number(nodata[place]) if place < len(nodata) else np.nan
        unit = units[place] if place < len(units) and units[place].lower() not in {"none", "unitless"} else ""
        for part in range(size):
            column = np.array([row[begin] if begin < len(row) else np.nan for row in values], np.float64)
            column[column == none] = np.nan
            label = name if size == 1 else f"{name}_{part + 1}"
            found.append(Attribute(label, column, np.isnan(column), unit))
            begin += 1
    return found


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan


def _lines(one: GocadObject, name: str) -> Lines:
    """Segments of a PLine: those stated, else from vertex to vertex within each part."""
    drawn = _drawn(one, name)
    segments, part_of = [], []
    for place, rows in enumerate(drawn.parts):
        own = drawn.segments.get(place) or [[a, b] for a, b in itertools.pairwise(rows)]
        segments += own
        part_of += [place] * len(own)
    lines = Lines(one.name, drawn.array(), np.array(segments, np.int64).reshape(-1, 2))
    owner = np.array(part_of, np.int64)
    for attribute in _properties(one, drawn.values):
        told = np.array([_common(attribute.values[rows]) for rows in drawn.parts] or [np.nan])
        column = told[owner]
        lines.attributes.append(Attribute(attribute.name, column, np.isnan(column), attribute.unit))
    return lines


def _common(values: np.ndarray) -> float:
    """The value that all have; NaN where they differ."""
    return float(values[0]) if values.size and (values == values[0]).all() else np.nan
