"""OGC API – Common and Features 1 requirement by requirement, on a node served as a person would."""

from __future__ import annotations

import pytest
from pyproj import Transformer
from tests.serving import Served
from tests.wells import COUNT, EPSG, ITEMS, REL, conforming, items_of, links_of, make_wells_node, numbers_of

CLASSES = {
    "ogcapi-common-1/1.0/conf/core", "ogcapi-common-1/1.0/conf/landing-page", "ogcapi-common-1/1.0/conf/json",
    "ogcapi-common-1/1.0/conf/html", "ogcapi-common-1/1.0/conf/oas30", "ogcapi-common-2/1.0/conf/collections",
    "ogcapi-features-1/1.0/conf/core", "ogcapi-features-1/1.0/conf/oas30", "ogcapi-features-1/1.0/conf/html",
    "ogcapi-features-1/1.0/conf/geojson", "ogcapi-features-2/1.0/conf/crs",
    "ogcapi-features-3/1.0/conf/queryables", "ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "ogcapi-features-3/1.0/conf/filter", "ogcapi-features-3/1.0/conf/features-filter",
    "cql2/1.0/conf/cql2-text", "cql2/1.0/conf/cql2-json", "cql2/1.0/conf/basic-cql2",
    "cql2/1.0/conf/advanced-comparison-operators", "cql2/1.0/conf/case-insensitive-comparison",
    "cql2/1.0/conf/accent-insensitive-comparison", "cql2/1.0/conf/basic-spatial-functions",
    "cql2/1.0/conf/basic-spatial-functions-plus", "cql2/1.0/conf/spatial-functions",
    "cql2/1.0/conf/temporal-functions", "cql2/1.0/conf/arithmetic", "cql2/1.0/conf/property-property",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with Served(make_wells_node(tmp_path_factory.mktemp("features") / "node"), "") as server:
        yield server


@pytest.fixture(scope="module")
def api(served):
    return served.get("/api").json()


@pytest.fixture(scope="module")
def conforms(api):
    return conforming(api)


# Common, and Part 1: Core


def test_landing_page(served, conforms):
    """/req/core/root-op, root-success: links to the definition, its page, the classes that are kept and the data."""
    links = {one["rel"]: one for one in conforms(served.get("/").json(), "landingPage")["links"]}
    for relation in ("service-desc", "service-doc", "conformance", "data", REL + "data", "self"):
        assert (
            served.get(links[relation]["href"])
            .headers["content-type"]
            .startswith(links[relation]["type"].partition(";")[0])
        )


def test_conformance(served, conforms):
    """/req/core/conformance-op, conformance-success: the classes told are those that these tests check."""
    told = conforms(served.get("/conformance").json(), "confClasses")["conformsTo"]
    names = {one.removeprefix("http://www.opengis.net/spec/") for one in told}
    assert names >= CLASSES
    assert not any("array" in name for name in names)


def test_collections(served, conforms):
    """/req/core/fc-md-op, fc-md-success, fc-md-links, fc-md-items: all collections that the visitor may see."""
    document = conforms(served.get("/collections").json(), "collections")
    ids = {one["id"] for one in document["collections"]}
    assert {"wells", "islands", "codes", "nothing", "catalogue", "sites-1"} <= ids
    assert not {"hidden", "secret-1"} & ids
    assert document["numberMatched"] == document["numberReturned"] == len(ids)
    links = links_of(document)
    assert links["self", "application/json"] == f"{served.address}/collections"
    assert links["alternate", "text/html"]
    for one in document["collections"]:
        assert served.get(links_of(one)["self", "application/json"]).json()["id"] == one["id"]


def test_pages_of_collections(served):
    """20-024: the list comes in pages, and can be asked by place, time and words."""
    seen, address = [], "/collections?limit=2"
    while address:
        document = served.get(address).json()
        seen += [one["id"] for one in document["collections"]]
        address = {one["rel"]: one["href"] for one in document["links"]}.get("next")
    everything = served.get("/collections").json()
    assert seen == [one["id"] for one in everything["collections"]]

    def found(query):
        return {one["id"] for one in served.get(f"/collections?{query}").json()["collections"]}

    assert found("q=wells") == {"wells"}
    assert "wells" in found("bbox=102,18,103,19")
    assert "wells" not in found("bbox=-10,-10,0,0")
    assert found("datetime=2020-01-05/2020-01-06") >= {"wells"}
    assert "wells" not in found("datetime=1990-01-01/1991-01-01")
    for query in (
        "bbox=1,2,3",
        "limit=0",
        "offset=-1",
        "datetime=yesterday",
        "bbox-crs=nothing",
        "colour=red",
    ):
        served.get(f"/collections?{query}", 400)


def test_collection(served, conforms):
    """/req/core/sfc-md-op, sfc-md-success, fc-md-extent, fc-md-items-links: the same as in the list, with links."""
    listed = {one["id"]: one for one in served.get("/collections").json()["collections"]}
    for id_, one in listed.items():
        if id_ == "catalogue":
            continue
        document = conforms(served.get(f"/collections/{id_}").json(), "collection")
        document["links"] = [
            one for one in document["links"] if not one["href"].endswith("?f=html") or one["rel"] == "items"
        ]
        assert document == one
    document = listed["wells"]
    west, south, east, north = document["extent"]["spatial"]["bbox"][0]
    assert 102 < west < east < 103
    assert 18 < south < north < 19
    assert document["extent"]["temporal"]["interval"][0][0].startswith("2020-01-01T00:00:00")
    assert document["itemType"] == "feature"
    links = links_of(document)
    assert served.get(links["items", "application/geo+json"]).json()["type"] == "FeatureCollection"
    assert served.get(links["items", "text/html"]).text.startswith("<!DOCTYPE html>")
    assert links["license", "text/html"].endswith("CC-BY-4.0")
    assert served.get(links["describedby", "application/geo+json"]).json()["id"] == "wells"
    assert served.get(links["enclosure", "text/csv"]).content.startswith(b"name,")


def test_collection_that_is_not_there(served):
    """/req/core/sfc-md-op: what is not there, is an older version, or may not be seen, is one and the same."""
    for name in ("no-such", "wells@1", "hidden", "secret-1"):
        for more in ("", "/items", "/items/1", "/queryables", "/sortables", "/schema"):
            said = served.get(f"/collections/{name}{more}", 404).json()
            assert said["detail"] == f"there is no collection {name!r}"
    document = next(
        one["id"] for one in served.get("/datasets?limit=100").json()["features"]
        if one["properties"]["craton:kind"] == "document"
    )  # fmt: skip
    served.get(f"/collections/{document}", 404)


def test_title_in_the_language_of_the_visitor(served):
    """A title comes in the language asked for, else in English."""
    said = served.get("/collections/wells", headers={"Accept-Language": "th, lo;q=0.9"})
    assert said.json()["title"] == "ນໍ້າສ້າງ"
    assert said.headers["content-language"] == "lo"
    assert "Accept-Language" in said.headers["vary"]
    assert served.get("/collections/wells").json()["title"] == "wells in English"


def test_features(served, conforms):
    """/req/core/fc-op, fc-response, fc-links, fc-numberReturned, fc-numberMatched, crs84; /req/geojson/content."""
    reply = served.get(ITEMS)
    assert reply.headers["content-type"] == "application/geo+json"
    document = conforms(reply.json(), "featureCollection")
    assert document["numberReturned"] == document["numberMatched"] == len(document["features"]) == COUNT
    links = links_of(document)
    assert links["self", "application/geo+json"] == f"{served.address}{ITEMS}"
    assert served.get(links["alternate", "text/html"]).text.startswith("<!DOCTYPE html>")
    longitude, latitude = document["features"][0]["geometry"]["coordinates"]
    expected = Transformer.from_crs("EPSG:32648", "OGC:CRS84", always_xy=True).transform(200_000, 2_000_000)
    assert (longitude, latitude) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("limit", "returned"), [(1, 1), (7, 7), (COUNT, COUNT), (10_000, COUNT), (50_000, COUNT)]
)
def test_limit(served, limit, returned):
    """/req/core/fc-limit-definition, fc-limit-response: no more features than asked for, at most 10 000."""
    assert items_of(served, f"limit={limit}")["numberReturned"] == returned


@pytest.mark.parametrize("query", ["", "bbox=102,18,103,19", "sortby=-depth_m", "rock=Schist", "offset=3"])
def test_pages(served, query):
    """/req/core/fc-links: `next` leads through all features, each once, in the order of the whole list."""
    whole = [one["id"] for one in items_of(served, f"limit=1000&{query}")["features"]]
    seen, address = [], f"{ITEMS}?limit=7&{query}"
    while address:
        document = served.get(address).json()
        assert document["numberReturned"] <= 7
        seen += [one["id"] for one in document["features"]]
        address = {one["rel"]: one["href"] for one in document["links"]}.get("next")
    assert seen == whole


@pytest.mark.parametrize(
    ("bbox", "names"),
    [
        ("102,18,103.5,19", COUNT),
        ("102,18,0,103.5,19,100", COUNT),
        ("0,0,1,1", 0),
        ("-180,-90,180,90", COUNT),
        ("170,-80,-170,80", 0),
        ("462,18,463.5,19", COUNT),
    ],
)
def test_bbox(served, bbox, names):
    """/req/core/fc-bbox-definition, fc-bbox-response: only features that touch the box, of four or six numbers."""
    assert len(numbers_of(served, f"bbox={bbox}")) == names


def test_bbox_of_a_few(served):
    """/req/core/fc-bbox-response: exactly those whose positions lie in the box."""
    places = {f["id"]: f["geometry"]["coordinates"] for f in items_of(served, "limit=1000")["features"]}
    found = {f["id"] for f in items_of(served, "bbox=102.3,18.1,102.5,18.4&limit=1000")["features"]}
    assert found == {id_ for id_, (x, y) in places.items() if 102.3 <= x <= 102.5 and 18.1 <= y <= 18.4}
    assert 0 < len(found) < COUNT


def test_bbox_across_the_antimeridian(served):
    """/req/core/fc-bbox-definition: a box whose west lies east of its east crosses the antimeridian."""

    def found(bbox):
        features = items_of(served, f"bbox={bbox}", "/collections/islands/items")["features"]
        return [one["properties"]["island"] for one in features]

    assert found("177,-19,-177,-16") == ["west", "east"]
    assert found("-177,-19,177,-16") == []
    assert found("177,-19,180,-16") == ["west"]
    assert found("-180,85,180,90") == ["pole"]


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        ("2020-01-05T00:00:00Z", 4, 4),
        ("2020-01-05", 4, 4),
        ("2020-01-05T00:00:00Z/2020-01-07T12:00:00Z", 4, 6),
        ("2020-02-20/..", 50, 59),
        ("../2020-01-03T00:00:00Z", 0, 2),
        ("/2020-01-03T00:00:00Z", 0, 2),
    ],
)
def test_datetime(served, span, first, last):
    """/req/core/fc-time-definition, fc-time-response: features whose time touches the moment or the interval."""
    assert numbers_of(served, f"datetime={span}") == list(range(first, last + 1))


def test_datetime_where_there_is_no_time(served):
    """/req/core/fc-time-response: features without a time are not left out for it."""
    assert items_of(served, "datetime=1990-01-01", "/collections/islands/items")["numberReturned"] == 3


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3", "bbox=a,b,c,d", "bbox=nan,1,2,3", "bbox=1e999,0,1,1", "bbox=0,5,1,4", "bbox=", "limit=0",
        "limit=-1", "limit=many", "limit=1e3", "limit=99999999999999999999", "datetime=yesterday", "datetime=",
        "datetime=2020-02-01/2020-01-01", "datetime=../..", "offset=-1", "after=x", "after=1&offset=1",
        "after=1&sortby=name", "crs=EPSG", "crs=http://www.opengis.net/def/crs/EPSG/0/999999", "bbox-crs=x",
        f"crs={EPSG}5773", f"crs={EPSG}4978", "filter-lang=sql", "filter-crs=x&filter=1=1", "filter=", "filter=(((",
        "filter=nothing=1", "filter=depth_m", "sortby=nothing", "properties=nothing", "f=xml", "bbox=102,95,103,96",
        "filter=" + "(" * 3000 + "1=1" + ")" * 3000, "filter=" + "x" * 60_000,
    ],
)  # fmt: skip
def test_bad_questions(served, query):
    """/req/core/query-param-invalid: what cannot be meant is refused with 400, and told."""
    reply = served.client.get(f"{ITEMS}?{query}")
    assert reply.status_code in {400, 414, 431}
    if reply.status_code == 400:
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["detail"]


def test_unknown_parameters(served):
    """/req/core/query-param-unknown: a parameter that is no column either is refused with 400."""
    for path in ("/", "/conformance", "/collections", "/collections/wells", ITEMS, f"{ITEMS}/1", "/api"):
        assert "colour" in served.get(f"{path}?colour=red", 400).json()["detail"]


def test_feature(served, conforms):
    """/req/core/f-op, f-success, f-links; /req/geojson/content: one feature, with links to itself and its collection."""
    for feature in items_of(served, "limit=3")["features"]:
        reply = served.get(f"{ITEMS}/{feature['id']}")
        assert reply.headers["content-type"] == "application/geo+json"
        document = conforms(reply.json(), "feature")
        assert {k: v for k, v in document.items() if k != "links"} == feature
        links = links_of(document)
        assert links["self", "application/geo+json"] == f"{served.address}{ITEMS}/{feature['id']}"
        assert links["collection", "application/json"] == f"{served.address}/collections/wells"
        assert served.get(links["alternate", "text/html"])
    for id_ in ("0", str(COUNT + 1), "x", "-1", "1.5", "99999999999999999999", "%00"):
        served.get(f"{ITEMS}/{id_}", 404)


def test_http(served):
    """/req/core/http: HEAD as GET without a body; other methods are told."""
    for path in ("/collections", "/collections/wells", ITEMS, f"{ITEMS}/1", "/collections/wells/queryables"):
        head, get = served.client.head(path), served.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
        assert served.client.post(path).status_code == 405


def test_what_did_not_change_is_not_sent_again(served):
    """An entity tag stands for the data and the question; whoever has it gets 304."""
    first = served.get(f"{ITEMS}?limit=5")
    again = served.client.get(f"{ITEMS}?limit=5", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert served.get(f"{ITEMS}?limit=6").headers["etag"] != first.headers["etag"]
    page = served.client.get(
        f"{ITEMS}?limit=5", headers={"If-None-Match": first.headers["etag"], "Accept": "text/html"}
    )
    assert page.status_code == 200


def test_a_table_without_places(served, conforms):
    """Rows without a place are features whose geometry is null."""
    document = conforms(items_of(served, items="/collections/codes/items"), "featureCollection")
    assert [one["geometry"] for one in document["features"]] == [None, None]
    assert document["features"][1]["properties"] == {"code": "b", "value": None}
    assert "storageCrs" not in served.get("/collections/codes").json()
    assert "geometry" not in served.get("/collections/codes/queryables").json()["properties"]
    again = items_of(served, f"crs={EPSG}3857", "/collections/codes/items")
    assert again["features"] == document["features"]


def test_an_empty_table(served, conforms):
    """A table without rows is a collection without features."""
    document = conforms(items_of(served, items="/collections/nothing/items"), "featureCollection")
    assert (document["features"], document["numberMatched"]) == ([], 0)
    served.get("/collections/nothing/items/1", 404)


def test_a_grid_has_no_features(served):
    """A collection of another kind is told of without items, which are not there."""
    listed = served.get("/collections?limit=1000").json()["collections"]
    grid = next(one for one in listed if one.get("kind") == "grid")
    assert "itemType" not in grid or grid["itemType"] != "feature"
    assert not any(one["rel"] == "items" for one in grid["links"])
    for more in ("items", "items/1", "queryables"):
        served.get(f"/collections/{grid['id']}/{more}", 404)


# Part 1: HTML, OpenAPI


HTML_PATHS = [
    "/", "/api", "/conformance", "/collections", "/collections/wells", ITEMS, f"{ITEMS}/1", "/collections/wells/queryables",
    "/collections/wells/sortables", "/collections/wells/schema", "/processes", "/processes/terrain.slope", "/apps",
    "/jobs", "/datasets", "/datasets/wells", "/datasets/wells/provenance",
]  # fmt: skip


@pytest.mark.parametrize("path", HTML_PATHS)
def test_html(served, path):
    """/req/html/definition, content: every document is also a page, by `f` and by `Accept`; its links lead on."""
    page = served.get(path, params={"f": "html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    assert "Accept" in page.headers["vary"]
    assert '<html lang="en">' in page.text
    if path != "/":
        asked = served.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert asked.headers["content-type"] == "text/html; charset=utf-8"
    document = served.get(path, params={"f": "json"})
    assert "json" in document.headers["content-type"]
    assert served.get(path, headers={"Accept": "text/html"}, params={"f": "json"}).json() == document.json()
    served.get(path, 400, params={"f": "xml"})


def test_a_problem_is_a_page_too(served):
    """Who looks with a browser is told on a page what is wrong."""
    page = served.get("/collections/none", 404, headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "there is no collection" in page.text


def test_every_operation_is_told(api, served):
    """/req/oas30/completeness: each address of a feature is in the definition, with `f`, pages and problems."""
    start = "/collections/{collectionId}"
    for path in (
        "/collections",
        start,
        f"{start}/items",
        f"{start}/items/{{featureId}}",
        f"{start}/queryables",
    ):
        operation = api["paths"][path]["get"]
        assert "f" in {one["name"] for one in operation["parameters"]}
        assert "text/html" in operation["responses"]["200"]["content"]
        assert "400" in operation["responses"]
    names = {one["name"] for one in api["paths"][f"{start}/items"]["get"]["parameters"]}
    assert names >= {
        "limit", "offset", "after", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs",
        "sortby", "properties", "f", "collectionId",
    }  # fmt: skip
