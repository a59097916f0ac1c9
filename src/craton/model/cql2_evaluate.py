"""CQL2 on one feature or record in memory, with the three truth values of SQL."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import NamedTuple

from shapely.geometry.base import BaseGeometry

from craton.model.cql2_functions import (
    ALWAYS,
    DAY,
    ORDER,
    RELATIONS,
    accenti,
    calculate,
    casei,
    lie,
    like,
)
from craton.model.cql2_tree import (
    ARITHMETIC,
    COMPARISONS,
    SPATIAL,
    TEMPORAL,
    Expression,
    Literal,
    Moment,
    Moments,
    Operation,
    Place,
    Property,
)
from craton.model.cql2_values import first_second, moment_of
from craton.model.errors import InvalidError

GEOMETRY = "geometry"
"""Name under which a filter asks for the geometry."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class Span(NamedTuple):
    """Microseconds since 1970 of the first and the last moment; `days` where it is made of whole days."""

    start: int | None
    end: int | None
    days: bool


type Scalar = str | float | bool | Span | None


def matches(
    expression: Expression, properties: Mapping[str, object], geometry: BaseGeometry | None = None
) -> bool:
    """Whether a feature meets `expression`; false where that is not known.

    Parameters
    ----------
    properties : mapping
        Texts, numbers, truth values, and times as `date`, `datetime` or text of RFC 3339. What is not
        there is NULL.
    geometry : geometry
        In longitude and latitude, called `geometry` in the expression.
    """
    return _Feature(properties, geometry).truth(expression) is True


def microseconds(moment: Moment) -> int:
    """Microseconds since 1970 of the beginning of `moment`."""
    return (first_second(moment) - _EPOCH) // _MICROSECOND


class _Feature:
    def __init__(self, properties: Mapping[str, object], geometry: BaseGeometry | None) -> None:
        self._properties, self._geometry = properties, geometry

    def truth(self, part: Expression) -> bool | None:
        if not isinstance(part, Operation):
            value = self.value(part)
            return value if isinstance(value, bool) else None
        if part.op in {"and", "or", "not"}:
            return self._joined(part)
        if part.op in SPATIAL:
            return lie(part.op, *(self._place(arg) for arg in part.args))
        if part.op in TEMPORAL:
            return compare(part.op, *(self._span(arg) for arg in part.args))
        return self._compared(part)

    def _joined(self, part: Operation) -> bool | None:
        values = [self.truth(arg) for arg in part.args]
        if part.op == "not":
            return None if values[0] is None else not values[0]
        return _some(values) if part.op == "or" else _every(values)

    def _compared(self, part: Operation) -> bool | None:
        if part.op == "isNull":
            return self._is_null(part.args[0])
        values = [self.value(arg) for arg in part.args]
        if part.op in COMPARISONS:
            return compare(part.op, *values)
        if part.op == "like":
            return like(*values)
        if part.op == "between":
            return _every([compare(">=", values[0], values[1]), compare("<=", values[0], values[2])])
        return _some([compare("=", values[0], value) for value in values[1:]])

    def _is_null(self, part: Expression) -> bool:
        if isinstance(part, Property) and part.name == GEOMETRY and GEOMETRY not in self._properties:
            return self._geometry is None
        if isinstance(part, Operation) and part.op not in ARITHMETIC | {"casei", "accenti"}:
            return self.truth(part) is None
        return self.value(part) is None

    def value(self, part: Expression) -> Scalar:
        match part:
            case Literal():
                return part.value
            case Property():
                return _plain(self._properties.get(part.name))
            case Moments():
                return self._span(part)
            case Operation(op="casei" | "accenti"):
                return (casei if part.op == "casei" else accenti)(self.value(part.args[0]))
            case Operation() if part.op in ARITHMETIC:
                left, right = (_number(self.value(arg)) for arg in part.args)
                return calculate(part.op, left, right)
        return None

    def _place(self, part: Expression) -> BaseGeometry | None:
        if isinstance(part, Place):
            return part.geometry
        return self._geometry if isinstance(part, Property) and part.name == GEOMETRY else None

    def _span(self, part: Expression) -> Span | None:
        if not isinstance(part, Moments):
            return as_span(self.value(part))
        start, end = self._side(part.start, -ALWAYS), self._side(part.end, ALWAYS)
        known = [side.days for side in (start, end) if side.start not in {-ALWAYS, ALWAYS}]
        days = bool(known) and all(known)
        last = end.start if days or not end.days or end.start is None else end.start + DAY
        return Span(start.start, last if part.kind == "interval" else start.start, days)

    def _side(self, side: Moment | Property | None, always: int) -> Span:
        if side is None:
            return Span(always, always, days=False)
        value = _plain(side if isinstance(side, dt.date) else self._properties.get(side.name))
        return as_span(value) or Span(None, None, days=False)


def _plain(value: object) -> Scalar:
    """`value` as one of the kinds that are compared; what is none of them is unknown."""
    if isinstance(value, dt.datetime):
        start = microseconds(value if value.tzinfo else value.replace(tzinfo=dt.UTC))
        return Span(start, start, days=False)
    if isinstance(value, dt.date):
        start = microseconds(value)
        return Span(start, start, days=True)
    if isinstance(value, float) and math.isnan(value):
        return None
    return value if isinstance(value, str | int | float | Span) else None


def _number(value: Scalar) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_span(value: Scalar) -> Span | None:
    """`value` as a time, `None` where it is none."""
    if isinstance(value, str):
        try:
            value = _plain(moment_of(value))
        except InvalidError:
            return None
    return value if isinstance(value, Span) else None


def compare(op: str, left: Scalar, right: Scalar) -> bool | None:
    """Whether two values of one kind are to each other as `op` says; `None` for values of two kinds."""
    if left is None or right is None:
        return None
    if isinstance(left, Span) or isinstance(right, Span):
        one, other = as_span(left), as_span(right)
        return None if one is None or other is None else _relate(op, one, other)
    kinds = {_kind(left), _kind(right)}
    if len(kinds) > 1 or op not in COMPARISONS:
        return None
    return left != right if op == "<>" else ORDER[op](left, right)


def _kind(value: Scalar) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def _relate(op: str, left: Span, right: Span) -> bool | None:
    if not (left.days and right.days):
        left, right = _whole(left), _whole(right)
    relation = RELATIONS[op]
    found = [_test(sign, getattr(left, one), getattr(right, other)) for one, sign, other in relation.tests]
    return _every(found) if relation.all else _some(found)


def _test(sign: str, left: int | None, right: int | None) -> bool | None:
    return None if left is None or right is None else ORDER[sign](left, right)


def _whole(span: Span) -> Span:
    """`span` to the end of its last day, to be compared with an instant."""
    if not span.days or span.end is None or span.end == ALWAYS:
        return span
    return Span(span.start, span.end + DAY, days=False)


def _every(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def _some(values: list[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False
