"""Page of a diagram: a figure with one plot, in the style of the maps."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
import pandas as pd

from craton.methods.map_style import (
    CLASSES,
    GREY,
    INK,
    OTHERS,
    PAPER,
    SMALL,
    TEXT,
    TITLE,
    WIDTH,
    class_colours,
    families,
)
from craton.process.marks import Bounds

PixelWidth = Annotated[int, Bounds(minimum=400, maximum=6000)]

MOST_ENTRIES = len(CLASSES)
"""Groups with a colour and an entry in the key."""

NO_GROUP = "no value"


class Plot:
    """A figure with one plot.

    Parameters
    ----------
    texts : iterable of str
        All texts that are written, for whose scripts fonts are chosen.
    height : float
        Height in inches.
    """

    def __init__(self, texts: Iterable[str], height: float = 5.4) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.fonts = families(texts)
        self.figure = Figure(figsize=(WIDTH, height), facecolor=PAPER)
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes: Any = self.figure.add_axes((0.1, 0.11, 0.86, 0.79))
        self.axes.set_facecolor(PAPER)
        self.axes.tick_params(labelsize=SMALL, color=GREY, labelcolor=INK)
        for side in self.axes.spines.values():
            side.set(color=GREY, linewidth=0.6)

    def write(self, east: float, north: float, text: str, size: float = SMALL, **style: Any) -> None:
        """Write a text at a place of the plot."""
        put = {"ha": "center", "va": "center", "color": GREY, **style}
        self.axes.text(east, north, text, fontsize=size, family=self.fonts, parse_math=False, **put)

    def name_axes(self, title: str, east: str, north: str) -> None:
        """Write the title and what the axes show."""
        style: dict[str, Any] = {"family": self.fonts, "parse_math": False, "color": INK}
        self.axes.set_xlabel(east, fontsize=TEXT, **style)
        self.axes.set_ylabel(north, fontsize=TEXT, **style)
        self.figure.text(0.1, 0.945, title, fontsize=TITLE, ha="left", va="bottom", **style)

    def key(self, **place: Any) -> None:
        """Draw the key of all labelled groups, if there are several."""
        marks, labels = self.axes.get_legend_handles_labels()
        if len(labels) > 1:
            told = self.axes.legend(
                marks,
                labels,
                fontsize=SMALL,
                frameon=True,
                facecolor=PAPER,
                edgecolor=GREY,
                framealpha=0.9,
                **place,
            )
            for text in told.get_texts():
                text.set(family=self.fonts, parse_math=False, color=INK)

    def png(self, width: int) -> bytes:
        """The page as PNG, `width` pixels wide; the same page gives the same bytes."""
        target = io.BytesIO()
        self.figure.set_dpi(width / WIDTH)
        with warnings.catch_warnings():
            # Characters that no font has are drawn as boxes.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            self.canvas.print_png(target, metadata={"Software": None})  # type: ignore[no-untyped-call]
        return target.getvalue()


def groups_of(table: pd.DataFrame, column: str | None, rows: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
    """Label, colour and rows of each group among `rows`, the most frequent first; rare ones share one."""
    if column is None:
        return [("samples", "#3f7cac", rows)]
    labels = (
        table[column].map(lambda one: NO_GROUP if pd.isna(one) else str(one)).to_numpy(dtype=object)[rows]
    )
    colours = class_colours(labels)
    kept = [(label, colour, rows[labels == label]) for label, colour in colours.items() if colour != OTHERS]
    kept.sort(key=lambda group: -len(group[2]))
    rest = rows[~np.isin(labels.astype(str), [label for label, _c, _r in kept])]
    return [*kept, *([("others", OTHERS, rest)] if len(rest) else [])]
