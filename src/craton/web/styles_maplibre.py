"""Looks in the words of MapLibre: a style with the dataset's tiles as its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from craton.model.record import Record
from craton.model.style import StyleClass, Value, VectorStyle
from craton.model.tile_matrix import WEB_MERCATOR_QUAD
from craton.store.tile_archive_make import LAYER
from craton.store.vector_tile_values import MOST_CHARACTERS
from craton.store.vector_tiles import VectorTiles
from craton.web.colour import hex_of, rgb_of
from craton.web.replies import Json, path_of
from craton.web.tiles_documents import tile_json

OTHER = "#bdbdbd"
"""Colour of what is in no class."""

OUTLINE = "#6b6b6b"
DARKEST = 0.72
"""Lightness above which a colour is darkened for lines and points, which must be seen on a pale map."""

SOURCE = "data"


def vector_document(base: str, record: Record, tiles: VectorTiles, style: VectorStyle) -> Json:
    """MapLibre style of features in vector tiles."""
    said = tile_json(base, record, WEB_MERCATOR_QUAD, tiles)
    kept = ("tiles", "minzoom", "maxzoom", "bounds", "attribution")
    source = {"type": "vector", **{key: said[key] for key in kept if said[key] != ""}}
    types = set(tiles.meta.geometry_types) or {"Point"}
    mixed = "GeometryCollection" in types
    layers: list[Json] = []
    if mixed or types & {"Polygon", "MultiPolygon"}:
        layers.append(_layer("fill", "Polygon", {
            "fill-color": _colour(style, dark=False), "fill-opacity": 0.75, "fill-outline-color": OUTLINE,
        }))  # fmt: skip
    if mixed or types & {"LineString", "MultiLineString"}:
        width = ["interpolate", ["linear"], ["zoom"], 4, 0.8, 14, 3]
        layers.append(_layer("line", "LineString", {
            "line-color": _colour(style, dark=True), "line-width": width,
        }))  # fmt: skip
    if mixed or types & {"Point", "MultiPoint"}:
        radius = ["interpolate", ["linear"], ["zoom"], 3, 2, 14, 7]
        layers.append(_layer("circle", "Point", {
            "circle-color": _colour(style, dark=True), "circle-radius": radius,
            "circle-stroke-color": "#ffffff", "circle-stroke-width": 0.8,
        }))  # fmt: skip
    return {"version": 8, "name": record.name(), "sources": {SOURCE: source}, "layers": layers}


def raster_document(base: str, record: Record, query: str) -> Json:
    """MapLibre style of a grid in tiles of pictures."""
    tiles = base + path_of("collections", record.id, "map", "tiles", WEB_MERCATOR_QUAD.id)
    more = f"&{query}" if query else ""
    source: Json = {"type": "raster", "tiles": [f"{tiles}/{{z}}/{{y}}/{{x}}?f=png{more}"], "tileSize": 256}
    if record.bbox is not None and record.bbox[0] <= record.bbox[2]:
        source["bounds"] = list(record.bbox)
    layer = {"id": "pictures", "type": "raster", "source": SOURCE}
    return {"version": 8, "name": record.name(), "sources": {SOURCE: source}, "layers": [layer]}


def _layer(type: str, geometry: str, paint: Json) -> Json:
    """A layer of one type of geometry; the type in a tile is never a multiple one."""
    return {
        "id": f"{LAYER}-{type}", "type": type, "source": SOURCE, "source-layer": LAYER,
        "filter": ["==", ["geometry-type"], geometry], "paint": paint,
    }  # fmt: skip


def _colour(style: VectorStyle, *, dark: bool) -> Any:
    """Expression that gives a feature its colour."""

    def seen(colour: str) -> str:
        return _darkened(colour) if dark else colour

    value = ["get", style.column]
    if style.type == "single":
        return seen(style.colour)
    if style.type == "categories":
        pairs = _pairs(style.classes, seen)
        return ["match", ["to-string", value], *pairs, seen(OTHER)] if pairs else seen(OTHER)
    if style.type == "ramp":
        if not style.stops:
            return seen(OTHER)
        inner = [part for number, colour in style.stops for part in (number, seen(colour))]
        return _of_numbers(value, ["interpolate", ["linear"], value, *inner], seen(OTHER))
    if not style.classes:
        return seen(OTHER)
    first, *others = style.classes
    steps = [part for one in others for part in (one.minimum, seen(one.colour))]
    return _of_numbers(
        value, ["step", value, seen(first.colour), *steps] if steps else seen(first.colour), seen(OTHER)
    )


def _of_numbers(value: list[str], expression: object, other: str) -> list[object]:
    return ["case", ["==", ["typeof", value], "number"], expression, other]


def _pairs(classes: Sequence[StyleClass], seen: Any) -> list[str]:
    """Texts of values and their colours; none twice, for longer texts are cut in tiles."""
    colours: dict[str, str] = {}
    for one in classes:
        if one.value is not None:
            colours.setdefault(_in_tile(one.value), seen(one.colour))
    return [part for pair in colours.items() for part in pair]


def _in_tile(value: Value) -> str:
    """Text of a value as the client reads it from a tile."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value[:MOST_CHARACTERS]
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _darkened(colour: str) -> str:
    """`colour`, darkened where it is too pale."""
    red, green, blue = rgb_of(colour)
    lightness = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    if lightness <= DARKEST:
        return colour
    return hex_of([round(part * DARKEST / lightness) for part in (red, green, blue)])
