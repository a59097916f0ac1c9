"""Uploads in the definition of the API."""

from __future__ import annotations

from typing import get_args

from craton.jobs.upload import Ask, UploadState
from craton.web.openapi_parts import (
    answer,
    operation,
    page_parameters,
    path_parameter,
    problems,
    query_parameter,
    reading,
)
from craton.web.openapi_people import for_people
from craton.web.openapi_schemas import ADDRESS, ANY_OBJECT, MOMENT, TEXT, ref
from craton.web.queries import DEFAULT_LIMIT
from craton.web.replies import JSON, Json

NAME: Json = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "pattern": r'^[^/\\:*?"<>|\s.][^/\\:*?"<>|]*$',
}
TAG: Json = {"type": "string", "pattern": "^([A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*|und)$"}
WORD: Json = {"type": "string", "pattern": "^([a-z0-9][a-z0-9._-]{0,62})?$"}
SIZE: Json = {"type": "integer", "minimum": 0}
VISIBILITY: Json = {"type": "string", "enum": ["public", "partners", "private"]}
MAYBE_VISIBILITY: Json = {**VISIBILITY, "enum": [*VISIBILITY["enum"], None], "nullable": True}
LANGUAGES: Json = {"oneOf": [TEXT, {"type": "object", "additionalProperties": TEXT}]}
COLUMN: Json = {
    "type": "object", "additionalProperties": False,
    "properties": {"unit": TEXT, "quantity": TEXT, "title": TEXT},
}  # fmt: skip
WHO = (400, 401, 403, 404)


def _object(properties: Json, *required: str, closed: bool = False) -> Json:
    said: Json = {"type": "object", "properties": properties}
    if closed:
        said["additionalProperties"] = False
    return {**said, "required": list(required)} if required else said


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


SCHEMAS: dict[str, Json] = {
    "uploadRequest": _object(
        {
            "files": {**_list(_object({"name": NAME, "size": SIZE}, "name", "size", closed=True)),
                      "minItems": 1, "maxItems": 1000},
            "collection": {**WORD, "description": "the same name in the same collection is the same dataset"},
            "crs": TEXT, "licence": TEXT, "owner": TEXT, "language": TAG, "title": LANGUAGES,
            "visibility": MAYBE_VISIBILITY,
        },
        "files",
        closed=True,
    ),
    "uploadAnswers": _object(
        {
            "file": {**TEXT, "description": "the file that the answers are about; all where it is left out"},
            "crs": TEXT, "licence": TEXT, "owner": TEXT, "title": LANGUAGES, "description": LANGUAGES,
            "keywords": _list(TEXT), "columns": {"type": "object", "additionalProperties": COLUMN},
        },
        closed=True,
    ),
    "uploadFile": _object({"name": TEXT, "size": SIZE, "received": SIZE, "href": ADDRESS}, "name", "size"),
    "uploadQuestion": _object(
        {"ask": {"type": "string", "enum": list(get_args(Ask))}, "file": TEXT, "record": TEXT, "why": TEXT,
         "choices": _list(_object({"value": TEXT, "title": TEXT}, "value")), "columns": _list(ANY_OBJECT)},
        "ask", "file", "record", "why",
    ),
    "uploadOutcome": _object(
        {"name": TEXT, "outcome": TEXT, "records": _list(TEXT), "code": TEXT, "message": TEXT, "todo": TEXT,
         "findings": _list(ANY_OBJECT)},
        "name", "outcome",
    ),
    "upload": _object(
        {
            "id": TEXT, "owner": TEXT, "collection": TEXT, "created": MOMENT, "changed": MOMENT,
            "state": {"type": "string", "enum": list(get_args(UploadState))}, "message": TEXT,
            "language": TEXT, "visibility": MAYBE_VISIBILITY,
            "files": _list(ref("uploadFile")), "outcomes": _list(ref("uploadOutcome")),
            "questions": _list(ref("uploadQuestion")), "done": SIZE, "total": SIZE, "change": SIZE,
            "links": _list(ref("link")),
        },
        "id", "state", "files",
    ),
    "uploads": _object({"uploads": _list(ref("upload")), "links": _list(ref("link"))}, "uploads"),
}  # fmt: skip


def paths() -> Json:
    """Paths of uploads."""
    id_ = path_parameter("uploadID")
    one = "/uploads/{uploadID}"
    listing = reading(
        "getUploads", "Uploads", "Uploads of who asks", "uploads", page_parameters(DEFAULT_LIMIT), *WHO
    )
    told = reading("getUpload", "Uploads", "How far an upload is", "upload", [id_], *WHO)
    paths = {
        "/uploads": {**listing, "post": _begin()},
        one: {**told, "patch": _answer(id_), "delete": _remove(id_)},
        f"{one}/add": {"post": _add(id_)},
        f"{one}/events": {"get": _events(id_)},
        f"{one}/files/{{name}}": _file(id_),
    }
    return {
        path: {method: for_people(said) for method, said in methods.items()}
        for path, methods in paths.items()
    }


def _begin() -> Json:
    said = operation("beginUpload", "Uploads", "Begin an upload, for geologists and managers")
    said["requestBody"] = _body("uploadRequest")
    begun = answer("the upload", ref("upload"))
    begun["headers"] = {"Location": {"description": "the upload", "schema": TEXT}}
    said["responses"] = {"201": begun, **problems(*WHO, 408, 409, 413, 415, 503, 507)}
    return said


def _body(schema: str) -> Json:
    return {"required": True, "content": {JSON: {"schema": ref(schema)}}}


def _answer(id_: Json) -> Json:
    said = operation("answerUpload", "Uploads", "Answer what is asked; the files are read again", [id_])
    said["requestBody"] = _body("uploadAnswers")
    said["responses"] = {
        "200": answer("the upload", ref("upload")), **problems(*WHO, 408, 409, 413, 415, 503, 507),
    }  # fmt: skip
    return said


def _remove(id_: Json) -> Json:
    said = operation("removeUpload", "Uploads", "Forget an upload; datasets stay", [id_])
    said["responses"] = {"204": {"description": "it is forgotten"}, **problems(*WHO, 409, 503)}
    return said


def _add(id_: Json) -> Json:
    said = operation("addUpload", "Uploads", "Add the files of an upload to the node", [id_])
    said["responses"] = {"202": answer("the upload", ref("upload")), **problems(*WHO, 409, 503, 507)}
    return said


def _events(id_: Json) -> Json:
    said = operation("getUploadEvents", "Uploads", "Changes of an upload as they come", [id_])
    events = answer("events: state, file, outcome, questions, end", {}, "text/event-stream")
    said["responses"] = {"200": events, **problems(*WHO, 503)}
    return said


def _file(id_: Json) -> Json:
    name = path_parameter("name")
    told = reading("getUploadFile", "Uploads", "How much has come", "uploadFile", [id_, name], *WHO)
    where = query_parameter("offset", SIZE, "bytes that have come already")
    part = {"name": "Content-Range", "in": "header", "schema": TEXT, "description": "bytes 100-199/1000"}
    send = operation(
        "sendUploadFile", "Uploads", "Send a file, or go on sending it", [id_, name, where, part]
    )
    send["requestBody"] = {
        "required": False, "content": {"application/octet-stream": {"schema": {**TEXT, "format": "binary"}}},
    }  # fmt: skip
    send["responses"] = {
        "200": answer("how much has come", ref("uploadFile")),
        **problems(*WHO, 408, 409, 413, 416, 503, 507),
    }
    return {**told, "put": send}
