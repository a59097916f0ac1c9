"""Features found in SQL are those that looking at each of them finds."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from pathlib import Path

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.featured import featured

from craton.model.cql2 import (
    COMPARISONS,
    SPATIAL,
    TEMPORAL,
    Literal,
    Moments,
    Operation,
    Place,
    Property,
    parse,
)
from craton.model.cql2_evaluate import matches
from craton.store import feature_query
from craton.store.feature_index import FeatureQuery

QUIET = settings(
    deadline=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ROWS = 120

WORDS = [
    "",
    "gold",
    "Gold",
    "GOLD",
    "Ångström",
    "angstrom",
    "50%",
    "a_b",
    "a\\b",
    "铜矿",
    "แร่",
    "it's",
    '"',
    "x'; DROP TABLE value; --",
]

LETTERS = st.sampled_from(["a", "g", "G", "o", "%", "_", "\\", "'", "å", "铜", "5", "\n"])


def table() -> gpd.GeoDataFrame:
    """Rows of every type of column, some of each missing, some without a geometry."""
    random = np.random.default_rng(7)

    def some(values: list) -> list:
        return [values[n] for n in random.integers(0, len(values), ROWS)]

    days = [dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(4)]
    times = [pd.Timestamp(2020, 1, 1) + pd.Timedelta(hours=n) for n in range(0, 90, 6)]
    x, y = random.integers(-4, 5, ROWS) + 100.0, random.integers(-4, 5, ROWS) + 10.0
    size = random.integers(1, 4, ROWS) / 2
    shapes = [
        (shapely.Point(e, n), shapely.box(e, n, e + s, n + s), shapely.LineString([(e, n), (e + s, n - s)]),
         shapely.MultiPoint([(e, n), (e + 2 * s, n + 2 * s)]), None)[k]
        for e, n, s, k in zip(x, y, size, random.integers(0, 5, ROWS), strict=True)
    ]  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "text": pd.array(some([*WORDS, None]), dtype="string"),
            "whole": pd.array(some([-(2**62), -2, -1, 0, 1, 2, 3, 2**53 + 1, None]), dtype="Int64"),
            "number": some([-1.5, -1.0, 0.0, 0.1, 1.0, 2.0, 1e300, math.nan]),
            "flag": pd.array(some([True, False, None]), dtype="boolean"),
            "day": some([*days, None]),
            "time": some([*times, pd.NaT]),
            "later": some([*times, pd.NaT]),
            'odd "name"; --': random.integers(0, 3, ROWS),
        },
        geometry=shapes,
        crs="EPSG:4326",
    )


@pytest.fixture(scope="module")
def index():
    with tempfile.TemporaryDirectory() as folder:
        yield featured(table(), "table", Path(folder) / "node", crs="EPSG:4326")


def _plain(value: object) -> object:
    """A cell as the evaluator takes it."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


FRAME = table()
FEATURES = [
    ({name: _plain(row[name]) for name in FRAME.columns if name != "geometry"}, row["geometry"])
    for _, row in FRAME.iterrows()
]


def looked_at(expression: object) -> list[int]:
    """Numbers of the features that the evaluator lets pass."""
    return [
        n for n, (values, geometry) in enumerate(FEATURES, start=1) if matches(expression, values, geometry)
    ]


def prop(*names: str) -> st.SearchStrategy:
    return st.sampled_from([Property(name) for name in names])


numbers = st.one_of(
    st.integers(-3, 3), st.sampled_from([0.1, 0.5, -1.5, 2.0**53, 2**53 + 1, 1e300, None])
).map(Literal)
columns_of_numbers = prop("whole", "number", 'odd "name"; --')
calculated = st.recursive(
    st.one_of(columns_of_numbers, numbers),
    lambda inner: st.builds(
        lambda op, a, b: Operation(op, (a, b)),
        st.sampled_from(["+", "-", "*", "/", "%", "div", "^"]),
        inner,
        inner,
    ),
    max_leaves=5,
)
texts = st.one_of(prop("text"), st.sampled_from([*WORDS, None]).map(Literal))
changed = st.recursive(
    texts,
    lambda inner: st.builds(lambda op, a: Operation(op, (a,)), st.sampled_from(["casei", "accenti"]), inner),
    max_leaves=2,
)
patterns = st.lists(LETTERS, max_size=6).map("".join).map(Literal)
days = st.integers(-1, 5).map(lambda n: dt.date(2020, 1, 1) + dt.timedelta(days=n))
instants = st.integers(-6, 100).map(lambda h: dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=h))


@st.composite
def moments(draw):
    """A date, a time, or an interval with sides known, open, or in a column."""
    if draw(st.booleans()):
        moment = draw(st.one_of(days, instants))
        return Moments(moment, moment, "timestamp" if isinstance(moment, dt.datetime) else "date")
    side = st.one_of(days, instants, st.none(), prop("day", "time", "later"))
    return Moments(draw(side), draw(side))


times = st.one_of(prop("day", "time", "later"), moments())
scalar_times = st.one_of(prop("day", "time"), moments().filter(lambda m: m.kind != "interval"))
boxes = st.tuples(st.integers(94, 106), st.integers(4, 16), st.integers(0, 5), st.integers(0, 5))
places = st.one_of(
    boxes.map(lambda b: shapely.envelope(shapely.MultiPoint([(b[0], b[1]), (b[0] + b[2], b[1] + b[3])]))),
    st.tuples(st.integers(96, 104), st.integers(6, 14)).map(shapely.Point),
    st.just(shapely.Polygon([(96, 6), (104, 8), (99, 14)])),
    st.just(shapely.LineString([(96, 6), (104, 14)])),
).map(Place)
geometry = st.just(Property("geometry"))


def operation(op: st.SearchStrategy, *args: st.SearchStrategy) -> st.SearchStrategy:
    return st.tuples(op, *args).map(lambda drawn: Operation(drawn[0], tuple(drawn[1:])))


def either(args: tuple) -> st.SearchStrategy:
    return st.permutations(args)


comparison = st.sampled_from(sorted(COMPARISONS))
conditions = st.one_of(
    operation(comparison, calculated, calculated),
    operation(comparison, changed, changed),
    operation(comparison, scalar_times, scalar_times),
    operation(comparison, prop("flag"), st.sampled_from([True, False, None]).map(Literal)),
    operation(st.just("like"), changed, patterns),
    operation(st.just("between"), calculated, calculated, calculated),
    operation(st.just("between"), scalar_times, scalar_times, scalar_times),
    operation(st.just("in"), calculated, numbers, numbers, calculated),
    operation(st.just("in"), changed, texts, texts),
    operation(st.just("in"), columns_of_numbers, numbers, numbers, numbers),
    operation(st.just("isNull"), st.one_of(calculated, changed, prop("day", "flag"), geometry)),
    operation(st.sampled_from(sorted(TEMPORAL)), times, times),
    operation(st.sampled_from(sorted(SPATIAL)), geometry, places),
    operation(st.sampled_from(sorted(SPATIAL)), places, geometry),
    prop("flag"),
    st.sampled_from([True, False, None]).map(Literal),
)
expressions = st.recursive(
    conditions,
    lambda inner: st.one_of(
        operation(st.just("not"), inner),
        st.builds(
            lambda op, args: Operation(op, tuple(args)),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=4),
        ),
    ),
    max_leaves=6,
)


@QUIET
@example(
    expression=Operation("<", (Property("text"), Operation("casei", (Literal(None),)))),
)
@given(expression=expressions)
def test_a_filter_in_sql_passes_what_the_evaluator_passes(index, expression) -> None:
    """Pages of a filter hold exactly the features for which the evaluator says true, in their order."""
    expected = looked_at(expression)
    page = index.page(FeatureQuery(filter=expression, limit=ROWS))
    assert page.ids == expected
    assert index.count_of(FeatureQuery(filter=expression)) == len(expected)


@settings(QUIET, max_examples=150)
@given(
    box=boxes,
    expression=st.none() | expressions,
    cost=st.sampled_from([0.0, 0.1, 1e9]),
    limit=st.integers(1, 40),
    strict=st.booleans(),
)
def test_pages_of_a_box_join_to_the_whole(index, monkeypatch, box, expression, cost, limit, strict) -> None:
    """Whether the tree or the rows are asked, page after page gives what touches the box, each once."""
    monkeypatch.setattr(feature_query, "ROW_COST", cost)
    bounds = (box[0], box[1], box[0] + box[2], box[1] + box[3])
    frame = shapely.envelope(shapely.MultiPoint([bounds[:2], bounds[2:]]))
    passed = looked_at(Literal(True) if expression is None else expression)
    expected = [
        n for n in passed
        if (not strict if FEATURES[n - 1][1] is None else shapely.intersects(FEATURES[n - 1][1], frame))
    ]  # fmt: skip
    found: list[int] = []
    after, more = None, True
    while more:
        page = index.page(
            FeatureQuery(bbox=bounds, filter=expression, after=after, limit=limit, strict=strict)
        )
        found += page.ids
        after, more = (page.ids or [0])[-1], page.more
    assert found == expected
    assert index.count_of(FeatureQuery(bbox=bounds, filter=expression, strict=strict)) == len(expected)
    by_offset = index.page(FeatureQuery(bbox=bounds, filter=expression, offset=3, limit=5, strict=strict))
    assert by_offset.ids == expected[3:8]


@settings(QUIET, max_examples=100)
@given(box=boxes, limit=st.integers(1, 40), most=st.sampled_from([0.0, 1e9]), strict=st.booleans())
def test_pages_in_the_order_of_the_tree_join_to_the_whole(
    index, monkeypatch, box, limit, most, strict
) -> None:
    """Page after page gives what touches the box, each once, each page in the order of numbers."""
    monkeypatch.setattr(feature_query, "FEW", -1)
    monkeypatch.setattr(feature_query, "SKIP_COST", most)
    bounds = (box[0], box[1], box[0] + box[2], box[1] + box[3])
    expected = index.page(FeatureQuery(bbox=bounds, limit=ROWS, strict=strict)).ids
    pages = [
        index.page(FeatureQuery(bbox=bounds, offset=offset, limit=limit, strict=strict, any_order=True))
        for offset in range(0, max(len(expected), 1), limit)
    ]
    assert sorted(id for page in pages for id in page.ids) == expected
    assert all(page.ids == sorted(page.ids) for page in pages)
    assert [page.more for page in pages[:-1]] == [True] * (len(pages) - 1)
    assert not pages[-1].more


@pytest.fixture(scope="module")
def pieces():
    """Boxes, lines and points, each in one piece, on a coarse net so that sides often touch."""
    random = np.random.default_rng(3)
    shapes = []
    for _ in range(150):
        e, n, w, h = (random.integers(low, high) / 3 for low, high in ((0, 30), (0, 30), (0, 6), (0, 6)))
        shapes += [shapely.LineString([(e, n), (e + w, n + h), (e, n + h)]), shapely.Point(e, n)]
        shapes += [shapely.Polygon([(e, n), (e + w + 1, n), (e, n + h + 1)])]
    with tempfile.TemporaryDirectory() as folder:
        frame = gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4326")
        yield featured(frame, "table", Path(folder) / "node", crs="EPSG:4326"), np.array(shapes)


thirds = st.integers(-2, 40).map(lambda n: n / 3)


@settings(QUIET, max_examples=300)
@given(one=st.tuples(thirds, thirds), other=st.tuples(thirds, thirds), cost=st.sampled_from([0.0, 1e9]))
def test_a_box_finds_what_touches_it_and_nothing_else(pieces, monkeypatch, one, other, cost) -> None:
    """Also where only a side or a corner is shared, and where the tree's boxes are a little too large."""
    monkeypatch.setattr(feature_query, "ROW_COST", cost)
    index, shapes = pieces
    west, east = sorted((one[0], other[0]))
    south, north = sorted((one[1], other[1]))
    frame = shapely.envelope(shapely.MultiPoint([(west, south), (east, north)]))
    expected = (np.flatnonzero(shapely.intersects(shapes, frame)) + 1).tolist()
    page = index.page(FeatureQuery(bbox=(west, south, east, north), limit=1_000))
    assert page.ids == expected
    halves = [
        index.page(FeatureQuery(bbox=(west, south, east, north), limit=9, offset=n)).ids for n in (0, 9, 18)
    ]
    assert [id for half in halves for id in half] == expected[:27]


@settings(QUIET, max_examples=60)
@given(
    name=st.sampled_from(["text", "whole", "number", "flag", "day", "time"]),
    descending=st.booleans(),
    offset=st.integers(0, ROWS),
)
def test_sorting_puts_what_is_missing_last(index, name, descending, offset) -> None:
    """A sorted page is in the order of Python, ties by number, and NULL at the end either way."""
    values = [values[name] for values, _ in FEATURES]
    known = sorted(
        (n for n in range(ROWS) if values[n] is not None), key=lambda n: values[n], reverse=descending
    )
    if descending:
        known.sort(key=lambda n: n)
        known.sort(key=lambda n: values[n], reverse=True)
    missing = [n for n in range(ROWS) if values[n] is None]
    expected = [n + 1 for n in (*known, *missing)]
    page = index.page(FeatureQuery(sort=((name, descending),), offset=offset, limit=20))
    assert page.ids == expected[offset : offset + 20]
    assert page.more == (offset + 20 < ROWS)


@settings(QUIET, max_examples=300)
@given(text=st.text(max_size=60))
def test_any_text_is_a_filter_or_refused(index, text) -> None:
    """Whatever is sent as a filter, property or value, the answer is a page or one error of ours."""
    from craton.model.errors import InvalidError

    for query in (
        lambda: FeatureQuery(filter=parse(text)),
        lambda: FeatureQuery(filter=parse(text, "cql2-json")),
        lambda: FeatureQuery(equal=((text, text),)),
        lambda: FeatureQuery(sort=((text, False),)),
        lambda: FeatureQuery(properties=(text,)),
        lambda: FeatureQuery(equal=(("text", text), ("number", text), ("day", text), ("flag", text))),
    ):
        try:
            page = index.page(query())
        except InvalidError:
            continue
        assert all(msgspec.json.decode(one)["type"] == "Feature" for one in page.features)
