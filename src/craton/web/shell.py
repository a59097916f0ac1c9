"""What surrounds every reply: headers for safety and for pages of other hosts, and the size of requests."""

from __future__ import annotations

import asyncio

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from craton.web.replies import OWN_PROBLEMS, Json, ProblemError

MOST_BYTES = 1 << 20
"""Bytes of the body of a request."""

BODY_SECONDS = 30.0
"""How long the body of a request may take to come."""

UNREAD = {"Connection": "close"}
"""Goes with a reply to a request whose body was not read to its end: nothing more can be asked there."""

SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
"""Nothing that a reply holds is run as a page: data can be text that someone else wrote."""

READING = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Location, ETag, Content-Range, Retry-After, Preference-Applied",
}
"""Pages of any host may read; they may not run or stop anything, for they could do it in a visitor's name."""

ASKING_FIRST = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Accept, Range, If-None-Match, If-Range",
    "Access-Control-Max-Age": "86400",
    "Allow": "GET, HEAD, POST, DELETE, OPTIONS",
    "Content-Length": "0",
}


class Shell:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = SAFETY | (READING if scope["method"] in {"GET", "HEAD", "OPTIONS"} else {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] == "OPTIONS":
            pairs = [(k.lower().encode(), v.encode()) for k, v in ASKING_FIRST.items()]
            await send_with_headers({"type": "http.response.start", "status": 204, "headers": pairs})
            await send_with_headers({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send_with_headers)


async def read_json(request: Request) -> Json:
    """JSON object of the body; what is too large, of another type or no object is refused.

    Asking for the type `application/json` keeps forms of foreign pages from running anything here.
    """
    media_type = Headers(scope=request.scope).get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise ProblemError(
            415, OWN_PROBLEMS + "media-type", f"the body must be application/json, not {media_type[:60]!r}",
            hint="send the header Content-Type: application/json",
        )  # fmt: skip
    body = await _body(request)
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise _unreadable("the body is nested too deeply") from error
    if not isinstance(document, dict):
        raise _unreadable("the body must be a JSON object")
    return document


def _unreadable(message: str) -> ProblemError:
    return ProblemError(400, OWN_PROBLEMS + "json", message)


async def _body(request: Request) -> bytes:
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and len(stated) < 20 and int(stated) > MOST_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for block in request.stream():
                body += block
                if len(body) > MOST_BYTES:
                    raise _too_large()
    except TimeoutError:
        message = f"the body did not come within {BODY_SECONDS:g} s"
        raise ProblemError(408, OWN_PROBLEMS + "too-slow", message, headers=UNREAD) from None
    return bytes(body)


def _too_large() -> ProblemError:
    return ProblemError(
        413, OWN_PROBLEMS + "too-large", f"a request may have {MOST_BYTES} bytes",
        hint="add data to the node, and name it in the request by its identifier", headers=UNREAD,
    )  # fmt: skip
