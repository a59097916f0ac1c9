"""Ages of the values of a column: said by the values themselves, or by columns beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from craton.model.ages import OLDEST, Span, age_of, colour_of
from craton.store.feature_columns import FeatureColumn
from craton.store.feature_index import FeatureIndex, FeatureQuery
from craton.web.colour import hex_of, rgb_of

SAMPLE = 4000
"""Features that are looked at to learn which unit is of which age."""

LEAST = 3
"""Characters of a text that can be nothing else than an age."""

AGE_NAME = re.compile(
    r"(?i)(^|[^a-z])(age|ages|era|eon|period|epoch|stage|series|chrono\w*|strat\w*|ma)([^a-z]|\d|$)"
    r"|年代|时代|地层|age(from|to|min|max)|(min|max|start|end|from|to)_?age"
)
"""Names of columns that tell an age."""

NUMBER_NAME = re.compile(r"(?i)(^|[^a-z])ma($|[^a-z])|age|myr")
"""Names of columns whose bare numbers are ages in Ma."""

TINTS = (0.0, 0.22, -0.14, 0.4, -0.26, 0.55)
"""Shares by which colours of units of one age are made lighter, or darker where negative."""


class _Feature(msgspec.Struct):
    properties: dict[str, Any]


_read = msgspec.json.Decoder(_Feature).decode


def share_of_ages(values: Iterable[tuple[object, int]], *, symbols: bool) -> tuple[float, int]:
    """Part of the features whose text tells an age, and how many different ages there are.

    Short letters count only where `symbols` are expected: elsewhere `C` may be a class and `Pt` platinum.
    """
    total, told, ages = 0, 0, set[Span]()
    for value, count in values:
        total += count
        if not isinstance(value, str) or (not symbols and len(value) < LEAST):
            continue
        if (span := age_of(value)) is not None:
            told += count
            ages.add(span)
    return told / max(total, 1), len(ages)


def ages_of(index: FeatureIndex, column: str, values: Sequence[object]) -> dict[object, Span]:
    """Ages of `values` of `column`, where they or columns beside it tell any."""
    own = {value: span for value in values if (span := _own(value)) is not None}
    if len(own) * 2 > len(values):
        return own
    return own | _beside(index, column)


def _own(value: object) -> Span | None:
    return age_of(value) if isinstance(value, str) else None


def age_columns(columns: Iterable[FeatureColumn]) -> list[FeatureColumn]:
    """Columns whose name says that they tell an age."""
    return [column for column in columns if AGE_NAME.search(column.name) or AGE_NAME.search(column.title)]


def _beside(index: FeatureIndex, column: str) -> dict[object, Span]:
    """Age by value of `column`, as columns of ages tell it."""
    others = [one for one in age_columns(index.columns) if one.name != column]
    if not others:
        return {}
    names = (column, *(one.name for one in others))
    page = index.page(FeatureQuery(properties=names, limit=SAMPLE))
    found: dict[object, Span] = {}
    for body in page.features:
        said = _read(body).properties
        if said[column] is None or said[column] in found:
            continue
        spans = [span for one in others if (span := _span(one, said)) is not None]
        if spans:
            found[said[column]] = _narrowest(spans)
    return found


def _span(column: FeatureColumn, said: Mapping[str, Any]) -> Span | None:
    value = said[column.name]
    if isinstance(value, str) and not _is_number(value):
        return age_of(value)
    if value is None or isinstance(value, bool) or not NUMBER_NAME.search(column.name):
        return None
    number = float(value)
    return Span(number, number) if math.isfinite(number) and 0 <= number <= OLDEST else None


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\s*\d+(\.\d+)?\s*", text))


def _narrowest(spans: list[Span]) -> Span:
    """One span of several columns: of numbers, from the oldest to the youngest; else of all."""
    numbers = [span for span in spans if span.start == span.end]
    chosen = numbers if len(numbers) > 1 else spans
    return Span(max(span.start for span in chosen), min(span.end for span in chosen))


def by_age(ages: Mapping[object, Span], value: object) -> tuple[bool, float, float]:
    """Place of `value` in a legend: the youngest first, what has no age last."""
    span = ages.get(value)
    return (True, 0.0, 0.0) if span is None else (False, (span.start + span.end) / 2, span.start)


def colours_of(ages: Sequence[Span | None], spare: Sequence[str]) -> list[str]:
    """Colours of units by their ages, tinted where several are alike; `spare` are for those without one."""
    used: dict[str, int] = {}
    rest = iter(spare)
    colours = []
    for span in ages:
        if span is None:
            colours.append(next(rest))
            continue
        colour = colour_of(span).lower()
        colours.append(_tinted(colour, TINTS[used.get(colour, 0) % len(TINTS)]))
        used[colour] = used.get(colour, 0) + 1
    return colours


def _tinted(colour: str, share: float) -> str:
    """`colour` mixed with white, or with black where `share` is negative."""
    end = 255 if share > 0 else 0
    return hex_of([round(part + (end - part) * abs(share)) for part in rgb_of(colour)])
