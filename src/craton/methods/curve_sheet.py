"""Curve sheet: pages of curves over logarithmic axes, and of sections, in the style of the map pictures."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from craton.methods.map_sheet import number_text
from craton.methods.map_style import GREY, INK, PAPER, SMALL, TEXT, TITLE, WIDTH, families, palette
from craton.model.data import Document

MARKS = (("#3f7cac", "o"), ("#b3402e", "s"), ("#2b2b2b", "D"))
"""Colour and form of the symbols of the first, second and third curve."""


CROWDED = 20.0
"""Ratio of the ends of a scale above which only whole powers of ten have a number."""


class CurveSheet:
    """A page of panels; `widths` and `heights` are their shares.

    Parameters
    ----------
    title, texts : str, iterable of str
        Title of the page, and all other words on it, by which fonts are chosen.
    height : float
        Of the page in inches; it is 7.2 wide.
    widths, heights : sequence of float
        Shares of the columns and rows of panels.
    """

    def __init__(
        self,
        title: str,
        texts: Iterable[str],
        height: float,
        widths: tuple[float, ...] = (1.0,),
        heights: tuple[float, ...] = (1.0,),
    ) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.title, self.fonts = title, families([title, *texts])
        self.figure = Figure(figsize=(WIDTH, height), facecolor=PAPER, layout="constrained")
        self.canvas = FigureCanvasAgg(self.figure)
        grid = self.figure.add_gridspec(len(heights), len(widths), width_ratios=widths, height_ratios=heights)
        self.panels = [
            [self.figure.add_subplot(grid[r, c]) for c in range(len(widths))] for r in range(len(heights))
        ]
        if title:
            self.figure.suptitle(
                title, fontsize=TITLE, family=self.fonts, color=INK, x=0.02, ha="left", parse_math=False
            )

    def dress(self, panel: Any, across: str, up: str) -> None:
        """Give a panel the words of its axes, and the look of the house."""
        panel.set_facecolor(PAPER)
        panel.set_xlabel(across, fontsize=TEXT, family=self.fonts, color=INK, parse_math=False)
        panel.set_ylabel(up, fontsize=TEXT, family=self.fonts, color=INK, parse_math=False)
        panel.tick_params(labelsize=SMALL, colors=INK, which="both")
        panel.grid(visible=True, which="major", color=GREY, alpha=0.3, linewidth=0.4)
        for side in panel.spines.values():
            side.set(color=INK, linewidth=0.6)

    def key(self, panel: Any) -> None:
        """Name the curves of a panel."""
        panel.legend(fontsize=SMALL, frameon=False, prop={"family": self.fonts, "size": SMALL})

    def document(self, width_px: int) -> Document:
        """The page as PNG, `width_px` pixels wide."""
        target = io.BytesIO()
        self.figure.set_dpi(width_px / WIDTH)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            # Without the name of the software no version of it is in the file.
            self.canvas.print_png(target, metadata={"Software": None})  # type: ignore[no-untyped-call]
        return Document(text=self.title, media_type="image/png", content=target.getvalue())


def draw_readings(
    panel: Any,
    across: np.ndarray,
    values: np.ndarray,
    spread: np.ndarray | None,
    mark: tuple[str, str],
    label: str,
) -> None:
    """Draw measured values with bars of a standard deviation where it is known."""
    known = np.isfinite(across) & np.isfinite(values)
    bars = None if spread is None or not np.isfinite(spread).any() else np.nan_to_num(spread[known])
    if bars is not None and panel.get_yscale() == "log":
        # A bar may not reach down to 0 on a logarithmic axis.
        bars = np.stack([np.minimum(bars, 0.9 * values[known]), bars])
    panel.errorbar(
        across[known], values[known], yerr=bars, fmt=mark[1], color=mark[0], markersize=3.0,
        elinewidth=0.7, linewidth=0, label=label,
    )  # fmt: skip


def draw_section(
    sheet: CurveSheet,
    panel: Any,
    shapes: list[np.ndarray],
    values: np.ndarray,
    title: str,
    faded: np.ndarray | None = None,
    *,
    upward: bool = False,
) -> None:
    """Fill outlines (distance, depth) by values above 0, on a logarithmic scale with a bar beside the panel.

    `faded`, 0 to 1, is how much each is paled. Outlines that are `upward` are of distance and height.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LogNorm

    norm = LogNorm(float(values.min()) / 1.01, float(values.max()) * 1.01)
    alpha = None if faded is None else 1.0 - 0.8 * faded
    drawn = PolyCollection(
        shapes, array=values, cmap=palette("sequential"), norm=norm, linewidths=0, alpha=alpha
    )
    panel.add_collection(drawn)
    corners = np.concatenate(shapes)
    low, high = corners.min(axis=0), corners.max(axis=0)
    panel.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]) if upward else (high[1], 0.0))
    bar = sheet.figure.colorbar(drawn, ax=panel, shrink=0.9, pad=0.01).ax
    bar.yaxis.set_major_formatter(lambda value, _place: number_text(value))
    crowded = float(values.max()) > CROWDED * float(values.min())
    bar.yaxis.set_minor_formatter(lambda value, _place: "" if crowded else number_text(value))
    bar.set_ylabel(title, fontsize=TEXT, family=sheet.fonts, color=INK, parse_math=False)
    bar.tick_params(labelsize=SMALL, colors=INK, which="both")
