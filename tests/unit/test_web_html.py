"""Pages for people: nothing of a document is markup, all of it is there, and the page stands by itself."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from starlette.requests import Request

from craton.web.html_page import POLICY, STYLE, Page
from craton.web.html_values import anchor
from craton.web.negotiation import languages_of, text_in, wants_page

PAGE = Page(
    "https://node.example/craton", "/collections", "https://node.example/craton/collections?f=json", "Node"
)
EVIL = "<script>alert('x')</script>\"'&<img src=x onerror=alert(1)>"
VOID = {"meta", "link", "br", "img"}


class _Checker(HTMLParser):
    """Collects tags, and sees that each is closed in its turn."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.hrefs, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        self.hrefs += [value for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def _read(page):
    checker = _Checker()
    checker.feed(page)
    assert checker.open == []
    return checker


def _request(query="", method="GET", **headers):
    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return Request(
        {"type": "http", "method": method, "path": "/", "query_string": query.encode(), "headers": pairs}
    )


DOCUMENTS = [
    {"title": "Landing", "description": "words", "links": [{"href": "/a", "rel": "self", "type": "text/html"}]},
    {"collections": [{"id": "a", "title": "A", "crs": ["x"], "links": [{"href": "/a", "rel": "self"}]}], "links": []},
    {"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": 1, "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {"a": None}},
        {"type": "Feature", "id": 2, "geometry": None, "properties": None},
    ], "links": [{"href": "/c/items?limit=2", "rel": "self"}, {"href": "/c/items?after=2", "rel": "next"}]},
    {"type": "FeatureCollection", "features": []},
    {"type": "Feature", "id": "x", "geometry": None, "properties": {"title": "T", "list": [{"a": 1}, {"b": [2]}]}},
    {"deep": {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}, "empty": {}, "none": [], "truth": True},
    {"openapi": "3.0.3", "tags": [{"name": "T"}], "paths": {"/x": {"get": {
        "tags": ["T"], "summary": "S", "parameters": [{"$ref": "#/components/parameters/p"}],
        "responses": {"200": {"description": "d", "content": {"application/json": {}}}}}}},
     "components": {"parameters": {"p": {"name": "limit", "in": "query", "schema": {"type": "integer"}}}}},
    ["a", 1, None],
]  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_shape_is_well_formed(document):
    """Tags close in their turn, the page has a language, one heading of the first order, and its own style only."""
    read = _read(PAGE.of(document))
    tags = [tag for tag, _ in read.seen]
    assert tags.count("h1") == 1
    assert dict(read.seen)["html"]["lang"] == "en"
    assert not {"script", "img", "iframe", "form"} & set(tags)
    assert not any(name.startswith("on") or name == "style" for _, attrs in read.seen for name in attrs)


def test_nothing_of_a_document_is_markup():
    """Text that looks like a page stays text, in keys, values, titles, links and tables."""
    evil = {
        "title": EVIL, "description": EVIL, EVIL: EVIL, "rows": [{EVIL: EVIL}], "deep": {"a": {EVIL: [EVIL]}},
        "things": [{"id": EVIL, "title": EVIL, EVIL: EVIL, "links": [{"href": EVIL, "rel": EVIL, "title": EVIL}]}],
        "links": [{"href": f"https://x/{EVIL}", "rel": EVIL, "type": EVIL}, {"href": "javascript:alert(1)", "rel": "self"}],
    }  # fmt: skip
    feature = {
        "type": "Feature",
        "id": EVIL,
        "geometry": {"type": EVIL, "coordinates": EVIL},
        "properties": {EVIL: EVIL},
    }
    for document in (
        evil,
        feature,
        {"type": "FeatureCollection", "features": [feature], "links": evil["links"]},
    ):
        read = _read(PAGE.of(document))
        assert not {"script", "img"} & {tag for tag, _ in read.seen}
        assert not any(name.startswith("on") for _, attrs in read.seen for name in attrs)
        assert not any(href.lower().startswith("javascript") for href in read.hrefs)
        assert EVIL in "".join(read.text)


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "data:text/html,x", "//evil.example", " https://x", "vbscript:x"]
)
def test_only_plain_addresses_are_links(href):
    """An address that could run something, or that leads elsewhere in disguise, is only text."""
    assert "<a" not in anchor(href, "words")


def test_all_values_are_on_the_page():
    """/req/html/content: all that the JSON document says stands on its page."""
    document = {
        "type": "FeatureCollection", "numberMatched": 77,
        "features": [{"type": "Feature", "id": 5, "geometry": {"type": "Point", "coordinates": [102.25, 18.5]},
                      "properties": {"name": "ຫີນແກຣນິດ", "depth_m": 12.5, "tags": ["a", "b"]}}],
    }  # fmt: skip
    text = " ".join(_read(PAGE.of(document)).text)
    for said in ("77", "5", "Point", "102.25", "ຫີນແກຣນິດ", "12.5", "depth_m", "tags", "a", "b"):
        assert said in text


def test_the_style_is_the_one_that_the_policy_allows():
    """The policy of a page names the hash of the style that stands in it, and allows nothing else."""
    style = re.search(r"<style>(.*?)</style>", PAGE.of({}), re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert style == STYLE
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert POLICY.startswith("default-src 'none'")


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_can_be_read(scheme):
    """Text, quiet text and links have a contrast of 4.5 to 1 and more on both backgrounds, light and dark (WCAG AA)."""
    found = re.findall(r"--(\w+):(#[0-9a-f]{3,6})", STYLE)
    colours = dict(found[:6] if scheme == 0 else found[6:])
    assert colours.keys() == {"ink", "quiet", "paper", "line", "link", "tint"}
    for name in ("ink", "quiet", "link"):
        for ground in ("paper", "tint"):
            light, dark = sorted((_luminance(colours[name]), _luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5


def _luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("query", "accept", "page"),
    [
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("", "*/*", False),
        ("", "", False),
        ("", "text/html", True),
        ("", "text/html;q=0.5, application/json", False),
        ("", "text/html;q=0.9, application/*;q=0.2", True),
        ("", "text/html;q=0", False),
        ("", "text/html;q=nan, text/html;q=x", False),
        ("", "application/json, text/html", False),
        ("f=json", "text/html", False),
        ("f=html", "application/json", True),
        ("f=geojson", "text/html", False),
    ],
)
def test_form_of_a_document(query, accept, page):
    """`f` decides, else the larger quality of `Accept`; a tie is JSON, for programs ask so."""
    assert wants_page(_request(query, accept=accept)) is page
    assert wants_page(_request(query, method="POST", accept=accept)) is False


def test_languages():
    """Languages come by quality, with the wider tags of each; a title falls back to English, then to any."""
    languages = languages_of(_request(accept_language="zh-Hans-CN;q=0.7, lo, *;q=0.1, en;q=0"))
    assert languages == ("lo", "zh-hans-cn", "zh-hans", "zh")
    titles = {"en": "Rock", "zh": "岩石"}
    assert text_in(titles, languages) == ("岩石", "zh")
    assert text_in(titles, ("th",)) == ("Rock", "en")
    assert text_in({"vi": "Đá"}, ()) == ("Đá", "vi")
    assert text_in({}, ("en",)) == ("", "und")
