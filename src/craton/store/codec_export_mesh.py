"""What writers of meshes and tables share: parts one by one, names and colours, the reference system."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.model.crs import identify
from craton.model.data import Mesh
from craton.store.codec_asset import NOTE, plain
from craton.store.codec_columns import is_missing

COLOUR_COLUMNS = ("colour", "color")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
GREY = "#b0b0b0"
PREFIX = struct.Struct("<4sIIII")
"""Beginning of a binary glTF: its header, and length and kind of the first chunk, which is JSON."""


class Part(NamedTuple):
    """A part that has triangles: row of `parts`, name, colour, vertices (n, 3) and triangles (m, 3)."""

    row: int
    name: str
    colour: str
    vertices: np.ndarray[Any, np.dtype[np.float64]]
    triangles: np.ndarray[Any, np.dtype[np.int64]]


def stored_crs(path: Path) -> str:
    """Reference system that the stored glTF at `path` names."""
    with path.open("rb") as stream:
        length = PREFIX.unpack(stream.read(PREFIX.size))[3]
        tree = json.loads(stream.read(length))
    return str(tree["scenes"][0]["extras"][NOTE]["crs"])


def crs_of(frame: pd.DataFrame) -> str:
    """Reference system of a table by its authority's code, else as WKT; empty where it has none."""
    system = getattr(frame, "crs", None) if isinstance(frame, gpd.GeoDataFrame) else None
    return identify(system.to_wkt()) if system is not None else ""


def parts_of(mesh: Mesh) -> Iterator[Part]:
    """Parts of `mesh` in the order of their rows, each with the vertices that it uses."""
    if not len(mesh.triangles):
        return
    names, colours = part_names(mesh), part_colours(mesh)
    order = np.argsort(mesh.part, kind="stable")
    rows, starts = np.unique(mesh.part[order], return_index=True)
    for row, members in zip(rows.tolist(), np.split(order, starts[1:]), strict=True):
        used, corners = np.unique(mesh.triangles[members], return_inverse=True)
        yield Part(row, names[row], colours[row], mesh.vertices[used], corners.reshape(-1, 3))


def part_names(mesh: Mesh) -> list[str]:
    """Identifier of each part, its number where there is none."""
    if "part_id" not in mesh.parts:
        return [f"part {row + 1}" for row in range(len(mesh.parts))]
    return [str(name) for name in mesh.parts["part_id"].tolist()]


def part_colours(mesh: Mesh) -> list[str]:
    """Colour of each part as `#rrggbb`, grey where none is stated."""
    column = next((name for name in COLOUR_COLUMNS if name in mesh.parts), None)
    stated = [str(one) for one in mesh.parts[column].tolist()] if column else [""] * len(mesh.parts)
    return [one if COLOUR.fullmatch(one) else GREY for one in stated]


def red_green_blue(colour: str) -> tuple[int, int, int]:
    """Shares of 255 of `#rrggbb`."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def parts_note(mesh: Mesh, crs: str) -> dict[str, Any]:
    """Reference system and table of the parts, for formats with room for a text."""
    columns = {
        str(name): [None if is_missing(value) else plain(value) for value in mesh.parts[name].tolist()]
        for name in mesh.parts.columns
    }
    return {"crs": crs, "parts": columns}


def facts_of(mesh: Mesh, row: int) -> dict[str, Any]:
    """Attributes of the part in `row`, without those that are missing."""
    told = {str(name): mesh.parts[name].iloc[row] for name in mesh.parts.columns}
    return {name: plain(value) for name, value in told.items() if not is_missing(value)}
