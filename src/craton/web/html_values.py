"""Values of a JSON document as HTML: nothing in them is ever taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import msgspec

Json = Mapping[str, Any]

SAFE_HREF = re.compile(r"(https?://|mailto:|/(?!/)|[?#])[^\s]*", re.IGNORECASE)
"""Addresses that may stand in a page; `javascript:` and the like may not."""

MOST_DEPTH = 5
"""Nesting that is drawn; what lies deeper is written as JSON."""

MOST_CHARACTERS = 20_000
"""Characters of a text written as JSON."""

MOST_ITEMS = 1_000
"""Entries of a list within a value."""

MOST_COLUMNS = 60

SHORT = 80
"""Characters of positions that stand beside the type of a geometry."""


def text(value: object) -> str:
    """`value` as text of a page."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "–"
    return escape(str(value))


def anchor(href: str, words: str, *, rel: str = "") -> str:
    """A link, or only its words where the address is not one to follow."""
    if not SAFE_HREF.fullmatch(href):
        return escape(words)
    relation = f' rel="{escape(rel)}"' if rel else ""
    return f'<a href="{escape(href)}"{relation}>{escape(words)}</a>'


def shown(value: object, depth: int = 0) -> str:
    """`value` as HTML."""
    if isinstance(value, str):
        return anchor(value, value) if value.startswith(("http://", "https://")) else escape(value)
    if isinstance(value, Mapping):
        return as_json(value) if depth >= MOST_DEPTH else definitions(value, depth + 1)
    if isinstance(value, Sequence):
        return as_json(value) if depth >= MOST_DEPTH else _listed(value, depth + 1)
    return text(value)


def as_json(value: object) -> str:
    """`value` written as JSON."""
    return f"<code>{escape(written(value))}</code>"


def written(value: object) -> str:
    """JSON of `value`, cut where it is very long."""
    whole = msgspec.json.encode(value).decode()
    return whole if len(whole) <= MOST_CHARACTERS else f"{whole[:MOST_CHARACTERS]} …"


def definitions(document: Json, depth: int = 0) -> str:
    """Keys and values of an object."""
    if not document:
        return "–"
    pairs = (f"<div><dt>{escape(str(k))}</dt><dd>{shown(v, depth)}</dd></div>" for k, v in document.items())
    return f"<dl>{''.join(pairs)}</dl>"


def _listed(values: Sequence[object], depth: int) -> str:
    if not values:
        return "–"
    kept, more = values[:MOST_ITEMS], len(values) - MOST_ITEMS
    rest = f" … and {more} more" if more > 0 else ""
    if is_numbers(kept):
        return text(", ".join(map(str, kept))) + rest
    if all(isinstance(one, Mapping) and is_flat(one) for one in kept):
        return table([one for one in kept if isinstance(one, Mapping)], depth) + rest
    return "<ul>" + "".join(f"<li>{shown(one, depth)}</li>" for one in kept) + f"</ul>{rest}"


def is_numbers(values: Iterable[object]) -> bool:
    """Whether all `values` are numbers."""
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)


def is_flat(document: Json) -> bool:
    """Whether the values of an object have no parts."""
    return not any(isinstance(value, Mapping | list | tuple) for value in document.values())


def columns_of(rows: Iterable[Json]) -> list[str]:
    """Names of all keys of `rows`, in the order in which they come."""
    return list(dict.fromkeys(str(name) for row in rows for name in row))


def table(rows: Sequence[Json], depth: int = 0, *, first: Sequence[tuple[str, str]] = ()) -> str:
    """Rows as a table that scrolls by itself.

    Parameters
    ----------
    rows : sequence of mapping
        Cells by the name of their column.
    first : sequence of (str, str)
        Name and HTML of a column before all others, one for each row.
    """
    names = columns_of(rows)
    names, more = names[:MOST_COLUMNS], len(names) - MOST_COLUMNS
    head = ([first[0][0]] if first else []) + names + ([f"{more} more"] if more > 0 else [])
    cells = [
        ([cell for _, cell in first[i : i + 1]]) + [shown(row[n], depth) if n in row else "" for n in names]
        for i, row in enumerate(rows)
    ]
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
    return (
        f'<div class="wide" role="group" aria-label="table" tabindex="0">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def links(said: Iterable[Json]) -> str:
    """Links of a document, with their relation and type."""
    items = "".join(f"<li>{_link(one)}</li>" for one in said if isinstance(one.get("href"), str))
    return f'<ul class="links">{items}</ul>' if items else ""


def _link(one: Json) -> str:
    rel, kind = str(one.get("rel", "")), str(one.get("type", ""))
    words = str(one.get("title") or rel or one["href"])
    said = " · ".join(
        escape(part.rpartition("/")[2] if "://" in part else part) for part in (rel, kind) if part
    )
    return f'{anchor(str(one["href"]), words)} <span class="quiet">{said}</span>'


def geometry(place: object) -> str:
    """A geometry in words: its type, and its positions where they are few."""
    if not isinstance(place, Mapping):
        return "–"
    positions = written(place.get("coordinates", place.get("geometries")))
    kind = text(place.get("type", ""))
    if len(positions) <= SHORT:
        return f'{kind} <span class="quiet">{escape(positions)}</span>'
    return f"{kind} <details><summary>positions</summary>{as_json(place)}</details>"
