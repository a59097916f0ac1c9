"""What CSW tells of itself: capabilities, and the types of records."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from craton.web.csw_filter import COMPARISONS, RELATIONS
from craton.web.csw_query import ELEMENT_SETS, RESULT_TYPES, SCHEMAS
from craton.web.csw_xml import MEDIA_TYPE, OGC, VERSION, XLINK, add, root
from craton.web.site import Site

XSD = "http://www.w3.org/2001/XMLSchema"

SCHEMA_FILES = {
    "csw:Record": "http://schemas.opengis.net/csw/2.0.2/record.xsd",
    "gmd:MD_Metadata": "http://schemas.opengis.net/iso/19139/20060504/gmd/gmd.xsd",
}
"""Where the definitions of the types are published."""

OPERATIONS: dict[str, dict[str, Sequence[str]]] = {
    "GetCapabilities": {"sections": (
        "ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Filter_Capabilities",
    )},
    "DescribeRecord": {"typeName": tuple(SCHEMAS.values()), "outputFormat": (MEDIA_TYPE,),
                       "schemaLanguage": (XSD,)},
    "GetRecords": {"typeNames": tuple(SCHEMAS.values()), "outputFormat": (MEDIA_TYPE,),
                   "outputSchema": tuple(SCHEMAS), "resultType": RESULT_TYPES,
                   "ElementSetName": ELEMENT_SETS, "CONSTRAINTLANGUAGE": ("CQL_TEXT", "FILTER")},
    "GetRecordById": {"outputFormat": (MEDIA_TYPE,), "outputSchema": tuple(SCHEMAS),
                      "ElementSetName": ELEMENT_SETS},
}  # fmt: skip
"""Operations, and what their parameters can be."""

QUERYABLES = (
    "dc:title", "dc:subject", "dct:abstract", "dc:identifier", "dc:type", "dc:creator", "dc:publisher",
    "dc:contributor", "dc:rights", "dc:relation", "dct:modified", "dct:created", "dct:temporal",
    "csw:AnyText", "ows:BoundingBox",
)  # fmt: skip


def capabilities(site: Site, base: str) -> etree._Element:
    """Capabilities of the node."""
    document = root("csw:Capabilities")
    document.set("version", VERSION)
    title = site.options.title or "A Craton node"
    about = add(document, "ows:ServiceIdentification")
    add(about, "ows:Title", title)
    add(about, "ows:Abstract", "Records of all datasets of the node.")
    add(add(about, "ows:Keywords"), "ows:Keyword", "geology")
    add(about, "ows:ServiceType", "CSW")
    add(about, "ows:ServiceTypeVersion", VERSION)
    add(about, "ows:Fees", "NONE")
    add(about, "ows:AccessConstraints", "NONE")
    provider = add(document, "ows:ServiceProvider")
    add(provider, "ows:ProviderName", title)
    add(provider, "ows:ProviderSite").set(f"{{{XLINK}}}href", f"{base}/")
    add(provider, "ows:ServiceContact")
    _operations(document, f"{base}/csw")
    _filters(document)
    return document


def _operations(document: etree._Element, address: str) -> None:
    operations = add(document, "ows:OperationsMetadata")
    for word, parameters in OPERATIONS.items():
        operation = add(operations, "ows:Operation", name=word)
        http = add(add(operation, "ows:DCP"), "ows:HTTP")
        for method in ("ows:Get", "ows:Post"):
            add(http, method).set(f"{{{XLINK}}}href", address)
        for parameter, values in parameters.items():
            _values(add(operation, "ows:Parameter", name=parameter), values)
        if word == "GetRecords":
            _values(add(operation, "ows:Constraint", name="SupportedDublinCoreQueryables"), QUERYABLES)
    for parameter, values in (("service", ["CSW"]), ("version", [VERSION])):
        _values(add(operations, "ows:Parameter", name=parameter), values)
    _values(add(operations, "ows:Constraint", name="PostEncoding"), ["XML"])


def _values(parent: etree._Element, values: Sequence[str]) -> None:
    for value in values:
        add(parent, "ows:Value", value)


def _filters(document: etree._Element) -> None:
    filters = add(document, "ogc:Filter_Capabilities")
    spatial = add(filters, "ogc:Spatial_Capabilities")
    operands = add(spatial, "ogc:GeometryOperands")
    for word in ("Envelope", "Point", "LineString", "Polygon"):
        add(operands, "ogc:GeometryOperand", f"gml:{word}")
    relations = add(spatial, "ogc:SpatialOperators")
    for word in RELATIONS:
        add(relations, "ogc:SpatialOperator", name=word)
    scalar = add(filters, "ogc:Scalar_Capabilities")
    add(scalar, "ogc:LogicalOperators")
    comparisons = add(scalar, "ogc:ComparisonOperators")
    names = (*(word.removeprefix("PropertyIs") for word in COMPARISONS), "Like", "Between", "NullCheck")
    for word in names:
        add(comparisons, "ogc:ComparisonOperator", _COMPARISON_NAMES.get(word, word))
    identifiers = add(filters, "ogc:Id_Capabilities")
    etree.SubElement(identifiers, f"{{{OGC}}}EID")


_COMPARISON_NAMES = {"LessThanOrEqualTo": "LessThanEqualTo", "GreaterThanOrEqualTo": "GreaterThanEqualTo"}


def description(types: Sequence[str]) -> etree._Element:
    """Where the definitions of types of records are."""
    document = root("csw:DescribeRecordResponse")
    by_type = {word: space for space, word in SCHEMAS.items()}
    for word in types:
        component = add(document, "csw:SchemaComponent", targetNamespace=by_type[word], schemaLanguage=XSD)
        schema = etree.SubElement(component, f"{{{XSD}}}schema", nsmap={"xsd": XSD})
        schema.set("targetNamespace", by_type[word])
        etree.SubElement(schema, f"{{{XSD}}}include").set("schemaLocation", SCHEMA_FILES[word])
    return document
