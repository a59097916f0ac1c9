"""Whatever way a search takes, it answers what looking at every record would."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craton.model.record import Period, Quantity
from craton.store import sqlite_search
from craton.store.local import LocalObjects
from craton.store.postgres import PostgresCatalogue
from craton.store.store import Store
from craton.store.testing import ids, make_record, put_all

LIMITS = {
    "all ways": {},
    "postings, then look up": {"FEW": 0, "VERY_FEW": 0, "FEW_TO_COUNT": 0},
    "postings among few": {"VERY_FEW": 0},
    "no list of words": {"MAX_WORDS": 0, "VERY_FEW": 0},
}
"""Limits of the search that force each of its ways on small data."""

WORDS = ("gold", "golden", "goldfield", "granite", "đá", "map-sheet", "铜矿床", "矿床", "แร่ทอง", "ทอง", "50")
QUERIES = (
    "",
    "gold",
    "gol",
    "go",
    "granite gold",
    '"gold granite"',
    "da",
    "铜",
    "矿床",
    "铜矿",
    "ทอง",
    "map sheet",
    "sheet",
    "5",
)

degrees = st.integers(-180, 180).map(float)
latitudes = st.integers(-90, 90).map(float)
days = st.integers(0, 40)


@st.composite
def boxes(draw):
    """A box in whole degrees, often across 180 degrees."""
    south, north = sorted((draw(latitudes), draw(latitudes)))
    return draw(degrees), south, draw(degrees), north


@st.composite
def periods(draw):
    """Some days of two months, perhaps open to a side."""
    first, last = sorted((draw(days), draw(days)))
    start, end = (f"2001-0{1 + day // 20}-{1 + day % 20:02}" for day in (first, last))
    return Period(start=start if draw(st.booleans()) else "", end=end if draw(st.booleans()) else "")


records = st.lists(
    st.fixed_dictionaries(
        {
            "bbox": st.none() | boxes(),
            "time": st.none() | periods(),
            "kind": st.sampled_from(("grid", "table")),
            "visibility": st.sampled_from(("public", "private")),
            "title": st.lists(st.sampled_from(WORDS), max_size=3).map(lambda words: {"und": " ".join(words)}),
            "quantities": st.lists(st.sampled_from(("gravity", "depth")), max_size=2).map(
                lambda names: tuple(Quantity(name=name) for name in names)
            ),
        }
    ),
    min_size=1,
    max_size=12,
)

queries = st.fixed_dictionaries(
    {
        "bbox": st.none() | boxes(),
        "time": st.none() | periods(),
        "kind": st.sampled_from((None, None, "grid")),
        "visibility": st.sampled_from((None, None, ("public",), ("public", "private"))),
        "quantity": st.sampled_from(("", "", "gravity")),
        "text": st.sampled_from(QUERIES),
    }
)


def touches(one, other):
    """Whether two boxes share a point of the sphere."""
    on_circle = any(_is_between(a[0], b) or _is_between(b[0], a) for a, b in ((one, other),))
    return on_circle and one[1] <= other[3] and other[1] <= one[3]


def _is_between(longitude, box):
    """Whether a meridian runs through a box; −180 is 180."""
    west, east = box[0], box[2]
    if west <= east:
        return any(west <= turned <= east for turned in (longitude, longitude + 360, longitude - 360))
    return longitude >= west or longitude <= east or abs(longitude) == 180


def meets(one, other):
    """Whether two periods share a moment."""
    return _ends(one)[0] <= _ends(other)[1] and _ends(other)[0] <= _ends(one)[1]


def _ends(period):
    start = datetime.fromisoformat(period.start).replace(tzinfo=UTC).timestamp() if period.start else -1e12
    end = datetime.fromisoformat(period.end).replace(tzinfo=UTC).timestamp() + 86399 if period.end else 1e12
    return start, end


SAID = {
    "": lambda title: True,
    "gold": lambda title: "gold" in title,
    "gol": lambda title: "gold" in title,
    "go": lambda title: False,
    "granite gold": lambda title: "granite" in title and "gold" in title,
    '"gold granite"': lambda title: "gold granite" in title,
    "da": lambda title: "đá" in title,
    "铜": lambda title: "铜" in title,
    "矿床": lambda title: "矿床" in title,
    "铜矿": lambda title: "铜矿" in title,
    "ทอง": lambda title: "ทอง" in title,
    "map sheet": lambda title: "map" in title,
    "sheet": lambda title: "sheet" in title,
    "5": lambda title: False,
}
"""What a text asks for, in words of the test."""


def answers(record, query):
    """Whether `record` answers `query`, found without any index."""
    conditions = (
        query["bbox"] is None or (record.bbox is not None and touches(record.bbox, query["bbox"])),
        query["time"] is None
        or (
            record.time is not None
            and bool(record.time.start + record.time.end)
            and meets(record.time, query["time"])
        ),
        query["kind"] in (None, record.kind),
        query["visibility"] is None or record.visibility in query["visibility"],
        not query["quantity"] or query["quantity"] in {q.name for q in record.quantities},
        SAID[query["text"]](record.title["und"]),
    )
    return all(conditions)


def assert_answers(store, given, asked, page):
    """Every query finds and counts the records that answer it, newest first, page by page."""
    stored = [record for record, _ in put_all(store, given)]
    for query in asked:
        expected = [record.id for record in reversed(stored) if answers(record, query)]
        assert ids(store.find(**query, limit=100)) == expected
        assert ids(store.find(**query, limit=100, order="oldest")) == expected[::-1]
        assert ids(store.find(**query, limit=page, offset=1)) == expected[1 : 1 + page]
        assert store.count(**query) == len(expected)
    assert store.check() == []


@pytest.mark.parametrize("way", LIMITS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=records, asked=st.lists(queries, min_size=1, max_size=8), page=st.integers(1, 5))
def test_sqlite_finds_what_looking_finds(monkeypatch, way, fields, asked, page):
    """SQLite, forced on each of its ways."""
    for name, value in LIMITS[way].items():
        monkeypatch.setattr(sqlite_search, name, value)
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder)) as store:
        assert_answers(store, [make_record(f"r{n}", **some) for n, some in enumerate(fields)], asked, page)


@pytest.fixture(scope="module")
def postgres(postgis_address, tmp_path_factory):
    """A store in PostgreSQL."""
    folder = tmp_path_factory.mktemp("search")
    catalogue = PostgresCatalogue(postgis_address, schema="search", create=True)
    with Store(catalogue, LocalObjects(folder / "objects"), folder / "staging") as store:
        yield store


@settings(max_examples=40, deadline=None)
@given(fields=records, asked=st.lists(queries, min_size=1, max_size=8), page=st.integers(1, 5))
def test_postgres_finds_what_looking_finds(postgres, fields, asked, page):
    """PostgreSQL, whatever its planner chooses."""
    for record in postgres.find(limit=100):
        postgres.delete(record.id)
    assert_answers(postgres, [make_record(f"r{n}", **some) for n, some in enumerate(fields)], asked, page)
