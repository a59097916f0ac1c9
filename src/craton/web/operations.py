"""Operations: every request watched, and what its keepers ask of a node: is it alive, ready, how busy."""

from __future__ import annotations

import re
import secrets
import time
from ipaddress import ip_address
from pathlib import Path

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from craton.model.permission import ANYONE
from craton.web.area import Area, get
from craton.web.operations_node import node_metrics, reasons
from craton.web.operations_openapi import SCHEMAS, paths
from craton.web.operations_state import Operations
from craton.web.queries import check_query
from craton.web.replies import OWN_PROBLEMS, ProblemError, problem_reply, reply, tell_fault, too_busy
from craton.web.site import Site
from craton.web.visit import FORWARDED

REQUEST_ID = b"x-request-id"
SOUND_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""An identifier of a request that is taken over from who asks."""

UNKNOWN_ROUTE = "(none)"
LEFT = 499
"""Status in the log of a request whose asker went away before the reply."""

STILL_ANSWERED = frozenset({"/health", "/ready", "/metrics"})
"""What is answered while the node ends."""


class Watched:
    """Middleware that counts, times and logs every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        operations: Operations = scope["app"].state.site.operations
        id = scope.setdefault("state", {})["request_id"] = _request_id(scope)
        sending = _Sending(send, id, operations)
        start = time.perf_counter()
        operations.in_flight += 1
        try:
            await self._answer(scope, receive, sending)
        finally:
            operations.in_flight -= 1
            _told(operations, scope, sending, time.perf_counter() - start)

    async def _answer(self, scope: Scope, receive: Receive, sending: _Sending) -> None:
        """Let the application answer; a fault in it is a reply too, where none has begun."""
        if sending.operations.ending and scope["path"] not in STILL_ANSWERED:
            refusal = too_busy("the node is ending")
            refusal.headers = {**refusal.headers, "Connection": "close"}
            await problem_reply(Request(scope, receive), refusal)(scope, receive, sending)
            return
        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if sending.status:
                sending.operations.log.fault(error, sending.id)
                raise
            response = await tell_fault(Request(scope, receive), error)
            await response(scope, receive, sending)


class _Sending:
    """Sends on, and keeps what the reply was."""

    __slots__ = ("_header", "_send", "bytes", "id", "operations", "status")

    def __init__(self, send: Send, id: str, operations: Operations) -> None:
        self._send, self.id, self.operations = send, id, operations
        self._header = (REQUEST_ID, id.encode())
        self.status = self.bytes = 0

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            self.bytes += len(message.get("body", b""))
        elif kind == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._header]
        elif kind == "http.response.pathsend":
            self.bytes += _length(message)
            self.operations.handed = time.monotonic()
        self.operations.moved = time.monotonic()
        await self._send(message)


def _length(message: Message) -> int:
    """Bytes of a file that the server sends by itself."""
    try:
        return Path(message["path"]).stat().st_size
    except OSError:
        return 0


def _request_id(scope: Scope) -> str:
    """Identifier that who asks gave the request, if it is a sound one, else a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID:
            stated: str = value.decode("latin-1")
            return stated if SOUND_ID.fullmatch(stated) else secrets.token_hex(8)
    return secrets.token_hex(8)


def _told(operations: Operations, scope: Scope, sending: _Sending, seconds: float) -> None:
    """Count and log one request."""
    route = getattr(scope.get("route"), "path", UNKNOWN_ROUTE)
    status = sending.status or LEFT
    operations.metrics.count(route, scope["method"], status, seconds, sending.bytes)
    if operations.log.form == "off":
        return
    operations.log.request({
        "time": time.time(), "level": "error" if status >= 500 else "info", "event": "request",
        "id": sending.id, "method": scope["method"], "route": route, "path": scope["path"], "status": status,
        "ms": round(1000 * seconds, 3), "bytes": sending.bytes,
        "actor": scope["state"].get("actor", ANYONE).name,
    })  # fmt: skip


async def show_health(request: Request) -> Response:
    """Tell that the server answers; asks nothing else, so that it stays cheap."""
    check_query(request)
    return JSONResponse({"status": "alive"}, headers={"Cache-Control": "no-store"})


def show_ready(site: Site, request: Request) -> Response:
    """Tell whether the node can do its work, or why not."""
    check_query(request)
    why = reasons(site)
    said = {"status": "not ready" if why else "ready", "reasons": why}
    return reply(request, said, status=503 if why else 200, headers={"Cache-Control": "no-store"})


def show_metrics(site: Site, request: Request) -> Response:
    """Tell numbers about the node, to this machine and to managers unless the settings say anyone."""
    check_query(request)
    if not (site.operations.openness == "open" or site.actor.role == "manager" or _is_near(request)):
        raise ProblemError(
            403, OWN_PROBLEMS + "forbidden", "numbers about the node are for its managers",
            hint='ask from the machine itself, with a manager\'s token, or set web.metrics = "open"',
        )  # fmt: skip
    content = site.operations.metrics.written() + node_metrics(site)
    return Response(content, headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST})


def _is_near(request: Request) -> bool:
    """Whether who asks is on this machine, and nobody else through a program on it."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host.partition("%")[0]).is_loopback
    except ValueError:
        return False


AREA = Area(
    "Operations",
    (Route("/health", show_health), get("/ready", show_ready), get("/metrics", show_metrics)),
    paths=paths,
    schemas=SCHEMAS,
)
