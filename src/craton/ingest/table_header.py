"""Where a table begins: the lines before it, its header, its rows of units and limits, its column names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from craton.ingest.table_dialect import MISSING_MARKS, is_comment, is_typed
from craton.model.record import Finding
from craton.model.units import parse

BODY_ROWS, BODY_CELLS = 300, 100_000
"""Rows below the header, and cells in them, by which it is judged."""

EXCEL_MARK = "sep="
"""First line by which Excel is told the delimiter."""

PREAMBLE_ROWS = 40
"""Rows among which the header is looked for."""

ROW_LABELS = {
    "unit": "units", "units": "units", "uom": "units",
    "detection limit": "detection limit", "detection": "detection limit", "lod": "detection limit",
    "mdl": "detection limit", "lld": "detection limit", "dl": "detection limit",
    "method": "method", "methods": "method", "analytical method": "method", "scheme": "method",
}  # fmt: skip
"""First cells of rows between header and data that laboratories write, and what they hold."""

_BRACKETS = re.compile(r"^[\[({]\s*(.*?)\s*[\])}]$")
_YEAR = re.compile(r"1[89]\d\d|20\d\d")


@dataclass
class Layout:
    """The structure of a table.

    Parameters
    ----------
    names : list of str
        Column names: not blank, not padded, no two alike.
    first : int
        Index of the first row of data among the rows that were looked at.
    units : dict of str to str
        Unit by column name where a row of units states it, as the source spells it.
    preamble : list of str
        Text of the lines before the table.
    labels : dict of str to dict
        Rows between header and data by what they hold, as text by column name.
    headerless : bool
        Whether the names are ours.
    unnamed : list of int
        Positions of columns whose header was blank.
    """

    names: list[str]
    first: int
    units: dict[str, str] = field(default_factory=dict)
    preamble: list[str] = field(default_factory=list)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    headerless: bool = False
    unnamed: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def lay_out(rows: Sequence[list[str]], comment: str = "") -> Layout | None:
    """The structure of the table that `rows`, the first of a file or sheet, begin; `None` for no table."""
    start = _start(rows, comment)
    if start is None:
        return None
    body = _body(rows, start + 1, comment)
    preamble = [line for row in rows[:start] if any(map(str.isalnum, line := _line(row)))]
    if is_header(rows[start], body):
        layout = _with_header(rows, start, comment)
    else:
        layout = _without_header(rows, start, preamble, comment)
    layout.preamble = preamble
    if preamble:
        layout.findings.append(Finding(code="header-rows-skipped", count=len(preamble)))
    return layout


def _with_header(rows: Sequence[list[str]], start: int, comment: str) -> Layout:
    names, repaired, unnamed = repair_names(rows[start])
    layout = Layout(names=names, first=start + 1, unnamed=unnamed)
    if repaired:
        layout.findings.append(Finding(code="header-repaired", count=repaired))
    _take_label_rows(layout, rows, comment)
    return layout


def _take_label_rows(layout: Layout, rows: Sequence[list[str]], comment: str) -> None:
    """Move `layout.first` past rows of units, detection limits and methods, and keep what they say."""
    while layout.first < len(rows):
        row = rows[layout.first]
        what = _label(row, _body(rows, layout.first + 1, comment))
        if not what:
            return
        words = {name: cell.strip() for name, cell in zip(layout.names, row, strict=False) if cell.strip()}
        layout.labels[what] = words
        if what == "units":
            layout.units |= {name: unit for name, cell in words.items() if (unit := _bare_unit(cell))}
        layout.first += 1


def _without_header(rows: Sequence[list[str]], start: int, preamble: list[str], comment: str) -> Layout:
    width = max(len(row) for row in _body(rows, start, comment))
    commented = _commented_header(preamble, width)
    if commented:
        names, repaired, unnamed = repair_names(commented)
        found = [Finding(code="header-repaired", count=repaired)] if repaired else []
        return Layout(names=names, first=start, unnamed=unnamed, findings=found)
    names = [f"column_{number}" for number in range(1, width + 1)]
    return Layout(names=names, first=start, headerless=True)


def _commented_header(preamble: list[str], width: int) -> list[str]:
    """Column names out of the last line before the data, as in `# lon lat depth`."""
    if not preamble:
        return []
    line = preamble[-1].strip()
    line = line.removeprefix(is_comment(line)).strip()
    for cells in (line.split("\t"), line.split(","), re.split(r"\s{2,}", line), line.split()):
        if len(cells) == width and not any(map(is_typed, cells)) and all(cell.strip() for cell in cells):
            return cells
    return []


def _start(rows: Sequence[list[str]], comment: str) -> int | None:
    """Index of the first row of the table.

    That is the first row of names above numbers among the rows of the usual
    width, else the first row about as full as those that follow. A first row
    wider than the others is a header whose rows have lost cells.
    """
    candidates = [i for i, row in enumerate(rows) if _filled(row) and not _is_commented(row, comment)]
    if not candidates:
        return None
    width = Counter(len(rows[i]) for i in candidates).most_common(1)[0][0]
    narrow = [i for i in candidates if len(rows[i]) == width]
    usual = median(_filled(rows[i]) for i in narrow)
    full = [i for i in narrow if 2 * _filled(rows[i]) >= usual]
    named = next(
        (i for i in full[:PREAMBLE_ROWS] if _names_numbers(rows[i], _body(rows, i + 1, comment))), None
    )
    if named is not None and not any(_is_record(rows[i], rows, named, comment) for i in full if i < named):
        return named
    return candidates[0] if len(rows[candidates[0]]) > width else next(iter(full), candidates[0])


def _names_numbers(row: list[str], body: list[list[str]]) -> bool:
    """Whether `row` holds texts, and no number, above columns of numbers."""
    cells = [row[column].strip() for column in range(len(row)) if _is_typed_column(body, column)]
    if any(is_typed(cell) or cell.endswith(":") for cell in cells):
        return False
    return any(cell not in MISSING_MARKS for cell in cells)


def _is_record(row: list[str], rows: Sequence[list[str]], named: int, comment: str) -> bool:
    """Whether `row` has its numbers where the rows below `named` have theirs."""
    body = _body(rows, named + 1, comment)
    cells = [row[column] for column in range(len(row)) if _is_typed_column(body, column)]
    return 2 * sum(map(is_typed, cells)) > len(cells)


def _body(rows: Sequence[list[str]], start: int, comment: str) -> list[list[str]]:
    width = max(1, len(rows[start])) if start < len(rows) else 1
    stop = start + min(BODY_ROWS, max(20, BODY_CELLS // width))
    return [row for row in rows[start:stop] if _filled(row) and not _is_commented(row, comment)]


def _is_commented(row: list[str], comment: str) -> bool:
    first = row[0].lstrip() if row else ""
    return first.lower().startswith(EXCEL_MARK) or (bool(comment) and first.startswith(comment))


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip(" \t\x1a")) for cell in row)


def _line(row: list[str]) -> str:
    return " ".join(cell.strip() for cell in row if cell.strip())


def is_header(row: list[str], body: list[list[str]]) -> bool:
    """Whether `row` names the columns of `body` rather than being one of its rows.

    A number above numbers says no (save a run of years or the like), a text
    above numbers says yes. In a table of texts, a first row written like the
    others (`Fault_12` above `Fault_7`) or repeated among them says no.
    """
    if not body:
        return not any(map(is_typed, row))
    typed = [column for column in range(len(row)) if _is_typed_column(body, column)]
    if any(is_typed(row[column]) for column in typed):
        return _is_sequence([row[column] for column in typed if is_typed(row[column])], body, typed)
    if _names_numbers(row, body):
        return True
    texts = [column for column in range(len(row)) if column not in typed and row[column].strip()]
    return not any(_is_alike(row[column], _column(body, column)) for column in texts)


def _is_typed_column(body: list[list[str]], column: int) -> bool:
    cells = [cell for cell in _column(body, column) if cell.strip() not in MISSING_MARKS]
    return bool(cells) and 2 * sum(map(is_typed, cells)) >= len(cells)


def _column(body: list[list[str]], column: int) -> list[str]:
    return [row[column] for row in body if column < len(row)]


def _is_sequence(cells: list[str], body: list[list[str]], typed: list[int]) -> bool:
    """Whether `cells` are years that count on (2001, 2002, 2003) while the first row below does not."""
    return _counts_on(cells) and not _counts_on(
        [body[0][column] for column in typed if column < len(body[0])]
    )


def _counts_on(cells: list[str]) -> bool:
    if len(cells) < 2 or not all(_YEAR.fullmatch(cell.strip()) for cell in cells):
        return False
    return len({int(right) - int(left) for left, right in pairwise(cells)} - {0}) == 1


def _is_alike(cell: str, others: list[str]) -> bool:
    """Whether `cell` is written like most of `others` and carries a number, or is repeated among them."""
    shape = _shape(cell)
    if "9" in shape and sum(_shape(other) == shape for other in others) > 0.8 * len(others):
        return True
    return len(others) > 1 and others.count(cell) > 1


def _shape(cell: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell.strip()))


def _label(row: list[str], body: list[list[str]]) -> str:
    """What a row between header and data holds (`units`, `detection limit`, `method`), else empty."""
    label = ROW_LABELS.get(row[0].strip().rstrip(":").lower(), "") if row else ""
    if label and body:
        return label
    typed = [column for column in range(len(row)) if _is_typed_column(body, column)]
    cells = [cell for column in typed if (cell := row[column].strip()) not in MISSING_MARKS]
    if not cells or any(map(is_typed, cells)):
        return ""
    return "units" if sum(bool(_bare_unit(cell)) for cell in cells) > 0.6 * len(cells) else ""


def _bare_unit(cell: str) -> str:
    """The unit a cell consists of, in brackets or not; empty where it is none."""
    match = _BRACKETS.match(cell.strip())
    text = match[1] if match else cell.strip()
    return text if text and not is_typed(text) and parse(text) else ""


def repair_names(cells: Sequence[str]) -> tuple[list[str], int, list[int]]:
    """Names that can name columns, how many had to be repaired, and the positions of blank ones.

    Padding is cut off, a blank name is given by position (`column_3`), a
    doubled one (in any case) is numbered (`id_2`).
    """
    names: list[str] = []
    taken: set[str] = set()
    used: dict[str, int] = {}
    unnamed = [i for i, cell in enumerate(cells) if not cell.strip()]
    for position, cell in enumerate(cells):
        name = _free(" ".join(cell.split()) or f"column_{position + 1}", taken, used)
        taken.add(name.lower())
        names.append(name)
    return names, sum(name != cell for name, cell in zip(names, cells, strict=True)), unnamed


def _free(name: str, taken: set[str], used: dict[str, int]) -> str:
    """`name`, or it with the next number; `used` remembers the last one, for names may repeat for ever."""
    candidate, number = name, used.get(name.lower(), 1)
    while candidate.lower() in taken:
        number += 1
        candidate = f"{name}_{number}"
    used[name.lower()] = number
    return candidate
