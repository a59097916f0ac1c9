"""Maps and their tiles in the definition of the API."""

from __future__ import annotations

from craton.model.tile_matrix import TILE_MATRIX_SETS, TILE_PIXELS
from craton.store.grid_window_place import MOST_FRAME
from craton.web.openapi_parts import operation, path_parameter, problems, query_parameter
from craton.web.openapi_schemas import ANY_OBJECT, SYSTEM, TEXT
from craton.web.picture import TYPES
from craton.web.picture_style import STRETCHES, STYLES
from craton.web.replies import JSON, Json

NUMBER: Json = {"type": "number"}
PICTURE: Json = {"type": "string", "format": "binary"}

COLLECTION = "collectionId"


def pictures(*statuses: int) -> Json:
    """Replies of an operation that gives pictures."""
    forms = {media_type: {"schema": PICTURE} for media_type in TYPES.values()}
    changed = {"description": "whoever asks has it already"}
    return {
        "200": {"description": "a picture", "content": forms}, "304": changed, **problems(400, *statuses),
    }  # fmt: skip


def look_parameters() -> list[Json]:
    """Parameters that say how a picture looks."""
    return [
        query_parameter("time", TEXT, "the nearest step of time; the last where left out"),
        query_parameter("datetime", TEXT, "the same as time"),
        query_parameter("upward", NUMBER, "the nearest height of a volume; the highest where left out"),
        query_parameter("subset", TEXT, "steps of further axes: realization(3),wavelength(0.66)"),
        *wish_parameters(),
    ]


def wish_parameters() -> list[Json]:
    """Parameters that say how a grid is coloured."""
    pair: Json = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
    stretch: Json = {"type": "string", "enum": list(STRETCHES), "default": STRETCHES[0]}
    degrees: Json = {"type": "number", "minimum": 0, "maximum": 360}
    return [
        query_parameter("variable", TEXT, "variable of a grid; the first, or the picture of three bands"),
        query_parameter("band", TEXT, "the same as variable"),
        query_parameter("style", {"type": "string", "enum": list(STYLES)}, "a style of grids"),
        query_parameter("range", pair, "values at the ends of the ramp"),
        query_parameter(
            "stretch", stretch,
            "how a ramp follows the values: linear, or equal, where each colour covers as many cells",
        ),
        query_parameter(
            "azimuth", degrees,
            "shades a ramp as relief in light from there, clockwise from north; 315 for styles with shade",
        ),
    ]  # fmt: skip


def picture_parameter() -> Json:
    """The parameter that says in what form a picture is given."""
    words = "form of the picture; else what the header Accept wants"
    return query_parameter("f", {"type": "string", "enum": [*TYPES, "jpg", *TYPES.values()]}, words)


def map_paths() -> Json:
    """Paths of maps and tiles of maps."""
    collection = path_parameter(COLLECTION)
    start = f"/collections/{{{COLLECTION}}}/map"
    tms = path_parameter("tileMatrixSetId", list(TILE_MATRIX_SETS))
    place = [path_parameter(name) for name in ("tileMatrix", "tileRow", "tileCol")]
    forms: Json = {"type": "string", "enum": ["json", "html", "tilejson"]}
    size: Json = {"type": "integer", "enum": [TILE_PIXELS, 2 * TILE_PIXELS], "default": TILE_PIXELS}
    tile_sets = _document("getMapTileSets", "Sets of tiles of a dataset", [collection])
    tile_set = _document(
        "getMapTileSet",
        "One set of tiles",
        [collection, tms, query_parameter("f", forms), *look_parameters()],
    )
    drawn = operation("getMap", "Maps", "A map of a dataset", [collection, *_map_parameters()])
    tile = operation(
        "getMapTile", "Maps", "A tile of a map",
        [collection, tms, *place, picture_parameter(), query_parameter("size", size, "pixels along a side"),
         *look_parameters()],
    )  # fmt: skip
    return {
        start: {"get": drawn | {"responses": pictures(404)}},
        f"{start}/tiles": tile_sets,
        f"{start}/tiles/{{tileMatrixSetId}}": tile_set,
        f"{start}/tiles/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {
            "get": tile | {"responses": pictures(404)}
        },
    }


def _map_parameters() -> list[Json]:
    box: Json = {"type": "array", "items": NUMBER, "minItems": 4, "maxItems": 6}
    side: Json = {"type": "integer", "minimum": 1, "maximum": MOST_FRAME}
    return [
        picture_parameter(),
        query_parameter("bbox", box, "the extent; all of the dataset where left out"),
        query_parameter("bbox-crs", SYSTEM, "system of bbox; CRS84 where left out"),
        query_parameter("crs", SYSTEM, "system of the map; the dataset's own where left out"),
        query_parameter("width", side, "columns of pixels"),
        query_parameter("height", side, "rows of pixels"),
        query_parameter("bgcolor", TEXT, "colour where there is nothing: 0xRRGGBB or a name"),
        query_parameter("transparent", {"type": "boolean"}, "whether nothing is transparent"),
        *look_parameters(),
    ]


def _document(id: str, words: str, parameters: list[Json]) -> Json:
    replies = {
        "200": {
            "description": words,
            "content": {JSON: {"schema": ANY_OBJECT}, "text/html": {"schema": TEXT}},
        },
        **problems(400, 404),
    }
    return {"get": operation(id, "Maps", words, parameters) | {"responses": replies}}
