"""LAS text as sections: the well-log format of the Canadian Well Logging Society, versions 1.2, 2.0 and 3.0.

A file is sections that begin with `~`. Header sections hold lines
`MNEM.UNIT value : description`, whose grammar is left to lasio. Data sections
hold rows under the curves of one header section: `~A` under `~Curve`, and in
version 3 `~Core_Data | Core_Definition` under the section it names.

References
----------
Canadian Well Logging Society. LAS 1.2 (1989), LAS 2.0 (1992, rev. 2017),
LAS 3.0 (2000).
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from lasio.reader import read_header_line

LONGEST_LINE = 4000
"""Characters of a header line that are read."""

LONGEST_TITLE = 200
"""Characters of a section title that are kept."""

MAX_CURVES = 20_000
"""Curves of one section."""

PART = re.compile(r"^(?P<name>.*?)_?(?P<part>definition|parameter|data)_?(?P<rest>.*)$", re.IGNORECASE)
"""Titles of version 3: `Core_Definition`, `Core_Data[1]`, `Phase_data_RMDATA`."""

FORM = re.compile(r"\{[^{}]*\}")
"""Format of the values, as version 3 puts it behind a description: `{F}`."""

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SPACE": ""}
PLAIN = frozenset({"STRT", "STOP", "STEP", "NULL"})
"""Entries of a well section that version 1.2 writes value first, unlike the others."""


class Entry(NamedTuple):
    """A header line: mnemonic, unit, value and description."""

    name: str
    unit: str
    value: str
    words: str


@dataclass
class Section:
    """A section: its title, the part it plays, its header entries or its data lines."""

    title: str
    part: str
    entries: list[Entry] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Title without its part and its association."""
        bare = self.title.partition("|")[0].strip()
        match = PART.match(bare) if self.part in {"data", "definition"} else None
        if match is None:
            return bare
        return "_".join(filter(None, (match["name"], match["rest"].strip("[]_ "))))


@dataclass
class LogText:
    """Sections in order, and how many header lines could not be read."""

    sections: list[Section] = field(default_factory=list)
    unread: int = 0

    def entries(self, part: str) -> list[Entry]:
        """Header entries of all sections that play `part`."""
        return [entry for s in self.sections if s.part == part for entry in s.entries]

    def value(self, part: str, *names: str) -> Entry | None:
        """First entry of `part` with one of `names` and a value, in the order of the names."""
        stated = [entry for entry in self.entries(part) if entry.value]
        return next((e for name in names for e in stated if e.name.upper() == name), None)

    @property
    def version(self) -> float:
        """Version of the format; 2 where it is not stated."""
        stated = self.value("version", "VERS")
        match = re.match(r"\d(\.\d+)?", stated.value) if stated else None
        return float(match[0]) if match else 2.0

    @property
    def is_wrapped(self) -> bool:
        """Whether a row runs over several lines."""
        stated = self.value("version", "WRAP")
        return stated is not None and stated.value.upper().startswith("Y")

    @property
    def delimiter(self) -> str:
        """Character between cells, empty for blanks."""
        stated = self.value("version", "DLM")
        return DELIMITERS.get(stated.value.upper(), "") if stated else ""

    def curves_of(self, section: Section) -> list[Entry]:
        """Curves the rows of a data `section` stand under."""
        wanted = section.title.partition("|")[2].strip().upper()
        definitions = [s for s in self.sections if s.part == "definition"]
        named = [s for s in definitions if wanted and s.title.upper() == wanted]
        alike = [s for s in definitions if s.name.upper() == section.name.upper()]
        plain = [s for s in definitions if s.name.upper() in CURVES] if section.name.upper() in CURVES else []
        return next((s.entries[:MAX_CURVES] for s in (*named, *alike, *plain) if s.entries), [])


CURVES = frozenset({"CURVE", "LOG", "ASCII", "A", "C"})
"""Names of the main curve and data sections."""


def parse(text: str) -> LogText:
    """Sections of `text`; header lines that cannot be read are counted, not raised."""
    log = LogText()
    for line in text.split("\n"):
        bare = line.strip()
        if bare.startswith("~"):
            log.sections.append(_open(bare[1:LONGEST_TITLE].strip()))
        elif not log.sections or not bare or bare.startswith("#"):
            continue
        elif log.sections[-1].part in {"data", "other"}:
            log.sections[-1].lines.append(line)
        else:
            _take(log, bare)
    _turn_first_version(log)
    return log


LETTERS = {"V": "version", "W": "well", "C": "definition", "P": "parameter", "A": "data", "O": "other"}


def _open(title: str) -> Section:
    """Section of `title`; words of version 3 win over the letter of the older versions."""
    bare = title.partition("|")[0].strip()
    match = PART.match(bare)
    if match is not None and "_" in bare:
        return Section(title, match["part"].lower())
    part = LETTERS.get(bare[:1].upper(), "other")
    names = {"data": "LOG", "definition": "LOG"}
    return Section(names.get(part, title), part)


def _take(log: LogText, line: str) -> None:
    """Add the header line to the section it stands in."""
    try:
        found = read_header_line(line[:LONGEST_LINE])
    except AttributeError:
        log.unread += 1
        return
    words = " ".join(FORM.sub("", found["descr"]).split())
    log.sections[-1].entries.append(Entry(found["name"], found["unit"], found["value"], words))


def _turn_first_version(log: LogText) -> None:
    """Version 1.2 writes a well's entries description first: bring them in the order of the others.

    Writers who say 1.2 but keep to the later order leave all descriptions empty.
    """
    wells = [s for s in log.sections if s.part == "well"]
    if log.version >= 2 or not any(e.words for s in wells for e in s.entries if e.name.upper() not in PLAIN):
        return
    for section in wells:
        section.entries = [e if e.name.upper() in PLAIN else _turned(e) for e in section.entries]


def _turned(entry: Entry) -> Entry:
    return entry._replace(value=entry.words, words=entry.value)


def numbers_of(log: LogText, section: Section, width: int) -> np.ndarray | None:
    """Readings of a section whose rows are even and all numbers, shape (rows, `width`); `None` for others.

    The quick and thrifty way for long logs.
    """
    delimiter = _delimiter(log, section, width)
    if not width or not section.lines or (log.is_wrapped and not log.delimiter):
        return None
    text = io.StringIO("\n".join(section.lines))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = pd.read_csv(
                text,
                sep=delimiter or r"\s+",
                header=None,
                names=list(range(width)),
                index_col=False,
                dtype=float,
                na_filter=False,
                skipinitialspace=True,
                quoting=csv.QUOTE_NONE,
            )
    except (ValueError, OverflowError, Warning):
        return None
    return table.to_numpy()


class Rows(NamedTuple):
    """Rows of equal width, how many were padded or cut to it, and the cells left over at the end."""

    rows: list[list[str]]
    ragged: int
    left_over: int


def rows_of(log: LogText, section: Section, width: int) -> Rows:
    """Cells of a data section as rows of `width` cells (0: as wide as the first row)."""
    if log.is_wrapped and not log.delimiter and width:
        cells = [cell for line in section.lines for cell in line.split()]
        full = len(cells) // width * width
        return Rows([cells[n : n + width] for n in range(0, full, width)], 0, len(cells) - full)
    found = list(_split(section.lines, _delimiter(log, section, width)))
    width = width or (len(found[0]) if found else 0)
    ragged = sum(len(row) != width for row in found)
    return Rows([[*row[:width], *[""] * (width - len(row))] for row in found], ragged, 0)


def _delimiter(log: LogText, section: Section, width: int) -> str:
    """Stated delimiter; a comma also where only commas give the right number of cells."""
    if log.delimiter or not section.lines:
        return log.delimiter
    first = section.lines[0]
    return "," if len(first.split()) != width and first.count(",") == width - 1 > 0 else ""


def _split(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    for line in lines:
        if not line.strip():
            continue
        if '"' in line:
            yield [cell.strip() for cell in _quoted(line, delimiter or " ")]
        else:
            yield [cell.strip() for cell in (line.split(delimiter) if delimiter else line.split())]


def _quoted(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.strip()], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)
