"""STAC API 1.0: a collection for each kind of data, items, search."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from craton.model.errors import NotFoundError
from craton.model.record import Record
from craton.store.record_filter import QUERYABLES
from craton.store.record_order import cursor_of
from craton.store.search import Box, Query
from craton.web.area import Area, get
from craton.web.crs_negotiation import box_of
from craton.web.negotiation import languages_of
from craton.web.queries import MOST, check_query
from craton.web.records import TYPES, matched_of
from craton.web.records_document import Bounds, bounds_of, tag_of
from craton.web.records_query import Given, phrases_of, sort_of, span_of
from craton.web.replies import GEOJSON, Json, link, path_of, reply
from craton.web.shell import read_json
from craton.web.site import Site, site_of
from craton.web.stac_document import (
    STAC_CLASSES,
    STAC_PATH,
    collection_document,
    item_document,
    landing_document,
)
from craton.web.stac_fields import fields_of
from craton.web.stac_openapi import STAC_SCHEMAS, stac_paths
from craton.web.stac_query import AskedItems, asked_of_address, asked_of_body

COLLECTION_PARAMETERS = ("bbox", "datetime", "q", "limit", "token", "sortby", "fields")


def show_landing(site: Site, request: Request) -> Response:
    """Tell where STAC clients begin."""
    check_query(request)
    return reply(request, landing_document(site, site.base(request)))


def show_conformance(_site: Site, request: Request) -> Response:
    """Tell which classes of which standards are kept."""
    check_query(request)
    return reply(request, {"conformsTo": list(STAC_CLASSES)})


def show_queryables(site: Site, request: Request) -> Response:
    """Tell what a filter can ask of items; other names ask for properties that some of them have."""
    check_query(request)
    if "collection" in request.path_params:
        _bounds(site, request)
    sorts = {name: sort for name, sort in QUERYABLES.items() if sort != "period"}
    sorts |= {"collection": "string", "datetime": "date-time"}
    document = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$id": site.base(request) + request.url.path,
        "title": "Items",
        "type": "object",
        "properties": {name: {"title": name, **TYPES[sort]} for name, sort in sorts.items()},
        "additionalProperties": True,
    }
    return reply(request, document, media_type="application/schema+json")


def list_collections(site: Site, request: Request) -> Response:
    """List the collections that answer."""
    check_query(request, *COLLECTION_PARAMETERS)
    given = Given(request.query_params)
    base = site.base(request)
    limit = given.number("limit", MOST, least=1, most=MOST)
    start = given.number("token", 0)
    told = [collection_document(base, kind, bounds) for kind, bounds in bounds_of(site).items()]
    found = [one for one in told if _answers(one, given, bounds_of(site)[one["id"]])]
    for key in reversed(sort_of(given.words("sortby"), {"id": 0, "title": 0})):
        found.sort(key=itemgetter(key.name), reverse=key.falls)
    fields = fields_of(given.text("fields") if "fields" in request.query_params else None)
    page = found[start : start + limit]
    document: Json = {
        "collections": [fields.of(one) for one in page],
        "numberMatched": len(found),
        "numberReturned": len(page),
        "links": [
            link(_self(request, base), "self", "this page"),
            link(base + STAC_PATH, "root", "the catalogue"),
        ],
    }
    if len(found) > start + limit:
        document["links"].append(link(_following(request, base, str(start + limit)), "next", "next page"))
    return reply(request, document)


def _answers(collection: Json, given: Given, bounds: Bounds) -> bool:
    """Whether a collection meets the conditions."""
    text = f"{collection['title']} {collection['description']} {collection['id']}".lower()
    terms = [term.strip('"').lower() for term in phrases_of(given.text("q"))]
    if given.text("q") and not any(term in text for term in terms):
        return False
    query = Query(
        bbox=box_of(given.text("bbox")) if given.text("bbox") else None, time=span_of(given.text("datetime"))
    )
    if query.boxes and not any(_touch(box, bounds) for box in query.boxes):
        return False
    *_, start, end = bounds
    return query.span is None or (
        isinstance(start, float)
        and isinstance(end, float)
        and start <= query.span.end
        and end >= query.span.start
    )


def _touch(box: Box, bounds: Bounds) -> bool:
    sides = [side for side in bounds[1:5] if isinstance(side, int | float)]
    if len(sides) < 4:
        return False
    west, south, east, north = sides
    return west <= box.east and east >= box.west and south <= box.north and north >= box.south


def show_collection(site: Site, request: Request) -> Response:
    """Tell one collection."""
    check_query(request)
    return reply(request, collection_document(site.base(request), *_bounds(site, request)))


def _bounds(site: Site, request: Request) -> tuple[str, Bounds]:
    """Kind that the address names, and its bounds."""
    kind = request.path_params["collection"]
    bounds = bounds_of(site)
    if kind not in bounds:
        raise NotFoundError(
            f"there is no collection {kind[:80]!r}", hint=f"the list is at {STAC_PATH}/collections"
        )
    return kind, bounds[kind]


def list_items(site: Site, request: Request) -> Response:
    """List items of a collection."""
    kind, _ = _bounds(site, request)
    return _items_reply(site, request, asked_of_address(site, request, kind))


def search_items(site: Site, request: Request) -> Response:
    """Search items, asked by an address."""
    return _items_reply(site, request, asked_of_address(site, request))


async def search_posted(request: Request) -> Response:
    """Search items, asked by a body."""
    body = await read_json(request)
    site = site_of(request)

    def act() -> Response:
        check_query(request)
        return _items_reply(site, request, asked_of_body(site, body))

    return await site.read(act)


def _items_reply(site: Site, request: Request, asked: AskedItems) -> Response:
    query, limit = asked.query, asked.query.limit
    records = site.store.search(replace(query, limit=limit + 1))
    page = records[:limit]
    token = cursor_of(query, page[-1]) if len(records) > limit else ""
    base, languages = site.base(request), languages_of(request)
    document: Json = {
        "type": "FeatureCollection",
        "features": [asked.fields.of(item_document(site, base, record, languages)) for record in page],
        **_matched(site, query, len(page), is_last=not token),
        "numberReturned": len(page),
        "links": [
            link(_self(request, base), "self", "this page", GEOJSON),
            link(base + STAC_PATH, "root", "the catalogue"),
            *_next(request, base, asked, token),
        ],
    }
    return reply(request, document, media_type=GEOJSON)


def _matched(site: Site, query: Query, returned: int, *, is_last: bool) -> Json:
    if is_last and not query.cursor:
        return {"numberMatched": returned}
    return matched_of(site, query)


def _self(request: Request, base: str) -> str:
    query = request.url.query
    return f"{base}{request.url.path}{'?' if query else ''}{query}"


def _following(request: Request, base: str, token: str) -> str:
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    return f"{base}{request.url.path}?{urlencode([*pairs, ('token', token)])}"


def _next(request: Request, base: str, asked: AskedItems, token: str) -> list[Json]:
    """Link to the next page: an address, or what is to be posted again with a token."""
    if not token:
        return []
    if asked.body is None:
        return [{**link(_following(request, base, token), "next", "next page", GEOJSON), "method": "GET"}]
    posted = {"method": "POST", "body": {"token": token}, "merge": True}
    return [{**link(base + request.url.path, "next", "next page", GEOJSON), **posted}]


def show_item(site: Site, request: Request) -> Response:
    """Tell one item."""
    check_query(request)
    kind, id = request.path_params["collection"], request.path_params["item"]
    record = _record(site, kind, id)
    languages = languages_of(request)
    headers = {"ETag": tag_of(site, record, "stac", *languages, request.query_params.get("f", ""))}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    document = item_document(site, site.base(request), record, languages)
    return reply(request, document, media_type=GEOJSON, headers=headers)


def _record(site: Site, kind: str, id: str) -> Record:
    absent = NotFoundError(f"there is no item {id[:80]!r} in {kind[:40]!r}")
    if "@" in id:
        raise absent
    try:
        record = site.record(id, "see")
    except NotFoundError:
        raise absent from None
    if record.kind != kind:
        raise absent
    return record


def stac_links(base: str) -> list[Json]:
    """Link of the landing page to STAC."""
    return [link(base + STAC_PATH, "related", "the catalogue as STAC API")]


def stac_collection(_site: Site, base: str, record: Record) -> Json:
    """What is said of the item in the document of a collection."""
    own = base + path_of("stac", "collections", record.kind, "items", record.id)
    return {"links": [link(own, "alternate", "as a STAC item", GEOJSON)]}


_COLLECTION = f"{STAC_PATH}/collections/{{collection}}"

AREA = Area(
    "STAC",
    (
        get(STAC_PATH, show_landing),
        get(f"{STAC_PATH}/conformance", show_conformance),
        get(f"{STAC_PATH}/queryables", show_queryables),
        get(f"{STAC_PATH}/collections", list_collections),
        get(_COLLECTION, show_collection),
        get(f"{_COLLECTION}/queryables", show_queryables),
        get(f"{_COLLECTION}/items", list_items),
        get(f"{_COLLECTION}/items/{{item}}", show_item),
        Route(f"{STAC_PATH}/search", search_posted, methods=["POST"]),
        get(f"{STAC_PATH}/search", search_items),
    ),
    links=stac_links,
    paths=stac_paths,
    schemas=STAC_SCHEMAS,
    collection=stac_collection,
)
