"""What the Web Feature Service can do, and its stored query."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, register_namespace

from craton.model.permission import visible_to
from craton.model.record import Record
from craton.store.feature_source import KINDS
from craton.store.search import Query
from craton.web.crs_negotiation import system_of
from craton.web.site import Site
from craton.web.wfs_gml import XSI
from craton.web.wfs_request import BY_ID, DEFAULT_COUNT
from craton.web.wfs_types import FES, LATITUDE_FIRST, NAMESPACE, PREFIX, WFS, ServiceError, urn_of, xml_name
from craton.web.wms_xml import OWS, XLINK, plain

VERSION = "2.0.0"
GML_FORMAT = "application/gml+xml; version=3.2"
GML_FORMATS = (GML_FORMAT, "text/xml; subtype=gml/3.2", "gml32", "gml3")
JSON_FORMATS = ("application/json", "application/geo+json", "json", "geojson")
OTHER_SYSTEMS = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::3857")

MOST_TYPES = 5000
"""Feature types that are listed."""

register_namespace("fes", FES)

CONSTRAINTS = {
    "ImplementsBasicWFS": False, "ImplementsTransactionalWFS": False, "ImplementsLockingWFS": False,
    "KVPEncoding": True, "XMLEncoding": True, "SOAPEncoding": False, "ImplementsInheritance": False,
    "ImplementsRemoteResolve": False, "ImplementsResultPaging": True, "ImplementsStandardJoins": False,
    "ImplementsSpatialJoins": False, "ImplementsTemporalJoins": False, "ImplementsFeatureVersioning": False,
    "ManageStoredQueries": False,
}  # fmt: skip

FILTER_CONSTRAINTS = {
    "ImplementsQuery": True, "ImplementsAdHocQuery": True, "ImplementsFunctions": False,
    "ImplementsResourceId": True, "ImplementsMinStandardFilter": True, "ImplementsStandardFilter": True,
    "ImplementsMinSpatialFilter": True, "ImplementsSpatialFilter": False,
    "ImplementsMinTemporalFilter": False, "ImplementsTemporalFilter": False, "ImplementsVersionNav": False,
    "ImplementsSorting": True, "ImplementsExtendedOperators": False, "ImplementsMinimumXPath": True,
    "ImplementsSchemaElementFunc": False,
}  # fmt: skip

OPERATORS = (
    "EqualTo", "NotEqualTo", "LessThan", "GreaterThan", "LessThanOrEqualTo", "GreaterThanOrEqualTo", "Like",
    "Null", "Nil", "Between",
)  # fmt: skip


def ows(name: str) -> str:
    """A name of the common part of the older services."""
    return f"{{{OWS}}}{name}"


def wfs(name: str) -> str:
    """A name of the service itself."""
    return f"{{{WFS}}}{name}"


def capabilities(site: Site, base: str) -> Element:
    """The document of capabilities."""
    root = Element(wfs("WFS_Capabilities"), {"version": VERSION, f"{{{XSI}}}schemaLocation": f"{WFS} "
                   "http://schemas.opengis.net/wfs/2.0/wfs.xsd"})  # fmt: skip
    root.set(f"xmlns:{PREFIX}", NAMESPACE)
    root.append(_identification(site))
    provider = SubElement(root, ows("ServiceProvider"))
    SubElement(provider, ows("ProviderName")).text = plain(site.options.title or "A Craton node")
    SubElement(provider, ows("ServiceContact"))
    root.append(_operations(f"{base}/wfs"))
    types = SubElement(root, wfs("FeatureTypeList"))
    query = Query(kinds=tuple(sorted(KINDS)), visibility=visible_to(site.actor), limit=MOST_TYPES)
    for record in site.store.catalogue.find(query):
        if record.content:
            _describe(types, record)
    root.append(_filters())
    return root


def _identification(site: Site) -> Element:
    said = Element(ows("ServiceIdentification"))
    SubElement(said, ows("Title")).text = plain(site.options.title or "A Craton node")
    SubElement(said, ows("Abstract")).text = "Features of the node's datasets."
    SubElement(said, ows("ServiceType")).text = "WFS"
    SubElement(said, ows("ServiceTypeVersion")).text = VERSION
    return said


def _operations(address: str) -> Element:
    made = Element(ows("OperationsMetadata"))
    versions: dict[str, Iterable[str]] = {"AcceptVersions": [VERSION], "AcceptFormats": ["text/xml"]}
    operations: dict[str, dict[str, Iterable[str]]] = {
        "GetCapabilities": versions,
        "DescribeFeatureType": {"outputFormat": [GML_FORMAT]},
        "ListStoredQueries": {},
        "DescribeStoredQueries": {},
        "GetFeature": {
            "resultType": ["results", "hits"], "outputFormat": [*GML_FORMATS, *JSON_FORMATS],
        },
    }  # fmt: skip
    for name, parameters in operations.items():
        operation = SubElement(made, ows("Operation"), {"name": name})
        http = SubElement(SubElement(operation, ows("DCP")), ows("HTTP"))
        SubElement(http, ows("Get"), {f"{{{XLINK}}}href": f"{address}?"})
        SubElement(http, ows("Post"), {f"{{{XLINK}}}href": address})
        for parameter, values in parameters.items():
            _allowed(SubElement(operation, ows("Parameter"), {"name": parameter}), values)
    _allowed(SubElement(made, ows("Parameter"), {"name": "version"}), [VERSION])
    for name, holds in CONSTRAINTS.items():
        _constraint(made, name, "TRUE" if holds else "FALSE")
    _constraint(made, "CountDefault", str(DEFAULT_COUNT))
    return made


def _allowed(parent: Element, values: Iterable[str]) -> None:
    allowed = SubElement(parent, ows("AllowedValues"))
    for value in values:
        SubElement(allowed, ows("Value")).text = value


def _constraint(parent: Element, name: str, value: str, namespace: str = OWS) -> None:
    made = SubElement(parent, f"{{{namespace}}}Constraint", {"name": name})
    SubElement(made, ows("NoValues"))
    SubElement(made, ows("DefaultValue")).text = value


def _describe(parent: Element, record: Record) -> None:
    made = SubElement(parent, wfs("FeatureType"))
    SubElement(made, wfs("Name")).text = f"{PREFIX}:{xml_name(record.id)}"
    SubElement(made, wfs("Title")).text = plain(record.name())
    words = next(iter(record.description.values()), "")
    if words:
        SubElement(made, wfs("Abstract")).text = plain(words)
    if record.keywords:
        keywords = SubElement(made, ows("Keywords"))
        for word in record.keywords[:20]:
            SubElement(keywords, ows("Keyword")).text = plain(word)
    if record.bbox is None:
        SubElement(made, wfs("NoCRS"))
        return
    SubElement(made, wfs("DefaultCRS")).text = LATITUDE_FIRST
    for urn in dict.fromkeys((*OTHER_SYSTEMS, *_own(record))):
        SubElement(made, wfs("OtherCRS")).text = urn
    west, south, east, north = record.bbox
    if west > east:
        west, east = -180.0, 180.0
    box = SubElement(made, ows("WGS84BoundingBox"))
    SubElement(box, ows("LowerCorner")).text = f"{west:.10g} {south:.10g}"
    SubElement(box, ows("UpperCorner")).text = f"{east:.10g} {north:.10g}"


def _own(record: Record) -> list[str]:
    """System of the data, where it has a code that clients know."""
    if not record.crs.startswith("EPSG:") or record.crs == "EPSG:4326":
        return []
    return [urn_of(system_of(record.crs))]


def _filters() -> Element:
    root = Element(f"{{{FES}}}Filter_Capabilities")
    conformance = SubElement(root, f"{{{FES}}}Conformance")
    for name, holds in FILTER_CONSTRAINTS.items():
        _constraint(conformance, name, "TRUE" if holds else "FALSE", FES)
    ids = SubElement(root, f"{{{FES}}}Id_Capabilities")
    SubElement(ids, f"{{{FES}}}ResourceIdentifier", {"name": "fes:ResourceId"})
    scalar = SubElement(root, f"{{{FES}}}Scalar_Capabilities")
    SubElement(scalar, f"{{{FES}}}LogicalOperators")
    comparisons = SubElement(scalar, f"{{{FES}}}ComparisonOperators")
    for name in OPERATORS:
        SubElement(comparisons, f"{{{FES}}}ComparisonOperator", {"name": f"PropertyIs{name}"})
    spatial = SubElement(root, f"{{{FES}}}Spatial_Capabilities")
    operands = SubElement(spatial, f"{{{FES}}}GeometryOperands")
    SubElement(operands, f"{{{FES}}}GeometryOperand", {"name": "gml:Envelope"})
    operators = SubElement(spatial, f"{{{FES}}}SpatialOperators")
    SubElement(operators, f"{{{FES}}}SpatialOperator", {"name": "BBOX"})
    # The prefix only stands in values of attributes, where the writer does not see it.
    root.set("xmlns:gml", "http://www.opengis.net/gml/3.2")
    return root


def stored_queries() -> Element:
    """List of the stored queries."""
    root = Element(wfs("ListStoredQueriesResponse"))
    query = SubElement(root, wfs("StoredQuery"), {"id": BY_ID})
    SubElement(query, wfs("Title")).text = "A feature by its identifier"
    SubElement(query, wfs("ReturnFeatureType"))
    return root


def stored_query_description(ids: Iterable[str]) -> Element:
    """Description of the stored queries `ids`, of all where there are none."""
    unknown = next((one for one in ids if one != BY_ID), None)
    if unknown is not None:
        message = f"there is no stored query {unknown[:80]!r}"
        raise ServiceError("InvalidParameterValue", "storedQueryId", message)
    root = Element(wfs("DescribeStoredQueriesResponse"))
    query = SubElement(root, wfs("StoredQueryDescription"), {"id": BY_ID})
    SubElement(query, wfs("Title")).text = "A feature by its identifier"
    SubElement(query, wfs("Parameter"), {"name": "id", "type": "xsd:string"})
    SubElement(query, wfs("QueryExpressionText"), {
        "isPrivate": "true", "language": "urn:ogc:def:queryLanguage:OGC-WFS::WFSQueryExpression",
        "returnFeatureTypes": "",
    })  # fmt: skip
    root.set("xmlns:xsd", "http://www.w3.org/2001/XMLSchema")
    return root
