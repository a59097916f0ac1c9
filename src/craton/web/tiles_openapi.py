"""Vector tiles in the definition of the API."""

from __future__ import annotations

from craton.model.tile_matrix import TILE_MATRIX_SETS
from craton.web.openapi_parts import answer, operation, path_parameter, problems, query_parameter
from craton.web.openapi_schemas import ANY_OBJECT, TEXT
from craton.web.replies import JSON, Json
from craton.web.tiles_documents import MVT, PMTILES

COLLECTION = path_parameter("collectionId")
MATRIX_SET = path_parameter("tileMatrixSetId", list(TILE_MATRIX_SETS))
NAMES: Json = {"type": "array", "items": TEXT}
BYTES: Json = {"type": "string", "format": "binary"}
UNCHANGED: Json = {"description": "whoever asks has it already"}


def tile_paths() -> Json:
    """Paths of tile matrix sets and of vector tiles."""
    place = [path_parameter(name) for name in ("tileMatrix", "tileRow", "tileCol")]
    forms: Json = {"type": "string", "enum": ["json", "html", "tilejson"]}
    start = "/collections/{collectionId}/tiles"
    one = operation(
        "collection.vector.getTile", "Tiles", "A vector tile",
        [
            COLLECTION, MATRIX_SET, *place, query_parameter("f", {"type": "string", "enum": ["mvt", MVT]}),
            query_parameter("properties", NAMES, "columns that are wanted; all, if it is not given"),
        ],
    )  # fmt: skip
    empty = {"description": "there is nothing in the tile"}
    tile = {"200": answer("the tile", BYTES, MVT), "204": empty, "304": UNCHANGED, **problems(400, 404, 503)}
    whole = operation("getTileArchive", "Tiles", "All tiles of a dataset in one file (PMTiles)", [COLLECTION])
    part = {"description": "the part that the header Range asks for", "content": {PMTILES: {"schema": BYTES}}}
    archive = {
        "200": answer("the file", BYTES, PMTILES), "206": part, "304": UNCHANGED,
        **problems(400, 404, 416, 503),
    }  # fmt: skip
    return {
        "/tileMatrixSets": _document("getTileMatrixSetsList", "How tiles divide the world", []),
        "/tileMatrixSets/{tileMatrixSetId}": _document(
            "getTileMatrixSet", "One tile matrix set", [MATRIX_SET], 404
        ),
        start: _document(
            "collection.vector.getTileSetsList", "Sets of vector tiles of a dataset", [COLLECTION], 404, 503
        ),
        f"{start}.pmtiles": {"get": whole | {"responses": archive}},
        f"{start}/{{tileMatrixSetId}}": _document(
            "collection.vector.getTileSet", "A set of vector tiles",
            [COLLECTION, MATRIX_SET, query_parameter("f", forms)], 404, 503,
        ),
        f"{start}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {
            "get": one | {"responses": tile}
        },
    }  # fmt: skip


def _document(id: str, words: str, parameters: list[Json], *statuses: int) -> Json:
    content = {JSON: {"schema": ANY_OBJECT}, "text/html": {"schema": TEXT}}
    replies = {"200": {"description": words, "content": content}, **problems(400, *statuses)}
    return {"get": operation(id, "Tiles", words, parameters) | {"responses": replies}}
