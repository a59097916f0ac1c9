"""Signing in and out, who I am, my tokens."""

from __future__ import annotations

import html
from typing import Annotated
from urllib.parse import parse_qs, quote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from craton.model.errors import InvalidError, NotFoundError
from craton.model.permission import CHANGERS, Role, visible_to
from craton.web.gate import Gate
from craton.web.identity_check import (
    by_password,
    forbidden,
    note_success,
    provider_problem,
    too_often,
    unauthorised,
)
from craton.web.identity_people import MOST_DAYS, Known, Token
from craton.web.identity_secrets import csrf_token
from craton.web.oidc import PREFIX, Person, Provider, ProviderError, read_started, written_started
from craton.web.queries import check_query
from craton.web.rate import house
from craton.web.replies import Json, ProblemError, link, reply
from craton.web.session import (
    CSRF,
    SESSION,
    SIGN_IN,
    SIGN_IN_SECONDS,
    check_origin,
    cookie_of,
    drop_cookie,
    foreign,
    is_own_page,
    local,
    secret_of,
    set_cookie,
)
from craton.web.shell import page_headers, read_body, read_json
from craton.web.site import Site, site_of
from craton.web.visit import Visit

FORM = "application/x-www-form-urlencoded"
CALLBACK = "/login/oidc/callback"
UNKEPT = {"Cache-Control": "no-store"}
OWN_CHALLENGE = 'Craton-Session realm="craton"'
"""Goes with a refusal to sign in by a page, at which a browser must not open a window of its own."""

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:22rem;margin:10vh auto;padding:0 1rem}
label{display:block;margin-top:1rem}
input,button{font:inherit;width:100%;box-sizing:border-box;padding:.5rem}
button{margin-top:1.5rem}
""".strip()

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in – {title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><main><h1>{title}</h1>{said}
<form method="post" action="{action}">
<label>Name <input name="name" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<input type="hidden" name="next" value="{next}">
<button>Sign in</button>
</form>{provider}</main></body></html>
"""


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What someone signs in with."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    password: Annotated[str, msgspec.Meta(max_length=1000)]


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token as it is asked for; without a role it has its owner's."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    role: Role | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)] = 365


def login_links(base: str) -> list[Json]:
    """Links of the landing page to signing in."""
    return [link(f"{base}/login", "related", "sign in"), link(f"{base}/me", "related", "who asks")]


def gate_of(site: Site) -> Gate:
    """The node's gate; a problem where it has none."""
    if site.gate is None:
        raise NotFoundError("nobody signs in at this node")
    return site.gate


def visit_of(request: Request) -> Visit:
    """The visit that a request is."""
    visit: Visit = request.state.visit
    return visit


def known_of(request: Request, site: Site) -> Known:
    """Who asks, and by what they are known."""
    known: Known = getattr(request.state, "known", Known(actor=site.actor))
    return known


def show_login(site: Site, request: Request) -> Response:
    """Give a page to sign in with, or tell programs how to."""
    check_query(request, "next")
    gate = gate_of(site)
    next_ = local(request.query_params.get("next", "/"))
    if "text/html" in request.headers.get("accept", ""):
        return _page(site, request, next_)
    base = site.base(request)
    said: Json = {
        "title": "Sign in",
        "description": "POST name and password as JSON to get a session, or show them in the header"
        " Authorization (Basic); a token may take the place of the password, or be shown as Bearer.",
        "links": [link(f"{base}/login", "self"), link(f"{base}/me", "related", "who asks")],
    }
    if gate.provider is not None:
        said["links"].append(link(f"{base}/login/oidc", "related", "sign in at the identity provider"))
    return reply(request, said, headers=UNKEPT)


def _page(site: Site, request: Request, next_: str, said: str = "", status: int = 200) -> Response:
    base = site.base(request)
    gate = gate_of(site)
    address = html.escape(f"{base}/login/oidc?next={quote(next_, safe='')}")
    provider = f'<p><a href="{address}">Sign in at the identity provider</a></p>' if gate.provider else ""
    content = PAGE.format(
        title=html.escape(site.options.title or "A Craton node"), style=STYLE, next=html.escape(next_),
        said=f'<p role="alert">{html.escape(said)}</p>' if said else "", provider=provider,
        action=html.escape(f"{base}/login"),
    )  # fmt: skip
    headers = {**UNKEPT, **page_headers(STYLE)}
    if status == 401:
        headers["WWW-Authenticate"] = OWN_CHALLENGE
    return HTMLResponse(content, status, headers)


async def sign_in(request: Request) -> Response:
    """Begin a session of someone who gives name and password, as JSON or by the form of this node's page."""
    site = site_of(request)
    gate, base = gate_of(site), site.base(request)
    check_origin(request, base)
    check_query(request)
    is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
    if is_form:
        return await _sign_in_by_form(request, site, gate)
    asked = _converted(await read_json(request), SignIn)
    try:
        known = await by_password(gate, visit_of(request), asked.name, asked.password)
    except ProblemError as error:
        if error.status == 401:
            error.headers = {"WWW-Authenticate": OWN_CHALLENGE}
        raise
    known = await _begun(gate, request, base, known)
    return reply(request, me_document(gate, known), headers=UNKEPT)


async def _sign_in_by_form(request: Request, site: Site, gate: Gate) -> Response:
    if not is_own_page(request):
        raise foreign()
    fields = parse_qs((await read_body(request)).decode("utf-8", "replace"), max_num_fields=10)
    name, password, next_ = (fields.get(key, [""])[0] for key in ("name", "password", "next"))
    try:
        known = await by_password(gate, visit_of(request), name, password)
    except ProblemError as error:
        if error.status not in {401, 429}:
            raise
        response = _page(site, request, local(next_), error.message, error.status)
        response.headers.update({k: v for k, v in error.headers.items() if k == "Retry-After"})
        return response
    await _begun(gate, request, site.base(request), known)
    return RedirectResponse(site.base(request) + local(next_), 303, UNKEPT)


async def _begun(gate: Gate, request: Request, base: str, known: Known) -> Known:
    """A new session of someone, whose secret goes into a cookie; the one there was ends."""
    visit = visit_of(request)
    if before := secret_of(request, base, SESSION):
        await gate.look_up(gate.people.end_session, before)
    secret = await gate.look_up(gate.people.begin_session, known.actor.name)
    visit.cookies = [set_cookie(base, SESSION, secret, seconds=int(gate.options.lasting_seconds))]
    visit.actor = known.actor
    return msgspec.structs.replace(known, how="session", secret=secret)


def _converted[T](document: Json, kind: type[T]) -> T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise InvalidError(f"the request is wrong: {error}") from error


def sign_out(site: Site, request: Request) -> Response:
    """End the session of who asks."""
    check_query(request)
    gate, base = gate_of(site), site.base(request)
    known = known_of(request, site)
    if known.secret:
        gate.people.end_session(known.secret)
        visit_of(request).note("logout")
    visit_of(request).cookies.append(drop_cookie(base, SESSION))
    return Response(status_code=204, headers=UNKEPT)


def show_me(site: Site, request: Request) -> Response:
    """Tell who asks, and what they may."""
    check_query(request)
    return reply(request, me_document(gate_of(site), known_of(request, site)), headers=UNKEPT)


def me_document(gate: Gate, known: Known) -> Json:
    """Who `known` is, and what they may; in a session also the proof that goes with changes."""
    actor = known.actor
    named = known.how != "none"
    said: Json = {
        "name": actor.name, "title": known.title, "role": actor.role, "signedIn": named, "by": known.how,
        "sees": list(visible_to(actor)), "mayRun": named or gate.options.anonymous_jobs,
        "mayChange": actor.role in CHANGERS, "mayAudit": actor.role == "manager",
        "provider": gate.provider is not None,
    }  # fmt: skip
    if known.secret:
        said["csrfToken"], said["csrfHeader"] = csrf_token(known.secret), CSRF
    return said


def list_tokens(site: Site, request: Request) -> Response:
    """Tell the tokens of who asks."""
    check_query(request)
    known = _named(site, request)
    tokens = [msgspec.to_builtins(one) for one in gate_of(site).people.tokens(known.actor.name)]
    return reply(request, {"tokens": tokens}, headers=UNKEPT)


async def make_token(request: Request) -> Response:
    """Make a token of who asks; its secret is told this once."""
    check_query(request)
    site = site_of(request)
    known, gate = _named(site, request), gate_of(site)
    asked = _converted(await read_json(request), NewToken)
    if known.how not in {"session", "password"}:
        raise forbidden("a token is made in a session or with the password, not with another token")
    token, secret = await gate.look_up(_new_token, gate, known, asked)
    visit_of(request).note("token made", token=token.id, token_name=token.name, token_role=token.role)
    document = {**msgspec.to_builtins(token), "token": secret}
    headers = {**UNKEPT, "Location": f"{site.base(request)}/tokens/{token.id}"}
    return reply(request, document, status=201, headers=headers)


def _new_token(gate: Gate, known: Known, asked: NewToken) -> tuple[Token, str]:
    return gate.people.new_token(known.actor.name, name=asked.name, role=asked.role, days=asked.days)


def revoke_token(site: Site, request: Request) -> Response:
    """Take back a token of who asks."""
    check_query(request)
    known = _named(site, request)
    token = gate_of(site).people.revoke(request.path_params["token"], known.actor.name)
    visit_of(request).note("token revoked", token=token.id, token_name=token.name)
    return Response(status_code=204)


def _named(site: Site, request: Request) -> Known:
    known = known_of(request, site)
    if known.how == "none":
        raise unauthorised("tokens belong to people with a name")
    if known.how == "provider" or not known.actor.name:
        raise forbidden("sign in at /login/oidc to have tokens of this node")
    return known


def _provider(gate: Gate) -> Provider:
    if gate.provider is None:
        raise NotFoundError("this node believes no identity provider")
    return gate.provider


async def begin_sign_in(request: Request) -> Response:
    """Send the browser to the identity provider."""
    check_query(request, "next")
    site = site_of(request)
    gate, base = gate_of(site), site.base(request)
    next_ = local(request.query_params.get("next", "/"))
    try:
        started, address = await _provider(gate).start(base + CALLBACK, next_)
    except ProviderError as error:
        raise provider_problem(error, OWN_CHALLENGE) from error
    visit_of(request).cookies.append(
        set_cookie(base, SIGN_IN, written_started(started), seconds=SIGN_IN_SECONDS)
    )
    return RedirectResponse(address, 303, UNKEPT)


async def finish_sign_in(request: Request) -> Response:
    """Begin a session of someone who comes back from the identity provider."""
    site = site_of(request)
    gate, base, visit = gate_of(site), site.base(request), visit_of(request)
    provider = _provider(gate)
    kept = cookie_of(request, base, SIGN_IN)
    started = read_started(kept)
    pause = gate.rates.wait("signing_in", house(visit.address), visit.address)
    if pause > 0:  # each one has the provider asked
        raise too_often(pause)
    try:
        person = await provider.finish(started, dict(request.query_params), base + CALLBACK)
        known = await gate.look_up(_admitted, gate, person, provider.options.issuer)
    except (ProviderError, NotFoundError) as error:
        visit.cookies.append(drop_cookie(base, SIGN_IN))
        visit.note("login failed", status=401, how="provider")
        if isinstance(error, ProviderError):
            raise provider_problem(error, OWN_CHALLENGE) from error
        raise forbidden(error.message) from error
    note_success(visit, known)
    await _begun(gate, request, base, known)
    visit.cookies.append(drop_cookie(base, SIGN_IN))
    return RedirectResponse(base + local(started.next), 303, UNKEPT)


def _admitted(gate: Gate, person: Person, issuer: str) -> Known:
    user = gate.people.admit(person.name, title=person.title, role=person.role, issuer=issuer)
    known = gate.people.known_as(user.name, "provider")
    assert known is not None
    assert known.actor.name.startswith(PREFIX)
    return known
