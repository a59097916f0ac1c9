"""CQL2 in SQL, on the columns of a file of features.

Everything that a filter says becomes a parameter; the text of the statement
holds names of our own alone. What is told apart here and not by SQLite, whose
columns take any value, is the type: a number is not compared with a text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from craton.model.cql2 import (
    ARITHMETIC,
    COMPARISONS,
    SPATIAL,
    TEMPORAL,
    TEXT,
    Expression,
    Literal,
    Moment,
    Moments,
    Operation,
    Place,
    Property,
)
from craton.model.cql2_evaluate import GEOMETRY, microseconds
from craton.model.cql2_functions import ALWAYS, DAY, RELATIONS, accenti, casei, wildcards
from craton.model.cql2_values import instant_of, moment_of
from craton.model.errors import InvalidError
from craton.model.record import Bbox
from craton.store.conditions import Condition
from craton.store.feature_columns import ColumnType, FeatureColumn

Kind = OneOf["text", "number", "boolean", "day", "instant", "nothing"]
"""What values are compared as; `nothing` is NULL and goes with all."""

KINDS: dict[ColumnType, Kind] = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "day",
    "date-time": "instant",
}

WORDS: dict[Kind, str] = {
    "text": "a text", "number": "a number", "boolean": "true or false", "day": "a date", "instant": "a time",
    "nothing": "NULL",
}  # fmt: skip

LONGEST_PATTERN = 10_000
"""Characters of a pattern of LIKE; SQLite takes five times as many bytes."""

MOST_NAMES = 50
"""Properties that an error lists."""

GEOMETRY_OF = "(SELECT s.wkb FROM shape s WHERE s.id = v.id)"

TURN = 180.0


class Value(NamedTuple):
    """An expression in SQL, with its parameters and what it is."""

    sql: str
    values: tuple[object, ...]
    kind: Kind


class Span(NamedTuple):
    """Two expressions in SQL, microseconds since 1970, and whether they are of whole days."""

    start: Condition
    end: Condition
    days: bool


@dataclass(frozen=True)
class Filter:
    """A filter in SQL.

    Parameters
    ----------
    condition : Condition
        On a row `v` of `value`.
    boxes : list of list of Bbox
        For each condition on place that must hold: boxes of which the feature touches one.
    """

    condition: Condition
    boxes: list[list[Bbox]] = field(default_factory=list)


def compile_filter(
    expression: Expression, columns: Sequence[FeatureColumn], places: list[BaseGeometry]
) -> Filter:
    """SQL of `expression`; geometries that it names are added to `places`, where `lie` finds them.

    Raises
    ------
    InvalidError
        Where it asks for a property that there is not, or compares what cannot be.
    """
    return Filter(Compiler(columns, places).truth(expression), _needed(expression))


def _needed(expression: Expression) -> list[list[Bbox]]:
    """Boxes of the conditions on place that are joined by AND."""
    if not isinstance(expression, Operation):
        return []
    if expression.op == "and":
        return [boxes for part in expression.args for boxes in _needed(part)]
    places = [part for part in expression.args if isinstance(part, Place)]
    if expression.op not in SPATIAL or expression.op == "s_disjoint" or len(places) != 1:
        return []
    return [boxes_of(places[0].geometry)]


def boxes_of(geometry: BaseGeometry) -> list[Bbox]:
    """Boxes around `geometry`: one, or two where it is cut at the antimeridian."""
    west, _south, east, _north = geometry.bounds
    parts = shapely.get_parts(geometry)
    if east - west < TURN or len(parts) < 2:
        return [geometry.bounds]
    bounds = shapely.bounds(parts)
    sides = [bounds[bounds[:, 0] < 0], bounds[bounds[:, 0] >= 0]]
    return [
        (side[:, 0].min(), side[:, 1].min(), side[:, 2].max(), side[:, 3].max())
        for side in sides
        if len(side)
    ]


def joined(sign: str, conditions: Sequence[Condition]) -> Condition:
    """Conditions joined by AND or OR in halves of halves, for SQLite limits how deep they may stand."""
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    left, right = joined(sign, conditions[:middle]), joined(sign, conditions[middle:])
    return Condition(f"({left.sql} {sign} {right.sql})", left.values + right.values)


class Compiler:
    """Makes SQL of expressions on a row `v` of `value`."""

    def __init__(self, columns: Sequence[FeatureColumn], places: list[BaseGeometry]) -> None:
        self._columns = {column.name: (n, column) for n, column in enumerate(columns)}
        self._places = places

    def truth(self, part: Expression) -> Condition:
        """Condition that `part` holds."""
        if not isinstance(part, Operation):
            return self._truth_value(part)
        if part.op in {"and", "or"}:
            return joined(part.op.upper(), [self.truth(arg) for arg in part.args])
        if part.op == "not":
            inner = self.truth(part.args[0])
            return Condition(f"(NOT {inner.sql})", inner.values)
        if part.op in SPATIAL:
            return self._lying(part)
        if part.op in TEMPORAL:
            return related(part.op, *(self.span(arg) for arg in part.args))
        return self._comparison(part)

    def _truth_value(self, part: Expression) -> Condition:
        value = self.value(part)
        if value.kind not in {"boolean", "nothing"}:
            raise InvalidError(f"{_named(part)} is {WORDS[value.kind]}, and no condition")
        return Condition(value.sql, value.values)

    def _comparison(self, part: Operation) -> Condition:
        if part.op == "isNull":
            return self._is_null(part.args[0])
        first, *others = part.args
        if part.op in COMPARISONS:
            return self._compared(part.op, first, others[0])
        if part.op == "like":
            return self._like(first, others[0])
        if part.op == "between":
            low, high = others
            return joined("AND", [self._compared(">=", first, low), self._compared("<=", first, high)])
        return self._in(first, others)

    def _is_null(self, part: Expression) -> Condition:
        if isinstance(part, Property) and part.name == GEOMETRY and GEOMETRY not in self._columns:
            return Condition("v.west IS NULL")
        is_condition = isinstance(part, Operation) and part.op not in ARITHMETIC | TEXT
        inner = self.truth(part) if is_condition else self.value(part)
        return Condition(f"({inner.sql} IS NULL)", inner.values)

    def _in(self, first: Expression, others: Sequence[Expression]) -> Condition:
        """Plain values are looked up in a list, others compared one by one."""
        plain = [part for part in others if isinstance(part, Literal)]
        value = self.value(first)
        if len(plain) < len(others) or value.kind in {"day", "instant"}:
            return joined("OR", [self._compared("=", first, other) for other in others])
        for part in plain:
            self._compared("=", first, part)  # refuses what cannot be compared
        marks = ", ".join("?" * len(plain))
        return Condition(f"({value.sql} IN ({marks}))", (*value.values, *(p.value for p in plain)))

    def _compared(self, op: str, left: Expression, right: Expression) -> Condition:
        one, other = self.value(left), self.value(right)
        kinds = {one.kind, other.kind} - {"nothing"}
        if kinds & {"day", "instant"}:
            return related(op, self.span(left), self.span(right))
        if len(kinds) > 1:
            raise InvalidError(
                f"{_named(left)} is {WORDS[one.kind]} and cannot be compared with {_named(right)}, "
                f"which is {WORDS[other.kind]}"
            )
        return Condition(f"({one.sql} {op} {other.sql})", one.values + other.values)

    def _like(self, first: Expression, pattern: Expression) -> Condition:
        value, form = self.value(first), _text_of(pattern)
        if value.kind not in {"text", "nothing"}:
            raise InvalidError(f"LIKE is for text, and {_named(first)} is {WORDS[value.kind]}")
        if form is None:
            return Condition("NULL")
        if len(form) > LONGEST_PATTERN:
            raise InvalidError(f"a pattern of LIKE may have {LONGEST_PATTERN} characters, not {len(form)}")
        # SQLite takes a sign for itself only after an escape, CQL2 any character after one.
        plain = "".join(kind or _escaped(character) for kind, character in wildcards(form))
        return Condition(f"({value.sql} LIKE ? ESCAPE '\\')", (*value.values, plain))

    def _lying(self, part: Operation) -> Condition:
        sides = [self._geometry(arg) for arg in part.args]
        sql = f"lie(?, {sides[0].sql}, {sides[1].sql})"
        values = (part.op, *sides[0].values, *sides[1].values)
        places = [arg for arg in part.args if isinstance(arg, Place)]
        if len(places) != 1 or part.op == "s_disjoint":
            return Condition(sql, values)
        # A feature whose box lies elsewhere is not looked at; one without a place stays unknown.
        near = touching(boxes_of(places[0].geometry), "v")
        return Condition(f"({near.sql} AND {sql})", near.values + values)

    def _geometry(self, part: Expression) -> Condition:
        if isinstance(part, Place):
            self._places.append(part.geometry)
            return Condition("?", (len(self._places) - 1,))
        if isinstance(part, Property) and part.name == GEOMETRY:
            return Condition(GEOMETRY_OF)
        raise InvalidError(f"{_named(part)} is no geometry", hint=f"the geometry is called {GEOMETRY}")

    def value(self, part: Expression) -> Value:
        """Value of `part`, as it is compared."""
        match part:
            case Literal():
                return Value("?", (part.value,), _kind_of(part.value))
            case Property():
                return self._column(part.name)
            case Moments():
                # Times are compared as spans; that it is one, and known, is all that counts here.
                return Value("?", (0,), "instant" if part.kind == "timestamp" else "day")
            case Operation() if part.op in ARITHMETIC:
                return self._calculated(part)
            case Operation() if part.op in TEXT:
                return self._changed(part)
        raise InvalidError("a condition cannot be compared with a value")

    def _column(self, name: str) -> Value:
        if name not in self._columns:
            raise unknown_property(name, self._columns)
        number, column = self._columns[name]
        return Value(f"v.c{number}", (), KINDS[column.type])

    def _calculated(self, part: Operation) -> Value:
        sides = [self.value(arg) for arg in part.args]
        for arg, side in zip(part.args, sides, strict=True):
            if side.kind not in {"number", "nothing"}:
                raise InvalidError(f"{_named(arg)} is {WORDS[side.kind]}, and no number to calculate with")
        one, other = (f"CAST({side.sql} AS REAL)" for side in sides)
        values = sides[0].values + sides[1].values
        if part.op in {"+", "-", "*"}:
            return Value(f"({one} {part.op} {other})", values, "number")
        return Value(f"calculate(?, {one}, {other})", (part.op, *values), "number")

    def _changed(self, part: Operation) -> Value:
        inner = self.value(part.args[0])
        if inner.kind not in {"text", "nothing"}:
            raise InvalidError(f"{part.op} is for text, and {_named(part.args[0])} is {WORDS[inner.kind]}")
        if isinstance(part.args[0], Literal):
            text = _text_of(part)
            return Value("?", (text,), "nothing" if text is None else "text")
        return Value(f"{part.op}({inner.sql})", inner.values, "text")

    def span(self, part: Expression) -> Span:
        """First and last moment of `part`."""
        if isinstance(part, Moments):
            start, end = self._side(part.start, -ALWAYS), self._side(part.end, ALWAYS)
            known = [days for _, days in (start, end) if days is not None]
            days = bool(known) and all(known)
            last = end[0] if part.kind == "interval" else start[0]
            if end[1] and not days:
                last = Condition(f"({last.sql} + {DAY})", last.values)
            return Span(start[0], last, days)
        if isinstance(part, Literal) and isinstance(part.value, str):
            is_date = not isinstance(moment_of(part.value), dt.datetime)
            return self.span(instant_of("date" if is_date else "timestamp", part.value))
        value = self.value(part)
        if value.kind not in {"day", "instant", "nothing"}:
            raise InvalidError(f"{_named(part)} is {WORDS[value.kind]}, and no time")
        side = Condition(value.sql, value.values)
        return Span(side, side, value.kind == "day")

    def _side(self, side: Moment | Property | None, always: int) -> tuple[Condition, bool | None]:
        """Moment in SQL, and whether it is a whole day; `None` for an open side."""
        if side is None:
            return Condition("?", (always,)), None
        if isinstance(side, Property):
            span = self.span(side)
            return span.start, span.days
        return Condition("?", (microseconds(side),)), not isinstance(side, dt.datetime)


def related(op: str, left: Span, right: Span) -> Condition:
    """Condition that two spans lie to each other as `op` says."""
    if not (left.days and right.days):
        left, right = _whole(left), _whole(right)
    relation = RELATIONS[op]
    tests = []
    for one, sign, other in relation.tests:
        first, second = getattr(left, one), getattr(right, other)
        tests.append(Condition(f"({first.sql} {sign} {second.sql})", first.values + second.values))
    return joined("AND" if relation.all else "OR", tests)


def _whole(span: Span) -> Span:
    """`span` to the end of its last day, to be compared with an instant."""
    if not span.days or span.end.values == (ALWAYS,):
        return span
    return Span(span.start, Condition(f"({span.end.sql} + {DAY})", span.end.values), days=False)


def touching(boxes: Sequence[Bbox], row: str) -> Condition:
    """Condition that the box of `row` touches one of `boxes`."""
    test = f"({row}.west <= ? AND {row}.east >= ? AND {row}.south <= ? AND {row}.north >= ?)"
    return joined("OR", [Condition(test, (east, west, north, south)) for west, south, east, north in boxes])


def unknown_property(name: str, known: Iterable[str]) -> InvalidError:
    """What to raise for a property that there is not."""
    names = ", ".join(sorted(known)[:MOST_NAMES]) or "none"
    return InvalidError(f"there is no property {name[:80]!r} to ask for", hint=f"the properties are: {names}")


def _kind_of(value: str | float | bool | None) -> Kind:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def _escaped(character: str) -> str:
    return f"\\{character}" if character in "%_\\" else character


def _text_of(part: Expression) -> str | None:
    """Text of a literal, as functions around it change it; `None` is NULL."""
    if isinstance(part, Operation):
        inner = _text_of(part.args[0])
        return casei(inner) if part.op == "casei" else accenti(inner)
    assert isinstance(part, Literal)
    return None if part.value is None else str(part.value)


def _named(part: Expression) -> str:
    match part:
        case Property():
            return f"the property {part.name[:80]!r}"
        case Literal():
            return repr(part.value)[:40]
        case Operation():
            return f"the result of {part.op}"
    return "a place" if isinstance(part, Place) else "a time"
