"""The library of indicators in the definition of the API."""

from __future__ import annotations

from typing import get_args

from craton.model.indicators import Aggregate, Direction, Support
from craton.web.openapi_parts import page_parameters, path_parameter, query_parameter, reading
from craton.web.openapi_schemas import TEXT, ref
from craton.web.queries import MOST
from craton.web.replies import Json

NUMBER: Json = {"type": "number"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_WORDS: Json = {
    "type": "object",
    "additionalProperties": TEXT,
    "description": "a text by its language, at least en and zh",
}
_SOURCE: Json = {"oneOf": [TEXT, _WORDS], "description": "one text for all languages, or one for each"}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _one_of(words: tuple[str, ...]) -> Json:
    return {"type": "string", "enum": list(words)}


SCHEMAS: dict[str, Json] = {
    "indicator": {
        "type": "object",
        "properties": {
            "id": TEXT, "theme": TEXT, "criterion": TEXT, "title": _WORDS, "definition": _WORDS,
            "unit": {**TEXT, "description": "of its numbers; 1 is a pure number"},
            "formula": {**TEXT, "description": "expression over the names of `inputs`"},
            "inputs": {"type": "object", "additionalProperties": ref("indicatorInput")},
            "direction": _one_of(get_args(Direction)),
            "target": {**_list(NUMBER), "description": "the best number, or the two it is best between"},
            "lowest": NUMBER, "highest": NUMBER,
            "supports": {**_list(_one_of(get_args(Support))), "description": "units of evaluation"},
            "period": TEXT,
            "aggregate": {**_one_of(get_args(Aggregate)), "description": "how larger units are told"},
            "classes": _list(ref("indicatorClass")), "class_source": _SOURCE, "reference": TEXT,
            "goal": _WORDS, "criterionTitle": _WORDS, "links": _list(ref("link")),
        },
        "required": ["id", "theme", "criterion", "title", "definition", "unit", "formula", "inputs", "links"],
    },
    "indicatorInput": {
        "type": "object",
        "properties": {"unit": TEXT, "title": _WORDS, "quantity": TEXT},
        "required": ["unit", "title"],
    },
    "indicatorClass": {
        "type": "object",
        "properties": {
            "title": _WORDS, "from_value": {**NUMBER, "description": "none: no limit below"}, "score": NUMBER
        },
        "required": ["title"],
    },
    "indicators": {
        "type": "object",
        "properties": {
            "indicators": _list(ref("indicator")), "numberMatched": _COUNT, "numberReturned": _COUNT,
            "links": _list(ref("link")),
        },
        "required": ["indicators", "numberMatched", "numberReturned", "links"],
    },
    "indicatorThemes": {
        "type": "object",
        "properties": {"themes": _list(ref("indicatorTheme")), "links": _list(ref("link"))},
        "required": ["themes", "links"],
    },
    "indicatorTheme": {
        "type": "object",
        "properties": {
            "id": TEXT, "title": _WORDS, "description": _WORDS, "count": _COUNT, "links": _list(ref("link")),
            "criteria": _list({
                "type": "object",
                "properties": {"id": TEXT, "title": _WORDS, "count": _COUNT},
                "required": ["id", "title", "count"],
            }),
        },
        "required": ["id", "title", "description", "criteria", "count", "links"],
    },
}  # fmt: skip


def indicator_paths() -> Json:
    """Paths of the library of indicators."""
    filters = [
        query_parameter("q", {**TEXT, "maxLength": 200}, "words that must occur, in any language"),
        query_parameter("theme", TEXT, "identifier of a theme"),
        query_parameter("support", _one_of(get_args(Support)), "unit of evaluation"),
        query_parameter("direction", _one_of(get_args(Direction)), "which way is better"),
        *page_parameters(MOST),
    ]
    id_ = path_parameter("indicatorID")
    tag = "Indicators"
    return {
        "/indicators": reading(
            "getIndicators", tag, "Indicators: what evaluations measure", "indicators", filters
        ),
        "/indicators/themes": reading(
            "getIndicatorThemes", tag, "Themes with their criteria", "indicatorThemes"
        ),
        "/indicators/{indicatorID}": reading("getIndicator", tag, "One indicator", "indicator", [id_], 404),
    }
