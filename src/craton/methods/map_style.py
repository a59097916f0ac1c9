"""Map style: colours, palettes, sizes of type and fonts of all map pictures."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

INK, PAPER, GREY, QUIET = "#2b2b2b", "#fbfaf6", "#6f6c65", "#dcdad3"
"""Text and frames, background, side remarks, places without a value."""

INKS = {"blue": "#3f7cac", "red": "#b3402e", "purple": "#7a4e7e", "brown": "#8c5a2b", "dark": INK}
"""Plain colours of lines and points."""

CLASSES = (
    "#88ccee", "#cc6677", "#ddcc77", "#117733", "#aa4499", "#44aa99", "#882255", "#999933", "#332288",
)  # fmt: skip
"""Colours of text values, the muted scheme of Paul Tol, which colour-blind readers can tell apart."""

FILLS = (
    "#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00", "#c9b3e0",
    "#4f7ba6", "#b3603f", "#b8a552", "#c4738a", "#63a5c4", "#2b8569", "#86962a", "#767600", "#9079ad",
)  # fmt: skip
"""Colours of text values of areas, on which names can be read: after his light scheme, then darker ones."""

OTHERS = "#b8b5ac"
"""Colour of the text values beyond those."""

TITLE, TEXT, SMALL = 13.0, 8.0, 6.5
"""Sizes of type in points, on a picture of `WIDTH` inches."""

WIDTH = 7.2

FAMILY = "DejaVu Sans"
"""Font of all text; it comes with matplotlib, so that pictures are the same everywhere."""

FALLBACKS = ("noto sans", "source han sans", "wenquanyi", "droid sans fallback", "noto", "phetsarath")
"""Beginnings of the names of fonts that are preferred for characters the first one lacks."""

LAST_RESORT = "Last Resort"
"""Part of the name of the font whose characters are boxes."""

PALETTES: dict[str, str | tuple[str, ...]] = {
    "sequential": "cividis_r",
    "heat": ("#f7ecd0", "#f3d191", "#e9a55a", "#d2693c", "#a6352d", "#6b1626"),
    "diverging": "RdBu_r",
    "terrain": ("#dfe8d8", "#efe9d2", "#e3d2b0", "#cbb08a", "#a98a66"),
}
"""Colours by purpose; lightness falls (or parts in the middle), so they also print in grey."""


def palette(purpose: str) -> Any:
    """Colour map of a purpose (see `PALETTES`)."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    found = PALETTES[purpose]
    if isinstance(found, str):
        return colormaps[found]
    return LinearSegmentedColormap.from_list(purpose, list(found))


def halo(width: float = 2.0) -> list[Any]:
    """Effect that keeps text readable on a map."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground=PAPER)]


def families(texts: Iterable[str]) -> list[str]:
    """Fonts that together have the characters of `texts`; boxes that name the script where none has them."""
    lacking = _needed("".join(texts)) - _characters(_path_of(FAMILY))
    chosen = [FAMILY]
    while lacking:
        name, found = _best(frozenset(lacking))
        if not found:
            return [*chosen, *_boxes()]
        chosen.append(name)
        lacking -= found
    return chosen


def _boxes() -> list[str]:
    from matplotlib.font_manager import fontManager

    return sorted({f.name for f in fontManager.ttflist if LAST_RESORT in f.name})[:1]


def _needed(text: str) -> set[int]:
    return {ord(sign) for sign in text if sign.isprintable() and not sign.isspace()}


def _path_of(family: str) -> str:
    from matplotlib.font_manager import findfont

    return str(findfont(family))


@lru_cache(maxsize=1024)
def _characters(path: str) -> frozenset[int]:
    """Characters a font file has, none where it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


@lru_cache(maxsize=256)
def _best(lacking: frozenset[int]) -> tuple[str, frozenset[int]]:
    """Font that has most of the characters that are `lacking`, and which; the preferred one of several."""
    from matplotlib.font_manager import fontManager

    fonts = sorted(
        {(_preference(f.name), f.name, f.fname) for f in fontManager.ttflist if LAST_RESORT not in f.name}
    )
    name, most = "", frozenset[int]()
    for _preferred, family, path in fonts:
        found = lacking & _characters(str(path))
        if len(found) > len(most):
            name, most = family, found
    return name, most


def _preference(name: str) -> int:
    starts = [number for number, start in enumerate(FALLBACKS) if name.lower().startswith(start)]
    return min(starts, default=len(FALLBACKS))


def class_colours(values: Iterable[object], colours: tuple[str, ...] = CLASSES) -> dict[str, str]:
    """Colour of each text value, the most frequent first; those beyond `colours` share one."""
    texts, counts = np.unique([str(value) for value in values], return_counts=True)
    order = np.lexsort((texts, -counts))
    return {
        str(texts[row]): colours[place] if place < len(colours) else OTHERS for place, row in enumerate(order)
    }
