"""Readers of tables in text files: CSV and its kin, and text files that turn out to be tables.

How values are read, for all tables alike:

* a number below detection (`<2`, `bdl`, or a negative concentration) leaves
  its column empty and stands in two companions: `NAME_below_detection`
  (true or false) and `NAME_detection_limit` (in the unit of the column); above
  a range (`>100`) likewise in `NAME_above_range` and `NAME_upper_limit`;
* an undeclared missing mark (`-9999`) is made empty; the cells of such a column,
  and of one whose dates can be read two ways, stand as text in `NAME_original`;
* a text among numbers or dates is kept in `NAME_text`, cells beyond the header
  in `extra_cells`;
* dates without a time of day are dates, others are times in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from craton.ingest.table_cells import Body, read_cells, tabulated
from craton.ingest.table_dialect import SPACE, Dialect, Row, is_typed, sample, sniff
from craton.ingest.table_draft import Recipe, make, recipe_of, to_draft
from craton.ingest.table_header import Layout, lay_out
from craton.ingest.table_stream import stream_draft
from craton.ingest.table_text import CHUNK, Text, head_text, looks_like_text, open_text
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.model.record import Finding
from craton.process.readers import HEAD_BYTES, Candidate, Source, reader

DELIMITED = (".csv", ".tsv", ".tab", ".psv")
TEXTUAL = (
    ".txt", ".dat", ".out", ".asc", ".ast", ".xyz", ".prn", ".wth", ".irr", ".upd", ".obs", ".pts", ".lst",
    ".data", ".dobs", ".xls",
)  # fmt: skip
"""Suffixes of files that may be tables of text; Excel's own is also given to text by many programs."""

SAMPLE_CHARACTERS = 1 << 20
"""Characters of the beginning of a file by which its structure is found out."""

STREAM_FROM = 128 << 20
"""Bytes of text from which a table is not held in memory."""

MOST_COLUMNS = 16_384
"""Columns of the widest table, that of a spreadsheet."""

EVEN = 0.9
"""Share of rows of one width from which lines are rows of a table."""

LEAST_NUMBERS = 5
"""Numbers below each other that make a table of one column."""

TYPED_ENOUGH = 0.3
LONGEST_WORDS = 4
LONGEST_CELL = 40

FOREIGN = re.compile(r"\s*(?:ncols|nrows|dsaa|north:|~[vwc]|>head|#gefid|[{\[<])", re.IGNORECASE)
"""How text files of other formats begin."""


class Outline(NamedTuple):
    """Dialect, rows and layout of the beginning of a text."""

    dialect: Dialect
    rows: list[Row]
    layout: Layout


def outline(text: str, *, cut: bool) -> Outline | None:
    """Structure of `text`, the beginning of a file; `cut` where its last row may be incomplete."""
    dialect = sniff(text, cut=cut)
    found = sample(text, dialect)
    rows = found[:-1] if cut and len(found) > 1 and found[-1].end >= len(text) else found
    if dialect.delimiter == SPACE:
        rows = _with_wide_gaps(rows, text)
    layout = lay_out([row.cells for row in rows], dialect.comment)
    return Outline(dialect, rows, layout) if layout else None


def _with_wide_gaps(rows: list[Row], text: str) -> list[Row]:
    """`rows` with names that hold single spaces (`Depth (m)  Temp`) kept together where they then fit."""
    width = len(rows[-1].cells) if rows else 0
    fitted = []
    for row in rows:
        cells = re.split(r"\t+|\s{2,}", text[row.start : row.end].strip())
        fits = len(row.cells) > width and len(cells) == width
        fitted.append(row._replace(cells=cells) if fits else row)
    return fitted


def is_delimited(candidate: Candidate) -> bool:
    """Whether the file is a text, as its suffix promises a table of text."""
    return looks_like_text(candidate.head)


def is_table(candidate: Candidate) -> bool:
    """Whether the head of the file can only be that of a table: even rows of numbers or short words."""
    if not candidate.head or not looks_like_text(candidate.head):
        return False
    text = head_text(candidate.head)
    found = None if FOREIGN.match(text) else outline(text, cut=len(candidate.head) >= HEAD_BYTES)
    return found is not None and _is_tabular(found)


def _is_tabular(found: Outline) -> bool:
    comment = found.dialect.comment
    rows = [row.cells for row in found.rows[found.layout.first :] if not row.is_blank]
    rows = [row for row in rows if not (comment and row[0].lstrip().startswith(comment))]
    width = len(found.layout.names)
    if not rows or sum(len(row) == width for row in rows) < EVEN * len(rows):
        return False
    cells = [cell for row in rows for cell in row if cell.strip()]
    typed = mean(map(is_typed, cells)) if cells else 0.0
    if width == 1 or len(rows) == 1:
        return typed == 1 and len(cells) >= (LEAST_NUMBERS if width == 1 else 2)
    if found.dialect.delimiter == SPACE:
        return typed >= TYPED_ENOUGH
    return typed >= TYPED_ENOUGH or all(
        len(c) <= LONGEST_CELL and len(c.split()) <= LONGEST_WORDS for c in cells
    )


@reader("delimited-text", suffixes=DELIMITED, order=50, matches=is_delimited)
def read_delimited(source: Source) -> Iterator[Draft]:
    """Read a CSV file or its kin, in whatever dialect and encoding."""
    yield _read(source)


@reader("text-table", suffixes=TEXTUAL, order=60, matches=is_table)
def read_text_table(source: Source) -> Iterator[Draft]:
    """Read a text file that is a table, delimited or with spaces between its columns."""
    yield _read(source)


def _read(source: Source) -> Draft:
    text = open_text(source.path, source.scratch)
    head, cut = _head(text)
    found = outline(head, cut=cut)
    if found is None:
        raise RefusedError("no-data", f"{source.name} holds no table", hint="check the export that made it")
    if len(found.layout.names) > MOST_COLUMNS:
        message = f"{source.name} has {len(found.layout.names):,} columns, more than {MOST_COLUMNS:,}"
        raise RefusedError("too-large", message, hint="check that its lines end where its rows do")
    findings = [*text.findings, *found.layout.findings, *_unclosed(text.path, found.dialect)]
    body = tabulated(_body(text, head, found), source.scratch)
    recipe = recipe_of(found.layout, comma_cells=found.dialect.delimiter == ",")
    if text.path.stat().st_size > STREAM_FROM:
        draft = stream_draft(body, recipe, source, found.layout.preamble)
    else:
        draft = _whole(body, recipe, source, found.layout.preamble)
    draft.findings = [*findings, *draft.findings]
    if found.layout.labels:
        draft.properties["header_rows"] = found.layout.labels
    return draft


def _whole(body: Body, recipe: Recipe, source: Source, preamble: list[str]) -> Draft:
    cells, tally = read_cells(body)
    made = make(cells, recipe)
    made.findings = [*tally.findings(), *made.findings]
    return to_draft(made, source, preamble=preamble)


def _head(text: Text) -> tuple[str, bool]:
    """The beginning of a clean text, and whether more follows."""
    with text.path.open("rb") as file:
        file.seek(text.offset)
        raw = file.read(SAMPLE_CHARACTERS)
        cut = bool(file.read(1))
    return raw.decode("utf-8", "ignore"), cut


def _body(text: Text, head: str, found: Outline) -> Body:
    first = found.layout.first
    start = found.rows[first].start if first < len(found.rows) else found.rows[-1].end
    offset = text.offset + len(head[:start].encode())
    return Body(text.path, offset, found.dialect, tuple(found.layout.names))


def _unclosed(path: Path, dialect: Dialect) -> list[Finding]:
    """A finding where the quotation marks of the file do not pair, so that rows may have run together."""
    with path.open("rb") as file:
        marks = sum(chunk.count(b'"') for chunk in iter(lambda: file.read(CHUNK), b""))
    words = "a quotation mark is not closed" + (
        "" if dialect.quote else "; all were taken as plain characters"
    )
    return [Finding(code="format-recovered", message=words)] if marks % 2 else []
