"""Pictures of features: areas, lines and points in the colours of their style."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import numpy as np
import shapely
from PIL import Image, ImageDraw
from shapely.errors import GEOSException

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.model.record import Bbox
from craton.store.feature_index import FeatureIndex, FeatureQuery
from craton.store.grid_window import Frame
from craton.store.grid_window_place import moved_points
from craton.web.colour import Stops, palette, rgb_of, shades
from craton.web.picture import Painted, check_size
from craton.web.replies import Json

MOST_FEATURES = 20_000
"""Features of a picture at most, in the order of the source."""

FINER = 2
"""Pixels that are drawn for each pixel of the picture along a side."""

MARGIN = 12
"""Pixels beyond the picture that are drawn too, for symbols that reach into it."""

SIMPLER = 0.7
"""Drawn pixels that an outline may be off."""

POINT_RADII = ((300, 4.0), (3000, 3.0), (MOST_FEATURES, 2.0))
"""Number of features up to which points have a radius in pixels."""

LINE_WIDTH = 1.6
"""Pixels."""

AREA_OPACITY = 190
SINGLE = "#4f7ba6"
OTHER_INK = (0xB8, 0xB5, 0xAC, 255)
"""Colour of what no class stands for, and of what has no value."""

FULL_TURN = 360.0

Shapes = np.ndarray[Any, np.dtype[np.object_]]
Ink = tuple[int, int, int, int]


class _Feature(msgspec.Struct):
    properties: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Feature)


def draw_features(index: FeatureIndex, style: Json, frame: Frame, *, rims: bool = True) -> Painted:
    """Picture of the features of `index` in `frame`.

    Parameters
    ----------
    index : FeatureIndex
        Of a dataset.
    style : dict
        `type` (`single`, `categories`, `ramp`), `column`, and its `classes` or `stops`.
    frame : Frame
        Extent, reference system and size.
    rims : bool
        Whether areas have a darker rim, of which small ones would be little else.
    """
    check_size(frame.width, frame.height)
    wide = frame.widened(MARGIN)
    bbox = bbox_of(wide)
    canvas = Image.new("RGBA", (wide.width * FINER, wide.height * FINER))
    column = str(style.get("column", "")) if style.get("type") != "single" else ""
    names = (column,) if column in {one.name for one in index.columns} else ()
    page = (
        None if bbox is None else index.page(FeatureQuery(bbox=bbox, properties=names, limit=MOST_FEATURES))
    )
    if page is not None and page.ids:
        values = [(_decoder.decode(one).properties or {}).get(column) for one in page.features]
        shapes = _in_pixels(index, page.ids, wide)
        _draw(canvas, shapes, _inks(style if names else {}, values), rims=rims)
    small = canvas.reduce(FINER).crop((MARGIN, MARGIN, wide.width - MARGIN, wide.height - MARGIN))
    return Painted(np.asarray(small))


def bbox_of(frame: Frame) -> Bbox | None:
    """Box of `frame` in longitude and latitude; `None` where it has none."""
    west, south, east, north = frame.bounds
    if systems.is_geographic(frame.crs):
        # Frames may reach beyond the poles and around the Earth.
        south, north = max(south, -90.0), min(north, 90.0)
        if south >= north:
            return None
        return (
            (-180.0, south, 180.0, north) if east - west >= FULL_TURN else _turned(west, south, east, north)
        )
    try:
        return systems.to_crs84_bounds(frame.crs, (west, south, east, north))
    except InvalidError:
        return (-180.0, -90.0, 180.0, 90.0)


def _turned(west: float, south: float, east: float, north: float) -> Bbox:
    west, east = systems.wrap(west, east)
    return west, south, east, north


def _in_pixels(index: FeatureIndex, ids: Sequence[int], frame: Frame) -> Shapes:
    """Geometries in drawn pixels from the upper left corner, cut to the picture, no finer than it shows."""
    shapes = np.array(shapely.from_wkb(np.array(index.geometries(ids), dtype=object)), dtype=object)
    across, down = frame.pixel
    west, _, _, north = frame.bounds
    geographic = systems.is_geographic(frame.crs)
    middle = (frame.bounds[0] + frame.bounds[2]) / 2

    def placed(positions: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        east, up = moved_points(index.crs, frame.crs, positions[:, 0], positions[:, 1])
        return np.column_stack([(east - west) / across * FINER, (north - up) / down * FINER])

    moved = np.asarray(shapely.transform(shapely.force_2d(shapes), placed), dtype=object)
    if geographic:
        moved = _on_nearest_turn(moved, (middle - west) / across * FINER, FULL_TURN / across * FINER)
    bounds = shapely.bounds(moved)
    there = np.isfinite(bounds).all(axis=1)
    moved[~there] = None
    size = np.where(there, np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]), 0)
    fine = there & (size > FINER)
    moved[fine] = shapely.simplify(moved[fine], SIMPLER, preserve_topology=False)
    return _cut(moved, fine, (0.0, 0.0, float(frame.width * FINER), float(frame.height * FINER)))


def _on_nearest_turn(shapes: Shapes, middle: float, turn: float) -> Shapes:
    """Shapes moved by whole turns of longitude, so that each is as near the middle as it can be."""
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        turns = np.round(((bounds[:, 0] + bounds[:, 2]) / 2 - middle) / turn)
    for number in np.unique(turns[np.isfinite(turns) & (turns != 0)]):
        chosen = turns == number
        move = partial(_shifted, shift=-number * turn)
        shapes[chosen] = shapely.transform(shapes[chosen], move)
    return shapes


def _shifted(positions: np.ndarray[Any, Any], *, shift: float) -> np.ndarray[Any, Any]:
    return np.asarray(positions + np.array([shift, 0.0]))


def _cut(shapes: Shapes, fine: np.ndarray[Any, Any], box: tuple[float, float, float, float]) -> Shapes:
    """Shapes without what lies far outside; those that GEOS cannot cut stay whole."""
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        over = (bounds[:, :2] < box[:2]).any(axis=1) | (bounds[:, 2:] > box[2:]).any(axis=1)
    chosen = np.flatnonzero(over & fine)
    try:
        shapes[chosen] = shapely.clip_by_rect(shapes[chosen], *box)
    except GEOSException:
        return shapes
    return shapes


@dataclass(frozen=True)
class _Pen:
    """A canvas, and what draws on it."""

    canvas: Image.Image
    draw: ImageDraw.ImageDraw
    radius: float
    rims: bool


def _draw(canvas: Image.Image, shapes: Shapes, inks: Sequence[Ink], *, rims: bool) -> None:
    """Draw areas below lines below points."""
    radius = next((radius for most, radius in POINT_RADII if len(shapes) <= most), POINT_RADII[-1][1])
    pen = _Pen(canvas, ImageDraw.Draw(canvas), radius, rims)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    # A collection within a collection has parts of its own.
    while (shapely.get_type_id(parts) >= _FIRST_OF_MANY).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    dimensions = shapely.get_dimensions(parts)
    for dimension, draw in ((2, _area), (1, _line), (0, _point)):
        for place in np.flatnonzero((dimensions == dimension) & ~shapely.is_empty(parts)):
            draw(pen, parts[place], inks[owner[place]])


_FIRST_OF_MANY = 4
"""Least type number of geometries that have parts."""


def _area(pen: _Pen, shape: Any, ink: Ink) -> None:
    fill = (*ink[:3], AREA_OPACITY)
    rim = (*(int(part * 0.65) for part in ink[:3]), 230) if pen.rims else fill
    outline = _positions(shape.exterior)
    if not shape.interiors:
        pen.draw.polygon(outline, fill=fill, outline=rim, width=FINER // 2)
        return
    west, north, east, south = shape.bounds
    left, top = max(0, int(west)), max(0, int(north))
    right, bottom = min(pen.canvas.width, int(east) + 2), min(pen.canvas.height, int(south) + 2)
    if left >= right or top >= bottom:
        return
    mask = Image.new("L", (right - left, bottom - top))
    stencil = ImageDraw.Draw(mask)
    stencil.polygon([(x - left, y - top) for x, y in outline], fill=255)
    for ring in shape.interiors:
        stencil.polygon([(x - left, y - top) for x, y in _positions(ring)], fill=0)
    pen.canvas.paste(fill, (left, top, right, bottom), mask)
    for ring in (shape.exterior, *shape.interiors):
        pen.draw.line(_positions(ring), fill=rim, width=max(1, FINER // 2))


def _line(pen: _Pen, shape: Any, ink: Ink) -> None:
    pen.draw.line(_positions(shape), fill=ink, width=round(LINE_WIDTH * FINER), joint="curve")


def _point(pen: _Pen, shape: Any, ink: Ink) -> None:
    reach = pen.radius * FINER
    box = (shape.x - reach, shape.y - reach, shape.x + reach, shape.y + reach)
    pen.draw.ellipse(box, fill=ink, outline=(255, 255, 255, 255), width=FINER)


def _positions(line: Any) -> list[tuple[float, float]]:
    return list(map(tuple, shapely.get_coordinates(line).tolist()))


def _inks(style: Mapping[str, Any], values: Sequence[Any]) -> list[Ink]:
    """Colour of each feature."""
    kind = style.get("type")
    if kind == "categories":
        known = {_key(one[0]): _ink(str(one[1])) for one in style.get("classes", ())}
        return [known.get(_key(value), OTHER_INK) for value in values]
    if kind == "ramp":
        return _along(tuple((float(one[0]), str(one[1])) for one in style.get("stops", ())), values)
    if kind == "ranges":
        return _within(style.get("ranges", ()), values)
    return [_ink(str(style.get("colour") or SINGLE))] * len(values)


def _key(value: Any) -> object:
    """What two equal values have in common, be a number whole or not."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _along(stops: Stops, values: Sequence[Any]) -> list[Ink]:
    """Colours of numbers along a ramp."""
    if len(stops) < 2 or not stops[0][0] < stops[-1][0]:
        return [OTHER_INK] * len(values)
    numbers = np.array([_number(value) for value in values])
    there = np.isfinite(numbers)
    colours = palette(stops)[shades(np.where(there, numbers, stops[0][0]), stops)].tolist()
    return [
        (red, green, blue, 255) if ok else OTHER_INK
        for (red, green, blue), ok in zip(colours, there.tolist(), strict=True)
    ]


def _within(ranges: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> list[Ink]:
    """Colours of numbers by the range they lie in."""
    starts = [float(one.get("minimum", -np.inf)) for one in ranges]
    inks = [OTHER_INK, *(_ink(str(one.get("colour", ""))) for one in ranges)]
    return [
        inks[bisect_right(starts, number)] if np.isfinite(number := _number(v)) else OTHER_INK for v in values
    ]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _ink(colour: str) -> Ink:
    try:
        return (*rgb_of(colour), 255)
    except ValueError:
        return OTHER_INK
