"""Definition files of ASEG-GDF2 packages: which fields a data record has, and in which columns.

After "A general data format: GDF2", Australian Society of Exploration
Geophysicists, with the liberties that published packages take: `=` or `:`
after a keyword, fields on one line or many, record types that no record bears.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from craton.model.errors import RefusedError

MAX_FIELDS = 4096
MAX_WIDTH = 1 << 16
"""Characters of a record; wider ones are no measurement."""

_DEFINITION = re.compile(r"^DEFN\s*\d*\s*ST\s*=\s*REC\w*\s*,\s*RT\s*=\s*(\w*)\s*;(.*)$", re.IGNORECASE)
_FORMAT = re.compile(r"^(\d*)([AIFEDG])(\d+)(?:\.(\d+))?$", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?:^|[,:])\s*(UNITS?|NULL|NAME)\s*[=:]\s*", re.IGNORECASE)
DATA_RECORD_TYPES = {"", "DATA"}


@dataclass(frozen=True)
class Field:
    """One field of a data record.

    Parameters
    ----------
    name, title, unit : str
    kind : str
        Fortran edit descriptor: `A` text, `I` whole number, `F`, `E`, `D`, `G` number.
    start, width : int
        Columns of the record, from 0.
    null : str
        Text or number that marks a missing value; empty where none is declared.
    """

    name: str
    kind: str
    start: int
    width: int
    unit: str = ""
    title: str = ""
    null: str = ""


class Definition(NamedTuple):
    """Fields of the data records and the record type that may stand before them."""

    fields: tuple[Field, ...]
    record_type: str

    @property
    def width(self) -> int:
        """Characters of a whole record."""
        return self.fields[-1].start + self.fields[-1].width


def parse(text: str) -> tuple[Definition, int]:
    """Definition in `text` and how many of its lines break the format; refused where no field is left."""
    fields: list[Field] = []
    record_type, broken = "", 0
    for line in text.splitlines():
        found = _DEFINITION.match(line.strip())
        if found is None:
            broken += line.upper().startswith("DEFN")
            continue
        if found[1].upper() in DATA_RECORD_TYPES:
            record_type = found[1].upper()
            broken += _extend(fields, found[2])
    if not fields:
        raise RefusedError("invalid-structure", "the definition declares no field of data records")
    if len(fields) > MAX_FIELDS or fields[-1].start + fields[-1].width > MAX_WIDTH:
        raise RefusedError(
            "corrupt", f"the definition declares {len(fields)} fields or records too wide to be true"
        )
    return Definition(_unique(fields), record_type), broken


def _extend(fields: list[Field], declared: str) -> int:
    """Add the fields of one definition line to `fields`; how many could not be understood."""
    broken = 0
    for part in declared.split(";"):
        if part.strip().upper().startswith("END DEFN"):
            break
        if not part.strip():
            continue
        name, _, rest = (piece.strip() for piece in part.partition(":"))
        edit, _, attributes = rest.partition(":")
        found = _FORMAT.match(edit.strip())
        if found is None or not name:
            broken += 1
        else:
            _append(fields, name, found, attributes)
    return broken


def _append(fields: list[Field], name: str, edit: re.Match[str], attributes: str) -> None:
    """Add the field `name`, once for each repetition of its edit descriptor."""
    repeats, width = min(int(edit[1] or 1), MAX_FIELDS + 1), min(int(edit[3]), MAX_WIDTH + 1)
    words = _attributes(attributes)
    for number in range(repeats):
        start = fields[-1].start + fields[-1].width if fields else 0
        own = name if repeats == 1 else f"{name}_{number + 1}"
        fields.append(Field(own, edit[2].upper(), start, width, words["UNIT"], words["NAME"], words["NULL"]))


def _attributes(text: str) -> dict[str, str]:
    """Values by keyword, each running to the next keyword."""
    found = {"UNIT": "", "NAME": "", "NULL": ""}
    marks = list(_ATTRIBUTE.finditer(text))
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        found[mark[1].upper().rstrip("S")] = text[mark.end() : end].strip(" ,:")
    return found


def _unique(fields: list[Field]) -> tuple[Field, ...]:
    """The same fields, doubled names told apart by a number."""
    seen: dict[str, int] = {}
    for index, field in enumerate(fields):
        count = seen[field.name.lower()] = seen.get(field.name.lower(), 0) + 1
        if count > 1:
            name = f"{field.name}_{count}"
            fields[index] = Field(
                name, field.kind, field.start, field.width, field.unit, field.title, field.null
            )
    return tuple(fields)
