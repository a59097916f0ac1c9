"""Maps of reports: the evaluated units in colours, with coordinates, scale, north and a legend."""

from __future__ import annotations

import base64
import io
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from pyproj import Geod

from craton.model import crs as systems
from craton.model.errors import InvalidError
from craton.model.record import Record
from craton.store.feature_index import FeatureIndex, FeatureQuery, open_features
from craton.store.grid_window import Frame, has_place, open_grid
from craton.store.grid_window_place import moved_points
from craton.store.recent import Recent
from craton.store.store import Store
from craton.web.colour import rgb_of
from craton.web.crs_negotiation import DEFAULT, System, system_of
from craton.web.maps_query import bounds_of, own_system
from craton.web.picture_maps import has_picture
from craton.web.picture_vector import MOST_FEATURES, bbox_of, draw_features
from craton.web.report_charts import WIDTH
from craton.web.report_svg import FAINT, INK, SIZE, SOFT, Drawing, width_of

SCORE = "score"
"""Column or variable that the map is coloured by."""

PIXELS = 1360
"""Across the map."""

LEAST_SHAPE, MOST_SHAPE = 0.4, 0.72
"""Height of the map as a part of its width."""

DEEPEST = 5
"""How often a picture of many features is parted into four."""

ROOM = 0.04
"""Around the units, as a part of their extent."""

OTHER, GROUND = "#b8b5ac", "#f7f4ec"
"""Colours of units without a grade, and of what lies around them, as which cells without a grade show."""

LEFT = 52.0
"""Pixels beside the map, for latitudes."""

MOST_RIMS = 2500
"""Units up to which each has a rim."""

FULL = 190
"""How opaque areas of a picture of features are; under a map of a report nothing lies, so it is made full."""

NARROW = 12.0
"""Degrees of longitude up to which a map in degrees is drawn in a zone of UTM."""

KEPT_BYTES = 8 << 20
"""Bytes of pictures kept in memory: the forms and languages of a report share one."""

_pictures: Recent[tuple[object, ...], str] = Recent(KEPT_BYTES, weigh=len)

_EARTH = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Key:
    """A colour of the map: from which number on, and what it stands for."""

    start: float
    colour: str
    label: str


@dataclass(frozen=True)
class MapWords:
    """Words on a map: what it shows, and what units without a value are called."""

    shows: str
    nothing: str


def map_of(store: Store, record: Record, keys: Sequence[Key], words: MapWords, *, wait: bool = True) -> str:
    """Map of the scores of `record` as SVG; empty where it has no place or no scores."""
    if not has_picture(record):
        return ""
    frame = _frame(record)
    is_grid = has_place(record)
    colours = [(key.start, key.colour) for key in keys]
    known = (str(store.derived.folder), record.id, record.version, record.content, *colours)
    png = _pictures.get(known, lambda: _png(_picture(store, record, frame, keys, wait=wait)))
    legend = [(key.colour, key.label) for key in keys] + [(GROUND if is_grid else OTHER, words.nothing)]
    return _drawn(frame, png, legend, words.shows) if png else ""


def _picture(
    store: Store, record: Record, frame: Frame, keys: Sequence[Key], *, wait: bool
) -> Image.Image | None:
    if has_place(record):
        return _grid(store, record, frame, keys)
    return _features(open_features(store, record, wait=wait), frame, keys)


def _frame(record: Record) -> Frame:
    system = _system(record)
    west, south, east, north = bounds_of(record, system)
    across, up = (east - west) * (1 + 2 * ROOM), (north - south) * (1 + 2 * ROOM)
    shape = min(max(up / across, LEAST_SHAPE), MOST_SHAPE)
    across, up = max(across, up / shape), max(up, across * shape)
    middle, level = (west + east) / 2, (south + north) / 2
    bounds = (middle - across / 2, level - up / 2, middle + across / 2, level + up / 2)
    return Frame(bounds, system.name, PIXELS, round(PIXELS * shape))


def _system(record: Record) -> System:
    """System of the map: the dataset's own where it is a plane, else one that is nearly true to shape."""
    own = own_system(record)
    assert record.bbox is not None
    west, south, east, north = record.bbox
    if not systems.is_geographic(own.name):
        return own
    if east - west > NARROW or east < west or max(abs(south), abs(north)) > 84:
        return system_of("EPSG:3857") if max(abs(south), abs(north)) < 85 else own
    zone = min(int(((west + east) / 2 + 180) // 6) + 1, 60)
    return system_of(f"EPSG:{32600 + zone if south + north >= 0 else 32700 + zone}")


def _grid(store: Store, record: Record, frame: Frame, keys: Sequence[Key]) -> Image.Image | None:
    grid = open_grid(store, record)
    if SCORE not in grid.layers:
        return None
    pixels = grid.window([SCORE], frame, nearest=True)[0]
    place = np.searchsorted([key.start for key in keys], pixels.values, side="right") - 1
    palette = np.array([rgb_of(key.colour) for key in keys], np.uint8)
    there = pixels.valid & np.isfinite(pixels.values)
    colours = palette[place.clip(0)]
    return Image.fromarray(np.dstack([colours, np.where(there, 255, 0).astype(np.uint8)]), "RGBA")


def _features(index: FeatureIndex, frame: Frame, keys: Sequence[Key]) -> Image.Image | None:
    if SCORE not in {column.name for column in index.columns} or not index.geometry_types:
        return None
    ranges = [{"minimum": key.start if n else -math.inf, "colour": key.colour} for n, key in enumerate(keys)]
    style = {"type": "ranges", "column": SCORE, "ranges": ranges}
    colours = _painted(index, style, frame, 0)
    colours[..., 3] = np.minimum(colours[..., 3] * (255 / FULL), 255).astype(np.uint8)
    return Image.fromarray(colours, "RGBA")


def _painted(
    index: FeatureIndex, style: dict[str, Any], frame: Frame, depth: int
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Picture of all features, in parts where there are more than are drawn at once."""
    bbox = bbox_of(frame)
    many = bbox is not None and index.count > MOST_FEATURES
    if depth == DEEPEST or not many or index.count_of(FeatureQuery(bbox=bbox)) <= MOST_FEATURES:
        return np.array(draw_features(index, style, frame, rims=index.count <= MOST_RIMS).colours)
    whole = np.zeros((frame.height, frame.width, 4), np.uint8)
    for top, bottom in _halves(frame.height):
        for left, right in _halves(frame.width):
            part = _cut(frame, (left, top, right, bottom))
            whole[top:bottom, left:right] = _painted(index, style, part, depth + 1)
    return whole


def _halves(size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (0, size // 2), (size // 2, size)


def _cut(frame: Frame, box: tuple[int, int, int, int]) -> Frame:
    across, down = frame.pixel
    west, _, _, north = frame.bounds
    left, top, right, bottom = box
    bounds = (west + left * across, north - bottom * down, west + right * across, north - top * down)
    return Frame(bounds, frame.crs, right - left, bottom - top)


def _drawn(frame: Frame, png: str, legend: Sequence[tuple[str, str]], shows: str) -> str:
    left, top, right = LEFT, 2.0, WIDTH - 2
    high = (right - left) * frame.height / frame.width
    rows = _rows(legend, right - 190)
    drawing = Drawing(WIDTH, top + high + 44 + 22 * len(rows))
    drawing.box(left, top, right - left, high, fill=GROUND)
    drawing.picture(left, top, right - left, high, png)
    drawing.path(f"M{left} {top}H{right}V{top + high}H{left}Z", colour=FAINT)
    _coordinates(drawing, frame, (left, top, right, top + high))
    foot = top + high + 36
    for number, row in enumerate(rows):
        at = left
        for colour, label in row:
            drawing.box(at, foot + 22 * number, 14, 14, fill=colour, line=FAINT)
            drawing.text(at + 20, foot + 22 * number + 11, label)
            at += 36 + width_of(label)
    _scale(drawing, frame, right, foot)
    return drawing.svg(shows)


def _png(colours: Image.Image | None) -> str:
    if colours is None:
        return ""
    out = io.BytesIO()
    colours.save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def _rows(entries: Sequence[tuple[str, str]], width: float) -> list[list[tuple[str, str]]]:
    """Entries of the legend in rows no wider than `width`."""
    rows: list[list[tuple[str, str]]] = [[]]
    at = 0.0
    for colour, label in entries:
        wide = 36 + width_of(label)
        if rows[-1] and at + wide > width:
            rows.append([])
            at = 0.0
        rows[-1].append((colour, label))
        at += wide
    return rows


def _degrees(frame: Frame, east: np.ndarray[Any, Any], north: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    return moved_points(frame.crs, DEFAULT.name, east, north)


def _coordinates(drawing: Drawing, frame: Frame, box: tuple[float, float, float, float]) -> None:
    """Longitudes along the foot, latitudes along the left side."""
    left, top, right, foot = box
    west, south, east, north = frame.bounds
    along = np.linspace(0, 1, 101)
    longitudes, _ = _degrees(frame, west + (east - west) * along, np.full(101, south))
    _, latitudes = _degrees(frame, np.full(101, west), south + (north - south) * along)
    step = _step(max(float(np.ptp(longitudes)), float(np.ptp(latitudes)) * 1.4))
    for value in _ticks(longitudes, step):
        at = left + (right - left) * float(np.interp(value, longitudes, along))
        drawing.line(at, foot, at, foot + 4, colour=FAINT)
        words = _angle(value, step, "EW")
        if left + 20 < at < right - 20:
            drawing.text(at, foot + 16, words, anchor="middle", size=SIZE - 2, colour=SOFT)
    for value in _ticks(latitudes, step):
        at = foot - (foot - top) * float(np.interp(value, latitudes, along))
        drawing.line(left - 4, at, left, at, colour=FAINT)
        drawing.text(left - 6, at + 4, _angle(value, step, "NS"), anchor="end", size=SIZE - 2, colour=SOFT)


def _step(span: float) -> float:
    """Degrees from one coordinate to the next, so that about four are told."""
    steps = [1, 0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
    return next((one for one in (30.0, 20.0, 10.0, 5.0, 2.0, *steps) if span / one >= 3), steps[-1])


def _ticks(degrees: np.ndarray[Any, Any], step: float) -> list[float]:
    if not np.isfinite(degrees).all() or (np.diff(degrees) <= 0).any():
        return []
    first, last = math.ceil(degrees[0] / step), math.floor(degrees[-1] / step)
    return [number * step for number in range(first, last + 1)][:20]


def _angle(value: float, step: float, ends: str) -> str:
    decimals = next(n for n in range(4) if round(step, n) == step or n == 3)
    turned = (value + 180) % 360 - 180
    return f"{abs(turned):.{decimals}f}°{ends[0] if turned >= 0 else ends[1]}"


def _scale(drawing: Drawing, frame: Frame, right: float, foot: float) -> None:
    """A bar of a round length at the middle of the map, and an arrow to the north there."""
    west, south, east, north = frame.bounds
    middle, level = (west + east) / 2, (south + north) / 2
    tenth = (east - west) / 20
    try:
        longitude, latitude = _degrees(frame, np.array([middle - tenth, middle + tenth]), np.full(2, level))
        metres = float(_EARTH.inv(longitude[0], latitude[0], longitude[1], latitude[1])[2])
    except (InvalidError, ValueError):
        return
    pixels = (right - LEFT) / 10 / metres  # per metre
    length = _round(110 / pixels)
    wide = length * pixels
    start = right - wide - 34
    drawing.box(start, foot + 4, wide / 2, 5, fill=INK)
    drawing.box(start + wide / 2, foot + 4, wide / 2, 5, fill="#ffffff", line=INK)
    told = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    drawing.text(start, foot + 22, "0", anchor="middle", size=SIZE - 2, colour=SOFT)
    drawing.text(start + wide, foot + 22, told, anchor="middle", size=SIZE - 2, colour=SOFT)
    drawing.turned(right - 10, foot + 6, _north(frame, middle, level), "M0 -12L5 6L0 2L-5 6Z", INK)
    drawing.text(right - 10, foot + 26, "N", anchor="middle", size=SIZE - 2)


def _round(length: float) -> float:
    """The greatest of 1, 2 and 5 times a power of ten that is no longer."""
    power = 10.0 ** math.floor(math.log10(length))
    return power * [1, 2, 5][bisect_right([1, 2, 5], length / power + 1e-9) - 1]


def _north(frame: Frame, east: float, north: float) -> float:
    """Degrees clockwise from the upper side of the map to the north, at a place."""
    longitude, latitude = _degrees(frame, np.array([east]), np.array([north]))
    there_east, there_north = moved_points(DEFAULT.name, frame.crs, longitude, latitude + 1e-3)
    return math.degrees(math.atan2(float(there_east[0]) - east, float(there_north[0]) - north))
