"""OMF version 1 (`OMF-v0.9.0`): objects by identifier in JSON at the end, arrays packed by zlib before it."""

from __future__ import annotations

import mmap
import struct
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from craton.ingest.shapes import Attribute, Blocks, Classes, Lines, Points, Shapes, Surface, hex_colour
from craton.model.errors import RefusedError

HEADER = struct.Struct("<4s32s16sQ")
"""Mark, version, identifier of the project, where the JSON begins."""

VERSION = "OMF-v0.9.0"
MOST_SWELL = 1100
"""Times by which zlib can make a text shorter at the very most."""

LARGEST = 4 << 30
"""Bytes of an array, unpacked, beyond which it is not believed."""

HINT = "export it again as OMF 2.0"
LOCATIONS = {
    "PointSetElement": "vertices",
    "LineSetElement": "segments",
    "SurfaceElement": "faces",
    "VolumeElement": "cells",
}
"""Where the attributes lie that have a place here, by the class of an element."""

Fields = dict[str, Any]


class Objects:
    """Objects of a file by identifier, with its arrays."""

    def __init__(self, content: mmap.mmap, name: str) -> None:
        self._content, self.name = content, name
        if len(content) < HEADER.size:
            raise RefusedError("truncated", f"{name} ends within its header", hint=HINT)
        _, version, project, start = HEADER.unpack(content[: HEADER.size])
        told = version.rstrip(b"\0").decode("ascii", "replace")
        if told != VERSION:
            raise RefusedError("unsupported", f"{name} is of version {told[:32]!r}, not {VERSION}", hint=HINT)
        if not HEADER.size <= start < len(content):
            raise RefusedError("truncated", f"{name} ends before its index", hint=HINT)
        try:
            self._objects = msgspec.json.decode(content[start:], type=dict[str, dict[str, Any]])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self.broken(f"its index is no JSON ({str(error)[:80]})") from error
        self.project = self.at(str(uuid.UUID(bytes=project)))

    def broken(self, words: str) -> RefusedError:
        """The error that says what breaks the format."""
        return RefusedError("invalid-structure", f"{self.name} is no sound OMF file: {words}", hint=HINT)

    def at(self, key: object) -> Fields:
        """The object called `key`."""
        found = self._objects.get(key) if isinstance(key, str) else None
        if found is None:
            raise self.broken(f"object {str(key)[:60]!r} is not there")
        return found

    def numbers(self, key: object, width: int) -> np.ndarray:
        """The array (n, width) of the object called `key`; (n,) where `width` is 1."""
        entry = self.at(key).get("array")
        if not isinstance(entry, dict):
            raise self.broken("an array that is none")
        start, length, dtype = (entry.get(name) for name in ("start", "length", "dtype"))
        if dtype not in {"<f8", "<i8"} or type(start) is not int or type(length) is not int:
            raise self.broken(f"an array of type {str(dtype)[:20]!r}")
        if start < HEADER.size or length < 0 or start + length > len(self._content):
            raise RefusedError("truncated", f"an array of {self.name} lies outside the file", hint=HINT)
        unpacker = zlib.decompressobj()
        most = min(LARGEST, MOST_SWELL * (length + 1))
        try:
            content = unpacker.decompress(self._content[start : start + length], most)
        except zlib.error as error:
            raise RefusedError("corrupt", f"an array of {self.name} cannot be unpacked", hint=HINT) from error
        if len(content) == LARGEST and not unpacker.eof:
            raise RefusedError("too-large", f"an array of {self.name} unpacks to more than {LARGEST} bytes")
        if not unpacker.eof or len(content) % (8 * width):
            raise RefusedError("corrupt", f"an array of {self.name} ends early", hint=HINT)
        values = np.frombuffer(content, dtype)
        return values.reshape(-1, width) if width > 1 else values

    def list_of(self, fields: Fields, name: str) -> list[Any]:
        """A list among the fields of an object."""
        found = fields.get(name)
        return found if isinstance(found, list) else []

    def floats(self, fields: Fields, name: str, default: list[float] | None = None) -> np.ndarray:
        """Numbers among the fields of an object."""
        found = fields.get(name, default)
        try:
            values = np.array(found, np.float64)
        except (TypeError, ValueError) as error:
            raise self.broken(f"{name} holds no numbers") from error
        if values.ndim != 1 or not np.isfinite(values).all():
            raise self.broken(f"{name} holds no numbers")
        return values


def shapes_of(path: Path, name: str) -> Shapes:
    """All that the project at `path` holds."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        objects = Objects(content, name)
        project = objects.project
        shapes = Shapes(title=_text(project, "name"), description=_text(project, "description"))
        origin = _origin(objects, project)
        shapes.tell_unit(_text(project, "units"))
        for key in objects.list_of(project, "elements"):
            _add(shapes, objects, objects.at(key), origin)
        return shapes


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _origin(objects: Objects, fields: Fields) -> np.ndarray:
    origin = objects.floats(fields, "origin", [0.0, 0.0, 0.0])
    if origin.size != 3:
        raise objects.broken("an origin that is no place")
    return origin


def _add(shapes: Shapes, objects: Objects, element: Fields, origin: np.ndarray) -> None:
    kind, name = _text(element, "__class__"), _text(element, "name")
    geometry = objects.at(element.get("geometry")) if kind in LOCATIONS else {}
    attributes: list[Attribute] = []
    match kind:
        case "PointSetElement" | "LineSetElement":
            places = objects.numbers(geometry.get("vertices"), 3) + origin + _origin(objects, geometry)
            if kind == "PointSetElement":
                attributes = list(_attributes(shapes, objects, element, kind, len(places)))
                shapes.items.append(Points(name, places, attributes))
                return
            segments = objects.numbers(geometry.get("segments"), 2)
            attributes = list(_attributes(shapes, objects, element, kind, len(segments)))
            shapes.items.append(Lines(name, places, segments.astype(np.int64), attributes))
        case "SurfaceElement":
            shapes.items.append(_surface(objects, element, geometry, name, origin))
        case "VolumeElement":
            faces, directions = _grid(objects, geometry, "uvw")
            u, v, w = ((one[1:] + one[:-1]) / 2 for one in faces)
            blocks = Blocks(name, origin + _origin(objects, geometry), directions, (u, v, w))
            # Cells of version 1 run along the last axis first, as numpy's arrays do.
            for one in _attributes(shapes, objects, element, kind, blocks.count):
                one.values = one.values.reshape(u.size, v.size, w.size).transpose(2, 1, 0).ravel()
                if one.missing is not None:
                    one.missing = one.missing.reshape(u.size, v.size, w.size).transpose(2, 1, 0).ravel()
                blocks.attributes.append(one)
            shapes.items.append(blocks)
        case other:
            shapes.left_out.append(f"an element of class {other[:40]!r}")


def _grid(objects: Objects, geometry: Fields, letters: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Distances of the faces of cells, and unit vectors of the axes."""
    faces, directions = [], []
    for number, letter in enumerate(letters):
        sizes = objects.floats(geometry, f"tensor_{letter}")
        if not sizes.size or not (sizes > 0).all():
            raise objects.broken("cells without size")
        faces.append(np.concatenate([[0.0], np.cumsum(sizes)]))
        vector = objects.floats(geometry, f"axis_{letter}", np.eye(3)[number].tolist())
        length = float(np.linalg.norm(vector))
        if vector.size != 3 or length == 0:
            raise objects.broken("an axis that is no direction")
        directions.append(vector / length)
    return faces, np.array(directions)


def _surface(objects: Objects, element: Fields, geometry: Fields, name: str, origin: np.ndarray) -> Surface:
    begin = origin + _origin(objects, geometry)
    if "tensor_u" in geometry:
        (u, v), (first, second) = _grid(objects, geometry, "uv")
        offset = geometry.get("offset_w")
        heights = objects.numbers(offset, 1) if offset is not None else np.zeros(u.size * v.size)
        if heights.size != u.size * v.size:
            raise objects.broken(f"{heights.size} heights for {u.size * v.size} corners")
        # Corners of version 1 run along the last axis first.
        across, along = np.meshgrid(u, v, indexing="ij")
        flat = across.ravel()[:, None] * first + along.ravel()[:, None] * second
        vertices = begin + flat + heights[:, None] * np.cross(first, second)
        corner = (np.arange(u.size - 1)[:, None] * v.size + np.arange(v.size - 1)).ravel()
        a, b, c, d = corner, corner + v.size, corner + v.size + 1, corner + 1
        triangles = np.stack([a, b, c, a, c, d], axis=1).reshape(-1, 3)
    else:
        vertices = objects.numbers(geometry.get("vertices"), 3) + begin
        triangles = objects.numbers(geometry.get("triangles"), 3).astype(np.int64)
    facts = {"description": text} if (text := _text(element, "description")) else {}
    if colour := hex_colour(element.get("color")):
        facts["colour"] = colour
    return Surface(name, vertices, triangles, dict(facts), left_out=len(objects.list_of(element, "data")))


def _attributes(
    shapes: Shapes, objects: Objects, element: Fields, kind: str, count: int
) -> Iterator[Attribute]:
    for key in objects.list_of(element, "data"):
        data = objects.at(key)
        name, type_ = _text(data, "name"), _text(data, "__class__")
        known = data.get("location") == LOCATIONS[kind]
        if known and type_ in {"ScalarData", "MappedData"}:
            values = objects.numbers(data.get("array"), 1)
            attribute = (
                Attribute(name, values, title=_text(data, "description"))
                if type_ == "ScalarData"
                else _mapped(objects, data, name, values)
            )
        elif known and type_ == "StringData":
            texts = objects.list_of(objects.at(data.get("array")), "array")
            attribute = Attribute(name, np.array([str(text) for text in texts], object))
        else:
            shapes.left_out.append(f"an attribute of class {type_[:40]} at {str(data.get('location'))[:30]}")
            continue
        if attribute.values.size != count:
            raise objects.broken(f"{name[:60]!r} has {attribute.values.size} values for {count} places")
        yield attribute


def _mapped(objects: Objects, data: Fields, name: str, values: np.ndarray) -> Attribute:
    """Categories: indices into legends of names and colours, negative for none; codes count from 1."""
    names: list[str] = []
    colours: list[str] = []
    for key in objects.list_of(data, "legends"):
        told = objects.list_of(objects.at(objects.at(key).get("values")), "array")
        if told and all(isinstance(one, str) for one in told):
            names = names or [str(one) for one in told]
        elif told:
            colours = colours or [hex_colour(one) for one in told]
    whole = np.where(np.isfinite(values), values, -1).astype(np.int64)
    missing = whole < 0
    if whole.size and int(whole.max()) >= len(names):
        return Attribute(name, whole, missing)
    shades = colours if len(colours) == len(names) else [""] * len(names)
    codes = tuple(range(len(names) + 1))
    classes = Classes(codes, ("none", *names), ("#ffffff", *shades))
    return Attribute(name, np.where(missing, 0, whole + 1), missing, classes=classes)
