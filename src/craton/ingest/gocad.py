"""GOCAD: surfaces, lines, points and wells in text, Voxets and SGrids with their binary files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from craton.ingest.gocad_grids import add_sgrid, add_voxet
from craton.ingest.gocad_text import GocadObject, broken, colour, objects_of
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
METRES = frozenset({"", "m", "metre", "metres", "meter", "meters", "none", "unitless"})
GROUPS = frozenset({"HomogeneousGroup", "HeterogeneousGroup"})


def _matches(candidate: Candidate) -> bool:
    return candidate.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:6].upper() == b"GOCAD "


def _files_of(candidate: Candidate, listing: list[Path]) -> list[Path]:
    """Files of the same folder that the text names."""
    names = {Path(name.decode("utf-8", "replace").strip()).name for name in NAMED.findall(candidate.head)}
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
    units = {word.lower() for word in one.system.get("AXIS_UNIT", [])} - METRES
    if units:
        shapes.findings.append(("unit-unknown", f"coordinates in {', '.join(sorted(units))[:60]} were kept"))
    match one.kind:
        case "TSurf":
            vertices, _ = _vertices(one, source.name)
            triangles = _indices(one, "TRGL", 3, source.name)
            facts = {"colour": shade} if (shade := colour(one.header.get("*solid*color", ""))) else {}
            left_out = len(one.settings.get("PROPERTIES", []))
            number = _numbers_of(vertices)
            corners = _renumbered(triangles, number)
            shapes.items.append(Surface(one.name, _places(vertices), corners, facts, left_out=left_out))
        case "PLine":
            shapes.items.append(_lines(one, source.name))
        case "VSet":
            vertices, values = _vertices(one, source.name)
            points = Points(one.name, _places(vertices))
            points.attributes = _properties(one, values)
            shapes.items.append(points)
        case "Voxet":
            add_voxet(shapes, one, source)
        case "SGrid":
            add_sgrid(shapes, one, source)
        case other:
            shapes.left_out.append(f"an object of GOCAD's kind {other[:40]}")


Vertices = dict[int, tuple[float, float, float]]


def _vertices(one: GocadObject, name: str) -> tuple[Vertices, list[list[float]]]:
    """Places by number, and the values of the properties at each, in the order of the file."""
    found: Vertices = {}
    values: list[list[float]] = []
    numbers: dict[int, int] = {}
    sign = -1.0 if one.is_down else 1.0
    for words in one.lines:
        key = words[0]
        if key not in {"VRTX", "PVRTX", "ATOM", "PATOM"}:
            continue
        try:
            number = int(words[1])
            if key in {"ATOM", "PATOM"}:
                other = int(words[2])
                found[number] = found[other]
                told = [float(word) for word in words[3:]] or list(values[numbers[other]])
            else:
                x, y, z = (float(word) for word in words[2:5])
                found[number] = (x, y, sign * z)
                told = [float(word) for word in words[5:]] if key == "PVRTX" else []
        except (ValueError, IndexError, KeyError) as error:
            raise broken(name, f"line {' '.join(words)[:60]!r} is no vertex") from error
        numbers[number] = len(values)
        values.append(told)
    return found, values


def _places(vertices: Vertices) -> np.ndarray:
    return np.array(list(vertices.values()), np.float64).reshape(-1, 3)


def _numbers_of(vertices: Vertices) -> dict[int, int]:
    return {number: row for row, number in enumerate(vertices)}


def _indices(one: GocadObject, key: str, width: int, name: str) -> list[list[int]]:
    try:
        found = [[int(word) for word in words[1 : 1 + width]] for words in one.lines if words[0] == key]
    except ValueError as error:
        raise broken(name, f"a line {key} holds no numbers") from error
    if any(len(row) != width for row in found):
        raise broken(name, f"a line {key} has fewer than {width} numbers")
    return found


def _renumbered(indices: list[list[int]], number: dict[int, int]) -> np.ndarray:
    """Rows of the vertices of triangles; −1 for one that is not there."""
    flat = [number.get(index, -1) for row in indices for index in row]
    return np.array(flat, np.int64).reshape(-1, 3)


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
    vertices, values = _vertices(one, name)
    number = _numbers_of(vertices)
    segments, part_of = [], []
    parts: list[list[int]] = []
    stated: dict[int, list[list[int]]] = {}
    for words in one.lines:
        if words[0] == "ILINE" or not parts:
            parts.append([])
        if words[0] in {"VRTX", "PVRTX", "ATOM", "PATOM"}:
            parts[-1].append(number[int(words[1])])
        elif words[0] == "SEG":
            stated.setdefault(len(parts) - 1, []).append(_ends(words, number, name))
    for place, rows in enumerate(parts):
        own = stated.get(place) or [[a, b] for a, b in itertools.pairwise(rows)]
        segments += own
        part_of += [place] * len(own)
    lines = Lines(one.name, _places(vertices), np.array(segments, np.int64).reshape(-1, 2))
    owner = np.array(part_of, np.int64)
    for attribute in _properties(one, values):
        told = np.array([_common(attribute.values[rows]) for rows in parts] or [np.nan])
        column = told[owner]
        lines.attributes.append(Attribute(attribute.name, column, np.isnan(column), attribute.unit))
    return lines


def _ends(words: list[str], number: dict[int, int], name: str) -> list[int]:
    try:
        return [number.get(int(words[place]), -1) for place in (1, 2)]
    except (ValueError, IndexError) as error:
        raise broken(name, "a line SEG holds no two numbers") from error


def _common(values: np.ndarray) -> float:
    """The value that all have; NaN where they differ."""
    return float(values[0]) if values.size and (values == values[0]).all() else np.nan
