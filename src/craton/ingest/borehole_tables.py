"""Read the tables of drill holes out of text files, workbooks and Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from craton.ingest.borehole_names import Role, keys, recognise, role_of
from craton.ingest.table import outline
from craton.ingest.table_cells import Body, read_cells, tabulated
from craton.ingest.table_header import Layout, lay_out
from craton.ingest.table_text import open_text
from craton.ingest.table_values import Habits, read_values
from craton.model import quantities
from craton.model.data import ColumnNote
from craton.model.errors import InvalidError, RefusedError
from craton.model.record import Finding
from craton.model.units import convert, parse

HEAD_BYTES = 1 << 20
"""Bytes of a text file by which its structure is told."""

MAX_CELLS = 20_000_000
"""Cells of a sheet or Parquet file that are read into memory."""

EXPANSION = 2_000
"""Times its size on disk a Parquet file may grow in memory."""


@dataclass
class HoleTable:
    """A table of drill holes as it came, and what its columns mean.

    Parameters
    ----------
    stem : str
        Name of the file or sheet.
    role : Role
        What it holds.
    frame : DataFrame
        Columns as in the source; those that may name the hole are text.
    columns : dict of str to str
        Column by meaning (`borehole_names.MEANINGS` and `hole_id`).
    """

    stem: str
    role: Role
    frame: pd.DataFrame
    columns: dict[str, str]
    notes: dict[str, ColumnNote] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Columns that may name the hole, the likelier first."""
        named = self.columns["hole_id"]
        return [named, *(key for key in keys(map(str, self.frame)) if key != named)]

    def column(self, meaning: str) -> pd.Series | None:
        """Column of `meaning`, `None` if the table has none."""
        name = self.columns.get(meaning)
        return None if name is None else self.frame[name]

    def lengths(self, meaning: str) -> pd.Series | None:
        """Column of `meaning` as numbers in metres; what cannot be read or converted is told."""
        column = self.column(meaning)
        if column is None:
            return None
        numbers = pd.to_numeric(column, errors="coerce").astype(float)
        unread = int((column.notna() & numbers.isna()).sum())
        if unread:
            self.find("number-text", unread, f"column {column.name}")
        return self._in_metres(numbers, str(column.name))

    def _in_metres(self, numbers: pd.Series, name: str) -> pd.Series:
        stated = parse(self.notes[name].unit) if name in self.notes else ""
        unit = stated or quantities.recognise(name).unit
        if not unit or unit == "m":
            return numbers
        try:
            converted = pd.Series(convert(numbers.to_numpy(), unit, "m"), index=numbers.index)
        except InvalidError:
            return numbers
        self.find("unit-converted", 1, f"{name} from {unit} to m")
        return converted

    def find(self, code: str, count: int, message: str = "") -> None:
        """Add a finding about this table."""
        self.findings.append(Finding(code=code, count=count, message=message, where=self.stem))


def read_tables(path: Path, scratch: Path) -> Iterator[HoleTable]:
    """Tables of drill holes in the file at `path`; sheets and files of other content give none."""
    readers = {".xlsx": _sheets, ".parquet": _parquet}
    yield from readers.get(path.suffix.lower(), _text)(path, scratch)


def _text(path: Path, scratch: Path) -> Iterator[HoleTable]:
    place = scratch / path.name
    place.mkdir(parents=True, exist_ok=True)
    text = open_text(path, place)
    with text.path.open("rb") as file:
        file.seek(text.offset)
        head = file.read(HEAD_BYTES)
        cut = bool(file.read(1))
    beginning = head.decode("utf-8", "ignore")
    found = outline(beginning, cut=cut)
    if found is None or found.layout.headerless:
        return
    rows, layout = found.rows, found.layout
    start = rows[layout.first].start if layout.first < len(rows) else rows[-1].end
    body = Body(text.path, text.offset + len(beginning[:start].encode()), found.dialect, tuple(layout.names))
    cells, tally = read_cells(tabulated(body, place))
    table = _typed(path.stem, layout, cells, comma_cells=found.dialect.delimiter == ",")
    if table is not None:
        table.findings += [*text.findings, *tally.findings()]
        yield table


def _typed(stem: str, layout: Layout, cells: pa.Table, *, comma_cells: bool) -> HoleTable | None:
    """The table of typed columns, `None` if it is none of drill holes."""
    columns = recognise(layout.names)
    role = role_of(columns)
    if role is None:
        return None
    texts = frozenset(keys(layout.names)) | {columns["hole_id"]}
    values = read_values(cells, Habits(units=layout.units, comma_cells=comma_cells, texts=texts))
    frame = pa.table(values.columns).to_pandas()
    findings = [
        msgspec.structs.replace(f, where=f.where or stem) for f in (*layout.findings, *values.findings)
    ]
    return HoleTable(stem, role, frame, columns, dict(values.notes), findings)


def _sheets(path: Path, scratch: Path) -> Iterator[HoleTable]:  # noqa: ARG001 - all readers of files are called alike
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
    except CalamineError as error:
        raise RefusedError(
            "corrupt", f"{path.name} is no workbook ({error})", hint="save it again as .xlsx"
        ) from error
    for name in names:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.total_height * sheet.total_width > MAX_CELLS:
            raise RefusedError(
                "too-large", f"sheet {name} has more than {MAX_CELLS:,} cells", hint="save it as CSV"
            )
        rows = [[_cell(cell) for cell in row] for row in sheet.to_python()]
        table = _sheet_table(name, rows)
        if table is not None:
            yield table


def _cell(value: object) -> str:
    """Cell of a workbook as text; whole numbers without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _sheet_table(name: str, rows: list[list[str]]) -> HoleTable | None:
    layout = lay_out(rows)
    if layout is None or layout.headerless:
        return None
    filled = [row for row in rows[layout.first :] if any(cell.strip() for cell in row)]
    columns = [
        pa.array([row[n] if n < len(row) else "" for row in filled], pa.string())
        for n in range(len(layout.names))
    ]
    cells = pa.table(dict(zip(layout.names, columns, strict=True)))
    return _typed(name, layout, cells, comma_cells=False)


def _parquet(path: Path, scratch: Path) -> Iterator[HoleTable]:  # noqa: ARG001 - all readers of files are called alike
    try:
        file = pq.ParquetFile(path)
        grown = sum(file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups))
        if (
            file.metadata.num_rows * file.metadata.num_columns > MAX_CELLS
            or grown > EXPANSION * path.stat().st_size
        ):
            raise RefusedError(
                "too-large", f"{path.name} holds {file.metadata.num_rows:,} rows", hint="split it by area"
            )
        frame = file.read().to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RefusedError(
            "corrupt", f"{path.name} is no Parquet file ({error})", hint="write it again"
        ) from error
    names = [str(name) for name in frame]
    frame.columns = pd.Index(names)
    columns = recognise(names)
    role = role_of(columns)
    if role is not None:
        frame[columns["hole_id"]] = frame[columns["hole_id"]].astype("str")
        yield HoleTable(path.stem, role, frame, columns)
