"""Documents in XML: elements made from names, texts, attributes and children."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import CratonError
from craton.web.replies import problem_of

XLINK = "http://www.w3.org/1999/xlink"
OWS = "http://www.opengis.net/ows/1.1"

register_namespace("xlink", XLINK)
register_namespace("ows", OWS)

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot hold."""


def element(
    name: str, text: object = "", /, children: Iterable[Element] = (), **attributes: object
) -> Element:
    """An element; attributes whose name is not a word are set afterwards."""
    made = Element(name, {key: plain(value) for key, value in attributes.items()})
    said = plain(text)
    if said:
        made.text = said
    made.extend(children)
    return made


def plain(value: object) -> str:
    """A value as text that XML can hold."""
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return _FORBIDDEN.sub("", text)


def online(address: str) -> Element:
    """A link of the older standards."""
    return Element("OnlineResource", {f"{{{XLINK}}}type": "simple", f"{{{XLINK}}}href": plain(address)})


def add(parent: Element, name: str, text: object = "") -> Element:
    """Add an element to `parent`."""
    made = SubElement(parent, name)
    if said := plain(text):
        made.text = said
    return made


def xml_reply(
    root: Element, *, media_type: str = "text/xml", status: int = 200, doctype: str = ""
) -> Response:
    """`root` as a document."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n' + (f"{doctype}\n" if doctype else "")
    body = head.encode() + tostring(root, encoding="utf-8")
    return Response(
        body, status, media_type=f"{media_type}; charset=utf-8" if "text/" in media_type else media_type
    )


def status_of(error: CratonError) -> int:
    """Status of a reply that tells of `error`: clients of these standards read exceptions with 400."""
    status = problem_of(error).status
    return 400 if status == 404 else status


def parameters_of(request: Request) -> dict[str, str]:
    """Parameters of the query by their names in lower case, for those standards take them in any."""
    return {name.lower(): value for name, value in request.query_params.multi_items()}
