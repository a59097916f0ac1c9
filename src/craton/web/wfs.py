"""Web Feature Service 2.0.0 for older clients: the features of all datasets, by address or by document."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element, SubElement

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from craton.model.errors import CratonError, NotFoundError
from craton.web.area import Area
from craton.web.replies import Json, link
from craton.web.shell import read_body
from craton.web.site import Site, site_of
from craton.web.wfs_capabilities import (
    GML_FORMAT,
    VERSION,
    capabilities,
    ows,
    stored_queries,
    stored_query_description,
)
from craton.web.wfs_features import give_features
from craton.web.wfs_gml import schema
from craton.web.wfs_openapi import wfs_paths
from craton.web.wfs_request import Asked, of_address, of_document
from craton.web.wfs_types import ServiceError, feature_type
from craton.web.wms_xml import parameters_of, plain, status_of, xml_reply

MOST_DESCRIBED = 200
"""Feature types that are described at a time."""


async def answer(request: Request) -> Response:
    """Answer what an address or a document asks; what goes wrong is told in XML."""
    site = site_of(request)
    try:
        if request.method == "POST":
            asked = of_document(await read_body(request))
        else:
            asked = of_address(parameters_of(request))
        return await site.ask(_answered, site, request, asked)
    except CratonError as error:
        return exception(error)


def _answered(site: Site, request: Request, asked: Asked) -> Response:
    if asked.get("service", "WFS").upper() != "WFS":
        raise ServiceError("InvalidParameterValue", "service", "service must be WFS")
    name = asked.get("request")
    if not name:
        raise ServiceError("MissingParameterValue", "request", "request is missing")
    act = next((act for key, act in REQUESTS.items() if key.lower() == name.lower()), None)
    if act is None:
        message = f"request must be one of {', '.join(REQUESTS)}, not {name[:60]!r}"
        raise ServiceError("OperationNotSupported", "request", message)
    if act is not _capabilities:
        _check_version(asked.get("version", VERSION))
    return act(site, site.base(request), asked)


def _check_version(version: str) -> None:
    if version and not version.startswith("2.0"):
        message = f"version must be {VERSION}, not {version[:20]!r}"
        raise ServiceError("InvalidParameterValue", "version", message)


def exception(error: CratonError) -> Response:
    """An error as a report of exceptions."""
    code = getattr(error, "code", "NotFound" if isinstance(error, NotFoundError) else "NoApplicableCode")
    root = Element(ows("ExceptionReport"), {"version": VERSION})
    said = SubElement(root, ows("Exception"), {"exceptionCode": code})
    if locator := getattr(error, "locator", ""):
        said.set("locator", locator)
    SubElement(said, ows("ExceptionText")).text = plain(str(error).replace("\n\n", "; "))
    status = 404 if code == "NotFound" else status_of(error)
    return xml_reply(root, status=status)


def _capabilities(site: Site, base: str, asked: Asked) -> Response:
    accepted = asked.words("acceptVersions")
    if accepted and not any(one.startswith("2.0") for one in accepted):
        message = f"the version is {VERSION}"
        raise ServiceError("VersionNegotiationFailed", "acceptVersions", message)
    return xml_reply(capabilities(site, base))


def _description(site: Site, _base: str, asked: Asked) -> Response:
    names = asked.words("typeNames")
    if not 1 <= len(names) <= MOST_DESCRIBED:
        message = f"typeNames must name 1 to {MOST_DESCRIBED} feature types"
        raise ServiceError("MissingParameterValue", "typeNames", message)
    form = asked.get("outputFormat", GML_FORMAT).lower()
    if "gml" not in form and "xml" not in form:
        message = f"outputFormat must be {GML_FORMAT}"
        raise ServiceError("InvalidParameterValue", "outputFormat", message)
    kinds = [feature_type(site, name) for name in dict.fromkeys(names)]
    return xml_reply(schema(kinds), media_type=GML_FORMAT)


def _stored_queries(_site: Site, _base: str, _asked: Asked) -> Response:
    return xml_reply(stored_queries())


def _stored_query(_site: Site, _base: str, asked: Asked) -> Response:
    return xml_reply(stored_query_description(asked.words("storedQuery_id")))


def _features(site: Site, base: str, asked: Asked) -> Response:
    return give_features(site, f"{base}/wfs", asked)


REQUESTS: dict[str, Callable[[Site, str, Asked], Response]] = {
    "GetCapabilities": _capabilities,
    "DescribeFeatureType": _description,
    "ListStoredQueries": _stored_queries,
    "DescribeStoredQueries": _stored_query,
    "GetFeature": _features,
}


def _links(base: str) -> list[Json]:
    address = f"{base}/wfs?service=WFS&version={VERSION}&request=GetCapabilities"
    return [link(address, "related", "Web Feature Service, for older clients", "text/xml")]


AREA = Area("WFS", (Route("/wfs", answer, methods=["GET", "POST"]),), links=_links, paths=wfs_paths)
