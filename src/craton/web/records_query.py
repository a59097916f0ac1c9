"""What is asked of the catalogue: the query of an address as a query of the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from craton.model.cql2 import Expression, parse
from craton.model.errors import InvalidError
from craton.model.permission import visible_to
from craton.model.record import Period
from craton.store.record_filter import check_filter
from craton.store.record_order import KEYS
from craton.store.search import Key, Query
from craton.web.crs_negotiation import CRS84, box_of, system_of, to_default
from craton.web.queries import DEFAULT_LIMIT, MOST, OPEN, check_query
from craton.web.site import Site, is_number

DELETED = ("false", "true", "include")
"""Whether tombstones are listed: not, alone, among the records."""

RECORD_TYPE = "dataset"

CONDITIONS = (
    "bbox", "bbox-crs", "datetime", "q", "words", "type", "ids", "externalIds", "externalId", "kind",
    "quantity", "keyword", "licence", "party", "filter", "filter-lang", "filter-crs",
)  # fmt: skip
"""Parameters that say which records are wanted."""

PAGING = ("limit", "offset", "cursor", "sortby", "deleted")

MOST_WORDS = 500
"""Identifiers or names in one parameter."""

SORT_ALIASES = {"time": "datetime", "license": "licence"}


class Given:
    """Parameters of a query; one that is empty counts as not given (20-004r1)."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._pairs = pairs

    def text(self, name: str) -> str:
        """Value of a parameter, empty where it is not given."""
        return self._pairs.get(name, "").strip()

    def words(self, name: str) -> tuple[str, ...]:
        """Words parted by commas."""
        words = tuple(word.strip() for word in self.text(name).split(",") if word.strip())
        if len(words) > MOST_WORDS:
            raise InvalidError(f"{name} may have {MOST_WORDS} values")
        return words

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """A whole number; one above `most` is `most`."""
        text = self.text(name)
        if not text:
            return default
        if not is_number(text) or int(text) < least:
            raise InvalidError(f"{name} must be a whole number, at least {least}, not {text[:40]!r}")
        return int(text) if most is None else min(int(text), most)


@dataclass(frozen=True)
class AskedRecords:
    """A page of the catalogue that is asked for.

    Parameters
    ----------
    query : Query
        For the store; its limit is that of the page.
    deleted : str
        One of `DELETED`.
    """

    query: Query
    deleted: str = "false"


def asked_records(site: Site, request: Request) -> AskedRecords:
    """What `request` asks of the catalogue, as its visitor may see it."""
    check_query(request, *CONDITIONS, *PAGING)
    given = Given(request.query_params)
    deleted = given.text("deleted") or DELETED[0]
    if deleted not in DELETED:
        raise InvalidError(f"deleted must be {', '.join(DELETED)}, not {deleted[:40]!r}")
    sort = sort_of(given.words("sortby"), KEYS)
    if deleted != DELETED[0]:
        sort = _by_change(sort)
    limit = given.number("limit", DEFAULT_LIMIT, least=1, most=MOST)
    paging = {
        "limit": limit,
        "offset": given.number("offset", 0),
        "cursor": given.text("cursor"),
        "sort": sort,
    }
    return AskedRecords(conditions_of(site, given, **paging), deleted)


def conditions_of(site: Site, given: Given, **paging: object) -> Query:
    """Query of the conditions that are given; `paging` says which part of the answers is wanted."""
    types = given.words("type")
    system = system_of(given.text("bbox-crs") or CRS84, "bbox-crs")
    return Query(
        bbox=box_of(given.text("bbox"), system) if given.text("bbox") else None,
        time=span_of(given.text("datetime")),
        text=given.text("words"),
        any_text=phrases_of(given.text("q")),
        ids=given.words("ids"),
        identifiers=given.words("externalIds") + given.words("externalId"),
        kinds=given.words("kind"),
        quantities=given.words("quantity"),
        keywords=given.words("keyword"),
        licences=given.words("licence"),
        parties=given.words("party"),
        filter=filter_of(given.text("filter"), given.text("filter-lang"), given.text("filter-crs")),
        visibility=() if types and RECORD_TYPE not in types else visible_to(site.actor),
        **paging,  # type: ignore[arg-type]
    )


def phrases_of(text: str) -> tuple[str, ...]:
    """Texts of which one must be said; words in one of them stand together, in this order."""
    terms = (" ".join(term.replace('"', " ").split()) for term in text.split(","))
    return tuple(f'"{term}"' if " " in term else term for term in terms if term)


def span_of(text: str) -> Period | None:
    """A moment, or an interval with `..` or nothing at an open side."""
    if not text:
        return None
    start, stroke, end = text.partition("/")
    end = end if stroke else start
    sides = ["" if side in {"", OPEN} else side for side in (start, end)]
    if not any(sides):
        raise InvalidError(
            "datetime must have a start or an end", hint="write 2026-01-01/.. or ../2026-01-31"
        )
    return Period(start=sides[0], end=sides[1])


def filter_of(
    text: str | dict[str, object],
    language: str = "",
    crs: str = "",
    named: Callable[[Expression], Expression] = lambda expression: expression,
) -> Expression | None:
    """Filter that records can be asked; `named` puts our names of properties in place of others."""
    system = system_of(crs or CRS84, "filter-crs")
    chosen = language or "cql2-text"
    if chosen not in {"cql2-text", "cql2-json"}:
        raise InvalidError(f"filter-lang must be cql2-text or cql2-json, not {chosen[:40]!r}")
    if not text:
        return None

    def project(positions: NDArray[np.float64]) -> NDArray[np.float64]:
        return to_default(positions, system)

    language_ = cast("Literal['cql2-text', 'cql2-json']", chosen)
    expression = named(parse(text, language_, project=None if system.is_default else project))
    check_filter(expression)
    return expression


def sort_of(words: Sequence[str], known: Mapping[str, object]) -> tuple[Key, ...]:
    """Keys of an order: a name, with - before it where it falls."""
    keys = []
    for word in words:
        name = word.lstrip("+- ").removeprefix("properties.")
        name = SORT_ALIASES.get(name, name)
        if name not in known:
            raise InvalidError(
                f"records cannot be sorted by {word[:40]!r}", hint=f"but by {', '.join(known)}"
            )
        keys.append(Key(name, word.startswith("-")))
    return tuple(keys)


def _by_change(sort: tuple[Key, ...]) -> tuple[Key, ...]:
    """Order of records among tombstones: that of the changes, from the end that is asked for."""
    if len(sort) > 1 or any(key.name not in {"updated", "sequence"} for key in sort):
        raise InvalidError("tombstones can be sorted by updated only", hint="leave out deleted, or sortby")
    return (Key("sequence", sort[0].falls if sort else True),)
