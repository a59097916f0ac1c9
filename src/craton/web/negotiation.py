"""What form and language of a document a visitor wants: the query's `f`, else the headers (RFC 9110)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request

JSON_TYPES = ("application/json", "application/geo+json")
HTML = "text/html"

FORMS = ("json", "html")
"""Values of `f` that every document takes."""

VARY = "Accept, Accept-Language"
"""Headers of a request that a document depends on."""

ANY_LANGUAGE = "und"


class Wish(NamedTuple):
    """One entry of an `Accept…` header: what, with which parameters, how much it is wanted (0 to 1)."""

    value: str
    parameters: tuple[str, ...]
    quality: float


def wants_page(request: Request, *media_types: str) -> bool:
    """Whether to give a page in place of a document of `media_types`: `f` says so, else `Accept` does.

    Where a header wants both as much, it is the document: programs ask so.
    """
    if request.method not in {"GET", "HEAD"}:
        return False
    form = request.query_params.get("f")
    if form is not None:
        return form == "html"
    accept = request.headers.get("accept", "")
    if HTML not in accept.lower():
        return False
    wishes = wishes_of(accept)
    others = dict.fromkeys(_bare(media_type) for media_type in (*media_types, *JSON_TYPES))
    return quality_of(wishes, HTML) > max(quality_of(wishes, other) for other in others)


def wishes_of(header: str) -> tuple[Wish, ...]:
    """Entries of an `Accept…` header; what cannot be read is left out."""
    return tuple(wish for text in header.split(",") if (wish := _wish(text)) is not None)


def _wish(text: str) -> Wish | None:
    value, *parameters = (part.strip().lower() for part in text.split(";"))
    stated = [one.removeprefix("q=").strip() for one in parameters if one.startswith("q=")]
    try:
        quality = float(stated[0]) if stated else 1.0
    except ValueError:
        return None
    if not value or not 0 <= quality <= 1:
        return None
    return Wish(value, tuple(one for one in parameters if not one.startswith("q=")), quality)


def quality_of(wishes: Iterable[Wish], media_type: str) -> float:
    """How much `media_type` is wanted: what the most specific entry that fits it says."""
    ranges = {media_type: 2, f"{media_type.partition('/')[0]}/*": 1, "*/*": 0}
    fitting = [(ranges[one.value], one.quality) for one in wishes if one.value in ranges]
    return max(fitting)[1] if fitting else 0.0


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def languages_of(request: Request) -> tuple[str, ...]:
    """Languages that the visitor reads, the dearest first; `zh-Hans-CN` also means `zh-Hans` and `zh`."""
    wishes = [one for one in wishes_of(request.headers.get("accept-language", "")) if one.quality]
    tags = [one.value for one in sorted(wishes, key=lambda one: -one.quality) if one.value != "*"]
    return tuple(dict.fromkeys(part for tag in tags for part in _wider(tag)))


def _wider(tag: str) -> list[str]:
    parts = tag.split("-")[:4]
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


def text_in(texts: Mapping[str, str], languages: Iterable[str]) -> tuple[str, str]:
    """Text in the first of `languages` that there is, else in English, else in any; and its language."""
    by_tag = {tag.lower(): tag for tag in texts}
    for language in (*languages, "en", ANY_LANGUAGE, *by_tag):
        if tag := by_tag.get(language):
            return texts[tag], tag
    return "", ANY_LANGUAGE


def address_as(request: Request, base: str, form: str) -> str:
    """Address of what `request` asks for, in another form."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "f"]
    return f"{base}{request.url.path}?{urlencode([*pairs, ('f', form)])}"
