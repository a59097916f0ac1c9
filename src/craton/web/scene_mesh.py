"""Meshes in a scene: where the stored glTF file lies, and what is known of its parts."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from craton.model.errors import StorageError
from craton.model.record import Record
from craton.store.codec_asset import NOTE, only_member
from craton.store.codec_table import decode_table
from craton.store.volume_bricks_place import metric_crs
from craton.web.replies import Json
from craton.web.scene_columns import columns_of
from craton.web.scene_place import Extent
from craton.web.site import Site

HEADER = struct.Struct("<4sIIII")
"""Mark, version and length of the file, length and kind of the first part."""

MOST_BYTES = 64 << 20
"""Bytes of the description of a mesh that are read."""

MOST_PARTS = 20_000
"""Parts of a mesh whose values are told."""

HIDDEN = frozenset({"geometry", "source_row", "bbox"})


def mesh_document(site: Site, record: Record) -> Json:
    """System, origin and extent of a mesh, and the columns and values of its parts."""
    said = _description(site.locate(only_member(record.assets["data"])))
    origin = np.array(said["scenes"][0]["extras"][NOTE]["origin"], np.float64)
    parts = decode_table(site.locate(only_member(record.assets["parts"])))
    columns, values = columns_of(record, parts.iloc[:MOST_PARTS], "", HIDDEN)
    extent = _extent(said, origin)
    (west, east), (south, north) = extent.easting, extent.northing
    system = metric_crs(record.crs, (west, south, east, north))
    return {
        "crs": system, "origin": origin.tolist(), "extent": extent, "variables": columns,
        "parts": {"count": len(parts), "values": values},
    }  # fmt: skip


def _description(path: Path) -> Any:
    """The JSON part of a binary glTF file."""
    with path.open("rb") as file:
        start = file.read(HEADER.size)
        if len(start) == HEADER.size:
            mark, _, _, length, kind = HEADER.unpack(start)
            if mark == b"glTF" and kind == int.from_bytes(b"JSON", "little") and length <= MOST_BYTES:
                return json.loads(file.read(length))
    raise StorageError(f"{path.name} is no binary glTF that can be read", hint="check the store")


def _extent(said: Any, origin: np.ndarray[Any, np.dtype[np.float64]]) -> Extent:
    """Extent of all vertices, which lie as easting, upward, −northing from the origin."""
    ends = []
    for mesh in said.get("meshes", ()):
        for primitive in mesh["primitives"]:
            accessor = said["accessors"][primitive["attributes"]["POSITION"]]
            ends += [accessor["min"], accessor["max"]]
    local = np.array(ends, np.float64).reshape(-1, 3)
    return Extent.of(np.column_stack([local[:, 0], -local[:, 2], local[:, 1]]) + origin)
