"""Charts of reports: bars, histograms, ranges, scatter, and the tree of weights."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from craton.web.report_svg import (
    ACCENT,
    FAINT,
    INK,
    RULE,
    SIZE,
    SOFT,
    TRACK,
    Anchor,
    Drawing,
    lines_of,
    width_of,
)

WIDTH = 680.0
"""Pixels across a chart that is as wide as the page."""

BAR, GAP = 16.0, 10.0
LABEL_LEAST, LABEL_MOST = 90.0, 250.0
LINE = 15.0
"""From line to line of a label."""


@dataclass(frozen=True)
class Bar:
    """A bar: its name, how long it is (0 to 1), the number it stands for in words.

    Parameters
    ----------
    low, high : float, optional
        Ends of a range that is drawn over it.
    room : float
        How long it could be; the place behind it is so long.
    """

    label: str
    value: float
    words: str
    colour: str = ACCENT
    low: float | None = None
    high: float | None = None
    room: float = 1.0


def bars(rows: Sequence[Bar], words: str, *, width: float = WIDTH) -> str:
    """Bars one below the other."""
    label = min(max([LABEL_LEAST, *(width_of(one.label) for one in rows)]), LABEL_MOST) + 12
    told = max([24.0, *(width_of(one.words) for one in rows)]) + 10
    room = width - label - told
    labels = [lines_of(one.label, label - 12) for one in rows]
    heights = [max(BAR, LINE * len(lines)) + GAP for lines in labels]
    drawing = Drawing(width, sum(heights) + 4)
    top = 2.0
    for one, lines, height in zip(rows, labels, heights, strict=True):
        middle = top + height / 2
        for number, line in enumerate(lines):
            drawing.text(label - 12, middle + 4 + LINE * (number - (len(lines) - 1) / 2), line, anchor="end")
        drawing.box(label, middle - BAR / 2, room * _within(one.room), BAR, fill=TRACK, round=2)
        drawing.box(label, middle - BAR / 2, room * _within(one.value), BAR, fill=one.colour, round=2)
        if one.low is not None and one.high is not None:
            _range(drawing, label, room, middle, one)
        drawing.text(width, middle + 4, one.words, anchor="end", colour=SOFT)
        top += height
    return drawing.svg(words)


def _range(drawing: Drawing, left: float, room: float, middle: float, one: Bar) -> None:
    low, high = (left + room * _within(end or 0.0) for end in (one.low, one.high))
    drawing.line(low, middle, high, middle, colour=INK, width=1.5)
    for end in (low, high):
        drawing.line(end, middle - 4, end, middle + 4, colour=INK, width=1.5)


def _within(value: float) -> float:
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


@dataclass(frozen=True)
class Histogram:
    """Counts of equal steps between two numbers.

    Parameters
    ----------
    bounds, colours
        From each bound on, the steps have the colour; below the first one, too.
    ends : tuple of str
        The two numbers in words.
    mark : float, optional
        A number that is marked, such as the mean, and its words.
    """

    bins: tuple[int, ...]
    lowest: float
    highest: float
    ends: tuple[str, str]
    bounds: tuple[float, ...] = ()
    colours: tuple[str, ...] = ()
    mark: float | None = None
    mark_words: str = ""


def histogram(shown: Histogram, words: str, *, width: float = WIDTH, height: float = 170.0) -> str:
    """Counts as columns."""
    drawing = Drawing(width, height)
    foot, top, left, right = height - 24, 22.0, 2.0, width - 2
    step = (right - left) / max(len(shown.bins), 1)
    most = max([1, *shown.bins])
    for place, count in enumerate(shown.bins):
        tall = (foot - top) * count / most
        middle = shown.lowest + (shown.highest - shown.lowest) * (place + 0.5) / len(shown.bins)
        colour = _colour(shown, middle)
        drawing.box(left + place * step + 0.75, foot - tall, step - 1.5, tall, fill=colour)
    drawing.line(left, foot, right, foot, colour=FAINT)
    drawing.text(left, height - 8, shown.ends[0], colour=SOFT)
    drawing.text(right, height - 8, shown.ends[1], anchor="end", colour=SOFT)
    if shown.mark is not None and shown.highest > shown.lowest:
        part = _within((shown.mark - shown.lowest) / (shown.highest - shown.lowest))
        at = left + (right - left) * part
        drawing.line(at, 16, at, foot, colour=INK)
        drawing.text(at, 11, shown.mark_words, anchor=_anchor(part), colour=INK)
    return drawing.svg(words)


def _anchor(part: float) -> Anchor:
    return "start" if part < 0.15 else "end" if part > 0.85 else "middle"


def _colour(shown: Histogram, value: float) -> str:
    if not shown.colours:
        return ACCENT
    return shown.colours[max(bisect_right(shown.bounds, value) - 1, 0)]


def columns(bins: Sequence[int], words: str) -> str:
    """A histogram as small as a word, without numbers."""
    drawing = Drawing(72, 20)
    step, most = 72 / max(len(bins), 1), max([1, *bins])
    for place, count in enumerate(bins):
        tall = 18 * count / most
        drawing.box(place * step + 0.3, 19 - tall, step - 0.6, tall, fill=ACCENT)
    drawing.line(0, 19.5, 72, 19.5, colour=FAINT)
    return drawing.svg(words)


@dataclass(frozen=True)
class Axis:
    """An axis: its name, its two ends, and both in words."""

    name: str
    low: float
    high: float
    ends: tuple[str, str]

    def part(self, value: float) -> float:
        """Where a number lies, from 0 to 1."""
        return _within((value - self.low) / (self.high - self.low)) if self.high > self.low else 0.5


def scatter(across: Axis, up: Axis, points: Sequence[tuple[float, float, str]], words: str) -> str:
    """Points with a colour each."""
    drawing = Drawing(WIDTH, 320)
    left, right, top, foot = 56.0, WIDTH - 8, 26.0, 280.0
    drawing.box(left, top, right - left, foot - top, fill="#ffffff", line=RULE)
    for x, y, colour in points:
        drawing.dot(
            left + (right - left) * across.part(x), foot - (foot - top) * up.part(y), 2.6, fill=colour
        )
    drawing.text(left, foot + 16, across.ends[0], colour=SOFT)
    drawing.text(right, foot + 16, across.ends[1], anchor="end", colour=SOFT)
    drawing.text((left + right) / 2, foot + 30, across.name, anchor="middle")
    drawing.text(left - 6, foot, up.ends[0], anchor="end", colour=SOFT)
    drawing.text(left - 6, top + 10, up.ends[1], anchor="end", colour=SOFT)
    drawing.text(left, top - 10, up.name)
    return drawing.svg(words)


@dataclass(frozen=True)
class Twig:
    """A node of the tree of weights: its words, its weights in words, how thick its branch is (0 to 1)."""

    id: str
    parent: str
    label: str
    words: str
    weight: float


def tree(twigs: Sequence[Twig], words: str) -> str:
    """The hierarchy from the goal on the left to the indicators on the right; weights make branches thick."""
    depth = _depths(twigs)
    across = (WIDTH + 24) / (max(depth.values(), default=0) + 1)
    lines = {one.id: lines_of(one.label, across - 50) for one in twigs}
    heights = {one.id: 12 + LINE * len(lines[one.id]) + 13 for one in twigs}
    middles, whole = _places(twigs, heights)
    drawing = Drawing(WIDTH, whole)
    for one in twigs:
        if one.parent in middles:
            start = (depth[one.parent] + 1) * across - 34
            _branch(drawing, start, middles[one.parent], depth[one.id] * across, middles[one.id], one.weight)
    for one in twigs:
        left, high = depth[one.id] * across, heights[one.id] - 8
        top = middles[one.id] - high / 2
        drawing.box(left + 0.5, top, across - 34, high, fill="#ffffff", line=RULE, round=4)
        drawing.box(left + 0.5, top, 4, high, fill=ACCENT, round=2)
        for number, line in enumerate(lines[one.id]):
            drawing.text(left + 11, top + 14 + LINE * number, line, strong=one.parent == "")
        drawing.text(left + 11, top + high - 5, one.words, size=SIZE - 2, colour=SOFT)
    return drawing.svg(words)


def _branch(drawing: Drawing, x: float, y: float, to_x: float, to_y: float, weight: float) -> None:
    bend = (x + to_x) / 2
    steps = f"M{x:.1f} {y:.1f}C{bend:.1f} {y:.1f} {bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
    drawing.path(steps, colour="#a9c3c4", width=1.0 + 7.0 * _within(weight))


def _depths(twigs: Sequence[Twig]) -> dict[str, int]:
    depth: dict[str, int] = {}
    for one in twigs:  # parents come before their children
        depth[one.id] = depth.get(one.parent, -1) + 1
    return depth


def _places(twigs: Sequence[Twig], heights: dict[str, float]) -> tuple[dict[str, float], float]:
    """Middle of each node, leaves one below the other, and the height of all."""
    children: dict[str, list[str]] = {}
    for one in twigs:
        children.setdefault(one.parent, []).append(one.id)
    middles: dict[str, float] = {}
    foot = 0.0

    def place(id: str) -> None:
        nonlocal foot
        for child in children.get(id, ()):
            place(child)
        if below := children.get(id):
            middles[id] = (middles[below[0]] + middles[below[-1]]) / 2
        else:
            middles[id] = foot + heights[id] / 2
            foot += heights[id]

    for one in twigs:
        if one.parent not in heights:
            place(one.id)
    return middles, foot + 2
