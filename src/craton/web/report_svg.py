"""A small writer of SVG for charts of reports: the same drawing stands in a page and in a PDF."""

from __future__ import annotations

import unicodedata
from html import escape
from itertools import accumulate
from typing import Literal

INK, SOFT, FAINT, RULE = "#1c2a2f", "#4a585e", "#868f90", "#dfdace"
ACCENT, TRACK = "#0d5c66", "#efece4"
FAMILY = (
    "Noto Sans, Noto Sans Lao, Noto Sans Khmer, Noto Sans Thai, Noto Sans Myanmar, Noto Sans SC, sans-serif"
)
SIZE = 12.0
"""Height of letters."""

Anchor = Literal["start", "middle", "end"]

WIDE = frozenset("WF")
"""Signs as wide as they are high, in the words of Unicode."""

NARROW = frozenset(" .,:;'|!ijlIft()[]1")


class Drawing:
    """A picture in the making; positions in pixels from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: Anchor = "start",
        size: float = SIZE,
        colour: str = INK,
        strong: bool = False,
    ) -> None:
        """Words whose foot is at `y`."""
        weight = ' font-weight="600"' if strong else ""
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="{_n(size)}" fill="{colour}"'
            f"{weight}>{escape(words)}</text>"
        )

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str, line: str = "", round: float = 0
    ) -> None:
        """A box."""
        edge = f' stroke="{line}"' if line else ""
        corner = f' rx="{_n(round)}"' if round else ""
        self._parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0))}" height="{_n(max(height, 0))}"'
            f' fill="{fill}"{edge}{corner}/>'
        )

    def line(
        self, x: float, y: float, to_x: float, to_y: float, *, colour: str = RULE, width: float = 1.0
    ) -> None:
        """A straight line."""
        self._parts.append(
            f'<line x1="{_n(x)}" y1="{_n(y)}" x2="{_n(to_x)}" y2="{_n(to_y)}" stroke="{colour}"'
            f' stroke-width="{_n(width)}"/>'
        )

    def path(self, steps: str, *, fill: str = "none", colour: str = "none", width: float = 1.0) -> None:
        """A path in the words of SVG."""
        self._parts.append(f'<path d="{steps}" fill="{fill}" stroke="{colour}" stroke-width="{_n(width)}"/>')

    def dot(self, x: float, y: float, radius: float, *, fill: str) -> None:
        """A dot."""
        self._parts.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}"/>')

    def picture(self, x: float, y: float, width: float, height: float, png: str) -> None:
        """A PNG, in base 64."""
        self._parts.append(
            f'<image x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
            f' href="data:image/png;base64,{png}"/>'
        )

    def turned(self, x: float, y: float, degrees: float, steps: str, fill: str) -> None:
        """A path around a point, turned clockwise."""
        self._parts.append(
            f'<path transform="translate({_n(x)} {_n(y)}) rotate({_n(degrees)})" d="{steps}" fill="{fill}"/>'
        )

    def svg(self, words: str) -> str:
        """The picture, with what it shows in `words`."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(self.width)} {_n(self.height)}"'
            f' width="{_n(self.width)}" height="{_n(self.height)}" role="img" aria-label="{escape(words)}"'
            f' font-family="{FAMILY}">{"".join(self._parts)}</svg>'
        )


def _n(number: float) -> str:
    """A number with no more digits than can be seen."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def width_of(words: str, size: float = SIZE) -> float:
    """About how wide words are, rather too much than too little."""
    return size * sum(_width(sign) for sign in words)


def _width(sign: str) -> float:
    if unicodedata.east_asian_width(sign) in WIDE:
        return 1.0
    if unicodedata.combining(sign):
        return 0.0
    return 0.34 if sign in NARROW else 0.72 if sign.isupper() else 0.61


def cut(words: str, width: float, size: float = SIZE) -> str:
    """Words that are no wider than `width`; what is left out shows as an ellipsis."""
    if width_of(words, size) <= width:
        return words
    ends = accumulate(map(_width, words), initial=_width("…"))
    whole = sum(1 for end in ends if end * size <= width) - 1
    return words[: max(whole, 0)].rstrip() + "…"


def lines_of(words: str, width: float, most: int = 3, size: float = SIZE) -> list[str]:
    """Words in lines no wider than `width`, the last of `most` cut where they do not fit."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(words):
        if line and width_of(line + piece, size) > width:
            lines.append(line.strip())
            line = piece.lstrip()
        else:
            line += piece
    lines.append(line.strip())
    if len(lines) > most:
        joined = "".join([lines[most - 1], " ", *lines[most:]])
        lines = [*lines[: most - 1], joined]
    return [cut(one, width, size) for one in lines]


def _pieces(words: str) -> list[str]:
    """Where lines may break: behind blanks, and around signs of wide scripts."""
    pieces: list[str] = []
    for sign in words:
        wide = unicodedata.east_asian_width(sign) in WIDE
        if not pieces or wide or pieces[-1].endswith(" ") or _is_wide(pieces[-1]):
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return pieces


def _is_wide(piece: str) -> bool:
    return unicodedata.east_asian_width(piece[-1]) in WIDE
