"""The front page and what the node conforms to (OGC API – Common)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from craton.web import portal
from craton.web.area import areas_of
from craton.web.html_page import has_portal
from craton.web.jobs import JOB_LIST
from craton.web.negotiation import HTML, wants_page
from craton.web.queries import check_query
from craton.web.replies import Json, link, reply
from craton.web.site import Site

COMMON = "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/"
PROCESSES = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"

COMMON_CLASSES = tuple(COMMON + name for name in ("core", "landing-page", "json", "html", "oas30"))

PROCESS_CLASSES = tuple(
    PROCESSES + name
    for name in ("core", "ogc-process-description", "json", "oas30", "job-list", "callback", "dismiss")
)

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"


def node_links(base: str) -> list[Json]:
    """Links of the landing page to what tells about the API."""
    return [
        link(f"{base}/", "self", "this document"),
        link(f"{base}/api?f=json", "service-desc", "what can be asked here", OPENAPI_TYPE),
        link(f"{base}/api?f=html", "service-doc", "what can be asked here, as a page", HTML),
        link(f"{base}/conformance", RELATION + "conformance", "standards kept"),
        link(f"{base}/conformance", "conformance", "standards kept"),
    ]


def process_links(base: str) -> list[Json]:
    """Links of the landing page to processes, jobs and applications."""
    return [
        link(f"{base}/processes", RELATION + "processes", "processes"),
        link(f"{base}/jobs", JOB_LIST, "jobs"),
        link(f"{base}/apps", "related", "applications: chains of processes"),
    ]


def dataset_links(base: str) -> list[Json]:
    """Links of the landing page to the datasets."""
    return [link(f"{base}/datasets", "related", "datasets")]


def show_landing(site: Site, request: Request) -> Response:
    """Tell what is here; a browser gets the portal, where it is built and nothing else is asked for."""
    check_query(request)
    if "f" not in request.query_params and has_portal() and wants_page(request):
        return portal.index_page(site, request)
    base = site.base(request)
    links = [one for area in areas_of(request) for one in area.links(base)]
    title = site.options.title or "A Craton node"
    words = "A geological survey's node: its datasets, and processes that run on them."
    return reply(request, {"title": title, "description": words, "links": links})


def show_conformance(_site: Site, request: Request) -> Response:
    """Tell which classes of which standards are kept."""
    check_query(request)
    classes = [name for area in areas_of(request) for name in area.conformance]
    return reply(request, {"conformsTo": classes})
