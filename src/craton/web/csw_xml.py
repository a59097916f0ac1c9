"""XML of CSW 2.0.2: names, reading what was posted, exception reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree
from starlette.responses import Response

from craton.model.errors import CratonError, InvalidError
from craton.web.replies import OWN_PROBLEMS, ProblemError, problem_of
from craton.web.wms_xml import plain

CSW = "http://www.opengis.net/cat/csw/2.0.2"
OGC = "http://www.opengis.net/ogc"
OWS = "http://www.opengis.net/ows"
GML = "http://www.opengis.net/gml"
DC = "http://purl.org/dc/elements/1.1/"
DCT = "http://purl.org/dc/terms/"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
GMD = "http://www.isotc211.org/2005/gmd"
GCO = "http://www.isotc211.org/2005/gco"

NAMESPACES: dict[str, str] = {
    "csw": CSW, "ogc": OGC, "ows": OWS, "gml": GML, "dc": DC, "dct": DCT, "xlink": XLINK, "xsi": XSI,
}  # fmt: skip
"""Prefixes of a reply."""

PREFIXES = {**NAMESPACES, "gmd": GMD, "gco": GCO}

VERSION = "2.0.2"
MEDIA_TYPE = "application/xml"

MOST_DEPTH = 100
"""Elements within elements of what is posted."""

MOST_ELEMENTS = 5_000
"""Elements of what is posted."""

SCHEMA_LOCATION = f"{CSW} http://schemas.opengis.net/csw/2.0.2/CSW-discovery.xsd"


class OwsError(ProblemError):
    """What goes wrong with a request of CSW: a code of OWS Common, and the parameter that it is about."""

    def __init__(self, code: str, message: str, locator: str = "") -> None:
        super().__init__(400, OWN_PROBLEMS + "csw", message)
        self.code, self.locator = code, locator


def name(short: str) -> str:
    """Name with its namespace of one with a prefix, such as `csw:Record`."""
    prefix, _, local = short.partition(":")
    return f"{{{PREFIXES[prefix]}}}{local}"


def root(short: str, *, more: Mapping[str, str] | None = None) -> etree._Element:
    """Element that a reply begins with."""
    made = etree.Element(name(short), nsmap={**NAMESPACES, **(more or {})})
    made.set(f"{{{XSI}}}schemaLocation", SCHEMA_LOCATION)
    return made


def add(parent: etree._Element, short: str, text: object = "", **attributes: object) -> etree._Element:
    """Add an element with a text to `parent`."""
    made = etree.SubElement(parent, name(short), {key: plain(value) for key, value in attributes.items()})
    if said := plain(text):
        made.text = said
    return made


def xml_reply(document: etree._Element, status: int = 200) -> Response:
    """`document` as a reply."""
    body = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    return Response(body, status, media_type=f"{MEDIA_TYPE}; charset=utf-8")


def report(error: CratonError) -> Response:
    """Exception report of OWS Common."""
    code, locator = "NoApplicableCode", ""
    if isinstance(error, OwsError):
        code, locator = error.code, error.locator
    elif isinstance(error, InvalidError):
        code = "InvalidParameterValue"
    document = root("ows:ExceptionReport")
    document.set("version", "1.2.0")
    document.set("language", "en")
    one = add(document, "ows:Exception", exceptionCode=code, **({"locator": locator} if locator else {}))
    add(one, "ows:ExceptionText", " ".join(filter(None, (error.message, error.hint))))
    return xml_reply(document, problem_of(error).status)


def parse(body: bytes) -> etree._Element:
    """What was posted; entities and definitions of documents are refused."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    try:
        document = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise OwsError("NoApplicableCode", f"the body is not XML: {str(error)[:120]}") from None
    info: Any = document.getroottree().docinfo
    if info.doctype:
        raise OwsError("NoApplicableCode", "the body must have no document type definition")
    for count, one in enumerate(document.iter(), start=1):
        if count > MOST_ELEMENTS or not isinstance(one.tag, str):
            raise OwsError(
                "NoApplicableCode", "the body has too many elements, or some that are not understood"
            )
    _check_depth(document)
    return document


def _check_depth(document: etree._Element) -> None:
    depth = 0
    for event, _ in etree.iterwalk(document, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MOST_DEPTH:
            raise OwsError("NoApplicableCode", f"the body is nested more than {MOST_DEPTH} levels deep")


def local(element: etree._Element) -> str:
    """Name of an element without its namespace."""
    return str(etree.QName(element).localname)


def text(element: etree._Element | None) -> str:
    """Text of an element, empty where there is none."""
    return (element.text or "").strip() if element is not None else ""
