"""Which columns of a table are the inputs of an indicator, and their numbers in its units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from craton.decide.criteria_table import COLUMNS, numbers, shown
from craton.model import units
from craton.model.errors import ContractError
from craton.model.indicators import Indicator, Input

_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
"""A unit at the end of a name, as in `sodium (mmol/L)`."""

_STATED = re.compile(r"(?P<column>.*\S)\s*\[(?P<unit>[^\[\]]+)\]\s*")


class Source(NamedTuple):
    """A column, and the unit of its numbers, empty where none is stated."""

    column: str
    unit: str


def inputs_of(
    process: str,
    table: pd.DataFrame,
    id: str,
    chosen: Mapping[str, Indicator],
    columns: tuple[str, ...],
) -> dict[str, np.ndarray]:
    """Numbers (n,) of each input of the indicator `id` in the unit of the input, NaN where there is none.

    Parameters
    ----------
    chosen : mapping
        By identifier, all indicators that `columns` may be about.
    columns : tuple of str
        Entries `input=column`, `indicator.input=column`, `input=column [unit]`.
    """
    told, inputs = _told(process, columns, chosen), chosen[id].inputs
    asked = Counter(one.quantity for one in inputs.values())
    found: dict[str, np.ndarray] = {}
    lacking: list[str] = []
    for name, one in inputs.items():
        text = told.get(f"{id}.{name}", told.get(name, ""))
        # One column of areas is not both of two areas.
        quantity = one.quantity if asked[one.quantity] == 1 else ""
        source = _source(process, table, text, name, quantity)
        if source is None:
            lacking.append(f"{name} ({one.title['en']}{'' if one.unit == '1' else ', ' + one.unit})")
        else:
            found[name] = _in_unit(process, table, source, f"{name} of {id}", one)
    if lacking:
        raise ContractError(
            process, "table", f"columns for all inputs of {id}", f"none for {shown(lacking)}",
            hint="say in `columns` which they are, as input=column",
        )  # fmt: skip
    return found


def _told(process: str, columns: tuple[str, ...], chosen: Mapping[str, Indicator]) -> dict[str, str]:
    """Column by `input` or `indicator.input`, as it is told."""
    names = {(id, name) for id, one in chosen.items() for name in one.inputs}
    known = {name for _id, name in names} | {f"{id}.{name}" for id, name in names}
    found: dict[str, str] = {}
    for entry in columns:
        name, equals, column = (part.strip() for part in entry.partition("="))
        if not equals or not column or name in found or name not in known:
            allowed = f"entries input=column, each input once: {shown(sorted({n for _id, n in names}))}"
            raise ContractError(process, "columns", allowed, repr(entry[:80]))
        found[name] = column
    return found


def _source(process: str, table: pd.DataFrame, told: str, name: str, quantity: str) -> Source | None:
    """The column of an input: the one that is told, else of its name, else the only one of its quantity."""
    if told:
        return _told_source(process, table, told)
    names, notes = [str(one) for one in table.columns], table.attrs.get(COLUMNS, {})
    plain = [one for one in names if _BRACKETS.sub("", one).casefold() == name.casefold()]
    of_quantity = [c for c, note in notes.items() if quantity and note.get("quantity") == quantity]
    alike = [name] if name in names else plain or of_quantity
    if len(alike) > 1:
        raise ContractError(
            process, "table", f"one column for {name}", shown(alike),
            hint=f"say in `columns` which it is, as {name}={alike[0]}",
        )  # fmt: skip
    return Source(alike[0], _unit(table, alike[0])) if alike else None


def _told_source(process: str, table: pd.DataFrame, told: str) -> Source:
    if told in table.columns:
        return Source(told, _unit(table, told))
    found = _STATED.fullmatch(told)
    column, unit = (found["column"], units.parse(found["unit"])) if found else (told, "")
    if column not in table.columns:
        raise ContractError(process, "columns", f"columns of the table: {shown(table.columns)}", repr(column))
    if found and not unit:
        raise ContractError(process, "columns", "units that are known", repr(found["unit"]))
    own = _unit(table, column)
    if own and own != unit:
        raise ContractError(process, "columns", f"{column} in {own}, as the table states", f"[{unit}]")
    return Source(column, unit or "")


def _unit(table: pd.DataFrame, column: str) -> str:
    """Unit that is noted of a column, empty where there is none or it is not known."""
    return units.parse(str(table.attrs.get(COLUMNS, {}).get(column, {}).get("unit", ""))) or ""


def _in_unit(process: str, table: pd.DataFrame, source: Source, what: str, one: Input) -> np.ndarray:
    """Numbers (n,) of an input, in its unit; messages tell `what` they are for."""
    column = table[source.column]
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise ContractError(process, "table", f"numbers in {source.column}, for {what}", "words")
    values = numbers(table, source.column)
    if not np.isfinite(values).any():
        raise ContractError(process, "table", f"a number in {source.column}, for {what}", "none")
    if source.unit == one.unit or (one.unit == "1" and not source.unit):
        return values
    if not units.compatible(source.unit, one.unit):
        entry = f"{what.partition(' ')[0]}={source.column} [{one.unit}]"
        raise ContractError(
            process, "table", f"{source.column} in {one.unit} or a unit that converts, for {what}",
            f"in {source.unit or 'no stated unit'}",
            hint="" if source.unit else f"state it in `columns`, as {entry}",
        )  # fmt: skip
    return units.convert(values, source.unit, one.unit)
