"""CSW 2.0.2 with OWSLib, and with requests that are made to break it."""

import pytest
from lxml import etree
from owslib.csw import CatalogueServiceWeb
from owslib.fes import (
    And,
    BBox,
    Not,
    Or,
    PropertyIsBetween,
    PropertyIsEqualTo,
    PropertyIsGreaterThan,
    PropertyIsLike,
    PropertyIsNull,
    SortBy,
    SortProperty,
)
from owslib.ows import ExceptionReport
from tests.serving import Served, make_node

from craton.model.record import Party, Period, Quantity, Record
from craton.store.store import Store

GMD = "http://www.isotc211.org/2005/gmd"
NAMES = {"csw": "http://www.opengis.net/cat/csw/2.0.2", "ows": "http://www.opengis.net/ows", "gmd": GMD}

RECORDS = [
    Record(
        id="loei", kind="grid", title={"en": "Gravity of Loei"}, description={"en": "Bouguer anomaly"},
        bbox=(101, 16, 102, 17), crs="EPSG:32647", time=Period(start="1987-05-01", end="1988-01-31"),
        keywords=("gravity", "Loei"), quantities=(Quantity(name="bouguer_anomaly"),), licence="CC-BY-4.0",
        parties=(Party(name="Survey of Thailand", contact="geo@survey.example"),),
        properties={"sci:doi": "10.1234/loei"},
    ),
    Record(id="fiji", kind="table", title={"en": "Soil & <rock> of Fiji \x01"}, bbox=(177, -20, -178, -16)),
    Record(id="secret-one", kind="table", title={"en": "secret gravity"}, visibility="private"),
]  # fmt: skip


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A served node."""
    folder = make_node(tmp_path_factory.mktemp("node") / "node")
    with Store.open(folder) as store:
        store.put_many(RECORDS)
    with Served(folder, "") as server:
        yield server


@pytest.fixture(scope="module")
def client(node):
    """A client of others."""
    return CatalogueServiceWeb(f"{node.address}/csw")


def find(client, *constraints, **options):
    """Ids of the records that answer."""
    client.getrecords2(constraints=list(constraints), maxrecords=100, **options)
    assert client.results["returned"] == len(client.records)
    return set(client.records)


def get(node, status=200, **query):
    """Document that an address gives."""
    reply = node.get("/csw", status, params={"service": "CSW", "version": "2.0.2", **query})
    assert reply.headers["content-type"].startswith("application/xml")
    return etree.fromstring(reply.content)


def test_capabilities(client):
    """Operations, types, queryables and what filters can do are told."""
    assert client.identification.type == "CSW"
    assert [one.name for one in client.operations] == [
        "GetCapabilities",
        "DescribeRecord",
        "GetRecords",
        "GetRecordById",
    ]
    records = client.get_operation_by_name("GetRecords")
    assert GMD in records.parameters["outputSchema"]["values"]
    assert "ows:BoundingBox" in records.constraints[0].values
    assert client.filters.spatial_operators


def test_describe_record(node, client):
    """The types of records are described."""
    client.describerecord()
    document = get(node, request="DescribeRecord", typeName="csw:Record")
    assert len(document.findall("csw:SchemaComponent", NAMES)) == 1


def test_dublin_core(client):
    """A full record has all that Dublin Core has a place for."""
    client.getrecordbyid(["loei"], esn="full")
    record = client.records["loei"]
    assert (record.title, record.abstract, record.type) == ("Gravity of Loei", "Bouguer anomaly", "dataset")
    assert sorted(record.subjects) == ["Loei", "gravity"]
    assert (record.creator, record.rights, record.relation) == (
        "Survey of Thailand",
        ["CC-BY-4.0"],
        "doi:10.1234/loei",
    )
    assert [
        float(side) for side in (record.bbox.minx, record.bbox.miny, record.bbox.maxx, record.bbox.maxy)
    ] == [101, 16, 102, 17]
    assert any("/collections/catalogue/items/loei" in one["url"] for one in record.references)


@pytest.mark.parametrize("elements", ["brief", "summary", "full"])
def test_iso_metadata(client, elements):
    """Records as ISO 19139 are read by others, with place, time, words and addresses."""
    client.getrecordbyid(["loei"], esn=elements, outputschema=GMD)
    record = client.records["loei"]
    (identification,) = record.identification
    assert (record.identifier, identification.title) == ("loei", "Gravity of Loei")
    assert float(identification.bbox.maxy) == 17
    if elements == "full":
        assert identification.temporalextent_start == "1987-05-01"
        assert "gravity" in [word.name for words in identification.keywords for word in words.keywords]
        assert record.contact[0].email == "geo@survey.example"
        assert record.referencesystem.code == "EPSG:32647"
        assert record.distribution.online[0].url


def test_every_record_of_every_form_is_well_formed(client):
    """All records come in all forms, with signs that XML cannot hold left out."""
    for schema in (NAMES["csw"], GMD):
        for elements in ("brief", "summary", "full"):
            assert {"loei", "fiji", "sites-1"} <= find(client, esn=elements, outputschema=schema)
    assert client.records["fiji"].identification[0].title.strip() == "Soil & <rock> of Fiji"


def test_filters(client):
    """Comparisons, patterns, places and their combinations."""
    everything = find(client)
    assert "secret-one" not in everything
    assert find(client, PropertyIsEqualTo("dc:identifier", "loei")) == {"loei"}
    assert find(client, PropertyIsEqualTo("dc:subject", "Loei")) == {"loei"}
    assert find(client, PropertyIsLike("dc:title", "gravity%", matchCase=False)) >= {"loei"}
    assert "loei" not in find(client, PropertyIsLike("dc:title", "gravity%"))
    assert find(client, PropertyIsLike("csw:AnyText", "%bouguer%")) >= {"loei"}
    assert find(client, PropertyIsNull("dc:subject")) >= {"fiji"}
    assert find(client, PropertyIsGreaterThan("dct:modified", "2001-01-01T00:00:00Z")) == everything
    assert find(client, PropertyIsBetween("dct:modified", "2001-01-01", "2002-01-01")) == set()
    assert find(client, BBox([100, 15, 103, 18])) >= {"loei", "sites-1"}
    assert find(client, BBox([178, -19, 179, -17])) == {"fiji"}
    swapped = BBox([15, 100, 18, 103], crs="urn:ogc:def:crs:EPSG::4326")
    assert find(client, swapped) == find(client, BBox([100, 15, 103, 18]))
    both = And(
        [PropertyIsEqualTo("dc:subject", "gravity"), Not([PropertyIsEqualTo("dc:identifier", "loei")])]
    )
    assert "loei" not in find(client, both)
    either = Or([PropertyIsLike("csw:AnyText", "%soil%"), PropertyIsEqualTo("dc:identifier", "loei")])
    assert find(client, either) == {"fiji", "loei"}


def test_cql_text(client, node):
    """CQL in text, with its own way to say a box."""
    client.getrecords2(cql="title LIKE 'Grav%' AND BBOX(ows:BoundingBox, 100, 15, 103, 18)", maxrecords=50)
    assert "loei" in client.records
    query = {
        "request": "GetRecords",
        "typeNames": "csw:Record",
        "resultType": "results",
        "constraintLanguage": "CQL_TEXT",
    }
    document = get(node, constraint="csw:AnyText LIKE '%Bouguer%' AND dc:subject = 'Loei'", **query)
    assert document.find("csw:SearchResults", NAMES).get("numberOfRecordsMatched") == "1"


def test_pages_and_orders(client):
    """Records come sorted and page by page; the last page says that it is the last."""
    order = SortBy([SortProperty("dc:title", "DESC")])
    seen, start = [], 1
    while start:
        client.getrecords2(startposition=start, maxrecords=2, sortby=order, esn="brief")
        seen += [record.title.lower() for record in client.records.values()]
        start = client.results["nextrecord"]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == client.results["matches"]


def test_hits(node):
    """Without a wish for results, only their number is told."""
    document = get(node, request="GetRecords", typeNames="csw:Record")
    results = document.find("csw:SearchResults", NAMES)
    assert (results.get("numberOfRecordsReturned"), len(results)) == ("0", 0)
    assert int(results.get("numberOfRecordsMatched")) > 3


def test_records_that_are_not_there(client):
    """Unknown and private identifiers give nothing."""
    client.getrecordbyid(["nobody", "secret-one"])
    assert list(client.records) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "MissingParameterValue"),
        ({"request": "Transaction"}, "OperationNotSupported"),
        ({"request": "GetRecords"}, "MissingParameterValue"),
        ({"request": "GetRecords", "typeNames": "x:y"}, "InvalidParameterValue"),
        ({"request": "GetRecords", "typeNames": "csw:Record", "maxRecords": "-1"}, "InvalidParameterValue"),
        ({"request": "GetRecords", "typeNames": "csw:Record", "startPosition": "0"}, "InvalidParameterValue"),
        ({"request": "GetRecords", "typeNames": "csw:Record", "outputSchema": "x"}, "InvalidParameterValue"),
        (
            {"request": "GetRecords", "typeNames": "csw:Record", "elementSetName": "x"},
            "InvalidParameterValue",
        ),
        (
            {"request": "GetRecords", "typeNames": "csw:Record", "constraint": "title >"},
            "InvalidParameterValue",
        ),
        (
            {"request": "GetRecords", "typeNames": "csw:Record", "constraint": "colour = 'x'"},
            "InvalidParameterValue",
        ),
        ({"request": "GetRecords", "typeNames": "csw:Record", "sortBy": "colour:A"}, "InvalidParameterValue"),
        ({"request": "GetRecordById"}, "MissingParameterValue"),
        ({"request": "GetCapabilities", "acceptVersions": "3.0.0"}, "VersionNegotiationFailed"),
        ({"request": "GetCapabilities", "colour": "red"}, "InvalidParameterValue"),
        ({"request": "DescribeRecord", "typeName": "x"}, "InvalidParameterValue"),
        ({"request": "GetRecords", "typeNames": "csw:Record", "version": "3.0.0"}, "InvalidParameterValue"),
    ],
)
def test_exceptions(node, query, code):
    """What is wrong is told as an exception report, with the codes of OWS."""
    document = get(node, 400, **query)
    assert document.find("ows:Exception", NAMES).get("exceptionCode") == code


FILTER = '<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml">{}</ogc:Filter>'
POSTED = (
    '<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" service="CSW" version="2.0.2" resultType="results">'
    '<csw:Query typeNames="csw:Record"><csw:Constraint version="1.1.0">{}</csw:Constraint></csw:Query></csw:GetRecords>'
)


@pytest.mark.parametrize(
    "inner",
    [
        "", "<ogc:And/>", "<ogc:Colour/>", "<ogc:PropertyIsEqualTo/>", "<ogc:BBOX/>",
        "<ogc:BBOX><gml:Envelope/></ogc:BBOX>",
        "<ogc:BBOX><gml:Envelope><gml:lowerCorner>a b</gml:lowerCorner></gml:Envelope></ogc:BBOX>",
        "<ogc:BBOX><gml:Envelope><gml:lowerCorner>0 0</gml:lowerCorner><gml:upperCorner>nan 1</gml:upperCorner></gml:Envelope></ogc:BBOX>",
        "<ogc:BBOX><gml:Envelope><gml:lowerCorner>9 9</gml:lowerCorner><gml:upperCorner>1 1</gml:upperCorner></gml:Envelope></ogc:BBOX>",
        "<ogc:Intersects><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>0 0 1 1</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></ogc:Intersects>",
        "<ogc:Intersects><gml:Point srsName='EPSG:0'><gml:pos>0 0</gml:pos></gml:Point></ogc:Intersects>",
        "<ogc:PropertyIsLike><ogc:PropertyName>title</ogc:PropertyName><ogc:Literal>" + "%25a" * 3 + "*" * 20 + "</ogc:Literal></ogc:PropertyIsLike>",
        "<ogc:Not>" * 120 + "</ogc:Not>" * 120,
        "<ogc:PropertyIsLessThan><ogc:PropertyName>dct:modified</ogc:PropertyName><ogc:Literal>soon</ogc:Literal></ogc:PropertyIsLessThan>",
    ],
)  # fmt: skip
def test_bad_filters(node, inner):
    """A filter that makes no sense is refused."""
    reply = node.client.post("/csw", content=POSTED.format(FILTER.format(inner)))
    assert reply.status_code == 400, reply.text
    assert b"ExceptionReport" in reply.content


def test_hostile_xml(node):
    """Entities, foreign definitions, broken and huge bodies do nothing."""
    secret = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    for content in (secret, bomb, "<x", "", "<x/>", "\x00", "<a>" * 200_000, "<a>" + "<b/>" * 6000 + "</a>"):
        reply = node.client.post("/csw", content=content)
        assert reply.status_code == 400, content[:50]
        assert b"root:" not in reply.content
    assert node.client.post("/csw", content="x" * (2 << 20)).status_code == 413
    assert node.client.delete("/csw").status_code == 405


def test_clients_are_told(client):
    """OWSLib raises what the report says."""
    with pytest.raises(ExceptionReport, match="colour"):
        client.getrecords2(constraints=[PropertyIsEqualTo("dc:colour", "x")])
