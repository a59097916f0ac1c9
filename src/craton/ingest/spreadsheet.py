"""Reader of spreadsheets: every sheet that holds a table becomes a dataset."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, ZipError

from craton.ingest.table_draft import make, recipe_of, to_draft
from craton.ingest.table_header import Layout, lay_out
from craton.model.data import Draft
from craton.model.errors import RefusedError
from craton.model.record import Finding
from craton.process.readers import Candidate, Source, reader

SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes: a ZIP archive, and the compound file of older Excel and of locked workbooks."""

SAMPLE_ROWS = 300
UNPACKED_LIMIT = 512 << 20
"""Bytes a workbook may unpack to."""

CELL_LIMIT = 20_000_000
"""Cells of one sheet; an honest sheet of a million rows has less."""

WHOLE_DIGITS = 1e15
NOTE_LENGTH = 4000

Cell = int | float | str | bool | time | date | datetime | timedelta


def _matches(candidate: Candidate) -> bool:
    return candidate.head.startswith(SIGNATURES)


@reader("spreadsheet", suffixes=SUFFIXES, order=50, matches=_matches)
def read_spreadsheet(source: Source) -> Iterator[Draft]:
    """Read the tables of a workbook; sheets without a table are counted, and their words kept as notes."""
    _check_size(source)
    workbook = _open(source)
    drafts, notes, empty = [], [], 0
    for name in workbook.sheet_names:
        rows = _rows(workbook, name, source)
        draft = _draft(rows, name, source) if rows else None
        if draft is None:
            empty += 1
            notes += [" ".join(cell for cell in row if cell) for row in rows]
        else:
            drafts.append(draft)
    if not drafts:
        raise RefusedError(
            "no-data", f"{source.name} holds no table", hint="check that a sheet has a header and rows"
        )
    yield from _finished(drafts, "\n".join(notes)[:NOTE_LENGTH], empty, source)


def _finished(drafts: list[Draft], notes: str, empty: int, source: Source) -> Iterator[Draft]:
    for draft in drafts:
        if len(drafts) > 1:
            draft.title = f"{source.stem} – {draft.name}"
        if notes:
            draft.properties["notes"] = notes
        if empty:
            draft.find("sheet-empty", empty)
        yield draft


def _check_size(source: Source) -> None:
    """Refuse a workbook that unpacks to more than any real one.

    Raises
    ------
    RefusedError
        `too-large`, or `corrupt` where the archive has no directory.
    """
    with source.path.open("rb") as file:
        if not file.read(4).startswith(b"PK"):
            return
    try:
        with zipfile.ZipFile(source.path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise RefusedError(
            "corrupt", f"{source.name} is no whole workbook", hint="copy or export it again"
        ) from error
    if size > UNPACKED_LIMIT:
        message = f"{source.name} unpacks to {size / 1e6:,.0f} MB, more than {UNPACKED_LIMIT / 1e6:,.0f} MB"
        raise RefusedError("too-large", message, hint="export its sheets as CSV")


def _open(source: Source) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(source.path)
    except PasswordError as error:
        raise RefusedError(
            "encrypted", f"{source.name} is locked by a password", hint="save it without one"
        ) from error
    except (CalamineError, ZipError, OSError) as error:
        raise RefusedError(
            "corrupt", f"{source.name} cannot be read ({error})", hint="save it again"
        ) from error


def _rows(workbook: CalamineWorkbook, name: str, source: Source) -> list[list[str]]:
    """Cells of a sheet as text, from its first filled cell on."""
    try:
        sheet = workbook.get_sheet_by_name(name)
        _check_sheet(sheet, name, source)
        return [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=True)]
    except (CalamineError, ZipError, OSError) as error:
        message = f"sheet {name} of {source.name} cannot be read ({error})"
        raise RefusedError("corrupt", message, hint="save it again") from error


def _check_sheet(sheet: CalamineSheet, name: str, source: Source) -> None:
    if sheet.width * sheet.height > CELL_LIMIT:
        message = f"sheet {name} of {source.name} spans {sheet.width * sheet.height:,} cells"
        raise RefusedError(
            "too-large", message, hint=f"export it as CSV; at most {CELL_LIMIT:,} cells are read"
        )


def _text(cell: Cell) -> str:
    """A cell as a person would write it in a text file: whole numbers without a point, dates by ISO 8601."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < WHOLE_DIGITS else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _draft(rows: list[list[str]], name: str, source: Source) -> Draft | None:
    """The draft of a sheet, `None` where it holds no table."""
    layout = lay_out(rows[:SAMPLE_ROWS])
    body = [row for row in rows[layout.first :] if any(map(str.strip, row))] if layout else []
    if layout is None or not body or len(layout.names) < 2:
        return None
    blank = len(rows) - layout.first - len(body)
    cells = _cells(body, layout)
    made = make(cells, recipe_of(layout, comma_cells=False))
    counted = [Finding(code="row-blank", count=blank)] if blank else []
    made.findings = [*layout.findings, *counted, *made.findings]
    draft = to_draft(made, source, name=name, preamble=layout.preamble)
    if layout.labels:
        draft.properties["header_rows"] = layout.labels
    return draft


def _cells(body: Sequence[list[str]], layout: Layout) -> pa.Table:
    columns = [pa.array(column, type=pa.string()) for column in zip(*body, strict=True)]
    return pa.table(columns, names=layout.names)
