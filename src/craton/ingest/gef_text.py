"""GEF text as header and rows: the Geotechnical Exchange Format of the Netherlands and Belgium.

Header lines are `#KEY = value, value, …` up to `#EOH`; the rows after it are
cut by `#COLUMNSEPARATOR` and `#RECORDSEPARATOR`, and numbers that mean "not
measured" are given by column in `#COLUMNVOID`.

References
----------
Geotechnical Exchange Format, GEF-CPT-Report 1.1.2 and GEF-BORE-Report 1.0.0
(CUR / Geonet).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple


class GefColumn(NamedTuple):
    """A declared column: its unit and words as written, and the number of its quantity."""

    unit: str
    words: str
    quantity: int


@dataclass
class GefText:
    """Header values by key, and the rows as text."""

    header: dict[str, list[list[str]]] = field(default_factory=lambda: defaultdict(list))
    rows: list[list[str]] = field(default_factory=list)
    has_end_of_header: bool = False

    def values(self, key: str) -> list[str]:
        """Values of the first line of `key`, empty if there is none."""
        lines = self.header.get(key, [])
        return lines[0] if lines else []

    def first(self, key: str) -> str:
        """First value of `key`."""
        return next(iter(self.values(key)), "")

    def numbered(self, key: str) -> dict[int, list[str]]:
        """Lines of `key` by the number each begins with."""
        lines = self.header.get(key, [])
        return {whole(line[0]): line[1:] for line in lines if whole(line[0]) > 0}

    @property
    def columns(self) -> list[GefColumn]:
        """Columns in order; a gap in the numbering is a column without a name."""
        declared = {n: line for n, line in self.numbered("COLUMNINFO").items() if 0 < n <= MAX_COLUMNS}
        return [_column(declared.get(n, [])) for n in range(1, max(declared, default=0) + 1)]

    @property
    def voids(self) -> dict[int, float]:
        """Number that means "not measured", by column (from 0)."""
        found = {n - 1: _number(line[0]) for n, line in self.numbered("COLUMNVOID").items() if line}
        return {n: value for n, value in found.items() if value is not None}


MAX_COLUMNS = 1000
"""Columns a file may declare."""

MAX_DIGITS = 9
"""Digits of a count or a code."""


def _column(line: list[str]) -> GefColumn:
    unit, words, quantity = (*line, "", "", "")[:3]
    return GefColumn(unit, words, whole(quantity))


def whole(text: str) -> int:
    """Whole number written in `text`, 0 where there is none."""
    return int(text) if text.isdecimal() and len(text) < MAX_DIGITS else 0


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def parse(text: str) -> GefText:
    """Header and rows of `text`."""
    gef = GefText()
    lines = iter(text.split("\n"))
    for line in lines:
        if not line.startswith("#"):
            continue
        key, _, value = line[1:].partition("=")
        key = key.strip().upper()
        if key == "EOH":
            gef.has_end_of_header = True
            break
        gef.header[key].append([part.strip() for part in value.split(",")])
    gef.rows = _rows("\n".join(lines), _separator(gef, "COLUMNSEPARATOR"), _separator(gef, "RECORDSEPARATOR"))
    return gef


def _separator(gef: GefText, key: str) -> str:
    """One separating character; a comma comes apart as two empty values."""
    values = gef.values(key)
    return "," if len(values) > 1 and not any(values) else "".join(values)[:1]


def _rows(body: str, column: str, record: str) -> list[list[str]]:
    """Cells of the rows; without separators, cells are cut at blanks and rows at line ends."""
    if record:
        body = body.replace("\n", " ")
    records = body.split(record) if record else body.split("\n")
    cells = ([c.strip() for c in r.split(column)] if column else r.split() for r in records if r.strip())
    return [row[:-1] if column and row and not row[-1] else row for row in cells]
