"""What is asked of the STAC items: parameters of an address or a body as a query of the store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request

from craton.model.cql2 import Expression, Operation, Place, Property, properties_of, rename
from craton.model.cql2_values import place_of
from craton.model.errors import InvalidError
from craton.model.moments import moment
from craton.model.permission import visible_to
from craton.model.record import Period
from craton.store.record_filter import ALIASES, OWN, QUERYABLES, check_filter
from craton.store.search import Query
from craton.web.crs_negotiation import CRS84, box_of
from craton.web.queries import MOST, OPEN, check_query
from craton.web.records_query import SORT_ALIASES, Given, filter_of, phrases_of, sort_of
from craton.web.replies import Json
from craton.web.site import Site
from craton.web.stac_fields import Fields, fields_of

DEFAULT_ITEMS = 10
"""Items of a page where no limit is given."""

ITEM_PARAMETERS = (
    "bbox", "datetime", "limit", "token", "sortby", "fields", "filter", "filter-lang", "filter-crs", "q",
    "ids",
)  # fmt: skip
SEARCH_PARAMETERS = (*ITEM_PARAMETERS, "intersects", "collections")

SORTED = {
    "id": "id", "datetime": "datetime", "created": "created", "updated": "updated", "title": "title",
    "collection": "kind", "craton:kind": "kind", "license": "licence", "craton:version": "version",
}  # fmt: skip
"""What items can be sorted by, and what it is called in the catalogue."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:(?P<second>\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LISTS = ("ids", "collections")


@dataclass(frozen=True)
class AskedItems:
    """A page of items that is asked for.

    Parameters
    ----------
    query : Query
        For the store; its limit is that of the page.
    fields : Fields
        Parts of an item that are wanted.
    body : dict or None
        What was posted.
    """

    query: Query
    fields: Fields
    body: Json | None = None


def asked_of_address(site: Site, request: Request, kind: str = "") -> AskedItems:
    """What the query of an address asks; `kind` is the collection that the address names."""
    check_query(request, *(ITEM_PARAMETERS if kind else SEARCH_PARAMETERS))
    given = Given(request.query_params)
    intersects = _json(given.text("intersects"), "intersects")
    query = _query(
        site, given, intersects, (kind,) if kind else given.words("collections"),
        filter_of(given.text("filter"), given.text("filter-lang"), given.text("filter-crs") or CRS84, named),
    )  # fmt: skip
    fields = given.text("fields") if "fields" in request.query_params else None
    return AskedItems(query, fields_of(fields))


def asked_of_body(site: Site, body: Json) -> AskedItems:
    """What was posted to the search."""
    unknown = sorted(set(body) - set(SEARCH_PARAMETERS))
    if unknown:
        raise InvalidError(
            f"{unknown[0][:40]!r} is no part of a search", hint=f"there are: {', '.join(SEARCH_PARAMETERS)}"
        )
    given = Given({name: _text_of(name, value) for name, value in body.items() if value is not None})
    language = given.text("filter-lang") or "cql2-json"
    said = body.get("filter")
    if said is not None and not isinstance(said, dict if language == "cql2-json" else str):
        raise InvalidError(f"filter must be {'an object' if language == 'cql2-json' else 'a text'}")
    if "fields" in body and body["fields"] is None:
        raise InvalidError("fields must be an object, not null")
    found = filter_of(
        _flat_ranges(said) if isinstance(said, dict) else said or "",
        language,
        given.text("filter-crs") or CRS84,
        named,
    )
    query = _query(site, given, body.get("intersects"), given.words("collections"), found)
    return AskedItems(query, fields_of(body.get("fields")), body)


def _flat_ranges(tree: Json) -> Json:
    """A filter whose ranges are written as in the drafts of CQL2, made as in the standard."""
    waiting: list[Any] = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            match one:
                case {"op": "between", "args": [value, [low, high]]}:
                    one["args"] = [value, low, high]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return tree


def _text_of(name: str, value: Any) -> str:
    """A part of a body as an address would have it."""
    if name in {"filter", "fields", "intersects"}:
        return ""
    if name == "sortby":
        return ",".join(_sort_word(one) for one in _listed(name, value))
    if name in _LISTS or (name == "q" and isinstance(value, list)):
        words = _listed(name, value)
        if not all(isinstance(word, str) and "," not in word for word in words):
            raise InvalidError(f"{name} must be a list of texts without commas")
        return ",".join(words)
    if name == "bbox":
        numbers = _listed(name, value)
        if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
            raise InvalidError("bbox must be a list of numbers")
        return ",".join(map(repr, numbers)) or "none"
    if name == "limit" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise InvalidError(f"{name} must be a text, not {str(value)[:40]}")
    return value


def _listed(name: str, value: Any) -> list[Any]:
    if name == "collections" and isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise InvalidError(f"{name} must be a list")
    return value


def _sort_word(one: Any) -> str:
    match one:
        case {"field": str(field), "direction": "asc" | "desc" as direction} if "," not in field:
            return f"{'-' if direction == 'desc' else '+'}{field}"
        case {"field": str(field), **others} if not others and "," not in field:
            return field
    raise InvalidError("sortby must be a list of objects with a field, and a direction asc or desc")


def _json(text: str, name: str) -> Any:
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidError(f"{name} must be a GeoJSON geometry") from None


def _query(
    site: Site, given: Given, intersects: Any, kinds: tuple[str, ...], condition: Expression | None
) -> Query:
    """Query of what is given in either way."""
    if intersects is not None and given.text("bbox"):
        raise InvalidError("a search has a bbox or intersects, not both")
    conditions = [condition, _within(intersects)]
    sort = sort_of(given.words("sortby"), {**SORTED, **SORT_ALIASES})
    return Query(
        bbox=box_of(given.text("bbox")) if given.text("bbox") else None,
        told=_at(given.text("datetime")),
        any_text=phrases_of(given.text("q")),
        ids=given.words("ids"),
        kinds=kinds,
        filter=_joined([one for one in conditions if one is not None]),
        visibility=visible_to(site.actor),
        limit=given.number("limit", DEFAULT_ITEMS, least=1, most=MOST),
        sort=tuple(key._replace(name=SORTED.get(key.name, key.name)) for key in sort),
        cursor=given.text("token"),
    )


def named(expression: Expression) -> Expression:
    """A filter on items as one on records."""
    return _timed(rename(expression, _own_name))


def _timed(expression: Expression) -> Expression:
    """A filter in which the time of an item is that of its last change where no other is known."""
    if not isinstance(expression, Operation):
        return expression
    if expression.op in {"and", "or", "not"}:
        return Operation(expression.op, tuple(map(_timed, expression.args)))
    if expression.op == "isNull" or not {"time", "datetime"} & properties_of(expression):
        return expression
    changed = rename(expression, lambda name: "updated" if name in {"time", "datetime"} else name)
    unknown = Operation("and", (Operation("isNull", (Property("time"),)), changed))
    return Operation("or", (expression, unknown))


def _own_name(name: str) -> str:
    plain = name.removeprefix("properties.")
    if plain == "collection":
        return "kind"
    return plain if plain in QUERYABLES or plain in ALIASES else OWN + plain


def _joined(conditions: list[Expression]) -> Expression | None:
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Operation("and", tuple(conditions))


def _within(geometry: Any) -> Expression | None:
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise InvalidError("intersects must be a GeoJSON geometry")
    condition = Operation("s_intersects", (Property("geometry"), Place(place_of(geometry).geometry)))
    check_filter(condition)
    return condition


def _at(text: str) -> Period | None:
    """When items are; one whose time is not known is told with that of its last change, and found by it."""
    if not text:
        return None
    start, stroke, end = text.partition("/")
    sides = [_moment(side) for side in ((start, end) if stroke else (start, start))]
    if sides == [None, None]:
        raise InvalidError("datetime must have a start or an end")
    if sides[0] and sides[1] and sides[0] > sides[1]:
        raise InvalidError("datetime must not end before it starts")
    start, end = (side.isoformat() if side else "" for side in sides)
    return Period(start=start, end=end)


def _moment(text: str) -> Any:
    """A moment of RFC 3339; `None` for an open side. A leap second is the one before it."""
    if text in {"", OPEN}:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        raise InvalidError(f"{text[:60]!r} is not a time of RFC 3339", hint="write 2025-03-28T06:20:52Z")
    if found["second"] == "60":
        at = found.start("second")
        text = f"{text[:at]}59{text[at + 2 :]}"
    return moment(text.upper())
