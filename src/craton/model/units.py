"""Units of measurement: the spellings surveys use, brought to one, and conversion between them.

Canonical spellings are plain text after UCUM and UDUNITS: `mGal`, `kg/m3`,
`ohm.m`, `m/s2`. The table is `tables/units.toml`; sizes are worked out by
pint, which is loaded only when numbers are converted.
"""

from __future__ import annotations

import math
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from craton.model.errors import InvalidError

if TYPE_CHECKING:
    import pint
    from numpy.typing import ArrayLike, NDArray


class Unit(NamedTuple):
    """One unit: canonical `symbol`, `kind` within which it converts, and `size` in units pint knows."""

    symbol: str
    kind: str
    size: str


class _Table(NamedTuple):
    """The unit table, by canonical spelling, by exact spelling and by spelling without case."""

    units: dict[str, Unit]
    exact: dict[str, str]
    folded: dict[str, str]


_PLAIN = str.maketrans(
    {
        "µ": "u", "μ": "u", "Ω": "ohm", "\u2126": "ohm", "°": "deg", "º": "deg", "˚": "deg", "γ": "gamma",
        "‰": "permil", "℃": "degC", "℉": "degF", "Å": "angstrom", "㎢": "km2", "㎡": "m2", "㎥": "m3",
        "·": ".", "⋅": ".", "∙": ".", "×": ".", "−": "-", "–": "-", "⁻": "-", "\u00a0": " ",
        **{superscript: str(digit) for digit, superscript in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    }
)  # fmt: skip

_UNSTATED = frozenset((
    "-", "--", ".", "?", "n/a", "na", "n.a.", "none", "nil", "null", "nan", "unknown", "unk", "undefined",
    "unspecified", "text", "string",
))  # fmt: skip
_DATE_FORMAT = re.compile(r"(?i)(?=.*(yy|hh|mm:ss))[ymdhst:/.\- ]+z?")
_FACTOR = re.compile(r"(?P<atom>[A-Za-z%]+)(?P<power>-?[1-9])?")
_SEPARATOR = re.compile(r"\s*([./* ])\s*")


@cache
def _table() -> _Table:
    rows = tomllib.loads(files(__package__).joinpath("tables/units.toml").read_text("utf-8"))
    units = {symbol: Unit(symbol, row["kind"], row["size"]) for symbol, row in rows.items()}
    exact = {spelling: symbol for symbol, row in rows.items() for spelling in (symbol, *row.get("only", ()))}
    folded: dict[str, str] = {}
    for symbol, row in rows.items():
        names = [*row.get("also", ()), *([] if row.get("exact") else [symbol])]
        for name in {_plain(name).casefold() for name in names}:
            if folded.setdefault(name, symbol) != symbol:
                raise InvalidError(f"the unit spelling {name!r} stands for both {folded[name]} and {symbol}")
    return _Table(units, exact, folded)


def _plain(text: str) -> str:
    """Text with one space between words, plain letters for symbols, and no brackets around it."""
    text = " ".join(text.translate(_PLAIN).split()).replace("**", "").replace("^", "")
    while len(text) > 2 and text[0] + text[-1] in {"()", "[]", "{}"}:
        text = text[1:-1].strip()
    return text


def units() -> dict[str, Unit]:
    """All units of the table by canonical spelling."""
    return dict(_table().units)


@cache
def parse(text: str) -> str | None:
    """Canonical spelling of the unit that `text` names.

    Returns
    -------
    str or None
        Empty where the text states no unit (blank, `n/a`, a date format);
        `"1"` for a stated pure number; `None` where it is not understood.
    """
    table, plain = _table(), _plain(text)
    if not plain or plain.casefold() in _UNSTATED or _DATE_FORMAT.fullmatch(plain):
        return ""
    for key in (text.strip(), plain):
        if key in table.exact:
            return table.exact[key]
    return table.folded.get(plain.casefold()) or _parse_product(plain)


def _parse_product(plain: str) -> str | None:
    """Canonical spelling of a product of powers (`kg m-3`, `m.s-1`, `deg/m`)."""
    factors = _factors(plain)
    if not factors:
        return None
    rendered = _render(factors)
    table = _table()
    return table.exact.get(rendered) or table.folded.get(rendered.casefold()) or rendered


def _factors(plain: str) -> list[tuple[str, int]]:
    """Units of the table and their powers; empty where a part is not known or the order is ambiguous."""
    parts = _SEPARATOR.split(plain)
    factors: list[tuple[str, int]] = []
    divided = False
    for separator, part in zip(["", *parts[1::2]], parts[::2], strict=True):
        found = _FACTOR.fullmatch(part)
        if part == "1" and not separator:
            continue
        # "J/kg K" can be read two ways, so it is left alone.
        if found is None or (divided and separator != "/"):
            return []
        atom = _atom(found["atom"])
        if atom is None:
            return []
        divided = separator == "/"
        factors.append((atom, int(found["power"] or 1) * (-1 if divided else 1)))
    return factors


def _atom(name: str) -> str | None:
    """Unit that may stand in a product; in one, a degree Celsius is a step of a kelvin."""
    table = _table()
    symbol = table.exact.get(name) or table.folded.get(name.casefold()) or ""
    return {"degC": "K", "degF": None}.get(symbol, symbol if symbol.isalpha() else None)


def _render(factors: list[tuple[str, int]]) -> str:
    above = [f"{atom}{power if power > 1 else ''}" for atom, power in factors if power > 0]
    below = [f"/{atom}{-power if power < -1 else ''}" for atom, power in factors if power < 0]
    return (".".join(above) or "1") + "".join(below)


def compatible(one: str, other: str) -> bool:
    """Whether numbers in canonical unit `one` can be converted to `other`."""
    if one == other or not (one and other):
        return one == other
    table = _table().units
    if one in table and other in table:
        return table[one].kind == table[other].kind
    try:
        return bool(_quantity(one).units.dimensionality == _quantity(other).units.dimensionality)
    except InvalidError:
        return False


def convert(values: ArrayLike, from_unit: str, to_unit: str) -> NDArray[np.float64]:
    """Numbers in canonical unit `from_unit` as numbers in `to_unit`.

    Raises
    ------
    InvalidError
        Where a unit is not known or the two do not measure the same kind of thing.
    """
    scale, shift = conversion(from_unit, to_unit)
    return np.asarray(values, dtype=np.float64) * scale + shift


@cache
def conversion(from_unit: str, to_unit: str) -> tuple[float, float]:
    """Scale and shift of `to = from * scale + shift`; see `convert`."""
    if from_unit == to_unit:
        return 1.0, 0.0
    if not compatible(from_unit, to_unit):
        raise InvalidError(f"{from_unit!r} cannot be converted to {to_unit!r}", hint="check the unit")
    source, target = _quantity(from_unit), _quantity(to_unit)
    zero, one = (_magnitude(source, target, number) for number in (0.0, 1.0))
    # Sizes such as 1e-6 / 1e-5 leave a last-digit error that would show in every number.
    return float(f"{one - zero:.{13 if zero else 15}g}"), float(f"{zero:.13g}")


def _magnitude(source: pint.Quantity, target: pint.Quantity, number: float) -> float:
    moved = _registry().Quantity(number * source.magnitude, source.units).to(target.units)
    return float(moved.magnitude / target.magnitude)


@cache
def _registry() -> pint.UnitRegistry:
    import pint

    registry = pint.UnitRegistry()
    # Money has no size: it is one's own currency, and converts into nothing else.
    registry.define("money = [money]")
    return registry


@cache
def _quantity(unit: str) -> pint.Quantity:
    """One of canonical `unit`, as pint sees it."""
    registry, table = _registry(), _table().units
    if unit in table:
        return registry.Quantity(table[unit].size)
    factors = _factors(unit)
    if not factors:
        raise InvalidError(f"the unit {unit!r} is not known")
    return math.prod(
        (registry.Quantity(table[atom].size) ** power for atom, power in factors),
        start=registry.Quantity(1.0),
    )
