"""Records as STAC items and OGC API records."""

import json

import msgspec
import pystac
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craton.model.errors import InvalidError
from craton.model.ogc_record import from_ogc_record, to_ogc_record
from craton.model.record import (
    Asset,
    Column,
    Finding,
    Interval,
    Lineage,
    Member,
    Parent,
    Party,
    Period,
    Quantity,
    Record,
    Run,
    SourceFile,
)
from craton.model.stac import from_stac, to_stac

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(
    texts | st.sampled_from(("eo:cloud_cover", "datetime", "title")), json_values, max_size=3
)
times = st.one_of(
    st.just(""),
    st.dates().map(str),
    st.datetimes().map(lambda time: f"{time.isoformat(timespec='seconds')}Z"),
    st.datetimes().map(lambda time: f"{time.isoformat()}+07:00"),
    texts,
)
languages = st.dictionaries(st.sampled_from(("en", "zh", "lo", "th", "und")), words, max_size=3)
longitudes, latitudes = st.floats(-180, 180), st.floats(-90, 90)


@st.composite
def boxes(draw):
    """A box in degrees, perhaps across 180 degrees."""
    south, north = sorted((draw(latitudes), draw(latitudes)))
    return draw(longitudes), south, draw(longitudes), north


positions = st.tuples(longitudes, latitudes).map(list)
footprints = st.one_of(
    st.builds(lambda at: {"type": "Point", "coordinates": at}, positions),
    st.builds(
        lambda at: {"type": "LineString", "coordinates": at}, st.lists(positions, min_size=2, max_size=4)
    ),
    st.builds(
        lambda at: {"type": "Polygon", "coordinates": [[*at, at[0]]]},
        st.lists(positions, min_size=3, max_size=5),
    ),
)


def nouns(noun, **fields):
    """Random nouns of a class."""
    return st.builds(noun, **fields)


members = nouns(Member, name=words, sha256=st.just("") | hashes, size=st.integers(0, 2**50))
assets = nouns(
    Asset,
    media_type=texts | st.sampled_from(("image/tiff; application=geotiff", "text/csv")),
    members=st.lists(members, max_size=3).map(tuple),
    roles=st.lists(texts | st.just("data"), max_size=2).map(tuple),
    title=texts,
)
parents = nouns(Parent, id=words, version=st.integers(1, 9), content=texts, variable=texts)
runs = nouns(
    Run,
    process=words,
    process_version=texts,
    software=texts,
    parameters=objects,
    units=st.dictionaries(texts, texts, max_size=2),
    inputs=st.dictionaries(texts, st.lists(parents, max_size=2).map(tuple), max_size=2),
    key=hashes,
    seed=st.none() | st.integers(0, 2**31),
    actor=texts,
    started=times,
    app=texts,
)
lineages = nouns(
    Lineage,
    files=st.lists(nouns(SourceFile, path=words, sha256=hashes, size=st.integers(0, 99)), max_size=2).map(
        tuple
    ),
    parents=st.lists(parents, max_size=1).map(tuple),
    reader=texts,
    run=st.none() | runs,
    steps=st.lists(texts, max_size=2).map(tuple),
)
records = nouns(
    Record,
    id=words,
    kind=st.sampled_from(("grid", "table", "boreholes", "volume", "mesh", "series", "document")),
    title=languages,
    version=st.integers(1, 99),
    sequence=st.integers(0, 99),
    description=languages,
    bbox=st.none() | boxes(),
    footprint=st.none() | footprints,
    vertical=st.none() | nouns(Interval, minimum=numbers, maximum=numbers, unit=texts, datum=texts),
    time=st.none() | nouns(Period, start=times, end=times),
    crs=texts,
    shape=st.dictionaries(texts, st.integers(0, 9), max_size=2),
    quantities=st.lists(nouns(Quantity, name=texts, minimum=st.none() | numbers), max_size=2).map(tuple),
    columns=st.lists(nouns(Column, name=texts, type=texts), max_size=2).map(tuple),
    keywords=st.lists(texts, max_size=3).map(tuple),
    licence=texts | st.sampled_from(("CC-BY-4.0", "MIT OR Apache-2.0")),
    parties=st.lists(
        nouns(Party, name=texts, role=texts | st.just("producer"), contact=texts), max_size=2
    ).map(tuple),
    lineage=lineages,
    findings=st.lists(nouns(Finding, code=texts, count=st.integers(0, 9)), max_size=2).map(tuple),
    assets=st.dictionaries(texts, assets, max_size=2),
    content=texts,
    created=times,
    updated=times,
    properties=objects,
    visibility=st.sampled_from(("public", "partners", "private")),
    policy=texts,
    signature=texts,
)


def through_json(document):
    """The document as it comes out of a file."""
    return json.loads(json.dumps(document, allow_nan=False))


@settings(max_examples=150, deadline=None)
@given(records)
def test_a_stac_item_loses_nothing_and_is_valid(record):
    """Any record becomes an item that pystac's schemas accept, and the same record again."""
    item = through_json(to_stac(record))
    pystac.Item.from_dict(item).validate()
    assert from_stac(item) == record


@settings(max_examples=150, deadline=None)
@given(records)
def test_an_ogc_record_loses_nothing(record):
    """Any record becomes an OGC API record with what the standard demands, and the same record again."""
    document = through_json(to_ogc_record(record))
    assert {"id", "type", "geometry", "time", "properties", "links"} <= document.keys()
    assert document["type"] == "Feature"
    assert {"type", "title"} <= document["properties"].keys()
    assert document["time"] is None or len(document["time"]) == 1
    assert from_ogc_record(document) == record


RECORD = Record(
    id="loei-gravity",
    kind="grid",
    title={"en": "Gravity of Loei", "th": "ความถ่วง"},
    version=3,
    bbox=(101.0, 17.0, 102.0, 18.0),
    time=Period(start="2001-01-01", end="2001-12-31"),
    keywords=("gravity",),
    licence="CC-BY-4.0",
    parties=(Party(name="DMR", role="producer", contact="https://dmr.example"),),
    assets={
        "data": Asset(
            media_type="image/tiff",
            members=(Member(name="data.tif", sha256="ab" * 32, size=7),),
        ),
        "cube": Asset(
            media_type="application/vnd.zarr",
            members=tuple(Member(name=f"c/{n}", sha256=f"{n}" * 64, size=n) for n in range(2)),
        ),
    },
    created="2024-05-06T07:08:09Z",
    properties={"eo:cloud_cover": 5},
)


def test_standard_fields_of_an_item():
    """What STAC has a place for stands there, for readers that know nothing of Craton."""
    item = to_stac(RECORD, href=lambda asset, member: f"https://node.example/{asset}/{member}")
    said = item["properties"]
    assert item["geometry"]["coordinates"] == [
        [[101.0, 17.0], [102.0, 17.0], [102.0, 18.0], [101.0, 18.0], [101.0, 17.0]]
    ]
    assert (said["datetime"], said["start_datetime"], said["end_datetime"]) == (
        None,
        "2001-01-01T00:00:00Z",
        "2001-12-31T23:59:59Z",
    )
    assert (said["title"], said["license"], said["language"]) == (
        "Gravity of Loei",
        "CC-BY-4.0",
        {"code": "en"},
    )
    assert said["providers"] == [{"name": "DMR", "roles": ["producer"], "url": "https://dmr.example"}]
    assert said["eo:cloud_cover"] == 5
    data = item["assets"]["data"]
    assert (data["href"], data["file:size"], data["file:checksum"]) == (
        "https://node.example/data/data.tif",
        7,
        "1220" + "ab" * 32,
    )
    assert item["assets"]["cube"]["href"] == "https://node.example/cube/"


def test_only_what_the_standard_cannot_say_is_added():
    """Fields that come out of the standard ones are not told twice."""
    added = {key for key in to_stac(RECORD)["properties"] if key.startswith("craton:")}
    assert added == {"craton:kind", "craton:version", "craton:title", "craton:time"}


MOMENT = "2001-02-03T04:05:06Z"


@pytest.mark.parametrize(
    ("period", "stac", "ogc"),
    [
        (Period(start=MOMENT, end=MOMENT), MOMENT, {"timestamp": MOMENT}),
        (Period(start="2001-02-03"), "2001-02-03T00:00:00Z", {"interval": ["2001-02-03", ".."]}),
        (Period(end="2001-02-03"), "2001-02-03T23:59:59Z", {"interval": ["..", "2001-02-03"]}),
        (Period(), "2024-05-06T07:08:09Z", None),
        (None, "2024-05-06T07:08:09Z", None),
    ],
    ids=str,
)  # fmt: skip
def test_times(period, stac, ogc):
    """Moments and half-open spans; without a time, STAC's `datetime` is that of the record."""
    record = msgspec.structs.replace(RECORD, time=period)
    assert to_stac(record)["properties"]["datetime"] == stac
    assert to_ogc_record(record)["time"] == ogc
    assert from_stac(to_stac(record)) == from_ogc_record(to_ogc_record(record)) == record


def test_across_the_antimeridian():
    """A box that crosses 180 degrees becomes two polygons (RFC 7946, 3.1.9)."""
    item = to_stac(msgspec.structs.replace(RECORD, bbox=(170.0, -5.0, -170.0, 5.0)))
    assert item["bbox"] == [170.0, -5.0, -170.0, 5.0]
    wests = [polygon[0][0][0] for polygon in item["geometry"]["coordinates"]]
    assert (item["geometry"]["type"], wests) == ("MultiPolygon", [170.0, -180.0])


def test_an_item_of_someone_else():
    """A plain STAC item becomes a record whose assets are links, with hash and size where they are told."""
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "S2A_1",
        "geometry": {"type": "Point", "coordinates": [100.5, 15.5, 20.0]},
        "bbox": [100.5, 15.5, 20.0, 100.5, 15.5, 20.0],
        "properties": {
            "datetime": "2020-01-02T03:04:05Z",
            "eo:cloud_cover": 12,
            "providers": [{"name": "ESA"}],
        },
        "links": [{"rel": "self", "href": "https://other.example/1"}],
        "assets": {
            "B04": {
                "href": "https://other.example/B04.tif",
                "type": "image/tiff; application=geotiff",
                "file:size": 99,
                "file:checksum": "1220" + "cd" * 32,
            },
            "broken": {"title": "no address"},
        },
    }
    record = from_stac(item)
    assert (record.id, record.kind, record.title) == ("S2A_1", "grid", {"und": "S2A_1"})
    assert record.bbox == (100.5, 15.5, 100.5, 15.5)
    assert record.time == Period(start="2020-01-02T03:04:05Z", end="2020-01-02T03:04:05Z")
    assert record.properties == {"eo:cloud_cover": 12}
    assert record.parties == (Party(name="ESA"),)
    assert record.assets["B04"].members == (
        Member(name="https://other.example/B04.tif", sha256="cd" * 32, size=99),
    )
    again = to_stac(record)
    assert again["assets"]["B04"]["href"] == "https://other.example/B04.tif"
    assert again["properties"]["eo:cloud_cover"] == 12


def test_an_ogc_record_of_someone_else():
    """A plain OGC API record becomes a record with its enclosures as linked assets."""
    record = from_ogc_record(
        {
            "id": "ozone",
            "type": "Feature",
            "geometry": None,
            "time": {"interval": ["1924-08-17T00:00:00Z", ".."]},
            "properties": {
                "type": "dataset",
                "title": "Total ozone",
                "language": {"code": "en-CA"},
                "contacts": [{"organization": "WOUDC", "roles": ["publisher"]}],
                "license": "other",
            },
            "links": [
                {"rel": "enclosure", "href": "https://woudc.example/ozone.zip", "type": "application/zip"},
                {"rel": "collection", "href": "https://woudc.example/"},
            ],
        }
    )
    assert (record.title, record.kind, record.bbox) == ({"en-CA": "Total ozone"}, "document", None)
    assert record.time == Period(start="1924-08-17T00:00:00Z")
    assert record.parties == (Party(name="WOUDC", role="publisher"),)
    assert [asset.members[0].name for asset in record.assets.values()] == ["https://woudc.example/ozone.zip"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"id": 5, "properties": {}},
        {"id": "x", "properties": []},
        {"id": "x", "properties": {}, "bbox": "wide"},
        {"id": "x", "properties": {"craton:kind": "poem"}},
        {"id": "x", "properties": {"craton:version": "new"}},
        {"id": "x", "properties": {}, "assets": {"a": {"href": "b", "craton:members": [1]}}},
        {"id": "x", "properties": {}, "links": [{"rel": "self"}]},
    ],
    ids=str,
)
def test_what_is_no_item_is_refused(document):
    """Documents that break the standard are an `InvalidError`, not a crash."""
    with pytest.raises(InvalidError):
        from_stac(document)


@settings(max_examples=100, deadline=None)
@given(objects, st.none() | json_values, json_values)
def test_hostile_properties_are_survived(properties, geometry, time):
    """Whatever stands in a foreign document, reading ends in a record or an `InvalidError`."""
    hostile = {
        "id": "x",
        "properties": {**properties, "language": time, "providers": geometry, "keywords": time},
    }
    for read in (from_stac, from_ogc_record):
        for document in (hostile, {**hostile, "geometry": geometry, "time": time}):
            try:
                record = read(document)
            except InvalidError:
                continue
            assert record.id == "x"
