"""Tiles of maps (OGC API – Tiles): sets of tiles of a dataset, and single ones."""

from __future__ import annotations

import math

from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Record
from craton.model.tile_matrix import (
    METRES_PER_DEGREE,
    TILE_MATRIX_SETS,
    TILE_PIXELS,
    TileMatrixSet,
    limits,
    tile_bbox,
    tile_bounds,
    tile_matrix_set,
)
from craton.store.grid_window import Frame, has_place, open_grid
from craton.web.crs_negotiation import CRS84
from craton.web.maps_query import LOOK_NAMES, look_of, media_type_of
from craton.web.picture import TYPES
from craton.web.picture_maps import check_look, data_reply, picture_tag, pictured, tile_bytes, unchanged
from craton.web.queries import check_query
from craton.web.replies import Json, link, path_of, reply
from craton.web.site import Site, is_number

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"

SIZES = (TILE_PIXELS, 2 * TILE_PIXELS)
"""Pixels of a tile along a side that may be asked for."""

FINEST = 18
"""Finest level that is told of features, which have no cells."""


def show_tile_sets(site: Site, request: Request) -> Response:
    """List the sets of tiles of a dataset."""
    check_query(request)
    record = pictured(site, request.path_params["collection"])
    base = site.base(request)
    sets = [_summary(base, record, tms) for tms in TILE_MATRIX_SETS.values()]
    own = base + _path(record)
    return reply(request, {"tilesets": sets, "links": [link(own, "self", "this document")]})


def show_tile_set(site: Site, request: Request) -> Response:
    """Tell about one set of tiles: as the standard does, or as TileJSON (`f=tilejson`)."""
    check_query(request, "f", *LOOK_NAMES)
    form = request.query_params.get("f", "json")
    if form not in {"json", "html", "tilejson"}:
        raise InvalidError(f"f must be json, html or tilejson, not {form[:40]!r}")
    record = pictured(site, request.path_params["collection"])
    tms = tile_matrix_set(request.path_params["set"])
    look = look_of(request)
    check_look(site, record, look)
    base = site.base(request)
    first, last = levels_of(site, record, tms)
    query = "&".join(p for p in request.url.query.split("&") if p and not p.startswith("f="))
    address = f"{base}{_path(record, tms)}"
    if form == "tilejson":
        return reply(request, _tile_json(record, address, query, first, last))
    assert record.bbox is not None
    west, south, east, north = record.bbox
    document = {
        **_summary(base, record, tms),
        "tileMatrixSetLimits": limits(tms, record.bbox, first, last),
        "boundingBox": {"lowerLeft": [west, south], "upperRight": [east, north], "crs": CRS84},
    }
    templates = [
        link(_template(address, f"f={name}", query), "item", f"tiles as {name}", media_type)
        | {"templated": True}
        for name, media_type in TYPES.items()
    ]
    document["links"] = [*document["links"], *templates]
    return reply(request, document)


def _path(record: Record, tms: TileMatrixSet | None = None) -> str:
    return path_of("collections", record.id, "map", "tiles", *([tms.id] if tms else []))


def _template(address: str, form: str, query: str) -> str:
    return f"{address}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?" + "&".join(p for p in (form, query) if p)


def _summary(base: str, record: Record, tms: TileMatrixSet) -> Json:
    own = base + _path(record, tms)
    return {
        "title": f"{record.name()} – {tms.title}", "dataType": "map", "crs": tms.crs_uri,
        "tileMatrixSetURI": tms.uri,
        "links": [
            link(own, "self", "this set of tiles"),
            link(f"{base}/tileMatrixSets/{tms.id}", RELATION + "tiling-scheme", "how the world is divided"),
            link(f"{own}?f=tilejson", "alternate", "as TileJSON"),
        ],
    }  # fmt: skip


def _tile_json(record: Record, address: str, query: str, first: int, last: int) -> Json:
    assert record.bbox is not None
    template = f"{address}/{{z}}/{{y}}/{{x}}?" + "&".join(p for p in ("f=png", query) if p)
    west, south, east, north = record.bbox
    bounds = (
        [west, max(south, -85.05), east, min(north, 85.05)] if west <= east else [-180.0, south, 180.0, north]
    )
    return {
        "tilejson": "3.0.0", "name": record.name(), "scheme": "xyz", "tiles": [template],
        "minzoom": first, "maxzoom": last, "bounds": bounds,
    }  # fmt: skip


def levels_of(site: Site, record: Record, tms: TileMatrixSet) -> tuple[int, int]:
    """Coarsest and finest level that show a dataset well: its cells are then about as large as pixels."""
    if not has_place(record) or record.bbox is None:
        return 0, min(FINEST, tms.levels - 1)
    place = open_grid(site.store, record).place
    west, south, east, north = record.bbox
    east += 360.0 if east < west else 0.0
    cell = math.sqrt(max((east - west) * (north - south), 1e-12) / (place.width * place.height))
    degree = METRES_PER_DEGREE if tms.metres == 1.0 else 1.0
    finest = math.ceil(math.log2(tms.cell_size(0) / (cell * degree)))
    return 0, min(max(finest, 0), tms.levels - 1)


def show_tile(site: Site, request: Request) -> Response:
    """Draw one tile."""
    check_query(request, "f", "size", *LOOK_NAMES)
    record = pictured(site, request.path_params["collection"])
    tms = tile_matrix_set(request.path_params["set"])
    place = tile_of(tms, *(request.path_params[name] for name in ("matrix", "row", "column")))
    size = size_of(request.query_params.get("size", str(TILE_PIXELS)))
    media_type, look = media_type_of(request), look_of(request)
    check_look(site, record, look)
    tag = picture_tag(site, record, tms.id, place, size, look.key, media_type)
    if unchanged(request, tag):
        return data_reply(request, record, b"", media_type, tag=tag)
    frame = Frame(tile_bounds(tms, *place), tms.crs, size, size)
    body = tile_bytes(site, record, frame, tile_bbox(tms, *place), look, media_type, tag)
    return data_reply(request, record, body, media_type, tag=tag)


def tile_of(tms: TileMatrixSet, matrix: str, row: str, column: str) -> tuple[int, int, int]:
    """Level, row and column of a tile that there is."""
    numbers = [int(one) if is_number(one) else -1 for one in (matrix, row, column)]
    if not tms.has(*numbers):
        raise NotFoundError(
            f"there is no tile {matrix[:12]}/{row[:12]}/{column[:12]}",
            hint=f"{tms.id} has levels 0 to {tms.levels - 1}",
        )
    return numbers[0], numbers[1], numbers[2]


def size_of(text: str) -> int:
    """Pixels of a tile along a side."""
    if text not in map(str, SIZES):
        raise InvalidError(f"size must be {' or '.join(map(str, SIZES))}, not {text[:20]!r}")
    return int(text)
