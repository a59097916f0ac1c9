"""Taking the bytes of uploaded files as they come: in blocks, from where the last attempt ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from craton.jobs.upload import Upload, UploadFile
from craton.model.errors import InvalidError
from craton.web.queries import check_query
from craton.web.replies import OWN_PROBLEMS, Json, ProblemError, problem_reply, reply, too_busy
from craton.web.shell import UNREAD
from craton.web.site import Site, site_of
from craton.web.uploads_access import desk_of, upload_of
from craton.web.uploads_desk import Receiving, TooLargeError

SILENT_SECONDS = 30.0
"""How long it is waited for the next byte."""

BLOCK = 1 << 20
"""Bytes gathered before they are written."""

MOST_DIGITS = 15
OFFSET = "Upload-Offset"
LENGTH = "Upload-Length"

RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)")


def show_file(site: Site, request: Request) -> Response:
    """Tell how much of a file has come; the header Upload-Offset says where to go on."""
    check_query(request)
    upload = upload_of(site, request)
    file = desk_of(site).file(upload, request.path_params["name"])
    return _told(site, request, upload, file)


def _told(site: Site, request: Request, upload: Upload, file: UploadFile) -> Response:
    received = desk_of(site).uploads.received(upload.id, file)
    said: Json = {"name": file.name, "size": file.size, "received": received}
    headers = {OFFSET: str(received), LENGTH: str(file.size), "Cache-Control": "private, no-store"}
    return reply(request, said, headers=headers)


async def receive_file(request: Request) -> Response:
    """Take a file, or the part of it that follows what has come."""
    site = site_of(request)
    check_query(request, "offset")
    upload = await site.read(upload_of, site, request)
    file = desk_of(site).file(upload, request.path_params["name"])
    offset = _offset(request, file)
    taking = desk_of(site).receiving(upload, file.name, offset)
    receiving = await site.read(taking.__enter__)
    try:
        await _take(site, request, receiving)
    except ClientDisconnect:
        # Nobody hears the reply; what has come is kept for the next attempt.
        return problem_reply(request, ProblemError(400, OWN_PROBLEMS + "cut", "the connection ended"))
    finally:
        await asyncio.shield(site.read(taking.__exit__, None, None, None))
    return await site.read(_told, site, request, upload, file)


async def _take(site: Site, request: Request, receiving: Receiving) -> None:
    """Write what comes, a block at a time."""
    waiting = bytearray()
    try:
        async for block in _blocks(request):
            waiting += block
            if len(waiting) >= BLOCK:
                await site.read(receiving.write, bytes(waiting))
                waiting.clear()
            if site.operations.ending:
                raise too_busy("the node is ending; what has come is kept")
    except TooLargeError as error:
        waiting.clear()
        raise ProblemError(413, OWN_PROBLEMS + error.kind, error.message, headers=UNREAD) from None
    finally:
        if waiting:
            await site.read(receiving.write, bytes(waiting))


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes; who falls silent is not waited for."""
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                block = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            message = f"nothing came for {SILENT_SECONDS:g} s; what has come is kept"
            raise ProblemError(408, OWN_PROBLEMS + "too-slow", message, headers=UNREAD) from None
        yield block


def _offset(request: Request, file: UploadFile) -> int:
    """Where the body goes on, by Content-Range or by `offset`; the start where neither is given."""
    text, stated = request.query_params.get("offset", ""), request.headers.get("content-range", "")
    length = request.headers.get("content-length", "")
    size = int(length) if length.isdecimal() and len(length) <= MOST_DIGITS else None
    offset = _number(text) if text else 0
    if stated:
        offset = _start(stated, file, size)
        if text and _number(text) != offset:
            raise InvalidError("offset and Content-Range say different things")
    if size is not None and offset + size > file.size:
        raise ProblemError(
            413, OWN_PROBLEMS + "too-large",
            f"{file.name} was to have {file.size} bytes, not {offset + size}", headers=UNREAD,
        )  # fmt: skip
    return offset


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise InvalidError(f"offset must be a whole number of bytes, not {text[:40]!r}")
    return int(text)


def _start(stated: str, file: UploadFile, length: int | None) -> int:
    found = RANGE.fullmatch(stated.strip())
    if not found:
        raise InvalidError(f"Content-Range must look like bytes 0-99/1000, not {stated[:40]!r}")
    first, last = int(found[1]), int(found[2])
    if last < first or last >= file.size or found[3] not in {"*", str(file.size)}:
        raise InvalidError(f"Content-Range {stated[:60]} does not fit {file.name} of {file.size} bytes")
    if length is not None and length != last - first + 1:
        raise InvalidError(f"Content-Range names {last - first + 1} bytes, and {length} come")
    return first
