"""Picture of a section: cells, holes, bends of the line, vertical exaggeration, and the key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from craton.methods.geomodel_ask_model import Asked, classes_of
from craton.methods.geomodel_ask_sheet import WIDE, arrange_page, dress, unit_key
from craton.methods.geomodel_section_holes import NearHoles
from craton.methods.map_colours import colouring
from craton.methods.map_sheet import Entries, Entry, Key, Sheet, number_text, titled
from craton.methods.map_style import FILLS, INK, QUIET, SMALL, TEXT, class_colours, families, halo
from craton.model.data import Document

LEAST, MOST, TALLEST = 1.5, 3.4, 7.0
"""Inches: height of a section that exaggeration is chosen for, and the greatest there is."""

POINTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


class Shown(NamedTuple):
    """What is drawn: samples (rows from the top, columns), whether inside of the model, line, holes."""

    distance: np.ndarray
    upward: np.ndarray
    cells: np.ndarray
    inside: np.ndarray
    path: shapely.LineString
    holes: NearHoles | None
    title: str
    exaggeration: float | None


def section_picture(asked: Asked | None, shown: Shown, attrs: dict[str, Any], *, width_px: int) -> Document:
    """The section as PNG; `asked` is None for numbers."""
    names = asked.units.names if asked is not None else ()
    words = [str(attrs.get("long_name", "")), *(shown.holes.text if shown.holes is not None else ())]
    sheet = Sheet(families([shown.title, *names, *map(str, words)]))
    base, top = _range(shown)
    length = float(shown.path.length)
    ratio = (top - base) / length
    stretch = shown.exaggeration or _round_stretch(ratio)
    tall = WIDE * ratio * stretch
    wide = WIDE if tall <= TALLEST else WIDE * TALLEST / tall
    colours, keys = _coloured(asked, shown, attrs)
    half = (shown.upward[0] - shown.upward[-1]) / (shown.upward.size - 1) / 2
    extent = (0.0, length, float(shown.upward[-1] - half), float(shown.upward[0] + half))
    sheet.map.imshow(colours, extent=extent, origin="upper", aspect="auto", interpolation="nearest", zorder=1)
    sheet.map.set(xlim=(0.0, length), ylim=(base, top))
    _bends(sheet, shown.path)
    keys = [*keys, *_draw_holes(sheet, asked, shown.holes)]
    dress(sheet, "Distance along the section (m)", "Elevation (m)")
    _compass(sheet, shown.path)
    notes = _notes(shown, stretch)
    arrange_page(sheet, min(tall, TALLEST), keys, title=shown.title, notes=notes, wide=wide)
    text = "\n".join([shown.title, *notes]).strip()
    return Document(text=text, media_type="image/png", content=sheet.png(width_px))


def _range(shown: Shown) -> tuple[float, float]:
    """Lowest and highest elevation that anything is shown at, with a little room."""
    there = shown.cells > 0 if shown.cells.dtype.kind == "u" else np.isfinite(shown.cells)
    rows = np.flatnonzero(there.any(axis=1))
    half = (shown.upward[0] - shown.upward[-1]) / (shown.upward.size - 1) / 2
    if not rows.size:
        return float(shown.upward[-1] - half), float(shown.upward[0] + half)
    top, base = float(shown.upward[rows[0]] + half), float(shown.upward[rows[-1]] - half)
    if shown.holes is not None and shown.holes.upward.size:
        top = max(top, float(shown.holes.upward.max()))
    return base, top + 0.06 * (top - base)


def _round_stretch(ratio: float) -> float:
    """Greatest of 1, 2, 5, 10 … for which the section is not too high; below 1 is never chosen."""
    if WIDE * ratio >= LEAST:
        return 1.0
    most = MOST / (WIDE * ratio)
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step for step in (1, 2, 5) if step * power <= most) * power)


def _coloured(asked: Asked | None, shown: Shown, attrs: dict[str, Any]) -> tuple[np.ndarray, list[Key]]:
    if asked is None:
        scale = colouring(shown.cells.astype(np.float64), "sequential", tails=0.005)
        said = str(attrs.get("long_name") or "Value")
        return scale.of(shown.cells), [scale.key(titled(said, str(attrs.get("units", ""))))]
    classes = classes_of(asked.units, shown.cells)
    return asked.colours(classes), [unit_key(asked.units, np.unique(classes[classes > 0]) - 1)]


def _bends(sheet: Sheet, path: shapely.LineString) -> None:
    for corner in list(path.coords)[1:-1]:
        at = path.project(shapely.Point(corner))
        sheet.map.axvline(at, color=INK, linewidth=0.6, linestyle=(0, (4, 3)), zorder=4)


def _draw_holes(sheet: Sheet, asked: Asked | None, near: NearHoles | None) -> list[Entries]:
    """Draw the intervals of holes; gives the key of what the model does not name."""
    if near is None or not near.text.size:
        return []
    from matplotlib.collections import LineCollection

    own = {text: asked.units.row(text) if asked is not None and text else -1 for text in set(near.text)}
    strange = sorted(text for text, row in own.items() if row < 0 and text)
    fills = class_colours([t for t in near.text if own[t] < 0 and t], FILLS) if strange else {}
    palette = {
        text: asked.units.colours[row] if asked is not None and row >= 0 else fills.get(text, QUIET)
        for text, row in own.items()
    }
    lines = np.stack([near.distance, near.upward], axis=2)
    colours = [palette[text] for text in near.text]
    for width, shades in ((5.0, INK), (4.0, colours)):
        sheet.map.add_collection(
            LineCollection(list(lines), colors=shades, linewidth=width, capstyle="butt", zorder=5)
        )
    _name_holes(sheet, near)
    entries = [Entry("patch", text, fills[text]) for text in list(fills)[: len(FILLS)]]
    if "" in own:
        entries.append(Entry("patch", "nothing stated", QUIET))
    return [Entries("In the holes", tuple(entries))] if entries else []


def _name_holes(sheet: Sheet, near: NearHoles) -> None:
    """Names above the collars, where they do not run into each other."""
    length = sheet.map.get_xlim()[1]
    free = 0.0
    for name, at, height in sorted(near.holes, key=lambda one: one[1]):
        half = 0.5 * sheet.length(name, SMALL) / WIDE * length
        if at - half > free and at <= length - half:
            sheet.map.annotate(
                name, (at, height), (0, 3), textcoords="offset points", ha="center", va="bottom",
                fontsize=SMALL, family=sheet.fonts, color=INK, parse_math=False, zorder=6,
                path_effects=halo(1.5), annotation_clip=True,
            )  # fmt: skip
            free = at + half


def _compass(sheet: Sheet, path: shapely.LineString) -> None:
    """Which way the ends of the section look, above its upper corners."""
    (west, south), (east, north) = path.coords[0], path.coords[-1]
    turn = np.degrees(np.arctan2(east - west, north - south)) % 360
    ahead = POINTS[round(turn / 45) % 8]
    back = POINTS[(round(turn / 45) + 4) % 8]
    for text, at, side in ((back, 0.0, "left"), (ahead, 1.0, "right")):
        sheet.map.annotate(
            text, (at, 1.0), (0, 3), xycoords="axes fraction", textcoords="offset points", ha=side,
            va="bottom", fontsize=TEXT, fontweight="bold", color=INK,
        )  # fmt: skip


def _notes(shown: Shown, stretch: float) -> Sequence[str]:
    ends = [f"{number_text(round(x), 1)} E {number_text(round(y), 1)} N" for x, y in
            (shown.path.coords[0], shown.path.coords[-1])]  # fmt: skip
    notes = [f"Vertical exaggeration {stretch:g} ×. From {ends[0]} to {ends[1]}."]
    if shown.holes is not None:
        count = len(shown.holes.holes)
        notes.append(f"Drill holes within {shown.holes.reach:g} m of the line: {count}.")
    return notes
