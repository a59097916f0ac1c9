"""Map frame: the region shown, its coordinates, its scale, and the arrangement of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyproj

from craton.methods.map_colours import even_ticks
from craton.methods.map_sheet import GAP, Entries, Key, Scale, Sheet, draw_key, key_height, number_text
from craton.methods.map_style import GREY, INK, SMALL, TEXT, TITLE, WIDTH
from craton.methods.placement import Region
from craton.methods.vector_shapes import metres_of
from craton.model import crs as systems

LEFT, RIGHT, TOP, BOTTOM = 0.52, 0.22, 0.24, 0.18
"""Margins of the page in inches; coordinates are written in the left one."""

TALLEST = 7.6
"""Inches a map is high at most."""

COLUMNS = 3
"""Keys beside each other."""

COLUMN = (WIDTH - LEFT - RIGHT - (COLUMNS - 1) * GAP) / COLUMNS

LONGEST = 1.4
"""Inches of a scale bar at most."""

PARALLEL = 80.0
"""Latitude beyond which degrees of longitude are drawn no narrower."""


def widened(bounds: Region, *, geographic: bool) -> Region:
    """Extent with a little room around it, in a form that fills the width of a page."""
    west, south, east, north = bounds
    least = 0.01 if geographic else 1000.0
    stretch = aspect(bounds, geographic=geographic)
    width, height = max(east - west, least), max(north - south, least)
    width = max(width, height * stretch * (WIDTH - LEFT - RIGHT) / TALLEST)
    height = max(height, width / stretch / 3)
    across, up = width * 0.53, height * 0.53
    middle, level = (west + east) / 2, (south + north) / 2
    return middle - across, level - up, middle + across, level + up


def aspect(region: Region, *, geographic: bool) -> float:
    """Height of a unit to the north in units to the east."""
    if not geographic:
        return 1.0
    middle = min(abs(region[1] + region[3]) / 2, PARALLEL)
    return float(1 / np.cos(np.radians(middle)))


@dataclass(frozen=True)
class Words:
    """Texts of a page."""

    title: str = ""
    subtitle: str = ""
    note: str = ""


def arrange(sheet: Sheet, region: Region, crs: str, keys: Sequence[Key], words: Words) -> None:
    """Set the height of the page and write everything around the map."""
    geographic = systems.is_geographic(crs)
    west, south, east, north = region
    wide = WIDTH - LEFT - RIGHT
    ratio = (north - south) / (east - west) * aspect(region, geographic=geographic)
    width = min(wide, TALLEST / ratio)
    left = LEFT + (wide - width) / 2
    top = _heading(sheet, words)
    below = top + width * ratio + 0.34
    scale = _scale(region, crs, width)
    placed, tall = _placed_keys(sheet, keys, scale)
    notes = _notes(sheet, crs, words.note)
    foot = below + tall
    height = foot + sheet.height_of(notes, SMALL) + BOTTOM
    sheet.set_height(height, (left, top, width, width * ratio))
    _coordinates(sheet, region, geographic=geographic)
    for key, left, down in placed:
        draw_key(sheet, key, left, below + down, COLUMN)
    sheet.paragraph(notes, LEFT, foot, SMALL, color=GREY)


def _heading(sheet: Sheet, words: Words) -> float:
    """Write title and subtitle, and give where the map begins."""
    top = TOP
    for text, size, space in ((words.title, TITLE, 0.08), (words.subtitle, TEXT + 1, 0.06)):
        lines = sheet.wrapped(text, size, WIDTH - LEFT - RIGHT)
        sheet.paragraph(lines, LEFT, top, size, color=INK)
        top += sheet.height_of(lines, size) + (space if lines else 0)
    return top + 0.08


def _notes(sheet: Sheet, crs: str, note: str) -> list[str]:
    """Lines at the foot: what the coordinates are, then the note."""
    system = "Coordinates in thousands, of no stated reference system."
    if systems.is_local(crs):
        system = f"Local coordinates in {_thousand(crs)}."
    elif crs:
        name = pyproj.CRS(crs).name
        code = f" ({crs})" if len(crs) < 20 else ""
        geographic = systems.is_geographic(crs)
        kind = "Longitude and latitude" if geographic else f"Easting and northing in {_thousand(crs)}"
        system = f"{kind}: {name}{code}. {'North' if geographic else 'Grid north'} is up."
    return sheet.wrapped(f"{note}\n{system}" if note else system, SMALL, WIDTH - LEFT - RIGHT)


def _thousand(crs: str) -> str:
    """A thousand units of `crs`, in words."""
    unit = systems.axes(crs).unit
    return {"m": "km", "km": "1000 km"}.get(unit, f"1000 {unit}")


def _coordinates(sheet: Sheet, region: Region, *, geographic: bool) -> None:
    """Frame the map and write its coordinates."""
    west, south, east, north = region
    axes = sheet.map
    axes.set(xlim=(west, east), ylim=(south, north), facecolor=sheet.figure.get_facecolor())
    axes.set_aspect("auto")
    for name, (least, most), signs in (("x", (west, east), "EW"), ("y", (south, north), "NS")):
        ticks, step = even_ticks(least, most, 5)
        axis = axes.xaxis if name == "x" else axes.yaxis
        labels = [_coordinate(tick, step, signs, geographic=geographic) for tick in ticks]
        axis.set_ticks(ticks, labels, fontsize=SMALL, family=sheet.fonts, color=INK)
    axes.tick_params(length=3, width=0.6, color=INK, pad=2, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set(edgecolor=INK, linewidth=0.8, zorder=9)


def _coordinate(value: float, step: float, signs: str, *, geographic: bool) -> str:
    if geographic:
        turned = (value + 180) % 360 - 180 if signs == "EW" else value
        sign = "" if turned == 0 else signs[int(turned < 0)]
        return f"{number_text(abs(turned), step)}°{sign}"
    return number_text(value / 1000, step / 1000)


def _scale(region: Region, crs: str, width: float) -> Scale:
    """Scale bar of a round length that is true at the middle of the map."""
    west, south, east, north = region
    across = east - west
    if systems.is_geographic(crs):
        geod = pyproj.CRS(crs).get_geod()
        middle, level = (west + east) / 2, (south + north) / 2
        assert geod is not None
        # A tenth of a degree stands for the parallel, of which the geodesic of a whole map would be a chord.
        across *= float(geod.inv(middle - 0.05, level, middle + 0.05, level)[2]) / 0.1
    else:
        across *= metres_of(crs)
    most = across * LONGEST / width
    power = 10.0 ** np.floor(np.log10(most))
    length = float(max(step for step in (1, 2, 5) if step * power <= most) * power)
    unit, size = ("km", 1000.0) if length >= 1000 else ("m", 1.0)
    label = f"{number_text(length / size, length / size)} {unit}"
    return Scale(length / across * width, label, number_text(length / size / 2, length / size / 2))


def _placed_keys(
    sheet: Sheet, keys: Sequence[Key], scale: Scale
) -> tuple[list[tuple[Key, float, float]], float]:
    """Keys with where they begin (inches from the left, and down), and the height of all.

    The scale bar is at the head of the last column; each key goes to the column that ends highest.
    """
    titled = [key for key in keys if not isinstance(key, Entries) or key.title]
    loose = [entry for key in keys if isinstance(key, Entries) and not key.title for entry in key.entries]
    ends = [0.0] * (COLUMNS - 1) + [key_height(sheet, scale, COLUMN) + GAP]
    found: list[tuple[Key, float, float]] = [(scale, LEFT + (COLUMNS - 1) * (COLUMN + GAP), 0.0)]
    for key in [*titled, *([Entries("", tuple(loose))] if loose else [])]:
        number = int(np.argmin(ends))
        found.append((key, LEFT + number * (COLUMN + GAP), ends[number]))
        ends[number] += key_height(sheet, key, COLUMN) + GAP
    return found, max(ends)
