"""Documents come as JSON or as pages: what the definition of the API says of that for each operation."""

from __future__ import annotations

from typing import Any

from craton.web.negotiation import FORMS, HTML
from craton.web.openapi_parts import query_parameter
from craton.web.openapi_schemas import TEXT
from craton.web.replies import Json

FORM = query_parameter(
    "f", {"type": "string", "enum": list(FORMS)}, "form of the document; else Accept decides"
)


def with_formats(paths: Json) -> Json:
    """`paths` in which every document that is read may also come as a page, and takes the parameter `f`."""
    return {path: {**said, **_reading(said)} for path, said in paths.items()}


def _reading(said: Json) -> Json:
    if "get" not in said:
        return {}
    operation = said["get"]
    replies = {status: _reply(one) for status, one in operation.get("responses", {}).items()}
    parameters = list(operation.get("parameters", ()))
    if _is_document(operation.get("responses", {}).get("200", {})) and not _has_form(parameters):
        parameters.append(FORM)
    told = {**operation, "responses": replies}
    return {"get": {**told, "parameters": parameters} if parameters else told}


def _has_form(parameters: list[Any]) -> bool:
    return any(one.get("name") == FORM["name"] for one in parameters)


def _is_document(reply: Json) -> bool:
    return any("json" in media for media in reply.get("content", {}))


def _reply(reply: Json) -> Json:
    """`reply`, which may also be a page where it is a document."""
    if not _is_document(reply) or HTML in reply["content"]:
        return reply
    return {**reply, "content": {**reply["content"], HTML: {"schema": TEXT}}}
