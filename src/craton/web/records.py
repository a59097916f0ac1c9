"""The catalogue on the web (OGC API – Records 1, 20-004r1): search, records, tombstones, facets."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import NotFoundError
from craton.model.permission import visible_to
from craton.model.record import Record, Tombstone
from craton.store.entries import COUNTED
from craton.store.facets import check_fields
from craton.store.record_filter import QUERYABLES
from craton.store.record_order import KEYS, cursor_at, cursor_of
from craton.store.search import Query
from craton.web.area import Area, get
from craton.web.negotiation import languages_of
from craton.web.queries import check_query
from craton.web.records_document import (
    CATALOGUE_PATH,
    SCHEMA_TYPE,
    catalogue_document,
    record_document,
    tag_of,
    tombstone_document,
)
from craton.web.records_openapi import RECORD_SCHEMAS, record_paths
from craton.web.records_query import CONDITIONS, AskedRecords, Given, asked_records, conditions_of
from craton.web.replies import GEOJSON, OWN_PROBLEMS, Json, ProblemError, link, path_of, reply
from craton.web.site import Site

RECORDS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"

RECORD_CLASSES = tuple(
    RECORDS + name
    for name in (
        "record-core", "record-collection", "record-core-query-parameters", "record-filter", "records-api",
        "sorting", "json", "html", "oas30", "searchable-catalog",
    )
)  # fmt: skip

CATALOGUE_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/ogc-catalog"

DIALECT = "https://json-schema.org/draft/2020-12/schema"

MOST_MATCHED = 10_000
"""Answers that are counted; of more it is told that there are at least so many."""

COUNTING_SECONDS = 0.002
"""How long counting may take: the page itself is found in less."""

MOST_VALUES, DEFAULT_VALUES = 1000, 20
"""Values of a facet."""

TYPES: dict[str, Json] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "array": {"type": "array", "items": {"type": "string"}},
    "date-time": {"type": "string", "format": "date-time"},
    "period": {"type": "string", "format": "date-time", "description": "a moment or a span of time"},
    "geometry": {"format": "geometry-any"},
}
"""JSON Schema of a property by its sort."""

SORTED: dict[str, Json] = {
    name: TYPES["date-time"] if name in {"created", "updated", "datetime"} else TYPES[QUERYABLES[name]]
    for name in KEYS
    if name == "datetime" or name in QUERYABLES
}
"""What records are sorted by, and JSON Schema of it."""


def show_catalogue(site: Site, request: Request) -> Response:
    """Tell all about the catalogue."""
    check_query(request)
    return reply(request, catalogue_document(site, site.base(request)))


def list_records(site: Site, request: Request) -> Response:
    """List the records that answer, the newest change first unless another order is asked for."""
    asked = asked_records(site, request)
    base = site.base(request)
    languages = languages_of(request)
    found, following = _page(site, asked)
    features = [
        tombstone_document(base, one) if isinstance(one, Tombstone) else record_document(base, one, languages)
        for one in found
    ]
    document: Json = {
        "type": "FeatureCollection",
        **_matched(site, asked, len(found), is_last=not following),
        "numberReturned": len(found),
        "features": features,
        "links": _links(request, base, following),
    }
    return reply(request, document, media_type=GEOJSON)


def _page(site: Site, asked: AskedRecords) -> tuple[list[Record | Tombstone], str]:
    """A page, and the cursor of the next one, empty where there is none."""
    query, limit = asked.query, asked.query.limit
    longer = _with_limit(query, limit + 1)
    if asked.deleted == "false":
        records = site.store.search(longer)
        page: list[Record | Tombstone] = [*records[:limit]]
        return page, cursor_of(query, records[limit - 1]) if len(records) > limit else ""
    found: list[Record | Tombstone] = [*site.store.catalogue.graves(longer)]
    if asked.deleted == "include":
        found += site.store.search(longer)
        found.sort(key=lambda one: one.sequence, reverse=query.keys[0].falls)
    page = found[:limit]
    return page, cursor_at(query, [page[-1].sequence]) if len(found) > limit else ""


def _with_limit(query: Query, limit: int) -> Query:
    from dataclasses import replace

    return replace(query, limit=limit)


def _matched(site: Site, asked: AskedRecords, returned: int, *, is_last: bool) -> Json:
    """How many answer, as far as that is soon counted."""
    query = asked.query
    if is_last and not query.cursor and (returned or not query.offset):
        return {"numberMatched": query.offset + returned}
    if asked.deleted != "false":
        return {}
    return matched_of(site, query)


def matched_of(site: Site, query: Query) -> Json:
    """Number of answers; where counting takes too long, nothing, or that there are at least so many."""
    matched = site.store.catalogue.count_soon(query, MOST_MATCHED, COUNTING_SECONDS)
    if matched is None:
        return {}
    is_whole = query.is_open or matched < MOST_MATCHED
    return {"numberMatched" if is_whole else "numberMatchedAtLeast": matched}


def _links(request: Request, base: str, following: str) -> list[Json]:
    """Links of a page."""
    address = base + request.url.path
    pairs = [(name, value) for name, value in request.query_params.multi_items()]
    links = [
        link(f"{address}?{urlencode(pairs)}" if pairs else address, "self", "this page", GEOJSON),
        link(base + CATALOGUE_PATH, "collection", "the catalogue"),
    ]
    if following:
        kept = [(name, value) for name, value in pairs if name not in {"cursor", "offset"}]
        query = urlencode([*kept, ("cursor", following)])
        links.append(link(f"{address}?{query}", "next", "next page", GEOJSON))
    return links


def show_record(site: Site, request: Request) -> Response:
    """Tell one record; of a deleted one, that it is gone."""
    check_query(request)
    id = request.path_params["record"]
    if "@" in id:
        raise _gone(site, id)
    try:
        record = site.record(id, "see")
    except NotFoundError:
        raise _gone(site, id) from None
    languages = languages_of(request)
    headers = {"ETag": tag_of(site, record, *languages, request.query_params.get("f", ""))}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    document = record_document(site.base(request), record, languages)
    if code := document["properties"].get("language", {}).get("code"):
        headers["Content-Language"] = code
    return reply(request, document, media_type=GEOJSON, headers=headers)


def _gone(site: Site, id: str) -> ProblemError | NotFoundError:
    """Why there is no record `id`: it was deleted, if the visitor could see it, or it never was."""
    grave = site.store.catalogue.grave(id)
    if grave is None or grave.visibility not in visible_to(site.actor):
        return NotFoundError(f"there is no record {id[:80]!r}", hint=f"the list is at {CATALOGUE_PATH}/items")
    return ProblemError(
        410, OWN_PROBLEMS + "deleted", f"record {id[:80]!r} was deleted at {grave.deleted}",
        more={"deleted": grave.deleted, "version": grave.version},
    )  # fmt: skip


def show_facets(site: Site, request: Request) -> Response:
    """Count values among the records that answer."""
    check_query(request, *CONDITIONS, "facets", "limit")
    given = Given(request.query_params)
    fields = given.words("facets") or COUNTED
    check_fields(fields)
    most = given.number("limit", DEFAULT_VALUES, least=1, most=MOST_VALUES)
    found = site.store.catalogue.facets(conditions_of(site, given), fields, most)
    facets = {
        field: {"type": "term", "property": field, "buckets": [{"value": v, "count": n} for v, n in values]}
        for field, values in found.fields.items()
    }
    own = site.base(request) + CATALOGUE_PATH
    document = {
        "counted": found.counted,
        "sampled": not found.whole,
        "facets": facets,
        "links": [link(f"{own}/facets", "self", "this document"), link(own, "collection", "the catalogue")],
    }
    return reply(request, document)


def show_queryables(site: Site, request: Request) -> Response:
    """Tell what a filter can ask of records."""
    check_query(request)
    properties = {name: {"title": name, **TYPES[sort]} for name, sort in QUERYABLES.items()}
    return _schema(site, request, "queryables", properties)


def show_sortables(site: Site, request: Request) -> Response:
    """Tell what records can be sorted by."""
    check_query(request)
    return _schema(site, request, "sortables", SORTED)


def _schema(site: Site, request: Request, name: str, properties: Json) -> Response:
    document = {
        "$schema": DIALECT,
        "$id": f"{site.base(request)}{CATALOGUE_PATH}/{name}",
        "title": "Catalogue",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return reply(request, document, media_type=SCHEMA_TYPE)


def catalogue_links(base: str) -> list[Json]:
    """Links of the landing page to the catalogue."""
    return [
        link(base + CATALOGUE_PATH, CATALOGUE_RELATION, "the catalogue"),
        link(base + CATALOGUE_PATH + "/items", "search", "search the catalogue", GEOJSON),
    ]


def record_collection(_site: Site, base: str, record: Record) -> Json:
    """What is said of the record in the document of a collection."""
    own = base + CATALOGUE_PATH + path_of("items", record.id)
    return {"links": [link(own, "describedby", "its record in the catalogue", GEOJSON)]}


AREA = Area(
    "Records",
    (
        get(CATALOGUE_PATH, show_catalogue),
        get(f"{CATALOGUE_PATH}/items", list_records),
        get(f"{CATALOGUE_PATH}/items/{{record}}", show_record),
        get(f"{CATALOGUE_PATH}/facets", show_facets),
        get(f"{CATALOGUE_PATH}/queryables", show_queryables),
        get(f"{CATALOGUE_PATH}/sortables", show_sortables),
    ),
    conformance=RECORD_CLASSES,
    links=catalogue_links,
    paths=record_paths,
    schemas=RECORD_SCHEMAS,
    collection=record_collection,
)
