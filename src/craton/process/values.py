"""Plain values of parameters: checked in a call, converted from text at a door, written as JSON."""

from __future__ import annotations

import json
import math
import numbers
import re
from collections.abc import Mapping
from typing import Any

from craton.model import crs, units
from craton.model.errors import ContractError, InvalidError
from craton.process.spec import Param, Spec

_QUANTITY = re.compile(
    r"\s*(?P<number>[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?)\s*(?P<unit>\S.*?)?\s*", re.ASCII
)
TRUE, FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
SHOWN = 60
"""Characters shown of a value that is refused."""


def check_value(process: str, param: Param, value: object) -> Any:
    """`value` as the process takes it: numbers in the declared unit, never text; `ContractError` if not."""
    if value is None:
        if param.optional:
            return None
        raise _error(process, param, value)
    if not param.many:
        return _check_one(process, param, value)
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise _error(process, param, value)
    if param.length and len(value) != param.length:
        raise _error(process, param, value)
    return tuple(_check_one(process, param, part) for part in value)


def _check_one(process: str, param: Param, value: object) -> Any:
    number = _typed(param, value)
    if number is None or (param.choices and number not in param.choices):
        raise _error(process, param, value)
    if param.base is float and not math.isfinite(number):
        raise _error(process, param, value)
    if param.bounds and not param.bounds.hold(number):
        raise _error(process, param, value)
    if param.system:
        return _system(process, param, number)
    return number


def _typed(param: Param, value: object) -> Any:
    """`value` as a number or text of the declared type, `None` where it is another."""
    if param.base in {bool, str}:
        return value if isinstance(value, param.base) else None
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    if param.base is int and isinstance(value, numbers.Integral):
        return int(value)
    try:
        number = float(value)
    except OverflowError:
        return None
    if param.base is float:
        return number
    return int(number) if number.is_integer() else None


def _system(process: str, param: Param, text: str) -> str:
    assert param.system is not None
    if not text and not param.required and param.default == "":
        return text
    try:
        name = crs.normalise(text)
    except InvalidError as error:
        raise _error(process, param, text) from error
    if param.system.projected and (crs.is_geographic(name) or crs.axes(name).unit != "m"):
        raise _error(process, param, text)
    return name


def allowed_words(param: Param) -> str:
    """What may be given for `param`, in words."""
    if param.choices:
        one = "one of " + ", ".join(map(repr, param.choices))
    elif param.system:
        one = "a projected reference system in metres" if param.system.projected else "a reference system"
        one += ", such as EPSG:32648"
    elif param.column_of:
        one = f"a {'numeric ' if param.column_of.numeric else ''}column of `{param.column_of.table}`"
    elif param.base in {int, float}:
        one = _number_words(param)
    else:
        one = {bool: "true or false", str: "a text"}.get(param.base, param.base.__name__)
    if param.many:
        count = f"{param.length} values" if param.length else "any number of values"
        one = f"{count}, each {one}"
    return f"{one}, or nothing" if param.optional else one


def _number_words(param: Param) -> str:
    words = "a whole number" if param.base is int else "a number"
    if param.unit not in {"", "1"}:
        words += f" in {param.unit}"
    limits = (
        param.bounds.words(param.unit.replace("1", "", 1) if param.unit == "1" else param.unit)
        if (param.bounds)
        else ""
    )
    return f"{words} {limits}".rstrip()


def _error(process: str, param: Param, value: object, hint: str = "") -> ContractError:
    return ContractError(process, param.name, allowed_words(param), shown(value), hint=hint)


def shown(value: object) -> str:
    """A value as it is shown in a message."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def from_door(process: str, param: Param, value: object) -> Any:
    """`value` as it came through a door (command line, HTTP, form, app), converted and checked.

    Numbers may be text with a unit (`"0.5 km"`), text without (then in the
    declared unit), or `{"measurement": 0.5, "uom": "km"}`; tuples may be text
    parted by commas; booleans may be words.
    """
    if param.many and isinstance(value, str):
        value = [part.strip() for part in value.split(",")] if value.strip() else []
    if isinstance(value, list | tuple) and param.many:
        return check_value(process, param, [_plain(process, param, part) for part in value])
    return check_value(process, param, _plain(process, param, value))


def _plain(process: str, param: Param, value: object) -> object:
    if isinstance(value, Mapping) and param.base in {int, float}:
        return _measured(process, param, value)
    if not isinstance(value, str) or param.base is str:
        return value
    if param.optional and not param.many and not value.strip():
        return None
    if param.base is bool:
        word = value.strip().lower()
        return True if word in TRUE else False if word in FALSE else value
    return _number(process, param, value)


def _measured(process: str, param: Param, value: Mapping[Any, Any]) -> object:
    """Number of `{"measurement": 0.5, "uom": "km"}`; `value` itself where it is no such object."""
    number, unit = value.get("measurement"), value.get("uom", "")
    known = {"measurement", "uom"} if param.unit else {"measurement"}
    if not known >= value.keys() or isinstance(number, bool) or not isinstance(number, int | float):
        return value
    return _number(process, param, f"{number!r} {unit}") if isinstance(unit, str) else value


def _number(process: str, param: Param, text: str) -> object:
    found = _QUANTITY.fullmatch(text)
    if not found:
        return text
    if param.base is int and not found["unit"] and found["number"].lstrip("+-").isdigit():
        return int(found["number"])
    number = float(found["number"])
    if found["unit"]:
        stated = units.parse(found["unit"])
        if not param.unit or not stated or not units.compatible(stated, param.unit):
            raise _error(process, param, text, hint=f"a unit that converts to {param.unit or 'none'}")
        number = float(units.convert(number, stated, param.unit))
    return int(number) if param.base is int and number.is_integer() else number


def from_doors(spec: Spec, given: Mapping[str, object]) -> dict[str, Any]:
    """All plain parameters of `spec`: those `given` converted and checked, the others at their defaults."""
    known = {p.name for p in spec.values}
    for name in given:
        if name not in known:
            raise ContractError(
                spec.id, name, "one of its parameters: " + (", ".join(sorted(known)) or "it has none"),
                "a name it does not have",
            )  # fmt: skip
    for param in spec.values:
        if param.required and param.name not in given:
            raise ContractError(spec.id, param.name, allowed_words(param), "left out")
    return {
        p.name: from_door(spec.id, p, given[p.name]) if p.name in given else p.default for p in spec.values
    }


def canonical(parameters: Mapping[str, Any]) -> str:
    """JSON of parameters, the same for the same values; whole floats are written as floats."""
    return json.dumps(parameters, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
