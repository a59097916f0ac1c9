"""A report as text for Typst: every word is a literal of a string, so that nothing in it can be markup."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
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
from craton.web.report_fonts_folder import FONTS
from craton.web.report_svg import width_of

TEMPLATE = files(__package__).joinpath("report.typ").read_text("utf-8")

UNTITLED = "–"
"""Stands for a title of which no sign can be drawn; PDF/UA asks for one."""

RARE = re.compile(r"[^\n -~]")
"""Signs that some font may lack, or that are none."""

MISSING = "□"
"""Stands for a sign that no font has."""

WIDEST = 26.0
"""Heights of letters from which on a column of words is no wider for its sake."""

PLACE = 61.0
"""Heights of letters of a table across the page."""

INSET = 1.1
"""What stands beside the words of a cell."""

BREAKS = "_-@/.:="
"""Signs of names for machines behind which a line may break."""

MOST_TITLE, MOST_LETTERS = 300, 1000
"""Letters of a title and of a cell that are set: the time for a row grows with its square beyond a page."""

MOST_ALTERNATIVE = 8000
"""Letters that tell what a drawing shows; PDF/A allows 32,767 bytes."""

LONGEST = 16
"""Letters of such a name from which on it may break anywhere."""


def typst_source(content: ReportContent) -> str:
    """Source of the whole report."""
    title = visible(_short(content.title, MOST_TITLE)).strip() or UNTITLED
    start, _, rest = content.frame.page.partition("{page}")
    between, _, end = rest.partition("{pages}")
    said = {
        "language": _string(content.language), "title": _string(title),
        "question": _string(content.question), "kicker": _string(content.kicker),
        "made": _string(content.frame.made),
        "page-words": _array(map(_string, (start, between, end))),
    }  # fmt: skip
    options = ", ".join(f"{name}: {value}" for name, value in said.items())
    first, *others = map(_part, content.parts)
    body = "\n".join([first, f"contents({_string(content.frame.contents)})", *others])
    day = moment_of(content.date)
    date = f"datetime(year: {day.year}, month: {day.month}, day: {day.day})"
    author = _string(content.author)
    document = f"#set document(title: {_string(title)}, author: {author}, date: {date})"
    return visible(f"{TEMPLATE}\n{document}\n#report({options}, {{\n{body}\n}})\n")


def moment_of(text: str) -> datetime:
    """A time of RFC 3339 in UTC; of what is none, always the same."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)


def visible(text: str) -> str:
    """`text` whose signs can all be drawn: what no font has becomes the letters it stands for, or a box."""
    return RARE.sub(lambda found: _shown(found[0]), text)


def _shown(sign: str) -> str:
    if unicodedata.category(sign) in {"Cc", "Cf", "Cn", "Cs"}:  # no sign of XML either, in which charts are
        return ""
    if is_covered(sign):
        return sign
    letters = unicodedata.normalize("NFKC", sign)
    return letters if letters.isalnum() and all(map(is_covered, letters)) else MISSING


def is_covered(sign: str) -> bool:
    """Whether a font of reports has a sign."""
    starts, ends = _covered()
    place = bisect_right(starts, ord(sign)) - 1
    return place >= 0 and ord(sign) <= ends[place]


@cache
def _covered() -> tuple[list[int], list[int]]:
    spans = [line.split("-") for line in (FONTS / "covered.txt").read_text().split()]
    return [int(first, 16) for first, _ in spans], [int(last, 16) for _, last in spans]


def _string(words: str) -> str:
    """A literal of a string."""
    quoted = words.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "\\n")
    return f'"{quoted.replace(chr(9), " ")}"'


def _array(items: Iterable[str]) -> str:
    return f"({''.join(f'{item}, ' for item in items)})"


def _text(text: Text) -> str:
    """A text as an expression whose value is content."""
    return f"{{ {'; '.join(map(_span, text)) or 'none'} }}"


def _cell(text: Text) -> str:
    """A text of a table, no longer than what a page can hold."""
    return _text(tuple(replace(span, text=_short(span.text)) for span in text))


def _title(words: str) -> str:
    return _string(_short(words, MOST_TITLE))


def _short(words: str, most: int = MOST_LETTERS) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _span(span: Span) -> str:
    if span.picture:
        words = f"spark({_string(span.picture)}, {_string(span.text)})"
    elif span.style == "code":
        words = f"code-text({{ {'; '.join(_boxes(span.text))} }})"
    else:
        name = {"plain": "text", "strong": "strong-text", "quiet": "quiet-text"}[span.style]
        words = f"{name}({_string(span.text)})"
    if span.colour:
        words = f"field({_string(span.colour)}); {words}"
    return f"link({_string(span.href)}, {{ {words} }})" if span.href else words


def _boxes(words: str) -> list[str]:
    """A name for machines in boxes between which a line may break; nothing is copied with it."""
    parts = [""]
    for sign in words:
        parts[-1] += sign
        if sign in BREAKS or len(parts[-1]) >= LONGEST:
            parts.append("")
    return [f"text({_string(part)})" if " " in part else f"box({_string(part)})" for part in parts if part]


def _part(part: Part) -> str:
    after = (*part.blocks[1:], None)
    told = (
        f"leading-in({_block(block)})" if _leads_in(block, then) else _block(block)
        for block, then in zip(part.blocks, after, strict=False)
    )
    return f"heading(level: 1, {_string(part.title)})\n" + "\n".join(told)


def _leads_in(block: object, then: object) -> bool:
    """Whether a block is not to be parted from what follows: words from their table, that from its source."""
    if isinstance(block, Paragraph):
        return block.kind == "plain" and isinstance(then, Heading | Grid | Facts | Code)
    return isinstance(block, Grid) and isinstance(then, Facts)


def _block(block: object) -> str:
    return _WRITERS[type(block)](block)


def _paragraph(block: Paragraph) -> str:
    return f"{block.kind}({_text(block.text)})"


def _grid(block: Grid) -> str:
    widths = _array(f"{width:.3f}fr" for width in block.widths or column_widths(block))
    numbers = _array(str(place) for place in sorted(block.numbers))
    head = _array(map(_title, block.head))
    rows = _array(_array(map(_cell, row)) for row in block.rows)
    return f"rows-of({widths}, {numbers}, {head}, {rows})"


def column_widths(grid: Grid) -> list[float]:
    """Widths of columns: none narrower than its longest word, wide ones sharing what is left."""
    needs, wants = [], []
    for place, head in enumerate(grid.head):
        texts = ["".join(map(_counted, row[place])) for row in grid.rows]
        whole = place in grid.numbers
        words = [*head.split(), *(texts if whole else (word for text in texts for word in _words(text)))]
        needs.append(max([4.5, *(width_of(word, 1.0) for word in words)]) + INSET)
        wants.append(
            max(needs[-1], min(max([0.0, *(width_of(text, 1.0) for text in texts)]) + INSET, WIDEST))
        )
    room = max(PLACE - sum(needs), 0.0)
    more = [want - need for want, need in zip(wants, needs, strict=True)]
    share = min(1.0, room / sum(more)) if sum(more) else 0.0
    left = max(room - sum(more), 0.0) / len(needs)
    return [need + share * extra + left for need, extra in zip(needs, more, strict=True)]


def _counted(span: Span) -> str:
    """What takes up width in a cell."""
    return "" if span.picture else f"{'xx ' if span.colour else ''}{span.text}"


def _words(text: str) -> list[str]:
    """Parts of a text that a line does not break, names for machines and wide scripts being cut."""
    return [word[:LONGEST] if word.isascii() else word[:6] for word in text.split()]


def _figure(block: Figure) -> str:
    words, caption = _string(_short(block.words, MOST_ALTERNATIVE)), _string(_short(block.caption))
    return f"drawing({_string(block.svg)}, {words}, {caption})"


def _pairs(rows: Sequence[tuple[str, str]]) -> str:
    return _array(f"({first}, {second})" for first, second in rows)


_WRITERS: dict[type, Callable[..., str]] = {
    Paragraph: _paragraph,
    Heading: lambda block: f"heading(level: 2, {_title(block.text)})",
    Facts: lambda block: f"facts({_pairs([(_string(name), _cell(text)) for name, text in block.rows])})",
    Tiles: lambda block: (
        f"tiles({_pairs([(_cell(text), _string(_short(name, MOST_TITLE))) for text, name in block.rows])})"
    ),
    Grid: _grid,
    Figure: _figure,
    Bullets: lambda block: f"bullets({_array(map(_text, block.items))})",
    Code: lambda block: f"lines({_array(map(_string, block.text.splitlines()))})",
}
