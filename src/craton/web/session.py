"""Cookies of a node, and proof that a change was asked for by one of its own pages."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import Request

from craton.web.identity_secrets import csrf_token, same
from craton.web.replies import OWN_PROBLEMS, ProblemError

SESSION, VISITOR, SIGN_IN = "craton-session", "craton-visitor", "craton-sign-in"
"""Cookies: of who is signed in, of who runs jobs without a name, of who is at an identity provider."""

HOST_ONLY = "__Host-"
"""Start of names of cookies that browsers take from this very host only, and over https only."""

VISITOR_SECONDS = 30 * 24 * 3600
SIGN_IN_SECONDS = 600

RANDOM = re.compile(r"[A-Za-z0-9_-]{43}")
"""Form of the secrets that cookies hold."""

CSRF = "X-CSRF-Token"

LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,1000}")
"""An address of this node: nobody is led elsewhere after signing in."""


def cookie_of(request: Request, base: str, name: str) -> str:
    """Value of a cookie, empty where there is none."""
    return request.cookies.get(_full(base, name), "")


def secret_of(request: Request, base: str, name: str) -> str:
    """Value of a cookie that holds a secret, empty where it cannot be one."""
    value = cookie_of(request, base, name)
    return value if RANDOM.fullmatch(value) else ""


def set_cookie(base: str, name: str, value: str, *, seconds: int | None = None) -> str:
    """Header that sets a cookie; without `seconds` it lasts as long as the browser runs."""
    said = [f"{_full(base, name)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if seconds is not None:
        said.append(f"Max-Age={seconds}")
    if _is_https(base):
        said.append("Secure")
    return "; ".join(said)


def drop_cookie(base: str, name: str) -> str:
    """Header that takes a cookie back."""
    return set_cookie(base, name, "", seconds=0)


def _full(base: str, name: str) -> str:
    return HOST_ONLY + name if _is_https(base) else name


def _is_https(base: str) -> bool:
    return base.startswith("https:")


def check_origin(request: Request, base: str) -> None:
    """Refuse a change that a page of another host asks for."""
    site = request.headers.get("sec-fetch-site", "")
    if site and site not in {"same-origin", "none"}:
        raise foreign()
    origin = request.headers.get("origin", "")
    if origin and _place(origin) not in {_place(base), _place(str(request.base_url))}:
        raise foreign()


def is_own_page(request: Request) -> bool:
    """Whether the browser tells that a page of this node asks."""
    return "origin" in request.headers or request.headers.get("sec-fetch-site") == "same-origin"


def check_token(request: Request, session: str) -> None:
    """Refuse a change in a session without the proof that `/me` tells."""
    if not same(request.headers.get(CSRF, ""), csrf_token(session)):
        raise ProblemError(
            403, OWN_PROBLEMS + "csrf", f"the header {CSRF} is missing or wrong", hint="/me tells its value"
        )


def foreign() -> ProblemError:
    """The problem of a page of another host that asks for a change."""
    return ProblemError(403, OWN_PROBLEMS + "foreign-page", "a page of another host may not ask for this")


def _place(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", ""  # no page of ours has such an address
    return parts.scheme, parts.netloc.lower()


def local(path: str) -> str:
    """`path` if it leads to a page of this node, else the front page."""
    return path if LOCAL_PATH.fullmatch(path) else "/"
