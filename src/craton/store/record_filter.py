"""Conditions in CQL2 on records and tombstones, as conditions in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from craton.model.cql2 import (
    SPATIAL,
    TEMPORAL,
    Expression,
    Literal,
    Moments,
    Operation,
    Property,
    parts,
    properties_of,
)
from craton.model.errors import InvalidError
from craton.store.conditions import Condition, joined
from craton.store.dialects import SQLITE, Dialect
from craton.store.entries import LISTS
from craton.store.record_filter_place import place_condition
from craton.store.record_filter_time import Moment, compare_times, moment_of_literal
from craton.store.record_filter_values import Value, compare, value_of

QUERYABLES: dict[str, str] = {
    "id": "string",
    "type": "string",
    "kind": "string",
    "title": "string",
    "description": "string",
    "licence": "string",
    "crs": "string",
    "keywords": "array",
    "quantities": "array",
    "parties": "array",
    "identifiers": "array",
    "created": "date-time",
    "updated": "date-time",
    "time": "period",
    "geometry": "geometry",
    "version": "integer",
    "sequence": "integer",
    "rows": "integer",
}
"""Properties of a record that a filter may name, and what they are."""

ALIASES = {
    "license": "licence", "datetime": "time", "bbox": "geometry", "footprint": "geometry",
    "externalIds": "identifiers",
    "craton:kind": "kind", "craton:version": "version", "craton:sequence": "sequence", "craton:crs": "crs",
}  # fmt: skip
"""Other names of them, as documents have them."""

OWN = "own:"
"""Before the name of a property of others' making, which stands among the properties of a record."""

_OWN_NAME = re.compile(r"[\w:.\-]{1,100}")

_RECORD = {
    "id": "r.id", "kind": "r.kind", "title": "r.title", "licence": "r.licence", "crs": "r.crs",
    "version": "r.version", "sequence": "r.sequence", "rows": "r.row_count", "created": "r.created",
    "updated": "r.updated",
}  # fmt: skip

_GRAVE = {"id": "t.id", "updated": "t.deleted", "sequence": "t.sequence", "version": "t.version"}
"""What a tombstone tells; conditions on anything else do not narrow the tombstones."""


@dataclass(frozen=True)
class Columns:
    """How the properties of a row are said in SQL.

    Parameters
    ----------
    dialect : Dialect
        Of the database.
    shield : str
        Put before a column that has an index which must not be used.
    walked : str
        Property whose index is walked: it needs no shield.
    grave : bool
        Whether the row is a tombstone.
    """

    dialect: Dialect
    shield: str = ""
    walked: str = ""
    grave: bool = False

    def __call__(self, name: str) -> str:
        """SQL of property `name`."""
        if self.grave:
            return _GRAVE[name]
        if name == "description":
            return self.dialect.description
        if name == "type":
            return "'dataset'"
        return _RECORD[name] if name == self.walked else self.shield + _RECORD[name]


def check_filter(expression: Expression) -> None:
    """Refuse, with an `InvalidError`, what no record can be asked."""
    filter_condition(expression, Columns(SQLITE))


def filter_condition(expression: Expression, columns: Columns) -> Condition:
    """Condition on a row `r` of `records`; `InvalidError` where `expression` is none."""
    if isinstance(expression, Literal) and isinstance(expression.value, bool):
        return Condition("true" if expression.value else "false")
    if not isinstance(expression, Operation):
        raise InvalidError("a filter must be a condition, such as kind = 'grid'")
    if expression.op in {"and", "or"}:
        return joined([filter_condition(one, columns) for one in expression.args], expression.op.upper())
    if expression.op == "not":
        inner = filter_condition(expression.args[0], columns)
        return Condition(f"(NOT {inner.sql})", inner.values)
    return _Leaf(columns).condition(expression)


def grave_conditions(expression: Expression, dialect: Dialect) -> Iterator[Condition]:
    """Conditions on a row `t` of `tombstones`: those parts of a filter that a tombstone can answer."""
    for one in conjuncts(expression):
        if {name_of(name) for name in properties_of(one)} <= _GRAVE.keys():
            yield filter_condition(one, Columns(dialect, grave=True))


def conjuncts(expression: Expression) -> Iterator[Expression]:
    """Conditions that must all hold."""
    if isinstance(expression, Operation) and expression.op == "and":
        for one in expression.args:
            yield from conjuncts(one)
    else:
        yield expression


def name_of(name: str) -> str:
    """Our name of a property."""
    if name.startswith(OWN) and _OWN_NAME.fullmatch(name.removeprefix(OWN)):
        return name
    plain = name.removeprefix("properties.")
    plain = ALIASES.get(plain, plain)
    if plain not in QUERYABLES:
        raise InvalidError(
            f"records have no property {name[:60]!r} to ask for", hint=f"there are: {', '.join(QUERYABLES)}"
        )
    return plain


def _kind(part: Expression) -> str:
    """What a property is, empty for anything else."""
    if not isinstance(part, Property):
        return ""
    name = name_of(part.name)
    return "own" if name.startswith(OWN) else QUERYABLES[name]


@dataclass(frozen=True)
class _Leaf:
    """A condition without other conditions in it."""

    columns: Columns

    def condition(self, one: Operation) -> Condition:
        kinds = {_kind(part) for part in parts(one)}
        if one.op == "isNull":
            return self._is_null(one)
        if one.op in SPATIAL:
            if kinds - {""} != {"geometry"}:
                raise InvalidError(f"{one.op} is asked of the geometry of records")
            return place_condition(one, self.columns.dialect)
        if (
            one.op in TEMPORAL
            or kinds & {"period", "date-time"}
            or any(isinstance(p, Moments) for p in one.args)
        ):
            return compare_times(one, self._moment)
        if "array" in kinds:
            return self._listed(one)
        return compare(one, self._value, self.columns.dialect)

    def _moment(self, part: Expression) -> Moment:
        kind = _kind(part)
        if kind == "period":
            return Moment(Condition("r.start"), Condition("r.stop"))
        if kind:
            column = Condition(self._time_column(part.name if isinstance(part, Property) else ""))
            return Moment(column, column)
        return moment_of_literal(part, self._time_column)

    def _time_column(self, name: str) -> str:
        if QUERYABLES.get(name_of(name)) != "date-time":
            raise InvalidError(f"{name[:60]} is no moment")
        return self.columns(name_of(name))

    def _value(self, part: Expression) -> Value:
        kind = _kind(part)
        if kind == "own" and isinstance(part, Property):
            return Value(Condition("NULL"), "text", own=part.name.removeprefix(OWN))
        if not kind:
            return value_of(part, self._value, self.columns.dialect)
        if kind not in {"string", "integer"}:
            raise InvalidError(f"a property of the sort {kind} cannot be compared so")
        name = name_of(part.name) if isinstance(part, Property) else ""
        return Value(Condition(self.columns(name)), "text" if kind == "string" else "number")

    def _listed(self, one: Operation) -> Condition:
        """Whether one of the names of a list passes a test."""
        tables = {name_of(part.name) for part in parts(one) if isinstance(part, Property)}
        table = next(iter(tables))
        if len(tables) > 1 or table not in LISTS:
            raise InvalidError("a list of names is compared with texts only", hint="write keywords = 'gold'")
        inner = _Element(self.columns).compare(one)
        sql = f"EXISTS (SELECT 1 FROM {table} e WHERE {inner.sql} AND e.sequence = r.sequence)"  # noqa: S608 - our words
        return Condition(sql, inner.values)

    def _is_null(self, one: Operation) -> Condition:
        (part,) = one.args
        if not isinstance(part, Property):
            raise InvalidError("IS NULL is asked of a property")
        name, kind = name_of(part.name), _kind(part)
        if kind == "own":
            return self._has_none(name.removeprefix(OWN))
        columns = {"period": "r.start", "geometry": "r.west"}
        if kind == "array":
            return Condition(f"NOT EXISTS (SELECT 1 FROM {name} e WHERE e.sequence = r.sequence)")  # noqa: S608 - our words
        if kind in columns:
            return Condition(f"({columns[kind]} IS NULL)")
        if kind == "date-time":
            return Condition(f"({self.columns(name)} <= -1e12)")
        if kind == "string":
            return Condition(f"(coalesce({self.columns(name)}, '') = '')")
        return Condition(f"({self.columns(name)} IS NULL)")

    def _has_none(self, name: str) -> Condition:
        """Whether a property of others' making is no text, number or truth value."""
        types = [self.columns.dialect.own(name, sort) for sort in ("text", "number", "boolean")]
        return joined([Condition(f"{one.sql} IS NULL", one.values) for one in types])


@dataclass(frozen=True)
class _Element:
    """One name `e` of a list."""

    columns: Columns

    def compare(self, one: Operation) -> Condition:
        return compare(one, self._value, self.columns.dialect)

    def _value(self, part: Expression) -> Value:
        if isinstance(part, Property):
            return Value(Condition("e.name"), "text")
        return value_of(part, self._value, self.columns.dialect)
