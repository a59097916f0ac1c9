"""The Web Feature Service in the definition of the API."""

from __future__ import annotations

from craton.web.openapi_parts import PROBLEMS, operation, problems, query_parameter
from craton.web.openapi_schemas import TEXT
from craton.web.replies import Json
from craton.web.wms_openapi import service_parameter

REQUESTS = (
    "GetCapabilities", "DescribeFeatureType", "ListStoredQueries", "DescribeStoredQueries", "GetFeature",
)  # fmt: skip

PARAMETERS = (
    "version", "acceptVersions", "typeNames", "bbox", "filter", "resourceId", "propertyName", "srsName",
    "sortBy", "outputFormat", "storedQuery_id", "id",
)  # fmt: skip

NUMBERS = ("count", "startIndex")


def wfs_paths() -> Json:
    """Path of the Web Feature Service."""
    whole: Json = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
    results: Json = {"type": "string", "enum": ["results", "hits"]}
    parameters = [
        service_parameter("WFS"),
        query_parameter("request", {"type": "string", "enum": list(REQUESTS)}) | {"required": True},
        *(query_parameter(name, TEXT) for name in PARAMETERS),
        *(query_parameter(name, whole) for name in NUMBERS),
        query_parameter("resultType", results),
    ]
    read = operation("wfs", "WFS", "Web Feature Service 2.0.0", parameters)
    posted = operation("wfsPost", "WFS", "Web Feature Service 2.0.0, asked by a document")
    body = {"required": True, "content": {"text/xml": {"schema": TEXT}, "application/xml": {"schema": TEXT}}}
    return {
        "/wfs": {
            "get": read | {"responses": _replies()},
            "post": posted | {"requestBody": body, "responses": _replies(408, 413)},
        }
    }


def _replies(*statuses: int) -> Json:
    anything = {"schema": {"type": "string", "format": "binary"}}
    exceptions = {
        str(status): {"description": PROBLEMS[status], "content": {"text/xml": {"schema": TEXT}}}
        for status in (400, 404, 503, *statuses)
    }
    told = {"description": "what was asked for", "content": {"*/*": anything}}
    return {"200": told, **problems(401), **exceptions}
