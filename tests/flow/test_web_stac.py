"""STAC API 1.0: its validator, pystac-client, pystac and GDAL against a node; search in both ways."""

import io
import json
import sys
from pathlib import Path

import msgspec
import pystac
import pystac_client
import pytest
import rasterio
import requests
from click.testing import CliRunner
from pystac.validation.local_validator import get_local_schema_cache
from tests.serving import Served, make_node

from craton.model.record import Period, Record
from craton.model.stac import from_stac
from craton.store.store import Store

PROJECTIONS = [
    f"https://stac-extensions.github.io/projection/v{version}/schema.json" for version in ("1.1.0", "2.0.0")
]
"""Ours, and the one that pystac brings items up to."""

NUMBERS = {"type": "array", "items": {"type": "number"}}
PROJECTION_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "properties": {
        "properties": {"properties": {"proj:epsg": {"type": ["integer", "null"]}}},
        "assets": {
            "additionalProperties": {"properties": {"proj:shape": NUMBERS, "proj:transform": NUMBERS}}
        },
    },
}
"""What of the projection extension our items use."""

REGION = {"type": "Polygon", "coordinates": [[[90, 0], [120, 0], [120, 40], [90, 40], [90, 0]]]}


@pytest.fixture(scope="module")
def schemas():
    """Schemas of STAC by their address, from the copies that pystac has."""
    known = {address.rstrip("#"): schema for address, schema in get_local_schema_cache().items()}
    return {**known, **dict.fromkeys(PROJECTIONS, PROJECTION_SCHEMA)}


@pytest.fixture(autouse=True)
def _offline(monkeypatch, schemas):
    """Schemas come from the copies."""
    send = requests.Session.send

    def answered(session, request, **options):
        body = schemas.get(request.url.split("#")[0])
        if body is None:
            return send(session, request, **options)
        reply = requests.Response()
        reply.status_code, reply.url, reply.request = 200, request.url, request
        reply.headers["Content-Type"] = "application/json"
        reply.raw = io.BytesIO(json.dumps(body).encode())
        return reply

    monkeypatch.setattr(requests.Session, "send", answered)
    validator = pystac.validation.JsonSchemaSTACValidator()
    validator.schema_cache.update(dict.fromkeys(PROJECTIONS, PROJECTION_SCHEMA))
    monkeypatch.setattr(pystac.validation.RegisteredValidator, "_validator", validator)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A served node."""
    folder = make_node(tmp_path_factory.mktemp("node") / "node")
    with Store.open(folder) as store:
        store.put_many([
            Record(id="survey", kind="table", title={"en": "Survey", "th": "สำรวจ"}, bbox=(177, -20, -178, -16),
                   time=Period(start="1987-05-01", end="1988-01-31"), properties={"eo:cloud_cover": 5}),
            Record(id="hidden-one", kind="table", title={"en": "hidden"}, visibility="private"),
        ])  # fmt: skip
    with Served(folder, "") as server:
        yield server


@pytest.fixture
def client(node):
    """A client of others."""
    return pystac_client.Client.open(f"{node.address}/stac")


def search(node, **body):
    """Ids that a posted search finds."""
    reply = node.client.post("/stac/search", json={"limit": 100, **body})
    assert reply.status_code == 200, reply.text
    return {item["id"] for item in reply.json()["features"]}


@pytest.mark.filterwarnings("ignore:get_all_items is deprecated")
def test_the_validator(node, monkeypatch):
    """stac-api-validator finds no error in any class that it knows and the node keeps."""
    monkeypatch.setattr(sys, "argv", ["stac-api-validator"])
    from stac_api_validator.__main__ import main

    classes = ("core", "collections", "features", "item-search", "filter", "item-search#sort", "item-search#fields",
               "features#sort", "features#fields")  # fmt: skip
    arguments = ["--root-url", f"{node.address}/stac", "--collection", "grid", "--geometry", json.dumps(REGION),
                 "--fields-nested-property", "properties.title", "--validate-pagination", "--log-level", "ERROR"]  # fmt: skip
    for name in classes:
        arguments += ["--conformance", name]
    done = CliRunner().invoke(main, arguments)
    assert "Errors: none" in done.output, done.output[-4000:]


def test_every_item_is_valid(client):
    """Pystac reads and validates the catalogue, all collections and all items."""
    client.validate()
    assert {collection.id for collection in client.get_collections()} == {"document", "grid", "table"}
    for collection in client.get_collections():
        collection.validate()
    items = list(client.search(limit=3).items())
    assert len({item.id for item in items}) == len(items) > 6
    for item in items:
        item.validate()


def test_pages_of_both_methods(client):
    """All items come once, asked by address or by body, a page at a time, in an order or in none."""
    whole = {item.id for item in client.search(limit=100).items()}
    for method in ("GET", "POST"):
        for order in ("-title", "datetime", None):
            items = [item.id for item in client.search(method=method, limit=2, sortby=order).items()]
            assert sorted(items) == sorted(whole)


def test_gdal_reads_a_search_as_one_raster(node):
    """GDAL lays the grids that a search finds beside each other."""
    with rasterio.open(f'STACIT:"{node.address}/stac/search?collections=grid":asset=data') as raster:
        assert (raster.crs.to_epsg(), raster.count) == (4326, 1)
        assert raster.bounds.right > 105


def test_items_come_back_as_records(node):
    """Another node reads an item and has the record that this one has."""
    with Store.open(node.folder, read_only=True) as store:
        for id, kind in (("survey", "table"), ("sites-1", "table")):
            item = node.get(f"/stac/collections/{kind}/items/{id}", headers={"Accept-Language": "th"}).json()
            assert from_stac(item) == store.get(id)
        item = node.get("/stac/search?collections=grid&limit=1").json()["features"][0]
        record, stored = from_stac(item), store.get(item["id"])
        assert (record.properties, record.title, record.crs) == (stored.properties, stored.title, stored.crs)


def test_search_by_place_time_and_words(node):
    """Boxes, geometries, times, identifiers, collections, words."""
    assert search(node, bbox=[170, -30, -170, 0]) == {"survey"}
    assert search(node, intersects={"type": "Point", "coordinates": [178, -18]}) == {"survey"}
    assert search(node, datetime="1987-06-01T00:00:00Z") == {"survey"}
    assert search(node, datetime="2020-01-01T00:00:00Z/..", ids=["sites-1", "survey"]) == {"sites-1"}
    assert search(node, collections=["table"], q="survey") == {"survey"}
    assert search(node, q=["survey", "gravity"]) >= {"survey"}
    assert search(node, collections=["nothing"]) == set()
    assert search(node, ids=["hidden-one"]) == set()


def test_filters(node):
    """CQL2 on names of items, also on properties that only some have."""

    def found(text):
        return search(node, filter=text, **{"filter-lang": "cql2-text"})

    assert found("collection = 'table' AND id = 'survey'") == {"survey"}
    assert found("eo:cloud_cover < 10") == {"survey"}
    assert found("properties.datetime < TIMESTAMP('2000-01-01T00:00:00Z')") == {"survey"}
    assert "sites-1" in found("datetime > TIMESTAMP('2020-01-01T00:00:00Z')")
    assert found("title LIKE 'Surv%'") == {"survey"}
    said = {"op": "between", "args": [{"property": "eo:cloud_cover"}, [0, 9]]}
    assert search(node, filter=said) == {"survey"}
    for address in ("/stac/queryables", "/stac/collections/grid/queryables"):
        schema = node.get(address).json()
        assert schema["$id"] == node.address + address
        assert "geometry" in schema["properties"]


def test_fields(node):
    """Only the parts that are wanted come; identifiers always."""

    def item(**query):
        return node.get("/stac/search", params={"ids": "survey", **query}).json()["features"][0]

    assert set(item(fields="id,properties.title")) == {
        "type",
        "stac_version",
        "id",
        "collection",
        "properties",
    }
    assert item(fields="properties.title")["properties"] == {"title": "Survey"}
    assert "geometry" not in item(fields="-geometry")
    assert "eo:cloud_cover" not in item(fields="-properties.eo:cloud_cover")["properties"]
    assert item(fields="title,-properties")["properties"] == {"title": "Survey"}
    assert "properties" in item(fields="")


def test_collection_search(node):
    """Collections by box, time, words, in an order and in pages."""

    def found(**query):
        return [one["id"] for one in node.get("/stac/collections", params=query).json()["collections"]]

    assert found(bbox="170,-30,-170,0") == ["table"]
    assert found(q="grids") == ["grid"]
    assert found(sortby="-id") == ["table", "grid", "document"]
    assert found(datetime="1987-06-01T00:00:00Z") == ["table"]
    page = node.get("/stac/collections?limit=2").json()
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert [one["id"] for one in node.client.get(following).json()["collections"]] == ["table"]


def test_bounds_follow_what_may_be_seen(node):
    """The extent of a collection is that of its items, across 180 degrees too."""
    table = node.get("/stac/collections/table").json()
    (west, south, east, north), *_ = table["extent"]["spatial"]["bbox"]
    assert (south, north) == (-20, 26)
    assert east == -178
    assert west < 100


@pytest.mark.parametrize(
    "body",
    [
        [], {"bbox": "1,2,3,4"}, {"bbox": []}, {"bbox": [1, 2, 3]}, {"bbox": [True, 0, 1, 1]}, {"limit": 0}, {"limit": "x"},
        {"limit": 1.5}, {"ids": "a"}, {"ids": [1]}, {"intersects": 5}, {"intersects": {"type": "Point"}}, {"sortby": ["id"]},
        {"intersects": {"type": "Point", "coordinates": [600, 0]}}, {"filter": "x = 1"}, {"filter": {"op": "x"}},
        {"filter": 5}, {"filter-lang": "xml"}, {"datetime": "2020-01-01"}, {"datetime": 5}, {"fields": None}, {"fields": 5},
        {"fields": {"include": "x"}}, {"colour": 1}, {"token": "x"}, {"sortby": [{"field": "x"}]}, {"collections": [[]]},
        {"bbox": [0, 0, 1, 1], "intersects": {"type": "Point", "coordinates": [0, 0]}}, {"q": 5}, {"q": ["a,b"]},
        {"intersects": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}},
    ],
)  # fmt: skip
def test_bad_bodies(node, body):
    """What makes no sense is refused with words."""
    reply = node.client.post("/stac/search", json=body)
    assert reply.status_code == 400, reply.text
    assert reply.json()["detail"]


def test_bad_requests(node):
    """Other media types, deep and broken JSON, unknown items and collections, other methods."""
    assert node.client.post("/stac/search", content=b"a=1").status_code == 415
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b"[" * 100_000, b'{"filter": ' + b'{"op":"not","args":[' * 5000):
        assert node.client.post("/stac/search", content=content, headers=headers).status_code == 400
    for address in ("/stac/collections/mesh", "/stac/collections/x/items", "/stac/collections/grid/items/survey",
                    "/stac/collections/table/items/hidden-one", "/stac/collections/table/items/survey@1"):  # fmt: skip
        node.get(address, 404)
    assert node.client.delete("/stac/search").status_code == 405
    assert node.client.head("/stac/search").status_code == 200
    node.get("/stac/search", 400, params={"intersects": "{"})
    node.get("/stac/search", 400, params={"colour": "red"})
    assert msgspec.json.decode(node.get("/stac/conformance").content) == {
        "conformsTo": node.get("/stac").json()["conformsTo"]
    }


def test_the_table_is_where_it_is_said(node):
    """The data of an item can be fetched from its asset."""
    item = node.get("/stac/collections/table/items/sites-1").json()
    data = node.client.get(item["assets"]["data"]["href"])
    assert data.content[:4] == b"PAR1"
    assert Path(item["assets"]["data"]["href"]).name == "data.parquet"
