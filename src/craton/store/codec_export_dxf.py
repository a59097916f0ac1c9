"""DXF of release 12, which every program of drawing reads: surfaces as 3D faces, lines and points in space.

Colours are the nearest of the 255 that the format numbers; layers are the
parts of a mesh. Coordinates are written with all their digits. The reference
system is a comment: the format has no place for it.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from craton.model.data import Mesh
from craton.model.errors import InvalidError
from craton.store.codec_export_mesh import crs_of, part_colours, part_names, parts_of, red_green_blue

LAYER = re.compile(r"[^\w$-]+", re.ASCII)
LAYER_LENGTH = 31
GREYS = (250, 251, 252, 253, 254, 255)
"""Numbers of the greys, from dark to light (shares 51, 80, 105, 130, 190, 255 of 255)."""

GREY_SHARES = np.array([51, 80, 105, 130, 190, 255])
SHADES = (1.0, 0.65, 0.5, 0.3, 0.15)
"""Brightness of the five shades of each hue, as numbered from 10 on in steps of ten for 15 degrees."""

LINE_TYPES = (
    "0\nTABLE\n2\nLTYPE\n70\n1\n0\nLTYPE\n2\nCONTINUOUS\n70\n0\n3\nSolid line\n"
    "72\n65\n73\n0\n40\n0.0\n0\nENDTAB\n"
)
"""The table of the one type of line that layers name."""

COLUMNS = ("layer", "unit", "name")
"""Columns of a table that name the layer a shape is drawn on, the first that is there."""


def colour_number(colour: str) -> int:
    """Number of the colour nearest to `#rrggbb`."""
    red, green, blue = red_green_blue(colour)
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if saturation < 0.2:
        return GREYS[int(np.abs(GREY_SHARES - 255 * value).argmin())]
    shade = int(np.abs(np.array(SHADES) - value).argmin())
    return 10 + 10 * (round(hue * 24) % 24) + 2 * shade + (1 if saturation < 0.7 else 0)


def layer_names(names: Iterable[str]) -> list[str]:
    """Names as the format takes them, in capitals, told apart by numbers."""
    taken: set[str] = set()
    told = []
    for name in names:
        safe = LAYER.sub("_", name).strip("_").upper()[:LAYER_LENGTH] or "PART"
        number, unique = 1, safe
        while unique in taken:
            number += 1
            unique = f"{safe[: LAYER_LENGTH - 1 - len(str(number))]}_{number}"
        taken.add(unique)
        told.append(unique)
    return told


def write_faces(mesh: Mesh, crs: str, target: Path) -> None:
    """Write a mesh as a 3D face a triangle, each part on a layer of its name and colour."""
    layers = layer_names(part_names(mesh))
    numbers = [colour_number(colour) for colour in part_colours(mesh)]
    with target.open("w", encoding="ascii", newline="\r\n") as stream:
        stream.write(_head(crs, dict(zip(layers, numbers, strict=True))))
        for part in parts_of(mesh):
            for a, b, c in part.vertices[part.triangles].tolist():
                corners = "".join(_place(place, *corner) for place, corner in enumerate((a, b, c, c)))
                stream.write(f"0\n3DFACE\n8\n{layers[part.row]}\n{corners}")
        stream.write("0\nENDSEC\n0\nEOF\n")


def _place(number: int, x: float, y: float, z: float) -> str:
    return f"{10 + number}\n{x!r}\n{20 + number}\n{y!r}\n{30 + number}\n{z!r}\n"


def _head(crs: str, layers: dict[str, int]) -> str:
    told = "".join(
        f"0\nLAYER\n2\n{name}\n70\n0\n62\n{number}\n6\nCONTINUOUS\n" for name, number in layers.items()
    )
    comment = " ".join(crs.split()).encode("ascii", "replace").decode()[:200]
    return (
        (f"999\ncoordinates in {comment}\n" if comment else "")
        + "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1009\n0\nENDSEC\n"
        + f"0\nSECTION\n2\nTABLES\n{LINE_TYPES}"
        + f"0\nTABLE\n2\nLAYER\n70\n{len(layers)}\n{told}0\nENDTAB\n0\nENDSEC\n"
        + "0\nSECTION\n2\nENTITIES\n"
    )


def write_shapes(frame: pd.DataFrame, target: Path) -> None:
    """Write points, lines and the rings of polygons of a table; its other columns have no place.

    The column `layer`, `unit` or `name`, the first that is there, names the layer of each.
    """
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise InvalidError("the table has no geometry, which .dxf needs", hint="use .csv or .parquet")
    located = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    parts = located.explode(ignore_index=True) if len(located) else located
    column = next((name for name in COLUMNS if name in parts), None)
    wanted = parts[column].fillna("0").astype(str).tolist() if column else ["0"] * len(parts)
    different = list(dict.fromkeys(wanted))
    layer_of = dict(zip(different, layer_names(different), strict=True))
    with target.open("w", encoding="ascii", newline="\r\n") as stream:
        stream.write(_head(crs_of(parts), dict.fromkeys(layer_of.values(), 7)))
        for shape, name in zip(parts.geometry, wanted, strict=True):
            stream.writelines(_drawn(shape, layer_of[name]))
        stream.write("0\nENDSEC\n0\nEOF\n")


def _drawn(shape: shapely.Geometry, layer: str) -> Iterator[str]:
    if shape.geom_type == "Polygon":
        for ring in (shape.exterior, *shape.interiors):
            yield from _drawn(ring, layer)
        return
    if shape.geom_type not in {"Point", "LineString", "LinearRing"}:
        raise InvalidError(f"a {shape.geom_type} does not fit .dxf", hint="use .gpkg")
    places = np.nan_to_num(shapely.get_coordinates(shape, include_z=True)).tolist()
    if shape.geom_type == "Point":
        yield f"0\nPOINT\n8\n{layer}\n{_place(0, *places[0])}"
        return
    closed = len(places) > 3 and places[0] == places[-1]
    yield f"0\nPOLYLINE\n8\n{layer}\n66\n1\n{_place(0, 0.0, 0.0, 0.0)}70\n{8 + closed}\n"
    for place in places[: len(places) - closed]:
        yield f"0\nVERTEX\n8\n{layer}\n{_place(0, *place)}70\n32\n"
    yield f"0\nSEQEND\n8\n{layer}\n"
