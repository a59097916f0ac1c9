"""A page for people who come with a browser: any JSON document, drawn on the server, without scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

from craton.web.html_api import api_body
from craton.web.html_documents import body, title_of
from craton.web.html_values import anchor, links

STYLE = files(__package__).joinpath("page.css").read_text("utf-8")

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page may load: its own style, nothing else."""

PLACES = (
    ("/", "Start"),
    ("/collections", "Collections"),
    ("/collections/catalogue/items", "Catalogue"),
    ("/processes", "Processes"),
    ("/jobs", "Jobs"),
    ("/api", "API"),
)
"""Where the head of every page leads."""


PORTAL = Path(__file__).with_name("portal_files") / "index.html"
"""The page that the portal is drawn by, where it is built."""

IN_PORTAL = {
    "collections": "data",
    "datasets": "data",
    "processes": "processes",
    "apps": "apps",
    "jobs": "jobs",
}
"""First part of a path in the portal, by that of the path of a document."""


def has_portal() -> bool:
    """Whether the portal is built."""
    return PORTAL.is_file()


def in_portal(base: str, path: str) -> str:
    """Address in the portal of what `path` tells of, empty where there is no portal."""
    if not has_portal():
        return ""
    first, *rest = path.strip("/").split("/")
    if first not in IN_PORTAL or rest[:1] == ["catalogue"]:
        return f"{base}/portal/"
    return "/".join([base, "portal", IN_PORTAL[first], *rest[:1]])


@dataclass(frozen=True)
class Page:
    """What surrounds a document on its page.

    Parameters
    ----------
    base : str
        Address of the node.
    path : str
        Path of the document below it.
    as_json : str
        Address of the same document as JSON.
    node : str
        Title of the node.
    """

    base: str
    path: str
    as_json: str
    node: str

    def of(self, document: object) -> str:
        """The page of `document`."""
        title = title_of(document, dict(PLACES).get(self.path, self.path))
        page_title = escape(title if title == self.node else f"{title} · {self.node}")
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{page_title}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<link rel="alternate" type="application/json" href="{escape(self.as_json)}">'
            f"<style>{STYLE}</style></head><body>{self._head()}"
            f'<main id="main"><h1>{escape(title)}</h1>'
            f"{self._forms()}{_words(document)}{_drawn(document)}</main>"
            "</body></html>\n"
        )

    def _head(self) -> str:
        places = "".join(self._place(path, words) for path, words in PLACES)
        return (
            '<a class="skip" href="#main">To the content</a>'
            f'<header><p class="quiet">{escape(self.node)}</p><nav aria-label="Node">{places}</nav></header>'
        )

    def _place(self, path: str, words: str) -> str:
        here = ' aria-current="page"' if path == self.path else ""
        form = "?f=html" if path == "/" else ""  # else it may be the portal
        return f'<a href="{escape(self.base + path + form)}"{here}>{words}</a>'

    def _forms(self) -> str:
        address = in_portal(self.base, self.path)
        portal = anchor(address, "Open in the portal") if address else ""
        return f'<p class="forms">{anchor(self.as_json, "JSON", rel="alternate")}{portal}</p>'


def _words(document: object) -> str:
    """Description of a document."""
    words = document.get("description") if isinstance(document, Mapping) else None
    return f"<p>{escape(words)}</p>" if isinstance(words, str) and words else ""


def _drawn(document: object) -> str:
    if not isinstance(document, Mapping):
        return body(document)
    if "openapi" in document and "paths" in document:
        return api_body(document)
    said = document.get("links")
    told = links(said) if isinstance(said, list) else ""
    return body(document) + (f"<h2>Links</h2>{told}" if told else "")
