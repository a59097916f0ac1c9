"""Page of a section or log: axes in metres on a map sheet, with a key of units below them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from craton.methods.geomodel_volume import UnitTable
from craton.methods.map_frame import BOTTOM, COLUMN, COLUMNS, RIGHT, TOP
from craton.methods.map_sheet import GAP, ROW, Entries, Entry, Key, Sheet, draw_key, key_height
from craton.methods.map_style import GREY, INK, QUIET, SMALL, TEXT, TITLE, WIDTH

LEFT = 0.62
"""Inches left of the axes, for their numbers."""

MOST_ENTRIES = 48
"""Units in a key; of more the last entry tells how many."""

WIDE = WIDTH - LEFT - RIGHT
"""Inches that axes are wide at most."""


def unit_key(units: UnitTable, shown: np.ndarray) -> Entries:
    """Key of the units (rows) that are `shown`."""
    rows = sorted(int(row) for row in set(shown.tolist()))
    entries = [Entry("patch", units.names[row], units.colours[row]) for row in rows[:MOST_ENTRIES]]
    if len(rows) > MOST_ENTRIES:
        entries.append(Entry("patch", f"{len(rows) - MOST_ENTRIES} more", QUIET))
    return Entries("Units", tuple(entries))


def in_columns(key: Entries, most: int) -> list[Entries]:
    """A long key in pieces, the first with its title."""
    parts = [key.entries[start : start + most] for start in range(0, len(key.entries), most)]
    return [Entries(key.title if place == 0 else "", part) for place, part in enumerate(parts)]


def arrange_page(
    sheet: Sheet,
    tall: float,
    keys: Sequence[Key],
    *,
    title: str,
    notes: Sequence[str],
    wide: float = WIDE,
) -> None:
    """Set the height of the page around axes of `tall` and `wide` inches, and write title, keys and notes."""
    top = TOP
    lines = sheet.wrapped(title, TITLE, WIDTH - LEFT - RIGHT)
    sheet.paragraph(lines, LEFT, top, TITLE, color=INK)
    top += sheet.height_of(lines, TITLE) + (0.24 if lines else 0.1)
    below = top + tall + 0.52
    for key in keys:
        below += _draw_wide(sheet, key, below) + ROW / 2
    written = sheet.wrapped("\n".join(notes), SMALL, WIDE)
    foot = below + sheet.height_of(written, SMALL) + BOTTOM
    sheet.set_height(foot, (LEFT + (WIDE - wide) / 2, top, wide, tall))
    sheet.paragraph(written, LEFT, below, SMALL, color=GREY)


def _draw_wide(sheet: Sheet, key: Key, top: float) -> float:
    """Draw a key over the width of the page, and give the inches it takes."""
    if not isinstance(key, Entries):
        draw_key(sheet, key, LEFT, top, COLUMN)
        return key_height(sheet, key, COLUMN)
    sheet.write(LEFT, top, key.title, TEXT)
    each = -(-len(key.entries) // COLUMNS) or 1
    for place, part in enumerate(in_columns(Entries("", key.entries), each)):
        draw_key(sheet, part, LEFT + place * (COLUMN + GAP - 0.03), top + ROW, COLUMN)
    return ROW * (1 + each)


def dress(sheet: Sheet, across: str, up: str) -> None:
    """Words and look of the axes."""
    axes = sheet.map
    axes.set_facecolor("white")
    axes.set_xlabel(across, fontsize=TEXT, family=sheet.fonts, color=INK, parse_math=False)
    axes.set_ylabel(up, fontsize=TEXT, family=sheet.fonts, color=INK, parse_math=False)
    axes.tick_params(labelsize=SMALL, colors=INK, width=0.6, length=2.5)
    for side in axes.spines.values():
        side.set(color=INK, linewidth=0.7)
