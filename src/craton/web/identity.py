"""Identity: who asks, how often they may, and the addresses to sign in and out at."""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from craton.model.errors import CratonError
from craton.model.permission import ANYONE
from craton.web.area import Area, Endpoint, by_method, get, in_thread
from craton.web.audit import show_audit
from craton.web.gate import Gate
from craton.web.identity_check import known_of, too_often, unauthorised, visitor_of
from craton.web.identity_openapi import SCHEMAS, paths
from craton.web.identity_pages import (
    begin_sign_in,
    finish_sign_in,
    list_tokens,
    login_links,
    make_token,
    revoke_token,
    show_login,
    show_me,
    sign_in,
    sign_out,
)
from craton.web.identity_people import Known
from craton.web.identity_secrets import new_session
from craton.web.rate import house
from craton.web.replies import tell_error
from craton.web.session import VISITOR, VISITOR_SECONDS, set_cookie
from craton.web.visit import Visit, address_of, is_passed_on

PRIVATE = "private, no-cache"
"""What may be kept of a reply to someone with a name: nothing that is then given to others."""

JOBS = "/jobs"
"""Start of the addresses whose replies also depend on the cookie of a visitor without a name."""

PROVING = "proving "
"""Start of what stands for a household while it is not known yet who of it asks."""


class Visitors:
    """Middleware that finds out who asks, and writes it to `scope["state"]`: `actor`, `visit`, `known`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or tell why it is refused."""
        gate: Gate | None = scope["app"].state.site.gate if scope["type"] == "http" else None
        if gate is None:
            await self._app(scope, receive, send)
            return
        visit = _begun(gate, scope)
        sending = _sending(visit, send)
        request = Request(scope, receive)
        try:
            known = await _admitted(gate, request, visit)
        except CratonError as error:
            response = await tell_error(request, error)
            await response(scope, receive, sending)
            return
        scope["state"] |= {"actor": visit.actor, "known": known}
        await self._app(scope, receive, sending)


def _begun(gate: Gate, scope: Scope) -> Visit:
    state = scope.setdefault("state", {})
    visit = Visit(
        log=gate.audit, request=state.setdefault("request_id", secrets.token_hex(8)),
        address=address_of(scope, gate.proxies), method=scope["method"], path=scope["path"],
        is_passed_on=is_passed_on(scope, gate.proxies),
    )  # fmt: skip
    state["visit"] = visit
    return visit


async def _admitted(gate: Gate, request: Request, visit: Visit) -> Known:
    """Who asks, if they may ask this now."""
    base = request.app.state.site.base(request)
    proving = PROVING + house(visit.address) if "authorization" in request.headers else ""
    if proving:  # counted before it is looked at: what is wrong costs work too
        _count(gate, visit, proving)
    known = await known_of(gate, request, visit, base)
    visit.actor = known.actor
    named = known.actor.name != ANYONE.name
    if named:
        gate.attempts.known(known.actor.name, visit.address)
    if proving:
        gate.rates.give_back(visit.kind, proving)
    if visit.kind != "signing_in":
        _count(gate, visit, known.actor.name if named else house(visit.address))
    if visit.method == "POST" and visit.path.endswith("/execution") and not named:
        _admit_runner(gate, visit, base)
    return known


def _count(gate: Gate, visit: Visit, visitor: str) -> None:
    """Count one more request of `visitor`; a problem where they must wait."""
    pause = gate.rates.wait(visit.kind, visitor, "" if visit.is_passed_on else visit.address)
    if pause > 0:
        raise too_often(pause)


def _admit_runner(gate: Gate, visit: Visit, base: str) -> None:
    """Let someone without a name run something, under a secret by which they are known again."""
    if not gate.options.anonymous_jobs:
        raise unauthorised("only people with a name run processes here")
    if not visit.actor.visitor:
        secret = new_session()
        visit.actor = visitor_of(secret)
        visit.cookies.append(set_cookie(base, VISITOR, secret, seconds=VISITOR_SECONDS))


def _sending(visit: Visit, send: Send) -> Send:
    """Sends on, with the visit's cookies; what was read is noted when the reply begins."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            visit.answered(message["status"])
            is_jobs = visit.path.startswith(JOBS)
            if visit.cookies or visit.actor.name != ANYONE.name or is_jobs:
                headers = MutableHeaders(scope=message)
                _keep_private(visit, headers)
                if is_jobs:
                    headers.add_vary_header("Cookie")
        await send(message)

    return sending


def _keep_private(visit: Visit, headers: MutableHeaders) -> None:
    for cookie in visit.cookies:
        headers.append("Set-Cookie", cookie)
    kept = headers.get("Cache-Control", "")
    if "no-store" not in kept and "private" not in kept:
        headers["Cache-Control"] = PRIVATE


def _by_endpoint(path: str, **endpoints: Endpoint) -> Route:
    """Route whose methods are answered each by its own endpoint; HEAD as GET."""

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return Route(path, endpoint, methods=list(endpoints))


AREA = Area(
    "Identity",
    (
        _by_endpoint("/login", GET=in_thread(show_login), POST=sign_in),
        Route("/login/oidc", begin_sign_in),
        Route("/login/oidc/callback", finish_sign_in),
        by_method("/logout", POST=sign_out),
        get("/me", show_me),
        _by_endpoint("/tokens", GET=in_thread(list_tokens), POST=make_token),
        by_method("/tokens/{token}", DELETE=revoke_token),
        get("/audit", show_audit),
    ),
    links=login_links,
    paths=paths,
    schemas=SCHEMAS,
)
