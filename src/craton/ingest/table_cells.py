"""From the rows of a text file to columns of text: fast where rows are even, exactly where not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from craton.ingest.table_arrays import flat, mask
from craton.ingest.table_dialect import CELL_LIMIT, SPACE, Dialect, csv_reader, split_spaced
from craton.model.errors import RefusedError
from craton.model.record import Finding

BLOCK = 8 << 20
"""Bytes the fast parser takes at a time; no row may be longer."""

EXACT_ROWS = 20_000
"""Rows the exact parser turns into columns at a time."""

STREAM_BYTES = 32 << 20
"""Text held at a time when a file is streamed."""

EXTRA = "extra_cells"
"""Column that keeps the cells of rows which have more than the header."""


@dataclass(frozen=True)
class Body:
    """Where the rows of data stand in a file, and what their cells are called."""

    path: Path
    offset: int
    dialect: Dialect
    names: tuple[str, ...]
    exact: bool = False


@dataclass
class Tally:
    """What was uneven about the rows."""

    ragged: int = 0
    blank: int = 0
    comments: int = 0

    def findings(self) -> list[Finding]:
        """The findings these counts make."""
        counts = {"row-ragged": self.ragged, "row-blank": self.blank}
        found = [Finding(code=code, count=count) for code, count in counts.items() if count]
        if self.comments:
            message = "comment lines among the rows"
            found.append(Finding(code="header-rows-skipped", count=self.comments, message=message))
        return found


def tabulated(body: Body, scratch: Path) -> Body:
    """`body` with its runs of spaces turned into tabs, in a file of its own."""
    if body.dialect.delimiter != SPACE:
        return body
    target = scratch / "table.tsv"
    with _text_from(body, newline=None) as file, target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        for line in file:
            if '"' in line:
                writer.writerow(split_spaced(line))
            else:
                out.write("\t".join(line.split()) + "\n")
    return replace(body, path=target, offset=0, dialect=replace(body.dialect, delimiter="\t"))


def _text_from(body: Body, *, newline: str | None) -> io.TextIOWrapper:
    """The file of `body`, open where its rows begin."""
    raw = body.path.open("rb")
    raw.seek(body.offset)
    return io.TextIOWrapper(raw, encoding="utf-8", newline=newline)


def read_cells(body: Body) -> tuple[pa.Table, Tally]:
    """All cells of `body` as text, one column a name, blank rows and comments left out."""
    if not body.exact and len(body.names) > 1 and not _needs_exact_quotes(body):
        tally = Tally()
        try:
            return _clean(_read_fast(body, tally), body, tally), tally
        except pa.ArrowInvalid:
            pass
    tally = Tally()
    blocks = list(_exact_blocks(body, tally))
    cells = pa.concat_tables(blocks).combine_chunks() if blocks else _schema(body).empty_table()
    return _without_empty_extra(cells, body), tally


def stream_cells(body: Body) -> Iterator[tuple[pa.Table, Tally]]:
    """The same in blocks, for a file too large to hold; `ArrowInvalid` for uneven rows unless `exact`."""
    if body.exact:
        for block, tally in _tallied(body):
            yield block, tally
        return
    tally = Tally()
    with body.path.open("rb") as file:
        file.seek(body.offset)
        reader = pv.open_csv(file, **_fast_options(body, tally, STREAM_BYTES))
        for batch in reader:
            block = _clean(pa.Table.from_batches([batch]), body, tally)
            yield block, tally
            tally.ragged = tally.blank = tally.comments = 0


def _tallied(body: Body) -> Iterator[tuple[pa.Table, Tally]]:
    tally = Tally()
    for block in _exact_blocks(body, tally):
        yield block.combine_chunks(), tally
        tally.ragged = tally.blank = tally.comments = 0


def _needs_exact_quotes(body: Body) -> bool:
    """Whether quoted cells stand behind a space, which the fast parser would take as part of the cell."""
    return body.dialect.padded and _has_quotes(body)


def _has_quotes(body: Body) -> bool:
    with body.path.open("rb") as file:
        file.seek(body.offset)
        return any(b'"' in chunk for chunk in iter(lambda: file.read(BLOCK), b""))


def _read_fast(body: Body, tally: Tally) -> pa.Table:
    with body.path.open("rb") as file:
        file.seek(body.offset)
        return pv.read_csv(file, **_fast_options(body, tally, BLOCK)).combine_chunks()


def _fast_options(body: Body, tally: Tally, block: int) -> dict[str, object]:
    def on_uneven(row: pv.InvalidRow) -> str:
        text = row.text.strip(" \t\x1a")
        if not text:
            tally.blank += 1
            return "skip"
        if body.dialect.comment and text.startswith(body.dialect.comment):
            tally.comments += 1
            return "skip"
        return "error"

    text = {name: pa.string() for name in body.names}
    return {
        "read_options": pv.ReadOptions(column_names=list(body.names), block_size=block),
        "parse_options": pv.ParseOptions(
            delimiter=body.dialect.delimiter,
            quote_char=body.dialect.quote or False,
            newlines_in_values=bool(body.dialect.quote) and _has_quotes(body),
            ignore_empty_lines=False,
            invalid_row_handler=on_uneven,
        ),
        "convert_options": pv.ConvertOptions(column_types=text, strings_can_be_null=False, check_utf8=False),
    }


def _schema(body: Body) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in body.names])


def _clean(cells: pa.Table, body: Body, tally: Tally) -> pa.Table:
    """`cells` without blank rows and the padding of the dialect."""
    if body.dialect.padded:
        cells = pa.table(
            [pc.utf8_trim_whitespace(column) for column in cells.columns], names=cells.column_names
        )
    cells = cells.combine_chunks()
    drop = _blank_rows(cells)
    tally.blank += int(drop.sum())
    return cells.filter(pa.array(~drop)) if drop.any() else cells


def _blank_rows(cells: pa.Table) -> np.ndarray:
    """Mask (rows,) of rows without content; later columns are looked at only where the first are blank."""
    blank = np.zeros(cells.num_rows, dtype=bool)
    rest = np.arange(cells.num_rows)
    for column in cells.columns:
        subset = column if len(rest) == cells.num_rows else column.take(pa.array(rest))
        rest = rest[mask(pc.equal(flat(subset), ""))]
        if not len(rest):
            return blank
    blank[rest] = True
    return blank


def _without_empty_extra(cells: pa.Table, body: Body) -> pa.Table:
    width = len(body.names)
    unused = cells.num_columns > width and cells.column(width).null_count == cells.num_rows
    return cells.select(cells.column_names[:width]) if unused else cells


@dataclass
class _Padder:
    """Brings rows to one width and remembers how uneven they were."""

    body: Body
    tally: Tally
    extra: bool = False
    width: int = field(init=False)

    def __post_init__(self) -> None:
        self.width = len(self.body.names)

    def fit(self, rows: Iterable[list[str]]) -> Iterator[list[str | None]]:
        """Rows of `width` cells and one for what was too much."""
        comment = self.body.dialect.comment
        for cells in rows:
            if not any(cell.strip(" \t\x1a") for cell in cells):
                self.tally.blank += 1
            elif comment and self._is_comment(cells, comment):
                self.tally.comments += 1
            else:
                yield self._fitted(cells)

    def _is_comment(self, cells: list[str], comment: str) -> bool:
        """Whether a row is a comment rather than a row whose first cell begins like one (`#ff0000`)."""
        return cells[0].lstrip().startswith(comment) and (len(cells) != self.width or self.width == 1)

    def _fitted(self, cells: list[str]) -> list[str | None]:
        beyond = self.body.dialect.delimiter.join(cells[self.width :])
        surplus = beyond if beyond.strip(self.body.dialect.delimiter + " ") else None
        self.tally.ragged += surplus is not None or len(cells) < self.width
        return [*cells[: self.width], *[None] * (self.width - len(cells)), surplus]


def _exact_blocks(body: Body, tally: Tally) -> Iterator[pa.Table]:
    """Tables of text, with the column `extra_cells` last in all of them where any row has too many cells."""
    padder = _Padder(body, tally)
    extra = _free_name(body)
    with _text_from(body, newline="") as file:
        rows = padder.fit(_guarded(csv_reader(file, body.dialect), body))
        while chunk := list(islice(rows, EXACT_ROWS)):
            columns = [pa.array(column, type=pa.string()) for column in zip(*chunk, strict=True)]
            yield pa.table(columns, names=[*body.names, extra])


def _free_name(body: Body) -> str:
    name = EXTRA
    while name in body.names:
        name += "_"
    return name


def _guarded(rows: Iterator[list[str]], body: Body) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        message = f"a row of {body.path.name} cannot be parted into cells ({error})"
        raise RefusedError(
            "corrupt", message, hint=f"check its quotation marks; a cell may hold {CELL_LIMIT} characters"
        ) from error
