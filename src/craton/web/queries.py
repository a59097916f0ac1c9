"""Parameters of the query of an address: read, checked, refused where they are not known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC
from urllib.parse import urlencode

from starlette.requests import Request

from craton.model.errors import InvalidError
from craton.model.moments import moment
from craton.web.negotiation import FORMS
from craton.web.replies import Json, link
from craton.web.site import MOST_DIGITS, is_number

DEFAULT_LIMIT = 100
MOST = 1000
"""Entries of a page at most; who asks for more gets so many."""

OPEN = ".."
"""An open side of an interval of time."""


def check_query(request: Request, *names: str) -> None:
    """Refuse parameters that are not among `names`, for a misspelt one would silently do nothing."""
    known = {"f", *names}
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise InvalidError(
            f"{unknown[0][:40]!r} is no parameter here", hint=f"there are: {', '.join(sorted(known))}"
        )
    if "f" not in names and request.query_params.get("f", FORMS[0]) not in FORMS:
        raise InvalidError(f"f must be {' or '.join(FORMS)}")


def number_of(request: Request, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    """Whole number `name` of the query; one above `most` is `most`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not is_number(text) or int(text) < least:
        raise InvalidError(
            f"{name} must be a whole number, at least {least}, of at most {MOST_DIGITS} digits,"
            f" not {text[:40]!r}"
        )
    return int(text) if most is None else min(int(text), most)


def seconds_of(request: Request, name: str) -> float | None:
    """Number of seconds `name` of the query, `None` where it is not given."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise InvalidError(f"{name} must be a number of seconds, not {text[:40]!r}")
    return seconds


def words_of(request: Request, name: str, allowed: Sequence[str] = ()) -> tuple[str, ...]:
    """Words `name` of the query, given several times or parted by commas."""
    texts = request.query_params.getlist(name)
    words = tuple(word for text in texts for word in text.split(",") if word)
    for word in words:
        if allowed and word not in allowed:
            raise InvalidError(f"{name} must be one of {', '.join(allowed)}, not {word[:40]!r}")
    return words


def times_of(request: Request, name: str = "datetime") -> tuple[str, str]:
    """First and last moment of `name`, to the millisecond in UTC; an open side is empty."""
    text = request.query_params.get(name, "")
    if not text:
        return "", ""
    start, stroke, end = text.partition("/")
    end = end if stroke else start
    if start in {"", OPEN} and end in {"", OPEN}:
        raise InvalidError(f"{name} must have a start or an end", hint="write 2026-01-01/.. or ../2026-01-31")
    return _side(start, last=False), _side(end, last=True)


def _side(text: str, *, last: bool) -> str:
    if text in {"", OPEN}:
        return ""
    time = moment(text, last=last).astimezone(UTC)
    if last and not time.microsecond:
        time = time.replace(microsecond=999_000)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def page_links(request: Request, base: str, *, limit: int, offset: int, more: bool) -> list[Json]:
    """Links of a page: itself, the one after it and the one before it."""
    address = base + request.url.path
    links = [link(_with(request, address, {}), "self", "this page")]
    if more:
        links.append(
            link(_with(request, address, {"limit": limit, "offset": offset + limit}), "next", "next page")
        )
    if offset:
        before = max(0, offset - limit)
        links.append(link(_with(request, address, {"limit": limit, "offset": before}), "prev", "page before"))
    return links


def _with(request: Request, address: str, changes: dict[str, int]) -> str:
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k not in changes]
    query = urlencode([*pairs, *((k, str(v)) for k, v in changes.items())])
    return f"{address}?{query}" if query else address
