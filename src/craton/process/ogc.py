"""Process summaries and descriptions of OGC API – Processes – Part 1 (18-062r2), drawn from a Spec.

Links are left to whoever serves them. The standard's schemas are those of
OpenAPI 3.0, closed for other words: what stands under `x-craton` in
`craton.process.schema` is told as `additionalParameters` here.
"""

from __future__ import annotations

import re
from typing import Any

from craton.process.schema import Json, marks, param_schema, title
from craton.process.spec import Param, Spec

JOB_CONTROL = ("sync-execute", "async-execute", "dismiss")
TRANSMISSION = ("value", "reference")

CITATION = "https://schema.org/citation"
"""Role of metadata that is a reference to the literature."""

UNBOUNDED = "unbounded"

_ADDRESS = re.compile(r"https?://[^\s,;]+[^\s,;.)]")
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s,;]*[^\s,;.)]")


def summary(spec: Spec) -> Json:
    """What the list of processes says of `spec`."""
    said: Json = {
        "id": spec.id,
        "version": spec.version,
        "title": spec.title,
        "description": spec.description,
        "keywords": [spec.topic, *spec.keywords],
        "metadata": [_reference(text) for text in spec.references],
        "jobControlOptions": list(JOB_CONTROL),
        "outputTransmission": list(TRANSMISSION),
    }
    return {key: value for key, value in said.items() if value}


def description(spec: Spec) -> Json:
    """The full description of `spec`, with its formula, inputs and outputs."""
    said = "\n\n".join(filter(None, (spec.description, spec.notes)))
    return {
        **summary(spec),
        **({"description": said} if said else {}),
        "inputs": {param.name: _input(param) for param in spec.params},
        "outputs": {output.name: _described(output) for output in spec.outputs},
    }


def _reference(text: str) -> Json:
    """A reference as metadata, with its address where it states one."""
    address, doi = _ADDRESS.search(text), _DOI.search(text)
    found = f"https://doi.org/{doi[0]}" if doi else address[0] if address else ""
    return {"title": text, "role": CITATION, **({"href": found} if found else {})}


def _input(param: Param) -> Json:
    """An input; several datasets are several occurrences, several numbers one that is a list."""
    several = param.data is not None and param.many
    return {
        **_described(param),
        "minOccurs": 1 if param.required else 0,
        "maxOccurs": UNBOUNDED if several else 1,
    }


def _described(param: Param) -> Json:
    schema = param_schema(param)
    for word in ("title", "description", "x-craton"):
        schema.pop(word, None)
    said: Json = {"title": title(param), "description": param.doc, "schema": to_openapi(schema)}
    if param.data is not None and param.many:
        said["schema"] = _one_dataset(schema)
    if known := marks(param):
        listed = {name: value if isinstance(value, list) else [value] for name, value in known.items()}
        parameters = [{"name": name, "value": value} for name, value in listed.items()]
        said["additionalParameters"] = {"title": "Craton", "parameters": parameters}
    return said


def _one_dataset(schema: Json) -> Json:
    """Schema of one dataset of several."""
    array = next((form for form in schema.get("oneOf", ()) if form.get("type") == "array"), schema)
    return dict(array["items"])


def to_openapi(schema: Any) -> Any:
    """A schema of 2020-12, of the words that `craton.process.schema` uses, in those of OpenAPI 3.0.

    Open limits become closed ones with a flag, the type null becomes `nullable`.
    """
    if isinstance(schema, list):
        return [to_openapi(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    said = {word: value if word in _LITERAL else to_openapi(value) for word, value in schema.items()}
    for limit, open_limit in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        _close(said, limit, open_limit)
    return _without_null(said)


_LITERAL = frozenset({"default", "enum", "const"})
"""Words whose values are data, not schemas."""


def _close(said: Json, limit: str, open_limit: str) -> None:
    """Write an open limit the way of OpenAPI; of two limits the narrower one counts."""
    if open_limit not in said:
        return
    bound, closed = said.pop(open_limit), said.get(limit)
    narrower = closed is None or (bound >= closed if limit == "minimum" else bound <= closed)
    if narrower:
        said[limit], said[open_limit] = bound, True


def _without_null(said: Json) -> Json:
    """`oneOf` without the type null, and `nullable` in its place."""
    forms = [form for form in said.get("oneOf", ()) if form != {"type": "null"}]
    if len(forms) == len(said.get("oneOf", ())):
        return said
    rest = {word: value for word, value in said.items() if word != "oneOf"}
    # OpenAPI lets only a schema with a type be null, so each form says it.
    forms = [{**form, "nullable": True} for form in forms[:1]] + forms[1:]
    return {**forms[0], **rest} if len(forms) == 1 else {"oneOf": forms, **rest}
