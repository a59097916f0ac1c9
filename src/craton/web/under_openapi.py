"""What is under a site, and places by name, in the definition of the API."""

from __future__ import annotations

from craton.web.openapi_parts import query_parameter, reading
from craton.web.openapi_schemas import ANY_OBJECT, TEXT, ref
from craton.web.replies import GEOJSON, Json

NUMBER: Json = {"type": "number"}
_COUNT: Json = {"type": "integer", "minimum": 0}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


SCHEMAS: dict[str, Json] = {
    "groundValue": {
        "type": "object",
        "description": "a quantity at the point, or its least, mean and largest value in the area",
        "properties": {
            "variable": TEXT, "title": TEXT, "unit": TEXT, "value": {}, "minimum": NUMBER, "mean": NUMBER,
            "maximum": NUMBER, "cells": _COUNT, "classes": _list(ANY_OBJECT), "quantity": TEXT,
            "range": {"type": "array", "items": NUMBER, "description": "least and largest of the dataset"},
        },
        "required": ["variable"],
    },
    "groundFeature": {
        "type": "object",
        "properties": {
            "id": {"type": "integer"}, "inside": {"type": "boolean"}, "properties": ANY_OBJECT,
            "geometry": ANY_OBJECT, "distance": {**NUMBER, "description": "metres"},
            "bearing": {**NUMBER, "description": "degrees clockwise from north"},
        },
        "required": ["id", "inside", "properties"],
    },
    "groundDataset": {
        "type": "object",
        "properties": {
            "id": TEXT, "title": TEXT, "kind": TEXT, "source": TEXT, "licence": TEXT, "updated": TEXT,
            "derived": {"type": "boolean"}, "covers": {"type": "boolean"}, "problem": TEXT,
            "values": _list(ref("groundValue")), "count": _COUNT,
            "more": {"type": "boolean", "description": "there are at least `count`, and may be more"},
            "features": _list(ref("groundFeature")), "columns": ANY_OBJECT, "logs": ANY_OBJECT,
            "links": _list(ref("link")),
        },
        "required": ["id", "title", "kind", "links"],
    },
    "ground": {
        "type": "object",
        "properties": {
            "place": ANY_OBJECT,
            "topics": _list(
                {"type": "object", "properties": {"topic": TEXT, "datasets": _list(ref("groundDataset"))}}
            ),
            "notAsked": _list(TEXT), "links": _list(ref("link")),
        },
        "required": ["place", "topics", "notAsked"],
    },
    "places": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]}, "features": _list(ref("namedPlace"))
        },
        "required": ["type", "features"],
    },
    "namedPlace": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]}, "id": TEXT, "geometry": ANY_OBJECT,
            "properties": {
                "type": "object",
                "properties": {
                    "name": TEXT, "dataset": TEXT, "title": TEXT,
                    "point": {
                        "type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2,
                        "description": "longitude and latitude of a point on the line or in the area",
                    },
                },
                "required": ["name", "dataset", "title", "point"],
            },
        },
        "required": ["type", "id", "geometry", "properties"],
    },
}  # fmt: skip


def under_paths() -> Json:
    """Paths of what is under a site."""
    coords = {**query_parameter("coords", TEXT, "POINT or POLYGON (WKT or GeoJSON)"), "required": True}
    radius = query_parameter("radius", {**NUMBER, "minimum": 0, "maximum": 200_000}, "metres around it")
    words = {**query_parameter("q", {**TEXT, "minLength": 1, "maxLength": 100}, "part of a name")}
    limit: Json = {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}
    language = query_parameter("lang", TEXT, "language of titles (BCP 47)")
    return {
        "/under": reading(
            "getGround", "Ground", "All that is known at a place", "ground", [coords, radius, language]
        ),
        "/places": reading(
            "getPlaces", "Ground", "Places by name", "places",
            [{**words, "required": True}, query_parameter("limit", limit)], media=GEOJSON,
        ),
    }  # fmt: skip
