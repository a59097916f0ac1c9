"""VTK's XML files: image data and rectilinear grids as volumes, polygons and cells as meshes and tables.

Values in cells come before values at points. What VTK has no place for is
taken from a note of ours in the field data, where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from lxml import etree

from craton.ingest.shape_drafts import shape_drafts
from craton.ingest.shapes import Attribute, Blocks, Lines, Points, Shapes, Surface, kept_attributes
from craton.ingest.vtk_arrays import MOST_SWELL, Document, open_document
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

SUFFIXES = (".vti", ".vtr", ".vtp", ".vtu", ".vtk", ".xml")
KINDS = ("ImageData", "RectilinearGrid", "PolyData", "UnstructuredGrid")
HINT = "write it from ParaView as one piece"
NOTE = "craton"
MOST_AXIS = 1 << 24
VERTEX, LINE, POLYLINE, TRIANGLE, STRIP, POLYGON, PIXEL, QUAD = 1, 3, 4, 5, 6, 7, 8, 9
COMPONENT_NAMES = "xyz"
PART_NAMES = ("part", "part_id", "PartId", "RegionId", "unit", "surface", "id")
"""Cell data of whole numbers that tell parts of a surface apart, by preference."""

MOST_PARTS = 5000


def _matches(candidate: Candidate) -> bool:
    return re.search(rb"<VTKFile\b", candidate.head[:4096]) is not None


@reader("vtk-xml", suffixes=SUFFIXES, order=16, matches=_matches)
def read_vtk(source: Source) -> Iterator[Draft]:
    """Read a VTK XML file: image data or a rectilinear grid as a volume, cells as surfaces, lines, points."""
    document = open_document(source.path, source.name)
    kind = document.root.get("type", "")
    if kind not in KINDS:
        raise RefusedError(
            "unsupported", f"{source.name} holds {kind[:40] or 'nothing'}, not {', '.join(KINDS)}", hint=HINT
        )
    data = document.root.find(kind)
    if data is None:
        raise RefusedError("invalid-structure", f"{source.name} has no element {kind}", hint=HINT)
    pieces = data.findall("Piece")
    if len(pieces) != 1:
        raise RefusedError("unsupported", f"{source.name} has {len(pieces)} pieces, not one", hint=HINT)
    note = _note(data)
    shapes = Shapes(crs=str(note.get("crs") or ""), title=source.stem)
    if kind in {"ImageData", "RectilinearGrid"}:
        _grid(document, data, pieces[0], note, shapes)
    else:
        _cells(document, kind, pieces[0], note, shapes)
    yield from shape_drafts(shapes, source)


def _note(data: etree._Element) -> dict[str, Any]:
    """The note in the field data; empty where there is none of ours."""
    found = data.find(f"FieldData/DataArray[@Name='{NOTE}']")
    try:
        codes = [int(word) for word in ((found.text or "") if found is not None else "").split()]
        told = msgspec.json.decode(bytes(codes)) if codes else {}
    except (ValueError, msgspec.DecodeError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _numbers(element: etree._Element, name: str, count: int, default: str, document: Document) -> np.ndarray:
    try:
        values = np.array((element.get(name) or default).split(), np.float64)
    except ValueError as error:
        raise document.broken(f"{name} holds no numbers") from error
    if values.size != count or not np.isfinite(values).all():
        raise document.broken(f"{name} is not {count} numbers")
    return values


def _grid(
    document: Document, data: etree._Element, piece: etree._Element, note: dict[str, Any], shapes: Shapes
) -> None:
    extent = _numbers(piece, "Extent", 6, data.get("WholeExtent", ""), document).astype(np.int64)
    counts = extent[1::2] - extent[::2]
    cells = np.prod([int(one) for one in counts], dtype=object)
    if (counts < 0).any() or (counts > MOST_AXIS).any() or cells > MOST_SWELL * document.size:
        raise document.broken(f"Extent {extent.tolist()}")
    at_points, at_cells = (piece.findall(f"{name}/DataArray") for name in ("PointData", "CellData"))
    in_cells = bool(at_cells)
    if in_cells and (counts < 1).any():
        raise document.broken("cells without height")
    if data.tag == "ImageData":
        spacing = _numbers(data, "Spacing", 3, "1 1 1", document)
        directions = _numbers(data, "Direction", 9, "1 0 0 0 1 0 0 0 1", document).reshape(3, 3).T
        origin = _numbers(data, "Origin", 3, "0 0 0", document)
        steps = [
            first + np.arange(size + (not in_cells)) for first, size in zip(extent[::2], counts, strict=True)
        ]
        middles = [
            (step + (0.5 if in_cells else 0.0)) * side for step, side in zip(steps, spacing, strict=True)
        ]
    else:
        directions, origin = np.eye(3), np.zeros(3)
        middles = list(_middles(document, piece, counts, in_cells=in_cells))
    blocks = Blocks(shapes.title, origin, directions, (middles[0], middles[1], middles[2]))
    fields = note.get("fields")
    told = fields if isinstance(fields, dict) else {}
    for element in at_cells if in_cells else at_points:
        blocks.attributes += _attributes(document, element, blocks.count, told)
    if in_cells and at_points:
        shapes.left_out += ["values at the corners of cells"] * len(at_points)
    shapes.items.append(blocks)


def _middles(
    document: Document, piece: etree._Element, counts: np.ndarray, *, in_cells: bool
) -> Iterator[np.ndarray]:
    """Middles of cells, or nodes, along each axis of a rectilinear grid."""
    axes = piece.findall("Coordinates/DataArray")
    if len(axes) != 3:
        raise document.broken("a rectilinear grid without three axes")
    for element, count in zip(axes, counts.tolist(), strict=True):
        axis = document.array(element).astype(np.float64)
        if axis.size != count + 1 or not np.isfinite(axis).all() or (np.diff(axis) <= 0).any():
            raise document.broken(f"an axis of {axis.size} coordinates for {count} cells, or in disorder")
        yield (axis[1:] + axis[:-1]) / 2 if in_cells else axis


def _attributes(
    document: Document, element: etree._Element, count: int, told: dict[str, Any]
) -> Iterator[Attribute]:
    """The attribute that an array is, one for each component of a vector."""
    values = document.array(element)
    name = element.get("Name", "") or "values"
    stated = element.get("NumberOfComponents", "1") or "1"
    parts = int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 9 else 0
    if parts < 1 or values.size != count * parts:
        raise document.broken(f"array {name[:40]!r} has {values.size} values for {count} places")
    kept = kept_attributes(told.get(name))
    if parts == 1:
        yield Attribute(name, values, attributes=kept)
        return
    for number, column in enumerate(values.reshape(count, parts).T):
        label = COMPONENT_NAMES[number] if parts <= 3 else str(number + 1)
        yield Attribute(f"{name}_{label}", np.ascontiguousarray(column))


def _cells(
    document: Document, kind: str, piece: etree._Element, note: dict[str, Any], shapes: Shapes
) -> None:
    element = piece.find("Points/DataArray")
    places = document.array(element).astype(np.float64) if element is not None else np.empty(0)
    if places.size % 3:
        raise document.broken("places that are no triples")
    places = places.reshape(-1, 3)
    cells = list(_polygons(document, piece) if kind == "PolyData" else _unstructured(document, piece, shapes))
    data = _cell_data(document, piece, sum(len(ends) for _, _, ends in cells))
    before = 0
    triangles, owner = [], []
    for type_, corners, ends in cells:
        starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
        own = np.arange(before, before + len(ends))
        before += len(ends)
        if type_ in {TRIANGLE, QUAD, POLYGON, STRIP, PIXEL}:
            corner, cell = _fans(corners, starts, ends, type_)
            triangles.append(corner)
            owner.append(own[cell])
        elif type_ in {LINE, POLYLINE}:
            inner = np.ones(len(corners), bool)
            inner[ends - 1] = False
            first = np.flatnonzero(inner)
            cell = np.searchsorted(ends, first, side="right")
            segments = np.column_stack([corners[first], corners[first + 1]])
            shapes.items.append(Lines(f"{shapes.title} lines", places, segments, _picked(data, own[cell])))
        else:
            inside = (corners >= 0) & (corners < len(places))
            cell = np.searchsorted(ends, np.arange(len(corners)), side="right")
            shapes.items.append(
                Points(f"{shapes.title} points", places[corners[inside]], _picked(data, own[cell[inside]]))
            )
    if triangles:
        surface = Surface(shapes.title, places, np.concatenate(triangles))
        _tell_parts(surface, data, np.concatenate(owner), note)
        surface.left_out += len(piece.findall("PointData/DataArray"))
        shapes.items.append(surface)
    if not cells and len(places):
        points = Points(shapes.title, places)
        for array in piece.findall("PointData/DataArray"):
            points.attributes += _attributes(document, array, len(places), {})
        shapes.items.append(points)


def _cell_data(document: Document, piece: etree._Element, count: int) -> list[Attribute]:
    arrays = piece.findall("CellData/DataArray")
    return [one for array in arrays for one in _attributes(document, array, count, {})]


def _picked(data: list[Attribute], rows: np.ndarray) -> list[Attribute]:
    return [Attribute(one.name, one.values[rows]) for one in data]


Cells = tuple[int, np.ndarray, np.ndarray]
"""Type of cells, their corners one after the other, and where each cell ends among them."""


def _polygons(document: Document, piece: etree._Element) -> Iterator[Cells]:
    for name, type_ in (("Verts", VERTEX), ("Lines", POLYLINE), ("Polys", POLYGON), ("Strips", STRIP)):
        found = piece.find(name)
        if found is None or not len(found):
            continue
        corners, ends = _connections(document, found)
        if ends.size:
            yield type_, corners, ends


def _connections(document: Document, element: etree._Element) -> tuple[np.ndarray, np.ndarray]:
    arrays = {one.get("Name", ""): one for one in element.findall("DataArray")}
    if not {"connectivity", "offsets"} <= arrays.keys():
        raise document.broken("cells without connectivity or offsets")
    corners, ends = (document.array(arrays[name]).astype(np.int64) for name in ("connectivity", "offsets"))
    if ends.size and ((np.diff(ends, prepend=0) <= 0).any() or ends[-1] != corners.size):
        raise document.broken("offsets of cells that do not fit their corners")
    return corners, ends


def _unstructured(document: Document, piece: etree._Element, shapes: Shapes) -> Iterator[Cells]:
    found = piece.find("Cells")
    if found is None or not len(found):
        return
    corners, ends = _connections(document, found)
    element = found.find("DataArray[@Name='types']")
    types = document.array(element) if element is not None else np.empty(0)
    if types.size != ends.size:
        raise document.broken(f"{types.size} types for {ends.size} cells")
    known = {VERTEX, 2, LINE, POLYLINE, TRIANGLE, STRIP, POLYGON, PIXEL, QUAD}
    for type_ in np.unique(types).tolist():
        if type_ not in known:
            shapes.left_out += [f"cells of VTK's type {type_} (solids or curved ones)"]
    if set(np.unique(types).tolist()) - known:
        raise RefusedError(
            "unsupported", f"{document.name} holds {'; '.join(shapes.left_out)}",
            hint="extract their surface, or resample them to image data",
        )  # fmt: skip
    change = np.flatnonzero(np.diff(types)) + 1
    for rows in np.split(np.arange(types.size), change):
        if rows.size:
            begin = int(ends[rows[0] - 1]) if rows[0] else 0
            yield int(types[rows[0]]), corners[begin : ends[rows[-1]]], ends[rows] - begin


def _fans(
    corners: np.ndarray, starts: np.ndarray, ends: np.ndarray, type_: int
) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of polygons (fans about their first corner) or strips, and the cell of each."""
    sizes = ends - starts
    cell = np.repeat(np.arange(len(sizes)), np.maximum(sizes - 2, 0))
    within = np.arange(cell.size) - np.repeat(
        np.cumsum(np.maximum(sizes - 2, 0)) - np.maximum(sizes - 2, 0), np.maximum(sizes - 2, 0)
    )
    base = starts[cell]
    if type_ in {STRIP, PIXEL}:
        odd = within % 2 == 1
        first, second = base + within, base + within + 1
        index = np.column_stack(
            [np.where(odd, second, first), np.where(odd, first, second), base + within + 2]
        )
    else:
        index = np.column_stack([base, base + within + 1, base + within + 2])
    return corners[index], cell


def _tell_parts(surface: Surface, data: list[Attribute], owner: np.ndarray, note: dict[str, Any]) -> None:
    """Tell parts apart by the first cell data of few whole numbers, with the table of a note of ours."""
    whole = [one for one in data if one.values.dtype.kind in "iu"]
    chosen = next((one for name in PART_NAMES for one in whole if one.name == name), None)
    surface.left_out = len(data) - (chosen is not None)
    if chosen is None:
        return
    values = chosen.values[owner]
    different = np.unique(values)
    if different.size > MOST_PARTS:
        surface.left_out += 1
        return
    table = _part_table(note)
    if table and different.min(initial=0) >= 0 and different.max(initial=0) < len(next(iter(table.values()))):
        surface.part, surface.parts = values.astype(np.int64), table
        return
    surface.part = np.searchsorted(different, values)
    surface.parts = {
        "part_id": [f"{chosen.name} {one}" for one in different.tolist()],
        chosen.name: different.tolist(),
    }


def _part_table(note: dict[str, Any]) -> dict[str, list[Any]]:
    parts = note.get("parts")
    if not isinstance(parts, dict) or not parts:
        return {}
    lists = {str(name): values for name, values in parts.items() if isinstance(values, list)}
    return lists if len({len(values) for values in lists.values()}) == 1 else {}
