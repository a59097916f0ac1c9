"""Replies in JSON, links in them, and what went wrong as problem details (RFC 7807)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import (
    BeingMadeError,
    CancelledError,
    ConflictError,
    ContractError,
    CratonError,
    InvalidError,
    NotFoundError,
    RefusedError,
    StorageError,
)
from craton.model.permission import ANYONE
from craton.web.html_page import POLICY, Page
from craton.web.negotiation import HTML, VARY, address_as, wants_page
from craton.web.uploads_desk import NoRoomError, NotThereError, TooLargeError
from craton.web.watching import StoppedError

Json = dict[str, Any]
"""A JSON object."""

JSON = "application/json"
GEOJSON = "application/geo+json"
PROBLEM = "application/problem+json"

EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
REQUEST = "urn:craton:request:"
"""Start of the name of a request in a problem, and in the log without it."""

OWN_PROBLEMS = "urn:craton:problem:"
"""Start of the types of problems that the standard has no type for."""

RETRY_SECONDS = 30
"""When to ask again, where the node has too much to do."""

STATUS: tuple[tuple[type[CratonError], int], ...] = (
    (NoRoomError, 507),
    (TooLargeError, 413),
    (NotThereError, 416),
    (InvalidError, 400),
    (RefusedError, 400),
    (NotFoundError, 404),
    (ConflictError, 409),
    (CancelledError, 410),
    (StorageError, 503),
    (StoppedError, 503),
    (BeingMadeError, 503),
)
"""HTTP status by kind of error; any other is 500."""

TITLES = {
    400: "The request cannot be used", 401: "A name is wanted", 403: "Not for you", 404: "Not found",
    405: "Not allowed here", 408: "Too slow", 409: "Conflict", 410: "Gone", 412: "Changed meanwhile",
    413: "Too large", 414: "Too long", 415: "Of a type that is not taken", 416: "Not there to go on from",
    429: "Too many requests", 431: "Too long", 500: "A fault of the node", 503: "Not now", 507: "No room",
}  # fmt: skip


class ProblemError(CratonError):
    """What goes wrong only on the web: its status, its type, and headers that go with it."""

    kind = "web"

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        more: Json | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status, self.type, self.headers, self.more = status, type, headers or {}, more or {}


def too_busy(message: str) -> ProblemError:
    """The problem of a node that has too much to do."""
    return ProblemError(
        503, OWN_PROBLEMS + "busy", message, hint=f"ask again in {RETRY_SECONDS} s",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )  # fmt: skip


def reply(
    request: Request,
    document: object,
    *,
    status: int = 200,
    media_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`document` as JSON, or as a page for people who look with a browser."""
    said = {"Vary": VARY, **_seclusion(request), **(headers or {})}
    if wants_page(request, media_type):
        return page_reply(request, document, status=status, headers=said)
    content = msgspec.json.encode(_with_page_link(request, document))
    if HTML in request.headers.get("accept", ""):
        content = msgspec.json.format(content, indent=2)
    return Response(content, status, said, media_type)


def page_reply(
    request: Request, document: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`document` as a page without scripts, in its own style only."""
    site = request.app.state.site
    base, path = site.base(request), request.url.path
    page = Page(base, path, address_as(request, base, "json"), site.options.title or "A Craton node")
    said = {"Vary": VARY, "Content-Security-Policy": POLICY, **(headers or {})}
    return Response(page.of(document), status, said, f"{HTML}; charset=utf-8")


def _with_page_link(request: Request, document: object) -> object:
    """`document` whose links also lead to its page."""
    if request.method not in {"GET", "HEAD"} or not isinstance(document, dict):
        return document
    links = document.get("links")
    if not isinstance(links, list) or "app" not in request.scope:
        return document
    page = address_as(request, request.app.state.site.base(request), "html")
    return {**document, "links": [*links, link(page, "alternate", "this document as a page", HTML)]}


def _seclusion(request: Request) -> dict[str, str]:
    """What someone with a name is told is not for the caches of others."""
    actor = getattr(request.state, "actor", ANYONE)
    return {} if actor.role == ANYONE.role else {"Cache-Control": "private, no-cache"}


def link(href: str, rel: str, title: str = "", type: str = JSON) -> Json:
    """A link of a document."""
    return {"href": href, "rel": rel, "type": type, **({"title": title} if title else {})}


def link_header(href: str, rel: str, **more: str) -> str:
    """A link in the form of a header (RFC 8288)."""
    said = "".join(f'; {name}="{_plain(value)}"' for name, value in more.items() if value)
    return f'<{href}>; rel="{rel}"{said}'


def _plain(text: str) -> str:
    """`text` with what must not stand in a quoted string of a header left out."""
    return "".join(c for c in text if " " <= c <= "~" and c not in '"\\')


def path_of(*parts: str) -> str:
    """Path of an address, each part percent-encoded; `@` and `:` stay."""
    return "".join(map(_encoded, parts))


@lru_cache(maxsize=4096)
def _encoded(part: str) -> str:
    """A stroke and a part of a path; most are asked for again and again."""
    return "/" + quote(part, safe="@:")


def problem_of(error: CratonError) -> ProblemError:
    """An error of the tree as a problem."""
    if isinstance(error, ProblemError):
        return error
    status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
    headers = {"Retry-After": str(getattr(error, "seconds", RETRY_SECONDS))} if status == 503 else {}
    more: Json = {}
    if isinstance(error, ContractError):
        more = {name: getattr(error, name) for name in ("process", "parameter", "allowed", "came")}
    return ProblemError(
        status, OWN_PROBLEMS + error.kind, error.message, hint=error.hint, headers=headers, more=more
    )


def problem_document(problem: ProblemError) -> Json:
    """Problem details: `type`, `title`, `status`, `detail`; and `hint`, where there is one."""
    said: Json = {
        "type": problem.type,
        "title": TITLES.get(problem.status, "Problem"),
        "status": problem.status,
        "detail": problem.message,
        "hint": problem.hint,
        **problem.more,
    }
    return {key: value for key, value in said.items() if value != ""}


def problem_reply(request: Request, problem: ProblemError) -> Response:
    """`problem` as it is told; one of the node's own names the request, by which the log tells more."""
    said = problem_document(problem)
    if problem.status >= 500:
        said["instance"] = f"{REQUEST}{_id(request)}"
    return reply(request, said, status=problem.status, media_type=PROBLEM, headers=problem.headers)


def _id(request: Request) -> str:
    return str(getattr(request.state, "request_id", "unknown"))


def _log(request: Request, error: Exception) -> None:
    request.app.state.site.operations.log.fault(error, _id(request))


async def tell_error(request: Request, error: Exception) -> Response:
    """Reply to an error of the tree."""
    assert isinstance(error, CratonError)
    problem = problem_of(error)
    if problem.status == 500 or isinstance(error, StorageError):
        _log(request, error)
    return problem_reply(request, problem)


async def tell_http_error(request: Request, error: Exception) -> Response:
    """Reply where no route fits, or the method is wrong."""
    assert isinstance(error, HTTPException)
    message = f"there is nothing at {request.url.path}" if error.status_code == 404 else str(error.detail)
    if error.status_code == 405:
        message = f"{request.method} is not allowed at {request.url.path}"
    type_ = OWN_PROBLEMS + str(error.detail).lower().replace(" ", "-")
    problem = ProblemError(error.status_code, type_, message, headers=error.headers)
    return problem_reply(request, problem)


async def tell_fault(request: Request, error: Exception) -> Response:
    """Reply to a fault of ours; what it was stands in the log only."""
    _log(request, error)
    message = "a fault in Craton; the log of the node says where"
    return problem_reply(request, ProblemError(500, OWN_PROBLEMS + "fault", message))
