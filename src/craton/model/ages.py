"""Ages of rocks: what a text says of them, in millions of years before the present (Ma).

The units are those of the International Chronostratigraphic Chart, see
`tables/ages.toml`. A text can name them in English or Chinese, as parts
(*Late Jurassic*, *中—晚侏罗世*), in pairs (*Jurassic–Cretaceous*, *J3-K1*), as
the symbols of geological maps (*T2-3*), or give numbers with their unit
(*145 ± 3 Ma*). The span of all that is named counts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

MOST_CHARACTERS = 500
"""Characters of a text that are looked at."""

RANKS = ("super-eon", "eon", "era", "period", "sub-period", "epoch", "age")
"""Ranks of units, the longest first."""

PARTS = {
    "lower": 0, "early": 0, "早": 0, "下": 0,
    "middle": 1, "mid": 1, "中": 1,
    "upper": 2, "late": 2, "晚": 2, "上": 2,
}  # fmt: skip
"""Part of a unit by the word for it, the oldest 0."""

YEARS = {"ga": 1000.0, "ma": 1.0, "myr": 1.0, "ka": 0.001, "kyr": 0.001}
"""Millions of years by the unit of a number."""

OLDEST = 4567.0
"""Start of the oldest unit in Ma."""

SUFFIXES = "[系统阶界宇纪世期代宙]"
"""What a Chinese name of a unit ends in: of rocks, or of time."""

ALONE = frozenset({"侏罗", "白垩", "二叠", "三叠", "石炭", "泥盆", "志留", "奥陶", "寒武", "前寒武", "震旦"})
"""Chinese names that mean a unit even without such an ending; others are also everyday words."""


class Span(NamedTuple):
    """Start and end in Ma; the start is the greater number."""

    start: float
    end: float

    def holds(self, other: Span) -> bool:
        """Whether all of `other` is in it."""
        return self.start >= other.start and self.end <= other.end


@dataclass(frozen=True)
class Unit:
    """One unit of the chart.

    Parameters
    ----------
    name : str
        English name, of the rocks: *Lower Jurassic*.
    rank : str
        One of `RANKS`; empty for units that the chart does not have.
    span : Span
        Start and end.
    colour : str
        As `#rrggbb`, of the Commission for the Geological Map of the World.
    zh : str
        Chinese name.
    symbol : str
        Symbol on maps.
    """

    name: str
    rank: str
    span: Span
    colour: str
    zh: str
    symbol: str


@cache
def _tables() -> dict[str, dict[str, dict[str, str | float]]]:
    return tomllib.loads(files(__package__).joinpath("tables/ages.toml").read_text("utf-8"))


@cache
def units() -> tuple[Unit, ...]:
    """Units of the chart, the youngest first."""
    return tuple(_unit(name, row) for name, row in _tables()["units"].items())


@cache
def _by_name() -> dict[str, Unit]:
    others = (_unit(name, row) for name, row in _tables()["others"].items())
    return {unit.name: unit for unit in (*units(), *others)}


def _unit(name: str, row: dict[str, str | float]) -> Unit:
    span = Span(float(row["start"]), float(row["end"]))
    rank, colour, zh, symbol = (str(row.get(key, "")) for key in ("rank", "colour", "zh", "symbol"))
    return Unit(name, rank, span, colour, zh, symbol)


@lru_cache(maxsize=65536)
def age_of(text: str) -> Span | None:
    """Start and end in Ma of what `text` names; `None` where it names no age."""
    text = " ".join(text[:MOST_CHARACTERS].split())
    found = [*_english(text), *_chinese(text)]
    if not found:
        found = [*_numbers(text)] or [*_symbols(text)]
    # A unit that is named beside one within it (第四系全新统) only says where that one belongs.
    spans = [one for one in found if not any(other != one and one.holds(other) for other in found)]
    return Span(max(one.start for one in spans), min(one.end for one in spans)) if spans else None


def _part(unit: Unit, part: int) -> Span:
    """Lower, middle or upper part of a unit: a third of the units in it, or the unit itself."""
    inner = _inside(unit.name)
    if not inner:
        return unit.span
    count = max(1, len(inner) // 3)
    middle = inner[count:-count] or inner
    chosen = (inner[:count], middle, inner[-count:])[part]
    return Span(chosen[0].start, chosen[-1].end)


@cache
def _inside(name: str) -> tuple[Span, ...]:
    """The longest units within a unit, the oldest first."""
    whole = _by_name()[name]
    rank = RANKS.index(whole.rank) if whole.rank else -1
    within = [
        unit for unit in units()
        if RANKS.index(unit.rank) > rank and unit.span != whole.span and whole.span.holds(unit.span)
    ]  # fmt: skip
    highest = min((RANKS.index(unit.rank) for unit in within), default=0)
    return tuple(unit.span for unit in reversed(within) if RANKS.index(unit.rank) == highest)


@cache
def _english_pattern() -> re.Pattern[str]:
    names = sorted((*_by_name(), *_tables()["spellings"]), key=len, reverse=True)
    parts = "|".join(word for word in PARTS if word.isascii())
    joint = r"(?:\s*(?:-|–|—|/|&|to|and)\s*)"
    return re.compile(
        rf"\b(?:(?P<first>{parts})(?:{joint}(?P<last>{parts}))?[\s-]*)?"
        rf"(?P<name>{'|'.join(map(re.escape, names))})(?![a-z])",
        re.IGNORECASE,
    )


@cache
def _folded_names() -> dict[str, Unit]:
    units_ = _by_name()
    spellings = {name.casefold(): units_[str(other)] for name, other in _tables()["spellings"].items()}
    return {name.casefold(): unit for name, unit in units_.items()} | spellings


def _english(text: str) -> Iterator[Span]:
    for match in _english_pattern().finditer(text):
        yield from _parted(_folded_names()[match["name"].casefold()], match["first"], match["last"])


def _parted(unit: Unit, *words: str | None) -> Iterator[Span]:
    """Spans of the parts of `unit` that `words` name, or of all of it where there are none."""
    parts = [PARTS[word.casefold()] for word in words if word]
    yield from (_part(unit, part) for part in parts)
    if not parts:
        yield unit.span


@cache
def _chinese_names() -> dict[str, Unit]:
    """Chinese names without their endings; a unit that is itself a part has no name of its own here."""
    named = (unit for unit in _by_name().values() if unit.zh and unit.zh[0] not in "上下早晚")
    names = {re.sub(f"亚?{SUFFIXES}$", "", unit.zh): unit for unit in named}
    names |= {"上新": _by_name()["Pliocene"], "上更新": _by_name()["Upper Pleistocene"]}
    return {name: unit for name, unit in names.items() if "系" not in name}


@cache
def _chinese_pattern() -> re.Pattern[str]:
    names = sorted(_chinese_names(), key=len, reverse=True)
    parts = "早中晚上下"
    return re.compile(
        rf"(?:(?P<first>[{parts}])(?:[-–—~至、]?(?P<last>[{parts}]))?)??"
        rf"(?P<name>{'|'.join(names)})(?P<ending>亚?{SUFFIXES})?"
    )


def _chinese(text: str) -> Iterator[Span]:
    if text.isascii():
        return
    for match in _chinese_pattern().finditer(text.replace(" ", "")):
        listed = match["name"] in ALONE or match["name"][-1:] in ALONE
        if match["ending"] or listed or _joined_on(match):
            yield from _parted(_chinese_names()[match["name"]], match["first"], match["last"])


def _joined_on(match: re.Match[str]) -> bool:
    """Whether another name follows that has the ending for both, as in 志留—泥盆纪."""
    rest = match.string[match.end() :]
    return bool(re.match(r"[-–—~至]", rest) and _chinese_pattern().match(rest[1:]))


_NUMBER = r"(\d+(?:\.\d+)?)(?:\s*(?:±|\+/-)\s*\d+(?:\.\d+)?)?"
_NUMBERS = re.compile(
    rf"(?<![\w.]){_NUMBER}(?:\s*(?:-|–|—|to)\s*{_NUMBER})?\s*(Ga|Ma|Myr|ka|kyr)\b", re.IGNORECASE
)


def _numbers(text: str) -> Iterator[Span]:
    for first, last, unit in _NUMBERS.findall(text):
        ages = [float(number) * YEARS[unit.casefold()] for number in (first, last or first)]
        if max(ages) <= OLDEST:
            yield Span(max(ages), min(ages))


@cache
def _symbol_units() -> dict[str, Unit]:
    named = {unit.symbol: unit for unit in _by_name().values() if unit.symbol and unit.rank != "age"}
    others = {symbol: _by_name()[str(name)] for symbol, name in _tables()["symbols"].items()}
    return named | others


@cache
def _symbol_pattern() -> re.Pattern[str]:
    """A symbol, parts of it by number, and lower-case letters for a formation."""
    letters = sorted({re.sub(r"\d.*", "", symbol) for symbol in _symbol_units()}, key=len, reverse=True)
    return re.compile(rf"({'|'.join(letters)})(\d(?:[-–+]\d)?)?")


_REST = re.compile(r"[a-zα-ω]{0,4}\d{0,2}$")
"""Formation behind a symbol with a number; without one, `Pb` and `Ni` are metals, and `No` is a word."""

_DEPOSIT = re.compile(r"Q[a-z]{1,3}$")


def _symbols(text: str) -> Iterator[Span]:
    """Spans of a text that is nothing but symbols."""
    place, found = 0, list[Span]()
    while match := _symbol_pattern().match(text, place):
        spans = [*_of_symbol(match[1], match[2] or "")]
        if not spans:
            return
        found, place = found + spans, match.end()
        if re.match(r"[-–—/+]", text[place:]):
            place += 1
    is_told = text[place - 1 : place].isdigit() and _REST.match(text[place:])
    if found and (place == len(text) or is_told or _DEPOSIT.match(text)):
        yield from found


def _of_symbol(letters: str, digits: str) -> Iterator[Span]:
    units_ = _symbol_units()
    if letters not in units_:
        return
    for digit in re.findall(r"\d", digits):
        unit = units_.get(letters + digit) or _numbered(units_[letters], int(digit))
        yield units_[letters].span if unit is None else unit.span
    if not digits:
        yield units_[letters].span


def _numbered(unit: Unit, number: int) -> Unit | None:
    """The unit that `number` counts in `unit`, from the oldest, where the chart has no symbol for it."""
    inner = [other for other in units() if other.span in _inside(unit.name) and other.rank != "age"]
    return inner[-number] if 0 < number <= len(inner) else None


def unit_at(span: Span) -> Unit | None:
    """The shortest unit of the chart that holds all of `span`."""
    holding = (unit for unit in units() if unit.span.holds(span))
    return min(holding, key=lambda unit: unit.span.start - unit.span.end, default=None)


def colour_of(span: Span) -> str:
    """Colour of the chart for `span`: of the shortest unit that holds it, or of the period at its middle."""
    unit = unit_at(span)
    if unit is not None and RANKS.index(unit.rank) >= RANKS.index("period"):
        return unit.colour
    middle = (span.start + span.end) / 2
    period = unit_at(Span(middle, middle))
    if unit is not None and (unit.span == span or period is None):
        return unit.colour
    periods = (u for u in units() if u.rank in {"period", "era"} and u.span.end <= middle <= u.span.start)
    return next((u.colour for u in periods), unit.colour if unit is not None else "#bdbdbd")
