"""Scenes in the definition of the API."""

from __future__ import annotations

from craton.store.codec_asset import GLB
from craton.web.edr_openapi import COLLECTION, NUMBERS
from craton.web.openapi_parts import answer, operation, path_parameter, problems, query_parameter
from craton.web.openapi_schemas import ANY_OBJECT, SYSTEM, TEXT
from craton.web.replies import JSON, Json
from craton.web.scene_document import BYTES

_BYTES: Json = {"type": "string", "format": "binary"}
UNCHANGED: Json = {"description": "whoever asks has it already"}
_NUMBER: Json = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_SIDE: Json = {"type": "integer", "minimum": 1, "maximum": 2048, "default": 256}

OWN = path_parameter(COLLECTION)
VARIABLE = query_parameter("variable", TEXT, "a variable; the first where left out")
REALIZATION = query_parameter("realization", TEXT, "a realization; the first where left out")
TIME = query_parameter("time", TEXT, "a moment, the nearest is taken; the last where left out")

PLACES_CRS = query_parameter(
    "crs", SYSTEM, "system in metres of the places of holes, points and lines; their own where left out"
)


def scene_paths() -> Json:
    """Paths of scenes and of their parts."""
    start = f"/collections/{{{COLLECTION}}}"
    place = [{**path_parameter(name), "schema": _NUMBER} for name in ("level", "k", "j", "i")]
    lattice = [
        VARIABLE, query_parameter("level", _NUMBER, "level of detail, 0 the finest"), TIME, REALIZATION,
        query_parameter("bbox", NUMBERS, "west, south, east, north in crs, easting first; or give level"),
        query_parameter("crs", SYSTEM, "system of bbox; that of the scene where left out"),
        query_parameter("width", _SIDE, "columns of the lattice"),
        query_parameter("height", _SIDE, "rows of the lattice"),
    ]  # fmt: skip
    return {
        f"{start}/scene": _document(
            "getScene", "A dataset in three dimensions: where its parts are", PLACES_CRS
        ),
        f"{start}/bricks/{{level}}/{{k}}/{{j}}/{{i}}": _file(
            "getBrick", "A brick of cells of a volume, a byte a cell",
            [OWN, *place, VARIABLE, TIME, REALIZATION], BYTES,
        ),
        f"{start}/mesh.glb": _mesh(),
        f"{start}/holes": _document(
            "getHoles", "Paths of drill holes, and what was found along them", PLACES_CRS
        ),
        f"{start}/points": _document("getPoints", "Points and lines of a table", PLACES_CRS),
        f"{start}/heights": _file(
            "getHeights", "Cells of a grid as a lattice of numbers", [OWN, *lattice], BYTES
        ),
    }  # fmt: skip


def _mesh() -> Json:
    said = _file("getMesh", "The surfaces of a mesh", [OWN], GLB)
    part = {
        "description": "the part that the header Range asks for",
        "content": {GLB: {"schema": _BYTES}},
    }
    said["get"]["responses"] |= {"206": part, **problems(416)}
    return said


def _document(id: str, words: str, *parameters: Json) -> Json:
    content = {JSON: {"schema": ANY_OBJECT}, "text/html": {"schema": TEXT}}
    replies = {"200": {"description": words, "content": content}, "304": UNCHANGED, **problems(400, 404, 503)}
    return {"get": operation(id, "Scenes", words, [OWN, *parameters]) | {"responses": replies}}


def _file(id: str, words: str, parameters: list[Json], media: str) -> Json:
    replies = {"200": answer(words, _BYTES, media), "304": UNCHANGED, **problems(400, 404, 503)}
    return {"get": operation(id, "Scenes", words, parameters) | {"responses": replies}}
