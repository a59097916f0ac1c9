"""The definition of the API as a plain page: every operation, what it takes and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from craton.web.html_values import Json, table, written

METHODS = ("get", "post", "put", "patch", "delete")


def api_body(document: Json) -> str:
    """All operations of an OpenAPI document, by their tags."""
    tags: dict[str, list[str]] = {str(tag["name"]): [] for tag in document.get("tags", ())}
    for tag, operation in _operations(document):
        tags.setdefault(tag, []).append(operation)
    return "".join(f"<h2>{escape(tag)}</h2>{''.join(told)}" for tag, told in tags.items() if told)


def _operations(document: Json) -> Iterator[tuple[str, str]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                tag = (operation.get("tags") or ["Other"])[0]
                yield str(tag), _operation(document, str(path), method, operation)


def _operation(document: Json, path: str, method: str, operation: Json) -> str:
    parameters = [_parameter(_found(document, one)) for one in operation.get("parameters", ())]
    replies = [
        {
            "status": status,
            "words": _found(document, one).get("description", ""),
            "types": _types(_found(document, one)),
        }
        for status, one in operation.get("responses", {}).items()
    ]
    body = _found(document, operation.get("requestBody", {}))
    asked = f"<p>Body: {escape(_types(body))}</p>" if body.get("content") else ""
    words = f"<p>{escape(str(operation['description']))}</p>" if operation.get("description") else ""
    return (
        f'<details class="operation"><summary><b>{method.upper()}</b> <code>{escape(path)}</code>'
        f" {escape(str(operation.get('summary', '')))}</summary>{words}"
        f"{table(parameters) if parameters else ''}{asked}{table(replies)}</details>"
    )


def _parameter(said: Json) -> Json:
    schema = said.get("schema", {})
    kind = schema.get("type", "") if isinstance(schema, Mapping) else ""
    limits = {k: v for k, v in schema.items() if k not in {"type", "description"}}
    return {
        "parameter": said.get("name", ""), "in": said.get("in", ""), "type": kind,
        "words": said.get("description", ""), "limits": written(limits) if limits else "",
    }  # fmt: skip


def _types(said: Json) -> str:
    return ", ".join(said.get("content", {}))


def _found(document: Json, part: Json) -> Json:
    """`part`, or what it refers to within `document`."""
    reference = part.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return part
    for key in reference[2:].split("/"):
        document = document.get(key, {})
    return document
