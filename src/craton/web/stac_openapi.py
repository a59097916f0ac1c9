"""STAC in the definition of the API."""

from __future__ import annotations

from craton.web.openapi_parts import (
    answer,
    operation,
    path_parameter,
    problems,
    query_parameter,
    reading,
)
from craton.web.openapi_schemas import ANY_OBJECT, TEXT, ref
from craton.web.queries import MOST
from craton.web.records_openapi import LANGUAGE, LINKS, NAMES, NUMBERS, SPAN, SYSTEM
from craton.web.replies import GEOJSON, JSON, Json

SCHEMA = "application/schema+json"

_LIMIT: Json = {"type": "integer", "minimum": 1, "maximum": MOST, "default": 10}

_ITEM: Json = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]}, "stac_version": TEXT, "id": TEXT, "collection": TEXT,
        "geometry": {"type": "object", "nullable": True},
        "bbox": {"type": "array", "items": {"type": "number"}},
        "properties": ANY_OBJECT, "links": LINKS, "assets": ANY_OBJECT,
    },
}  # fmt: skip

_SEARCH: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "bbox": NUMBERS, "intersects": ref("geometry"), "datetime": TEXT, "limit": _LIMIT,
        "ids": NAMES, "collections": NAMES, "token": TEXT, "filter-lang": LANGUAGE, "filter-crs": SYSTEM,
        "filter": {"oneOf": [ANY_OBJECT, TEXT]}, "q": {"oneOf": [TEXT, NAMES]},
        "fields": {
            "type": "object",
            "properties": {
                name: {"type": "array", "items": TEXT, "nullable": True} for name in ("include", "exclude")
            },
        },
        "sortby": {
            "type": "array",
            "items": {
                "type": "object", "required": ["field"],
                "properties": {"field": TEXT, "direction": {"type": "string", "enum": ["asc", "desc"]}},
            },
        },
    },
}  # fmt: skip

STAC_SCHEMAS: dict[str, Json] = {
    "stacCatalog": {
        "type": "object",
        "required": ["type", "id", "stac_version", "description", "conformsTo", "links"],
        "properties": {
            "type": {"type": "string", "enum": ["Catalog"]}, "id": TEXT, "stac_version": TEXT, "title": TEXT,
            "description": TEXT, "conformsTo": NAMES, "links": LINKS,
        },
    },
    "stacCollection": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["Collection"]}, "id": TEXT, "stac_version": TEXT,
            "title": TEXT, "description": TEXT, "license": TEXT, "extent": ANY_OBJECT, "links": LINKS,
        },
    },
    "stacCollections": {
        "type": "object",
        "required": ["collections", "links"],
        "properties": {
            "collections": {"type": "array", "items": ref("stacCollection")}, "links": LINKS,
            "numberMatched": {"type": "integer"}, "numberReturned": {"type": "integer"},
        },
    },
    "stacItem": _ITEM,
    "stacItems": {
        "type": "object",
        "required": ["type", "features", "links"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": ref("stacItem")}, "links": LINKS,
            "numberMatched": {"type": "integer"}, "numberReturned": {"type": "integer"},
        },
    },
    "stacSearch": _SEARCH,
}  # fmt: skip
"""Schemas by name."""


def stac_paths() -> Json:
    """Paths of STAC."""
    collection = path_parameter("stacCollectionId")
    item = path_parameter("stacItemId")
    start = "/stac/collections/{stacCollectionId}"
    search = reading(
        "getStacSearch", "STAC", "Search items", "stacItems", [*_items(), *_search()], media=GEOJSON
    )
    return {
        "/stac": reading("getStacLanding", "STAC", "Where STAC begins", "stacCatalog"),
        "/stac/conformance": reading("getStacConformance", "STAC", "Standards kept", "confClasses"),
        "/stac/queryables": _schema("getStacQueryables", []),
        "/stac/collections": reading(
            "getStacCollections", "STAC", "A collection for each kind of data", "stacCollections",
            _collections(),
        ),
        start: reading("getStacCollection", "STAC", "One collection", "stacCollection", [collection], 404),
        f"{start}/queryables": _schema("getStacCollectionQueryables", [collection]),
        f"{start}/items": reading(
            "getStacItems", "STAC", "Items of a collection", "stacItems", [collection, *_items()], 404,
            media=GEOJSON,
        ),
        f"{start}/items/{{stacItemId}}": reading(
            "getStacItem", "STAC", "One item", "stacItem", [collection, item], 404, 410, media=GEOJSON
        ),
        "/stac/search": {**search, "post": _post()},
    }  # fmt: skip


def _schema(id: str, parameters: list[Json]) -> Json:
    return reading(id, "STAC", "What a filter can ask of items", "jsonSchema", parameters, 404, media=SCHEMA)


def _post() -> Json:
    said = operation("postStacSearch", "STAC", "Search items")
    body = {"required": True, "content": {JSON: {"schema": ref("stacSearch")}}}
    found = {"200": answer("Items that answer", ref("stacItems"), GEOJSON), **problems(400, 408, 413, 415)}
    return {**said, "requestBody": body, "responses": found}


def _items() -> list[Json]:
    return [
        *_place(),
        query_parameter("limit", _LIMIT),
        query_parameter("token", TEXT, "where the page before ended, as `next` links say it"),
        query_parameter("sortby", NAMES, "what to sort by; - before a name makes it fall"),
        query_parameter("fields", NAMES, "parts that are wanted; not wanted with - before them"),
        query_parameter("ids", NAMES, "identifiers"),
        query_parameter("filter", TEXT, "a condition in CQL2"),
        query_parameter("filter-lang", LANGUAGE),
        query_parameter("filter-crs", SYSTEM),
    ]


def _place() -> list[Json]:
    return [
        query_parameter("bbox", NUMBERS, "west, south, east, north; with heights six numbers"),
        query_parameter("datetime", TEXT, SPAN),
        query_parameter("q", NAMES, "texts of which one must be said"),
    ]


def _search() -> list[Json]:
    return [
        query_parameter("intersects", TEXT, "a GeoJSON geometry; not together with bbox"),
        query_parameter("collections", NAMES, "collections"),
    ]


def _collections() -> list[Json]:
    return [
        *_place(),
        query_parameter("limit", _LIMIT),
        query_parameter("token", TEXT, "where the page before ended"),
        query_parameter("sortby", NAMES, "id or title; - before a name makes it fall"),
        query_parameter("fields", NAMES, "parts that are wanted"),
    ]
