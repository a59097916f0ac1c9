"""What becomes of each column of a table: its quantity, unit and name, before any number is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from craton.model import quantities as registry
from craton.model import units
from craton.model.data import ColumnNote
from craton.model.renaming import looks_measured, renamed
from craton.model.table_context import (
    AS_WRITTEN,
    COMCAT_STEP,
    LIMITS,
    Companion,
    companion,
    earthquake_depth,
)

TEXT_TYPES = frozenset({"string", "boolean", "list", "binary"})
WORDS = TEXT_TYPES - {"list"}
"""Types of columns that are never measured, whatever their name."""

TIME_TYPES = frozenset({"date", "datetime", "string"})


class Field(NamedTuple):
    """A column as it comes: its type (`columns.type_name`) and whether its first numbers are all whole."""

    name: str
    type: str
    whole: bool = False


class Change(NamedTuple):
    """What becomes of one column: `new = old * scale + shift`, under `name`."""

    name: str
    note: ColumnNote
    scale: float = 1.0
    shift: float = 0.0

    @property
    def converts(self) -> bool:
        """Whether numbers change."""
        return (self.scale, self.shift) != (1.0, 0.0)


@dataclass
class Ledger:
    """What was done to a draft, told in findings at the end."""

    notes: dict[str, ColumnNote]
    converted: list[str] = field(default_factory=list)
    respelled: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    infinite: int = 0


def plan(
    ledger: Ledger,
    fields: Iterable[Field],
    *,
    table: str = "",
    convert: bool = True,
    logs: bool = False,
    without: frozenset[str] = frozenset(),
) -> dict[str, Change]:
    """Changes by column name, their notes entered in the ledger; no column is of a quantity `without`."""
    fields = list(fields)
    names = {one.name for one in fields}
    owners = {name: companion(name, names) for name in names}
    chemistry = registry.is_chemistry(name for name in names if not owners[name].column)
    if not table:
        _note_earthquakes(ledger, names)
    changes: dict[str, Change] = {}
    # A companion follows its column, whose name is always the shorter one.
    for one in sorted(fields, key=lambda one: len(one.name) if owners[one.name].column else 0):
        key, owner = f"{table}.{one.name}" if table else one.name, owners[one.name]
        note, match = ledger.notes.get(key, ColumnNote()), registry.Match()
        if not owner.column:
            unit = units.parse(note.unit) or ""
            match = registry.recognise(one.name, unit=unit, chemistry=chemistry, logs=logs)
        if match.quantity in without:
            match = match._replace(quantity="")
        change = _change(one, note, match, ledger)
        if not convert or (change.name != one.name and change.name in names):
            change = _unchanged(one, change, note, match)
        if owner.column:
            change = _followed(one, change, owner, changes[owner.column], names)
        names.add(change.name)
        _enter(ledger, key, one, change, table)
        changes[one.name] = change
    return changes


def _note_earthquakes(ledger: Ledger, names: set[str]) -> None:
    depth = earthquake_depth(names, ledger.notes)
    if depth:
        ledger.notes["depth"] = depth
        ledger.steps.append(COMCAT_STEP)


def _unchanged(one: Field, change: Change, note: ColumnNote, match: registry.Match) -> Change:
    """`change` of a column whose numbers, or whose name, cannot be replaced."""
    if change.converts:
        return Change(one.name, _as_stated(change.note, match, note))
    return change._replace(name=one.name)


def _followed(one: Field, change: Change, owner: Companion, column: Change, names: set[str]) -> Change:
    """`change` of companion `one` made that of its `column`, so that both stay alike in unit and name."""
    if owner.suffix in AS_WRITTEN or column.name == owner.column:
        name = one.name
    else:
        name = column.name + one.name[len(owner.column) :]
    while name != one.name and name in names:
        name += "_"
    source = units.parse(column.note.original_unit) or ""
    alike = units.parse(change.note.unit) in {"", source} and column.note.unit != change.note.unit
    if owner.suffix not in LIMITS or one.type not in {"integer", "number"} or not (source and alike):
        return change._replace(name=name)
    text = change.note.original_unit or change.note.unit or column.note.original_unit
    note = replace(change.note, unit=column.note.unit, original_unit=text)
    return Change(name, note, column.scale, column.shift)


def _change(one: Field, note: ColumnNote, match: registry.Match, ledger: Ledger) -> Change:
    """What becomes of column `one`, whose unit is stated in its `note` or its name."""
    text = note.unit or ("" if one.type in WORDS else match.unit_text)
    unit = units.parse(text)
    quantity = note.quantity or _fitting(match.quantity, one.type)
    rule = registry.rule(quantity)
    if unit is None:
        ledger.unknown.append(f"{one.name} ({text})")
        return Change(one.name, replace(note, quantity=quantity))
    if not unit:
        implied = rule.unit if rule and rule.implied and one.type not in WORDS else ""
        return Change(one.name, replace(note, quantity=quantity, unit=implied))
    original = note.original_unit or text
    target = rule.unit if rule and rule.topic != "coordinates" else ""
    if one.type not in {"integer", "number"} or not target or not units.compatible(unit, target):
        return Change(
            one.name, replace(note, quantity=quantity, unit=unit, original_unit=_if_other(original, unit))
        )
    scale, shift = units.conversion(unit, target)
    untrue = units.parse(match.unit_text) not in {"", target}
    name = renamed(one.name, match.unit_text, target) if untrue else one.name
    found = replace(note, quantity=quantity, unit=target, original_unit=_if_other(original, target))
    return Change(name, found, scale, shift)


def _if_other(text: str, unit: str) -> str:
    return "" if text == unit else text


def _fitting(quantity: str, type: str) -> str:
    """`quantity` if a column of `type` can be of it: classes are not numbers, and analyses not words."""
    rule = registry.rule(quantity)
    if rule is None:
        return ""
    if quantity == "time":
        return quantity if type in TIME_TYPES else ""
    if not rule.unit:
        return quantity if type in TEXT_TYPES else ""
    return "" if type in WORDS or (type == "list" and rule.topic == "geochemistry") else quantity


def _as_stated(note: ColumnNote, match: registry.Match, stated: ColumnNote) -> ColumnNote:
    """`note` of numbers that are kept in the unit they came in."""
    text = stated.unit or match.unit_text
    unit = units.parse(text) or text
    return replace(note, unit=unit, original_unit=stated.original_unit or _if_other(text, unit))


def _enter(ledger: Ledger, key: str, one: Field, change: Change, table: str) -> None:
    note = change.note
    if change.converts:
        arrow = f" as {change.name}" if change.name != one.name else ""
        ledger.converted.append(f"{key}{arrow} ({note.original_unit} → {note.unit})")
    elif change.name != one.name and note.unit:
        ledger.respelled.append(f"{key} to {change.name} (the same numbers)")
    elif not note.unit and looks_measured(one.name, one.type, whole=one.whole, quantity=note.quantity):
        ledger.missing.append(key)
    if note != ColumnNote():
        ledger.notes.pop(key, None)
        ledger.notes[f"{table}.{change.name}" if table else change.name] = note
