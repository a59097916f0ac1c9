"""Attributes of a pack found in data: columns of a table or fields of a grid, in the units of the pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from craton.decide.criteria_table import COLUMNS, LARGEST, numbers, shown
from craton.decide.evaluation_plan import Plan
from craton.decide.evaluation_scores import Units, within
from craton.model import units
from craton.model.errors import ContractError
from craton.model.pack import Attribute
from craton.model.pack_conditions import Words


class Found(NamedTuple):
    """An attribute as it was found: its column (empty for none), its unit, numbers that were refused."""

    column: str
    unit: str
    refused: int = 0


class Told(NamedTuple):
    """What data says of one of its columns or fields."""

    name: str
    unit: str
    quantity: str


class Taken(NamedTuple):
    """Units of evaluation, and how their attributes were found."""

    units: Units
    found: Mapping[str, Found]


def of_table(id: str, table: pd.DataFrame, plan: Plan) -> Taken:
    """Units of a table; `ContractError` names the attributes that are not there or in another unit."""
    if not len(table):
        raise ContractError(id, "units", "a table of one row or more", "an empty one")
    notes = table.attrs.get(COLUMNS, {})
    geometry = getattr(table, "_geometry_column_name", None)
    told = [_told(str(name), notes.get(name, {})) for name in table.columns if name != geometry]
    places = {str(name): name for name in table.columns}
    columns = _columns(id, "units", plan, told)
    taken = {one.name for one in columns.values() if one is not None}
    twice = sorted(taken & {str(name) for name in table.columns[table.columns.duplicated()]})
    if twice:
        raise ContractError(id, "units", "a table with columns of different names", f"{shown(twice)} twice")
    given, words, found = dict[str, np.ndarray](), dict[str, Words](), dict[str, Found]()
    for attribute, one in columns.items():
        if one is None:
            _absent(attribute, plan, len(table), given, words, found)
        elif plan.pack.attributes[attribute].unit:
            column = table[places[one.name]]
            # Dates would pass for numbers, the nanoseconds since 1970.
            other = {"M": "dates", "m": "spans of time", "c": "complex ones"}.get(column.dtype.kind, "")
            values = np.zeros(0) if other else numbers(table, places[one.name])
            if other or (np.isnan(values).all() and column.notna().any()):
                raise ContractError(id, "units", f"a table with numbers in `{one.name}`", other or "words")
            lost = int((np.isnan(values) & column.notna().to_numpy()).sum())
            given[attribute], found[attribute] = _taken(id, "units", attribute, plan, one, values, lost)
        else:
            words[attribute] = _words(table[places[one.name]])
            found[attribute] = Found(one.name, "")
    return Taken(Units(len(table), given, words), found)


def _told(name: str, note: Mapping[str, str]) -> Told:
    return Told(name, str(note.get("unit", "")), str(note.get("quantity", "")))


def of_fields(id: str, parameter: str, cells: xr.Dataset, plan: Plan) -> tuple[Taken, xr.DataArray]:
    """Units that are the cells of a grid or volume, and a field with their axes."""
    told = [
        Told(str(name), str(field.attrs.get("units", "")), str(field.attrs.get("standard_name", "")))
        for name, field in cells.data_vars.items()
    ]
    columns = _columns(id, parameter, plan, told)
    fields = {name: cells[one.name] for name, one in columns.items() if one is not None}
    if not fields:
        raise ContractError(id, parameter, "fields for the attributes of the pack", "none of them")
    first = next(iter(fields.values()))
    uneven = [name for name, field in fields.items() if set(field.dims) != set(first.dims)]
    if uneven:
        raise ContractError(id, parameter, "fields on the same axes", f"others for {shown(uneven)}")
    if not first.size:
        raise ContractError(id, parameter, "fields of one cell or more", "empty ones")
    given, words, found = dict[str, np.ndarray](), dict[str, Words](), dict[str, Found]()
    for attribute, one in columns.items():
        if one is None:
            _absent(attribute, plan, first.size, given, words, found)
            continue
        if fields[attribute].dtype.kind not in "biuf":
            raise ContractError(id, parameter, f"a field of numbers in `{one.name}`", "another kind")
        values = fields[attribute].transpose(*first.dims).to_numpy().ravel().astype(np.float64)
        values = np.where(np.abs(values) < LARGEST, values, np.nan)
        if plan.pack.attributes[attribute].unit:
            given[attribute], found[attribute] = _taken(id, parameter, attribute, plan, one, values, 0)
        else:
            words[attribute] = _flags(values, fields[attribute].attrs)
            found[attribute] = Found(one.name, "")
    return Taken(Units(first.size, given, words), found), first


def _columns(id: str, parameter: str, plan: Plan, told: Sequence[Told]) -> dict[str, Told | None]:
    """Column of each attribute: by its name, its other names, then by its quantity."""
    found = {name: _column(id, parameter, name, one, told) for name, one in plan.pack.attributes.items()}
    lacking = [name for name, one in found.items() if one is None and not plan.pack.attributes[name].optional]
    if lacking:
        names = "; ".join(_asked(name, plan.pack.attributes[name]) for name in lacking[:5])
        raise ContractError(
            id, parameter, "data with every attribute of the pack", f"data without {shown(lacking)}",
            hint=f"name a column so: {names}. There are: {shown(one.name for one in told)}",
        )  # fmt: skip
    return found


def _asked(name: str, attribute: Attribute) -> str:
    unit = f" in {attribute.unit}" if attribute.unit else " (words)"
    return " or ".join((name, *attribute.columns)) + unit


def _column(id: str, parameter: str, name: str, attribute: Attribute, told: Sequence[Told]) -> Told | None:
    names = (name, *attribute.columns)
    for wanted in names:
        exact = [one for one in told if one.name == wanted]
        if exact:
            return exact[0]
    folded = {one.casefold() for one in names}
    alike = [one for one in told if one.name.casefold() in folded]
    alike = alike or [one for one in told if attribute.quantity and one.quantity == attribute.quantity]
    if len(alike) > 1:
        came = f"{shown(one.name for one in alike)} for {name}"
        hint = f"call the one that is meant {name}"
        raise ContractError(id, parameter, "data with one column for an attribute", came, hint=hint)
    return alike[0] if alike else None


def _absent(
    name: str,
    plan: Plan,
    count: int,
    given: dict[str, np.ndarray],
    words: dict[str, Words],
    found: dict[str, Found],
) -> None:
    """An optional attribute that data does not have: gaps everywhere."""
    found[name] = Found("", "")
    if plan.pack.attributes[name].unit:
        given[name] = np.full(count, np.nan)
    else:
        words[name] = Words(np.full(count, -1), ())


def _taken(
    id: str, parameter: str, name: str, plan: Plan, told: Told, values: np.ndarray, lost: int
) -> tuple[np.ndarray, Found]:
    """Numbers in the unit of the pack and within its bounds.

    One without a stated unit is taken in that of the pack where it is found by a name that the pack gives.
    """
    unit = plan.pack.attributes[name].unit
    stated = units.parse(told.unit)
    if stated is None or (stated and not units.compatible(stated, unit)):
        allowed = f"data with `{told.name}` in {unit} or a unit that converts"
        raise ContractError(id, parameter, allowed, f"data with it in {told.unit}")
    known = {name.casefold(), *(one.casefold() for one in plan.pack.attributes[name].columns)}
    if not stated and told.name.casefold() not in known and unit != "1":
        allowed = f"data with `{told.name}`, which is taken for {name}, in a stated unit"
        hint = f"state its unit, or call it {name} where it is in {unit}"
        raise ContractError(id, parameter, allowed, "data without", hint=hint)
    converted = units.convert(values, stated, unit) if stated and stated != unit else values
    held, refused = within(converted, plan, name)
    return held, Found(told.name, stated, refused + lost)


def _words(column: pd.Series) -> Words:
    """Words of a column; blanks are gaps, whole numbers are told without a decimal point."""
    if not isinstance(column.dtype, pd.StringDtype):
        column = column.map(_plain, na_action="ignore")
    texts = column.astype("string").str.strip()
    places, names = pd.factorize(texts.mask(texts == ""), sort=True)
    return Words(np.asarray(places), tuple(map(str, names)))


def _plain(one: object) -> object:
    return f"{one:.15g}" if isinstance(one, float | np.floating) else one


def _flags(values: np.ndarray, attrs: Mapping[str, object]) -> Words:
    """Words of classes told by `flag_values` and `flag_meanings`; a class without a word is its number."""
    meanings = attrs.get("flag_meanings", ())
    meanings = meanings.split() if isinstance(meanings, str) else meanings
    codes = np.ravel(np.asarray(attrs.get("flag_values", ())))
    named = {
        float(code): str(word) for code, word in zip(codes, np.ravel(np.asarray(meanings)), strict=False)
    }
    found, places = np.unique(values, return_inverse=True)
    known = np.isfinite(found)
    names = tuple(named.get(float(one), f"{one:.15g}") for one in found[known])
    return Words(np.where(np.isfinite(values), places.ravel(), -1), names)
