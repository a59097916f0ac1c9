"""The catalogue over OGC API – Records 1 (20-004r1), one test a requirement; and what is our own beside it."""

import jsonschema
import msgspec
import pytest
from owslib.ogcapi.records import Records
from tests.serving import Served, make_node

import craton
from craton.model.ogc_record import from_ogc_record
from craton.model.record import Party, Period, Quantity, Record
from craton.store.store import Store

ITEMS = "/collections/catalogue/items"

RECORDS = [
    Record(
        id="loei", kind="grid", title={"en": "Gravity of Loei", "th": "แรงโน้มถ่วงเลย"}, licence="CC-BY-4.0",
        description={"en": "Bouguer anomaly of the belt", "th": "ค่าผิดปกติ"}, bbox=(101, 16, 102, 17),
        crs="EPSG:32647", time=Period(start="1987-05-01", end="1988-01-31"), keywords=("gravity", "Loei"),
        quantities=(Quantity(name="bouguer_anomaly"),), parties=(Party(name="Survey of Thailand"),),
        properties={"sci:doi": "10.1234/loei"},
    ),
    Record(id="fiji", kind="table", title={"en": "Soil of Fiji"}, bbox=(177, -20, -178, -16), keywords=("soil",)),
    Record(id="paper", kind="document", title={"en": "Geology, a paper"}, time=Period(start="2011-06-30", end="2011-06-30")),
    Record(id="secret-gold", kind="table", title={"en": "gold"}, visibility="private", keywords=("gold",)),
]  # fmt: skip


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A served node with records of others beside its own, two of them deleted."""
    folder = make_node(tmp_path_factory.mktemp("node") / "node")
    with Store.open(folder) as store:
        store.put_many(RECORDS)
        store.put_many([Record(id=f"old-{n}", kind="table", title={"en": "old"}, visibility=v)
                        for n, v in enumerate(("public", "private"))])  # fmt: skip
        store.delete("old-0", "measured twice")
        store.delete("old-1")
    with Served(folder, "") as server:
        yield server


def find(node, **query):
    """Ids of the records that answer."""
    reply = node.get(ITEMS, params={"limit": 100, **query}).json()
    assert reply["numberReturned"] == len(reply["features"])
    return {feature["id"] for feature in reply["features"]}


# record-core


def test_mandatory_properties_record(node):
    """/req/record-core/mandatory-properties-record: id, type, geometry, properties type and title; no empty id."""
    for record in node.get(ITEMS).json()["features"]:
        assert record["id"]
        assert record["type"] == "Feature"
        assert {"geometry", "time", "links"} <= record.keys()
        assert {"type", "title"} <= record["properties"].keys()


def test_record_links(node):
    """/req/record-core/record-links: every link has href and rel; files are enclosures with type and length."""
    links = node.get(f"{ITEMS}/sites-1").json()["links"]
    assert all(link["href"] and link["rel"] for link in links)
    (file,) = [link for link in links if link["rel"] == "enclosure"]
    assert file["type"].startswith("application/")
    assert int(node.client.head(file["href"]).headers["content-length"]) == file["length"]


def test_record_license(node):
    """/req/record-core/record-license: the licence is a property by its SPDX identifier."""
    assert node.get(f"{ITEMS}/loei").json()["properties"]["license"] == "CC-BY-4.0"


def test_contact(node):
    """/req/record-core/contact: a contact has a name and roles."""
    contacts = node.get(f"{ITEMS}/loei").json()["properties"]["contacts"]
    assert contacts == [{"name": "Survey of Thailand", "roles": ["owner"]}]


def test_time(node):
    """/req/record-core/time-instant, time-interval, time-zone: a date, an interval in UTC, or null."""
    times = {id: node.get(f"{ITEMS}/{id}").json()["time"] for id in ("loei", "paper", "fiji")}
    assert times["fiji"] is None
    assert times["paper"] in ({"date": "2011-06-30"}, {"interval": ["2011-06-30", "2011-06-30"]})
    assert [side[:10] for side in times["loei"]["interval"]] == ["1987-05-01", "1988-01-31"]


def test_default_mediatype(node):
    """/req/record-core/default-mediatype: a record comes as GeoJSON where nothing else is asked for."""
    assert node.get(f"{ITEMS}/loei").headers["content-type"] == "application/geo+json"


# record-collection


def test_mandatory_properties_collection(node):
    """/req/record-collection/mandatory-properties-collection, itemType: id, type, itemType record, links."""
    catalogue = node.get("/collections/catalogue").json()
    assert (catalogue["id"], catalogue["type"], catalogue["itemType"]) == (
        "catalogue",
        "Collection",
        "record",
    )
    assert catalogue["extent"]["spatial"]["bbox"][0][:2] != [-180, -90]


def test_links_records(node):
    """/req/record-collection/links, links-records: self, items, queryables, sortables, and all can be followed."""
    links = node.get("/collections/catalogue").json()["links"]
    relations = {link["rel"] for link in links}
    base = "http://www.opengis.net/def/rel/ogc/1.0/"
    assert {"self", "items", f"{base}queryables", f"{base}sortables"} <= relations
    for link in links:
        assert node.client.get(link["href"]).status_code == 200


def test_collection_is_listed(node):
    """The catalogue stands among the collections and on the landing page."""
    assert "catalogue" in {one["id"] for one in node.get("/collections").json()["collections"]}
    relations = {link["rel"] for link in node.get("/").json()["links"]}
    assert "http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog" in relations


# record-core-query-parameters


def test_bbox(node):
    """/req/record-core-query-parameters/query-param-bbox: boxes that touch, also across 180 degrees."""
    assert "loei" in find(node, bbox="100,15,103,18")
    assert find(node, bbox="170,-30,-170,0") == {"fiji"}
    assert find(node, bbox="100,15,0,103,18,9") == find(node, bbox="100,15,103,18")
    assert find(node, bbox="-60,-50,-50,-40") == set()


def test_datetime(node):
    """/req/record-core-query-parameters/query-param-datetime: moments and intervals that touch."""
    assert find(node, datetime="1987-06-01T00:00:00Z") == {"loei"}
    assert find(node, datetime="2000-01-01/2020-01-01") == {"paper"}
    assert find(node, datetime="1980-01-01/..") == {"loei", "paper"}
    assert find(node, datetime="../1980-01-01") == set()


def test_limit(node):
    """/req/record-core-query-parameters/query-param-limit: no more than so many; next leads through all of them."""
    seen, address = [], f"{ITEMS}?limit=2"
    while address:
        page = node.client.get(address).json()
        assert len(page["features"]) <= 2
        seen += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert len(seen) == len(set(seen)) == page["numberMatched"] if "numberMatched" in page else True
    assert set(seen) == find(node)


def test_q(node):
    """/req/record-core-query-parameters/q-response: one term, any of several, words in their order; any script."""
    assert find(node, q="loei") == {"loei"}
    assert find(node, q="loei,fiji") == {"fiji", "loei"}
    assert find(node, q="gravity of loei") == {"loei"}
    assert find(node, q="loei gravity") == set()
    assert find(node, q="แรงโน้มถ่วง") == {"loei"}
    assert find(node, words="loei grav") == {"loei"}


def test_type(node):
    """/req/record-core-query-parameters/type-response: one of the types must be that of the record."""
    assert find(node, type="service,dataset") == find(node)
    assert find(node, type="service") == set()


def test_ids(node):
    """/req/record-core-query-parameters/ids-response: only records with one of the identifiers."""
    assert find(node, ids="loei,paper,secret-gold,nobody") == {"loei", "paper"}


def test_external_ids(node):
    """/req/record-core-query-parameters/externalIds-response: with the scheme or without."""
    for asked in (
        {"externalIds": "doi:10.1234/loei"},
        {"externalIds": "10.1234/loei,x"},
        {"externalId": "10.1234/loei"},
    ):
        assert find(node, **asked) == {"loei"}
    assert find(node, externalIds="isbn:10.1234/loei") == set()
    record = node.get(f"{ITEMS}/loei").json()
    assert record["properties"]["externalIds"] == [{"scheme": "doi", "value": "10.1234/loei"}]


def test_empty_value(node):
    """/req/record-core-query-parameters/empty-value: an empty parameter is as if it were not there."""
    empty = dict.fromkeys(("bbox", "datetime", "q", "type", "ids", "externalIds", "filter", "sortby"), "")
    assert find(node, **empty) == find(node)


# record-filter


def test_filter(node):
    """/req/record-filter/filter-param, filter-lang-param: CQL2 text and JSON on the queryables."""
    assert find(node, filter="kind = 'grid' AND keywords = 'Loei'") == {"loei"}
    said = msgspec.json.encode({"op": "=", "args": [{"property": "licence"}, "CC-BY-4.0"]}).decode()
    assert "loei" in find(node, filter=said, **{"filter-lang": "cql2-json"})
    assert find(node, filter="S_INTERSECTS(geometry, POINT(178 -18))") == {"fiji"}
    assert find(node, filter="S_INTERSECTS(geometry, POINT(-18 178))",
                **{"filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}) == {"fiji"}  # fmt: skip


def test_queryables(node):
    """/req/record-filter/response: what is told as queryable can be asked, and nothing else."""
    schema = node.get("/collections/catalogue/queryables")
    assert schema.headers["content-type"] == "application/schema+json"
    jsonschema.Draft202012Validator.check_schema(schema.json())
    for name in schema.json()["properties"]:
        node.get(ITEMS, params={"filter": f"{name} IS NULL"})
    node.get(ITEMS, 400, params={"filter": "colour IS NULL"})


def test_harvest_by_updated(node):
    """Neighbours take what changed since they last came, in the order of the changes."""
    since = "updated > TIMESTAMP('2020-01-01T00:00:00Z')"
    records = node.get(ITEMS, params={"filter": since, "sortby": "updated", "limit": 50}).json()["features"]
    moments = [record["properties"]["updated"] for record in records]
    assert moments == sorted(moments)
    assert len(moments) == len(find(node))
    assert find(node, filter="updated > TIMESTAMP('2099-01-01T00:00:00Z')") == set()


# sorting


def test_sortby(node):
    """/req/sorting/sortby-param, sortby-response: ascending without a sign, falling with a minus, several keys."""

    def titles(sortby):
        features = node.get(ITEMS, params={"sortby": sortby, "limit": 50}).json()["features"]
        return [feature["properties"]["title"].lower() for feature in features]

    assert titles("title") == titles("+title") == sorted(titles("title"))
    assert titles("-title") == sorted(titles("title"), reverse=True)
    assert len(titles("kind,-title")) == len(titles("title"))
    node.get(ITEMS, 400, params={"sortby": "colour"})


def test_get_sortables(node):
    """/req/sorting/get-sortables-success: a schema with a type for each; each of them sorts."""
    schema = node.get("/collections/catalogue/sortables").json()
    assert schema["$id"].endswith("/collections/catalogue/sortables")
    assert all(said["type"] for said in schema["properties"].values())
    for name in schema["properties"]:
        node.get(ITEMS, params={"sortby": f"-{name}"})


def test_default_sort_order(node):
    """/req/sorting/defaultSortOrder-definition: the newest change first, as the catalogue says."""
    assert node.get("/collections/catalogue").json()["defaultSortOrder"] == [
        {"field": "updated", "direction": "desc"}
    ]
    moments = [feature["properties"]["updated"] for feature in node.get(ITEMS).json()["features"]]
    assert moments == sorted(moments, reverse=True)


# json, records-api


def test_record_content(node):
    """/req/json/record-content: GeoJSON that validates, with links in a member of that name."""
    page = node.get(ITEMS)
    assert page.headers["content-type"] == "application/geo+json"
    geometry = {"type": ["object", "null"], "required": ["type"]}
    record = {"type": "object", "required": ["id", "type", "geometry", "properties", "links"],
              "properties": {"type": {"const": "Feature"}, "geometry": geometry, "links": {"type": "array"}}}  # fmt: skip
    schema = {"required": ["type", "features", "links"], "properties": {"features": {"items": record}}}
    jsonschema.validate(page.json(), schema)


def test_record_response(node):
    """/req/records-api/record-response: links to itself, to other forms and to the catalogue."""
    record = node.get(f"{ITEMS}/loei").json()
    relations = {link["rel"]: link["href"] for link in record["links"]}
    assert {"self", "alternate", "collection"} <= relations.keys()
    for link in record["links"]:
        if link["rel"] in {"self", "alternate", "collection", "describedby"}:
            assert node.client.get(link["href"]).status_code == 200, link


def test_conformance(node):
    """/req/records-api/conformance: the classes are told."""
    classes = node.get("/conformance").json()["conformsTo"]
    start = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
    for name in ("record-core", "record-collection", "record-core-query-parameters", "sorting", "json"):
        assert start + name in classes


# ours


def test_tombstones(node):
    """Deleted records are listed for who asks, among the others or alone, and their address says that they are gone."""
    alone = node.get(ITEMS, params={"deleted": "true"}).json()["features"]
    assert [grave["id"] for grave in alone] == ["old-0"]
    grave = alone[0]
    assert (grave["geometry"], grave["properties"]["type"], grave["properties"]["description"]) == (
        None, "tombstone", "measured twice",
    )  # fmt: skip
    assert find(node, deleted="include") == find(node) | {"old-0"}
    since = "updated > TIMESTAMP('2020-01-01T00:00:00Z')"
    seen, address = [], f"{ITEMS}?deleted=include&sortby=updated&limit=3&filter={since}"
    while address:
        page = node.client.get(address).json()
        seen += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert sorted(seen) == sorted({*find(node), "old-0"})
    assert node.get(f"{ITEMS}/old-0", 410).json()["deleted"]
    node.get(f"{ITEMS}/old-1", 404)
    node.get(ITEMS, 400, params={"deleted": "include", "sortby": "title"})


def test_languages(node):
    """A record comes in the language that is asked for, with all of them beside it; nothing is lost on the way."""
    for asked, code in (("th", "th"), ("th-TH,en;q=0.5", "th"), ("en", "en"), ("fr", "en")):
        reply = node.get(f"{ITEMS}/loei", headers={"Accept-Language": asked})
        properties = reply.json()["properties"]
        assert (properties["title"], properties["description"]) == (
            RECORDS[0].title[code], RECORDS[0].description[code],
        )  # fmt: skip
        assert reply.headers["content-language"] == code
        read = from_ogc_record(reply.json())
        assert (read.title, read.description) == (RECORDS[0].title, RECORDS[0].description)


def test_facets(node):
    """Values are counted among what answers and what the visitor may see."""
    facets = node.get("/collections/catalogue/facets").json()["facets"]
    kinds = {one["value"]: one["count"] for one in facets["kind"]["buckets"]}
    assert sum(kinds.values()) == len(find(node))
    assert "gold" not in {one["value"] for one in facets["keyword"]["buckets"]}
    some = node.get("/collections/catalogue/facets", params={"q": "loei", "facets": "decade,keyword"}).json()
    assert some["facets"]["decade"]["buckets"] == [{"value": "1980", "count": 1}]
    assert (some["counted"], some["sampled"], len(some["facets"])) == (1, False, 2)
    for name, word in (
        ("kind", "grid"),
        ("keyword", "Loei"),
        ("party", "Survey of Thailand"),
        ("quantity", "bouguer_anomaly"),
    ):
        assert "loei" in find(node, **{name: word})


def test_entity_tags(node):
    """Whoever has a record need not fetch it again."""
    reply = node.get(f"{ITEMS}/loei")
    assert node.get(f"{ITEMS}/loei", 304, headers={"If-None-Match": reply.headers["etag"]}).content == b""


@pytest.mark.parametrize(
    "query",
    [
        {"bbox": "1,2,3"}, {"bbox": "a,b,c,d"}, {"bbox": "nan,0,1,1"}, {"bbox": "0,9,1,1"}, {"bbox": "0,0,9e99,1"},
        {"datetime": "soon"}, {"datetime": "../.."}, {"datetime": "2020-01-01/2010-01-01"}, {"limit": "0"},
        {"limit": "x"}, {"offset": "-1"}, {"cursor": "x"}, {"filter": "kind ="}, {"filter": "kind = 5"},
        {"filter": "(" * 5000}, {"filter-lang": "xml"}, {"filter-crs": "x"}, {"sortby": "-"}, {"deleted": "maybe"},
        {"colour": "red"}, {"ids": ",".join("a" * 600)}, {"bbox-crs": "EPSG:0"}, {"q": "x", "limit": "1e9"},
    ],
)  # fmt: skip
def test_bad_questions(node, query):
    """What makes no sense is refused with words."""
    assert node.get(ITEMS, 400, params=query).json()["detail"]


def test_bad_addresses(node):
    """Unknown records, versions and methods."""
    for id in ("nobody", "secret-gold", "loei@1", "%00", "a/b"):
        node.get(f"{ITEMS}/{id}", 404)
    assert node.client.post(ITEMS).status_code == 405
    assert node.client.head(ITEMS).status_code == 200
    node.get("/collections/catalogue/facets", 400, params={"facets": "title"})


def test_a_client_of_others(node):
    """OWSLib reads the catalogue."""
    client = Records(node.address)
    assert "catalogue" in client.records()
    found = client.collection_items("catalogue", q="loei")
    assert [feature["id"] for feature in found["features"]] == ["loei"]
    assert client.collection_item("catalogue", "loei")["properties"]["title"] == "Gravity of Loei"
    assert "kind" in client.collection_queryables("catalogue")["properties"]


def test_an_empty_node(tmp_path):
    """A catalogue without records answers everything."""
    craton.create(tmp_path / "node").close()
    with Served(tmp_path / "node", "") as server:
        assert server.get(ITEMS).json()["numberMatched"] == 0
        assert server.get("/collections/catalogue").json()["extent"]["spatial"]["bbox"] == [
            [-180, -90, 180, 90]
        ]
        assert server.get("/collections/catalogue/facets").json()["counted"] == 0
        assert server.get("/stac").json()["type"] == "Catalog"
        assert server.get("/stac/search").json()["features"] == []
        assert server.get("/stac/collections").json()["collections"] == []
