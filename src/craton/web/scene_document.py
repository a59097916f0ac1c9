"""What a dataset is in a scene: where it lies, what can be coloured, and where its parts are asked for."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Record
from craton.store.codec_asset import GLB
from craton.store.volume_bricks import Volume, open_volume
from craton.store.volume_bricks_build import SIDE
from craton.store.volume_bricks_values import Variable
from craton.web.collections import collection_record
from craton.web.replies import Json, link, path_of
from craton.web.scene_columns import class_documents
from craton.web.scene_heights import grid_document
from craton.web.scene_holes import holes_document
from craton.web.scene_mesh import mesh_document
from craton.web.scene_moved import moved
from craton.web.scene_place import DIGITS, Extent, corners, why_no_scene
from craton.web.scene_points import points_document
from craton.web.site import Site

FORMAT = 2
"""Number of the way in which documents of holes and points are made; of another one they are made anew."""

COMPRESSION = 5

FAST = 1
"""Level of compression of what is made for one reply."""

BYTES = "application/octet-stream"


class _Head(msgspec.Struct):
    """What a document of holes or points says of its place."""

    crs: str
    origin: tuple[float, float, float]
    extent: Extent


def scene_record(site: Site, name: str, kind: str = "") -> Record:
    """Record of the collection `name`, of which there is a scene and which the visitor may read.

    Raises
    ------
    NotFoundError
        If there is none, or it is of another kind than `kind`.
    """
    record = site.record(collection_record(site, name).id, "read")
    if reason := why_no_scene(record):
        raise NotFoundError(f"there is no scene of {record.id}: {reason}")
    if kind and record.kind != kind:
        raise NotFoundError(f"{record.id} is of the kind {record.kind}, not {kind}", hint="see its scene")
    return record


def scene_document(site: Site, base: str, record: Record, system: str = "") -> Json:
    """All that a scene must know of `record`, in `system` where one is named.

    Raises
    ------
    InvalidError
        If its cells or surfaces lie in another system than the one that is named.
    """
    said: Json = {
        "id": record.id, "title": record.name(), "kind": record.kind, "variables": [],
        "levels": [], "brick": SIDE, "times": [], "bbox": list(record.bbox) if record.bbox else None,
    }  # fmt: skip
    if record.kind in _PLACES:
        said |= _head(_PLACES[record.kind](site, record, system))
    else:
        said |= _DOCUMENTS[record.kind](site, record)
    if system not in {"", said["crs"]}:
        raise InvalidError(f"a {record.kind} is told in its own system alone, {said['crs'][:80]}")
    said["corners"] = corners(said["crs"], said["extent"])
    return dict(msgspec.to_builtins({**said, "links": _links(base, record)}))


def _volume(site: Site, record: Record) -> Json:
    volume = open_volume(site.store, record)
    up, north, east = ((round(axis.low, DIGITS), round(axis.high, DIGITS)) for axis in volume.place.axes)
    extent = Extent(east, north, up)
    told = {name: list(map(axis.told, range(axis.count))) for name, axis in volume.axes.items()}
    return {
        "crs": volume.place.crs, "origin": extent.origin, "extent": extent,
        "variables": _variables(volume),
        "levels": [{"level": number, **level._asdict()} for number, level in enumerate(volume.levels)],
        "times": told.get("time", []), "realizations": told.get("realization", []),
    }  # fmt: skip


def _variables(volume: Volume) -> list[Json]:
    variables = volume.variables
    bytes_of = {one.code: one.byte for variable in variables[::-1] for one in variable.classes}
    return [_variable(one, bytes_of) for one in variables]


def _variable(variable: Variable, bytes_of: dict[int, int]) -> Json:
    """One variable; `probability_of` is the value of the class in bricks."""
    layer = variable.layer
    said: Json = {
        "name": layer.name, "title": layer.title, "unit": layer.unit, "quantity": layer.quantity,
        "probability_of": None if variable.probability_of is None else bytes_of.get(variable.probability_of),
    }  # fmt: skip
    if not variable.is_classes:
        return {**said, "type": "number", "range": [variable.low, variable.high]}
    classes = class_documents((one.byte, one.title, one.colour) for one in variable.classes)
    for document, one in zip(classes, variable.classes, strict=True):
        document["code"] = one.code
    return {**said, "type": "class", "classes": classes}


def _head(packed: bytes) -> Json:
    found = msgspec.json.decode(gzip.decompress(packed), type=_Head)
    return {"crs": found.crs, "origin": found.origin, "extent": found.extent}


_DOCUMENTS: dict[str, Callable[[Site, Record], Json]] = {
    "volume": _volume, "mesh": mesh_document, "grid": grid_document,
}  # fmt: skip


def holes_packed(site: Site, record: Record, system: str = "") -> bytes:
    """Paths and tables of holes as JSON, compressed with gzip; made once, and moved to `system` each time."""
    return _in_system(_packed(site, record, "holes", lambda: holes_document(site, record)), system)


def points_packed(site: Site, record: Record, system: str = "") -> bytes:
    """Points and lines of a table, as `holes_packed` gives holes."""
    return _in_system(_packed(site, record, "points", lambda: points_document(site, record)), system)


_PLACES = {"boreholes": holes_packed, "table": points_packed}
"""Documents of what has single places, which can be told in any system."""


def _in_system(packed: bytes, system: str) -> bytes:
    """A document moved to `system`. It is not kept: there are thousands of systems to ask for."""
    if not system:
        return packed
    said = msgspec.json.decode(gzip.decompress(packed))
    if said["crs"] == system:
        return packed
    return gzip.compress(msgspec.json.encode(moved(said, system)), FAST, mtime=0)


def _packed(site: Site, record: Record, what: str, document: Callable[[], Json]) -> bytes:
    """A document among the copies that can be made again; titles and units of columns are in it."""
    columns = hashlib.sha256(msgspec.json.encode((record.columns, record.crs))).hexdigest()[:16]

    def make(target: Path) -> None:
        target.write_bytes(gzip.compress(msgspec.json.encode(document()), COMPRESSION, mtime=0))

    return site.store.derived.get(record.content, f"{what}-{FORMAT}-{columns}.json.gz", make).read_bytes()


def _links(base: str, record: Record) -> list[Json]:
    own = base + path_of("collections", record.id)
    parts = {
        "volume": [("bricks/{level}/{k}/{j}/{i}?variable={variable}", "bricks of cells", BYTES)],
        "mesh": [("mesh.glb", "the surfaces", GLB)],
        "boreholes": [("holes", "paths of holes, and what was found along them", "application/json")],
        "table": [("points", "points and lines", "application/json")],
        "grid": [("heights?level={level}&variable={variable}", "cells as a lattice", BYTES)],
    }[record.kind]
    data = [
        link(f"{own}/{path}", "item", words, media) | ({"templated": True} if "{" in path else {})
        for path, words, media in parts
    ]
    return [link(f"{own}/scene", "self", "this document"), link(own, "collection", "its data"), *data]
