"""Vector tiles on the web (OGC API – Tiles 1): tile matrix sets, sets of tiles of a dataset, single tiles.

A tile of an archive that is open is a slice of a file in memory, sent as it is
without waiting for a thread; everything else is done in one.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Record
from craton.model.tile_matrix import (
    TILE_MATRIX_SETS,
    WEB_MERCATOR_QUAD,
    TileMatrixSet,
    definition,
    tile_matrix_set,
    tile_range,
)
from craton.store.feature_source import KINDS
from craton.store.tile_archive import TileArchive
from craton.store.vector_tile_levels import DEEPEST
from craton.store.vector_tiles import FORMAT, Tile, VectorTiles, open_tiles, stored, tiles_at_hand
from craton.web.area import Area, asking, get
from craton.web.features_open import at_hand, opened
from craton.web.files import matches
from craton.web.queries import check_query, words_of
from craton.web.replies import Json, link, reply, too_busy
from craton.web.site import Site, is_number, site_of
from craton.web.tiles_documents import (
    MVT,
    PMTILES,
    RELATION,
    matrix_set_summary,
    tile_json,
    tile_set,
    tile_set_summary,
    tiles_path,
)
from craton.web.tiles_openapi import tile_paths

TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
MATRICES = "http://www.opengis.net/spec/tms/2.0/conf/"

CLASSES = (
    *(TILES + name for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt", "oas30")),
    *(MATRICES + name for name in (
        "tilematrixset", "tilematrixsetlimits", "tilesetmetadata", "json-tilematrixset",
        "json-tilematrixsetlimits", "json-tilesetmetadata",
    )),
)  # fmt: skip

TILE_FORMS = ("mvt", MVT)
SET_FORMS = ("json", "html", "tilejson")


def list_matrix_sets(site: Site, request: Request) -> Response:
    """List the tile matrix sets."""
    check_query(request)
    base = site.base(request)
    sets = [matrix_set_summary(base, tms) for tms in TILE_MATRIX_SETS.values()]
    links = [link(f"{base}/tileMatrixSets", "self", "this document")]
    return reply(request, {"tileMatrixSets": sets, "links": links})


def show_matrix_set(_site: Site, request: Request) -> Response:
    """Give the definition of a tile matrix set."""
    check_query(request)
    return reply(request, definition(tile_matrix_set(request.path_params["set"])))


def _tiled(site: Site, request: Request) -> tuple[Record, VectorTiles]:
    """The dataset that is asked for, with its tiles; `NotFoundError` where this visitor has none of it."""
    found = opened(site, request.path_params["collection"])
    site.visit.open(found.record, "read")
    return found.record, open_tiles(site.store, found.record)


def list_tile_sets(site: Site, request: Request) -> Response:
    """List the sets of tiles of a dataset."""
    check_query(request)
    record, _tiles = _tiled(site, request)
    base = site.base(request)
    own = base + tiles_path(record)
    links = [
        link(own, "self", "this document"),
        link(f"{own}.pmtiles", "enclosure", "all tiles in one file", PMTILES),
    ]
    sets = [tile_set_summary(base, record, tms) for tms in TILE_MATRIX_SETS.values()]
    return reply(request, {"tilesets": sets, "links": links})


def show_tile_set(site: Site, request: Request) -> Response:
    """Tell about one set of tiles: as the standard does, or as TileJSON (`f=tilejson`)."""
    check_query(request, "f")
    form = request.query_params.get("f", "json")
    if form not in SET_FORMS:
        raise InvalidError(f"f must be one of {', '.join(SET_FORMS)}, not {form[:40]!r}")
    record, tiles = _tiled(site, request)
    tms = tile_matrix_set(request.path_params["set"])
    if form != "tilejson":
        return reply(request, tile_set(site.base(request), record, tms, tiles))
    if tms is not WEB_MERCATOR_QUAD:
        raise InvalidError(f"TileJSON tells of tiles of {WEB_MERCATOR_QUAD.id} alone")
    return reply(request, tile_json(site.base(request), record, tms, tiles))


async def show_tile(request: Request) -> Response:
    """Give one tile."""
    site, name = site_of(request), request.path_params["collection"]
    tms, *place = _place(request)
    found = at_hand(site, name)
    tiles = None if found is None else tiles_at_hand(site.store, found.record)
    is_whole = "properties" not in request.query_params
    archive = None if tiles is None or not is_whole else tiles.at_hand(tms, place[0])
    if found is not None and tiles is not None and archive is not None:
        site.visit.open(found.record, "read")
        return _tile(request, found.record, tiles, tms, *place, archive=archive)
    return await site.ask(_tile_in_thread, site, request, tms, *place)


def _tile_in_thread(site: Site, request: Request, tms: TileMatrixSet, z: int, y: int, x: int) -> Response:
    record, tiles = _tiled(site, request)
    return _tile(request, record, tiles, tms, z, y, x)


def _place(request: Request) -> tuple[TileMatrixSet, int, int, int]:
    """Tile matrix set, level, row and column that are asked for."""
    check_query(request, "f", "properties")
    if (form := request.query_params.get("f", "mvt")) not in TILE_FORMS:
        raise InvalidError(f"f must be mvt, not {form[:40]!r}")
    tms = tile_matrix_set(request.path_params["set"])
    texts = [request.path_params[name] for name in ("matrix", "row", "column")]
    numbers = [int(text) if is_number(text) else -1 for text in texts]
    if not tms.has(*numbers):
        told = "/".join(text[:12] for text in texts)
        raise NotFoundError(f"there is no tile {told}", hint=f"{tms.id} has levels 0 to {tms.levels - 1}")
    return tms, numbers[0], numbers[1], numbers[2]


def _tile(
    request: Request, record: Record, tiles: VectorTiles, tms: TileMatrixSet, z: int, y: int, x: int, *,
    archive: TileArchive | None = None,
) -> Response:  # fmt: skip
    """A tile; out of `archive`, where that is given, without anything that takes time."""
    tag = f'"{record.content[:32]}.{FORMAT}"'
    caching = "no-cache" if record.visibility == "public" else "private, no-cache"
    headers = {"Cache-Control": caching, "Vary": "Accept-Encoding"}
    columns = _columns(request, tiles)
    is_known = matches(request.headers.get("if-none-match", ""), tag)
    if is_known and (archive is not None or tiles.is_final(tms, z)):
        return Response(status_code=304, headers=headers | {"ETag": tag})
    assert tiles.bbox is not None
    if z > DEEPEST or not tile_range(tms, z, tiles.bbox).has(y, x):
        raise NotFoundError(
            f"the tile {z}/{y}/{x} is none of {record.id}", hint="the set of tiles tells its limits"
        )
    if columns is not None:
        tile = tiles.tile_with(columns, tms, z, y, x)
    else:
        tile = tiles.tile(tms, z, y, x) if archive is None else stored(archive, z, y, x)
    if tile is None:
        return Response(status_code=204, headers=headers)
    return _sent(request, tile, headers | ({"ETag": tag} if tile.is_final else {}))


def _columns(request: Request, tiles: VectorTiles) -> frozenset[str] | None:
    """Columns that are asked for; `None` for all."""
    if "properties" not in request.query_params:
        return None
    chosen = frozenset(words_of(request, "properties"))
    known = [column.name for column in tiles.meta.columns]
    for name in sorted(chosen.difference(known)):
        told = ", ".join(known[:20]) or "none"
        raise InvalidError(f"there is no column {name[:60]!r}", hint=f"there are: {told}")
    return chosen


def _sent(request: Request, tile: Tile, headers: Mapping[str, str]) -> Response:
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(tile.data, headers={**headers, "Content-Encoding": "gzip"}, media_type=MVT)
    return Response(gzip.decompress(tile.data), headers=headers, media_type=MVT)


def give_archive(site: Site, request: Request) -> Response:
    """Give all tiles in one file; parts of it can be asked for."""
    check_query(request)
    record, tiles = _tiled(site, request)
    path = tiles.whole()
    if path is None:
        raise too_busy("the tiles are being made")
    tag = f'"{record.content[:32]}.{FORMAT}"'
    caching = "no-cache" if record.visibility == "public" else "private, no-cache"
    headers = {"ETag": tag, "Cache-Control": caching}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    name = f"{record.id}.pmtiles"
    return FileResponse(
        path, headers=headers, media_type=PMTILES, filename=name, content_disposition_type="inline"
    )


def _links(base: str) -> list[Json]:
    return [link(f"{base}/tileMatrixSets", RELATION + "tiling-schemes", "how tiles divide the world")]


def _collection(_site: Site, base: str, record: Record) -> Json:
    """Links of a collection to its tiles."""
    if record.kind not in KINDS or record.bbox is None:
        return {}
    own = base + tiles_path(record)
    return {
        "links": [
            link(own, RELATION + "tilesets-vector", "vector tiles"),
            link(f"{own}/{WEB_MERCATOR_QUAD.id}?f=tilejson", "alternate", "vector tiles as TileJSON"),
        ]
    }


AREA = Area(
    "Tiles",
    (
        get("/tileMatrixSets", list_matrix_sets),
        get("/tileMatrixSets/{set}", show_matrix_set),
        asking("/collections/{collection}/tiles", list_tile_sets),
        asking("/collections/{collection}/tiles.pmtiles", give_archive),
        asking("/collections/{collection}/tiles/{set}", show_tile_set),
        Route("/collections/{collection}/tiles/{set}/{matrix}/{row}/{column}", show_tile),
    ),
    conformance=CLASSES,
    links=_links,
    paths=tile_paths,
    collection=_collection,
)
