"""Products and powers of units: which unit a formula ends in, and by what its number must be scaled.

Units of one kind are brought together (`m` over `km` is a pure number), so a
product comes with a scale: value = product of the numbers * scale.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

from craton.model import units
from craton.model.errors import InvalidError

PURE = "1"
"""Unit of a pure number."""

LARGEST = 9
"""Power up to which a unit may be raised, as it is spelled with one digit."""

_FACTOR = re.compile(r"(?P<atom>[A-Za-z]+)(?P<power>[1-9])?")

Factors = dict[str, Fraction]
"""Powers by canonical unit."""


def is_shifted(unit: str) -> bool:
    """Whether zero of `unit` is no zero of its kind (a degree Celsius), so that it has no products."""
    return bool(unit) and units.compatible(unit, "K") and units.conversion(unit, "K")[1] != 0


@cache
def product(one: str, other: str, *, divided: bool = False) -> tuple[str, float]:
    """Unit and scale of a number in `one` times (or divided by) a number in `other`.

    Raises
    ------
    InvalidError
        For temperatures with a zero of their own, and units that have no plain form.
    """
    _refuse_shifted(one, other)
    if other == PURE:
        return one, 1.0
    if one == PURE and not divided:
        return other, 1.0
    if one == other and divided:
        return PURE, 1.0
    factors, scale = _plain(one)
    more, further = _plain(other)
    sign = -1 if divided else 1
    scale *= further**sign
    for atom, exponent in more.items():
        scale *= _join(factors, atom, sign * exponent)
    return _render(factors), scale


@cache
def power(unit: str, exponent: float) -> tuple[str, float]:
    """Unit and scale of a number in `unit` raised to `exponent`; `InvalidError` where it is no whole unit."""
    _refuse_shifted(unit)
    if unit == PURE or exponent == 0:
        return PURE, 1.0
    factors, scale = _plain(unit)
    raised = {atom: p * Fraction(exponent).limit_denominator(12) for atom, p in factors.items()}
    return _render(raised), float(scale**exponent)


def _refuse_shifted(*given: str) -> None:
    for unit in given:
        if is_shifted(unit):
            raise InvalidError(
                f"numbers in {unit} have no products, as zero {unit} is not nothing",
                hint=f"write convert(name, 'K'), or number(name, '{unit}') for the number alone",
            )


def _plain(unit: str) -> tuple[Factors, float]:
    """Factors of `unit`, or of one of its kind that is written as such, and the scale between them."""
    known = units.units()
    kind = known[unit].kind if unit in known else ""
    alike = [one for one in known if kind and known[one].kind == kind]
    for other in (unit, *alike):
        written = _factors(other)
        if written is not None:
            factors, scale = written
            return dict(factors), scale * units.conversion(unit, other)[0]
    raise InvalidError(f"numbers in {unit!r} have no products", hint=f"write number(name, {unit!r})")


@cache
def _factors(unit: str) -> tuple[Factors, float] | None:
    """Powers of the known units that canonical `unit` is written as, and a scale; `None` where it is not."""
    above, *below = unit.split("/")
    factors: Factors = {}
    scale = 1.0
    for text, sign in [*((part, 1) for part in above.split(".")), *((part, -1) for part in below)]:
        found = _FACTOR.fullmatch(text)
        if text == PURE and sign == 1:
            continue
        if found is None or found["atom"] not in units.units():
            return None
        scale *= _join(factors, found["atom"], Fraction(sign * int(found["power"] or 1)))
    return factors, scale


def _join(factors: Factors, atom: str, exponent: Fraction) -> float:
    """Put `atom` to `factors` as a unit of its kind that is there already; the scale that this takes."""
    like = next((one for one in factors if units.compatible(one, atom)), atom)
    factors[like] = factors.get(like, Fraction(0)) + exponent
    if not factors[like]:
        del factors[like]
    return float(units.conversion(atom, like)[0] ** exponent)


def _render(factors: Factors) -> str:
    """Canonical spelling."""
    for exponent in factors.values():
        if exponent.denominator != 1 or abs(exponent) > LARGEST:
            raise InvalidError("the unit would be raised to a power that no unit has", hint="check the roots")
    above = [f"{a}{p if p > 1 else ''}" for a, p in factors.items() if p > 0]
    below = [f"/{a}{-p if p < -1 else ''}" for a, p in factors.items() if p < 0]
    text = (".".join(above) or PURE) + "".join(below)
    return units.parse(text) or text
