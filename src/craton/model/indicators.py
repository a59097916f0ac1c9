"""Indicators: what evaluations measure, as data: formula over quantities, unit, direction, support, source.

A theme is a TOML file (`indicator_library` holds them all). Classes and
thresholds are told with their source, as an example to be replaced by the
user's own, never as what a standard demands.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from craton.model import quantities, units
from craton.model.errors import CratonError, InvalidError
from craton.model.expression import Expression, parse
from craton.model.languages import Words, by_language
from craton.model.record import LanguageMap

Direction = Literal["benefit", "cost", "target"]
Support = Literal["cell", "parcel", "basin", "district", "project"]
Aggregate = Literal["sum", "mean", "area_mean", "ratio_of_sums", "minimum", "maximum", "majority", "none"]

ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LANGUAGES = ("en", "zh")
"""Languages that each title and definition is told in at least."""


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the parts of indicators and packs: unknown keys are errors."""


class Input(_Strict, frozen=True, kw_only=True):
    """What a formula needs: its unit, the quantity it is where the registry has it, and its name in words."""

    unit: str
    title: LanguageMap
    quantity: str = ""


class Class(_Strict, frozen=True, kw_only=True):
    """A class of numbers: from `from_value` on (none: no limit below) up to the next class."""

    title: LanguageMap
    from_value: float | None = None
    score: float | None = None


class Indicator(_Strict, frozen=True, kw_only=True):
    """An indicator.

    Parameters
    ----------
    unit : str
        Canonical unit of its numbers, `"1"` of a pure number.
    formula : str
        Expression over the names of `inputs` (`craton.model.expression`). One that is measured as it is has
        one input and names it.
    direction : str
        `benefit`: more is better; `cost`: less is better; `target`: best at `target`, or between its two.
    lowest, highest : float, optional
        Bounds of numbers that can be, in `unit`.
    supports : tuple of str
        Units of evaluation it has a meaning on.
    period : str
        What one number stands for in time: `year`, `season`, `month`, `day`, or empty.
    aggregate : str
        How numbers of small units become that of a larger one.
    classes, class_source
        Classes after `class_source`, an example to be replaced by the user's own.
    reference : str
        Where the indicator comes from: author or body, year, title, place in it.
    """

    title: LanguageMap
    definition: LanguageMap
    unit: str
    formula: str
    inputs: dict[str, Input]
    direction: Direction
    supports: tuple[Support, ...]
    aggregate: Aggregate
    reference: str
    criterion: str
    target: tuple[float, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    period: Literal["", "year", "season", "month", "day"] = ""
    classes: tuple[Class, ...] = ()
    class_source: Words = ""
    theme: str = ""
    """Filled from the file."""

    def expression(self) -> Expression:
        """The formula, checked."""
        return parse(self.formula, self.inputs)


class Criterion(_Strict, frozen=True, kw_only=True):
    """A group of indicators within a theme."""

    title: LanguageMap


class Theme(_Strict, frozen=True, kw_only=True):
    """A file of indicators: the goal they serve, its criteria, and the indicators by identifier."""

    title: LanguageMap
    description: LanguageMap
    criteria: dict[str, Criterion]
    indicators: dict[str, Indicator]


def read_theme(text: str, name: str) -> Theme:
    """Theme of the TOML `text`, checked: keys, languages, units, formulas, classes.

    Raises
    ------
    InvalidError
        With the place and the reason.
    """
    where = f"indicators {name}"
    if not ID.fullmatch(name):
        raise InvalidError(f"{where}: a theme is named as an identifier is")
    told = table(text, where)
    listed = told.pop("indicators", {})
    if not isinstance(listed, dict) or not listed:
        raise InvalidError(f"{where}: there are no `indicators`")
    theme = made(Theme, {**told, "indicators": {}}, where)
    found = {id: made(Indicator, raw, f"{where}: indicator {id}") for id, raw in listed.items()}
    if any(one.theme for one in found.values()):
        raise InvalidError(f"{where}: `theme` is not told of an indicator, the name of the file says it")
    found = {id: msgspec.structs.replace(one, theme=name) for id, one in found.items()}
    return checked(msgspec.structs.replace(theme, indicators=found), where)


def table(text: str, where: str) -> dict[str, Any]:
    """The TOML `text` as a table."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidError(f"{where}: {error}") from error


def made[T](kind: type[T], raw: object, where: str) -> T:
    """`raw` as a `kind`; unknown keys and wrong types are refused with their place."""
    try:
        return msgspec.convert(raw, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidError(f"{where}: {error}") from error


def checked(theme: Theme, where: str) -> Theme:
    """`theme`, refused where its parts do not fit together."""
    for part in (theme.title, theme.description, *(one.title for one in theme.criteria.values())):
        _check_words(part, where)
    for id, indicator in theme.indicators.items():
        try:
            check_indicator(id, indicator)
            if indicator.criterion not in theme.criteria:
                raise InvalidError(f"its criterion {indicator.criterion!r} is none of the theme")
        except CratonError as error:
            raise InvalidError(f"{where}: indicator {id}: {error.message}", hint=error.hint) from error
    return theme


def check_indicator(id: str, indicator: Indicator) -> None:
    """Refuse an indicator whose parts do not fit together; `InvalidError` says why."""
    if not ID.fullmatch(id):
        raise InvalidError("an identifier is of small letters, digits and single underscores")
    inputs, classes = indicator.inputs.values(), indicator.classes
    named = (*(one.title for one in inputs), *(one.title for one in classes))
    for part in (indicator.title, indicator.definition, *named):
        _check_words(part, "its words")
    if not indicator.reference.strip():
        raise InvalidError("its `reference` says nothing")
    if not indicator.supports or len(set(indicator.supports)) < len(indicator.supports):
        raise InvalidError("`supports` names one or more units of evaluation, each once")
    _check_units(indicator)
    _check_direction(indicator)
    _check_classes(indicator.classes, indicator.class_source)


def _check_words(words: LanguageMap, what: str) -> None:
    lacking = [language for language in LANGUAGES if not words.get(language, "").strip()]
    if lacking:
        raise InvalidError(f"{what} lack the language {lacking[0]!r}")


def _check_units(indicator: Indicator) -> None:
    for symbol in (indicator.unit, *(one.unit for one in indicator.inputs.values())):
        if not symbol or units.parse(symbol) != symbol:
            raise InvalidError(f"the unit {symbol!r} is no canonical spelling", hint='a pure number is "1"')
    for name, one in indicator.inputs.items():
        rule = quantities.rule(one.quantity) if one.quantity else None
        if one.quantity and rule is None:
            raise InvalidError(f"input {name}: {one.quantity!r} is no quantity the registry knows")
        if rule is not None and not units.compatible(rule.unit, one.unit):
            raise InvalidError(f"input {name}: {one.quantity} is kept in {rule.unit}, not {one.unit}")
    expression = indicator.expression()
    idle = sorted(set(indicator.inputs) - set(expression.names))
    if idle:
        raise InvalidError(f"input {idle[0]} is not in the formula")
    found = expression.unit({name: one.unit for name, one in indicator.inputs.items()})
    if not units.compatible(found, indicator.unit):
        raise InvalidError(f"the formula is in {found or 'no unit'}, which is no {indicator.unit}")


def _check_direction(indicator: Indicator) -> None:
    if (indicator.direction == "target") != (len(indicator.target) in {1, 2}):
        raise InvalidError("`target` is one number or two where the direction is `target`, else none")
    low, high = indicator.lowest, indicator.highest
    numbers = [*indicator.target, *(one for one in (low, high) if one is not None)]
    if not all(map(math.isfinite, numbers)):
        raise InvalidError("`target`, `lowest` and `highest` are finite numbers")
    if list(indicator.target) != sorted(set(indicator.target)):
        raise InvalidError("the two numbers of `target` rise")
    if low is not None and high is not None and not low < high:
        raise InvalidError("`lowest` is below `highest`")


def _check_classes(classes: Iterable[Class], source: Words) -> None:
    listed = tuple(classes)
    if listed and not by_language(source):
        raise InvalidError("classes need `class_source`, where they come from")
    if source and not isinstance(source, str):
        _check_words(source, "the words of `class_source`")
    if any(one.from_value is None for one in listed[1:]):
        raise InvalidError("only the first class has no limit below")
    numbers = [one.from_value for one in listed if one.from_value is not None]
    if not all(map(math.isfinite, numbers)) or numbers != sorted(set(numbers)):
        raise InvalidError("the limits of the classes rise")
    if any(one.score is not None and not 0 <= one.score <= 1 for one in listed):
        raise InvalidError("the scores of classes are from 0 to 1")
