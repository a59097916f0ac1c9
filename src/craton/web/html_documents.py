"""The body of a page by the shape of its document: features, one feature, lists of things, anything else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from craton.web.html_values import (
    Json,
    anchor,
    definitions,
    geometry,
    is_flat,
    links,
    shown,
    table,
)

HEAD_KEYS = frozenset({"title", "description", "links"})
"""Keys of a document that stand elsewhere on its page."""

PAGES = ("prev", "first", "next")
"""Relations of links that lead through the pages of a list."""


def title_of(document: object, otherwise: str) -> str:
    """Words that name a document."""
    if not isinstance(document, Mapping):
        return otherwise
    properties = document.get("properties")
    inner = properties if isinstance(properties, Mapping) and document.get("type") == "Feature" else {}
    for value in (document.get("title"), inner.get("title"), document.get("id")):
        if isinstance(value, str | int) and value != "":
            return str(value)
    return otherwise


def body(document: object) -> str:
    """All that `document` says."""
    if not isinstance(document, Mapping):
        return shown(document)
    if document.get("type") == "FeatureCollection" and isinstance(document.get("features"), list):
        return _features(document)
    if document.get("type") == "Feature" and "properties" in document:
        return _feature(document)
    return _anything(document)


def _features(document: Json) -> str:
    features = [one for one in document["features"] if isinstance(one, Mapping)]
    address = _collection_address(document)
    first = [("id", _named(one, address)) for one in features]
    rows = [{**(one.get("properties") or {})} for one in features]
    places = [geometry(one.get("geometry")) for one in features]
    said = {k: v for k, v in document.items() if k not in {*HEAD_KEYS, "type", "features"}}
    drawn = table(rows, 1, first=first) if features else "<p>Nothing here answers the question.</p>"
    shapes = "".join(f"<li>{name}: {place}</li>" for (_, name), place in zip(first, places, strict=True))
    where = f"<details><summary>Geometries</summary><ul>{shapes}</ul></details>" if features else ""
    return definitions(said) + drawn + _paging(document) + where


def _collection_address(document: Json) -> str:
    """Where the features of a list are told of one by one."""
    return _linked(document).get("self", "").partition("?")[0].rstrip("/")


def _linked(document: Json) -> dict[str, str]:
    """Address of the first link of each relation."""
    said = document.get("links") or ()
    return {str(one.get("rel")): str(one.get("href", "")) for one in reversed(said)}


def _named(feature: Json, address: str) -> str:
    """Identifier of a feature as a link to it."""
    id_ = str(feature.get("id", ""))
    href = _linked(feature).get("self") or (f"{address}/{id_}" if address and id_ else "")
    return anchor(href, id_) if href else escape(id_)


def _feature(document: Json) -> str:
    properties = document.get("properties") or {}
    kept = {k: v for k, v in properties.items() if k not in {"title", "description"}}
    rest = {
        k: v for k, v in document.items()
        if k not in {*HEAD_KEYS, "type", "geometry", "properties", "assets"}
    }  # fmt: skip
    place = f"<h2>Geometry</h2><p>{geometry(document.get('geometry'))}</p>"
    assets = document.get("assets")
    files = f"<h2>Assets</h2>{definitions(assets)}" if isinstance(assets, Mapping) and assets else ""
    return f"{definitions(rest)}<h2>Properties</h2>{definitions(kept)}{place}{files}"


def _anything(document: Json) -> str:
    lists = {k: v for k, v in document.items() if k not in HEAD_KEYS and _is_entries(v)}
    rest = {k: v for k, v in document.items() if k not in HEAD_KEYS and k not in lists}
    parts = [definitions(rest)] if rest else []
    parts += [f"<h2>{escape(str(k))}</h2>{_entries(v)}" for k, v in lists.items()]
    return "".join(parts) + _paging(document)


def _is_entries(value: object) -> bool:
    """Whether `value` is a list of things with a name each."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, Mapping) and "links" in one for one in value)
    )


def _entries(entries: list[Any]) -> str:
    return "".join(_entry(one) for one in entries)


def _entry(entry: Json) -> str:
    name = str(entry.get("title") or entry.get("id") or entry.get("jobID") or "")
    own = _linked(entry).get("self")
    heading = anchor(own, name) if own else escape(name)
    words = f"<p>{escape(str(entry['description']))}</p>" if entry.get("description") else ""
    rest = {k: v for k, v in entry.items() if k not in HEAD_KEYS}
    flat = {k: v for k, v in rest.items() if is_flat({k: v})}
    parts = {k: v for k, v in rest.items() if k not in flat}
    details = f"{definitions(parts) if parts else ''}{links(entry.get('links') or ())}"
    return (
        f"<article><h3>{heading}</h3>{words}{definitions(flat) if flat else ''}"
        f"<details><summary>More</summary>{details}</details></article>"
    )


def _paging(document: Json) -> str:
    """Links to the pages before and after."""
    found = _linked(document)
    words = {"first": "First page", "prev": "Page before", "next": "Next page"}
    said = " ".join(anchor(found[rel], words[rel], rel=rel) for rel in PAGES if rel in found)
    return f'<nav class="pages" aria-label="Pages">{said}</nav>' if said else ""
