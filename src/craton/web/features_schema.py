"""What features can be asked for by, sorted by, and what they say: JSON Schema (19-079r2)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from craton.store.feature_index import FeatureColumn, FeatureIndex
from craton.web.features_open import Opened, opened
from craton.web.features_query import GEOMETRY, PARAMETERS
from craton.web.queries import check_query
from craton.web.replies import Json, reply
from craton.web.site import Site

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA = "application/schema+json"

TYPES: dict[str, Json] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
}
"""JSON Schema of a column by its type."""

SHAPES = {
    frozenset({"Point"}): "geometry-point",
    frozenset({"MultiPoint"}): "geometry-multipoint",
    frozenset({"LineString"}): "geometry-linestring",
    frozenset({"MultiLineString"}): "geometry-multilinestring",
    frozenset({"Polygon"}): "geometry-polygon",
    frozenset({"MultiPolygon"}): "geometry-multipolygon",
    frozenset({"Point", "MultiPoint"}): "geometry-point-or-multipoint",
    frozenset({"LineString", "MultiLineString"}): "geometry-linestring-or-multilinestring",
    frozenset({"Polygon", "MultiPolygon"}): "geometry-polygon-or-multipolygon",
}
"""Format of a geometry by the types that there are."""


def show_queryables(site: Site, request: Request) -> Response:
    """Tell what a filter can ask of the features."""
    check_query(request)
    found = opened(site, request.path_params["collection"])
    properties = {**_geometry(found.index), **_columns(found.index)}
    return _reply(site, request, found, "queryables", properties)


def show_sortables(site: Site, request: Request) -> Response:
    """Tell what the features can be sorted by."""
    check_query(request)
    found = opened(site, request.path_params["collection"])
    return _reply(site, request, found, "sortables", _columns(found.index))


def show_schema(site: Site, request: Request) -> Response:
    """Tell what each feature says."""
    check_query(request)
    found = opened(site, request.path_params["collection"])
    id_: Json = {"id": {"type": "integer", "readOnly": True, "x-ogc-role": "id"}}
    return _reply(site, request, found, "schema", {**id_, **_geometry(found.index), **_columns(found.index)})


def _reply(site: Site, request: Request, found: Opened, what: str, properties: Json) -> Response:
    document = {
        "$schema": DIALECT,
        "$id": f"{site.base(request)}{found.path}/{what}",
        "type": "object",
        "title": f"{found.record.name()}: {what}",
        "properties": properties,
        "additionalProperties": False,
    }
    return reply(request, document, media_type=SCHEMA, headers={"Cache-Control": cache_rule(found)})


def cache_rule(found: Opened) -> str:
    """Who may keep what is said of a collection: all, if it is public; each asks again whether it holds."""
    return "no-cache" if found.record.visibility == "public" else "private, no-cache"


def _geometry(index: FeatureIndex) -> Json:
    if index.box is None and not index.geometry_types:
        return {}
    shape = SHAPES.get(frozenset(index.geometry_types), "geometry-any")
    return {GEOMETRY: {"title": "Place", "format": shape, "x-ogc-role": "primary-geometry"}}


def _columns(index: FeatureIndex) -> Json:
    return {one.name: _column(index, one) for one in index.columns}


def _column(index: FeatureIndex, column: FeatureColumn) -> Json:
    said: Json = {"title": column.title or column.name, **TYPES[column.type]}
    if column.unit:
        said |= {"x-ogc-unit": column.unit, "x-ogc-unitLang": "UCUM"}
    if column.quantity:
        said["x-ogc-definition"] = column.quantity
    if column.name in index.time_columns:
        said["x-ogc-role"] = (
            "primary-instant" if index.time_columns[0] == column.name else "secondary-instant"
        )
    if column.name in PARAMETERS:
        said["description"] = "Its name is also that of a parameter: use it within a filter."
    return said
