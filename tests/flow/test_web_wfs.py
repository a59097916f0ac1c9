"""The Web Feature Service, asked by OWSLib, by GDAL, and as standards say (OGC 09-025r2, 09-026r2)."""

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import pytest
import shapely
from lxml import etree
from owslib.wfs import WebFeatureService
from tests.gdal_apart import layers, read
from tests.serving import Served, plugins, put

import craton

NS = {
    "wfs": "http://www.opengis.net/wfs/2.0", "gml": "http://www.opengis.net/gml/3.2",
    "ows": "http://www.opengis.net/ows/1.1", "xsd": "http://www.w3.org/2001/XMLSchema",
    "craton": "urn:craton:features",
}  # fmt: skip
HEAD = (
    '<wfs:GetFeature service="WFS" version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" '
    'xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" '
)


def rocks():
    """Six squares of two rocks in UTM, with a hole, odd names of columns, dates and gaps."""
    squares = [shapely.box(200_000 + 2000 * n, 2_000_000, 201_000 + 2000 * n, 2_001_000) for n in range(6)]
    squares[0] = squares[0].difference(shapely.box(200_400, 2_000_400, 200_600, 2_000_600))
    return gpd.GeoDataFrame(
        {
            "rock": ["granite", "basalt", "granite", "basalt", "Granite", None],
            "grade %": [0.1, 0.2, 0.3, 0.4, 0.5, None],
            "holes": [1, 2, 3, 4, 5, 6],
            "seen": pd.to_datetime(
                ["2020-01-01", "2021-01-01", "2022-01-01", None, "2024-01-01", "2025-01-01"]
            ),
            "mined": [True, False, True, False, True, False],
        },
        geometry=squares,
        crs="EPSG:32648",
    )


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wfs")
    with craton.create(folder / "node", title="Mekong node") as made:
        put(made, rocks().to_crs("EPSG:4326"), "table", id="rocks-1")
        put(made, pd.DataFrame({"name": ["a", "b"]}), "table", id="names-1")
        put(made, rocks().to_crs("EPSG:4326"), "table", id="secret-1", visibility="private")
    with Served(folder / "node", plugins(folder)) as served:
        yield served


def ask(node, status=200, **parameters):
    said = {"service": "WFS", "version": "2.0.0", **parameters}
    reply = node.get("/wfs", status, params=said)
    return etree.fromstring(reply.content)


def ids(root):
    return [one.get(f"{{{NS['gml']}}}id") for one in root.iterfind("wfs:member/*", NS)]


def by_filter(node, condition):
    """Numbers of the features that a filter finds, in an address and in a document."""
    inner = f'<fes:Filter xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="{NS["gml"]}">{condition}</fes:Filter>'
    found = ids(ask(node, request="GetFeature", typeNames="craton:rocks-1", filter=inner))
    document = f'{HEAD}><wfs:Query typeNames="craton:rocks-1"><fes:Filter>{condition}</fes:Filter></wfs:Query></wfs:GetFeature>'
    reply = node.client.post("/wfs", content=document, headers={"Content-Type": "text/xml"})
    assert ids(etree.fromstring(reply.content)) == found
    return [int(id.rpartition(".")[2]) for id in found]


def test_owslib_reads_the_capabilities(node):
    """OWSLib finds the feature types, their boxes and systems, and none that are private."""
    service = WebFeatureService(f"{node.address}/wfs", version="2.0.0")
    assert service.identification.title == "Mekong node"
    assert sorted(service.contents) == ["craton:names-1", "craton:rocks-1"]
    rock = service["craton:rocks-1"]
    assert rock.boundingBoxWGS84 == pytest.approx((102.15, 18.07, 102.26, 18.08), abs=0.02)
    assert rock.crsOptions[0].code == 4326


def test_owslib_gets_features(node):
    """OWSLib gets pages, properties, boxes and features by their identifiers."""
    service = WebFeatureService(f"{node.address}/wfs", version="2.0.0")
    read = lambda **more: ids(etree.fromstring(service.getfeature(typename="craton:rocks-1", **more).read()))  # noqa: E731
    assert read(maxfeatures=2) == ["rocks-1.1", "rocks-1.2"]
    assert read(maxfeatures=2, startindex=4) == ["rocks-1.5", "rocks-1.6"]
    assert read(featureid=["rocks-1.3"]) == ["rocks-1.3"]
    box = tuple(rocks().to_crs("EPSG:4326").geometry[1].bounds)
    assert read(bbox=(*box, "urn:ogc:def:crs:OGC:1.3:CRS84")) == ["rocks-1.2"]
    schema = service.get_schema("craton:rocks-1")
    assert schema["properties"] == {
        "rock": "string", "grade__": "double", "holes": "long", "seen": schema["properties"]["seen"], "mined": "boolean",
    }  # fmt: skip
    assert [query.id for query in service.storedqueries] == ["urn:ogc:def:query:OGC-WFS::GetFeatureById"]


def test_gdal_reads_all_and_filters(node):
    """GDAL's driver reads geometry, holes and attributes as they are, and its filters run here."""
    source = f"WFS:{node.address}/wfs"
    assert sorted(layers(source)) == ["craton:names-1", "craton:rocks-1"]
    found = read(source, layer="craton:rocks-1")
    expected = rocks().to_crs("EPSG:4326")
    assert len(found) == 6
    assert found["rock"].tolist()[:5] == ["granite", "basalt", "granite", "basalt", "Granite"]
    assert found["grade__"].tolist()[:5] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert found.crs.to_epsg() == 4326
    for one, other in zip(found.geometry, expected.geometry, strict=True):
        assert one.symmetric_difference(other).area < 1e-12
    assert len(read(source, layer="craton:rocks-1", where="rock = 'basalt'")) == 2
    box = tuple(expected.geometry[1].bounds)
    assert len(read(source, layer="craton:rocks-1", bbox=box)) == 1
    assert len(read(source, layer="craton:names-1", read_geometry=False)) == 2


def test_the_schema_describes_the_columns(node):
    """DescribeFeatureType: every column is an element of its type; the geometry has the type that all have."""
    root = ask(node, request="DescribeFeatureType", typeNames="craton:rocks-1")
    types = {one.get("name"): one.get("type") for one in root.iterfind(".//xsd:sequence/xsd:element", NS)}
    assert (types["rock"], types["holes"]) == ("xsd:string", "xsd:long")
    assert types["geometry"] == "gml:SurfacePropertyType"
    assert root.find("xsd:element", NS).get("substitutionGroup") == "gml:AbstractFeature"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("<fes:PropertyIsEqualTo><fes:ValueReference>rock</fes:ValueReference><fes:Literal>granite</fes:Literal></fes:PropertyIsEqualTo>", [1, 3]),
        ('<fes:PropertyIsEqualTo matchCase="false"><fes:ValueReference>craton:rock</fes:ValueReference><fes:Literal>GRANITE</fes:Literal></fes:PropertyIsEqualTo>', [1, 3, 5]),
        ("<fes:PropertyIsGreaterThan><fes:Literal>3</fes:Literal><fes:ValueReference>holes</fes:ValueReference></fes:PropertyIsGreaterThan>", [1, 2]),
        ("<fes:PropertyIsBetween><fes:ValueReference>grade__</fes:ValueReference><fes:LowerBoundary><fes:Literal>0.2</fes:Literal></fes:LowerBoundary><fes:UpperBoundary><fes:Literal>0.4</fes:Literal></fes:UpperBoundary></fes:PropertyIsBetween>", [2, 3, 4]),
        ('<fes:PropertyIsLike wildCard="*" singleChar="." escapeChar="!"><fes:ValueReference>rock</fes:ValueReference><fes:Literal>*r.nite</fes:Literal></fes:PropertyIsLike>', [1, 3, 5]),
        ("<fes:PropertyIsNull><fes:ValueReference>rock</fes:ValueReference></fes:PropertyIsNull>", [6]),
        ("<fes:Not><fes:PropertyIsNull><fes:ValueReference>seen</fes:ValueReference></fes:PropertyIsNull></fes:Not>", [1, 2, 3, 5, 6]),
        ("<fes:PropertyIsEqualTo><fes:ValueReference>mined</fes:ValueReference><fes:Literal>true</fes:Literal></fes:PropertyIsEqualTo>", [1, 3, 5]),
        ("<fes:And><fes:PropertyIsLessThan><fes:ValueReference>holes</fes:ValueReference><fes:Literal>4</fes:Literal></fes:PropertyIsLessThan><fes:PropertyIsNotEqualTo><fes:ValueReference>rock</fes:ValueReference><fes:Literal>basalt</fes:Literal></fes:PropertyIsNotEqualTo></fes:And>", [1, 3]),
        ('<fes:ResourceId rid="rocks-1.2"/><fes:ResourceId rid="rocks-1.4"/>', [2, 4]),
    ],
)  # fmt: skip
def test_filters_find_what_they_say(node, condition, expected):
    """FES 2.0: comparisons, combinations and identifiers, the same in an address and in a document."""
    assert by_filter(node, condition) == expected


def test_a_box_has_the_order_of_axes_of_its_system(node):
    """BBOX: URN puts latitude first, EPSG:4326 and CRS84 put longitude first; the envelope of a filter too."""
    west, south, east, north = rocks().to_crs("EPSG:4326").geometry[1].bounds
    latitude_first, longitude_first = f"{south},{west},{north},{east}", f"{west},{south},{east},{north}"
    for box in (
        latitude_first, f"{latitude_first},urn:ogc:def:crs:EPSG::4326", f"{longitude_first},EPSG:4326",
        f"{longitude_first},urn:ogc:def:crs:OGC:1.3:CRS84",
    ):  # fmt: skip
        assert ids(ask(node, request="GetFeature", typeNames="rocks-1", bbox=box)) == ["rocks-1.2"]
    envelope = (
        f"<gml:lowerCorner>{south} {west}</gml:lowerCorner><gml:upperCorner>{north} {east}</gml:upperCorner>"
    )
    assert by_filter(node, f'<fes:BBOX><fes:ValueReference>geometry</fes:ValueReference><gml:Envelope srsName="urn:ogc:def:crs:EPSG::4326">{envelope}</gml:Envelope></fes:BBOX>') == [2]  # fmt: skip


def test_positions_come_in_the_system_that_is_asked_for(node):
    """srsName: the order of axes of positions is the one of the name."""
    first = {
        name: [float(x) for x in ask(node, request="GetFeature", typeNames="rocks-1", count=1, srsName=name).find(".//gml:posList", NS).text.split()[:2]]
        for name in ("urn:ogc:def:crs:EPSG::4326", "EPSG:4326", "urn:ogc:def:crs:EPSG::3857")
    }  # fmt: skip
    latitude, longitude = first["urn:ogc:def:crs:EPSG::4326"]
    assert first["EPSG:4326"] == pytest.approx([longitude, latitude])
    assert (latitude, longitude) == pytest.approx((18.07, 102.2), abs=0.1)
    assert first["urn:ogc:def:crs:EPSG::3857"][0] == pytest.approx(longitude * 111319.49, rel=1e-4)


def test_hits_are_counted_alone(node):
    """resultType=hits: the number of all features, and no feature."""
    root = ask(node, request="GetFeature", typeNames="rocks-1", resultType="hits")
    assert (root.get("numberMatched"), root.get("numberReturned"), len(root)) == ("6", "0", 0)


def test_pages_lead_to_the_next(node):
    """Paging: next and previous lead through all features, sorted as asked."""
    root = ask(node, request="GetFeature", typeNames="rocks-1", count=4, sortBy="holes DESC")
    assert ids(root) == ["rocks-1.6", "rocks-1.5", "rocks-1.4", "rocks-1.3"]
    following = etree.fromstring(node.client.get(root.get("next")).content)
    assert ids(following) == ["rocks-1.2", "rocks-1.1"]
    assert following.get("next") is None
    assert ids(etree.fromstring(node.client.get(following.get("previous")).content)) == ids(root)


def test_geojson_is_given(node):
    """outputFormat: GeoJSON with the properties that are asked for, east before north."""
    reply = node.get("/wfs", params={"service": "WFS", "version": "2.0.0", "request": "GetFeature", "typeNames": "rocks-1", "outputFormat": "application/json", "propertyName": "rock,geometry", "count": 1})  # fmt: skip
    (feature,) = msgspec.json.decode(reply.content)["features"]
    assert (feature["id"], feature["properties"]) == ("rocks-1.1", {"rock": "granite"})
    assert feature["geometry"]["coordinates"][0][0][0] == pytest.approx(102.2, abs=0.1)


def test_the_stored_query_gives_one_feature(node):
    """GetFeatureById: the feature itself; an unknown one is not found."""
    asked = {"request": "GetFeature", "storedQuery_id": "urn:ogc:def:query:OGC-WFS::GetFeatureById"}
    root = ask(node, **asked, id="rocks-1.4")
    assert root.get(f"{{{NS['gml']}}}id") == "rocks-1.4"
    assert root.find("craton:rock", NS).text == "basalt"
    ring = root.find("craton:geometry/gml:Polygon/gml:exterior/gml:LinearRing/gml:posList", NS)
    positions = np.array(ring.text.split(), float).reshape(-1, 2)[:, ::-1]
    assert (
        shapely.Polygon(positions).symmetric_difference(rocks().to_crs("EPSG:4326").geometry[3]).area < 1e-12
    )
    missing = ask(node, 404, **asked, id="rocks-1.400")
    assert missing.find("ows:Exception", NS).get("exceptionCode") == "NotFound"
    document = '<wfs:GetFeature service="WFS" version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0"><wfs:StoredQuery id="urn:ogc:def:query:OGC-WFS::GetFeatureById"><wfs:Parameter name="id">rocks-1.4</wfs:Parameter></wfs:StoredQuery></wfs:GetFeature>'
    reply = node.client.post("/wfs", content=document, headers={"Content-Type": "application/xml"})
    assert etree.fromstring(reply.content).get(f"{{{NS['gml']}}}id") == "rocks-1.4"
    described = ask(node, request="DescribeStoredQueries")
    assert described.find("wfs:StoredQueryDescription/wfs:Parameter", NS).get("name") == "id"


@pytest.mark.parametrize(
    "parameters",
    [
        {"request": "GetFeature"},
        {"request": "GetFeature", "typeNames": "nothing-1"},
        {"request": "GetFeature", "typeNames": "secret-1"},
        {"request": "GetFeature", "typeNames": "rocks-1,names-1"},
        {"request": "GetFeature", "typeNames": "rocks-1", "count": "-1"},
        {"request": "GetFeature", "typeNames": "rocks-1", "count": "9" * 40},
        {"request": "GetFeature", "typeNames": "rocks-1", "bbox": "NaN,1,2,3"},
        {"request": "GetFeature", "typeNames": "rocks-1", "bbox": "1,2,3"},
        {"request": "GetFeature", "typeNames": "rocks-1", "srsName": "EPSG:999999"},
        {"request": "GetFeature", "typeNames": "rocks-1", "propertyName": "nothing"},
        {"request": "GetFeature", "typeNames": "rocks-1", "sortBy": "nothing"},
        {"request": "GetFeature", "typeNames": "rocks-1", "outputFormat": "shape-zip"},
        {"request": "GetFeature", "typeNames": "rocks-1", "filter": "<Filter>"},
        {"request": "GetFeature", "typeNames": "rocks-1", "filter": "<Filter><And/></Filter>"},
        {"request": "GetFeature", "typeNames": "rocks-1", "filter": "<Filter>" + "<Not>" * 500 + "</Not>" * 500 + "</Filter>"},
        {"request": "GetFeature", "typeNames": "rocks-1", "resultType": "some"},
        {"request": "DescribeFeatureType"},
        {"request": "DescribeStoredQueries", "storedQuery_id": "other"},
        {"request": "Transaction"},
        {"request": "GetCapabilities", "acceptVersions": "1.1.0"},
        {"request": "GetFeature", "typeNames": "rocks-1", "version": "1.0.0"},
        {},
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_told(node, parameters):
    """OWS exceptions: a report with a code, never a fault; what is private is as what is not there."""
    root = ask(node, 400, **parameters)
    assert root.tag == f"{{{NS['ows']}}}ExceptionReport"
    assert root.find("ows:Exception", NS).get("exceptionCode")


@pytest.mark.parametrize(
    "document",
    [
        "", "<a", "<a/>", "\0", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]>' + HEAD + "><wfs:Query typeNames='&c;'/></wfs:GetFeature>",
        HEAD + "><wfs:Query typeNames='rocks-1'/><wfs:Query typeNames='names-1'/></wfs:GetFeature>",
    ],
)  # fmt: skip
def test_bad_documents_are_refused(node, document):
    """POST: no entities, nothing from elsewhere, one query."""
    reply = node.client.post("/wfs", content=document, headers={"Content-Type": "text/xml"})
    assert reply.status_code == 400, reply.text
    assert b"ExceptionReport" in reply.content
    assert b"root:" not in reply.content
