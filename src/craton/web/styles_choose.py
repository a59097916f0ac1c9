"""Which column of a dataset tells most of it, and the look that it makes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from craton.model.errors import InvalidError
from craton.model.record import Record
from craton.model.style import SCHEMES, Scheme, StyleClass, Value, VectorStyle, breaks, ranges_of
from craton.store.feature_build import MOST_COMPARED
from craton.store.feature_index import FeatureColumn, FeatureIndex
from craton.store.recent import Recent
from craton.web.colour import class_colour, ramp
from craton.web.styles_ages import age_columns, ages_of, by_age, colours_of, share_of_ages

Order = Literal["", "age", "value", "count"]

SINGLE = "#4f7ba6"

FEW, SOME, MANY = 12, 30, 60
"""Categories of a column that may be styled: of any, of one whose name says so, of geological units."""

LONG = 60
"""Characters of a value, on average, from which a column holds sentences."""

MOST_CLASSES = 200
"""Categories that are told at all."""

LOOKED_AT = 300
"""Different values of a column that are looked at to know what it tells."""

LOOKED_THROUGH = 100_000
"""Features whose numbers are looked at to part them: of more, this many from all parts of the data."""

COVERED = 0.3
"""Part of the features that must have a value, for a column to tell what is there."""

AGED = 0.6
"""Part of the features whose values must name an age in a column of ages."""

RANGES = 6
"""Ranges of numbers where none are asked for."""

UNIT_NAME = re.compile(
    r"(?i)(^|_|\b)(unit|unit_?name|map_?unit|formation|fm|group|lith\w*|rock\w*|geol\w*|soil\w*|facies)"
    r"|地层|岩性|岩石|单元|组名"
)
"""Names of columns of geological units and rocks."""

CLASS_NAME = re.compile(
    r"(?i)(^|_|\b)(type|class|category|kind|status|group|commodit(y|ies)|material|use)|类型|类别|种类|矿种"
)
"""Names of columns of classes."""

DULL_NAME = re.compile(
    r"(?i)(^|_)(id|fid|gid|objectid|uuid|guid|code_?\d*|name|source|ref\w*|notes?|remarks?|comments?|url|author"
    r"|date\w*|year|shape_?\w*|area|length|perimeter|lat\w*|lon\w*|x|y|z|easting|northing)$"
)
"""Names of columns that tell features apart, or where they are, rather than what they are."""

MEASURE_NAME = re.compile(r"(?i)^(grade|value|concentration|thickness)|_(ppm|ppb|pct|percent|wt|gpt|g_t)$")
FIRST_NAME = re.compile(r"(?i)^(mag|magnitude)$")
"""Names of columns of measured values, and of the one that is looked at first."""

PLACES = frozenset({"longitude", "latitude", "easting", "northing"})
"""Quantities that only tell where a feature is."""

_styles: Recent[tuple[object, ...], VectorStyle] = Recent(500)


def chosen_style(index: FeatureIndex, record: Record) -> VectorStyle:
    """The look of a dataset where nothing else is asked for."""
    key = (record.content, record.name(), record.columns)
    return _styles.get(key, lambda: _chosen(index, record))


def _chosen(index: FeatureIndex, record: Record) -> VectorStyle:
    missing = {column.name: column.missing for column in record.columns}
    ranked = sorted(
        ((score, -place, column) for place, column in enumerate(index.columns[:MOST_COMPARED])
         if (score := _telling(index, column, missing.get(column.name, 0))) > 0),
        key=lambda one: one[:2], reverse=True,
    )  # fmt: skip
    for _score, _place, column in ranked:
        style = _by_column(index, column)
        if len(style.classes) > 1 or style.stops:
            return style
    return VectorStyle(type="single", title=record.name(), colour=SINGLE)


def _telling(index: FeatureIndex, column: FeatureColumn, missing: int) -> float:
    """How much a column tells of what is there, 0 where it tells nothing, or only of a few."""
    if column.type in {"date", "date-time"} or column.quantity in PLACES:
        return 0.0
    if column.type in {"integer", "number"}:
        there = 1 - missing / max(index.count, 1)
        return there * _of_measure(column) if there >= COVERED else 0.0
    values = _filled(index.values(column.name, most=LOOKED_AT))
    covered = sum(count for _value, count in values) / max(index.count, 1)
    if len(values) < 2 or covered < COVERED or _tells_apart(index, values) or _is_prose(values):
        return 0.0
    return covered * _of_categories(index, column, values)


def _of_measure(column: FeatureColumn) -> float:
    if FIRST_NAME.search(column.name):
        return 6.0
    if column.quantity or column.unit:
        return 5.0 if column.quantity else 4.5
    return 4.0 if MEASURE_NAME.search(column.name) else 0.0


def _filled(values: Sequence[tuple[Value, int]]) -> list[tuple[Value, int]]:
    """Without texts that say nothing."""
    return [(value, count) for value, count in values if not isinstance(value, str) or value.strip()]


def _tells_apart(index: FeatureIndex, values: Sequence[tuple[Value, int]]) -> bool:
    """Whether hardly two features have the same value."""
    return index.count > FEW and len(values) > 0.8 * index.count


def _is_prose(values: Sequence[tuple[Value, int]]) -> bool:
    """Whether the values are sentences, or numbers written as text."""
    texts = [value for value, _count in values if isinstance(value, str)]
    if not texts:
        return False
    return sum(map(len, texts)) > LONG * len(texts) or all(text.strip().isdecimal() for text in texts)


def _of_categories(index: FeatureIndex, column: FeatureColumn, values: Sequence[tuple[Value, int]]) -> float:
    is_unit = bool(UNIT_NAME.search(column.name))
    share, ages = share_of_ages(values, symbols=is_unit or bool(age_columns([column])))
    if share >= AGED and ages > 1 and len(values) < LOOKED_AT:
        return 9.0 if is_unit else 8.0
    if is_unit and len(values) <= MANY:
        return 8.5 if age_columns(index.columns) else 7.0
    is_class = bool(CLASS_NAME.search(column.name))
    if DULL_NAME.search(column.name) or len(values) > (SOME if is_class else FEW):
        return 0.0
    return 3.0 if is_class else 2.0


def _by_column(index: FeatureIndex, column: FeatureColumn) -> VectorStyle:
    if column.type in {"integer", "number"}:
        return _ramp(index, column)
    return _categories(index, column, MOST_CLASSES)


def title_of(column: FeatureColumn) -> str:
    """What a column is called."""
    return column.title or column.name


def _unit(column: FeatureColumn) -> str:
    """Unit of a column; bare numbers have none."""
    return "" if column.unit == "1" else column.unit


def _categories(index: FeatureIndex, column: FeatureColumn, most: int) -> VectorStyle:
    """A colour for each value: in the order of age where they have one, else the most frequent first."""
    names = [value for value, _count in _filled(index.values(column.name, most=most))]
    ages = ages_of(index, column.name, names)
    spare = [class_colour(place) for place in range(len(names))]
    aged = len([name for name in names if name in ages]) * 2 > len(names)
    ordered = sorted(names, key=lambda name: by_age(ages, name)) if aged else _ordered(names)
    spans = [ages.get(name) if aged else None for name in ordered]
    colours = colours_of(spans, spare)
    classes = tuple(
        StyleClass(
            colour=colour, label=_text(name), value=name, age=None if span is None else (span.start, span.end)
        )
        for name, colour, span in zip(ordered, colours, spans, strict=True)
    )
    order: Order = "age" if aged else "value" if ordered != names else "count"
    return VectorStyle(
        type="categories", title=title_of(column), column=column.name, unit=_unit(column), order=order,
        classes=classes,
    )  # fmt: skip


def _ordered(names: list[Value]) -> list[Value]:
    """Numbers in their order, true before false; texts stay as they are."""
    numbers = [name for name in names if isinstance(name, int | float)]
    if len(numbers) < len(names):
        return names
    return sorted(numbers, reverse=all(isinstance(number, bool) for number in numbers))


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.12g}"


def _ramp(index: FeatureIndex, column: FeatureColumn) -> VectorStyle:
    """Numbers as a ramp, from the 2nd to the 98th of a hundred."""
    values = _numbers(index, column.name)
    ends = breaks([v for v, _ in values], [c for _, c in values], "quantiles", 1)
    inner = _inner(values)
    low, high = inner if inner[0] < inner[1] else (ends[0], ends[-1]) if ends else (0.0, 0.0)
    made = ramp("viridis", low, high) if low < high else ()
    stops = tuple((float(f"{value:.10g}"), colour) for value, colour in made)
    return VectorStyle(
        type="ramp",
        title=title_of(column),
        column=column.name,
        unit=_unit(column),
        order="value",
        stops=stops,
    )


def _inner(values: Sequence[tuple[float, int]]) -> tuple[float, float]:
    total, seen, low = sum(count for _, count in values), 0, 0.0
    for place, (value, count) in enumerate(sorted(values)):
        low = value if place == 0 or seen <= total * 0.02 else low
        seen += count
        if seen >= total * 0.98:
            return low, value
    return 0.0, 0.0


def _numbers(index: FeatureIndex, column: str) -> list[tuple[float, int]]:
    """Different numbers of a column, and how often each is met; the least and the greatest are among them."""
    found = Counter(
        float(value) for value in index.sample(column, LOOKED_THROUGH) if not isinstance(value, str)
    )
    for end in index.range(column) or ():
        found.setdefault(float(end), 1)
    return list(found.items())


def asked_style(
    index: FeatureIndex, record: Record, *, column: str = "", scheme: str = "", classes: int = 0
) -> VectorStyle:
    """The look that is asked for: by another column, or with its values parted in another way.

    Raises
    ------
    InvalidError
        For a column that there is not, or that cannot be parted so.
    """
    if not column and not scheme and not classes:
        return chosen_style(index, record)
    name = column or chosen_style(index, record).column
    known = {one.name: one for one in index.columns[:MOST_COMPARED]}
    if name not in known:
        raise InvalidError(f"there is no column {name[:60]!r}", hint=f"there are: {', '.join(known)[:500]}")
    if scheme and scheme not in SCHEMES:
        raise InvalidError(f"scheme must be one of {', '.join(SCHEMES)}, not {scheme[:40]!r}")
    is_number = known[name].type in {"integer", "number"}
    if scheme not in {"", "categories"} and not is_number:
        raise InvalidError(f"{name[:60]!r} holds no numbers, so its values can only be categories")
    key = (record.content, record.columns, name, scheme, classes)
    return _styles.get(key, lambda: _asked(index, known[name], scheme, classes))


def _asked(index: FeatureIndex, column: FeatureColumn, scheme: str, classes: int) -> VectorStyle:
    is_number = column.type in {"integer", "number"}
    if scheme == "categories" or not is_number:
        return _categories(index, column, classes or MOST_CLASSES)
    if not scheme and not classes:
        return _ramp(index, column)
    return _ranges(
        index, column, next((one for one in SCHEMES if one == scheme), "quantiles"), classes or RANGES
    )


def _ranges(index: FeatureIndex, column: FeatureColumn, scheme: Scheme, number: int) -> VectorStyle:
    values = _numbers(index, column.name)
    ends = breaks([v for v, _ in values], [c for _, c in values], scheme, number)
    pairs = ranges_of(ends)
    colours = [colour for _, colour in ramp("viridis", 0.0, 1.0)]
    step = (len(colours) - 1) / max(len(pairs) - 1, 1)
    found = tuple(
        StyleClass(
            colour=colours[round(place * step)], label=f"{low:.6g} – {high:.6g}", minimum=low, maximum=high
        )
        for place, (low, high) in enumerate(pairs)
    )
    return VectorStyle(
        type="ranges", title=title_of(column), column=column.name, unit=_unit(column), order="value",
        classes=found,
    )  # fmt: skip
