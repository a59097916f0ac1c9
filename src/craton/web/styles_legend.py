"""Legends: what the colours of a map mean, and how many features of each are in view."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from starlette.requests import Request

from craton.model.ages import Span, unit_at
from craton.model.cql2 import Expression, Literal, Operation, Property, parse, properties_of
from craton.model.errors import InvalidError
from craton.model.record import Period, Record
from craton.model.style import StyleClass, Value, VectorStyle
from craton.store.feature_index import FeatureIndex, FeatureQuery
from craton.web.crs_negotiation import box_of
from craton.web.negotiation import text_in
from craton.web.queries import times_of
from craton.web.replies import Json
from craton.web.styles_maplibre import OTHER

MOST_VALUES = 200_000
"""Different values that are counted."""

LANGUAGES = ("en", "zh", "th", "lo", "km", "vi", "my", "ms", "id")


def _words(*words: str) -> dict[str, str]:
    return dict(zip(LANGUAGES, words, strict=True))


OTHERS = _words("other", "其他", "อื่น ๆ", "ອື່ນໆ", "ផ្សេងៗ", "khác", "အခြား", "lain-lain", "lainnya")
NOTHING = _words(
    "no value", "无值", "ไม่มีค่า", "ບໍ່ມີຄ່າ", "គ្មានតម្លៃ", "không có giá trị",
    "တန်ဖိုးမရှိ", "tiada nilai", "tanpa nilai",
)  # fmt: skip
YES = _words("yes", "是", "ใช่", "ແມ່ນ", "បាទ/ចាស", "có", "ဟုတ်", "ya", "ya")
NO = _words("no", "否", "ไม่", "ບໍ່", "ទេ", "không", "မဟုတ်", "tidak", "tidak")


def view_of(request: Request, index: FeatureIndex) -> FeatureQuery:
    """Features that are in view: in a box, of a filter, in a period."""
    given = request.query_params
    names = [column.name for column in index.columns]
    expression = parse(given["filter"]) if "filter" in given else None
    unknown = sorted((properties_of(expression) if expression else set()) - {*names, "geometry"})
    if unknown:
        raise InvalidError(
            f"there is no column {unknown[0][:60]!r}", hint=f"there are: {', '.join(names)[:500]}"
        )
    start, end = times_of(request)
    return FeatureQuery(
        bbox=box_of(given["bbox"]) if given.get("bbox") else None,
        filter=expression,
        period=Period(start=start, end=end) if start or end else None,
        strict=True,
    )


def legend_of(
    index: FeatureIndex, record: Record, style: VectorStyle, query: FeatureQuery, languages: Sequence[str]
) -> Json:
    """Classes that are in view, in their order, each with how many features of it there are.

    `more` tells that not every value was looked at: those left are counted as other.
    """
    said: Json = {
        "type": style.type, "title": style.title or record.name(), "column": style.column, "unit": style.unit,
        "order": style.order, "numberMatched": index.count_of(query),
    }  # fmt: skip
    if style.type == "single":
        return said | {"colour": style.colour}
    if style.type == "ramp":
        return said | {"stops": [list(stop) for stop in style.stops]}
    if style.type == "ranges":
        counts, others, nothing = _counted_ranges(index, style, query, said["numberMatched"])
    else:
        found = index.tally(style.column, query, most=MOST_VALUES)
        counts, others, nothing = _counted(style, found)
        # What was not looked at are values of few features, which hardly have a colour of their own.
        if left := said["numberMatched"] - sum(count for _value, count in found):
            others, said = others + left, said | {"more": True}
    classes = [
        _class(one, counts[place], languages) for place, one in enumerate(style.classes) if counts[place]
    ]
    for count, words in ((others, OTHERS), (nothing, NOTHING)):
        if count:
            classes.append({"colour": OTHER, "label": text_in(words, languages)[0], "count": count})
    return said | {"classes": classes}


def _counted(style: VectorStyle, found: Sequence[tuple[Value | None, int]]) -> tuple[Counter[int], int, int]:
    """Features by place of their class; those of none; and those without a value."""
    place_of = _places(style)
    counts: Counter[int] = Counter()
    nothing = 0
    for value, count in found:
        if value is None or (isinstance(value, str) and not value.strip()):
            nothing += count
        else:
            counts[place_of(value)] += count
    others = counts.pop(-1, 0)
    return counts, others, nothing


def _places(style: VectorStyle) -> Callable[[Value], int]:
    """What tells the place of the class of a value; -1 where there is none."""
    places = {(type(one.value) is bool, one.value): place for place, one in enumerate(style.classes)}
    return lambda value: places.get((type(value) is bool, value), -1)


def _counted_ranges(
    index: FeatureIndex, style: VectorStyle, query: FeatureQuery, matched: int
) -> tuple[Counter[int], int, int]:
    """As `_counted`, asked range by range, for the different numbers may be as many as the features."""
    starts = [one.minimum for one in style.classes if one.minimum is not None]
    # What lies before the first range or behind the last belongs to that.
    edges = [-math.inf, *starts[1:], math.inf]
    counts = Counter({
        place: index.count_of(_with_range(query, style.column, low, high))
        for place, (low, high) in enumerate(pairwise(edges))
    })  # fmt: skip
    return counts, 0, matched - counts.total()


def _with_range(query: FeatureQuery, column: str, low: float, high: float) -> FeatureQuery:
    """Features of `query` whose number is at least `low` and less than `high`."""
    tests: list[Expression] = [
        Operation(op, (Property(column), Literal(edge)))
        for op, edge in ((">=", low), ("<", high)) if math.isfinite(edge)
    ]  # fmt: skip
    tests = tests or [Operation("not", (Operation("isNull", (Property(column),)),))]
    if query.filter is not None:
        tests.append(query.filter)
    return replace(query, filter=tests[0] if len(tests) == 1 else Operation("and", tuple(tests)))


def _class(one: StyleClass, count: int, languages: Sequence[str]) -> Json:
    label = one.label
    if isinstance(one.value, bool):
        label = text_in(YES if one.value else NO, languages)[0]
    said: Json = {"colour": one.colour, "label": label, "count": count}
    for key, value in (("value", one.value), ("minimum", one.minimum), ("maximum", one.maximum)):
        if value is not None:
            said[key] = value
    if one.age is not None:
        said |= {"age": list(one.age), "ageLabel": age_label(Span(*one.age), languages)}
    return said


def age_label(span: Span, languages: Sequence[str]) -> str:
    """Name of the shortest unit of time that holds `span`, in the first language that there is."""
    unit = unit_at(span)
    return "" if unit is None else text_in({"en": unit.name, "zh": unit.zh}, languages)[0]
