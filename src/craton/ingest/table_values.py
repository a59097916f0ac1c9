"""From columns of text to columns of numbers, times, truths and texts, each by what the whole column says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from craton.ingest.table_arrays import blank_to_null, count, flat, is_empty
from craton.ingest.table_dates import Dates, epoch_times, is_hint, read_dates
from craton.ingest.table_missing import empty_marks, is_text_mark, negatives_to_limits
from craton.ingest.table_numbers import DETECTION_LIMIT, ORIGINAL, SAMPLE, UPPER_LIMIT, Numbers, read_numbers
from craton.model.data import ColumnNote
from craton.model.quantities import Match, is_chemistry, recognise
from craton.model.record import Finding
from craton.model.units import parse

TEXT_MARKS = ("\\N", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null")
"""What stands for a missing text; `NA` only where the column is not one of two-letter codes."""

FORMULA = r"^(?:[=@]|[+-][^\s\d.,+-]|[+-][\d.,]+[+\-*/^(|&!])"
TRUTHS = ("true", "false")
CONCENTRATION = "_concentration"
"""End of the names of quantities whose negative numbers mean "below detection"."""

IDENTIFIERS = frozenset((
    "id", "ids", "no", "nr", "num", "number", "name", "code", "sample", "hole", "site", "station", "label",
    "key", "ref", "batch",
))  # fmt: skip
"""Words in the names of columns of identifiers."""

IN_UNIT_OF_VALUE = (DETECTION_LIMIT, UPPER_LIMIT)
LISTED = 6
"""Column names a message lists."""


@dataclass(frozen=True)
class Habits:
    """What is known of a table before its columns are read.

    Parameters
    ----------
    units : mapping of str to str
        Unit by column name, where a row of units states it.
    declared : tuple of float
        Numbers declared to mean "no value".
    comma_cells : bool
        Whether commas part the cells.
    month_first : bool or None
        What is known about the order of day and month.
    texts : frozenset of str
        Columns to leave as text.
    """

    units: Mapping[str, str] = field(default_factory=dict)
    declared: tuple[float, ...] = ()
    comma_cells: bool = True
    month_first: bool | None = None
    texts: frozenset[str] = frozenset()


@dataclass
class Values:
    """Typed columns, what is noted of them, and what was found.

    Parameters
    ----------
    columns : dict of str to Array
        In the order of the source, companions after their column.
    companions : dict of str to str
        The column that each companion belongs to.
    month_first : bool or None
        What the columns of dates say about the order of day and month.
    """

    columns: dict[str, pa.Array] = field(default_factory=dict)
    notes: dict[str, ColumnNote] = field(default_factory=dict)
    companions: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    month_first: bool | None = None


@dataclass
class _Column:
    values: pa.Array
    companions: dict[str, pa.Array] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    dates: Dates | None = None


def read_values(cells: pa.Table, habits: Habits) -> Values:
    """Typed columns of `cells`, a table of text."""
    matches = _matches(cells.column_names, habits)
    columns = {
        name: _column(flat(column), name, matches[name], habits)
        for name, column in zip(cells.column_names, cells.columns, strict=True)
    }
    values = Values(month_first=_settle_dates(cells, columns, habits))
    for name, column in columns.items():
        _add(values, name, column, habits.units.get(name, ""), matches[name].unit_text)
    values.findings = _merged({name: column.findings for name, column in columns.items()})
    return values


def _matches(names: list[str], habits: Habits) -> dict[str, Match]:
    """What the names of the columns say they measure."""
    chemistry = is_chemistry(names)
    return {
        name: recognise(name, unit=parse(habits.units.get(name, "")) or "", chemistry=chemistry)
        for name in names
    }


def _settle_dates(cells: pa.Table, columns: dict[str, _Column], habits: Habits) -> bool | None:
    """Let columns that show the order of day and month decide for those that do not."""
    shown = [column.dates.month_first for column in columns.values() if column.dates]
    shown = [order for order in (habits.month_first, *shown) if order is not None]
    if not shown:
        return None
    order = shown[0]
    for name, column in columns.items():
        if column.dates and column.dates.ambiguous and order != habits.month_first:
            columns[name] = _dated(flat(cells.column(name)), name, month_first=order) or column
    return order


def _add(values: Values, name: str, column: _Column, stated: str, named: str) -> None:
    """Put `column` and its companions into `values`; a unit in the name itself needs no note."""
    values.columns[name] = column.values
    if stated:
        values.notes[name] = ColumnNote(unit=stated)
    for suffix, companion in column.companions.items():
        free = name + suffix
        while free in values.columns:
            free += "_"
        values.columns[free] = companion
        values.companions[free] = name
        if suffix in IN_UNIT_OF_VALUE and (stated or named):
            values.notes[free] = ColumnNote(unit=stated or named)


def _column(cells: pa.Array, name: str, match: Match, habits: Habits) -> _Column:
    if is_empty(cells) or pc.all(pc.equal(cells, "")).as_py():
        kind = pa.float64() if match.unit or match.quantity else pa.string()
        return _Column(
            pa.nulls(len(cells), kind), findings=[Finding(code="column-empty")] if len(cells) else []
        )
    if name in habits.texts:
        return _texts(blank_to_null(cells))
    if is_hint(name) and (dated := _dated(cells, name, month_first=habits.month_first)):
        return dated
    numbers = read_numbers(cells, comma_cells=habits.comma_cells, pure=is_identifier(name))
    if numbers is not None:
        return _numbered(numbers, cells, name, habits.declared, match)
    return (
        _truths(cells) or _dated(cells, name, month_first=habits.month_first) or _texts(blank_to_null(cells))
    )


def is_identifier(name: str) -> bool:
    """Whether a column called `name` holds identifiers, of which some may be numbers."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return any(word.lower() in IDENTIFIERS for word in words)


def _numbered(
    numbers: Numbers, cells: pa.Array, name: str, declared: tuple[float, ...], match: Match
) -> _Column:
    times = epoch_times(numbers.values, name)
    if times is not None:
        return _Column(times)
    empty_marks(numbers, cells, declared)
    if match.quantity.endswith(CONCENTRATION):
        negatives_to_limits(numbers)
    if is_empty(numbers.values) and not numbers.companions:
        numbers.findings.append(Finding(code="column-empty"))
    return _Column(numbers.values, numbers.companions, numbers.findings)


def _dated(cells: pa.Array, name: str, *, month_first: bool | None) -> _Column | None:
    dates = read_dates(cells, name, month_first=month_first)
    return _Column(dates.values, dates.companions, dates.findings, dates) if dates else None


def _truths(cells: pa.Array) -> _Column | None:
    filled = blank_to_null(cells)
    first = filled.drop_null()[:LISTED].to_pylist()
    if not all(cell.strip().lower() in TRUTHS for cell in first):
        return None
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(filled))
    all_are = pc.all(pc.is_in(lower.drop_null(), pa.array(TRUTHS))).as_py()
    return _Column(pc.equal(lower, "true")) if all_are else None


def _texts(filled: pa.Array) -> _Column:
    """Texts, marks of missing ones taken out; formulas are counted, not touched."""
    column = _Column(filled)
    marks = pc.is_in(filled, pa.array((*TEXT_MARKS, *(() if _is_code(filled) else ("NA",)))))
    missing = count(marks)
    if missing:
        column.values = pc.if_else(marks, None, filled)
        column.findings.append(Finding(code="missing-mark", count=missing))
    nines = is_text_mark(column.values)
    if (guessed := count(nines)) and guessed < len(filled):
        column.companions[ORIGINAL] = column.values
        column.values = pc.if_else(nines, None, column.values)
        column.findings.append(Finding(code="nodata-guessed", count=guessed))
    formulas = count(pc.match_substring_regex(column.values, FORMULA))
    if formulas:
        column.findings.append(Finding(code="formula-text", count=formulas))
    return column


_CODE = re.compile(r"[A-Z]{2}")


def _is_code(filled: pa.Array) -> bool:
    """Whether all texts are two capital letters, as the codes of countries, where NA is Namibia."""
    sample = set(filled.drop_null()[:SAMPLE].to_pylist()) - {*TEXT_MARKS, "NA"}
    return bool(sample) and all(_CODE.fullmatch(cell) for cell in sample)


def _merged(found: dict[str, list[Finding]]) -> list[Finding]:
    """One finding a code, that counts cells over all columns and names the columns."""
    counts: Counter[str] = Counter()
    names: dict[str, list[str]] = {}
    for name, findings in found.items():
        for finding in findings:
            counts[finding.code] += finding.count
            if name not in names.setdefault(finding.code, []):
                names[finding.code].append(name)
    return [Finding(code=code, count=count, message=listed(names[code])) for code, count in counts.items()]


def listed(names: list[str]) -> str:
    """Names in one line, the first few of them where there are many."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"in {', '.join(names[:LISTED])}{more}"
