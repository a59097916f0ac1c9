"""Texts and numbers of a filter in SQL: comparing them, and what databases do in different ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal as OneOf
from typing import NamedTuple

from craton.model.cql2 import Expression, Literal, Operation
from craton.model.errors import InvalidError
from craton.store.conditions import Condition
from craton.store.dialects import Dialect, folded, unaccented

Type = OneOf["text", "number", "boolean"]

SIGNS = {"=": "=", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}

ARITHMETIC = ("+", "-", "*", "/")

MOST_WILD = 8
"""Signs in a pattern that stand for any text: with many, trying them all takes long."""

MOST_NUMBER = 1e15
"""Size of a number in a filter: what is larger is no version, no sequence number and no count of rows."""


class Value(NamedTuple):
    """A text or a number in SQL; one whose type is not known is `own`, the name of a property of others."""

    sql: Condition
    type: Type
    own: str = ""

    def beside(self, other: Value, dialect: Dialect) -> Value:
        """The value as it is compared with `other`."""
        if not self.own:
            return self
        wanted: Type = "text" if other.own else other.type
        return Value(dialect.own(self.own, wanted), wanted)


Read = Callable[[Expression], Value]


def value_of(part: Expression, read: Read, dialect: Dialect) -> Value:
    """A literal or what is made of values."""
    if isinstance(part, Literal):
        return _literal(part.value)
    if isinstance(part, Operation) and part.op in {"casei", "accenti"}:
        inner = read(part.args[0]).beside(_ANY_TEXT, dialect)
        if inner.type != "text":
            raise InvalidError(f"{part.op} is for texts")
        change = dialect.folded if part.op == "casei" else dialect.unaccented
        return Value(Condition(change(inner.sql.sql), inner.sql.values), "text")
    if isinstance(part, Operation) and part.op in ARITHMETIC and len(part.args) == 2:
        first, second = (read(arg).beside(_ANY_NUMBER, dialect) for arg in part.args)
        return _computed(part.op, first, second)
    word = part.op if isinstance(part, Operation) else type(part).__name__.lower()
    raise InvalidError(f"{word} cannot be compared with a property of records")


_ANY_TEXT = Value(Condition(""), "text")
_ANY_NUMBER = Value(Condition(""), "number")


def _literal(value: object) -> Value:
    if isinstance(value, bool):
        return Value(Condition("true" if value else "false"), "boolean")
    if isinstance(value, int | float):
        if not abs(value) <= MOST_NUMBER:
            raise InvalidError(f"numbers in a filter must be within ±{MOST_NUMBER:g}")
        return Value(Condition("CAST(? AS DOUBLE PRECISION)", (float(value),)), "number")
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidError("a text in a filter must not hold a null character")
        return Value(Condition("CAST(? AS TEXT)", (value,)), "text")
    raise InvalidError("null can only be asked for with IS NULL")


def _computed(sign: str, first: Value, second: Value) -> Value:
    if (first.type, second.type) != ("number", "number"):
        raise InvalidError(f"{sign} is for numbers")
    right = f"nullif({second.sql.sql}, 0)" if sign == "/" else second.sql.sql
    sql = f"(CAST({first.sql.sql} AS DOUBLE PRECISION) {sign} {right})"
    return Value(Condition(sql, (*first.sql.values, *second.sql.values)), "number")


def compare(one: Operation, read: Read, dialect: Dialect) -> Condition:
    """A comparison of values."""
    if one.op in SIGNS:
        return _signed(SIGNS[one.op], read(one.args[0]), read(one.args[1]), dialect)
    if one.op == "between":
        value, low, high = map(read, one.args)
        first, second = _signed(">=", value, low, dialect), _signed("<=", value, high, dialect)
        return Condition(f"({first.sql} AND {second.sql})", (*first.values, *second.values))
    if one.op == "in":
        first_part, *others = map(read, one.args)
        return _among(first_part.beside(others[0], dialect), others)
    if one.op == "like":
        return _like(read(one.args[0]).beside(_ANY_TEXT, dialect), one.args[1], dialect)
    raise InvalidError(f"{one.op} cannot be asked of records")


def _signed(sign: str, first: Value, second: Value, dialect: Dialect) -> Condition:
    left, right = first.beside(second, dialect), second.beside(first, dialect)
    if left.type != right.type:
        raise InvalidError(f"a {left.type} cannot be compared with a {right.type}")
    return Condition(f"({left.sql.sql} {sign} {right.sql.sql})", (*left.sql.values, *right.sql.values))


def _among(value: Value, parts: list[Value]) -> Condition:
    if any(part.type != value.type for part in parts):
        raise InvalidError(f"all values of IN must be a {value.type}")
    sql = ", ".join(part.sql.sql for part in parts)
    return Condition(
        f"({value.sql.sql} IN ({sql}))", (*value.sql.values, *(v for part in parts for v in part.sql.values))
    )


def _like(value: Value, pattern: Expression, dialect: Dialect) -> Condition:
    """A pattern; letters folded in the text are folded in the pattern too."""
    steps: list[str] = []
    while isinstance(pattern, Operation) and pattern.op in {"casei", "accenti"}:
        steps.append(pattern.op)
        pattern = pattern.args[0]
    if not isinstance(pattern, Literal) or not isinstance(pattern.value, str) or value.type != "text":
        raise InvalidError("LIKE compares a text with a pattern in quotes")
    text = pattern.value
    for step in reversed(steps):
        text = (folded if step == "casei" else unaccented)(text) or ""
    if text.count("%") > MOST_WILD or "\0" in text:
        raise InvalidError(f"a pattern may have {MOST_WILD} percent signs")
    operator, operand = dialect.like(text)
    return Condition(f"({value.sql.sql} {operator})", (*value.sql.values, operand))
