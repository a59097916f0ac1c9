"""Located geophysical data: ASEG-GDF2 packages of a definition, fixed-width records and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from craton.ingest.aseg_definition import Definition, Field, parse
from craton.ingest.aseg_reference import Place, locate, misnamed
from craton.ingest.plain_text import read_text
from craton.ingest.point_geometry import point_column
from craton.ingest.reference import state_crs
from craton.model.data import ColumnNote, Draft, TableStream
from craton.model.errors import RefusedError
from craton.model.moments import timestamp
from craton.model.record import Period
from craton.process.readers import Source, reader

BLOCK_BYTES = 16 << 20
DATA_SUFFIXES = (".dat", ".gdf", ".asc")
COMMENT_RECORD = b"COMM"
NUMBERS = "FEDG"
DAY = re.compile(rb"(?:19|20)\d{6}")
DAY_LENGTH = 8

WHOLE_LIMIT = 2**53
"""Magnitude to which whole numbers survive the way through floating point."""


@dataclass
class Tally:
    """What was met while records were read."""

    rows: int = 0
    nulls: int = 0
    unread: int = 0
    ragged: int = 0
    cut: int = 0
    without_place: int = 0
    days: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Records:
    """A data file with its definition, and how its lines are taken apart.

    `delimited` is true where fields stand between blanks or commas instead of
    in columns; `prefix` is the length of a record type before the fields.
    """

    path: Path
    definition: Definition
    delimited: bool = False
    prefix: int = 0

    def blocks(self, tally: Tally) -> Iterator[dict[str, np.ndarray]]:
        """Fields of the records as byte texts, block by block."""
        for lines, last in _line_blocks(self.path):
            rows = (
                self._delimited(lines, tally, last=last)
                if self.delimited
                else self._columns(lines, tally, last=last)
            )
            tally.rows += len(next(iter(rows.values())))
            yield rows

    def _columns(self, lines: list[bytes], tally: Tally, *, last: bool) -> dict[str, np.ndarray]:
        fields, width = self.definition.fields, self.prefix + self.definition.width
        least = self.prefix + fields[-1].start
        whole = [line for line in lines if len(line) > least]
        self._count_short(lines, whole, tally, last=last)
        texts = np.array(whole, dtype=f"S{width}")
        table = texts.view("S1").reshape(len(whole), width)
        return {f.name: _column(table, self.prefix + f.start, f.width) for f in fields}

    def _delimited(self, lines: list[bytes], tally: Tally, *, last: bool) -> dict[str, np.ndarray]:
        fields = self.definition.fields
        split = [(line, _SEPARATOR.split(line.strip())) for line in lines]
        rows = [cells for _, cells in split if len(cells) == len(fields)]
        self._count_short(lines, rows, tally, last=last)
        columns = list(zip(*rows, strict=True)) or [()] * len(fields)
        return {f.name: np.array(column, dtype=bytes) for f, column in zip(fields, columns, strict=True)}

    def _count_short(
        self, lines: list[bytes], whole: list[bytes] | list[list[bytes]], tally: Tally, *, last: bool
    ) -> None:
        short = len(lines) - len(whole)
        if short and last and len(lines[-1]) <= self.prefix + self.definition.fields[-1].start:
            tally.cut += 1
            short -= 1
        tally.ragged += short


_SEPARATOR = re.compile(rb"[\t ]*,[\t ]*|[\t ]+")


def _column(table: np.ndarray, start: int, width: int) -> np.ndarray:
    """Bytes `start` to `start + width` of each row as one text a row."""
    texts: np.ndarray = np.ascontiguousarray(table[:, start : start + width]).view(f"S{width}").reshape(-1)
    return texts


def _line_blocks(path: Path) -> Iterator[tuple[list[bytes], bool]]:
    """Lines of records in blocks; the flag marks a block whose last line has no line end."""
    rest = b""
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            whole, mark, rest = (rest + block).rpartition(b"\n")
            if mark and (lines := _records(whole)):
                yield lines, False
            if len(rest) > BLOCK_BYTES:
                raise RefusedError("corrupt", f"a line of more than {BLOCK_BYTES} characters is no record")
    if lines := _records(rest):
        yield lines, True


def _records(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith(COMMENT_RECORD)]


@reader(
    "aseg-gdf2",
    order=15,
    matches=lambda candidate: candidate.head.lstrip()[:4].upper() == b"DEFN",
    companions=tuple("{stem}" + suffix for suffix in (*DATA_SUFFIXES, ".des", ".met", ".prj")),
)
def read_package(source: Source) -> Iterator[Draft]:
    """One table a package: a row a record, null values explicit, a point where coordinates are given."""
    definition, broken = parse(read_text(source.path, source.scratch).text)
    path = source.sibling(*DATA_SUFFIXES)
    if path is None:
        hint = f"put {source.path.stem}.dat beside {source.path.name}"
        raise RefusedError("sidecar-missing", "the definition has no data file", hint=hint)
    records = _recognised(path, definition)
    beside = (source.path, source.sibling(".des"), source.sibling(".met"))
    texts = [read_text(file, source.scratch).text for file in beside if file and file.stat().st_size]
    projection = _projection(texts)
    place = locate(definition.fields, projection, _sample(records))
    tally = _tally(records, place)
    if tally.rows == 0:
        raise RefusedError("no-data", f"{path.name} holds no whole record")
    draft = Draft(data=_stream(records, place), kind="table", notes=_notes(definition))
    _note_place(draft, place, source, projection)
    _note_tally(draft, tally, broken, delimited=records.delimited)
    draft.description = "\n".join(_comments(texts))
    draft.properties = {"projection": projection}
    draft.time = _period(tally.days)
    yield draft


def _recognised(path: Path, definition: Definition) -> Records:
    """How the lines of `path` hold the fields: in columns as defined, or between blanks or commas."""
    lines, _ = next(_line_blocks(path), ([], False))
    if not lines:
        raise RefusedError("no-data", f"{path.name} holds no record")
    first = lines[0]
    mark = definition.record_type.encode()
    prefix = len(mark) if mark and all(line.startswith(mark) for line in lines) else 0
    records = Records(path, definition, prefix=prefix)
    last = definition.fields[-1]
    if prefix + last.start < len(first.rstrip()) <= prefix + definition.width and b"\t" not in first:
        return records
    if len(_SEPARATOR.split(first.strip())) == len(definition.fields):
        return Records(path, definition, delimited=True)
    message = (
        f"lines of {len(first)} characters do not hold the {len(definition.fields)} fields of the definition"
    )
    raise RefusedError("invalid-structure", message, hint="check that definition and data belong together")


def _projection(texts: list[str]) -> str:
    """The projection record of the package, blanks folded; empty when it has none."""
    lines = (line[4:] for text in texts for line in text.splitlines() if line.startswith("PROJ"))
    return next((" ".join(line.split()) for line in lines), "")


def _comments(texts: list[str]) -> Iterator[str]:
    """Lines of comment, the template's own instructions left out."""
    for text in texts:
        for line in text.splitlines():
            if line.startswith("COMM") and not line.startswith("COMM#"):
                yield line[4:].strip()


def _sample(records: Records) -> dict[str, np.ndarray]:
    block = next(records.blocks(Tally()))
    return {f.name: _numbers(block[f.name], f, Tally()) for f in records.definition.fields if f.kind != "A"}


def _numbers(texts: np.ndarray, declared: Field, tally: Tally) -> np.ndarray:
    """Numbers of fixed-width `texts`; NaN where blank, null or no number."""
    stripped: np.ndarray = np.char.strip(texts)
    if declared.kind == "D":
        stripped = np.char.replace(stripped, b"D", b"E")
    blank = stripped == b""
    try:
        numbers = np.where(blank, b"nan", stripped).astype(np.float64)
    except ValueError:
        numbers = np.array([_number(text) for text in stripped])
        tally.unread += int(np.count_nonzero(np.isnan(numbers) & ~blank))
    null = _null(declared)
    missing = numbers == null if null is not None else np.zeros(len(numbers), dtype=bool)
    tally.nulls += int(missing.sum())
    return np.where(missing, np.nan, numbers)


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _null(declared: Field) -> float | None:
    number = _number(declared.null.encode("ascii", "replace")) if declared.null else np.nan
    return None if np.isnan(number) else number


def _batch(
    block: dict[str, np.ndarray], fields: tuple[Field, ...], place: Place | None, tally: Tally
) -> pa.RecordBatch:
    numbers = {f.name: _numbers(block[f.name], f, tally) for f in fields if f.kind != "A"}
    columns: dict[str, pa.Array] = {}
    if place is not None:
        columns["geometry"] = point_column(numbers[place.pair.east.name], numbers[place.pair.north.name])
        tally.without_place += columns["geometry"].null_count
    for declared in fields:
        columns[declared.name] = _arrow(block[declared.name], numbers.get(declared.name), declared)
    return pa.RecordBatch.from_pydict(columns)


def _arrow(texts: np.ndarray, numbers: np.ndarray | None, declared: Field) -> pa.Array:
    if numbers is None:
        words = [text.decode("utf-8", "replace") for text in np.char.strip(texts)]
        return pa.array([None if word in {"", declared.null} else word for word in words], pa.string())
    if declared.kind != "I":
        return pa.array(numbers, mask=np.isnan(numbers))
    whole = np.isfinite(numbers) & (np.abs(numbers) < WHOLE_LIMIT)
    return pa.array(np.where(whole, numbers, 0).astype(np.int64), mask=~whole)


def _tally(records: Records, place: Place | None) -> Tally:
    """Pass over all records to count what is wrong with them."""
    tally = Tally()
    for block in records.blocks(tally):
        _batch(block, records.definition.fields, place, tally)
        tally.days += _extremes(block, records.definition.fields)
    return tally


def _extremes(block: dict[str, np.ndarray], fields: tuple[Field, ...]) -> list[bytes]:
    """First and last day (YYYYMMDD) of the field `DATE`, if all its texts are such."""
    name = next((f.name for f in fields if f.name.upper() == "DATE" and f.kind in "AI"), "")
    texts = [text for text in np.unique(np.char.strip(block[name])).tolist() if text] if name else []
    texts = [text for text in texts if text.strip(b"9") or len(text) != DAY_LENGTH]
    return [texts[0], texts[-1]] if texts and all(map(DAY.fullmatch, texts)) else []


def _period(days: list[bytes]) -> Period | None:
    """Span from the first to the last of `days`; none where one is not in the calendar."""
    try:
        known = [datetime.strptime(day.decode(), "%Y%m%d").replace(tzinfo=UTC) for day in days]
    except ValueError:
        return None
    return Period(start=timestamp(min(known)), end=timestamp(max(known))) if known else None


def _stream(records: Records, place: Place | None) -> TableStream:
    fields = records.definition.fields
    empty = {f.name: np.empty(0, dtype=f"S{f.width}") for f in fields}

    def batches() -> Iterator[pa.RecordBatch]:
        for block in records.blocks(Tally()):
            yield _batch(block, fields, place, Tally())

    return TableStream(schema=_batch(empty, fields, place, Tally()).schema, batches=batches)


def _notes(definition: Definition) -> dict[str, ColumnNote]:
    return {f.name: ColumnNote(unit=f.unit, title=f.title) for f in definition.fields if f.unit or f.title}


def _note_place(draft: Draft, place: Place | None, source: Source, projection: str) -> None:
    if place is None:
        draft.find("no-coordinates")
        return
    if not place.code and projection:
        draft.find("crs-unknown", message=projection[:100])
    state_crs(draft, f"EPSG:{place.code}" if place.code else "", source.options)
    if place.conflict:
        draft.find("sidecar-conflict", message=place.conflict)
    if wrong := misnamed(place.pair):
        draft.find("metadata-invalid", wrong, "long names speak of another axis than the names of the fields")
    names = (place.pair.east.name, place.pair.north.name)
    draft.steps.append(f"points made of {names[0]} and {names[1]}")


def _note_tally(draft: Draft, tally: Tally, broken: int, *, delimited: bool) -> None:
    counts = {
        "nodata-declared": tally.nulls,
        "number-text": tally.unread,
        "row-ragged": tally.ragged,
        "truncated": tally.cut,
        "coordinate-missing": tally.without_place,
        "metadata-invalid": broken,
    }
    for code, count in counts.items():
        if count:
            draft.find(code, count)
    if delimited:
        draft.find(
            "structure-nonstandard", message="fields stand between separators, not in the columns defined"
        )
