"""Uploads: data sent by people, added to the node, and what is asked back about it."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from craton.jobs.upload import Upload, read_request
from craton.jobs.upload_statement import read_answers
from craton.model.errors import InvalidError
from craton.web.area import Area, by_method, get
from craton.web.queries import DEFAULT_LIMIT, MOST, check_query, number_of, page_links
from craton.web.replies import Json, link, path_of, reply
from craton.web.shell import read_json
from craton.web.site import Site, site_of
from craton.web.uploads_access import desk_of, upload_of, uploader
from craton.web.uploads_events import tell_events
from craton.web.uploads_openapi import SCHEMAS, paths
from craton.web.uploads_receive import receive_file, show_file


def list_uploads(site: Site, request: Request) -> Response:
    """List the uploads of who asks, newest first; of all for a manager."""
    check_query(request, "limit", "offset")
    uploader(site)
    limit = number_of(request, "limit", DEFAULT_LIMIT, least=1, most=MOST)
    offset = number_of(request, "offset", 0)
    found = desk_of(site).seen_by(site.actor)[offset : offset + limit + 1]
    base = site.base(request)
    links = page_links(request, base, limit=limit, offset=offset, more=len(found) > limit)
    return reply(request, {"uploads": [document(site, base, one) for one in found[:limit]], "links": links})


def show_upload(site: Site, request: Request) -> Response:
    """Tell how far an upload is, what became of its files, and what is asked."""
    check_query(request)
    return _told(site, request, upload_of(site, request))


def remove_upload(site: Site, request: Request) -> Response:
    """Forget an upload; the datasets it gave stay."""
    check_query(request)
    upload = upload_of(site, request)
    desk_of(site).remove(upload)
    site.visit.note("upload removed", upload=upload.id)
    return Response(status_code=204)


def add_upload(site: Site, request: Request) -> Response:
    """Have the files of an upload added."""
    check_query(request)
    upload = desk_of(site).add(upload_of(site, request))
    site.visit.note("upload added", upload=upload.id, files=len(upload.files))
    return _told(site, request, upload, status=202)


async def upload_or_uploads(request: Request) -> Response:
    """Begin an upload."""
    site = site_of(request)
    uploader(site)
    return await site.read(_begin, site, request, await read_json(request))


def _begin(site: Site, request: Request, said: Json) -> Response:
    check_query(request)
    wish = read_request(said)
    if wish.visibility is not None and site.actor.role != "manager":
        raise InvalidError(
            "visibility is for managers to state", hint="leave it out: what you send is private at first"
        )
    upload = desk_of(site).begin(site.actor, wish)
    site.visit.note("upload begun", upload=upload.id, files=len(upload.files), size=upload.size)
    place = {"Location": site.base(request) + path_of("uploads", upload.id)}
    return _told(site, request, upload, status=201, headers=place)


async def answer_questions(request: Request) -> Response:
    """Take answers, and read the files again."""
    site = site_of(request)
    await site.read(upload_of, site, request)
    return await site.read(_answer, site, request, await read_json(request))


def _answer(site: Site, request: Request, said: Json) -> Response:
    check_query(request)
    upload = desk_of(site).answer(upload_of(site, request), read_answers(said))
    return _told(site, request, upload)


def _told(site: Site, request: Request, upload: Upload, **more: Any) -> Response:
    headers = {"Cache-Control": "private, no-store", **more.pop("headers", {})}
    return reply(request, document(site, site.base(request), upload), headers=headers, **more)


def document(site: Site, base: str, upload: Upload) -> Json:
    """An upload as it is told."""
    address = base + path_of("uploads", upload.id)
    desk = desk_of(site)
    # Told in full, values that are the usual ones too.
    said: Json = {name: msgspec.to_builtins(getattr(upload, name)) for name in Upload.__struct_fields__}
    said["files"] = [
        {
            "name": one.name, "size": one.size, "received": desk.uploads.received(upload.id, one),
            "href": address + path_of("files", one.name),
        }
        for one in upload.files
    ]  # fmt: skip
    said["links"] = [
        link(address, "self", "this upload"),
        link(f"{address}/events", "monitor", "its changes as they come", "text/event-stream"),
        *(link(base + path_of("datasets", id), "item", "a dataset") for id in _records(upload)),
    ]
    return said


def _records(upload: Upload) -> list[str]:
    return list(dict.fromkeys(id for outcome in upload.outcomes for id in outcome.records))


AREA = Area(
    "Uploads",
    (
        get("/uploads", list_uploads),
        Route("/uploads", upload_or_uploads, methods=["POST"]),
        by_method("/uploads/{upload}", GET=show_upload, DELETE=remove_upload),
        Route("/uploads/{upload}", answer_questions, methods=["PATCH"]),
        by_method("/uploads/{upload}/add", POST=add_upload),
        Route("/uploads/{upload}/events", tell_events),
        get("/uploads/{upload}/files/{name}", show_file),
        Route("/uploads/{upload}/files/{name}", receive_file, methods=["PUT"]),
    ),
    paths=paths,
    schemas=SCHEMAS,
)
