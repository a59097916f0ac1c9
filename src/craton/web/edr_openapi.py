"""Data at places, and parts of grids, in the definition of the API."""

from __future__ import annotations

from craton.web.edr_query import FORMS, METRES
from craton.web.openapi_parts import operation, path_parameter, problems, query_parameter
from craton.web.openapi_schemas import ANY_OBJECT, SYSTEM, TEXT
from craton.web.replies import GEOJSON, Json

NUMBERS: Json = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}

COLLECTION = "collectionId"


def edr_paths() -> Json:
    """Paths of data at places."""
    coords = query_parameter("coords", TEXT, "well-known text: POINT(102.6 17.97)") | {"required": True}
    within = query_parameter("within", {"type": "number", "minimum": 0, "exclusiveMinimum": True})
    units = query_parameter("within-units", {"type": "string", "enum": list(METRES)})
    box = query_parameter("bbox", NUMBERS, "the box, in the axis order of crs") | {"required": True}
    queries = {
        "position": ("Values at a point, or at several", [coords]),
        "area": ("Values of the cells within an area", [coords]),
        "radius": (
            "Values of the cells within a circle",
            [coords, within | {"required": True}, units | {"required": True}],
        ),
        "cube": ("Values of the cells within a box", [box]),
        "trajectory": ("Values along a line", [coords]),
    }
    return {
        f"/collections/{{{COLLECTION}}}/{name}": {"get": _query(name, words, parameters)}
        for name, (words, parameters) in queries.items()
    }


def _query(name: str, words: str, parameters: list[Json]) -> Json:
    said = operation(f"{name}Query", "EDR", words, [path_parameter(COLLECTION), *parameters, *_common()])
    content = {
        "application/prs.coverage+json": {"schema": ANY_OBJECT}, GEOJSON: {"schema": ANY_OBJECT},
        "text/csv": {"schema": TEXT},
    }  # fmt: skip
    changed = {"description": "whoever asks has it already"}
    replies = {"200": {"description": words, "content": content}, "304": changed, **problems(400, 404)}
    return said | {"responses": replies}


def _common() -> list[Json]:
    names: Json = {"type": "array", "items": TEXT}
    return [
        query_parameter("parameter-name", names, "variables; all where left out"),
        query_parameter("datetime", TEXT, "a moment, or an interval with .. at an open side"),
        query_parameter("z", TEXT, "height in metres: 100, or 100,200, or 100/200, or R5/100/50"),
        query_parameter("subset", TEXT, "steps of further axes: realization(3),wavelength(0.5:0.7)"),
        query_parameter("crs", SYSTEM, "system of places asked and told; CRS84 where left out"),
        query_parameter("f", {"type": "string", "enum": [*FORMS, "covjson", "text/csv"]}),
    ]
