"""Collections and features in the definition of the API."""

from __future__ import annotations

from craton.web.crs_negotiation import CRS84
from craton.web.openapi_parts import (
    OFFSET,
    answer,
    operation,
    page_parameters,
    path_parameter,
    problems,
    query_parameter,
    reading,
)
from craton.web.openapi_schemas import ANY_OBJECT, TEXT, ref
from craton.web.queries import DEFAULT_LIMIT
from craton.web.replies import GEOJSON, Json

SCHEMA = "application/schema+json"
MOST_FEATURES = 10_000

_NUMBERS: Json = {
    "type": "array",
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
    "items": {"type": "number"},
}
_SYSTEM: Json = {"type": "string", "format": "crs", "default": CRS84}
_SPAN: Json = {"type": "string", "format": "interval"}
_CONDITION: Json = {"type": "string", "format": "cql2", "minLength": 1}
_CRS = query_parameter("crs", _SYSTEM, "which positions are wanted in")
_NAMES: Json = {"type": "array", "items": TEXT}
_LINKS: Json = {"type": "array", "items": ref("link")}

_EXTENT: Json = {
    "type": "object",
    "properties": {
        "spatial": {
            "type": "object",
            "properties": {
                "bbox": {"type": "array", "minItems": 1, "items": _NUMBERS},
                "crs": TEXT,
            },
        },
        "temporal": {
            "type": "object",
            "properties": {
                "interval": {
                    "type": "array", "minItems": 1,
                    "items": {
                        "type": "array", "minItems": 2, "maxItems": 2,
                        "items": {"type": "string", "nullable": True},
                    },
                },
                "trs": TEXT,
            },
        },
    },
}  # fmt: skip

_COLLECTION: Json = {
    "type": "object",
    "required": ["id", "links"],
    "properties": {
        "id": TEXT, "title": TEXT, "description": TEXT, "itemType": TEXT, "storageCrs": TEXT, "kind": TEXT,
        "crs": {"type": "array", "items": TEXT}, "keywords": _NAMES, "extent": ref("extent"), "links": _LINKS,
        "created": TEXT, "updated": TEXT,
    },
}  # fmt: skip

FEATURE_SCHEMAS: dict[str, Json] = {
    "extent": _EXTENT,
    "collection": _COLLECTION,
    "collections": {
        "type": "object",
        "required": ["collections", "links"],
        "properties": {
            "collections": {"type": "array", "items": ref("collection")}, "links": _LINKS,
            "numberMatched": {"type": "integer"}, "numberReturned": {"type": "integer"},
            "crs": {"type": "array", "items": TEXT},
        },
    },
    "geometry": {
        "type": "object", "nullable": True, "required": ["type"],
        "properties": {
            "type": {
                "type": "string",
                "enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
                         "GeometryCollection"],
            },
            "coordinates": {"type": "array", "items": {}},
            "geometries": {"type": "array", "items": {"type": "object"}},
        },
    },
    "feature": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]}, "id": {"type": "integer"},
            "geometry": ref("geometry"), "properties": {**ANY_OBJECT, "nullable": True}, "links": _LINKS,
        },
    },
    "featureCollection": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": ref("feature")}, "links": _LINKS,
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    },
    "jsonSchema": {
        "type": "object",
        "required": ["$schema", "$id", "type", "properties"],
        "properties": {"$schema": TEXT, "$id": TEXT, "type": TEXT, "title": TEXT, "properties": ANY_OBJECT},
    },
}  # fmt: skip
"""Schemas by name."""

SPAN = "a moment (RFC 3339), or an interval with .. at an open side: 2026-01-01/.."


def feature_paths() -> Json:
    """Paths of the collections and their features."""
    id_ = path_parameter("collectionId")
    start = "/collections/{collectionId}"
    return {
        "/collections": reading("getCollections", "Features", "All collections", "collections", _filters()),
        start: reading("describeCollection", "Features", "One collection", "collection", [id_], 404),
        f"{start}/items": _items("getFeatures", "Features of a collection", "featureCollection",
                                 [id_, *_questions()]),
        f"{start}/items/{{featureId}}": _items(
            "getFeature", "One feature", "feature",
            [id_, path_parameter("featureId"), _CRS],
        ),
        **{
            f"{start}/{name}": reading(
                f"get{name.title()}", "Features", words, "jsonSchema", [id_], 404, media=SCHEMA
            )
            for name, words in (
                ("queryables", "What a filter can ask"), ("sortables", "What features can be sorted by"),
                ("schema", "What a feature says"),
            )
        },
    }  # fmt: skip


def _place() -> list[Json]:
    return [
        query_parameter("bbox", _NUMBERS, "lower corner, upper corner; with heights six numbers"),
        query_parameter("bbox-crs", _SYSTEM, "which the numbers of bbox are in"),
        query_parameter("datetime", _SPAN, SPAN),
    ]


def _filters() -> list[Json]:
    words = query_parameter("q", TEXT, "words that titles and descriptions must have")
    return [*page_parameters(DEFAULT_LIMIT), *_place(), words]


def _questions() -> list[Json]:
    limit: Json = {"type": "integer", "minimum": 1, "maximum": MOST_FEATURES, "default": DEFAULT_LIMIT}
    whole: Json = {"type": "integer", "minimum": 0}
    languages: Json = {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"}
    return [
        query_parameter("limit", limit),
        query_parameter("offset", OFFSET, "features to pass over"),
        query_parameter("after", whole, "identifier of the feature before the page, as `next` links say it"),
        *_place(),
        _CRS,
        query_parameter("filter", _CONDITION, "a condition in CQL2 on what /queryables tells"),
        query_parameter("filter-lang", languages),
        query_parameter("filter-crs", _SYSTEM, "which positions of the filter are in"),
        query_parameter("sortby", _NAMES, "columns to sort by; - before one makes it fall"),
        query_parameter("properties", _NAMES, "columns that are wanted; all, if it is not given"),
    ]


def _items(id: str, words: str, schema: str, parameters: list[Json]) -> Json:
    """A path of features, whose positions are in the system that a header tells."""
    said = operation(id, "Features", words, parameters)
    if id == "getFeatures":
        said["description"] = "Any queryable with a single value is a parameter too: `?lithology=granite`."
    found = answer(words, ref(schema), GEOJSON)
    found["headers"] = {"Content-Crs": {"description": "system of the positions", "schema": TEXT}}
    return {"get": {**said, "responses": {"200": found, **problems(400, 404, 503)}}}
