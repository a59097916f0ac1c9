"""The catalogue in the definition of the API."""

from __future__ import annotations

from craton.store.entries import COUNTED
from craton.web.crs_negotiation import CRS84
from craton.web.openapi_parts import OFFSET, path_parameter, query_parameter, reading
from craton.web.openapi_schemas import TEXT, ref
from craton.web.queries import DEFAULT_LIMIT, MOST
from craton.web.replies import GEOJSON, Json

NAMES: Json = {"type": "array", "items": TEXT}
LINKS: Json = {"type": "array", "items": ref("link")}
NUMBERS: Json = {
    "type": "array",
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
    "items": {"type": "number"},
}
SYSTEM: Json = {"type": "string", "format": "crs", "default": CRS84}
LANGUAGE: Json = {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"}

_TERM: Json = {
    "type": "object",
    "required": ["type", "property", "buckets"],
    "properties": {
        "type": TEXT,
        "property": TEXT,
        "buckets": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["value", "count"],
                "properties": {"value": TEXT, "count": {"type": "integer", "minimum": 0}},
            },
        },
    },
}

RECORD_SCHEMAS: dict[str, Json] = {
    "catalogue": {
        "type": "object",
        "required": ["id", "type", "itemType", "links"],
        "properties": {
            "id": TEXT, "type": {"type": "string", "enum": ["Collection"]}, "title": TEXT,
            "description": TEXT, "itemType": {"type": "string", "enum": ["record"]},
            "extent": {"type": "object"}, "crs": NAMES, "links": LINKS,
            "defaultSortOrder": {"type": "array", "items": {"type": "object"}},
        },
    },
    "catalogueRecord": {
        "type": "object",
        "required": ["id", "type", "geometry", "properties", "links"],
        "properties": {
            "id": {"type": "string", "minLength": 1}, "type": {"type": "string", "enum": ["Feature"]},
            "time": {"type": "object", "nullable": True},
            "geometry": {"type": "object", "nullable": True},
            "properties": {
                "type": "object",
                "required": ["type", "title"],
                "properties": {"type": TEXT, "title": TEXT, "updated": TEXT, "created": TEXT},
            },
            "links": LINKS,
        },
    },
    "catalogueRecords": {
        "type": "object",
        "required": ["type", "features", "links"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": ref("catalogueRecord")},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberMatchedAtLeast": {
                "type": "integer", "minimum": 0, "description": "stands where too many answer to be counted",
            },
            "numberReturned": {"type": "integer", "minimum": 0}, "links": LINKS,
        },
    },
    "facets": {
        "type": "object",
        "required": ["counted", "sampled", "facets", "links"],
        "properties": {
            "counted": {"type": "integer", "minimum": 0, "description": "records whose values were counted"},
            "sampled": {"type": "boolean", "description": "more records answer; the newest were counted"},
            "facets": {"type": "object", "additionalProperties": _TERM},
            "links": LINKS,
        },
    },
}  # fmt: skip
"""Schemas by name."""

SPAN = "a moment (RFC 3339), or an interval with .. at an open side: 2026-01-01/.."


def record_paths() -> Json:
    """Paths of the catalogue."""
    start = "/collections/catalogue"
    facets: Json = {"type": "array", "items": {"type": "string", "enum": list(COUNTED)}}
    most: Json = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20}
    id_ = path_parameter("recordId")
    return {
        start: reading("getCatalogue", "Records", "The catalogue", "catalogue"),
        f"{start}/items": reading(
            "getRecords", "Records", "Records that answer", "catalogueRecords", [*conditions(), *_paging()],
            media=GEOJSON,
        ),
        f"{start}/items/{{recordId}}": reading(
            "getRecord", "Records", "One record", "catalogueRecord", [id_], 404, 410, media=GEOJSON
        ),
        f"{start}/facets": reading(
            "getFacets", "Records", "How often each value occurs among the records that answer", "facets",
            [*conditions(), query_parameter("facets", facets), query_parameter("limit", most, "of values")],
        ),
        **{
            f"{start}/{name}": reading(
                f"getCatalogue{name.title()}", "Records", words, "jsonSchema", media="application/schema+json"
            )
            for name, words in (
                ("queryables", "What a filter can ask"), ("sortables", "What records can be sorted by"),
            )
        },
    }  # fmt: skip


def conditions() -> list[Json]:
    """Parameters that say which records are wanted."""
    names = (
        ("ids", "identifiers"), ("externalIds", "identifiers given elsewhere, such as doi:10.1234/x"),
        ("externalId", "the same"), ("kind", "kinds of data"), ("quantity", "standard names of quantities"),
        ("keyword", "keywords"), ("licence", "licences"), ("party", "owners and publishers"),
        ("type", "types of the resource; all are dataset"),
    )  # fmt: skip
    return [
        query_parameter("bbox", NUMBERS, "lower corner, upper corner; with heights six numbers"),
        query_parameter("bbox-crs", SYSTEM, "which the numbers of bbox are in"),
        query_parameter("datetime", TEXT, SPAN),
        query_parameter("q", NAMES, "texts of which one must be said; words of one stand together"),
        query_parameter(
            "words", TEXT, "words that must all be said, in any order, or the beginnings of them"
        ),
        *(query_parameter(name, NAMES, f"{words}; one of them must fit") for name, words in names),
        *filter_parameters(),
    ]


def filter_parameters() -> list[Json]:
    """Parameters of a filter."""
    return [
        query_parameter("filter", TEXT, "a condition in CQL2 on what /queryables tells"),
        query_parameter("filter-lang", LANGUAGE),
        query_parameter("filter-crs", SYSTEM, "which positions of the filter are in"),
    ]


def _paging() -> list[Json]:
    limit: Json = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT}
    deleted: Json = {"type": "string", "enum": ["false", "true", "include"], "default": "false"}
    pattern: Json = {"type": "array", "items": {"type": "string", "pattern": "[+|-]?[A-Za-z_].*"}}
    return [
        query_parameter("limit", limit),
        query_parameter("offset", OFFSET, "records to pass over"),
        query_parameter("cursor", TEXT, "where the page before ended, as `next` links say it"),
        query_parameter("sortby", pattern, "what to sort by; - before a name makes it fall"),
        query_parameter(
            "deleted", deleted,
            "tombstones alone, or among the records; they answer ids, and a filter on updated",
        ),
    ]  # fmt: skip
