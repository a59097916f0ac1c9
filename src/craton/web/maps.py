"""Maps of every dataset (OGC API – Maps, OGC API – Tiles): pictures of any extent, and tiles."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from craton.model.record import Record
from craton.web.area import Area, asking
from craton.web.maps_openapi import map_paths
from craton.web.maps_query import MAP_NAMES, background_of, frame_of, look_of, media_type_of
from craton.web.maps_tiles import show_tile, show_tile_set, show_tile_sets
from craton.web.picture import TYPES, encode
from craton.web.picture_maps import (
    check_look,
    data_reply,
    draw,
    has_picture,
    picture_tag,
    pictured,
    unchanged,
)
from craton.web.queries import check_query
from craton.web.replies import Json, link, path_of
from craton.web.site import Site

MAPS = "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/"
TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"

CLASSES = (
    *(MAPS + name for name in (
        "core", "collection-map", "scaling", "spatial-subsetting", "datetime", "crs", "background",
        "tilesets", "png", "jpeg", "api-operations",
    )),
    *(TILES + name for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "png", "jpeg")),
)  # fmt: skip

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"


def show_map(site: Site, request: Request) -> Response:
    """Draw a dataset, all of it or a part, in any reference system."""
    check_query(request, "f", *MAP_NAMES)
    record = pictured(site, request.path_params["collection"])
    media_type, look = media_type_of(request), look_of(request)
    frame, system = frame_of(request, record)
    query = request.query_params
    background = background_of(
        query.get("bgcolor", ""), query.get("transparent", ""), transparent_default=True
    )
    check_look(site, record, look)
    tag = picture_tag(site, record, frame, look.key, background, media_type)
    west, south, east, north = frame.bounds
    corners = (south, west, north, east) if system.is_swapped else frame.bounds
    headers = {
        "Content-Crs": f"<{system.address}>",
        "Content-Bbox": ",".join(f"{number:.12g}" for number in corners),
    }
    if unchanged(request, tag):
        return data_reply(request, record, b"", media_type, tag=tag, headers=headers)
    body = encode(draw(site, record, frame, look), media_type, background=background)
    return data_reply(request, record, body, media_type, tag=tag, headers=headers)


def _collection(_site: Site, base: str, record: Record) -> Json:
    """Links of a collection to its maps."""
    if not has_picture(record):
        return {}
    own = base + path_of("collections", record.id, "map")
    return {
        "links": [
            *(link(f"{own}?f={name}", RELATION + "map", f"a map as {name}", media_type)
              for name, media_type in TYPES.items()),
            link(f"{own}/tiles", RELATION + "tilesets-map", "tiles of maps"),
        ]
    }  # fmt: skip


AREA = Area(
    "Maps",
    (
        asking("/collections/{collection}/map", show_map),
        asking("/collections/{collection}/map/tiles", show_tile_sets),
        asking("/collections/{collection}/map/tiles/{set}", show_tile_set),
        asking("/collections/{collection}/map/tiles/{set}/{matrix}/{row}/{column}", show_tile),
    ),
    conformance=CLASSES,
    paths=map_paths,
    collection=_collection,
)
