"""Times in a filter of records: comparing moments and spans in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from craton.model.cql2 import Expression, Literal, Moments, Operation, Property
from craton.model.cql2 import Moment as When
from craton.model.cql2_values import first_second, last_second, moment_of
from craton.model.errors import InvalidError
from craton.store.conditions import Condition, joined
from craton.store.search import BEGINNING, END, EPOCH


class Moment(NamedTuple):
    """Start and end in SQL, in seconds since 1970."""

    start: Condition
    end: Condition


Read = Callable[[Expression], Moment]

RELATIONS: dict[str, tuple[str, ...]] = {
    "t_after": ("s > E",),
    "t_before": ("e < S",),
    "t_contains": ("s < S", "e > E"),
    "t_during": ("s > S", "e < E"),
    "t_equals": ("s = S", "e = E"),
    "t_finishedBy": ("s < S", "e = E"),
    "t_finishes": ("s > S", "e = E"),
    "t_intersects": ("s <= E", "e >= S"),
    "t_meets": ("e = S",),
    "t_metBy": ("s = E",),
    "t_overlappedBy": ("s > S", "s < E", "e > E"),
    "t_overlaps": ("s < S", "e > S", "e < E"),
    "t_startedBy": ("s = S", "e > E"),
    "t_starts": ("s = S", "e < E"),
    "=": ("s <= E", "e >= S"),
    "<": ("s < S",),
    ">": ("e > E",),
    "<=": ("s <= E",),
    ">=": ("e >= S",),
}
"""What holds between a first time, from `s` to `e`, and a second one, from `S` to `E`.

A whole day is a span. One time is before another if it begins before that begins, and they are equal
if they touch: so a span counts in every comparison that some moment of it answers.
"""

OPPOSITES = {"t_disjoint": "t_intersects", "<>": "="}


def moment_of_literal(part: Expression, column: Callable[[str], str]) -> Moment:
    """A date, a timestamp or an interval; a text that is one of them counts too."""
    if isinstance(part, Literal) and isinstance(part.value, str):
        moment = moment_of(part.value)
        part = Moments(moment, moment)
    if not isinstance(part, Moments):
        raise InvalidError(
            "times are compared with times only", hint="write updated > TIMESTAMP('2025-03-28T06:20:52Z')"
        )
    return Moment(_side(part.start, column, last=False), _side(part.end, column, last=True))


def _side(side: When | Property | None, column: Callable[[str], str], *, last: bool) -> Condition:
    if isinstance(side, Property):
        return Condition(column(side.name))
    open_side = END if last else BEGINNING
    time = (last_second if last else first_second)(side) if side else open_side
    return Condition("CAST(? AS DOUBLE PRECISION)", ((time - EPOCH).total_seconds(),))


def compare_times(one: Operation, read: Read) -> Condition:
    """Comparison of times."""
    if one.op == "between":
        value, low, high = map(read, one.args)
        return joined([_relation(">=", value, low), _relation("<=", value, high)])
    if one.op == "in":
        first, *others = map(read, one.args)
        return joined([_relation("=", first, other) for other in others], "OR")
    if one.op not in RELATIONS and one.op not in OPPOSITES:
        raise InvalidError(f"{one.op} cannot be asked of a time")
    return _relation(one.op, *map(read, one.args))


def _relation(name: str, first: Moment, second: Moment) -> Condition:
    if name in OPPOSITES:
        inner = _relation(OPPOSITES[name], first, second)
        return Condition(f"(NOT {inner.sql})", inner.values)
    sides = {"s": first.start, "e": first.end, "S": second.start, "E": second.end}
    parts = []
    for relation in RELATIONS[name]:
        left, sign, right = relation.split()
        values = (*sides[left].values, *sides[right].values)
        parts.append(Condition(f"{sides[left].sql} {sign} {sides[right].sql}", values))
    return joined(parts)
