"""The collections of the node: every dataset that has data, and the catalogue (20-024, 17-069r4)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import InvalidError, NotFoundError
from craton.model.permission import visible_to
from craton.model.record import Bbox, Period, Record
from craton.store.search import Query
from craton.web.area import areas_of
from craton.web.collections_document import KINDS, WITHOUT_COLLECTION, collection_document
from craton.web.crs_negotiation import CRS84, address_of, box_of, system_of
from craton.web.negotiation import languages_of, text_in
from craton.web.queries import DEFAULT_LIMIT, MOST, check_query, number_of, page_links, times_of
from craton.web.replies import Json, link, reply
from craton.web.site import Site

CATALOGUE = "catalogue"
"""The collection of all records; no dataset has this identifier."""


def list_collections(site: Site, request: Request) -> Response:
    """List the collections, the newest change first."""
    check_query(request, "limit", "offset", "bbox", "bbox-crs", "datetime", "q")
    limit = number_of(request, "limit", DEFAULT_LIMIT, least=1, most=MOST)
    offset = number_of(request, "offset", 0)
    query = Query(
        bbox=bbox_of(request), time=period_of(request), text=request.query_params.get("q", ""), kinds=KINDS,
        visibility=visible_to(site.actor), limit=limit + 1, offset=offset,
    )  # fmt: skip
    found = site.store.catalogue.find(query)
    matched = site.store.catalogue.count(query)
    base, areas, languages = site.base(request), areas_of(request), languages_of(request)
    told = [collection_document(site, base, record, areas, languages) for record in found[:limit]]
    is_plain = not (query.bbox or query.time or query.text)
    if is_plain and not offset:
        told.insert(0, _catalogue(base))
    document = {
        "collections": told, "numberMatched": matched + is_plain, "numberReturned": len(told),
        "crs": [CRS84, *(address_of(name) for name in ("EPSG:3857", "EPSG:4326"))],
        "links": page_links(request, base, limit=limit, offset=offset, more=len(found) > limit),
    }  # fmt: skip
    return reply(request, document)


def _catalogue(base: str) -> Json:
    """What is said of the catalogue in the list; its own document tells more."""
    own = f"{base}/collections/{CATALOGUE}"
    links = [link(own, "self", "the catalogue"), link(f"{own}/items", "items", "all datasets")]
    return {
        "id": CATALOGUE, "title": "Catalogue", "description": "Records of all datasets of the node.",
        "itemType": "record", "crs": [CRS84], "links": links,
    }  # fmt: skip


def show_collection(site: Site, request: Request) -> Response:
    """Tell all about one collection, in the language that the visitor reads where there are words in it."""
    check_query(request)
    record = collection_record(site, request.path_params["collection"])
    languages = languages_of(request)
    document = collection_document(site, site.base(request), record, areas_of(request), languages)
    _, language = text_in(record.title, languages)
    headers = {} if language == "und" else {"Content-Language": language}
    return reply(request, document, headers=headers)


def collection_record(site: Site, name: str) -> Record:
    """Dataset of collection `name`: the current version, of a kind that has data."""
    absent = NotFoundError(f"there is no collection {name[:80]!r}", hint="the list is at /collections")
    if "@" in name:
        raise absent
    try:
        record = site.record(name, "see")
    except NotFoundError:
        raise absent from None
    if record.kind == WITHOUT_COLLECTION:
        raise absent
    return record


def bbox_of(request: Request) -> Bbox | None:
    """Box of the query in longitude and latitude; `bbox-crs` says what its numbers are."""
    stated = request.query_params.get("bbox-crs")
    system = system_of(stated if stated is not None else CRS84, "bbox-crs")
    text = request.query_params.get("bbox")
    return None if text is None else box_of(text, system)


def period_of(request: Request) -> Period | None:
    """Span of time `datetime` of the query, `None` where it is not given."""
    if "datetime" not in request.query_params:
        return None
    start, end = times_of(request)
    if not start and not end:
        raise InvalidError("datetime must not be empty", hint="write 2026-01-01/.. or 2026-01-01/2026-01-31")
    if start and end and start > end:
        raise InvalidError("datetime must not end before it starts")
    return Period(start=start, end=end)
