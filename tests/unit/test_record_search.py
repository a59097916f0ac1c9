"""Searching records in full: filters, orders, cursors, facets, tombstones; alike in both databases."""

import gzip
import re
from pathlib import Path

import pytest

from craton.model.cql2 import parse
from craton.model.errors import InvalidError
from craton.model.record import Party, Period, Quantity
from craton.store import facets as facets_module
from craton.store import sqlite_search
from craton.store.facets import Facets
from craton.store.local import LocalObjects
from craton.store.postgres import PostgresCatalogue
from craton.store.record_order import KEYS, cursor_of
from craton.store.search import Key, Query
from craton.store.sqlite import SqliteCatalogue
from craton.store.store import Store
from craton.store.testing import ids, make_record, put, put_all

OLD = Path(__file__).parent / "data" / "catalogue-1.sqlite.gz"
"""A catalogue as the first tables kept it: a grid, a private table in two versions, one deleted dataset."""

TRIANGLE = {"type": "Polygon", "coordinates": [[[100, 15], [102, 15], [100, 17], [100, 15]]]}

RECORDS = [
    make_record(
        "loei", kind="grid", title={"en": "Gravity of Loei", "th": "แรงโน้มถ่วง"}, licence="CC-BY-4.0",
        description={"en": "Bouguer anomaly, 100% of the belt"}, bbox=(101, 16, 102, 17), crs="EPSG:32647",
        time=Period(start="1987-05-01", end="1988-01-31"), keywords=("gravity", "Loei"),
        quantities=(Quantity(name="bouguer_anomaly"),), parties=(Party(name="Survey of Thailand"),),
        properties={"sci:doi": "10.1234/loei", "eo:cloud_cover": 12.5, "checked": True},
    ),
    make_record(
        "triangle", kind="table", title={"en": "Ágata sites"}, bbox=(100, 15, 102, 17), footprint=TRIANGLE,
        shape={"row": 7}, time=Period(start="2001-01-01", end="2001-12-31"), keywords=("gold",),
        quantities=(Quantity(name="gold_concentration"), Quantity(name="depth")),
    ),
    make_record("fiji", kind="table", title={"en": "across the line"}, bbox=(177, -20, -178, -16), shape={"row": 12}),
    make_record("paper", kind="document", title={"und": "paper*with_[signs]"}, time=Period(start="2011-06-30")),
    make_record("secret", kind="grid", title={"en": "gold vein"}, visibility="private", keywords=("gold",)),
]  # fmt: skip

FILTERS = {
    "kind = 'table'": "triangle fiji",
    "kind IN ('grid', 'document')": "loei paper secret",
    "NOT kind = 'table'": "loei paper secret",
    "id = 'loei' OR id = 'fiji'": "loei fiji",
    "title LIKE 'Gravity%'": "loei",
    "title LIKE 'gravity%'": "",
    "CASEI(title) LIKE CASEI('GRAVITY%')": "loei",
    "CASEI(title) = CASEI('ACROSS THE LINE')": "fiji",
    "ACCENTI(title) LIKE 'Agata%'": "triangle",
    "CASEI(ACCENTI(title)) LIKE 'agata _ites'": "triangle",
    "title LIKE '%*%'": "paper",
    "title LIKE '%[s]%'": "",
    "title = 'paper*with_[signs]'": "paper",
    "description LIKE '%belt'": "loei",
    "description IS NULL": "triangle fiji paper secret",
    "licence = 'CC-BY-4.0'": "loei",
    "license IS NULL": "triangle fiji paper secret",
    "crs = 'EPSG:32647'": "loei",
    "keywords = 'gold'": "triangle secret",
    "keywords IN ('gold', 'Loei')": "loei triangle secret",
    "keywords LIKE 'grav%'": "loei",
    "keywords IS NULL": "fiji paper",
    "quantities = 'depth' AND kind = 'table'": "triangle",
    "parties LIKE 'Survey%'": "loei",
    "identifiers = 'doi:10.1234/loei'": "loei",
    "rows > 7": "fiji",
    "rows BETWEEN 5 AND 10": "triangle",
    "rows * 2 = 14": "triangle",
    "rows / 0 = 1": "",
    "rows IS NULL": "loei paper secret",
    "version = 1 AND sequence <= 2": "loei triangle",
    "type = 'dataset'": "loei triangle fiji paper secret",
    "type <> 'dataset'": "",
    "updated > TIMESTAMP('2001-01-01T00:00:00Z')": "loei triangle fiji paper secret",
    "updated < DATE('2001-01-01')": "",
    "created >= '2001-01-01T00:00:00Z'": "loei triangle fiji paper secret",
    "T_DURING(updated, INTERVAL('2001-01-01', '..'))": "loei triangle fiji paper secret",
    "T_INTERSECTS(time, INTERVAL('1988-01-01', '2001-01-01'))": "loei triangle",
    "T_AFTER(time, DATE('1995-01-01'))": "triangle paper",
    "T_BEFORE(time, DATE('1995-01-01'))": "loei",
    "T_DISJOINT(time, DATE('2001-05-01'))": "loei paper",
    "T_EQUALS(time, INTERVAL('1987-05-01T00:00:00Z', '1988-01-31T23:59:59Z'))": "loei",
    "datetime < TIMESTAMP('2000-01-01T00:00:00Z')": "loei",
    "time IS NULL": "fiji secret",
    "S_INTERSECTS(geometry, POINT(101.8 16.8))": "loei",
    "S_INTERSECTS(geometry, POINT(100.1 15.1))": "triangle",
    "S_INTERSECTS(geometry, BBOX(170, -30, -170, 0))": "fiji",
    "S_INTERSECTS(geometry, BBOX(-179, -19, -178.5, -17))": "fiji",
    "S_INTERSECTS(BBOX(90, 0, 110, 30), geometry)": "loei triangle",
    "S_WITHIN(geometry, BBOX(100.5, 15.5, 103, 18))": "loei",
    "S_CONTAINS(geometry, POINT(100.2 15.2))": "triangle",
    "S_CONTAINS(POLYGON((90 0, 110 0, 110 30, 90 30, 90 0)), geometry)": "loei triangle",
    "S_DISJOINT(geometry, BBOX(90, 0, 110, 30))": "fiji",
    "S_EQUALS(geometry, POLYGON((101 16, 102 16, 102 17, 101 17, 101 16)))": "loei",
    "geometry IS NULL": "paper secret",
    "TRUE AND kind = 'grid'": "loei secret",
    '"own:eo:cloud_cover" < 20': "loei",
    '"own:eo:cloud_cover" BETWEEN 20 AND 30': "",
    '"own:eo:cloud_cover" + 1 = 13.5': "loei",
    '"own:eo:cloud_cover" = \'12.5\'': "",
    '"own:sci:doi" LIKE \'10.%\' OR "own:x" IN (1, 2)': "loei",
    'CASEI("own:sci:doi") = \'10.1234/loei\'': "loei",
    '"own:checked" = TRUE': "loei",
    '"own:checked" IS NULL': "triangle fiji paper secret",
    '"own:sci:doi" = "own:sci:doi"': "loei",
}  # fmt: skip
"""Filters and the records that answer them."""

REFUSED = (
    "colour = 'red'", "title > 5", "rows = 'x'", "kind = NULL", "geometry = 'x'", "title = id + 1", "time = 'soon'",
    "S_INTERSECTS(title, POINT(0 0))", "S_INTERSECTS(geometry, geometry)", "kind LIKE '%a%a%a%a%a%a%a%a%a%a'",
    "keywords = rows", "keywords = quantities", "T_AFTER(title, DATE('2001-01-01'))", "rows ^ 2 = 4", "title",
    "rows > 1e300", "T_AFTER(time, kind)", "rows BETWEEN 'a' AND 'b'", "rows IN (1, 'a')", "casei(rows) = 'a'",
)  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def store(request, tmp_path_factory):
    """A store with `RECORDS`."""
    folder = tmp_path_factory.mktemp("records")
    if request.param == "sqlite":
        catalogue = SqliteCatalogue(folder / "catalogue.sqlite", create=True)
    else:
        address = request.getfixturevalue("postgis_address")
        catalogue = PostgresCatalogue(address, schema="record_search", create=True)
    with Store(catalogue, LocalObjects(folder / "objects"), folder / "staging") as store:
        put_all(store, RECORDS)
        yield store


def find(store, **conditions):
    """Ids of the records that answer, the oldest first."""
    return ids(store.search(Query(**{"order": "oldest", "limit": 100} | conditions)))


@pytest.mark.parametrize("text", FILTERS)
def test_filters(store, text):
    """A filter finds what it says, with a count of the same size, in both databases."""
    expression = parse(text)
    assert find(store, filter=expression) == FILTERS[text].split()
    assert store.catalogue.count(Query(filter=expression)) == len(FILTERS[text].split())
    by_title = find(store, filter=expression, sort=(Key("title"),))
    assert sorted(by_title) == sorted(FILTERS[text].split())


@pytest.mark.parametrize("text", REFUSED)
def test_filters_that_are_refused(store, text):
    """What no record can be asked is refused with words, not by the database."""
    with pytest.raises(InvalidError):
        find(store, filter=parse(text))


def test_conditions_on_names(store):
    """Ids, kinds, licences, names of lists and identifiers given elsewhere: one of each list must fit."""
    asked = {
        "ids": (("fiji", "nobody"), "fiji"),
        "kinds": (("grid", "mesh"), "loei secret"),
        "licences": (("CC-BY-4.0",), "loei"),
        "quantities": (("depth", "bouguer_anomaly"), "loei triangle"),
        "keywords": (("gold",), "triangle secret"),
        "parties": (("Survey of Thailand",), "loei"),
        "identifiers": (("doi:10.1234/loei",), "loei"),
    }
    for name, (words, found) in asked.items():
        assert find(store, **{name: words}) == found.split(), name
        assert find(store, **{name: words}, sort=(Key("id"),)) == sorted(found.split()), name
    assert find(store, identifiers=("10.1234/loei",)) == ["loei"]
    assert find(store, keywords=("gold",), visibility=("public",)) == ["triangle"]
    assert find(store, updated=Period(start="2001-01-01")) == [record.id for record in RECORDS]
    assert find(store, updated=Period(end="2001-01-01")) == []
    assert find(store, created=Period(start="2001-01-01"), kinds=("document",)) == ["paper"]


def test_one_of_several_texts(store):
    """Of several texts one must be said; each is a phrase or words."""
    assert find(store, any_text=('"gravity of"', "paper")) == ["loei", "paper"]
    assert find(store, any_text=('"loei gravity"',)) == []
    assert find(store, any_text=("loei gravity",)) == ["loei"]
    assert find(store, any_text=("gold", "line"), text="vein") == ["secret"]
    assert find(store, any_text=("...",)) == []
    assert find(store, any_text=("gold", "line"), sort=(Key("title"),)) == ["fiji", "secret", "triangle"]


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("name", KEYS)
def test_orders_and_cursors(store, name, falls):
    """Every key sorts, both ways, and cursors take one record after the other, without gap or repetition."""
    key = Key(name, falls)
    whole = find(store, sort=(key,))
    assert sorted(whole) == sorted(record.id for record in RECORDS)
    cursor, pages = "", []
    while page := store.search(Query(sort=(key,), limit=1, cursor=cursor)):
        pages += ids(page)
        cursor = cursor_of(Query(sort=(key,)), page[-1])
    assert pages == whole


def test_several_keys(store):
    """The second key decides where the first is the same."""
    keys = (Key("kind", falls=True), Key("title"))
    assert find(store, sort=keys) == ["fiji", "triangle", "secret", "loei", "paper"]
    first = store.search(Query(sort=keys, limit=2))
    assert find(store, sort=keys, cursor=cursor_of(Query(sort=keys), first[-1])) == [
        "secret",
        "loei",
        "paper",
    ]
    assert find(store, sort=(Key("title"),), kinds=("table",)) == ["fiji", "triangle"]


@pytest.mark.parametrize(
    "cursor", ["x", "e30", "é", "W10", "a" * 9000, "W1siK3RpdGxlIiwiK3NlcXVlbmNlIl0sWzEsMl1d"]
)
def test_cursors_of_others(store, cursor):
    """A cursor that this search did not give is refused."""
    with pytest.raises(InvalidError, match="cursor"):
        find(store, sort=(Key("title"),), cursor=cursor)


def test_orders_that_there_are_not(store):
    """An unknown key is refused, and told which there are."""
    with pytest.raises(InvalidError, match="cannot be sorted"):
        find(store, sort=(Key("colour"),))


def test_facets(store):
    """Values are counted among what the asker may see and what answers."""
    fields = ("kind", "keyword", "quantity", "licence", "party", "decade")
    whole = store.catalogue.facets(Query(visibility=("public",)), fields, 10)
    assert whole == Facets(
        4, whole=True,
        fields={
            "kind": [("table", 2), ("document", 1), ("grid", 1)],
            "keyword": [("Loei", 1), ("gold", 1), ("gravity", 1)],
            "quantity": [("bouguer_anomaly", 1), ("depth", 1), ("gold_concentration", 1)],
            "licence": [("CC-BY-4.0", 1)], "party": [("Survey of Thailand", 1)],
            "decade": [("1980", 1), ("2000", 1), ("2010", 1)],
        },
    )  # fmt: skip
    some = store.catalogue.facets(Query(filter=parse("type = 'dataset'"), visibility=("public",)), fields, 10)
    assert some == whole
    gold = store.catalogue.facets(Query(text="gold"), ("kind", "keyword"), 1)
    assert gold == Facets(2, whole=True, fields={"kind": [("grid", 1)], "keyword": [("gold", 2)]})
    assert store.catalogue.facets(Query(visibility=()), ("kind",), 5) == Facets(
        0, whole=True, fields={"kind": []}
    )
    with pytest.raises(InvalidError, match="not counted"):
        store.catalogue.facets(Query(), ("title",), 5)


def test_facets_of_too_many_answers(store, monkeypatch):
    """Of more answers than are counted, the newest are, and it is told."""
    monkeypatch.setattr(facets_module, "MOST_COUNTED", 1)
    found = store.catalogue.facets(Query(filter=parse("kind = 'table'")), ("kind",), 5)
    assert (found.counted, found.whole) == (1, False)


def test_counting_ends(store):
    """Counting can stop at a number."""
    assert (
        store.catalogue.count(Query(kinds=("table",)), 2)
        == store.catalogue.count(Query(kinds=("table", "grid")), 2)
        == 2
    )


def test_bounds(store):
    """Number, box and time of each kind."""
    seen = store.catalogue.bounds(("public",))
    assert list(seen) == ["document", "grid", "table"]
    assert seen["grid"][:5] == (1, 101, 16, 102, 17)
    assert store.catalogue.bounds(None)["grid"][0] == 2


@pytest.mark.parametrize("way", ["few", "index"])
def test_all_ways_in_another_order(store, way, monkeypatch):
    """SQLite sorts a small set or walks the index of the order: the answers are the same."""
    if way == "index":
        monkeypatch.setattr(sqlite_search, "FEW_TO_SORT", 0)
    for name in KEYS:
        for conditions in ({"kinds": ("table",)}, {"text": "gold"}, {"filter": parse("keywords = 'gold'")}):
            found = find(store, **conditions, sort=(Key(name),))
            assert sorted(found) == sorted(find(store, **conditions))


def test_tombstones(tmp_path, request):
    """They are listed for those who could see the dataset, by id, time and change; a new one takes their place."""
    for number, catalogue in enumerate(_catalogues(tmp_path, request)):
        with Store(catalogue, LocalObjects(tmp_path / f"o{number}"), tmp_path / f"s{number}") as store:
            put_all(store, RECORDS)
            for id in ("loei", "secret"):
                store.delete(id, "a mistake")
            assert [grave.id for grave in catalogue.graves(Query(order="oldest"))] == ["loei", "secret"]
            assert [(g.id, g.visibility) for g in catalogue.graves(Query(visibility=("public",)))] == [
                ("loei", "public")
            ]
            assert catalogue.grave("secret").visibility == "private"
            assert [g.id for g in catalogue.graves(Query(ids=("secret",)))] == ["secret"]
            assert catalogue.graves(Query(updated=Period(end="2001-01-01"))) == []
            harvest = parse("updated > TIMESTAMP('2001-01-01T00:00:00Z') AND kind = 'grid'")
            page = catalogue.graves(Query(filter=harvest, sort=(Key("sequence"),), limit=1))
            cursor = cursor_of(Query(sort=(Key("sequence"),)), make_record(sequence=page[0].sequence))
            rest = catalogue.graves(Query(filter=harvest, sort=(Key("sequence"),), cursor=cursor))
            assert [grave.id for grave in (*page, *rest)] == ["loei", "secret"]
            assert catalogue.graves(Query(filter=parse("updated < DATE('2001-01-01')"))) == []
            put(store, RECORDS[0])
            assert catalogue.grave("loei") is None
            assert store.check() == []


def _catalogues(tmp_path, request):
    yield SqliteCatalogue(tmp_path / "catalogue.sqlite", create=True)
    address = request.getfixturevalue("postgis_address")
    name = "graves_" + re.sub(r"\W", "_", tmp_path.name.lower())
    yield PostgresCatalogue(address, schema=name, create=True)


def test_numbers_follow_every_change(tmp_path):
    """What is counted stays right when datasets change, hide and go; a wrong number is found by check."""
    with Store.create(tmp_path) as store:
        put_all(store, RECORDS)
        put(store, make_record("loei", kind="grid", keywords=("new",), visibility="partners"))
        store.delete("triangle")
        public = store.catalogue.facets(Query(visibility=("public",)), ("kind", "keyword"), 5)
        assert public.fields == {"kind": [("document", 1), ("table", 1)], "keyword": []}
        assert store.count(visibility=("partners",)) == 1
        assert store.check() == []
        with store.catalogue._writing() as session:
            session.run("UPDATE counts SET number = 7 WHERE field = 'kind'")
        assert [problem.subject for problem in store.check()] == ["counts"]


def test_a_catalogue_of_the_first_tables_opens(tmp_path):
    """A node that an earlier release made is searched, sorted and counted as a new one, and loses nothing."""
    (tmp_path / "catalogue.sqlite").write_bytes(gzip.decompress(OLD.read_bytes()))
    (tmp_path / "objects").mkdir()
    for _ in range(2):
        with Store.open(tmp_path) as store:
            assert find(store, sort=(Key("title"),)) == ["loei-gravity", "sites"]
            assert find(store, filter=parse("keywords = 'Loei' AND licence = 'CC-BY-4.0'")) == [
                "loei-gravity"
            ]
            assert find(store, filter=parse("rows = 8 AND updated > DATE('2020-01-01')")) == ["sites"]
            seen = store.catalogue.facets(Query(visibility=("public",)), ("kind", "party"), 5)
            assert seen.fields == {"kind": [("grid", 1)], "party": [("Survey", 1)]}
            assert store.get("sites", 1).title == {"en": "Sites"}
            assert store.catalogue.grave("gone").visibility == "private"
            assert store.catalogue.graves(Query(visibility=("public",))) == []
            assert {problem.code for problem in store.check()} == {"object-missing"}


@pytest.mark.parametrize("bbox", [None, (99, 14, 103, 18), (170, -30, -170, 0)])
def test_a_time_is_that_of_the_record_or_of_its_last_change(store, bbox):
    """`told` finds by time what has one, and by its last change what has none, with a box and without."""
    now = Period(start="2020-01-01")
    then = Period(start="1988-01-01", end="1988-12-31")
    within = {None: {"loei", "triangle", "fiji", "paper", "secret"}, 99: {"loei", "triangle"}, 170: {"fiji"}}
    wanted = within[bbox and bbox[0]]
    current = {"paper", *(record.id for record in RECORDS if record.time is None)}
    assert set(ids(store.search(Query(bbox=bbox, told=then)))) == wanted & {"loei"}
    assert set(ids(store.search(Query(bbox=bbox, told=now)))) == wanted & current
    assert store.catalogue.count(Query(bbox=bbox, told=now)) == len(wanted & current)
