"""How a text table is written: what parts its cells, what quotes them, what marks a comment."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

SPACE = " "
"""Stands for any run of spaces and tabs."""

DELIMITERS = (",", "\t", ";", "|", SPACE)
"""In order of preference where all else is equal."""

COMMENTS = ("#", "%", "!", "//", "**", "/ ")
"""What a comment line begins with."""

CELL_LIMIT = 1 << 27
"""Characters in one cell beyond which a file is refused."""

SAMPLE_ROWS = 300

LONGEST_TYPED = 64
"""Characters of the longest number or date."""

SPACED_NUMBERS = 0.4
"""Share of numbers below which words with spaces between them are prose, not a table."""

csv.field_size_limit(CELL_LIMIT)

NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:[.,]\d*)?|[.,]\d+)(?:[eEdD][+-]?\d+)?"
MISSING_MARKS = ("", "\\N", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "NULL", "null", "*", "-")
_TYPED = re.compile(
    rf"\s*(?:[<>]\s*)?{NUMBER}\s*%?\s*|\s*\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}(?:[ T].*)?"
    r"|\s*\d{4}-\d{3}\s*",
    re.ASCII,
)


@dataclass(frozen=True)
class Dialect:
    """How cells are parted and quoted.

    Parameters
    ----------
    delimiter : str
        One of `DELIMITERS`.
    quote : str
        The quotation mark, empty where quotation marks are plain characters.
    padded : bool
        Whether a space follows each delimiter and is no part of the cells.
    comment : str
        What comment lines begin with, empty where there are none.
    """

    delimiter: str = ","
    quote: str = '"'
    padded: bool = False
    comment: str = ""


class Row(NamedTuple):
    """One row of cells and the characters of the text it stands at."""

    cells: list[str]
    start: int
    end: int

    @property
    def is_blank(self) -> bool:
        """Whether no cell holds anything."""
        return not any(cell.strip(" \t\x1a") for cell in self.cells)


class Score(NamedTuple):
    """How well a dialect fits: evenness of the rows, share of numbers and dates, cells a row."""

    evenness: float
    typed: float
    width: int


def rows(text: str, dialect: Dialect) -> Iterator[Row]:
    """Rows of `text`; blank lines and comments are rows too."""
    if dialect.delimiter == SPACE:
        yield from _spaced_rows(text)
        return
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        for line in io.StringIO(text, newline=""):
            taken += len(line)
            yield line

    start = 0
    for cells in csv_reader(lines(), dialect):
        yield Row(cells, start, taken)
        start = taken


def csv_reader(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """Cells of `lines` row by row, by the standard library."""
    return csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        skipinitialspace=dialect.padded,
    )


def _spaced_rows(text: str) -> Iterator[Row]:
    start = 0
    for line in io.StringIO(text, newline=""):
        yield Row(split_spaced(line), start, start + len(line))
        start += len(line)


_SPACED = re.compile(r'"((?:[^"]|"")*)"(?=\s|$)|(\S+)')


def split_spaced(line: str) -> list[str]:
    """Cells of a line parted by runs of spaces or tabs; quoted cells may hold spaces."""
    if '"' not in line:
        return line.split()
    return [plain or quoted.replace('""', '"') for quoted, plain in _SPACED.findall(line)]


def is_typed(cell: str) -> bool:
    """Whether `cell` is written like a number or a date."""
    return len(cell) <= LONGEST_TYPED and _TYPED.fullmatch(cell) is not None


def is_comment(line: str, marks: Sequence[str] = COMMENTS) -> str:
    """The comment mark `line` begins with, else empty."""
    stripped = line.lstrip()
    return next((mark for mark in marks if stripped.startswith(mark)), "")


def sniff(text: str, *, cut: bool = False, delimiters: Sequence[str] = DELIMITERS) -> Dialect:
    """The dialect under which `text` is most even; `cut` where it is only the beginning of a file.

    Quotation marks that do not pair in a whole file are plain characters if the rows are as even so.
    """
    comment, body = _without_comments(text)
    best = _fittest(body, [Dialect(delimiter, comment=comment) for delimiter in delimiters])
    if '"' in text:
        plain = _fittest(body, [Dialect(delimiter, "", comment=comment) for delimiter in delimiters])
        gain = score(body, plain).evenness - score(body, best).evenness
        unpaired = text.count('"') % 2 == 1 and not cut
        best = plain if gain > 0 or (unpaired and gain == 0) else best
    return replace(best, padded=_is_padded(body, best))


def _fittest(text: str, choices: list[Dialect]) -> Dialect:
    return max(choices, key=lambda choice: (score(text, choice), -choices.index(choice)))


def score(text: str, dialect: Dialect) -> Score:
    """How well `dialect` fits `text`; a dialect that parts nothing scores lowest."""
    cells = [row.cells for row in sample(text, dialect) if not row.is_blank]
    body = cells[len(cells) // 2 :] if len(cells) > 8 else cells
    if not body:
        return Score(0, 0, 0)
    width, count = Counter(map(len, body)).most_common(1)[0]
    if width < 2:
        return Score(0, 0, 1)
    typed = _typed_share(body)
    if dialect.delimiter == SPACE and typed < SPACED_NUMBERS:
        return Score(0, 0, 1)
    return Score(_step(count / len(body)), _step(typed), width)


def sample(text: str, dialect: Dialect, limit: int = SAMPLE_ROWS) -> list[Row]:
    """The first rows of `text`; fewer where it breaks the rules of quoting."""
    found: list[Row] = []
    try:
        for row in rows(text, dialect):
            found.append(row)
            if len(found) >= limit:
                break
    except csv.Error:
        return found
    return found


def _typed_share(body: list[list[str]]) -> float:
    cells = [cell for row in body for cell in row if cell.strip() not in MISSING_MARKS]
    return sum(map(is_typed, cells)) / len(cells) if cells else 0.0


def _step(share: float) -> float:
    """`share` in tenths, so that a small difference does not outweigh the next criterion."""
    return round(share, 1)


def _without_comments(text: str) -> tuple[str, str]:
    """The mark of comment lines at the head of `text`, and `text` without them."""
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    mark = is_comment(first)
    if not mark:
        return "", text
    body = "".join(line for line in lines if not line.lstrip().startswith(mark))
    return (mark, body) if body.strip() else ("", text)


def _is_padded(text: str, dialect: Dialect) -> bool:
    if dialect.delimiter in {SPACE, "\t"}:
        return False
    later = [cell for row in sample(text, dialect) for cell in row.cells[1:] if cell]
    return bool(later) and sum(cell.startswith(SPACE) for cell in later) > 0.5 * len(later)
