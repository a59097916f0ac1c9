"""Editing in the definition of the API."""

from __future__ import annotations

from craton.web.openapi_parts import answer, operation, path_parameter, problems, query_parameter
from craton.web.openapi_people import for_people
from craton.web.openapi_schemas import TEXT, ref
from craton.web.replies import GEOJSON, Json

_LANGUAGES: Json = {
    "oneOf": [TEXT, {"type": "object", "additionalProperties": {"type": "string", "nullable": True}}],
    "description": "a text, or texts by language, of which null takes one away",
}
_PARTY: Json = {
    "type": "object", "required": ["name"], "additionalProperties": False,
    "properties": {"name": TEXT, "role": TEXT, "contact": TEXT},
}  # fmt: skip

SCHEMAS: dict[str, Json] = {
    "datasetPatch": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "title": _LANGUAGES,
            "description": {**_LANGUAGES, "nullable": True},
            "keywords": {"type": "array", "items": TEXT, "nullable": True},
            "licence": {**TEXT, "nullable": True, "description": "SPDX identifier, or the licence's name"},
            "parties": {"type": "array", "items": _PARTY, "nullable": True},
            "visibility": {"type": "string", "enum": ["public", "partners", "private"]},
        },
    },
}


def paths() -> Json:
    """Paths of editing."""
    id_ = path_parameter("datasetID")
    seen = {
        "name": "If-Match", "in": "header", "schema": TEXT,
        "description": 'the version that was seen, such as "3"; another one by now is a 412',
    }  # fmt: skip
    edit = operation("editDataset", "Editing", "Say something of a dataset, for managers", [id_, seen])
    content = {
        one: {"schema": ref("datasetPatch")} for one in ("application/json", "application/merge-patch+json")
    }
    edit["requestBody"] = {"required": True, "content": content}
    edit["responses"] = {
        "200": answer("the dataset as it is now", ref("record"), GEOJSON),
        **problems(400, 401, 403, 404, 408, 409, 412, 413, 415, 503),
    }
    reason = query_parameter("reason", {**TEXT, "maxLength": 1000}, "why; kept in its tombstone")
    delete = operation("deleteDataset", "Editing", "Delete a dataset, for managers", [id_, seen, reason])
    delete["responses"] = {
        "204": {"description": "it is deleted"}, **problems(400, 401, 403, 404, 409, 412, 503),
    }  # fmt: skip
    return {"/datasets/{datasetID}": {"patch": for_people(edit), "delete": for_people(delete)}}
