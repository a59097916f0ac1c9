"""OMF version 2: the index of a project, and its arrays in Parquet.

References
----------
Global Mining Guidelines Group, Open Mining Format 2.0,
https://github.com/gmggroup/omf-rust.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Meta, Struct

from craton.ingest.omf_arrays import HINT, Array, Arrays
from craton.ingest.shapes import (
    Attribute,
    Blocks,
    Classes,
    Lines,
    Points,
    Shapes,
    Surface,
    hex_colour,
    kept_attributes,
)
from craton.model.errors import RefusedError

INDEX = "index.json.gz"
LARGEST_INDEX = 256 << 20
"""Bytes of an index, unpacked, beyond which it is not believed."""

MOST_COUNT = 2_000_000_000
MOST_CORNERS = 50_000_000
"""Cells of a grid surface above which it is not believed."""

DEEPEST = 8

Three = tuple[float, float, float]
Counts = Annotated[list[Annotated[int, Meta(ge=1, le=MOST_COUNT)]], Meta(min_length=2, max_length=3)]


class Data(Struct):
    """Values of an attribute."""

    type: str
    values: Array | None = None
    names: Array | None = None
    gradient: Array | None = None
    attributes: list[AttributeEntry] = []


class AttributeEntry(Struct):
    """An attribute of an element."""

    name: str
    location: str
    data: Data
    description: str = ""
    units: str = ""
    metadata: dict[str, Any] = {}


class Grid(Struct):
    """Cells of a grid: all of one size, or of sizes by axis."""

    type: str
    size: list[float] = []
    count: Counts | None = None
    u: Array | None = None
    v: Array | None = None
    w: Array | None = None


class Orient(Struct):
    """Origin and axes of a grid."""

    origin: Three
    u: Three = (1.0, 0.0, 0.0)
    v: Three = (0.0, 1.0, 0.0)
    w: Three = (0.0, 0.0, 1.0)


class Geometry(Struct):
    """Geometry of an element, of whatever type."""

    type: str
    origin: Three = (0.0, 0.0, 0.0)
    vertices: Array | None = None
    segments: Array | None = None
    triangles: Array | None = None
    orient: Orient | None = None
    grid: Grid | None = None
    heights: Array | None = None
    subblocks: dict[str, Any] | None = None
    elements: list[Element] = []


class Element(Struct):
    """A thing of the project."""

    name: str
    geometry: Geometry
    description: str = ""
    color: list[int] | None = None
    metadata: dict[str, Any] = {}
    attributes: list[AttributeEntry] = []


class Project(Struct):
    """The index."""

    name: str = ""
    description: str = ""
    coordinate_reference_system: str = ""
    units: str = ""
    origin: Three = (0.0, 0.0, 0.0)
    elements: list[Element] = []


def shapes_of(archive: zipfile.ZipFile, name: str) -> Shapes:
    """All that the project of `archive` holds."""
    arrays = Arrays(archive, name)
    project = _index(archive, arrays)
    shapes = Shapes(
        crs=project.coordinate_reference_system, title=project.name, description=project.description
    )
    shapes.tell_unit(project.units)
    origin = np.array(project.origin, np.float64)
    for element in project.elements:
        _add(shapes, arrays, element, origin, 0)
    return shapes


def _index(archive: zipfile.ZipFile, arrays: Arrays) -> Project:
    try:
        with archive.open(INDEX) as stream:
            packed = stream.read(LARGEST_INDEX + 1)
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(packed, LARGEST_INDEX)
    except KeyError as error:
        raise arrays.broken(f"it has no {INDEX}") from error
    except (zlib.error, RuntimeError) as error:
        raise RefusedError("corrupt", f"the index of {arrays.name} cannot be unpacked", hint=HINT) from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        words = "is larger than any real one" if unpacker.unconsumed_tail else "ends early"
        raise RefusedError("corrupt", f"the index of {arrays.name} {words}", hint=HINT)
    try:
        return msgspec.json.decode(text, type=Project)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise arrays.broken(str(error)[:200]) from error


def _add(shapes: Shapes, arrays: Arrays, element: Element, origin: np.ndarray, depth: int) -> None:
    geometry = element.geometry
    places = origin + np.array(geometry.origin, np.float64)
    match geometry.type:
        case "Composite":
            if depth >= DEEPEST:
                raise RefusedError("too-deep", f"{arrays.name} nests its elements deeper than any real one")
            for one in geometry.elements:
                _add(shapes, arrays, one, origin, depth + 1)
        case "PointSet":
            vertices = arrays.columns(geometry.vertices, "xyz", "vertices") + places
            points = Points(element.name, vertices.astype(np.float64))
            points.attributes = list(_attributes(shapes, arrays, element, {"Vertices": len(vertices)}))
            shapes.items.append(points)
        case "LineSet":
            vertices = arrays.columns(geometry.vertices, "xyz", "vertices") + places
            segments = arrays.columns(geometry.segments, "ab", "segments")
            lines = Lines(element.name, vertices.astype(np.float64), segments)
            lines.attributes = list(_attributes(shapes, arrays, element, {"Primitives": len(segments)}))
            shapes.items.append(lines)
        case "Surface":
            vertices = arrays.columns(geometry.vertices, "xyz", "vertices") + places
            triangles = arrays.columns(geometry.triangles, "abc", "triangles")
            shapes.items.append(_surface(element, vertices.astype(np.float64), triangles))
        case "GridSurface":
            shapes.items.append(_sheet(arrays, element, origin))
        case "BlockModel":
            _blocks(shapes, arrays, element, origin)
        case other:
            shapes.left_out.append(f"an element of type {other[:40]!r}")


def _surface(element: Element, vertices: np.ndarray, triangles: np.ndarray) -> Surface:
    facts = {name: value for name, value in element.metadata.items() if isinstance(value, str | int | float)}
    if colour := hex_colour(element.color):
        facts.setdefault("colour", colour)
    if element.description:
        facts.setdefault("description", element.description)
    return Surface(element.name, vertices, triangles, facts, left_out=len(element.attributes))


def _sheet(arrays: Arrays, element: Element, origin: np.ndarray) -> Surface:
    """A surface of heights at the corners of a grid, each cell cut in two triangles."""
    faces, orient = _faces(arrays, element, 2)
    u, v = faces
    first, second = np.array(orient.u), np.array(orient.v)
    heights = _heights(arrays, element, u.size * v.size)
    across, along = np.meshgrid(u, v)
    flat = across.ravel()[:, None] * first + along.ravel()[:, None] * second
    vertices = origin + np.array(orient.origin) + flat + heights[:, None] * np.cross(first, second)
    corner = (np.arange(v.size - 1)[:, None] * u.size + np.arange(u.size - 1)).ravel()
    a, b, c, d = corner, corner + 1, corner + u.size + 1, corner + u.size
    triangles = np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 3)
    return _surface(element, vertices, triangles)


def _heights(arrays: Arrays, element: Element, count: int) -> np.ndarray:
    if element.geometry.heights is None:
        return np.zeros(count)
    found: np.ndarray = arrays.only(element.geometry.heights, "heights").to_numpy().astype(np.float64)
    if found.size != count:
        raise arrays.broken(f"{found.size} heights for {count} corners")
    return found


def _faces(arrays: Arrays, element: Element, axes: int) -> tuple[list[np.ndarray], Orient]:
    """Distances of the faces of cells from the origin, along each axis."""
    grid, orient = element.geometry.grid, element.geometry.orient
    if grid is None or orient is None:
        raise arrays.broken(f"{element.name[:60]!r} has no grid")
    if grid.type == "Regular":
        sizes, counts = grid.size, grid.count or []
        if len(sizes) != axes or len(counts) != axes or not (np.array(sizes) > 0).all():
            raise arrays.broken(f"the grid of {element.name[:60]!r} has no sizes and counts")
        if float(np.prod(counts, dtype=np.float64)) > (MOST_COUNT if axes == 3 else MOST_CORNERS):
            raise arrays.broken(f"the grid of {element.name[:60]!r} has {counts} cells")
        return [size * np.arange(count + 1) for size, count in zip(sizes, counts, strict=True)], orient
    tensors = [
        arrays.only(one, "sizes of cells").to_numpy().astype(np.float64)
        for one in (grid.u, grid.v, grid.w)[:axes]
    ]
    if any(not (one > 0).all() or not one.size for one in tensors):
        raise arrays.broken(f"the grid of {element.name[:60]!r} has cells without size")
    return [np.concatenate([[0.0], np.cumsum(one)]) for one in tensors], orient


def _blocks(shapes: Shapes, arrays: Arrays, element: Element, origin: np.ndarray) -> None:
    if element.geometry.subblocks is not None:
        shapes.left_out.append("a block model with sub-blocks")
        return
    # Values first: a grid is only as large as they are, whatever it says of itself.
    values = list(_attributes(shapes, arrays, element, {"Primitives": _counted(arrays, element)}))
    if not values:
        shapes.left_out.append("a block model without values in its blocks")
        return
    faces, orient = _faces(arrays, element, 3)
    u, v, w = ((one[1:] + one[:-1]) / 2 for one in faces)
    directions = np.array([orient.u, orient.v, orient.w], np.float64)
    blocks = Blocks(element.name, origin + np.array(orient.origin), directions, (u, v, w), values)
    if any(one.values.size != blocks.count for one in values):
        raise arrays.broken(f"{element.name[:60]!r} has not as many values as blocks")
    shapes.items.append(blocks)


def _counted(arrays: Arrays, element: Element) -> int:
    """Blocks that a grid says to have."""
    grid = element.geometry.grid
    if grid is None:
        raise arrays.broken(f"{element.name[:60]!r} has no grid")
    stated = grid.count or [one.item_count for one in (grid.u, grid.v, grid.w) if one is not None]
    return int(np.prod(stated, dtype=object))


def _attributes(
    shapes: Shapes, arrays: Arrays, element: Element, counts: dict[str, int]
) -> Iterator[Attribute]:
    """Attributes at the locations of `counts`, which must have as many values; the others are told."""
    for one in element.attributes:
        if one.location not in counts or one.data.type not in KINDS:
            shapes.left_out.append(f"an attribute of type {one.data.type[:30]} at {one.location[:30]}")
            continue
        column = arrays.only(one.data.values, f"values of {one.name[:60]!r}")
        if len(column) != counts[one.location]:
            raise arrays.broken(
                f"{one.name[:60]!r} has {len(column)} values for {counts[one.location]} places"
            )
        attribute = _attribute(arrays, one, column)
        if attribute is None:
            shapes.left_out.append(f"values of a kind that is not known ({one.name[:60]})")
        else:
            yield attribute


KINDS = ("Number", "Category", "Text", "Boolean", "Color")


def _attribute(arrays: Arrays, entry: AttributeEntry, column: pa.ChunkedArray) -> Attribute | None:
    missing = column.is_null().to_numpy()
    if entry.data.type == "Category":
        return _category(arrays, entry, column, missing)
    values = _values(entry.data.type, column)
    if values is None:
        return None
    kept = {k: v for k, v in kept_attributes(entry.metadata).items() if not k.startswith("flag_")}
    return Attribute(entry.name, values, missing, entry.units, entry.description, attributes=kept)


def _values(kind: str, column: pa.ChunkedArray) -> np.ndarray | None:
    """Values of a column of `kind`; `None` where its type is not what the kind should have."""
    type_ = column.type
    if kind == "Number" and pa.types.is_integer(type_):
        return np.asarray(column.fill_null(0).to_numpy())
    if kind == "Number" and pa.types.is_temporal(type_):
        return np.asarray(column.cast(pa.timestamp("us")).to_numpy())
    if kind == "Boolean" and pa.types.is_boolean(type_):
        return np.asarray(column.fill_null(value=False).to_numpy())
    if kind == "Color" and pa.types.is_struct(type_):
        shades = column.to_pylist()
        return np.array([hex_colour([one.get(c) for c in "rgb"]) if one else None for one in shades], object)
    if kind == "Text" and pa.types.is_string(type_):
        return np.array(column.to_pylist(), object)
    return np.asarray(column.to_numpy()) if kind == "Number" and pa.types.is_floating(type_) else None


def _category(
    arrays: Arrays, entry: AttributeEntry, column: pa.ChunkedArray, missing: np.ndarray
) -> Attribute | None:
    if not pa.types.is_integer(column.type):
        return None
    names = [str(one) for one in arrays.only(entry.data.names, "names of categories").to_pylist()]
    colours = [""] * len(names)
    if entry.data.gradient is not None:
        shades = arrays.columns(entry.data.gradient, "rgb", "colours of categories")
        if len(shades) == len(names):
            colours = [hex_colour([int(share) for share in shade]) for shade in shades]
    index = column.fill_null(0).to_numpy().astype(np.int64)
    if index.size and not ((index >= 0) & (index < max(len(names), 1)) | missing).all():
        raise arrays.broken(f"{entry.name[:60]!r} has a category that has no name")
    codes = _codes(arrays, entry, len(names))
    values = codes[index] if len(codes) else np.zeros(index.size, np.int64)
    classes = Classes(tuple(codes.tolist()), tuple(names), tuple(colours))
    if 0 not in classes.codes:
        classes = Classes((0, *classes.codes), ("none", *classes.names), ("#ffffff", *classes.colours))
    kept = {k: v for k, v in kept_attributes(entry.metadata).items() if not k.startswith("flag_")}
    return Attribute(
        entry.name, values, missing, entry.units, entry.description, classes=classes, attributes=kept
    )


def _codes(arrays: Arrays, entry: AttributeEntry, count: int) -> np.ndarray:
    """Codes of categories: those told by an attribute `code`, else from 1 on, for 0 is none."""
    stated = next((one for one in entry.data.attributes if one.name.lower() == "code"), None)
    if stated is not None and stated.data.type == "Number":
        column = arrays.only(stated.data.values, "codes of categories")
        codes = column.to_numpy()
        if codes.dtype.kind in "iu" and codes.size == count and np.unique(codes).size == count:
            return np.asarray(codes, np.int64)
    return np.arange(1, count + 1, dtype=np.int64)
