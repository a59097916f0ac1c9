"""Styles and legends in the definition of the API."""

from __future__ import annotations

from craton.model.style import MOST_RANGES, SCHEMES
from craton.web.maps_openapi import wish_parameters
from craton.web.openapi_parts import operation, path_parameter, problems, query_parameter
from craton.web.openapi_schemas import ANY_OBJECT, TEXT
from craton.web.replies import JSON, Json

COLLECTION = path_parameter("collectionId")


def style_paths() -> Json:
    """Paths of styles and legends."""
    start = "/collections/{collectionId}"
    form = query_parameter("f", {"type": "string", "enum": ["json", "html", "mapbox"]})
    box: Json = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
    view = [
        query_parameter("bbox", box, "west, south, east, north of what is in view"),
        query_parameter("filter", TEXT, "CQL2 text: features that are in view"),
        query_parameter("datetime", TEXT, "a moment or an interval"),
    ]
    return {
        f"{start}/styles": _document("getStyles", "Styles of a dataset", [COLLECTION]),
        f"{start}/styles/{{styleId}}": _document(
            "getStyle", "A style of a dataset", [COLLECTION, path_parameter("styleId"), form, *_asked()],
            "application/vnd.mapbox.style+json",
        ),
        f"{start}/legend": _document(
            "getLegend", "What the colours mean, of what is in view",
            [COLLECTION, *view, *_asked(), *wish_parameters()],
        ),
    }  # fmt: skip


def _asked() -> list[Json]:
    number: Json = {"type": "integer", "minimum": 1, "maximum": MOST_RANGES}
    return [
        query_parameter("column", TEXT, "column of features that the colours are taken from"),
        query_parameter("scheme", {"type": "string", "enum": list(SCHEMES)}, "how its values are parted"),
        query_parameter("classes", number, "how many classes"),
    ]


def _document(id: str, words: str, parameters: list[Json], *media: str) -> Json:
    content = {one: {"schema": ANY_OBJECT} for one in (JSON, *media)} | {"text/html": {"schema": TEXT}}
    replies = {"200": {"description": words, "content": content}, **problems(400, 404, 503)}
    return {"get": operation(id, "Styles", words, parameters) | {"responses": replies}}
