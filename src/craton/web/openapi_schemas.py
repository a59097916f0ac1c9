"""Schemas of what the node takes and gives, in the words of OpenAPI 3.0, after those of 18-062r2."""

from __future__ import annotations

from typing import get_args

from craton.jobs.job import State
from craton.process.ogc import JOB_CONTROL, TRANSMISSION
from craton.web.replies import Json

TEXT: Json = {"type": "string"}
MOMENT: Json = {"type": "string", "format": "date-time"}
SPAN: Json = {"type": "string", "format": "interval"}
"""A moment, or an interval with `..` at an open side."""
ADDRESS: Json = {"type": "string", "format": "uri"}
SYSTEM: Json = {"type": "string", "format": "crs"}
"""A coordinate reference system: its address, or its code such as `EPSG:4326`."""
ANY_OBJECT: Json = {"type": "object", "additionalProperties": True}


def ref(name: str) -> Json:
    """Reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Json, *required: str) -> Json:
    said: Json = {"type": "object", "properties": properties}
    return {**said, "required": list(required)} if required else said


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _words(words: tuple[str, ...]) -> Json:
    return {"type": "string", "enum": list(words)}


LINK = _object({"href": ADDRESS, "rel": TEXT, "type": TEXT, "hreflang": TEXT, "title": TEXT}, "href")
FORMAT = _object({"mediaType": TEXT, "encoding": TEXT, "schema": {"oneOf": [TEXT, ANY_OBJECT]}})

_SUMMARY: Json = {
    "id": TEXT, "version": TEXT, "title": TEXT, "description": TEXT, "keywords": _list(TEXT),
    "metadata": _list(_object({"title": TEXT, "role": TEXT, "href": TEXT})),
    "jobControlOptions": _list(_words(JOB_CONTROL)),
    "outputTransmission": _list(_words(TRANSMISSION)), "additionalParameters": ANY_OBJECT,
    "links": _list(ref("link")),
}  # fmt: skip

_STATUS: Json = {
    "processID": TEXT, "type": {"type": "string", "enum": ["process"]}, "jobID": TEXT,
    "status": ref("statusCode"), "message": TEXT, "created": MOMENT, "started": MOMENT, "finished": MOMENT,
    "updated": MOMENT, "progress": {"type": "integer", "minimum": 0, "maximum": 100},
    "reused": {"type": "boolean", "description": "the result was there already"},
    "remainingSeconds": {"type": "number", "minimum": 0}, "steps": _list(ANY_OBJECT),
    "inputs": {**ANY_OBJECT, "description": "what it was asked with: datasets and plain values by name"},
    "datasets": {**ANY_OBJECT, "description": "identifiers of its results by name"},
    "links": _list(ref("link")),
}  # fmt: skip

_VALUE: Json = {"oneOf": [TEXT, {"type": "number"}, {"type": "boolean"}, _list({}), ANY_OBJECT]}

SCHEMAS: dict[str, Json] = {
    "link": LINK,
    "format": FORMAT,
    "landingPage": _object({"title": TEXT, "description": TEXT, "links": _list(ref("link"))}, "links"),
    "confClasses": _object({"conformsTo": _list(TEXT)}, "conformsTo"),
    "statusCode": _words(get_args(State)),
    "processSummary": _object(_SUMMARY, "id", "version"),
    "processList": _object(
        {"processes": _list(ref("processSummary")), "links": _list(ref("link"))}, "processes", "links"
    ),
    "process": _object({**_SUMMARY, "inputs": ANY_OBJECT, "outputs": ANY_OBJECT}, "id", "version"),
    "statusInfo": _object(_STATUS, "jobID", "status", "type"),
    "jobList": _object({"jobs": _list(ref("statusInfo")), "links": _list(ref("link"))}, "jobs", "links"),
    "qualifiedValue": _object(
        {"value": _VALUE, "mediaType": TEXT, "encoding": TEXT, "schema": {"oneOf": [TEXT, ANY_OBJECT]}},
        "value",
    ),
    "output": _object({"transmissionMode": _words(TRANSMISSION), "format": ref("format")}),
    "subscriber": _object(
        {"successUri": ADDRESS, "inProgressUri": ADDRESS, "failedUri": ADDRESS}, "successUri"
    ),
    "execute": _object(
        {
            "inputs": ANY_OBJECT,
            "outputs": {"type": "object", "additionalProperties": ref("output")},
            "response": {**_words(("raw", "document")), "default": "raw"},
            "subscriber": ref("subscriber"),
            "title": {
                "type": "string", "maxLength": 200, "pattern": "^[^\\x00-\\x1f\\x7f]*$",
                "description": "names the results, where they are not there already",
            },
        }
    ),
    "results": {
        "type": "object",
        "additionalProperties": {"oneOf": [ref("qualifiedValue"), ref("link")]},
    },
    "exception": {
        **_object(
            {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT, "instance": TEXT,
             "hint": TEXT, "process": TEXT, "parameter": TEXT, "allowed": TEXT, "came": TEXT},
            "type",
        ),
        "additionalProperties": True,
    },
    "record": _object(
        {"id": TEXT, "type": {"type": "string", "enum": ["Feature"]},
         "geometry": {**ANY_OBJECT, "nullable": True}, "properties": ANY_OBJECT, "links": _list(ref("link"))},
        "id", "type",
    ),
    "records": _object(
        {"type": {"type": "string", "enum": ["FeatureCollection"]}, "features": _list(ref("record")),
         "numberMatched": {"type": "integer"}, "numberReturned": {"type": "integer"},
         "links": _list(ref("link"))},
        "type", "features",
    ),
    "apps": _object({"apps": _list(ANY_OBJECT), "links": _list(ref("link"))}, "apps"),
    "app": ANY_OBJECT,
    "provenance": ANY_OBJECT,
    "asset": ANY_OBJECT,
}  # fmt: skip
"""All schemas by name."""
