"""Packs in the definition of the API."""

from __future__ import annotations

from craton.model.pack_text import MEDIA_TYPE
from craton.web.openapi_parts import answer, operation, path_parameter, problems, reading
from craton.web.openapi_schemas import TEXT, ref
from craton.web.replies import Json

_OBJECT: Json = {"type": "object", "additionalProperties": True}
_WORDS: Json = {"type": "object", "additionalProperties": TEXT, "description": "a text by its language"}
_LINKS: Json = {"type": "array", "items": ref("link")}
_TOLD: Json = {
    "oneOf": [TEXT, _OBJECT],
    "description": "an object, or a text in TOML or JSON, as docs/do/build-a-pack.md says",
}
_TABLE: Json = {**_OBJECT, "description": "as it was sent, as JSON"}
_PART: Json = {
    "type": "object", "required": ["id"],
    "properties": {
        "id": TEXT,
        "weight": {"type": "number", "description": "beside its sisters, where no data decide"},
        "wholeWeight": {"type": "number", "description": "in the whole, where all above it are known"},
    },
}  # fmt: skip

SCHEMAS: dict[str, Json] = {
    "pack": {**_OBJECT, "description": "an evaluation as data: docs/do/build-a-pack.md"},
    "packs": {
        "type": "object",
        "properties": {"packs": {"type": "array", "items": ref("packSummary")}, "links": _LINKS},
        "required": ["packs", "links"],
    },
    "packSummary": {
        "type": "object",
        "properties": {
            "name": {**TEXT, "description": "by which it is asked for at /packs"},
            "source": {"type": "string", "enum": ["application", "dataset"]},
            "id": TEXT, "version": TEXT, "title": _WORDS, "question": _WORDS, "dataset": TEXT,
            "datasetVersion": {"type": "integer"}, "updated": TEXT, "links": _LINKS,
        },
        "required": ["name", "source", "title", "links"],
    },
    "packToCheck": {
        "type": "object", "additionalProperties": False, "required": ["pack"],
        "properties": {"pack": _TOLD, "overlay": _TOLD},
    },
    "packFinding": {
        "type": "object",
        "properties": {
            "place": {**TEXT, "description": "such as criteria.soil.weights"}, "reason": TEXT, "hint": TEXT,
        },
        "required": ["place", "reason", "hint"],
    },
    "packChecked": {
        "type": "object",
        "properties": {
            "sound": {"type": "boolean", "description": "whether it can be run"},
            "findings": {"type": "array", "items": ref("packFinding")},
            "resolved": {
                "type": "object",
                "description": "empty where a key is missing, not known or of the wrong type",
                "properties": {
                    "attributes": _OBJECT,
                    "indicators": {
                        **_OBJECT,
                        "description": "by identifier: title, unit, formula, inputs, direction, score",
                    },
                    "criteria": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {
                                "title": _WORDS, "combine": TEXT, "weighing": TEXT,
                                "parts": {"type": "array", "items": _PART},
                                "consistencyRatio": {"type": "number"},
                            },
                        },
                    },
                    "names": {**_OBJECT, "description": "what conditions may speak of, with units"},
                },
            },
            "pack": _TABLE, "overlay": _TABLE,
        },
        "required": ["sound", "findings", "resolved", "pack", "overlay"],
    },
}  # fmt: skip


def paths() -> Json:
    """Paths of packs."""
    tag = "Packs"
    checking = operation("checkPack", tag, "What is wrong in a pack, where and why, and what it becomes")
    content = {"application/json": {"schema": ref("packToCheck")}}
    checking["requestBody"] = {"required": True, "content": content}
    checking["responses"] = {
        "200": answer("what is wrong, and what it becomes", ref("packChecked")),
        **problems(400, 403, 408, 413, 415, 429, 503),
    }
    words = "A pack: of an application, or a saved one by its dataset"
    one = reading("getPack", tag, words, "pack", [path_parameter("packID")], 404, media=MEDIA_TYPE)
    return {
        "/packs": reading("getPacks", tag, "Packs: evaluations as data", "packs"),
        "/pack-check": {"post": checking},
        "/packs/{packID}": one,
    }
