"""Data sections of a well log as curve tables, interval tables and surveys."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from craton.ingest.log_header import LENGTHS
from craton.ingest.log_text import Entry, LogText, Section, numbers_of, rows_of
from craton.model.boreholes import sound_surveys
from craton.model.data import ColumnNote
from craton.model.record import Finding

DEPTH_NAMES = ("DEPT", "DEPTH", "MD", "TDEP", "DEPTMD", "BDEP")
TOPS_AND_BASES = (("CORET", "COREB"), ("TOPT", "TOPB"), ("PERFT", "PERFB"), ("DTOP", "DBOT"), ("TOP", "BASE"))
"""Mnemonics of version 3 that bound an interval."""

COMMA = re.compile(r"^[+-]?\d+,\d+$")
"""A number with a decimal comma."""

METRE = 1.0


@dataclass
class LogTables:
    """Tables of one hole, the notes on their columns, and what was found on the way."""

    surveys: pd.DataFrame = field(default_factory=pd.DataFrame)
    intervals: dict[str, pd.DataFrame] = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: dict[str, ColumnNote] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    depth_unit: str = ""

    def find(self, code: str, count: int = 1, message: str = "") -> None:
        """Add a finding if `count` is not zero."""
        if count:
            self.findings.append(Finding(code=code, count=int(count), message=message))


def tables_of(log: LogText, hole_id: str) -> LogTables:
    """Tables of all data sections of `log` that hold rows."""
    tables = LogTables()
    null = _null(log)
    if np.isnan(null):
        tables.find("nodata-missing", message="the header states no NULL")
    for section in log.sections:
        if section.part == "data":
            _add(tables, log, section, hole_id, null)
    return tables


def _null(log: LogText) -> float:
    entry = log.value("well", "NULL")
    number = pd.to_numeric(entry.value.replace(",", "."), errors="coerce") if entry else np.nan
    return float(number)


def _add(tables: LogTables, log: LogText, section: Section, hole_id: str, null: float) -> None:
    curves = log.curves_of(section)
    names = _told_apart([curve.name or f"curve_{n + 1}" for n, curve in enumerate(curves)])
    numbers = numbers_of(log, section, len(curves))
    if numbers is not None:
        frame = pd.DataFrame(numbers, columns=names)
    else:
        frame = _cells(tables, log, section, names)
        names = [str(name) for name in frame]
        curves = curves or [Entry(name, "", "", "") for name in names]
    if frame.empty:
        return
    frame = _numbers(tables, frame, null)
    name = re.sub(r"\W+", "_", section.name.lower()).strip("_") or "log"
    entries = dict(zip(names, curves, strict=True))
    if name in tables.curves or name in tables.intervals:
        name = f"{name}_{len(tables.curves) + len(tables.intervals) + 1}"
    _place(tables, log, name, hole_id, frame, entries)


def _cells(tables: LogTables, log: LogText, section: Section, names: list[str]) -> pd.DataFrame:
    """Cells of a section as text; curves without a name are named by position."""
    rows, ragged, left_over = rows_of(log, section, len(names))
    tables.find("row-ragged", ragged, section.title)
    tables.find("truncated", int(left_over > 0), f"{left_over} readings of the last depth of {section.title}")
    if rows and not names:
        tables.find("header-missing", message=f"no curves are named for {section.title}")
        names = [f"curve_{n + 1}" for n in range(len(rows[0]))]
    return pd.DataFrame(rows, columns=pd.Index(names), dtype="str")


def _told_apart(names: list[str]) -> list[str]:
    """Names made unique by a number."""
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return told


def _numbers(tables: LogTables, cells: pd.DataFrame, null: float) -> pd.DataFrame:
    """Columns as numbers where most cells are; empty where they equal `null`."""
    columns = {}
    nulls = 0
    for name in cells:
        column = cells[name] if cells[name].dtype == float else _parsed(tables, cells[name])
        if column.dtype != float:
            columns[name] = column
            continue
        is_void = (column == null) | ~np.isfinite(column)
        nulls += int((column == null).sum())
        columns[name] = column.mask(is_void)
    tables.find("nodata-declared", nulls)
    return pd.DataFrame(columns)


def _parsed(tables: LogTables, cells: pd.Series) -> pd.Series:
    """A column of text as numbers, or as it is where most of its cells are none."""
    filled = cells.mask(cells == "")
    has_comma = filled.str.match(COMMA).fillna(value=False).astype(bool)
    numbers = pd.to_numeric(filled.where(~has_comma, filled.str.replace(",", ".")), errors="coerce").astype(
        float
    )
    unread = int((filled.notna() & ~np.isfinite(numbers)).sum())
    if 2 * unread > filled.notna().sum():
        return filled
    tables.find("number-comma", int(has_comma.sum()), str(cells.name))
    tables.find("number-text", unread, str(cells.name))
    return numbers


def _place(
    tables: LogTables, log: LogText, name: str, hole_id: str, frame: pd.DataFrame, entries: dict[str, Entry]
) -> None:
    """Put a section where it belongs: surveys, intervals or curves."""
    survey = _survey_columns(entries)
    ends = _ends(entries)
    if survey:
        _add_survey(tables, hole_id, frame, entries, survey)
    elif ends:
        table = _with_hole(frame, hole_id, dict(zip(ends, ("from_depth", "to_depth"), strict=True)))
        for end in ("from_depth", "to_depth"):
            entry = entries[ends[end == "to_depth"]]
            table[end] = _as_numbers(tables, table[end]) * _factor(tables, log, entry)
        tables.intervals[name] = table
    else:
        tables.curves[name] = _curve(tables, log, name, hole_id, frame, entries)
    kept = {"depth", "from_depth", "to_depth", *(tables.curves.get(name, tables.intervals.get(name, ())))}
    tables.notes |= {
        f"{name}.{column}": ColumnNote(unit=entry.unit, title=entry.words)
        for column, entry in entries.items()
        if column in kept and (entry.unit or entry.words)
    }


def _with_hole(frame: pd.DataFrame, hole_id: str, renamed: dict[str, str]) -> pd.DataFrame:
    table = frame.rename(columns=renamed)
    table = table[[*renamed.values(), *(c for c in table if c not in renamed.values())]]
    table.insert(0, "hole_id", pd.Series(hole_id, index=table.index, dtype="str"))
    return table


def _ends(entries: dict[str, Entry]) -> tuple[str, str] | None:
    by_name = {name.upper(): name for name in entries}
    found = next(((t, b) for t, b in TOPS_AND_BASES if t in by_name and b in by_name), None)
    return (by_name[found[0]], by_name[found[1]]) if found else None


def _survey_columns(entries: dict[str, Entry]) -> tuple[str, str, str] | None:
    """Columns of depth, azimuth and deviation, in a section that has them all."""
    by_name = {name.upper(): name for name in entries}
    found = [
        next((by_name[n] for n in names if n in by_name), "")
        for names in (DEPTH_NAMES, ("AZIM", "AZI"), ("DEVI",))
    ]
    return (found[0], found[1], found[2]) if all(found) and len(entries) <= MOST_SURVEY_COLUMNS else None


MOST_SURVEY_COLUMNS = 8
"""Columns of a section from which it is a log that happens to carry directions."""


def _add_survey(
    tables: LogTables,
    hole_id: str,
    frame: pd.DataFrame,
    entries: dict[str, Entry],
    columns: tuple[str, str, str],
) -> None:
    """Survey stations; the format counts deviation from the vertical."""
    depth, azimuth, deviation = columns
    factor = LENGTHS.get(unit_of(entries[depth]).upper(), METRE)
    stations = pd.DataFrame(
        {
            "hole_id": pd.Series(hole_id, index=frame.index, dtype="str"),
            "depth": _as_numbers(tables, frame[depth]) * factor,
            "azimuth": _as_numbers(tables, frame[azimuth]),
            "inclination": _as_numbers(tables, frame[deviation]) - 90,
        }
    )
    tables.surveys, found = sound_surveys(stations)
    tables.findings += found


def _as_numbers(tables: LogTables, column: pd.Series) -> pd.Series:
    """`column` as numbers, also where most of its cells are text."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    tables.find("number-text", int((column.notna() & numbers.isna()).sum()), str(column.name))
    return numbers


def unit_of(entry: Entry) -> str:
    """Unit of a curve, also where a blank put it among the values (`MD.  M`)."""
    return entry.unit or (entry.value if entry.value.upper() in LENGTHS else "")


def _factor(tables: LogTables, log: LogText, entry: Entry) -> float:
    """Metres in the unit of a depth column; a unit that is not stated or known is told."""
    start = log.value("well", "STRT")
    unit = unit_of(entry) or (start.unit if start else "")
    factor = LENGTHS.get(unit.upper())
    if factor is None:
        code = "unit-unknown" if unit else "unit-missing"
        tables.find(
            code,
            message=f"depths in {unit!r} were taken as metres" if unit else "depths were taken as metres",
        )
    elif factor != METRE:
        tables.find("unit-converted", message=f"depths from {unit} to m")
    return factor or METRE


def _curve(
    tables: LogTables, log: LogText, name: str, hole_id: str, frame: pd.DataFrame, entries: dict[str, Entry]
) -> pd.DataFrame:
    """Curve table with depths in metres that increase."""
    index = _depth_column(entries)
    if index is None or not pd.api.types.is_float_dtype(frame[index]):
        tables.find("depth-missing", message=f"{name} has no depth curve")
        frame = frame.assign(depth=np.nan)
        return _with_hole(frame, hole_id, {"depth": "depth"})
    unit = unit_of(entries[index])
    table = _with_hole(frame, hole_id, {index: "depth"})
    table["depth"] *= _factor(tables, log, entries[index])
    tables.notes[f"{name}.depth"] = ColumnNote(unit="m", title=entries[index].words, original_unit=unit)
    if name == "log":
        start = log.value("well", "STRT")
        tables.depth_unit = unit or (start.unit if start else "") or "M"
    return _in_order(tables, name, table)


def _depth_column(entries: dict[str, Entry]) -> str | None:
    """Curve of depths: by mnemonic, else the first curve if its unit is a length."""
    by_name = {name.upper(): name for name in entries}
    named = next((by_name[n] for n in DEPTH_NAMES if n in by_name), None)
    first = next(iter(entries))
    return named or (first if unit_of(entries[first]).upper() in LENGTHS else None)


def _in_order(tables: LogTables, name: str, table: pd.DataFrame) -> pd.DataFrame:
    """`table` with increasing depths; depths that stand still at zero are none."""
    depth = table["depth"]
    steps = np.diff(depth.dropna().to_numpy())
    if depth.isna().all() or (len(table) > 1 and (depth.dropna() == 0).all()):
        tables.find("depth-missing", message=f"all depths of {name} are zero or empty")
        return table.assign(depth=np.nan)
    if steps.size and (steps <= 0).all() and (steps < 0).any():
        tables.find("depth-descending", message=name)
        return table.iloc[::-1].reset_index(drop=True)
    tables.find("depth-disordered", int((steps < 0).sum()), name)
    return table
