"""What the operators of CQL2 do to values, for whoever evaluates them: here, or a database.

A missing value is `None` and makes the result `None`, as NULL does in SQL. So
does a number that there is not (a division by zero, the root of a negative
number).
"""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

ACCENTS = (
    (0x0300, 0x036F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)
"""Unicode's blocks of combining accents: vowel signs of the region's scripts are letters, and stay."""

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
}


class Relation(NamedTuple):
    """How two spans of time lie to each other: `all` or any of (side of one, sign, side of the other)."""

    all: bool
    tests: tuple[tuple[str, str, str], ...]


def _relation(*tests: str, all: bool = True) -> Relation:
    parted = (test.split() for test in tests)
    return Relation(all, tuple((one, sign, other) for one, sign, other in parted))


RELATIONS = {
    "t_after": _relation("start > end"),
    "t_before": _relation("end < start"),
    "t_contains": _relation("start < start", "end > end"),
    "t_disjoint": _relation("end < start", "start > end", all=False),
    "t_during": _relation("start > start", "end < end"),
    "t_equals": _relation("start = start", "end = end"),
    "t_finishedBy": _relation("start < start", "end = end"),
    "t_finishes": _relation("start > start", "end = end"),
    "t_intersects": _relation("start <= end", "end >= start"),
    "t_meets": _relation("end = start"),
    "t_metBy": _relation("start = end"),
    "t_overlappedBy": _relation("start > start", "start < end", "end > end"),
    "t_overlaps": _relation("start < start", "end > start", "end < end"),
    "t_startedBy": _relation("start = start", "end > end"),
    "t_starts": _relation("start = start", "end < end"),
    "=": _relation("start <= end", "end >= start"),
    "<>": _relation("end < start", "start > end", all=False),
    "<": _relation("end < start"),
    ">": _relation("start > end"),
    "<=": _relation("start <= end"),
    ">=": _relation("end >= start"),
}
"""Relations of spans by operator; an instant is a span without length, a day is one of a day."""

DAY = 86_400_000_000 - 1
"""Microseconds from the first to the last of a day."""

ALWAYS = 1 << 62
"""Microseconds, before or after 1970, that stand for an open side."""


def casei(text: object) -> str | None:
    """`text` without the difference between capital and small letters."""
    return text.casefold() if isinstance(text, str) else None


def accenti(text: object) -> str | None:
    """`text` without accents."""
    if not isinstance(text, str):
        return None
    if text.isascii():
        return text
    parted = unicodedata.normalize("NFD", text)
    kept = "".join(c for c in parted if not any(low <= ord(c) <= high for low, high in ACCENTS))
    return unicodedata.normalize("NFC", kept)


def like(text: object, pattern: object) -> bool | None:
    r"""Whether `text` is of `pattern`: `%` is any characters, `_` is one, `\` takes the next as it is."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        return None
    return _fits(text, _pieces(pattern))


class Piece(NamedTuple):
    """What stands between two `%` of a pattern, and how many characters it is."""

    form: re.Pattern[str]
    length: int


@lru_cache(maxsize=256)
def _pieces(pattern: str) -> tuple[Piece, ...]:
    """What stands between the `%` of a pattern."""
    forms: list[list[str]] = [[]]
    for kind, character in wildcards(pattern):
        if kind == "%":
            forms.append([])
        else:
            forms[-1].append("." if kind == "_" else re.escape(character))
    return tuple(Piece(re.compile("".join(form), re.DOTALL), len(form)) for form in forms)


def wildcards(pattern: str) -> list[tuple[str, str]]:
    """Characters of a pattern, each with `%`, `_` or, where it stands for itself, nothing."""
    found, plain = [], False
    for character in pattern:
        if character == "\\" and not plain:
            plain = True
            continue
        kind = character if character in "%_" and not plain else ""
        found.append((kind, character))
        plain = False
    return [*found, ("", "\\")] if plain else found


def _fits(text: str, pieces: Sequence[Piece]) -> bool:
    """Whether `text` is `pieces` in their order, with anything between them.

    The first place that a piece fits is as good as any later one, so nothing is tried twice.
    """
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return first.form.fullmatch(text) is not None
    place, end = first.length, len(text) - last.length
    if end < place or not first.form.match(text) or not last.form.match(text, end):
        return False
    for piece in pieces[1:-1]:
        found = piece.form.search(text, place, end)
        if found is None:
            return False
        place = found.end()
    return True


def calculate(op: str, left: float | None, right: float | None) -> float | None:
    """Result of an arithmetic operator on decimal numbers."""
    if left is None or right is None:
        return None
    try:
        return _known(CALCULATIONS[op](float(left), float(right)))
    except (ZeroDivisionError, OverflowError, ValueError):
        return None


def _known(value: complex) -> float | None:
    return value if isinstance(value, float) and not math.isnan(value) else None


def _whole(left: float, right: float) -> float:
    quotient = left / right
    return float(math.trunc(quotient)) if math.isfinite(quotient) else quotient


CALCULATIONS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "div": _whole,
    "^": operator.pow,
}

SPATIAL_RELATIONS: dict[str, Callable[[BaseGeometry, BaseGeometry], bool]] = {
    "s_intersects": shapely.intersects,
    "s_disjoint": shapely.disjoint,
    "s_equals": shapely.equals,
    "s_touches": shapely.touches,
    "s_within": shapely.within,
    "s_overlaps": shapely.overlaps,
    "s_crosses": shapely.crosses,
    "s_contains": shapely.contains,
}


def lie(op: str, left: BaseGeometry | None, right: BaseGeometry | None) -> bool | None:
    """Whether two geometries lie to each other as the spatial operator `op` says."""
    if left is None or right is None:
        return None
    relation = SPATIAL_RELATIONS[op]
    try:
        return bool(relation(left, right))
    except ShapelyError:
        pass
    try:
        return bool(relation(shapely.make_valid(left), shapely.make_valid(right)))
    except ShapelyError:
        return None
