"""A report as one page that stands by itself: its style and charts are in it, nothing is loaded."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from html import escape
from importlib.resources import files

from craton.web.report_content import (
    Bullets,
    Code,
    Facts,
    Figure,
    Grid,
    Heading,
    Paragraph,
    Part,
    ReportContent,
    Span,
    Text,
    Tiles,
)

STYLE = files(__package__).joinpath("report.css").read_text("utf-8")

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a report may load: its own style, and the pictures that it holds itself."""

MANY, MANY_WORDS = 6, 4
"""Columns, and columns of words, from which on a table keeps a width that it can be read at."""

TAGS = {"en": "en", "zh": "zh-Hans"}


def html_report(content: ReportContent, *, other: Iterable[tuple[str, str]] = ()) -> str:
    """The page of a report; `other` are names and addresses of its other forms and languages."""
    links = "".join(f'<a href="{escape(href)}">{escape(name)}</a>' for name, href in other)
    return (
        f'<!DOCTYPE html>\n<html lang="{TAGS[content.language]}"><head><meta charset="utf-8">'
        f"<title>{escape(content.title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>"
        f'<header><p class="kicker">{escape(content.kicker)}</p><h1>{escape(content.title)}</h1>'
        f'<p class="question">{escape(content.question)}</p>'
        f'<p class="made">{escape(content.frame.made)}</p>'
        f"{f'<nav class="forms">{links}</nav>' if links else ''}</header>"
        f"{_contents(content)}<main>{''.join(map(_part, content.parts))}</main></body></html>\n"
    )


def _contents(content: ReportContent) -> str:
    words = escape(content.frame.contents)
    items = "".join(f'<li><a href="#{part.id}">{escape(part.title)}</a></li>' for part in content.parts)
    return f'<nav class="contents" aria-label="{words}"><ol>{items}</ol></nav>'


def _part(part: Part) -> str:
    return (
        f'<section id="{part.id}"><h2>{escape(part.title)}</h2>{"".join(map(_block, part.blocks))}</section>'
    )


def _block(block: object) -> str:
    return _WRITERS[type(block)](block)


def _text(text: Text) -> str:
    return "".join(map(_span, text))


def _span(span: Span) -> str:
    words = span.picture or escape(span.text)
    if span.style == "code":
        words = f"<code>{words}</code>"
    elif span.style != "plain":
        tag = "b" if span.style == "strong" else "small"
        words = f"<{tag}>{words}</{tag}>"
    if span.colour:
        words = (
            f'<svg class="field" viewBox="0 0 10 10" aria-hidden="true">'
            f'<rect width="10" height="10" fill="{escape(span.colour)}"/></svg>{words}'
        )
    return f'<a href="{escape(span.href)}">{words}</a>' if span.href else words


def _paragraph(block: Paragraph) -> str:
    kind = "" if block.kind == "plain" else f' class="{block.kind}"'
    return f"<p{kind}>{_text(block.text)}</p>"


def _facts(block: Facts) -> str:
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{_text(text)}</dd></div>" for name, text in block.rows)
    return f"<dl>{rows}</dl>"


def _tiles(block: Tiles) -> str:
    rows = "".join(f"<li><b>{_text(text)}</b><span>{escape(name)}</span></li>" for text, name in block.rows)
    return f'<ul class="tiles">{rows}</ul>'


def _grid(block: Grid) -> str:
    def cells(tag: str, texts: Iterable[str], more: str = "") -> str:
        return "".join(
            f"<{tag}{more}{' class="number"' if place in block.numbers else ''}>{text}</{tag}>"
            for place, text in enumerate(texts)
        )

    head = cells("th", map(escape, block.head), ' scope="col"')
    rows = "".join(f"<tr>{cells('td', map(_text, row))}</tr>" for row in block.rows)
    caption = escape(block.caption)
    count = len(block.head)
    is_many = count >= MANY or count - len(block.numbers) >= MANY_WORDS
    many = ' class="many"' if is_many else ""
    return (
        f'<div class="wide" role="region" aria-label="{caption}" tabindex="0"><table{many}>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _figure(block: Figure) -> str:
    caption = escape(block.caption)
    drawn = block.svg.replace(">", f"><title>{escape(block.words)}</title>", 1)
    kind = ' class="map"' if block.is_map else ""
    return (
        f'<figure{kind}><div class="wide" role="region" aria-label="{caption}" tabindex="0">{drawn}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _bullets(block: Bullets) -> str:
    return f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in block.items)}</ul>"


_WRITERS: dict[type, Callable[..., str]] = {
    Paragraph: _paragraph,
    Heading: lambda block: f"<h3>{escape(block.text)}</h3>",
    Facts: _facts,
    Tiles: _tiles,
    Grid: _grid,
    Figure: _figure,
    Bullets: _bullets,
    Code: lambda block: f'<pre tabindex="0"><code>{escape(block.text)}</code></pre>',
}
