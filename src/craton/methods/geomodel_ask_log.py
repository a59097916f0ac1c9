"""Log of virtual holes: columns of units by elevation, with the probability of each."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from craton.methods.geomodel_ask_model import Asked
from craton.methods.geomodel_ask_sheet import WIDE, arrange_page, dress, unit_key
from craton.methods.map_sheet import Sheet
from craton.methods.map_style import GREY, INK, SMALL, families
from craton.model.data import Document

MOST = 24
"""Holes drawn."""

NAMED = 4
"""Holes up to which units are named beside the columns."""

TALL = 5.4
"""Inches from the lowest end to the highest collar."""

SIZE = SMALL - 0.4


def log_picture(asked: Asked, intervals: gpd.GeoDataFrame, *, title: str, width_px: int) -> Document:
    """Columns of the first holes beside each other, on one scale of elevation."""
    holes = list(dict.fromkeys(intervals["hole_id"]))
    frames = [intervals[intervals["hole_id"] == hole] for hole in holes[:MOST]]
    sheet = Sheet(families([title, *asked.units.names, *map(str, holes[:MOST])]))
    ends = pd.concat(frames)[["top_elevation", "base_elevation"]].to_numpy()
    top, base = float(ends.max()), float(ends.min())
    wide = min(WIDE, 2.2 * len(frames) if len(frames) <= NAMED else WIDE)
    chances = bool(intervals["probability"].notna().any())
    for place, frame in enumerate(frames):
        scale = (top - base) / TALL
        _draw(sheet, asked, frame, place, chances=chances, named=len(frames) <= NAMED, scale=scale)
    margin = 0.02 * (top - base)
    sheet.map.set(xlim=(-0.15, len(frames) - 0.05), ylim=(base - margin, top + margin))
    sheet.map.set_xticks(np.arange(len(frames)) + 0.17, [str(hole) for hole in holes[:MOST]])
    dress(sheet, "Hole", "Elevation (m)")
    sheet.map.tick_params(axis="x", rotation=0 if len(frames) <= 8 else 60)
    notes = ["Grey bars: probability of the unit, full width is 1."] if chances else []
    if len(holes) > MOST:
        notes.append(f"The first {MOST} of {len(holes)} holes.")
    rows = [asked.units.row(name) for name in pd.concat(frames)["unit"].unique() if name]
    keys = [unit_key(asked.units, np.array(rows, dtype=int))]
    arrange_page(sheet, TALL, keys, title=title, notes=notes, wide=wide)
    words = "\n".join([title, *map(str, holes)]).strip()
    return Document(text=words, media_type="image/png", content=sheet.png(width_px))


def _draw(
    sheet: Sheet, asked: Asked, frame: pd.DataFrame, place: int, *, chances: bool, named: bool, scale: float
) -> None:
    """One column: units, their probability, and where there is room their names."""
    from matplotlib.patches import Rectangle

    axes = sheet.map
    lowest = np.inf
    step = 1.25 * SIZE / 72 * scale
    numbers = frame[["top_elevation", "base_elevation", "thickness", "probability"]].to_numpy(np.float64)
    for unit, (top, base, thickness, probability) in zip(frame["unit"], numbers, strict=True):
        height = top - base
        colour = asked.units.colours[asked.units.row(unit)] if unit else "white"
        axes.add_patch(Rectangle((place, base), 0.3, height, facecolor=colour, edgecolor=INK, linewidth=0.4))
        if chances and np.isfinite(probability):
            axes.add_patch(
                Rectangle(
                    (place + 0.32, base), 0.14 * probability, height, facecolor=GREY,
                    alpha=0.6, linewidth=0,
                )
            )  # fmt: skip
        middle = (top + base) / 2
        if named and unit and middle <= lowest - step:
            label = f"{unit}, {thickness:.3g} m"
            axes.text(
                place + (0.48 if chances else 0.33), middle, label, fontsize=SIZE, family=sheet.fonts,
                color=INK, va="center", parse_math=False, clip_on=True,
            )  # fmt: skip
            lowest = middle
