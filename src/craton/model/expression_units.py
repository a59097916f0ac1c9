"""Units of expressions: each part of a checked formula becomes a unit and a way to compute its numbers."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from craton.model import unit_products, units
from craton.model.errors import InvalidError

Compute = Callable[[Mapping[str, Any]], Any]
"""From arrays by name to an array."""

BARE = None
"""Unit of a number written without one, which takes that of the other side."""

UNSTATED = ""
"""Unit of a name whose unit is not known."""

HIGHEST = 64.0
"""Largest power written as a number."""

_QUANTITY = re.compile(r"\s*(?P<number>[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?)\s*(?P<unit>\S.*)")

_PURE: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "tanh": np.tanh,
}
_ANGLE: dict[str, Callable[..., Any]] = {"sin": np.sin, "cos": np.cos, "tan": np.tan}
_INVERSE: dict[str, Callable[..., Any]] = {"arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan}
_SAME: dict[str, Callable[..., Any]] = {"abs": np.abs, "floor": np.floor, "ceil": np.ceil, "round": np.round}
_TOGETHER: dict[str, Callable[..., Any]] = {"minimum": np.minimum, "maximum": np.maximum, "hypot": np.hypot}
_COMPARED = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip


class Term(NamedTuple):
    """One part of a formula: its unit (or `BARE`, `UNSTATED`), its numbers, and whether it is a condition."""

    unit: str | None
    compute: Compute
    condition: bool = False

    @property
    def stated(self) -> str:
        """Unit as it is told of a result."""
        return unit_products.PURE if self.unit is BARE else self.unit


class Worker:
    """Works out terms of a formula whose `names` are in `given` units."""

    def __init__(self, names: Sequence[str], given: Mapping[str, str]) -> None:
        self.units = {name: given.get(name, UNSTATED) for name in names}

    def term(self, node: ast.expr) -> Term:
        """Term of `node`, which `expression.parse` has checked."""
        match node:
            case ast.Constant(value=value):
                return _constant(value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.Call(func=ast.Name(id=function), args=args):
                return self._call(function, args)
            case _:
                return self._operation(node)

    def _operation(self, node: ast.expr) -> Term:
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                return _binary(op, _number(self.term(left)), _number(self.term(right)), right)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _not(self.term(operand))
            case ast.UnaryOp(op=op, operand=operand):
                return _signed(op, _number(self.term(operand)))
            case ast.Compare(left=left, ops=ops, comparators=others):
                return _chain(ops, [self.term(one) for one in (left, *others)])
            case ast.BoolOp(op=op, values=values):
                return _joined([self.term(one) for one in values], every=isinstance(op, ast.And))
        raise InvalidError(f"an expression cannot have {type(node).__name__}")

    def _name(self, name: str) -> Term:
        if name == "pi" and name not in self.units:
            return Term(BARE, lambda _values: math.pi)
        return Term(self.units[name], lambda values: values[name])

    def _call(self, function: str, args: Sequence[ast.expr]) -> Term:
        if function in {"convert", "number"}:
            assert isinstance(args[1], ast.Constant)
            return _converted(_number(self.term(args[0])), str(args[1].value), bare=function == "number")
        terms = [self.term(one) for one in args]
        if function == "where":
            return _where(*terms)
        terms = [_number(one) for one in terms]
        if function == "hypot":
            _refuse_shifted(*terms)
        if function in _TOGETHER:
            return reduce(lambda one, other: _together(_TOGETHER[function], one, other), terms)
        if function == "clip":
            return _together(np.minimum, _together(np.maximum, terms[0], terms[1]), terms[2])
        return _applied(function, terms)


def _constant(value: object) -> Term:
    if not isinstance(value, str):
        number = float(value)  # type: ignore[arg-type]  # a number, as parsing has checked
        return Term(BARE, lambda _values: number)
    found = _QUANTITY.fullmatch(value)
    unit = units.parse(found["unit"]) if found else None
    if found is None or not unit:
        raise InvalidError(
            f"{value[:40]!r} is no quantity", hint="write a number and its unit, such as '5 km'"
        )
    stated = float(found["number"])
    return Term(unit, lambda _values: stated)


def _number(term: Term) -> Term:
    if term.condition:
        raise InvalidError("a condition is no number", hint="write where(condition, 1, 0)")
    return term


def _condition(term: Term) -> Term:
    if not term.condition:
        raise InvalidError("a number is no condition", hint="compare it, as in a > 0")
    return term


def _told(term: Term) -> str:
    return {BARE: "a pure number", UNSTATED: "a number without a stated unit"}.get(term.unit, f"{term.unit}")


def _in_unit(term: Term, unit: str | None) -> Compute:
    """Numbers of `term` in `unit`; refused where they cannot be."""
    if term.unit in {BARE, unit}:
        return term.compute
    if not term.unit or not unit or not units.compatible(term.unit, unit):
        goal = _told(Term(unit, term.compute))
        raise InvalidError(f"{_told(term)} cannot be put together with {goal}", hint="check the units")
    return _scaled(term.compute, *units.conversion(term.unit, unit))


def _scaled(compute: Compute, scale: float, shift: float = 0.0) -> Compute:
    if (scale, shift) == (1.0, 0.0):
        return compute
    return lambda values: compute(values) * scale + shift if shift else compute(values) * scale


def _aligned(one: Term, other: Term) -> tuple[str | None, Compute, Compute]:
    """Unit of two terms that must be of one kind, and their numbers in it."""
    unit = other.unit if one.unit is BARE else one.unit
    return unit, _in_unit(one, unit), _in_unit(other, unit)


def _together(function: Callable[..., Any], one: Term, other: Term) -> Term:
    unit, left, right = _aligned(one, other)
    return Term(unit, lambda values: function(left(values), right(values)))


def _binary(op: ast.operator, left: Term, right: Term, node: ast.expr) -> Term:
    if isinstance(op, ast.Add):
        return _sum(left, right)
    if isinstance(op, ast.Sub):
        return _difference(left, right)
    if isinstance(op, ast.Pow):
        return _power(left, right, node)
    return _product(left, right, divided=isinstance(op, ast.Div))


def _sum(left: Term, right: Term) -> Term:
    if left.unit and right.unit:
        _refuse_shifted(left, right)
    return _together(np.add, left, right)


def _refuse_shifted(*terms: Term) -> None:
    for term in terms:
        if term.unit and unit_products.is_shifted(term.unit):
            raise InvalidError(
                f"numbers in {term.unit} have no sum, as zero {term.unit} is not nothing",
                hint=f"write convert(name, 'K'), or number(name, '{term.unit}') for the number alone",
            )


def _difference(left: Term, right: Term) -> Term:
    shifted = [bool(term.unit) and unit_products.is_shifted(str(term.unit)) for term in (left, right)]
    if any(shifted) and left.unit and right.unit:
        one, other = _in_unit(left, "K"), _in_unit(right, "K")
        return Term("K", lambda values: one(values) - other(values))
    return _together(np.subtract, left, right)


def _product(left: Term, right: Term, *, divided: bool) -> Term:
    function = np.divide if divided else np.multiply
    compute: Compute = lambda values: function(left.compute(values), right.compute(values))  # noqa: E731
    if left.unit is BARE and right.unit is BARE:
        return Term(BARE, compute)
    if UNSTATED in {left.unit, right.unit}:
        return Term(UNSTATED, compute)
    unit, scale = unit_products.product(left.stated, right.stated, divided=divided)
    return Term(unit, _scaled(compute, scale))


def _power(base: Term, exponent: Term, node: ast.expr) -> Term:
    number = _fixed(exponent, node)
    if base.unit in {BARE, UNSTATED, unit_products.PURE} or number is None:
        one = base.compute if base.unit == UNSTATED else _pure(base, "the base of a power of a number")
        other = _pure(exponent, "a power")
        return Term(base.unit, lambda values: np.power(one(values), other(values)))
    unit, scale = unit_products.power(str(base.unit), number)
    return Term(unit, _scaled(lambda values: np.power(base.compute(values), number), scale))


def _fixed(exponent: Term, node: ast.expr) -> float | None:
    """Value of a power that holds no names, `None` for another."""
    if any(isinstance(part, ast.Name) and part.id != "pi" for part in ast.walk(node)):
        return None
    with np.errstate(all="ignore"):
        number = float(_pure(exponent, "a power")({}))
    if not abs(number) <= HIGHEST:
        raise InvalidError(f"a power is at most {HIGHEST:g}, not {number:g}")
    return number


def _pure(term: Term, what: str) -> Compute:
    """Numbers of `term` as pure ones."""
    if term.unit in {BARE, UNSTATED}:
        return term.compute
    if not units.compatible(str(term.unit), unit_products.PURE):
        raise InvalidError(
            f"{what} is a pure number, not one in {term.unit}",
            hint=f"write number(…, '{term.unit}') for the number alone",
        )
    return _scaled(term.compute, *units.conversion(str(term.unit), unit_products.PURE))


def _radians(term: Term, what: str) -> Compute:
    if term.unit == UNSTATED:
        raise InvalidError(
            f"{what} takes an angle, not a number without a stated unit", hint="state the unit"
        )
    if term.unit and units.compatible(term.unit, "rad"):
        return _scaled(term.compute, *units.conversion(term.unit, "rad"))
    return _pure(term, f"what {what} takes, unless it is an angle,")


def _signed(op: ast.unaryop, term: Term) -> Term:
    if isinstance(op, ast.UAdd):
        return term
    _refuse_shifted(term)
    return Term(term.unit, lambda values: np.negative(term.compute(values)))


def _applied(function: str, terms: Sequence[Term]) -> Term:
    """Functions of one or two numbers whose result has a unit of its own."""
    first = terms[0]
    if function == "arctan2":
        return _together(np.arctan2, *terms)._replace(unit="rad")
    if function in _SAME:
        return Term(first.unit, lambda values: _SAME[function](first.compute(values)))
    if function == "sqrt":
        unit, scale = (first.unit, 1.0) if not first.unit else unit_products.power(first.unit, 0.5)
        return Term(unit, _scaled(lambda values: np.sqrt(first.compute(values)), scale))
    return _to_pure(function, first)


def _to_pure(function: str, first: Term) -> Term:
    """Functions that give a pure number, an angle or a condition."""
    pure = unit_products.PURE
    if function == "sign":
        return Term(pure, lambda values: np.sign(first.compute(values)))
    if function == "missing":
        return Term(pure, lambda values: np.isnan(first.compute(values)) * 1.0, condition=True)
    if function in _ANGLE:
        angle = _radians(first, function)
        return Term(pure, lambda values: _ANGLE[function](angle(values)))
    one = _pure(first, f"what {function} takes")
    if function in _INVERSE:
        return Term("rad", lambda values: _INVERSE[function](one(values)))
    unit = first.unit if first.unit in {BARE, UNSTATED} else pure
    return Term(unit, lambda values: _PURE[function](one(values)))


def _converted(term: Term, text: str, *, bare: bool) -> Term:
    """`term` in the unit that `text` names, or the plain number of it."""
    unit = units.parse(text)
    if not unit:
        raise InvalidError(f"{text[:40]!r} is no unit", hint="write it as 'km' or 'kg/m3'")
    if term.unit == UNSTATED:
        raise InvalidError(f"a number without a stated unit cannot be told in {unit}", hint="state its unit")
    compute = _in_unit(term, unit)
    return Term(unit_products.PURE if bare else unit, compute)


def _chain(ops: Sequence[ast.cmpop], terms: Sequence[Term]) -> Term:
    """Comparison of neighbours, all of which must hold."""
    pairs = [
        _compared(_COMPARED[type(op)], _number(one), _number(other))
        for op, one, other in zip(ops, terms[:-1], terms[1:], strict=True)
    ]
    return pairs[0] if len(pairs) == 1 else _joined(pairs, every=True)


def _compared(function: Callable[..., Any], one: Term, other: Term) -> Term:
    _unit, left, right = _aligned(one, other)

    def compute(values: Mapping[str, Any]) -> Any:
        first, second = left(values), right(values)
        # A comparison with a missing number is neither true nor false.
        return np.where(np.isnan(first) | np.isnan(second), np.nan, function(first, second))

    return Term(unit_products.PURE, compute, condition=True)


def _joined(terms: Sequence[Term], *, every: bool) -> Term:
    computes = [_condition(one).compute for one in terms]
    function = np.minimum if every else np.maximum
    return Term(
        unit_products.PURE, lambda v: reduce(function, (one(v) for one in computes)), condition=True
    )  # fmt: skip


def _not(term: Term) -> Term:
    compute = _condition(term).compute
    return Term(unit_products.PURE, lambda values: 1.0 - compute(values), condition=True)


def _where(condition: Term, chosen: Term, other: Term) -> Term:
    holds = _condition(condition).compute
    unit, one, two = _aligned(_number(chosen), _number(other))

    def compute(values: Mapping[str, Any]) -> Any:
        said = holds(values)
        return np.where(np.isnan(said), np.nan, np.where(said != 0, one(values), two(values)))

    return Term(unit, compute)
