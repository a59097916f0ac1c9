"""DXF with surfaces: 3D faces, polyface meshes and meshes by layer as one mesh; the rest stays a table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.plain_text import read_text
from craton.ingest.shape_drafts import shape_drafts
from craton.ingest.shapes import Shapes, Surface
from craton.ingest.vector_ogr import FORMATS, read_format
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.process.readers import Candidate, Source, reader

LOOKED_AT = 8 << 20
"""Bytes of a file in which the first face is looked for."""

FACE, POLYLINE, MESH = "3DFACE", "POLYLINE", "MESH"
OWN = frozenset({FACE, MESH, POLYLINE, "VERTEX", "SEQEND", ""})
"""Entities of which surfaces are made, and what belongs to them."""

POLYFACE, FACE_RECORD, POINT_RECORD = 64, 128, 64
CORNERS = ((10, 20, 30), (11, 21, 31), (12, 22, 32), (13, 23, 33))
INDICES = (71, 72, 73, 74)
FLAGS, LIST, FACES = 70, 90, 93
"""Codes of flags, of the numbers of a mesh's list of faces, and of how many numbers that list has."""

MOST = 1 << 53
"""Numbers of a list beyond which none is believed."""

NUMBERS = [code for three in CORNERS for code in three] + [*INDICES, FLAGS, LIST, FACES]
POINT_OF_POLYFACE = re.compile(rb"\n[ \t]*70\r?\n[ \t]*192\s")
BINARY = b"AutoCAD Binary DXF"
WKB_FACES = tuple(
    b"\x01" + number.to_bytes(4, "little") for kind in (3, 6, 15) for number in (kind | 1 << 31, kind + 1000)
)
"""Beginnings of polygons and surfaces of polygons with heights, as GDAL and as the standard write them."""


class Tags(NamedTuple):
    """Numbers of the entities by code, in the order of the file, and the entity of each; kinds and layers."""

    code: np.ndarray
    number: np.ndarray
    entity: np.ndarray
    kinds: np.ndarray
    layers: np.ndarray


def _has_faces(candidate: Candidate) -> bool:
    if not FORMATS["dxf"].matches(candidate) or candidate.head.startswith(BINARY):
        return False
    return _shows_faces(candidate.head) or _shows_faces(_beginning(candidate.path))


def _shows_faces(content: bytes) -> bool:
    named = (b"\n3DFACE", b"AcDbPolyFaceMesh", b"AcDbSubDMesh")
    return any(name in content for name in named) or POINT_OF_POLYFACE.search(content) is not None


def _beginning(path: Path) -> bytes:
    """First bytes of a plain file; nothing of one that is packed or gone."""
    try:
        with path.open("rb") as stream:
            return stream.read(LOOKED_AT)
    except OSError:
        return b""


@reader("dxf-surfaces", suffixes=(".dxf",), order=19, matches=_has_faces)
def read_faces(source: Source) -> Iterator[Draft]:
    """Read the faces of a drawing as one mesh, a part a layer; points, lines and texts as a table."""
    text, findings = read_text(source.path, source.scratch)
    tags = _tags(text, source.name)
    shapes = Shapes(title=source.stem, items=[one for one in _surfaces(tags) if len(one.triangles)])
    if not shapes.items:
        # faces may lie within blocks that are inserted, which GDAL opens
        yield from _others(source, None)
        return
    for draft in shape_drafts(shapes, source):
        draft.findings += findings
        draft.name = "surfaces"
        yield draft
    flags = _flags(tags)
    is_line = (tags.kinds == POLYLINE) & ((flags & POLYFACE) == 0)
    if set(tags.kinds) - OWN or is_line.any():
        yield from _others(source, int(((tags.kinds == FACE) | (tags.kinds == POLYLINE) & ~is_line).sum()))


def _tags(text: str, name: str) -> Tags:
    """What the section of entities says of surfaces."""
    lines = text.split("\n")
    codes, values = lines[0::2], lines[1::2]
    try:
        code = np.array(codes[: len(values)], dtype="U12").astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise RefusedError(
            "corrupt", f"{name} has group codes that are no numbers", hint="export it again as DXF"
        ) from error
    named = np.flatnonzero(code == 2).tolist()
    begin = next((row + 1 for row in named if values[row].strip() == "ENTITIES"), None)
    if begin is None:
        raise RefusedError("no-data", f"{name} has no section of entities", hint="export it again as DXF")
    starts = (begin + np.flatnonzero(code[begin:] == 0)).tolist()
    kinds = [values[row].strip() for row in starts]
    count = kinds.index("ENDSEC") if "ENDSEC" in kinds else len(kinds)
    end = starts[count] if count < len(starts) else code.size
    first = starts[0] if starts else end
    return _of_entities(code[first:end], values[first:end], kinds[:count])


def _of_entities(code: np.ndarray, values: list[str], kinds: list[str]) -> Tags:
    """Tags of the entities of `kinds`, in which all else than numbers and layers is passed over."""
    entity = np.cumsum(code == 0) - 1
    layers = np.full(len(kinds), "0", object)
    for row in np.flatnonzero(code == 8).tolist():
        layers[entity[row]] = values[row].strip()
    rows = np.flatnonzero(np.isin(code, NUMBERS))
    told = [values[row] for row in rows.tolist()]
    return Tags(code[rows], _floats(told), entity[rows], np.array(kinds, object), layers)


def _floats(words: list[str]) -> np.ndarray:
    """Words as numbers; NaN for those that are none."""
    try:
        return np.array(words, np.float64)
    except ValueError:
        return np.array([_number(word) for word in words], np.float64)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan


def _numbers(tags: Tags, code: int) -> np.ndarray:
    """The number each entity has under a code, the last of several; NaN where it has none."""
    found = np.full(tags.kinds.size, np.nan)
    rows = np.flatnonzero(tags.code == code)
    found[tags.entity[rows]] = tags.number[rows]
    return found


def _flags(tags: Tags) -> np.ndarray:
    return _whole(_numbers(tags, FLAGS))


def _whole(numbers: np.ndarray, none: int = 0) -> np.ndarray:
    """Numbers as whole ones, `none` for NaN and all below it; those too large stay beyond all lists."""
    whole: np.ndarray = np.clip(np.nan_to_num(numbers, nan=none), none, MOST).astype(np.int64)
    return whole


def _surfaces(tags: Tags) -> Iterator[Surface]:
    """A surface a layer."""
    faces = np.flatnonzero(tags.kinds == FACE)
    corners = np.stack(
        [np.stack([_numbers(tags, code)[faces] for code in three], axis=1) for three in CORNERS], axis=1
    )
    short = np.isnan(corners[:, 3]).any(axis=1)
    corners[short, 3] = corners[short, 2]
    layers = tags.layers[faces]
    parts = {layer: [_triangles(corners[layers == layer])] for layer in sorted(set(layers.tolist()))}
    for layer, triangles in (*_polyfaces(tags), *_meshes(tags)):
        parts.setdefault(layer, []).append(triangles)
    for layer, found in parts.items():
        triangles = np.concatenate(found)
        places, index = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)
        yield Surface(layer, places, index.reshape(-1, 3))


def _triangles(corners: np.ndarray) -> np.ndarray:
    """Triangles (m, 3, 3) of faces of four corners, the second of a face left out where it has no area."""
    first, second = corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]
    flat = (corners[:, 3] == corners[:, 2]).all(axis=1) | (corners[:, 3] == corners[:, 0]).all(axis=1)
    return np.concatenate([first, second[~flat]])


def _polyfaces(tags: Tags) -> Iterator[tuple[str, np.ndarray]]:
    """Triangles of polyface meshes by layer."""
    flags = _flags(tags)
    meshes = np.flatnonzero((tags.kinds == POLYLINE) & ((flags & POLYFACE) > 0))
    if not meshes.size:
        return
    places = np.stack([_numbers(tags, code) for code in CORNERS[0]], axis=1)
    told = np.stack([_numbers(tags, code) for code in INDICES], axis=1)
    index = _whole(np.abs(told))
    ends = np.flatnonzero(tags.kinds == "SEQEND")
    for mesh in meshes.tolist():
        after = ends[ends > mesh]
        members = np.arange(mesh + 1, int(after[0]) if after.size else tags.kinds.size)
        members = members[tags.kinds[members] == "VERTEX"]
        is_place = (flags[members] & POINT_RECORD) > 0
        vertices = places[members[is_place]]
        faces = index[members[~is_place & ((flags[members] & FACE_RECORD) > 0)]]
        faces = faces[(faces[:, :3] > 0).all(axis=1) & (faces <= len(vertices)).all(axis=1)]
        faces[faces[:, 3] == 0, 3] = faces[faces[:, 3] == 0, 2]
        yield str(tags.layers[mesh]), _triangles(vertices[faces - 1])


def _meshes(tags: Tags) -> Iterator[tuple[str, np.ndarray]]:
    """Triangles of meshes by layer, as they are before they are made smooth."""
    for mesh in np.flatnonzero(tags.kinds == MESH).tolist():
        first, last = np.searchsorted(tags.entity, [mesh, mesh + 1])
        code, number = tags.code[first:last], tags.number[first:last]
        x, y, z = (number[code == axis] for axis in CORNERS[0])
        count = min(x.size, y.size, z.size)
        vertices = np.stack([x[:count], y[:count], z[:count]], axis=1)
        corners = np.array([*_fans(code, number)], np.int64).reshape(-1, 3)
        sound = ((corners >= 0) & (corners < count)).all(axis=1)
        yield str(tags.layers[mesh]), vertices[corners[sound]]


def _fans(code: np.ndarray, number: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Corners of the triangles of a mesh: its list has for each face how many corners, then the corners."""
    sizes = np.flatnonzero(code == FACES)
    if not sizes.size:
        return
    begin = int(sizes[0]) + 1
    told = number[begin:][code[begin:] == LIST][: int(_whole(number[begin - 1]))]
    listed = _whole(told, -1).tolist()
    place = 0
    while place < len(listed) and 0 < listed[place] < len(listed) - place:
        corners = listed[place + 1 : place + 1 + listed[place]]
        for second, third in itertools.pairwise(corners[1:]):
            yield corners[0], second, third
        place += 1 + listed[place]


def _others(source: Source, faces: int | None) -> Iterator[Draft]:
    """What is drawn beside `faces`, as GDAL reads it (whose words about open rings are about the faces).

    All that is drawn, where there are none.
    """
    for draft in read_format(FORMATS["dxf"], source):
        if faces is None:
            yield draft
            continue
        if isinstance(draft.data, pa.Table) and "geometry" in draft.data.column_names:
            are_faces = _are_faces(draft.data)
            draft.data = draft.data.filter(pc.invert(are_faces))
            draft.findings = [one for one in draft.findings if "Non closed ring" not in one.message]
            if (within := int(pc.sum(are_faces).as_py() or 0) - faces) > 0:
                draft.find("part-skipped", within, "faces within blocks that are inserted")
        draft.name = "drawing"
        yield draft


def _are_faces(table: pa.Table) -> pa.Array:
    """Rows of polygons with heights that are no hatching, which always names its class."""
    shapes = table.column("geometry").to_pylist()
    classes = (
        table.column("SubClasses").to_pylist() if "SubClasses" in table.column_names else [None] * len(shapes)
    )
    return pa.array(
        [
            shape is not None and bytes(shape[:5]) in WKB_FACES and (not told or "Face" in told)
            for shape, told in zip(shapes, classes, strict=True)
        ],
        pa.bool_(),
    )
