"""Picture of a correlation panel: strips of units and lithology, bands between them, names and distances."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from craton.methods.borehole_layers import Layers
from craton.methods.borehole_panel_holes import Levels, Shown
from craton.methods.geomodel_ask_sheet import WIDE, arrange_page, dress, unit_key
from craton.methods.geomodel_volume import UnitTable
from craton.methods.map_sheet import POINTS, Entries, Entry, Sheet, number_text, shortened
from craton.methods.map_style import FILLS, GREY, INK, OTHERS, SMALL, class_colours, families, halo
from craton.model.data import Document

TALL = 4.6
"""Inches of the panel from top to bottom."""

STRIP, ROCK = 0.62, 0.38
"""Shares of a strip for units and for lithology, where both are drawn."""

WIDEST = 0.42
"""Inches that a strip is wide at most; where holes stand close, half of the space of each."""

PAST = "Pale bands are drawn past holes that end higher, or where a hole ends within the unit."

STRONG, PALE = 0.42, 0.16
"""Opacity of bands that both holes show, and of those past a hole that ends higher."""

SIZE, BENEATH = SMALL - 0.6, 0.3
"""Size of type at the holes in points, and inches below the deepest one."""

ROCKS = 18
"""Kinds of lithology with a colour of their own."""


class Wanted(NamedTuple):
    """What the picture is to show; `rocks` is the lithology of each interval."""

    units: UnitTable
    position: np.ndarray
    to_scale: bool
    hang: str
    rocks: np.ndarray | None
    title: str
    width_px: int
    left_out: int
    bands: bool


def draw_panel(
    shown: list[Shown], layers: Layers, code: np.ndarray, levels: Levels | None, wanted: Wanted
) -> Document:
    """The panel as PNG."""
    rocks = [] if wanted.rocks is None else sorted(set(wanted.rocks))
    sheet = Sheet(families([wanted.title, *wanted.units.names, *rocks, *(hole.name for hole in shown)]))
    span = _frame(sheet, shown, wanted)
    wide = _strip_width(wanted.position) * span[0] / WIDE
    if levels is not None:
        _draw_bands(sheet, levels, wanted, wide)
    colours = _rock_colours(shown, wanted)
    for hole, at in zip(shown, wanted.position, strict=True):
        _draw_strip(sheet, hole, float(at) - wide / 2, wide, layers, wanted, colours)
    _write_holes(sheet, shown, wanted, span[1])
    seen = np.concatenate([code[hole.rows] for hole in shown])
    keys = [unit_key(wanted.units, seen[seen >= 0]), *_rock_keys(colours)]
    arrange_page(sheet, TALL, keys, title=wanted.title, notes=_notes(wanted, span))
    words = "\n".join([wanted.title, *(hole.name for hole in shown)]).strip()
    return Document(text=words, media_type="image/png", content=sheet.png(wanted.width_px))


def _frame(sheet: Sheet, shown: list[Shown], wanted: Wanted) -> tuple[float, float]:
    """Set the axes, and give what they span across and up."""
    top = max(float(hole.upward.max()) for hole in shown)
    base = min(float(hole.upward.min()) for hole in shown)
    reach = float(np.ptp(wanted.position)) or 1.0
    gap = reach / max(len(shown) - 1, 1)
    side = min(0.5 * gap, 0.08 * reach) if wanted.to_scale else 0.5 * gap
    above = 0.15 + (_longest(sheet, shown) if _turned(sheet, shown) else SIZE / POINTS)
    inch = (top - base) / (TALL - above - BENEATH)
    left, right = float(wanted.position.min()) - side, float(wanted.position.max()) + side
    low, high = base - BENEATH * inch, top + above * inch
    sheet.map.set(xlim=(left, right), ylim=(low, high))
    up = f"Height above the base of {wanted.hang} (m)" if wanted.hang else "Elevation (m)"
    dress(sheet, "Distance (m)" if wanted.to_scale else "", up)
    if not wanted.to_scale:
        sheet.map.set_xticks([])
    if wanted.hang:
        sheet.map.axhline(0.0, color=INK, linewidth=0.9, linestyle=(0, (5, 3)), zorder=6)
    return right - left, high - low


def _longest(sheet: Sheet, shown: list[Shown]) -> float:
    """Inches of the longest name."""
    return min(max(sheet.length(hole.name, SIZE) for hole in shown), 0.4 * TALL)


def _turned(sheet: Sheet, shown: list[Shown]) -> bool:
    """Whether names must stand upright."""
    return _longest(sheet, shown) > 0.95 * WIDE / len(shown)


def _strip_width(position: np.ndarray) -> float:
    """Inches of one strip."""
    if position.size < 2:
        return WIDEST
    closest = float(np.diff(position).min()) / (float(np.ptp(position)) * (1 + 1 / position.size)) * WIDE
    return min(WIDEST, max(0.5 * closest, 0.05))


def _draw_bands(sheet: Sheet, levels: Levels, wanted: Wanted, wide: float) -> None:
    """Bands of all units between neighbouring holes, and beneath those that end above them."""
    half = wide / 2
    for row, at in enumerate(wanted.position):
        for unit, colour in enumerate(wanted.units.colours):
            if not levels.seen[row, unit]:
                _fill(sheet, levels, [row, row], unit, np.array([at - half, at + half]), colour)
            if row + 1 < len(wanted.position):
                sides = np.array([at + half, wanted.position[row + 1] - half])
                _fill(sheet, levels, [row, row + 1], unit, sides, colour)


def _fill(sheet: Sheet, levels: Levels, pair: list[int], unit: int, sides: np.ndarray, colour: str) -> None:
    """One unit between two places, with lines at its top and base where these are known."""
    top, foot = levels.height[pair, unit], levels.foot[pair, unit]
    if not (np.isfinite(top + foot).all() and (top > foot).any()):
        return
    seen = levels.seen[pair, unit : unit + 2]
    corners = np.column_stack([[*sides, *sides[::-1]], [*top, *foot[::-1]]])
    sheet.map.fill(*corners.T, facecolor=colour, alpha=STRONG if seen.all() else PALE, linewidth=0, zorder=1)
    for level, told in enumerate(seen.T):
        heights = levels.height[pair, unit + level]
        if np.isfinite(heights).all():
            style: Any = "-" if told.all() else (0, (3, 2))
            sheet.map.plot(sides, heights, color=GREY, linewidth=0.5, linestyle=style, zorder=2)


def _draw_strip(
    sheet: Sheet,
    hole: Shown,
    left: float,
    wide: float,
    layers: Layers,
    wanted: Wanted,
    colours: dict[str, str],
) -> None:
    """Units of one hole, and its lithology beside them."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    share = STRIP if wanted.rocks is not None else 1.0
    patches, fills = [], []
    for run in hole.runs:
        top, base = hole.height(run.top), hole.height(run.base)
        patches.append(Rectangle((left, float(base)), share * wide, float(top - base)))
        fills.append(wanted.units.colours[run.code] if run.code >= 0 else "white")
    if wanted.rocks is not None:
        ends = layers.frame.iloc[hole.rows][["from_depth", "to_depth"]].to_numpy()
        for (top, base), rock in zip(hole.height(ends), wanted.rocks[hole.rows], strict=True):
            patches.append(Rectangle((left + share * wide, base), ROCK * wide, top - base))
            fills.append(colours.get(rock, OTHERS) if rock else "white")
    sheet.map.add_collection(
        PatchCollection(patches, facecolors=fills, edgecolors=INK, linewidths=0.25, zorder=4)
    )
    frame = Rectangle((left, float(hole.upward.min())), wide, float(np.ptp(hole.upward)))
    frame.set(fill=False, edgecolor=INK, linewidth=0.7, zorder=5)
    sheet.map.add_patch(frame)


def _write_holes(sheet: Sheet, shown: list[Shown], wanted: Wanted, span: float) -> None:
    """Names above the strips, ends below, and distances between."""
    style: dict[str, Any] = {"fontsize": SIZE, "family": sheet.fonts, "parse_math": False, "zorder": 7}
    inch = span / TALL
    turned = _turned(sheet, shown)
    room = 0.4 * TALL if turned else WIDE
    for hole, at in zip(shown, wanted.position, strict=True):
        name = shortened(sheet, hole.name, SIZE, room)
        sheet.map.text(
            at, float(hole.upward.max()) + 0.05 * inch, name, color=INK, ha="center", va="bottom",
            rotation=90 if turned else 0, path_effects=halo(), **style,
        )  # fmt: skip
        sheet.map.text(
            at, float(hole.upward.min()) - 0.04 * inch, f"{number_text(float(hole.depth[-1]))} m", color=GREY,
            ha="center", va="top", path_effects=halo(), **style,
        )  # fmt: skip
    if not wanted.to_scale:
        low = sheet.map.get_ylim()[0]
        for row in range(len(shown) - 1):
            middle = float(wanted.position[row : row + 2].mean())
            apart = number_text(round(shown[row + 1].along - shown[row].along))
            sheet.map.text(
                middle, low - 0.06 * inch, f"{apart} m", color=GREY, ha="center", va="top", **style
            )


def _rock_colours(shown: list[Shown], wanted: Wanted) -> dict[str, str]:
    if wanted.rocks is None:
        return {}
    rocks = np.concatenate([wanted.rocks[hole.rows] for hole in shown])
    return class_colours(rocks[rocks != ""], FILLS[:ROCKS])


def _rock_keys(colours: dict[str, str]) -> list[Entries]:
    """Key of the lithology; rare kinds share an entry."""
    entries = [Entry("patch", name, colour) for name, colour in colours.items() if colour != OTHERS]
    if len(entries) < len(colours):
        entries.append(Entry("patch", f"{len(colours) - len(entries)} others", OTHERS))
    return [Entries("Lithology", tuple(entries))] if entries else []


def _notes(wanted: Wanted, span: tuple[float, float]) -> list[str]:
    notes = []
    if wanted.to_scale:
        times = (span[0] / WIDE) / (span[1] / TALL)
        notes.append(f"Vertical exaggeration {number_text(float(f'{times:.2g}'))}.")
    else:
        notes.append("Not to scale across; distances between holes are written below them.")
    notes.append("Below each hole, its depth." + (f" {PAST}" if wanted.bands else ""))
    if wanted.left_out:
        notes.append(f"{wanted.left_out} of the holes chosen cannot be hung so and are left out.")
    return notes
