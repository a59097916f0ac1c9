"""The library of indicators on the web: the list with its filters, one of them, and the themes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from craton.model.errors import InvalidError
from craton.model.indicator_library import find_indicator, library, matching, themes
from craton.model.indicators import Direction, Indicator, Support, Theme
from craton.web.area import Area, get
from craton.web.files import matches
from craton.web.indicators_openapi import SCHEMAS, indicator_paths
from craton.web.negotiation import languages_of, text_in, wants_page
from craton.web.queries import MOST, check_query, number_of, page_links
from craton.web.records_document import hash_of
from craton.web.replies import Json, link, path_of, reply
from craton.web.site import Site

MOST_WORDS = 200
"""Characters of a search."""


def list_indicators(site: Site, request: Request) -> Response:
    """List the indicators that fit the filters, by theme."""
    check_query(request, "q", "theme", "support", "direction", "limit", "offset")
    limit = number_of(request, "limit", MOST, least=1, most=MOST)
    offset = number_of(request, "offset", 0)
    found = list(_fitting(request).items())
    base, shown = site.base(request), found[offset : offset + limit]
    links = page_links(request, base, limit=limit, offset=offset, more=offset + limit < len(found))
    document = {
        "indicators": [_summarised(base, id, one) for id, one in shown],
        "numberMatched": len(found),
        "numberReturned": len(shown),
        "links": [*links, link(f"{base}/indicators/themes", "related", "the themes")],
    }
    return _reply(request, base, document)


def _fitting(request: Request) -> Mapping[str, Indicator]:
    words = request.query_params.get("q", "")
    if len(words) > MOST_WORDS:
        raise InvalidError(f"q has at most {MOST_WORDS} characters, not {len(words)}")
    return matching(
        words,
        theme=_choice(request, "theme", themes()),
        support=_choice(request, "support", get_args(Support)),
        direction=_choice(request, "direction", get_args(Direction)),
    )


def _choice(request: Request, name: str, allowed: Iterable[str]) -> str:
    """Word `name` of the query, empty where it is not given."""
    word, known = request.query_params.get(name, ""), tuple(allowed)
    if word and word not in known:
        raise InvalidError(f"{name} must be one of {', '.join(known)}, not {word[:40]!r}")
    return word


def _summarised(base: str, id: str, one: Indicator) -> Json:
    address = base + path_of("indicators", id)
    return {"id": id, **msgspec.to_builtins(one), "links": [link(address, "self", "this indicator")]}


def show_indicator(site: Site, request: Request) -> Response:
    """Tell everything about one indicator, with the goal and the criterion it serves."""
    check_query(request)
    id, base = request.path_params["indicator"], site.base(request)
    one = find_indicator(id)
    theme = themes()[one.theme]
    said = _summarised(base, id, one)
    above = {"goal": theme.title, "criterionTitle": theme.criteria[one.criterion].title}
    links = [*said["links"], link(f"{base}/indicators", "up", "all indicators")]
    return _reply(request, base, {**said, **above, "links": links})


def list_themes(site: Site, request: Request) -> Response:
    """List the themes with their criteria, and how many indicators each has."""
    check_query(request)
    base = site.base(request)
    shown = [_theme(base, name, theme) for name, theme in themes().items()]
    document = {"themes": shown, "links": [link(f"{base}/indicators/themes", "self", "this list")]}
    return _reply(request, base, document)


def _theme(base: str, name: str, theme: Theme) -> Json:
    counts = [one.criterion for one in theme.indicators.values()]
    criteria = [
        {"id": id, "title": one.title, "count": counts.count(id)} for id, one in theme.criteria.items()
    ]
    items = link(f"{base}/indicators?theme={name}", "items", "its indicators")
    return {
        "id": name, "title": theme.title, "description": theme.description, "criteria": criteria,
        "count": len(counts), "links": [items],
    }  # fmt: skip


def _reply(request: Request, base: str, document: Json) -> Response:
    """`document` in all languages, or a page in the visitor's; nothing where the visitor has it already."""
    page = wants_page(request)
    languages = languages_of(request) if page else ()
    told = [_state(), base, str(request.url.query), page, *languages]
    headers = {"ETag": f'"{hash_of(msgspec.json.encode(told))}"'}
    if matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return reply(request, _in(document, languages) if page else document, headers=headers)


def _in(said: Any, languages: tuple[str, ...]) -> Any:
    """`said` with each text of several languages in one of them."""
    if isinstance(said, Mapping):
        is_text = "en" in said and all(isinstance(one, str) for one in said.values())
        return text_in(said, languages)[0] if is_text else {k: _in(v, languages) for k, v in said.items()}
    return [_in(one, languages) for one in said] if isinstance(said, list | tuple) else said


@cache
def _state() -> str:
    """Digest of the whole library, which stays as it is while a server runs."""
    return hash_of(msgspec.json.encode([dict(themes()), list(library())]))


def _links(base: str) -> list[Json]:
    return [link(f"{base}/indicators", "related", "indicators: what evaluations measure")]


AREA = Area(
    "Indicators",
    (
        get("/indicators", list_indicators),
        get("/indicators/themes", list_themes),
        get("/indicators/{indicator}", show_indicator),
    ),
    links=_links,
    paths=indicator_paths,
    schemas=SCHEMAS,
)
