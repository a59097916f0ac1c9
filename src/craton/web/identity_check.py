"""Who asks: from what a request shows to a person and a role, or to why it is refused."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re

from starlette.requests import Request

from craton.model.permission import ANYONE, Actor
from craton.web.gate import Gate
from craton.web.identity_people import Known
from craton.web.identity_secrets import TOKEN_START, digest
from craton.web.oidc import JWT_SHAPE, ProviderError
from craton.web.rate import house, whole_seconds
from craton.web.replies import OWN_PROBLEMS, ProblemError, too_busy
from craton.web.session import SESSION, VISITOR, check_origin, check_token, drop_cookie, secret_of
from craton.web.visit import MOST_SHOWN, SAFE_METHODS, Visit

OWN_CHECKS = ("/login",)
"""Addresses that check for themselves that a page of this node asks."""

SHOWABLE = re.compile(r"(oidc:)?[\w.@-]{1,63}")
"""A name as it may stand in the log; what was typed in its place may be a password."""

INVALID = 'Bearer realm="craton", error="invalid_token"'

VISITOR_DIGITS = 16


async def known_of(gate: Gate, request: Request, visit: Visit, base: str) -> Known:
    """Who asks.

    Raises
    ------
    ProblemError
        If what is shown is wrong, or a page of another host asks for a change.
    """
    shown = request.headers.get("authorization", "")
    if not shown:
        return await _by_cookies(gate, request, visit, base)
    scheme, _, rest = shown.partition(" ")
    if scheme.lower() == "bearer":
        return await _by_bearer(gate, visit, rest.strip())
    if scheme.lower() == "basic":
        # A browser may send a password of its own accord, and no page of another host shall try some.
        if visit.method not in SAFE_METHODS or "origin" in request.headers:
            check_origin(request, base)
        return await by_basic(gate, visit, *_parted(rest.strip()))
    raise unauthorised("only Bearer and Basic are taken")


async def _by_cookies(gate: Gate, request: Request, visit: Visit, base: str) -> Known:
    secret = secret_of(request, base, SESSION)
    known = await gate.look_up(gate.people.by_session, secret) if secret else None
    if known is None:
        if secret:
            visit.cookies.append(drop_cookie(base, SESSION))
        visitor = secret_of(request, base, VISITOR)
        return Known(actor=visitor_of(visitor) if visitor else ANYONE)
    if visit.method not in SAFE_METHODS and not visit.path.startswith(OWN_CHECKS):
        check_origin(request, base)
        check_token(request, secret)
    return known


def visitor_of(secret: str) -> Actor:
    """Visitor without a name who knows `secret`."""
    return Actor(ANYONE.name, ANYONE.role, digest(secret).hex()[:VISITOR_DIGITS])


async def _by_bearer(gate: Gate, visit: Visit, token: str) -> Known:
    if token.startswith(TOKEN_START):
        known = await gate.look_up(gate.people.by_token, token)
        if known is not None:
            return known
    elif gate.provider is not None and gate.options.provider.audience and JWT_SHAPE.fullmatch(token):
        try:
            person = await gate.provider.bearer(token)
        except ProviderError as error:
            _note_failure(visit, "provider")
            raise provider_problem(error, INVALID) from error
        issuer = gate.options.provider.issuer
        if not await gate.look_up(gate.people.is_shut_out, person.name, issuer):
            return Known(actor=Actor(person.name, person.role), how="provider", title=person.title)
    _note_failure(visit, "token")
    raise unauthorised("the token is wrong, expired or revoked", challenge=INVALID)


async def by_basic(gate: Gate, visit: Visit, name: str, password: str) -> Known:
    """Person with that name and password, or with a token in the place of the password."""
    if password.startswith(TOKEN_START):
        known = await gate.look_up(gate.people.by_token, password)
        if known is None or known.actor.name != name:
            _note_failure(visit, "token", name)
            raise unauthorised("the token is wrong, expired, revoked or another person's")
        return known
    if await gate.look_up(gate.people.is_known_password, name, password):
        known = await gate.look_up(gate.people.known_as, name, "password")
        if known is not None:
            return known
    return await by_password(gate, visit, name, password)


async def by_password(gate: Gate, visit: Visit, name: str, password: str) -> Known:
    """Person with that name and password; who tries wrong ones must wait ever longer.

    A program may send many requests at once with the same ones: they are worked on once.
    """
    key = digest(f"{visit.address}\0{name}\0{password}")
    task = gate.signing_in.get(key)
    if task is None:
        task = asyncio.ensure_future(_tried(gate, visit, name, password))
        gate.signing_in[key] = task
        task.add_done_callback(lambda _: gate.signing_in.pop(key, None))
    return await asyncio.shield(task)


async def _tried(gate: Gate, visit: Visit, name: str, password: str) -> Known:
    pause = max(
        gate.attempts.wait(name, visit.address),
        gate.rates.wait("signing_in", house(visit.address), visit.address),
    )
    if pause > 0:
        raise too_often(pause)
    if gate.is_crowded:
        raise too_busy("too many people sign in")
    gate.attempts.failed(name, visit.address)  # taken back if it was right, so that no crowd slips through
    known = await gate.work_out(gate.people.by_password, name, password)
    if known is None:
        _note_failure(visit, "password", name)
        raise unauthorised("the name or the password is wrong")
    gate.attempts.succeeded(name, visit.address)
    note_success(visit, known)
    return known


def note_success(visit: Visit, known: Known) -> None:
    """Note that someone signed in."""
    visit.actor = known.actor
    visit.note("login", how=known.how)


def _note_failure(visit: Visit, how: str, name: str = "") -> None:
    if visit.log is not None:
        tried = name if SHOWABLE.fullmatch(name) else "(no name)" if name else ""
        visit.log.often("login failed", visit.source, status=401, how=how, tried=tried[:MOST_SHOWN])


def _parted(text: str) -> tuple[str, str]:
    """Name and password that the header holds."""
    try:
        name, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        colon = ""
    if not colon:
        raise unauthorised("the header Authorization cannot be read")
    return name, password


def unauthorised(message: str, *, hint: str = "", challenge: str = "") -> ProblemError:
    """The problem of someone whose name is wanted, or not known."""
    said = challenge or 'Basic realm="craton", charset="UTF-8"'
    return ProblemError(
        401, OWN_PROBLEMS + "unauthorised", message, hint=hint or "sign in at /login, or show a token",
        headers={"WWW-Authenticate": said},
    )  # fmt: skip


def forbidden(message: str) -> ProblemError:
    """The problem of someone who is known, but may not do this."""
    return ProblemError(403, OWN_PROBLEMS + "forbidden", message)


def too_often(pause: float) -> ProblemError:
    """The problem of someone who asks too often."""
    seconds = whole_seconds(pause)
    return ProblemError(
        429, OWN_PROBLEMS + "too-often", "too many requests", hint=f"ask again in {seconds} s",
        headers={"Retry-After": seconds},
    )  # fmt: skip


def provider_problem(error: ProviderError, challenge: str) -> ProblemError:
    """The problem of someone whom the identity provider does not name."""
    if error.is_unreachable:
        return ProblemError(
            503, OWN_PROBLEMS + error.kind, error.message, hint=error.hint, headers={"Retry-After": "30"}
        )
    return unauthorised(error.message, hint=error.hint, challenge=challenge)
