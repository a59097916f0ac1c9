"""Conditions on a record in SQL, and its place in a tree of boxes: what all SQL catalogues share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from craton.store.search import Box, Span

TIME_UNIT = 1e7
"""Seconds that weigh as much as a degree where a tree groups its boxes: a hundred years are 316."""

NOWHERE = (1e4, 1e4, 1e4, 1e4)
NEVER = (-1e4, -1e4)
"""Sides in degrees, and time in units, where no query looks: for records without box or time."""


class Condition(NamedTuple):
    """Part of a `WHERE` or a subquery, with its values."""

    sql: str
    values: tuple[object, ...] = ()


class Extent(NamedTuple):
    """Sides of a record in a tree of boxes: degrees, and time in `TIME_UNIT`."""

    west: float
    east: float
    south: float
    north: float
    start: float
    stop: float


def extent(box: Box | None, span: Span | None) -> Extent:
    """Sides of what has `box` and `span`."""
    place = (box.west, box.east, box.south, box.north) if box else NOWHERE
    return Extent(*place, *((span.start / TIME_UNIT, span.end / TIME_UNIT) if span else NEVER))


def holds(outer: Sequence[float], inner: Extent) -> bool:
    """Whether the sides `outer`, in the order of `Extent`, lie around `inner`; trees round outward."""
    lower = all(a <= b for a, b in zip(outer[::2], inner[::2], strict=True))
    return lower and all(a >= b for a, b in zip(outer[1::2], inner[1::2], strict=True))


def joined(conditions: Sequence[Condition], word: str = "AND", empty: str = "true") -> Condition:
    """All conditions in one, between brackets."""
    sql = f" {word} ".join(one.sql for one in conditions)
    return Condition(f"({sql})" if conditions else empty, tuple(v for one in conditions for v in one.values))


def touching(box: Box) -> tuple[float, float, float, float]:
    """Limits on west, east, south and north of what touches `box`."""
    return box.east, box.west, box.north, box.south


def marks(values: Sequence[object]) -> str:
    """A question mark for each of `values`."""
    return ", ".join("?" * len(values))
