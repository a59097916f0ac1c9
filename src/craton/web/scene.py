"""Scenes: datasets in three dimensions, in the parts that a browser draws: bricks of cells, meshes, holes."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from craton.model.errors import InvalidError, NotFoundError
from craton.model.record import Record
from craton.store.codec_asset import GLB, only_member
from craton.store.volume_bricks import open_volume
from craton.store.volume_bricks_place import in_metres
from craton.web.area import Area, asking
from craton.web.crs_negotiation import system_of
from craton.web.files import matches, object_reply
from craton.web.negotiation import VARY, wants_page
from craton.web.picture_maps import caching
from craton.web.queries import check_query
from craton.web.replies import JSON, Json, link, page_reply, path_of, reply
from craton.web.scene_document import (
    BYTES,
    FAST,
    FORMAT,
    holes_packed,
    points_packed,
    scene_document,
    scene_record,
)
from craton.web.scene_heights import heights_of
from craton.web.scene_openapi import scene_paths
from craton.web.scene_place import has_scene
from craton.web.site import Site, is_number

RELATION = "urn:craton:rel:scene"


def show_scene(site: Site, request: Request) -> Response:
    """Tell what a dataset is in a scene."""
    check_query(request, "crs")
    record = scene_record(site, request.path_params["collection"])
    return reply(request, scene_document(site, site.base(request), record, _system(request)))


def _system(request: Request) -> str:
    """System that places are asked for in; empty where none is named."""
    text = request.query_params.get("crs")
    if text is None:
        return ""
    name = system_of(text).name
    if not in_metres(name):
        raise InvalidError(f"crs must be a system in metres, not {text[:80]!r}", hint="such as one of UTM")
    return name


def give_brick(site: Site, request: Request) -> Response:
    """Give a brick of cells."""
    check_query(request, "variable", "time", "realization")
    record = scene_record(site, request.path_params["collection"], "volume")
    level, *place = (_whole(request, name) for name in ("level", "k", "j", "i"))
    volume = open_volume(site.store, record)
    name = request.query_params.get("variable", "")
    packed = volume.brick(name, level, (place[0], place[1], place[2]), _selection(request))
    return _packed_reply(request, record, packed, BYTES)


def _whole(request: Request, name: str) -> int:
    """A number of the path; what is none leads nowhere."""
    text = request.path_params[name]
    if not is_number(text):
        raise NotFoundError(f"{name} must be a whole number, not {text[:12]!r}")
    return int(text)


def _selection(request: Request) -> dict[str, str]:
    """Steps along further axes that are asked for."""
    found = {
        name: request.query_params[name] for name in ("time", "realization") if name in request.query_params
    }
    for name, text in found.items():
        if not text:
            raise InvalidError(f"{name} must not be empty")
    return found


def give_mesh(site: Site, request: Request) -> Response:
    """Give the surfaces of a mesh as they are stored."""
    check_query(request)
    record = scene_record(site, request.path_params["collection"], "mesh")
    member = only_member(record.assets["data"])
    path = site.store.objects.path(member.sha256)
    if path is None:
        return RedirectResponse(site.store.objects.url(member.sha256))
    return object_reply(request, path, member.sha256, GLB, f"{record.id}.glb")


def give_holes(site: Site, request: Request) -> Response:
    """Give the paths of holes and what was found along them."""
    check_query(request, "crs")
    record = scene_record(site, request.path_params["collection"], "boreholes")
    return _document(request, record, holes_packed(site, record, _system(request)))


def give_points(site: Site, request: Request) -> Response:
    """Give the points and lines of a table."""
    check_query(request, "crs")
    record = scene_record(site, request.path_params["collection"], "table")
    return _document(request, record, points_packed(site, record, _system(request)))


def give_heights(site: Site, request: Request) -> Response:
    """Give the cells of a grid as a lattice."""
    check_query(request, "variable", "level", "time", "realization", "bbox", "crs", "width", "height")
    record = scene_record(site, request.path_params["collection"], "grid")
    body, headers = heights_of(site, record, request, _selection(request))
    return _packed_reply(request, record, gzip.compress(body, FAST, mtime=0), BYTES, headers)


def _document(request: Request, record: Record, packed: bytes) -> Response:
    """A large document; a page of it is its outline."""
    if wants_page(request, JSON):
        said = msgspec.json.decode(gzip.decompress(packed))
        outline = {name: len(part) if isinstance(part, list) else part for name, part in said.items()}
        for name in ("tables", "values"):
            if isinstance(outline.get(name), dict):
                outline[name] = list(said[name])
        return page_reply(request, outline)
    return _packed_reply(request, record, packed, JSON)


def _packed_reply(
    request: Request, record: Record, packed: bytes, media_type: str, more: Mapping[str, str] = {}
) -> Response:
    """What is compressed with gzip, as it is or unpacked; nothing where who asks has it already."""
    tag = _tag(record)
    vary = f"Accept-Encoding, {VARY}" if media_type == JSON else "Accept-Encoding"
    headers = {"Cache-Control": caching(record), "ETag": tag, "Vary": vary, **more}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=media_type)
    return Response(gzip.decompress(packed), headers=headers, media_type=media_type)


def _tag(record: Record) -> str:
    """Entity tag: one address gives the same as long as data and record stay."""
    return f'"{record.content[:32]}.{record.version}.{FORMAT}"'


def scene_links(base: str, record: Record) -> list[Json]:
    """Link of a dataset to its scene, where there is one."""
    if not has_scene(record):
        return []
    return [link(base + path_of("collections", record.id, "scene"), RELATION, "the data in three dimensions")]


def _collection(_site: Site, base: str, record: Record) -> Json:
    return {"links": scene_links(base, record)} if has_scene(record) else {}


AREA = Area(
    "Scenes",
    (
        asking("/collections/{collection}/scene", show_scene),
        asking("/collections/{collection}/bricks/{level}/{k}/{j}/{i}", give_brick),
        asking("/collections/{collection}/mesh.glb", give_mesh),
        asking("/collections/{collection}/holes", give_holes),
        asking("/collections/{collection}/points", give_points),
        asking("/collections/{collection}/heights", give_heights),
    ),
    paths=scene_paths,
    collection=_collection,
)
