"""OGC API – Features 2 and 3 requirement by requirement, and clients that we did not write."""

from __future__ import annotations

import json
import subprocess
from urllib.parse import quote

import jsonschema
import pytest
from owslib.ogcapi.features import Features
from pyproj import Transformer
from tests.gdal_apart import layers, read
from tests.serving import Served
from tests.wells import (
    COUNT,
    CRS84,
    EPSG,
    ITEMS,
    REL,
    conforming,
    items_of,
    links_of,
    make_wells_node,
    numbers_of,
)


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


# Part 2: Coordinate reference systems by reference


def test_systems_of_a_collection(served):
    """/req/crs/crs-uri, fc-md-crs-list, fc-md-crs-list-global, fc-md-storageCrs, fc-md-storageCrs-valid-value."""
    document = served.get("/collections/wells").json()
    assert document["crs"] == [CRS84, f"{EPSG}32648", f"{EPSG}3857", f"{EPSG}4326"]
    assert document["storageCrs"] == f"{EPSG}32648"
    assert CRS84 in served.get("/collections").json()["crs"]


def _first(served, crs):
    reply = served.get(f"{ITEMS}?limit=1&crs={quote(crs, safe='')}")
    return reply.json()["features"][0]["geometry"]["coordinates"], reply.headers["content-crs"]


@pytest.mark.parametrize("code", [32648, 3857, 4326, 32647, 3035, 2193, 32661])
def test_crs(served, code):
    """/req/crs/fc-crs-definition, fc-crs-valid-value, fc-crs-action, ogc-crs-header, -value, geojson: own axis order."""
    target = Transformer.from_crs("EPSG:32648", f"EPSG:{code}")
    x, y = target.transform(200_000, 2_000_000)
    found, header = _first(served, f"{EPSG}{code}")
    assert found == pytest.approx((x, y), rel=1e-9, abs=1e-3 if abs(x) > 1000 else 1e-7)
    assert header == f"<{EPSG}{code}>"
    one = served.get(f"{ITEMS}/1", params={"crs": f"{EPSG}{code}"})
    assert one.json()["geometry"]["coordinates"] == found
    assert one.headers["content-crs"] == header


def test_stored_positions_come_back_exactly(served):
    """/req/crs/fc-crs-action: in the system of the data, positions are those that were stored."""
    assert _first(served, f"{EPSG}32648")[0] == [200_000.0, 2_000_000.0]


def test_default_crs(served):
    """/req/crs/fc-crs-default-value, fc-bbox-crs-valid-defaultValue: CRS84, by any of its names, where none is given."""
    plain = served.get(f"{ITEMS}?limit=1")
    assert plain.headers["content-crs"] == f"<{CRS84}>"
    for name in (
        CRS84,
        "[OGC:CRS84]",
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        CRS84.replace("1.3/CRS84", "0/CRS84h"),
    ):
        assert _first(served, name)[0] == plain.json()["features"][0]["geometry"]["coordinates"]


def test_bbox_crs(served):
    """/req/crs/fc-bbox-crs-definition, fc-bbox-crs-valid-value, fc-bbox-crs-action: the box in another system."""
    assert numbers_of(served, f"bbox=209500,2009500,215500,2015500&bbox-crs={EPSG}32648") == list(
        range(10, 16)
    )
    assert numbers_of(served, f"bbox=18,102,19,103.5&bbox-crs={EPSG}4326") == list(range(COUNT))
    assert numbers_of(served, f"bbox=102,18,103.5,19&bbox-crs={CRS84}") == list(range(COUNT))
    served.get(f"{ITEMS}?bbox=102,18,103.5,19&bbox-crs={EPSG}1", 400)
    served.get(f"{ITEMS}?bbox=18,102,19,103.5", 400)


def test_bbox_crs_is_exact(served):
    """/req/crs/fc-bbox-crs-action: edges of the box are straight in its own system, not in longitude and latitude."""
    corner = "200000.5,1999999,258000,2057999"
    assert numbers_of(served, f"bbox={corner}&bbox-crs={EPSG}32648") == list(range(1, 58))


def test_bbox_crs_around_a_pole(served):
    """/req/crs/fc-bbox-crs-action: a box that holds the pole, or reaches around the Earth, finds what is in it."""

    def found(bbox, code):
        features = items_of(served, f"bbox={bbox}&bbox-crs={EPSG}{code}", "/collections/islands/items")[
            "features"
        ]
        return [one["properties"]["island"] for one in features]

    assert found("-1000000,-1000000,1000000,1000000", 3995) == ["pole"]
    assert found("-20037508,-20037508,20037508,20037508", 3857) == ["west", "east"]
    assert found("0,-3000000,20037508,3000000", 3857) == ["west"]
    assert "east" in found("-20037508,-3000000,0,3000000", 3857)


# Part 3: Filtering


def test_queryables(served, conforms):
    """/req/queryables/queryables-link, get-queryables-op, get-queryables-response: a JSON Schema of what can be asked."""
    address = links_of(served.get("/collections/wells").json())[REL + "queryables", "application/schema+json"]
    reply = served.get(address)
    document = conforms(reply.json(), "jsonSchema")
    assert reply.headers["content-type"] == "application/schema+json"
    assert f'<{address}>; rel="{REL}queryables"' in served.get(ITEMS).headers["link"]
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == address
    assert document["type"] == "object"
    properties = document["properties"]
    assert properties["geometry"]["format"] == "geometry-point"
    assert {name: one["type"] for name, one in properties.items() if name != "geometry"} == {
        "name": "string", "rock": "string", "depth_m": "number", "bottom_m": "number", "samples": "integer",
        "dry": "boolean", "drilled": "string",
    }  # fmt: skip
    assert properties["drilled"]["format"] in {"date", "date-time"}
    for feature in items_of(served)["features"]:
        jsonschema.Draft202012Validator(document).validate(feature["properties"])


def test_sortables_and_schema(served):
    """What features can be sorted by, and what they say, are schemas too."""
    for name in ("sortables", "schema"):
        document = served.get(f"/collections/wells/{name}").json()
        jsonschema.Draft202012Validator.check_schema(document)
        assert set(document["properties"]) >= {"name", "depth_m"}
    names = numbers_of(served, "sortby=-rock,%2Bdepth_m")
    assert names == [n for n in range(COUNT) if n % 3] + [n for n in range(COUNT) if n % 3 == 0]
    assert numbers_of(served, "sortby=-samples") == list(range(COUNT))[::-1]


def test_properties(served):
    """Only the columns that are asked for come."""
    features = items_of(served, "properties=name,depth_m&limit=2")["features"]
    assert [one["properties"] for one in features] == [
        {"name": "Well 0", "depth_m": 0.0},
        {"name": "Well 1", "depth_m": 2.5},
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("rock=Granite", [n for n in range(COUNT) if n % 3 == 0]),
        ("samples=7", [7]),
        ("depth_m=5", [2]),
        ("dry=true&rock=Granite", [n for n in range(COUNT) if n % 6 == 0]),
        ("name=Well%203", [3]),
        ("rock=granite", []),
    ],
)
def test_queryables_as_parameters(served, query, names):
    """/req/queryables-query-parameters/parameters: each queryable with a simple value is a parameter."""
    assert numbers_of(served, query) == names


FILTERS = [
    ("cql2-text basic", "rock = 'Granite' AND samples < 7", [0, 3, 6]),
    ("or, not", "NOT (samples > 1) OR name = 'Well 9'", [0, 1, 9]),
    ("isNull", "rock IS NULL", []),
    ("boolean", "dry = true AND samples <= 4", [0, 2, 4]),
    ("date", "drilled < DATE('2020-01-03')", [0, 1]),
    ("timestamp", "drilled >= TIMESTAMP('2020-02-28T00:00:00Z')", [58, 59]),
    ("advanced-comparison-operators like", "name LIKE 'Well 1_'", list(range(10, 20))),
    ("advanced-comparison-operators between", "depth_m BETWEEN 5 AND 10", [2, 3, 4]),
    ("advanced-comparison-operators in", "samples IN (1, 5, 99)", [1, 5]),
    ("case-insensitive-comparison", "CASEI(rock) = CASEI('GRANITE') AND samples < 5", [0, 3]),
    ("accent-insensitive-comparison", "ACCENTI(rock) = ACCENTI('Gránite') AND samples < 5", [0, 3]),
    ("basic-spatial-functions bbox", "S_INTERSECTS(geometry, BBOX(102, 18, 102.2, 18.2)) AND samples < 3", [0, 1, 2]),
    ("basic-spatial-functions point", "S_INTERSECTS(geometry, POINT(0 0))", []),
    ("basic-spatial-functions-plus", "S_INTERSECTS(geometry, POLYGON((102 18,102.2 18,102.2 18.2,102 18.2,102 18))) AND samples < 3", [0, 1, 2]),
    ("spatial-functions", "S_WITHIN(geometry, BBOX(102, 18, 103.5, 19)) AND S_DISJOINT(geometry, POINT(0 0)) AND samples = 1", [1]),
    ("temporal-functions", "T_BEFORE(drilled, DATE('2020-01-03'))", [0, 1]),
    ("temporal-functions during", "T_DURING(drilled, INTERVAL('2020-01-01', '2020-01-05')) AND samples > 1", [2, 3, 4]),
    ("arithmetic", "depth_m + 1 > 2.5 * 58", [58, 59]),
    ("property-property", "depth_m > bottom_m + 8", list(range(57, 60))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "names"), FILTERS)
def test_filter(served, name, text, names):
    """/req/filter/filter-param, filter-lang-param, expression-construction, response; /req/cql2-text and its classes."""
    del name
    assert numbers_of(served, f"filter={quote(text)}") == names
    assert numbers_of(served, f"filter-lang=cql2-text&filter={quote(text)}") == names


def test_filter_in_json(served):
    """/req/cql2-json, /req/filter/filter-lang-param: the same filter as JSON."""
    said = {"op": "and", "args": [
        {"op": "=", "args": [{"property": "rock"}, "Granite"]}, {"op": "<", "args": [{"property": "samples"}, 7]},
    ]}  # fmt: skip
    assert numbers_of(served, f"filter-lang=cql2-json&filter={quote(json.dumps(said))}") == [0, 3, 6]


def test_filter_crs(served):
    """/req/filter/filter-crs-wgs84, filter-crs-param: positions of the filter in another system, in its axis order."""
    text = "S_INTERSECTS(geometry, POLYGON((209500 2009500,215500 2009500,215500 2015500,209500 2015500,209500 2009500)))"
    assert numbers_of(served, f"filter-crs={EPSG}32648&filter={quote(text)}") == list(range(10, 16))
    text = "S_INTERSECTS(geometry, POLYGON((18 102,18 103.5,19 103.5,19 102,18 102)))"
    assert numbers_of(served, f"filter-crs={EPSG}4326&filter={quote(text)}") == list(range(COUNT))


def test_mixing(served):
    """/req/filter/mixing-expressions: a filter and other parameters must all hold."""
    found = numbers_of(
        served, f"filter={quote('samples < 30')}&rock=Granite&datetime=2020-01-05/..&bbox=102,18,103.5,19"
    )
    assert found == [n for n in range(4, 30) if n % 3 == 0]


# Clients that we did not write


def test_owslib(served):
    """OWSLib reads the collections, their features and a filter."""
    client = Features(served.address)
    assert "wells" in client.feature_collections()
    assert client.collection("wells")["itemType"] == "feature"
    assert client.collection_items("wells", limit=5, bbox=[102, 18, 103.5, 19])["numberReturned"] == 5
    assert client.collection_items("wells", filter="samples < 4")["numberReturned"] == 4
    assert client.collection_item("wells", "3")["properties"]["name"] == "Well 2"
    assert "depth_m" in client.collection_queryables("wells")["properties"]


def test_pyogrio(served):
    """GDAL's driver reads all pages, a box, and a condition on a column."""
    source = f"OAPIF:{served.address}"
    assert "wells" in layers(source)
    frame = read(source, layer="wells")
    assert len(frame) == COUNT
    assert set(frame.columns) >= {"name", "depth_m", "drilled"}
    assert frame.crs == "EPSG:32648"
    assert frame.geometry.iloc[3].coords[0] == (203_000, 2_003_000)
    few = read(source, layer="wells", bbox=(209_500, 2_009_500, 215_500, 2_015_500))
    assert list(few["samples"]) == list(range(10, 16))
    assert len(read(source, layer="wells", where="rock = 'Granite'")) == COUNT // 3


def test_ogrinfo(served):
    """The ogrinfo of Debian reads them, with a filter that the node answers."""
    command = [
        "ogrinfo",
        "-ro",
        "-al",
        "-so",
        f"OAPIF:{served.address}/collections/wells",
        "-where",
        "samples < 5",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "Feature Count: 5" in done.stdout, done.stdout + done.stderr
