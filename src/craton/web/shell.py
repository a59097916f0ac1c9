"""What surrounds every reply: headers for safety and for pages of other hosts, and the size of requests."""

from __future__ import annotations

import asyncio
import base64
import hashlib

import msgspec
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from craton.web.replies import OWN_PROBLEMS, Json, ProblemError, problem_reply

MOST_BYTES = 1 << 20
"""Bytes of the body of a request."""

BODY_SECONDS = 30.0
"""How long the body of a request may take to come."""

UNREAD = {"Connection": "close"}
"""Goes with a reply to a request whose body was not read to its end: nothing more can be asked there."""

MOST_ADDRESS = 16 << 10
"""Bytes of an address with its query."""

MOST_HEADERS, MOST_HEADER_BYTES = 100, 32 << 10
"""Number of headers of a request, and bytes of all of them."""

SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Nothing that a reply holds is run as a page: data can be text that someone else wrote."""

OWN_ONLY = "same-origin"
"""Who may embed what someone with a name is given."""

READING = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Link, Location, ETag, Content-Range, Retry-After, Preference-Applied, Content-Crs"
    ),
}
"""Pages of any host may read; they may not run or stop anything, for they could do it in a visitor's name."""

Pairs = list[tuple[bytes, bytes]]


def _raw(headers: dict[str, str]) -> Pairs:
    """Headers as they are sent."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


RAW_SAFETY, RAW_READING = _raw(SAFETY), _raw(READING)
RESOURCE_POLICY = b"cross-origin-resource-policy"
RAW_OWN_ONLY = [(RESOURCE_POLICY, OWN_ONLY.encode())]

ASKING_FIRST = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, If-Match, If-None-Match, If-Range, Prefer, Range"
    ),
    "Access-Control-Max-Age": "86400",
    "Content-Length": "0",
}
"""Reply to a browser that asks what a page of another host may send.

A token that somebody gave to such a page reads what it may read anywhere; cookies never go along, as no
reply allows credentials. Browsers let a POST pass whatever methods are told here, so that `Content-Type`
is not among the headers is all that keeps such a page from sending JSON, and with it from running jobs.
"""


class Shell:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = _sending(scope, send)
        refusal = _too_long(scope)
        if refusal is not None:
            response = problem_reply(Request(scope, receive), refusal)
            await response(scope, receive, sending)
            return
        if scope["method"] == "OPTIONS":
            start = {"type": "http.response.start", "status": 204}
            await sending({**start, "headers": _raw(ASKING_FIRST | _allow(scope))})
            await sending({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, sending)


def _sending(scope: Scope, send: Send) -> Send:
    """Sends on, with the headers that go with every reply and are not there already."""
    is_reading = scope["method"] in {"GET", "HEAD", "OPTIONS"}
    added = _raw(_https_only(scope)) + RAW_SAFETY + (RAW_READING if is_reading else [])

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            there = dict(headers)
            kept = there.get(b"cache-control", b"")
            if b"private" in kept or b"no-store" in kept:
                headers = [pair for pair in headers if pair[0] != RESOURCE_POLICY] + RAW_OWN_ONLY
                there[RESOURCE_POLICY] = b""
            message["headers"] = headers + [pair for pair in added if pair[0] not in there]
        await send(message)

    return sending


def _allow(scope: Scope) -> dict[str, str]:
    """The methods that an address answers."""
    methods = {"OPTIONS"}
    for route in scope["app"].routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return {"Allow": ", ".join(sorted(methods))}


def _https_only(scope: Scope) -> dict[str, str]:
    """The word to browsers that this host is asked over https only, where the settings want it."""
    site = scope["app"].state.site
    seconds = site.gate.options.hsts_seconds if site.gate is not None else 0
    if not seconds or not site.options.address.startswith("https:"):
        return {}
    return {"Strict-Transport-Security": f"max-age={seconds}"}


def _too_long(scope: Scope) -> ProblemError | None:
    """The problem of a request whose address or headers are too long."""
    if len(scope["path"]) + len(scope["query_string"]) > MOST_ADDRESS:
        message = f"an address may have {MOST_ADDRESS} bytes"
        return ProblemError(414, OWN_PROBLEMS + "too-long", message, headers=UNREAD)
    headers = scope["headers"]
    if len(headers) > MOST_HEADERS or sum(len(k) + len(v) for k, v in headers) > MOST_HEADER_BYTES:
        message = f"a request may have {MOST_HEADERS} headers of {MOST_HEADER_BYTES} bytes in all"
        return ProblemError(431, OWN_PROBLEMS + "too-long", message, headers=UNREAD)
    return None


def page_headers(style: str) -> dict[str, str]:
    """Headers of a page without scripts: it has this style, and its form leads to this node."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    return {"Content-Security-Policy": policy, "X-Frame-Options": "DENY"}


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
    body = await read_body(request)
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


async def read_body(request: Request, most_bytes: int = MOST_BYTES) -> bytes:
    """The body; one that is too large, or comes too slowly, is refused."""
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and len(stated) < 20 and int(stated) > most_bytes:
        raise _too_large(most_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for block in request.stream():
                body += block
                if len(body) > most_bytes:
                    raise _too_large(most_bytes)
    except TimeoutError:
        message = f"the body did not come within {BODY_SECONDS:g} s"
        raise ProblemError(408, OWN_PROBLEMS + "too-slow", message, headers=UNREAD) from None
    return bytes(body)


def _too_large(most_bytes: int) -> ProblemError:
    return ProblemError(
        413, OWN_PROBLEMS + "too-large", f"a request may have {most_bytes} bytes",
        hint="add data to the node, and name it in the request by its identifier", headers=UNREAD,
    )  # fmt: skip
