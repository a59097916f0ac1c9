"""AGS text as groups: the UK's exchange format for ground investigations, editions 3 and 4.

Edition 4 marks each line by its first cell: GROUP, HEADING, UNIT, TYPE, DATA.
Edition 3 writes `**GROUP` and `*HEADING` (`**?` and `*?` where the user
defined them), then a `<UNITS>` row, and continues long rows with `<CONT>`.

References
----------
Association of Geotechnical and Geoenvironmental Specialists. Electronic
Transfer of Geotechnical and Geoenvironmental Data, editions 3.1 (2004) and
4.1.1 (2022). The rules of edition 4 are cited by number.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

JOIN_LIMIT = 20
"""Lines one cell may be broken over before its row is given up."""


class Fault(NamedTuple):
    """A departure from the standard: what, and the line where it is first seen (0 for the whole file)."""

    words: str
    line: int


@dataclass
class Group:
    """A table of the file, all cells as text."""

    name: str
    line: int
    headings: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def head(self, cells: list[str]) -> None:
        """Set the headings, unless the group comes twice and has them already."""
        if self.rows:
            return
        seen: Counter[str] = Counter()
        self.headings = []
        for cell in cells:
            seen[cell] += 1
            self.headings.append(cell if seen[cell] == 1 else f"{cell}_{seen[cell]}")

    def fit(self, cells: list[str]) -> list[str]:
        """`cells` cut or filled up to the number of headings."""
        width = len(self.headings)
        return [*cells[:width], *[""] * (width - len(cells))]

    def resume(self, cells: list[str]) -> None:
        """Go on with the last row, cell by cell."""
        if self.rows:
            self.rows[-1] = [a + b for a, b in zip(self.rows[-1], self.fit(cells), strict=True)]


@dataclass
class AgsText:
    """Groups by name in the order of the file, and its faults."""

    edition: int
    groups: dict[str, Group] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def start(self, name: str, line: int) -> Group:
        """Open the group `name`; a second one of that name goes on in the first."""
        if name in self.groups:
            self.faults.append(Fault(f"group {name} comes twice", line))
        return self.groups.setdefault(name, Group(name, line))


class Line(NamedTuple):
    """Cells of one logical line."""

    number: int
    cells: list[str]


def parse(text: str) -> AgsText:
    """Groups of `text`; faults are collected, not raised."""
    edition = 3 if text.lstrip(' \t\n"').startswith("*") else 4
    parsed = AgsText(edition)
    take = _EDITIONS[edition]
    group: Group | None = None
    for line in _lines(text, parsed):
        group = take(parsed, group, line)
    if edition == 4:
        parsed.faults += _missing_groups(parsed)
    return parsed


def _lines(text: str, parsed: AgsText) -> Iterator[Line]:
    """Rows of cells; a cell broken over lines is put together again."""
    pending: list[str] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        pending.append(raw)
        joined = "\n".join(pending)
        if joined.count('"') % 2 and len(pending) < JOIN_LIMIT:
            continue
        if len(pending) > 1:
            parsed.faults.append(Fault("rule 6: a line break within a cell", number - len(pending) + 1))
        pending = []
        cells = _cells(joined)
        if cells is None:
            parsed.faults.append(Fault("rule 5: cells that cannot be told apart", number))
        elif any(cells):
            yield Line(number, cells)
    if pending:
        parsed.faults.append(Fault("rule 5: a quote that is never closed", number))


def _cells(line: str) -> list[str] | None:
    try:
        rows = list(csv.reader([line], skipinitialspace=True))
    except csv.Error:
        return None
    if line.count('"') % 2:
        return None
    return [cell.strip() for cell in rows[0]] if rows else []


def _take_fourth(parsed: AgsText, group: Group | None, line: Line) -> Group | None:
    mark, *cells = line.cells
    if mark == "GROUP":
        return parsed.start(cells[0] if cells else "", line.number)
    if mark not in _FOURTH or group is None:
        parsed.faults.append(Fault(f"rule 3: a line that begins with {mark[:20]!r}", line.number))
        return group
    if mark != "HEADING" and len(cells) != len(group.headings):
        words = f"rule 4: {group.name} has {len(group.headings)} headings but a row of {len(cells)} cells"
        parsed.faults.append(Fault(words, line.number))
    _FOURTH[mark](group, cells)
    return group


_FOURTH: dict[str, Callable[[Group, list[str]], None]] = {
    "HEADING": lambda group, cells: group.head(cells),
    "UNIT": lambda group, cells: setattr(group, "units", group.fit(cells)),
    "TYPE": lambda group, cells: setattr(group, "types", group.fit(cells)),
    "DATA": lambda group, cells: group.rows.append(group.fit(cells)),
}


def _take_third(parsed: AgsText, group: Group | None, line: Line) -> Group | None:
    first = line.cells[0]
    if first.startswith("**"):
        return parsed.start(first.lstrip("*?"), line.number)
    if group is None:
        parsed.faults.append(Fault(f"a line before the first group: {first[:20]!r}", line.number))
    elif first.startswith("*"):
        group.head([*group.headings, *(c.lstrip("*?") for c in line.cells if c)])
    elif first == "<UNITS>":
        group.units = group.fit(["", *line.cells[1:]])
    elif first == "<CONT>":
        group.resume(["", *line.cells[1:]])
    else:
        if len(line.cells) != len(group.headings):
            words = f"{group.name} has {len(group.headings)} headings but a row of {len(line.cells)} cells"
            parsed.faults.append(Fault(words, line.number))
        group.rows.append(group.fit(line.cells))
    return group


_EDITIONS: dict[int, Callable[[AgsText, Group | None, Line], Group | None]] = {
    3: _take_third,
    4: _take_fourth,
}


REQUIRED = {"PROJ": 13, "TRAN": 14, "UNIT": 15, "TYPE": 17}
"""Groups every file of edition 4 must have, and the rule that says so."""


def _missing_groups(parsed: AgsText) -> Iterator[Fault]:
    return (
        Fault(f"rule {rule}: no group {name}", 0)
        for name, rule in REQUIRED.items()
        if name not in parsed.groups
    )
