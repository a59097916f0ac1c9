"""Map sheet: a page measured in inches from its upper left corner, its texts and its keys."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from craton.methods.map_style import INK, PAPER, SMALL, TEXT, WIDTH

POINTS = 72.0
"""Points in an inch."""

LEADING = 1.35
"""Height of a line of text, in sizes of its type."""

SHORT = 0.75
"""Inches of a scale bar that has no room for a label in its middle."""

BAR, ROW, GAP = 0.11, 0.175, 0.28
"""Inches: height of a colour bar, height of a row of a key, space between keys."""

_POWER = re.compile(r"(?<=[a-z])[23](?![0-9])")


@dataclass(frozen=True)
class Bar:
    """Key of a colour scale: colours (n, 4) from left to right, labels at shares of its length.

    `ends` says whether values go on below the least and above the greatest label.
    """

    title: str
    colours: np.ndarray
    labels: tuple[tuple[float, str], ...]
    ends: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class Entry:
    """One symbol of a key: `patch`, `line` or `point`, with its colours and its size in points."""

    form: str
    label: str
    colour: str
    edge: str = INK
    size: float = 6.0


@dataclass(frozen=True)
class Entries:
    """Key of symbols."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Scale:
    """Scale bar: its length in inches, and what it stands for."""

    length: float
    label: str
    middle: str


Key = Bar | Entries | Scale


class Sheet:
    """A figure with one map, whose height is set once all its parts are known.

    Parameters
    ----------
    fonts : list of str
        Families of all text, the first that has a character counts.
    """

    def __init__(self, fonts: list[str]) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.fonts = fonts
        self.figure = Figure(figsize=(WIDTH, WIDTH), facecolor=PAPER)
        self.canvas = FigureCanvasAgg(self.figure)
        self.map = self.figure.add_axes((0.1, 0.1, 0.8, 0.8))
        self.page = self.figure.add_axes((0, 0, 1, 1), zorder=10)
        self.page.axis("off")
        self.page.patch.set_visible(False)

    def set_height(self, height: float, map_box: tuple[float, float, float, float]) -> None:
        """Set the height of the page, and where on it the map is: left, top, width, height."""
        left, top, width, tall = map_box
        self.figure.set_size_inches(WIDTH, height)
        self.page.set(xlim=(0, WIDTH), ylim=(height, 0))
        self.map.set_position((left / WIDTH, 1 - (top + tall) / height, width / WIDTH, tall / height))

    @cached_property
    def _ruler(self) -> Any:
        from matplotlib.backends.backend_agg import RendererAgg

        return RendererAgg(1, 1, POINTS)  # type: ignore[no-untyped-call]

    def length(self, text: str, size: float) -> float:
        """Width of a text in inches."""
        from matplotlib.font_manager import FontProperties

        with _boxes_allowed():
            font = FontProperties(family=self.fonts, size=size)
            width = self._ruler.get_text_width_height_descent(text, font, ismath=False)[0]
        return float(width) / POINTS

    def wrapped(self, text: str, size: float, width: float) -> list[str]:
        """Lines of `text` that fit into `width` inches; text without spaces is parted anywhere."""
        lines: list[str] = []
        for paragraph in text.splitlines():
            line = ""
            for piece in re.findall(
                r"[\u0e00-\u0eff\u2e80-\uffef]\s*|[^\s\u0e00-\u0eff\u2e80-\uffef]+\s*", paragraph
            ):
                if line and self.length((line + piece).rstrip(), size) > width:
                    lines.append(line.rstrip())
                    line = ""
                line += piece
            lines.append(line.rstrip())
        return [line for line in lines if line]

    def write(self, left: float, top: float, text: str, size: float, **style: Any) -> None:
        """Write a line of text whose upper left corner is at `left`, `top` inches."""
        put = {"color": INK, "ha": "left", "va": "top", **style}
        self.page.text(left, top, text, fontsize=size, family=self.fonts, parse_math=False, **put)

    def paragraph(self, lines: Sequence[str], left: float, top: float, size: float, **style: Any) -> None:
        """Write lines one below the other."""
        for number, line in enumerate(lines):
            self.write(left, top + number * size * LEADING / POINTS, line, size, **style)

    def height_of(self, lines: Sequence[str], size: float) -> float:
        """Inches that lines take."""
        return len(lines) * size * LEADING / POINTS

    def png(self, width: int) -> bytes:
        """The page as PNG, `width` pixels wide; the same page gives the same bytes."""
        target = io.BytesIO()
        self.figure.set_dpi(width / WIDTH)
        with _boxes_allowed():
            # Without the name of the software no version of it is in the file.
            self.canvas.print_png(target, metadata={"Software": None})  # type: ignore[no-untyped-call]
        return target.getvalue()


class _boxes_allowed(warnings.catch_warnings):  # noqa: N801 - used as a function
    """Keeps matplotlib quiet about characters that no font has; they are drawn as boxes."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.filterwarnings("ignore", message="Glyph .* missing")


def key_height(sheet: Sheet, key: Key, width: float) -> float:
    """Inches a key takes from top to bottom in a column of `width`."""
    if isinstance(key, Scale):
        return ROW + BAR + ROW
    title = ROW * len(_title_lines(sheet, key.title, width))
    return title + (BAR + ROW if isinstance(key, Bar) else ROW * len(key.entries))


def _title_lines(sheet: Sheet, title: str, width: float) -> list[str]:
    """One or two lines of the title of a key."""
    lines = sheet.wrapped(title, TEXT, width)
    last = shortened(sheet, " ".join(lines[1:]), TEXT, width)
    return [lines[0], last] if last else lines


def _draw_title(sheet: Sheet, title: str, left: float, top: float, width: float) -> float:
    """Write the title of a key, and give where what it names begins."""
    lines = _title_lines(sheet, title, width)
    for number, line in enumerate(lines):
        sheet.write(left, top + number * ROW, line, TEXT)
    return top + len(lines) * ROW


def draw_key(sheet: Sheet, key: Key, left: float, top: float, width: float) -> None:
    """Draw a key into a column of the page."""
    drawers: dict[type, Any] = {Bar: _draw_bar, Entries: _draw_entries, Scale: _draw_scale}
    drawers[type(key)](sheet, key, left, top, width)


def _draw_bar(sheet: Sheet, bar: Bar, left: float, top: float, width: float) -> None:
    from matplotlib.patches import Polygon, Rectangle

    upper = _draw_title(sheet, bar.title, left, top, width)
    lower = upper + BAR
    tip = 0.08
    start, end = left + tip * bar.ends[0], left + width - tip * bar.ends[1]
    box = (start, end, lower, upper)
    sheet.page.imshow(
        bar.colours[None], extent=box, aspect="auto", interpolation="nearest", origin="upper", zorder=1
    )
    middle = (upper + lower) / 2
    for there, foot, colour, point in (
        (bar.ends[0], start, bar.colours[0], left),
        (bar.ends[1], end, bar.colours[-1], left + width),
    ):
        if there:
            corners = [(foot, upper), (point, middle), (foot, lower)]
            sheet.page.add_patch(Polygon(corners, facecolor=colour, edgecolor=INK, linewidth=0.5))
    sheet.page.add_patch(
        Rectangle((start, upper), end - start, BAR, fill=False, edgecolor=INK, linewidth=0.5, zorder=2)
    )
    free = -1.0
    for share, label in bar.labels:
        at, half = start + share * (end - start), sheet.length(label, SMALL) / 2
        sheet.page.plot([at, at], [lower, lower + 0.03], color=INK, linewidth=0.5)
        if at - half > free:
            sheet.write(at, lower + 0.05, label, SMALL, ha="center")
            free = at + half + 0.04


def _draw_entries(sheet: Sheet, key: Entries, left: float, top: float, width: float) -> None:
    top = _draw_title(sheet, key.title, left, top, width)
    for number, entry in enumerate(key.entries):
        middle = top + (number + 0.42) * ROW
        _draw_symbol(sheet, entry, left, middle)
        label = shortened(sheet, entry.label, TEXT, width - 0.3)
        sheet.write(left + 0.3, middle, label, TEXT, va="center_baseline")


def _draw_symbol(sheet: Sheet, entry: Entry, left: float, middle: float) -> None:
    from matplotlib.patches import Rectangle

    if entry.form == "patch":
        corner = (left, middle - 0.055)
        patch = Rectangle(corner, 0.2, 0.11, facecolor=entry.colour, edgecolor=entry.edge, linewidth=0.5)
        sheet.page.add_patch(patch)
    elif entry.form == "line":
        sheet.page.plot([left, left + 0.2], [middle, middle], color=entry.colour, linewidth=entry.size)
    else:
        sheet.page.scatter(
            [left + 0.1], [middle], s=entry.size, color=entry.colour, edgecolor=entry.edge, linewidth=0.5
        )


def _draw_scale(sheet: Sheet, scale: Scale, left: float, top: float, width: float) -> None:
    """Scale bar, and an arrow to the north, at the right end of the column."""
    from matplotlib.patches import Rectangle

    start, upper = left + width - scale.length - 0.32, top + ROW + BAR - 0.05
    for part, colour in ((0, INK), (1, PAPER)):
        corner = (start + part * scale.length / 2, upper)
        half = Rectangle(corner, scale.length / 2, 0.05, facecolor=colour, edgecolor=INK, linewidth=0.6)
        sheet.page.add_patch(half)
    middle = ((0.5, scale.middle),) if scale.length > SHORT else ()
    labels = ((0.0, "0"), *middle, (1.0, scale.label))
    for share, label in labels:
        sheet.write(start + share * scale.length, upper + 0.1, label, SMALL, ha="center")
    at = left + width - 0.07
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    sheet.page.annotate("", (at, top + 0.13), (at, upper + 0.16), arrowprops=arrow)
    sheet.write(at, top - 0.02, "N", TEXT, ha="center")


def shortened(sheet: Sheet, text: str, size: float, width: float) -> str:
    """`text` cut off with an ellipsis where it is wider than `width` inches."""
    if sheet.length(text, size) <= width:
        return text
    while text and sheet.length(text + "…", size) > width:
        text = text[:-1].rstrip()
    return text + "…"


def number_text(value: float, step: float = 0.0) -> str:
    """A number as on a map: with the decimals that `step` needs, else of two digits or more."""
    if step:
        decimals = max(0, -math.floor(math.log10(abs(step)) + 1e-9))
        scaled = abs(step) * 10**decimals
        decimals += not math.isclose(scaled, round(scaled), abs_tol=1e-6)
        text = f"{round(value, decimals) + 0.0:,.{decimals}f}" if decimals < 6 else f"{value:.3g}"
    else:
        digits = 1 - math.floor(math.log10(abs(value))) if value else 0
        text = f"{value:,.{max(0, digits)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(",", "\u2009").replace("-", "−")


def unit_text(unit: str) -> str:
    """A unit as it is written on a map: `km²`, `per km²`, `°`."""
    if unit in {"", "1", "count"}:
        return ""
    text = "per " + unit[2:] if unit.startswith("1/") else unit
    text = re.sub(r"^u(?=[gmSA])", "µ", {"deg": "°", "ohm.m": "Ω·m"}.get(text, text))
    return _POWER.sub(lambda found: "²³"[int(found[0]) - 2], text)


def titled(title: str, unit: str) -> str:
    """Title with its unit in brackets."""
    shown = unit_text(unit)
    return f"{title} ({shown})" if shown and shown not in title else title
