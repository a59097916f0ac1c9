"""The parts of a CQL2 expression: a tree of frozen nodes, the same from text and from JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from shapely.geometry.base import BaseGeometry

COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
ARITHMETIC = frozenset({"+", "-", "*", "/", "^", "%", "div"})
TEXT = frozenset({"casei", "accenti"})
SPATIAL = frozenset(
    "s_intersects s_disjoint s_equals s_touches s_within s_overlaps s_crosses s_contains".split()  # noqa: SIM905
)
TEMPORAL = frozenset(
    "t_after t_before t_contains t_disjoint t_during t_equals t_finishedBy t_finishes t_intersects "  # noqa: SIM905
    "t_meets t_metBy t_overlappedBy t_overlaps t_startedBy t_starts".split()
)
PREDICATES = COMPARISONS | SPATIAL | TEMPORAL | {"and", "or", "not", "like", "between", "in", "isNull"}

type Moment = dt.date | dt.datetime
"""A whole day, or an instant in UTC."""


@dataclass(frozen=True)
class Literal:
    """A text, number or truth value; `None` is NULL. Whole numbers are kept whole."""

    value: str | float | bool | None


@dataclass(frozen=True)
class Property:
    """What a feature or record has under `name`."""

    name: str


@dataclass(frozen=True)
class Place:
    """A valid geometry in two dimensions: longitude, latitude in degrees within ±180 and ±90."""

    geometry: BaseGeometry


@dataclass(frozen=True)
class Moments:
    """A date, a timestamp or an interval; `None` is a side that is open.

    Parameters
    ----------
    start, end : date, datetime, Property or None
        The same for a date (`datetime.date`) and a timestamp (`datetime.datetime` in UTC). A date as
        the end of an interval means that whole day.
    kind : str
        What was written.
    """

    start: Moment | Property | None
    end: Moment | Property | None
    kind: OneOf["date", "timestamp", "interval"] = "interval"


@dataclass(frozen=True)
class Operation:
    """An operator or function with its arguments.

    Parameters
    ----------
    op : str
        As CQL2 JSON spells it, see the sets of this module.
    args : tuple of Expression
        Of `in`: the value, then what it may be. Of `and` and `or`: two or more.
    """

    op: str
    args: tuple[Expression, ...]


type Expression = Operation | Property | Place | Moments | Literal


def parts(expression: Expression) -> Iterator[Expression]:
    """`expression` and all that it is made of."""
    waiting: list[Expression] = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, Operation):
            waiting += part.args
        elif isinstance(part, Moments):
            waiting += [side for side in (part.start, part.end) if isinstance(side, Property)]


def properties_of(expression: Expression) -> frozenset[str]:
    """Names of all properties that `expression` asks for."""
    return frozenset(part.name for part in parts(expression) if isinstance(part, Property))


def rename(expression: Expression, name: Callable[[str], str]) -> Expression:
    """`expression` with `name(…)` for each name of a property."""
    match expression:
        case Property():
            return Property(name(expression.name))
        case Operation():
            return Operation(expression.op, tuple(rename(part, name) for part in expression.args))
        case Moments():
            start, end = expression.start, expression.end
            return replace(
                expression,
                start=Property(name(start.name)) if isinstance(start, Property) else start,
                end=Property(name(end.name)) if isinstance(end, Property) else end,
            )
    return expression
