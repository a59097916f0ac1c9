"""Conditions on a record in SQL, and its place in a tree of boxes: what all SQL catalogues share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from craton.store.search import Box, Query, Span

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


def exact_conditions(query: Query, shield: str = "") -> Iterator[Condition]:
    """Conditions of `query` on a row `r` of `records`, words aside.

    `shield` is put before a column that has an index which must not be used.
    """
    if query.boxes:
        sides = " OR ".join(
            ["(r.west <= ? AND r.east >= ? AND r.south <= ? AND r.north >= ?)"] * len(query.boxes)
        )
        yield Condition(f"({sides})", tuple(value for box in query.boxes for value in touching(box)))
    if query.span:
        yield Condition("r.start <= ? AND r.stop >= ?", (query.span.end, query.span.start))
    if query.kind is not None:
        yield Condition(f"{shield}r.kind = ?", (query.kind,))
    if query.visibility is not None:
        yield Condition(f"{shield}r.visibility IN ({marks(query.visibility)})", query.visibility)
    if query.quantity:
        sql = "EXISTS (SELECT 1 FROM quantities e WHERE e.name = ? AND e.sequence = r.sequence)"
        yield Condition(sql, (query.quantity,))


def touching(box: Box) -> tuple[float, float, float, float]:
    """Limits on west, east, south and north of what touches `box`."""
    return box.east, box.west, box.north, box.south


def marks(values: Sequence[object]) -> str:
    """A question mark for each of `values`."""
    return ", ".join("?" * len(values))
