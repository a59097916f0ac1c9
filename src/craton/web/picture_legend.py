"""Legends as small pictures: a ramp with its numbers, or classes with their names."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from craton.web.colour import SHADES, palette
from craton.web.replies import Json

WIDTH, LINE = 220, 20
BAR_HEIGHT = 160
BAR_WIDTH = 24
MARGIN = 8
TYPE_SIZE = 12
MOST_LINES = 40
MOST_LETTERS = 32
"""Letters of a label; a longer one is cut."""

INK = (30, 30, 30)


def legend_image(style: Json) -> Image.Image:
    """Legend of a style, as `style_of` or `vector_style` tell it."""
    title = _short(str(style.get("title") or style.get("column") or ""))
    if style.get("type") == "ramp":
        stops = [(float(one[0]), str(one[1])) for one in style.get("stops", ())]
        unit = str(style.get("unit", ""))
        return _bar(f"{title} ({unit})" if unit and unit != "1" else title, stops)
    if style.get("type") == "categories":
        classes = [(str(one[1]), _short(str(one[2] if len(one) > 2 else one[0]))) for one in style["classes"]]
        return _list(title, classes)
    if style.get("type") == "ranges":
        return _list(title, [(str(one["colour"]), _short(str(one["label"]))) for one in style["ranges"]])
    if style.get("type") == "rgb":
        bands = zip(("#ff0000", "#00aa00", "#0000ff"), style.get("variables", ()), strict=False)
        return _list(title, [(colour, _short(str(name))) for colour, name in bands])
    return _list(title, [(str(style.get("colour") or "#4f7ba6"), title)])


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def _canvas(height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (WIDTH, height), "white")
    return image, ImageDraw.Draw(image)


def _write(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str) -> None:
    draw.text(place, text, fill=INK, font=ImageFont.load_default(TYPE_SIZE))


def _bar(title: str, stops: Sequence[tuple[float, str]]) -> Image.Image:
    image, draw = _canvas(BAR_HEIGHT + LINE + 2 * MARGIN)
    _write(draw, (MARGIN, MARGIN / 2), title)
    top = LINE + MARGIN
    rows = palette(tuple(stops))[np.linspace(SHADES - 1, 0, BAR_HEIGHT).astype(int)]
    bar = np.repeat(rows[:, np.newaxis], BAR_WIDTH, axis=1)
    image.paste(Image.fromarray(bar), (MARGIN, top))
    shown = [stops[place] for place in np.unique(np.linspace(0, len(stops) - 1, 5).astype(int))]
    places = np.unique(np.linspace(0, len(stops) - 1, 5).astype(int)) / (len(stops) - 1)
    step = abs(stops[-1][0] - stops[0][0]) / 100
    for place, (value, _) in zip(places, shown, strict=True):
        down = top + (1 - place) * (BAR_HEIGHT - 1)
        draw.line([(MARGIN + BAR_WIDTH, down), (MARGIN + BAR_WIDTH + 4, down)], fill=INK)
        _write(draw, (MARGIN + BAR_WIDTH + 8, min(down - 7, top + BAR_HEIGHT - 12)), number_text(value, step))
    return image


def number_text(value: float, step: float) -> str:
    """`value` with no more digits than steps of `step` need."""
    decimals = max(0, -math.floor(math.log10(step))) if 0 < step < math.inf else 0
    return f"{value:.{decimals}f}" if decimals <= 6 and abs(value) < 1e7 else f"{value:.4g}"


def _list(title: str, entries: Sequence[tuple[str, str]]) -> Image.Image:
    shown = entries[:MOST_LINES]
    image, draw = _canvas((len(shown) + 1) * LINE + 2 * MARGIN)
    _write(draw, (MARGIN, MARGIN / 2), title)
    for number, (colour, label) in enumerate(shown, 1):
        top = MARGIN + number * LINE
        draw.rectangle((MARGIN, top, MARGIN + BAR_WIDTH, top + LINE - 6), fill=colour, outline=INK)
        _write(draw, (MARGIN + BAR_WIDTH + 8, top), label)
    return image
