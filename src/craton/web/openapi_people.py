"""Who may ask: what the definition of the API says of names, and of requests that the node turns away."""

from __future__ import annotations

from typing import Any

from craton.web.openapi_parts import problems
from craton.web.replies import Json

SCHEMES: Json = {
    "basic": {"type": "http", "scheme": "basic", "description": "name and password of a person of the node"},
    "token": {"type": "http", "scheme": "bearer", "description": "a token, made at /tokens"},
}
"""How a program shows a name; pages hold a session in its place."""

BY_NAME: list[Json] = [{name: []} for name in SCHEMES]
ANYONE: list[Json] = [{}, *BY_NAME]
"""Who may ask where an operation says nothing else: everyone, and with a name they may be shown more."""

TURNED_AWAY: Json = {
    name: problems(status)[str(status)]
    for name, status in {"unknownName": 401, "tooOften": 429, "notNow": 503}.items()
}
"""Replies that any address may give, before it looks at what is asked."""

_REPLIES = dict(zip(("401", "429", "503"), TURNED_AWAY, strict=True))


def for_people(said: Json) -> Json:
    """`said`, an operation for those with a name only."""
    return {**said, "security": BY_NAME}


def with_refusals(paths: Json) -> Json:
    """`paths` in which every operation also tells how the node turns a request away."""
    return {
        path: {method: _refusing(said) if "responses" in said else said for method, said in methods.items()}
        for path, methods in paths.items()
    }


def _refusing(said: dict[str, Any]) -> Json:
    refusals = {status: {"$ref": f"#/components/responses/{name}"} for status, name in _REPLIES.items()}
    return {**said, "responses": refusals | said["responses"]}
