"""Reference compositions that come with the package: crust, shale, mantle, chondrite."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import pandas as pd

from craton.methods.geochemistry_columns import (
    analytes,
    numbers,
    quantity_of_analyte,
    quantity_of_column,
    unit_of,
)
from craton.model import units
from craton.model.errors import ContractError

Composition = Literal[
    "chondrite",
    "chondrite_1989",
    "primitive_mantle",
    "n_morb",
    "e_morb",
    "oib",
    "paas",
    "upper_crust",
]
"""Names of the compositions; the table tells the source of each."""


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("tables/reference_compositions.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def title_of(composition: str) -> str:
    """What a composition is, in words."""
    return str(_table()[composition]["title"])


@cache
def share_in_oxide(oxide: str) -> tuple[str, float]:
    """Element of an oxide, and its share of the mass: K and 0.830 for `K2O`."""
    element, atoms, oxygen = _table()["formulas"][oxide]
    masses = _table()["masses"]
    own = atoms * masses[element]
    return str(element), float(own / (own + oxygen * masses["O"]))


@cache
def molar_mass(oxide: str) -> float:
    """Grams of a mole of an oxide."""
    element, atoms, oxygen = _table()["formulas"][oxide]
    masses = _table()["masses"]
    return float(atoms * masses[element] + oxygen * masses["O"])


@cache
def oxides_of(element: str) -> tuple[str, ...]:
    """Oxides that tell all there is of an element; iron as total only."""
    split = {"Fe2O3", "FeO"}
    return tuple(ox for ox, (own, *_n) in _table()["formulas"].items() if own == element and ox not in split)


@cache
def amount(composition: str, symbol: str) -> float:
    """Element in mg/kg, or oxide in percent, of a composition; NaN where it is not known."""
    known = _table()[composition]
    oxides = known.get("oxides", {})
    if symbol in oxides:
        return float(oxides[symbol])
    if symbol == "Fe2O3T" and "FeOT" in oxides:
        return float(oxides["FeOT"]) * share_in_oxide("FeOT")[1] / share_in_oxide("Fe2O3T")[1]
    if symbol in known["elements"]:
        return float(known["elements"][symbol])
    for oxide, percent in oxides.items():
        element, share = share_in_oxide(oxide)
        if element == symbol:
            return float(percent) * share * 1e4
    return float("nan")


@cache
def _symbols() -> dict[str, str]:
    """Elements and oxides of all compositions, and iron as total, by their quantity."""
    compositions = [name for name in _table() if name not in {"formulas", "masses"}]
    known = [
        symbol
        for name in compositions
        for part in ("elements", "oxides")
        for symbol in _table()[name].get(part, {})
    ]
    return {quantity_of_analyte(symbol): symbol for symbol in (*known, "Fe2O3T")}


def level_of(composition: str, table: pd.DataFrame, name: str) -> float:
    """Amount in a composition of what column `name` holds, in its unit; NaN where it is not known.

    FeO is total iron where no Fe2O3 stands beside it; ferrous iron has no amount, since compositions tell
    the total.
    """
    quantity, unit = quantity_of_column(table, name), unit_of(table, name)
    symbol = _symbols().get(quantity, "")
    if quantity == quantity_of_analyte("FeO") and not analytes(table, ("Fe2O3",)):
        symbol = "FeOT"
    if not symbol or not unit or not units.compatible(unit, "mg/kg"):
        return float("nan")
    own = "wt%" if symbol in _table()["formulas"] else "mg/kg"
    return float(units.convert(amount(composition, symbol), own, unit))


def element_values(id: str, table: pd.DataFrame, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Elements of a table in mg/kg by symbol, from their oxide where they are not there themselves."""
    oxides = {oxide: element for element in wanted for oxide in oxides_of(element)}
    columns = analytes(table, (*wanted, *oxides))
    found: dict[str, np.ndarray] = {}
    for symbol in (*wanted, *oxides):
        element = oxides.get(symbol, symbol)
        if symbol in columns and element not in found:
            share = share_in_oxide(symbol)[1] if symbol in oxides else 1.0
            found[element] = in_unit(id, table, columns[symbol], "mg/kg") * share
    return {element: found[element] for element in wanted if element in found}


def in_unit(id: str, table: pd.DataFrame, name: str, unit: str) -> np.ndarray:
    """Numbers of column `name` in `unit`."""
    own = unit_of(table, name)
    if not own or not units.compatible(own, unit):
        raise ContractError(
            id, "table", f"a table with {name} in {unit} or a unit that converts to it",
            f"one with it in {own or 'no stated unit'}",
        )  # fmt: skip
    return np.asarray(units.convert(numbers(table, name), own, unit))
