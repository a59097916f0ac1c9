"""Parts of the definition of the API that all areas are told with."""

from __future__ import annotations

from craton.web.openapi_schemas import TEXT, ref
from craton.web.queries import MOST
from craton.web.replies import JSON, PROBLEM, Json
from craton.web.site import MOST_DIGITS

OFFSET: Json = {"type": "integer", "minimum": 0, "maximum": 10**MOST_DIGITS - 1, "default": 0}
"""How many entries of a list to pass over."""

FILE: Json = {"description": "the bytes of a file of any type"}
"""No type, for a file may also be a document in JSON."""

PROBLEMS = {
    400: "a part of the request cannot be used; the reply names it, what is allowed and what came",
    401: "a name is wanted, or the one given is not known",
    403: "whoever asks may not do this",
    404: "there is no such thing here",
    408: "the body came too slowly",
    409: "something else changed it first",
    410: "it was dismissed",
    412: "it has another version by now",
    413: "the request is too large",
    415: "the body is of a type that is not taken",
    416: "less has come than the request goes on from",
    429: "too many requests; ask again later",
    500: "the process failed, or the node has a fault; the log of the node says more",
    503: "the node has too much to do, or is ending; ask again later",
    507: "the node's disk has no room for it",
}
"""What each status of a problem means."""


def operation(id: str, tag: str, words: str, parameters: list[Json] | None = None) -> Json:
    """An operation, without its replies."""
    said: Json = {"operationId": id, "tags": [tag], "summary": words}
    return {**said, "parameters": parameters} if parameters else said


def reading(
    id: str, tag: str, words: str, schema: str, parameters: list[Json] | None = None, *statuses: int,
    media: str = JSON,
) -> Json:  # fmt: skip
    """A path that is read, whose document is of `schema`."""
    replies = {"200": answer(words, ref(schema), media), **problems(400, *statuses)}
    return {"get": {**operation(id, tag, words, parameters), "responses": replies}}


def file_reading(id: str, tag: str, words: str, parameters: list[Json]) -> Json:
    """A path whose reply is a file."""
    replies = {"200": answer(words, FILE, "*/*"), **problems(400, 404)}
    return {"get": {**operation(id, tag, words, parameters), "responses": replies}}


def answer(words: str, schema: Json, media: str = JSON) -> Json:
    """A reply with a body."""
    return {"description": words, "content": {media: {"schema": schema}}}


def problems(*statuses: int) -> Json:
    """Replies of problems by their status."""
    return {str(s): answer(PROBLEMS[s], ref("exception"), PROBLEM) for s in sorted(set(statuses))}


def path_parameter(name: str, words: list[str] | None = None) -> Json:
    """A parameter of a path; `words` are all it can be."""
    schema = {**TEXT, "enum": words} if words else TEXT
    return {"name": name, "in": "path", "required": True, "schema": schema}


def query_parameter(name: str, schema: Json, words: str = "") -> Json:
    """A parameter of a query."""
    said: Json = {"name": name, "in": "query", "schema": schema}
    if schema.get("type") == "array":
        said |= {"style": "form", "explode": False}
    return {**said, "description": words} if words else said


def page_parameters(default: int) -> list[Json]:
    """Parameters of a list that comes in pages."""
    limit: Json = {"type": "integer", "minimum": 1, "maximum": MOST, "default": default}
    return [
        query_parameter("limit", limit),
        query_parameter("offset", OFFSET),
    ]
