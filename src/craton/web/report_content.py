"""What a report says, in one language and in order; how it looks is the writers' affair.

A report is parts of blocks, a block of texts, a text of spans: that is all
that a writer must know. Texts are plain: what looks like markup is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "strong", "quiet", "code"]


@dataclass(frozen=True)
class Span:
    """Words in one style.

    Parameters
    ----------
    href : str
        Address that they lead to, empty for none.
    colour : str
        `#rrggbb` of a small field of colour before them, empty for none.
    picture : str
        A small drawing as SVG in place of the words, which tell what it shows.
    """

    text: str
    href: str = ""
    style: Style = "plain"
    colour: str = ""
    picture: str = ""


Text = tuple[Span, ...]


@dataclass(frozen=True)
class Paragraph:
    """Running words: the answer in short (`lead`), the text, or a note that must be seen (`note`)."""

    text: Text
    kind: Literal["plain", "lead", "note"] = "plain"


@dataclass(frozen=True)
class Heading:
    """Heading within a part."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Names and what is told of each."""

    rows: tuple[tuple[str, Text], ...]


@dataclass(frozen=True)
class Tiles:
    """A few numbers that are read first, and what each is."""

    rows: tuple[tuple[Text, str], ...]


@dataclass(frozen=True)
class Grid:
    """A table.

    Parameters
    ----------
    head : tuple of str
        Names of the columns.
    rows : tuple of tuple of Text
        As many cells as there are columns.
    numbers : frozenset of int
        Columns that hold numbers, which are set to the right.
    widths : tuple of float
        Of the columns by their sum; without them, as their words need.
    caption : str
        What it shows.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    caption: str
    numbers: frozenset[int] = frozenset()
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A drawing as SVG, and what it shows in words; a map can be drawn small, letters of a chart cannot."""

    svg: str
    caption: str
    words: str
    is_map: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[Text, ...]


@dataclass(frozen=True)
class Code:
    """Lines for a machine."""

    text: str


Block = Paragraph | Heading | Facts | Tiles | Grid | Figure | Bullets | Code


@dataclass(frozen=True)
class Part:
    """A part of the report: its mark in addresses, its title, what it holds."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Frame:
    """Words of the page around the report."""

    contents: str
    page: str
    """With `{page}` and `{pages}`."""
    made: str


@dataclass(frozen=True)
class ReportContent:
    """A report.

    Parameters
    ----------
    language : str
        `en` or `zh`.
    title, question : str
        What it is about, and what is asked.
    author : str
        Who publishes it.
    kicker : str
        Line above the title: what kind of document it is, of which node.
    date : str
        RFC 3339 of the run that it tells of: the same run makes the same bytes.
    source : str
        Address of the answer, empty where the node has none.
    """

    language: str
    title: str
    question: str
    author: str
    kicker: str
    date: str
    source: str
    frame: Frame
    parts: tuple[Part, ...]


def plain(text: str, href: str = "") -> Text:
    """A text of one span."""
    return (Span(text, href),)


def strong(text: str, href: str = "") -> Text:
    """A text of one span that stands out."""
    return (Span(text, href, "strong"),)


def quiet(text: str) -> Text:
    """A text of one span that stands back."""
    return (Span(text, "", "quiet"),)


def code(text: str) -> Text:
    """A text of one span for a machine."""
    return (Span(text, "", "code"),)
