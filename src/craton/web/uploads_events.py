"""Changes of an upload as they come (Server-Sent Events)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from craton.jobs.upload import Upload
from craton.model.errors import NotFoundError
from craton.web.queries import check_query
from craton.web.replies import Json, too_busy
from craton.web.site import Site, site_of
from craton.web.uploads_access import desk_of, upload_of

LOOK_SECONDS = 0.15
"""How often it is looked for changes."""

QUIET_SECONDS = 15.0
"""After how long without a change a line is sent, so that nothing in between takes the line for dead."""

LONGEST_SECONDS = 3600.0
MOST_LISTENERS = 200
OVER = frozenset({"added", "failed"})

HEADERS = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}

_listening: set[int] = set()


async def tell_events(request: Request) -> Response:
    """Tell the changes of an upload until it is over."""
    check_query(request)
    site = site_of(request)
    upload = await site.read(upload_of, site, request)
    if len(_listening) >= MOST_LISTENERS:
        raise too_busy("too many follow uploads")
    return StreamingResponse(_events(site, upload.id), media_type="text/event-stream", headers=HEADERS)


async def _events(site: Site, id: str) -> AsyncIterator[bytes]:
    """Events from how it is now to its end."""
    key = id_of_listener()
    _listening.add(key)
    sizes: dict[str, int] = {}
    last, spoken = None, time.monotonic()
    end = spoken + LONGEST_SECONDS
    try:
        yield b"retry: 3000\n\n"
        while not site.operations.ending and time.monotonic() < end:
            try:
                upload = desk_of(site).uploads.get(id)
            except NotFoundError:
                yield _event("end", {"state": "removed"})
                return
            now = await site.read(_sizes, site, upload)
            lines = b"".join((*_moved(sizes, now), *_changed(last, upload)))
            last, sizes = upload, now
            if upload.state in OVER:
                yield lines + _event("end", {"state": upload.state})
                return
            if lines or time.monotonic() > spoken + QUIET_SECONDS:
                spoken = time.monotonic()
                yield lines or b": still here\n\n"
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        _listening.discard(key)


def id_of_listener() -> int:
    """A number that no other listener has."""
    return time.monotonic_ns()


def _sizes(site: Site, upload: Upload) -> dict[str, int]:
    """Bytes that have come, by file."""
    uploads = desk_of(site).uploads
    return {file.name: uploads.received(upload.id, file) for file in upload.files}


def _moved(before: dict[str, int], now: dict[str, int]) -> Iterator[bytes]:
    for name, received in now.items():
        if before.get(name) != received:
            yield _event("file", {"name": name, "received": received})


def _changed(last: Upload | None, upload: Upload) -> Iterator[bytes]:
    """What differs between two looks."""
    if last is not None and last.change == upload.change:
        return
    seen = () if last is None else last.outcomes
    if last is None or (last.state, last.done, last.total) != (upload.state, upload.done, upload.total):
        said = {"state": upload.state, "done": upload.done, "total": upload.total, "message": upload.message}
        yield _event("state", said)
    begun_anew = upload.outcomes[: len(seen)] != seen
    for outcome in upload.outcomes[0 if begun_anew else len(seen) :]:
        yield _event("outcome", msgspec.to_builtins(outcome))
    if upload.questions and (last is None or last.questions != upload.questions):
        yield _event("questions", {"questions": msgspec.to_builtins(upload.questions)})


def _event(name: str, said: Json) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(said) + b"\n\n"
