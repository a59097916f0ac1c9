"""A report as text for Typst: every word is a literal of a string, so that nothing in it can be markup."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
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

LONGEST = 16
"""Letters of such a name from which on it may break anywhere."""


def typst_source(content: ReportContent) -> str:
    """Source of the whole report."""
    start, _, rest = content.frame.page.partition("{page}")
    between, _, end = rest.partition("{pages}")
    said = {
        "language": _string(content.language), "title": _string(content.title),
        "question": _string(content.question), "kicker": _string(content.kicker),
        "made": _string(content.frame.made),
        "page-words": _array(map(_string, (start, between, end))),
    }  # fmt: skip
    options = ", ".join(f"{name}: {value}" for name, value in said.items())
    first, *others = map(_part, content.parts)
    body = "\n".join([first, f"contents({_string(content.frame.contents)})", *others])
    year, month, day = content.date[:10].split("-") if content.date else ("1970", "1", "1")
    date = f"datetime(year: {int(year)}, month: {int(month)}, day: {int(day)})"
    document = (
        f"#set document(title: {_string(content.title)}, author: {_string(content.author)}, date: {date})"
    )
    return visible(f"{TEMPLATE}\n{document}\n#report({options}, {{\n{body}\n}})\n")


def visible(text: str) -> str:
    """`text` whose signs can all be drawn: what no font has becomes the letters it stands for, or a box."""
    return "".join(sign if sign == "\n" or is_covered(sign) else _replaced(sign) for sign in text)


def _replaced(sign: str) -> str:
    if unicodedata.category(sign) in {"Cc", "Cf"}:
        return ""
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
    return f"heading(level: 1, {_string(part.title)})\n" + "\n".join(map(_block, part.blocks))


def _block(block: object) -> str:
    return _WRITERS[type(block)](block)


def _paragraph(block: Paragraph) -> str:
    return f"{block.kind}({_text(block.text)})"


def _grid(block: Grid) -> str:
    widths = _array(f"{width:.3f}fr" for width in block.widths or column_widths(block))
    numbers = _array(str(place) for place in sorted(block.numbers))
    head = _array(map(_string, block.head))
    rows = _array(_array(map(_text, row)) for row in block.rows)
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
    words, caption = _string(block.words), _string(block.caption)
    return f"drawing({_string(block.svg)}, {words}, {caption})"


def _pairs(rows: Sequence[tuple[str, str]]) -> str:
    return _array(f"({first}, {second})" for first, second in rows)


_WRITERS: dict[type, Callable[..., str]] = {
    Paragraph: _paragraph,
    Heading: lambda block: f"heading(level: 2, {_string(block.text)})",
    Facts: lambda block: f"facts({_pairs([(_string(name), _text(text)) for name, text in block.rows])})",
    Tiles: lambda block: f"tiles({_pairs([(_text(text), _string(name)) for text, name in block.rows])})",
    Grid: _grid,
    Figure: _figure,
    Bullets: lambda block: f"bullets({_array(map(_text, block.items))})",
    Code: lambda block: f"lines({_array(map(_string, block.text.splitlines()))})",
}
