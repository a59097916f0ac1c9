"""DXF with surfaces: 3D faces and polyface meshes as one mesh by layer; what else is drawn stays a table."""

from __future__ import annotations

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

FACE, POLYFACE, FACE_RECORD, POINT_RECORD = "3DFACE", 64, 128, 64
CORNERS = ((10, 20, 30), (11, 21, 31), (12, 22, 32), (13, 23, 33))
INDICES = (71, 72, 73, 74)
BINARY = b"AutoCAD Binary DXF"
WKB_FACES = tuple(
    b"\x01" + number.to_bytes(4, "little") for kind in (3, 6, 15) for number in (kind | 1 << 31, kind + 1000)
)
"""Beginnings of polygons and surfaces of polygons with heights, as GDAL and as the standard write them."""


class Tags(NamedTuple):
    """Codes and values of the entities, and the entity of each."""

    code: np.ndarray
    value: np.ndarray
    entity: np.ndarray
    kinds: np.ndarray


def _has_faces(candidate: Candidate) -> bool:
    if not FORMATS["dxf"].matches(candidate) or candidate.head.startswith(BINARY):
        return False
    return _shows_faces(candidate.head) or _shows_faces(_beginning(candidate.path))


def _shows_faces(content: bytes) -> bool:
    return b"\n3DFACE" in content or b"AcDbPolyFaceMesh" in content


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
    shapes = Shapes(title=source.stem, items=[*_faces(tags)])
    drafts = list(shape_drafts(shapes, source))
    for draft in drafts:
        draft.findings += findings
        draft.name = "surfaces"
        yield draft
    if set(np.unique(tags.kinds).tolist()) - {
        FACE,
        "SEQEND",
        "VERTEX",
        "ENDSEC",
        "POLYLINE",
        "",
    } or _has_lines(tags):
        yield from _others(source)


def _tags(text: str, name: str) -> Tags:
    """Tags of the section of entities."""
    lines = text.split("\n")
    codes, values = lines[0::2], lines[1::2]
    try:
        code = np.array(codes[: len(values)], dtype="U12").astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise RefusedError(
            "corrupt", f"{name} has group codes that are no numbers", hint="export it again as DXF"
        ) from error
    value = np.char.strip(np.array([one[:80] for one in values]))
    named = np.flatnonzero((code == 2) & (value == "ENTITIES"))
    if not named.size:
        raise RefusedError("no-data", f"{name} has no section of entities", hint="export it again as DXF")
    begin = int(named[0]) + 1
    ends = np.flatnonzero((code[begin:] == 0) & (value[begin:] == "ENDSEC"))
    end = begin + int(ends[0]) if ends.size else code.size
    code, value = code[begin:end], value[begin:end]
    starts = code == 0
    entity = np.cumsum(starts) - 1
    return Tags(code, value, entity, value[starts])


def _numbers(tags: Tags, code: int, count: int) -> np.ndarray:
    """The number each entity has under a code; NaN where it has none."""
    found = np.full(count, np.nan)
    rows = np.flatnonzero((tags.code == code) & (tags.entity >= 0))
    try:
        found[tags.entity[rows]] = tags.value[rows].astype(np.float64)
    except ValueError:
        for row in rows:
            found[tags.entity[row]] = _number(str(tags.value[row]))
    return found


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan


def _layers(tags: Tags) -> np.ndarray:
    layers = np.full(tags.kinds.size, "0", dtype="U80")
    rows = np.flatnonzero((tags.code == 8) & (tags.entity >= 0))
    layers[tags.entity[rows]] = tags.value[rows]
    return layers


def _faces(tags: Tags) -> Iterator[Surface]:
    """A surface a layer."""
    count = tags.kinds.size
    layers = _layers(tags)
    faces = np.flatnonzero(tags.kinds == FACE)
    corners = np.stack(
        [np.stack([_numbers(tags, code, count)[faces] for code in three], axis=1) for three in CORNERS],
        axis=1,
    )
    short = np.isnan(corners[:, 3]).any(axis=1)
    corners[short, 3] = corners[short, 2]
    parts = {
        layer: [_triangles(corners[layers[faces] == layer])] for layer in np.unique(layers[faces]).tolist()
    }
    for layer, triangles in _polyfaces(tags, layers):
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


def _polyfaces(tags: Tags, layers: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Triangles of polyface meshes by layer."""
    count = tags.kinds.size
    flags = np.nan_to_num(_numbers(tags, 70, count)).astype(np.int64)
    meshes = np.flatnonzero((tags.kinds == "POLYLINE") & ((flags & POLYFACE) > 0))
    if not meshes.size:
        return
    places = np.stack([_numbers(tags, code, count) for code in CORNERS[0]], axis=1)
    index = np.abs(np.nan_to_num(np.stack([_numbers(tags, code, count) for code in INDICES], axis=1))).astype(
        np.int64
    )
    ends = np.flatnonzero(tags.kinds == "SEQEND")
    for mesh in meshes.tolist():
        after = ends[ends > mesh]
        members = np.arange(mesh + 1, int(after[0]) if after.size else count)
        members = members[tags.kinds[members] == "VERTEX"]
        is_place = (flags[members] & POINT_RECORD) > 0
        vertices = places[members[is_place]]
        faces = index[members[~is_place & ((flags[members] & FACE_RECORD) > 0)]]
        faces = faces[(faces[:, :3] > 0).all(axis=1) & (faces <= len(vertices)).all(axis=1)]
        faces[faces[:, 3] == 0, 3] = faces[faces[:, 3] == 0, 2]
        yield str(layers[mesh]), _triangles(vertices[faces - 1])


def _has_lines(tags: Tags) -> bool:
    """Whether a polyline is drawn that is no mesh of faces."""
    flags = np.nan_to_num(_numbers(tags, 70, tags.kinds.size)).astype(np.int64)
    return bool(((tags.kinds == "POLYLINE") & ((flags & POLYFACE) == 0)).any())


def _others(source: Source) -> Iterator[Draft]:
    """What is drawn beside faces, as GDAL reads it (whose words about open rings are about the faces)."""
    for draft in read_format(FORMATS["dxf"], source):
        if isinstance(draft.data, pa.Table) and "geometry" in draft.data.column_names:
            draft.data = draft.data.filter(pc.invert(_are_faces(draft.data)))
            draft.findings = [one for one in draft.findings if "Non closed ring" not in one.message]
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
