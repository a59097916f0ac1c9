"""Quantities: what surveys measure, in which unit it is kept, and by which column names it is known.

The tables are `tables/quantities.toml` and `tables/elements.toml`. From the
latter come three families: `gold_concentration` (mg/kg, the same number as
ppm and g/t), `dissolved_gold_concentration` (mg/L) and oxides such as
`silica_concentration` (wt%).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from craton.model import units
from craton.model.errors import InvalidError
from craton.model.record import LanguageMap


class QuantityRule(NamedTuple):
    """One quantity: standard name, canonical unit, titles, and the topic it belongs to.

    `unit` is empty for a classification and for time, `"1"` for a pure number;
    `implied` says that numbers of it need not state it, `stated` that without a
    unit a name is not enough.
    """

    name: str
    unit: str
    topic: str
    title: LanguageMap
    implied: bool = False
    stated: bool = False


class Match(NamedTuple):
    """What a column name says: a quantity and a canonical unit, each empty where it says none.

    `unit_text` is the unit as it is spelled in the name.
    """

    quantity: str = ""
    unit: str = ""
    unit_text: str = ""


class _Names(NamedTuple):
    """The registry by name, and the names it is found by: always, in logs, with a unit, and as analytes.

    `traces` are the quantities that are never stated in percent.
    """

    rules: dict[str, QuantityRule]
    aliases: dict[str, str]
    mnemonics: dict[str, str]
    symbols: dict[str, str]
    oxides: dict[str, str]
    with_unit: dict[str, str]
    traces: set[str]


CONCENTRATION = frozenset({"fraction", "density"})
"""Kinds of units that an analyte may be stated in."""

DISTINCT_UNITS = frozenset((
    "mGal", "nT", "ppm", "ppb", "%", "wt%", "mg/kg", "ug/kg", "g/t", "mg/L", "ug/L", "ohm.m", "mS/m",
    "uS/cm", "nGy/h", "cps", "kPa", "MPa",
))  # fmt: skip
"""Units that are taken from the end of a name even where the name is not that of a quantity."""

PERCENT = frozenset({"%", "wt%"})
"""Units in which trace elements are not stated."""

GRIDDED = frozenset({"gravity", "magnetics", "radiometrics", "terrain", "remote_sensing", "hazards"})
"""Topics that grids are named after."""

MIN_ANALYTES, MIN_SHARE = 3, 0.25
"""Columns named after analytes, and their share of all, that make a bare `K` or `As` an element too."""

_WORD = re.compile(r"[^\W_]+%?|%", re.UNICODE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKET = re.compile(
    r"^(?P<stem>.*?\S)[\s_]*[(\[{](?P<unit>[^()\[\]{}]*(?:\([^()]*\))?[^()\[\]{}]*)[)\]}]\s*$"
)
_METHOD = re.compile(
    r"(?i)(?:fa|aas?|icp|icp-?ms|icp-?oes|icp-?aes|ms|oes|aes|es|p?xrf|i?naa|ar|aqr|aqua|regia|fire|assay|4a|acid"
    r"|best|final|avg|average|mean|imp|imputed|tot|total|lab|value)\d*"
)
"""Words that may follow the unit of an analyte without changing what its numbers are."""

_GLUED = re.compile(r"(?i)^(?P<stem>[a-z]{1,2}|[a-z0-9]*o\d?t?)(?P<unit>ppm|ppb|pct|gpt|wtpct|%)$")


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(f"tables/{name}").read_text("utf-8"))


@cache
def _names() -> _Names:
    names = _Names({}, {}, {}, {}, {}, {}, set())
    for topic, rows in _load("quantities.toml").items():
        for name, row in rows.items():
            title = {"en": str(row["en"]), "zh": str(row["zh"])}
            flags = bool(row.get("implied")), bool(row.get("stated"))
            _register(names, QuantityRule(name, str(row["unit"]), topic, title, *flags))
            _alias(names.aliases, name, [name, *_texts(row.get("also"))])
            _alias(names.mnemonics, name, _texts(row.get("mnemonic")))
            _alias(names.with_unit, name, _texts(row.get("with_unit")))
    for symbol, (word, english, chinese, *others) in _load("elements.toml")["elements"].items():
        _register_element(
            names, symbol, str(word), str(english), str(chinese), [str(other) for other in others]
        )
    names.traces.update(names.symbols[symbol] for symbol in _load("elements.toml")["traces"])
    for formula, (word, english, chinese, *others) in _load("elements.toml")["oxides"].items():
        name = f"{word}_concentration"
        _register(names, QuantityRule(name, "wt%", "geochemistry", {"en": str(english), "zh": str(chinese)}))
        _alias(names.aliases, name, [name, str(word)])
        _alias(names.oxides, name, [formula.casefold(), *map(str, others)])
    return names


def _register_element(
    names: _Names, symbol: str, word: str, english: str, chinese: str, others: list[str]
) -> None:
    name = f"{word}_concentration"
    solid = {"en": f"{english} concentration", "zh": f"{chinese}含量"}
    dissolved = {"en": f"Dissolved {english.lower()}", "zh": f"溶解{chinese}"}
    _register(names, QuantityRule(name, "mg/kg", "geochemistry", solid))
    _register(names, QuantityRule(f"dissolved_{name}", "mg/L", "hydrology", dissolved))
    _alias(names.aliases, name, [name, word, *others])
    _alias(names.aliases, f"dissolved_{name}", [f"dissolved_{name}", f"dissolved_{word}"])
    _alias(names.symbols, name, [symbol])


def _register(names: _Names, one: QuantityRule) -> None:
    if units.parse(one.unit) != one.unit:
        raise InvalidError(f"the quantity {one.name} is kept in {one.unit!r}, which is no canonical unit")
    if one.name in names.rules:
        raise InvalidError(f"the quantity {one.name} is described twice")
    names.rules[one.name] = one


def _alias(index: dict[str, str], name: str, spellings: Iterable[str]) -> None:
    for spelling in spellings:
        if index.setdefault(spelling, name) != name:
            raise InvalidError(f"the name {spelling!r} stands for both {index[spelling]} and {name}")


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def quantities() -> dict[str, QuantityRule]:
    """All quantities by standard name."""
    return dict(_names().rules)


def rule(name: str) -> QuantityRule | None:
    """The quantity called `name`, `None` where the registry does not know it."""
    return _names().rules.get(name)


def canonical_unit(name: str) -> str:
    """Unit in which numbers of quantity `name` are kept; empty for a classification or an unknown one."""
    found = rule(name)
    return found.unit if found else ""


def is_chemistry(names: Iterable[str]) -> bool:
    """Whether column `names` are those of a table of analyses, so that bare symbols mean elements."""
    tables = _names()
    first = {word for name in names for word in _words(_split_unit(name)[0])[:1]}
    symbols = {word for word in first if (word.capitalize() if word.isupper() else word) in tables.symbols}
    analytes = symbols | {word for word in first if word.casefold() in tables.oxides}
    # U, V, W and N, S, W alone are winds and directions.
    several = len(analytes) >= max(MIN_ANALYTES, MIN_SHARE * len(first))
    return several and any(len(word) > 1 for word in analytes)


def recognise(name: str, *, unit: str = "", chemistry: bool = False, logs: bool = False) -> Match:
    """Quantity and unit that a column or variable name says.

    Parameters
    ----------
    name : str
        As in the source: `Au_ppm`, `Au (ppm)`, `elevation_m`, `TMI`.
    unit : str
        Canonical unit stated elsewhere; the quantity must be compatible with it.
    chemistry : bool
        The table is one of analyses (`is_chemistry`): bare symbols are elements.
    logs : bool
        The column is of a borehole or log: mnemonics count.
    """
    stem, text, stated = _split_unit(name.strip())
    unit = unit or stated
    for quantity in _candidates(stem, bool(unit), chemistry, logs):
        fitted = _fit(quantity, unit)
        last, spelled = ("", "") if unit else _last_unit(stem, fitted)
        if fitted and (unit or last or not _names().rules[fitted].stated):
            return Match(fitted, stated or last, text or spelled)
    return _by_last_words(stem, logs) or Match("", stated, text)


def recognise_within(text: str) -> str:
    """Quantity of the longest name within a title or file name of a grid (`srtm_dem_30m`), else empty."""
    words = [word.lower() for word in _words(_CAMEL.sub("_", text))]
    runs = [words[start:stop] for start in range(len(words)) for stop in range(start + 1, len(words) + 1)]
    for run in sorted(runs, key=len, reverse=True):
        name = _names().aliases.get("_".join(run), "")
        if (
            name
            and rule(name)
            and _names().rules[name].topic in GRIDDED
            and name not in {"depth", "thickness"}
        ):
            return name
    return ""


def _last_unit(stem: str, quantity: str) -> tuple[str, str]:
    """Canonical unit and its spelling at the end of a name (`age_ma`), if it is one of `quantity`."""
    words = _words(stem)
    for start in (-2, -1):
        text, unit = _unit_of_words(words[1:][start:])
        if unit and units.compatible(unit, canonical_unit(quantity)):
            return unit, text
    return "", ""


def _split_unit(name: str) -> tuple[str, str, str]:
    """Name without the unit in brackets or glued to an analyte, the unit as spelled, and as canonical."""
    for pattern in (_BRACKET, _GLUED):
        found = pattern.match(name)
        unit = units.parse(found["unit"]) if found else ""
        if found and unit:
            return found["stem"], found["unit"].strip(), unit
    return name, "", ""


def _candidates(stem: str, has_unit: bool, chemistry: bool, logs: bool) -> Iterator[str]:
    """Quantities that `stem` may stand for, the surest first."""
    tables, keys = _names(), _keys(stem)
    yield from (tables.aliases[key] for key in keys if key in tables.aliases)
    analyte = _analyte(stem, any_case=has_unit or chemistry)
    if analyte and (has_unit or chemistry or stem.casefold() in tables.oxides):
        yield analyte
    if logs or has_unit:
        yield from (tables.mnemonics[key] for key in keys if key in tables.mnemonics)
    if has_unit:
        yield from (tables.with_unit[key] for key in keys if key in tables.with_unit)


def _fit(quantity: str, unit: str) -> str:
    """`quantity`, or its dissolved or per-time twin, if `unit` can be one of it; empty if not."""
    if unit in PERCENT and quantity in _names().traces:
        return ""
    expected = canonical_unit(quantity)
    if not unit or (expected and units.compatible(unit, expected)):
        return quantity
    twins = (f"dissolved_{quantity}", f"{quantity}_rate")
    return next((twin for twin in twins if units.compatible(unit, canonical_unit(twin))), "")


def _analyte(stem: str, *, any_case: bool) -> str:
    """Concentration of the element or oxide that `stem` is the symbol of."""
    tables = _names()
    if stem.casefold() in tables.oxides:
        return tables.oxides[stem.casefold()]
    # A capital alone may be a coordinate or a wind component; `any_case` says that it is an analyte.
    symbol = stem.capitalize() if any_case else stem
    return tables.symbols.get(symbol, "")


def _by_last_words(stem: str, logs: bool) -> Match | None:
    """Quantity and unit of a name that ends in its unit, or of an analyte with its unit and method."""
    # A name that ends in "_" was cut off, as shapefiles do after ten characters.
    words = [] if stem.endswith("_") else _words(stem)
    for start in range(1, len(words)):
        for stop in range(len(words), start, -1):
            if not all(_METHOD.fullmatch(word) for word in words[stop:]):
                break
            match = _with_unit(words[:start], words[start:stop], logs, at_end=stop == len(words))
            if match:
                return match
    return None


def _with_unit(stem: list[str], tail: list[str], logs: bool, *, at_end: bool) -> Match | None:
    text, unit = _unit_of_words(tail)
    if not unit:
        return None
    if at_end:
        candidates = list(_candidates("_".join(stem), True, False, logs))
    else:
        lone = len(stem) == 1 and _kind(unit) in CONCENTRATION
        candidates = [_analyte(stem[0], any_case=True)] if lone else []
    quantity = next((fitted for name in candidates if name and (fitted := _fit(name, unit))), "")
    return Match(quantity, unit, text) if quantity or (at_end and unit in DISTINCT_UNITS) else None


def _unit_of_words(words: list[str]) -> tuple[str, str]:
    """Spelling and canonical unit of the last words of a name (`mg kg` is mg/kg, `m asl` is m)."""
    if len(words) > 2:
        return "", ""
    for text in dict.fromkeys(("/".join(words), " ".join(words))):
        unit = units.parse(text)
        if unit:
            return text, unit
    return "", ""


def _kind(unit: str) -> str:
    known = units.units().get(unit)
    return known.kind if known else ""


@cache
def _keys(stem: str) -> tuple[str, ...]:
    """Spellings under which the registry may hold `stem`: as written, in lower case, camel case apart."""
    words = _words(stem)
    apart = _CAMEL.sub("_", "_".join(words))
    return tuple(dict.fromkeys(("_".join(words), "_".join(words).lower(), apart.lower())))


def _words(text: str) -> list[str]:
    return _WORD.findall(text)
